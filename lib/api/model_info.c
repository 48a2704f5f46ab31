/* SPDX-License-Identifier: Apache-2.0 */
/* model_info.c - a model described as one JSON object, which `krait info --json` prints. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "api/model_info.h"

#include "base/json_tree.h"
#include "base/memory.h"
#include "base/size.h"
#include "base/utf8.h"
#include "session/session.h"
#include "session/state.h"

#include <string.h>

uint64_t krait__model_memory(const struct krait_model *model, size_t n_sessions)
{
	uint64_t sessions, all = model->weight_bytes + model->memory.weights + model->memory.scratch;

	if (!krait__mul_u64(&sessions, n_sessions, model->memory.slot + krait__session_memory(model)) || !krait__add_u64(&all, all, sessions))
		return UINT64_MAX;
	return all;
}

/* Each adds a member behind what is there; false: no memory. */
static bool put_key(struct buffer *out, const char *key)
{
	return (out->data[out->size - 1] == '{' || krait__buffer_add(out, ",", 1)) && krait__json_write_text(out, key, strlen(key))
		&& krait__buffer_add(out, ":", 1);
}

static bool put_raw(struct buffer *out, const char *key, const char *json)
{
	return put_key(out, key) && krait__buffer_add_text(out, json);
}

static bool put_bool(struct buffer *out, const char *key, bool value)
{
	return put_raw(out, key, value ? "true" : "false");
}

static bool put_number(struct buffer *out, const char *key, uint64_t value)
{
	return put_key(out, key) && krait__buffer_print(out, "%llu", (unsigned long long)value);
}

/* Text from a file name may be no UTF-8; then it is shown quoted. NULL is null. */
static bool put_text(struct buffer *out, const char *key, const char *text)
{
	struct quoted quoted;

	if (!text)
		return put_raw(out, key, "null");
	if (!krait__utf8_valid(text, strlen(text)))
		text = krait__quote(&quoted, text, SIZE_MAX);
	return put_key(out, key) && krait__json_write_text(out, text, strlen(text));
}

/* Those of the first layer that its family has: others are 0, or 1 where there is no choice. */
static bool put_sizes(struct buffer *out, const struct plan *plan)
{
	const struct part *part = &plan->parts[0];
	bool heads = part->head_dim > 1;

	return put_number(out, "d_inner", part->d_inner) && put_number(out, "d_state", part->d_state) && put_number(out, "d_conv", part->d_conv)
		&& (!part->rank || put_number(out, "dt_rank", part->rank)) && (!heads || put_number(out, "d_ssm", part->d_ssm))
		&& (!heads || put_number(out, "n_heads", part->n_heads)) && (!heads || put_number(out, "head_dim", part->head_dim))
		&& (!heads || put_number(out, "n_groups", part->n_groups));
}

static bool put_stops(struct buffer *out, const struct generation *generation)
{
	bool ok = put_raw(out, "stop_tokens", "[");

	for (size_t i = 0; ok && i < generation->n_stops; i++)
		ok = krait__buffer_print(out, "%s%d", i ? "," : "", (int)generation->stops[i]);
	return ok && krait__buffer_add(out, "]", 1);
}

static bool put_special(struct buffer *out, const struct krait_model *model)
{
	bool ok = put_raw(out, "special_tokens", "{");

	for (size_t i = 0; ok && i < model->n_special_tokens; i++) {
		const struct special_token *token = &model->special_tokens[i];

		ok = put_key(out, token->name) && krait__json_write_text(out, token->text, token->n_text);
	}
	return ok && krait__buffer_add(out, "}", 1);
}

static bool put_files(struct buffer *out, const struct krait_model *model)
{
	bool ok;

	if (model->tokenizer)
		ok = put_raw(out, "tokenizer", "{") && put_number(out, "size", krait_tokenizer_size(model->tokenizer)) && krait__buffer_add(out, "}", 1);
	else
		ok = put_raw(out, "tokenizer", "null");
	return ok && put_text(out, "chat_template", model->chat_template ? model->chat_template : model->built_in_template);
}

static bool put_memory(struct buffer *out, const struct krait_model *model)
{
	return put_text(out, "weights", model->weights) && put_number(out, "weight_bytes", model->weight_bytes)
		&& put_number(out, "memory_bytes", krait__model_memory(model, 1)) && put_number(out, "session_bytes", krait__session_memory(model))
		&& put_number(out, "state_bytes", krait__state_size(model, 0));
}

static bool describe(struct buffer *out, const struct krait_model *model)
{
	const struct plan *plan = &model->plan;
	const char *generation = model->generation.defaults ? model->generation.defaults : "null";

	return krait__buffer_add(out, "{", 1) && put_text(out, "family", model->family) && put_number(out, "n_parameters", model->n_parameters)
		&& put_number(out, "vocab_size", plan->vocab) && put_number(out, "d_model", plan->width) && put_number(out, "n_layers", plan->n_layers)
		&& put_sizes(out, plan) && put_text(out, "norm", plan->layer_norm ? "layer" : "rms") && put_bool(out, "tied_head", plan->head == plan->embedding)
		&& put_bool(out, "has_head", plan->head != NO_TENSOR)
		&& put_memory(out, model) && put_files(out, model) && put_text(out, "fingerprint", model->fingerprint_text)
		&& put_text(out, "device", model->device) && put_text(out, "engine", model->emodel ? model->engine->about(model->emodel) : NULL)
		&& put_bool(out, "inspected", !model->emodel) && put_stops(out, &model->generation) && put_raw(out, "generation", generation)
		&& put_special(out, model) && put_text(out, "path", model->path) && put_text(out, "note", model->note) && krait__buffer_add(out, "}", 1);
}

krait_status krait__model_describe(struct krait_model *model)
{
	struct buffer out = { 0 };

	if (!describe(&out, model)) {
		krait__buffer_free(&out);
		return krait__why_memory(&model->why);
	}
	model->info = out.data;
	return KRAIT_OK;
}
