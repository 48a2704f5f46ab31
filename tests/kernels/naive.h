/* SPDX-License-Identifier: Apache-2.0 */
/* naive.h - the formulas of a plan in double precision, position by position, with nothing shared, blocked or kept:
 * what the engine is held to. */
#ifndef KRAIT_TESTS_NAIVE_H
#define KRAIT_TESTS_NAIVE_H

#include "engine.h"

struct naive {
	const struct plan *plan;
	size_t n;                       /* positions, all of one sequence */
	double *x, *u;                  /* [n, width]: the residual stream; normed */
};

/* The final norm's output at each of the n positions, [n, width]. Lives until naive_free_all(). */
const double *naive_hidden(const struct plan *plan, const krait_token *tokens, size_t n);
void naive_free_all(void);

/* For the kinds: zeros; a tensor, or NULL; [n, rows], with a bias that may be NULL. */
double *naive_take(size_t n);
const double *naive_tensor(const struct plan *plan, const struct part *part, enum role role);
double *naive_linear(const double *in, size_t n, size_t k, const double *matrix, const double *bias, size_t rows);
double *naive_in(const struct naive *naive, const struct part *part, enum role matrix, enum role bias, size_t rows);
void naive_out(struct naive *naive, const struct part *part, const double *y, size_t k, enum role matrix,
	enum role bias);
void naive_scale(double *rows, size_t n, size_t stride, size_t first, size_t last, float by);
void naive_rms(double *values, const double *weight, size_t n, double eps);
double *naive_conv(const struct naive *naive, const struct part *part, const double *in, size_t stride,
	size_t channels);
double naive_silu(double x);
double naive_softplus(double x);

/* naive_blocks.c: adds the part's output to naive->x */
void naive_mamba1(struct naive *naive, const struct part *part);
void naive_mamba2(struct naive *naive, const struct part *part);
void naive_attention(struct naive *naive, const struct part *part);
void naive_mlp(struct naive *naive, const struct part *part);

#endif
