/* SPDX-License-Identifier: Apache-2.0 */
/*
 * batch.c - advancing many sessions at once. First all that may fail: sessions are taken,
 * logits computed in one pass, tokens sampled, memory reserved. Then the engine moves all of
 * them together, and nothing fails any more: in one call, or in several where a long prompt
 * passes places to which its session must be able to go back.
 */
#include "base/memory.h"
#include "session/batch.h"

static krait_status because(krait_batch *batch, size_t index, krait_status status, const struct why *why)
{
	return krait__why(&batch->why, status, "entry %zu: %s", index, why->text[0] ? why->text : krait_status_name(status));
}

static krait_status hold(krait_batch *batch)
{
	for (size_t i = 0; i < batch->n_entries; i++) {
		krait_status status = krait__session_enter(batch->entries[i].session);

		if (status != KRAIT_OK)
			return because(batch, i, status, &(struct why){ .status = status });
		batch->entries[i].held = true;
	}
	return KRAIT_OK;
}

static void let_go(krait_batch *batch)
{
	for (size_t i = 0; i < batch->n_entries; i++) {
		struct entry *entry = &batch->entries[i];

		if (entry->held)
			krait__session_leave(entry->session, KRAIT_OK);
		entry->held = false;
		krait__free(entry->kept);
		entry->kept = NULL;
		krait__drawing_free(&entry->drawing);
	}
}

/* ---- logits of all that sample ------------------------------------------------------- */

struct head_call {
	struct slot **slots;
	const float **none;
	float **logits;
	krait_session **sessions;
	size_t n;
};

static void head_free(struct head_call *call)
{
	krait__free(call->slots);
	krait__free(call->none);
	krait__free(call->logits);
	krait__free(call->sessions);
}

static bool head_new(struct head_call *call, size_t n)
{
	call->slots = krait__alloc(n, sizeof(*call->slots));
	call->none = krait__alloc_zero(n, sizeof(*call->none));
	call->logits = krait__alloc(n, sizeof(*call->logits));
	call->sessions = krait__alloc(n, sizeof(*call->sessions));
	return call->slots && call->none && call->logits && call->sessions;
}

static bool head_add(struct head_call *call, krait_session *session)
{
	if (!session->logits)
		session->logits = krait__alloc_vectors(session->model->plan.vocab, sizeof(*session->logits));
	call->slots[call->n] = session->slot;
	call->logits[call->n] = session->logits;
	call->sessions[call->n++] = session;
	return session->logits != NULL;
}

static krait_status compute_logits(krait_batch *batch)
{
	struct head_call call = { 0 };
	krait_status status = head_new(&call, batch->n_entries) ? KRAIT_OK : krait__why_memory(&batch->why);

	for (size_t i = 0; i < batch->n_entries && status == KRAIT_OK; i++) {
		struct entry *entry = &batch->entries[i];

		if (entry->moves && !entry->tokens && !entry->draws && !entry->session->logits_fresh && !head_add(&call, entry->session))
			status = krait__why_memory(&batch->why);
	}
	if (status == KRAIT_OK && call.n)
		status = batch->model->engine->logits(batch->model->emodel, call.slots, call.none, call.n, call.logits, &batch->why);
	for (size_t i = 0; i < call.n && status == KRAIT_OK; i++)
		call.sessions[i]->logits_fresh = true;
	head_free(&call);
	return status;
}

/* ---- what each entry will do ----------------------------------------------------------- */

static krait_status decide(krait_batch *batch)
{
	for (size_t i = 0; i < batch->n_entries; i++) {
		struct entry *entry = &batch->entries[i];
		krait_status status = entry->tokens ? KRAIT_OK : krait__session_may_sample(entry->session, &entry->token);

		if (status < 0)
			return because(batch, i, status, &entry->session->why);
		if (status == KRAIT_OK && krait__session_cancelled(entry->session))
			status = KRAIT_CANCELLED;
		entry->status = status;
		entry->moves = status == KRAIT_OK;
		entry->draws = entry->moves && !entry->tokens && krait__session_can_draw(entry->session);
	}
	return KRAIT_OK;
}

