/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host.h - what the files of the CUDA engine's host side share: a model on a device, its
 * memory, its queues of work.
 *
 * Everything is queued on one stream, so what is queued later sees what was queued before,
 * and a block of memory may be handed on at once. Whoever has the turn may queue; the
 * arena and the pinned blocks below belong to it.
 */
#ifndef KRAIT_CUDA_HOST_H
#define KRAIT_CUDA_HOST_H

#include "base/turn.h"
#include "block/block.h"
#include "engine.h"
#include "kernels/cuda/kernels.h"
#include "kernels/cuda/stated.h"

#include <cublasLt.h>
#include <cuda.h>
#include <sys/types.h>

#define DECODE_ROWS 1024u       /* of one decode pass: the largest bucket */
#define N_BUCKETS 11            /* 1, 2, 4, ... DECODE_ROWS */
#define MOST_PIECES 1024u       /* of one prefill pass */
#define HEAD_ROWS 128u          /* rows that the head is applied to at a time */
#define TAIL_BYTES 32768u       /* of a call's block: stops, biases, counts where they are few */
#define GEMM_WORKSPACE ((size_t)32 << 20)
#define N_GEMMS 64              /* plans of products that are remembered */

/* Rows of a prefill pass; 0: as many as memory is meant for. Tests set it before they open a model. */
extern uint32_t krait__cuda_rows;
/* Pinned memory of a model's snapshots; what is above it is ordinary memory, which takes longer to copy to. Tests lower it. */
extern size_t krait__cuda_most_pinned;

/* Hands out pieces of one block; with no block it only counts. A count that overflows
 * stays at SIZE_MAX. Pieces are 256 bytes apart. */
struct cuda_carver {
	char *base;
	size_t used;
};

/* A part with its matrices and small tensors in device memory. */
struct cuda_ready {
	const struct part *part;
	struct kc_matrix in, x, dt, out;
	float *norm, *norm_bias, *in_bias, *conv, *conv_bias, *dt_bias, *a, *d, *gate_norm, *out_bias;
	void *in_bias_narrow;           /* in the type of the activations */
	size_t conv_at, ssm_at;         /* in a slot, in floats */
	uint32_t n_rows;                /* of in_proj, and where in them: */
	uint32_t z_at, conv_first, dt_at, n_channels;
};

/* Sizes, from the plan alone. */
struct sizes {
	uint32_t projected, channels, small, inner;
	size_t panel;                   /* elements of the largest matrix that is widened for a product */
	uint32_t prefill_rows;
	size_t slot_floats, hidden_at;
};

/* Where a call's inputs are, in its block. The same offsets hold for the host's copy. */
struct decode_block {
	size_t slot, token, draw, sampling, tail, used;
};
struct prefill_block {
	size_t slot, first, count, token, hidden_row, hidden_slot, scored_row, target, used;
};

/* Memory for one pass. Decode and prefill use the same bytes, each by its own plan. */
struct arena {
	void *base;
	size_t size;
	char *block;                    /* device copy of `pinned` */
	char *results;                  /* kc_drawn [rows], then tokens; scores */
	void *gemm_workspace;
	struct {
		float *x, *projected, *u, *small, *y, *logits;
		int32_t *token;
	} decode;
	struct {
		float *x, *small, *hidden, *logits;
		void *normed, *small_narrow, *dt, *projected, *u, *y, *hidden_narrow, *panel, *scan_workspace;
	} prefill;
};

/* Slots come from slabs, which are kept until the model is closed. */
struct slab {
	struct slab *next;
	void *memory;
};
struct slot_pool {
	struct slab *slabs;
	float **free;                   /* room for all that there are */
	size_t n_free, n_all, n_next;   /* n_next: of the next slab */
};

/* A host copy of a snapshot. The device writes `number` behind it when it is whole. */
struct mirror {
	bool pinned;
	struct mirror *next;            /* in the list of those that nobody uses */
	float *data;
	volatile uint32_t *written;
	uint32_t number;
};

struct slot {
	struct emodel *model;
	float *data;
	struct mirror *mirror;          /* of a snapshot */
	struct slot *kept_for;          /* of a snapshot: whose it is */
	struct slot *kept;              /* the newest snapshot of this slot */
};

/* A graph of one token for a number of rows; made when it is first needed. */
enum step { STEP_READ, STEP_DRAW, N_STEPS };

/* A product's plan: what cuBLASLt chose for a shape. */
struct gemm_plan {
	uint64_t key[4];
	cublasLtMatmulDesc_t how;
	cublasLtMatrixLayout_t a, b, c;
	cublasLtMatmulAlgo_t algorithm;
	bool good;
};

