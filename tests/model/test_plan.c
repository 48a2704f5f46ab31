/* SPDX-License-Identifier: Apache-2.0 */
/* test_plan.c - from tensors to a plan: sizes of all golden checkpoints, and each tensor missing or misshapen. */
#include "plan_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Golden README, "Cases", and the shapes of the files. */
static const struct {
	const char *name;
	uint32_t vocab, width, d_inner, d_ssm, d_state, n_heads, head_dim, n_groups, rank, d_conv, n_layers;
	bool tied, layer_norm;
} cases[] = {
	{ "mamba1-bin-f16", 96, 36, 72, 72, 16, 72, 1, 1, 3, 4, 3, true, false },
	{ "mamba1-hf-bf16", 96, 38, 76, 76, 16, 76, 1, 1, 3, 4, 3, true, false },
	{ "mamba1-hf-sharded-f32", 104, 44, 88, 88, 16, 88, 1, 1, 5, 4, 3, true, false },
	{ "mamba1-layernorm-f32", 96, 36, 108, 108, 8, 108, 1, 1, 5, 3, 3, true, true },
	{ "mamba2-bin-bf16", 112, 36, 72, 72, 20, 6, 12, 1, 0, 4, 3, true, false },
	{ "mamba2-dssm-f32", 112, 38, 76, 48, 18, 6, 8, 2, 0, 4, 3, false, false },
	{ "mamba2-groups-f32", 97, 36, 72, 72, 20, 9, 8, 3, 0, 4, 3, false, false },
	{ "mamba2-hf-f32", 112, 35, 70, 70, 24, 7, 10, 1, 0, 4, 2, true, false },
	{ "mamba2-nonorm-f32", 112, 28, 84, 84, 20, 7, 12, 1, 0, 3, 3, false, false },
};
#define N_CASES ((int)(sizeof(cases) / sizeof(*cases)))

static void open_case(int i)
{
	plan_open(cases[i].name);
}

START_TEST(sizes_come_from_shapes)
{
	const struct part *part;

	open_case(_i);
	ck_assert_msg(plan_build() == KRAIT_OK, "%s", why.text);
	ck_assert_uint_eq(plan.vocab, cases[_i].vocab);
	ck_assert_uint_eq(plan.width, cases[_i].width);
	ck_assert_uint_eq(plan.n_layers, cases[_i].n_layers);
	ck_assert_uint_eq(plan.n_parts, cases[_i].n_layers);
	ck_assert_int_eq(plan.layer_norm, cases[_i].layer_norm);
	for (uint32_t i = 0; i < plan.n_parts; i++) {
		part = &plan.parts[i];
		ck_assert_uint_eq(part->layer, i);
		ck_assert_uint_eq(part->d_inner, cases[_i].d_inner);
		ck_assert_uint_eq(part->d_ssm, cases[_i].d_ssm);
		ck_assert_uint_eq(part->d_state, cases[_i].d_state);
		ck_assert_uint_eq(part->n_heads, cases[_i].n_heads);
		ck_assert_uint_eq(part->head_dim, cases[_i].head_dim);
		ck_assert_uint_eq(part->n_groups, cases[_i].n_groups);
		ck_assert_uint_eq(part->rank, cases[_i].rank);
		ck_assert_uint_eq(part->d_conv, cases[_i].d_conv);
		ck_assert_uint_eq(part->component, 2 * i);
	}
	part = &plan.parts[0];
	ck_assert_uint_eq(plan.n_components, 2 * plan.n_parts + 1);
	ck_assert_str_eq(plan.components[0].name, "layers.0.conv");
	ck_assert_str_eq(plan.components[1].name, "layers.0.ssm");
	ck_assert_str_eq(plan.components[plan.n_components - 1].name, "hidden");
	ck_assert_uint_eq(plan.components[0].shape[1], cases[_i].d_conv - 1);
	ck_assert_uint_eq(krait__extent(&plan.components[1], 0), (size_t)cases[_i].d_ssm * cases[_i].d_state);
	ck_assert_ptr_null(plan.tensors[0].data);
	ck_assert_uint_eq(krait__part_tensor(&plan, part, ROLE_CONV)->rank, 2);
	if (cases[_i].tied && plan.head != plan.embedding)
		krait__plan_tie(&plan);
	ck_assert_int_eq(plan.head == plan.embedding, cases[_i].tied);
	plan_drop();
	krait__checkpoint_close(&checkpoint);
}
END_TEST

