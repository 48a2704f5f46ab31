/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forward.c - divides the spans of a call into passes and keeps their outcomes. A call in which
 * every span has one token is a step of a graph; any other goes through prefill, as many rows at
 * a time as its memory is meant for.
 *
 * A caller has the model for one pass at a time, so that others get in between. Before anything of
 * a call has reached a slot it may be refused; after that the only way out is forward, or LOST.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cuda/host.h"
#include "kernels/spans.h"

#include <string.h>
#include <unistd.h>

struct call {
	struct emodel *model;
	struct span *spans;
	size_t n_spans, cursor, n_looked, n_passes;
	size_t n_pieces;
	uint32_t n_rows, n_hidden, n_scored, longest;
	bool moved;
};

/* ---- which rows --------------------------------------------------------------------------- */

/* Steps and prompts add in different orders. What an exact span gets may not depend on its company, so those of
 * one token and longer ones have passes of their own; in fast precision one pass over the weights is worth more. */
static bool fits_with(const struct call *call, const struct span *span)
{
	const struct span *first = call->model->pieces[0].span;

	return call->n_pieces == 0 || call->model->fast || (span->n == 1) == (first->n == 1);
}

/* A row for each active span, as many as there is room for; the next pass goes on with the first that had none. */
static void pick_spans(struct call *call, size_t limit)
{
	size_t start = call->cursor, left_out = call->n_spans;

	call->n_pieces = call->n_looked = 0;
	for (size_t i = 0; i < call->n_spans && call->n_pieces < limit; i++) {
		struct span *span = &call->spans[(start + i) % call->n_spans];

		if (!krait__span_active(span))
			continue;
		if (fits_with(call, span))
			call->model->pieces[call->n_pieces++] = (struct cuda_piece){ .span = span, .n = 1 };
		else if (left_out == call->n_spans)
			left_out = i;
		call->n_looked = i + 1;
	}
	call->cursor = (start + (left_out < call->n_spans ? left_out : call->n_looked)) % call->n_spans;
}

/* More rows for the first ones, up to the limit of a pass. */
static void pick_rows(struct call *call)
{
	size_t spare = call->model->sizes.prefill_rows > call->n_pieces ? call->model->sizes.prefill_rows - call->n_pieces : 0;

	call->n_rows = call->longest = 0;
	for (size_t i = 0; i < call->n_pieces; i++) {
		struct cuda_piece *piece = &call->model->pieces[i];
		size_t more = krait__smaller(piece->span->n - piece->span->n_done - 1, spare);

		piece->n = (uint32_t)(1 + more);
		piece->first = call->n_rows;
		spare -= more;
		call->n_rows += piece->n;
		if (piece->n > call->longest)
			call->longest = piece->n;
	}
}

static bool all_step(const struct call *call)
{
	for (size_t i = 0; i < call->n_pieces; i++) {
		const struct span *span = call->model->pieces[i].span;

		if (span->n - span->n_done != 1 || span->targets || (!call->model->fast && span->n != 1))
			return false;
	}
	return true;
}

/* ---- one token each ------------------------------------------------------------------------- */

static cudaError_t fill_step(const struct call *call, uint32_t n_rows)
{
	struct emodel *model = call->model;
	struct decode_block block;
	float **slots;
	int32_t *tokens;
	cudaError_t error;

	krait__cuda_decode_block(&block, n_rows);
	slots = (float **)(void *)(model->pinned + block.slot);
	tokens = (int32_t *)(void *)(model->pinned + block.token);
	for (uint32_t i = 0; i < n_rows; i++) {
		const struct span *span = i < call->n_pieces ? model->pieces[i].span : NULL;

		slots[i] = span ? span->slot->data : NULL;
		tokens[i] = span && span->tokens ? span->tokens[span->n_done] : -1;
	}
	error = cudaMemcpyAsync(model->arena.block, model->pinned, block.used, cudaMemcpyHostToDevice, model->stream);
	for (uint32_t i = 0; i < call->n_pieces && error == cudaSuccess; i++) {
		const struct span *span = model->pieces[i].span;
		size_t width = model->plan->width;

		if (!span->tokens)
			error = cudaMemcpyAsync(model->arena.decode.x + i * width, span->embeddings + span->n_done * width, width * sizeof(float),
				cudaMemcpyHostToDevice, model->stream);
	}
	return error;
}

/* The rows kept so far move up to make room for `more`; where those belong. */
static float *make_room(const struct span *span, size_t more, size_t width)
{
	size_t keep = krait__span_kept(span), have = krait__smaller(keep, span->n_done);
	size_t drop = have + more > keep ? have + more - keep : 0;

	memmove(span->hidden, span->hidden + drop * width, (have - drop) * width * sizeof(float));
	return span->hidden + (have - drop) * width;
}

