/* SPDX-License-Identifier: Apache-2.0 */
/* mamba2.c - the Mamba-2 block: in_proj makes everything, in this order: the gate and the values of an MLP beside
 * the SSM (where d_ssm < d_inner), the gate z, then x, B and C, which the convolution takes together, and dt. Each
 * head has a time step. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "block/block.h"

static void geometry(struct geometry *out, const struct part *part)
{
	out->channels = part->d_ssm + 2 * part->n_groups * part->d_state;
	out->rows[SEGMENT_MLP] = 2 * (part->d_inner - part->d_ssm);
	out->rows[SEGMENT_Z] = part->d_ssm;
	out->rows[SEGMENT_CONV] = out->channels;
	out->rows[SEGMENT_DT] = out->n_steps = part->n_heads;
	for (int i = 0; i < N_SEGMENTS; i++) {
		out->first[i] = out->in_rows;
		out->in_rows += out->rows[i];
	}
	out->state_rows = part->n_heads * part->head_dim;
	out->state_run = part->head_dim;
}

static bool possible(const struct part *part)
{
	return (uint64_t)part->n_heads * part->head_dim == part->d_ssm && part->d_ssm <= part->d_inner
		&& part->n_heads % part->n_groups == 0 && part->d_ssm % part->n_groups == 0;
}

const struct block_kind krait__block_mamba2 = { .name = "mamba2", .geometry = geometry, .possible = possible };