/* Sizes that a configuration claims beside the shapes are not believed. */
START_TEST(lies_are_ignored)
{
	open_case(_i);
	config.part[0].d_state = 999;
	if (config.part[0].n_groups == 0)
		config.part[0].n_groups = 1;
	config.n_layers = 0;
	ck_assert_msg(plan_build() == KRAIT_OK, "%s", why.text);
	ck_assert_uint_eq(plan.parts[0].d_state, cases[_i].d_state);
	ck_assert_uint_eq(plan.n_layers, cases[_i].n_layers);
	plan_drop();
	krait__checkpoint_close(&checkpoint);
}
END_TEST

/* Canonically: transformers' plural of the embedding is the original's singular. */
static const char *canonical(const char *name)
{
	return strcmp(name, "backbone.embeddings.weight") ? name : krait__names_backbone.embedding;
}

START_TEST(a_missing_tensor_is_named)
{
	open_case(_i);
	for (size_t i = 0; i < checkpoint.n_weights; i++) {
		struct weight gone = checkpoint.weights[i];
		bool may_go = !strcmp(gone.name, "lm_head.weight") && config.tied != 0;

		memmove(&checkpoint.weights[i], &checkpoint.weights[i + 1], (checkpoint.n_weights - i - 1) * sizeof(gone));
		checkpoint.n_weights--;
		if (may_go) {
			ck_assert_msg(plan_build() == KRAIT_OK, "%s", why.text);
			plan_drop();
		} else {
			ck_assert_msg(plan_build() == KRAIT_ERROR_FORMAT, "without %s", gone.name);
			/* A bias that only the first of two may lack is blamed on the others, which is as true. */
			ck_assert_msg(strstr(why.text, gone.name) || strstr(why.text, canonical(gone.name)), "without %s: %s", gone.name, why.text);
			ck_assert_ptr_nonnull(strstr(why.text, "missing"));
			ck_assert_ptr_null(bindings);
			ck_assert_uint_eq(plan.n_tensors, 0);
		}
		memmove(&checkpoint.weights[i + 1], &checkpoint.weights[i], (checkpoint.n_weights - i) * sizeof(gone));
		checkpoint.n_weights++;
		checkpoint.weights[i] = gone;
	}
	krait__checkpoint_close(&checkpoint);
}
END_TEST

static void expect_misshapen(const struct weight *weight)
{
	ck_assert_msg(plan_build() == KRAIT_ERROR_FORMAT, "%s", weight->name);
	ck_assert_msg(strstr(why.text, weight->name), "%s: %s", weight->name, why.text);
	ck_assert_msg(strstr(why.text, "has the shape [") && strstr(why.text, "is needed"), "%s", why.text);
}

/* Where three layers agree, one odd tensor is found out, in the first layer too. */
START_TEST(a_misshapen_tensor_is_named)
{
	open_case(_i);
	for (size_t i = 0; i < checkpoint.n_weights; i++) {
		struct weight *weight = &checkpoint.weights[i];
		bool head = !strcmp(weight->name, "lm_head.weight"), embedding = !strncmp(weight->name, "backbone.embedding", 18);
		uint32_t rank = weight->rank;

		for (uint32_t axis = 0; axis < rank; axis++) {
			uint64_t old = weight->shape[axis];

			weight->shape[axis] = 0;
			expect_misshapen(weight);
			weight->shape[axis] = UINT64_MAX;
			expect_misshapen(weight);
			weight->shape[axis] = old + 1;
			/* The vocabulary is what the embedding says; with a head as well they disagree. */
			if (cases[_i].n_layers > 2 && !(embedding && axis == 0) && !(head && axis == 0))
				expect_misshapen(weight);
			weight->shape[axis] = old;
		}
		weight->rank = rank == 1 ? 2 : 1;
		expect_misshapen(weight);
		weight->rank = rank;
	}
	krait__checkpoint_close(&checkpoint);
}
END_TEST

START_TEST(an_extra_tensor_is_named)
{
	static const char *const extras[] = { "backbone.layers.0.mixer.surprise", "backbone.layers.7.norm.weight", "rotary.inv_freq" };
	struct weight *weights;

	open_case(0);
	for (size_t i = 0; i < 3; i++) {
		/* Sorted behind all others, or before: one of the ends is right for each. */
		size_t at = 0;
		struct weight extra = checkpoint.weights[checkpoint.n_weights - 1];

		weights = checkpoint.weights;
		extra.name = (char *)(uintptr_t)extras[i];
		checkpoint.weights = calloc(checkpoint.n_weights + 1, sizeof(extra));
		while (at < checkpoint.n_weights && strcmp(weights[at].name, extra.name) < 0)
			at++;
		memcpy(checkpoint.weights, weights, at * sizeof(extra));
		checkpoint.weights[at] = extra;
		memcpy(checkpoint.weights + at + 1, weights + at, (checkpoint.n_weights - at) * sizeof(extra));
		checkpoint.n_weights++;
		ck_assert_int_eq(plan_build(), KRAIT_ERROR_FORMAT);
		ck_assert_msg(strstr(why.text, extras[i]) && strstr(why.text, "one too many"), "%s", why.text);
		checkpoint.n_weights--;
		free(checkpoint.weights);
		checkpoint.weights = weights;
	}
	krait__checkpoint_close(&checkpoint);
}
END_TEST

