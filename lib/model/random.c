/* SPDX-License-Identifier: Apache-2.0 */
/* random.c - models of published shapes with random weights, for benchmarks. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/companions.h"
#include "model/layers.h"
#include "model/open.h"
#include "model/random.h"
#include "model/shapes.h"
#include "model/weights.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *krait__random_shape(size_t index)
{
	const struct shape *shape = krait__shape_at(index);

	return shape ? shape->name : NULL;
}

/* "mamba-130m", or "mamba-130m:4": its first 4 layers. NULL: there is none of that name. */
static const struct shape *find_shape(uint32_t *n_layers, const char *name)
{
	size_t n = strcspn(name, ":");
	const struct shape *shape;
	char *end = NULL;
	unsigned long layers = 0;

	*n_layers = 0;
	if (name[n]) {
		layers = name[n + 1] >= '1' && name[n + 1] <= '9' ? strtoul(name + n + 1, &end, 10) : 0;
		if (layers == 0 || *end || layers > PATTERN_MOST)
			return NULL;
	}
	*n_layers = (uint32_t)layers;
	for (size_t i = 0; (shape = krait__shape_at(i)); i++)
		if (strlen(shape->name) == n && !strncmp(name, shape->name, n))
			return shape;
	return NULL;
}

static krait_status unknown_shape(const char *name, struct why *why)
{
	const struct shape *shape;
	struct quoted quoted;
	char list[1024];
	size_t at = 0;

	for (size_t i = 0; (shape = krait__shape_at(i)) && at < sizeof(list); i++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s", i ? ", " : "", shape->name);
	return krait__why(why, KRAIT_ERROR_NOT_FOUND, "shape %s is not known; there are %s, each also with ':' and a "
		"number of layers behind it", krait__quote(&quoted, name, SIZE_MAX), list);
}

/* ---- a checkpoint of headers only --------------------------------------------------- */

static bool add_weight(struct checkpoint *checkpoint, const struct tensor_rule *rule, const char *name, const uint64_t *size, enum dtype type)
{
	struct weight *weight = &checkpoint->weights[checkpoint->n_weights];
	int64_t stride = 1;

	weight->name = krait__copy_text(name);
	if (!weight->name)
		return false;
	checkpoint->n_weights++;
	weight->type = rule->matrix ? type : DTYPE_F32;
	weight->rank = rule->rank;
	for (uint32_t axis = rule->rank; axis-- > 0; stride *= (int64_t)size[rule->size[axis]]) {
		weight->shape[axis] = size[rule->size[axis]];
		weight->stride[axis] = stride;
	}
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct weight *)a)->name, ((const struct weight *)b)->name);
}

/* The tensors of one part of one layer. */
static bool add_part(struct checkpoint *out, const struct model_config *config, uint32_t layer, size_t part,
	const uint64_t *size, enum dtype type)
{
	const struct tensor_rule *rule;

	for (size_t i = 0; (rule = krait__part_rule_at(&config->family->parts[part], i)); i++) {
		size_t n = config->want[rule->need] == WANT_YES ? krait__part_rule_count(rule, &config->part[part]) : 0;

		for (size_t expert = 0; expert < n; expert++) {
			char name[LAYER_NAME_MAX];

			krait__layer_name(name, config->family, part, layer, i, (uint32_t)expert);
			if (!add_weight(out, rule, name, size, type))
				return false;
		}
	}
	return true;
}

/* How many tensors there can be at most. */
static size_t count_weights(const struct model_config *config)
{
	size_t each = 0;

	for (size_t part = 0; part < config->family->n_parts; part++) {
		const struct tensor_rule *rule;

		for (size_t i = 0; (rule = krait__part_rule_at(&config->family->parts[part], i)); i++)
			each += krait__part_rule_count(rule, &config->part[part]);
	}
	return 3 + config->n_layers * each;
}

static void part_sizes(uint64_t *size, const struct model_config *config, size_t part, const struct shape *shape)
{
	memset(size, 0, N_DIMS * sizeof(*size));
	size[DIM_ONE] = 1;
	size[DIM_WIDTH] = shape->width;
	size[DIM_VOCAB] = shape->vocab;
	krait__block_kind(config->part[part].kind)->sizes(size, &config->part[part]);
}

/* Every tensor that a published model of this shape has, without data. */
static krait_status make_headers(struct checkpoint *out, const struct shape *shape, const struct model_config *config,
	enum dtype type, struct why *why)
{
	const struct family_names *names = config->family->names;
	uint64_t size[N_DIMS];
	bool ok;

