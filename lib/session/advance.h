/* SPDX-License-Identifier: Apache-2.0 */
/*
 * advance.h - the one way to go on. Feeding, scoring, generating and batches are calls of krait__advance with one entry
 * or many. First comes everything that may fail: memory, logits, the choice of tokens. Then the engine, then bookkeeping,
 * which cannot fail: a call that fails has changed nothing, whatever it was about and however many sessions took part.
 */
#ifndef KRAIT_SESSION_ADVANCE_H
#define KRAIT_SESSION_ADVANCE_H

#include "session/session.h"

/* What one session is to do. */
struct session_entry {
	krait_session *session;         /* entered */

	/* to read: n tokens, or n rows of embeddings; both NULL: to generate */
	const krait_token *tokens;
	const float *embeddings;        /* [n, width] */
	size_t n;
	float *scores;                  /* NULL, or [n] as krait_session_score gives them */
	bool quiet;                     /* the model's progress callback is not told, even of one alone */
	uint64_t mark;                  /* 0, or a position in it to which a conversation will come back */

	/* to generate: up to n tokens into `drawn` */
	krait_token *drawn;
	struct buffer *joined;          /* NULL, or what gets their text, beside the session's piece */

	/* what became of it */
	size_t n_done;
	krait_token token;              /* the last one drawn; after KRAIT_END the stop token, or -1 */
	krait_status status;            /* KRAIT_OK, KRAIT_END or KRAIT_CANCELLED */

	struct session_work *work;      /* of the call alone */
};

/* Errors: `why` has the text, *at is the entry that it is about, or n; no session moved. KRAIT_OK: see each entry. An
 * entry that generates answers KRAIT_OK with one token at least. */
krait_status krait__advance(krait_model *model, struct session_entry *entries, size_t n, size_t *at, struct why *why);

/* One entry, with the session's own text. */
krait_status krait__advance_one(struct session_entry *entry);

/* Up to n tokens, as many krait_session_next; `joined` gets their text. */
krait_status krait__generate(krait_session *session, krait_token *out, size_t n, size_t *n_done, struct buffer *joined);

#endif
