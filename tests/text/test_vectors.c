/* SPDX-License-Identifier: Apache-2.0 */
/* test_vectors.c - ids and texts as the package `tokenizers` gives them. */
#include "support.h"
#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = VECTOR_NAMES;
#define N_NAMES ((int)(sizeof(names) / sizeof(names[0])))

static json_t *lines_of(const char *name, const char *kind)
{
	char relative[64];

	snprintf(relative, sizeof(relative), "tokenizer/%s%s.jsonl", name, kind);
	return vectors_lines(relative);
}

static void check_ids(const krait_tokenizer *tokenizer, const char *name, const json_t *row, const json_t *wanted, int flags)
{
	const json_t *text = json_object_get(row, "text");
	size_t n;
	krait_token *ids = vectors_encode(tokenizer, json_string_value(text), json_string_length(text), flags, &n);

	ck_assert_msg(vectors_equal(wanted, ids, n), "%s: other ids (flags %d) for \"%s\"", name, flags, json_string_value(text));
	free(ids);
}

static void check_text(const krait_tokenizer *tokenizer, const char *name, const json_t *row, const json_t *wanted, int flags)
{
	const json_t *list = json_object_get(row, "ids");
	size_t n = json_array_size(list), n_text;
	krait_token *ids = malloc((n + 1) * sizeof(*ids));
	char *text;

	for (size_t i = 0; i < n; i++)
		ids[i] = (krait_token)json_integer_value(json_array_get(list, i));
	text = vectors_decode(tokenizer, ids, n, flags, &n_text);
	ck_assert_msg(n_text == json_string_length(wanted) && memcmp(text, json_string_value(wanted), n_text) == 0,
		"%s: \"%s\" in place of \"%s\"", name, text, json_string_value(wanted));
	free(text);
	free(ids);
}

/* An added token is shown as it is written; the package takes one whose characters all belong
 * to the byte alphabet for bytes. */
static bool shown_otherwise(const krait_tokenizer *tokenizer, const char *name, const json_t *row)
{
	krait_token first, second;
	bool found = false;

	if (strcmp(name, "options") != 0)
		return false;
	first = krait_tokenizer_find(tokenizer, "n\xc3\xa9" "e", 4);
	second = krait_tokenizer_find(tokenizer, "\xc4\xb0stanbul", 9);
	ck_assert(first > 0 && second > 0);
	for (size_t i = 0; i < json_array_size(json_object_get(row, "ids")); i++) {
		json_int_t id = json_integer_value(json_array_get(json_object_get(row, "ids"), i));

		found = found || id == first || id == second;
	}
	return found;
}

static void check_row(const krait_tokenizer *tokenizer, const char *name, const json_t *row)
{
	const json_t *ids = json_object_get(row, "ids"), *plain = json_object_get(row, "ids_no_special_parsing");
	const json_t *full = json_object_get(row, "ids_with_template"), *decoded = json_object_get(row, "decoded");
	const json_t *skipped = json_object_get(row, "decoded_skip_special");

	check_ids(tokenizer, name, row, ids, KRAIT_PARSE_SPECIAL);
	check_ids(tokenizer, name, row, plain ? plain : ids, 0);
	if (full)
		check_ids(tokenizer, name, row, full, KRAIT_PARSE_SPECIAL | KRAIT_ADD_SPECIAL);
	if (shown_otherwise(tokenizer, name, row))
		return;
	check_text(tokenizer, name, row, decoded, 0);
	check_text(tokenizer, name, row, skipped ? skipped : decoded, KRAIT_SKIP_SPECIAL);
}

START_TEST(test_lines)
{
	const char *name = names[_i];
	krait_tokenizer *tokenizer = vectors_open(name);
	json_t *lines = lines_of(name, "");

	for (size_t i = 0; i < json_array_size(lines); i++)
		check_row(tokenizer, name, json_array_get(lines, i));
	json_decref(lines);
	krait_tokenizer_free(tokenizer);
}
END_TEST

static char *repeat(const json_t *unit, size_t count, size_t *n)
{
	size_t size = json_string_length(unit);
	char *text = malloc(size * count + 1);

	for (size_t i = 0; i < count; i++)
		memcpy(text + i * size, json_string_value(unit), size);
	*n = size * count;
	return text;
}

