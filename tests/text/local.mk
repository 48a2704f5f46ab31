# tests of the tokenizer
text_tests = tests/text/test_vectors tests/text/test_stream tests/text/test_linear tests/text/test_roundtrip \
	tests/text/test_tokenizer_api tests/text/test_hostile_tokenizer tests/text/test_scanners tests/text/test_corners \
	tests/text/test_patterns tests/text/test_special tests/text/test_characters
check_PROGRAMS += $(text_tests)
TESTS += $(text_tests)

tests_text_test_vectors_SOURCES = %D%/test_vectors.c %D%/vectors.c %D%/vectors.h
tests_text_test_vectors_CPPFLAGS = $(TEST_CPPFLAGS)
tests_text_test_vectors_CFLAGS = $(TEST_CFLAGS)
tests_text_test_vectors_LDADD = $(TEST_LDADD)

tests_text_test_stream_SOURCES = %D%/test_stream.c %D%/vectors.c %D%/vectors.h
tests_text_test_stream_CPPFLAGS = $(TEST_CPPFLAGS)
tests_text_test_stream_CFLAGS = $(TEST_CFLAGS)
tests_text_test_stream_LDADD = $(TEST_LDADD)

tests_text_test_linear_SOURCES = %D%/test_linear.c %D%/vectors.c %D%/vectors.h
tests_text_test_linear_CPPFLAGS = $(TEST_CPPFLAGS)
tests_text_test_linear_CFLAGS = $(TEST_CFLAGS)
tests_text_test_linear_LDADD = $(TEST_LDADD)

tests_text_test_roundtrip_SOURCES = %D%/test_roundtrip.c %D%/vectors.c %D%/vectors.h
tests_text_test_roundtrip_CPPFLAGS = $(TEST_CPPFLAGS)
tests_text_test_roundtrip_CFLAGS = $(TEST_CFLAGS)
tests_text_test_roundtrip_LDADD = $(TEST_LDADD)

tests_text_test_tokenizer_api_SOURCES = %D%/test_tokenizer_api.c %D%/vectors.c %D%/vectors.h
tests_text_test_tokenizer_api_CPPFLAGS = $(TEST_CPPFLAGS)
tests_text_test_tokenizer_api_CFLAGS = $(TEST_CFLAGS)
tests_text_test_tokenizer_api_LDADD = $(TEST_LDADD)

tests_text_test_hostile_tokenizer_SOURCES = %D%/test_hostile_tokenizer.c %D%/vectors.c %D%/vectors.h
tests_text_test_hostile_tokenizer_CPPFLAGS = $(TEST_CPPFLAGS)
tests_text_test_hostile_tokenizer_CFLAGS = $(TEST_CFLAGS)
tests_text_test_hostile_tokenizer_LDADD = $(TEST_LDADD)

tests_text_test_scanners_SOURCES = %D%/test_scanners.c %D%/vectors.c %D%/vectors.h
tests_text_test_scanners_CPPFLAGS = $(TEST_CPPFLAGS)
tests_text_test_scanners_CFLAGS = $(TEST_CFLAGS)
tests_text_test_scanners_LDADD = $(TEST_LDADD)

tests_text_test_corners_SOURCES = %D%/test_corners.c %D%/vectors.c %D%/vectors.h
tests_text_test_corners_CPPFLAGS = $(TEST_CPPFLAGS)
tests_text_test_corners_CFLAGS = $(TEST_CFLAGS)
tests_text_test_corners_LDADD = $(TEST_LDADD)

tests_text_test_patterns_SOURCES = %D%/test_patterns.c
tests_text_test_patterns_CPPFLAGS = $(TEST_CPPFLAGS)
tests_text_test_patterns_CFLAGS = $(TEST_CFLAGS)
tests_text_test_patterns_LDADD = $(TEST_LDADD)

tests_text_test_special_SOURCES = %D%/test_special.c
tests_text_test_special_CPPFLAGS = $(TEST_CPPFLAGS)
tests_text_test_special_CFLAGS = $(TEST_CFLAGS)
tests_text_test_special_LDADD = $(TEST_LDADD)

tests_text_test_characters_SOURCES = %D%/test_characters.c %D%/vectors.c %D%/vectors.h
tests_text_test_characters_CPPFLAGS = $(TEST_CPPFLAGS)
tests_text_test_characters_CFLAGS = $(TEST_CFLAGS)
tests_text_test_characters_LDADD = $(TEST_LDADD)
