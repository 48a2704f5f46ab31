/* SPDX-License-Identifier: Apache-2.0 */
/* blocks.c - the kinds of blocks that this engine runs. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/blocks.h"

static const struct cpu_block *const blocks[N_PART_KINDS] = {
	[PART_MAMBA1] = &krait__cpu_mamba1,
	[PART_MAMBA2] = &krait__cpu_mamba2,
	[PART_MAMBA3] = &krait__cpu_mamba3,
	[PART_ATTENTION] = &krait__cpu_attention,
	[PART_MOE] = &krait__cpu_moe,
	[PART_MLP] = &krait__cpu_mlp,
};

const struct cpu_block *krait__cpu_block(enum part_kind kind)
{
	return (unsigned)kind < N_PART_KINDS ? blocks[kind] : NULL;
}
