/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/plans_more.h"
#include "kernels/buffers.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_TENSORS 256

/* How an expert's tensors stand. */
enum form { SPLIT, FUSED, STACKED, STACKED_FUSED };

struct more_shape {
	const char *name;
	/* one letter each: 1 Mamba-1 with inner norms, 3 Mamba-3, e experts, s experts beside what is before */
	const char *parts;
	enum dtype type;
	uint32_t width, d_inner, d_state;
	uint32_t rank;                  /* mamba1, mamba3 */
	bool weightless;                /* mamba1's norms */
	uint32_t n_heads, n_groups, n_angles;
	bool mimo, gate_norm;
	float a_floor;
	uint32_t d_ff, n_experts, n_used, n_expert_groups, n_used_groups, flags;
	enum form form;
	bool no_gate;
	float expert_scale;
};

static const struct more_shape more[] = {
	{ .name = "falcon", .parts = "11", .type = DTYPE_BF16, .width = 30, .d_inner = 44, .d_state = 7, .rank = 3,
		.weightless = true },
	{ .name = "jamba", .parts = "1e1e", .type = DTYPE_BF16, .width = 36, .d_inner = 50, .d_state = 16, .rank = 5,
		.d_ff = 29, .n_experts = 6, .n_used = 2, .flags = PART_ROUTER_ALL },
	{ .name = "siso", .parts = "33", .type = DTYPE_F32, .width = 30, .d_inner = 60, .d_state = 20, .rank = 1,
		.n_heads = 5, .n_groups = 1, .n_angles = 5, .a_floor = 1e-4f },
	{ .name = "siso groups", .parts = "33", .type = DTYPE_BF16, .width = 33, .d_inner = 42, .d_state = 9,
		.rank = 1, .n_heads = 6, .n_groups = 3, .n_angles = 4, .gate_norm = true, .a_floor = 0.2f },
	{ .name = "siso wide", .parts = "3", .type = DTYPE_F16, .width = 40, .d_inner = 140, .d_state = 11, .rank = 1,
		.n_heads = 2, .n_groups = 1, .n_angles = 1, .a_floor = 1e-4f },
	{ .name = "mimo", .parts = "33", .type = DTYPE_F16, .width = 36, .d_inner = 48, .d_state = 20, .rank = 4,
		.n_heads = 4, .n_groups = 2, .n_angles = 5, .mimo = true, .a_floor = 0.8f },
	{ .name = "mimo odd", .parts = "33", .type = DTYPE_F32, .width = 21, .d_inner = 51, .d_state = 13, .rank = 3,
		.n_heads = 3, .n_groups = 1, .n_angles = 6, .mimo = true, .gate_norm = true, .a_floor = 1e-4f },
	{ .name = "mimo pair", .parts = "3", .type = DTYPE_F32, .width = 16, .d_inner = 38, .d_state = 8, .rank = 2,
		.n_heads = 2, .n_groups = 2, .n_angles = 3, .mimo = true, .a_floor = 1e-4f },
	{ .name = "mimo wide", .parts = "3", .type = DTYPE_BF16, .width = 24, .d_inner = 66, .d_state = 6, .rank = 5,
		.n_heads = 2, .n_groups = 1, .n_angles = 3, .mimo = true, .gate_norm = true, .a_floor = 1e-4f },
	{ .name = "granite", .parts = "3e3s", .type = DTYPE_F32, .width = 38, .d_inner = 36, .d_state = 12, .rank = 1,
		.n_heads = 3, .n_groups = 1, .n_angles = 3, .a_floor = 1e-4f, .d_ff = 41, .n_experts = 7, .n_used = 3,
		.form = STACKED_FUSED },
	{ .name = "nemotron", .parts = "e3e", .type = DTYPE_BF16, .width = 35, .d_inner = 36, .d_state = 12,
		.rank = 1, .n_heads = 3, .n_groups = 1, .n_angles = 3, .a_floor = 1e-4f, .d_ff = 23, .n_experts = 9,
		.n_used = 3, .n_expert_groups = 3, .n_used_groups = 2,
		.flags = PART_ROUTER_SIGMOID | PART_ROUTER_NORMALISED | PART_RELU2, .no_gate = true,
		.expert_scale = 2.5f },
	{ .name = "many experts", .parts = "3ee", .type = DTYPE_F16, .width = 300, .d_inner = 24, .d_state = 8,
		.rank = 1, .n_heads = 2, .n_groups = 1, .n_angles = 2, .a_floor = 1e-4f, .d_ff = 18, .n_experts = 33,
		.n_used = 5, .flags = PART_UP_FIRST | PART_ROUTER_SIGMOID, .form = FUSED, .expert_scale = 0.7f },
	{ .name = "stacked", .parts = "3e", .type = DTYPE_BF16, .width = 20, .d_inner = 24, .d_state = 8, .rank = 1,
		.n_heads = 2, .n_groups = 1, .n_angles = 2, .a_floor = 1e-4f, .d_ff = 35, .n_experts = 4, .n_used = 4,
		.flags = PART_RELU2, .form = STACKED },
};
const size_t n_more_plans = sizeof(more) / sizeof(*more);

