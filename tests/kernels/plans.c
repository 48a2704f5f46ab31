/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/plans.h"
#include "kernels/buffers.h"
#include "kernels/cpu/cpu.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_LAYERS 2
#define MOST_PARTS 3            /* of a layer */

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
	*tensor = (struct tensor){ .name = "random", .data = data, .type = type, .rank = columns ? 2 : 1,
		.shape = { rows, columns } };
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

static uint32_t bias(struct plan *plan, const struct shape *s, uint64_t n)
{
	return s->biases ? vector(plan, n, 0.3f, 0) : NO_TENSOR;
}

/* [a, b], or [a, b, c]. */
static void component(struct plan *plan, struct part *part, bool per_token, uint64_t a, uint64_t b, uint64_t c)
{
	struct component *out = &plan->components[plan->n_components];

	*out = (struct component){ .part = plan->n_parts, .per_token = per_token, .rank = c ? 3 : 2,
		.shape = { a, b, c } };
	plan->n_components++;
	part->n_components++;
}

static void add_conv(struct plan *plan, struct part *part, const struct shape *s, uint64_t channels)
{
	part->tensor[ROLE_CONV] = add(plan, s->type, channels, part->d_conv, 0.7f, 0);
	if (!s->no_conv_bias)
		part->tensor[ROLE_CONV_BIAS] = vector(plan, channels, 0.3f, 0);
}

static void add_mamba1(struct plan *plan, struct part *part, const struct shape *s)
{
	uint32_t *t = part->tensor;

	part->d_ssm = part->d_inner;
	part->n_heads = part->d_inner;
	part->head_dim = part->n_groups = 1;
	part->rank = s->rank;
	t[ROLE_IN_PROJ] = matrix(plan, s->type, 2 * (uint64_t)s->d_inner, s->width);
	t[ROLE_IN_PROJ_BIAS] = bias(plan, s, 2 * (uint64_t)s->d_inner);
	add_conv(plan, part, s, s->d_inner);
	t[ROLE_X_PROJ] = matrix(plan, s->type, s->rank + 2 * (uint64_t)s->d_state, s->d_inner);
	t[ROLE_DT_PROJ] = matrix(plan, s->type, s->d_inner, s->rank);
	t[ROLE_DT_BIAS] = vector(plan, s->d_inner, 1, -2);
	t[ROLE_A_LOG] = add(plan, DTYPE_F32, s->d_inner, s->d_state, 1, 1);
	t[ROLE_D] = vector(plan, s->d_inner, 0.5f, 1);
	t[ROLE_OUT_PROJ] = matrix(plan, s->type, s->width, s->d_inner);
	t[ROLE_OUT_PROJ_BIAS] = bias(plan, s, s->width);
	component(plan, part, false, s->d_inner, s->d_conv - 1, 0);
	component(plan, part, false, s->d_inner, s->d_state, 0);
}

static void add_mamba2(struct plan *plan, struct part *part, const struct shape *s)
{
	uint32_t *t = part->tensor;
	uint64_t channels = s->d_ssm + 2 * (uint64_t)s->n_groups * s->d_state;
	uint64_t rows = 2 * (uint64_t)(s->d_inner - s->d_ssm) + s->d_ssm + channels + s->n_heads;

	part->d_ssm = s->d_ssm;
	part->n_heads = s->n_heads;
	part->n_groups = s->n_groups;
	part->head_dim = s->d_ssm / s->n_heads;
	part->flags = s->norm_before_gate ? PART_NORM_BEFORE_GATE : 0;
	t[ROLE_IN_PROJ] = matrix(plan, s->type, rows, s->width);
	t[ROLE_IN_PROJ_BIAS] = bias(plan, s, rows);
	add_conv(plan, part, s, channels);
	t[ROLE_DT_BIAS] = vector(plan, s->n_heads, 1, -1);
	t[ROLE_A_LOG] = vector(plan, s->n_heads, 1, 1);
	t[ROLE_D] = vector(plan, s->channel_d ? s->d_ssm : s->n_heads, 0.5f, 1);
	if (s->norm)
		t[ROLE_GATE_NORM] = vector(plan, s->d_ssm, 0.3f, 1);
	t[ROLE_OUT_PROJ] = matrix(plan, s->type, s->width, s->d_inner);
	t[ROLE_OUT_PROJ_BIAS] = bias(plan, s, s->width);
	component(plan, part, false, channels, s->d_conv - 1, 0);
	component(plan, part, false, s->n_heads, part->head_dim, s->d_state);
}

