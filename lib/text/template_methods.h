/* SPDX-License-Identifier: Apache-2.0 */
/* template_methods.h - what the methods of texts and the filters of the same names share. */
#ifndef KRAIT_TEXT_TEMPLATE_METHODS_H
#define KRAIT_TEXT_TEMPLATE_METHODS_H

#include "text/template_loop.h"

/* arguments[0] is a text. [1]: a text whose characters go, none or missing: white space. */
bool krait__jinja_strip(struct jinja *jinja, const struct value *arguments, bool left, bool right, struct value *out);
/* [1] by [2], [3] times or always. */
bool krait__jinja_replace(struct jinja *jinja, const struct value *arguments, struct value *out);
bool krait__jinja_join(struct jinja *jinja, const struct text *between, const struct list *items, struct value *out);  /* items as str() writes them */
bool krait__jinja_dict_items(struct jinja *jinja, const struct dict *dict, struct value *out);

#endif