static cudaError_t keep_step(const struct call *call)
{
	const struct emodel *model = call->model;
	size_t width = model->plan->width;
	cudaError_t error = cudaSuccess;

	for (size_t i = 0; i < call->n_pieces && error == cudaSuccess; i++) {
		const struct span *span = model->pieces[i].span;

		if (krait__span_kept(span))
			error = cudaMemcpyAsync(make_room(span, 1, width), span->slot->data + model->sizes.hidden_at, width * sizeof(float),
				cudaMemcpyDeviceToHost, model->stream);
	}
	return error;
}

static cudaError_t run_step(struct call *call)
{
	uint32_t bucket = krait__cuda_bucket((uint32_t)call->n_pieces);
	cudaError_t error = fill_step(call, 1u << bucket);

	if (error == cudaSuccess)
		error = krait__cuda_step(call->model, STEP_READ, bucket);
	if (error != cudaSuccess)
		return error;
	call->moved = true;
	return keep_step(call);
}

/* ---- prefill ----------------------------------------------------------------------------------- */

/* Rows whose hidden vector is wanted: those to keep, and the last of each piece for its slot. */
static uint32_t n_kept(const struct cuda_piece *piece)
{
	return (uint32_t)krait__smaller(krait__span_kept(piece->span), piece->n);
}

static void fill_hidden(struct call *call, const struct cuda_piece *piece, uint32_t *rows, float **slots)
{
	uint32_t n = n_kept(piece) ? n_kept(piece) : 1;

	for (uint32_t i = 0; i < n; i++) {
		rows[call->n_hidden] = piece->first + piece->n - n + i;
		slots[call->n_hidden++] = i + 1 == n ? piece->span->slot->data : NULL;
	}
}

static void fill_tokens(const struct cuda_piece *piece, int32_t *tokens)
{
	for (uint32_t i = 0; i < piece->n; i++)
		tokens[piece->first + i] = piece->span->tokens ? piece->span->tokens[piece->span->n_done + i] : -1;
}

static void fill_targets(struct call *call, const struct cuda_piece *piece, uint32_t *rows, int32_t *targets)
{
	for (uint32_t i = 0; piece->span->targets && i < piece->n; i++) {
		krait_token target = piece->span->targets[piece->span->n_done + i];

		if (target < 0)
			continue;
		rows[call->n_scored] = piece->first + i;
		targets[call->n_scored++] = target;
	}
}

static void fill_block(struct call *call, const struct prefill_block *block)
{
	char *at = call->model->pinned;
	float **slots = (float **)(void *)(at + block->slot), **hidden_slots = (float **)(void *)(at + block->hidden_slot);
	uint32_t *first = (uint32_t *)(void *)(at + block->first), *count = (uint32_t *)(void *)(at + block->count);

	call->n_hidden = call->n_scored = 0;
	for (size_t i = 0; i < call->n_pieces; i++) {
		const struct cuda_piece *piece = &call->model->pieces[i];

		slots[i] = piece->span->slot->data;
		first[i] = piece->first;
		count[i] = piece->n;
		fill_tokens(piece, (int32_t *)(void *)(at + block->token));
		fill_hidden(call, piece, (uint32_t *)(void *)(at + block->hidden_row), hidden_slots);
		fill_targets(call, piece, (uint32_t *)(void *)(at + block->scored_row), (int32_t *)(void *)(at + block->target));
	}
}

static cudaError_t begin_prefill(struct call *call, const struct prefill_block *block)
{
	struct emodel *model = call->model;
	float *x = model->arena.prefill.x;
	size_t width = model->plan->width;
	cudaError_t error;

	fill_block(call, block);
	error = cudaMemcpyAsync(model->arena.block, model->pinned, block->used, cudaMemcpyHostToDevice, model->stream);
	if (error == cudaSuccess)
		error = krait__cuda_mark(model, NULL, cudaSuccess);
	if (error == cudaSuccess)
		error = krait__cuda_mark(model, "embed", kc_embed(x, &model->embedding, (const int32_t *)(void *)(model->arena.block + block->token),
			call->n_rows, model->stream));
	for (size_t i = 0; i < call->n_pieces && error == cudaSuccess; i++) {
		const struct cuda_piece *piece = &model->pieces[i];

		if (!piece->span->tokens)
			error = cudaMemcpyAsync(x + piece->first * width, piece->span->embeddings + piece->span->n_done * width,
				piece->n * width * sizeof(float), cudaMemcpyHostToDevice, model->stream);
	}
	return error;
}