static void add_attention(struct plan *plan, struct part *part, const struct shape *s)
{
	uint32_t *t = part->tensor;
	uint64_t q_rows = (uint64_t)s->q_heads * s->head_dim, kv_rows = (uint64_t)s->kv_heads * s->head_dim;

	part->d_inner = part->d_state = 0;
	part->n_heads = s->q_heads;
	part->n_kv_heads = s->kv_heads;
	part->head_dim = s->head_dim;
	part->n_rotary = s->n_rotary;
	part->d_conv = s->attention_conv;
	part->theta = 100;
	part->attention_scale = s->scaled ? 0.7f : 1.5f / sqrtf((float)s->head_dim);
	if (s->fused) {
		t[ROLE_IN_PROJ] = matrix(plan, s->type, q_rows + 2 * kv_rows, s->width);
		t[ROLE_IN_PROJ_BIAS] = bias(plan, s, q_rows + 2 * kv_rows);
	} else {
		t[ROLE_Q] = matrix(plan, s->type, q_rows, s->width);
		t[ROLE_Q_BIAS] = bias(plan, s, q_rows);
		t[ROLE_K] = matrix(plan, s->type, kv_rows, s->width);
		t[ROLE_V] = matrix(plan, s->type, kv_rows, s->width);
		t[ROLE_V_BIAS] = bias(plan, s, kv_rows);
	}
	if (s->attention_conv)
		add_conv(plan, part, s, q_rows + 2 * kv_rows);
	t[ROLE_OUT_PROJ] = matrix(plan, s->type, s->width, q_rows);
	t[ROLE_OUT_PROJ_BIAS] = bias(plan, s, s->width);
	component(plan, part, true, s->kv_heads, s->head_dim, 0);
	component(plan, part, true, s->kv_heads, s->head_dim, 0);
	if (s->attention_conv)
		component(plan, part, false, q_rows + 2 * kv_rows, s->attention_conv - 1, 0);
}

static void add_mlp(struct plan *plan, struct part *part, const struct shape *s)
{
	uint32_t *t = part->tensor;

	part->d_inner = part->d_state = part->d_conv = 0;
	part->d_ff = s->d_ff;
	part->flags = (s->up_first ? PART_UP_FIRST : 0) | (s->relu2 ? PART_RELU2 : 0);
	if (s->fused && !s->no_gate) {
		t[ROLE_GATE_UP] = matrix(plan, s->type, 2 * (uint64_t)s->d_ff, s->width);
		t[ROLE_GATE_UP_BIAS] = bias(plan, s, 2 * (uint64_t)s->d_ff);
	} else {
		t[ROLE_UP] = matrix(plan, s->type, s->d_ff, s->width);
		t[ROLE_UP_BIAS] = bias(plan, s, s->d_ff);
		t[ROLE_GATE] = s->no_gate ? NO_TENSOR : matrix(plan, s->type, s->d_ff, s->width);
		t[ROLE_GATE_BIAS] = s->no_gate ? NO_TENSOR : bias(plan, s, s->d_ff);
	}
	t[ROLE_DOWN] = matrix(plan, s->type, s->width, s->d_ff);
	t[ROLE_DOWN_BIAS] = bias(plan, s, s->width);
}

