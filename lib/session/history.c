/* SPDX-License-Identifier: Apache-2.0 */
#include "session/history.h"
#include "base/memory.h"

#include <string.h>

/* Checkpoints lie at multiples of half the reach: at most three of them are needed to go back
 * anywhere within it, and no more than half the reach is read again. */
static uint64_t spacing(const struct history *history)
{
	return history->reach / 2 + 1;
}

struct checkpoint_slot *krait__checkpoint_slot_new(const struct engine *engine, struct slot *slot, uint64_t position)
{
	struct checkpoint_slot *checkpoint = krait__alloc(1, sizeof(*checkpoint));

	if (!checkpoint)
		return NULL;
	atomic_init(&checkpoint->references, 1);
	checkpoint->position = position;
	checkpoint->slot = slot;
	checkpoint->engine = engine;
	return checkpoint;
}

void krait__checkpoint_slot_free(struct checkpoint_slot *checkpoint)
{
	if (!checkpoint || atomic_fetch_sub(&checkpoint->references, 1) != 1)
		return;
	checkpoint->engine->slot_free(checkpoint->slot);
	krait__free(checkpoint);
}

void krait__history_start(struct history *history, uint64_t reach, uint64_t position, size_t width)
{
	krait__history_free(history);
	*history = (struct history){ .reach = reach, .first = position, .next = position, .width = width };
	if (reach)
		history->room = (size_t)(reach + spacing(history));
}

void krait__history_reach(struct history *history, uint64_t reach, uint64_t position)
{
	struct kept_tokens kept = history->kept;

	history->kept = (struct kept_tokens){ 0 };
	krait__history_start(history, reach, position, history->width);
	history->kept = kept;
}

void krait__history_free(struct history *history)
{
	for (size_t i = 0; i < history->n_checkpoints; i++)
		krait__checkpoint_slot_free(history->checkpoints[i]);
	krait__free(history->ring);
	krait__free(history->rows);
	krait__free(history->kept.tokens);
	*history = (struct history){ 0 };
}

/* NULL stays NULL. */
static bool copy_block(void *out, const void *from, size_t n)
{
	void *copy = from ? krait__alloc(n ? n : 1, 1) : NULL;

	if (copy)
		memcpy(copy, from, n);
	memcpy(out, &copy, sizeof(copy));
	return copy || !from;
}

bool krait__history_copy(struct history *to, const struct history *from)
{
	struct history copy = *from;

	copy.rows = NULL;
	copy.kept.tokens = NULL;
	copy.kept.room = copy.kept.n;
	if (!copy_block(&copy.ring, from->ring, from->room * sizeof(*from->ring)) ||
			!copy_block(&copy.rows, from->rows, from->room * from->width * sizeof(*from->rows)) ||
			!copy_block(&copy.kept.tokens, from->kept.tokens, from->kept.n * sizeof(*from->kept.tokens))) {
		krait__free(copy.ring);
		krait__free(copy.rows);
		return false;
	}
	for (size_t i = 0; i < copy.n_checkpoints; i++)
		atomic_fetch_add(&copy.checkpoints[i]->references, 1);
	*to = copy;
	return true;
}

static bool reserve_kept(struct kept_tokens *kept, size_t n)
{
	krait_token *grown;
	size_t room;

	if (!kept->on || kept->room - kept->n >= n)
		return true;
	if (n > SIZE_MAX / 2 - kept->n)
		return false;
	room = kept->n + n + kept->n / 2;
	grown = krait__resize(kept->tokens, room, sizeof(*grown));
	if (!grown)
		return false;
	kept->tokens = grown;
	kept->room = room;
	return true;
}

bool krait__history_reserve(struct history *history, size_t n, bool embeddings)
{
	if (!reserve_kept(&history->kept, n))
		return false;
	if (!history->reach)
		return true;
	if (!history->ring)
		history->ring = krait__alloc_zero(history->room, sizeof(*history->ring));
	if (embeddings && !history->rows && history->room <= SIZE_MAX / history->width)
		history->rows = krait__alloc_zero(history->room * history->width, sizeof(*history->rows));
	return history->ring && (!embeddings || history->rows);
}

bool krait__history_due(const struct history *history, uint64_t position, uint64_t last)
{
	if (!history->reach || last > position + history->room)
		return false;
	if (history->n_checkpoints && history->checkpoints[history->n_checkpoints - 1]->position == position)
		return false;
	/* a history that begins in the middle needs the slot that it begins with */
	return position > 0 && (position % spacing(history) == 0 || history->next == history->first);
}

