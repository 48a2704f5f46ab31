/* SPDX-License-Identifier: Apache-2.0 */
/* config_fields.c - fields of a configuration, each with what may stand in it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/configuration.h"

#include "base/json_field.h"
#include "base/json_number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool krait__config_given(const struct json_value *file, const char *key)
{
	return !krait__json_is_null(krait__json_get(file, key));
}

krait_status krait__config_layers(uint32_t *out, const struct json_value *file, const char *key, struct why *why)
{
	krait_status status = krait__field_u32(out, file, key, CONFIG_FILE, why);

	if (status == KRAIT_OK && krait__config_given(file, key) && *out == 0)
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": field '%s' is 0: a positive number is needed",
			key);
	return status;
}

krait_status krait__config_tied(int *out, const struct json_value *file, const char *key, struct why *why)
{
	bool value = false;
	krait_status status = krait__field_bool(&value, file, key, CONFIG_FILE, why);

	if (status == KRAIT_OK && krait__config_given(file, key))
		*out = value;
	return status;
}

krait_status krait__config_want(enum want *out, const struct json_value *object, const char *key, struct why *why)
{
	bool value = false;
	krait_status status;

	status = krait__field_bool(&value, object, key, CONFIG_FILE, why);
	if (status == KRAIT_OK && krait__config_given(object, key))
		*out = value ? WANT_YES : WANT_NO;
	return status;
}

krait_status krait__config_limits(struct part *part, const struct json_value *object, const char *key, struct why *why)
{
	const struct json_value *list = krait__json_get(object, key);
	double low, high;

	if (krait__json_is_null(list))
		return KRAIT_OK;
	if (!krait__json_is(list, JSON_VALUE_ARRAY) || krait__json_size(list) != 2
		|| !krait__json_is_float(krait__json_at(list, 0), &low)
		|| !krait__json_is_float(krait__json_at(list, 1), &high) || isnan(low) || isnan(high) || low > high)
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": field '%s' is not a pair of limits, lower "
			"one first: "
			"two numbers such as [0.0, Infinity] are needed", key);
	part->limit_low = (float)low;
	part->limit_high = (float)high;
	return KRAIT_OK;
}

krait_status krait__config_eps(double *out, const struct json_value *object, const char *key, struct why *why)
{
	krait_status status = krait__field_double(out, object, key, CONFIG_FILE, why);

	if (status == KRAIT_OK && (!(*out >= 0) || !isfinite(*out)))
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": field '%s' is %s: a small positive number is "
			"needed", key, SHOWN(*out));
	return status;
}

krait_status krait__config_scale(float *out, const struct json_value *object, const char *key, struct why *why)
{
	double value = *out;
	krait_status status = krait__field_double(&value, object, key, CONFIG_FILE, why);

	if (status == KRAIT_OK && !isfinite((float)value))
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": field '%s' is %s: a finite number is needed",
			key, SHOWN(value));
	*out = (float)value;
	return status;
}

krait_status krait__config_scales(float *out, size_t n, const struct json_value *object, const char *key,
	struct why *why)
{
	const struct json_value *list = krait__json_get(object, key);
	double value;

	if (krait__json_is_null(list))
		return KRAIT_OK;
	if (!krait__json_is(list, JSON_VALUE_ARRAY) || krait__json_size(list) != n)
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": field '%s' is not a list of %zu numbers", key,
			n);
	for (size_t i = 0; i < n; i++) {
		if (!krait__json_is_float(krait__json_at(list, i), &value) || !isfinite((float)value))
			return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": number %zu of field '%s' is none, or "
				"not a finite one", i, key);
		out[i] = (float)value;
	}
	return KRAIT_OK;
}

krait_status krait__config_one_of(const struct json_value *object, const char *key, const char *const *known,
	struct why *why)
{
	const char *name = known[0];
	struct quoted quoted;
	krait_status status = krait__field_text(&name, object, key, CONFIG_FILE, why);

	for (size_t i = 0; status == KRAIT_OK && known[i]; i++)
		if (!strcmp(name, known[i]))
			return KRAIT_OK;
	if (status != KRAIT_OK)
		return status;
	return krait__why(why, KRAIT_ERROR_UNSUPPORTED, CONFIG_FILE ": field '%s' is %s: only '%s' is known", key,
		krait__quote(&quoted, name, SIZE_MAX), known[0]);
}

krait_status krait__config_refuse(const struct json_value *object, const char *key, const char *what, struct why *why)
{
	bool value = false;
	krait_status status = krait__field_bool(&value, object, key, CONFIG_FILE, why);

	if (status == KRAIT_OK && value)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, CONFIG_FILE ": field '%s' is true: %s", key, what);
	return status;
}

/* ---- layers that differ ---------------------------------------------------------------- */

