/* SPDX-License-Identifier: Apache-2.0 */
/* layers.c - finding tensors by name. Each size is what most shapes say, so that one
 * misshapen tensor is the one that an error names. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/layers.h"

#include "base/memory.h"
#include "model/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHAPE_TEXT 160

void krait__layer_name(char out[LAYER_NAME_MAX], uint32_t layer, const char *name)
{
	snprintf(out, LAYER_NAME_MAX, LAYER_PREFIX "%u.%s", (unsigned)layer, name);
}

/* ---- names -------------------------------------------------------------------------- */

/* The layer that a tensor's name puts it in; false for a name outside the layers. */
static bool layer_of(uint32_t *out, const char *name)
{
	char *end;
	unsigned long layer;

	if (strncmp(name, LAYER_PREFIX, strlen(LAYER_PREFIX)))
		return false;
	name += strlen(LAYER_PREFIX);
	if (*name < '0' || *name > '9')
		return false;
	layer = strtoul(name, &end, 10);
	*out = (uint32_t)layer;
	return *end == '.' && layer < UINT32_MAX;
}

/* How many layers there are: what the configuration says, or what the names say. */
static krait_status count_layers(uint32_t *out, const struct model_config *config, const struct checkpoint *checkpoint, struct why *why)
{
	uint32_t found = 0, layer;

	for (size_t i = 0; i < checkpoint->n_weights; i++)
		if (layer_of(&layer, checkpoint->weights[i].name) && layer >= found)
			found = layer + 1;
	if (found == 0)
		return krait__why(why, KRAIT_ERROR_FORMAT, "the weights have no tensor '" LAYER_PREFIX "0.norm.weight': they are not those of a Mamba language model, "
			"or only a part of them is there");
	*out = config->n_layers ? config->n_layers : found;
	/* Each layer has tensors of its own, so more layers than tensors are missing some. */
	if (*out > checkpoint->n_weights)
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE " or a name of a tensor says that there are %u layers, but the weights hold %zu tensors only: "
			"tensors are missing", (unsigned)*out, checkpoint->n_weights);
	return KRAIT_OK;
}

static const char *want_reason(const struct layers *layers, const struct tensor_rule *rule)
{
	bool original = layers->config->original;

	switch (rule->need) {
	case NEED_NORM_BIAS:
		return " (LayerNorm: rms_norm is false, or other layers have it)";
	case NEED_BIAS:
		return original ? " (ssm_cfg.bias is true, or other layers have it)" : " (use_bias is true, or other layers have it)";
	case NEED_CONV_BIAS:
		return original ? " (ssm_cfg.conv_bias is not false)" : " (use_conv_bias is not false)";
	case NEED_GATE_NORM:
		return original ? " (ssm_cfg.rmsnorm is not false)" : "";
	default:
		return "";
	}
}

static krait_status missing(const struct layers *layers, const struct tensor_rule *rule, const char *name, struct why *why)
{
	return krait__why(why, KRAIT_ERROR_FORMAT, "tensor '%s' is missing from the weights%s; a %s model of %u layers (" CONFIG_FILE ") needs it: "
		"get the complete checkpoint", name, want_reason(layers, rule), layers->family->name, (unsigned)layers->n_layers);
}

static krait_status bad_type(const struct weight *weight, struct why *why)
{
	struct quoted quoted;

	return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "tensor %s is of type %s: f32, f16 or bf16 is needed",
		krait__quote(&quoted, weight->name, SIZE_MAX), krait__dtype_name(weight->type));
}

/* One tensor by name, ticked off in `used`. */
static const struct weight *take(const struct checkpoint *checkpoint, unsigned char *used, const char *name)
{
	const struct weight *weight = krait__checkpoint_find(checkpoint, name);

	if (weight)
		used[weight - checkpoint->weights] = 1;
	return weight;
}

/* Whether the needs that the configuration leaves open are there: what the first layer has. */
static void settle(enum want *want, const struct layers *layers, const struct checkpoint *checkpoint)
{
	const struct family *family = layers->family;
	char name[LAYER_NAME_MAX];

	memcpy(want, layers->config->want, sizeof(layers->config->want));
	for (size_t i = 0; i < family->n_tensors; i++) {
		enum need need = family->tensors[i].need;

		krait__layer_name(name, 0, family->tensors[i].name);
		if (layers->config->want[need] == WANT_MAYBE && krait__checkpoint_find(checkpoint, name))
			want[need] = WANT_YES;
	}
}

