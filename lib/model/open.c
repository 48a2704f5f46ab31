/* SPDX-License-Identifier: Apache-2.0 */
/* open.c - opening a model, step by step. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/open.h"

#include "base/foreign.h"
#include "base/memory.h"
#include "model/companions.h"
#include "model/engines.h"
#include "source/foreign_folder.h"
#include "model/generation.h"
#include "model/installed.h"
#include "model/published.h"
#include "model/special_tokens.h"
#include "model/weights.h"
#include "source/weights_list.h"
#include "text/tokenizer.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CONFIG_LIMIT (16u << 20)

const struct krait_options krait__options_default = { .map = true };

bool krait__model_forked(const struct krait_model *model)
{
	return model->pid != getpid();
}

krait_status krait__model_need_head(const struct krait_model *model, struct why *why)
{
	if (model->plan.head != NO_TENSOR)
		return KRAIT_OK;
	return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "this model has no head: it gives hidden vectors, not logits");
}

size_t krait__model_token_bytes(const struct krait_model *model)
{
	size_t count = 0;

	for (uint32_t i = 0; i < model->plan.n_components; i++)
		if (model->plan.components[i].per_token)
			count += krait__extent(&model->plan.components[i], 1);
	return count * sizeof(float);
}

void krait__model_clear(struct krait_model *model)
{
	if (model->emodel)
		model->engine->close(model->emodel);
	model->emodel = NULL;
	krait__plan_free(&model->plan);
	for (size_t i = 0; i < model->n_owned; i++)
		krait__free(model->owned[i]);
	krait__free(model->owned);
	model->owned = NULL;
	model->n_owned = 0;
	krait__checkpoint_close(&model->checkpoint);
	krait__tokenizer_drop(model->tokenizer);
	model->tokenizer = NULL;
	krait__generation_free(&model->generation);
	krait__free(model->chat_template);
	krait__specials_free(model);
	krait__free(model->path);
	krait__free(model->info);
	model->chat_template = model->path = model->info = NULL;
}

struct krait_model *krait__model_new(const struct krait_options *options)
{
	struct krait_model *model = krait__alloc_zero(1, sizeof(*model));

	if (!model)
		return NULL;
	if (!options)
		options = &krait__options_default;
	atomic_init(&model->references, 1);
	model->pid = getpid();
	model->progress = options->progress;
	model->progress_user = options->progress_user;
	model->log = options->log;
	model->log_user = options->log_user;
	return model;
}

struct krait_model *krait__model_ref(struct krait_model *model)
{
	atomic_fetch_add(&model->references, 1);
	return model;
}

void krait__model_free(struct krait_model *model)
{
	if (!model || atomic_fetch_sub(&model->references, 1) != 1)
		return;
	krait__model_clear(model);
	krait__free(model);
}

/* ---- the engine --------------------------------------------------------------------- */

/* Weights of these types are made by the engine, from the plan's. */
static enum weight_form form_wanted(const struct krait_options *options)
{
	if (!options->weights || strncmp(options->weights, "int", 3) != 0)
		return WEIGHTS_AS_THEY_ARE;
	return strcmp(options->weights, "int4") ? WEIGHTS_INT8 : WEIGHTS_INT4;
}

krait_status krait__model_choose_engine(struct krait_model *model, const struct krait_options *options, struct why *why)
{
	struct engine_choice choice;
	krait_status status = krait__engine_choose(&choice, options->device, why);

	if (status != KRAIT_OK)
		return status;
	model->engine = choice.engine;
	model->device_index = choice.device;
	snprintf(model->device, sizeof(model->device), "%s", choice.name);
	if (choice.note[0])
		krait__model_remark(model, "%s", choice.note);
	if (!choice.engine->quantises && form_wanted(options) != WEIGHTS_AS_THEY_ARE)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "weights of type '%s' run on CUDA devices only, and this is the %s: "
			"use 'asis', 'f32', 'bf16' or 'f16'%s%s", options->weights, choice.name, choice.note[0] ? "; " : "", choice.note);
	return KRAIT_OK;
}

static void configure_engine(struct engine_config *out, const struct krait_model *model, const struct krait_options *options)
{
	memset(out, 0, sizeof(*out));
	out->threads = (uint32_t)options->threads;
	out->device = model->device_index;
	out->weights = form_wanted(options);
	if (options->precision)
		out->precision = strcmp(options->precision, "fast") ? PRECISION_EXACT : PRECISION_FAST;
	snprintf(out->instructions, sizeof(out->instructions), "%s", options->instructions ? options->instructions : "auto");
}

/* What a device holds is what counts there. */
static void settle_weights(struct krait_model *model, const struct krait_options *options)
{
	if (form_wanted(options) != WEIGHTS_AS_THEY_ARE)
		snprintf(model->weights, sizeof(model->weights), "%s", options->weights);
	if (model->memory.elsewhere) {
		model->weight_bytes = model->memory.weights;
		model->memory.weights = 0;
	}
}

