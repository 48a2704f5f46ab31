/* SPDX-License-Identifier: Apache-2.0 */
/* test_hostile_tokenizer.c - files that are damaged, foreign or meant to do harm. */
#include "base/memory.h"
#include "support.h"
#include "text/tokenizer.h"
#include "vectors.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A small tokenizer of the bytes a to d and two merges, one part at a time replaced. */
struct file {
	const char *head, *normalizer, *pre, *post, *decoder, *added, *options, *vocab, *merges;
};

static const struct file sound = {
	"", "null", "{\"type\":\"ByteLevel\",\"add_prefix_space\":false}", "null", "{\"type\":\"ByteLevel\"}", "", "",
	"{\"a\":0,\"b\":1,\"c\":2,\"d\":3,\"ab\":4,\"abc\":5}", "[\"a b\",[\"ab\",\"c\"]]",
};

static krait_status load(krait_tokenizer **out, const struct file *f, struct why *why)
{
	char json[8192];
	int n = snprintf(json, sizeof(json), "{%s\"added_tokens\":[%s],\"normalizer\":%s,\"pre_tokenizer\":%s,\"post_processor\":%s,"
		"\"decoder\":%s,\"model\":{\"type\":\"BPE\",%s\"vocab\":%s,\"merges\":%s}}",
		f->head, f->added, f->normalizer, f->pre, f->post, f->decoder, f->options, f->vocab, f->merges);

	ck_assert(n > 0 && (size_t)n < sizeof(json));
	memset(why, 0, sizeof(*why));
	return krait__tokenizer_load(out, json, (size_t)n, "t.json", why);
}

/* The file is refused with this status and a text that has `word`. */
static void refused(struct file f, krait_status status, const char *word)
{
	krait_tokenizer *t;
	struct why why;
	krait_status got = load(&t, &f, &why);

	ck_assert_msg(got == status && strstr(why.text, word) && strstr(why.text, "t.json"), "%s: %d: \"%s\"", word, got, why.text);
	ck_assert_ptr_null(t);
}

static struct file with(struct file f, size_t offset, const char *value)
{
	memcpy((char *)&f + offset, &value, sizeof(value));
	return f;
}
#define CHANGED(field, value) with(sound, offsetof(struct file, field), value)
#define FORMAT KRAIT_ERROR_FORMAT
#define UNSUPPORTED KRAIT_ERROR_UNSUPPORTED

START_TEST(test_sound)
{
	krait_tokenizer *t;
	struct why why;
	struct token_list list = { 0 };

	ck_assert_msg(load(&t, &sound, &why) == KRAIT_OK, "%s", why.text);
	ck_assert_uint_eq(krait_tokenizer_size(t), 6);
	ck_assert_int_eq(krait__tokenizer_append(t, &list, "abcxab", 6, 0, &why), KRAIT_OK);
	ck_assert_uint_eq(list.size, 2);        /* x is no piece and is dropped */
	ck_assert(list.ids[0] == 5 && list.ids[1] == 4);
	krait__token_list_free(&list);
	krait_tokenizer_free(t);
}
END_TEST

START_TEST(test_vocabulary)
{
	refused(CHANGED(vocab, "{}"), FORMAT, "vocab");
	refused(CHANGED(vocab, "[]"), FORMAT, "vocab");
	refused(CHANGED(vocab, "{\"a\":0,\"b\":2147483648}"), FORMAT, "'b'");
	refused(CHANGED(vocab, "{\"a\":0,\"b\":-1}"), FORMAT, "'b'");
	refused(CHANGED(vocab, "{\"a\":0,\"b\":1.5}"), FORMAT, "'b'");
	refused(CHANGED(vocab, "{\"a\":0,\"b\":1048576}"), FORMAT, "'b'");
	refused(CHANGED(vocab, "{\"a\":0,\"b\":1048575}"), FORMAT, "holes");
	refused(CHANGED(vocab, "{\"a\":0,\"b\":0}"), FORMAT, "two pieces");
	refused(CHANGED(vocab, "{\"a\":0,\"a\":1}"), FORMAT, "duplicate");
	refused(CHANGED(vocab, "{\"abc\":0}"), FORMAT, "single byte");
	refused(CHANGED(merges, "[\"a e\"]"), FORMAT, "'e'");
	refused(CHANGED(merges, "[\"b a\"]"), FORMAT, "'ba'");
	refused(CHANGED(merges, "[\"a b c\"]"), FORMAT, "merges[0]");
	refused(CHANGED(merges, "[\"ab\"]"), FORMAT, "merges[0]");
	refused(CHANGED(merges, "[[\"a\"]]"), FORMAT, "merges[0]");
	refused(CHANGED(merges, "[7]"), FORMAT, "merges[0]");
	refused(CHANGED(merges, "null"), FORMAT, "merges");
}
END_TEST

