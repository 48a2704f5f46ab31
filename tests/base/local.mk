# tests of lib/base
base_tests = tests/base/test_json
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)

tests_base_test_json_SOURCES = %D%/test_json.c
tests_base_test_json_CPPFLAGS = $(TEST_CPPFLAGS)
tests_base_test_json_CFLAGS = $(TEST_CFLAGS)
tests_base_test_json_LDADD = $(TEST_LDADD)