START_TEST(numbers_of_layers_are_bounded)
{
	open_case(0);
	config.n_layers = UINT32_MAX;
	ck_assert_int_eq(plan_build(), KRAIT_ERROR_FORMAT);
	config.n_layers = 4;
	ck_assert_int_eq(plan_build(), KRAIT_ERROR_FORMAT);
	ck_assert_msg(strstr(why.text, "backbone.layers.3."), "%s", why.text);
	config.n_layers = 2;
	ck_assert_int_eq(plan_build(), KRAIT_ERROR_FORMAT);
	ck_assert_msg(strstr(why.text, "backbone.layers.2.") && strstr(why.text, "one too many"), "%s", why.text);
	krait__checkpoint_close(&checkpoint);
}
END_TEST

START_TEST(groups_that_do_not_divide)
{
	static const uint32_t groups[] = { 2, 7, 9, 4294967295u };

	open_case(6);
	for (size_t i = 0; i < 4; i++) {
		config.part[0].n_groups = groups[i];
		ck_assert_int_eq(plan_build(), KRAIT_ERROR_FORMAT);
		ck_assert_msg(strstr(why.text, "n_groups"), "%s", why.text);
	}
	krait__checkpoint_close(&checkpoint);
}
END_TEST

/* A configuration that forgets n_groups still tells it by d_state. */
START_TEST(groups_follow_from_the_state)
{
	open_case(6);
	config.part[0].n_groups = 0;
	ck_assert_int_eq(plan_build(), KRAIT_OK);
	ck_assert_uint_eq(plan.parts[0].n_groups, 3);
	plan_drop();
	krait__checkpoint_close(&checkpoint);
}
END_TEST

START_TEST(types_that_are_no_weights)
{
	open_case(0);
	checkpoint.weights[4].type = DTYPE_I8;
	ck_assert_int_eq(plan_build(), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(why.text, checkpoint.weights[4].name));
	krait__checkpoint_close(&checkpoint);
}
END_TEST

/* What an engine may rely on, one field at a time. */
START_TEST(a_plan_that_is_wrong)
{
	struct part good;

	open_case(5);
	ck_assert_int_eq(plan_build(), KRAIT_OK);
	good = plan.parts[1];
#define BREAK(field, value) \
	plan.parts[1].field = (value); \
	ck_assert_int_lt(krait__plan_check(&plan, &why), 0); \
	ck_assert_ptr_nonnull(strstr(why.text, "layer 1")); \
	plan.parts[1] = good
	BREAK(n_heads, 0);
	BREAK(n_heads, 5);
	BREAK(head_dim, 0);
	BREAK(n_groups, 0);
	BREAK(n_groups, 4);
	BREAK(d_ssm, 77);
	BREAK(d_state, 0);
	BREAK(d_conv, 1);
	BREAK(d_conv, 257);
	BREAK(d_inner, good.d_inner + 1);
	BREAK(d_state, good.d_state + 1);
	BREAK(d_inner, UINT32_MAX);
	BREAK(d_state, UINT32_MAX);
	BREAK(kind, PART_MAMBA1);
	BREAK(kind, (enum part_kind)77);
#undef BREAK
	ck_assert_int_eq(krait__plan_check(&plan, &why), KRAIT_OK);
	plan.components[1].shape[0] = plan.components[1].shape[1] = plan.components[1].shape[2] = INT32_MAX;
	ck_assert_int_eq(krait__plan_check(&plan, &why), KRAIT_ERROR_FORMAT);
	plan_drop();
	krait__checkpoint_close(&checkpoint);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plan");
	TCase *tests = tcase_create("plan");

	tcase_add_loop_test(tests, sizes_come_from_shapes, 0, N_CASES);
	tcase_add_loop_test(tests, lies_are_ignored, 0, N_CASES);
	tcase_add_loop_test(tests, a_missing_tensor_is_named, 0, N_CASES);
	tcase_add_loop_test(tests, a_misshapen_tensor_is_named, 0, N_CASES);
	tcase_add_test(tests, an_extra_tensor_is_named);
	tcase_add_test(tests, numbers_of_layers_are_bounded);
	tcase_add_test(tests, groups_that_do_not_divide);
	tcase_add_test(tests, groups_follow_from_the_state);
	tcase_add_test(tests, types_that_are_no_weights);
	tcase_add_test(tests, a_plan_that_is_wrong);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
