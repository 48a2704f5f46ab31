/* SPDX-License-Identifier: Apache-2.0 */
/* methods.h - what the methods of texts and the filters of the same names share. */
#ifndef KRAIT_JINJA_METHODS_H
#define KRAIT_JINJA_METHODS_H

#include "jinja/builtins/loop.h"

/* arguments[0] is a text. [1]: a text whose characters go, none or missing: white space. */
bool krait__jinja_strip(struct jinja *jinja, const struct jinja_value *arguments, bool left, bool right,
	struct jinja_value *out);
/* [1] by [2], [3] times or always. */
bool krait__jinja_replace(struct jinja *jinja, const struct jinja_value *arguments, struct jinja_value *out);
bool krait__jinja_join(struct jinja *jinja, const struct jinja_text *between, const struct jinja_list *items,
	struct jinja_value *out); /* items as str() writes them */
/* A copy of the items. */
bool krait__jinja_list_of(struct jinja *jinja, const struct jinja_list *items, struct jinja_value *out);
bool krait__jinja_dict_items(struct jinja *jinja, const struct jinja_dict *dict, struct jinja_value *out);

#endif
