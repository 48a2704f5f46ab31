/* SPDX-License-Identifier: Apache-2.0 */
/* test_roundtrip.c - tokens of real text give the text back, whole and piece by piece. */
#include "support.h"
#include "vectors.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const files[] = { "text/valid.txt.xz", "text/wikitext-test.txt.xz", "text/wikitext-valid.txt.xz", "text/train.txt.xz" };
static const char *const names[] = { "demo", "neox" };

/* What the program xz makes of a file; NULL where there is no xz. */
static char *unpack(const char *path, size_t *n)
{
	char command[4096], *text = NULL;
	size_t room = 0, got = 1;
	FILE *pipe;

	snprintf(command, sizeof(command), "xz -dc '%s'", path);
	pipe = popen(command, "r");
	ck_assert_ptr_nonnull(pipe);
	*n = 0;
	while (got) {
		if (*n == room)
			text = realloc(text, room = room ? 2 * room : 1 << 20);
		got = fread(text + *n, 1, room - *n, pipe);
		*n += got;
	}
	if (pclose(pipe) == 0 && *n)
		return text;
	free(text);
	return NULL;
}

START_TEST(test_text)
{
	size_t n_text, n, n_back, at = 0;
	char *text = unpack(support_path(files[_i / 2]), &n_text), *back;
	krait_tokenizer *tokenizer;
	krait_decoder *decoder;
	krait_token *ids;

	if (!text)
		support_skip("the program xz is missing");
	tokenizer = vectors_open(names[_i % 2]);
	ids = vectors_encode(tokenizer, text, n_text, 0, &n);
	back = vectors_decode(tokenizer, ids, n, 0, &n_back);
	ck_assert_uint_eq(n_back, n_text);
	ck_assert(memcmp(back, text, n_text) == 0);
	ck_assert_int_eq(krait_decoder_new(&decoder, tokenizer), KRAIT_OK);
	/* One check for all pieces: Check's own are slow, and there are a million. */
	for (size_t i = 0; i <= n; i++) {
		krait_status status = i < n ? krait_decoder_push(decoder, ids[i]) : krait_decoder_flush(decoder);
		size_t size = krait_decoder_piece_size(decoder);

		if (status != KRAIT_OK || size > n_text - at || memcmp(text + at, krait_decoder_piece(decoder), size) != 0)
			break;
		at += size;
	}
	ck_assert_uint_eq(at, n_text);
	krait_decoder_free(decoder);
	krait_tokenizer_free(tokenizer);
	free(back);
	free(ids);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tokenizer round trip");
	TCase *tcase = tcase_create("round trip");

	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, test_text, 0, support_long() ? 8 : 6);  /* the last is 19 MB */
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
