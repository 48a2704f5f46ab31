/* SPDX-License-Identifier: Apache-2.0 */
/* test_options.c - setting options: each one's range and type, and what it says when refused. */
#include "krait.h"
#include "support.h"

#include <string.h>

static krait_options *options;

static void setup(void)
{
	ck_assert_int_eq(krait_options_new(&options), KRAIT_OK);
}

static void teardown(void)
{
	krait_options_free(options);
}

START_TEST(values_that_are_taken)
{
	static const struct { int option; const char *text; } texts[] = {
		{ KRAIT_OPTION_DEVICE, "auto" }, { KRAIT_OPTION_DEVICE, "cpu" }, { KRAIT_OPTION_DEVICE, "cuda" }, { KRAIT_OPTION_DEVICE, "cuda:1" },
		{ KRAIT_OPTION_WEIGHTS, "asis" }, { KRAIT_OPTION_WEIGHTS, "f32" }, { KRAIT_OPTION_WEIGHTS, "bf16" }, { KRAIT_OPTION_WEIGHTS, "f16" },
		{ KRAIT_OPTION_PRECISION, "exact" }, { KRAIT_OPTION_PRECISION, "fast" },
		{ KRAIT_OPTION_INSTRUCTIONS, "auto" }, { KRAIT_OPTION_INSTRUCTIONS, "generic" }, { KRAIT_OPTION_INSTRUCTIONS, "avx2" },
		{ KRAIT_OPTION_TOKENIZER, "/any/path" },
	};
	static const struct { int option; int64_t number; } numbers[] = {
		{ KRAIT_OPTION_THREADS, 0 }, { KRAIT_OPTION_THREADS, 1 }, { KRAIT_OPTION_THREADS, 64 },
		{ KRAIT_OPTION_MAP, 0 }, { KRAIT_OPTION_MAP, 1 }, { KRAIT_OPTION_INSPECT, 0 }, { KRAIT_OPTION_INSPECT, 1 },
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		ck_assert_msg(krait_options_set_text(options, texts[i].option, texts[i].text) == KRAIT_OK, "%d %s: %s", texts[i].option, texts[i].text, krait_options_error(options));
		ck_assert_str_eq(krait_options_error(options), "");
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
		ck_assert_msg(krait_options_set_int(options, numbers[i].option, numbers[i].number) == KRAIT_OK, "%s", krait_options_error(options));
}
END_TEST

START_TEST(values_out_of_range)
{
	static const struct { int option; int64_t number; } numbers[] = {
		{ KRAIT_OPTION_THREADS, -1 }, { KRAIT_OPTION_THREADS, INT64_MAX }, { KRAIT_OPTION_THREADS, INT64_MIN },
		{ KRAIT_OPTION_MAP, 2 }, { KRAIT_OPTION_MAP, -1 }, { KRAIT_OPTION_INSPECT, 2 },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		ck_assert_int_eq(krait_options_set_int(options, numbers[i].option, numbers[i].number), KRAIT_ERROR_ARGUMENT);
		ck_assert_ptr_nonnull(strstr(krait_options_error(options), "KRAIT_OPTION_"));
	}
	ck_assert_int_eq(krait_options_set_text(options, KRAIT_OPTION_WEIGHTS, "f64"), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(krait_options_error(options), "'f64'"));
	ck_assert_ptr_nonnull(strstr(krait_options_error(options), "bf16"));
	ck_assert_int_eq(krait_options_set_text(options, KRAIT_OPTION_WEIGHTS, "asis f32"), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_int_eq(krait_options_set_text(options, KRAIT_OPTION_WEIGHTS, ""), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_int_eq(krait_options_set_text(options, KRAIT_OPTION_PRECISION, "exactly"), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_int_eq(krait_options_set_text(options, KRAIT_OPTION_INSTRUCTIONS, "foo"), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(krait_options_error(options), "avx2"));
	ck_assert_int_eq(krait_options_set_text(options, KRAIT_OPTION_DEVICE, "metal"), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(krait_options_error(options), "cuda:N"));
	ck_assert_int_eq(krait_options_set_text(options, KRAIT_OPTION_DEVICE, "cuda:x"), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_int_eq(krait_options_set_text(options, KRAIT_OPTION_DEVICE, NULL), KRAIT_ERROR_ARGUMENT);
	/* For a later version. */
	ck_assert_int_eq(krait_options_set_text(options, KRAIT_OPTION_WEIGHTS, "int2"), KRAIT_ERROR_UNSUPPORTED);
}
END_TEST

START_TEST(the_other_type)
{
	ck_assert_int_eq(krait_options_set_int(options, KRAIT_OPTION_DEVICE, 1), KRAIT_ERROR_ARGUMENT);
	ck_assert_ptr_nonnull(strstr(krait_options_error(options), "KRAIT_OPTION_DEVICE"));
	ck_assert_int_eq(krait_options_set_text(options, KRAIT_OPTION_THREADS, "2"), KRAIT_ERROR_ARGUMENT);
	ck_assert_ptr_nonnull(strstr(krait_options_error(options), "KRAIT_OPTION_THREADS"));
}
END_TEST

START_TEST(options_that_do_not_exist)
{
	ck_assert_int_eq(krait_options_set_int(options, 9999, 1), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(krait_options_error(options), "9999"));
	ck_assert_int_eq(krait_options_set_text(options, -1, "x"), KRAIT_ERROR_UNSUPPORTED);
	/* A setting of sessions is none of a model. */
	ck_assert_int_eq(krait_options_set_int(options, KRAIT_SAMPLE_SEED, 1), KRAIT_ERROR_UNSUPPORTED);
}
END_TEST

START_TEST(no_handle)
{
	ck_assert_int_eq(krait_options_new(NULL), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_options_set_int(NULL, KRAIT_OPTION_MAP, 1), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_options_set_text(NULL, KRAIT_OPTION_DEVICE, "cpu"), KRAIT_ERROR_ARGUMENT);
	krait_options_set_log(NULL, NULL, NULL);
	krait_options_set_progress(NULL, NULL, NULL);
	krait_options_free(NULL);
	ck_assert_str_eq(krait_options_error(NULL), "out of memory");
}
END_TEST

START_TEST(devices)
{
	krait_devices *list;
	size_t n;

	ck_assert_int_eq(krait_devices_open(&list), KRAIT_OK);
	n = krait_devices_count(list);
	ck_assert_uint_ge(n, 1);
	ck_assert_str_eq(krait_devices_name(list, 0), "cpu");
	ck_assert_uint_gt(strlen(krait_devices_about(list, 0)), 0);
	ck_assert_uint_gt(krait_devices_memory(list, 0), krait_devices_memory_free(list, 0));
	ck_assert_ptr_null(krait_devices_name(list, n));
	ck_assert_ptr_null(krait_devices_about(list, n));
	ck_assert_uint_eq(krait_devices_memory(list, n), 0);
	krait_devices_free(list);
	krait_devices_free(NULL);
	ck_assert_int_eq(krait_devices_open(NULL), KRAIT_ERROR_ARGUMENT);
	ck_assert_uint_eq(krait_devices_count(NULL), 0);
}
END_TEST

START_TEST(installed)
{
	krait_installed *list;
	size_t n, demo;

	ck_assert_int_eq(krait_installed_open(&list), KRAIT_OK);
	n = krait_installed_count(list);
	for (demo = 0; demo < n && strcmp(krait_installed_name(list, demo), "demo") != 0; )
		demo++;
	ck_assert_uint_lt(demo, n);
	ck_assert_str_eq(krait_installed_path(list, demo) + strlen(krait_installed_path(list, demo)) - 5, "/demo");
	ck_assert_str_eq(krait_installed_about(list, demo), "installed");
	ck_assert_uint_gt(krait_installed_size(list, demo), 1000000);
	ck_assert_int_eq(krait_installed_whole(list, demo), 1);
	ck_assert_str_eq(krait_installed_tokenizer(list, "state-spaces/mamba-2.8b"), "EleutherAI/gpt-neox-20b");
	ck_assert_ptr_null(krait_installed_tokenizer(list, "some/model"));
	ck_assert_ptr_null(krait_installed_tokenizer(list, NULL));
	ck_assert_ptr_null(krait_installed_name(list, n));
	ck_assert_ptr_null(krait_installed_path(list, n));
	ck_assert_ptr_null(krait_installed_about(list, n));
	ck_assert_uint_eq(krait_installed_size(list, n), 0);
	ck_assert_int_eq(krait_installed_whole(list, n), 0);
	krait_installed_free(list);
	ck_assert_int_eq(krait_installed_open(NULL), KRAIT_ERROR_ARGUMENT);
	ck_assert_uint_eq(krait_installed_count(NULL), 0);
	ck_assert_ptr_null(krait_installed_cache(NULL));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("options");
	TCase *tests = tcase_create("options");

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, values_that_are_taken);
	tcase_add_test(tests, values_out_of_range);
	tcase_add_test(tests, the_other_type);
	tcase_add_test(tests, options_that_do_not_exist);
	tcase_add_test(tests, no_handle);
	tcase_add_test(tests, devices);
	tcase_add_test(tests, installed);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
