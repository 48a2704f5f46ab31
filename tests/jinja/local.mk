# tests of the template language
jinja_tests = tests/jinja/test_jinja tests/jinja/test_jinja_limits tests/jinja/test_jinja_values
check_PROGRAMS += $(jinja_tests)
TESTS += $(jinja_tests)

tests_jinja_test_jinja_SOURCES = %D%/test_jinja.c %D%/render.c %D%/render.h
tests_jinja_test_jinja_CPPFLAGS = $(TEST_CPPFLAGS)
tests_jinja_test_jinja_CFLAGS = $(TEST_CFLAGS)
tests_jinja_test_jinja_LDADD = $(TEST_LDADD)

tests_jinja_test_jinja_limits_SOURCES = %D%/test_jinja_limits.c %D%/render.c %D%/render.h
tests_jinja_test_jinja_limits_CPPFLAGS = $(TEST_CPPFLAGS)
tests_jinja_test_jinja_limits_CFLAGS = $(TEST_CFLAGS)
tests_jinja_test_jinja_limits_LDADD = $(TEST_LDADD)

tests_jinja_test_jinja_values_SOURCES = %D%/test_jinja_values.c %D%/render.c %D%/render.h
tests_jinja_test_jinja_values_CPPFLAGS = $(TEST_CPPFLAGS)
tests_jinja_test_jinja_values_CFLAGS = $(TEST_CFLAGS)
tests_jinja_test_jinja_values_LDADD = $(TEST_LDADD)
