/* SPDX-License-Identifier: Apache-2.0 */
/* json_object.h - how an object of a JSON tree is made and searched; for json_tree's own files. */
#ifndef KRAIT_BASE_JSON_OBJECT_H
#define KRAIT_BASE_JSON_OBJECT_H

#include "base/arena.h"
#include "base/json_tree.h"

/* Copies n members (2n values) into an object, each key once; out->as.object.n is less than n
 * where keys were equal, and *twice (which may be NULL) is the first of those. False: no memory. */
bool krait__json_object_make(struct json_value *out, struct base_arena *arena, uint64_t seed, const struct json_value *items, size_t n,
	const struct json_value **twice);

#endif
