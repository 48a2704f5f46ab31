# tests of chats
check_PROGRAMS += tests/text/test_chat
TESTS += tests/text/test_chat

tests_text_test_chat_SOURCES = %D%/test_chat.c
tests_text_test_chat_CPPFLAGS = $(TEST_CPPFLAGS)
tests_text_test_chat_CFLAGS = $(TEST_CFLAGS)
tests_text_test_chat_LDADD = $(TEST_LDADD)
