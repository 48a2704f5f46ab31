/* SPDX-License-Identifier: Apache-2.0 */
/*
 * forward.c - divides the spans of a call into passes and keeps their outcomes.
 *
 * A caller has the model for one pass at a time: a long prompt lets other callers in
 * between its passes, and a progress callback may use the same model.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/cpu.h"
#include "kernels/spans.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

/* How soon a cancelled prompt stops: a shorter pass reads the weights for too few rows. */
#define PASS_SECONDS 0.12

/* One row for each active span, as many spans as there is room for; the next pass goes
 * on behind them. */
static void pick_spans(struct pass *pass, struct span *spans, size_t n_spans, size_t *cursor)
{
	size_t start = *cursor;

	pass->n_pieces = 0;
	for (size_t i = 0; i < n_spans; i++) {
		struct span *span = &spans[(start + i) % n_spans];

		if (!krait__span_active(span))
			continue;
		if (pass->n_pieces == MAX_ROWS) {
			*cursor = (start + i) % n_spans;
			return;
		}
		pass->pieces[pass->n_pieces++] = (struct cpu_piece){ .span = span, .n = 1 };
	}
}

/* More rows for the first ones, cut into equal passes: 41 rows under a limit of 40 are 21 and 20. */
static void pick_rows(struct pass *pass, size_t limit)
{
	size_t spare = limit > pass->n_pieces ? limit - pass->n_pieces : 0;

	pass->n_rows = 0;
	for (size_t i = 0; i < pass->n_pieces; i++) {
		struct cpu_piece *piece = &pass->pieces[i];
		size_t left = piece->span->n - piece->span->n_done, room = spare + 1;
		size_t n_passes = (left + room - 1) / room;

		piece->n = (left + n_passes - 1) / n_passes;
		spare -= piece->n - 1;
		piece->row = pass->n_rows;
		pass->n_rows += piece->n;
	}
}

static void pick_scored(struct pass *pass)
{
	pass->n_scored = 0;
	for (size_t i = 0; i < pass->n_pieces; i++) {
		const struct cpu_piece *piece = &pass->pieces[i];

		for (size_t r = 0; piece->span->targets && r < piece->n; r++) {
			size_t position = piece->span->n_done + r;

			if (piece->span->targets[position] >= 0)
				pass->scored[pass->n_scored++] = (struct scored){
					piece->row + r, piece->span->targets[position],
					piece->span->scores + position };
		}
	}
}

/* The rows kept so far move up to make room for those of this pass. */
static void keep_hidden(const struct emodel *model, const struct cpu_piece *piece)
{
	struct span *span = piece->span;
	const struct scratch *s = &model->scratch;
	size_t width = model->plan->width, keep = krait__span_kept(span);
	size_t have = krait__smaller(keep, span->n_done), more = krait__smaller(keep, piece->n);
	size_t drop = have + more > keep ? have + more - keep : 0;

	if (keep == 0)
		return;
	memmove(span->hidden, span->hidden + drop * width, (have - drop) * width * sizeof(float));
	for (size_t i = 0; i < more; i++)
		memcpy(span->hidden + (have - drop + i) * width,
			s->normed + (piece->row + piece->n - more + i) * s->wide, width * sizeof(float));
}

static void keep_results(const struct pass *pass)
{
	const struct emodel *model = pass->model;

	for (size_t i = 0; i < pass->n_pieces; i++) {
		const struct cpu_piece *piece = &pass->pieces[i];
		const float *last = model->scratch.normed + (piece->row + piece->n - 1) * model->scratch.wide;

		memcpy(piece->span->slot->hidden, last, model->plan->width * sizeof(float));
		keep_hidden(model, piece);
		piece->span->slot->n_positions += piece->n;
		piece->span->n_done += piece->n;
	}
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* How many rows fit next time. No pass is shorter than reading the weights takes, so with
 * a large model that is the measure, and rows are added while they cost next to nothing.
 * A faster pass counts at once, a slower one little: another program may have had the
 * processor, and shorter passes would not help. Results do not depend on any of this. */
static void adapt(struct emodel *model, size_t n_rows, double seconds)
{
	double budget, fit, each = seconds / (double)n_rows;

	if (seconds < model->fastest)
		model->fastest = seconds;
	if (2 * n_rows < model->row_limit)
		return;
	if (model->row_seconds == 0 || each < model->row_seconds)
		model->row_seconds = each;
	else
		model->row_seconds += 0.1 * (each - model->row_seconds);
	budget = 1.2 * model->fastest > PASS_SECONDS ? 1.2 * model->fastest : PASS_SECONDS;
	fit = budget / (model->row_seconds > 1e-9 ? model->row_seconds : 1e-9);
	if (seconds <= budget && n_rows >= model->row_limit && fit < (double)n_rows + 1)
		fit = (double)n_rows + 1;
	model->row_limit = fit < 1 ? 1 : fit > MAX_ROWS ? MAX_ROWS : (size_t)fit;
}

/* False: no span has anything left to do. */
static bool run_pass(struct emodel *model, struct span *spans, size_t n_spans, size_t *cursor)
{
	struct pass *pass = &model->pass;
	bool any;

	krait__turn_take(&model->turn);
	pick_spans(pass, spans, n_spans, cursor);
	any = pass->n_pieces > 0;
	if (any) {
		double start = now();

		pick_rows(pass, model->row_limit);
		pick_scored(pass);
		krait__pool_run(model->pool, krait__pass_job, pass);
		keep_results(pass);
		adapt(model, pass->n_rows, now() - start);
	}
	krait__turn_leave(&model->turn);
	return any;
}

/* Between passes: those that are not done yet hear of it and may stop. */
static void report(struct span *spans, size_t n_spans)
{
	for (size_t i = 0; i < n_spans; i++) {
		struct span *span = &spans[i];

		if (span->progress && span->status == KRAIT_OK && span->n_done < span->n &&
				span->progress(span->user, span->n_done, span->n))
			span->status = KRAIT_CANCELLED;
	}
}

/* At the end: those that needed more than one pass hear that they are done. */
static void report_end(const struct span *spans, size_t n_spans, size_t n_passes)
{
	for (size_t i = 0; i < n_spans && n_passes > 1; i++)
		if (spans[i].progress && spans[i].status == KRAIT_OK && spans[i].n > 1)
			spans[i].progress(spans[i].user, spans[i].n, spans[i].n);
}

/* All that a call will need, before anything moves. */
static bool reserve(struct span *spans, size_t n_spans)
{
	for (size_t i = 0; i < n_spans; i++)
		if (!krait__pages_reserve(spans[i].slot, spans[i].n)) {
			for (size_t j = 0; j < i; j++)
				krait__pages_trim(spans[j].slot, spans[j].slot->n_positions);
			return false;
		}
	return true;
}

krait_status krait__forward(struct emodel *model, struct span *spans, size_t n_spans, struct why *why)
{
	size_t cursor = 0, n_passes = 0;

	if (model->pid != getpid())
		return krait__why(why, KRAIT_ERROR_FORKED,
			"the model was opened before fork(); open it in this process anew");
	if (!reserve(spans, n_spans))
		return krait__why_memory(why);
	for (size_t i = 0; i < n_spans; i++) {
		krait__span_begin(&spans[i]);
	}
	while (run_pass(model, spans, n_spans, &cursor)) {
		n_passes++;
		report(spans, n_spans);
	}
	report_end(spans, n_spans, n_passes);
	return KRAIT_OK;
}
