/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - krait_session_*: what makes, moves and describes a session. What came out of it is in session_output.c,
 * settings in session_settings.c. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "session/advance.h"
#include "session/back.h"
#include "session/state.h"
#include "text/tokenizer.h"

#include <string.h>

/* ---- life ---------------------------------------------------------------------------- */

/* A session good for _error and _free, and no more until it has a slot. */
static krait_session *bare(krait_model *model)
{
	krait_session *session = krait__alloc_zero(1, sizeof(*session));

	if (!session)
		return NULL;
	session->model = krait_model_ref(model);
	session->drawn = -1;
	krait__course_start(&session->now.course);
	return session;
}

static krait_status fill(krait_session *session)
{
	krait_model *model = session->model;

	session->now.rules = krait__rules_new(&model->generation);
	if (!session->now.rules)
		return krait__why_memory(&session->why);
	session->kept.any_division = model->engine->any_division;
	session->kept.reach = REWIND_DEFAULT;
	krait__history_start(&session->history, krait__keep_tokens(REWIND_DEFAULT), 0, (struct session_digest){ 0, 0 });
	return model->engine->slot_new(&session->now.slot, model->emodel, &session->why);
}

krait_status krait_session_new(krait_session **out, krait_model *model)
{
	krait_session *session;

	if (!out)
		return KRAIT_ERROR_ARGUMENT;
	*out = NULL;
	if (!model)
		return KRAIT_ERROR_ARGUMENT;
	if (krait__model_forked(model))
		return KRAIT_ERROR_FORKED;
	*out = session = bare(model);
	if (!session)
		return KRAIT_ERROR_MEMORY;
	if (model->why.status != KRAIT_OK)
		return krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "this model did not open: krait_model_error says why");
	if (!model->emodel)
		return krait__why(&session->why, KRAIT_ERROR_UNSUPPORTED, "this model has no weights to run: open it without KRAIT_OPTION_INSPECT");
	return fill(session);
}

void krait_session_free(krait_session *session)
{
	if (!session)
		return;
	krait__keep_clear(&session->kept);
	krait__history_free(&session->history);
	if (session->now.slot)
		session->model->engine->slot_free(session->now.slot);
	krait__course_free(&session->now.course);
	krait__rules_free(session->now.rules);
	krait__buffer_free(&session->piece);
	krait__free(session->logits);
	krait__free(session->rows);
	krait_model_free(session->model);
	krait__free(session);
}

const char *krait_session_error(const krait_session *session)
{
	return session ? session->why.text : "out of memory";
}

/* What goes wrong is told on the original: nobody sees the copy. */
static krait_status fork_into(krait_session *copy, krait_session *session)
{
	krait_status status = fill(copy);

	if (status == KRAIT_OK) {
		status = krait__back_copy(copy, session);
		copy->keep = session->keep;
	}
	if (status != KRAIT_OK)
		session->why = copy->why;
	return status;
}

krait_status krait_session_fork(krait_session **out, krait_session *session)
{
	krait_session *copy;
	krait_status status;

	if (!out)
		return KRAIT_ERROR_ARGUMENT;
	*out = NULL;
	status = krait__session_enter(session);
	if (status != KRAIT_OK)
		return status;
	copy = bare(session->model);
	status = copy ? fork_into(copy, session) : krait__why_memory(&session->why);
	if (status == KRAIT_OK)
		*out = copy;
	else
		krait_session_free(copy);
	return krait__session_leave(session, status);
}

/* The other one is in use meanwhile, as if a call had been made on it. */
static krait_status copy_from(krait_session *to, krait_session *from)
{
	int idle = 0;
	uint64_t reach = to->kept.reach;
	krait_status status;

	if (from == to)
		return KRAIT_OK;
	if (from->model != to->model || !from->now.slot)
		return krait__why(&to->why, KRAIT_ERROR_MISMATCH, "the session to copy belongs to another model handle");
	if (!atomic_compare_exchange_strong(&from->busy, &idle, 1))
		return KRAIT_ERROR_BUSY;
	status = krait__back_copy(to, from);
	if (status == KRAIT_OK)
		krait__session_reach(to, reach);
	atomic_store(&from->busy, 0);
	return status;
}

krait_status krait_session_copy(krait_session *to, const krait_session *from)
{
	krait_status status;

	if (!from)
		return KRAIT_ERROR_ARGUMENT;
	status = krait__session_enter(to);
	return status == KRAIT_OK ? krait__session_leave(to, copy_from(to, (krait_session *)(uintptr_t)from)) : status;
}

static krait_status reset(krait_session *session)
{
	krait_status status = session->model->engine->slot_clear(session->now.slot, &session->why);

	if (status != KRAIT_OK)
		return status;
	krait__course_free(&session->now.course);
	krait__course_start(&session->now.course);
	krait__history_start(&session->history, session->history.most, 0, session->now.course.digest);
	krait__keep_clear(&session->kept);
	krait__buffer_clear(&session->piece);
	session->logits_known = false;
	session->drawn = -1;
	session->n_rows = 0;
	return KRAIT_OK;
}

