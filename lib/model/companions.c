/* SPDX-License-Identifier: Apache-2.0 */
/* companions.c - what lies beside weights: the tokenizer here, the others in files of their own. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/companions.h"

#include "base/memory.h"
#include "model/generation.h"
#include "model/special_tokens.h"
#include "text/tokenizer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TOKENIZER_LIMIT (256u << 20)
#define TOKENIZER_FILE "tokenizer.json"

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
	struct quoted quoted;
	char *text;
	size_t n_text;
	krait_status status = krait__file_text(&text, &n_text, folder, name, TOKENIZER_LIMIT, !asked, why);

	if (status != KRAIT_OK)
		return status;
	if (!text) {
		krait__model_remark(model, "there is no " TOKENIZER_FILE " beside the weights, so text cannot be read or written: KRAIT_OPTION_TOKENIZER can name one");
		return KRAIT_OK;
	}
	krait__quote(&quoted, name, SIZE_MAX);
	status = krait__tokenizer_load(&model->tokenizer, text, n_text, strcmp(name, TOKENIZER_FILE) ? quoted.text : name, why);
	krait__free(text);
	if (status == KRAIT_OK && krait__tokenizer_note(model->tokenizer)[0])
		krait__model_remark(model, "%s", krait__tokenizer_note(model->tokenizer));
	if (status == KRAIT_OK)
		return KRAIT_OK;
	krait__tokenizer_drop(model->tokenizer);
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

/* ---- what follows from several files ------------------------------------------------ */

/* The original checkpoints come without any of these files: their tokenizer ends texts as GPT-NeoX does. */
static krait_status stop_at_text(struct krait_model *model, struct why *why)
{
	const struct special_token *eos = krait__special_find(model, "eos_token");
	const char *text = eos ? eos->text : "<|endoftext|>";
	krait_token id = krait__tokenizer_find(model->tokenizer, text, eos ? eos->n_text : strlen(text));

	return id >= 0 ? krait__generation_stop(model, id, "tokenizer_config.json", why) : KRAIT_OK;
}

/* Gives a special token the text that its id has, unless it has one. */
static krait_status name_by_id(struct krait_model *model, const char *name, int64_t id, struct why *why)
{
	const char *text;
	size_t n;

	if (krait__special_find(model, name) || id < 0 || id >= (int64_t)krait__tokenizer_size(model->tokenizer))
		return KRAIT_OK;
	text = krait__tokenizer_bytes(model->tokenizer, (krait_token)id, &n);
	return n ? krait__special_set(model, name, text, n, why) : KRAIT_OK;
}

/* Without a tokenizer_config.json, ids tell what templates call by name. */
static krait_status name_specials(struct krait_model *model, const struct json_value *config, struct why *why)
{
	static const char *const names[][2] = {
		{ "bos_token", "bos_token_id" }, { "eos_token", "eos_token_id" }, { "pad_token", "pad_token_id" }, { "unk_token", "unk_token_id" },
	};
	krait_status status = KRAIT_OK;

	for (size_t i = 0; status == KRAIT_OK && i < sizeof(names) / sizeof(*names); i++) {
		const struct json_value *id = krait__json_get(config, names[i][1]);

		if (krait__json_is(id, JSON_VALUE_INTEGER))
			status = name_by_id(model, names[i][0], krait__json_integer(id), why);
	}
	if (status == KRAIT_OK && model->generation.n_stops)
		status = name_by_id(model, "eos_token", model->generation.stops[0], why);
	return status;
}

/* Rows of padding have ids that the tokenizer lacks; those are never sampled. */
static void count_valid(struct krait_model *model)
{
	size_t size = model->tokenizer ? krait__tokenizer_size(model->tokenizer) : model->plan.vocab;

	model->n_valid = size < model->plan.vocab ? (uint32_t)size : model->plan.vocab;
}

krait_status krait__companions_load(struct krait_model *model, const char *folder, const char *tokenizer, const struct json_value *config,
	struct why *why)
{
	char *texts = NULL;
	bool configured = false;
	krait_status status = find_tokenizer(model, &texts, folder, tokenizer, why);
	struct companion_folders folders = { texts, folder };

	if (status == KRAIT_OK)
		status = krait__texts_load(model, &folders, &configured, why);
	if (status == KRAIT_OK)
		status = krait__generation_load(model, folder, config, why);
	if (status == KRAIT_OK && !model->generation.n_stops && model->tokenizer)
		status = stop_at_text(model, why);
	if (status == KRAIT_OK && !configured && model->tokenizer)
		status = name_specials(model, config, why);
	krait__free(texts);
	count_valid(model);
	return status;
}
