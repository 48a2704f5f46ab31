/* SPDX-License-Identifier: Apache-2.0 */
/* model_info.c - a model described as one JSON object, which `krait info --json` prints. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "api/model_info.h"

#include "base/memory.h"
#include "session/session.h"
#include "session/state.h"

uint64_t krait__model_memory(const struct krait_model *model, size_t n_sessions)
{
	return model->weight_bytes + model->memory.weights + model->memory.scratch +
		n_sessions * (model->memory.slot + krait__session_memory(model));
}

/* Takes over `value`; false: no memory. */
static bool put(json_t *object, const char *key, json_t *value)
{
	return value && json_object_set_new(object, key, value) == 0;
}

static bool put_number(json_t *object, const char *key, uint64_t value)
{
	return put(object, key, json_integer((json_int_t)value));
}

/* Text from a file name may be no UTF-8; then it is shown quoted. */
static bool put_text(json_t *object, const char *key, const char *text)
{
	json_t *value = json_string(text);
	struct quoted quoted;

	return put(object, key, value ? value : json_string(krait__quote(&quoted, text, SIZE_MAX)));
}

/* Those of the first layer that its family has: others are 0, or 1 where there is no choice. */
static bool put_sizes(json_t *object, const struct plan *plan)
{
	const struct part *part = &plan->parts[0];
	bool heads = part->head_dim > 1;

	return put_number(object, "d_inner", part->d_inner) && put_number(object, "d_state", part->d_state) && put_number(object, "d_conv", part->d_conv)
		&& (!part->rank || put_number(object, "dt_rank", part->rank)) && (!heads || put_number(object, "d_ssm", part->d_ssm))
		&& (!heads || put_number(object, "n_heads", part->n_heads)) && (!heads || put_number(object, "head_dim", part->head_dim))
		&& (!heads || put_number(object, "n_groups", part->n_groups));
}

static bool put_generation(json_t *object, const struct krait_model *model)
{
	json_t *stops = json_array();

	for (size_t i = 0; stops && i < model->generation.n_stops; i++)
		if (json_array_append_new(stops, json_integer(model->generation.stops[i])) != 0) {
			json_decref(stops);
			return false;
		}
	return put(object, "stop_tokens", stops)
		&& put(object, "generation", model->generation.defaults ? json_incref(model->generation.defaults) : json_null())
		&& put(object, "special_tokens", model->special_tokens ? json_incref(model->special_tokens) : json_object());
}

static bool put_text_files(json_t *object, const struct krait_model *model)
{
	json_t *tokenizer = model->tokenizer ? json_object() : json_null();

	if (!tokenizer || (model->tokenizer && !put_number(tokenizer, "size", krait_tokenizer_size(model->tokenizer)))) {
		json_decref(tokenizer);
		return false;
	}
	return put(object, "tokenizer", tokenizer)
		&& (model->chat_template ? put_text(object, "chat_template", model->chat_template) : put(object, "chat_template", json_null()));
}

static json_t *describe(const struct krait_model *model)
{
	const struct plan *plan = &model->plan;
	json_t *object = json_object();

	if (object && put_text(object, "family", model->family) && put_number(object, "n_parameters", model->n_parameters)
		&& put_number(object, "vocab_size", plan->vocab) && put_number(object, "d_model", plan->width) && put_number(object, "n_layers", plan->n_layers)
		&& put_sizes(object, plan) && put_text(object, "norm", plan->layer_norm ? "layer" : "rms")
		&& put(object, "tied_head", json_boolean(plan->head == plan->embedding)) && put_text(object, "weights", model->weights)
		&& put_number(object, "weight_bytes", model->weight_bytes) && put_number(object, "memory_bytes", krait__model_memory(model, 1))
		&& put_number(object, "session_bytes", krait__session_memory(model)) && put_number(object, "state_bytes", krait__state_size(model))
		&& put_text_files(object, model) && put_text(object, "fingerprint", model->fingerprint_text) && put_text(object, "device", model->device)
		&& put(object, "engine", model->emodel ? json_string(model->engine->about(model->emodel)) : json_null())
		&& put(object, "inspected", json_boolean(!model->emodel)) && put_generation(object, model)
		&& (model->path ? put_text(object, "path", model->path) : put(object, "path", json_null())) && put_text(object, "note", model->note))
		return object;
	json_decref(object);
	return NULL;
}

krait_status krait__model_describe(struct krait_model *model)
{
	json_t *object = describe(model);
	char *text = object ? json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	json_malloc_t take;
	json_free_t give_back;

	json_decref(object);
	if (!text)
		return krait__why_memory(&model->why);
	/* jansson's block is not ours to keep: its allocator may be another one by the time it is freed. */
	model->info = krait__copy_text(text);
	json_get_alloc_funcs(&take, &give_back);
	give_back(text);
	return model->info ? KRAIT_OK : krait__why_memory(&model->why);
}
