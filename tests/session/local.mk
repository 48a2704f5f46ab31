# SPDX-License-Identifier: Apache-2.0
# Tests of lib/session, through the public interface where it reaches.
session_tests = tests/session/test_experts tests/session/test_philox tests/session/test_counts tests/session/test_sampler tests/session/test_golden \
	tests/session/test_saved tests/session/test_session tests/session/test_rewind tests/session/test_state tests/session/test_batch tests/session/test_stop \
	tests/session/test_resume tests/session/test_scores tests/session/test_cut tests/session/test_nan tests/session/test_places tests/session/test_hostile_state \
	tests/session/test_headless tests/session/test_embed tests/session/test_pages tests/session/test_page_memory tests/session/test_sizes
check_PROGRAMS += $(session_tests)
TESTS += $(session_tests)

check_LTLIBRARIES += libtestsession.la
libtestsession_la_SOURCES = %D%/kit.c %D%/kit.h %D%/answers.c %D%/answers.h %D%/headless.c %D%/headless.h
libtestsession_la_CPPFLAGS = $(TEST_CPPFLAGS)
libtestsession_la_CFLAGS = $(TEST_CFLAGS)
session_ldadd = libtestsession.la $(TEST_LDADD)

tests_session_test_philox_SOURCES = %D%/test_philox.c
tests_session_test_philox_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_philox_CFLAGS = $(TEST_CFLAGS)
tests_session_test_philox_LDADD = $(TEST_LDADD)

tests_session_test_counts_SOURCES = %D%/test_counts.c
tests_session_test_counts_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_counts_CFLAGS = $(TEST_CFLAGS)
tests_session_test_counts_LDADD = $(TEST_LDADD)

tests_session_test_sampler_SOURCES = %D%/test_sampler.c
tests_session_test_sampler_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_sampler_CFLAGS = $(TEST_CFLAGS)
tests_session_test_sampler_LDADD = $(TEST_LDADD) $(JANSSON_LIBS)

tests_session_test_experts_SOURCES = %D%/test_experts.c
tests_session_test_experts_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_experts_CFLAGS = $(TEST_CFLAGS)
tests_session_test_experts_LDADD = $(session_ldadd)

tests_session_test_golden_SOURCES = %D%/test_golden.c
tests_session_test_golden_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_golden_CFLAGS = $(TEST_CFLAGS)
tests_session_test_golden_LDADD = $(session_ldadd)

tests_session_test_saved_SOURCES = %D%/test_saved.c
tests_session_test_saved_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_saved_CFLAGS = $(TEST_CFLAGS)
tests_session_test_saved_LDADD = $(session_ldadd) $(JANSSON_LIBS)

tests_session_test_session_SOURCES = %D%/test_session.c
tests_session_test_session_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_session_CFLAGS = $(TEST_CFLAGS)
tests_session_test_session_LDADD = $(session_ldadd)

tests_session_test_rewind_SOURCES = %D%/test_rewind.c
tests_session_test_rewind_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_rewind_CFLAGS = $(TEST_CFLAGS)
tests_session_test_rewind_LDADD = $(session_ldadd)

tests_session_test_state_SOURCES = %D%/test_state.c
tests_session_test_state_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_state_CFLAGS = $(TEST_CFLAGS)
tests_session_test_state_LDADD = $(session_ldadd)

tests_session_test_batch_SOURCES = %D%/test_batch.c
tests_session_test_batch_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_batch_CFLAGS = $(TEST_CFLAGS)
tests_session_test_batch_LDADD = $(session_ldadd)

tests_session_test_stop_SOURCES = %D%/test_stop.c
tests_session_test_stop_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_stop_CFLAGS = $(TEST_CFLAGS)
tests_session_test_stop_LDADD = $(session_ldadd)

tests_session_test_resume_SOURCES = %D%/test_resume.c
tests_session_test_resume_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_resume_CFLAGS = $(TEST_CFLAGS)
tests_session_test_resume_LDADD = $(session_ldadd)

tests_session_test_scores_SOURCES = %D%/test_scores.c
tests_session_test_scores_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_scores_CFLAGS = $(TEST_CFLAGS)
tests_session_test_scores_LDADD = $(session_ldadd) $(JANSSON_LIBS)

tests_session_test_cut_SOURCES = %D%/test_cut.c
tests_session_test_cut_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_cut_CFLAGS = $(TEST_CFLAGS)
tests_session_test_cut_LDADD = $(session_ldadd)

tests_session_test_nan_SOURCES = %D%/test_nan.c
tests_session_test_nan_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_nan_CFLAGS = $(TEST_CFLAGS)
tests_session_test_nan_LDADD = $(session_ldadd)

tests_session_test_places_SOURCES = %D%/test_places.c
tests_session_test_places_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_places_CFLAGS = $(TEST_CFLAGS)
tests_session_test_places_LDADD = $(session_ldadd)

tests_session_test_hostile_state_SOURCES = %D%/test_hostile_state.c
tests_session_test_hostile_state_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_hostile_state_CFLAGS = $(TEST_CFLAGS)
tests_session_test_hostile_state_LDADD = $(session_ldadd)

tests_session_test_pages_SOURCES = %D%/test_pages.c %D%/pages.c %D%/pages.h
tests_session_test_pages_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_pages_CFLAGS = $(TEST_CFLAGS)
tests_session_test_pages_LDADD = $(session_ldadd)

tests_session_test_page_memory_SOURCES = %D%/test_page_memory.c %D%/pages.c %D%/pages.h
tests_session_test_page_memory_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_page_memory_CFLAGS = $(TEST_CFLAGS)
tests_session_test_page_memory_LDADD = $(session_ldadd)

tests_session_test_headless_SOURCES = %D%/test_headless.c
tests_session_test_headless_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_headless_CFLAGS = $(TEST_CFLAGS)
tests_session_test_headless_LDADD = $(session_ldadd)

tests_session_test_embed_SOURCES = %D%/test_embed.c
tests_session_test_embed_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_embed_CFLAGS = $(TEST_CFLAGS)
tests_session_test_embed_LDADD = $(session_ldadd) -lm

tests_session_test_sizes_SOURCES = %D%/test_sizes.c
tests_session_test_sizes_CPPFLAGS = $(TEST_CPPFLAGS)
tests_session_test_sizes_CFLAGS = $(TEST_CFLAGS)
tests_session_test_sizes_LDADD = $(session_ldadd) $(JANSSON_LIBS)
