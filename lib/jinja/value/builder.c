/* SPDX-License-Identifier: Apache-2.0 */
/* builder.c - a caller's values, put together one call at a time. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/value/builder.h"

#include <string.h>

/* Puts a finished value where the innermost open container, or the variable, expects one. */
static bool put(struct jinja_builder *builder, struct jinja_value value)
{
	struct jinja *jinja = builder->jinja;
	struct jinja_open *open;

	if (!builder->depth) {
		builder->value = value;
		builder->complete = true;
		return true;
	}
	open = &builder->open[builder->depth - 1];
	if (open->container.kind == VALUE_LIST) {
		struct jinja_list *list = open->container.as.list;

		if (!krait__jinja_grow(jinja, &list->items, list->n, &open->room, sizeof(*list->items)))
			return false;
		list->items[list->n++] = value;
	} else {
		struct jinja_dict *dict = open->container.as.dict;

		if (!krait__jinja_grow(jinja, &dict->pairs, dict->n, &dict->room, sizeof(*dict->pairs)))
			return false;
		dict->pairs[dict->n++] = (struct jinja_pair){ open->key, value };
	}
	return true;
}

/* A number of the caller's: its digits form no special token. */
static bool put_plain(struct jinja_builder *builder, struct jinja_value value)
{
	value.plain = true;
	return put(builder, value);
}

bool krait__jinja_put_none(struct jinja_builder *builder) { return put(builder, jinja_none()); }
bool krait__jinja_put_bool(struct jinja_builder *builder, bool truth) { return put(builder, jinja_bool(truth)); }
bool krait__jinja_put_int(struct jinja_builder *builder, int64_t value) { return put_plain(builder, jinja_int(value)); }
bool krait__jinja_put_real(struct jinja_builder *builder, double value)
{
	return put_plain(builder, jinja_float(value));
}

bool krait__jinja_put_digits(struct jinja_builder *builder, const char *digits, size_t n)
{
	struct jinja_value value;

	if (!krait__jinja_text(builder->jinja, &value, digits, n, false))
		return false;
	value.kind = VALUE_BIG;
	return put_plain(builder, value);
}

bool krait__jinja_put_string(struct jinja_builder *builder, const char *text, size_t n, bool trusted)
{
	struct jinja_value value;

	return krait__jinja_text(builder->jinja, &value, text ? text : "", n, trusted) && put(builder, value);
}

/* ---- containers ---------------------------------------------------------------------------- */

static bool begin(struct jinja_builder *builder, struct jinja_value container)
{
	if (!put(builder, container))
		return false;
	if (builder->depth == JINJA_MAX_NESTING)
		return krait__jinja_fail(builder->jinja, JINJA_ERROR_UNSUPPORTED, "values nested more than %d deep",
			JINJA_MAX_NESTING);
	builder->open[builder->depth++] = (struct jinja_open){ .container = container };
	return true;
}

bool krait__jinja_begin_array(struct jinja_builder *builder)
{
	struct jinja_value list;

	return krait__jinja_list(builder->jinja, &list, VALUE_LIST, 0) && begin(builder, list);
}

bool krait__jinja_begin_object(struct jinja_builder *builder)
{
	struct jinja_value dict;

	return krait__jinja_dict(builder->jinja, &dict, VALUE_DICT, 0) && begin(builder, dict);
}

bool krait__jinja_put_key(struct jinja_builder *builder, const char *key, size_t n)
{
	return krait__jinja_text(builder->jinja, &builder->open[builder->depth - 1].key, key ? key : "", n, false);
}

bool krait__jinja_end(struct jinja_builder *builder)
{
	builder->depth--;
	return true;
}
