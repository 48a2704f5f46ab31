/* SPDX-License-Identifier: Apache-2.0 */
/* plan.c - building the plan: names to roles, shapes to sizes. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/plan.h"

#include "base/memory.h"
#include "base/size.h"
#include "block/block.h"
#include "model/layers.h"

#include <stdio.h>
#include <string.h>

const struct tensor_rule krait__rule_embedding = { "backbone.embedding.weight", N_ROLES, NEED_ALWAYS, 2, { DIM_VOCAB, DIM_WIDTH }, true, FILL_EMBEDDING };
const struct tensor_rule krait__rule_norm = { "backbone.norm_f.weight", N_ROLES, NEED_ALWAYS, 1, { DIM_WIDTH }, false, FILL_NORM };
const struct tensor_rule krait__rule_norm_bias = { "backbone.norm_f.bias", N_ROLES, NEED_NORM_BIAS, 1, { DIM_WIDTH }, false, FILL_SMALL };
const struct tensor_rule krait__rule_head = { "lm_head.weight", N_ROLES, NEED_ALWAYS, 2, { DIM_VOCAB, DIM_WIDTH }, true, FILL_MATRIX };

/* Appends one tensor; the arrays are large enough. */
static krait_status add_tensor(struct plan *plan, struct binding *bindings, uint32_t *index, const struct tensor_rule *rule,
	const struct weight *weight, const char *name, struct why *why)
{
	struct tensor *tensor = &plan->tensors[plan->n_tensors];

	*index = NO_TENSOR;
	if (!weight)
		return KRAIT_OK;
	tensor->name = krait__copy_text(name);
	if (!tensor->name)
		return krait__why_memory(why);
	tensor->type = weight->type;
	for (uint32_t i = 0; i < weight->rank; i++)
		if (rule->size[i] != DIM_ONE)
			tensor->shape[tensor->rank++] = weight->shape[i];
	bindings[plan->n_tensors].weight = weight;
	bindings[plan->n_tensors].rule = rule;
	*index = plan->n_tensors++;
	return KRAIT_OK;
}

static krait_status add_part(struct plan *plan, struct binding *bindings, const struct layers *layers, uint32_t layer, struct why *why)
{
	const struct family *family = layers->family;
	struct part *part = &plan->parts[plan->n_parts++];

	*part = layers->part;
	part->kind = family->kind;
	part->layer = layer;
	part->component = (uint32_t)(layer * family->n_components);
	part->eps = part->inner_eps = (float)layers->config->eps;
	part->limit_low = (float)layers->config->limit_low;
	part->limit_high = (float)layers->config->limit_high;
	for (int role = 0; role < N_ROLES; role++)
		part->tensor[role] = NO_TENSOR;
	for (size_t i = 0; i < family->n_tensors; i++) {
		const struct tensor_rule *rule = &family->tensors[i];
		char name[LAYER_NAME_MAX];
		krait_status status;

		krait__layer_name(name, layer, rule->name);
		status = add_tensor(plan, bindings, &part->tensor[rule->role], rule, layers->weights[layer * family->n_tensors + i], name, why);
		if (status != KRAIT_OK)
			return status;
	}
	return KRAIT_OK;
}

static void add_components(struct plan *plan, const struct layers *layers)
{
	const struct family *family = layers->family;
	struct component *component = plan->components;

	for (uint32_t layer = 0; layer < layers->n_layers; layer++)
		for (size_t i = 0; i < family->n_components; i++, component++) {
			const struct component_rule *rule = &family->components[i];

			snprintf(component->name, sizeof(component->name), "layers.%u.%s", (unsigned)layer, rule->name);
			component->part = layer;
			component->rank = rule->rank;
			for (size_t axis = 0; axis < rule->rank; axis++)
				component->shape[axis] = layers->size[rule->size[axis]];
		}
	strcpy(component->name, "hidden");
	component->part = NO_TENSOR;
	component->rank = 1;
	component->shape[0] = layers->size[DIM_WIDTH];
	plan->n_components = (uint32_t)(component - plan->components) + 1;
}

