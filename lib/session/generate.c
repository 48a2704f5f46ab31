/* SPDX-License-Identifier: Apache-2.0 */
/* generate.c - sampling tokens one after another. */
#include "base/memory.h"
#include "session/session.h"

#include <math.h>

krait_status krait__session_logits(krait_session *session)
{
	const krait_model *model = session->model;
	const float *none = NULL;
	krait_status status;

	if (session->course.position == 0)
		return krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "nothing was fed yet: feed at least one token first");
	if (session->logits_fresh)
		return KRAIT_OK;
	if (!session->logits)
		session->logits = krait__alloc_vectors(model->plan.vocab, sizeof(*session->logits));
	if (!session->logits)
		return krait__why_memory(&session->why);
	status = model->engine->logits(model->emodel, &session->slot, &none, 1, &session->logits, &session->why);
	for (size_t i = 0; i < model->plan.vocab && status == KRAIT_OK; i++)
		if (isnan(session->logits[i]))
			status = krait__why(&session->why, KRAIT_ERROR_FORMAT, "the logit of token %zu at position %llu is NaN: "
				"the weights are damaged; fetch the model again", i, (unsigned long long)session->course.position);
	session->logits_fresh = status == KRAIT_OK;
	return status;
}

krait_status krait__session_end(krait_session *session, int reason, krait_token token)
{
	session->course.reason = reason;
	session->course.end_token = token;
	krait__output_flush(&session->course.output, &session->piece);
	return KRAIT_END;
}

static bool at_limit(const struct course *course)
{
	return course->max_new && course->n_generated >= (uint64_t)course->max_new;
}

krait_status krait__session_may_sample(krait_session *session, krait_token *out)
{
	struct course *course = &session->course;

	*out = -1;
	/* a limit that was raised since it was reached is none any more */
	if (course->reason == KRAIT_REASON_LIMIT && !at_limit(course))
		course->reason = KRAIT_REASON_NONE;
	if (course->position == 0)
		return krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "nothing was fed yet: feed at least one token first");
	if (course->reason != KRAIT_REASON_NONE) {
		*out = course->end_token;
		krait__buffer_clear(&session->piece);
		return KRAIT_END;
	}
	if (!krait__output_reserve(&session->course.output, &session->piece, session->model->tokenizer, -1))
		return krait__why_memory(&session->why);
	if (at_limit(course))
		return krait__session_end(session, KRAIT_REASON_LIMIT, -1);
	return KRAIT_OK;
}

/* The counts as an array, where a penalty asks for them. */
static krait_status spread_counts(const krait_session *session, uint32_t **out)
{
	const struct sampling *sampling = &session->course.sampling;
	const struct token_counts *counts = &session->course.counts;

	*out = NULL;
	if (sampling->repetition == 1 && sampling->presence == 0 && sampling->frequency == 0)
		return KRAIT_OK;
	*out = krait__alloc_zero(session->model->plan.vocab, sizeof(**out));
	if (!*out)
		return KRAIT_ERROR_MEMORY;
	for (size_t i = 0; i < counts->room; i++)
		if (counts->entries[i].token >= 0)
			(*out)[counts->entries[i].token] = counts->entries[i].count;
	return KRAIT_OK;
}

/* Ids that the tokenizer does not have lie behind n_valid and are not looked at. */
static krait_status pick(krait_session *session, krait_token *out)
{
	const struct course *course = &session->course;
	struct candidates candidates = { 0 };
	uint32_t *counts;
	krait_status status = spread_counts(session, &counts);

	if (status != KRAIT_OK)
		return krait__why_memory(&session->why);
	status = krait__candidates_find(&candidates, &course->sampling, session->logits, session->model->n_valid, counts, &session->why);
	if (status == KRAIT_OK)
		*out = krait__candidates_pick(&candidates, course->sampling.seed, course->position);
	krait__candidates_free(&candidates);
	krait__free(counts);
	return status;
}