/* Text of a token that an engine draws is made after it was read. */
static size_t longest_token(const krait_tokenizer *tokenizer)
{
	size_t longest = 0, n = krait__tokenizer_size(tokenizer);

	for (size_t i = 0; i < n; i++) {
		size_t n_bytes = 0;

		krait__tokenizer_bytes(tokenizer, (krait_token)i, &n_bytes);
		if (n_bytes > longest)
			longest = n_bytes;
	}
	return longest;
}

static void say(const struct krait_model *model, int level, const char *text)
{
	if (model->log)
		model->log(model->log_user, level, text);
}

krait_status krait__model_finish(struct krait_model *model, const struct krait_options *options, const char *path, struct why *why)
{
	struct engine_config config;
	krait_status status;
	char line[128];

	configure_engine(&config, model, options);
	if (model->tokenizer && model->engine->generate)
		model->longest_token = longest_token(model->tokenizer);
	status = model->engine->estimate(&model->plan, &config, &model->memory, why);
	if (status == KRAIT_OK)
		settle_weights(model, options);
	if (status == KRAIT_OK && !options->inspect)
		status = model->engine->open(&model->emodel, &model->plan, &config, why);
	if (status == KRAIT_OK && path && !(model->path = krait__copy_text(path)))
		status = krait__why_memory(why);
	if (status != KRAIT_OK)
		return status;
	snprintf(line, sizeof(line), "opened a %s model of %llu parameters on %s (%s)", model->family, (unsigned long long)model->n_parameters,
		model->device, model->emodel ? model->engine->about(model->emodel) : "sizes only");
	say(model, KRAIT_LOG_INFO, line);
	if (model->note[0])
		say(model, KRAIT_LOG_WARNING, model->note);
	return KRAIT_OK;
}

/* ---- the checkpoint ----------------------------------------------------------------- */

static krait_status weights_wanted(enum dtype *out, const struct krait_options *options, struct why *why)
{
	static const enum dtype types[] = { DTYPE_F32, DTYPE_F16, DTYPE_BF16 };
	struct quoted quoted;

	*out = DTYPE_OTHER;
	if (!options->weights || !strcmp(options->weights, "asis") || form_wanted(options) != WEIGHTS_AS_THEY_ARE)
		return KRAIT_OK;
	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(options->weights, krait__dtype_name(types[i])))
			*out = types[i];
	if (*out != DTYPE_OTHER)
		return KRAIT_OK;
	return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "weights of type %s cannot be made by this build: 'asis', 'f32', 'bf16' and 'f16' can",
		krait__quote(&quoted, options->weights, SIZE_MAX));
}

/* A folder is its own; a weight file belongs to the folder that it lies in. */
static krait_status folder_for(char **out, const char *path, struct why *why)
{
	struct stat about;
	struct quoted quoted;

	if (krait__files.stat_path(path, &about) != 0)
		return krait__why(why, KRAIT_ERROR_IO, "%s cannot be looked at", krait__quote(&quoted, path, SIZE_MAX));
	*out = S_ISDIR(about.st_mode) ? krait__copy_text(path) : krait__folder_of(path);
	return *out ? KRAIT_OK : krait__why_memory(why);
}

static krait_status no_config(const char *folder, struct why *why)
{
	struct quoted quoted;

	if (krait__folder_foreign(folder, why) != KRAIT_OK)
		return why->status;
	return krait__why(why, KRAIT_ERROR_NOT_FOUND, "folder %s has no " CONFIG_FILE ": a checkpoint is a folder with " CONFIG_FILE " and weights "
		"(model.safetensors or pytorch_model.bin)", krait__quote(&quoted, folder, SIZE_MAX));
}

/* A weight file that is something else is named before anything is missed beside it. */
static krait_status refuse_foreign(const char *path, struct why *why)
{
	struct file_view view;
	struct quoted quoted;
	const char *foreign;
	krait_status status = krait__file_view(&view, path, true, 0, why);

	if (status != KRAIT_OK)
		return status;
	foreign = krait__foreign(view.data, view.size);
	krait__file_close(&view);
	return foreign ? krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: %s", krait__quote(&quoted, path, SIZE_MAX), foreign) : KRAIT_OK;
}

static bool is_json(const char *path)
{
	size_t n = strlen(path);

	return n > 5 && strcmp(path + n - 5, ".json") == 0;
}

static krait_status read_config(struct model_config *out, struct json_value **json, const char *folder, struct why *why)
{
	char *text;
	size_t n_text;
	bool native;
	krait_status status = krait__file_text(&text, &n_text, folder, CONFIG_FILE, CONFIG_LIMIT, true, why);

	native = status == KRAIT_OK && !text;
	if (native)
		status = krait__file_text(&text, &n_text, folder, NATIVE_CONFIG_FILE, CONFIG_LIMIT, true, why);
	if (status != KRAIT_OK)
		return status;
	if (!text)
		return no_config(folder, why);
	status = krait__config_read(out, json, text, n_text, why);
	krait__free(text);
	/* What is wrong with it is that it is another program's. */
	return native && status == KRAIT_ERROR_UNSUPPORTED ? krait__folder_foreign(folder, why) : status;
}

