/* SPDX-License-Identifier: Apache-2.0 */
/* session.h - what a krait_session is inside. */
#ifndef KRAIT_SESSION_SESSION_H
#define KRAIT_SESSION_SESSION_H

#include "model/model.h"
#include "session/course.h"
#include "session/history.h"

struct krait_session {
	struct why why;
	krait_model *model;
	struct slot *slot;
	struct course course;
	struct history history;
	struct buffer piece;
	float *logits;                  /* [vocab], of the slot's hidden vector when logits_fresh */
	float *kept;                    /* [n_kept, width]: hidden vectors that KRAIT_KEEP_POSITIONS asked for */
	size_t n_kept;
	int64_t keep, rewind;
	bool logits_fresh;
	atomic_int busy;
	atomic_int cancel;
};

#define REWIND_DEFAULT 1024

/* Every public call on a session begins and ends with these. _enter: BUSY or FORKED without a
 * text, LOST with one, or KRAIT_OK with the text cleared. */
krait_status krait__session_enter(krait_session *session);
krait_status krait__session_leave(krait_session *session, krait_status status);

/* Whether a cancel is waiting; takes it. */
bool krait__session_cancelled(krait_session *session);

/* ---- reading: feed.c ---- */

struct feed {
	const krait_token *tokens;      /* or NULL and */
	const float *embeddings;
	size_t n;
	float *scores;                  /* NULL, or [n] as krait_session_score gives */
};
krait_status krait__session_read(krait_session *session, const struct feed *feed);
krait_status krait__session_check_tokens(const krait_model *model, const krait_token *tokens, size_t n_tokens, struct why *why);

/* A feed by the caller begins: what was generated before it is over. */
void krait__session_begin_feed(krait_session *session);

/* ---- one token: step.c ---- */

/* Computes the logits of the last position, if they are not there. */
krait_status krait__session_logits(krait_session *session);

/* Samples from fresh logits. KRAIT_OK: *out is to be read, and all memory that krait__session_accept
 * needs is there. KRAIT_END: generation is over, *out as krait_session_next gives it. */
krait_status krait__session_sample(krait_session *session, krait_token *out);
/* What krait__session_sample answers without logits; KRAIT_OK: go on and sample. */
krait_status krait__session_may_sample(krait_session *session, krait_token *out);
/* The token is in the slot: counts it and completes its text. KRAIT_END: a stop text was completed. */
krait_status krait__session_accept(krait_session *session, krait_token token, uint32_t flags);
/* Generation is over; the piece is what was held back. */
krait_status krait__session_end(krait_session *session, int reason, krait_token token);

/* ---- the engine draws: draw.c ---- */

/* Whether the engine can do what this session's settings ask for. */
bool krait__session_can_draw(const krait_session *session);
/* Takes all memory that drawing and keeping up to n tokens needs. */
krait_status krait__session_draw_begin(krait_session *session, size_t n, struct drawing *out);
void krait__drawing_free(struct drawing *drawing);
/* What came of it: as krait__session_accept and krait__session_sample would leave it. `joined` may be NULL, and has room. */
krait_status krait__session_drawn(krait_session *session, const struct draw *draw, struct buffer *joined);
/* Up to n tokens by one call of the engine; where it answers OK there is at least one. */
krait_status krait__session_draw(krait_session *session, krait_token *out, size_t n, size_t *n_done, krait_token *stop, struct buffer *joined);

/* ---- generating: generate.c ---- */

krait_status krait__session_next(krait_session *session, krait_token *out);
/* Up to n tokens, as many _next; `joined` gets their text. */
krait_status krait__session_generate(krait_session *session, krait_token *out, size_t n, size_t *n_done, struct buffer *joined);

/* ---- going back: rewind.c ---- */
krait_status krait__session_rewind(krait_session *session, uint64_t n_tokens);
/* Takes the checkpoint that belongs at the session's position, if one does. False: out of memory. */
bool krait__session_checkpoint(krait_session *session, uint64_t last);

/* Bytes of one session: its slot, its logits and what it keeps for going back. */
uint64_t krait__session_memory(const struct krait_model *model);

#endif
