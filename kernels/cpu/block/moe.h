/* SPDX-License-Identifier: Apache-2.0 */
/* moe.h - the two halves of a mixture of experts: who is chosen, and the work. */
#ifndef KRAIT_CPU_BLOCK_MOE_H
#define KRAIT_CPU_BLOCK_MOE_H

#include "kernels/cpu/blocks.h"

/* `logits`: the router's, one for each expert; `scratch`: twice as many. chosen [n_used] by id, and what each counts.
 * Of equals the lower id is chosen. Where a number is none the first experts are, with weights of NaN: what cannot be
 * computed is seen in the logits, and is the same each time. */
void krait__choose_experts(const struct part *part, const float *logits, const float *bias, float *scratch,
	uint32_t *chosen, float *weights);

#endif
