/* SPDX-License-Identifier: Apache-2.0 */
/* values.c - JSON as the values that a template computes with. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "chat/render.h"

#include <string.h>

static bool build(struct jinja_builder *builder, const struct json_value *json, bool trusted);

/* `message`: the text of its role counts as the template's own. */
static bool build_object(struct jinja_builder *builder, const struct json_value *object, bool message)
{
	const char *key;
	size_t n_key;

	if (!krait__jinja_begin_object(builder))
		return false;
	for (size_t i = 0; i < krait__json_size(object); i++) {
		key = krait__json_key(object, i, &n_key);
		if (!krait__jinja_put_key(builder, key, n_key)
			|| !build(builder, krait__json_member(object, i), message && strcmp(key, "role") == 0))
			return false;
	}
	return krait__jinja_end(builder);
}

static bool build_array(struct jinja_builder *builder, const struct json_value *array)
{
	if (!krait__jinja_begin_array(builder))
		return false;
	for (size_t i = 0; i < krait__json_size(array); i++)
		if (!build(builder, krait__json_at(array, i), false))
			return false;
	return krait__jinja_end(builder);
}

static bool build_real(struct jinja_builder *builder, const struct json_value *json)
{
	const char *digits = json->as.real.digits;

	if (digits)
		return krait__jinja_put_digits(builder, digits, strlen(digits));
	return krait__jinja_put_real(builder, json->as.real.number);
}

/* A tree is nested 64 deep at most. */
static bool build(struct jinja_builder *builder, const struct json_value *json, bool trusted)
{
	switch (json->kind) {
	case JSON_VALUE_OBJECT:
		return build_object(builder, json, false);
	case JSON_VALUE_ARRAY:
		return build_array(builder, json);
	case JSON_VALUE_STRING:
		return krait__jinja_put_string(builder, json->as.string.bytes, json->as.string.n, trusted);
	case JSON_VALUE_INTEGER:
		return krait__jinja_put_int(builder, json->as.integer);
	case JSON_VALUE_REAL:
		return build_real(builder, json);
	case JSON_VALUE_NULL:
		return krait__jinja_put_none(builder);
	default:
		return krait__jinja_put_bool(builder, json->kind == JSON_VALUE_TRUE);
	}
}

bool krait__chat_build_none(struct jinja_builder *builder, const void *data)
{
	(void)data;
	return krait__jinja_put_none(builder);
}

bool krait__chat_build_bool(struct jinja_builder *builder, const void *data)
{
	return krait__jinja_put_bool(builder, *(const bool *)data);
}

bool krait__chat_build_text(struct jinja_builder *builder, const void *data)
{
	const struct chat_text *text = data;

	return krait__jinja_put_string(builder, text->data, text->n, true);
}

bool krait__chat_build_json(struct jinja_builder *builder, const void *data) { return build(builder, data, false); }
bool krait__chat_build_trusted(struct jinja_builder *builder, const void *data) { return build(builder, data, true); }

bool krait__chat_build_messages(struct jinja_builder *builder, const void *data)
{
	const struct chat_messages *messages = data;

	if (!krait__jinja_begin_array(builder))
		return false;
	for (size_t i = 0; i < messages->n; i++)
		if (!build_object(builder, messages->items[i], true))
			return false;
	return krait__jinja_end(builder);
}
