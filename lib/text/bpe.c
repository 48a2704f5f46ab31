/* SPDX-License-Identifier: Apache-2.0 */
/* bpe.c - byte pair encoding: short words by search, long ones with a heap over a linked
 * list, so that work grows as n log n on any text. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "text/bpe.h"
#include "base/memory.h"
#include "text/grow.h"

#include <string.h>

#define SHORT_WORD 40
#define NONE UINT32_MAX

struct symbol {
	uint32_t id;                    /* NONE: merged into the one before */
	uint32_t previous, next;
	uint32_t rank, merged;          /* of the pair that begins here; rank NONE: it does not merge */
};

static bool push(struct token_list *out, uint32_t id)
{
	if (out->size == out->room) {
		krait_token *grown = krait__grow(out->ids, &out->room, out->size + 1, sizeof(*out->ids));

		if (!grown)
			return false;
		out->ids = grown;
	}
	out->ids[out->size++] = (krait_token)id;
	return true;
}

/* The rank of a pair, NONE if it does not merge. */
static uint32_t rank_of(const struct bpe *bpe, struct bpe_work *work, uint32_t left, uint32_t right, uint32_t *merged)
{
	const struct merge_slot *slot = krait__merges_find(&bpe->merges, left, right);

	work->steps++;
	*merged = NONE;
	if (!slot || (work->no_special && slot->id & MERGE_SPECIAL))
		return NONE;
	*merged = slot->id & ~MERGE_SPECIAL;
	return slot->rank;
}

static const struct byte_pieces *pieces_of(const struct bpe *bpe, const struct bpe_work *work)
{
	return work->no_special ? &bpe->plain : &bpe->any;
}

/* The first symbols: one id for each byte. Returns how many. */
static size_t first_ids(const struct bpe *bpe, const struct byte_pieces *pieces, const char *bytes, size_t n_bytes,
	uint32_t *out)
{
	size_t n = 0;
	bool fused = false;

	for (size_t i = 0; i < n_bytes; i++) {
		uint32_t id = pieces->ids[(unsigned char)bytes[i]];
		bool unknown = id == NO_ID;

		if (!unknown)
			out[n++] = id;
		else if (pieces->unknown != NO_ID && !(fused && bpe->fuse_unknown))
			out[n++] = pieces->unknown;
		fused = unknown;
	}
	return n;
}

static bool append_short(const struct bpe *bpe, struct bpe_work *work, const char *bytes, size_t n_bytes,
	struct token_list *out)
{
	uint32_t ids[SHORT_WORD], ranks[SHORT_WORD], merged[SHORT_WORD];
	size_t n = first_ids(bpe, pieces_of(bpe, work), bytes, n_bytes, ids);

	for (size_t i = 0; i + 1 < n; i++)
		ranks[i] = rank_of(bpe, work, ids[i], ids[i + 1], &merged[i]);
	while (n > 1) {
		size_t best = 0;

		for (size_t i = 1; i + 1 < n; i++)
			if (ranks[i] < ranks[best])
				best = i;
		if (ranks[best] == NONE)
			break;
		ids[best] = merged[best];
		n--;
		for (size_t i = best + 1; i < n; i++) {
			ids[i] = ids[i + 1];
			ranks[i - 1] = ranks[i];
			merged[i - 1] = merged[i];
		}
		if (best + 1 < n)
			ranks[best] = rank_of(bpe, work, ids[best], ids[best + 1], &merged[best]);
		if (best > 0)
			ranks[best - 1] = rank_of(bpe, work, ids[best - 1], ids[best], &merged[best - 1]);
	}
	for (size_t i = 0; i < n; i++)
		if (!push(out, ids[i]))
			return false;
	return true;
}

static void sift_down(struct bpe_work *work, size_t at)
{
	uint64_t moving = work->heap[at];

	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= work->n_heap)
			break;
		if (child + 1 < work->n_heap && work->heap[child + 1] < work->heap[child])
			child++;
		if (moving <= work->heap[child])
			break;
		work->heap[at] = work->heap[child];
		at = child;
		work->steps++;
	}
	work->heap[at] = moving;
}

static bool heap_push(struct bpe_work *work, uint64_t entry)
{
	size_t at = work->n_heap;

	if (at == work->heap_room) {
		uint64_t *grown = krait__grow(work->heap, &work->heap_room, at + 1, sizeof(*work->heap));

		if (!grown)
			return false;
		work->heap = grown;
	}
	work->n_heap++;
	while (at > 0 && entry < work->heap[(at - 1) / 2]) {
		work->heap[at] = work->heap[(at - 1) / 2];
		at = (at - 1) / 2;
		work->steps++;
	}
	work->heap[at] = entry;
	return true;
}

