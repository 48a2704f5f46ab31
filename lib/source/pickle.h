/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pickle.h - a machine for the small part of pickle that state dicts are written in. It builds
 * plain values and nothing else: there is no way to name, find or call any code. What is outside
 * of the lists of opcodes and names is refused by its name and place.
 */
#ifndef KRAIT_SOURCE_PICKLE_H
#define KRAIT_SOURCE_PICKLE_H

#include "base/dtype.h"
#include "base/why.h"

#include <stdbool.h>

enum pickle_kind {
	PICKLE_MARK, PICKLE_NONE, PICKLE_BOOL, PICKLE_INT, PICKLE_FLOAT, PICKLE_TEXT, PICKLE_TUPLE, PICKLE_LIST,
		PICKLE_DICT,
	PICKLE_NAME,            /* one of the names that are allowed */
	PICKLE_STORAGE,         /* at: the items of ('storage', <type>, key, location, number of elements) */
	PICKLE_TENSOR           /* at: the items of (storage, offset, size, stride, requires_grad, hooks) */
};

enum pickle_name { NAME_ORDERED_DICT, NAME_TENSOR, NAME_PARAMETER, NAME_STORAGE };

struct pickle_value {
	uint8_t kind;
	uint8_t height;         /* of containers: how many levels, this one included */
	bool ordered;           /* of dicts: an OrderedDict */
	uint32_t n;             /* text: bytes; tuple: items; NAME_STORAGE: its enum dtype */
	/* text: where it begins in the pickle; tuple: its first item; dict: its number; int: itself; name: which */
	int64_t at;
};

struct pickle_member { int64_t dict; struct pickle_value key, value; };

struct pickle {
	const unsigned char *data;
	size_t size;
	struct pickle_value *items;     /* of all tuples; those of lists are not kept */
	size_t n_items, items_room;
	struct pickle_member *members;  /* of all dicts, in the order of writing */
	size_t n_members, members_room;
	struct pickle_value root;
	size_t held, budget;            /* bytes of memory: taken, and allowed */
};

/* FORMAT when anything is not as state dicts have it; `budget` bounds the memory. */
krait_status krait__pickle_read(struct pickle *out, const unsigned char *data, size_t size, size_t budget,
	const char *what, struct why *why);
void krait__pickle_free(struct pickle *pickle);

static inline const char *krait__pickle_text(const struct pickle *pickle, const struct pickle_value *text)
{
	return (const char *)pickle->data + text->at;
}

#endif
