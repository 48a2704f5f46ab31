# tests of lib/session
check_PROGRAMS += tests/session/test_golden
tests_session_test_golden_SOURCES = %D%/test_golden.c %D%/golden.c %D%/golden.h
tests_session_test_golden_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_golden_CFLAGS = $(TEST_CFLAGS)
tests_session_test_golden_LDADD = $(TEST_LDADD)
TESTS += tests/session/test_golden

check_PROGRAMS += tests/session/test_sampler
tests_session_test_sampler_SOURCES = %D%/test_sampler.c
tests_session_test_sampler_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_sampler_CFLAGS = $(TEST_CFLAGS)
tests_session_test_sampler_LDADD = $(TEST_LDADD)
TESTS += tests/session/test_sampler

check_PROGRAMS += tests/session/test_session
tests_session_test_session_SOURCES = %D%/test_session.c
tests_session_test_session_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_session_CFLAGS = $(TEST_CFLAGS)
tests_session_test_session_LDADD = $(TEST_LDADD)
TESTS += tests/session/test_session

check_PROGRAMS += tests/session/test_state
tests_session_test_state_SOURCES = %D%/test_state.c
tests_session_test_state_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_state_CFLAGS = $(TEST_CFLAGS)
tests_session_test_state_LDADD = $(TEST_LDADD)
TESTS += tests/session/test_state

check_PROGRAMS += tests/session/test_batch
tests_session_test_batch_SOURCES = %D%/test_batch.c
tests_session_test_batch_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_batch_CFLAGS = $(TEST_CFLAGS)
tests_session_test_batch_LDADD = $(TEST_LDADD)
TESTS += tests/session/test_batch

