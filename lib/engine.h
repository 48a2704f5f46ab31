/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.h - the one table of functions that an engine implements, and what it sees.
 *
 * An engine runs a *plan*: parts (a layer is one to three of them), tensors and state
 * components, all plain data. It keeps each sequence in a *slot* and advances slots by
 * *spans*. It knows nothing of files, text or public handles; the core knows nothing of
 * how an engine lays out its state. Adding a kind of block adds a part kind here, a file in
 * lib/block, and a block in each engine; a model family is a file in lib/model.
 */
#ifndef KRAIT_ENGINE_H
#define KRAIT_ENGINE_H

#include "base/dtype.h"
#include "base/why.h"
#include "krait.h"

#include <math.h>
#include <stdatomic.h>
#include <stdbool.h>

#define KRAIT__ENGINE_ABI 7
#define NO_TENSOR UINT32_MAX

/* ---- the plan ---------------------------------------------------------------------- */

enum part_kind { PART_MAMBA1, PART_MAMBA2, PART_MAMBA3, PART_ATTENTION, PART_MLP, PART_MOE, N_PART_KINDS };

enum part_input {
	INPUT_NORM,             /* the residual stream, normed with the part's own norm */
	INPUT_SAME              /* the normed rows of the part before: branches side by side */
};

/* What a tensor is to its part. Shapes: D = d_model, I = d_inner, N = d_state, R = rank, S = d_ssm, G = n_groups,
 * H = n_heads, P = head_dim, K = d_conv, V = n_kv_heads, F = d_ff, E = n_experts, A = n_angles. A missing one is NULL. */
enum role {
	ROLE_NORM,              /* [D] the norm before the block */
	ROLE_NORM_BIAS,         /* [D] LayerNorm only */
	ROLE_IN_PROJ,           /* mamba1 [2I, D] rows x, z;  mamba2 [2(I-S) + 2S + 2GN + H, D] rows z0, x0, z, x, B, C, dt;
	                         * mamba3 [2I + 2GNR + 3H + A, D] rows z, x, B, C, dt, A, trap, angle;
	                         * attention [(H + 2V)P, D] rows q, k, v, instead of ROLE_Q, _K and _V */
	ROLE_IN_PROJ_BIAS,
	ROLE_CONV,              /* mamba1 [I, K];  mamba2 [S + 2GN, K]: column K-1 multiplies the newest input;
	                         * attention [(H + 2V)P, K], without an activation, or missing */
	ROLE_CONV_BIAS,
	ROLE_X_PROJ,            /* mamba1 [R + 2N, I] rows dt, B, C */
	ROLE_DT_PROJ,           /* mamba1 [I, R] */
	ROLE_DT_BIAS,           /* mamba1 [I];  mamba2, mamba3 [H] */
	ROLE_A_LOG,             /* mamba1 [I, N];  mamba2 [H]: A = -exp(A_log) */
	ROLE_D,                 /* mamba1 [I];  mamba2 [H], or [S] where each channel has its own;  mamba3 [H] */
	ROLE_GATE_NORM,         /* mamba2 [S]; missing: y * silu(z) without a norm.  mamba3 [I], missing too */
	ROLE_OUT_PROJ,          /* mamba1 [D, I];  mamba2 [D, I] over silu(z0)*x0 then y;  mamba3 [D, I];  attention [D, HP] */
	ROLE_OUT_PROJ_BIAS,
	ROLE_DT_NORM,           /* mamba1 [R] before dt_proj, with */
	ROLE_B_NORM,            /* mamba1, mamba3 [N] and */
	ROLE_C_NORM,            /* mamba1, mamba3 [N] */
	ROLE_B_BIAS,            /* mamba3 [H, R, N], added behind the norm */
	ROLE_C_BIAS,            /* mamba3 [H, R, N] */
	ROLE_MIMO_X,            /* mamba3 [H, R, P], all three or none */
	ROLE_MIMO_Z,
	ROLE_MIMO_O,
	ROLE_Q,                 /* attention [HP, D] */
	ROLE_Q_BIAS,
	ROLE_K,                 /* attention [VP, D] */
	ROLE_K_BIAS,
	ROLE_V,                 /* attention [VP, D] */
	ROLE_V_BIAS,
	ROLE_GATE,              /* mlp [F, D]; missing: no gate.  moe: E of [F, D], or one [E, F, D] */
	ROLE_GATE_BIAS,
	ROLE_UP,                /* mlp [F, D];  moe: E of [F, D], or one [E, F, D] */
	ROLE_UP_BIAS,
	ROLE_GATE_UP,           /* both: mlp [2F, D];  moe: E of [2F, D], or one [E, 2F, D]; see PART_UP_FIRST */
	ROLE_GATE_UP_BIAS,
	ROLE_DOWN,              /* mlp [D, F];  moe: E of [D, F], or one [E, D, F] */
	ROLE_DOWN_BIAS,
	ROLE_ROUTER,            /* moe [E, D] */
	ROLE_ROUTER_BIAS,       /* moe [E]: added to the sigmoids where experts are chosen, not weighed */
	N_ROLES
};

