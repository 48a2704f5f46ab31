/* SPDX-License-Identifier: Apache-2.0 */
/* loop.h - the variable `loop` of a chat template's for. */
#ifndef KRAIT_JINJA_LOOP_H
#define KRAIT_JINJA_LOOP_H

#include "jinja/value/value.h"

struct jinja_loop {
	struct jinja_list items;              /* after the loop's `if` */
	size_t next;                    /* of the item that comes next: the current one's number + 1 */
	struct jinja_value changed;           /* what loop.changed was last asked about */
};

/* False: `loop` has no such attribute, nothing failed. */
bool krait__jinja_loop_attribute(struct jinja *jinja, const struct jinja_loop *loop, const char *name, size_t n_name,
	struct jinja_value *out);

size_t krait__jinja_digits(char out[24], int64_t value);       /* decimal; no terminating zero counted */

#endif