krait_status krait__session_sample(krait_session *session, krait_token *out)
{
	struct course *course = &session->course;
	krait_status status = pick(session, out);

	if (status != KRAIT_OK)
		return status;
	if (krait__stops_has(&course->stops, *out))
		return krait__session_end(session, KRAIT_REASON_STOP, *out);
	if (!krait__counts_reserve(&course->counts, 1) || !krait__history_reserve(&session->history, 1, false) ||
	    !krait__output_reserve(&course->output, &session->piece, session->model->tokenizer, *out) ||
	    !krait__session_checkpoint(session, course->position + 1))
		return krait__why_memory(&session->why);
	return KRAIT_OK;
}

krait_status krait__session_accept(krait_session *session, krait_token token, uint32_t flags)
{
	struct course *course = &session->course;

	krait__history_add(&session->history, token, NULL, flags);
	krait__counts_add(&course->counts, token, 1);
	course->position++;
	course->n_generated++;
	session->logits_fresh = false;
	session->n_kept = 0;
	if (!krait__output_push(&course->output, &session->piece, session->model->tokenizer, token, &course->stops))
		return KRAIT_OK;
	course->reason = KRAIT_REASON_STOP_TEXT;
	course->end_token = -1;
	return KRAIT_END;
}

/* The core draws, the engine reads. */
static krait_status next_by_core(krait_session *session, krait_token *out)
{
	const krait_model *model = session->model;
	struct span span = { .slot = session->slot, .tokens = out, .n = 1 };
	krait_status status = krait__session_logits(session);

	if (status == KRAIT_OK)
		status = krait__session_sample(session, out);
	if (status == KRAIT_OK)
		status = model->engine->forward(model->emodel, &span, 1, &session->why);
	if (status < 0)
		*out = -1;
	if (status != KRAIT_OK)
		return status;
	status = krait__session_accept(session, *out, HISTORY_GENERATED | HISTORY_CALL_END);
	if (status == KRAIT_END)
		*out = -1;
	return status;
}

static krait_status next_by_engine(krait_session *session, krait_token *out)
{
	size_t n_done = 0;
	krait_token stop = -1;
	krait_status status = krait__session_draw(session, out, 1, &n_done, &stop, NULL);

	if (status != KRAIT_OK)
		*out = stop;
	return status;
}

static krait_status may_go_on(krait_session *session, krait_token *out)
{
	krait_status status = krait__session_may_sample(session, out);

	return status == KRAIT_OK && krait__session_cancelled(session) ? KRAIT_CANCELLED : status;
}

krait_status krait__session_next(krait_session *session, krait_token *out)
{
	krait_status status = may_go_on(session, out);

	if (status != KRAIT_OK)
		return status;
	return krait__session_can_draw(session) ? next_by_engine(session, out) : next_by_core(session, out);
}

static bool add_piece(struct buffer *joined, const krait_session *session)
{
	return !session->piece.size || krait__buffer_add(joined, session->piece.data, session->piece.size);
}

/* Some tokens, one at least; false in *whole: there was no memory for their text. */
static krait_status some(krait_session *session, krait_token *out, size_t n, size_t *n_done, struct buffer *joined, bool *whole)
{
	bool draws = krait__session_can_draw(session);
	krait_token token;
	krait_status status = may_go_on(session, &token);

	*n_done = 0;
	if (status == KRAIT_OK && draws) {
		status = krait__session_draw(session, out, n, n_done, &token, joined);
		/* what it drew has its text in `joined`; what was held back is in the piece, unless it ended with a stop text */
		if (status == KRAIT_END && session->course.reason == KRAIT_REASON_STOP_TEXT) {
			*n_done = 0;
			return status;
		}
		if (status != KRAIT_END)
			return status;
	} else if (status == KRAIT_OK) {
		status = next_by_core(session, out);
		*n_done = status == KRAIT_OK;
	}
	if (status >= 0 && status != KRAIT_CANCELLED)
		*whole = *whole && add_piece(joined, session);
	return status;
}

krait_status krait__session_generate(krait_session *session, krait_token *out, size_t n, size_t *n_done, struct buffer *joined)
{
	krait_status status = KRAIT_OK;
	bool whole = true;

	*n_done = 0;
	while (*n_done < n && status == KRAIT_OK) {
		size_t more;

		status = some(session, out + *n_done, n - *n_done, &more, joined, &whole);
		*n_done += more;
	}
	if (!whole)
		return krait__why(&session->why, KRAIT_ERROR_MEMORY, "out of memory for the text; the tokens are there");
	return status;
}