struct tensor {
	const char *name;       /* canonical, for errors: "backbone.layers.3.mixer.D" */
	const void *data;       /* row-major, contiguous, aligned to its element; read as stored */
	enum dtype type;        /* DTYPE_F32, _F16 or _BF16 */
	uint32_t rank;
	uint64_t shape[4];
};

/* One piece of a sequence's memory. The canonical form, at export and import, is float32,
 * row-major, of this shape; where it is per token, with the positions as an axis before it. */
struct component {
	char name[40];          /* "layers.3.conv", "layers.3.ssm", "hidden" */
	uint32_t part;          /* NO_TENSOR for "hidden" */
	bool per_token;
	uint32_t rank;
	uint64_t shape[4];      /* mamba1: conv [I, K-1], ssm [I, N];  mamba2: conv [S + 2GN, K-1], ssm [H, P, N];
	                         * mamba3: ssm [H, P, N], angle [H, A] in [0, 2 pi), k [R, H, N], v [H, P];
	                         * attention, per token: k [V, P] after convolution and rotation, v [V, P]; conv [(H + 2V)P, K-1] */
};                              /* conv: the last K-1 inputs of the convolution, oldest column first */

#define PART_NORM_BEFORE_GATE 1u        /* mamba2: y = norm(y) * silu(z), not norm(y * silu(z)) */
#define PART_INNER_NORMS 2u             /* mamba1: dt, B and C are normed (rms) before dt_proj */
#define PART_UP_FIRST 4u                /* mlp, moe: of ROLE_GATE_UP the first half of the rows is up, not the gate */
#define PART_RELU2 8u                   /* mlp, moe: relu(x)^2 in place of SiLU */
#define PART_ROUTER_SIGMOID 16u         /* moe: experts are weighed by sigmoids */
#define PART_ROUTER_ALL 32u             /* moe: by the softmax over all experts. Neither: over the chosen ones */
#define PART_ROUTER_NORMALISED 64u      /* moe: the weights of the chosen are divided by their sum */

/* The rows of a block's first product that a family multiplies, bias included. */
enum row_scale {
	SCALE_Z, SCALE_X, SCALE_B, SCALE_C, SCALE_DT,           /* mamba2 */
	SCALE_Q = 0, SCALE_K, SCALE_V,                          /* attention */
	SCALE_GATE = 0, SCALE_UP,                               /* mlp */
	N_ROW_SCALES = 5
};

