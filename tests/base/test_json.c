/* SPDX-License-Identifier: Apache-2.0 */
/* test_json.c - the JSON tree: what Python's json module makes of a text, and errors that name the place. */
#include "base/foreign.h"
#include "base/json_number.h"
#include "base/json_tree.h"
#include "base/memory.h"
#include "support.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct why why;

static struct json_value *read_text(const char *text)
{
	memset(&why, 0, sizeof(why));
	return krait__json_read(text, strlen(text), "x.json", &why);
}

/* Values are those of json.loads(text), spelled as the writer does. */
START_TEST(reads_as_python)
{
	static const char *const rows[][2] = {
		{ "null", "null" }, { " true ", "true" }, { "\t\r\nfalse", "false" },
		{ "0", "0" }, { "-0", "0" }, { "-7", "-7" }, { "9223372036854775807", "9223372036854775807" },
		{ "-9223372036854775808", "-9223372036854775808" }, { "9223372036854775808", "9223372036854775808" },
		{ "-9223372036854775809", "-9223372036854775809" },
		{ "1000000000000000019884624838656", "1000000000000000019884624838656" },
		{ "12345678901234567890123", "12345678901234567890123" },
		{ "1.0", "1.0" }, { "-0.0", "-0.0" }, { "0.1", "0.1" }, { "1e3", "1000.0" }, { "1E+2", "100.0" }, { "2.5e-3", "0.0025" },
		{ "123456.789e-3", "123.456789" }, { "5e-324", "4.94065645841247e-324" }, { "1e-400", "0.0" },
		{ "0.30000000000000004", "0.30000000000000004" },
		{ "1e99999999999999999999", "{\"__float__\":\"Infinity\"}" }, { "1e400", "{\"__float__\":\"Infinity\"}" },
		{ "-1e400", "{\"__float__\":\"-Infinity\"}" }, { "NaN", "{\"__float__\":\"NaN\"}" },
		{ "[Infinity,-Infinity]", "[{\"__float__\":\"Infinity\"},{\"__float__\":\"-Infinity\"}]" },
		{ "\"\"", "\"\"" }, { "\"a\\u0000b\"", "\"a\\u0000b\"" }, { "\"\\ud83d\\ude00\"", "\"\\uD83D\\uDE00\"" },
		{ "\"\xf0\x9f\x98\x80 \xc3\xa9\"", "\"\\uD83D\\uDE00 \\u00E9\"" }, { "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\"" },
		{ "\"\x7f\"", "\"\\u007F\"" },
		{ "[]", "[]" }, { "{}", "{}" }, { "[[],[[]],{}]", "[[],[[]],{}]" },
		{ "[1, [2, {\"a\": [3]}], 4]", "[1,[2,{\"a\":[3]}],4]" },
		{ "{\"a\": 1, \"b\": 2, \"a\": [3]}", "{\"a\":[3],\"b\":2}" },
		{ "{\"a\\u0000\": 1, \"a\": 2, \"a\\u0000\": 3}", "{\"a\\u0000\":3,\"a\":2}" },
		{ "\xef\xbb\xbf{\"a\":null}", "{\"a\":null}" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct json_value *value = read_text(rows[i][0]);
		struct buffer out = { 0 };

		ck_assert_msg(value != NULL, "%s: %s", rows[i][0], why.text);
		ck_assert(krait__json_write(&out, value));
		ck_assert_str_eq(out.data, rows[i][1]);
		krait__buffer_free(&out);
		krait__json_free(value);
	}
}
END_TEST

START_TEST(names_the_place)
{
	static const char *const rows[][2] = {
		{ "", "x.json, line 1, column 1: not JSON: the text ends too early" },
		{ "{\"a\": 1,\n \"b\" 2}", "line 2, column 6: not JSON: ':' is expected here" },
		{ "{\"a\": 1\n \"b\": 2}", "line 2, column 2: not JSON: ',' is expected here" },
		{ "[1,]", "line 1, column 4: not JSON: no value begins here" },
		{ "{\"a\":1}\n{\"b\":2}", "line 2, column 1: not JSON: something stands behind the end" },
		{ "\"\xc3\xa9\xc3\xa9\" x", "line 1, column 6" },
		{ "\"a", "line 1, column 3: not JSON: a string has no end" },
		{ "\"a\x01\"", "line 1, column 3: not JSON: a control character" },
		{ "\"\\q\"", "an escape" }, { "\"\\ud800\"", "an escape" }, { "\"\\udc00\"", "an escape" }, { "\"\\ud800\\u0041\"", "an escape" },
		{ "\"\xff\"", "not UTF-8" }, { "\"\xed\xa0\x80\"", "not UTF-8" }, { "{\"\xc3\": 1}", "not UTF-8" },
		{ "01", "needless 0" }, { "[-00.5]", "needless 0" }, { "1.", "too early" }, { "-", "too early" }, { "+1", "no value" }, { ".5", "no value" }, { "1e", "too early" },
		{ "nul", "no value" }, { "infinity", "no value" }, { "'a'", "no value" }, { "{a: 1}", "'\"' is expected" }, { "[1 2]", "',' is expected" },
		{ "{\"a\"", "':' is expected" }, { "[", "too early" }, { "// x\n1", "no value" },
		{ "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", "x.json: this is a pointer of Git LFS" },
		{ "<!doctype HTML><html>", "a web page" }, { "\xff\xfe{", "UTF-16" }, { "GGUF\x03", "GGUF" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		ck_assert_ptr_null(read_text(rows[i][0]));
		ck_assert_int_eq(why.status, KRAIT_ERROR_FORMAT);
		ck_assert_msg(strstr(why.text, rows[i][1]) != NULL, "'%s' says '%s'", rows[i][0], why.text);
	}
}
END_TEST

/* What the text holds is never repeated, so it cannot act on a terminal. */
START_TEST(errors_hold_no_control_characters)
{
	ck_assert_ptr_null(read_text("{\"\x1b[31m\": 1}"));
	for (const char *at = why.text; *at; at++)
		ck_assert_int_ge((unsigned char)*at, 0x20);
	ck_assert_ptr_null(read_text("{\"a\": \xc2\x9b" "31m}"));
	for (const char *at = why.text; *at; at++)
		ck_assert_int_lt((unsigned char)*at, 0x80);
}
END_TEST

START_TEST(depth_is_bounded)
{
	char text[200];

	memset(text, 0, sizeof(text));
	memset(text, '[', 64);
	memset(text + 64, ']', 64);
	krait__json_free(read_text(text));
	ck_assert_str_eq(why.text, "");
	memset(text, '[', 65);
	memset(text + 65, ']', 65);
	ck_assert_ptr_null(read_text(text));
	ck_assert_ptr_nonnull(strstr(why.text, "column 65: not JSON: nested more than 64 deep"));
}
END_TEST

/* Objects of all sizes around the one from which an index is kept, with every key twice. */
START_TEST(keys_are_found)
{
	for (int n = 1; n < 300; n = n < 40 ? n + 1 : n * 3) {
		struct buffer text = { 0 };
		struct json_value *value;
		char key[20];

		for (int i = 0; i < 2 * n; i++)
			ck_assert(krait__buffer_print(&text, "%c\"k%d\":%d", i ? ',' : '{', i % n, i));
		ck_assert(krait__buffer_add_text(&text, "}"));
		value = read_text(text.data);
		ck_assert_msg(value != NULL, "%s", why.text);
		ck_assert_uint_eq(krait__json_size(value), (size_t)n);
		for (int i = 0; i < n; i++) {
			snprintf(key, sizeof(key), "k%d", i);
			ck_assert_int_eq(krait__json_integer(krait__json_get(value, key)), n + i);
			ck_assert_str_eq(krait__json_key(value, (size_t)i, NULL), key);
			ck_assert_ptr_eq(krait__json_member(value, (size_t)i), krait__json_get(value, key));
		}
		ck_assert_ptr_null(krait__json_read_strict(text.data, text.size, "x.json", &why));
		ck_assert_str_eq(why.text, "x.json: duplicate key 'k0' in one object: each may stand once");
		ck_assert_ptr_null(krait__json_get(value, "k"));
		ck_assert_ptr_null(krait__json_get(value, ""));
		ck_assert_ptr_null(krait__json_member(value, (size_t)n));
		krait__json_free(value);
		krait__buffer_free(&text);
	}
}
END_TEST

START_TEST(access_takes_any_kind)
{
	struct json_value *value = read_text("[\"a\\u0000b\", 3, 2.5, {\"k\": true}, null, 100000000000000000000]");

	ck_assert_ptr_null(krait__json_get(NULL, "k"));
	ck_assert_ptr_null(krait__json_get(value, "k"));
	ck_assert_ptr_null(krait__json_at(value, 6));
	ck_assert_ptr_null(krait__json_at(NULL, 0));
	ck_assert_uint_eq(krait__json_size(value), 6);
	ck_assert_uint_eq(krait__json_string_size(krait__json_at(value, 0)), 3);
	ck_assert_mem_eq(krait__json_string(krait__json_at(value, 0)), "a\0b", 4);
	ck_assert_ptr_null(krait__json_string(krait__json_at(value, 1)));
	ck_assert(krait__json_number(krait__json_at(value, 1)) == 3.0);
	ck_assert(krait__json_number(krait__json_at(value, 2)) == 2.5);
	ck_assert_int_eq(krait__json_integer(krait__json_at(value, 2)), 0);
	ck_assert(krait__json_is_bool(krait__json_get(krait__json_at(value, 3), "k")));
	ck_assert(krait__json_is_null(krait__json_at(value, 4)) && krait__json_is_null(NULL));
	ck_assert(!krait__json_is(NULL, JSON_VALUE_NULL));
	ck_assert(krait__json_is_number(krait__json_at(value, 5)) && krait__json_number(krait__json_at(value, 5)) == 1e20);
	ck_assert_str_eq(krait__json_at(value, 5)->as.real.digits, "100000000000000000000");
	krait__json_free(value);
	krait__json_free(NULL);
}
END_TEST

START_TEST(texts_make_an_object)
{
	static const struct json_pair pairs[] = { { "role", "us\0er", 5 }, { "content", "", 0 } };
	struct json_value *value = krait__json_texts(pairs, 2), *none = krait__json_texts(NULL, 0);
	size_t n;

	ck_assert_uint_eq(krait__json_size(value), 2);
	ck_assert_str_eq(krait__json_key(value, 1, &n), "content");
	ck_assert_uint_eq(n, 7);
	ck_assert_mem_eq(krait__json_string(krait__json_get(value, "role")), "us\0er", 6);
	ck_assert_uint_eq(krait__json_string_size(krait__json_get(value, "content")), 0);
	ck_assert(krait__json_is(none, JSON_VALUE_OBJECT) && krait__json_size(none) == 0);
	krait__json_free(value);
	krait__json_free(none);
}
END_TEST

static void exchange(const char *locale)
{
	struct buffer room = { 0 };
	char text[NUMBER_TEXT];
	double number;

	ck_assert(krait__number_read(&number, "-12.5e-1", 8, &room));
	ck_assert_msg(number == -1.25, "%s: %g", locale, number);
	krait__number_write(text, 3.333333333333333e-10);
	ck_assert_str_eq(text, "3.333333333333333e-10");
	krait__number_write(text, -1.25);
	ck_assert_str_eq(text, "-1.25");
	krait__number_write(text, 7);
	ck_assert_str_eq(text, "7.0");
	ck_assert_str_eq(krait__number_show(text, -1.5e-30), "-1.5e-30");
	ck_assert_str_eq(krait__number_show(text, 0.25), "0.25");
	ck_assert_str_eq(krait__number_show(text, 7), "7");
	ck_assert_str_eq(krait__number_show(text, -INFINITY), "-inf");
	krait__number_show(text, NAN);
	ck_assert(strcmp(text, "nan") == 0 || strcmp(text, "-nan") == 0);
	krait__buffer_free(&room);
}

/* What a caller is told. */
static void messages(const char *locale)
{
	krait_sampler *sampler;

	ck_assert_int_eq(krait_sampler_new(&sampler), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_set_float(sampler, KRAIT_SAMPLE_TOP_P, 1.5), KRAIT_ERROR_ARGUMENT);
	ck_assert_msg(strstr(krait_sampler_error(sampler), "is 1.5:") != NULL, "%s: %s", locale, krait_sampler_error(sampler));
	krait_sampler_free(sampler);
}

/* A locale that this machine can make, where none is installed; localedef comes with the C library, its sources
 * may not. */
static void make_locale(void)
{
	const char *folder = support_folder();
	char command[600];

	snprintf(command, sizeof(command), "localedef -i de_DE -f UTF-8 '%s/de_DE.UTF-8' >/dev/null 2>&1", folder);
	if (system(command) == 0)
		setenv("LOCPATH", folder, 1);
}

START_TEST(a_locale_with_a_comma)
{
	static const char *const names[] = { "de_DE.UTF-8", "fr_FR.UTF-8", "de_DE", "ps_AF.UTF-8" };
	bool any = false;

	exchange("C");
	messages("C");
	if (!setlocale(LC_NUMERIC, names[0]))
		make_locale();
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (setlocale(LC_NUMERIC, names[i])) {
			any = true;
			exchange(names[i]);
			messages(names[i]);
		}
	setlocale(LC_NUMERIC, "C");
	unsetenv("LOCPATH");
	if (!any)
		support_skip("no locale with a decimal comma is installed");
}
END_TEST

/* ---- memory --------------------------------------------------------------------------- */

static unsigned long n_calls, fails_at;
static struct krait__allocator real;

static void *failing(void *block, size_t size)
{
	return ++n_calls == fails_at ? NULL : real.resize(block, size);
}

START_TEST(memory_ends)
{
	static const char text[] = "{\"a\": [1, 2.5, \"long enough to need room of its own, at least some of it, or so one hopes\"], \"b\": 100000000000000000000,"
		"\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,\"h\":0,\"i\":0,\"j\":0,\"k\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]}";
	struct json_value *value = NULL;

	real = krait__allocator;
	krait__allocator.resize = failing;
	for (fails_at = 1; !value; fails_at++) {
		n_calls = 0;
		value = read_text(text);
		if (!value)
			ck_assert_int_eq(why.status, KRAIT_ERROR_MEMORY);
		ck_assert_uint_lt(fails_at, 100);
	}
	krait__allocator = real;
	ck_assert_uint_gt(fails_at, 5);
	ck_assert_uint_eq(krait__json_size(value), 11);
	krait__json_free(value);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("json");
	TCase *tcase = tcase_create("tree");

	tcase_add_test(tcase, reads_as_python);
	tcase_add_test(tcase, names_the_place);
	tcase_add_test(tcase, errors_hold_no_control_characters);
	tcase_add_test(tcase, depth_is_bounded);
	tcase_add_test(tcase, keys_are_found);
	tcase_add_test(tcase, access_takes_any_kind);
	tcase_add_test(tcase, texts_make_an_object);
	tcase_add_test(tcase, a_locale_with_a_comma);
	tcase_add_test(tcase, memory_ends);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
