/* SPDX-License-Identifier: Apache-2.0 */
/* layer_sizes.c - sizes from shapes. Each is what most shapes say, so that one misshapen tensor is the one that an
 * error names. d_model and the vocabulary are everybody's; the other sizes are each part's own. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/layers.h"

#include <stdio.h>
#include <string.h>

#define SHAPE_TEXT 160

const struct tensor_rule krait__rule_embedding = { "", N_ROLES, NEED_ALWAYS, 2, { DIM_VOCAB, DIM_WIDTH }, true,
	FILL_EMBEDDING, false };
const struct tensor_rule krait__rule_norm = { "", N_ROLES, NEED_ALWAYS, 1, { DIM_WIDTH }, false, FILL_NORM, false };
const struct tensor_rule krait__rule_norm_bias = { "", N_ROLES, NEED_NORM_BIAS, 1, { DIM_WIDTH }, false, FILL_SMALL,
	false };
const struct tensor_rule krait__rule_head = { "", N_ROLES, NEED_ALWAYS, 2, { DIM_VOCAB, DIM_WIDTH }, true, FILL_MATRIX,
	false };

/* Majority vote in one pass (Boyer and Moore): a value that more than half of the shapes
 * have always wins. */
struct vote {
	uint64_t value[N_DIMS];
	uint32_t lead[N_DIMS];
};

struct votes {
	struct vote part[FAMILY_PARTS];
	struct vote shared;             /* of the sizes before DIM_OWN */
};

static void count_one(struct vote *vote, size_t size, uint64_t value)
{
	if (vote->value[size] == value) {
		vote->lead[size]++;
	} else if (vote->lead[size] > 0) {
		vote->lead[size]--;
	} else {
		vote->value[size] = value;
		vote->lead[size] = 1;
	}
}

/* ---- errors ---- */

static const char *size_name(const struct layers *layers, size_t part, size_t size)
{
	if (size == DIM_WIDTH)
		return "d_model";
	if (size == DIM_VOCAB)
		return "vocab_size";
	return krait__block_kind(layers->family->parts[part].kind)->size_names[size - DIM_OWN];
}

static void print_wanted(char *out, const struct layers *layers, size_t part, const struct tensor_rule *rule)
{
	size_t at = 0;

	for (size_t axis = 0; axis < rule->rank && at < SHAPE_TEXT; axis++) {
		const char *comma = axis ? ", " : "";
		size_t size = rule->size[axis];
		uint64_t value = layers->size[part][size];

		if (size == DIM_ONE)
			at += (size_t)snprintf(out + at, SHAPE_TEXT - at, "%s1", comma);
		else if (value)
			at += (size_t)snprintf(out + at, SHAPE_TEXT - at, "%s%s = %llu", comma, size_name(layers, part,
				size), (unsigned long long)value);
		else
			at += (size_t)snprintf(out + at, SHAPE_TEXT - at, "%s%s", comma, size_name(layers, part, size));
	}
}

static void print_shape(char *out, const struct weight *weight)
{
	size_t at = 0;

	out[0] = 0;
	for (uint32_t axis = 0; axis < weight->rank && at < SHAPE_TEXT; axis++)
		at += (size_t)snprintf(out + at, SHAPE_TEXT - at, "%s%llu", axis ? ", " : "",
			(unsigned long long)weight->shape[axis]);
}

static krait_status misshapen(const struct layers *layers, size_t part, const struct tensor_rule *rule,
	const struct weight *weight, struct why *why)
{
	char has[SHAPE_TEXT], wants[SHAPE_TEXT];
	struct quoted quoted;

	print_shape(has, weight);
	print_wanted(wants, layers, part, rule);
	return krait__why(why, KRAIT_ERROR_FORMAT, "tensor %s has the shape [%s], but [%s] is needed to fit the other "
		"tensors: "
		"the weights are damaged or not those of this " CONFIG_FILE, krait__quote(&quoted, weight->name,
		SIZE_MAX), has, wants);
}

static krait_status bad_type(const struct weight *weight, struct why *why)
{
	struct quoted quoted;

	return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "tensor %s is of type %s: f32, f16 or bf16 is needed",
		krait__quote(&quoted, weight->name, SIZE_MAX), krait__dtype_name(weight->type));
}

/* ---- all tensors ---- */