static krait_status find_globals(struct layers *layers, const enum want *want, const struct checkpoint *checkpoint, unsigned char *used, struct why *why)
{
	layers->embedding = take(checkpoint, used, krait__rule_embedding.name);
	if (!layers->embedding)
		layers->embedding = take(checkpoint, used, "backbone.embeddings.weight");       /* transformers */
	if (!layers->embedding)
		return missing(layers, &krait__rule_embedding, layers->config->original ? krait__rule_embedding.name : "backbone.embeddings.weight", why);
	layers->norm = take(checkpoint, used, krait__rule_norm.name);
	if (!layers->norm)
		return missing(layers, &krait__rule_norm, krait__rule_norm.name, why);
	if (want[NEED_NORM_BIAS] == WANT_YES) {
		layers->norm_bias = take(checkpoint, used, krait__rule_norm_bias.name);
		if (!layers->norm_bias)
			return missing(layers, &krait__rule_norm_bias, krait__rule_norm_bias.name, why);
	}
	layers->head = take(checkpoint, used, krait__rule_head.name);
	if (!layers->head && layers->config->tied == 0)
		return krait__why(why, KRAIT_ERROR_FORMAT, "tensor '%s' is missing from the weights, and " CONFIG_FILE " says that it is not the embedding (%s is false): "
			"get the complete checkpoint", krait__rule_head.name, layers->config->original ? "tie_embeddings" : "tie_word_embeddings");
	return KRAIT_OK;
}

static krait_status find_in_layers(struct layers *layers, const enum want *want, const struct checkpoint *checkpoint, unsigned char *used, struct why *why)
{
	const struct family *family = layers->family;
	const struct weight **slot = layers->weights;

	for (uint32_t layer = 0; layer < layers->n_layers; layer++)
		for (size_t i = 0; i < family->n_tensors; i++, slot++) {
			const struct tensor_rule *rule = &family->tensors[i];
			char name[LAYER_NAME_MAX];

			*slot = NULL;
			if (want[rule->need] != WANT_YES)
				continue;
			krait__layer_name(name, layer, rule->name);
			*slot = take(checkpoint, used, name);
			if (!*slot)
				return missing(layers, rule, name, why);
		}
	return KRAIT_OK;
}

static krait_status refuse_extra(const struct layers *layers, const struct checkpoint *checkpoint, const unsigned char *used, struct why *why)
{
	struct quoted quoted;
	uint32_t layer;

	for (size_t i = 0; i < checkpoint->n_weights; i++) {
		const struct weight *weight = &checkpoint->weights[i];

		if (used[i])
			continue;
		krait__quote(&quoted, weight->name, SIZE_MAX);
		if (layer_of(&layer, weight->name) && layer >= layers->n_layers)
			return krait__why(why, KRAIT_ERROR_FORMAT, "tensor %s is one too many: " CONFIG_FILE " says that there are %u layers; "
				"configuration and weights do not belong together", quoted.text, (unsigned)layers->n_layers);
		return krait__why(why, KRAIT_ERROR_FORMAT, "tensor %s is one too many: a %s model as " CONFIG_FILE " describes it has none of that name; "
			"running without it would give another model", quoted.text, layers->family->name);
	}
	return KRAIT_OK;
}

/* ---- sizes -------------------------------------------------------------------------- */

/* Majority vote in one pass (Boyer and Moore): a value that more than half of the shapes
 * have always wins. */
struct vote {
	uint64_t value[N_DIMS];
	uint32_t lead[N_DIMS];
};

static void count_vote(struct vote *vote, const struct tensor_rule *rule, const struct weight *weight)
{
	for (size_t axis = 0; axis < rule->rank; axis++) {
		size_t size = rule->size[axis];

		if (vote->value[size] == weight->shape[axis]) {
			vote->lead[size]++;
		} else if (vote->lead[size] > 0) {
			vote->lead[size]--;
		} else {
			vote->value[size] = weight->shape[axis];
			vote->lead[size] = 1;
		}
	}
}

static const char *size_name(const struct layers *layers, size_t size)
{
	if (size == DIM_WIDTH)
		return "d_model";
	return size == DIM_VOCAB ? "vocab_size" : layers->family->size_names[size - DIM_OWN];
}

static void print_wanted(char *out, const struct layers *layers, const struct tensor_rule *rule)
{
	size_t at = 0;

	for (size_t axis = 0; axis < rule->rank && at < SHAPE_TEXT; axis++) {
		const char *comma = axis ? ", " : "";
		size_t size = rule->size[axis];

		if (size == DIM_ONE)
			at += (size_t)snprintf(out + at, SHAPE_TEXT - at, "%s1", comma);
		else if (layers->size[size])
			at += (size_t)snprintf(out + at, SHAPE_TEXT - at, "%s%s = %llu", comma, size_name(layers, size), (unsigned long long)layers->size[size]);
		else
			at += (size_t)snprintf(out + at, SHAPE_TEXT - at, "%s%s", comma, size_name(layers, size));
	}
}

static void print_shape(char *out, const struct weight *weight)
{
	size_t at = 0;

	out[0] = 0;
	for (uint32_t axis = 0; axis < weight->rank && at < SHAPE_TEXT; axis++)
		at += (size_t)snprintf(out + at, SHAPE_TEXT - at, "%s%llu", axis ? ", " : "", (unsigned long long)weight->shape[axis]);
}

