/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate.c - drawing and reading tokens without the host in between: a graph for each token, and
 * one wait for all of them. Rows that end early stand still on the device until
 * the others are done.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cuda/host.h"
#include "base/memory.h"
#include "base/size.h"

#include <string.h>

/* What of a call goes where: `tail` is in the call's block, `extra` in memory of its own. */
struct lists {
	char *host, *device;
	size_t used, room;
};

struct round {
	struct emodel *model;
	struct draw **rows;
	uint32_t n, n_rows;             /* n_rows: with padding */
	uint32_t steps;
	bool together, moved;
	struct decode_block block;
	struct lists lists;
	char *spread;                   /* on the host: lists that did not fit the tail */
};

/* ---- memory for lists ---------------------------------------------------------------------------- */

static bool counts(const struct drawing *d)
{
	return d->repetition != 1 || d->presence != 0 || d->frequency != 0;
}

static size_t list_bytes(size_t n, size_t size)
{
	return (n * size + 15) / 16 * 16;
}

static size_t bytes_of(const struct drawing *d)
{
	return list_bytes(d->n_stops, sizeof(int32_t)) + 2 * list_bytes(d->n_biases, sizeof(int32_t)) + 2 * list_bytes(d->n_counts, sizeof(int32_t));
}

static cudaError_t grow_extra(struct emodel *model, size_t n)
{
	void *grown;
	cudaError_t error;

	if (n <= model->extra_size)
		return cudaSuccess;
	n += n / 2;
	error = cudaMalloc(&grown, n);
	if (error != cudaSuccess)
		return error;
	if (model->extra)
		cudaFree(model->extra);
	model->extra = grown;
	model->extra_size = n;
	return cudaSuccess;
}

static cudaError_t grow_counts(struct emodel *model, size_t n_rows)
{
	uint32_t *grown;
	cudaError_t error;

	if (n_rows <= model->counts_rows)
		return cudaSuccess;
	error = cudaMalloc((void **)&grown, n_rows * model->plan->vocab * sizeof(*grown));
	if (error != cudaSuccess)
		return error;
	if (model->counts)
		cudaFree(model->counts);
	model->counts = grown;
	model->counts_rows = n_rows;
	return cudaSuccess;
}

static cudaError_t place_lists(struct round *round)
{
	struct emodel *model = round->model;
	size_t n = 0;
	bool any_counts = false;
	cudaError_t error;

	for (uint32_t i = 0; i < round->n; i++) {
		n += bytes_of(round->rows[i]->drawing);
		any_counts = any_counts || counts(round->rows[i]->drawing);
	}
	error = any_counts ? grow_counts(model, round->n_rows) : cudaSuccess;
	if (error != cudaSuccess)
		return error;
	if (n <= TAIL_BYTES) {
		round->lists = (struct lists){ model->pinned + round->block.tail, model->arena.block + round->block.tail, 0, TAIL_BYTES };
		return cudaSuccess;
	}
	round->spread = krait__alloc(n, 1);
	error = round->spread ? grow_extra(model, n) : cudaErrorMemoryAllocation;
	round->lists = (struct lists){ round->spread, model->extra, 0, n };
	return error;
}

static const void *skip_list(struct lists *lists, size_t n, size_t size)
{
	const char *at = n ? lists->device + lists->used : NULL;

	lists->used += list_bytes(n, size);
	return at;
}

static const void *put_list(struct lists *lists, const void *from, size_t n, size_t size)
{
	if (n)
		memcpy(lists->host + lists->used, from, n * size);
	return skip_list(lists, n, size);
}

/* ---- filling a round -------------------------------------------------------------------------------- */

static struct kc_sampling sampling_of(struct round *round, uint32_t i)
{
	const struct draw *draw = round->rows[i];
	const struct drawing *d = draw->drawing;
	struct kc_sampling s = { .temperature = d->temperature, .top_p = d->top_p, .min_p = d->min_p, .repetition = d->repetition,
		.presence = d->presence, .frequency = d->frequency, .seed = d->seed, .position = draw->position, .top_k = d->top_k,
		.n_biases = (uint32_t)d->n_biases, .n_valid = d->n_valid };