static uint32_t add(struct plan *plan, enum dtype type, uint32_t rank, const uint64_t *shape, float scale, float offset)
{
	struct tensor *tensor = &plan->tensors[plan->n_tensors];
	size_t n = 1;
	float *wide;
	void *data;

	ck_assert_uint_lt(plan->n_tensors, MOST_TENSORS);
	*tensor = (struct tensor){ .name = "random", .type = type, .rank = rank };
	for (uint32_t i = 0; i < rank; i++)
		n *= tensor->shape[i] = shape[i];
	wide = malloc(n * sizeof(float));
	ck_assert_ptr_nonnull(wide);
	random_fill(wide, n, scale, offset);
	data = guarded(n * krait__dtype_size(type));
	krait__narrow(data, type, wide, n);
	tensor->data = data;
	free(wide);
	return plan->n_tensors++;
}

static uint32_t vector(struct plan *plan, uint64_t n, float scale, float offset)
{
	return add(plan, DTYPE_F32, 1, &n, scale, offset);
}

static uint32_t matrix(struct plan *plan, enum dtype type, uint64_t rows, uint64_t columns)
{
	return add(plan, type, 2, (uint64_t[]){ rows, columns }, 1.7f / sqrtf((float)columns), 0);
}

static void add_component(struct plan *plan, struct part *part, uint32_t rank, uint64_t a, uint64_t b, uint64_t c)
{
	plan->components[plan->n_components] = (struct component){ .part = (uint32_t)(part - plan->parts), .rank = rank,
		.shape = { a, b, c } };
	if (part->n_components++ == 0)
		part->component = plan->n_components;
	plan->n_components++;
}

static void add_mamba1(struct plan *plan, struct part *part, const struct more_shape *s)
{
	uint32_t *t = part->tensor;

	part->kind = PART_MAMBA1;
	part->d_ssm = s->d_inner;
	part->d_conv = 3;
	part->flags = PART_INNER_NORMS;
	t[ROLE_IN_PROJ] = matrix(plan, s->type, 2 * (uint64_t)s->d_inner, s->width);
	t[ROLE_CONV] = matrix(plan, s->type, s->d_inner, 3);
	t[ROLE_X_PROJ] = matrix(plan, s->type, s->rank + 2 * (uint64_t)s->d_state, s->d_inner);
	t[ROLE_DT_PROJ] = matrix(plan, s->type, s->d_inner, s->rank);
	t[ROLE_DT_BIAS] = vector(plan, s->d_inner, 1, -2);
	t[ROLE_A_LOG] = add(plan, DTYPE_F32, 2, (uint64_t[]){ s->d_inner, s->d_state }, 1, 1);
	t[ROLE_D] = vector(plan, s->d_inner, 0.5f, 1);
	t[ROLE_OUT_PROJ] = matrix(plan, s->type, s->width, s->d_inner);
	if (!s->weightless) {
		t[ROLE_DT_NORM] = vector(plan, s->rank, 0.3f, 1);
		t[ROLE_B_NORM] = vector(plan, s->d_state, 0.3f, 1);
		t[ROLE_C_NORM] = vector(plan, s->d_state, 0.3f, 1);
	}
	add_component(plan, part, 2, s->d_inner, 2, 0);
	add_component(plan, part, 2, s->d_inner, s->d_state, 0);
}

static void add_mamba3(struct plan *plan, struct part *part, const struct more_shape *s)
{
	uint64_t head_dim = s->d_inner / s->n_heads, groups = (uint64_t)s->n_groups * s->rank * s->d_state;
	uint64_t biases[] = { s->n_heads, s->rank, s->d_state }, mimo[] = { s->n_heads, s->rank, head_dim };
	uint32_t *t = part->tensor;

	part->kind = PART_MAMBA3;
	part->d_ssm = s->d_inner;
	part->n_heads = s->n_heads;
	part->head_dim = (uint32_t)head_dim;
	part->n_groups = s->n_groups;
	part->n_angles = s->n_angles;
	part->a_floor = s->a_floor;
	t[ROLE_IN_PROJ] = matrix(plan, s->type,
		2 * (uint64_t)s->d_inner + 2 * groups + 3 * (uint64_t)s->n_heads + s->n_angles, s->width);
	t[ROLE_DT_BIAS] = vector(plan, s->n_heads, 1, -1);
	t[ROLE_B_BIAS] = add(plan, s->type, 3, biases, 0.5f, 1);
	t[ROLE_C_BIAS] = add(plan, s->type, 3, biases, 0.5f, 1);
	t[ROLE_B_NORM] = vector(plan, s->d_state, 0.3f, 1);
	t[ROLE_C_NORM] = vector(plan, s->d_state, 0.3f, 1);
	t[ROLE_D] = vector(plan, s->n_heads, 0.5f, 1);
	for (int i = ROLE_MIMO_X; s->mimo && i <= ROLE_MIMO_O; i++)
		t[i] = add(plan, s->type, 3, mimo, 0.5f, 0.5f);
	if (s->gate_norm)
		t[ROLE_GATE_NORM] = vector(plan, s->d_inner, 0.3f, 1);
	t[ROLE_OUT_PROJ] = matrix(plan, s->type, s->width, s->d_inner);
	add_component(plan, part, 3, s->n_heads, head_dim, s->d_state);
	add_component(plan, part, 2, s->n_heads, s->n_angles, 0);
	add_component(plan, part, 3, s->rank, s->n_heads, s->d_state);
	add_component(plan, part, 2, s->n_heads, head_dim, 0);
}

