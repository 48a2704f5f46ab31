/* SPDX-License-Identifier: Apache-2.0 */
/* builder.h - a value of the caller's while it is being put together. */
#ifndef KRAIT_JINJA_BUILDER_H
#define KRAIT_JINJA_BUILDER_H

#include "jinja/value/value.h"

struct jinja_open {
	struct jinja_value container, key;      /* the key that the next value of an object gets */
	size_t room;                            /* of a list's items */
};

struct jinja_builder {
	struct jinja *jinja;
	struct jinja_value value;
	bool complete;
	size_t depth;
	struct jinja_open open[JINJA_MAX_NESTING];
};

#endif