size_t krait__history_stride(const struct history *history, uint64_t position, size_t n, uint64_t last)
{
	uint64_t step = spacing(history), stop;

	if (!history->reach)
		return n;
	stop = (position / step + 1) * step;
	/* checkpoints that would be out of reach at the end of this feed are not worth a stop */
	while (last > stop + history->room)
		stop += ((last - history->room - stop) / step + 1) * step;
	return stop - position < n ? (size_t)(stop - position) : n;
}

static void drop_first(struct history *history)
{
	krait__checkpoint_slot_free(history->checkpoints[0]);
	memmove(history->checkpoints, history->checkpoints + 1, (history->n_checkpoints - 1) * sizeof(*history->checkpoints));
	history->n_checkpoints--;
}

void krait__history_checkpoint(struct history *history, struct checkpoint_slot *checkpoint)
{
	if (history->n_checkpoints == HISTORY_CHECKPOINTS)
		drop_first(history);
	history->checkpoints[history->n_checkpoints++] = checkpoint;
}

void krait__history_add(struct history *history, krait_token token, const float *embedding, uint32_t flags)
{
	size_t at;

	if (history->kept.on)
		history->kept.tokens[history->kept.n++] = embedding ? NOT_A_TOKEN : token;
	if (!history->reach)
		return;
	at = (size_t)(history->next % history->room);
	history->ring[at] = (struct past_token){ embedding ? NOT_A_TOKEN : token, flags };
	if (embedding)
		memcpy(history->rows + at * history->width, embedding, history->width * sizeof(*embedding));
	history->next++;
	if (history->next - history->first > history->room)
		history->first = history->next - history->room;
	while (history->n_checkpoints && history->checkpoints[0]->position < history->first)
		drop_first(history);
}

const struct past_token *krait__history_at(const struct history *history, uint64_t position)
{
	return position >= history->first && position < history->next ? &history->ring[position % history->room] : NULL;
}

const float *krait__history_row(const struct history *history, uint64_t position)
{
	return history->rows + (size_t)(position % history->room) * history->width;
}

const struct checkpoint_slot *krait__history_before(const struct history *history, uint64_t position)
{
	for (size_t i = history->n_checkpoints; i-- > 0;)
		if (history->checkpoints[i]->position <= position)
			return history->checkpoints[i];
	return NULL;
}

bool krait__history_reaches(const struct history *history, uint64_t position)
{
	return history->reach && position >= history->first && position <= history->next &&
		history->next - position <= history->reach && (history->first == 0 || krait__history_before(history, position));
}

void krait__history_keep(struct history *history, uint64_t position, uint64_t from)
{
	struct kept_tokens *kept = &history->kept;
	size_t drop;

	if (!kept->on || from < kept->first || from > position) {
		kept->on = true;
		kept->first = position;
		kept->n = 0;
		return;
	}
	if (from - kept->first <= HISTORY_KEPT_BEFORE)
		return;
	drop = (size_t)(from - kept->first) - HISTORY_KEPT_BEFORE;
	kept->n -= drop;
	kept->first += drop;
	memmove(kept->tokens, kept->tokens + drop, kept->n * sizeof(*kept->tokens));
}

size_t krait__history_recent(const struct history *history, uint64_t position, krait_token *out, size_t n)
{
	const struct kept_tokens *kept = &history->kept;
	uint64_t have = history->next - history->first;
	size_t n_out = n < have ? n : (size_t)have;

	if (kept->on && position - kept->first > have) {
		n_out = n < kept->n ? n : kept->n;
		if (n_out)
			memcpy(out, kept->tokens + kept->n - n_out, n_out * sizeof(*out));
		return n_out;
	}
	for (size_t i = 0; i < n_out; i++)
		out[i] = krait__history_at(history, history->next - n_out + i)->token;
	return n_out;
}

void krait__history_cut(struct history *history, uint64_t position)
{
	struct kept_tokens *kept = &history->kept;

	if (kept->on && position < kept->first)
		kept->first = position;
	if (kept->on && position - kept->first < kept->n)
		kept->n = (size_t)(position - kept->first);
	if (position < history->next)
		history->next = position;
	if (position < history->first)
		history->first = position;
	while (history->n_checkpoints && history->checkpoints[history->n_checkpoints - 1]->position > position)
		krait__checkpoint_slot_free(history->checkpoints[--history->n_checkpoints]);
}
