/* SPDX-License-Identifier: Apache-2.0 */
/* plans_more.h - small models of the kinds of blocks that plans.c leaves out: Mamba-3, experts,
 * Mamba-1 with inner norms. */
#ifndef KRAIT_TESTS_PLANS_MORE_H
#define KRAIT_TESTS_PLANS_MORE_H

#include "kernels/plans.h"

extern const size_t n_more_plans;

/* Goes with plan_free(). */
void more_plan_make(struct plan *out, size_t index);

#endif
