/* SPDX-License-Identifier: Apache-2.0 */
/* test_corners.c - small tokenizers with what is easily read otherwise, as the package `tokenizers` reads
 * them: Oniguruma's patterns, splits that match nothing, ids with holes, tokens within tokens. */
#include "support.h"
#include "text/tokenizer.h"
#include "vectors.h"

#include <stdlib.h>
#include <string.h>

/* The first line of the file with a row's changes. */
static krait_tokenizer *build(const json_t *base, const json_t *row)
{
	json_t *root = json_deep_copy(base), *model = json_object_get(root, "model"), *more;
	const char *what = json_string_value(json_object_get(row, "what"));
	krait_tokenizer *tokenizer;
	krait_status status;
	struct why why;
	char *text;

	json_object_update(root, json_object_get(row, "changes"));
	json_object_update(model, json_object_get(row, "model"));
	more = json_object_get(model, "more");
	if (more)
		json_object_update(json_object_get(model, "vocab"), more);
	json_object_del(model, "more");
	for (size_t i = 0; i < json_array_size(json_object_get(row, "without")); i++)
		json_object_del(model, json_string_value(json_array_get(json_object_get(row, "without"), i)));
	text = json_dumps(root, 0);
	status = krait__tokenizer_load(&tokenizer, text, strlen(text), "t.json", &why);
	ck_assert_msg(status == KRAIT_OK, "%s: %s", what, why.text);
	free(text);
	json_decref(root);
	return tokenizer;
}

static void check_case(const krait_tokenizer *tokenizer, const char *what, const json_t *entry)
{
	const json_t *text = json_object_get(entry, "text"), *ids = json_object_get(entry, "ids"),
		*plain = json_object_get(entry, "plain_ids");

	for (int special = 0; special <= 1; special++) {
		size_t n;
		krait_token *got = vectors_encode(tokenizer, json_string_value(text), json_string_length(text),
			special ? KRAIT_PARSE_SPECIAL : 0, &n);

		ck_assert_msg(vectors_equal(special || !plain ? ids : plain, got, n), "%s: other ids for \"%s\"",
			what, json_string_value(text));
		free(got);
	}
}

START_TEST(test_corners)
{
	json_t *lines = vectors_lines("tokenizer/corners.jsonl");
	const json_t *base = json_array_get(lines, 0);

	ck_assert_uint_gt(json_array_size(lines), 90);
	for (size_t i = 1; i < json_array_size(lines); i++) {
		const json_t *row = json_array_get(lines, i), *cases = json_object_get(row, "cases");
		krait_tokenizer *tokenizer = build(base, row);

		for (size_t k = 0; k < json_array_size(cases); k++)
			check_case(tokenizer, json_string_value(json_object_get(row, "what")), json_array_get(cases,
				k));
		krait_tokenizer_free(tokenizer);
	}
	json_decref(lines);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("corners of tokenizers");
	TCase *tcase = tcase_create("corners");

	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, test_corners);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