START_TEST(test_added)
{
	refused(CHANGED(added, "{\"id\":6,\"content\":\"\"}"), FORMAT, "empty");
	refused(CHANGED(added, "{\"id\":6}"), FORMAT, "content");
	refused(CHANGED(added, "{\"id\":2147483648,\"content\":\"<x>\"}"), FORMAT, "'<x>'");
	refused(CHANGED(added, "{\"id\":-1,\"content\":\"<x>\"}"), FORMAT, "'<x>'");
	refused(CHANGED(added, "{\"content\":\"<x>\"}"), FORMAT, "'<x>'");
	refused(CHANGED(added, "{\"id\":6,\"content\":\"<x>\"},{\"id\":7,\"content\":\"<x>\"}"), FORMAT, "twice");
	refused(CHANGED(added, "{\"id\":6,\"content\":\"<x>\",\"lstrip\":1}"), FORMAT, "lstrip");
	refused(CHANGED(added, "7"), FORMAT, "added_tokens[0]");
}
END_TEST

START_TEST(test_foreign)
{
	refused(CHANGED(options, "\"byte_fallback\":true,"), UNSUPPORTED, "byte_fallback");
	refused(CHANGED(options, "\"dropout\":0.1,"), UNSUPPORTED, "dropout");
	refused(CHANGED(options, "\"continuing_subword_prefix\":\"##\","), UNSUPPORTED, "continuing_subword_prefix");
	refused(CHANGED(options, "\"end_of_word_suffix\":\"</w>\","), UNSUPPORTED, "end_of_word_suffix");
	refused(CHANGED(options, "\"unk_token\":\"<unk>\","), FORMAT, "'<unk>'");
	refused(CHANGED(normalizer, "{\"type\":\"Replace\"}"), UNSUPPORTED, "'Replace'");
	refused(CHANGED(normalizer, "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Prepend\"}]}"), UNSUPPORTED, "'Prepend'");
	refused(CHANGED(normalizer, "{\"type\":\"Sequence\"}"), FORMAT, "normalizers");
	refused(CHANGED(pre, "null"), UNSUPPORTED, "ByteLevel");
	refused(CHANGED(pre, "{\"type\":\"Metaspace\"}"), UNSUPPORTED, "'Metaspace'");
	refused(CHANGED(pre, "{\"type\":\"Sequence\"}"), FORMAT, "pretokenizers");
	refused(CHANGED(pre, "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"ByteLevel\"},{\"type\":\"ByteLevel\"}]}"), UNSUPPORTED, "2 ByteLevel");
	refused(CHANGED(pre, "{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(\"},\"behavior\":\"Isolated\"}"), UNSUPPORTED, "'('");
	refused(CHANGED(pre, "{\"type\":\"Split\",\"pattern\":{},\"behavior\":\"Isolated\"}"), FORMAT, "Split");
	refused(CHANGED(pre, "{\"type\":\"Split\",\"pattern\":{\"String\":\"a\"},\"behavior\":\"Sideways\"}"), UNSUPPORTED, "'Sideways'");
	refused(CHANGED(post, "{\"type\":\"BertProcessing\"}"), UNSUPPORTED, "'BertProcessing'");
	refused(CHANGED(post, "{\"type\":\"TemplateProcessing\",\"single\":[]}"), UNSUPPORTED, "once");
	refused(CHANGED(post, "{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\"}},{\"Sequence\":{}}]}"), FORMAT, "'<s>'");
	refused(CHANGED(post, "{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\"}},{\"Sequence\":{}}],"
		"\"special_tokens\":{\"<s>\":{\"ids\":[6]}}}"), FORMAT, "outside the vocabulary of 6");
	refused(CHANGED(decoder, "{\"type\":\"WordPiece\"}"), UNSUPPORTED, "'WordPiece'");
	refused(CHANGED(head, "\"model\":{},"), FORMAT, "duplicate");
}
END_TEST

