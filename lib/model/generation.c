/* SPDX-License-Identifier: Apache-2.0 */
/* generation.c - generation_config.json, where all is a default that a caller may change: what is
 * ill-typed, out of range or unknown here is named in the note and not applied. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/generation.h"

#include "base/memory.h"
#include "model/companions.h"
#include "model/generation_rest.h"

#include <float.h>
#include <stdlib.h>
#include <string.h>

#define STOP_TEXT_MOST (1u << 20)
#define STOP_TEXTS_MOST 1024

/* ---- settings ----------------------------------------------------------------------- */

static const struct {
	const char *key;
	int setting;
	bool whole, open_low;           /* open_low: the lowest value itself is out of range */
	double low, high;
} rules[] = {
	{ "temperature", KRAIT_SAMPLE_TEMPERATURE, false, false, 0, DBL_MAX },
	{ "top_k", KRAIT_SAMPLE_TOP_K, true, false, 0, 0x1p53 },
	{ "top_p", KRAIT_SAMPLE_TOP_P, false, false, 0, 1 },
	{ "min_p", KRAIT_SAMPLE_MIN_P, false, false, 0, 1 },
	{ "typical_p", KRAIT_SAMPLE_TYPICAL_P, false, true, 0, 1 },
	{ "repetition_penalty", KRAIT_SAMPLE_REPETITION_PENALTY, false, false, FLT_MIN, FLT_MAX },
	{ "max_new_tokens", KRAIT_MAX_NEW_TOKENS, true, false, 1, 0x1p53 },
};
#define N_RULES (sizeof(rules) / sizeof(*rules))
_Static_assert(N_RULES <= GENERATION_SETTINGS, "room for each setting");

static void apply(struct generation *generation, int setting, double value)
{
	generation->settings[generation->n_settings++] = (struct generation_setting){ setting, value };
}

/* The comparisons are written so that NaN fails them. */
static bool in_range(size_t rule, double value)
{
	if (rules[rule].whole && (value < -0x1p53 || value > 0x1p53 || value != (double)(int64_t)value))
		return false;
	return value <= rules[rule].high && (rules[rule].open_low ? value > rules[rule].low : value >= rules[rule].low);
}

/* "do_sample": false is greedy, whatever temperature stands beside it. */
static void take_settings(struct krait_model *model, const struct json_value *file)
{
	const struct json_value *sample = krait__json_get(file, "do_sample");
	bool greedy = krait__json_is(sample, JSON_VALUE_FALSE);

	if (!krait__json_is_null(sample) && !krait__json_is_bool(sample))
		krait__model_remark(model, GENERATION_FILE ": 'do_sample' is neither true nor false and is not applied");
	if (greedy)
		apply(&model->generation, KRAIT_SAMPLE_TEMPERATURE, 0);
	for (size_t i = 0; i < N_RULES; i++) {
		const struct json_value *value = krait__json_get(file, rules[i].key);

		if (krait__json_is_null(value) || (greedy && rules[i].setting == KRAIT_SAMPLE_TEMPERATURE))
			continue;
		if (krait__json_is_number(value) && in_range(i, krait__json_number(value)))
			apply(&model->generation, rules[i].setting, krait__json_number(value));
		else
			krait__model_remark(model, GENERATION_FILE ": '%s' is %s and is not applied", rules[i].key,
				krait__json_is_number(value) ? "out of range" : "not a number");
	}
}

/* ---- tokens ------------------------------------------------------------------------- */

krait_status krait__generation_stop(struct krait_model *model, int64_t id, const char *what, struct why *why)
{
	struct generation *generation = &model->generation;
	krait_token *stops;

	if (id < 0 || id >= (int64_t)model->plan.vocab) {
		krait__model_remark(model, "%s: eos_token_id %lld is no token of this model and is ignored", what, (long long)id);
		return KRAIT_OK;
	}
	for (size_t i = 0; i < generation->n_stops; i++)
		if (generation->stops[i] == (krait_token)id)
			return KRAIT_OK;
	stops = krait__resize(generation->stops, generation->n_stops + 1, sizeof(*stops));
	if (!stops)
		return krait__why_memory(why);
	generation->stops = stops;
	stops[generation->n_stops++] = (krait_token)id;
	return KRAIT_OK;
}

/* eos_token_id is a number or a list of numbers. */
static krait_status take_stops(struct krait_model *model, const struct json_value *file, const char *what, struct why *why)
{
	const struct json_value *value = krait__json_get(file, "eos_token_id");
	bool list = krait__json_is(value, JSON_VALUE_ARRAY);
	size_t n = list ? krait__json_size(value) : 1, n_bad = 0;
	krait_status status = KRAIT_OK;

	if (krait__json_is_null(value))
		return KRAIT_OK;
	for (size_t i = 0; status == KRAIT_OK && i < n; i++) {
		const struct json_value *id = list ? krait__json_at(value, i) : value;

		if (krait__json_is(id, JSON_VALUE_INTEGER))
			status = krait__generation_stop(model, krait__json_integer(id), what, why);
		else
			n_bad++;
	}
	if (n_bad)
		krait__model_remark(model, "%s: field 'eos_token_id' is neither a number nor a list of numbers", what);
	return status;
}

