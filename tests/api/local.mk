# tests of the public API
api_tests = tests/api/test_options tests/api/test_constants tests/api/test_model
check_PROGRAMS += $(api_tests)
TESTS += $(api_tests)

tests_api_test_options_SOURCES = %D%/test_options.c
tests_api_test_options_CPPFLAGS = $(TEST_CPPFLAGS)
tests_api_test_options_CFLAGS = $(TEST_CFLAGS)
tests_api_test_options_LDADD = $(TEST_LDADD)

tests_api_test_constants_SOURCES = %D%/test_constants.c
tests_api_test_constants_CPPFLAGS = $(TEST_CPPFLAGS)
tests_api_test_constants_CFLAGS = $(TEST_CFLAGS)
tests_api_test_constants_LDADD = $(TEST_LDADD)

tests_api_test_model_SOURCES = %D%/test_model.c
tests_api_test_model_CPPFLAGS = $(TEST_CPPFLAGS)
tests_api_test_model_CFLAGS = $(TEST_CFLAGS)
tests_api_test_model_LDADD = $(TEST_LDADD)