/* One residual branch: x += out_scale * block(in_scale * norm(x)). */
struct part {
	enum part_kind kind;
	enum part_input input;
	uint32_t layer;
	uint32_t tensor[N_ROLES];       /* index into plan.tensors, NO_TENSOR where missing; of an expert's role the first of
	                                 * n_experts tensors, or the one of rank 3 that holds them all */
	uint32_t component;             /* index of the first of its components, in the order above */
	uint32_t n_components;
	uint32_t flags;
	uint32_t d_inner, d_ssm, d_state, n_heads, head_dim, n_groups, rank, d_conv;
	uint32_t n_kv_heads, n_rotary;  /* attention: the first n_rotary of a head are rotated, in halves */
	uint32_t n_angles;              /* mamba3; rotated in pairs (2i, 2i + 1), with MIMO (i, i + N/2) */
	uint32_t d_ff;
	uint32_t n_experts, n_used;     /* moe; chosen are the n_used best of */
	uint32_t n_expert_groups, n_used_groups;        /* the best groups, by the sum of their two best */
	float eps;                      /* of the norm before the block */
	float inner_eps;                /* of the gated norm, and of norms of dt, B and C */
	float limit_low, limit_high;    /* dt is clamped to these after softplus */
	float in_scale, out_scale;
	float row_scale[N_ROW_SCALES];
	float attention_scale;          /* of q . k */
	float a_floor;                  /* mamba3: A <= -a_floor */
	float expert_scale;             /* moe: of the weights of the chosen */
	double theta;                   /* rotary: pair i turns by position * theta^(-2i / n_rotary) */
};

/* Numbers of a part that changes nothing of what its kind does by itself. */
static inline void krait__part_defaults(struct part *part)
{
	*part = (struct part){ .eps = 1e-5f, .inner_eps = 1e-5f, .limit_high = INFINITY, .in_scale = 1, .out_scale = 1,
		.row_scale = { 1, 1, 1, 1, 1 }, .expert_scale = 1 };
	for (int role = 0; role < N_ROLES; role++)
		part->tensor[role] = NO_TENSOR;
}

struct plan {
	uint32_t width, vocab, n_layers;
	bool layer_norm;                /* LayerNorm with bias in place of RMSNorm */
	float eps;                      /* of the final norm */
	float embed_scale;              /* of what the first part reads, whether by token or as embeddings */
	float logit_scale;
	uint32_t embedding, norm, norm_bias, head;      /* tensors [vocab, D], [D], [D], [vocab, D]; head ==
	                                                 * embedding when tied, NO_TENSOR where there is none:
	                                                 * then nobody asks for logits or scores */
	struct part *parts;
	struct tensor *tensors;
	struct component *components;   /* the last one is "hidden" [D]: the final norm's output at the last position */
	uint32_t n_parts, n_tensors, n_components;
};

static inline const struct tensor *krait__part_tensor(const struct plan *plan, const struct part *part, enum role role)
{
	return part->tensor[role] == NO_TENSOR ? NULL : &plan->tensors[part->tensor[role]];
}

/* Elements of a component where `n_positions` have been read; defined in lib/model/plan.c. */
size_t krait__extent(const struct component *component, uint64_t n_positions);

/* ---- running it -------------------------------------------------------------------- */

enum weight_form { WEIGHTS_AS_THEY_ARE, WEIGHTS_INT8, WEIGHTS_INT4 };

struct engine_config {
	uint32_t threads;               /* 0: the engine decides */
	uint32_t device;                /* N of "cuda:N" */
	enum precision { PRECISION_DEFAULT, PRECISION_EXACT, PRECISION_FAST } precision;
	enum weight_form weights;       /* what the engine makes of the plan's matrices when it opens */
	char instructions[16];          /* "auto", "generic", "avx2", ... */
};

struct slot;                            /* one sequence's state, on the engine's side */
struct emodel;                          /* a plan made ready to run */