/* An id that the rules give otherwise is put right, and a note says so. */
START_TEST(test_wrong_id)
{
	krait_tokenizer *t;
	struct why why;
	struct file f = CHANGED(added, "{\"id\":60,\"content\":\"<x>\"},{\"id\":61,\"content\":\"ab\"}");

	ck_assert_int_eq(load(&t, &f, &why), KRAIT_OK);
	ck_assert_int_eq(krait_tokenizer_find(t, "<x>", 3), 6);
	ck_assert_int_eq(krait_tokenizer_find(t, "ab", 2), 4);
	ck_assert_uint_eq(krait_tokenizer_size(t), 7);
	ck_assert_ptr_nonnull(strstr(krait__tokenizer_note(t), "60"));
	krait_tokenizer_free(t);
}
END_TEST

/* Merging never makes a special token of text in which none counts. */
START_TEST(test_no_special_by_merging)
{
	krait_tokenizer *t;
	struct why why;
	struct token_list list = { 0 };
	struct file f = CHANGED(added, "{\"id\":5,\"content\":\"abc\",\"special\":true}");

	ck_assert_int_eq(load(&t, &f, &why), KRAIT_OK);
	ck_assert_int_eq(krait__tokenizer_append(t, &list, "abc", 3, 0, &why), KRAIT_OK);
	ck_assert(list.size == 2 && list.ids[0] == 4 && list.ids[1] == 2);
	ck_assert_int_eq(krait__tokenizer_append(t, &list, "abc", 3, KRAIT_PARSE_SPECIAL, &why), KRAIT_OK);
	ck_assert(list.size == 3 && list.ids[2] == 5);
	krait__token_list_free(&list);
	krait_tokenizer_free(t);
}
END_TEST