	part_sizes(size, config, 0, shape);
	out->weights = krait__alloc_zero(count_weights(config), sizeof(*out->weights));
	ok = out->weights && add_weight(out, &krait__rule_embedding, names->embedding, size, type)
		&& add_weight(out, &krait__rule_norm, names->norm, size, type)
		&& (config->tied != 0 || add_weight(out, &krait__rule_head, names->head, size, type));
	for (size_t part = 0; part < config->family->n_parts && ok; part++) {
		part_sizes(size, config, part, shape);
		for (uint32_t layer = 0; layer < config->n_layers && ok; layer++)
			if (krait__config_has(config, layer, part))
				ok = add_part(out, config, layer, part, size, type);
	}
	if (!ok)
		return krait__why_memory(why);
	qsort(out->weights, out->n_weights, sizeof(*out->weights), by_name);
	return KRAIT_OK;
}

static krait_status make_tensors(struct krait_model *model, struct binding *bindings, uint64_t seed, bool inspect, struct why *why)
{
	struct plan *plan = &model->plan;

	for (uint32_t i = 0; i < plan->n_tensors && !inspect; i++) {
		/* The headers are this function's model's own, so they may be given the data. */
		struct weight *weight = (struct weight *)bindings[i].weight;
		struct tensor *tensor = &plan->tensors[i];
		uint64_t count = 1;
		void *data;

		for (uint32_t axis = 0; axis < weight->rank; axis++)
			count *= weight->shape[axis];
		data = krait__model_own(model, count, krait__dtype_size(tensor->type));
		if (!data)
			return krait__why(why, KRAIT_ERROR_MEMORY, "out of memory: the weights of this model take %llu bytes", (unsigned long long)model->weight_bytes);
		krait__random_fill(data, tensor, bindings[i].rule, seed + i);
		weight->data = tensor->data = data;
	}
	return KRAIT_OK;
}

static krait_status make_model(struct krait_model *model, const struct shape *shape, uint32_t n_layers, enum dtype type,
	uint64_t seed, const struct krait_options *options, struct why *why)
{
	struct binding *bindings = NULL;
	struct model_config config;
	krait_status status;

	status = krait__shape_config(&config, shape, n_layers, why);
	if (status == KRAIT_OK)
		status = make_headers(&model->checkpoint, shape, &config, type, why);
	if (status == KRAIT_OK)
		status = krait__plan_build(&model->plan, &bindings, &config, &model->checkpoint, why);
	if (status != KRAIT_OK)
		return status;
	snprintf(model->family, sizeof(model->family), "%s", config.name);
	krait__weights_measure(model);
	status = make_tensors(model, bindings, seed, options->inspect, why);
	if (status == KRAIT_OK && !options->inspect)
		status = krait__fingerprint(model, bindings, why);
	krait__free(bindings);
	krait__checkpoint_close(&model->checkpoint);
	model->n_valid = model->plan.vocab;
	krait__model_remark(model, "a model of shape %s with random weights", shape->name);
	return status == KRAIT_OK ? krait__model_finish(model, options, NULL, why) : status;
}

krait_status krait__model_random(struct krait_model *model, const char *name, const char *weights, uint64_t seed, const struct krait_options *options)
{
	static const enum dtype types[] = { DTYPE_BF16, DTYPE_F16, DTYPE_F32 };
	enum dtype type = weights ? DTYPE_OTHER : DTYPE_BF16;
	uint32_t n_layers = 0;
	const struct shape *shape = name ? find_shape(&n_layers, name) : NULL;
	struct why *why = &model->why;
	struct quoted quoted;
	krait_status status;

	if (!options)
		options = &krait__options_default;
	for (size_t i = 0; weights && i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(weights, krait__dtype_name(types[i])))
			type = types[i];
	/* the engine makes these of others, as KRAIT_OPTION_WEIGHTS asks it to */
	if (weights && !strncmp(weights, "int", 3) && options->weights && !strcmp(weights, options->weights))
		type = DTYPE_BF16;
	if (!shape)
		return unknown_shape(name ? name : "", why);
	if (type == DTYPE_OTHER)
		return krait__why(why, KRAIT_ERROR_ARGUMENT, "weights of type %s are not known: 'f32', 'f16' or 'bf16' is needed", krait__quote(&quoted, weights, SIZE_MAX));
	status = krait__model_choose_engine(model, options, why);
	if (status == KRAIT_OK)
		status = make_model(model, shape, n_layers, type, seed, options, why);
	if (status != KRAIT_OK)
		krait__model_clear(model);
	return status;
}