/* One sequence's share of a call. */
struct span {
	struct slot *slot;
	const krait_token *tokens;      /* [n], checked by the caller; or NULL and */
	const float *embeddings;        /* [n, width] */
	size_t n;
	size_t n_keep;                  /* 0, or: the hidden vectors of the last n_keep positions */
	float *hidden;                  /* [min(n_keep, n), width], oldest first; when the span is cancelled the rows end where it did */
	const krait_token *targets;     /* NULL, or [n]: -1, or the token whose probability is wanted */
	float *scores;                  /* [n]: ln p(targets[i] | everything up to position i of this span) */
	atomic_int *cancel;             /* NULL or a flag: non-zero stops this span at the next boundary; not cleared here */
	krait_progress_fn progress;     /* NULL or called between chunks: non-zero stops like cancel */
	void *user;
	size_t n_done;                  /* out: positions that are in the slot now */
	krait_status status;            /* out: KRAIT_OK or KRAIT_CANCELLED */
};

/* What the next token of a sequence is drawn with: plain numbers, each as the setting of its name
 * means it. The core's sampler (session/sampling.h) is the reference. */
struct drawing {
	double temperature, top_p, min_p, repetition, presence, frequency;
	uint64_t seed;
	int64_t top_k;
	const krait_token *bias_tokens, *stops, *count_tokens;
	const float *bias_values;
	const uint32_t *counts;         /* counts[i]: how often count_tokens[i] stands in the history; others never */
	size_t n_biases, n_stops, n_counts;
	uint32_t n_valid;               /* ids from here on are never drawn */
};

#define MOST_DRAWS 64u          /* of one sequence in a call: then a cancel is looked for again */

/* One sequence's share of a call that generates: draw from the slot's hidden vector, read what
 * was drawn, and so on. */
struct draw {
	struct slot *slot;
	const struct drawing *drawing;
	uint64_t position;              /* of the first draw */
	krait_token *tokens;            /* [n]: those drawn and read */
	size_t n;                       /* up to MOST_DRAWS */
	atomic_int *cancel;             /* as in a span */
	size_t n_done;                  /* out */
	krait_token stop;               /* out: what ended it, not read */
	krait_status status;            /* out: KRAIT_OK; KRAIT_END: a stop was drawn; KRAIT_CANCELLED; KRAIT_ERROR_FORMAT:
	                                 * from the logits of position + n_done nothing can be drawn */
};

struct device {
	char name[16], about[240];
	uint64_t memory, memory_free;
	bool usable;                    /* else `about` says why not */
};

struct engine_memory {
	uint64_t weights;               /* beyond the plan's own tensors: repacked copies, precomputed values */
	uint64_t scratch;
	uint64_t slot;                  /* one sequence, before it has read anything */
	uint64_t slot_token;            /* and what each position adds; 0 where no component is per token */
	bool elsewhere;                 /* on a device: `weights` are all that a token reads, and the plan's own do not count */
};

/* What a device does at best, measured. 0: not known. */
struct engine_ceilings {
	double read;                    /* bytes a second from its memory */
	double flops;                   /* operations a second in products of the type that prompts are computed in */
	double to_host;                 /* bytes a second to pinned memory */
	size_t buffer_bytes;            /* that were read */
};

/* What kernels of one name took while a profile was on. */
struct engine_profile {
	const char *name;               /* lives as long as the process */
	uint64_t n;                     /* launches, or groups of them */
	double seconds, bytes;          /* all of them; bytes: that they had to move */
};

struct engine {
	uint32_t abi, size;
	const char *name;
	/* What there is; one that is not usable says why. *n: how many, whatever n_out is. */
	krait_status (*devices)(struct device *out, size_t n_out, size_t *n);
	/* Bytes, from shapes alone; tensors may have no data. */
	krait_status (*estimate)(const struct plan *plan, const struct engine_config *config, struct engine_memory *out, struct why *why);
	/* The plan must live as long as the model, and so must its tensors, except where memory is elsewhere.
	 * All memory that a forward needs is taken here. */
	krait_status (*open)(struct emodel **out, const struct plan *plan, const struct engine_config *config, struct why *why);
	void (*close)(struct emodel *model);
	const char *(*about)(const struct emodel *model);       /* "avx2, 2 threads" */
	/* NULL, or: whether the device is gone. Then all calls answer LOST but those that free. */
	bool (*lost)(const struct emodel *model, struct why *why);

