/* SPDX-License-Identifier: Apache-2.0 */
/* test_terminal.c - the filter that model text passes before a terminal. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "support.h"

#include "terminal.h"

#include <stdint.h>
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

int main(void)
{
	Suite *suite = suite_create("terminal");
	TCase *tests = tcase_create("filter");

	tcase_add_test(tests, plain_text_stays);
	tcase_add_test(tests, controls_go);
	tcase_add_test(tests, broken_bytes_go);
	tcase_add_test(tests, any_bytes);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
