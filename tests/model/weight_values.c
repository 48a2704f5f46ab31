/* SPDX-License-Identifier: Apache-2.0 */
#include "support.h"
#include "weight_values.h"
#include "base/memory.h"

#include <jansson.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint64_t weight_count(const struct weight *weight)
{
	uint64_t n = 1;

	for (uint32_t i = 0; i < weight->rank; i++)
		n *= weight->shape[i];
	return n;
}

#define VALUE(type) { type value; memcpy(&value, at, sizeof(value)); return (double)value; }

double weight_value(const struct weight *weight, uint64_t index)
{
	const unsigned char *at = weight->data;
	int64_t offset = 0;
	uint16_t half;

	for (uint32_t i = weight->rank; i-- > 0; index /= weight->shape[i])
		offset += (int64_t)(index % weight->shape[i]) * weight->stride[i];
	at += (uint64_t)offset * krait__dtype_size(weight->type);
	ck_assert_uint_le((uint64_t)(at - weight->data) + krait__dtype_size(weight->type), weight->span);
	switch (weight->type) {
	case DTYPE_F32: VALUE(float)
	case DTYPE_F64: VALUE(double)
	case DTYPE_I64: VALUE(int64_t)
	case DTYPE_I32: VALUE(int32_t)
	case DTYPE_I16: VALUE(int16_t)
	case DTYPE_I8: VALUE(int8_t)
	case DTYPE_U8: case DTYPE_BOOL: return *at;
	case DTYPE_F16: memcpy(&half, at, 2); return (double)krait__f16_to_float(half);
	case DTYPE_BF16: memcpy(&half, at, 2); return (double)krait__bf16_to_float(half);
	default: return 0;
	}
}

double weight_squares(const struct weight *weight)
{
	double sum = 0;

	for (uint64_t i = 0, n = weight->type == DTYPE_OTHER ? 0 : weight_count(weight); i < n; i++) {
		double value = weight_value(weight, i);

		sum += value * value;
	}
	return sum;
}

krait_status weight_try(weight_reader *reader, const char *data, size_t size, struct why *why)
{
	unsigned char *copy = malloc(size ? size : 1);
	struct file_view view = { copy, size, false };
	struct checkpoint checkpoint = { 0 };
	krait_status status;
	double sum = 0;

	ck_assert_ptr_nonnull(copy);
	memcpy(copy, data, size);
	krait__why_clear(why);
	status = reader(&checkpoint, &view, "file", why);
	for (size_t i = 0; i < checkpoint.n_weights; i++)
		sum += weight_squares(&checkpoint.weights[i]);
	ck_assert(isnan(sum) || sum >= 0);
	ck_assert(status == KRAIT_OK || checkpoint.n_weights == 0);
	krait__checkpoint_close(&checkpoint);
	free(copy);
	return status;
}

/* The numbers of nested arrays, row after row. */
static void check_numbers(const struct weight *weight, const json_t *value, uint64_t *index)
{
	size_t i;
	json_t *item;

	if (json_is_number(value)) {
		ck_assert_uint_lt(*index, weight_count(weight));
		ck_assert_double_eq(weight_value(weight, (*index)++), json_number_value(value));
	}
	json_array_foreach(value, i, item)
		check_numbers(weight, item, index);
}

static void check_row(const char *folder, const json_t *row)
{
	const char *file = json_string_value(json_object_get(row, "file")), *expect = json_string_value(json_object_get(row, "expect")), *name;
	struct checkpoint checkpoint;
	struct why why = { 0 };
	char path[256];
	krait_status status;
	json_t *tensor;

	snprintf(path, sizeof(path), "%s/%s", folder, file);
	status = krait__checkpoint_open(&checkpoint, support_path(path), true, &why);
	if (strcmp(expect, "either") != 0)
		ck_assert_msg((status == KRAIT_OK) == (strcmp(expect, "loads") == 0), "%s: %s, but %d: %s", file, expect, status, why.text);
	if (status != KRAIT_OK) {
		ck_assert_msg(why.status == status && strchr(why.text, ':') && strlen(why.text) > 30, "%s: %s", file, why.text);
		ck_assert_msg(status == KRAIT_ERROR_FORMAT || status == KRAIT_ERROR_UNSUPPORTED, "%s: %d", file, status);
		ck_assert_ptr_null(checkpoint.weights);
	} else {
		json_object_foreach(json_object_get(row, "tensors"), name, tensor) {
			const struct weight *weight = krait__checkpoint_find(&checkpoint, name);
			uint64_t n = 0;

			ck_assert_msg(weight, "%s: no %s", file, name);
			check_numbers(weight, tensor, &n);
			ck_assert_uint_eq(n, weight_count(weight));
		}
		for (size_t i = 0; i < checkpoint.n_weights; i++)
			weight_squares(&checkpoint.weights[i]);
	}
	krait__checkpoint_close(&checkpoint);
}

void weight_check_manifest(const char *folder)
{
	char path[256];
	json_t *manifest, *rows, *row;
	json_error_t error;
	size_t i;

	snprintf(path, sizeof(path), "%s/MANIFEST.json", folder);
	manifest = json_load_file(support_path(path), 0, &error);
	ck_assert_msg(manifest, "%s: %s", path, error.text);
	rows = json_object_get(manifest, "files");
	ck_assert_uint_gt(json_array_size(rows), 50);
	json_array_foreach(rows, i, row)
		check_row(folder, row);
	json_decref(manifest);
}

/* ---- memory ------------------------------------------------------------------------- */

static size_t held, peak;

static void *watch_resize(void *block, size_t size)
{
	size_t before = block ? malloc_usable_size(block) : 0;
	void *more = realloc(block, size);

	if (more) {
		/* The old block and the new one may exist together for a moment. */
		if (held + malloc_usable_size(more) > peak)
			peak = held + malloc_usable_size(more);
		held += malloc_usable_size(more) - before;
	}
	return more;
}

static void *watch_aligned(size_t alignment, size_t size)
{
	void *block = aligned_alloc(alignment, size);

	held += block ? malloc_usable_size(block) : 0;
	peak = held > peak ? held : peak;
	return block;
}

static void watch_release(void *block)
{
	held -= malloc_usable_size(block);
	free(block);
}

void weight_watch_memory(void)
{
	krait__allocator = (struct krait__allocator){ watch_resize, watch_aligned, watch_release };
	held = peak = 0;
}

size_t weight_peak_memory(void)
{
	return peak;
}
