/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - krait_session_*: what makes, moves and describes a session. Settings are in
 * session_settings.c. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "session/session.h"
#include "text/tokenizer.h"

#include <math.h>
#include <string.h>

/* ---- life ---------------------------------------------------------------------------- */

static krait_status add_model_stops(krait_session *session)
{
	const struct generation *generation = &session->model->generation;

	for (size_t i = 0; i < generation->n_stops; i++)
		if (!krait__stops_add(&session->course.stops, generation->stops[i]))
			return krait__why_memory(&session->why);
	return KRAIT_OK;
}

/* A session good for _error and _free, and no more until it has a slot. */
static krait_session *bare(krait_model *model)
{
	krait_session *session = krait__alloc_zero(1, sizeof(*session));

	if (!session)
		return NULL;
	session->model = krait_model_ref(model);
	session->rewind = REWIND_DEFAULT;
	krait__sampling_defaults(&session->course.sampling);
	session->course.end_token = -1;
	return session;
}

krait_status krait_session_new(krait_session **out, krait_model *model)
{
	krait_session *session;
	krait_status status;

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
	if (!model->emodel)
		return krait__why(&session->why, model->why.status < 0 ? KRAIT_ERROR_ARGUMENT : KRAIT_ERROR_UNSUPPORTED,
			"this model has no weights to run: open it without KRAIT_OPTION_INSPECT");
	status = add_model_stops(session);
	if (status == KRAIT_OK)
		status = model->engine->slot_new(&session->slot, model->emodel, &session->why);
	if (status == KRAIT_OK)
		krait__history_start(&session->history, (uint64_t)session->rewind, 0, model->plan.width);
	return status;
}

void krait_session_free(krait_session *session)
{
	if (!session)
		return;
	krait__history_free(&session->history);
	if (session->slot)
		session->model->engine->slot_free(session->slot);
	krait__course_free(&session->course);
	krait__buffer_free(&session->piece);
	krait__free(session->logits);
	krait__free(session->kept);
	krait_model_free(session->model);
	krait__free(session);
}

const char *krait_session_error(const krait_session *session)
{
	return session ? session->why.text : "out of memory";
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
	status = copy ? copy->model->engine->slot_new(&copy->slot, copy->model->emodel, &session->why) : krait__why_memory(&session->why);
	if (status == KRAIT_OK && !(krait__course_copy(&copy->course, &session->course) && krait__history_copy(&copy->history, &session->history)))
		status = krait__why_memory(&session->why);
	if (status == KRAIT_OK)
		status = copy->model->engine->slot_copy(copy->slot, session->slot, &session->why);
	if (status != KRAIT_OK) {
		krait_session_free(copy);
		return krait__session_leave(session, status);
	}
	copy->keep = session->keep;
	copy->rewind = session->rewind;
	*out = copy;
	return krait__session_leave(session, KRAIT_OK);
}

krait_status krait_session_reset(krait_session *session)
{
	krait_status status = krait__session_enter(session);

	if (status != KRAIT_OK)
		return status;
	status = session->model->engine->slot_clear(session->slot, &session->why);
	if (status != KRAIT_OK)
		return krait__session_leave(session, status);
	session->course.position = 0;
	krait__session_begin_feed(session);
	krait__counts_clear(&session->course.counts);
	krait__history_start(&session->history, (uint64_t)session->rewind, 0, session->model->plan.width);
	session->logits_fresh = false;
	session->n_kept = 0;
	return krait__session_leave(session, KRAIT_OK);
}

krait_status krait_session_rewind(krait_session *session, uint64_t n_tokens)
{
	krait_status status = krait__session_enter(session);

	return status == KRAIT_OK ? krait__session_leave(session, krait__session_rewind(session, n_tokens)) : status;
}

krait_status krait_session_cancel(krait_session *session)
{
	if (!session)
		return KRAIT_ERROR_ARGUMENT;
	atomic_store(&session->cancel, 1);
	return KRAIT_OK;
}

uint64_t krait_session_position(const krait_session *session)
{
	return session ? session->course.position : 0;
}

/* ---- feeding ------------------------------------------------------------------------- */

static krait_status need(krait_session *session, const void *pointer, const char *name)
{
	return pointer ? KRAIT_OK : krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "'%s' is NULL", name);
}

static krait_status feed_tokens(krait_session *session, const krait_token *tokens, size_t n_tokens, float *scores)
{
	struct feed feed = { .tokens = tokens, .n = n_tokens, .scores = scores };
	krait_status status = n_tokens ? need(session, tokens, "tokens") : KRAIT_OK;

	if (status == KRAIT_OK)
		status = krait__session_check_tokens(session->model, tokens, n_tokens, &session->why);
	return status == KRAIT_OK ? krait__session_read(session, &feed) : status;
}

krait_status krait_session_feed(krait_session *session, const krait_token *tokens, size_t n_tokens)
{
	krait_status status = krait__session_enter(session);

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
	krait_status status = krait__session_enter(session);

	return status == KRAIT_OK ? krait__session_leave(session, feed_utf8(session, text, n_text, flags)) : status;
}

krait_status krait_session_feed_text(krait_session *session, const char *text)
{
	krait_status status = krait__session_enter(session);

	if (status != KRAIT_OK)
		return status;
	status = need(session, text, "text");
	if (status == KRAIT_OK)
		status = feed_utf8(session, text, strlen(text), session->course.position == 0 ? KRAIT_ADD_SPECIAL : 0);
	return krait__session_leave(session, status);
}