krait_status krait_session_reset(krait_session *session)
{
	krait_status status = krait__session_enter(session);

	return status == KRAIT_OK ? krait__session_leave(session, reset(session)) : status;
}

static krait_status rewind_by(krait_session *session, uint64_t n_tokens)
{
	if (n_tokens > session->now.course.position)
		return krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "cannot go back %llu tokens: %llu were read",
			(unsigned long long)n_tokens, (unsigned long long)session->now.course.position);
	return krait__back_to(session, session->now.course.position - n_tokens, true);
}

krait_status krait_session_rewind(krait_session *session, uint64_t n_tokens)
{
	krait_status status = krait__session_enter_work(session, false);

	return status == KRAIT_OK ? krait__session_leave(session, rewind_by(session, n_tokens)) : status;
}

krait_status krait_session_cancel(krait_session *session)
{
	if (!session)
		return KRAIT_ERROR_ARGUMENT;
	atomic_store(&session->cancel, CANCEL_WAITS);
	return KRAIT_OK;
}

void krait_session_cancel_clear(krait_session *session)
{
	if (session)
		atomic_store(&session->cancel, CANCEL_NONE);
}

uint64_t krait_session_position(const krait_session *session)
{
	return session ? session->now.course.position : 0;
}

size_t krait_session_state_size(const krait_session *session)
{
	return session && session->now.slot ? krait__state_size_now(session->model, &session->now, &session->history) : 0;
}

/* ---- feeding ------------------------------------------------------------------------- */

static krait_status need(krait_session *session, const void *pointer, const char *name)
{
	return pointer ? KRAIT_OK : krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "'%s' is NULL", name);
}

static krait_status feed_tokens(krait_session *session, const krait_token *tokens, size_t n_tokens, float *scores)
{
	struct session_entry entry = { .session = session, .tokens = tokens, .n = n_tokens, .scores = scores };
	krait_status status = n_tokens ? need(session, tokens, "tokens") : KRAIT_OK;

	if (status == KRAIT_OK)
		status = krait__session_check_tokens(session->model, tokens, n_tokens, &session->why);
	if (status == KRAIT_OK)
		status = krait__advance_one(&entry);
	return status == KRAIT_OK ? entry.status : status;
}

krait_status krait_session_feed(krait_session *session, const krait_token *tokens, size_t n_tokens)
{
	krait_status status = krait__session_enter_work(session, false);

	return status == KRAIT_OK ? krait__session_leave(session, feed_tokens(session, tokens, n_tokens, NULL)) : status;
}

static krait_status feed_utf8(krait_session *session, const char *text, size_t n_text, int flags)
{
	struct token_list list = { 0 };
	krait_status status = n_text ? need(session, text, "text") : KRAIT_OK;

	if (status != KRAIT_OK)
		return status;
	if (flags & ~(KRAIT_PARSE_SPECIAL | KRAIT_ADD_SPECIAL))
		return krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "flags %d: only KRAIT_PARSE_SPECIAL and KRAIT_ADD_SPECIAL are known", flags);
	if (!session->model->tokenizer)
		return krait__why(&session->why, KRAIT_ERROR_UNSUPPORTED, "this model came without a tokenizer: open it with KRAIT_OPTION_TOKENIZER");
	status = krait__tokenizer_append(session->model->tokenizer, &list, text, n_text, flags, &session->why);
	if (status == KRAIT_OK)
		status = feed_tokens(session, list.ids, list.size, NULL);
	krait__token_list_free(&list);
	return status;
}

krait_status krait_session_feed_utf8(krait_session *session, const char *text, size_t n_text, int flags)
{
	krait_status status = krait__session_enter_work(session, false);

	return status == KRAIT_OK ? krait__session_leave(session, feed_utf8(session, text, n_text, flags)) : status;
}

krait_status krait_session_feed_text(krait_session *session, const char *text)
{
	krait_status status = krait__session_enter_work(session, false);

	if (status != KRAIT_OK)
		return status;
	status = need(session, text, "text");
	if (status == KRAIT_OK)
		status = feed_utf8(session, text, strlen(text), session->now.course.position == 0 ? KRAIT_ADD_SPECIAL : 0);
	return krait__session_leave(session, status);
}

static krait_status feed_embeddings(krait_session *session, const float *embeddings, size_t n_positions, size_t width)
{
	struct session_entry entry = { .session = session, .embeddings = embeddings, .n = n_positions };
	krait_status status;

	if (width != session->model->plan.width)
		return krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "the embeddings are %zu wide: this model's are %u",
			width, (unsigned)session->model->plan.width);
	if (n_positions == 0)
		return KRAIT_OK;
	if (n_positions > SIZE_MAX / width / sizeof(float))
		return krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "%zu positions are more than memory can hold", n_positions);
	status = need(session, embeddings, "embeddings");
	if (status == KRAIT_OK)
		status = krait__advance_one(&entry);
	return status == KRAIT_OK ? entry.status : status;
}

