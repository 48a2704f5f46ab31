/* SPDX-License-Identifier: Apache-2.0 */
/* test_safetensors.c - safetensors files: hostile ones, damaged ones, and what reading one costs. */
#include "support.h"
#include "weight_values.h"
#include "base/buffer.h"
#include "base/memory.h"
#include "base/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A file of this header and so many bytes of data, 0 1 2 3... */
static krait_status try_header(const char *header, size_t n_header, size_t n_data, struct why *why)
{
	char *file = malloc(8 + n_header + n_data);
	krait_status status;

	ck_assert_ptr_nonnull(file);
	for (int i = 0; i < 8; i++)
		file[i] = (char)((uint64_t)n_header >> (8 * i));
	memcpy(file + 8, header, n_header);
	for (size_t i = 0; i < n_data; i++)
		file[8 + n_header + i] = (char)i;
	status = weight_try(krait__safetensors_read, file, 8 + n_header + n_data, why);
	free(file);
	return status;
}

static krait_status try_text(const char *header, size_t n_data)
{
	struct why why;
	krait_status status = try_header(header, strlen(header), n_data, &why);

	ck_assert_msg(status == KRAIT_OK || (strncmp(why.text, "file: ", 6) == 0 && strlen(why.text) > 30), "%s", why.text);
	return status;
}

START_TEST(test_manifest)
{
	ck_assert_int_eq(chdir(support_folder()), 0);
	weight_check_manifest("bad/safetensors");
	ck_assert_int_ne(access("pwned", F_OK), 0);
}
END_TEST

START_TEST(test_values)
{
	struct checkpoint checkpoint;
	struct why why = { 0 };
	const struct weight *weight;

	ck_assert_int_eq(krait__checkpoint_open(&checkpoint, support_path("bad/safetensors/ok-empty-and-scalar.safetensors"), true, &why), KRAIT_OK);
	ck_assert_uint_eq(checkpoint.n_weights, 3);
	weight = krait__checkpoint_find(&checkpoint, "s");
	ck_assert_uint_eq(weight->rank, 0);
	ck_assert_double_eq(weight_value(weight, 0), 1.0);
	ck_assert_uint_eq(weight->span, 4);
	weight = krait__checkpoint_find(&checkpoint, "e2");
	ck_assert_uint_eq(weight->rank, 2);
	ck_assert_ptr_null(weight->data);
	ck_assert(krait__weight_contiguous(weight));
	krait__checkpoint_close(&checkpoint);
}
END_TEST

/* All dtypes of the format, in one file, at their sizes. */
START_TEST(test_types)
{
	static const char *const names[] = { "BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "I16", "U16", "F16", "BF16",
		"I32", "U32", "F32", "C64", "F64", "I64", "U64" };
	static const int sizes[] = { 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 8, 8, 8, 8 };
	char header[256];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		snprintf(header, sizeof(header), "{\"a\":{\"dtype\":\"%s\",\"shape\":[3],\"data_offsets\":[0,%d]}}", names[i], 3 * sizes[i]);
		ck_assert_int_eq(try_text(header, (size_t)(3 * sizes[i])), KRAIT_OK);
		ck_assert_int_eq(try_text(header, (size_t)(3 * sizes[i]) + 1), KRAIT_ERROR_FORMAT);
	}
	ck_assert_int_eq(try_text("{\"a\":{\"dtype\":\"F4\",\"shape\":[4],\"data_offsets\":[0,2]}}", 2), KRAIT_OK);
	ck_assert_int_eq(try_text("{\"a\":{\"dtype\":\"F6_E2M3\",\"shape\":[4],\"data_offsets\":[0,3]}}", 3), KRAIT_OK);
	ck_assert_int_eq(try_text("{\"a\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,1]}}", 1), KRAIT_ERROR_FORMAT);
}
END_TEST

#define ENTRY "{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}"

