/* SPDX-License-Identifier: Apache-2.0 */
/* test_characters.c - tokenizers of models that read characters: every byte its own id, and the letters of DNA as
 * published with genomic models. A tokenizer.json says both as a BPE that merges nothing. */
#include "support.h"
#include "vectors.h"

#include <stdlib.h>
#include <string.h>

START_TEST(bytes_are_their_ids)
{
	krait_tokenizer *t = vectors_open("bytes");
	static const char text[] = "Z\xc3\xa9\t\0~\xf0\x9f\x90\x8d";
	krait_token ids[16];
	char back[16];
	size_t n;

	ck_assert_uint_eq(krait_tokenizer_size(t), 256);
	ck_assert_int_eq(krait_tokenizer_encode(t, text, sizeof(text) - 1, 0, ids, 16, &n), KRAIT_OK);
	ck_assert_uint_eq(n, sizeof(text) - 1);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(ids[i], (unsigned char)text[i]);
	ck_assert_int_eq(krait_tokenizer_decode(t, ids, n, 0, back, 16, &n), KRAIT_OK);
	ck_assert_uint_eq(n, sizeof(text) - 1);
	ck_assert_mem_eq(back, text, n);
	krait_tokenizer_free(t);
}
END_TEST

/* Text longer than a word that is searched, so that both ways of merging see that there is nothing to merge. */
START_TEST(a_long_text_of_bytes)
{
	krait_tokenizer *t = vectors_open("bytes");
	char text[500];
	krait_token ids[500];
	size_t n;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i % 128);
	ck_assert_int_eq(krait_tokenizer_encode(t, text, sizeof(text), 0, ids, 500, &n), KRAIT_OK);
	ck_assert_uint_eq(n, sizeof(text));
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(ids[i], (krait_token)(i % 128));
	krait_tokenizer_free(t);
}
END_TEST

START_TEST(letters_of_dna)
{
	krait_tokenizer *t = vectors_open("dna");
	static const krait_token want[] = { 7, 8, 9, 10, 11, 6, 6, 6, 1 };
	krait_token ids[16];
	char back[32];
	size_t n;

	ck_assert_uint_eq(krait_tokenizer_size(t), 12);
	ck_assert_int_eq(krait_tokenizer_encode(t, "ACGTNXa ", 8, KRAIT_ADD_SPECIAL, ids, 16, &n), KRAIT_OK);
	ck_assert_uint_eq(n, 9);
	ck_assert_mem_eq(ids, want, sizeof(want));
	ck_assert_int_eq(krait_tokenizer_encode(t, "ACGTN", 5, 0, ids, 16, &n), KRAIT_OK);
	ck_assert_uint_eq(n, 5);
	ck_assert_int_eq(krait_tokenizer_decode(t, ids, n, 0, back, 32, &n), KRAIT_OK);
	ck_assert_uint_eq(n, 5);
	ck_assert_mem_eq(back, "ACGTN", 5);
	krait_tokenizer_free(t);
}
END_TEST

/* What is called [CLS] in a text is five characters, unless special tokens are asked for. */
START_TEST(names_of_special_tokens_are_text)
{
	krait_tokenizer *t = vectors_open("dna");
	static const krait_token plain[] = { 6, 8, 6, 6, 6, 7 }, special[] = { 0, 7 };
	krait_token ids[16];
	size_t n;

	ck_assert_int_eq(krait_tokenizer_encode(t, "[CLS]A", 6, 0, ids, 16, &n), KRAIT_OK);
	ck_assert_uint_eq(n, 6);
	ck_assert_mem_eq(ids, plain, sizeof(plain));
	ck_assert_int_eq(krait_tokenizer_encode(t, "[CLS]A", 6, KRAIT_PARSE_SPECIAL, ids, 16, &n), KRAIT_OK);
	ck_assert_uint_eq(n, 2);
	ck_assert_mem_eq(ids, special, sizeof(special));
	krait_tokenizer_free(t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("characters");
	TCase *tcase = tcase_create("characters");

	tcase_add_test(tcase, bytes_are_their_ids);
	tcase_add_test(tcase, a_long_text_of_bytes);
	tcase_add_test(tcase, letters_of_dna);
	tcase_add_test(tcase, names_of_special_tokens_are_text);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