static char letter_of(const struct layer_word *words, const char *word)
{
	for (size_t i = 0; word && words[i].word; i++)
		if (!strcmp(word, words[i].word))
			return words[i].letter;
	return 0;
}

static krait_status unknown_layer(const char *key, size_t layer, const char *word, const struct layer_word *words,
	struct why *why)
{
	struct quoted quoted;
	char list[160];
	size_t at = 0;

	for (size_t i = 0; words[i].word && at < sizeof(list); i++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s'%s'", i ? ", " : "", words[i].word);
	if (!word)
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": field '%s' has no word for layer %zu: one of "
			"%s is needed", key, layer, list);
	return krait__why(why, KRAIT_ERROR_UNSUPPORTED, CONFIG_FILE ": field '%s' says that layer %zu is %s: known are "
		"%s", key, layer, krait__quote(&quoted, word, SIZE_MAX), list);
}

krait_status krait__config_pattern(struct model_config *config, const struct json_value *file, const char *const *keys,
	const struct layer_word *words, struct why *why)
{
	const struct json_value *list = NULL;
	const char *key = keys[0];
	size_t n;

	for (size_t i = 0; keys[i] && krait__json_is_null(list); i++) {
		key = keys[i];
		list = krait__json_get(file, key);
	}
	if (krait__json_is_null(list))
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": field '%s' is missing: it says of which kind "
			"each layer is", keys[0]);
	if (!krait__json_is(list, JSON_VALUE_ARRAY) || (n = krait__json_size(list)) == 0 || n > PATTERN_MOST)
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": field '%s' is not a list of 1 to %d kinds of "
			"layers", key, PATTERN_MOST);
	for (size_t i = 0; i < n; i++) {
		const char *word = krait__json_string(krait__json_at(list, i));

		config->pattern[i] = letter_of(words, word);
		if (!config->pattern[i])
			return unknown_layer(key, i, word, words, why);
	}
	config->pattern[n] = 0;
	if (config->n_layers == 0)
		config->n_layers = (uint32_t)n;
	return KRAIT_OK;
}

krait_status krait__config_theta(double *out, const struct json_value *file, struct why *why)
{
	static const char *const plain[] = { "default", NULL };
	const struct json_value *newer = krait__json_get(file, "rope_parameters"), *scaling = krait__json_get(file,
		"rope_scaling");
	krait_status status = krait__field_double(out, file, "rope_theta", CONFIG_FILE, why);

	if (status == KRAIT_OK && krait__json_is(newer, JSON_VALUE_OBJECT)) {
		status = krait__field_double(out, newer, "rope_theta", CONFIG_FILE, why);
		if (status == KRAIT_OK)
			status = krait__config_one_of(newer, "rope_type", plain, why);
	}
	if (status == KRAIT_OK && krait__json_is(scaling, JSON_VALUE_OBJECT)) {
		status = krait__config_one_of(scaling, "rope_type", plain, why);
		if (status == KRAIT_OK)
			status = krait__config_one_of(scaling, "type", plain, why);
	}
	if (status == KRAIT_OK && (!(*out > 0) || !isfinite(*out)))
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE ": field 'rope_theta' is %s: a positive number "
			"is needed", SHOWN(*out));
	return status;
}
