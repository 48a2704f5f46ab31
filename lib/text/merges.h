/* SPDX-License-Identifier: Apache-2.0 */
/* merges.h - which neighbouring pieces become one, and in what order. */
#ifndef KRAIT_TEXT_MERGES_H
#define KRAIT_TEXT_MERGES_H

#include "text/vocab.h"

#define MERGE_SPECIAL 0x80000000u       /* in merge_slot.id: the result is a special token */

struct merge_slot {
	uint64_t key;                   /* left << 32 | right; UINT64_MAX where empty */
	uint32_t rank, id;
};

struct merges {
	struct merge_slot *slots;
	uint64_t multiplier;            /* odd and random: a hostile file cannot choose pairs that collide */
	unsigned shift;
	uint32_t mask;
};

/* From the array "merges" of a tokenizer.json: "a b" or ["a", "b"]; of equal pairs the later counts. */
krait_status krait__merges_load(struct merges *out, const struct vocab *vocab, const struct json_value *merges, uint64_t seed, const char *what, struct why *why);
void krait__merges_free(struct merges *merges);

/* Marks the merges that make a token whose flag is set. */
void krait__merges_mark(struct merges *merges, const unsigned char *is_special, uint32_t n_ids);

/* NULL: these two do not merge. */
static inline const struct merge_slot *krait__merges_find(const struct merges *merges, uint32_t left, uint32_t right)
{
	uint64_t key = (uint64_t)left << 32 | right;

	for (uint64_t at = key * merges->multiplier >> merges->shift;; at = (at + 1) & merges->mask) {
		const struct merge_slot *slot = &merges->slots[at];

		if (slot->key == key)
			return slot;
		if (slot->key == UINT64_MAX)
			return NULL;
	}
}

#endif