static uint32_t add_experts(struct plan *plan, const struct more_shape *s, uint64_t rows, uint64_t columns)
{
	uint64_t shape[] = { s->n_experts, rows, columns };
	uint32_t first = plan->n_tensors;

	if (s->form == STACKED || s->form == STACKED_FUSED)
		return add(plan, s->type, 3, shape, 1.7f / sqrtf((float)columns), 0);
	for (uint32_t i = 0; i < s->n_experts; i++)
		matrix(plan, s->type, rows, columns);
	return first;
}

static void add_moe(struct plan *plan, struct part *part, const struct more_shape *s)
{
	bool fused = s->form == FUSED || s->form == STACKED_FUSED;
	uint32_t *t = part->tensor;

	part->kind = PART_MOE;
	part->flags = s->flags;
	part->d_inner = part->d_state = part->rank = 0;
	part->d_ff = s->d_ff;
	part->n_experts = s->n_experts;
	part->n_used = s->n_used;
	part->n_expert_groups = s->n_expert_groups ? s->n_expert_groups : 1;
	part->n_used_groups = s->n_used_groups ? s->n_used_groups : 1;
	part->expert_scale = s->expert_scale > 0 ? s->expert_scale : 1;
	t[ROLE_ROUTER] = matrix(plan, s->type, s->n_experts, s->width);
	if (s->flags & PART_ROUTER_SIGMOID)
		t[ROLE_ROUTER_BIAS] = vector(plan, s->n_experts, 0.4f, 0.6f);
	if (fused)
		t[ROLE_GATE_UP] = add_experts(plan, s, 2 * (uint64_t)s->d_ff, s->width);
	else
		t[ROLE_UP] = add_experts(plan, s, s->d_ff, s->width);
	if (!fused && !s->no_gate)
		t[ROLE_GATE] = add_experts(plan, s, s->d_ff, s->width);
	t[ROLE_DOWN] = add_experts(plan, s, s->width, s->d_ff);
}

static void add_part(struct plan *plan, const struct more_shape *s, char letter)
{
	struct part *part = &plan->parts[plan->n_parts];

	*part = (struct part){ .layer = plan->n_parts, .input = letter == 's' ? INPUT_SAME : INPUT_NORM, .d_inner = s->d_inner,
		.d_state = s->d_state, .rank = s->rank, .eps = 1e-5f, .inner_eps = 1e-4f, .limit_high = INFINITY,
		.in_scale = 0.9f, .out_scale = 0.8f };
	for (int i = 0; i < N_ROW_SCALES; i++)
		part->row_scale[i] = 1;
	for (int i = 0; i < N_ROLES; i++)
		part->tensor[i] = NO_TENSOR;
	if (letter != 's')
		part->tensor[ROLE_NORM] = vector(plan, s->width, 0.3f, 1);
	if (letter == '1')
		add_mamba1(plan, part, s);
	else if (letter == '3')
		add_mamba3(plan, part, s);
	else
		add_moe(plan, part, s);
	plan->n_parts++;
}

void more_plan_make(struct plan *out, size_t index)
{
	const struct more_shape *s = &more[index];
	size_t n = strlen(s->parts);

	random_seed(s->width + 100 * index);
	*out = (struct plan){ .width = s->width, .vocab = 61, .n_layers = (uint32_t)n, .eps = 1e-5f, .embed_scale = 1,
		.logit_scale = 1,
		.norm_bias = NO_TENSOR };
	out->parts = calloc(n, sizeof(*out->parts));
	out->tensors = calloc(MOST_TENSORS, sizeof(*out->tensors));
	out->components = calloc(4 * n + 1, sizeof(*out->components));
	ck_assert(out->parts && out->tensors && out->components);
	for (size_t i = 0; i < n; i++)
		add_part(out, s, s->parts[i]);
	out->components[out->n_components++] = (struct component){ .name = "hidden", .part = NO_TENSOR, .rank = 1,
		.shape = { s->width } };
	out->embedding = out->head = add(out, s->type, 2, (uint64_t[]){ out->vocab, s->width }, 1, 0);
	out->norm = vector(out, s->width, 0.3f, 1);
}
