/* SPDX-License-Identifier: Apache-2.0 */
/*
 * block.h - the kinds of blocks: which tensors and which state one has, which rows its products have, what of them
 * feeds what, and which sizes can be those of a block.
 *
 * A kind is one file here and one in each engine. This room knows numbers of a part and the shapes of its
 * tensors; it knows neither files nor families, nor how an engine lays anything out.
 */
#ifndef KRAIT_BLOCK_BLOCK_H
#define KRAIT_BLOCK_BLOCK_H

#include "engine.h"

/* ---- what a block is made of ---------------------------------------------------------- */

/* Sizes that shapes are made of. Those from DIM_OWN on are each kind's own. */
enum { DIM_ONE, DIM_WIDTH, DIM_VOCAB, DIM_OWN, N_DIMS = 24 };

/* Whether a tensor is there can depend on one of these; a family's configuration says which are wanted. */
enum need {
	NEED_ALWAYS, NEED_NORM_BIAS,
	NEED_BIAS,              /* of in_proj */
	NEED_OUT_BIAS, NEED_CONV_BIAS, NEED_GATE_NORM, NEED_INNER_NORMS, NEED_MIMO,
	NEED_ATTENTION_CONV, NEED_ATTENTION_BIAS, NEED_ATTENTION_OUT_BIAS,
	NEED_MLP_BIAS, NEED_MLP_GATE,
	N_NEEDS
};

/* How random weights are drawn for a tensor. */
enum fill {
	FILL_MATRIX, FILL_EMBEDDING, FILL_NORM, FILL_ONE, FILL_SMALL, FILL_CONV, FILL_A_ROWS, FILL_A_HEADS,
		FILL_DT_BIAS, FILL_ROUTER
};

#define RULE_AXES 3

struct tensor_rule {
	/* behind the part's own prefix; where there are `many`, their number stands for the '*' */
	const char *name;
	enum role role;
	enum need need;
	unsigned char rank;
	unsigned char size[RULE_AXES];  /* each axis; axes that are DIM_ONE are left out of the plan's shape */
	bool matrix;                    /* large: KRAIT_OPTION_WEIGHTS converts it */
	enum fill fill;
	bool many;                      /* one for each expert */
};

/* One way in which a kind's tensors are stored. */
struct tensor_list { const struct tensor_rule *rules; size_t n; };

extern const struct tensor_list krait__norm_tensors;           /* of the norm before a block */
extern const struct tensor_list krait__mamba1_tensors, krait__mamba2_tensors, krait__mamba3_tensors;
extern const struct tensor_list krait__attention_fused;        /* mamba_ssm: in_proj, out_proj */
extern const struct tensor_list krait__attention_split;        /* transformers: q_proj, k_proj, v_proj, o_proj */
extern const struct tensor_list krait__mlp_fc;                 /* mamba_ssm: fc1 (up, then gate), fc2 */
extern const struct tensor_list krait__mlp_linear;             /* input_linear (gate, then up), output_linear */
extern const struct tensor_list krait__mlp_split;              /* gate_proj (NEED_MLP_GATE), up_proj, down_proj */
/* router.layer, input_linear, output_linear, of all experts */
extern const struct tensor_list krait__moe_stacked;
extern const struct tensor_list krait__moe_gated;              /* router, experts.*.{gate,up,down}_proj */
extern const struct tensor_list krait__moe_plain;              /* gate with a correction, experts.*.{up,down}_proj */

/* One that has an axis of no length is not there. */
struct component_rule {
	const char *name;
	unsigned char rank;
	unsigned char size[RULE_AXES];
	bool per_token;
};

struct geometry;

struct block_kind {
	const char *name;               /* as errors call it */
	const struct component_rule *components;
	size_t n_components;
	const char *const *size_names;  /* of the sizes from DIM_OWN on; for errors and `krait info` */
	size_t n_sizes;
	/* size[]: what most tensors say, 0 where none says anything; part: what shapes cannot tell. Computes
	 * the sizes that follow from others and the rest of the part's numbers. `groups`: what the
	 * configuration calls n_groups. */
	krait_status (*measure)(uint64_t *size, struct part *part, const char *groups, struct why *why);
	/* The way back: sizes from a part's numbers. */
	void (*sizes)(uint64_t *size, const struct part *part);
	void (*geometry)(struct geometry *out, const struct part *part);
	bool (*possible)(const struct part *part);      /* the sizes fit each other; none that it uses is 0 */
	/* NULL, or: what else an engine relies on. */
	krait_status (*check)(const struct plan *plan, const struct part *part, struct why *why);
};

/* ---- what follows from a part's sizes --------------------------------------------------- */

/* The rows of in_proj by what they feed. A kind that lacks a segment has no rows in it. */
enum segment {
	SEGMENT_MLP, SEGMENT_Z,
	/* x, or x, B and C, which a convolution takes where the kind has one; attention: q, k and v */
	SEGMENT_CONV, SEGMENT_DT,             /* mamba3: dt, A, trap and angle */
	N_SEGMENTS
};

struct geometry {
	uint32_t first[N_SEGMENTS], rows[N_SEGMENTS];   /* of in_proj */
	uint32_t in_rows;               /* of in_proj, all segments */
	uint32_t channels;              /* of the convolution; 0: there is none */
	uint32_t small_rows;            /* of x_proj: dt, B, C; 0 where in_proj makes them */
	uint32_t n_steps;               /* time steps of one position: one for each channel or head */
	uint32_t state_rows;            /* the recurrent state is [state_rows, d_state], in runs of */
	uint32_t state_run;             /* rows that belong together: all channels, or a head */
	uint32_t q_rows, kv_rows;       /* attention: of q, and of k or v, which is what a position adds to each */
	uint32_t y_rows;                /* columns of out_proj, or of down */
};

extern const struct block_kind krait__block_mamba1, krait__block_mamba2, krait__block_mamba3, krait__block_attention,
	krait__block_mlp, krait__block_moe;

/* NULL: there is no such kind. */
const struct block_kind *krait__block_kind(enum part_kind kind);

/* Of a part that was checked. */
struct geometry krait__geometry(const struct part *part);

/* Tensor `index` of a role that has one for each expert; or NULL where one tensor holds them all, or there is none. */
const struct tensor *krait__expert_tensor(const struct plan *plan, const struct part *part, enum role role,
	uint32_t index);

/* All that an engine relies on in a part: a kind that there is, sizes that fit each other, and tensors of
 * the shapes that follow from them. Engines trust a part that passed. */
krait_status krait__block_check(const struct plan *plan, const struct part *part, struct why *why);

/* For the kinds' own checks: a tensor that is there has this many rows. */
krait_status krait__block_check_rows(const struct plan *plan, const struct part *part, enum role role, uint64_t rows,
	struct why *why);

#define BLOCK_D_CONV_MAX 256

#endif
