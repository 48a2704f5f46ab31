/* SPDX-License-Identifier: Apache-2.0 */
/* layers.c - finding tensors by name: those of each part of each layer, none too few and none too many. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/layers.h"

#include "base/memory.h"
#include "base/size.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct tensor_rule *krait__part_rule_at(const struct part_rule *part, size_t index)
{
	size_t n_norm = part->norm ? krait__norm_tensors.n : 0;

	if (index < n_norm)
		return &krait__norm_tensors.rules[index];
	return index - n_norm < part->tensors->n ? &part->tensors->rules[index - n_norm] : NULL;
}

size_t krait__part_rule_count(const struct tensor_rule *rule, const struct part *part)
{
	return rule->many ? part->n_experts : 1;
}

void krait__layer_name(char out[LAYER_NAME_MAX], const struct family *family, size_t part, uint32_t layer, size_t index,
	uint32_t expert)
{
	const struct part_rule *rules = &family->parts[part];
	const struct tensor_rule *rule = krait__part_rule_at(rules, index);
	const char *prefix = rules->norm && index < krait__norm_tensors.n ? rules->norm : rules->prefix,
		*star = strchr(rule->name, '*');

	if (star)
		snprintf(out, LAYER_NAME_MAX, "%s%u.%s%.*s%u%s", family->names->layers, (unsigned)layer, prefix,
			(int)(star - rule->name), rule->name, (unsigned)expert, star + 1);
	else
		snprintf(out, LAYER_NAME_MAX, "%s%u.%s%s", family->names->layers, (unsigned)layer, prefix, rule->name);
}

/* ---- names -------------------------------------------------------------------------- */

/* The layer that a tensor's name puts it in; false for a name outside the layers. */
static bool layer_of(uint32_t *out, const struct family *family, const char *name)
{
	size_t n = strlen(family->names->layers);
	unsigned long layer;
	char *end;

	if (strncmp(name, family->names->layers, n))
		return false;
	name += n;
	if (*name < '0' || *name > '9')
		return false;
	layer = strtoul(name, &end, 10);
	*out = (uint32_t)layer;
	return *end == '.' && layer < UINT32_MAX;
}

/* How many layers there are: what the configuration says, or what the names say. */
static krait_status count_layers(uint32_t *out, const struct model_config *config, const struct checkpoint *checkpoint, struct why *why)
{
	const struct family *family = config->family;
	uint32_t found = 0, layer;

	for (size_t i = 0; i < checkpoint->n_weights; i++)
		if (layer_of(&layer, family, checkpoint->weights[i].name) && layer >= found)
			found = layer + 1;
	if (found == 0)
		return krait__why(why, KRAIT_ERROR_FORMAT, "the weights have no tensor '%s0.%sweight': they are not "
			"those of a %s model, "
			"or only a part of them is there", family->names->layers, family->parts[0].norm, family->name);
	*out = config->n_layers ? config->n_layers : found;
	/* Each layer has tensors of its own, so more layers than tensors are missing some. */
	if (*out > checkpoint->n_weights)
		return krait__why(why, KRAIT_ERROR_FORMAT, CONFIG_FILE " or a name of a tensor says that there are %u layers, but the weights hold %zu tensors only: "
			"tensors are missing", (unsigned)*out, checkpoint->n_weights);
	return KRAIT_OK;
}

static const char *want_reason(const struct layers *layers, const struct tensor_rule *rule)
{
	bool original = layers->config->original, mamba = layers->family->names == &krait__names_backbone;

	switch (rule->need) {
	case NEED_NORM_BIAS:
		return " (LayerNorm: rms_norm is false, or other layers have it)";
	case NEED_BIAS:
	case NEED_OUT_BIAS:
		if (!mamba)
			return " (" CONFIG_FILE " says that there is a bias)";
		return original ? " (ssm_cfg.bias is true, or other layers have it)" : " (use_bias is true, or other layers have it)";
	case NEED_CONV_BIAS:
		return original ? " (ssm_cfg.conv_bias is not false)" : mamba ? " (use_conv_bias is not false)"
			: " (mamba_conv_bias is not false)";
	case NEED_GATE_NORM:
		return original ? " (ssm_cfg.rmsnorm is not false)" : "";
	case NEED_ATTENTION_BIAS:
	case NEED_ATTENTION_OUT_BIAS:
	case NEED_MLP_BIAS:
		return " (" CONFIG_FILE " does not say that there is no bias)";
	default:
		return "";
	}
}

