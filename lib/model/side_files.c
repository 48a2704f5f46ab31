/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "model/side_files.h"
#include "base/json.h"
#include "base/memory.h"
#include "text/tokenizer.h"

#include <string.h>

#define TOKENIZER_MOST ((uint64_t)256 << 20)
#define TEXT_MOST ((uint64_t)16 << 20)

/* ---- the tokenizer ------------------------------------------------------------------- */

static krait_status load_tokenizer(struct krait_model *model, const char *folder, const char *name, bool missing_ok, struct why *why)
{
	char *text;
	size_t n_text;
	krait_status status = krait__file_text(&text, &n_text, folder, name, TOKENIZER_MOST, missing_ok, why);

	if (status == KRAIT_OK && text)
		status = krait__tokenizer_load(&model->tokenizer, text, n_text, name, why);
	krait__free(text);
	return status;
}

/* The path may name the file or its folder. */
static krait_status load_tokenizer_at(struct krait_model *model, const char *path, struct why *why)
{
	struct stat about;
	const char *slash = strrchr(path, '/');
	char *folder;
	krait_status status;

	if (krait__files.stat_path(path, &about) == 0 && S_ISDIR(about.st_mode))
		return load_tokenizer(model, path, "tokenizer.json", false, why);
	folder = slash ? krait__copy_bytes(path, slash == path ? 1 : (size_t)(slash - path)) : krait__copy_text(".");
	if (!folder)
		return krait__why_memory(why);
	status = load_tokenizer(model, folder, slash ? slash + 1 : path, false, why);
	krait__free(folder);
	return status;
}

/* ---- tokenizer_config.json ----------------------------------------------------------- */

/* A token is text, or an object with its text as "content". */
static const char *token_text(const json_t *value)
{
	return json_is_object(value) ? json_string_value(json_object_get(value, "content")) : json_string_value(value);
}

static krait_status read_special_tokens(struct krait_model *model, const json_t *config, struct why *why)
{
	static const char *const names[] = { "bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *text = token_text(json_object_get(config, names[i]));

		if (text && json_object_set_new(model->special_tokens, names[i], json_string(text)) != 0)
			return krait__why_memory(why);
	}
	return KRAIT_OK;
}

/* One template, or several with names, of which "default" is meant. */
static const char *pick_template(const json_t *value)
{
	const char *picked = json_string_value(value);
	const json_t *item;
	size_t i;

	json_array_foreach(value, i, item) {
		const char *name = json_string_value(json_object_get(item, "name"));

		if (name && strcmp(name, "default") == 0)
			picked = json_string_value(json_object_get(item, "template"));
	}
	return picked;
}

static krait_status read_tokenizer_config(struct krait_model *model, const char *folder, struct why *why)
{
	char *text;
	size_t n_text;
	json_t *config = NULL;
	const char *template;
	krait_status status = krait__file_text(&text, &n_text, folder, "tokenizer_config.json", TEXT_MOST, true, why);

	if (status != KRAIT_OK || !text)
		return status;
	config = krait__json_config(text, n_text, "tokenizer_config.json", why);
	status = config ? read_special_tokens(model, config, why) : why->status;
	template = pick_template(json_object_get(config, "chat_template"));
	if (status == KRAIT_OK && template && !model->chat_template) {
		model->chat_template = krait__copy_text(template);
		if (!model->chat_template)
			status = krait__why_memory(why);
	}
	json_decref(config);
	krait__free(text);
	return status;
}

/* ---- when to stop -------------------------------------------------------------------- */

static krait_status add_stop(struct krait_model *model, json_int_t id, const char *what, struct why *why)
{
	struct generation *generation = &model->generation;
	krait_token *stops;

	if (id < 0 || id >= (json_int_t)model->plan.vocab)
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: eos_token_id %lld: ids of this model go from 0 to %u",
			what, (long long)id, (unsigned)model->plan.vocab - 1);
	stops = krait__resize(generation->stops, generation->n_stops + 1, sizeof(*stops));
	if (!stops)
		return krait__why_memory(why);
	generation->stops = stops;
	stops[generation->n_stops++] = (krait_token)id;
	return KRAIT_OK;
}

/* A number or a list of them. */
static krait_status add_stops(struct krait_model *model, const json_t *value, const char *what, struct why *why)
{
	krait_status status = KRAIT_OK;
	const json_t *item;
	size_t i;

	if (json_is_integer(value))
		return add_stop(model, json_integer_value(value), what, why);
	if (value && !json_is_null(value) && !json_is_array(value))
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: eos_token_id: a number or a list of numbers is needed", what);
	json_array_foreach(value, i, item) {
		if (!json_is_integer(item))
			return krait__why(why, KRAIT_ERROR_FORMAT, "%s: eos_token_id: a number or a list of numbers is needed", what);
		status = add_stop(model, json_integer_value(item), what, why);
		if (status != KRAIT_OK)
			return status;
	}
	return status;
}

static krait_status stop_at_eos_text(struct krait_model *model, struct why *why)
{
	const char *eos = json_string_value(json_object_get(model->special_tokens, "eos_token"));
	krait_token token;

	if (!model->tokenizer)
		return KRAIT_OK;
	token = krait_tokenizer_find(model->tokenizer, eos ? eos : "<|endoftext|>", strlen(eos ? eos : "<|endoftext|>"));
	return token >= 0 && (uint32_t)token < model->plan.vocab ? add_stop(model, token, "tokenizer_config.json", why) : KRAIT_OK;
}

static krait_status read_generation(struct krait_model *model, const char *folder, const json_t *config, bool hub, struct why *why)
{
	char *text;
	size_t n_text;
	krait_status status = krait__file_text(&text, &n_text, folder, "generation_config.json", TEXT_MOST, true, why);

	if (status == KRAIT_OK && text) {
		model->generation.defaults = krait__json_config(text, n_text, "generation_config.json", why);
		status = model->generation.defaults ? add_stops(model, json_object_get(model->generation.defaults, "eos_token_id"),
			"generation_config.json", why) : why->status;
	}
	krait__free(text);
	if (status == KRAIT_OK && !model->generation.n_stops && hub)
		status = add_stops(model, json_object_get(config, "eos_token_id"), "config.json", why);
	if (status == KRAIT_OK && !model->generation.n_stops)
		status = stop_at_eos_text(model, why);
	return status;
}

krait_status krait__side_files_read(struct krait_model *model, const char *folder, const json_t *config, bool hub,
	const char *tokenizer_path, struct why *why)
{
	size_t n_text, n_ids;
	krait_status status;

	model->special_tokens = json_object();
	if (!model->special_tokens)
		return krait__why_memory(why);
	status = tokenizer_path ? load_tokenizer_at(model, tokenizer_path, why) : load_tokenizer(model, folder, "tokenizer.json", true, why);
	if (status == KRAIT_OK)
		status = krait__file_text(&model->chat_template, &n_text, folder, "chat_template.jinja", TEXT_MOST, true, why);
	if (status == KRAIT_OK)
		status = read_tokenizer_config(model, folder, why);
	if (status == KRAIT_OK)
		status = read_generation(model, folder, config, hub, why);
	n_ids = model->tokenizer ? krait_tokenizer_size(model->tokenizer) : model->plan.vocab;
	model->n_valid = n_ids < model->plan.vocab ? (uint32_t)n_ids : model->plan.vocab;
	return status;
}