static int by_id(const void *a, const void *b)
{
	krait_token left = *(const krait_token *)a, right = *(const krait_token *)b;

	return left < right ? -1 : left > right;
}

static krait_status take_suppressed(struct krait_model *model, const struct json_value *file, struct why *why)
{
	const struct json_value *list = krait__json_get(file, "suppress_tokens");
	struct generation *generation = &model->generation;
	size_t n = krait__json_size(list), n_good = 0, n_bad = 0;
	krait_token *ids;

	if (krait__json_is_null(list) || (krait__json_is(list, JSON_VALUE_ARRAY) && !n))
		return KRAIT_OK;
	if (!krait__json_is(list, JSON_VALUE_ARRAY)) {
		krait__model_remark(model, GENERATION_FILE ": 'suppress_tokens' is not a list of tokens and is not applied");
		return KRAIT_OK;
	}
	ids = krait__alloc(n, sizeof(*ids));
	if (!ids)
		return krait__why_memory(why);
	for (size_t i = 0; i < n; i++) {
		const struct json_value *id = krait__json_at(list, i);
		int64_t number = krait__json_integer(id);

		if (!krait__json_is(id, JSON_VALUE_INTEGER) || number < 0 || number >= (int64_t)model->plan.vocab)
			n_bad++;
		else
			ids[n_good++] = (krait_token)number;
	}
	qsort(ids, n_good, sizeof(*ids), by_id);
	for (size_t i = 0; i < n_good; i++)
		if (!generation->n_suppressed || ids[generation->n_suppressed - 1] != ids[i])
			ids[generation->n_suppressed++] = ids[i];
	generation->suppressed = ids;
	if (n_bad)
		krait__model_remark(model, GENERATION_FILE ": %zu of 'suppress_tokens' are no tokens of this model and are ignored", n_bad);
	return KRAIT_OK;
}

/* ---- stop texts --------------------------------------------------------------------- */

static krait_status add_stop_text(struct generation *generation, const struct json_value *text, struct why *why)
{
	struct generation_text *list = krait__resize(generation->stop_texts, generation->n_stop_texts + 1, sizeof(*list));
	size_t n = krait__json_string_size(text);
	char *copy = krait__copy_bytes(krait__json_string(text), n);

	if (list)
		generation->stop_texts = list;
	if (!list || !copy) {
		krait__free(copy);
		return krait__why_memory(why);
	}
	list[generation->n_stop_texts++] = (struct generation_text){ copy, n };
	return KRAIT_OK;
}

/* stop_strings is a text or a list of texts. */
static krait_status take_stop_texts(struct krait_model *model, const struct json_value *file, struct why *why)
{
	const struct json_value *value = krait__json_get(file, "stop_strings");
	bool list = krait__json_is(value, JSON_VALUE_ARRAY);
	size_t n = list ? krait__json_size(value) : 1, n_bad = 0;
	krait_status status = KRAIT_OK;

	if (krait__json_is_null(value))
		return KRAIT_OK;
	for (size_t i = 0; status == KRAIT_OK && i < n; i++) {
		const struct json_value *text = list ? krait__json_at(value, i) : value;
		size_t size = krait__json_string_size(text);

		if (size && size <= STOP_TEXT_MOST && model->generation.n_stop_texts < STOP_TEXTS_MOST)
			status = add_stop_text(&model->generation, text, why);
		else
			n_bad++;
	}
	if (n_bad)
		krait__model_remark(model, GENERATION_FILE ": %zu of 'stop_strings' are not applied: each has to be a text of 1 byte to 1 MiB", n_bad);
	return status;
}

/* ---- all of it ---------------------------------------------------------------------- */

static krait_status keep_whole(struct generation *generation, const struct json_value *file, struct why *why)
{
	struct buffer text = { 0 };

	if (krait__json_write(&text, file))
		generation->defaults = krait__copy_bytes(text.data, text.size);
	krait__buffer_free(&text);
	return generation->defaults ? KRAIT_OK : krait__why_memory(why);
}

krait_status krait__generation_load(struct krait_model *model, const char *folder, const struct json_value *config, struct why *why)
{
	struct companion_folders folders = { folder, folder };
	struct json_value *file;
	krait_status status = krait__companion_object(model, &file, &folders, GENERATION_FILE, why);

	if (status == KRAIT_OK && file)
		status = keep_whole(&model->generation, file, why);
	if (status == KRAIT_OK && file) {
		take_settings(model, file);
		krait__generation_name_rest(model, file);
		status = take_suppressed(model, file, why);
	}
	if (status == KRAIT_OK)
		status = take_stop_texts(model, file, why);
	if (status == KRAIT_OK)
		status = take_stops(model, file, GENERATION_FILE, why);
	if (status == KRAIT_OK && !model->generation.n_stops)
		status = take_stops(model, config, "config.json", why);
	krait__json_free(file);
	return status;
}

void krait__generation_free(struct generation *generation)
{
	for (size_t i = 0; i < generation->n_stop_texts; i++)
		krait__free(generation->stop_texts[i].text);
	krait__free(generation->stop_texts);
	krait__free(generation->suppressed);
	krait__free(generation->stops);
	krait__free(generation->defaults);
	memset(generation, 0, sizeof(*generation));
}
