/* SPDX-License-Identifier: Apache-2.0 */
/* head.c - the head's product: logits, and scores of given tokens. The head is cut at fixed
 * places, so that sums over the vocabulary do not depend on the number of threads. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/cpu.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

static struct product head_product(const struct emodel *model, unsigned thread, const float *in, size_t n_rows)
{
	struct matrix head = krait__matrix(&model->plan->tensors[model->plan->head]);
	struct product product = krait__product(model, thread, &head, n_rows);

	product.in = in;
	product.in_stride = model->scratch.wide;
	product.out_stride = HEAD_BLOCK;
	product.scale = model->plan->logit_scale;
	return product;
}

/* Rows [first, first + HEAD_BLOCK) of the head into the thread's block; returns how many there are. */
static size_t head_block(const struct emodel *model, struct product *product, unsigned thread, size_t block)
{
	size_t first = block * HEAD_BLOCK, left = product->matrix.rows - first;
	size_t n = left < HEAD_BLOCK ? left : HEAD_BLOCK;
	struct product part;

	product->out = model->scratch.blocks + (size_t)thread * MAX_ROWS * HEAD_BLOCK;
	part = *product;
	part.matrix = krait__matrix_rows(&product->matrix, first, n);
	model->kernels->product(&part, 0, n);
	return n;
}

/* ---- scores ---- */

static void gather(const struct pass *pass, unsigned thread)
{
	const struct scratch *s = &pass->model->scratch;
	struct share share = krait__pool_share(pass->model->pool, thread, pass->n_scored, 1);

	for (size_t i = share.first; i < share.last; i++)
		memcpy(s->x + i * s->wide, s->normed + pass->scored[i].row * s->wide, s->wide * sizeof(float));
}

static void score_block(const struct pass *pass, struct product *product, unsigned thread, size_t block)
{
	const struct emodel *model = pass->model;
	const struct scratch *s = &model->scratch;
	size_t n = head_block(model, product, thread, block);

	for (size_t i = 0; i < pass->n_scored; i++) {
		const float *logits = product->out + i * HEAD_BLOCK;
		size_t target = (size_t)pass->scored[i].target;

		model->kernels->exp_sum(logits, n, &s->tops[i * s->n_head_blocks + block],
			&s->sums[i * s->n_head_blocks + block]);
		if (target / HEAD_BLOCK == block)
			s->chosen[i] = logits[target % HEAD_BLOCK];
	}
}

static float score(const struct scratch *s, size_t i)
{
	const float *tops = s->tops + i * s->n_head_blocks, *sums = s->sums + i * s->n_head_blocks;
	double top = tops[0], sum = 0;

	for (size_t b = 1; b < s->n_head_blocks; b++)
		if (tops[b] > top)
			top = tops[b];
	for (size_t b = 0; b < s->n_head_blocks; b++)
		sum += sums[b] * exp(tops[b] - top);
	return (float)(s->chosen[i] - top - log(sum));
}

void krait__score_rows(const struct pass *pass, unsigned thread)
{
	const struct emodel *model = pass->model;
	struct product product = head_product(model, thread, model->scratch.x, pass->n_scored);
	struct share blocks = krait__pool_share(model->pool, thread, model->scratch.n_head_blocks, 1);
	struct share rows = krait__pool_share(model->pool, thread, pass->n_scored, 1);

	gather(pass, thread);
	krait__pool_barrier(model->pool);
	for (size_t block = blocks.first; block < blocks.last; block++)
		score_block(pass, &product, thread, block);
	krait__pool_barrier(model->pool);
	for (size_t i = rows.first; i < rows.last; i++)
		*pass->scored[i].out = score(&model->scratch, i);
}

/* ---- logits ---- */

struct logits_job {
	const struct emodel *model;
	float *const *logits;
	size_t n;
};

static void logits_job(void *argument, unsigned thread)
{
	const struct logits_job *job = argument;
	const struct emodel *model = job->model;
	struct float_mode mode = krait__float_mode_enter();
	struct product product = head_product(model, thread, model->scratch.normed, job->n);
	struct share blocks = krait__pool_share(model->pool, thread, model->scratch.n_head_blocks, 1);

	for (size_t block = blocks.first; block < blocks.last; block++) {
		size_t n = head_block(model, &product, thread, block);

		for (size_t i = 0; i < job->n; i++)
			memcpy(job->logits[i] + block * HEAD_BLOCK, product.out + i * HEAD_BLOCK, n * sizeof(float));
	}
	krait__float_mode_leave(mode);
}

static void logits_rows(struct emodel *model, struct slot *const *slots, const float *const *hidden, size_t n,
	float *const *logits)
{
	struct logits_job job = { model, logits, n };
	size_t width = model->plan->width;

	krait__turn_take(&model->turn);
	for (size_t i = 0; i < n; i++) {
		const float *row = hidden && hidden[i] ? hidden[i] : slots[i]->hidden;

		memcpy(model->scratch.normed + i * model->scratch.wide, row, width * sizeof(float));
	}
	krait__pool_run(model->pool, logits_job, &job);
	krait__turn_leave(&model->turn);
}

krait_status krait__logits(struct emodel *model, struct slot *const *slots, const float *const *hidden, size_t n,
	float *const *logits, struct why *why)
{
	if (model->pid != getpid())
		return krait__why(why, KRAIT_ERROR_FORKED,
			"the model was opened before fork(); open it in this process anew");
	for (size_t at = 0; at < n; at += MAX_ROWS) {
		size_t rows = n - at < MAX_ROWS ? n - at : MAX_ROWS;

		logits_rows(model, slots ? slots + at : NULL, hidden ? hidden + at : NULL, rows, logits + at);
	}
	return KRAIT_OK;
}
