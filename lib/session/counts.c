/* SPDX-License-Identifier: Apache-2.0 */
#include "session/counts.h"
#include "base/memory.h"

#include <string.h>

static struct token_count *find(const struct token_counts *counts, krait_token token)
{
	size_t at = (uint32_t)token * 2654435769u & (counts->room - 1);

	while (counts->entries[at].token != token && counts->entries[at].token != -1)
		at = (at + 1) & (counts->room - 1);
	return &counts->entries[at];
}

static bool resize(struct token_counts *counts, size_t room)
{
	struct token_counts old = *counts;
	struct token_count *entries = krait__alloc(room, sizeof(*entries));

	if (!entries)
		return false;
	for (size_t i = 0; i < room; i++)
		entries[i] = (struct token_count){ -1, 0 };
	counts->entries = entries;
	counts->room = room;
	for (size_t i = 0; i < old.room; i++)
		if (old.entries[i].token != -1)
			*find(counts, old.entries[i].token) = old.entries[i];
	krait__free(old.entries);
	return true;
}

bool krait__counts_reserve(struct token_counts *counts, size_t n)
{
	size_t room = counts->room ? counts->room : 64;

	if (n > (SIZE_MAX >> 8) - counts->n)
		return false;
	while (room < 2 * (counts->n + n))
		room *= 2;
	return room == counts->room || resize(counts, room);
}

void krait__counts_add(struct token_counts *counts, krait_token token, uint32_t times)
{
	struct token_count *entry = find(counts, token);

	if (entry->token == -1)
		counts->n++;
	entry->token = token;
	entry->count = entry->count > UINT32_MAX - times ? UINT32_MAX : entry->count + times;
}

/* The entry stays with a count of 0: taking it out would break the chains of the table. */
void krait__counts_remove(struct token_counts *counts, krait_token token)
{
	struct token_count *entry = find(counts, token);

	if (entry->count)
		entry->count--;
}

uint32_t krait__counts_get(const struct token_counts *counts, krait_token token)
{
	return counts->room ? find(counts, token)->count : 0;
}

bool krait__counts_copy(struct token_counts *to, const struct token_counts *from)
{
	struct token_count *entries = NULL;

	if (from->room) {
		entries = krait__alloc(from->room, sizeof(*entries));
		if (!entries)
			return false;
		memcpy(entries, from->entries, from->room * sizeof(*entries));
	}
	krait__free(to->entries);
	*to = (struct token_counts){ entries, from->n, from->room };
	return true;
}

void krait__counts_clear(struct token_counts *counts)
{
	for (size_t i = 0; i < counts->room; i++)
		counts->entries[i] = (struct token_count){ -1, 0 };
	counts->n = 0;
}

void krait__counts_free(struct token_counts *counts)
{
	krait__free(counts->entries);
	*counts = (struct token_counts){ 0 };
}
