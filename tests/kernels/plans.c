/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/plans.h"
#include "kernels/buffers.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_LAYERS 2

const struct shape shapes[] = {
	{ .name = "mamba1", .kind = PART_MAMBA1, .type = DTYPE_F32, .width = 32, .vocab = 96, .d_inner = 64, .d_state = 16, .d_conv = 4, .rank = 2 },
	{ .name = "mamba1 odd", .kind = PART_MAMBA1, .type = DTYPE_F16, .width = 19, .vocab = 53, .d_inner = 37, .d_state = 5, .d_conv = 3,
		.rank = 3, .layer_norm = true, .biases = true, .no_conv_bias = true },
	{ .name = "mamba1 wide window", .kind = PART_MAMBA1, .type = DTYPE_BF16, .width = 24, .vocab = 300, .d_inner = 49, .d_state = 9, .d_conv = 7,
		.rank = 17, .untied = true },
	{ .name = "mamba1 no window", .kind = PART_MAMBA1, .type = DTYPE_F32, .width = 16, .vocab = 40, .d_inner = 16, .d_state = 1, .d_conv = 1, .rank = 1 },
	{ .name = "mamba2", .kind = PART_MAMBA2, .type = DTYPE_BF16, .width = 40, .vocab = 112, .d_inner = 80, .d_state = 24, .d_conv = 4,
		.d_ssm = 80, .n_heads = 5, .n_groups = 1, .norm = true, .limit_high = INFINITY },
	{ .name = "mamba2 groups", .kind = PART_MAMBA2, .type = DTYPE_F32, .width = 33, .vocab = 600, .d_inner = 66, .d_state = 7, .d_conv = 3,
		.d_ssm = 66, .n_heads = 6, .n_groups = 3, .norm = true, .untied = true, .limit_high = INFINITY },
	{ .name = "mamba2 rare", .kind = PART_MAMBA2, .type = DTYPE_F16, .width = 38, .vocab = 101, .d_inner = 76, .d_state = 18, .d_conv = 4,
		.d_ssm = 48, .n_heads = 6, .n_groups = 2, .norm = true, .norm_before_gate = true, .channel_d = true, .biases = true, .no_conv_bias = true,
		.limit_low = 0.3f, .limit_high = 0.8f },
	{ .name = "mamba2 no norm", .kind = PART_MAMBA2, .type = DTYPE_F32, .width = 28, .vocab = 64, .d_inner = 84, .d_state = 20, .d_conv = 2,
		.d_ssm = 84, .n_heads = 1, .n_groups = 1, .layer_norm = true, .limit_high = INFINITY },
	{ .name = "mixed", .kind = PART_MAMBA1, .mixed = true, .type = DTYPE_BF16, .width = 30, .vocab = 70, .d_inner = 60, .d_state = 11, .d_conv = 4,
		.rank = 4, .d_ssm = 60, .n_heads = 4, .n_groups = 2, .norm = true, .limit_high = INFINITY },
};
const size_t n_shapes = sizeof(shapes) / sizeof(*shapes);

static uint32_t add(struct plan *plan, enum dtype type, uint64_t rows, uint64_t columns, float scale, float offset)
{
	struct tensor *tensor = &plan->tensors[plan->n_tensors];
	size_t n = rows * (columns ? columns : 1);
	float *wide = malloc(n * sizeof(float));
	void *data = guarded(n * krait__dtype_size(type));

	ck_assert_ptr_nonnull(wide);
	random_fill(wide, n, scale, offset);
	krait__narrow(data, type, wide, n);
	free(wide);
	*tensor = (struct tensor){ .name = "random", .data = data, .type = type, .rank = columns ? 2 : 1, .shape = { rows, columns } };
	return plan->n_tensors++;
}

static uint32_t matrix(struct plan *plan, enum dtype type, uint64_t rows, uint64_t columns)
{
	return add(plan, type, rows, columns, 1.7f / sqrtf((float)columns), 0);
}

static uint32_t vector(struct plan *plan, uint64_t n, float scale, float offset)
{
	return add(plan, DTYPE_F32, n, 0, scale, offset);
}

