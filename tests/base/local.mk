# tests of lib/base
base_tests = tests/base/test_json tests/base/test_file tests/base/test_dtype
check_PROGRAMS += $(base_tests)
TESTS += $(base_tests)

tests_base_test_json_SOURCES = %D%/test_json.c
tests_base_test_json_CPPFLAGS = $(TEST_CPPFLAGS)
tests_base_test_json_CFLAGS = $(TEST_CFLAGS)
tests_base_test_json_LDADD = $(TEST_LDADD)

tests_base_test_file_SOURCES = %D%/test_file.c
tests_base_test_file_CPPFLAGS = $(TEST_CPPFLAGS)
tests_base_test_file_CFLAGS = $(TEST_CFLAGS)
tests_base_test_file_LDADD = $(TEST_LDADD)

tests_base_test_dtype_SOURCES = %D%/test_dtype.c
tests_base_test_dtype_CPPFLAGS = $(TEST_CPPFLAGS)
tests_base_test_dtype_CFLAGS = $(TEST_CFLAGS)
tests_base_test_dtype_LDADD = $(TEST_LDADD)
