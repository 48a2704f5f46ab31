/* SPDX-License-Identifier: Apache-2.0 */
/* choose.c - the choice of a token from logits, and what its text will be, before anything moves. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "session/work.h"
#include "base/memory.h"
#include "session/sampling.h"

#include <math.h>

bool krait__choose_wants_logits(const struct session_entry *entry)
{
	if (!entry->work->moves)
		return false;
	return entry->drawn ? !entry->work->by_engine : entry->scores && entry->work->start > 0;
}

/* The counts as an array, where a penalty asks for them. */
static bool spread_counts(const krait_session *session, uint32_t **out)
{
	const struct token_counts *counts = &session->now.course.counts;

	*out = NULL;
	if (!krait__sampling_counts(&session->now.rules->sampling))
		return true;
	*out = krait__alloc_zero(session->model->plan.vocab, sizeof(**out));
	for (size_t i = 0; *out && i < counts->room; i++)
		if (counts->entries[i].token >= 0)
			(*out)[counts->entries[i].token] = counts->entries[i].count;
	return *out != NULL;
}

/* Ids that the tokenizer does not have lie behind n_valid and are not looked at. */
static krait_status pick(struct session_entry *entry)
{
	krait_session *session = entry->session;
	const struct sampling *sampling = &session->now.rules->sampling;
	struct candidates candidates = { 0 };
	krait_status status = KRAIT_OK;
	uint32_t *counts;

	if (!spread_counts(session, &counts))
		return krait__why_memory(&session->why);
	status = krait__candidates_find(&candidates, sampling, session->logits, session->model->n_valid, counts, &session->why);
	if (status == KRAIT_OK) {
		entry->token = krait__candidates_pick(&candidates, sampling->seed, entry->work->start);
		entry->work->chance = (float)log(krait__candidates_share(&candidates, entry->token));
	}
	krait__candidates_free(&candidates);
	krait__free(counts);
	return status;
}

/* Where stop texts are looked for, the token's text comes first: one that completes such a text is not read, and
 * before one in which it may begin there is a moment to go back to. */
static krait_status look_ahead(struct session_entry *entry)
{
	krait_session *session = entry->session;
	struct session_now *now = &session->now;
	struct session_work *work = entry->work;
	bool held = now->course.output.held.size > 0, begins;

	if (now->rules->stops.n_texts == 0 && !held)
		return KRAIT_OK;
	if (!krait__output_copy(&work->output, &now->course.output) ||
	    !krait__output_reserve(&work->output, &work->piece, session->model->longest_token))
		return krait__why_memory(&session->why);
	work->since = krait__output_push(&work->output, &work->piece, session->model->tokenizer, entry->token, &now->rules->stops);
	work->pushed = true;
	if (work->since) {
		work->moves = false;
		work->reason = KRAIT_REASON_STOP_TEXT;
		entry->status = KRAIT_END;
		entry->token = -1;
		return KRAIT_OK;
	}
	begins = !held && work->output.held.size > 0;
	if (begins && !work->due.wanted && krait__keep_near(&session->kept, &session->history, work->start) &&
	    !krait__keep_prepare(&work->due, &session->kept, &session->history, session->model, now, true))
		return krait__why_memory(&session->why);
	return KRAIT_OK;
}

static krait_status first_score(struct session_entry *entry)
{
	krait_session *session = entry->session;
	double score = krait__log_probability(session->logits, session->model->plan.vocab, entry->tokens[0]);

	if (isnan(score))
		return krait__why(&session->why, KRAIT_ERROR_FORMAT, "the score at position %llu is NaN: the weights are damaged; "
			"fetch the model again", (unsigned long long)entry->work->start);
	entry->work->first_score = (float)score;
	return KRAIT_OK;
}

krait_status krait__choose(struct session_entry *entry)
{
	krait_status status;

	entry->work->chance = NAN;
	if (!entry->drawn) {
		entry->work->first_score = NAN;
		return entry->scores && entry->work->start ? first_score(entry) : KRAIT_OK;
	}
	if (entry->work->by_engine)
		return KRAIT_OK;
	status = pick(entry);
	if (status != KRAIT_OK)
		return status;
	if (!krait__stops_has(&entry->session->now.rules->stops, entry->token))
		return look_ahead(entry);
	entry->work->moves = false;
	entry->work->reason = KRAIT_REASON_STOP;
	entry->status = KRAIT_END;
	return KRAIT_OK;
}
