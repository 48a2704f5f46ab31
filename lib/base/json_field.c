/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/json_field.h"

#include <math.h>
#include <string.h>

bool krait__json_is_float(const struct json_value *value, double *out)
{
	const char *word = krait__json_string(krait__json_get(value, "__float__"));

	if (krait__json_is_number(value))
		*out = krait__json_number(value);
	else if (word && strcmp(word, "Infinity") == 0)
		*out = INFINITY;
	else if (word && strcmp(word, "-Infinity") == 0)
		*out = -INFINITY;
	else if (word && strcmp(word, "NaN") == 0)
		*out = NAN;
	else
		return false;
	return true;
}

static const char *type_name(const struct json_value *value)
{
	static const char *const names[] = { "null", "false", "true", "a whole number", "a number", "text", "an array", "an object" };

	return names[value->kind];
}

static krait_status wrong_type(const struct json_value *value, const char *key, const char *wanted, const char *what, struct why *why)
{
	return krait__why(why, KRAIT_ERROR_FORMAT, "%s: field '%s' is %s: %s is needed", what, key, type_name(value), wanted);
}

krait_status krait__field_u32(uint32_t *out, const struct json_value *object, const char *key, const char *what, struct why *why)
{
	const struct json_value *value = krait__json_get(object, key);
	struct quoted quoted;
	int64_t number = krait__json_integer(value);

	if (krait__json_is_null(value))
		return KRAIT_OK;
	if (krait__json_is(value, JSON_VALUE_REAL) && value->as.real.digits)
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: field '%s' is %s: a number from 0 to 4294967295 is needed",
			what, key, krait__quote(&quoted, value->as.real.digits, SIZE_MAX));
	if (!krait__json_is(value, JSON_VALUE_INTEGER))
		return wrong_type(value, key, "a whole number", what, why);
	if (number < 0 || number > UINT32_MAX)
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: field '%s' is %lld: a number from 0 to 4294967295 is needed",
			what, key, (long long)number);
	*out = (uint32_t)number;
	return KRAIT_OK;
}

krait_status krait__field_double(double *out, const struct json_value *object, const char *key, const char *what, struct why *why)
{
	const struct json_value *value = krait__json_get(object, key);

	if (!krait__json_is_null(value) && !krait__json_is_float(value, out))
		return wrong_type(value, key, "a number", what, why);
	return KRAIT_OK;
}

krait_status krait__field_bool(bool *out, const struct json_value *object, const char *key, const char *what, struct why *why)
{
	const struct json_value *value = krait__json_get(object, key);

	if (krait__json_is_null(value))
		return KRAIT_OK;
	if (!krait__json_is_bool(value))
		return wrong_type(value, key, "true or false", what, why);
	*out = krait__json_is(value, JSON_VALUE_TRUE);
	return KRAIT_OK;
}

krait_status krait__field_text(const char **out, const struct json_value *object, const char *key, const char *what, struct why *why)
{
	const struct json_value *value = krait__json_get(object, key);

	if (krait__json_is_null(value))
		return KRAIT_OK;
	if (!krait__json_is(value, JSON_VALUE_STRING))
		return wrong_type(value, key, "text", what, why);
	*out = krait__json_string(value);
	return KRAIT_OK;
}
