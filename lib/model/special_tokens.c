/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/special_tokens.h"

#include "base/memory.h"
#include "model/companions.h"

#include <string.h>

#define TOKENIZER_CONFIG "tokenizer_config.json"
#define TEMPLATE_KEY "chat_template"

/* ---- special tokens ----------------------------------------------------------------- */

const struct special_token *krait__special_find(const struct krait_model *model, const char *name)
{
	for (size_t i = 0; i < model->n_special_tokens; i++)
		if (strcmp(model->special_tokens[i].name, name) == 0)
			return &model->special_tokens[i];
	return NULL;
}

krait_status krait__special_set(struct krait_model *model, const char *name, const char *text, size_t n_text, struct why *why)
{
	struct special_token token = { krait__copy_text(name), krait__copy_bytes(text, n_text), n_text }, *list = model->special_tokens, *old;

	if (!token.name || !token.text)
		goto no_memory;
	old = (struct special_token *)(uintptr_t)krait__special_find(model, name);
	if (!old) {
		list = krait__resize(list, model->n_special_tokens + 1, sizeof(*list));
		if (!list)
			goto no_memory;
		model->special_tokens = list;
		old = &list[model->n_special_tokens++];
		*old = (struct special_token){ 0 };
	}
	krait__free(old->name);
	krait__free(old->text);
	*old = token;
	return KRAIT_OK;

no_memory:
	krait__free(token.name);
	krait__free(token.text);
	return krait__why_memory(why);
}

void krait__specials_free(struct krait_model *model)
{
	for (size_t i = 0; i < model->n_special_tokens; i++) {
		krait__free(model->special_tokens[i].name);
		krait__free(model->special_tokens[i].text);
	}
	krait__free(model->special_tokens);
	model->special_tokens = NULL;
	model->n_special_tokens = 0;
}

static bool names_token(const char *name, size_t n_name)
{
	return n_name > 6 && strlen(name) == n_name && strcmp(name + n_name - 6, "_token") == 0;
}

/* A special token is "x", or {"content": "x"}; anything else under such a name is none. */
static krait_status take_all(struct krait_model *model, const struct json_value *object, struct why *why)
{
	krait_status status = KRAIT_OK;

	for (size_t i = 0; status == KRAIT_OK && i < krait__json_size(object); i++) {
		const struct json_value *value = krait__json_member(object, i);
		size_t n_name;
		const char *name = krait__json_key(object, i, &n_name);

		if (krait__json_is(value, JSON_VALUE_OBJECT))
			value = krait__json_get(value, "content");
		if (name && names_token(name, n_name) && krait__json_is(value, JSON_VALUE_STRING))
			status = krait__special_set(model, name, krait__json_string(value), krait__json_string_size(value), why);
	}
	return status;
}

/* As transformers merges them: a tokenizer_config.json that lists its added tokens tells all itself, an older one is
 * overruled by special_tokens_map.json. Tokens of the model's own kind ("image_token") are named in extra_special_tokens. */
static krait_status take_special(struct krait_model *model, const struct json_value *config, const struct companion_folders *folders, struct why *why)
{
	struct json_value *map = NULL;
	krait_status status = take_all(model, config, why);

	if (status == KRAIT_OK)
		status = take_all(model, krait__json_get(config, "extra_special_tokens"), why);
	if (status == KRAIT_OK && !krait__json_get(config, "added_tokens_decoder"))
		status = krait__companion_object(model, &map, folders, "special_tokens_map.json", why);
	if (status == KRAIT_OK)
		status = take_all(model, map, why);
	krait__json_free(map);
	return status;
}

/* ---- the chat template -------------------------------------------------------------- */

/* A template is a text, or one of several: [{"name": "default", "template": "..."}, ...], or by name. Of several
 * the default one counts, else the first. */
static const struct json_value *choose_template(const struct json_value *value)
{
	const struct json_value *first = NULL, *text;

	if (krait__json_is(value, JSON_VALUE_STRING))
		return value;
	for (size_t i = 0; i < krait__json_size(value); i++) {
		const struct json_value *entry = krait__json_at(value, i);
		const char *name = entry ? krait__json_string(krait__json_get(entry, "name")) : krait__json_key(value, i, NULL);

		text = entry ? krait__json_get(entry, "template") : krait__json_member(value, i);
		if (!krait__json_is(text, JSON_VALUE_STRING))
			continue;
		if (name && strcmp(name, "default") == 0)
			return text;
		first = first ? first : text;
	}
	return first;
}

static krait_status copy_template(struct krait_model *model, const struct json_value *file, const char *what, struct why *why)
{
	const struct json_value *value = krait__json_get(file, TEMPLATE_KEY), *text = choose_template(value);

	if (!text) {
		if (!krait__json_is_null(value) && (krait__json_size(value) || !krait__json_is(value, JSON_VALUE_ARRAY)))
			krait__model_remark(model, "%s: field '" TEMPLATE_KEY "' is neither a text nor a list of named texts, and is passed over", what);
		return KRAIT_OK;
	}
	if (strlen(krait__json_string(text)) != krait__json_string_size(text)) {
		krait__model_remark(model, "%s: field '" TEMPLATE_KEY "' holds U+0000 and is passed over", what);
		return KRAIT_OK;
	}
	model->chat_template = krait__copy_text(krait__json_string(text));
	return model->chat_template ? KRAIT_OK : krait__why_memory(why);
}

/* Processors of several kinds of input keep their template in a file of its own. */
static krait_status template_file(struct krait_model *model, const struct companion_folders *folders, struct why *why)
{
	struct json_value *file;
	krait_status status = krait__companion_object(model, &file, folders, "chat_template.json", why);

	if (status == KRAIT_OK && file)
		status = copy_template(model, file, "chat_template.json", why);
	krait__json_free(file);
	return status;
}

/* A folder of templates by name; only the default one is one that nobody has to ask for. */
static krait_status template_folder(struct krait_model *model, const struct companion_folders *folders, const char *name, struct why *why)
{
	char *first = krait__file_join(folders->first, name), *second = krait__file_join(folders->second, name);
	struct companion_folders inner = { first, second };
	size_t n;
	krait_status status = first && second ? krait__companion_text(model, &model->chat_template, &n, &inner, "default.jinja", why)
		: krait__why_memory(why);

	krait__free(first);
	krait__free(second);
	return status;
}

static krait_status take_template(struct krait_model *model, const struct json_value *config, const struct companion_folders *folders, struct why *why)
{
	size_t n;
	krait_status status = krait__companion_text(model, &model->chat_template, &n, folders, "chat_template.jinja", why);

	if (status == KRAIT_OK && !model->chat_template)
		status = copy_template(model, config, TOKENIZER_CONFIG, why);
	if (status == KRAIT_OK && !model->chat_template)
		status = template_file(model, folders, why);
	if (status == KRAIT_OK && !model->chat_template)
		status = template_folder(model, folders, "additional_chat_templates", why);
	if (status == KRAIT_OK && !model->chat_template)
		status = template_folder(model, folders, "chat_templates", why);
	return status;
}

krait_status krait__texts_load(struct krait_model *model, const struct companion_folders *folders, bool *configured, struct why *why)
{
	struct json_value *config;
	krait_status status = krait__companion_object(model, &config, folders, TOKENIZER_CONFIG, why);

	*configured = config != NULL;
	if (status == KRAIT_OK)
		status = take_special(model, config, folders, why);
	if (status == KRAIT_OK)
		status = take_template(model, config, folders, why);
	krait__json_free(config);
	return status;
}
