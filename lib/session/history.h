/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history.h - what a session keeps so that it can go back: the last tokens (or embeddings)
 * that it read, and a few copies of its slot from earlier positions. Going back copies
 * the nearest earlier slot and reads again from there.
 */
#ifndef KRAIT_SESSION_HISTORY_H
#define KRAIT_SESSION_HISTORY_H

#include "engine.h"

#define HISTORY_GENERATED 1u    /* sampled, not fed by the caller */
#define HISTORY_CALL_END 2u     /* a call of the engine ended here: reading again stops here too */

#define NOT_A_TOKEN (-2)        /* the entry's place in the ring holds an embedding */

struct past_token {
	krait_token token;
	uint32_t flags;
};

/* A slot as it was, shared by a session and its forks. */
struct checkpoint_slot {
	atomic_size_t references;
	uint64_t position;
	struct slot *slot;
	const struct engine *engine;
};

#define HISTORY_CHECKPOINTS 4

/* All tokens from a position on, however many there will be: what a conversation compares the next
 * message with. Four bytes each, dropped when the conversation goes on. */
struct kept_tokens {
	krait_token *tokens;
	size_t n, room;
	uint64_t first;
	bool on;
};
#define HISTORY_KEPT_BEFORE 16u         /* that stay from before the position: they tell whose answer it is */

struct history {
	uint64_t reach;                 /* how far back one may go; 0: nothing is kept */
	uint64_t first, next;           /* positions in the ring: [first, next) */
	size_t room;                    /* of the ring: reach plus the distance of two checkpoints */
	size_t width;                   /* of an embedding */
	struct past_token *ring;        /* NULL until something is read */
	float *rows;                    /* [room, width], NULL until embeddings are read */
	struct checkpoint_slot *checkpoints[HISTORY_CHECKPOINTS];       /* by position, ascending */
	size_t n_checkpoints;
	struct kept_tokens kept;
};

void krait__history_start(struct history *history, uint64_t reach, uint64_t position, size_t width);    /* empty, at `position` */
/* Another reach, from `position` on; kept tokens stay. */
void krait__history_reach(struct history *history, uint64_t reach, uint64_t position);
void krait__history_free(struct history *history);
bool krait__history_copy(struct history *to, const struct history *from);

/* Memory for n more positions. False: none, and nothing changed. */
bool krait__history_reserve(struct history *history, size_t n, bool embeddings);

/* From now on, at `position`, all tokens are kept; of those before, what came from `from` on. */
void krait__history_keep(struct history *history, uint64_t position, uint64_t from);
/* The last n tokens before `position`, oldest first, or as many as are remembered. */
size_t krait__history_recent(const struct history *history, uint64_t position, krait_token *out, size_t n);

/* How many of the next n positions may be read in one call, so that the next checkpoint can
 * be taken where it belongs; `last` is the position where the feed will end. */
size_t krait__history_stride(const struct history *history, uint64_t position, size_t n, uint64_t last);
/* Whether a checkpoint belongs at this position, given that reading will go on to `last`. */
bool krait__history_due(const struct history *history, uint64_t position, uint64_t last);
/* Takes over `slot`. */
void krait__history_checkpoint(struct history *history, struct checkpoint_slot *checkpoint);

void krait__history_add(struct history *history, krait_token token, const float *embedding, uint32_t flags);
const struct past_token *krait__history_at(const struct history *history, uint64_t position);
const float *krait__history_row(const struct history *history, uint64_t position);

/* The nearest checkpoint at or before `position`; NULL where there is none, which is right only
 * if the ring reaches back to position 0. */
const struct checkpoint_slot *krait__history_before(const struct history *history, uint64_t position);
bool krait__history_reaches(const struct history *history, uint64_t position);
void krait__history_cut(struct history *history, uint64_t position);    /* forgets what lies after */

struct checkpoint_slot *krait__checkpoint_slot_new(const struct engine *engine, struct slot *slot, uint64_t position);
void krait__checkpoint_slot_free(struct checkpoint_slot *checkpoint);

#endif
