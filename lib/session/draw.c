/* SPDX-License-Identifier: Apache-2.0 */
/* draw.c - letting the engine draw tokens: a session's rules as plain numbers, and what came of it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "session/work.h"
#include "base/memory.h"
#include "session/sampling.h"

bool krait__draw_possible(const krait_session *session)
{
	return session->model->engine->generate && session->now.rules->sampling.typical_p >= 1 && !session->wants_logprob;
}

/* Four arrays in one block, which begins with the biases' tokens, or the counts' where there are none. */
static bool spread_lists(struct drawing *out, const struct session_now *now)
{
	const struct sampling *sampling = &now->rules->sampling;
	const struct token_counts *counts = &now->course.counts;
	size_t n_counts = krait__sampling_counts(sampling) ? counts->n : 0, n = sampling->n_biases + n_counts;
	krait_token *tokens;
	uint32_t *times;
	float *values;

	if (n == 0)
		return true;
	tokens = krait__alloc(2 * n, sizeof(uint32_t));
	if (!tokens)
		return false;
	values = (float *)(void *)(tokens + n);
	times = (uint32_t *)(void *)(values + sampling->n_biases);
	out->bias_tokens = tokens;
	out->bias_values = values;
	out->count_tokens = tokens + sampling->n_biases;
	out->counts = times;
	for (size_t i = 0; i < sampling->n_biases; i++) {
		tokens[i] = sampling->biases[i].token;
		values[i] = sampling->biases[i].value;
	}
	tokens += sampling->n_biases;
	for (size_t i = 0; i < counts->room && n_counts; i++)
		if (counts->entries[i].token >= 0) {
			*tokens++ = counts->entries[i].token;
			*times++ = counts->entries[i].count;
		}
	out->n_biases = sampling->n_biases;
	out->n_counts = n_counts;
	return true;
}

krait_status krait__draw_prepare(struct session_entry *entry)
{
	const struct session_now *now = &entry->session->now;
	const struct sampling *sampling = &now->rules->sampling;

	entry->work->drawing = (struct drawing){
		.temperature = sampling->temperature, .top_p = sampling->top_p, .min_p = sampling->min_p,
		.repetition = sampling->repetition, .presence = sampling->presence, .frequency = sampling->frequency,
		.seed = (uint64_t)sampling->seed, .top_k = sampling->top_k,
		.stops = now->rules->stops.tokens, .n_stops = now->rules->stops.n_tokens, .n_valid = entry->session->model->n_valid,
	};
	return spread_lists(&entry->work->drawing, now) ? KRAIT_OK : krait__why_memory(&entry->session->why);
}

/* The core says what is wrong with logits from which the engine could draw nothing. */
static krait_status explain(krait_session *session)
{
	struct candidates candidates = { 0 };
	krait_status status = krait__session_logits(session);

	if (status == KRAIT_OK)
		status = krait__candidates_find(&candidates, &session->now.rules->sampling, session->logits, session->model->n_valid, NULL,
			&session->why);
	krait__candidates_free(&candidates);
	if (status < 0)
		return status;
	return krait__why(&session->why, KRAIT_ERROR_FORMAT, "at position %llu no token can be drawn from the logits",
		(unsigned long long)session->now.course.position);
}

static void settle(struct session_entry *entry, const struct draw *draw)
{
	entry->work->moves = false;
	if (draw->n_done)
		krait__advance_take(entry);
	for (size_t i = 0; i < draw->n_done; i++)
		krait__advance_accept(entry, draw->tokens[i]);
	if (draw->status == KRAIT_CANCELLED) {
		krait__session_cancel_done(entry->session);
		entry->status = KRAIT_CANCELLED;
	}
	if (draw->status == KRAIT_END)
		krait__advance_end(entry, KRAIT_REASON_STOP, draw->stop);
}

static size_t fill(struct session_entry *entries, size_t n, struct draw *draws, krait_token *tokens)
{
	size_t n_draws = 0;

	for (size_t i = 0; i < n; i++) {
		struct session_work *work = entries[i].work;

		if (!work->moves || !work->by_engine)
			continue;
		draws[n_draws++] = (struct draw){ .slot = entries[i].session->now.slot, .drawing = &work->drawing, .position = work->start,
			.tokens = tokens, .n = work->most, .cancel = n == 1 ? &entries[i].session->cancel : NULL, .stop = -1 };
		tokens += work->most;
	}
	return n_draws;
}

/* Draws that came to nothing at all are an error; of one that came to something, what it has counts. */
static krait_status settle_all(struct session_entry *entries, size_t n, const struct draw *draws, size_t *at)
{
	size_t k = 0;

	for (*at = 0; *at < n; ++*at) {
		const struct session_work *work = entries[*at].work;

		if (work->moves && work->by_engine && draws[k++].status == KRAIT_ERROR_FORMAT && draws[k - 1].n_done == 0)
			return explain(entries[*at].session);
	}
	k = 0;
	for (size_t i = 0; i < n; i++)
		if (entries[i].work->moves && entries[i].work->by_engine)
			settle(&entries[i], &draws[k++]);
	return KRAIT_OK;
}

krait_status krait__draw_all(krait_model *model, struct session_entry *entries, size_t n, size_t *at, struct why *why)
{
	struct draw *draws;
	krait_token *tokens;
	krait_status status = KRAIT_OK;
	size_t n_tokens = 0, n_draws;

	for (size_t i = 0; i < n; i++)
		n_tokens += entries[i].work->moves && entries[i].work->by_engine ? entries[i].work->most : 0;
	if (n_tokens == 0)
		return KRAIT_OK;
	*at = n;
	draws = krait__alloc(n, sizeof(*draws));
	tokens = krait__alloc(n_tokens, sizeof(*tokens));
	if (!draws || !tokens)
		status = krait__why_memory(why);
	if (status == KRAIT_OK) {
		n_draws = fill(entries, n, draws, tokens);
		status = model->engine->generate(model->emodel, draws, n_draws, n > 1, why);
	}
	if (status == KRAIT_OK)
		status = settle_all(entries, n, draws, at);
	krait__free(draws);
	krait__free(tokens);
	return status;
}
