/* SPDX-License-Identifier: Apache-2.0 */
/* companions.c - tokenizer.json, tokenizer_config.json, chat_template.jinja, generation_config.json. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/companions.h"

#include "base/json.h"
#include "base/memory.h"
#include "text/tokenizer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TEXT_LIMIT (16u << 20)
#define TOKENIZER_LIMIT (256u << 20)
#define TOKENIZER_FILE "tokenizer.json"
#define GENERATION_FILE "generation_config.json"

void krait__model_remark(struct krait_model *model, const char *format, ...)
{
	size_t at = strlen(model->note);
	va_list arguments;

	if (at && at + 2 < sizeof(model->note)) {
		memcpy(model->note + at, "; ", 3);
		at += 2;
	}
	va_start(arguments, format);
	vsnprintf(model->note + at, sizeof(model->note) - at, format, arguments);
	va_end(arguments);
}

char *krait__folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return krait__copy_text(".");
	return krait__copy_bytes(path, slash == path ? 1 : (size_t)(slash - path));
}

/* ---- tokenizer ---------------------------------------------------------------------- */

static krait_status load_tokenizer(struct krait_model *model, const char *folder, const char *name, bool asked, struct why *why)
{
	char *text;
	size_t n_text;
	krait_status status = krait__file_text(&text, &n_text, folder, name, TOKENIZER_LIMIT, !asked, why);

	if (status != KRAIT_OK)
		return status;
	if (!text) {
		krait__model_remark(model, "there is no " TOKENIZER_FILE " beside the weights, so text cannot be read or written: KRAIT_OPTION_TOKENIZER can name one");
		return KRAIT_OK;
	}
	status = krait__tokenizer_load(&model->tokenizer, text, n_text, name, why);
	krait__free(text);
	if (status == KRAIT_OK)
		return KRAIT_OK;
	krait_tokenizer_free(model->tokenizer);
	model->tokenizer = NULL;
	/* Tokens still work; only a tokenizer that was asked for by name has to be one. */
	if (status == KRAIT_ERROR_UNSUPPORTED && !asked) {
		krait__model_remark(model, "text cannot be read or written: %s", why->text);
		krait__why_clear(why);
		return KRAIT_OK;
	}
	return status;
}

static krait_status find_tokenizer(struct krait_model *model, char **folder, const char *beside, const char *asked, struct why *why)
{
	struct stat about;
	const char *slash;

	if (!asked) {
		*folder = krait__copy_text(beside);
		return *folder ? load_tokenizer(model, *folder, TOKENIZER_FILE, false, why) : krait__why_memory(why);
	}
	if (krait__files.stat_path(asked, &about) == 0 && S_ISDIR(about.st_mode)) {
		*folder = krait__copy_text(asked);
		return *folder ? load_tokenizer(model, *folder, TOKENIZER_FILE, true, why) : krait__why_memory(why);
	}
	*folder = krait__folder_of(asked);
	slash = strrchr(asked, '/');
	return *folder ? load_tokenizer(model, *folder, slash ? slash + 1 : asked, true, why) : krait__why_memory(why);
}

/* A file of the tokenizer's folder, else of the model's. */
static krait_status read_text(char **out, size_t *n_out, const char *first, const char *second, const char *name, struct why *why)
{
	krait_status status = krait__file_text(out, n_out, first, name, TEXT_LIMIT, true, why);

	if (status == KRAIT_OK && !*out && strcmp(first, second))
		status = krait__file_text(out, n_out, second, name, TEXT_LIMIT, true, why);
	return status;
}

static krait_status read_object(json_t **out, const char *first, const char *second, const char *name, struct why *why)
{
	char *text;
	size_t n_text;
	krait_status status = read_text(&text, &n_text, first, second, name, why);

	*out = NULL;
	if (status != KRAIT_OK || !text)
		return status;
	*out = krait__json_config(text, n_text, name, why);
	krait__free(text);
	if (!*out)
		return why->status;
	if (json_is_object(*out))
		return KRAIT_OK;
	json_decref(*out);
	*out = NULL;
	return krait__why(why, KRAIT_ERROR_FORMAT, "%s: an object is needed", name);
}

/* ---- special tokens and the chat template ------------------------------------------- */

/* A special token as text: "x", or {"content": "x"}. NULL: neither. */
static json_t *token_text(json_t *value)
{
	if (json_is_object(value))
		value = json_object_get(value, "content");
	return json_is_string(value) ? value : NULL;
}

