/* SPDX-License-Identifier: Apache-2.0 */
/* mamba3.h - one head of Mamba-3: what a thread needs for it, and its way through the rows of a pass. */
#ifndef KRAIT_CPU_BLOCK_MAMBA3_H
#define KRAIT_CPU_BLOCK_MAMBA3_H

#include "kernels/cpu/blocks.h"

/* What a thread works with for one head and one position; rows are padded. */
struct cpu_head3 {
	float *k, *k_before, *c;        /* [rank, d_state] */
	float *now, *before, *y;        /* [rank, head_dim] */
	float *z;                       /* [head_dim] */
	float *cosine, *sine;           /* [angles] */
};

/* With no block it only counts. */
struct cpu_head3 krait__carve_head3(struct cpu_carver *carver, const struct part *part);

/* All rows, when in_proj and the time steps are there: advances the head's state and writes its columns of y. */
void krait__run_head3(const struct pass *pass, const struct cpu_ready *ready, struct cpu_head3 *head, size_t at);

#endif
