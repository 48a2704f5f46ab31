/* SPDX-License-Identifier: Apache-2.0 */
/* template_memory.c - the arena of a template or a rendering, its errors and its bounds. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "base/size.h"
#include "text/template_value.h"

#include <stdarg.h>
#include <stdio.h>

struct arena_block {
	struct arena_block *next;
	size_t used, room;
	_Alignas(16) unsigned char data[];
};

#define BLOCK_SIZE ((size_t)32 << 10)

static struct arena_block *block_new(struct jinja *jinja, size_t size)
{
	size_t room = size > BLOCK_SIZE ? size : BLOCK_SIZE;
	struct arena_block *block;

	if (room > JINJA_MAX_MEMORY - jinja->n_allocated) {
		krait__jinja_fail(jinja, KRAIT_ERROR_UNSUPPORTED, "it needs more than %zu MiB of memory", JINJA_MAX_MEMORY >> 20);
		return NULL;
	}
	block = krait__alloc(1, sizeof(*block) + room);
	if (!block) {
		krait__why_memory(jinja->why);
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

	if (!krait__mul_size(&need, count, size) || need > JINJA_MAX_MEMORY) {
		krait__jinja_fail(jinja, KRAIT_ERROR_UNSUPPORTED, "it needs more than %zu MiB of memory", JINJA_MAX_MEMORY >> 20);
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

void krait__jinja_free(struct jinja *jinja)
{
	while (jinja->blocks) {
		struct arena_block *next = jinja->blocks->next;

		krait__free(jinja->blocks);
		jinja->blocks = next;
	}
	jinja->n_allocated = 0;
}

bool krait__jinja_fail(struct jinja *jinja, krait_status status, const char *format, ...)
{
	char text[560];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	krait__why(jinja->why, status, "chat template, line %u: %s", jinja->line, text);
	return false;
}

bool krait__jinja_work(struct jinja *jinja, size_t n)
{
	jinja->work += n;
	return jinja->work <= JINJA_MAX_WORK || krait__jinja_fail(jinja, KRAIT_ERROR_UNSUPPORTED, "it takes too long to render");
}
