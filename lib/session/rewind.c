/* SPDX-License-Identifier: Apache-2.0 */
/* rewind.c - going back: a copy of an earlier slot, and reading again from there. */
#include "base/memory.h"
#include "session/session.h"

bool krait__session_checkpoint(krait_session *session, uint64_t last)
{
	const struct engine *engine = session->model->engine;
	struct checkpoint_slot *checkpoint;
	struct slot *slot;

	if (!krait__history_due(&session->history, session->course.position, last))
		return true;
	if (engine->slot_new(&slot, session->model->emodel, NULL) != KRAIT_OK)
		return false;
	checkpoint = krait__checkpoint_slot_new(engine, slot, session->course.position);
	if (!checkpoint) {
		engine->slot_free(slot);
		return false;
	}
	if (engine->slot_copy(slot, session->slot, NULL) != KRAIT_OK) {
		krait__checkpoint_slot_free(checkpoint);
		return false;
	}
	krait__history_checkpoint(&session->history, checkpoint);
	return true;
}

/* How many positions from `at` on were read by one call of the engine, up to `end`, all of
 * one kind; tokens are copied out. */
static size_t one_call(const struct history *history, uint64_t at, uint64_t end, krait_token *tokens)
{
	bool rows = krait__history_at(history, at)->token == NOT_A_TOKEN;
	size_t n = 0;

	while (at + n < end) {
		const struct past_token *past = krait__history_at(history, at + n);

		/* rows of one call must lie one after another in the ring */
		if ((past->token == NOT_A_TOKEN) != rows || (rows && n && (at + n) % history->room == 0))
			break;
		tokens[n++] = past->token;
		if (past->flags & HISTORY_CALL_END)
			break;
	}
	return n;
}

static krait_status read_again(krait_session *session, struct slot *slot, uint64_t from, uint64_t to)
{
	const struct history *history = &session->history;
	krait_token *tokens = krait__alloc((size_t)(to - from) + 1, sizeof(*tokens));
	krait_status status = tokens ? KRAIT_OK : krait__why_memory(&session->why);

	while (from < to && status == KRAIT_OK) {
		size_t n = one_call(history, from, to, tokens);
		bool rows = tokens[0] == NOT_A_TOKEN;
		struct span span = {
			.slot = slot, .n = n,
			.tokens = rows ? NULL : tokens,
			.embeddings = rows ? krait__history_row(history, from) : NULL,
			.cancel = &session->cancel,
		};

		status = session->model->engine->forward(session->model->emodel, &span, 1, &session->why);
		if (status == KRAIT_OK)
			status = span.status;
		from += n;
	}
	krait__free(tokens);
	return status;
}

/* The text state of generation as it was at `position`: the trailing run of sampled tokens
 * is pushed again. */
static krait_status output_at(krait_session *session, struct output *output, uint64_t position, uint64_t *n_generated)
{
	struct buffer piece = { 0 };
	uint64_t start = position;
	krait_status status = KRAIT_OK;

	while (start > session->history.first && (krait__history_at(&session->history, start - 1)->flags & HISTORY_GENERATED))
		start--;
	*n_generated = position - start;
	for (; start < position && status == KRAIT_OK; start++) {
		krait_token token = krait__history_at(&session->history, start)->token;

		if (!krait__output_reserve(output, &piece, session->model->tokenizer, token))
			status = krait__why_memory(&session->why);
		else
			krait__output_push(output, &piece, session->model->tokenizer, token, &session->course.stops);
	}
	krait__buffer_free(&piece);
	return status;
}

static void uncount(krait_session *session, uint64_t from)
{
	for (; from < session->history.next; from++) {
		krait_token token = krait__history_at(&session->history, from)->token;

		if (token != NOT_A_TOKEN)
			krait__counts_remove(&session->course.counts, token);
	}
}

static void settle(krait_session *session, struct slot *slot, struct output *output, uint64_t position, uint64_t n_generated)
{
	session->model->engine->slot_free(session->slot);
	session->slot = slot;
	uncount(session, position);
	krait__history_cut(&session->history, position);
	session->course.position = position;
	session->course.n_generated = n_generated;
	session->course.reason = KRAIT_REASON_NONE;
	session->course.end_token = -1;
	krait__output_free(&session->course.output);
	session->course.output = *output;
	krait__buffer_clear(&session->piece);
	session->logits_fresh = false;
	session->n_kept = 0;
}

static krait_status out_of_reach(krait_session *session, uint64_t n_tokens)
{
	const struct history *history = &session->history;
	uint64_t most = history->next - history->first;

	if (most > history->reach)
		most = history->reach;
	return krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "cannot go back %llu tokens: %llu can be taken back here; "
		"KRAIT_REWIND_TOKENS (now %lld), set before they are read, says how many",
		(unsigned long long)n_tokens, (unsigned long long)most, (long long)session->rewind);
}

krait_status krait__session_rewind(krait_session *session, uint64_t n_tokens)
{
	const struct engine *engine = session->model->engine;
	const struct checkpoint_slot *checkpoint;
	struct output output = { 0 };
	struct slot *slot = NULL;
	uint64_t target = session->course.position - n_tokens, n_generated;
	krait_status status;

	if (n_tokens == 0)
		return KRAIT_OK;
	if (n_tokens > session->course.position || !krait__history_reaches(&session->history, target))
		return out_of_reach(session, n_tokens);
	status = output_at(session, &output, target, &n_generated);
	if (status == KRAIT_OK)
		status = engine->slot_new(&slot, session->model->emodel, &session->why);
	if (status == KRAIT_OK) {
		checkpoint = krait__history_before(&session->history, target);
		if (checkpoint)
			status = engine->slot_copy(slot, checkpoint->slot, &session->why);
		if (status == KRAIT_OK)
			status = read_again(session, slot, checkpoint ? checkpoint->position : 0, target);
	}
	if (status != KRAIT_OK) {
		if (status == KRAIT_CANCELLED)
			atomic_store(&session->cancel, 0);
		krait__output_free(&output);
		engine->slot_free(slot);
		return status;
	}
	settle(session, slot, &output, target, n_generated);
	return KRAIT_OK;
}
