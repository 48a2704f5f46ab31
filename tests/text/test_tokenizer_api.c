/* SPDX-License-Identifier: Apache-2.0 */
/* test_tokenizer_api.c - the public calls: sizes, flags, errors, owners; and the marked spans
 * that chats are tokenized from. */
#include "support.h"
#include "text/tokenizer.h"
#include "vectors.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(test_sizes)
{
	krait_tokenizer *t = vectors_open("neox");
	krait_token ids[4] = { -7, -7, -7, -7 };
	char text[16];
	size_t n = 99;

	ck_assert_int_eq(krait_tokenizer_encode(t, "Hello world", 11, 0, NULL, 0, &n), KRAIT_OK);
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(krait_tokenizer_encode(t, "Hello world", 11, 0, ids, 1, &n), KRAIT_ERROR_SPACE);
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(ids[0], -7);
	ck_assert_int_eq(krait_tokenizer_encode(t, "Hello world", 11, 0, ids, 4, &n), KRAIT_OK);
	ck_assert_int_eq(ids[0], 12092);
	ck_assert_int_eq(ids[1], 1533);
	ck_assert_int_eq(ids[2], -7);
	ck_assert_int_eq(krait_tokenizer_encode(t, "Hello world", 11, 0, ids, 4, NULL), KRAIT_OK);
	ck_assert_int_eq(krait_tokenizer_encode(t, NULL, 0, 0, ids, 4, &n), KRAIT_OK);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(krait_tokenizer_decode(t, ids, 2, 0, NULL, 0, &n), KRAIT_OK);
	ck_assert_uint_eq(n, 11);
	memset(text, '#', sizeof(text));
	ck_assert_int_eq(krait_tokenizer_decode(t, ids, 2, 0, text, 10, &n), KRAIT_ERROR_SPACE);
	ck_assert_uint_eq(n, 11);
	ck_assert_int_eq(text[0], '#');
	ck_assert_int_eq(krait_tokenizer_decode(t, ids, 2, 0, text, 11, &n), KRAIT_OK);
	ck_assert(memcmp(text, "Hello world#####", 16) == 0);
	krait_tokenizer_free(t);
}
END_TEST

START_TEST(test_arguments)
{
	krait_tokenizer *t = vectors_open("demo");
	krait_token ids[4];
	char text[4];
	size_t n = 99;

	ck_assert_int_eq(krait_tokenizer_encode(t, "a", 1, KRAIT_SKIP_SPECIAL, NULL, 0, &n), KRAIT_ERROR_ARGUMENT);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(krait_tokenizer_encode(t, "a", 1, 64, NULL, 0, &n), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_tokenizer_encode(t, NULL, 1, 0, NULL, 0, &n), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_tokenizer_encode(t, "a", 1, 0, NULL, 1, &n), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_tokenizer_encode(NULL, "a", 1, 0, ids, 4, &n), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_tokenizer_decode(t, ids, 1, KRAIT_PARSE_SPECIAL, NULL, 0, &n), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_tokenizer_decode(t, NULL, 1, 0, text, 4, &n), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_tokenizer_decode(NULL, ids, 1, 0, text, 4, &n), KRAIT_ERROR_ARGUMENT);
	ck_assert_uint_eq(krait_tokenizer_size(NULL), 0);
	ck_assert_int_eq(krait_tokenizer_find(NULL, "a", 1), -1);
	ck_assert_int_eq(krait_tokenizer_open(NULL, "x"), KRAIT_ERROR_ARGUMENT);
	ck_assert_ptr_null(krait_tokenizer_ref(NULL));
	ck_assert_str_eq(krait_tokenizer_error(NULL), "out of memory");
	ck_assert_str_eq(krait_tokenizer_error(t), "");
	krait_tokenizer_free(NULL);
	krait_tokenizer_free(t);
}
END_TEST

