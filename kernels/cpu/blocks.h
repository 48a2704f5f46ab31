/* SPDX-License-Identifier: Apache-2.0 */
/*
 * blocks.h - what a kind of block is to the CPU engine: one entry of a table, made in block/<kind>.c.
 *
 * A part is made ready once: its small tensors are widened and laid out for the kernels, its places in a
 * row of scratch and in a slot are computed. Matrices stay where the plan has them.
 */
#ifndef KRAIT_CPU_BLOCKS_H
#define KRAIT_CPU_BLOCKS_H

#include "block/block.h"
#include "kernels/cpu/cpu.h"

/* Rows of a first product that share a matrix and a scale. */
struct cpu_run {
	struct matrix matrix;
	size_t at;                      /* in a row of `projected` */
	const float *bias;              /* NULL or [rows], multiplied already */
	float scale;
};

#define SEGMENT_RUNS 3          /* x, B and C, or q, k and v */

struct cpu_mamba1 {
	struct matrix x, dt;
	float *dt_bias, *a, *d;         /* a: -exp(A_log) in blocks */
	float *dt_norm, *b_norm, *c_norm;       /* with PART_INNER_NORMS; ones where they have no weights */
	size_t ssm_at;
};

struct cpu_mamba2 {
	float *dt_bias, *a, *d;         /* a: -exp(A_log) [heads]; d: one for each channel */
	float *gate_norm;
	size_t ssm_at;
};

struct cpu_mamba3 {
	float *dt_bias, *d;             /* [heads] */
	float *b_norm, *c_norm;         /* [d_state] */
	float *b_bias, *c_bias;         /* [heads, rank, d_state] */
	float *mimo_x, *mimo_z, *mimo_o;        /* [heads, rank, head_dim] */
	float *gate_norm;               /* [d_inner] */
	size_t ssm_at, angle_at, k_at, v_at;
};

struct cpu_moe {
	struct matrix router;
	float *router_bias;
	uint32_t *chosen;               /* [MAX_ROWS, n_used]: of each row of the last pass, by id, and */
	float *weights;                 /* what each counts, out_scale included */
};

struct cpu_mlp {
	float *gate_bias, *up_bias;
	struct cpu_run gate, up;        /* gate: of no rows where there is none */
};

struct cpu_attention {
	double *frequencies;            /* [n_rotary / 2]: what a pair turns by from one position to the next */
	/* In a page: [kv heads, head_dim, positions], and [kv heads, positions, padded head_dim]. */
	size_t k_at, v_at;
};

/* A part with its small tensors widened, padded and laid out for the kernels. What a kind has none of is
 * NULL or 0. */
struct cpu_ready {
	const struct part *part;
	struct geometry geometry;
	size_t at[N_SEGMENTS], width;   /* where a segment's results stand in a row of `projected`, and all of it */
	struct cpu_run runs[N_SEGMENTS][SEGMENT_RUNS];
	size_t n_runs[N_SEGMENTS];
	float *norm, *norm_bias;
	float *in_bias[N_SEGMENTS];
	float *conv, *conv_bias;        /* [d_conv, channels], [channels], padded */
	bool conv_linear;               /* without SiLU behind it */
	struct matrix out;
	float *out_bias;
	size_t conv_at;                 /* in a slot's data, as are a kind's own places */
	union {
		struct cpu_mamba1 mamba1;
		struct cpu_mamba2 mamba2;
		struct cpu_mamba3 mamba3;
		struct cpu_moe moe;
		struct cpu_mlp mlp;
		struct cpu_attention attention;
	};
};

/* Where element (i, j) of a canonical matrix [rows, columns] stands in a slot: rows in blocks, inside which
 * they stand side by side, `stride` apart from one column to the next. */
struct cpu_place {
	size_t at, rows, columns, stride, block;
};

/* Where element (position, i, j) of a canonical [positions, rows, columns] stands in a page: how far apart
 * neighbours of each axis are. */
