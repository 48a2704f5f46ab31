/* SPDX-License-Identifier: Apache-2.0 */
/* draw.c - letting the engine draw tokens: a session's settings as plain numbers, and what came of it. */
#include "base/memory.h"
#include "session/session.h"

#include <string.h>

bool krait__session_can_draw(const krait_session *session)
{
	return session->model->engine->generate && session->course.sampling.typical_p >= 1;
}

static bool needs_counts(const struct sampling *sampling)
{
	return sampling->repetition != 1 || sampling->presence != 0 || sampling->frequency != 0;
}

/* Four arrays in one block. */
static bool spread_lists(struct drawing *out, const struct course *course)
{
	const struct sampling *sampling = &course->sampling;
	size_t n_counts = needs_counts(sampling) ? course->counts.n : 0, n = sampling->n_biases + n_counts;
	krait_token *tokens;
	uint32_t *counts;
	float *values;

	if (n == 0)
		return true;
	tokens = krait__alloc(2 * n, sizeof(uint32_t));
	if (!tokens)
		return false;
	values = (float *)(void *)(tokens + n);
	counts = (uint32_t *)(void *)(values + sampling->n_biases);
	out->bias_tokens = tokens;
	out->bias_values = values;
	out->count_tokens = tokens + sampling->n_biases;
	out->counts = counts;
	for (size_t i = 0; i < sampling->n_biases; i++) {
		tokens[i] = sampling->biases[i].token;
		values[i] = sampling->biases[i].value;
	}
	tokens += sampling->n_biases;
	for (size_t i = 0; i < course->counts.room && n_counts; i++)
		if (course->counts.entries[i].token >= 0) {
			*tokens++ = course->counts.entries[i].token;
			*counts++ = course->counts.entries[i].count;
		}
	out->n_biases = sampling->n_biases;
	out->n_counts = n_counts;
	return true;
}

/* The lists begin with the biases' tokens, or with the counts' where there are none. */
void krait__drawing_free(struct drawing *drawing)
{
	krait__free((void *)(uintptr_t)drawing->bias_tokens);
	*drawing = (struct drawing){ 0 };
}

krait_status krait__session_draw_begin(krait_session *session, size_t n, struct drawing *out)
{
	struct course *course = &session->course;
	const struct sampling *sampling = &course->sampling;

	*out = (struct drawing){
		.temperature = sampling->temperature, .top_p = sampling->top_p, .min_p = sampling->min_p, .repetition = sampling->repetition,
		.presence = sampling->presence, .frequency = sampling->frequency, .seed = (uint64_t)sampling->seed, .top_k = sampling->top_k,
		.stops = course->stops.tokens, .n_stops = course->stops.n_tokens, .n_valid = session->model->n_valid,
	};
	if (!krait__counts_reserve(&course->counts, n) || !krait__history_reserve(&session->history, n, false) ||
	    !krait__output_reserve_bytes(&course->output, &session->piece, session->model->longest_token) ||
	    !krait__session_checkpoint(session, course->position + n) || !spread_lists(out, course))
		return krait__why_memory(&session->why);
	return KRAIT_OK;
}

/* The core says what is wrong with logits from which the engine could draw nothing. */
static krait_status explain(krait_session *session)
{
	krait_token token;
	krait_status status = krait__session_logits(session);

	if (status == KRAIT_OK)
		status = krait__session_sample(session, &token);
	return status < 0 ? status : krait__why(&session->why, KRAIT_ERROR_FORMAT, "at position %llu no token can be drawn from the logits",
		(unsigned long long)session->course.position);
}

krait_status krait__session_drawn(krait_session *session, const struct draw *draw, struct buffer *joined)
{
	krait_status status = KRAIT_OK;

	for (size_t i = 0; i < draw->n_done; i++) {
		status = krait__session_accept(session, draw->tokens[i], HISTORY_GENERATED | HISTORY_CALL_END);
		if (joined && session->piece.size)
			krait__buffer_add(joined, session->piece.data, session->piece.size);
	}
	if (draw->status == KRAIT_CANCELLED)
		atomic_store(&session->cancel, 0);
	if (draw->status == KRAIT_END)
		return krait__session_end(session, KRAIT_REASON_STOP, draw->stop);
	if (draw->status == KRAIT_ERROR_FORMAT)
		return explain(session);
	return draw->status == KRAIT_OK ? status : draw->status;
}

/* Not past the limit, nor past a place to which the session must be able to come back. */
static size_t most(const krait_session *session, size_t n)
{
	const struct course *course = &session->course;
	uint64_t left = course->max_new ? (uint64_t)course->max_new - course->n_generated : UINT64_MAX;

	if (course->stops.n_texts)
		n = 1;
	if (n > MOST_DRAWS)
		n = MOST_DRAWS;
	if (n > left)
		n = (size_t)left;
	return krait__history_stride(&session->history, course->position, n, course->position + n);
}

krait_status krait__session_draw(krait_session *session, krait_token *out, size_t n, size_t *n_done, krait_token *stop, struct buffer *joined)
{
	const krait_model *model = session->model;
	struct drawing drawing;
	struct draw draw = { .slot = session->slot, .drawing = &drawing, .position = session->course.position, .tokens = out, .n = most(session, n),
		.cancel = &session->cancel, .stop = -1 };
	krait_status status = krait__session_draw_begin(session, draw.n, &drawing);

	if (status == KRAIT_OK && joined && !krait__buffer_reserve(joined, draw.n * (3 * model->longest_token + 16) + session->course.output.held.size))
		status = krait__why_memory(&session->why);
	if (status == KRAIT_OK)
		status = model->engine->generate(model->emodel, &draw, 1, false, &session->why);
	krait__drawing_free(&drawing);
	if (status != KRAIT_OK)
		return status;
	*n_done = draw.n_done;
	*stop = draw.stop;
	return krait__session_drawn(session, &draw, joined);
}
