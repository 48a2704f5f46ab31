/* SPDX-License-Identifier: Apache-2.0 */
/* grow.h - arrays that grow by doubling. */
#ifndef KRAIT_TEXT_GROW_H
#define KRAIT_TEXT_GROW_H

#include "base/memory.h"
#include "base/size.h"

#include <string.h>

/* The block with room for `need` elements, or NULL (out of memory, the old block is as it was). */
static inline void *krait__grow(void *block, size_t *room, size_t need, size_t element)
{
	size_t wanted = *room ? *room : 16;
	void *grown;

	while (wanted < need)
		if (!krait__mul_size(&wanted, wanted, 2))
			return NULL;
	grown = krait__resize(block, wanted, element);
	if (grown)
		*room = wanted;
	return grown;
}

/* Makes sure that list->items (of any type) has room for `more`; false: out of memory. */
#define KRAIT_GROW(list, more) \
	((list)->size + (more) <= (list)->room || krait__grow_list(&(list)->items, &(list)->room, (list)->size + (more), sizeof(*(list)->items)))

/* `items` is the address of a pointer to any type; copied as bytes, since its type is not known here. */
static inline bool krait__grow_list(void *items, size_t *room, size_t need, size_t element)
{
	void *grown;

	memcpy(&grown, items, sizeof(grown));
	grown = krait__grow(grown, room, need, element);
	if (grown)
		memcpy(items, &grown, sizeof(grown));
	return grown != NULL;
}

#endif