static krait_status missing(const struct layers *layers, const struct tensor_rule *rule, const char *name, struct why *why)
{
	return krait__why(why, KRAIT_ERROR_FORMAT, "tensor '%s' is missing from the weights%s; a %s model of %u layers (" CONFIG_FILE ") needs it: "
		"get the complete checkpoint", name, want_reason(layers, rule), layers->config->name,
		(unsigned)layers->n_layers);
}

/* One tensor by name, ticked off in `used`. */
static const struct weight *take(const struct checkpoint *checkpoint, unsigned char *used, const char *name)
{
	const struct weight *weight = name ? krait__checkpoint_find(checkpoint, name) : NULL;

	if (weight)
		used[weight - checkpoint->weights] = 1;
	return weight;
}

/* Whether the needs that the configuration leaves open are there: what the first layer with such a part has. */
static void settle(enum want *want, const struct layers *layers, const struct checkpoint *checkpoint)
{
	const struct family *family = layers->family;
	bool seen[FAMILY_PARTS] = { false };

	memcpy(want, layers->config->want, sizeof(layers->config->want));
	for (size_t i = 0; i < layers->n_parts; i++) {
		const struct layer_part *part = &layers->parts[i];
		const struct tensor_rule *rule;
		char name[LAYER_NAME_MAX];

		for (size_t k = 0; !seen[part->rule] && (rule = krait__part_rule_at(&family->parts[part->rule],
			k)); k++) {
			krait__layer_name(name, family, part->rule, part->layer, k, 0);
			if (layers->config->want[rule->need] == WANT_MAYBE && krait__checkpoint_find(checkpoint, name))
				want[rule->need] = WANT_YES;
		}
		seen[part->rule] = true;
	}
}

static krait_status find_globals(struct layers *layers, const enum want *want, const struct checkpoint *checkpoint, unsigned char *used, struct why *why)
{
	const struct family_names *names = layers->family->names;

	layers->embedding = take(checkpoint, used, names->embedding);
	if (!layers->embedding)
		layers->embedding = take(checkpoint, used, names->other);
	if (!layers->embedding)
		return missing(layers, &krait__rule_embedding, layers->config->original || !names->other
			? names->embedding : names->other, why);
	layers->norm = take(checkpoint, used, names->norm);
	if (!layers->norm)
		return missing(layers, &krait__rule_norm, names->norm, why);
	if (want[NEED_NORM_BIAS] == WANT_YES) {
		layers->norm_bias = take(checkpoint, used, names->norm_bias);
		if (!layers->norm_bias)
			return missing(layers, &krait__rule_norm_bias, names->norm_bias, why);
	}
	layers->head = take(checkpoint, used, names->head);
	if (!layers->head && layers->config->tied == 0 && !layers->config->headless)
		return krait__why(why, KRAIT_ERROR_FORMAT, "tensor '%s' is missing from the weights, and " CONFIG_FILE " says that it is not the embedding (%s is false): "
			"get the complete checkpoint", names->head, layers->config->original ? "tie_embeddings"
			: "tie_word_embeddings");
	return KRAIT_OK;
}

static krait_status find_in_part(struct layers *layers, const struct layer_part *part, const enum want *want,
	const struct checkpoint *checkpoint, unsigned char *used, struct why *why)
{
	const struct weight **slot = layers->weights + part->first;
	const struct tensor_rule *rule;

	for (size_t i = 0; (rule = krait__part_rule_at(&layers->family->parts[part->rule], i)); i++) {
		size_t n = krait__part_rule_count(rule, &layers->config->part[part->rule]);

		for (size_t expert = 0; expert < n; expert++, slot++) {
			char name[LAYER_NAME_MAX];

			*slot = NULL;
			if (want[rule->need] != WANT_YES)
				continue;
			krait__layer_name(name, layers->family, part->rule, part->layer, i, (uint32_t)expert);
			*slot = take(checkpoint, used, name);
			if (!*slot)
				return missing(layers, rule, name, why);
		}
	}
	return KRAIT_OK;
}

