/* SPDX-License-Identifier: Apache-2.0 */
/* vectors.c - reading reference vectors. */
#include "vectors.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

krait_tokenizer *vectors_open(const char *name)
{
	krait_tokenizer *tokenizer;
	char relative[64];
	krait_status status;

	snprintf(relative, sizeof(relative), "tokenizer/%s", name);
	status = krait_tokenizer_open(&tokenizer, strcmp(name, "demo") == 0 ? support_demo(NULL) : support_path(relative));
	ck_assert_msg(status == KRAIT_OK, "%s: %s", name, krait_tokenizer_error(tokenizer));
	return tokenizer;
}

json_t *vectors_lines(const char *relative)
{
	size_t n;
	char *text = support_read(relative, &n), *line = text;
	json_t *lines = json_array();

	while (*line) {
		char *end = strchr(line, '\n');
		json_t *row = json_loadb(line, (size_t)(end - line), JSON_ALLOW_NUL, NULL);

		ck_assert_msg(row != NULL, "%s: a line is not JSON", relative);
		json_array_append_new(lines, row);
		line = end + 1;
	}
	free(text);
	ck_assert_uint_gt(json_array_size(lines), 0);
	return lines;
}

krait_token *vectors_encode(const krait_tokenizer *tokenizer, const char *text, size_t n_text, int flags, size_t *n)
{
	krait_token *ids;

	ck_assert_int_eq(krait_tokenizer_encode(tokenizer, text, n_text, flags, NULL, 0, n), KRAIT_OK);
	ids = malloc((*n + 1) * sizeof(*ids));
	ck_assert_int_eq(krait_tokenizer_encode(tokenizer, text, n_text, flags, ids, *n, n), KRAIT_OK);
	return ids;
}

int vectors_equal(const json_t *wanted, const krait_token *ids, size_t n)
{
	if (json_array_size(wanted) != n)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (json_integer_value(json_array_get(wanted, i)) != ids[i])
			return 0;
	return 1;
}

char *vectors_decode(const krait_tokenizer *tokenizer, const krait_token *ids, size_t n, int flags, size_t *n_text)
{
	char *text;

	ck_assert_int_eq(krait_tokenizer_decode(tokenizer, ids, n, flags, NULL, 0, n_text), KRAIT_OK);
	text = malloc(*n_text + 1);
	ck_assert_int_eq(krait_tokenizer_decode(tokenizer, ids, n, flags, text, *n_text, n_text), KRAIT_OK);
	text[*n_text] = 0;
	return text;
}