START_TEST(test_headers)
{
	ck_assert_int_eq(try_text(" \n{ \"a\" : " ENTRY " } \t\r\n", 1), KRAIT_OK);
	ck_assert_int_eq(try_text("{\"\\u0061\\ud83d\\ude00\":" ENTRY "}", 1), KRAIT_OK);
	ck_assert_int_eq(try_text("{\"\":" ENTRY "}", 1), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(try_text("{\"a\\u0000\":" ENTRY "}", 1), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(try_text("{\"a\\x\":" ENTRY "}", 1), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(try_text("{\"\\ude00\\ud83d\":" ENTRY "}", 1), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(try_text("{\"a\nb\":" ENTRY "}", 1), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(try_text("{\"a\":" ENTRY ",}", 1), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(try_text("{,\"a\":" ENTRY "}", 1), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(try_text("{\"a\"" ENTRY "}", 1), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(try_text("{\"a\":" ENTRY "} x", 1), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(try_text("{\"__metadata__\":{\"format\":\"pt\",\"x\":\"\\u0000\"},\"a\":" ENTRY "}", 1), KRAIT_OK);
	ck_assert_int_eq(try_text("{\"__metadata__\":{},\"__metadata__\":{},\"a\":" ENTRY "}", 1), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(try_text("{\"__metadata__\":[],\"a\":" ENTRY "}", 1), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(try_text("{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1],\"more\":{\"x\":[1.5e-3,true,null,\"\",{}]}}}", 1), KRAIT_OK);
	ck_assert_int_eq(try_text("{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1],\"more\":{\"x\":[1.5e,true]}}}", 1), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(try_text("{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}", 1), KRAIT_OK);
	ck_assert_int_eq(try_text("{\"a\":{\"dtype\":\"U8\",\"shape\":[1,1,1,1,1,1,1,1,1],\"data_offsets\":[0,1]}}", 1), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(try_text("{\"a\":{\"dtype\":\"U8\",\"shape\":[18446744073709551615],\"data_offsets\":[0,1]}}", 1), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(try_text("{\"a\":{\"dtype\":\"U8\",\"shape\":[18446744073709551617],\"data_offsets\":[0,1]}}", 1), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(try_text("{\"a\":{\"dtype\":\"U8\",\"shape\":[0,4294967296,4294967296],\"data_offsets\":[0,0]},\"b\":" ENTRY "}", 1), KRAIT_OK);
}
END_TEST

START_TEST(test_cut_anywhere)
{
	static const char *const files[] = { "bad/safetensors/ok-metadata.safetensors", "bad/safetensors/ok-empty-and-scalar.safetensors" };
	size_t n;
	char *data = support_read(files[_i], &n);
	struct why why;

	ck_assert_int_eq(weight_try(krait__safetensors_read, data, n, &why), KRAIT_OK);
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(weight_try(krait__safetensors_read, data, i, &why) == KRAIT_ERROR_FORMAT, "%s cut to %zu bytes", files[_i], i);
	free(data);
}
END_TEST

START_TEST(test_changed_bytes)
{
	static const char *const files[] = { "bad/safetensors/ok-metadata.safetensors", "bad/safetensors/ok-empty-and-scalar.safetensors", "bad/safetensors/ok-unsorted.safetensors" };
	size_t n, refused = 0;
	char *data = support_read(files[_i], &n);
	struct why why;

	for (size_t i = 0; i < n; i++) {
		char before = data[i];

		for (int value = 0; value < 256; value++) {
			data[i] = (char)value;
			refused += weight_try(krait__safetensors_read, data, n, &why) != KRAIT_OK;
		}
		data[i] = before;
	}
	ck_assert_uint_gt(refused, n * 128);
	free(data);
}
END_TEST

/* Headers that make much of little: at most 4 times the file and 1 MiB are held. */
START_TEST(test_memory_is_bounded)
{
	static const char *const items[] = { "[],", "{},", "\"\",", "[[],[]]," };
	struct buffer header = { 0 };
	struct why why;
	size_t peak;

	if (_i < 4)
		krait__buffer_add_text(&header, "{\"a\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1],\"more\":[");
	else
		krait__buffer_add_text(&header, "{");
	for (unsigned i = 0; header.size < (_i == 4 ? (size_t)4 << 20 : (size_t)1 << 20); i++)
		if (_i < 4)
			krait__buffer_add_text(&header, items[_i]);
		else    /* the smallest tensors that there can be, with names as short as so many need */
			krait__buffer_print(&header, "%s\"%x\":{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[%u,%u]}", i ? "," : "", i, i, i + 1);
	krait__buffer_add_text(&header, _i < 4 ? "1]}}" : "}");
	weight_watch_memory();
	try_header(header.data, header.size, 1, &why);
	peak = weight_peak_memory();
	ck_assert_msg(peak <= 4 * header.size + (1 << 20), "%zu bytes for a header of %zu", peak, header.size);
	free(header.data);
}
END_TEST

START_TEST(test_most_tensors)
{
	struct buffer header = { 0 };
	struct why why;

	for (unsigned i = 0; i < 100000 + (unsigned)_i; i++)
		krait__buffer_print(&header, "%s\"%x\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}", i ? "," : "{", i);
	krait__buffer_add_text(&header, "}");
	ck_assert_int_eq(try_header(header.data, header.size, 0, &why), _i ? KRAIT_ERROR_FORMAT : KRAIT_OK);
	krait__buffer_free(&header);
}
END_TEST

/* The JSON reader itself: what its callers rely on. */
START_TEST(test_skip)
{
	static const struct { const char *text; bool good; } values[] = {
		{ "1", true }, { "-0", true }, { "-1.5e+10", true }, { "0.5", true }, { "01", false }, { "1.", false }, { ".5", false }, { "-", false }, { "+1", false },
		{ "1e", false }, { "NaN", false }, { "true", true }, { "tru", false }, { "null", true }, { "\"a\\\"b\"", true }, { "\"a", false }, { "[]", true },
		{ "[1,]", false }, { "[,1]", false }, { "[1 2]", false }, { "{\"a\":1,\"b\":[{}]}", true }, { "{\"a\"}", false }, { "{1:2}", false }, { "{\"a\":}", false },
		{ "[[[[]]]", false }, { "[}", false }, { "{]", false }, { "", false }, { "\"\\u12g4\"", false }, { "\"\xff\"", false }, { "\"\x01\"", false },
	};
	struct why why = { 0 };
	struct scan scan = { .text = values[_i].text, .size = strlen(values[_i].text), .what = "value", .why = &why };
	krait_status status = krait__scan_skip(&scan);

	if (status == KRAIT_OK)
		status = krait__scan_end(&scan);
	ck_assert_msg((status == KRAIT_OK) == values[_i].good, "%s: %s", values[_i].text, why.text);
}
END_TEST

START_TEST(test_skip_depth)
{
	char text[256];
	struct why why = { 0 };

	for (size_t depth = 60; depth < 70; depth++) {
		struct scan scan = { .text = text, .size = 2 * depth, .what = "value", .why = &why };

		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		ck_assert_int_eq(krait__scan_skip(&scan), depth <= 64 ? KRAIT_OK : KRAIT_ERROR_FORMAT);
	}
}
END_TEST

/* Another program writes to the file between the two readings of its header: when room for the weights is made. */
static char *changing;
static const char *change_to;
static struct krait__allocator real;

static void *change(void *block, size_t size)
{
	if (size >= sizeof(struct weight) && changing) {
		memcpy(changing, change_to, strlen(change_to));
		changing = NULL;
	}
	return real.resize(block, size);
}

#define EMPTY(name) "\"" name "\":{\"dtype\":\"F32\",\"shape\":[0],\"data_offsets\":[0,0]}"
#define WIDE "                                                     "

START_TEST(test_changed_header)
{
	static const char one[] = "{" EMPTY("a") "}" WIDE, two[] = "{" EMPTY("a") "," EMPTY("b") "}";
	struct checkpoint checkpoint = { 0 };
	struct why why = { 0 };
	char file[sizeof(one) + 8] = { 0 };
	struct file_view view = { (const unsigned char *)file, 8 + strlen(one), false };

	ck_assert_uint_eq(strlen(one), strlen(two));
	file[0] = (char)strlen(one);
	memcpy(file + 8, _i ? two : one, strlen(one));
	changing = file + 8;
	change_to = _i ? one : two;
	real = krait__allocator;
	krait__allocator.resize = change;
	ck_assert_int_eq(krait__safetensors_read(&checkpoint, &view, "x.safetensors", &why), KRAIT_ERROR_FORMAT);
	krait__allocator = real;
	ck_assert_msg(strstr(why.text, "changed while") != NULL, "%s", why.text);
	ck_assert_uint_eq(checkpoint.n_weights, 0);
	krait__free(checkpoint.weights);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("safetensors files");
	TCase *tests = tcase_create("all");

	tcase_add_test(tests, test_manifest);
	tcase_add_test(tests, test_values);
	tcase_add_test(tests, test_types);
	tcase_add_test(tests, test_headers);
	tcase_add_loop_test(tests, test_cut_anywhere, 0, 2);
	tcase_add_loop_test(tests, test_changed_bytes, 0, 3);
	tcase_add_loop_test(tests, test_memory_is_bounded, 0, 5);
	tcase_add_loop_test(tests, test_most_tensors, 0, 2);
	tcase_add_loop_test(tests, test_skip, 0, 31);
	tcase_add_test(tests, test_skip_depth);
	tcase_add_loop_test(tests, test_changed_header, 0, 2);
	tcase_set_timeout(tests, 300);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
