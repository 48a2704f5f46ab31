/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keep.h - which moments a session keeps for going back: all of the policy.
 *
 * With one moment, the default, it stands where the last prompt nearly ended, or before the last question of
 * a conversation or the answer to it (a mark), and follows a long answer at a distance that is a part of the
 * whole: going back by one token reads little again. With more, KRAIT_REWIND_TOKENS can be gone back at any time.
 */
#ifndef KRAIT_SESSION_KEEP_H
#define KRAIT_SESSION_KEEP_H

#include "session/moment.h"

#define KEEP_MOST 8

struct session_kept {
	uint64_t reach;                 /* KRAIT_REWIND_TOKENS */
	bool any_division;              /* the engine reads many tokens at once with the same result as one by one */
	size_t n;
	struct session_moment *moments[KEEP_MOST];      /* by position, ascending */
};

/* How many moments a reach may have, and how many tokens are kept for it. */
size_t krait__keep_moments(uint64_t reach);
size_t krait__keep_tokens(uint64_t reach);

/* Whether a moment belongs at the sequence's position before tokens are generated. */
bool krait__keep_due(const struct session_kept *kept, const struct session_history *history, uint64_t position);
/* Whether the last moment is a mark at this position. */
bool krait__keep_marked(const struct session_kept *kept, uint64_t position);
/* Whether one is worth having before a token that may begin a stop text. */
bool krait__keep_near(const struct session_kept *kept, const struct session_history *history, uint64_t position);
/* How many tokens may be generated before one does. */
uint64_t krait__keep_room(const struct session_kept *kept, const struct session_history *history, uint64_t position);

/* A feed from `start` to `last`, now at `position`: where it stops next for a moment; `last` where it does not. `mark`
 * is 0, or a position that is worth one. */
uint64_t krait__keep_stop(const struct session_kept *kept, uint64_t start, uint64_t position, uint64_t last, uint64_t mark);

/* A moment that is to be taken: made ready before anything moves, taken when nothing can fail any more. */
struct session_due {
	bool wanted;
	struct session_moment *fresh;   /* with memory of its own, or NULL: that of one that goes is used, and */
	struct session_course course;   /* a copy of the course as it is */
};
/* `reuse`: the memory of a moment that goes may be filled when it is taken, which must then be before anything moves.
 * False: out of memory, and nothing changed. */
bool krait__keep_prepare(struct session_due *due, const struct session_kept *kept, const struct session_history *history,
	krait_model *model, const struct session_now *now, bool reuse);
void krait__keep_take(struct session_due *due, struct session_kept *kept, const struct session_history *history,
	krait_model *model, const struct session_now *now, bool mark);
void krait__keep_drop(struct session_due *due);
/* A moment that is there already comes to the list. Takes it over. */
void krait__keep_add(struct session_kept *kept, const struct session_history *history, struct session_moment *moment);
void krait__keep_cut(struct session_kept *kept, uint64_t position);     /* forgets those behind it */
/* Moves those behind it out of the list, and back. */
void krait__keep_split(struct session_kept *kept, uint64_t position, struct session_kept *tail);
void krait__keep_join(struct session_kept *kept, struct session_kept *tail);
/* Another reach: as many as it allows stay. */
void krait__keep_reach(struct session_kept *kept, uint64_t reach);
void krait__keep_clear(struct session_kept *kept);
void krait__keep_copy(struct session_kept *to, const struct session_kept *from);        /* `to` is empty */

/* The nearest moment at or before `position` from which its tokens are known; NULL: none, or the empty sequence. */
struct session_moment *krait__keep_before(const struct session_kept *kept, const struct session_history *history, uint64_t position);
/* The least position that can be gone back to. */
uint64_t krait__keep_reaches(const struct session_kept *kept, const struct session_history *history, uint64_t position);

#endif
