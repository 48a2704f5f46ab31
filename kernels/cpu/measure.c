/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure.c - which way of reading weights is faster on this machine.
 *
 * For one or two inputs a product waits for its weights. Rows one behind the other are one stream, which some
 * processors fetch by themselves; four side by side, fetched ahead by the program, are faster on others, and no
 * flag of a processor tells. Both give the same bits. So both read some of the head (or, without one, of the table
 * of embeddings, which has its shape), each row once, by turns.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/cpu.h"

#include <time.h>

#define TURNS 6                 /* of each way */
#define TURN_BYTES ((size_t)1 << 20)    /* of each thread, */
#define LEAST_BYTES ((size_t)1 << 16)   /* or less where the head is short, down to this: less tells nothing */
#define PAGE_BYTES 4096

struct cpu_measure {
	const struct emodel *model;
	struct matrix head;
	size_t n_rows;                  /* of a turn, all threads */
	double best[2];                 /* seconds of a turn */
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Pages are mapped before the clock runs. */
static void touch(const struct matrix *rows)
{
	size_t n = rows->rows * rows->k * krait__dtype_size(rows->type);
	volatile char last;

	for (size_t at = 0; at < n; at += PAGE_BYTES)
		last = ((const char *)rows->data)[at];
	(void)last;
}

static void one_turn(struct cpu_measure *measure, size_t turn, unsigned thread)
{
	const struct emodel *model = measure->model;
	struct share share = krait__pool_share(model->pool, thread, measure->n_rows, 4);
	struct matrix rows = krait__matrix_rows(&measure->head, turn * measure->n_rows + share.first,
		share.last - share.first);
	struct product product = krait__product(model, thread, &rows, 1);
	double start, seconds;

	product.in = model->scratch.x;
	product.out = model->scratch.blocks + (size_t)thread * MAX_ROWS * HEAD_BLOCK;
	product.stream = turn % 2;
	touch(&rows);
	krait__pool_barrier(model->pool);
	start = now();
	model->kernels->product(&product, 0, rows.rows);
	krait__pool_barrier(model->pool);
	seconds = now() - start;
	if (thread == 0 && (turn < 2 || seconds < measure->best[turn % 2]))
		measure->best[turn % 2] = seconds;
}

static void measure_job(void *argument, unsigned thread)
{
	struct float_mode mode = krait__float_mode_enter();

	for (size_t turn = 0; turn < 2 * TURNS; turn++)
		one_turn(argument, turn, thread);
	krait__float_mode_leave(mode);
}

bool krait__measure_stream(struct emodel *model)
{
	const struct plan *plan = model->plan;
	struct matrix head = krait__matrix(&plan->tensors[plan->head == NO_TENSOR ? plan->embedding : plan->head]);
	struct cpu_measure measure = { .model = model, .head = head };
	size_t row = head.k * krait__dtype_size(head.type), n_threads = krait__pool_threads(model->pool);
	size_t each = TURN_BYTES / row, there = head.rows / (2 * TURNS * n_threads);

	each = each < there ? each : there;
	if (head.k > model->kernels->stream_most || each * row < LEAST_BYTES || each > MAX_ROWS * HEAD_BLOCK)
		return true;
	measure.n_rows = each * n_threads;
	krait__pool_run(model->pool, measure_job, &measure);
	return measure.best[1] <= measure.best[0];
}