	krait_status (*slot_new)(struct slot **out, struct emodel *model, struct why *why);     /* zero */
	void (*slot_free)(struct slot *slot);
	krait_status (*slot_clear)(struct slot *slot, struct why *why);
	krait_status (*slot_copy)(struct slot *to, const struct slot *from, struct why *why);
	/* NULL where the engine runs nothing that is per token, or: the slot holds this many positions from now on;
	 * those beyond what it held are zero. Before an import. On failure nothing has changed. */
	krait_status (*slot_resize)(struct slot *slot, uint64_t n_positions, struct why *why);
	/* NULL like slot_resize, or: the next n positions are read without taking memory, unless a copy of the slot is made in
	 * between; what it holds beyond them is given back. On failure nothing that can be seen has changed. */
	krait_status (*slot_reserve)(struct slot *slot, uint64_t n, struct why *why);
	krait_status (*slot_export)(const struct slot *slot, uint32_t component, float *canonical, struct why *why);
	krait_status (*slot_import)(struct slot *slot, uint32_t component, const float *canonical, struct why *why);
	/* NULL, or: `copy`, a snapshot of `of`, is to stay readable when the device is lost. Best effort; the
	 * snapshot of the same slot before it is let go of. */
	void (*slot_keep)(struct slot *copy, struct slot *of);

	/* Advances every span; one pass over the weights serves rows of all of them. Calls on one
	 * model take turns inside. Refuses before anything moved, or returns KRAIT_OK with each
	 * span's own outcome; only LOST may come in the middle. Results of a span do not depend on
	 * the others, on the number of threads or on how a sequence is divided into spans, beyond
	 * what the precision allows. */
	krait_status (*forward)(struct emodel *model, struct span *spans, size_t n_spans, struct why *why);
	/* logits[i] = head * hidden[i]; hidden[i] is [width], logits[i] is [vocab]. hidden[i] may be
	 * NULL where slots[i] is given: its component "hidden". */
	krait_status (*logits)(struct emodel *model, struct slot *const *slots, const float *const *hidden, size_t n, float *const *logits, struct why *why);
	/* NULL, or: draws and reads, without the core in between. `together`: where nothing can be drawn
	 * for one, none moves; for draws of one token. */
	krait_status (*generate)(struct emodel *model, struct draw *draws, size_t n, bool together, struct why *why);

	/* NULL, or: measures, for a second or so. */
	krait_status (*ceilings)(struct emodel *model, struct engine_ceilings *out, struct why *why);
	/* NULL, or: from `profile` on every kernel is timed; `profiled` ends that and gives the first
	 * n_out kinds, *n of them. */
	krait_status (*profile)(struct emodel *model, struct why *why);
	krait_status (*profiled)(struct emodel *model, struct engine_profile *out, size_t n_out, size_t *n, struct why *why);
	/* NULL: no call returns before its work is done. Or: until all is done that was queued, copies to the host, too. */
	krait_status (*wait)(struct emodel *model, struct why *why);
	/* How a sequence is divided into spans changes no bit of what comes out. */
	bool any_division;
	/* It makes int8 and int4 weights of the plan's. */
	bool quantises;
};

extern const struct engine krait__cpu_engine;

/* ---- a plugin ------------------------------------------------------------------------- */

struct krait__allocator;

/* What an engine in a file of its own takes from libkrait. */
struct engine_host {
	uint32_t abi, size;
	const struct krait__allocator *allocator;       /* looked at anew for each call */
};

/* The one symbol that the file exports. NULL: the host is of another version. */
#define KRAIT__PLUGIN_SYMBOL "krait__cuda_plugin"
typedef const struct engine *(*krait__plugin_fn)(const struct engine_host *host);

#endif
