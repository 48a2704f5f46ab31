/* SPDX-License-Identifier: Apache-2.0 */
/* work.h - what a call of krait__advance knows of one entry while it runs; for the files of advance.h alone. */
#ifndef KRAIT_SESSION_WORK_H
#define KRAIT_SESSION_WORK_H

#include "session/advance.h"

struct session_work {
	bool moves;                     /* tokens will come into the slot */
	bool by_engine;                 /* the engine draws them */
	int reason;                     /* why it ends: KRAIT_REASON_NONE: it does not, or has ended before */
	uint64_t start;                 /* the position before the call */
	size_t most;                    /* tokens that the engine may draw */
	struct session_due due;         /* the moment that belongs at the start */

	float *rows;                    /* [n_keep, width]: for KRAIT_KEEP_POSITIONS */
	size_t n_keep;
	bool rows_taken;                /* they are the session's now */
	krait_token *targets;           /* [n]: what is scored at each position */
	float *scores;
	float first_score;
	struct session_rows *past;      /* embeddings, to be read again */

	struct drawing drawing;
	struct session_output output;   /* as it will be when the chosen token is in; where a stop text may begin in it */
	struct buffer piece;
	size_t since;                   /* not 0: the chosen token completes a stop text that began so many tokens ago */
	bool pushed;                    /* `output` and `piece` hold the chosen token's text */
	float chance;
};

/* ---- choose.c: what the core draws ---- */

/* Whether a token is to be chosen from logits here, or a first score be taken from them. */
bool krait__choose_wants_logits(const struct session_entry *entry);
krait_status krait__choose(struct session_entry *entry);

/* ---- draw.c: what the engine draws ---- */

bool krait__draw_possible(const krait_session *session);
krait_status krait__draw_prepare(struct session_entry *entry);
krait_status krait__draw_all(krait_model *model, struct session_entry *entries, size_t n, size_t *at, struct why *why);

/* ---- read.c: spans ---- */

krait_status krait__read_prepare(struct session_entry *entry);
/* Memory for the next n positions of the session, and no more than that; see slot_reserve in engine.h. */
krait_status krait__read_reserve(krait_session *session, uint64_t n);
krait_status krait__read_all(krait_model *model, struct session_entry *entries, size_t n, size_t *at, struct why *why);

/* ---- advance.c: bookkeeping ---- */

/* Takes the moment that belongs where the sequence is now. */
void krait__advance_take(struct session_entry *entry);
/* A token that was generated is in the slot. */
void krait__advance_accept(struct session_entry *entry, krait_token token);
/* Generation is over, or was before. */
void krait__advance_end(struct session_entry *entry, int reason, krait_token token);

#endif