static void add_mamba1(struct plan *plan, struct part *part, const struct shape *s)
{
	uint32_t *t = part->tensor;

	part->kind = PART_MAMBA1;
	part->d_ssm = s->d_inner;
	part->rank = s->rank;
	t[ROLE_IN_PROJ] = matrix(plan, s->type, 2 * (uint64_t)s->d_inner, s->width);
	t[ROLE_CONV] = add(plan, s->type, s->d_inner, s->d_conv, 0.7f, 0);
	t[ROLE_X_PROJ] = matrix(plan, s->type, s->rank + 2 * (uint64_t)s->d_state, s->d_inner);
	t[ROLE_DT_PROJ] = matrix(plan, s->type, s->d_inner, s->rank);
	t[ROLE_DT_BIAS] = vector(plan, s->d_inner, 1, -2);
	t[ROLE_A_LOG] = add(plan, DTYPE_F32, s->d_inner, s->d_state, 1, 1);
	t[ROLE_D] = vector(plan, s->d_inner, 0.5f, 1);
}

static void add_mamba2(struct plan *plan, struct part *part, const struct shape *s)
{
	uint32_t *t = part->tensor;
	uint64_t channels = s->d_ssm + 2 * (uint64_t)s->n_groups * s->d_state;

	part->kind = PART_MAMBA2;
	part->d_ssm = s->d_ssm;
	part->n_heads = s->n_heads;
	part->n_groups = s->n_groups;
	part->head_dim = s->d_ssm / s->n_heads;
	part->flags = s->norm_before_gate ? PART_NORM_BEFORE_GATE : 0;
	t[ROLE_IN_PROJ] = matrix(plan, s->type, 2 * (uint64_t)(s->d_inner - s->d_ssm) + s->d_ssm + channels + s->n_heads, s->width);
	t[ROLE_CONV] = add(plan, s->type, channels, s->d_conv, 0.7f, 0);
	t[ROLE_DT_BIAS] = vector(plan, s->n_heads, 1, -1);
	t[ROLE_A_LOG] = vector(plan, s->n_heads, 1, 1);
	t[ROLE_D] = vector(plan, s->channel_d ? s->d_ssm : s->n_heads, 0.5f, 1);
	if (s->norm)
		t[ROLE_GATE_NORM] = vector(plan, s->d_ssm, 0.3f, 1);
}

static void add_components(struct plan *plan, struct part *part, uint32_t index)
{
	bool first = part->kind == PART_MAMBA1;
	uint64_t channels = first ? part->d_inner : part->d_ssm + 2 * (uint64_t)part->n_groups * part->d_state;
	struct component *c = &plan->components[plan->n_components];

	part->component = plan->n_components;
	c[0] = (struct component){ .part = index, .rank = 2, .shape = { channels, part->d_conv - 1 } };
	c[1] = (struct component){ .part = index, .rank = 2, .shape = { part->d_inner, part->d_state } };
	if (!first)
		c[1] = (struct component){ .part = index, .rank = 3, .shape = { part->n_heads, part->head_dim, part->d_state } };
	plan->n_components += 2;
}

