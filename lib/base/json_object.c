/* SPDX-License-Identifier: Apache-2.0 */
/* json_object.c - members of an object: each key once, and found without walking a large one. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/json_object.h"
#include "base/size.h"

#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

#define FEW 8                   /* members up to which walking is as good as an index */
#define MOST ((size_t)1 << 30)
#define FREE UINT32_MAX

/* Stands before the items of an object of more than FEW members. */
struct json_index {
	uint64_t seed;
	uint32_t *slots;        /* members by the hash of their key */
	size_t mask;
};
_Static_assert(sizeof(struct json_index) % sizeof(void *) == 0, "items behind it are aligned");

static bool same_key(const struct json_value *key, const char *text, size_t n_text)
{
	return key->as.string.n == n_text && memcmp(key->as.string.bytes, text, n_text) == 0;
}

static size_t walk(const struct json_value *items, size_t n, const char *key, size_t n_key)
{
	for (size_t i = 0; i < n; i++)
		if (same_key(&items[2 * i], key, n_key))
			return i;
	return SIZE_MAX;
}

/* The slot of the key, or the free one where it belongs. */
static uint32_t *slot_of(const struct json_index *index, const struct json_value *items, const char *key, size_t n_key)
{
	size_t at = (size_t)XXH3_64bits_withSeed(key, n_key, index->seed) & index->mask;

	while (index->slots[at] != FREE && !same_key(&items[2 * (size_t)index->slots[at]], key, n_key))
		at = (at + 1) & index->mask;
	return &index->slots[at];
}

/* Room for an index and the items behind it; at least half of the slots stay free. */
static struct json_index *make_index(struct base_arena *arena, uint64_t seed, size_t n)
{
	struct json_index *index;
	size_t n_slots = 16, bytes;

	while (n_slots < 2 * n)
		n_slots *= 2;
	if (!krait__mul_size(&bytes, 2 * n, sizeof(struct json_value)) || !krait__add_size(&bytes, bytes, sizeof(*index)))
		return NULL;
	index = krait__arena_take(arena, 1, bytes);
	if (!index)
		return NULL;
	*index = (struct json_index){ seed, krait__arena_take(arena, n_slots, sizeof(uint32_t)), n_slots - 1 };
	if (!index->slots)
		return NULL;
	memset(index->slots, 0xff, n_slots * sizeof(uint32_t));
	return index;
}

bool krait__json_object_make(struct json_value *out, struct base_arena *arena, uint64_t seed, const struct json_value *items, size_t n,
	const struct json_value **twice)
{
	struct json_index *index = NULL;
	struct json_value *copy;
	size_t n_copy = 0;

	*out = (struct json_value){ .kind = JSON_VALUE_OBJECT };
	if (n > MOST)
		return false;
	if (n > FEW)
		index = make_index(arena, seed, n);
	copy = n > FEW ? (struct json_value *)(index ? index + 1 : NULL) : krait__arena_take(arena, 2 * n, sizeof(*copy));
	if (!copy)
		return false;
	for (size_t i = 0; i < n; i++) {
		const char *key = items[2 * i].as.string.bytes;
		size_t n_key = items[2 * i].as.string.n;
		uint32_t *slot = index ? slot_of(index, copy, key, n_key) : NULL;
		size_t at = index ? *slot : walk(copy, n_copy, key, n_key);

		if (at == (index ? FREE : SIZE_MAX)) {
			at = n_copy++;
			if (index)
				*slot = (uint32_t)at;
			copy[2 * at] = items[2 * i];
		} else if (twice && !*twice) {
			*twice = &items[2 * i];
		}
		copy[2 * at + 1] = items[2 * i + 1];
	}
	out->as.object.items = copy;
	out->as.object.n = n_copy;      /* where equal keys left few, the index that there is goes unused */
	return true;
}

const struct json_value *krait__json_get(const struct json_value *object, const char *key)
{
	const struct json_value *items;
	size_t n, n_key = strlen(key), at;

	if (!krait__json_is(object, JSON_VALUE_OBJECT))
		return NULL;
	items = object->as.object.items;
	n = object->as.object.n;
	if (n > FEW) {
		const struct json_index *index = (const struct json_index *)(const void *)items - 1;
		uint32_t found = *slot_of(index, items, key, n_key);

		return found == FREE ? NULL : &items[2 * (size_t)found + 1];
	}
	at = walk(items, n, key, n_key);
	return at == SIZE_MAX ? NULL : &items[2 * at + 1];
}
