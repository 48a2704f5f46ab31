/* SPDX-License-Identifier: Apache-2.0 */
/* test_special.c - text in which special tokens do not count never becomes one, by whatever way. */
#include "support.h"
#include "text/tokenizer_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VOCAB "\"a\":0,\"b\":1,\"c\":2,\"d\":3,\"ab\":4,\"abc\":5,\"u\":6"

/* A tokenizer of a few pieces whose pre-tokens are words. */
static krait_tokenizer *make(const char *normalizer, const char *options, const char *added)
{
	char json[2048];
	krait_tokenizer *t;
	struct why why;
	int n = snprintf(json, sizeof(json),
		"{\"normalizer\":%s,\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false},"
		"\"added_tokens\":[%s],\"model\":{\"type\":\"BPE\",%s\"vocab\":{" VOCAB "},\"merges\":[\"a b\",\"ab c\"]}}", normalizer, added, options);

	ck_assert(n > 0 && (size_t)n < sizeof(json));
	ck_assert_msg(krait__tokenizer_load(&t, json, (size_t)n, "t.json", &why) == KRAIT_OK, "%s", why.text);
	return t;
}

/* `wanted` is the ids as digits, so all are below 10. */
static void gives(const krait_tokenizer *t, const char *text, int flags, const char *wanted)
{
	struct token_list list = { 0 };
	struct why why;
	char got[64] = "";

	ck_assert_msg(krait__tokenizer_append(t, &list, text, strlen(text), flags, &why) == KRAIT_OK, "%s", why.text);
	for (size_t i = 0; i < list.size && i < sizeof(got) - 1; i++)
		got[i] = (char)('0' + list.ids[i]);
	ck_assert_msg(strcmp(got, wanted) == 0, "\"%s\" (flags %d): %s in place of %s", text, flags, got, wanted);
	krait__token_list_free(&list);
}

/* A whole word that the vocabulary has, found without merging. */
START_TEST(test_ignore_merges)
{
	krait_tokenizer *t = make("null", "\"ignore_merges\":true,",
		"{\"id\":5,\"content\":\"abc\",\"special\":true,\"single_word\":true}");

	gives(t, "abc", KRAIT_PARSE_SPECIAL, "5");
	gives(t, "abc", 0, "42");
	/* Not the token, which stands alone, but a word: also where special tokens count, as in the original. */
	gives(t, "abcd", 0, "423");
	gives(t, "ab", 0, "4");
	krait_tokenizer_free(t);
}
END_TEST

/* The only piece of a byte is special: the byte is as one that the vocabulary lacks, and a note says so. */
START_TEST(test_byte)
{
	static const char added[] = "{\"id\":3,\"content\":\"d\",\"special\":true}";
	krait_tokenizer *t = make("null", "", added);

	gives(t, "adb", KRAIT_PARSE_SPECIAL, "031");
	gives(t, "adb", 0, "4");
	gives(t, "d", 0, "");
	ck_assert_ptr_nonnull(strstr(krait__tokenizer_note(t), "1 of the 256 bytes"));
	krait_tokenizer_free(t);
	t = make("null", "\"unk_token\":\"u\",", added);
	gives(t, "adb", 0, "061");
	gives(t, "d", 0, "6");
	gives(t, "addddddddddddddddddddddddddddddddddddddddddddb", 0,
		"066666666666666666666666666666666666666666666" "1");
	krait_tokenizer_free(t);
}
END_TEST

START_TEST(test_unknown)
{
	krait_tokenizer *t = make("null", "\"unk_token\":\"u\",", "{\"id\":6,\"content\":\"u\",\"special\":true}");

	gives(t, "axb", KRAIT_PARSE_SPECIAL, "061");
	gives(t, "axb", 0, "4");
	gives(t, "aub", 0, "4");
	ck_assert_str_eq(krait__tokenizer_note(t),
		"the piece of 1 of the 256 bytes is a special token: text in which those do not count loses these bytes");
	krait_tokenizer_free(t);
}
END_TEST

/* Without the field "normalized" a special token is looked for in the text as given, another in the normalized one. */
START_TEST(test_normalized_by_default)
{
	krait_tokenizer *t = make("{\"type\":\"Lowercase\"}", "",
		"{\"id\":7,\"content\":\"<s>\",\"special\":true},{\"id\":8,\"content\":\"<t>\"}");

	gives(t, "<s><S><t><T>", KRAIT_PARSE_SPECIAL, "788");
	krait_tokenizer_free(t);
}
END_TEST