/* Moments in the stream, and what was queued between two of them. */
struct profile_mark {
	cudaEvent_t event;
	const char *name;               /* NULL: what comes before this one is not timed */
	uint64_t bytes;                 /* stated since the mark before */
};
struct profile {
	bool on, captured;              /* captured: into a graph */
	struct profile_mark *marks;
	size_t n, n_events, room;       /* n_events: of the marks that have one */
	cudaGraphExec_t graph;          /* the last step's, which may still run */
};

/* Rows of one span in a pass. */
struct cuda_piece {
	struct span *span;
	uint32_t first, n;
};

/* The driver's own calls for what the runtime has none for that makes no context. */
struct driver {
	CUresult (*get_context)(CUcontext *);
	CUresult (*set_context)(CUcontext);
	CUresult (*is_active)(CUdevice, unsigned *, int *);
};

struct emodel {
	const struct plan *plan;
	struct turn turn;
	pid_t pid;
	int device;
	struct driver driver;
	CUcontext context, other;       /* the device's, and the caller's own, which is put back after a call */
	bool fast;
	enum kc_type activations;
	enum weight_form form;
	cudaStream_t stream, copies;
	cudaEvent_t queued, copied;     /* order `copies` behind `stream`, and the other way round */
	cudaEvent_t finished;           /* what the host sleeps on; NULL: it spins, as KRAIT_CUDA_WAIT=spin asks */
	struct sizes sizes;
	struct cuda_ready *parts;
	struct kc_matrix embedding, head;
	struct kc_norm final_norm;
	char *weights;                  /* one block: matrices, then small tensors */
	struct arena arena;
	char *pinned, *pinned_results;
	void *extra;                    /* lists of a call that its block has no room for */
	size_t extra_size;
	uint32_t *counts;               /* [counts_rows, vocab] */
	size_t counts_rows;
	uint32_t *number_on_device;     /* what is copied behind a mirror */
	uint32_t mirrors_made;
	size_t pinned_bytes;            /* of mirrors */
	struct mirror *mirrors;         /* free ones */
	struct slot_pool pool;
	cudaGraphExec_t graphs[N_STEPS][N_BUCKETS];
	cublasLtHandle_t blas;
	struct gemm_plan gemms[N_GEMMS];
	size_t next_gemm;
	uint64_t refused_products;      /* that cuBLASLt would not make */
	struct profile profile;
	struct cuda_piece pieces[MOST_PIECES];       /* of whoever has the turn */
	atomic_bool lost;
	char lost_text[240];
	char about[240];
};

/* layout.c: sizes and places, from shapes alone */
void *krait__cuda_carve(struct cuda_carver *carver, size_t count, size_t size);
void krait__cuda_sizes(struct sizes *out, const struct plan *plan, enum kc_type activations);
void krait__cuda_layout_parts(const struct plan *plan, struct cuda_ready *parts);
void krait__cuda_carve_weights(struct cuda_carver *carver, struct emodel *model);
void krait__cuda_carve_arena(struct cuda_carver *carver, struct emodel *model);
void krait__cuda_decode_block(struct decode_block *out, uint32_t n_rows);
void krait__cuda_prefill_block(struct prefill_block *out, uint32_t n_pieces, uint32_t n_rows);
size_t krait__cuda_block_bytes(const struct sizes *sizes);
size_t krait__cuda_result_bytes(const struct sizes *sizes);
size_t krait__cuda_matrix_bytes(const struct kc_matrix *matrix);
size_t krait__cuda_type_size(enum kc_type type);

/* check.c */
krait_status krait__cuda_check_plan(const struct plan *plan, struct why *why);
bool krait__cuda_wants_fast(const struct plan *plan, const struct engine_config *config);
enum kc_type krait__cuda_activations(bool fast);

/* upload.c */
krait_status krait__cuda_upload(struct emodel *model, struct why *why);

/* slots.c */
krait_status krait__cuda_slot_new(struct slot **out, struct emodel *model, struct why *why);
void krait__cuda_slot_free(struct slot *slot);
krait_status krait__cuda_slot_clear(struct slot *slot, struct why *why);
krait_status krait__cuda_slot_copy(struct slot *to, const struct slot *from, struct why *why);
krait_status krait__cuda_slot_export(const struct slot *slot, uint32_t component, float *canonical, struct why *why);
krait_status krait__cuda_slot_import(struct slot *slot, uint32_t component, const float *canonical, struct why *why);
void krait__cuda_pool_free(struct slot_pool *pool);

