/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/arena.h"
#include "base/memory.h"
#include "base/size.h"

#include <stdalign.h>
#include <string.h>

#define FIRST_BLOCK 480
#define LARGEST_BLOCK (1u << 20)

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	alignas(max_align_t) unsigned char data[];
};

static struct arena_block *add_block(struct base_arena *arena, size_t size)
{
	struct arena_block *block;
	size_t bytes = arena->next ? arena->next : FIRST_BLOCK, all;

	if (bytes < size)
		bytes = size;
	if (!krait__add_size(&all, bytes, sizeof(*block)))
		return NULL;
	block = krait__alloc(all, 1);
	if (!block)
		return NULL;
	*block = (struct arena_block){ arena->blocks, 0, bytes };
	arena->blocks = block;
	arena->next = bytes < LARGEST_BLOCK / 2 ? 2 * bytes : LARGEST_BLOCK;
	return block;
}

void *krait__arena_take(struct base_arena *arena, size_t count, size_t size)
{
	struct arena_block *block = arena->blocks;
	size_t bytes;

	if (!krait__mul_size(&bytes, count, size) || !krait__add_size(&bytes, bytes, alignof(max_align_t) - 1))
		return NULL;
	bytes -= bytes % alignof(max_align_t);
	if (!block || block->size - block->used < bytes)
		block = add_block(arena, bytes);
	if (!block)
		return NULL;
	block->used += bytes;
	return block->data + block->used - bytes;
}

char *krait__arena_copy(struct base_arena *arena, const char *text, size_t n_text)
{
	char *copy = n_text < SIZE_MAX ? krait__arena_take(arena, n_text + 1, 1) : NULL;

	if (!copy)
		return NULL;
	if (n_text)
		memcpy(copy, text, n_text);
	copy[n_text] = 0;
	return copy;
}

void krait__arena_free(struct base_arena *arena)
{
	while (arena->blocks) {
		struct arena_block *next = arena->blocks->next;

		krait__free(arena->blocks);
		arena->blocks = next;
	}
	*arena = (struct base_arena){ 0 };
}