static uint64_t heap_pop(struct bpe_work *work)
{
	uint64_t top = work->heap[0];

	work->heap[0] = work->heap[--work->n_heap];
	if (work->n_heap)
		sift_down(work, 0);
	return top;
}

/* Ranks the pair that begins at a symbol and enters it into the heap. */
static bool rank_pair(const struct bpe *bpe, struct bpe_work *work, uint32_t at)
{
	struct symbol *s = &work->symbols[at];

	s->rank = NONE;
	if (s->next != NONE)
		s->rank = rank_of(bpe, work, s->id, work->symbols[s->next].id, &s->merged);
	return s->rank == NONE || heap_push(work, (uint64_t)s->rank << 32 | at);
}

static void link_symbols(const struct bpe *bpe, struct bpe_work *work, size_t n)
{
	struct symbol *s = work->symbols;

	for (size_t i = 0; i < n; i++) {
		s[i].previous = i ? (uint32_t)(i - 1) : NONE;
		s[i].next = i + 1 < n ? (uint32_t)(i + 1) : NONE;
	}
	work->n_heap = 0;
	for (size_t i = 0; i < n; i++) {
		s[i].rank = i + 1 < n ? rank_of(bpe, work, s[i].id, s[i + 1].id, &s[i].merged) : NONE;
		if (s[i].rank != NONE)
			work->heap[work->n_heap++] = (uint64_t)s[i].rank << 32 | i;
	}
	for (size_t i = work->n_heap / 2; i-- > 0;)
		sift_down(work, i);
}

/* Joins the pair that begins at a symbol and ranks its new neighbours. */
static bool join(const struct bpe *bpe, struct bpe_work *work, uint32_t at)
{
	struct symbol *s = &work->symbols[at], *gone = &work->symbols[s->next];

	s->id = s->merged;
	s->next = gone->next;
	gone->id = NONE;
	gone->rank = NONE;
	if (s->next != NONE)
		work->symbols[s->next].previous = at;
	return rank_pair(bpe, work, at) && (s->previous == NONE || rank_pair(bpe, work, s->previous));
}

static bool long_room(struct bpe_work *work, size_t n)
{
	if (n > work->symbol_room) {
		struct symbol *grown = krait__grow(work->symbols, &work->symbol_room, n, sizeof(*work->symbols));

		if (!grown)
			return false;
		work->symbols = grown;
	}
	if (n > work->heap_room) {
		uint64_t *grown = krait__grow(work->heap, &work->heap_room, n, sizeof(*work->heap));

		if (!grown)
			return false;
		work->heap = grown;
	}
	return true;
}

static bool append_long(const struct bpe *bpe, struct bpe_work *work, const char *bytes, size_t n_bytes,
	struct token_list *out)
{
	const struct byte_pieces *pieces = pieces_of(bpe, work);
	size_t n = 0;

	if (!long_room(work, n_bytes))
		return false;
	for (size_t i = 0; i < n_bytes; i++) {
		uint32_t id = pieces->ids[(unsigned char)bytes[i]];
		bool again = i > 0 && bpe->fuse_unknown && pieces->ids[(unsigned char)bytes[i - 1]] == NO_ID;

		if (id == NO_ID && (pieces->unknown == NO_ID || again))
			continue;
		work->symbols[n++].id = id == NO_ID ? pieces->unknown : id;
	}
	link_symbols(bpe, work, n);
	while (work->n_heap) {
		uint64_t top = heap_pop(work);
		uint32_t at = (uint32_t)top;

		/* An entry is stale when the pair it was made for is no longer there. */
		if (work->symbols[at].rank == top >> 32 && !join(bpe, work, at))
			return false;
	}
	for (uint32_t at = 0; at != NONE && n; at = work->symbols[at].next)
		if (!push(out, work->symbols[at].id))
			return false;
	return true;
}

bool krait__bpe_append(const struct bpe *bpe, struct bpe_work *work, const char *bytes, size_t n_bytes,
	struct token_list *out)
{
	const struct byte_pieces *pieces = pieces_of(bpe, work);

	work->steps += n_bytes;
	if (n_bytes == 1 && pieces->ids[(unsigned char)bytes[0]] != NO_ID)
		return push(out, pieces->ids[(unsigned char)bytes[0]]);
	if (bpe->ignore_merges) {
		uint32_t id = krait__vocab_find(&bpe->vocab, bytes, n_bytes, false);

		if (id != NO_ID && !(work->no_special && bpe->special && bpe->special[id]))
			return push(out, id);
	}
	if (n_bytes <= SHORT_WORD)
		return append_short(bpe, work, bytes, n_bytes, out);
	return append_long(bpe, work, bytes, n_bytes, out);
}

void krait__bpe_work_free(struct bpe_work *work)
{
	krait__free(work->symbols);
	krait__free(work->heap);
	memset(work, 0, sizeof(*work));
}
