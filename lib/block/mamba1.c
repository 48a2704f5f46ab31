/* SPDX-License-Identifier: Apache-2.0 */
/* mamba1.c - the Mamba-1 block: in_proj makes x, which the convolution takes, and the gate z; x_proj makes dt, B
 * and C of what came out of the convolution. Each channel has a time step and a state of its own. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "block/block.h"

static void geometry(struct geometry *out, const struct part *part)
{
	out->rows[SEGMENT_CONV] = out->rows[SEGMENT_Z] = part->d_inner;
	out->first[SEGMENT_Z] = part->d_inner;
	out->in_rows = out->first[SEGMENT_DT] = 2 * part->d_inner;
	out->channels = out->n_steps = part->d_inner;
	out->small_rows = part->rank + 2 * part->d_state;
	out->state_rows = out->state_run = part->d_inner;
}

static bool possible(const struct part *part)
{
	return part->rank > 0 && part->d_ssm == part->d_inner;
}

const struct block_kind krait__block_mamba1 = { .name = "mamba1", .geometry = geometry, .possible = possible };
