/* SPDX-License-Identifier: Apache-2.0 */
/* prefill_reference.h - what the prefill kernels must compute, in plain C and double precision, one row at a time. */
#ifndef KRAIT_TESTS_PREFILL_REFERENCE_H
#define KRAIT_TESTS_PREFILL_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

void ref_norm(double *out, const double *x, const float *weight, const float *bias, size_t width, double eps, bool layer);

/* out += bias where not NULL */
void ref_product(double *out, const double *in, const double *matrix, const float *bias, size_t rows, size_t k);

/* One row: the window [K-1, C] moves on. */
void ref_conv(double *out, const double *in, double *window, const float *weight, const float *bias, size_t channels, size_t taps);

/* One row of Mamba-1: h [I, N] moves on. dt before bias and softplus. */
struct ref_scan1 {
	const double *dt, *u, *z, *b, *c;
	const float *dt_bias, *a, *d;
	size_t d_inner, d_state;
};
void ref_scan1(double *y, double *h, const struct ref_scan1 *scan);

/* One row of Mamba-2: h [H, P, N] moves on; y [S]. dt [H] before bias and softplus; z NULL: not gated. */
struct ref_scan2 {
	const double *dt, *x, *b, *c, *z;
	const float *dt_bias, *a, *d;
	double limit_low, limit_high;
	size_t d_state, n_heads, head_dim, n_groups;
};
void ref_scan2(double *y, double *h, const struct ref_scan2 *scan);

/* In place over n_normed columns; gate NULL: none. */
void ref_gate_norm(double *y, const double *gate, const float *weight, size_t n_normed, size_t n_groups, double eps);

double ref_score(const float *logits, size_t vocab, size_t target);
double ref_silu(double x);

#endif