static krait_status misshapen(const struct layers *layers, const struct tensor_rule *rule, const struct weight *weight, struct why *why)
{
	char has[SHAPE_TEXT], wants[SHAPE_TEXT];
	struct quoted quoted;

	print_shape(has, weight);
	print_wanted(wants, layers, rule);
	return krait__why(why, KRAIT_ERROR_FORMAT, "tensor %s has the shape [%s], but [%s] is needed to fit the other tensors: "
		"the weights are damaged or not those of this " CONFIG_FILE, krait__quote(&quoted, weight->name, SIZE_MAX), has, wants);
}

/* Walks all tensors with their rules. */
typedef krait_status (*visit_fn)(struct layers *layers, const struct tensor_rule *rule, const struct weight *weight, struct vote *vote, struct why *why);

static krait_status visit(struct layers *layers, visit_fn fn, struct vote *vote, struct why *why)
{
	const struct { const struct tensor_rule *rule; const struct weight *weight; } globals[] = {
		{ &krait__rule_embedding, layers->embedding }, { &krait__rule_norm, layers->norm },
		{ &krait__rule_norm_bias, layers->norm_bias }, { &krait__rule_head, layers->head },
	};
	size_t n = layers->n_layers * layers->family->n_tensors;
	krait_status status = KRAIT_OK;

	for (size_t i = 0; i < sizeof(globals) / sizeof(*globals) && status == KRAIT_OK; i++)
		if (globals[i].weight)
			status = fn(layers, globals[i].rule, globals[i].weight, vote, why);
	for (size_t i = 0; i < n && status == KRAIT_OK; i++)
		if (layers->weights[i])
			status = fn(layers, &layers->family->tensors[i % layers->family->n_tensors], layers->weights[i], vote, why);
	return status;
}

static krait_status collect(struct layers *layers, const struct tensor_rule *rule, const struct weight *weight, struct vote *vote, struct why *why)
{
	if (weight->type != DTYPE_F32 && weight->type != DTYPE_F16 && weight->type != DTYPE_BF16)
		return bad_type(weight, why);
	if (weight->rank != rule->rank)
		return misshapen(layers, rule, weight, why);
	for (uint32_t axis = 0; axis < weight->rank; axis++)
		if (weight->shape[axis] == 0 || weight->shape[axis] > INT32_MAX)
			return misshapen(layers, rule, weight, why);
	count_vote(vote, rule, weight);
	return KRAIT_OK;
}

static krait_status compare(struct layers *layers, const struct tensor_rule *rule, const struct weight *weight, struct vote *vote, struct why *why)
{
	(void)vote;
	for (uint32_t axis = 0; axis < weight->rank; axis++)
		if (weight->shape[axis] != layers->size[rule->size[axis]])
			return misshapen(layers, rule, weight, why);
	return KRAIT_OK;
}

static krait_status take_sizes(struct layers *layers, struct why *why)
{
	struct vote vote = { { 0 }, { 0 } };
	krait_status status = visit(layers, collect, &vote, why);

	if (status != KRAIT_OK)
		return status;
	memcpy(layers->size, vote.value, sizeof(layers->size));
	layers->size[DIM_ONE] = 1;
	status = layers->family->measure(layers->size, &layers->part, layers->config, why);
	return status == KRAIT_OK ? visit(layers, compare, NULL, why) : status;
}

/* ------------------------------------------------------------------------------------- */

static krait_status find(struct layers *layers, const struct checkpoint *checkpoint, unsigned char *used, struct why *why)
{
	enum want want[N_NEEDS];
	krait_status status;

	settle(want, layers, checkpoint);
	if ((status = find_globals(layers, want, checkpoint, used, why)) != KRAIT_OK
		|| (status = find_in_layers(layers, want, checkpoint, used, why)) != KRAIT_OK
		|| (status = refuse_extra(layers, checkpoint, used, why)) != KRAIT_OK)
		return status;
	return take_sizes(layers, why);
}

krait_status krait__layers_find(struct layers *out, const struct model_config *config, const struct checkpoint *checkpoint, struct why *why)
{
	unsigned char *used;
	krait_status status;

	memset(out, 0, sizeof(*out));
	out->config = config;
	out->family = config->family;
	status = count_layers(&out->n_layers, config, checkpoint, why);
	if (status != KRAIT_OK)
		return status;
	used = krait__alloc_zero(checkpoint->n_weights, 1);
	out->weights = krait__alloc_zero((size_t)out->n_layers * out->family->n_tensors, sizeof(*out->weights));
	status = used && out->weights ? find(out, checkpoint, used, why) : krait__why_memory(why);
	krait__free(used);
	if (status != KRAIT_OK)
		krait__layers_free(out);
	return status;
}

void krait__layers_free(struct layers *layers)
{
	krait__free((void *)layers->weights);
	layers->weights = NULL;
}