START_TEST(test_ids)
{
	krait_tokenizer *t = vectors_open("neox");
	const krait_token strange[] = { -1, 50277, INT32_MAX, INT32_MIN, 12092, 60000 };
	size_t n;
	char *text;

	ck_assert_uint_eq(krait_tokenizer_size(t), 50277);
	ck_assert_int_eq(krait_tokenizer_find(t, "<|endoftext|>", 13), 0);
	ck_assert_int_eq(krait_tokenizer_find(t, "Hello", 5), 12092);
	ck_assert_int_eq(krait_tokenizer_find(t, " world", 6), 1533);
	ck_assert_int_eq(krait_tokenizer_find(t, "  ", 2), 50276);
	ck_assert_int_eq(krait_tokenizer_find(t, "no such piece", 13), -1);
	ck_assert_int_eq(krait_tokenizer_find(t, "", 0), -1);
	text = vectors_decode(t, strange, 6, 0, &n);
	ck_assert_str_eq(text, "Hello");
	free(text);
	krait_tokenizer_free(t);
}
END_TEST

START_TEST(test_open_errors)
{
	krait_tokenizer *t;
	const char *folder = support_folder();

	ck_assert_int_eq(krait_tokenizer_open(&t, support_join(folder, "absent.json")), KRAIT_ERROR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(krait_tokenizer_error(t), "absent.json"));
	ck_assert_uint_eq(krait_tokenizer_size(t), 0);
	ck_assert_int_eq(krait_tokenizer_encode(t, "a", 1, 0, NULL, 0, NULL), KRAIT_ERROR_ARGUMENT);
	krait_tokenizer_free(t);
	ck_assert_int_eq(krait_tokenizer_open(&t, folder), KRAIT_ERROR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(krait_tokenizer_error(t), "tokenizer.json"));
	krait_tokenizer_free(t);
	ck_assert_int_eq(krait_tokenizer_open(&t, NULL), KRAIT_ERROR_ARGUMENT);
	ck_assert_str_ne(krait_tokenizer_error(t), "");
	krait_tokenizer_free(t);
	support_write(support_join(folder, "tokenizer.json"), "{\"model\":", 9);
	ck_assert_int_eq(krait_tokenizer_open(&t, folder), KRAIT_ERROR_FORMAT);
	krait_tokenizer_free(t);
	ck_assert_int_eq(krait_tokenizer_open(&t, support_path("tokenizer/tiny/tokenizer.json")), KRAIT_OK);
	ck_assert_ptr_eq(krait_tokenizer_ref(t), t);
	krait_tokenizer_free(t);
	ck_assert_uint_eq(krait_tokenizer_size(t), 319);
	krait_tokenizer_free(t);
}
END_TEST

