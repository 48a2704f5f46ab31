# tests of chat templates
template_tests = tests/text/test_template tests/text/test_template_limits tests/text/test_chat
check_PROGRAMS += $(template_tests)
TESTS += $(template_tests)

tests_text_test_template_SOURCES = %D%/test_template.c
tests_text_test_template_CPPFLAGS = $(TEST_CPPFLAGS)
tests_text_test_template_CFLAGS = $(TEST_CFLAGS)
tests_text_test_template_LDADD = $(TEST_LDADD)

tests_text_test_template_limits_SOURCES = %D%/test_template_limits.c
tests_text_test_template_limits_CPPFLAGS = $(TEST_CPPFLAGS)
tests_text_test_template_limits_CFLAGS = $(TEST_CFLAGS)
tests_text_test_template_limits_LDADD = $(TEST_LDADD)

tests_text_test_chat_SOURCES = %D%/test_chat.c
tests_text_test_chat_CPPFLAGS = $(TEST_CPPFLAGS)
tests_text_test_chat_CFLAGS = $(TEST_CFLAGS)
tests_text_test_chat_LDADD = $(TEST_LDADD)