static krait_status reserve_feed(struct entry *entry)
{
	krait_session *session = entry->session;
	size_t vocab = session->model->plan.vocab, width = session->model->plan.width;

	entry->n_keep = (uint64_t)session->keep < entry->n_tokens ? (size_t)session->keep : entry->n_tokens;
	if (entry->n_keep)
		entry->kept = entry->n_keep <= SIZE_MAX / width ? krait__alloc(entry->n_keep * width, sizeof(float)) : NULL;
	if ((entry->n_keep && !entry->kept) ||
	    !krait__counts_reserve(&session->course.counts, entry->n_tokens < vocab ? entry->n_tokens : vocab) ||
	    !krait__history_reserve(&session->history, entry->n_tokens, false) ||
	    !krait__session_checkpoint(session, session->course.position + entry->n_tokens))
		return krait__why_memory(&session->why);
	return KRAIT_OK;
}

static krait_status prepare_one(struct entry *entry)
{
	if (entry->tokens)
		return reserve_feed(entry);
	if (entry->draws)
		return krait__session_draw_begin(entry->session, 1, &entry->drawing);
	return krait__session_sample(entry->session, &entry->token);
}

static krait_status prepare(krait_batch *batch)
{
	for (size_t i = 0; i < batch->n_entries; i++) {
		struct entry *entry = &batch->entries[i];
		krait_status status;

		if (!entry->moves)
			continue;
		status = prepare_one(entry);
		if (status < 0)
			return because(batch, i, status, &entry->session->why);
		entry->status = status;
		entry->moves = status == KRAIT_OK;
	}
	return KRAIT_OK;
}

/* ---- those for which the engine draws ------------------------------------------------- */

static size_t fill_draws(krait_batch *batch, struct draw *draws)
{
	size_t n = 0;

	for (size_t i = 0; i < batch->n_entries; i++) {
		struct entry *entry = &batch->entries[i];

		if (entry->draws)
			draws[n++] = (struct draw){ .slot = entry->session->slot, .drawing = &entry->drawing, .position = entry->session->course.position,
				.tokens = &entry->token, .n = 1, .stop = -1 };
	}
	return n;
}

static krait_status settle_draws(krait_batch *batch, const struct draw *draws)
{
	krait_status status = KRAIT_OK;
	size_t n = 0;

	for (size_t i = 0; i < batch->n_entries; i++) {
		struct entry *entry = &batch->entries[i];

		if (!entry->draws)
			continue;
		entry->status = krait__session_drawn(entry->session, &draws[n], NULL);
		if (entry->status != KRAIT_OK)
			entry->token = entry->status == KRAIT_END ? draws[n].stop : -1;
		if (entry->status < 0 && status == KRAIT_OK)
			status = because(batch, i, entry->status, &entry->session->why);
		entry->moves = false;
		n++;
	}
	return status;
}

/* Draws and reads one token for each of them, or for none. */
static krait_status draw(krait_batch *batch)
{
	struct draw *draws = krait__alloc(batch->n_entries, sizeof(*draws));
	krait_status status = KRAIT_OK;
	size_t n;

	if (!draws)
		return krait__why_memory(&batch->why);
	n = fill_draws(batch, draws);
	if (n)
		status = batch->model->engine->generate(batch->model->emodel, draws, n, true, &batch->why);
	if (n && status == KRAIT_OK)
		status = settle_draws(batch, draws);
	krait__free(draws);
	return status;
}

/* ---- moving -------------------------------------------------------------------------- */

/* Where the rows that KRAIT_KEEP_POSITIONS asks for are: ours until the first of them is there. */
static float *kept_rows(const struct entry *entry)
{
	return entry->done ? entry->session->kept : entry->kept;
}

