/* SPDX-License-Identifier: Apache-2.0 */
/* arena.h - many small blocks that are freed together. Zero-initialise. */
#ifndef KRAIT_BASE_ARENA_H
#define KRAIT_BASE_ARENA_H

#include <stddef.h>

struct base_arena {
	struct arena_block *blocks;     /* the one that is being filled first */
	size_t next;                    /* bytes of the next block */
};

void *krait__arena_take(struct base_arena *arena, size_t count, size_t size);        /* aligned for any type; NULL: no memory */
char *krait__arena_copy(struct base_arena *arena, const char *text, size_t n_text);  /* with a zero byte behind */
void krait__arena_free(struct base_arena *arena);

#endif
