/* SPDX-License-Identifier: Apache-2.0 */
/* batch.h - what a krait_batch is inside. */
#ifndef KRAIT_SESSION_BATCH_H
#define KRAIT_SESSION_BATCH_H

#include "session/session.h"

struct entry {
	krait_session *session;
	krait_token *tokens;    /* our copy; NULL: sample one */
	size_t n_tokens;
	size_t done;            /* of the tokens, in this run */
	krait_token token;      /* what was sampled */
	krait_status status;
	bool moves;             /* has a span in this run */
	bool draws;             /* the engine samples */
	struct drawing drawing; /* with what */
	bool held;              /* the session is marked busy by this run */
	float *kept;            /* for KRAIT_KEEP_POSITIONS */
	size_t n_keep;
};

struct krait_batch {
	struct why why;
	krait_model *model;
	struct entry *entries;
	size_t n_entries, room;
	bool ran;
};

krait_status krait__batch_run(krait_batch *batch);

#endif