/* Of tokens that are one text when normalized, the special one counts, then the first of the file. */
START_TEST(test_same_when_normalized)
{
#define ROW(id, content, special) "{\"id\":" #id ",\"content\":\"" content "\",\"normalized\":true,\"special\":" special "}"
	krait_tokenizer *t = make("{\"type\":\"Lowercase\"}", "", ROW(5, "abc", "false") "," ROW(4, "ab",
		"false") "," ROW(7, "AB", "false"));

	gives(t, "AB ABC", 0, "45");
	krait_tokenizer_free(t);
	t = make("{\"type\":\"Lowercase\"}", "", ROW(7, "AB", "false") "," ROW(4, "ab", "false"));
	gives(t, "ab", 0, "7");
	krait_tokenizer_free(t);
	t = make("{\"type\":\"Lowercase\"}", "", ROW(7, "AB", "false") "," ROW(4, "ab", "true"));
	gives(t, "ab", KRAIT_PARSE_SPECIAL, "4");
	krait_tokenizer_free(t);
#undef ROW
}
END_TEST

/* An id that counting on gives, and that a piece behind a hole has already, would stand for two. */
START_TEST(test_hole_taken)
{
	static const char json[] = "{\"pre_tokenizer\":{\"type\":\"ByteLevel\"},\"added_tokens\":[{\"id\":9,\"content\":\"<x>\"}],"
		"\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":2},\"merges\":[]}}";
	krait_tokenizer *t;
	struct why why;

	ck_assert_int_eq(krait__tokenizer_load(&t, json, sizeof(json) - 1, "t.json", &why), KRAIT_ERROR_FORMAT);
	ck_assert_msg(strstr(why.text, "'<x>'") && strstr(why.text, "2") && strstr(why.text, "holes"), "%s", why.text);
}
END_TEST

/* Spans whose border lies within a character: the character is in neither, so a special token that has it is text. */
START_TEST(test_border_in_character)
{
	static const char text[] = "a<\xc3\xa9>b";
	krait_tokenizer *t = make("null", "",
		"{\"id\":7,\"content\":\"<\xc3\xa9>\",\"special\":true},{\"id\":8,\"content\":\"\xc3\xa9\",\"special\":true}");

	for (size_t cut = 0; cut <= sizeof(text) - 1; cut++)
		for (int first = 0; first <= 1; first++) {
			struct text_span spans[2] = { { cut, first == 0 }, { sizeof(text) - 1 - cut, first == 1 } };
			bool whole = first ? cut <= 1 : cut >= 5;
			struct token_list list = { 0 };
			size_t n_seven = 0, n_eight = 0;
			struct why why;

			ck_assert_int_eq(krait__tokenizer_append_spans(t, &list, text, spans, 2, &why), KRAIT_OK);
			for (size_t i = 0; i < list.size; i++) {
				n_seven += list.ids[i] == 7;
				n_eight += list.ids[i] == 8;
			}
			/* The longer one hides the shorter, also where only the shorter would count. */
			ck_assert_msg(n_seven == whole && n_eight == 0, "cut at %zu, %d: %zu %zu", cut, first,
				n_seven, n_eight);
			krait__token_list_free(&list);
		}
	krait_tokenizer_free(t);
}
END_TEST

/* The same with bytes that are no characters: what is mended is as large as it is in the mended text. */
START_TEST(test_border_in_bad_bytes)
{
	static const char text[] = "a\xe2\x82<s>\xf0\x9f\x98" "b";
	krait_tokenizer *t = make("null", "",
		"{\"id\":7,\"content\":\"<s>\",\"special\":true},{\"id\":8,\"content\":\"\xef\xbf\xbd\",\"special\":true}");

	for (size_t from = 0; from < sizeof(text); from++)
		for (size_t to = from; to < sizeof(text); to++) {
			struct text_span spans[3] = { { from, false }, { to - from, true },
			{ sizeof(text) - 1 - to, false } };
			size_t wanted = (from <= 1 && to >= 3) + (from <= 6 && to >= 9), found = 0, n_bad = 0;
			struct token_list list = { 0 };
			struct why why;

			ck_assert_int_eq(krait__tokenizer_append_spans(t, &list, text, spans, 3, &why), KRAIT_OK);
			for (size_t i = 0; i < list.size; i++) {
				found += list.ids[i] == 7;
				n_bad += list.ids[i] == 8;
			}
			ck_assert_msg(n_bad == wanted, "%zu to %zu: %zu of %zu bad bytes are special", from, to,
				n_bad, wanted);
			ck_assert_msg(found == (from <= 3 && to >= 6), "%zu to %zu", from, to);
			krait__token_list_free(&list);
		}
	krait_tokenizer_free(t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("special tokens");
	TCase *tcase = tcase_create("special");

	tcase_add_test(tcase, test_ignore_merges);
	tcase_add_test(tcase, test_byte);
	tcase_add_test(tcase, test_unknown);
	tcase_add_test(tcase, test_normalized_by_default);
	tcase_add_test(tcase, test_same_when_normalized);
	tcase_add_test(tcase, test_hole_taken);
	tcase_add_test(tcase, test_border_in_character);
	tcase_add_test(tcase, test_border_in_bad_bytes);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
