/* SPDX-License-Identifier: Apache-2.0 */
/* test_terminal.c - what model text passes before a terminal: a filter, and breaks between words. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "support.h"

#include "nearest.h"
#include "terminal.h"
#include "wrap.h"

#include <locale.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check_filter(const char *text, size_t n, const char *expected, size_t n_expected)
{
	char out[64];
	size_t n_out = terminal_filter(out, text, n);

	ck_assert_uint_eq(n_out, n_expected);
	ck_assert_mem_eq(out, expected, n_expected);
}
#define CHECK_FILTER(text, expected) check_filter(text, sizeof(text) - 1, expected, sizeof(expected) - 1)

START_TEST(plain_text_stays)
{
	CHECK_FILTER("", "");
	CHECK_FILTER("a king\n\twho\n", "a king\n\twho\n");
	CHECK_FILTER("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\xa6\x8b", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\xa6\x8b");
	CHECK_FILTER("\xc2\xa0\xc2\xad\xed\x9f\xbf\xf4\x8f\xbf\xbf", "\xc2\xa0\xc2\xad\xed\x9f\xbf\xf4\x8f\xbf\xbf");
}
END_TEST

START_TEST(controls_go)
{
	CHECK_FILTER("\033[31mred\033[0m", "[31mred[0m");
	CHECK_FILTER("a\033]0;title\007b", "a]0;titleb");
	CHECK_FILTER("a\r\bb\177c\0d\013\014", "abcd");
	CHECK_FILTER("a\xc2\x9b" "31mb\xc2\x80\xc2\x9f", "a31mb");
}
END_TEST

START_TEST(broken_bytes_go)
{
	CHECK_FILTER("a\x9b" "b\xff\xfe", "ab");
	CHECK_FILTER("\xc0\x9b\xc1\xbf\xed\xa0\x80\xf5\x80\x80\x80x", "x");
	CHECK_FILTER("\xe0\x9f\xbf\xf0\x8f\xbf\xbf\xf4\x90\x80\x80y", "y");
	CHECK_FILTER("cut \xe2\x82", "cut ");
	CHECK_FILTER("\xc2\x1b[A", "[A");
}
END_TEST

/* Whatever goes in, no byte comes out that a terminal obeys. */
START_TEST(any_bytes)
{
	uint32_t random = 1;
	size_t n_obeyed = 0;
	char text[300], out[300];

	for (int round = 0; round < 2000; round++) {
		size_t n_out;

		for (size_t i = 0; i < sizeof text; i++) {
			random = random * 1664525u + 1013904223u;
			text[i] = (char)(random >> 24);
		}
		n_out = terminal_filter(out, text, sizeof text);
		for (size_t i = 0; i < n_out; i++) {
			unsigned char c = (unsigned char)out[i];

			n_obeyed += (c < 0x20 && c != '\n' && c != '\t') || c == 0x7f || (c == 0xc2 && (unsigned char)out[i + 1] < 0xa0);
		}
	}
	ck_assert_uint_eq(n_obeyed, 0);
}
END_TEST

/* ---- lines that break between words ---------------------------------------------------- */

static char written[512];
static size_t n_written;

static bool collect(const void *data, size_t n)
{
	if (n_written + n >= sizeof written)
		return false;
	memcpy(written + n_written, data, n);
	n_written += n;
	written[n_written] = 0;
	return true;
}

/* What a terminal shows of what was written, given the two codes that a carried word needs. */
static void settle(char *out)
{
	size_t n = 0;

	for (const char *at = written; *at;) {
		int back = 0, taken = 0;

		if (sscanf(at, "\033[%dD\033[K%n", &back, &taken) == 1 && taken) {
			/* So many columns: what is carried here is one wide. */
			for (; back && n; back--)
				while (n && ((unsigned char)out[--n] & 0xc0) == 0x80)
					;
			ck_assert_int_eq(back, 0);
			at += taken;
		} else {
			out[n++] = *at++;
		}
	}
	out[n] = 0;
}

/* `parts`, which bars separate, as pieces that come one after another. */
static void check_wrap(size_t width, const char *parts, const char *expected)
{
	struct wrap wrap = { .write = collect, .width = width };
	char shown[sizeof written];

	n_written = 0;
	written[0] = 0;
	for (const char *at = parts; *at; at += strcspn(at, "|"), at += *at == '|')
		ck_assert(wrap_write(&wrap, at, strcspn(at, "|")));
	settle(shown);
	ck_assert_str_eq(shown, expected);
}

