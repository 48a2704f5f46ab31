# SPDX-License-Identifier: Apache-2.0
# Features that meet: random sequences of public calls against a naive model of what they must do.
check_PROGRAMS += tests/compose/test_compose
TESTS += tests/compose/test_compose

tests_compose_test_compose_SOURCES = %D%/test_compose.c %D%/mirror.c %D%/mirror.h
tests_compose_test_compose_CPPFLAGS = $(TEST_CPPFLAGS)
tests_compose_test_compose_CFLAGS = $(TEST_CFLAGS)
tests_compose_test_compose_LDADD = $(session_ldadd)
