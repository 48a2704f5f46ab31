/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h - from a configuration and the tensors of a checkpoint to the plan that engines run. */
#ifndef KRAIT_MODEL_PLAN_H
#define KRAIT_MODEL_PLAN_H

#include "source/checkpoint.h"
#include "model/configuration.h"

/* Where a tensor of the plan comes from. */
struct binding {
	const struct weight *weight;
	const struct tensor_rule *rule;
};

/* Finds every tensor, takes the sizes from what most shapes say, and fills the plan; its
 * tensors have no data yet. *bindings has one entry for each of plan->tensors and is the
 * caller's to free. Errors name a tensor that is missing, one too many or misshapen. */
krait_status krait__plan_build(struct plan *out, struct binding **bindings, const struct model_config *config,
	const struct checkpoint *checkpoint, struct why *why);

/* The head as the embedding's own storage: forgets the head's tensor, the last one. */
void krait__plan_tie(struct plan *plan);

/* All that an engine relies on: nothing empty, heads and groups divide, products that fit. */
krait_status krait__plan_check(const struct plan *plan, struct why *why);
void krait__plan_free(struct plan *plan);

/* "mamba2", "attention": of a part of a checked plan. */
const char *krait__plan_kind(enum part_kind kind);

#endif
