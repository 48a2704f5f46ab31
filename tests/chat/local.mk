# tests of conversations and sessions
check_PROGRAMS += tests/chat/test_chat_feed tests/chat/test_chat_edits
TESTS += tests/chat/test_chat_feed tests/chat/test_chat_edits

tests_chat_test_chat_feed_SOURCES = %D%/test_chat_feed.c
tests_chat_test_chat_feed_CPPFLAGS = $(TEST_CPPFLAGS)
tests_chat_test_chat_feed_CFLAGS = $(TEST_CFLAGS)
tests_chat_test_chat_feed_LDADD = $(TEST_LDADD)

tests_chat_test_chat_edits_SOURCES = %D%/test_chat_edits.c
tests_chat_test_chat_edits_CPPFLAGS = $(TEST_CPPFLAGS)
tests_chat_test_chat_edits_CFLAGS = $(TEST_CFLAGS)
tests_chat_test_chat_edits_LDADD = $(TEST_LDADD)
