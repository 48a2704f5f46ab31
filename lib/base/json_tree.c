/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/json_tree.h"

bool krait__json_is(const struct json_value *value, enum json_kind kind)
{
	return value && value->kind == kind;
}

bool krait__json_is_null(const struct json_value *value)
{
	return !value || value->kind == JSON_VALUE_NULL;
}

bool krait__json_is_bool(const struct json_value *value)
{
	return value && (value->kind == JSON_VALUE_TRUE || value->kind == JSON_VALUE_FALSE);
}

bool krait__json_is_number(const struct json_value *value)
{
	return value && (value->kind == JSON_VALUE_INTEGER || value->kind == JSON_VALUE_REAL);
}

int64_t krait__json_integer(const struct json_value *value)
{
	return krait__json_is(value, JSON_VALUE_INTEGER) ? value->as.integer : 0;
}

double krait__json_number(const struct json_value *value)
{
	if (krait__json_is(value, JSON_VALUE_REAL))
		return value->as.real.number;
	return (double)krait__json_integer(value);
}

const char *krait__json_string(const struct json_value *value)
{
	return krait__json_is(value, JSON_VALUE_STRING) ? value->as.string.bytes : NULL;
}

size_t krait__json_string_size(const struct json_value *value)
{
	return krait__json_is(value, JSON_VALUE_STRING) ? value->as.string.n : 0;
}

size_t krait__json_size(const struct json_value *value)
{
	if (krait__json_is(value, JSON_VALUE_ARRAY))
		return value->as.array.n;
	return krait__json_is(value, JSON_VALUE_OBJECT) ? value->as.object.n : 0;
}

const struct json_value *krait__json_at(const struct json_value *array, size_t index)
{
	if (!krait__json_is(array, JSON_VALUE_ARRAY) || index >= array->as.array.n)
		return NULL;
	return &array->as.array.items[index];
}

const char *krait__json_key(const struct json_value *object, size_t index, size_t *n_key)
{
	bool found = krait__json_is(object, JSON_VALUE_OBJECT) && index < object->as.object.n;
	const struct json_value *key = found ? &object->as.object.items[2 * index] : NULL;

	if (n_key)
		*n_key = krait__json_string_size(key);
	return krait__json_string(key);
}

const struct json_value *krait__json_member(const struct json_value *object, size_t index)
{
	if (!krait__json_is(object, JSON_VALUE_OBJECT) || index >= object->as.object.n)
		return NULL;
	return &object->as.object.items[2 * index + 1];
}
