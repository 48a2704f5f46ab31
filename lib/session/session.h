/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.h - what a krait_session is inside: a moment that is being built (`now`), what was read last (`history`),
 * and a few older moments (`kept`). docs/session.md explains it.
 *
 * All that reads or generates goes through krait__advance (advance.h), all that goes back through back.h.
 */
#ifndef KRAIT_SESSION_SESSION_H
#define KRAIT_SESSION_SESSION_H

#include "session/keep.h"

/* What a cancel that waits is good for. */
enum session_cancel {
	CANCEL_NONE,
	CANCEL_WAITS,                   /* stops whatever call comes */
	CANCEL_LATE                     /* was meant for an answer: stops only what goes on with it */
};

struct krait_session {
	struct why why;
	krait_model *model;
	struct session_now now;
	struct session_history history;
	struct session_kept kept;
	struct buffer piece;
	float *logits;                  /* [vocab] */
	uint64_t logits_at;             /* the position that they are of, where logits_known */
	bool logits_known;
	float *rows;                    /* [n_rows, width]: hidden vectors that KRAIT_KEEP_POSITIONS asked for */
	size_t n_rows;
	int64_t keep;                   /* KRAIT_KEEP_POSITIONS */
	krait_token drawn;              /* by the last call, at drawn_at; -1: none */
	uint64_t drawn_at;
	float drawn_chance;
	bool wants_logprob;             /* somebody asked: the engine does not draw alone any more */
	bool answering;                 /* the call that runs, or the last one, generates */
	atomic_int busy;
	atomic_int cancel;              /* enum session_cancel */
};

#define REWIND_DEFAULT 1

/* Every public call on a session begins and ends with these. _enter: BUSY or FORKED without a
 * text, LOST with one, or KRAIT_OK with the text cleared. */
krait_status krait__session_enter(krait_session *session);
krait_status krait__session_leave(krait_session *session, krait_status status);
/* The same for a call that a cancel stops: it begins something new, or goes on with an answer. */
krait_status krait__session_enter_work(krait_session *session, bool answering);

/* Whether a cancel waits for the call that was entered; it stays. */
bool krait__session_cancelled(const krait_session *session);
/* A cancel was honoured: it is over. */
void krait__session_cancel_done(krait_session *session);

krait_status krait__session_check_tokens(const krait_model *model, const krait_token *tokens, size_t n_tokens, struct why *why);

/* The rules, for somebody who changes them; NULL: out of memory, and the text says so. */
struct session_rules *krait__session_rules(krait_session *session);

/* To the rules' stops, where they are not there yet: a token of the vocabulary; a text that is not empty. */
krait_status krait__session_add_stop(krait_session *session, krait_token token);
krait_status krait__session_add_stop_text(krait_session *session, const char *text, size_t n_text);

/* Computes the logits of the last positions of n sessions, where they are not there: in one call of the engine. */
krait_status krait__logits_of(krait_model *model, krait_session *const *sessions, size_t n, struct why *why);
/* Those of one, which are then known to be numbers. */
krait_status krait__session_logits(krait_session *session);

/* How far back it must be possible to go, from now on. */
void krait__session_reach(krait_session *session, uint64_t reach);

/* Bytes of one session beside its slot: its logits and what it keeps for going back. */
uint64_t krait__session_memory(const struct krait_model *model);

#endif
