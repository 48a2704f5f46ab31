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

#endif
