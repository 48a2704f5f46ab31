/* SPDX-License-Identifier: Apache-2.0 */
/* vocab.c - reading the vocabulary and finding pieces in it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "text/vocab.h"
#include "base/memory.h"
#include "base/size.h"
#include "text/alphabet.h"

#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

static uint32_t hash_of(const struct vocab *vocab, const char *bytes, size_t n_bytes)
{
	return (uint32_t)(XXH3_64bits_withSeed(bytes, n_bytes, vocab->seed) >> 16);
}

uint32_t krait__vocab_find(const struct vocab *vocab, const char *bytes, size_t n_bytes, bool verbatim)
{
	uint32_t hash = hash_of(vocab, bytes, n_bytes);

	for (uint32_t at = hash & vocab->mask; vocab->slots[at] != NO_ID; at = (at + 1) & vocab->mask) {
		uint32_t id = vocab->slots[at];
		size_t size;
		const char *piece = krait__vocab_bytes(vocab, id, &size);

		if (vocab->hashes[at] == hash && size == n_bytes && memcmp(piece, bytes, n_bytes) == 0
			&& vocab->verbatim[id] == verbatim)
			return id;
	}
	return NO_ID;
}

uint32_t krait__vocab_find_spelled(const struct vocab *vocab, const char *text, size_t n_text, char *room)
{
	size_t n = krait__alphabet_read(room, text, n_text);

	if (n == SIZE_MAX)
		return krait__vocab_find(vocab, text, n_text, true);
	return krait__vocab_find(vocab, room, n, false);
}

/* The pieces by id, each id once; also sets the counts. */
static krait_status order_pieces(const char ***out, struct vocab *v, const struct json_value *vocab, const char *what, struct why *why)
{
	struct quoted quoted;
	const char **names;

	v->n_pieces = (uint32_t)krait__json_size(vocab);
	for (size_t i = 0; i < v->n_pieces; i++) {
		const struct json_value *value = krait__json_member(vocab, i);
		int64_t id = krait__json_integer(value);
		size_t n_key;
		const char *key = krait__json_key(vocab, i, &n_key);

		if (strlen(key) != n_key)
			return krait__why(why, KRAIT_ERROR_FORMAT, "%s: model.vocab: the piece %s holds U+0000, which no piece is spelled with", what,
				krait__quote(&quoted, key, n_key));
		if (!krait__json_is(value, JSON_VALUE_INTEGER) || id < 0 || id >= VOCAB_MOST)
			return krait__why(why, KRAIT_ERROR_FORMAT, "%s: model.vocab: the id of %s is no whole number from 0 to %u",
				what, krait__quote(&quoted, key, SIZE_MAX), VOCAB_MOST - 1);
		if ((uint32_t)id >= v->n_ids)
			v->n_ids = (uint32_t)id + 1;
	}
	/* A few unused ids occur; a table that is mostly holes is memory for nothing. */
	if (v->n_ids > 4 * (uint64_t)v->n_pieces + 1024)
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: model.vocab has %u pieces but ids up to %u: ids must be nearly without holes",
			what, v->n_pieces, v->n_ids - 1);
	names = krait__alloc_zero(v->n_ids, sizeof(*names));
	*out = names;
	if (!names)
		return krait__why_memory(why);
	for (size_t i = 0; i < v->n_pieces; i++) {
		const char *key = krait__json_key(vocab, i, NULL);
		int64_t id = krait__json_integer(krait__json_member(vocab, i));

		if (names[id])
			return krait__why(why, KRAIT_ERROR_FORMAT, "%s: model.vocab: id %lld stands for two pieces, one of them %s: each needs its own",
				what, (long long)id, krait__quote(&quoted, key, SIZE_MAX));
		names[id] = key;
	}
	return KRAIT_OK;
}

static krait_status store_pieces(struct vocab *v, const char **names, const char *what, struct why *why)
{
	size_t total = 0;
	char *at;

	for (uint32_t id = 0; id < v->n_ids; id++)
		if (names[id] && (!krait__add_size(&total, total, strlen(names[id])) || total > UINT32_MAX))
			return krait__why(why, KRAIT_ERROR_FORMAT, "%s: model.vocab has more than 4 GiB of text", what);
	v->bytes = krait__alloc(total + 1, 1);
	v->starts = krait__alloc((size_t)v->n_ids + 1, sizeof(*v->starts));
	v->verbatim = krait__alloc_zero(v->n_ids, 1);
	if (!v->bytes || !v->starts || !v->verbatim)
		return krait__why_memory(why);
	at = v->bytes;
	for (uint32_t id = 0; id < v->n_ids; id++) {
		size_t size = names[id] ? strlen(names[id]) : 0, n = krait__alphabet_read(at, names[id], size);

		v->starts[id] = (uint32_t)(at - v->bytes);
		if (n == SIZE_MAX) {
			v->verbatim[id] = 1;
			memcpy(at, names[id], size);
			n = size;
		}
		at += n;
	}
	v->starts[v->n_ids] = (uint32_t)(at - v->bytes);
	return KRAIT_OK;
}

static krait_status hash_pieces(struct vocab *v, struct why *why)
{
	uint32_t room = 16;

	while (room < 2 * v->n_pieces)
		room *= 2;
	v->mask = room - 1;
	v->slots = krait__alloc(room, sizeof(*v->slots));
	v->hashes = krait__alloc(room, sizeof(*v->hashes));
	if (!v->slots || !v->hashes)
		return krait__why_memory(why);
	memset(v->slots, 0xff, room * sizeof(*v->slots));
	for (uint32_t id = 0; id < v->n_ids; id++) {
		size_t size;
		const char *bytes = krait__vocab_bytes(v, id, &size);
		uint32_t hash = hash_of(v, bytes, size), at = hash & v->mask;

		if (size == 0)
			continue;
		while (v->slots[at] != NO_ID)
			at = (at + 1) & v->mask;
		v->slots[at] = id;
		v->hashes[at] = hash;
	}
	return KRAIT_OK;
}

krait_status krait__vocab_load(struct vocab *out, const struct json_value *vocab, uint64_t seed, const char *what, struct why *why)
{
	const char **names = NULL;
	krait_status status;

	memset(out, 0, sizeof(*out));
	out->seed = seed;
	if (!krait__json_is(vocab, JSON_VALUE_OBJECT) || krait__json_size(vocab) == 0)
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: field 'model.vocab' is missing or no object with pieces", what);
	if (krait__json_size(vocab) > VOCAB_MOST)
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: model.vocab has %zu pieces: at most %u are taken",
			what, krait__json_size(vocab), VOCAB_MOST);
	status = order_pieces(&names, out, vocab, what, why);
	if (status == KRAIT_OK)
		status = store_pieces(out, names, what, why);
	if (status == KRAIT_OK)
		status = hash_pieces(out, why);
	krait__free(names);
	if (status != KRAIT_OK)
		krait__vocab_free(out);
	return status;
}

void krait__vocab_free(struct vocab *vocab)
{
	krait__free(vocab->bytes);
	krait__free(vocab->starts);
	krait__free(vocab->verbatim);
	krait__free(vocab->slots);
	krait__free(vocab->hashes);
	memset(vocab, 0, sizeof(*vocab));
}