START_TEST(test_fork)
{
	krait_tokenizer *t = vectors_open("tiny");
	int status;
	pid_t child = fork();

	if (child == 0) {
		size_t n;
		int ok = krait_tokenizer_encode(t, "a", 1, 0, NULL, 0, &n) == KRAIT_ERROR_FORKED
			&& krait_tokenizer_decode(t, NULL, 0, 0, NULL, 0, &n) == KRAIT_ERROR_FORKED;

		krait_tokenizer_free(t);
		_exit(ok ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	krait_tokenizer_free(t);
}
END_TEST

/* Spans as text: a part in braces is special. */
static void check_spans(const krait_tokenizer *t, const char *marked, const krait_token *wanted, size_t n_wanted)
{
	struct text_span spans[32];
	struct token_list list = { 0 };
	char text[512];
	size_t n = 0, n_spans = 0;
	struct why why = { 0 };

	for (bool special = false; *marked; special = !special) {
		size_t size = strcspn(marked, special ? "}" : "{");

		memcpy(text + n, marked, size);
		n += size;
		spans[n_spans++] = (struct text_span){ size, special };
		marked += size + (marked[size] != 0);
	}
	ck_assert_int_eq(krait__tokenizer_append_spans(t, &list, text, spans, n_spans, &why), KRAIT_OK);
	ck_assert_uint_eq(list.size, n_wanted);
	ck_assert(!n_wanted || memcmp(list.ids, wanted, n_wanted * sizeof(*wanted)) == 0);
	krait__token_list_free(&list);
}

/* The ids of plain pieces and of special tokens, {…}, side by side. */
static size_t join(const krait_tokenizer *t, const char *const *parts, size_t n_parts, const int *flags, krait_token *out)
{
	size_t at = 0;

	for (size_t i = 0; i < n_parts; i++) {
		size_t n;
		krait_token *ids = vectors_encode(t, parts[i], strlen(parts[i]), flags[i], &n);

		memcpy(out + at, ids, n * sizeof(*out));
		at += n;
		free(ids);
	}
	return at;
}

START_TEST(test_spans)
{
	krait_tokenizer *t = vectors_open("demo");
	krait_token wanted[256];
	size_t n;
	static const int special[] = { KRAIT_PARSE_SPECIAL, 0, KRAIT_PARSE_SPECIAL };

	n = join(t, (const char *const[]){ "<|user|>", "\nHi<|user|> there", "<|endoftext|>" }, 3, special, wanted);
	check_spans(t, "{<|user|>\n}Hi<|user|> there{<|endoftext|>}", wanted, n);
	/* Half in a message's text, half in the template: no special token. */
	n = join(t, (const char *const[]){ "<|user|>", "x<|user|>y" }, 2, special, wanted);
	check_spans(t, "{<|user|>}x<|us{er|>y}", wanted, n);
	check_spans(t, "{<|user|>x<|us}er|>y", wanted, n);
	/* Neighbouring special spans are one. */
	n = join(t, (const char *const[]){ "<|user|>", "x" }, 2, special, wanted);
	check_spans(t, "{<|us}{er|>}x", wanted, n);
	/* Plain text is tokenized across borders. */
	n = join(t, (const char *const[]){ "<|user|>", "Once upon a time" }, 2, special, wanted);
	check_spans(t, "{<|user|>On}ce up{on a} time", wanted, n);
	check_spans(t, "", wanted, 0);
	/* A broken byte before a special token moves what comes after it. */
	n = join(t, (const char *const[]){ "\xef\xbf\xbd\xef\xbf\xbd", "<|user|>" }, 2, (const int[]){ 0, 1 }, wanted);
	check_spans(t, "\xff\xff{<|user|>}", wanted, n);
	krait_tokenizer_free(t);
}
END_TEST

/* A special token that is looked for in normalized text, and added tokens that are not special. */
START_TEST(test_spans_normalized)
{
	krait_tokenizer *t = vectors_open("options");
	krait_token mask = krait_tokenizer_find(t, "<mask>", 6), wide = krait_tokenizer_find(t, "\xef\xbc\xb7ide", 6);
	krait_token both[2] = { mask, wide }, plain[64];
	size_t n;

	ck_assert(mask >= 0 && wide >= 0);
	check_spans(t, "{<MASK>}\xef\xbc\xb7IDE", both, 2);
	n = join(t, (const char *const[]){ "<MASK>wide" }, 1, (const int[]){ 0 }, plain);
	check_spans(t, "<MASK>wide", plain, n);
	check_spans(t, "<MA{SK>}wide", plain, n);
	krait_tokenizer_free(t);
}
END_TEST

START_TEST(test_append_keeps)
{
	krait_tokenizer *t = vectors_open("llama3");
	struct token_list list = { 0 };
	struct why why = { 0 };
	size_t n;
	const char *bytes;

	ck_assert_int_eq(krait__tokenizer_append(t, &list, "a", 1, KRAIT_ADD_SPECIAL, &why), KRAIT_OK);
	ck_assert_int_eq(krait__tokenizer_append(t, &list, "b", 1, 0, &why), KRAIT_OK);
	ck_assert_uint_eq(list.size, 3);
	ck_assert_int_eq(list.ids[0], 1506);
	ck_assert_int_eq(list.ids[1], 64);
	ck_assert(krait__tokenizer_is_special(t, 1506));
	ck_assert(!krait__tokenizer_is_special(t, 64));
	ck_assert(!krait__tokenizer_is_special(t, -1));
	bytes = krait__tokenizer_bytes(t, 1506, &n);
	ck_assert(n == 17 && memcmp(bytes, "<|begin_of_text|>", 17) == 0);
	krait__tokenizer_bytes(t, 99999, &n);
	ck_assert_uint_eq(n, 0);
	krait__token_list_free(&list);
	krait_tokenizer_free(t);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tokenizer api");
	TCase *tcase = tcase_create("api");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, test_sizes);
	tcase_add_test(tcase, test_arguments);
	tcase_add_test(tcase, test_ids);
	tcase_add_test(tcase, test_open_errors);
	tcase_add_test(tcase, test_fork);
	tcase_add_test(tcase, test_spans);
	tcase_add_test(tcase, test_spans_normalized);
	tcase_add_test(tcase, test_append_keeps);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
