/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/json.h"
#include "base/scan.h"

#define DEEPEST 64

/* jansson's own limit is far deeper than any file of a model needs, and its parser recurses;
 * so the nesting is counted first. What is inside strings does not count. */
static bool too_deep(const char *text, size_t n_text)
{
	size_t depth = 0;
	bool inside = false;

	for (size_t i = 0; i < n_text; i++) {
		char c = text[i];

		if (inside && c == '\\')
			i++;
		else if (c == '"')
			inside = !inside;
		else if (!inside && (c == '[' || c == '{') && ++depth > DEEPEST)
			return true;
		else if (!inside && (c == ']' || c == '}') && depth)
			depth--;
	}
	return false;
}

/* jansson takes a string for which there is no memory for a mistake in the text. What our own
 * reader, which needs no memory, finds well-formed is none. */
static bool lacked_memory(const json_error_t *error, const char *text, size_t n_text)
{
	struct scan scan = { .text = text, .size = n_text, .what = "" };

	if (json_error_code(error) == json_error_out_of_memory || !error->text[0])
		return true;
	return json_error_code(error) == json_error_invalid_syntax && krait__scan_skip(&scan) == KRAIT_OK && krait__scan_end(&scan) == KRAIT_OK;
}

json_t *krait__json_parse(const char *text, size_t n_text, const char *what, struct why *why)
{
	struct quoted quoted;
	json_error_t error = { 0 };
	json_t *value;

	if (too_deep(text, n_text)) {
		krait__why(why, KRAIT_ERROR_FORMAT, "%s: nested more than %d deep", what, DEEPEST);
		return NULL;
	}
	value = json_loadb(text, n_text, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL | JSON_DECODE_ANY, &error);
	if (!value && lacked_memory(&error, text, n_text))
		krait__why_memory(why);
	else if (!value)
		krait__why(why, KRAIT_ERROR_FORMAT, "%s, line %d, column %d: not JSON: %s", what, error.line, error.column,
			krait__quote(&quoted, error.text, SIZE_MAX));
	return value;
}

static const char *type_name(const json_t *value)
{
	static const char *const names[] = { "an object", "an array", "text", "a whole number", "a number", "true", "false", "null" };

	return names[json_typeof(value)];
}

static krait_status wrong_type(const json_t *value, const char *key, const char *wanted, const char *what, struct why *why)
{
	return krait__why(why, KRAIT_ERROR_FORMAT, "%s: field '%s' is %s: %s is needed", what, key, type_name(value), wanted);
}

/* NULL where the field is absent or null. */
static const json_t *field(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_null(value) ? NULL : value;
}

krait_status krait__json_double(double *out, const json_t *object, const char *key, const char *what, struct why *why)
{
	const json_t *value = field(object, key);

	if (value && !json_is_number(value))
		return wrong_type(value, key, "a number", what, why);
	if (value)
		*out = json_number_value(value);
	return KRAIT_OK;
}

krait_status krait__json_bool(bool *out, const json_t *object, const char *key, const char *what, struct why *why)
{
	const json_t *value = field(object, key);

	if (!value)
		return KRAIT_OK;
	if (!json_is_boolean(value))
		return wrong_type(value, key, "true or false", what, why);
	*out = json_is_true(value);
	return KRAIT_OK;
}

krait_status krait__json_text(const char **out, const json_t *object, const char *key, const char *what, struct why *why)
{
	const json_t *value = field(object, key);

	if (!value)
		return KRAIT_OK;
	if (!json_is_string(value))
		return wrong_type(value, key, "text", what, why);
	*out = json_string_value(value);
	return KRAIT_OK;
}