static const struct {
	char letter;
	enum part_kind kind;
	void (*add)(struct plan *plan, struct part *part, const struct shape *s);
} makers[] = {
	{ '1', PART_MAMBA1, add_mamba1 }, { '2', PART_MAMBA2, add_mamba2 }, { 'a', PART_ATTENTION, add_attention },
		{ 'm', PART_MLP, add_mlp },
};

static void add_part(struct plan *plan, uint32_t layer, char letter, bool same, const struct shape *s)
{
	struct part *part = &plan->parts[plan->n_parts];

	*part = (struct part){ .input = same ? INPUT_SAME : INPUT_NORM, .layer = layer, .component = plan->n_components,
		.d_inner = s->d_inner, .d_state = s->d_state, .d_conv = s->d_conv, .eps = 1e-5f, .inner_eps = 1e-5f,
		.limit_low = s->limit_low, .limit_high = s->limit_high, .in_scale = 1, .out_scale = 1,
		.row_scale = { 1, 1, 1, 1, 1 } };
	if (s->scaled) {
		part->in_scale = 1.25f, part->out_scale = 0.6f;
		part->row_scale[0] = 0.9f, part->row_scale[1] = 1.3f, part->row_scale[2] = 0.7f,
			part->row_scale[3] = 1.1f, part->row_scale[4] = 0.8f;
	}
	for (int i = 0; i < N_ROLES; i++)
		part->tensor[i] = NO_TENSOR;
	if (!same)
		part->tensor[ROLE_NORM] = vector(plan, s->width, 0.3f, 1);
	if (!same && s->layer_norm)
		part->tensor[ROLE_NORM_BIAS] = vector(plan, s->width, 0.2f, 0);
	for (size_t i = 0; i < sizeof(makers) / sizeof(*makers); i++)
		if (makers[i].letter == letter) {
			part->kind = makers[i].kind;
			makers[i].add(plan, part, s);
		}
	plan->n_parts++;
}

void plan_make(struct plan *out, const struct shape *s)
{
	random_seed(s->width);
	*out = (struct plan){ .width = s->width, .vocab = s->vocab, .n_layers = N_LAYERS, .layer_norm = s->layer_norm,
		.eps = 1e-5f, .embed_scale = s->scaled ? 1.7f : 1, .logit_scale = s->scaled ? 0.4f : 1,
		.norm_bias = NO_TENSOR };
	out->parts = calloc(N_LAYERS * MOST_PARTS, sizeof(*out->parts));
	out->tensors = calloc(N_LAYERS * MOST_PARTS * N_ROLES + 4, sizeof(*out->tensors));
	out->components = calloc(N_LAYERS * MOST_PARTS * 4 + 1, sizeof(*out->components));
	ck_assert(out->parts && out->tensors && out->components);
	for (uint32_t i = 0; i < N_LAYERS; i++)
		for (const char *at = s->parts[i]; *at; at++) {
			bool same = *at == '+';

			at += same;
			add_part(out, i, *at, same, s);
		}
	out->components[out->n_components++] = (struct component){ .name = "hidden", .part = NO_TENSOR, .rank = 1,
		.shape = { s->width } };
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

float *slot_content(const struct plan *plan, const struct slot *slot, size_t *n)
{
	float *out;

	*n = 0;
	for (uint32_t i = 0; i < plan->n_components; i++)
		*n += krait__extent(&plan->components[i], slot->n_positions);
	out = malloc(*n * sizeof(float));
	ck_assert_ptr_nonnull(out);
	*n = 0;
	for (uint32_t i = 0; i < plan->n_components; i++) {
		krait__cpu_engine.slot_export(slot, i, out + *n, NULL);
		*n += krait__extent(&plan->components[i], slot->n_positions);
	}
	return out;
}

void check_same_state(const struct plan *plan, const struct slot *a, const struct slot *b)
{
	size_t n;
	float *first = slot_content(plan, a, &n), *second = slot_content(plan, b, &n);

	ck_assert_uint_eq(a->n_positions, b->n_positions);
	ck_assert_mem_eq(first, second, n * sizeof(float));
	free(first);
	free(second);
}