/* Whether a head that is in the file is the embedding once more. Files say so in three ways:
 * the same storage, equal values, or no head at all. */
static void settle_head(struct krait_model *model, const struct binding *bindings, const struct model_config *config, bool sampled)
{
	struct plan *plan = &model->plan;

	if (plan->head == plan->embedding || plan->head == NO_TENSOR)
		return;
	if (krait__weight_equal(bindings[plan->head].weight, bindings[plan->embedding].weight, sampled))
		krait__plan_tie(plan);
	else if (config->tied == 1)
		krait__model_remark(model, CONFIG_FILE " says that head and embedding are one, but '%s' differs: used "
			"as stored", config->family->names->head);
}

/* Tensors that the family does without. */
static void remark_aside(struct krait_model *model, const struct family *family)
{
	for (const char *const *prefix = family->left_aside; prefix && *prefix; prefix++) {
		size_t n = 0;

		for (size_t i = 0; i < model->checkpoint.n_weights; i++)
			n += strncmp(model->checkpoint.weights[i].name, *prefix, strlen(*prefix)) == 0;
		if (n)
			krait__model_remark(model, "%zu tensors '%s*' are not used: plain generation does without", n,
				*prefix);
	}
}

static krait_status load_weights(struct krait_model *model, const struct model_config *config, const char *path, enum dtype target,
	const struct krait_options *options, struct why *why)
{
	const struct family_names *names = config->family->names;
	struct binding *bindings;
	bool map = options->map || options->inspect;    /* headers alone need not be read with all that follows them */
	krait_status status = krait__checkpoint_open(&model->checkpoint, path, map, why);

	if (status != KRAIT_OK)
		return status;
	if (config->original)
		/* Mistral's */
		status = krait__weights_strip(&model->checkpoint, "model.", "model.backbone.embedding.weight", why);
	else
		status = krait__weights_prefix(&model->checkpoint, names->base, names->sign, why);
	if (status == KRAIT_OK)
		status = krait__plan_build(&model->plan, &bindings, config, &model->checkpoint, why);
	if (status != KRAIT_OK)
		return status;
	snprintf(model->family, sizeof(model->family), "%s", config->name);
	settle_head(model, bindings, config, options->inspect);
	remark_aside(model, config->family);
	status = krait__fingerprint(model, bindings, why);
	if (status == KRAIT_OK)
		status = krait__weights_bind(model, bindings, target, map, options->inspect, why);
	if (status == KRAIT_OK)
		status = krait__weights_check_routers(&model->plan, why);
	krait__free(bindings);
	return status;
}

/* `published`: what is known of the model by its name, or NULL. */
static krait_status load_companions(struct krait_model *model, const char *folder, const struct krait_options *options, const struct json_value *config,
	const struct published *published, struct why *why)
{
	char *tokenizer;
	krait_status status = krait__installed_tokenizer(&tokenizer, options->tokenizer, folder, published, why);

	if (status == KRAIT_OK)
		status = krait__companions_load(model, folder, tokenizer, config, why);
	if (status == KRAIT_OK && published && published->tokenizer && !model->tokenizer)
		krait__model_remark(model, "its tokenizer is that of %s, which 'krait pull %s' gets", published->tokenizer, published->tokenizer);
	if (status == KRAIT_OK && published && !model->chat_template)
		model->built_in_template = published->chat_template;
	krait__free(tokenizer);
	return status;
}

static krait_status open_path(struct krait_model *model, const char *path, const struct krait_options *options, const struct published *published,
	struct why *why)
{
	struct model_config config;
	enum dtype target;
	char *folder = NULL;
	struct json_value *json = NULL;
	krait_status status = weights_wanted(&target, options, why);

	if (status == KRAIT_OK)
		status = folder_for(&folder, path, why);
	if (status == KRAIT_OK && is_json(path))
		path = folder;          /* config.json, tokenizer.json, an index: what is meant is the folder */
	else if (status == KRAIT_OK && strcmp(path, folder))
		status = refuse_foreign(path, why);
	if (status == KRAIT_OK)
		status = read_config(&config, &json, folder, why);
	if (status == KRAIT_OK)
		status = load_weights(model, &config, path, target, options, why);
	/* mamba_ssm's configurations know nothing of tokens. */
	if (status == KRAIT_OK)
		status = load_companions(model, folder, options, config.original ? NULL : json, published, why);
	if (status == KRAIT_OK)
		status = krait__model_finish(model, options, path, why);
	krait__json_free(json);
	krait__free(folder);
	return status;
}

krait_status krait__model_load(struct krait_model *model, const char *path, const struct krait_options *options)
{
	struct why *why = &model->why;
	char *found = NULL;
	krait_status status;

	if (!options)
		options = &krait__options_default;
	status = krait__model_choose_engine(model, options, why);
	if (status == KRAIT_OK)
		status = krait__installed_find(&found, path, why);
	if (status == KRAIT_OK)
		status = open_path(model, found, options, krait__installed_published(path, found), why);
	krait__free(found);
	if (status != KRAIT_OK)
		krait__model_clear(model);
	return status;
}