/* mirror.c */
void krait__cuda_slot_keep(struct slot *copy, struct slot *of);
void krait__cuda_mirror_drop(struct slot *slot);
const float *krait__cuda_mirror_data(const struct slot *slot);          /* NULL: there is none, or it is not whole */
void krait__cuda_mirrors_free(struct emodel *model);

/* call.c: every call begins and ends with these. _enter: FORKED or LOST, or the turn is the caller's */
krait_status krait__cuda_enter(struct emodel *model, struct why *why);
void krait__cuda_leave(struct emodel *model);
/* What a failed CUDA call means; `moved`: a slot has changed already, so that there is no way back. */
krait_status krait__cuda_failed(struct emodel *model, cudaError_t error, const char *what, bool moved, struct why *why);
/* The end of a call: _failed where something did, and _leave. */
krait_status krait__cuda_finish(struct emodel *model, cudaError_t error, const char *what, bool moved, struct why *why);
bool krait__cuda_lost(const struct emodel *model, struct why *why);
krait_status krait__cuda_wait(struct emodel *model, struct why *why);
cudaError_t krait__cuda_driver(struct driver *out);
cudaError_t krait__cuda_drain(struct emodel *model);    /* waits until all that was queued on the model's stream is done */
krait_status krait__cuda_why(cudaError_t error, const char *what, struct why *why);

/* gemm.c */
struct gemm {
	const struct kc_matrix *matrix;
	struct kc_rows in, out;
	const float *bias;
	const void *narrow_bias;
	uint32_t n_rows;
	bool accumulate;
};
cudaError_t krait__cuda_gemm(struct emodel *model, const struct gemm *gemm);
void krait__cuda_gemms_free(struct emodel *model);

/* decode.c: one token for each row, from the call's block */
uint32_t krait__cuda_bucket(uint32_t n_rows);           /* an index; 1 << index rows hold n_rows */
cudaError_t krait__cuda_step(struct emodel *model, enum step step, uint32_t bucket);
void krait__cuda_graphs_free(struct emodel *model);
/* Kernels are being loaded, and the i-th part has those of the one before it. */
bool krait__cuda_loaded(const struct emodel *model, uint32_t i);
/* Loads every kernel that the model's steps and prompts launch, so that the first token is like any other. */
cudaError_t krait__cuda_load_kernels(struct emodel *model);

/* prefill.c: all parts over the rows of arena.prefill.x */
cudaError_t krait__cuda_layers(struct emodel *model, const struct kc_pieces *pieces);

/* head.c */
krait_status krait__cuda_logits(struct emodel *model, struct slot *const *slots, const float *const *hidden, size_t n, float *const *logits, struct why *why);
/* Scores of scored_row and target in the call's block, into the results. */
cudaError_t krait__cuda_score_rows(struct emodel *model, const struct prefill_block *block, uint32_t n_scored);

/* forward.c, generate.c */
krait_status krait__cuda_forward(struct emodel *model, struct span *spans, size_t n_spans, struct why *why);
krait_status krait__cuda_generate(struct emodel *model, struct draw *draws, size_t n, bool together, struct why *why);

/* ceilings.c */
extern struct cuda_measured {           /* how much is measured with; 0: what the device needs. Tests set it */
	size_t read_bytes, copy_bytes;
	uint32_t side;                  /* of the matrices of a product */
} krait__cuda_measured;
krait_status krait__cuda_ceilings(struct emodel *model, struct engine_ceilings *out, struct why *why);

/* profile.c: what was queued since the mark before is `name`; its own error, or the one that is given. Nothing
 * where no profile is on. */
cudaError_t krait__cuda_mark(struct emodel *model, const char *name, cudaError_t error);
krait_status krait__cuda_profile(struct emodel *model, struct why *why);
krait_status krait__cuda_profiled(struct emodel *model, struct engine_profile *out, size_t n_out, size_t *n, struct why *why);
void krait__cuda_profile_free(struct emodel *model);
/* Around the capture of a graph and its launch: in between, marks are nodes of the graph. The profile takes
 * it over; NULL: nothing was launched, and marks from n_before on are forgotten. */
cudaError_t krait__cuda_profile_capture(struct emodel *model);
void krait__cuda_profile_captured(struct emodel *model, size_t n_before, cudaGraphExec_t graph);

/* devices.c */
krait_status krait__cuda_devices(struct device *out, size_t n_out, size_t *n);

extern const struct engine krait__cuda_engine;

#endif
