/* SPDX-License-Identifier: Apache-2.0 */
/* counts.h - how often each token was seen: a hash table that grows with the distinct ones. */
#ifndef KRAIT_SESSION_COUNTS_H
#define KRAIT_SESSION_COUNTS_H

#include "krait.h"

#include <stdbool.h>

struct token_count { krait_token token; uint32_t count; };

struct token_counts {
	struct token_count *entries;    /* room is a power of two; token -1: free */
	size_t n, room;
};

/* Makes room for n more distinct tokens, so that as many _add cannot fail. */
bool krait__counts_reserve(struct token_counts *counts, size_t n);
void krait__counts_add(struct token_counts *counts, krait_token token, uint32_t times);
void krait__counts_remove(struct token_counts *counts, krait_token token);      /* once; a token that is there */
uint32_t krait__counts_get(const struct token_counts *counts, krait_token token);
bool krait__counts_copy(struct token_counts *to, const struct token_counts *from);
void krait__counts_clear(struct token_counts *counts);
void krait__counts_free(struct token_counts *counts);

#endif