	if (counts(d))
		s.counts = round->model->counts + (size_t)i * round->model->plan->vocab;
	s.bias_token = put_list(&round->lists, d->bias_tokens, d->n_biases, sizeof(int32_t));
	s.bias_value = put_list(&round->lists, d->bias_values, d->n_biases, sizeof(float));
	return s;
}

static struct kc_draw draw_of(struct round *round, uint32_t i)
{
	const struct draw *draw = round->rows[i];
	struct kc_drawn *drawn = (struct kc_drawn *)(void *)round->model->arena.results;

	return (struct kc_draw){
		.drawn = drawn + i, .tokens = (int32_t *)(void *)(drawn + round->n_rows) + (size_t)i * round->steps,
		.stops = put_list(&round->lists, draw->drawing->stops, draw->drawing->n_stops, sizeof(int32_t)),
		.n_stops = (uint32_t)draw->drawing->n_stops, .limit = (uint32_t)draw->n, .together = round->together,
	};
}

static void fill_rows(struct round *round)
{
	struct emodel *model = round->model;
	float **slots = (float **)(void *)(model->pinned + round->block.slot);
	struct kc_draw *draws = (struct kc_draw *)(void *)(model->pinned + round->block.draw);
	struct kc_sampling *sampling = (struct kc_sampling *)(void *)(model->pinned + round->block.sampling);

	for (uint32_t i = 0; i < round->n_rows; i++) {
		bool row = i < round->n;

		slots[i] = row ? round->rows[i]->slot->data : NULL;
		draws[i] = row ? draw_of(round, i) : (struct kc_draw){ .drawn = (struct kc_drawn *)(void *)model->arena.results + i };
		sampling[i] = row ? sampling_of(round, i) : (struct kc_sampling){ .temperature = 0, .top_p = 1, .repetition = 1, .n_valid = 1 };
	}
}

static cudaError_t send_counts(struct round *round, uint32_t i)
{
	const struct drawing *d = round->rows[i]->drawing;
	struct emodel *model = round->model;
	uint32_t *row = model->counts + (size_t)i * model->plan->vocab;
	const int32_t *tokens = skip_list(&round->lists, d->n_counts, sizeof(int32_t));
	const uint32_t *times = skip_list(&round->lists, d->n_counts, sizeof(uint32_t));
	cudaError_t error = cudaMemsetAsync(row, 0, model->plan->vocab * sizeof(*row), model->stream);

	return error == cudaSuccess && d->n_counts ? kc_spread(row, tokens, times, (uint32_t)d->n_counts, model->stream) : error;
}

/* The lists of counts are put behind all others before anything is sent, and used after it. */
static cudaError_t send_round(struct round *round)
{
	struct emodel *model = round->model;
	struct lists before;
	cudaError_t error = cudaSuccess;
	size_t n = round->block.used;

	fill_rows(round);
	before = round->lists;
	for (uint32_t i = 0; i < round->n; i++) {
		const struct drawing *d = round->rows[i]->drawing;

		put_list(&round->lists, d->count_tokens, counts(d) ? d->n_counts : 0, sizeof(int32_t));
		put_list(&round->lists, d->counts, counts(d) ? d->n_counts : 0, sizeof(uint32_t));
	}
	if (round->spread)
		error = cudaMemcpyAsync(model->extra, round->spread, round->lists.used, cudaMemcpyHostToDevice, model->stream);
	else
		n += round->lists.used;
	if (error == cudaSuccess)
		error = cudaMemcpyAsync(model->arena.block, model->pinned, n, cudaMemcpyHostToDevice, model->stream);
	round->lists = before;
	for (uint32_t i = 0; i < round->n && error == cudaSuccess; i++)
		if (counts(round->rows[i]->drawing))
			error = send_counts(round, i);
	return error;
}

/* ---- a round ---------------------------------------------------------------------------------------- */