/* `part`: index of the family's part; 0 for tensors outside the layers, whose sizes are shared ones. */
typedef krait_status (*visit_fn)(struct layers *layers, size_t part, const struct tensor_rule *rule,
	const struct weight *weight, struct votes *votes, struct why *why);

static krait_status visit_part(struct layers *layers, const struct layer_part *part, visit_fn fn, struct votes *votes,
	struct why *why)
{
	const struct weight **weight = layers->weights + part->first;
	const struct tensor_rule *rule;
	krait_status status = KRAIT_OK;

	for (size_t i = 0; (rule = krait__part_rule_at(&layers->family->parts[part->rule], i)); i++) {
		size_t n = krait__part_rule_count(rule, &layers->config->part[part->rule]);

		for (size_t expert = 0; expert < n && status == KRAIT_OK; expert++, weight++)
			if (*weight)
				status = fn(layers, part->rule, rule, *weight, votes, why);
	}
	return status;
}

static krait_status visit(struct layers *layers, visit_fn fn, struct votes *votes, struct why *why)
{
	const struct { const struct tensor_rule *rule; const struct weight *weight; } globals[] = {
		{ &krait__rule_embedding, layers->embedding }, { &krait__rule_norm, layers->norm },
		{ &krait__rule_norm_bias, layers->norm_bias }, { &krait__rule_head, layers->head },
	};
	krait_status status = KRAIT_OK;

	for (size_t i = 0; i < sizeof(globals) / sizeof(*globals) && status == KRAIT_OK; i++)
		if (globals[i].weight)
			status = fn(layers, 0, globals[i].rule, globals[i].weight, votes, why);
	for (size_t i = 0; i < layers->n_parts && status == KRAIT_OK; i++)
		status = visit_part(layers, &layers->parts[i], fn, votes, why);
	return status;
}

static krait_status collect(struct layers *layers, size_t part, const struct tensor_rule *rule,
	const struct weight *weight, struct votes *votes, struct why *why)
{
	if (weight->type != DTYPE_F32 && weight->type != DTYPE_F16 && weight->type != DTYPE_BF16)
		return bad_type(weight, why);
	if (weight->rank != rule->rank)
		return misshapen(layers, part, rule, weight, why);
	for (uint32_t axis = 0; axis < weight->rank; axis++)
		if (weight->shape[axis] == 0 || weight->shape[axis] > INT32_MAX)
			return misshapen(layers, part, rule, weight, why);
	for (size_t axis = 0; axis < rule->rank; axis++)
		count_one(rule->size[axis] < DIM_OWN ? &votes->shared : &votes->part[part], rule->size[axis],
			weight->shape[axis]);
	return KRAIT_OK;
}

static krait_status compare(struct layers *layers, size_t part, const struct tensor_rule *rule,
	const struct weight *weight, struct votes *votes, struct why *why)
{
	(void)votes;
	for (uint32_t axis = 0; axis < weight->rank; axis++)
		if (weight->shape[axis] != layers->size[part][rule->size[axis]])
			return misshapen(layers, part, rule, weight, why);
	return KRAIT_OK;
}

/* Of each part that some layer has. */
static krait_status measure_parts(struct layers *layers, const struct votes *votes, struct why *why)
{
	bool seen[FAMILY_PARTS] = { false };
	krait_status status = KRAIT_OK;

	for (size_t i = 0; i < layers->n_parts; i++)
		seen[layers->parts[i].rule] = true;
	for (size_t i = 0; i < layers->family->n_parts && status == KRAIT_OK; i++) {
		const struct block_kind *kind = krait__block_kind(layers->family->parts[i].kind);

		memcpy(layers->size[i], votes->part[i].value, sizeof(layers->size[i]));
		layers->size[i][DIM_ONE] = 1;
		layers->size[i][DIM_WIDTH] = votes->shared.value[DIM_WIDTH];
		layers->size[i][DIM_VOCAB] = votes->shared.value[DIM_VOCAB];
		layers->part[i] = layers->config->part[i];
		if (seen[i])
			status = kind->measure(layers->size[i], &layers->part[i], layers->config->groups, why);
	}
	return status;
}

krait_status krait__layers_measure(struct layers *layers, struct why *why)
{
	struct votes votes = { 0 };
	krait_status status = visit(layers, collect, &votes, why);

	if (status == KRAIT_OK)
		status = measure_parts(layers, &votes, why);
	return status == KRAIT_OK ? visit(layers, compare, NULL, why) : status;
}
