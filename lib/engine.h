/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine.h - the one table of functions that an engine implements, and what it sees.
 *
 * An engine runs a *plan*: parts (a layer is one to three of them), tensors and state
 * components, all plain data. It keeps each sequence in a *slot* and advances slots by
 * *spans*. It knows nothing of files, text or public handles; the core knows nothing of
 * how an engine lays out its state. Adding a model family adds a part kind here, a file
 * that fills the plan in lib/model, and a block in each engine.
 */
#ifndef KRAIT_ENGINE_H
#define KRAIT_ENGINE_H

#include "base/dtype.h"
#include "base/why.h"
#include "krait.h"

#include <stdatomic.h>
#include <stdbool.h>

#define KRAIT__ENGINE_ABI 1
#define NO_TENSOR UINT32_MAX

/* ---- the plan ---------------------------------------------------------------------- */

enum part_kind { PART_MAMBA1, PART_MAMBA2 };

/* What a tensor is to its part. Shapes: D = d_model, I = d_inner, N = d_state, R = rank,
 * S = d_ssm, G = n_groups, H = n_heads, K = d_conv. A missing one is NULL. */
enum role {
	ROLE_NORM,              /* [D] the norm before the block */
	ROLE_NORM_BIAS,         /* [D] LayerNorm only */
	ROLE_IN_PROJ,           /* mamba1 [2I, D] rows x, z;  mamba2 [2(I-S) + 2S + 2GN + H, D] rows z0, x0, z, x, B, C, dt */
	ROLE_IN_PROJ_BIAS,
	ROLE_CONV,              /* mamba1 [I, K];  mamba2 [S + 2GN, K]: column K-1 multiplies the newest input */
	ROLE_CONV_BIAS,
	ROLE_X_PROJ,            /* mamba1 [R + 2N, I] rows dt, B, C */
	ROLE_DT_PROJ,           /* mamba1 [I, R] */
	ROLE_DT_BIAS,           /* mamba1 [I];  mamba2 [H] */
	ROLE_A_LOG,             /* mamba1 [I, N];  mamba2 [H]: A = -exp(A_log) */
	ROLE_D,                 /* mamba1 [I];  mamba2 [H], or [S] where each channel has its own */
	ROLE_GATE_NORM,         /* mamba2 [S]; missing: y * silu(z) without a norm */
	ROLE_OUT_PROJ,          /* mamba1 [D, I];  mamba2 [D, I] over silu(z0)*x0 then y */
	ROLE_OUT_PROJ_BIAS,
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
 * row-major, of this shape. */
struct component {
	char name[40];          /* "layers.3.conv", "layers.3.ssm", "hidden" */
	uint32_t part;          /* NO_TENSOR for "hidden" */
	uint32_t rank;
	uint64_t shape[4];      /* mamba1: conv [I, K-1], ssm [I, N];  mamba2: conv [S + 2GN, K-1], ssm [H, P, N] */
};                              /* conv: the last K-1 inputs of the convolution, oldest column first */

#define PART_NORM_BEFORE_GATE 1u        /* mamba2: y = norm(y) * silu(z), not norm(y * silu(z)) */

struct part {
	enum part_kind kind;
	uint32_t layer;
	uint32_t tensor[N_ROLES];       /* index into plan.tensors, NO_TENSOR where missing */
	uint32_t component;             /* index of the first of its components, in the order above */
	uint32_t flags;
	uint32_t d_inner, d_ssm, d_state, n_heads, head_dim, n_groups, rank, d_conv;
	float eps;                      /* of the norm before the block */
	float inner_eps;                /* of the gated norm */
	float limit_low, limit_high;    /* dt is clamped to these after softplus */
};

struct plan {
	uint32_t width, vocab, n_layers;
	bool layer_norm;                /* LayerNorm with bias in place of RMSNorm */
	float eps;                      /* of the final norm */
	uint32_t embedding, norm, norm_bias, head;      /* tensors [vocab, D], [D], [D], [vocab, D]; head == embedding when tied */
	struct part *parts;
	struct tensor *tensors;
	struct component *components;   /* the last one is "hidden" [D]: the final norm's output at the last position */
	uint32_t n_parts, n_tensors, n_components;
};

static inline const struct tensor *krait__part_tensor(const struct plan *plan, const struct part *part, enum role role)
{
	return part->tensor[role] == NO_TENSOR ? NULL : &plan->tensors[part->tensor[role]];
}

size_t krait__component_count(const struct component *component);      /* elements; defined in lib/model/plan.c */

/* ---- running it -------------------------------------------------------------------- */

struct engine_config {
	uint32_t threads;               /* 0: the engine decides */
	bool fast;                      /* KRAIT_OPTION_PRECISION */
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

struct device {
	char name[16], about[160];
	uint64_t memory, memory_free;
};

struct engine_memory {
	uint64_t weights;               /* beyond the plan's own tensors: repacked copies, precomputed values */
	uint64_t scratch;
	uint64_t slot;                  /* one sequence */
};

struct engine {
	uint32_t abi, size;
	const char *name;
	krait_status (*devices)(struct device *out, size_t n_out, size_t *n);
	/* Bytes, from shapes alone; tensors may have no data. */
	krait_status (*estimate)(const struct plan *plan, const struct engine_config *config, struct engine_memory *out, struct why *why);
	/* The plan and its tensors must live as long as the model. All memory that a forward needs is taken here. */
	krait_status (*open)(struct emodel **out, const struct plan *plan, const struct engine_config *config, struct why *why);
	void (*close)(struct emodel *model);
	const char *(*about)(const struct emodel *model);       /* "avx2, 2 threads" */

	krait_status (*slot_new)(struct slot **out, struct emodel *model, struct why *why);     /* zero */
	void (*slot_free)(struct slot *slot);
	void (*slot_clear)(struct slot *slot);
	void (*slot_copy)(struct slot *to, const struct slot *from);
	void (*slot_export)(const struct slot *slot, uint32_t component, float *canonical);
	void (*slot_import)(struct slot *slot, uint32_t component, const float *canonical);

	/* Advances every span; one pass over the weights serves rows of all of them. Calls on one
	 * model take turns inside. Refuses before anything moved, or returns KRAIT_OK with each
	 * span's own outcome. Results of a span do not depend on the others, on the number of
	 * threads or on how a sequence is divided into spans. */
	krait_status (*forward)(struct emodel *model, struct span *spans, size_t n_spans, struct why *why);
	/* logits[i] = head * hidden[i]; hidden[i] is [width], logits[i] is [vocab]. hidden[i] may be
	 * NULL where slots[i] is given: its component "hidden". */
	krait_status (*logits)(struct emodel *model, struct slot *const *slots, const float *const *hidden, size_t n, float *const *logits, struct why *why);
};

extern const struct engine krait__cpu_engine;

#endif
