/* SPDX-License-Identifier: Apache-2.0 */
/* cpu.h - what the files of the CPU engine share: a model made ready, its scratch memory, a pass. */
#ifndef KRAIT_CPU_CPU_H
#define KRAIT_CPU_CPU_H

#include "base/turn.h"
#include "engine.h"
#include "kernels/cpu/kernels.h"
#include "kernels/cpu/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#define MAX_ROWS 256            /* of one pass over the weights */
#define HEAD_BLOCK 256          /* rows of the head that a thread takes at a time */

/* Hands out pieces of one block; with no block it only counts. A count that overflows
 * stays at SIZE_MAX. Pieces are whole cache lines. */
struct cpu_carver {
	float *base;
	size_t used;
};

struct cpu_ready;               /* a part made ready: blocks.h */

/* The rows of a pass, one buffer for each stage; the widest part decides. */
struct scratch {
	float *x, *normed;              /* [MAX_ROWS, wide] */
	float *projected, *convolved;
	float *small;                   /* mamba1: dt, B, C before dt_proj */
	float *dt, *decay, *y;
	float *rows, *blocks;           /* one for each thread */
	uint32_t *lists;                /* moe: the same */
	float *turns;                   /* attention: cosines, then sines, of a row's position */
	float *highest, *totals;        /* attention: [MAX_ROWS, heads] */
	float *tops, *sums, *chosen;    /* scores: [MAX_ROWS, head blocks] twice, [MAX_ROWS] */
	size_t wide, projected_wide, convolved_wide, small_wide, dt_wide, y_wide, turns_wide, heads_wide;
	size_t n_row, n_list, n_head_blocks;
};

/* PAGE_POSITIONS positions of all state that is per token. Slots that share one only read it: who writes
 * takes a page of its own first. */
struct cpu_page {
	atomic_size_t owners;
	_Alignas(64) float data[];
};

struct slot {
	struct emodel *model;
	float *hidden;
	uint64_t n_positions;           /* that have been read */
	struct cpu_page **pages;        /* those, and room for more */
	size_t n_pages, page_room;
	_Alignas(64) float data[];
};

/* Rows of one span in a pass: `n` of them from row `row`, positions from span->n_done. */
struct cpu_piece {
	struct span *span;
	size_t row, n;
};

struct scored {
	size_t row;
	krait_token target;
	float *out;
};

struct pass {
	struct emodel *model;
	struct cpu_piece pieces[MAX_ROWS];
	size_t n_pieces, n_rows;
	struct scored scored[MAX_ROWS];
	size_t n_scored;
};

struct emodel {
	const struct plan *plan;
	const struct kernels *kernels;
	bool stream;                    /* how weights are read for few rows */
	struct pool *pool;
	struct turn turn;
	pid_t pid;
	struct cpu_ready *parts;
	float *prepared, *final_norm, *final_bias;
	struct scratch scratch;
	float *scratch_block;
	size_t slot_floats, hidden_at;
	size_t page_floats;             /* 0 where nothing is per token */
	struct pass pass;               /* of whoever has the turn */
	size_t row_limit;               /* rows that fit a pass's time */
	double fastest;                 /* seconds: the fastest pass so far, at first a guess */
	double row_seconds;             /* of a row in a full pass; 0 before the first */
	char about[160];
};

/* layout.c: sizes and places, from shapes alone */
float *krait__carve(struct cpu_carver *carver, size_t rows, size_t columns);
void krait__layout(struct emodel *model, struct cpu_carver *weights, struct cpu_carver *scratch, unsigned n_threads);

/* measure.c: which way is faster here; takes a few milliseconds where it makes a difference */
bool krait__measure_stream(struct emodel *model);

/* prepare.c */
krait_status krait__check_plan(const struct plan *plan, struct why *why);
struct matrix krait__matrix(const struct tensor *tensor);
struct matrix krait__matrix_rows(const struct matrix *matrix, size_t first, size_t n);
void krait__prepare(struct emodel *model);

/* slots.c */
krait_status krait__slot_new(struct slot **out, struct emodel *model, struct why *why);
void krait__slot_free(struct slot *slot);
krait_status krait__slot_clear(struct slot *slot, struct why *why);
krait_status krait__slot_copy(struct slot *to, const struct slot *from, struct why *why);
krait_status krait__slot_resize(struct slot *slot, uint64_t n_positions, struct why *why);
krait_status krait__slot_reserve(struct slot *slot, uint64_t n, struct why *why);
krait_status krait__slot_export(const struct slot *slot, uint32_t component, float *canonical, struct why *why);
krait_status krait__slot_import(struct slot *slot, uint32_t component, const float *canonical, struct why *why);

/* pages.c: state that grows. False: no memory, and nothing that can be seen has changed. */
bool krait__pages_reserve(struct slot *slot, uint64_t n);      /* the next n positions may be written */
bool krait__pages_share(struct slot *to, const struct slot *from);
void krait__pages_trim(struct slot *slot, uint64_t n_positions);       /* keeps what holds these */

/* float_mode.c: tiny values are flushed to zero while a kernel runs, and rounding is to nearest */
struct float_mode { unsigned saved; };
struct float_mode krait__float_mode_enter(void);
void krait__float_mode_leave(struct float_mode mode);

/* pass.c: a job for the pool; its argument is a struct pass */
void krait__pass_job(void *argument, unsigned thread);

/* stages.c; `thread` does its share of a stage */
struct product krait__product(const struct emodel *model, unsigned thread, const struct matrix *matrix, size_t n_rows);
void krait__norm_rows(const struct pass *pass, const float *weight, const float *bias, float eps, unsigned thread);

/* head.c */
void krait__score_rows(const struct pass *pass, unsigned thread);
krait_status krait__logits(struct emodel *model, struct slot *const *slots, const float *const *hidden, size_t n,
	float *const *logits, struct why *why);

/* forward.c */
krait_status krait__forward(struct emodel *model, struct span *spans, size_t n_spans, struct why *why);

#endif