static cudaError_t queue_round(struct round *round)
{
	struct emodel *model = round->model;
	uint32_t bucket = krait__cuda_bucket(round->n_rows);
	size_t n_back = round->n_rows * (sizeof(struct kc_drawn) + round->steps * sizeof(int32_t));
	cudaError_t error = place_lists(round), waited;

	if (error == cudaSuccess)
		error = send_round(round);
	if (error == cudaSuccess)
		error = cudaMemsetAsync(model->arena.results, 0, round->n_rows * sizeof(struct kc_drawn), model->stream);
	for (uint32_t i = 0; i < round->steps && error == cudaSuccess; i++) {
		error = krait__cuda_step(model, STEP_DRAW, bucket);
		round->moved = round->moved || error == cudaSuccess;
	}
	if (error == cudaSuccess)
		error = cudaMemcpyAsync(model->pinned_results, model->arena.results, n_back, cudaMemcpyDeviceToHost, model->stream);
	waited = krait__cuda_drain(model);
	return error == cudaSuccess ? waited : error;
}

static krait_status status_of(int outcome)
{
	return outcome == KC_STOPPED ? KRAIT_END : outcome == KC_BAD ? KRAIT_ERROR_FORMAT : KRAIT_OK;
}

static void settle_round(struct round *round)
{
	const struct kc_drawn *drawn = (const struct kc_drawn *)(const void *)round->model->pinned_results;
	const int32_t *tokens = (const int32_t *)(const void *)(drawn + round->n_rows);

	for (uint32_t i = 0; i < round->n; i++) {
		struct draw *draw = round->rows[i];

		memcpy(draw->tokens, tokens + (size_t)i * round->steps, drawn[i].n * sizeof(*tokens));
		draw->n_done = drawn[i].n;
		draw->status = status_of(drawn[i].outcome);
		draw->stop = drawn[i].outcome == KC_STOPPED ? drawn[i].stop : -1;
	}
}

/* A bucket of them, from the at-th draw on. Where that ended. */
static size_t pick_rows(struct round *round, struct draw *draws, size_t n, size_t at)
{
	size_t longest = 0;

	round->n = 0;
	for (; at < n && round->n < DECODE_ROWS; at++) {
		struct draw *draw = &draws[at];

		if (draw->cancel && atomic_load(draw->cancel)) {
			draw->status = KRAIT_CANCELLED;
			continue;
		}
		if (draw->n > longest)
			longest = draw->n;
		round->rows[round->n++] = draw;
	}
	round->n_rows = 1u << krait__cuda_bucket(round->n);
	round->steps = (uint32_t)longest;
	return at;
}

static krait_status run_round(struct round *round, struct why *why)
{
	struct emodel *model = round->model;
	krait_status status = krait__cuda_enter(model, why);
	cudaError_t error;

	if (status != KRAIT_OK)
		return status;
	krait__cuda_decode_block(&round->block, round->n_rows);
	error = queue_round(round);
	if (error == cudaSuccess)
		settle_round(round);
	krait__free(round->spread);
	round->spread = NULL;
	return krait__cuda_finish(model, error, "generating tokens", round->moved, why);
}

/* Whatever does not fit a bucket takes its turn after it. */
krait_status krait__cuda_generate(struct emodel *model, struct draw *draws, size_t n, bool together, struct why *why)
{
	struct round round = { .model = model, .together = together };
	krait_status status = KRAIT_OK;

	round.rows = krait__alloc(n < DECODE_ROWS ? n : DECODE_ROWS, sizeof(struct draw *));
	if (!round.rows)
		return krait__why_memory(why);
	for (size_t i = 0; i < n; i++) {
		draws[i].n_done = 0;
		draws[i].status = KRAIT_OK;
		draws[i].stop = -1;
	}
	for (size_t at = 0; at < n && status == KRAIT_OK;) {
		at = pick_rows(&round, draws, n, at);
		if (round.n)
			status = run_round(&round, why);
	}
	krait__free(round.rows);
	return status;
}
