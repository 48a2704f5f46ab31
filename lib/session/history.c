/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "session/history.h"
#include "base/memory.h"

#include <string.h>

void krait__history_start(struct session_history *history, size_t most, uint64_t position, struct session_digest digest)
{
	krait__history_free(history);
	*history = (struct session_history){ .first = position, .before = digest, .most = most };
}

void krait__history_rows_free(struct session_rows *rows)
{
	if (rows && atomic_fetch_sub(&rows->references, 1) == 1)
		krait__free(rows);
}

void krait__history_forget(struct session_history *history, uint64_t position, struct session_digest digest)
{
	for (size_t i = 0; i < history->n_rows; i++)
		krait__history_rows_free(history->rows[i]);
	history->n_rows = history->n = 0;
	history->first = position;
	history->before = digest;
}

void krait__history_free(struct session_history *history)
{
	for (size_t i = 0; i < history->n_rows; i++)
		krait__history_rows_free(history->rows[i]);
	krait__free(history->rows);
	krait__free(history->tokens);
	krait__free(history->flags);
	*history = (struct session_history){ 0 };
}

bool krait__history_copy(struct session_history *to, const struct session_history *from)
{
	struct session_history copy = *from;

	copy.tokens = from->n ? krait__copy_bytes(from->tokens, from->n * sizeof(*from->tokens)) : NULL;
	copy.flags = from->n ? krait__copy_bytes(from->flags, from->n) : NULL;
	copy.rows = from->n_rows ? krait__alloc(from->n_rows, sizeof(*from->rows)) : NULL;
	copy.rows_room = from->n_rows;
	copy.room = from->n;
	if ((from->n && (!copy.tokens || !copy.flags)) || (from->n_rows && !copy.rows)) {
		krait__free(copy.tokens);
		krait__free(copy.flags);
		krait__free(copy.rows);
		return false;
	}
	for (size_t i = 0; i < from->n_rows; i++) {
		copy.rows[i] = from->rows[i];
		atomic_fetch_add(&copy.rows[i]->references, 1);
	}
	krait__history_free(to);
	*to = copy;
	return true;
}

/* The list grows to twice what is wanted back before its older half goes. */
bool krait__history_reserve(struct session_history *history, size_t n)
{
	size_t most = 2 * history->most, need, room;
	krait_token *tokens;
	unsigned char *flags;

	if (n > history->most)
		n = history->most;
	need = history->n + n < most ? history->n + n : most;
	if (need <= history->room)
		return true;
	room = 2 * history->room > 64 ? 2 * history->room : 64;
	room = room > most ? most : room;
	room = room < need ? need : room;
	flags = krait__resize(history->flags, room, 1);
	if (!flags)
		return false;
	history->flags = flags;
	tokens = krait__resize(history->tokens, room, sizeof(*tokens));
	if (!tokens)
		return false;
	history->tokens = tokens;
	history->room = room;
	return true;
}

static bool reserve_row(struct session_history *history)
{
	size_t room = history->rows_room ? 2 * history->rows_room : 4;
	struct session_rows **grown;

	if (history->n_rows < history->rows_room)
		return true;
	grown = krait__resize(history->rows, room, sizeof(*grown));
	if (!grown)
		return false;
	history->rows = grown;
	history->rows_room = room;
	return true;
}

bool krait__history_rows_new(struct session_history *history, struct session_rows **out, const float *rows, size_t n, size_t width,
	uint64_t position)
{
	size_t skip = n > history->most ? n - history->most : 0;
	struct session_rows *made;

	*out = NULL;
	if (history->most == 0)
		return true;
	if (n - skip > (SIZE_MAX - sizeof(*made)) / sizeof(float) / width)
		return false;
	made = reserve_row(history) ? krait__alloc(1, sizeof(*made) + (n - skip) * width * sizeof(float)) : NULL;
	if (!made)
		return false;
	atomic_init(&made->references, 1);
	made->first = position + skip;
	made->n = n - skip;
	made->width = width;
	memcpy(made->values, rows + skip * width, made->n * width * sizeof(float));
	*out = made;
	return true;
}

