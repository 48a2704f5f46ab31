/* SPDX-License-Identifier: Apache-2.0 */
/* prefill_kit.h - device memory, activations and pieces for the tests of the prefill kernels. */
#ifndef KRAIT_TESTS_PREFILL_KIT_H
#define KRAIT_TESTS_PREFILL_KIT_H

#include "kernels/cuda/kernels.h"

#include <stdbool.h>

#define CALL(call) ck_assert_int_eq((call), cudaSuccess)

/* Device memory, given back by kit_end(), which also checks that every kernel ran. */
void *kit_device(const void *from, size_t size);        /* from NULL: not filled */
void kit_fetch(void *to, const void *device, size_t size);
void *kit_host(size_t size);
void kit_end(void);

/* Random floats, on the host and on the device. */
struct floats { float *host; const float *device; };
struct floats kit_floats(size_t n, float scale, float offset);

/* Activations [n_rows, width] with `pad` elements after each row: values is what the device holds, after rounding. */
struct activations {
	struct kc_rows rows;
	double *values;
	uint32_t n_rows, width;
};
struct activations kit_rows(uint32_t type, uint32_t n_rows, uint32_t width, uint32_t pad, float scale, float offset);
void kit_read(struct activations *a);           /* from the device into values */
struct kc_rows kit_columns(const struct activations *a, uint32_t from);

/* A matrix of any type: values is what it stands for. */
struct weights { struct kc_matrix matrix; double *values; };
struct weights kit_weights(uint32_t type, uint32_t rows, uint32_t k, uint32_t group);

/* n pieces in a call: each has a slot of slot_floats random floats. counts: rows of each; `gap` rows lie between two. */
struct test_pieces {
	struct kc_pieces pieces;
	float **slots;          /* on the host: where each slot is on the device */
	float **before;         /* the slots' floats, as they were */
	uint32_t first[8];
};
struct test_pieces kit_pieces(const uint32_t *counts, uint32_t n, uint32_t gap, size_t slot_floats);
/* The pieces' rows [from, from + most) alone. */
struct kc_pieces kit_part(const struct test_pieces *all, const uint32_t *counts, uint32_t from, uint32_t most);
void kit_reset(const struct test_pieces *all, size_t slot_floats);

/* ||a - b|| / ||b||; NaN where either has one. */
double kit_error(const double *a, const double *b, size_t n);
double *kit_doubles(const float *from, size_t n);
const char *kit_type_name(uint32_t type);

#endif
