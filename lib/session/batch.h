/* SPDX-License-Identifier: Apache-2.0 */
/* batch.h - what a krait_batch is inside: entries for krait__advance, and what is left of them. */
#ifndef KRAIT_SESSION_BATCH_H
#define KRAIT_SESSION_BATCH_H

#include "session/advance.h"

struct batch_entry {
	krait_session *session;
	krait_token *tokens;            /* our copy; NULL: sample one */
	size_t n_tokens, done;
	float *scores;                  /* NULL, or the caller's [n_tokens] */
	krait_token token;              /* what was sampled */
	krait_status status;
	uint64_t position;              /* of the session behind the last run */
};

struct krait_batch {
	struct why why;
	krait_model *model;
	struct batch_entry *entries;
	size_t n_entries, room;
	int64_t prompt_tokens;          /* KRAIT_BATCH_PROMPT_TOKENS; 0: no bound */
	int64_t keep_logits;            /* KRAIT_BATCH_KEEP_LOGITS */
	bool ran;
};

/* Whether the model can run at all; api/batch.c. */
krait_status krait__batch_need_weights(krait_batch *batch);

krait_status krait__batch_run(krait_batch *batch);
/* Drops the entries that are done: all, but for those of which a run left something. */
void krait__batch_sweep(krait_batch *batch);
/* As krait_batch_logits, without a text. */
krait_status krait__batch_logits(const krait_batch *batch, size_t index, float *out);

#endif
