/* SPDX-License-Identifier: Apache-2.0 */
/* values.c - JSON as the values that a template computes with. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "chat/render.h"

#include <string.h>

static bool build(struct jinja_builder *builder, const json_t *json, bool trusted, bool roles);

/* `message`: the text of its role counts as the template's own. */
static bool build_object(struct jinja_builder *builder, const json_t *object, bool message)
{
	const char *key;
	json_t *field;

	if (!krait__jinja_begin_object(builder))
		return false;
	json_object_foreach((json_t *)object, key, field)
		if (!krait__jinja_put_key(builder, key, strlen(key))
			|| !build(builder, field, message && strcmp(key, "role") == 0, false))
			return false;
	return krait__jinja_end(builder);
}

static bool build_array(struct jinja_builder *builder, const json_t *array, bool roles)
{
	if (!krait__jinja_begin_array(builder))
		return false;
	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *item = json_array_get(array, i);
		bool message = roles && json_is_object(item);

		if (message ? !build_object(builder, item, true) : !build(builder, item, false, false))
			return false;
	}
	return krait__jinja_end(builder);
}

/* JSON that was read by krait__json_parse is nested 64 deep at most. */
static bool build(struct jinja_builder *builder, const json_t *json, bool trusted, bool roles)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return build_object(builder, json, false);
	case JSON_ARRAY:
		return build_array(builder, json, roles);
	case JSON_STRING:
		return krait__jinja_put_string(builder, json_string_value(json), json_string_length(json), trusted);
	case JSON_INTEGER:
		return krait__jinja_put_int(builder, (int64_t)json_integer_value(json));
	case JSON_REAL:
		return krait__jinja_put_real(builder, json_real_value(json));
	case JSON_NULL:
		return krait__jinja_put_none(builder);
	default:
		return krait__jinja_put_bool(builder, json_is_true(json));
	}
}

bool krait__chat_build(struct jinja_builder *builder, const void *data)
{
	const struct chat_variable *variable = data;

	return build(builder, variable->json, variable->trust == TRUST_TEXT, variable->trust == TRUST_ROLES);
}
