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
#include "model/plan.h"
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

/* ---- parts ----------------------------------------------------------------------------------- */

/* Keys that a kind of block lacks are left out. */
static bool put_mamba(struct buffer *out, const struct part *part)
{
	bool heads = part->kind != PART_MAMBA1, third = part->kind == PART_MAMBA3;

	return put_number(out, "d_inner", part->d_inner) && put_number(out, "d_state", part->d_state)
		&& (third || put_number(out, "d_conv", part->d_conv)) && (heads || put_number(out, "dt_rank",
			part->rank))
		&& (third || !heads || put_number(out, "d_ssm", part->d_ssm)) && (!heads || put_number(out, "n_heads",
			part->n_heads))
		&& (!heads || put_number(out, "head_dim", part->head_dim)) && (!heads || put_number(out, "n_groups",
			part->n_groups))
		&& (!third || put_number(out, "mimo_rank", part->rank)) && (!third || put_number(out, "n_angles",
			part->n_angles));
}

static bool put_part(struct buffer *out, const struct part *part)
{
	switch (part->kind) {
	case PART_MAMBA1:
	case PART_MAMBA2:
	case PART_MAMBA3:
		return put_mamba(out, part);
	case PART_ATTENTION:
		return put_number(out, "n_heads", part->n_heads) && put_number(out, "n_kv_heads", part->n_kv_heads)
			&& put_number(out, "head_dim", part->head_dim) && put_number(out, "n_rotary", part->n_rotary)
			&& (!part->d_conv || put_number(out, "d_conv", part->d_conv));
	case PART_MOE:
		return put_number(out, "d_ff", part->d_ff) && put_number(out, "n_experts", part->n_experts)
			&& put_number(out, "n_used", part->n_used);
	default:
		return put_number(out, "d_ff", part->d_ff);
	}
}

static uint32_t find_part(const struct plan *plan, enum part_kind kind)
{
	uint32_t i = 0;

	while (i < plan->n_parts && plan->parts[i].kind != kind)
		i++;
	return i;
}

/* Of each kind that there is: in how many places, and the sizes of the first. */
static bool put_kinds(struct buffer *out, const struct plan *plan)
{
	bool ok = put_raw(out, "parts", "{");

	for (int kind = 0; ok && kind < N_PART_KINDS; kind++) {
		uint32_t first = find_part(plan, (enum part_kind)kind);
		uint64_t n = 0;

		if (first == plan->n_parts)
			continue;
		for (uint32_t i = first; i < plan->n_parts; i++)
			n += plan->parts[i].kind == (enum part_kind)kind;
		ok = put_raw(out, krait__plan_kind((enum part_kind)kind), "{") && put_number(out, "count", n)
			&& put_part(out, &plan->parts[first]) && krait__buffer_add(out, "}", 1);
	}
	return ok && krait__buffer_add(out, "}", 1);
}

/* Behind the last part of the layer that begins with `first`. */
static uint32_t layer_end(const struct plan *plan, uint32_t first)
{
	uint32_t i = first;

	while (i < plan->n_parts && plan->parts[i].layer == plan->parts[first].layer)
		i++;
	return i;
}

static bool same_layer(const struct plan *plan, uint32_t a, uint32_t b)
{
	uint32_t n = layer_end(plan, a) - a;

	if (layer_end(plan, b) - b != n)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (plan->parts[a + i].kind != plan->parts[b + i].kind)
			return false;
	return true;
}

static bool put_run(struct buffer *out, const struct plan *plan, uint32_t first, uint32_t last)
{
	uint32_t end = layer_end(plan, first);
	bool ok = krait__buffer_print(out, "%s{\"first\":%u,\"last\":%u,\"parts\":[", first ? "," : "",
		(unsigned)plan->parts[first].layer, (unsigned)last);

	for (uint32_t i = first; ok && i < end; i++)
		ok = krait__buffer_print(out, "%s\"%s\"", i > first ? "," : "",
			krait__plan_kind(plan->parts[i].kind));
	return ok && krait__buffer_add(out, "]}", 2);
}

/* Layers of the same parts that follow one another are one entry. */
static bool put_layers(struct buffer *out, const struct plan *plan)
{
	bool ok = put_raw(out, "layers", "[");

	for (uint32_t first = 0, next; ok && first < plan->n_parts; first = next) {
		uint32_t last = plan->parts[first].layer;

		for (next = layer_end(plan, first); next < plan->n_parts && same_layer(plan, first,
			next); next = layer_end(plan, next)) last = plan->parts[next].layer;
		ok = put_run(out, plan, first, last);
	}
	return ok && krait__buffer_add(out, "]", 1);
}

/* The keys of models that have nothing but Mamba; of others, those of their first Mamba part. */
static bool put_sizes(struct buffer *out, const struct plan *plan)
{
	uint32_t i = 0;

	while (i < plan->n_parts && plan->parts[i].kind > PART_MAMBA3)
		i++;
	return (i == plan->n_parts || put_mamba(out, &plan->parts[i])) && put_layers(out, plan) && put_kinds(out, plan);
}

/* Without the experts that a token does not go through. */
static uint64_t active_parameters(const struct krait_model *model)
{
	static const enum role roles[] = { ROLE_GATE, ROLE_UP, ROLE_GATE_UP, ROLE_DOWN };
	uint64_t n = model->n_parameters;

	for (uint32_t i = 0; i < model->plan.n_parts; i++) {
		const struct part *part = &model->plan.parts[i];

		for (size_t k = 0; part->kind == PART_MOE && k < sizeof(roles) / sizeof(*roles); k++) {
			const struct tensor *tensor = krait__part_tensor(&model->plan, part, roles[k]);

			if (tensor)
				n -= (uint64_t)(part->n_experts - part->n_used) * tensor->shape[tensor->rank - 2]
					* tensor->shape[tensor->rank - 1];
		}
	}
	return n;
}

/* ---- the rest -------------------------------------------------------------------------------- */

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
		&& put_number(out, "state_bytes", krait__state_size_at(model, 0))
		&& put_number(out, "state_bytes_per_token", krait__model_token_bytes(model))
		&& put_number(out, "memory_bytes_per_token", model->memory.slot_token);
}

static bool describe(struct buffer *out, const struct krait_model *model)
{
	const struct plan *plan = &model->plan;
	const char *generation = model->generation.defaults ? model->generation.defaults : "null";

	return krait__buffer_add(out, "{", 1) && put_text(out, "family", model->family) && put_number(out, "n_parameters", model->n_parameters)
		&& put_number(out, "n_active_parameters", active_parameters(model))
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
