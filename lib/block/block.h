/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block.h - the kinds of blocks: which rows a block's projections have, what of them feeds what, and
 * which sizes can be those of a block.
 *
 * A kind is one file here and one in each engine. This room knows numbers of a part and the shapes of its
 * tensors; it knows neither files nor names of families, nor how an engine lays anything out.
 */
#ifndef KRAIT_BLOCK_BLOCK_H
#define KRAIT_BLOCK_BLOCK_H

#include "engine.h"

/* The rows of in_proj by what they feed. A kind that lacks a segment has no rows in it. */
enum segment { SEGMENT_MLP, SEGMENT_Z, SEGMENT_CONV, SEGMENT_DT, N_SEGMENTS };

/* What follows from a part's sizes. */
struct geometry {
	uint32_t first[N_SEGMENTS], rows[N_SEGMENTS];   /* of in_proj */
	uint32_t in_rows;               /* of in_proj, all segments */
	uint32_t channels;              /* of the convolution */
	uint32_t small_rows;            /* of x_proj: dt, B, C; 0 where in_proj makes them */
	uint32_t n_steps;               /* time steps of one position: one for each channel or head */
	uint32_t state_rows;            /* the recurrent state is [state_rows, d_state], in runs of */
	uint32_t state_run;             /* rows that belong together: all channels, or a head */
};

struct block_kind {
	const char *name;               /* as errors call it */
	void (*geometry)(struct geometry *out, const struct part *part);
	bool (*possible)(const struct part *part);      /* the sizes fit each other; none of the usual ones is 0 */
};

extern const struct block_kind krait__block_mamba1, krait__block_mamba2;

/* NULL: there is no such kind. */
const struct block_kind *krait__block_kind(enum part_kind kind);

/* Of a part that was checked. */
struct geometry krait__geometry(const struct part *part);

/* All that an engine relies on in a part: a kind that there is, sizes that fit each other, and tensors of
 * the shapes that follow from them. Engines trust a part that passed. */
krait_status krait__block_check(const struct plan *plan, const struct part *part, struct why *why);

#endif
