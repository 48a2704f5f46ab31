/* SPDX-License-Identifier: Apache-2.0 */
/* merges.c - reading the merges of byte pair encoding. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "text/merges.h"
#include "base/buffer.h"
#include "base/memory.h"

#include <string.h>

#define MERGES_MOST (1u << 22)

/* The two parts of a merge as the file spells them. */
struct parts {
	const char *left, *right;
	size_t n_left, n_right;
};

static bool parts_of(struct parts *out, const struct json_value *entry)
{
	const struct json_value *left = krait__json_at(entry, 0), *right = krait__json_at(entry, 1);
	const char *text = krait__json_string(entry), *space;

	if (krait__json_size(entry) == 2 && krait__json_is(left, JSON_VALUE_STRING) && krait__json_is(right, JSON_VALUE_STRING)) {
		*out = (struct parts){ krait__json_string(left), krait__json_string(right), krait__json_string_size(left), krait__json_string_size(right) };
		return true;
	}
	space = text ? strchr(text, ' ') : NULL;
	if (!space || strchr(space + 1, ' ') || strlen(text) != krait__json_string_size(entry))
		return false;
	*out = (struct parts){ text, space + 1, (size_t)(space - text), strlen(space + 1) };
	return true;
}

static krait_status missing(size_t index, const char *text, size_t n_text, const char *what, struct why *why)
{
	struct quoted quoted;

	return krait__why(why, KRAIT_ERROR_FORMAT, "%s: model.merges[%zu] needs the piece %s, which the vocabulary does not have",
		what, index, krait__quote(&quoted, text, n_text));
}

static void insert(struct merges *merges, uint32_t left, uint32_t right, uint32_t rank, uint32_t id)
{
	uint64_t key = (uint64_t)left << 32 | right, at = key * merges->multiplier >> merges->shift;

	while (merges->slots[at].key != UINT64_MAX && merges->slots[at].key != key)
		at = (at + 1) & merges->mask;
	merges->slots[at] = (struct merge_slot){ key, rank, id };
}

/* `room` is scratch that holds both parts. */
static krait_status load_one(struct merges *merges, const struct vocab *vocab, const struct json_value *entry, uint32_t index,
	struct buffer *room, const char *what, struct why *why)
{
	struct parts p;
	uint32_t left, right, both;
	size_t n_left, n_right, size;

	if (!parts_of(&p, entry))
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: model.merges[%u] is neither \"a b\" nor [\"a\", \"b\"]", what, index);
	krait__buffer_clear(room);
	if (p.n_left > SIZE_MAX / 2 - p.n_right || !krait__buffer_reserve(room, p.n_left + p.n_right))
		return krait__why_memory(why);
	left = krait__vocab_find_spelled(vocab, p.left, p.n_left, room->data);
	if (left == NO_ID)
		return missing(index, p.left, p.n_left, what, why);
	krait__vocab_bytes(vocab, left, &n_left);
	right = krait__vocab_find_spelled(vocab, p.right, p.n_right, room->data + n_left);
	if (right == NO_ID)
		return missing(index, p.right, p.n_right, what, why);
	/* Text enters as bytes, so a piece that is spelled otherwise is never there to be merged. */
	if (vocab->verbatim[left] || vocab->verbatim[right])
		return KRAIT_OK;
	krait__vocab_bytes(vocab, right, &n_right);
	size = n_left + n_right;
	both = krait__vocab_find(vocab, room->data, size, false);
	if (both == NO_ID)
		return missing(index, room->data, size, what, why);
	insert(merges, left, right, index, both);
	return KRAIT_OK;
}

krait_status krait__merges_load(struct merges *out, const struct vocab *vocab, const struct json_value *merges, uint64_t seed, const char *what, struct why *why)
{
	size_t n = krait__json_size(merges);
	struct buffer room = { 0 };
	krait_status status = KRAIT_OK;
	unsigned bits = 4;

	memset(out, 0, sizeof(*out));
	if (!krait__json_is(merges, JSON_VALUE_ARRAY))
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: field 'model.merges' is missing or no array", what);
	if (n > MERGES_MOST)
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: model.merges has %zu entries: at most %u are taken", what, n, MERGES_MOST);
	while ((size_t)1 << bits < n + n / 2)
		bits++;
	out->multiplier = seed | 1;
	out->shift = 64 - bits;
	out->mask = (1u << bits) - 1;
	out->slots = krait__alloc((size_t)1 << bits, sizeof(*out->slots));
	if (!out->slots)
		return krait__why_memory(why);
	memset(out->slots, 0xff, sizeof(*out->slots) << bits);
	for (size_t i = 0; i < n && status == KRAIT_OK; i++)
		status = load_one(out, vocab, krait__json_at(merges, i), (uint32_t)i, &room, what, why);
	krait__buffer_free(&room);
	if (status != KRAIT_OK)
		krait__merges_free(out);
	return status;
}

void krait__merges_mark(struct merges *merges, const unsigned char *is_special, uint32_t n_ids)
{
	for (size_t i = 0; i <= merges->mask; i++) {
		struct merge_slot *slot = &merges->slots[i];

		if (slot->key != UINT64_MAX && slot->id < n_ids && is_special[slot->id])
			slot->id |= MERGE_SPECIAL;
	}
}

void krait__merges_free(struct merges *merges)
{
	krait__free(merges->slots);
	memset(merges, 0, sizeof(*merges));
}