START_TEST(words_are_carried)
{
	check_wrap(0, "no edge, no break, however long", "no edge, no break, however long");
	check_wrap(11, "once upon a time", "once upon \na time");
	check_wrap(11, "on|ce up|on a ti|me", "once upon \na time");
	check_wrap(11, "once| upon|lo|ng", "once \nuponlong");
	check_wrap(11, "0123456789| x", "0123456789\nx");
	check_wrap(11, "a\nbc def ghij", "a\nbc def \nghij");
	check_wrap(11, "a\tbc|d", "a\t\nbcd");
}
END_TEST

START_TEST(what_fits_nowhere_is_cut)
{
	check_wrap(6, "abcdefghijkl", "abcde\nfghij\nkl");
	check_wrap(6, "a bcdefghi", "a \nbcdef\nghi");
}
END_TEST

START_TEST(columns_are_not_bytes)
{
	check_wrap(6, "\xc3\xa9\xc3\xa9 \xc3\xa9\xc3\xa9\xc3\xa9", "\xc3\xa9\xc3\xa9 \n\xc3\xa9\xc3\xa9\xc3\xa9");
	/* Two columns each, and no blanks between them: a line breaks before any of them. */
	check_wrap(6, "\xe7\x8b\xbc\xe7\x8b\xbc\xe7\x8b\xbc", "\xe7\x8b\xbc\xe7\x8b\xbc\n\xe7\x8b\xbc");
	/* A combining accent takes no room. */
	check_wrap(6, "e\xcc\x81""e\xcc\x81 abc", "e\xcc\x81""e\xcc\x81 \nabc");
}
END_TEST

START_TEST(what_is_marked_counts)
{
	struct wrap wrap = { .write = collect, .width = 11 };
	char shown[sizeof written];

	n_written = 0;
	wrap_skip(&wrap, 6);
	ck_assert(wrap_write(&wrap, "upon a", 6));
	settle(shown);
	ck_assert_str_eq(shown, "upon\na");
}
END_TEST

/* ---- words that were nearly right -------------------------------------------------------- */

static const char *nearest_of(const char *word)
{
	static const char *const names[] = { "temp", "top-k", "top-p", "tokens", "seed", "system", "save" };
	struct nearest nearest = { .word = word, .n_word = strlen(word) };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		nearest_try(&nearest, names[i]);
	return nearest.found;
}

START_TEST(near_words)
{
	ck_assert_str_eq(nearest_of("tmp"), "temp");
	ck_assert_str_eq(nearest_of("temperature"), "temp");
	ck_assert_str_eq(nearest_of("tokesn"), "tokens");
	ck_assert_str_eq(nearest_of("sytsem"), "system");
	ck_assert_str_eq(nearest_of("topp"), "top-p");
	ck_assert_str_eq(nearest_of("seeed"), "seed");
	ck_assert_ptr_null(nearest_of("banana"));
	ck_assert_ptr_null(nearest_of(""));
	ck_assert_ptr_null(nearest_of("a-word-that-is-longer-than-any-option-can-be"));
}
END_TEST

START_TEST(where_utf8_ends)
{
	ck_assert_uint_eq(terminal_utf8("", 0), 0);
	ck_assert_uint_eq(terminal_utf8("caf\xc3\xa9", 5), 5);
	ck_assert_uint_eq(terminal_utf8("caf\xe9 more", 9), 3);
	ck_assert_uint_eq(terminal_utf8("cut \xe2\x82", 6), 4);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("terminal");
	TCase *tests = tcase_create("filter");

	tcase_add_test(tests, plain_text_stays);
	tcase_add_test(tests, controls_go);
	tcase_add_test(tests, broken_bytes_go);
	tcase_add_test(tests, any_bytes);
	tcase_add_test(tests, words_are_carried);
	tcase_add_test(tests, what_fits_nowhere_is_cut);
	tcase_add_test(tests, columns_are_not_bytes);
	tcase_add_test(tests, what_is_marked_counts);
	tcase_add_test(tests, near_words);
	tcase_add_test(tests, where_utf8_ends);
	setlocale(LC_CTYPE, "C.UTF-8");
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