static krait_status feed_embeddings(krait_session *session, const float *embeddings, size_t n_positions, size_t width)
{
	struct feed feed = { .embeddings = embeddings, .n = n_positions };

	if (width != session->model->plan.width)
		return krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "the embeddings are %zu wide: this model's are %u",
			width, (unsigned)session->model->plan.width);
	if (n_positions == 0)
		return KRAIT_OK;
	if (n_positions > SIZE_MAX / width / sizeof(float))
		return krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "%zu positions are more than memory can hold", n_positions);
	return embeddings ? krait__session_read(session, &feed) : need(session, embeddings, "embeddings");
}

krait_status krait_session_feed_embeddings(krait_session *session, const float *embeddings, size_t n_positions, size_t width)
{
	krait_status status = krait__session_enter(session);

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
	krait_status status = krait__session_enter(session);

	return status == KRAIT_OK ? krait__session_leave(session, score(session, tokens, n_tokens, out, n_out)) : status;
}

/* ---- what came out ------------------------------------------------------------------- */

static krait_status check_space(krait_session *session, const float *out, size_t n_out, size_t need_out)
{
	if (session->course.position == 0)
		return krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "nothing was fed yet: feed at least one token first");
	if (n_out < need_out && (out || n_out))
		return krait__why(&session->why, KRAIT_ERROR_SPACE, "'out' holds %zu numbers: %zu are needed", n_out, need_out);
	return KRAIT_OK;
}

static krait_status check_numbers(krait_session *session, const float *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (isnan(values[i]))
			return krait__why(&session->why, KRAIT_ERROR_FORMAT, "the weights give NaN: they are damaged; fetch the model again");
	return KRAIT_OK;
}

static krait_status kept_logits(krait_session *session, float *out)
{
	const krait_model *model = session->model;
	size_t n = session->n_kept;
	const float **hidden = krait__alloc(n, sizeof(*hidden));
	float **rows = krait__alloc(n, sizeof(*rows));
	krait_status status = hidden && rows ? KRAIT_OK : krait__why_memory(&session->why);

	for (size_t i = 0; i < n && status == KRAIT_OK; i++) {
		hidden[i] = session->kept + i * model->plan.width;
		rows[i] = out + i * model->plan.vocab;
	}
	if (status == KRAIT_OK)
		status = model->engine->logits(model->emodel, NULL, hidden, n, rows, &session->why);
	krait__free(hidden);
	krait__free(rows);
	return status == KRAIT_OK ? check_numbers(session, out, n * model->plan.vocab) : status;
}

static krait_status logits(krait_session *session, float *out, size_t n_out)
{
	size_t vocab = session->model->plan.vocab, rows = session->n_kept ? session->n_kept : 1;
	krait_status status = check_space(session, out, n_out, rows * vocab);

	if (status != KRAIT_OK || !out)
		return status;
	if (session->n_kept)
		return kept_logits(session, out);
	status = krait__session_logits(session);
	if (status == KRAIT_OK)
		memcpy(out, session->logits, vocab * sizeof(*out));
	return status;
}

krait_status krait_session_logits(krait_session *session, float *out, size_t n_out)
{
	krait_status status = krait__session_enter(session);

	return status == KRAIT_OK ? krait__session_leave(session, logits(session, out, n_out)) : status;
}

static krait_status hidden(krait_session *session, float *out, size_t n_out)
{
	const struct plan *plan = &session->model->plan;
	size_t rows = session->n_kept ? session->n_kept : 1;
	krait_status status = check_space(session, out, n_out, rows * plan->width);

	if (status != KRAIT_OK || !out)
		return status;
	if (session->n_kept)
		memcpy(out, session->kept, rows * plan->width * sizeof(*out));
	else
		status = session->model->engine->slot_export(session->slot, plan->n_components - 1, out, &session->why);
	if (status != KRAIT_OK)
		return status;
	return check_numbers(session, out, rows * plan->width);
}

krait_status krait_session_hidden(krait_session *session, float *out, size_t n_out)
{
	krait_status status = krait__session_enter(session);

	return status == KRAIT_OK ? krait__session_leave(session, hidden(session, out, n_out)) : status;
}

/* ---- generating ---------------------------------------------------------------------- */

krait_status krait_session_next(krait_session *session, krait_token *out)
{
	krait_status status;

	if (!out)
		return KRAIT_ERROR_ARGUMENT;
	*out = -1;
	status = krait__session_enter(session);
	return status == KRAIT_OK ? krait__session_leave(session, krait__session_next(session, out)) : status;
}

/* The pieces of all tokens, joined. */
static krait_status generate(krait_session *session, krait_token *out, size_t n_out, size_t *n_tokens)
{
	struct buffer joined = { 0 };
	krait_status status = krait__session_generate(session, out, n_out, n_tokens, &joined);

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
	status = krait__session_enter(session);
	if (status != KRAIT_OK)
		return status;
	status = n_out ? need(session, out, "out") : KRAIT_OK;
	return krait__session_leave(session, status == KRAIT_OK ? generate(session, out, n_out, n_tokens) : status);
}

int krait_session_end_reason(const krait_session *session)
{
	return session ? session->course.reason : KRAIT_REASON_NONE;
}

const char *krait_session_piece(const krait_session *session)
{
	return session && session->piece.data ? session->piece.data : "";
}

size_t krait_session_piece_size(const krait_session *session)
{
	return session ? session->piece.size : 0;
}
