/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c - the arena of a template or a rendering, its errors and its bounds. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "base/size.h"
#include "jinja/value/value.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct arena_block {
	struct arena_block *next;
	size_t used, room;
	_Alignas(16) unsigned char data[];
};

#define BLOCK_SIZE ((size_t)32 << 10)

const struct jinja_limits krait__jinja_limits = {
	.text = (size_t)16 << 20, .memory = (size_t)256 << 20, .work = (uint64_t)1 << 32, .loops = 1000000,
};

static void too_much(struct jinja *jinja)
{
	krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "it needs more than %zu MiB of memory",
		jinja->limits->memory >> 20);
}

static struct arena_block *block_new(struct jinja *jinja, size_t size)
{
	size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
	struct arena_block *block;

	if (jinja->n_allocated > jinja->limits->memory || room > jinja->limits->memory - jinja->n_allocated) {
		too_much(jinja);
		return NULL;
	}
	block = krait__alloc(1, sizeof(*block) + room);
	if (!block) {
		krait__jinja_fail_memory(jinja);
		return NULL;
	}
	*block = (struct arena_block){ .room = room };
	jinja->n_allocated += room;
	/* A large block goes behind the first one, whose rest is still good for small ones. */
	if (jinja->blocks && room > BLOCK_SIZE) {
		block->next = jinja->blocks->next;
		jinja->blocks->next = block;
	} else {
		block->next = jinja->blocks;
		jinja->blocks = block;
	}
	return block;
}

void *krait__jinja_alloc(struct jinja *jinja, size_t count, size_t size)
{
	struct arena_block *block = jinja->blocks;
	size_t need;
	void *out;

	if (!krait__mul_size(&need, count, size) || need > jinja->limits->memory) {
		too_much(jinja);
		return NULL;
	}
	need = (need + 15) & ~(size_t)15;
	if (!block || need > block->room - block->used)
		block = block_new(jinja, need);
	if (!block)
		return NULL;
	out = block->data + block->used;
	block->used += need;
	return out;
}

bool krait__jinja_grow(struct jinja *jinja, void *array, size_t n, size_t *room, size_t size)
{
	void **items = array, *larger;
	size_t more = *room ? 2 * *room : 16;

	if (n < *room)
		return true;
	larger = krait__jinja_alloc(jinja, more, size);
	if (!larger)
		return false;
	if (n)
		memcpy(larger, *items, n * size);
	*items = larger;
	*room = more;
	return true;
}

void krait__jinja_free(struct jinja *jinja)
{
	while (jinja->blocks) {
		struct arena_block *next = jinja->blocks->next;

		krait__free(jinja->blocks);
		jinja->blocks = next;
	}
	jinja->n_allocated = 0;
}

bool krait__jinja_fail(struct jinja *jinja, enum jinja_code code, const char *format, ...)
{
	struct jinja_error *error = jinja->error;
	va_list arguments;

	error->code = code;
	error->line = jinja->line;
	va_start(arguments, format);
	vsnprintf(error->text, sizeof(error->text), format, arguments);
	va_end(arguments);
	return false;
}

bool krait__jinja_fail_memory(struct jinja *jinja)
{
	return krait__jinja_fail(jinja, JINJA_ERROR_MEMORY, "out of memory");
}

bool krait__jinja_work(struct jinja *jinja, size_t n)
{
	jinja->work += n;
	if (jinja->work <= jinja->limits->work)
		return true;
	return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "it takes too long to render");
}
