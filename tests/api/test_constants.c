/* SPDX-License-Identifier: Apache-2.0 */
/* test_constants.c - krait_constant knows every number of krait.h, and statuses have names. */
#include "krait.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

START_TEST(the_whole_header)
{
	size_t n, found = 0;
	char *text = support_read_path(support_top("include/krait.h"), &n);

	for (char *line = strstr(text, "#define KRAIT_"); line; line = strstr(line + 1, "#define KRAIT_")) {
		char name[64], value[64];
		int64_t number;

		if (sscanf(line, "#define %63s %63s", name, value) != 2 || (value[0] != '(' && value[0] != '-' && (value[0] < '0' || value[0] > '9')))
			continue;
		found++;
		ck_assert_msg(krait_constant(name, &number) == KRAIT_OK, "%s", name);
		ck_assert_int_eq(number, strtoll(value + (value[0] == '('), NULL, 10));
	}
	ck_assert_uint_ge(found, 45);
	free(text);
}
END_TEST

START_TEST(names_that_are_none)
{
	int64_t number = 7;

	ck_assert_int_eq(krait_constant("KRAIT_NOTHING", &number), KRAIT_ERROR_NOT_FOUND);
	ck_assert_int_eq(number, 0);
	ck_assert_int_eq(krait_constant("", &number), KRAIT_ERROR_NOT_FOUND);
	ck_assert_int_eq(krait_constant(NULL, &number), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_constant("KRAIT_OK", NULL), KRAIT_ERROR_ARGUMENT);
}
END_TEST

START_TEST(statuses)
{
	ck_assert_str_eq(krait_status_name(KRAIT_OK), "KRAIT_OK");
	ck_assert_str_eq(krait_status_name(KRAIT_END), "KRAIT_END");
	ck_assert_str_eq(krait_status_name(KRAIT_CANCELLED), "KRAIT_CANCELLED");
	ck_assert_str_eq(krait_status_name(KRAIT_ERROR_ARGUMENT), "KRAIT_ERROR_ARGUMENT");
	ck_assert_str_eq(krait_status_name(KRAIT_ERROR_NOT_FOUND), "KRAIT_ERROR_NOT_FOUND");
	for (int status = -12; status <= 2; status++)
		ck_assert_int_eq(strncmp(krait_status_name(status), "KRAIT_", 6), 0);
	ck_assert_str_eq(krait_status_name(-13), "unknown status");
	ck_assert_str_eq(krait_status_name(3), "unknown status");
}
END_TEST

START_TEST(version)
{
	char text[32];

	snprintf(text, sizeof(text), "%d.%d.%d", KRAIT_VERSION_MAJOR, KRAIT_VERSION_MINOR, KRAIT_VERSION_PATCH);
	ck_assert_str_eq(krait_version(), text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("constants");
	TCase *tests = tcase_create("constants");

	tcase_add_test(tests, the_whole_header);
	tcase_add_test(tests, names_that_are_none);
	tcase_add_test(tests, statuses);
	tcase_add_test(tests, version);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
