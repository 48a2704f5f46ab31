# tests of conversations and sessions
check_PROGRAMS += tests/chat/test_chat_feed
TESTS += tests/chat/test_chat_feed

tests_chat_test_chat_feed_SOURCES = %D%/test_chat_feed.c
tests_chat_test_chat_feed_CPPFLAGS = $(TEST_CPPFLAGS)
tests_chat_test_chat_feed_CFLAGS = $(TEST_CFLAGS)
tests_chat_test_chat_feed_LDADD = $(TEST_LDADD)
