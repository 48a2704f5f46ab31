/* SPDX-License-Identifier: Apache-2.0 */
/* reference.h - the blocks of plans_more.c in double, one token at a time, as the formulas have them. */
#ifndef KRAIT_TESTS_REFERENCE_H
#define KRAIT_TESTS_REFERENCE_H

#include "engine.h"

struct reference {
	const struct plan *plan;
	double **tensor;                /* of the plan, widened */
	double **state;                 /* a component each, in canonical form */
	uint32_t **experts;             /* of the last token, for each part that has some, by id */
};

void reference_open(struct reference *out, const struct plan *plan);
void reference_close(struct reference *reference);
void reference_step(struct reference *reference, krait_token token, double *hidden);
size_t reference_extent(const struct component *component);

/* For its own files. */
void *reference_zeros(size_t n, size_t size);
const double *reference_role(const struct reference *reference, const struct part *part, enum role role);
void reference_multiply(double *out, const double *matrix, const double *in, size_t rows, size_t k);
double reference_sigmoid(double x);
double reference_silu(double x);
void reference_moe(struct reference *reference, const struct part *part, const double *in, double *out);

#endif
