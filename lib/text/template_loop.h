/* SPDX-License-Identifier: Apache-2.0 */
/* template_loop.h - the variable `loop` of a chat template's for. */
#ifndef KRAIT_TEXT_TEMPLATE_LOOP_H
#define KRAIT_TEXT_TEMPLATE_LOOP_H

#include "text/template_value.h"

struct loop {
	struct list items;              /* after the loop's `if` */
	size_t next;                    /* of the item that comes next: the current one's number + 1 */
	struct value changed;           /* what loop.changed was last asked about */
};

/* False: `loop` has no such attribute, nothing failed. */
bool krait__jinja_loop_attribute(struct jinja *jinja, const struct loop *loop, const char *name, size_t n_name, struct value *out);

size_t krait__jinja_digits(char out[24], int64_t value);       /* decimal; no terminating zero counted */

#endif
