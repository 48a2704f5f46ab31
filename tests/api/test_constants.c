/* SPDX-License-Identifier: Apache-2.0 */
/* test_constants.c - krait_constant knows every number of the public headers, and statuses have names. */
#include "krait.h"
#include "krait_experimental.h"
#include "support.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* Made from the headers: a constant that is added to them is here too. */
#define CONSTANT(name) { #name, name },
static const struct { const char *name; int64_t value; } defined[] = {
#include "public_constants.h"
};
#define N_DEFINED (sizeof(defined) / sizeof(*defined))

START_TEST(every_constant)
{
	for (size_t i = 0; i < N_DEFINED; i++) {
		int64_t number = INT64_MIN;

		ck_assert_msg(krait_constant(defined[i].name, &number) == KRAIT_OK, "krait_constant does not know %s", defined[i].name);
		ck_assert_msg(number == defined[i].value, "%s is %lld, not %lld", defined[i].name, (long long)defined[i].value, (long long)number);
	}
	ck_assert_uint_ge(N_DEFINED, 48);
}
END_TEST

/* Numbers are never used twice: not among statuses, nor among options and settings. */
START_TEST(no_number_twice)
{
	for (size_t i = 0; i < N_DEFINED; i++)
		for (size_t j = 0; j < i; j++)
			ck_assert_msg(defined[i].value != defined[j].value || (defined[i].value < 100 && defined[i].value >= 0),
				"%s and %s are both %lld", defined[i].name, defined[j].name, (long long)defined[i].value);
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
	for (size_t i = 0; i < N_DEFINED; i++)
		if (strncmp(defined[i].name, "KRAIT_ERROR_", 12) == 0)
			ck_assert_str_eq(krait_status_name((krait_status)defined[i].value), defined[i].name);
	ck_assert_str_eq(krait_status_name(-13), "unknown status");
	ck_assert_str_eq(krait_status_name(INT_MIN), "unknown status");
	ck_assert_str_eq(krait_status_name(INT_MAX), "unknown status");
	ck_assert_str_eq(krait_status_name(KRAIT_OPTION_DEVICE), "unknown status");
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

	tcase_add_test(tests, every_constant);
	tcase_add_test(tests, no_number_twice);
	tcase_add_test(tests, names_that_are_none);
	tcase_add_test(tests, statuses);
	tcase_add_test(tests, version);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