static bool equals_runs(const json_t *runs, const krait_token *ids, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < json_array_size(runs); i++) {
		const json_t *run = json_array_get(json_array_get(runs, i), 0);
		json_int_t times = json_integer_value(json_array_get(json_array_get(runs, i), 1));

		for (json_int_t k = 0; k < times; k++) {
			if (json_array_size(run) > n - at || !vectors_equal(run, ids + at, json_array_size(run)))
				return false;
			at += json_array_size(run);
		}
	}
	return at == n;
}

START_TEST(test_long)
{
	const char *name = names[_i];
	krait_tokenizer *tokenizer = vectors_open(name);
	json_t *lines = lines_of(name, ".long");

	for (size_t i = 0; i < json_array_size(lines); i++) {
		const json_t *row = json_array_get(lines, i);
		size_t n_text, n, n_back;
		char *text = repeat(json_object_get(row, "unit"), (size_t)json_integer_value(json_object_get(row, "count")), &n_text), *back;
		krait_token *ids = vectors_encode(tokenizer, text, n_text, KRAIT_PARSE_SPECIAL, &n);

		ck_assert_uint_eq(n, (size_t)json_integer_value(json_object_get(row, "n_ids")));
		ck_assert_msg(equals_runs(json_object_get(row, "ids_runs"), ids, n), "%s: other ids for long line %zu", name, i);
		back = vectors_decode(tokenizer, ids, n, 0, &n_back);
		ck_assert_int_eq(n_back == n_text && memcmp(back, text, n_text) == 0, json_is_true(json_object_get(row, "decoded_is_text")));
		free(back);
		free(ids);
		free(text);
	}
	json_decref(lines);
	krait_tokenizer_free(tokenizer);
}
END_TEST

START_TEST(test_invalid)
{
	krait_tokenizer *tokenizer = vectors_open("demo");
	json_t *lines = vectors_lines("tokenizer/demo.invalid-utf8.jsonl");

	for (size_t i = 0; i < json_array_size(lines); i++) {
		const json_t *row = json_array_get(lines, i);
		const char *hex = json_string_value(json_object_get(row, "bytes_hex"));
		size_t n_text = strlen(hex) / 2, n;
		char text[64];
		krait_token *ids;

		for (size_t k = 0; k < n_text; k++) {
			unsigned byte;

			ck_assert_int_eq(sscanf(hex + 2 * k, "%2x", &byte), 1);
			text[k] = (char)byte;
		}
		ids = vectors_encode(tokenizer, text, n_text, KRAIT_PARSE_SPECIAL, &n);
		ck_assert_msg(vectors_equal(json_object_get(row, "ids"), ids, n), "other ids for the bytes %s", hex);
		free(ids);
	}
	json_decref(lines);
	krait_tokenizer_free(tokenizer);
}
END_TEST

START_TEST(test_neox_600)
{
	krait_tokenizer *tokenizer = vectors_open("neox");
	size_t n;
	char *text = support_read("fixtures/neox_vectors.json", &n);
	json_t *rows = json_loadb(text, n, JSON_ALLOW_NUL, NULL);

	ck_assert_uint_eq(json_array_size(rows), 600);
	for (size_t i = 0; i < 600; i++) {
		const json_t *row = json_array_get(rows, i);

		check_ids(tokenizer, "neox", row, json_object_get(row, "ids"), KRAIT_PARSE_SPECIAL);
		check_text(tokenizer, "neox", row, json_object_get(row, "decoded"), 0);
		check_text(tokenizer, "neox", row, json_object_get(row, "decoded_skip_special"), KRAIT_SKIP_SPECIAL);
	}
	json_decref(rows);
	free(text);
	krait_tokenizer_free(tokenizer);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tokenizer vectors");
	TCase *tcase = tcase_create("vectors");

	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, test_lines, 0, N_NAMES);
	tcase_add_loop_test(tcase, test_long, 0, N_NAMES);
	tcase_add_test(tcase, test_invalid);
	tcase_add_test(tcase, test_neox_600);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
