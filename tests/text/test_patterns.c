/* SPDX-License-Identifier: Apache-2.0 */
/* test_patterns.c - patterns of a Split: what would mean something else than it does to Oniguruma
 * is refused by name, and no pattern makes work grow faster than the text. Counted in steps. */
#include "krait_experimental.h"
#include "support.h"
#include "text/tokenizer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static krait_status load(krait_tokenizer **out, const char *pattern, struct why *why)
{
	json_t *root = json_pack("{s:n, s:{s:s, s:[{s:s, s:{s:s}, s:s}, {s:s, s:b, s:b}]}, s:{s:s}, s:{s:s, s:{s:i, s:i, s:i, s:i}, s:[]}}", "normalizer",
		"pre_tokenizer", "type", "Sequence", "pretokenizers", "type", "Split", "pattern", "Regex", pattern,
		"behavior", "Isolated",
		"type", "ByteLevel", "use_regex", 0, "add_prefix_space", 0, "decoder", "type", "ByteLevel",
		"model", "type", "BPE", "vocab", "a", 0, "b", 1, "x", 2, "1", 3, "merges");
	char *text = json_dumps(root, 0);
	krait_status status;

	ck_assert_ptr_nonnull(text);
	memset(why, 0, sizeof(*why));
	status = krait__tokenizer_load(out, text, strlen(text), "t.json", why);
	free(text);
	json_decref(root);
	return status;
}

/* Pattern, and what of it the error names. */
static const struct { const char *pattern, *named; } foreign[] = {
	{ "(a)\\1", "'\\1'" }, { "(?<n>a)\\k<n>", "'\\k'" }, { "(?<n>a)\\g<n>", "'\\g'" }, { "a\\Kb", "'\\K'" },
	{ "\\Ga", "'\\G'" }, { "\\X", "'\\X'" },
	{ "\\Qa\\E", "'\\Q'" }, { "\\N", "'\\N'" }, { "\\V", "'\\V'" }, { "\\y", "'\\y'" }, { "\\pL", "'\\pL'" },
	{ "\\xe3", "'\\xe3'" }, { "\\u30", "'\\u30'" },
	{ "\\cA", "'\\c'" }, { "(?x) a b", "'(?x'" }, { "(?s).", "'(?s'" }, { "a(?i)b", "'(?i)'" },
	{ "a|(?i)b", "'(?i)'" }, { "(?P<n>a)", "'(?P'" },
	{ "(?|a)", "'(?|'" }, { "(*UCP)a", "'(*'" }, { "(?#note)a", "'(?#'" }, { "(?R)", "'(?R'" }, { "a**", "'*'" },
	{ "*a", "'*'" }, { "a|*", "'*'" },
	{ "a{1001}", "'{1001}'" }, { "a{3,1}", "'{3,1}'" }, { "a)", "')'" }, { "a\\", "'\\'" },
	{ "[a[bc]]", "'['" }, { "[a-z&&[^e]]", "'&&'" }, { "[[:punct:]]", "'[:punct:]'" },
	{ "[[:^alpha:]]", "'[:^alpha:]'" }, { "[\\W]", "'\\W'" },
	{ "[\\s-a]", "'\\s-'" }, { "[!-\\s]", "'\\s]'" }, { "[\\R]", "'\\R'" }, { "[\\p{L}-z]", "'\\p{L}-'" },
	{ "[abc", "'[abc'" },
	{ "\\p{Greek-x}", "'\\p{Greek-'" }, { "\\p{Nonsense}", "\\p{Nonsense}" }, { "(?<=a+)b", "lookbehind" },
	{ "(a", "parenthes" },
};

START_TEST(test_refused)
{
	krait_tokenizer *t;
	struct why why;

	ck_assert_int_eq(load(&t, foreign[_i].pattern, &why), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_ptr_null(t);
	ck_assert_msg(strstr(why.text, foreign[_i].named) && strstr(why.text, "t.json: pre_tokenizer"), "%s: \"%s\"",
		foreign[_i].pattern, why.text);
}
END_TEST

/* The steps for a text, or 0 when it needs too many. */
static uint64_t steps_for(const krait_tokenizer *tokenizer, const char *text, size_t n_text)
{
	uint64_t before = krait_tokenizer_steps(tokenizer);
	size_t n;
	krait_status status = krait_tokenizer_encode(tokenizer, text, n_text, 0, NULL, 0, &n);

	ck_assert(status == KRAIT_OK || status == KRAIT_ERROR_UNSUPPORTED);
	ck_assert_uint_le(krait_tokenizer_steps(tokenizer) - before, 10001000 + 300 * (uint64_t)n_text);
	return status == KRAIT_OK ? krait_tokenizer_steps(tokenizer) - before : 0;
}

/* What walks over the rest of the text from every place, in all the ways that no place to come back to is
 * remembered for: each is stopped, and a text that is short enough is cut. */
static const char *const greedy[] = {
	"[^x]*+\\d", "[^x]*\\d", "(?>[^x]*)\\d", "(?=[^x]*+\\d)a", "(?![^x]*+b\\d)\\d", "(?:[^x]++\\d|b\\d)",
	"(?:a{1000}\\d|[^x]*+\\d)", "(a+)+(?=x)", "(?:a|aa)+\\d", "(?i:[^x]*+)\\d", "[^x]{200}\\d",
	"(?<=[^x]{900})\\d", "\\H*+\\d", "(?=(?=[^x]*+\\d)a)a",
};

START_TEST(test_work)
{
	const size_t n = 100000;
	char *text = malloc(n);
	krait_tokenizer *t;
	struct why why;

	memset(text, 'a', n);
	ck_assert_msg(load(&t, greedy[_i], &why) == KRAIT_OK, "%s", why.text);
	ck_assert_msg(steps_for(t, text, 12) > 12, "%s", greedy[_i]);
	steps_for(t, text, n / 2);
	steps_for(t, text, n);
	/* Whatever it was stopped in, the next text is cut as the first was. */
	ck_assert_uint_gt(steps_for(t, text, 12), 12);
	krait_tokenizer_free(t);
	free(text);
}
END_TEST

/* The steps see a possessive repeat: four times as many for twice the text, until there are too many. */
START_TEST(test_counted)
{
	char text[2000];
	krait_tokenizer *t;
	struct why why;
	uint64_t once, twice;

	memset(text, 'a', sizeof(text));
	ck_assert_int_eq(load(&t, "[^x]*+\\d", &why), KRAIT_OK);
	once = steps_for(t, text, 1000);
	twice = steps_for(t, text, 2000);
	ck_assert_uint_ge(once, 1000 * 1000 / 2);
	ck_assert_uint_ge(twice, 3 * once);
	krait_tokenizer_free(t);
	ck_assert_int_eq(load(&t, "[^x]*+\\d|a+", &why), KRAIT_OK);
	once = steps_for(t, text, 1000);
	twice = steps_for(t, text, 2000);
	ck_assert_uint_le(twice, 2 * once + 100);
	krait_tokenizer_free(t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("patterns");
	TCase *tcase = tcase_create("patterns");

	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, test_refused, 0, (int)(sizeof(foreign) / sizeof(foreign[0])));
	tcase_add_loop_test(tcase, test_work, 0, (int)(sizeof(greedy) / sizeof(greedy[0])));
	tcase_add_test(tcase, test_counted);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