size_t krait__history_place(const struct session_history *history, uint64_t position)
{
	return (size_t)(position - history->first);
}

const float *krait__history_row(const struct session_history *history, uint64_t position)
{
	for (size_t i = history->n_rows; i-- > 0;)
		if (position >= history->rows[i]->first && position - history->rows[i]->first < history->rows[i]->n)
			return history->rows[i]->values + (size_t)(position - history->rows[i]->first) * history->rows[i]->width;
	return NULL;
}

uint64_t krait__history_end(const struct session_history *history)
{
	return history->first + history->n;
}

static void drop_rows(struct session_history *history)
{
	size_t dropped = 0;

	while (dropped < history->n_rows && history->rows[dropped]->first + history->rows[dropped]->n <= history->first)
		krait__history_rows_free(history->rows[dropped++]);
	memmove(history->rows, history->rows + dropped, (history->n_rows - dropped) * sizeof(*history->rows));
	history->n_rows -= dropped;
}

/* Forgets the first n: only their digest stays. */
static void drop_first(struct session_history *history, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const float *row = history->tokens[i] == NOT_A_TOKEN ? krait__history_row(history, history->first + i) : NULL;

		history->before = row ? krait__digest_row(history->before, row, history->rows[0]->width) :
			krait__digest_token(history->before, history->tokens[i]);
	}
	history->n -= n;
	history->first += n;
	memmove(history->tokens, history->tokens + n, history->n * sizeof(*history->tokens));
	memmove(history->flags, history->flags + n, history->n);
	if (history->n_rows)
		drop_rows(history);
}

static void append(struct session_history *history, const krait_token *tokens, size_t n, unsigned flags)
{
	for (size_t i = 0; i < n; i++)
		history->tokens[history->n + i] = tokens ? tokens[i] : NOT_A_TOKEN;
	memset(history->flags + history->n, (int)flags, n);
	history->n += n;
}

/* More tokens than are wanted back: only the last of them are kept. */
static size_t skip_first(struct session_history *history, const krait_token *tokens, size_t n)
{
	size_t skip = n > history->most ? n - history->most : 0;

	if (skip) {
		drop_first(history, history->n);
		history->before = krait__digest_tokens(history->before, tokens, skip);
		history->first += skip;
	}
	return skip;
}

/* What does not fit goes, and at once all that is not wanted back. */
static void make_room(struct session_history *history, size_t n)
{
	size_t over = history->n + n > history->room ? history->n + n - history->room : 0;
	size_t old = history->n > history->most ? history->n - history->most : 0;

	if (over)
		drop_first(history, over > old ? over : old);
}

/* Where nothing is kept the list stands still, and its owner's digest is the truth. */
void krait__history_add(struct session_history *history, uint64_t position, const krait_token *tokens, size_t n, unsigned flags)
{
	size_t skip;

	krait__history_cut(history, position);
	if (n == 0 || history->most == 0)
		return;
	skip = tokens ? skip_first(history, tokens, n) : 0;
	make_room(history, n - skip);
	append(history, tokens ? tokens + skip : NULL, n - skip, flags);
	history->flags[history->n - 1] |= HISTORY_CALL_END;
}

void krait__history_add_rows(struct session_history *history, struct session_rows *rows)
{
	if (rows)
		history->rows[history->n_rows++] = rows;
}

void krait__history_cut(struct session_history *history, uint64_t position)
{
	if (position < history->first)
		return;
	if (position < krait__history_end(history))
		history->n = (size_t)(position - history->first);
	while (history->n_rows && history->rows[history->n_rows - 1]->first >= krait__history_end(history))
		krait__history_rows_free(history->rows[--history->n_rows]);
}