static krait_status take_special(struct krait_model *model, json_t *file, struct why *why)
{
	const char *key;
	json_t *value;

	model->special_tokens = json_object();
	if (!model->special_tokens)
		return krait__why_memory(why);
	json_object_foreach(file, key, value) {
		size_t n = strlen(key);
		json_t *text = token_text(value);

		if (n > 6 && !strcmp(key + n - 6, "_token") && text && json_object_set(model->special_tokens, key, text) != 0)
			return krait__why_memory(why);
	}
	return KRAIT_OK;
}

/* A template as text, or the one named "default" in a list, or the first of the list. */
static const char *template_text(const json_t *value)
{
	const char *text = json_string_value(value);

	for (size_t i = 0; i < json_array_size(value); i++) {
		const json_t *entry = json_array_get(value, i);
		const char *name = json_string_value(json_object_get(entry, "name"));

		if (!text || (name && !strcmp(name, "default")))
			text = json_string_value(json_object_get(entry, "template"));
	}
	return text;
}

static krait_status load_texts(struct krait_model *model, const char *first, const char *second, struct why *why)
{
	json_t *file;
	size_t n_text;
	krait_status status = read_object(&file, first, second, "tokenizer_config.json", why);

	if (status == KRAIT_OK && !file)
		status = read_object(&file, first, second, "special_tokens_map.json", why);
	if (status == KRAIT_OK)
		status = take_special(model, file, why);
	if (status == KRAIT_OK)
		status = read_text(&model->chat_template, &n_text, first, second, "chat_template.jinja", why);
	if (status == KRAIT_OK && !model->chat_template) {
		const char *text = template_text(json_object_get(file, "chat_template"));

		model->chat_template = krait__copy_text(text);
		if (text && !model->chat_template)
			status = krait__why_memory(why);
	}
	json_decref(file);
	return status;
}

/* ---- generation --------------------------------------------------------------------- */

static krait_status add_stop(struct krait_model *model, json_int_t id, const char *what, struct why *why)
{
	struct generation *generation = &model->generation;
	krait_token *stops;

	if (id < 0 || id >= (json_int_t)model->plan.vocab) {
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
static krait_status take_stops(struct krait_model *model, const json_t *file, const char *what, struct why *why)
{
	const json_t *value = json_object_get(file, "eos_token_id");
	size_t n = json_is_array(value) ? json_array_size(value) : 1;

	if (!value || json_is_null(value))
		return KRAIT_OK;
	for (size_t i = 0; i < n; i++) {
		const json_t *id = json_is_array(value) ? json_array_get(value, i) : value;
		krait_status status;

		if (!json_is_integer(id))
			return krait__why(why, KRAIT_ERROR_FORMAT, "%s: field 'eos_token_id' is neither a number nor a list of numbers", what);
		status = add_stop(model, json_integer_value(id), what, why);
		if (status != KRAIT_OK)
			return status;
	}
	return KRAIT_OK;
}

/* The original checkpoints come without any of these files: their tokenizer ends texts as GPT-NeoX does. */
static krait_status stop_at_text(struct krait_model *model, struct why *why)
{
	const json_t *eos = json_object_get(model->special_tokens, "eos_token");
	const char *text = eos ? json_string_value(eos) : "<|endoftext|>";
	krait_token id = krait_tokenizer_find(model->tokenizer, text, eos ? json_string_length(eos) : strlen(text));

	return id >= 0 ? add_stop(model, id, "tokenizer_config.json", why) : KRAIT_OK;
}

static krait_status load_generation(struct krait_model *model, const char *folder, const json_t *config, struct why *why)
{
	krait_status status = read_object(&model->generation.defaults, folder, folder, GENERATION_FILE, why);

	if (status == KRAIT_OK)
		status = take_stops(model, model->generation.defaults, GENERATION_FILE, why);
	if (status == KRAIT_OK && !model->generation.n_stops)
		status = take_stops(model, config, "config.json", why);
	if (status == KRAIT_OK && !model->generation.n_stops && model->tokenizer)
		status = stop_at_text(model, why);
	return status;
}

krait_status krait__companions_load(struct krait_model *model, const char *folder, const char *tokenizer, const json_t *config, struct why *why)
{
	char *texts = NULL;
	krait_status status = find_tokenizer(model, &texts, folder, tokenizer, why);
	size_t size;

	if (status == KRAIT_OK)
		status = load_texts(model, texts, folder, why);
	if (status == KRAIT_OK)
		status = load_generation(model, folder, config, why);
	krait__free(texts);
	size = model->tokenizer ? krait_tokenizer_size(model->tokenizer) : model->plan.vocab;
	model->n_valid = size < model->plan.vocab ? (uint32_t)size : model->plan.vocab;
	return status;
}
