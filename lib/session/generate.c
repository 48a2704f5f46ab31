/* SPDX-License-Identifier: Apache-2.0 */
/* generate.c - tokens one after another, drawn here or by the engine. */
#include "session/session.h"

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
