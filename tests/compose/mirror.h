/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mirror.h - what a session must be, told without any of its means: all tokens that it has read, which of them it
 * generated, its settings. Everything else follows by reading all of it again from position 0.
 */
#ifndef KRAIT_TESTS_COMPOSE_MIRROR_H
#define KRAIT_TESTS_COMPOSE_MIRROR_H

#include "session/kit.h"

enum { MIRROR_MOST = 900, MIRROR_STOPS = 3 };

struct mirror {
	krait_token tokens[MIRROR_MOST];
	bool generated[MIRROR_MOST];
	size_t n;
	size_t first;                   /* what lies before was read by a session that kept nothing for going back */
	int reason;
	krait_token end_token;
	double temperature, frequency;
	int64_t top_k, max_new, seed;
	bool stops[MIRROR_STOPS];       /* which of mirror_stops are set */
};

extern const char *const mirror_stops[MIRROR_STOPS];

/* A fresh session with the mirror's settings that has read all of it. */
krait_session *mirror_session(const struct mirror *mirror, krait_model *model);
/* How many of the last tokens were generated since the last feed. */
size_t mirror_answer(const struct mirror *mirror);
/* What of the answer is shown: whole characters, without what may begin a stop text. `out` is to be freed. */
char *mirror_shown(const struct mirror *mirror, krait_model *model, size_t *n);

/* What the next token must be, by the public sampler from logits that were computed from the beginning. -1: out of memory
 * or nothing to choose from. */
krait_token mirror_next(const struct mirror *mirror, krait_model *model);

void mirror_feed(struct mirror *mirror, const krait_token *tokens, size_t n);
void mirror_rewind(struct mirror *mirror, size_t n);
/* A token comes; true: its text completes a stop text, and the mirror ends where the tokens end that lie before it. */
bool mirror_accept(struct mirror *mirror, krait_model *model, krait_token token);

/* Position, reason, logits and what a copy generates are those of the mirror. */
void mirror_check(const struct mirror *mirror, krait_session *session, krait_model *model);

#endif
