/* SPDX-License-Identifier: Apache-2.0 */
/* step.c - one token of a session: its logits, whether and how it is sampled, what taking it changes. */
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
