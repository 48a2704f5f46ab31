/* SPDX-License-Identifier: Apache-2.0 */
/* decode_kit.h - random matrices in every storage, device copies, and what the decode kernels must
 * answer, written plainly in double precision. */
#ifndef KRAIT_TESTS_CUDA_DECODE_KIT_H
#define KRAIT_TESTS_CUDA_DECODE_KIT_H

#include "kernels/cuda/kernels.h"

#include <stdbool.h>

/* Uniform in [-size, size), from a generator that kit_seed() sets. */
void kit_seed(uint64_t seed);
float kit_random(float size);
float *kit_floats(size_t n, float size);        /* on the host; the caller frees */

/* Device memory with these bytes; NULL for NULL. Freed by kit_free_all(). */
void *kit_device(const void *bytes, size_t n);
float *kit_device_floats(size_t n, float size, float **host);   /* random, with its host copy when host is not NULL */
float *kit_filled(size_t n, float value);
void kit_read(void *to, const void *device, size_t n);
float *kit_download(const float *device, size_t n);     /* to host memory of kit_free_all() */
void *kit_keep(void *host);                             /* frees it at kit_free_all() */
void kit_free_all(void);

/* A matrix on the device, and its exact values. */
struct kit_matrix {
	struct kc_matrix m;
	double *w;              /* [rows, k] */
};
struct kit_matrix kit_matrix(enum kc_type type, uint32_t rows, uint32_t k, uint32_t group, float size);

/* Quantises one row as kernels.h says; packed: the bytes of the row. */
void kit_quantise_row(const float *row, uint32_t k, uint32_t group, enum kc_type type, uint8_t *packed, float *scales);

/* ---- the answers ---- */

double kit_silu(double x);
double kit_softplus(double x);
void kit_norm(double *out, const float *x, const float *weight, const float *bias, uint32_t n, double eps, bool centred);
void kit_multiply(double *out, const struct kit_matrix *m, const double *x);

/* The largest |got - want| over n, in units of the root mean square of want; NaN counts as 1e30. */
double kit_error(const float *got, const double *want, size_t n);

#endif
