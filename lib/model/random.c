/* SPDX-License-Identifier: Apache-2.0 */
/* random.c - models of published shapes with random weights, for benchmarks. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/companions.h"
#include "model/layers.h"
#include "model/open.h"
#include "model/random.h"
#include "model/weights.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct shape {
	const char *name;
	const struct family *family;
	uint32_t width, n_layers, vocab;
};

static const struct shape shapes[] = {
	{ "mamba-130m", &krait__family_mamba1, 768, 24, 50280 },
	{ "mamba-370m", &krait__family_mamba1, 1024, 48, 50280 },
	{ "mamba-790m", &krait__family_mamba1, 1536, 48, 50280 },
	{ "mamba-1.4b", &krait__family_mamba1, 2048, 48, 50280 },
	{ "mamba-2.8b", &krait__family_mamba1, 2560, 64, 50280 },
	{ "mamba2-130m", &krait__family_mamba2, 768, 24, 50288 },
	{ "mamba2-370m", &krait__family_mamba2, 1024, 48, 50288 },
	{ "mamba2-780m", &krait__family_mamba2, 1536, 48, 50288 },
	{ "mamba2-1.3b", &krait__family_mamba2, 2048, 48, 50288 },
	{ "mamba2-2.7b", &krait__family_mamba2, 2560, 64, 50288 },
};
#define N_SHAPES (sizeof(shapes) / sizeof(*shapes))

const char *krait__random_shape(size_t index)
{
	return index < N_SHAPES ? shapes[index].name : NULL;
}

static const struct shape *find_shape(const char *name)
{
	for (size_t i = 0; i < N_SHAPES; i++)
		if (!strcmp(shapes[i].name, name))
			return &shapes[i];
	return NULL;
}

static krait_status unknown_shape(const char *name, struct why *why)
{
	struct quoted quoted;
	char list[N_SHAPES * 16];
	size_t at = 0;

	for (size_t i = 0; i < N_SHAPES; i++)
		at += (size_t)snprintf(list + at, sizeof(list) - at, "%s%s", i ? ", " : "", shapes[i].name);
	return krait__why(why, KRAIT_ERROR_NOT_FOUND, "shape %s is not known; there are %s", krait__quote(&quoted, name, SIZE_MAX), list);
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

/* Every tensor that a published model of this shape has, without data. */
static krait_status make_headers(struct checkpoint *out, const struct shape *shape, const struct model_config *config, enum dtype type, struct why *why)
{
	const struct family *family = shape->family;
	uint64_t size[N_DIMS] = { 0 };
	bool ok;

	size[DIM_ONE] = 1;
	size[DIM_WIDTH] = shape->width;
	size[DIM_VOCAB] = shape->vocab;
	family->shape(size, shape->width);
	out->weights = krait__alloc_zero(2 + (size_t)shape->n_layers * family->n_tensors, sizeof(*out->weights));
	ok = out->weights && add_weight(out, &krait__rule_embedding, krait__rule_embedding.name, size, type)
		&& add_weight(out, &krait__rule_norm, krait__rule_norm.name, size, type);
	for (uint32_t layer = 0; layer < shape->n_layers; layer++)
		for (size_t i = 0; i < family->n_tensors && ok; i++) {
			const struct tensor_rule *rule = &family->tensors[i];
			char name[LAYER_NAME_MAX];

			krait__layer_name(name, layer, rule->name);
			if (config->want[rule->need] == WANT_YES)
				ok = add_weight(out, rule, name, size, type);
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

static krait_status make_model(struct krait_model *model, const struct shape *shape, enum dtype type, uint64_t seed, const struct krait_options *options, struct why *why)
{
	struct binding *bindings = NULL;
	struct model_config config;
	krait_status status;

	krait__config_defaults(&config, shape->family, true);
	config.n_layers = shape->n_layers;
	status = make_headers(&model->checkpoint, shape, &config, type, why);
	if (status == KRAIT_OK)
		status = krait__plan_build(&model->plan, &bindings, &config, &model->checkpoint, why);
	if (status != KRAIT_OK)
		return status;
	snprintf(model->family, sizeof(model->family), "%s", shape->family->name);
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
	const struct shape *shape = name ? find_shape(name) : NULL;
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
		status = make_model(model, shape, type, seed, options, why);
	if (status != KRAIT_OK)
		krait__model_clear(model);
	return status;
}
