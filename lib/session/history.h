/* SPDX-License-Identifier: Apache-2.0 */
/*
 * history.h - what a sequence read last: tokens (or rows of embeddings) up to its position, as far back as it must be
 * able to read them again. What lies further back is known by its digest alone.
 */
#ifndef KRAIT_SESSION_HISTORY_H
#define KRAIT_SESSION_HISTORY_H

#include "session/digest.h"

#include <stdatomic.h>

#define HISTORY_GENERATED 1u    /* sampled, not fed by the caller */
#define HISTORY_CALL_END 2u     /* a call of the engine ended here */
#define NOT_A_TOKEN (-2)        /* the place holds a row of an embedding */

/* Rows that one call read; shared by a session and its forks. */
struct session_rows {
	atomic_size_t references;
	uint64_t first;
	size_t n, width;
	float values[];                 /* [n, width] */
};

struct session_history {
	uint64_t first;                 /* position of the first token */
	size_t n, room;
	krait_token *tokens;            /* [n] */
	unsigned char *flags;           /* [n] */
	struct session_digest before;   /* of all that was read before `first` */
	struct session_rows **rows;     /* ascending */
	size_t n_rows, rows_room;
	size_t most;                    /* how many tokens are wanted back; 0: none are kept */
};

/* Empty, at a position with a digest. */
void krait__history_start(struct session_history *history, size_t most, uint64_t position, struct session_digest digest);
/* The same, with the memory that was reserved. */
void krait__history_forget(struct session_history *history, uint64_t position, struct session_digest digest);
void krait__history_free(struct session_history *history);
bool krait__history_copy(struct session_history *to, const struct session_history *from);

/* Room for n more positions. False: out of memory, and nothing changed. */
bool krait__history_reserve(struct session_history *history, size_t n);
/* Keeps a copy of the last rows of [n, width] that will be read at `position`; *out is to be added or freed. */
bool krait__history_rows_new(struct session_history *history, struct session_rows **out, const float *rows, size_t n, size_t width,
	uint64_t position);
void krait__history_rows_free(struct session_rows *rows);

/* n tokens, or with tokens NULL rows (no more than are wanted back), were read at `position`; what was known from there
 * on is forgotten. The last of them gets the flag of a call's end. */
void krait__history_add(struct session_history *history, uint64_t position, const krait_token *tokens, size_t n, unsigned flags);
/* Takes over rows, whose places were added. Room was made by krait__history_rows_new. */
void krait__history_add_rows(struct session_history *history, struct session_rows *rows);
void krait__history_cut(struct session_history *history, uint64_t position);    /* forgets what lies after */

/* The place of a position that is known, and the row that was read there. */
size_t krait__history_place(const struct session_history *history, uint64_t position);
const float *krait__history_row(const struct session_history *history, uint64_t position);
/* The position behind the last one. */
uint64_t krait__history_end(const struct session_history *history);

#endif