static cudaError_t keep_prefill(const struct call *call, const struct prefill_block *block)
{
	struct emodel *model = call->model;
	const struct arena *a = &model->arena;
	size_t width = model->plan->width, at = 0;
	struct kc_hidden hidden = { .x = a->prefill.x, .norm = model->final_norm, .row = (const uint32_t *)(void *)(a->block + block->hidden_row),
		.out = a->prefill.hidden, .slot = (float *const *)(void *)(a->block + block->hidden_slot), .hidden_at = model->sizes.hidden_at,
		.n = call->n_hidden, .width = model->plan->width };
	cudaError_t error = krait__cuda_mark(model, "hidden", kc_hidden(&hidden, model->stream));

	for (size_t i = 0; i < call->n_pieces && error == cudaSuccess; i++) {
		const struct cuda_piece *piece = &model->pieces[i];
		size_t n = n_kept(piece);

		if (n)
			error = cudaMemcpyAsync(make_room(piece->span, n, width), a->prefill.hidden + at * width, n * width * sizeof(float),
				cudaMemcpyDeviceToHost, model->stream);
		at += n ? n : 1;
	}
	return error;
}

static cudaError_t score_prefill(const struct call *call, const struct prefill_block *block)
{
	struct emodel *model = call->model;
	cudaError_t error;

	if (!call->n_scored)
		return cudaSuccess;
	error = krait__cuda_score_rows(model, block, call->n_scored);
	if (error == cudaSuccess)
		error = cudaMemcpyAsync(model->pinned_results, model->arena.results, call->n_scored * sizeof(float), cudaMemcpyDeviceToHost, model->stream);
	return error;
}

static cudaError_t run_prefill(struct call *call)
{
	struct emodel *model = call->model;
	struct prefill_block block;
	struct kc_pieces pieces = { .n = (uint32_t)call->n_pieces, .n_rows = call->n_rows, .longest = call->longest };
	cudaError_t error;

	krait__cuda_prefill_block(&block, pieces.n, pieces.n_rows);
	pieces.slot = (float *const *)(void *)(model->arena.block + block.slot);
	pieces.first = (const uint32_t *)(void *)(model->arena.block + block.first);
	pieces.count = (const uint32_t *)(void *)(model->arena.block + block.count);
	error = begin_prefill(call, &block);
	if (error != cudaSuccess)
		return error;
	call->moved = true;
	error = krait__cuda_layers(model, &pieces);
	if (error == cudaSuccess)
		error = keep_prefill(call, &block);
	return error == cudaSuccess ? score_prefill(call, &block) : error;
}

/* ---- passes -------------------------------------------------------------------------------------- */

static void settle(struct call *call)
{
	const float *scores = (const float *)(void *)call->model->pinned_results;

	for (size_t i = 0; i < call->n_pieces; i++) {
		struct cuda_piece *piece = &call->model->pieces[i];
		struct span *span = piece->span;

		for (uint32_t r = 0; span->targets && r < piece->n; r++)
			if (span->targets[span->n_done + r] >= 0)
				span->scores[span->n_done + r] = *scores++;
		span->n_done += piece->n;
	}
}

static krait_status run_pass(struct call *call, bool *any, struct why *why)
{
	struct emodel *model = call->model;
	krait_status status = krait__cuda_enter(model, why);
	cudaError_t error = cudaSuccess, waited;

	*any = false;
	if (status != KRAIT_OK)
		return status;
	pick_spans(call, krait__smaller(MOST_PIECES, model->sizes.prefill_rows));
	*any = call->n_pieces > 0;
	if (*any) {
		bool step = all_step(call);

		pick_rows(call);
		error = step ? run_step(call) : run_prefill(call);
		waited = krait__cuda_drain(model);
		error = error == cudaSuccess ? waited : error;
		if (error == cudaSuccess)
			settle(call);
	}
	return krait__cuda_finish(model, error, "reading tokens", call->moved, why);
}

/* Between passes: those that are not done yet hear of it and may stop. */
static void report(const struct call *call)
{
	for (size_t i = 0; i < call->n_spans; i++) {
		struct span *span = &call->spans[i];

		if (span->progress && span->status == KRAIT_OK && span->n_done < span->n &&
				span->progress(span->user, span->n_done, span->n))
			span->status = KRAIT_CANCELLED;
	}
}

/* At the end: those that needed more than one pass hear that they are done. */
static void report_end(const struct call *call)
{
	for (size_t i = 0; i < call->n_spans && call->n_passes > 1; i++) {
		const struct span *span = &call->spans[i];

		if (span->progress && span->status == KRAIT_OK && span->n > 1)
			span->progress(span->user, span->n, span->n);
	}
}

krait_status krait__cuda_forward(struct emodel *model, struct span *spans, size_t n_spans, struct why *why)
{
	struct call call = { .model = model, .spans = spans, .n_spans = n_spans };
	krait_status status;
	bool any;

	for (size_t i = 0; i < n_spans; i++) {
		krait__span_begin(&spans[i]);
	}
	while ((status = run_pass(&call, &any, why)) == KRAIT_OK && any) {
		call.n_passes++;
		report(&call);
	}
	if (status == KRAIT_OK)
		report_end(&call);
	return status;
}
