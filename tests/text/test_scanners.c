/* SPDX-License-Identifier: Apache-2.0 */
/* test_scanners.c - the scanners of known patterns cut as the patterns themselves do: the same
 * tokenizer with its pattern in a group, which only PCRE2 reads, cuts a text into the same pieces.
 * Tokens would not show a cut that no merge goes across. */
#include "support.h"
#include "text/tokenizer_parts.h"
#include "vectors.h"

#include <stdlib.h>
#include <string.h>

#define LLAMA3 "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define QWEN2 "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+"
#define GPT2 "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"

static const char *const patterns[] = { LLAMA3, QWEN2, GPT2 };

static const char *const atoms[] = {
	" ", " ", "  ", "\n", "\r", "\r\n", "\t", "\xc2\xa0", "\xe3\x80\x80", "\xc2\x85", "\x1c", "\xe1\xa0\x8e", "a", "the", "X", "'", "'s", "'S", "'\xc5\xbf", "'ll", "'LL",
	"'rE", "'v", "1", "12", "3456", "\xc2\xbd", "\xd9\xa3", "\xe2\x85\xa7", ".", ",", "!?", "-", "\xe2\x80\x94", "\xc3\xa9", "e\xcc\x81", "\xe6\x97\xa5", "\xf0\x9f\x98\x80", "_",
};

/* The tokenizer llama3 with another pattern for its Split. */
static krait_tokenizer *with_pattern(const char *pattern, bool grouped)
{
	size_t n;
	char *text = support_read("tokenizer/llama3/tokenizer.json", &n), *changed;
	json_t *root = json_loadb(text, n, 0, NULL), *value;
	struct why why;
	krait_tokenizer *tokenizer;
	krait_status status;

	value = grouped ? json_sprintf("(?:%s)", pattern) : json_string(pattern);
	json_object_set_new(json_object_get(json_array_get(json_object_get(json_object_get(root, "pre_tokenizer"), "pretokenizers"), 0), "pattern"),
		"Regex", value);
	changed = json_dumps(root, 0);
	status = krait__tokenizer_load(&tokenizer, changed, strlen(changed), "t.json", &why);
	ck_assert_msg(status == KRAIT_OK, "%s", why.text);
	json_decref(root);
	free(changed);
	free(text);
	return tokenizer;
}

static size_t mixture(char *out, uint32_t *seed)
{
	size_t n = 0, parts = 1 + (*seed >> 16) % 12;

	for (size_t i = 0; i < parts; i++) {
		const char *atom;

		*seed = *seed * 1664525u + 1013904223u;
		atom = atoms[(*seed >> 12) % (sizeof(atoms) / sizeof(atoms[0]))];
		memcpy(out + n, atom, strlen(atom));
		n += strlen(atom);
	}
	return n;
}

START_TEST(test_same)
{
	krait_tokenizer *scanner = with_pattern(patterns[_i], false), *regex = with_pattern(patterns[_i], true);
	struct pre_work work[2] = { { .steps = 0 }, { .steps = 0 } };
	uint32_t seed = 7;
	size_t n_pieces = 0;
	char text[256];

	for (int turn = 0; turn < 20000; turn++) {
		size_t n = mixture(text, &seed);
		const struct pieces *a, *b;
		const char *bytes;
		bool same = krait__pretokenize(&scanner->pretokenizer, &work[0], text, n, &bytes, &a) == KRAIT_OK
			&& krait__pretokenize(&regex->pretokenizer, &work[1], text, n, &bytes, &b) == KRAIT_OK
			&& a->size == b->size && memcmp(a->items, b->items, a->size * sizeof(*a->items)) == 0;

		if (!same)
			ck_abort_msg("pattern %d, turn %d: \"%.*s\" is cut otherwise", _i, turn, (int)n, text);
		n_pieces += a->size;
	}
	ck_assert_uint_gt(n_pieces, 40000);
	krait__pre_work_free(&work[0]);
	krait__pre_work_free(&work[1]);
	krait_tokenizer_free(scanner);
	krait_tokenizer_free(regex);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scanners");
	TCase *tcase = tcase_create("scanners");

	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, test_same, 0, 3);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
