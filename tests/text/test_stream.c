/* SPDX-License-Identifier: Apache-2.0 */
/* test_stream.c - decoding token by token: what may be shown after each. */
#include "support.h"
#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = VECTOR_NAMES;
#define N_NAMES ((int)(sizeof(names) / sizeof(names[0])))

static void check_piece(const krait_decoder *decoder, const json_t *wanted, const char *name, size_t line)
{
	ck_assert_msg(krait_decoder_piece_size(decoder) == json_string_length(wanted)
		&& memcmp(krait_decoder_piece(decoder), json_string_value(wanted), json_string_length(wanted)) == 0,
		"%s line %zu: \"%s\" in place of \"%s\"", name, line + 1, krait_decoder_piece(decoder), json_string_value(wanted));
}

START_TEST(test_pieces)
{
	const char *name = names[_i];
	krait_tokenizer *tokenizer = vectors_open(name);
	char relative[64];
	json_t *lines;

	snprintf(relative, sizeof(relative), "tokenizer/%s.stream.jsonl", name);
	lines = vectors_lines(relative);
	for (size_t i = 0; i < json_array_size(lines); i++) {
		const json_t *row = json_array_get(lines, i), *ids = json_object_get(row, "ids"), *pieces = json_object_get(row, "pieces");
		krait_decoder *decoder;

		ck_assert_uint_eq(json_array_size(pieces), json_array_size(ids));
		ck_assert_int_eq(krait_decoder_new(&decoder, tokenizer), KRAIT_OK);
		for (size_t k = 0; k < json_array_size(ids); k++) {
			ck_assert_int_eq(krait_decoder_push(decoder, (krait_token)json_integer_value(json_array_get(ids, k))), KRAIT_OK);
			check_piece(decoder, json_array_get(pieces, k), name, i);
		}
		ck_assert_int_eq(krait_decoder_flush(decoder), KRAIT_OK);
		check_piece(decoder, json_object_get(row, "flush"), name, i);
		ck_assert_int_eq(krait_decoder_flush(decoder), KRAIT_OK);
		ck_assert_uint_eq(krait_decoder_piece_size(decoder), 0);
		krait_decoder_free(decoder);
	}
	json_decref(lines);
	krait_tokenizer_free(tokenizer);
}
END_TEST

START_TEST(test_outlives_tokenizer)
{
	krait_tokenizer *tokenizer = vectors_open("demo");
	krait_decoder *decoder;

	ck_assert_int_eq(krait_decoder_new(&decoder, tokenizer), KRAIT_OK);
	krait_tokenizer_free(tokenizer);
	ck_assert_str_eq(krait_decoder_piece(decoder), "");
	ck_assert_int_eq(krait_decoder_push(decoder, 0), KRAIT_OK);
	ck_assert_str_eq(krait_decoder_piece(decoder), "<|endoftext|>");
	ck_assert_int_eq(krait_decoder_push(decoder, -1), KRAIT_OK);
	ck_assert_uint_eq(krait_decoder_piece_size(decoder), 0);
	ck_assert_int_eq(krait_decoder_push(decoder, INT32_MAX), KRAIT_OK);
	ck_assert_uint_eq(krait_decoder_piece_size(decoder), 0);
	krait_decoder_free(decoder);
	krait_decoder_free(NULL);
	ck_assert_int_eq(krait_decoder_new(&decoder, NULL), KRAIT_ERROR_ARGUMENT);
	ck_assert_ptr_null(decoder);
	ck_assert_int_eq(krait_decoder_push(NULL, 0), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_decoder_flush(NULL), KRAIT_ERROR_ARGUMENT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("streaming decoder");
	TCase *tcase = tcase_create("stream");

	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, test_pieces, 0, N_NAMES);
	tcase_add_test(tcase, test_outlives_tokenizer);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
