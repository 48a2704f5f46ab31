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

#define STOP_TEXTS_BYTES ((size_t)1 << 20)
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

/* ---- lists -------------------------------------------------------------------------- */

/* A field that is one thing or a list of them. */
static size_t count_items(const struct json_value *value)
{
	if (krait__json_is_null(value))
		return 0;
	return krait__json_is(value, JSON_VALUE_ARRAY) ? krait__json_size(value) : 1;
}

static const struct json_value *item(const struct json_value *value, size_t index)
{
	return krait__json_is(value, JSON_VALUE_ARRAY) ? krait__json_at(value, index) : value;
}

/* The tokens that a field lists, each once, in its order, and what else stands there. */
struct listed {
	krait_token *ids;
	size_t n;
	size_t n_strange;               /* no numbers */
	size_t n_foreign;               /* numbers that are no tokens of the model */
	int64_t foreign;                /* the first of these */
};

/* One step for each item, however many there are: a bit for each token of the model says whether it was there. */
static krait_status list_tokens(struct listed *out, const struct krait_model *model, const struct json_value *value,
	struct why *why)
{
	size_t n = count_items(value);
	unsigned char *seen = krait__alloc_zero((size_t)model->plan.vocab / 8 + 1, 1);

	*out = (struct listed){ .ids = krait__alloc(n + 1, sizeof(*out->ids)) };
	if (!seen || !out->ids) {
		krait__free(seen);
		krait__free(out->ids);
		return krait__why_memory(why);
	}
	for (size_t i = 0; i < n; i++) {
		const struct json_value *one = item(value, i);
		int64_t id = krait__json_integer(one);

		if (!krait__json_is(one, JSON_VALUE_INTEGER)) {
			out->n_strange++;
		} else if (id < 0 || id >= (int64_t)model->plan.vocab) {
			if (out->n_foreign++ == 0)
				out->foreign = id;
		} else if (!(seen[id / 8] & 1u << id % 8)) {
			seen[id / 8] |= (unsigned char)(1u << id % 8);
			out->ids[out->n++] = (krait_token)id;
		}
	}
	krait__free(seen);
	return KRAIT_OK;
}

/* ---- tokens ------------------------------------------------------------------------- */

static void no_token(struct krait_model *model, int64_t id, const char *what)
{
	krait__model_remark(model, "%s: eos_token_id %lld is no token of this model and is ignored", what, (long long)id);
}

/* eos_token_id is a number or a list of numbers. */
static krait_status take_stops(struct krait_model *model, const struct json_value *file, const char *what,
	struct why *why)
{
	struct listed listed;
	krait_status status = list_tokens(&listed, model, krait__json_get(file, "eos_token_id"), why);

	if (status != KRAIT_OK)
		return status;
	if (listed.n_foreign == 1)
		no_token(model, listed.foreign, what);
	else if (listed.n_foreign)
		krait__model_remark(model, "%s: %zu of 'eos_token_id', %lld for one, are no tokens of this model and are ignored",
			what, listed.n_foreign, (long long)listed.foreign);
	if (listed.n_strange)
		krait__model_remark(model, "%s: field 'eos_token_id' is neither a number nor a list of numbers", what);
	krait__free(model->generation.stops);
	model->generation.stops = listed.ids;
	model->generation.n_stops = listed.n;
	return KRAIT_OK;
}

krait_status krait__generation_stop(struct krait_model *model, krait_token id, const char *what, struct why *why)
{
	struct generation *generation = &model->generation;
	krait_token *stops;

	if ((uint32_t)id >= model->plan.vocab) {
		no_token(model, id, what);
		return KRAIT_OK;
	}
	for (size_t i = 0; i < generation->n_stops; i++)
		if (generation->stops[i] == id)
			return KRAIT_OK;
	stops = krait__resize(generation->stops, generation->n_stops + 1, sizeof(*stops));
	if (!stops)
		return krait__why_memory(why);
	generation->stops = stops;
	stops[generation->n_stops++] = id;
	return KRAIT_OK;
}

static int by_id(const void *a, const void *b)
{
	krait_token left = *(const krait_token *)a, right = *(const krait_token *)b;

	return left < right ? -1 : left > right;
}

static krait_status take_suppressed(struct krait_model *model, const struct json_value *file, struct why *why)
{
	const struct json_value *list = krait__json_get(file, "suppress_tokens");
	struct listed listed;
	krait_status status;

	if (krait__json_is_null(list))
		return KRAIT_OK;
	if (!krait__json_is(list, JSON_VALUE_ARRAY)) {
		krait__model_remark(model, GENERATION_FILE ": 'suppress_tokens' is not a list of tokens and is not applied");
		return KRAIT_OK;
	}
	status = list_tokens(&listed, model, list, why);
	if (status != KRAIT_OK)
		return status;
	qsort(listed.ids, listed.n, sizeof(*listed.ids), by_id);
	model->generation.suppressed = listed.ids;
	model->generation.n_suppressed = listed.n;
	if (listed.n_strange + listed.n_foreign)
		krait__model_remark(model, GENERATION_FILE ": %zu of 'suppress_tokens' are no tokens of this model and are ignored",
			listed.n_strange + listed.n_foreign);
	return KRAIT_OK;
}

/* ---- stop texts --------------------------------------------------------------------- */

static bool add_stop_text(struct generation *generation, const struct json_value *text, size_t size)
{
	char *copy = krait__copy_bytes(krait__json_string(text), size);

	if (copy)
		generation->stop_texts[generation->n_stop_texts++] = (struct generation_text){ copy, size };
	return copy != NULL;
}

/* stop_strings is a text or a list of texts. A session compares each with those before it, so that their number and
 * their bytes together have a limit. */
static krait_status take_stop_texts(struct krait_model *model, const struct json_value *file, struct why *why)
{
	const struct json_value *value = krait__json_get(file, "stop_strings");
	struct generation *generation = &model->generation;
	size_t n = count_items(value), n_bad = 0, left = STOP_TEXTS_BYTES;

	if (n == 0)
		return KRAIT_OK;
	generation->stop_texts = krait__alloc(n < STOP_TEXTS_MOST ? n : STOP_TEXTS_MOST, sizeof(*generation->stop_texts));
	if (!generation->stop_texts)
		return krait__why_memory(why);
	for (size_t i = 0; i < n; i++) {
		size_t size = krait__json_string_size(item(value, i));

		if (size == 0 || size > left || generation->n_stop_texts == STOP_TEXTS_MOST) {
			n_bad++;
			continue;
		}
		left -= size;
		if (!add_stop_text(generation, item(value, i), size))
			return krait__why_memory(why);
	}
	if (n_bad)
		krait__model_remark(model, GENERATION_FILE ": %zu of 'stop_strings' are not applied: "
			"up to %d texts of 1 MiB together can be", n_bad, STOP_TEXTS_MOST);
	return KRAIT_OK;
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