static void fill_feed(struct span *span, struct entry *entry)
{
	krait_session *session = entry->session;
	size_t rest = entry->n_tokens - entry->done, begin = entry->n_tokens - entry->n_keep;
	size_t from = entry->done > begin ? entry->done : begin;
	uint64_t position = session->course.position, last = position + rest;

	/* the first was taken before; without a later one only the way back is shorter */
	krait__session_checkpoint(session, last);
	span->tokens = entry->tokens + entry->done;
	span->n = krait__history_stride(&session->history, position, rest, last);
	span->cancel = &session->cancel;
	if (from < entry->done + span->n) {
		span->n_keep = entry->done + span->n - from;
		span->hidden = kept_rows(entry) + (from - begin) * session->model->plan.width;
	}
}

static size_t fill_spans(krait_batch *batch, struct span *spans)
{
	size_t n = 0;

	for (size_t i = 0; i < batch->n_entries; i++) {
		struct entry *entry = &batch->entries[i];

		if (!entry->moves)
			continue;
		spans[n] = (struct span){ .slot = entry->session->slot, .tokens = &entry->token, .n = 1 };
		if (entry->tokens)
			fill_feed(&spans[n], entry);
		n++;
	}
	return n;
}

/* The session takes over what it keeps with the first tokens that are in. */
static void begin_feed(struct entry *entry)
{
	krait_session *session = entry->session;

	krait__session_begin_feed(session);
	session->logits_fresh = false;
	krait__free(session->kept);
	session->kept = entry->kept;
	session->n_kept = 0;
	entry->kept = NULL;
}

static void settle_feed(struct entry *entry, const struct span *span)
{
	krait_session *session = entry->session;

	if (span->n_done && !entry->done)
		begin_feed(entry);
	for (size_t i = 0; i < span->n_done; i++) {
		krait__history_add(&session->history, span->tokens[i], NULL, i + 1 == span->n_done ? HISTORY_CALL_END : 0);
		krait__counts_add(&session->course.counts, span->tokens[i], 1);
	}
	session->course.position += span->n_done;
	if (span->n_keep)
		session->n_kept += span->n_done < span->n_keep ? span->n_done : span->n_keep;
	entry->done += span->n_done;
	if (span->status == KRAIT_CANCELLED)
		atomic_store(&session->cancel, 0);
	entry->status = span->status;
	entry->moves = span->status == KRAIT_OK && entry->done < entry->n_tokens;
}

static void settle(struct entry *entry, const struct span *span)
{
	if (entry->tokens) {
		settle_feed(entry, span);
		return;
	}
	entry->moves = false;
	entry->status = krait__session_accept(entry->session, entry->token, HISTORY_GENERATED | HISTORY_CALL_END);
	if (entry->status == KRAIT_END)
		entry->token = -1;
}

static krait_status move(krait_batch *batch)
{
	struct span *spans = krait__alloc(batch->n_entries, sizeof(*spans));
	krait_status status = KRAIT_OK;
	size_t n;

	if (!spans)
		return krait__why_memory(&batch->why);
	while (status == KRAIT_OK && (n = fill_spans(batch, spans)) > 0) {
		status = batch->model->engine->forward(batch->model->emodel, spans, n, &batch->why);
		n = 0;
		for (size_t i = 0; i < batch->n_entries && status == KRAIT_OK; i++)
			if (batch->entries[i].moves)
				settle(&batch->entries[i], &spans[n++]);
	}
	krait__free(spans);
	return status;
}

krait_status krait__batch_run(krait_batch *batch)
{
	krait_status status = hold(batch);

	for (size_t i = 0; i < batch->n_entries; i++) {
		batch->entries[i].token = -1;
		batch->entries[i].moves = batch->entries[i].draws = false;
		batch->entries[i].done = 0;
	}
	if (status == KRAIT_OK)
		status = decide(batch);
	if (status == KRAIT_OK)
		status = compute_logits(batch);
	if (status == KRAIT_OK)
		status = prepare(batch);
	if (status == KRAIT_OK)
		status = draw(batch);
	if (status == KRAIT_OK)
		status = move(batch);
	let_go(batch);
	return status;
}