static void add_layer(struct plan *plan, uint32_t index, const struct shape *s)
{
	struct part *part = &plan->parts[index];
	bool second = (s->kind == PART_MAMBA2) != (s->mixed && index % 2);

	*part = (struct part){ .layer = index, .d_inner = s->d_inner, .d_state = s->d_state, .d_conv = s->d_conv,
		.eps = 1e-5f, .inner_eps = 1e-5f, .limit_low = s->limit_low, .limit_high = s->limit_high,
		.in_scale = 1, .out_scale = 1, .row_scale = { 1, 1, 1, 1, 1 } };
	for (int i = 0; i < N_ROLES; i++)
		part->tensor[i] = NO_TENSOR;
	part->tensor[ROLE_NORM] = vector(plan, s->width, 0.3f, 1);
	if (second)
		add_mamba2(plan, part, s);
	else
		add_mamba1(plan, part, s);
	part->tensor[ROLE_OUT_PROJ] = matrix(plan, s->type, s->width, s->d_inner);
	if (s->layer_norm)
		part->tensor[ROLE_NORM_BIAS] = vector(plan, s->width, 0.2f, 0);
	if (!s->no_conv_bias)
		part->tensor[ROLE_CONV_BIAS] = vector(plan, second ? s->d_ssm + 2 * (uint64_t)s->n_groups * s->d_state : s->d_inner, 0.3f, 0);
	if (s->biases) {
		part->tensor[ROLE_IN_PROJ_BIAS] = vector(plan, plan->tensors[part->tensor[ROLE_IN_PROJ]].shape[0], 0.3f, 0);
		part->tensor[ROLE_OUT_PROJ_BIAS] = vector(plan, s->width, 0.3f, 0);
	}
	add_components(plan, part, index);
}

void plan_make(struct plan *out, const struct shape *s)
{
	random_seed(s->width);
	*out = (struct plan){ .width = s->width, .vocab = s->vocab, .n_layers = N_LAYERS, .n_parts = N_LAYERS, .layer_norm = s->layer_norm,
		.eps = 1e-5f, .embed_scale = 1, .logit_scale = 1, .norm_bias = NO_TENSOR };
	out->parts = calloc(N_LAYERS, sizeof(*out->parts));
	out->tensors = calloc(N_LAYERS * N_ROLES + 4, sizeof(*out->tensors));
	out->components = calloc(2 * N_LAYERS + 1, sizeof(*out->components));
	ck_assert(out->parts && out->tensors && out->components);
	for (uint32_t i = 0; i < N_LAYERS; i++)
		add_layer(out, i, s);
	out->components[out->n_components++] = (struct component){ .name = "hidden", .part = NO_TENSOR, .rank = 1, .shape = { s->width } };
	out->embedding = out->head = add(out, s->type, s->vocab, s->width, 1, 0);
	out->norm = vector(out, s->width, 0.3f, 1);
	if (s->layer_norm)
		out->norm_bias = vector(out, s->width, 0.2f, 0);
	if (s->untied)
		out->head = add(out, s->type, s->vocab, s->width, 1, 0);
}

void plan_free(struct plan *plan)
{
	free(plan->parts);
	free(plan->tensors);
	free(plan->components);
	guarded_free_all();
}

struct emodel *open_plan(const struct plan *plan, const char *instructions, unsigned n_threads)
{
	struct engine_config config = { .threads = n_threads };
	struct emodel *model;
	struct why why;

	snprintf(config.instructions, sizeof(config.instructions), "%s", instructions);
	ck_assert_msg(krait__cpu_engine.open(&model, plan, &config, &why) == KRAIT_OK, "%s", why.text);
	return model;
}

struct slot *new_slot(struct emodel *model)
{
	struct slot *slot;

	ck_assert_int_eq(krait__cpu_engine.slot_new(&slot, model, NULL), KRAIT_OK);
	return slot;
}

static size_t count(const struct component *component)
{
	size_t n = 1;

	for (uint32_t i = 0; i < component->rank; i++)
		n *= component->shape[i];
	return n;
}

float *slot_content(const struct plan *plan, const struct slot *slot, size_t *n)
{
	float *out;

	*n = 0;
	for (uint32_t i = 0; i < plan->n_components; i++)
		*n += count(&plan->components[i]);
	out = malloc(*n * sizeof(float));
	ck_assert_ptr_nonnull(out);
	*n = 0;
	for (uint32_t i = 0; i < plan->n_components; i++) {
		krait__cpu_engine.slot_export(slot, i, out + *n, NULL);
		*n += count(&plan->components[i]);
	}
	return out;
}

void check_same_state(const struct plan *plan, const struct slot *a, const struct slot *b)
{
	size_t n;
	float *first = slot_content(plan, a, &n), *second = slot_content(plan, b, &n);

	ck_assert_mem_eq(first, second, n * sizeof(float));
	free(first);
	free(second);
}