krait_status krait_session_feed_embeddings(krait_session *session, const float *embeddings, size_t n_positions, size_t width)
{
	krait_status status = krait__session_enter_work(session, false);

	return status == KRAIT_OK ? krait__session_leave(session, feed_embeddings(session, embeddings, n_positions, width)) : status;
}

static krait_status score(krait_session *session, const krait_token *tokens, size_t n_tokens, float *out, size_t n_out)
{
	if (n_out < n_tokens && !(n_out == 0 && !out))
		return krait__why(&session->why, KRAIT_ERROR_SPACE, "'out' holds %zu scores: %zu are needed", n_out, n_tokens);
	if (!out || n_tokens == 0)
		return KRAIT_OK;
	return feed_tokens(session, tokens, n_tokens, out);
}

krait_status krait_session_score(krait_session *session, const krait_token *tokens, size_t n_tokens, float *out, size_t n_out)
{
	krait_status status = krait__session_enter_work(session, false);

	return status == KRAIT_OK ? krait__session_leave(session, score(session, tokens, n_tokens, out, n_out)) : status;
}

static krait_status feed_to(krait_session *session, const krait_token *tokens, size_t n_tokens, size_t *n_reused)
{
	krait_status status = n_tokens ? need(session, tokens, "tokens") : KRAIT_OK;

	if (status == KRAIT_OK)
		status = krait__session_check_tokens(session->model, tokens, n_tokens, &session->why);
	return status == KRAIT_OK ? krait__back_feed_to(session, tokens, n_tokens, 0, n_reused) : status;
}

krait_status krait_session_feed_to(krait_session *session, const krait_token *tokens, size_t n_tokens, size_t *n_reused)
{
	krait_status status;
	size_t reused = 0;

	if (n_reused)
		*n_reused = 0;
	status = krait__session_enter_work(session, false);
	if (status != KRAIT_OK)
		return status;
	status = feed_to(session, tokens, n_tokens, &reused);
	if (n_reused)
		*n_reused = reused;
	return krait__session_leave(session, status);
}

/* ---- generating ---------------------------------------------------------------------- */

static krait_status next(krait_session *session, krait_token *out)
{
	krait_token drawn;
	struct session_entry entry = { .session = session, .drawn = &drawn, .n = 1 };
	krait_status status = krait__advance_one(&entry);

	if (status != KRAIT_OK)
		return status;
	*out = entry.status == KRAIT_CANCELLED ? -1 : entry.token;
	return entry.status;
}

krait_status krait_session_next(krait_session *session, krait_token *out)
{
	krait_status status;

	if (!out)
		return KRAIT_ERROR_ARGUMENT;
	*out = -1;
	status = krait__session_enter_work(session, true);
	return status == KRAIT_OK ? krait__session_leave(session, next(session, out)) : status;
}

/* The pieces of all tokens, joined. */
static krait_status generate(krait_session *session, krait_token *out, size_t n_out, size_t *n_tokens)
{
	struct buffer joined = { 0 };
	krait_status status = krait__generate(session, out, n_out, n_tokens, &joined);

	krait__buffer_free(&session->piece);
	session->piece = joined;
	return status;
}

krait_status krait_session_generate(krait_session *session, krait_token *out, size_t n_out, size_t *n_tokens)
{
	krait_status status;

	if (!n_tokens)
		return KRAIT_ERROR_ARGUMENT;
	*n_tokens = 0;
	status = krait__session_enter_work(session, true);
	if (status != KRAIT_OK)
		return status;
	status = n_out ? need(session, out, "out") : KRAIT_OK;
	return krait__session_leave(session, status == KRAIT_OK ? generate(session, out, n_out, n_tokens) : status);
}

int krait_session_end_reason(const krait_session *session)
{
	return session ? session->now.course.reason : KRAIT_REASON_NONE;
}

const char *krait_session_piece(const krait_session *session)
{
	return session && session->piece.data ? session->piece.data : "";
}

size_t krait_session_piece_size(const krait_session *session)
{
	return session ? session->piece.size : 0;
}

static krait_status flush(krait_session *session)
{
	struct session_output *output = &session->now.course.output;

	if (!krait__output_reserve(output, &session->piece, session->model->longest_token))
		return krait__why_memory(&session->why);
	krait__output_flush(output, &session->piece);
	output->stream.n_held = 0;
	return KRAIT_OK;
}

krait_status krait_session_flush(krait_session *session)
{
	krait_status status = krait__session_enter(session);

	return status == KRAIT_OK ? krait__session_leave(session, flush(session)) : status;
}