/* A pattern that takes exponential time is stopped by its limits; one that matches nothing at all ends. */
START_TEST(test_patterns)
{
	krait_tokenizer *t;
	struct why why;
	struct token_list list = { 0 };
	char text[4000];
	struct file evil = CHANGED(pre, "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(a+)+(?=x)\"},"
		"\"behavior\":\"Isolated\"},{\"type\":\"ByteLevel\",\"use_regex\":false,\"add_prefix_space\":false}]}");
	struct file empty = CHANGED(pre, "{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"Split\",\"pattern\":{\"Regex\":\"q*\"},"
		"\"behavior\":\"Isolated\"},{\"type\":\"Split\",\"pattern\":{\"String\":\"\"},\"behavior\":\"Removed\"},"
		"{\"type\":\"ByteLevel\",\"use_regex\":false,\"add_prefix_space\":false}]}");

	memset(text, 'a', sizeof(text));
	ck_assert_int_eq(load(&t, &evil, &why), KRAIT_OK);
	ck_assert_int_eq(krait__tokenizer_append(t, &list, text, sizeof(text), 0, &why), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_uint_eq(list.size, 0);
	ck_assert_ptr_nonnull(strstr(why.text, "shorter"));
	krait_tokenizer_free(t);
	ck_assert_int_eq(load(&t, &empty, &why), KRAIT_OK);
	ck_assert_int_eq(krait__tokenizer_append(t, &list, text, sizeof(text), 0, &why), KRAIT_OK);
	ck_assert_uint_eq(list.size, sizeof(text));
	krait_tokenizer_free(t);
	krait__token_list_free(&list);
}
END_TEST

/* A real file, cut at many places and with bytes changed: never a crash, never a half tokenizer. */
START_TEST(test_damage)
{
	size_t n;
	char *json = support_read("tokenizer/tiny/tokenizer.json", &n);
	struct why why;
	krait_tokenizer *t;

	for (size_t i = 0; i < n; i += 97) {
		char kept = json[i];
		krait_status status = krait__tokenizer_load(&t, json, i, "t.json", &why);

		ck_assert_int_eq(status, FORMAT);
		ck_assert_ptr_null(t);
		json[i] = "\"{}[]:,0\\x\xff"[i % 11];
		status = krait__tokenizer_load(&t, json, n, "t.json", &why);
		ck_assert(status == KRAIT_OK ? t != NULL : t == NULL && why.text[0]);
		krait_tokenizer_free(t);
		json[i] = kept;
	}
	free(json);
}
END_TEST

static size_t n_blocks, fail_at, n_allocations;

static bool fails(void)
{
	return ++n_allocations == fail_at;
}

static void *count_resize(void *block, size_t size)
{
	void *grown = fails() ? NULL : realloc(block, size);

	n_blocks += grown && !block;
	return grown;
}

static void *count_aligned(size_t alignment, size_t size)
{
	void *block = fails() ? NULL : aligned_alloc(alignment, size);

	n_blocks += block != NULL;
	return block;
}

static void count_release(void *block)
{
	n_blocks--;
	free(block);
}

/* Loads, encodes and decodes with the n-th allocation failing. */
static krait_status use_once(const char *json, size_t n_json)
{
	static const char text[] = "caf\xc3\xa9 e\xcc\x81\xcc\x96 <|endoftext|> 12-34 \xff ==x the abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
	struct text_span spans[2] = { { 30, true }, { sizeof(text) - 31, false } };
	struct token_list list = { 0 };
	struct buffer back = { 0 };
	struct stream stream = { { 0 }, 0 };
	struct why why;
	krait_tokenizer *t;
	krait_status status = krait__tokenizer_load(&t, json, n_json, "t.json", &why);

	if (status == KRAIT_OK)
		status = krait__tokenizer_append(t, &list, text, sizeof(text) - 1, KRAIT_PARSE_SPECIAL, &why);
	if (status == KRAIT_OK)
		status = krait__tokenizer_append_spans(t, &list, text, spans, 2, &why);
	for (size_t i = 0; i < list.size && status == KRAIT_OK; i++)
		if (!krait__stream_push(&stream, t, list.ids[i], &back))
			status = KRAIT_ERROR_MEMORY;
	krait__buffer_free(&back);
	krait__token_list_free(&list);
	krait_tokenizer_free(t);
	return status;
}

START_TEST(test_memory)
{
	static const char *const files[] = { "tokenizer/options/tokenizer.json", "tokenizer/gpt4/tokenizer.json", "tokenizer/llama3/tokenizer.json" };
	struct krait__allocator original = krait__allocator;
	size_t n;
	char *json = support_read(files[_i], &n);
	krait_status status = KRAIT_ERROR_MEMORY;

	krait__allocator = (struct krait__allocator){ count_resize, count_aligned, count_release };
	for (fail_at = 1; fail_at < 3000 && status == KRAIT_ERROR_MEMORY; fail_at++) {
		n_allocations = n_blocks = 0;
		status = use_once(json, n);
		ck_assert_msg(n_blocks == 0, "%zu blocks are left after allocation %zu failed", n_blocks, fail_at);
	}
	krait__allocator = original;
	ck_assert_int_eq(status, KRAIT_OK);
	ck_assert_uint_gt(fail_at, 20);
	free(json);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hostile tokenizer files");
	TCase *tcase = tcase_create("hostile");

	tcase_set_timeout(tcase, 300);
	tcase_add_test(tcase, test_sound);
	tcase_add_test(tcase, test_vocabulary);
	tcase_add_test(tcase, test_added);
	tcase_add_test(tcase, test_foreign);
	tcase_add_test(tcase, test_wrong_id);
	tcase_add_test(tcase, test_no_special_by_merging);
	tcase_add_test(tcase, test_patterns);
	tcase_add_test(tcase, test_damage);
	tcase_add_loop_test(tcase, test_memory, 0, 3);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
