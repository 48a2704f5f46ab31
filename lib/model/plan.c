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

/* The part's tensors; those of an experts' rule one behind the other. */
static krait_status add_tensors(struct plan *plan, struct binding *bindings, struct part *part,
	const struct layers *layers, const struct layer_part *found, struct why *why)
{
	const struct weight **weight = layers->weights + found->first;
	const struct tensor_rule *rule;
	krait_status status = KRAIT_OK;

	for (size_t i = 0; (rule = krait__part_rule_at(&layers->family->parts[found->rule], i)); i++) {
		size_t n = krait__part_rule_count(rule, part);

		for (size_t expert = 0; expert < n && status == KRAIT_OK; expert++, weight++) {
			char name[LAYER_NAME_MAX];
			uint32_t index;

			krait__layer_name(name, layers->family, found->rule, found->layer, i, (uint32_t)expert);
			status = add_tensor(plan, bindings, &index, rule, *weight, name, why);
			if (expert == 0)
				part->tensor[rule->role] = index != NO_TENSOR ? index : part->tensor[rule->role];
		}
	}
	return status;
}

static void add_components(struct plan *plan, struct part *part, const uint64_t *size)
{
	const struct block_kind *kind = krait__block_kind(part->kind);

	part->component = plan->n_components;
	for (size_t i = 0; i < kind->n_components; i++) {
		const struct component_rule *rule = &kind->components[i];
		struct component *component = &plan->components[plan->n_components];
		bool there = true;

		for (size_t axis = 0; axis < rule->rank; axis++)
			there = there && size[rule->size[axis]];
		if (!there)
			continue;
		snprintf(component->name, sizeof(component->name), "layers.%u.%s", (unsigned)part->layer, rule->name);
		component->part = (uint32_t)(part - plan->parts);
		component->per_token = rule->per_token;
		component->rank = rule->rank;
		for (size_t axis = 0; axis < rule->rank; axis++)
			component->shape[axis] = size[rule->size[axis]];
		plan->n_components++;
	}
	part->n_components = plan->n_components - part->component;
}

static krait_status add_part(struct plan *plan, struct binding *bindings, const struct layers *layers,
	const struct layer_part *found, struct why *why)
{
	struct part *part = &plan->parts[plan->n_parts++];

	*part = layers->part[found->rule];
	part->layer = found->layer;
	add_components(plan, part, layers->size[found->rule]);
	return add_tensors(plan, bindings, part, layers, found, why);
}

static void add_hidden(struct plan *plan)
{
	struct component *component = &plan->components[plan->n_components++];

	strcpy(component->name, "hidden");
	component->part = NO_TENSOR;
	component->rank = 1;
	component->shape[0] = plan->width;
}

/* In the order in which a token reads them, the head last. */
static krait_status fill(struct plan *plan, struct binding *bindings, const struct layers *layers, struct why *why)
{
	const struct family_names *names = layers->family->names;
	krait_status status;

	plan->width = (uint32_t)layers->size[0][DIM_WIDTH];
	plan->vocab = (uint32_t)layers->size[0][DIM_VOCAB];
	plan->n_layers = layers->n_layers;
	plan->layer_norm = layers->norm_bias != NULL;
	plan->eps = (float)layers->config->eps;
	plan->embed_scale = (float)layers->config->embed_scale;
	plan->logit_scale = (float)layers->config->logit_scale;
	status = add_tensor(plan, bindings, &plan->embedding, &krait__rule_embedding, layers->embedding,
		names->embedding, why);
	for (size_t i = 0; i < layers->n_parts && status == KRAIT_OK; i++)
		status = add_part(plan, bindings, layers, &layers->parts[i], why);
	if (status == KRAIT_OK)
		status = add_tensor(plan, bindings, &plan->norm, &krait__rule_norm, layers->norm, names->norm, why);
	if (status == KRAIT_OK)
		status = add_tensor(plan, bindings, &plan->norm_bias, &krait__rule_norm_bias, layers->norm_bias,
			names->norm_bias, why);
	if (status == KRAIT_OK)
		status = add_tensor(plan, bindings, &plan->head, &krait__rule_head, layers->head, names->head, why);
	if (status != KRAIT_OK)
		return status;
	if (!layers->head && !layers->config->headless)
		plan->head = plan->embedding;
	add_hidden(plan);
	return krait__plan_check(plan, why);
}

static krait_status allocate(struct plan *plan, struct binding **bindings, const struct layers *layers, struct why *why)
{
	size_t n_tensors = 4 + layers->n_weights, n_components = 1;

	for (size_t i = 0; i < layers->n_parts; i++)
		n_components += krait__block_kind(layers->family->parts[layers->parts[i].rule].kind)->n_components;
	plan->parts = krait__alloc_zero(layers->n_parts, sizeof(*plan->parts));
	plan->tensors = krait__alloc_zero(n_tensors, sizeof(*plan->tensors));
	plan->components = krait__alloc_zero(n_components, sizeof(*plan->components));
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
	struct tensor *head;

	if (plan->head == plan->embedding || plan->head == NO_TENSOR)
		return;
	head = &plan->tensors[plan->head];
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

const char *krait__plan_kind(enum part_kind kind)
{
	return krait__block_kind(kind)->name;
}

size_t krait__extent(const struct component *component, uint64_t n_positions)
{
	size_t count = component->per_token ? (size_t)n_positions : 1;

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