struct cpu_page_place {
	size_t at, position, row, column;
};

struct cpu_block {
	/* Takes room for small tensors; what all kinds have is done by then. */
	void (*layout)(struct cpu_carver *carver, struct cpu_ready *ready, const struct plan *plan);
	/* Makes rows of scratch as wide as it needs them. */
	void (*widths)(struct scratch *scratch, const struct cpu_ready *ready);
	/* NULL, both, where nothing of its state is fixed. The place is that of the part's index-th component. */
	void (*slot)(struct cpu_carver *carver, struct cpu_ready *ready);
	struct cpu_place (*place)(const struct cpu_ready *ready, uint32_t index);
	/* The same of what is per token, in a page. */
	void (*page)(struct cpu_carver *carver, struct cpu_ready *ready);
	struct cpu_page_place (*page_place)(const struct cpu_ready *ready, uint32_t index);
	void (*prepare)(const struct plan *plan, struct cpu_ready *ready);
	/* Of scratch.normed, which stays, adds the part's output to scratch.x; ends with a barrier. */
	void (*run)(const struct pass *pass, const struct cpu_ready *ready, unsigned thread);
};

/* NULL: the engine does not run this kind. */
const struct cpu_block *krait__cpu_block(enum part_kind kind);

extern const struct cpu_block krait__cpu_mamba1, krait__cpu_mamba2, krait__cpu_mamba3, krait__cpu_attention,
	krait__cpu_mlp, krait__cpu_moe;

/* layout.c: for a kind's layout and widths */
float *krait__carve_role(struct cpu_carver *carver, const struct part *part, enum role role, size_t rows,
	size_t columns);
/* Biases of segments, and the convolution. */
void krait__carve_in(struct cpu_carver *carver, struct cpu_ready *ready);
size_t krait__ssm_rows(const struct geometry *geometry);        /* of the recurrent state, each head padded */
void krait__widen_to(size_t *width, size_t n);                  /* to n at least, padded */

/* prepare.c: for a kind's prepare */
void krait__widen_role(float *out, const struct plan *plan, const struct part *part, enum role role, size_t n);
void krait__widen_at(float *out, const struct tensor *tensor, size_t first, size_t n);
void krait__multiply(float *values, size_t n, float by);        /* values may be NULL */
/* All rows of a segment of in_proj, or its next n where they have scales of their own. */
void krait__prepare_segment(const struct plan *plan, struct cpu_ready *ready, enum segment segment, float scale);
void krait__prepare_rows(const struct plan *plan, struct cpu_ready *ready, enum segment segment, size_t n, float scale);
/* The same of other matrices: rows of a tensor and their bias, into a bias that is NULL where they have none. */
struct cpu_run krait__prepare_run(const struct plan *plan, const struct part *part, enum role matrix, size_t first,
	size_t n, enum role bias, float *bias_out, float scale);
void krait__prepare_conv(const struct plan *plan, struct cpu_ready *ready);
/* The product that ends the block, of out_scale and with its bias. */
void krait__prepare_out(const struct plan *plan, struct cpu_ready *ready, enum role matrix, enum role bias);

/* stages.c: what blocks have in common; `thread` does its share of a stage */
void krait__run_product(const struct pass *pass, const struct cpu_run *run, struct share share, unsigned thread);
void krait__segment_product(const struct pass *pass, const struct cpu_ready *ready, enum segment segment,
	struct share share, unsigned thread);
void krait__conv_pieces(const struct pass *pass, const struct cpu_ready *ready, struct share channels);
/* up * silu(gate), or as the part's flags have it; without a gate `up` goes through the function itself. */
void krait__activate(const struct emodel *model, const struct part *part, float *out, const float *up,
	const float *gate, size_t n);
void krait__out_product(const struct pass *pass, const struct cpu_ready *ready, unsigned thread);

#endif