/* In the order in which a token reads them, the head last. */
static krait_status fill(struct plan *plan, struct binding *bindings, const struct layers *layers, struct why *why)
{
	krait_status status = add_tensor(plan, bindings, &plan->embedding, &krait__rule_embedding, layers->embedding, krait__rule_embedding.name, why);

	for (uint32_t i = 0; i < layers->n_layers && status == KRAIT_OK; i++)
		status = add_part(plan, bindings, layers, i, why);
	if (status == KRAIT_OK)
		status = add_tensor(plan, bindings, &plan->norm, &krait__rule_norm, layers->norm, krait__rule_norm.name, why);
	if (status == KRAIT_OK)
		status = add_tensor(plan, bindings, &plan->norm_bias, &krait__rule_norm_bias, layers->norm_bias, krait__rule_norm_bias.name, why);
	if (status == KRAIT_OK)
		status = add_tensor(plan, bindings, &plan->head, &krait__rule_head, layers->head, krait__rule_head.name, why);
	if (status != KRAIT_OK)
		return status;
	if (!layers->head)
		plan->head = plan->embedding;
	plan->width = (uint32_t)layers->size[DIM_WIDTH];
	plan->vocab = (uint32_t)layers->size[DIM_VOCAB];
	plan->n_layers = layers->n_layers;
	plan->layer_norm = layers->norm_bias != NULL;
	plan->eps = (float)layers->config->eps;
	add_components(plan, layers);
	return krait__plan_check(plan, why);
}

static krait_status allocate(struct plan *plan, struct binding **bindings, const struct layers *layers, struct why *why)
{
	size_t n_tensors = 4 + (size_t)layers->n_layers * layers->family->n_tensors;

	plan->parts = krait__alloc_zero(layers->n_layers, sizeof(*plan->parts));
	plan->tensors = krait__alloc_zero(n_tensors, sizeof(*plan->tensors));
	plan->components = krait__alloc_zero(1 + (size_t)layers->n_layers * layers->family->n_components, sizeof(*plan->components));
	*bindings = krait__alloc_zero(n_tensors, sizeof(**bindings));
	return plan->parts && plan->tensors && plan->components && *bindings ? KRAIT_OK : krait__why_memory(why);
}

krait_status krait__plan_build(struct plan *out, struct binding **bindings, const struct model_config *config,
	const struct checkpoint *checkpoint, struct why *why)
{
	struct layers layers;
	krait_status status;

	memset(out, 0, sizeof(*out));
	*bindings = NULL;
	status = krait__layers_find(&layers, config, checkpoint, why);
	if (status == KRAIT_OK)
		status = allocate(out, bindings, &layers, why);
	if (status == KRAIT_OK)
		status = fill(out, *bindings, &layers, why);
	krait__layers_free(&layers);
	if (status != KRAIT_OK) {
		krait__plan_free(out);
		krait__free(*bindings);
		*bindings = NULL;
	}
	return status;
}

void krait__plan_tie(struct plan *plan)
{
	struct tensor *head = &plan->tensors[plan->head];

	if (plan->head == plan->embedding)
		return;
	krait__free((void *)head->name);
	memset(head, 0, sizeof(*head));
	plan->n_tensors--;
	plan->head = plan->embedding;
}

void krait__plan_free(struct plan *plan)
{
	for (uint32_t i = 0; i < plan->n_tensors; i++)
		krait__free((void *)plan->tensors[i].name);
	krait__free(plan->tensors);
	krait__free(plan->parts);
	krait__free(plan->components);
	memset(plan, 0, sizeof(*plan));
}

size_t krait__component_count(const struct component *component)
{
	size_t count = 1;

	for (uint32_t i = 0; i < component->rank; i++)
		count *= (size_t)component->shape[i];
	return count;
}

/* ---- validation -------------------------------------------------------------------- */

#define DIMENSION_MAX ((uint64_t)INT32_MAX)

static bool bounded(uint64_t *total, const uint64_t *shape, uint32_t rank, size_t element)
{
	uint64_t bytes;

	for (uint32_t i = 0; i < rank; i++)
		if (shape[i] == 0 || shape[i] > DIMENSION_MAX)
			return false;
	return krait__shape_product(&bytes, shape, rank) && krait__mul_u64(&bytes, bytes, element)
		&& krait__add_u64(total, *total, bytes) && *total <= (uint64_t)PTRDIFF_MAX / 2;
}

krait_status krait__plan_check(const struct plan *plan, struct why *why)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < plan->n_parts; i++) {
		krait_status status = krait__block_check(plan, &plan->parts[i], why);

		if (status != KRAIT_OK)
			return status;
	}
	for (uint32_t i = 0; i < plan->n_tensors; i++)
		if (!bounded(&total, plan->tensors[i].shape, plan->tensors[i].rank, sizeof(float)))
			return krait__why(why, KRAIT_ERROR_FORMAT, "tensor '%s' is empty or larger than any model's", plan->tensors[i].name);
	total = 0;
	for (uint32_t i = 0; i < plan->n_components; i++)
		if (!bounded(&total, plan->components[i].shape, plan->components[i].rank, sizeof(float)))
			return krait__why(why, KRAIT_ERROR_FORMAT, "the state '%s' is empty or larger than any model's", plan->components[i].name);
	return KRAIT_OK;
}