static bool left_aside(const struct family *family, const char *name)
{
	for (const char *const *prefix = family->left_aside; prefix && *prefix; prefix++)
		if (!strncmp(name, *prefix, strlen(*prefix)))
			return true;
	return false;
}

static krait_status refuse_extra(const struct layers *layers, const struct checkpoint *checkpoint, const unsigned char *used, struct why *why)
{
	struct quoted quoted;
	uint32_t layer;

	for (size_t i = 0; i < checkpoint->n_weights; i++) {
		const struct weight *weight = &checkpoint->weights[i];

		if (used[i] || left_aside(layers->family, weight->name))
			continue;
		krait__quote(&quoted, weight->name, SIZE_MAX);
		if (layer_of(&layer, layers->family, weight->name) && layer >= layers->n_layers)
			return krait__why(why, KRAIT_ERROR_FORMAT, "tensor %s is one too many: " CONFIG_FILE " says that there are %u layers; "
				"configuration and weights do not belong together", quoted.text, (unsigned)layers->n_layers);
		return krait__why(why, KRAIT_ERROR_FORMAT, "tensor %s is one too many: a %s model as " CONFIG_FILE " describes it has none of that name; "
			"running without it would give another model", quoted.text, layers->config->name);
	}
	return KRAIT_OK;
}

/* ------------------------------------------------------------------------------------- */

/* How many weights a part of the family may have. */
static size_t part_weights(const struct layers *layers, size_t part)
{
	const struct tensor_rule *rule;
	size_t n = 0;

	for (size_t i = 0; (rule = krait__part_rule_at(&layers->family->parts[part], i)); i++)
		n += krait__part_rule_count(rule, &layers->config->part[part]);
	return n;
}

/* All parts, and room for their weights. Each expert has tensors of its own, which bounds what a configuration can ask
 * for. */
static krait_status list_parts(struct layers *layers, const struct checkpoint *checkpoint, struct why *why)
{
	const struct family *family = layers->family;
	size_t needed = 0;

	layers->parts = krait__alloc_zero((size_t)layers->n_layers * family->n_parts, sizeof(*layers->parts));
	if (!layers->parts)
		return krait__why_memory(why);
	for (uint32_t layer = 0; layer < layers->n_layers; layer++)
		for (uint32_t rule = 0; rule < family->n_parts; rule++)
			if (krait__config_has(layers->config, layer, rule)) {
				layers->parts[layers->n_parts++] = (struct layer_part){ layer, rule,
					layers->n_weights };
				layers->n_weights += part_weights(layers, rule);
				needed += family->parts[rule].tensors->rules[family->parts[rule].tensors->n - 1].many
					? layers->config->part[rule].n_experts : 0;
				if (needed > checkpoint->n_weights)
					return krait__why(why, KRAIT_ERROR_FORMAT,
						CONFIG_FILE " says that layer %u has %u experts, but the weights hold "
						"%zu "
						"tensors only: tensors are missing", (unsigned)layer,
						(unsigned)layers->config->part[rule].n_experts, checkpoint->n_weights);
			}
	layers->weights = krait__alloc_zero(layers->n_weights, sizeof(*layers->weights));
	return layers->weights ? KRAIT_OK : krait__why_memory(why);
}

static krait_status find(struct layers *layers, const struct checkpoint *checkpoint, unsigned char *used, struct why *why)
{
	enum want want[N_NEEDS];
	krait_status status = list_parts(layers, checkpoint, why);

	if (status != KRAIT_OK)
		return status;
	settle(want, layers, checkpoint);
	status = find_globals(layers, want, checkpoint, used, why);
	for (size_t i = 0; i < layers->n_parts && status == KRAIT_OK; i++)
		status = find_in_part(layers, &layers->parts[i], want, checkpoint, used, why);
	if (status == KRAIT_OK)
		status = refuse_extra(layers, checkpoint, used, why);
	return status == KRAIT_OK ? krait__layers_measure(layers, why) : status;
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
	status = used ? find(out, checkpoint, used, why) : krait__why_memory(why);
	krait__free(used);
	if (status != KRAIT_OK)
		krait__layers_free(out);
	return status;
}

void krait__layers_free(struct layers *layers)
{
	krait__free((void *)layers->weights);
	krait__free(layers->parts);
	layers->weights = NULL;
	layers->parts = NULL;
}
