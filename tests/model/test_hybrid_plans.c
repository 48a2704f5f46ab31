/* SPDX-License-Identifier: Apache-2.0 */
/* test_hybrid_plans.c - the plans of models whose layers have several parts: which parts, with which numbers, and what
 * a configuration that contradicts the tensors gets. */
#include "plan_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Golden README, "Cases". A letter for each part: 1, 2, 3 (Mamba), A(ttention), F (MLP), E(xperts), small where it
 * reads what the part before it reads; a bar behind each layer. */
static const struct { const char *name, *family, *parts; } cases[] = {
	{ "falcon-mamba-bf16", "falcon_mamba", "1|1|1|" },
	{ "mamba3-siso-f32", "mamba3", "3F|3F|3F|" },
	{ "mamba3-mimo-f32", "mamba3", "3F|3F|3F|" },
	{ "mamba2attn-hybrid-f32", "mamba2attn", "2|A|2|A|" },
	{ "transformerpp-f32", "transformerpp", "AF|AF|" },
	{ "granite-hybrid-dense-bf16", "granitemoehybrid", NULL },
	{ "granite-hybrid-moe-f32", "granitemoehybrid", NULL },
	{ "granite-hybrid-rope-bf16", "granitemoehybrid", NULL },
	{ "nemotron-h-bf16", "nemotron_h", "2|F|2|A|F|2|" },
	{ "nemotron-h-moe-f32", "nemotron_h", "2|Ef|2|A|Ef|" },
	{ "falcon-h1-bf16", "falcon_h1", NULL },
	{ "falcon-h1-norm-f32", "falcon_h1", NULL },
	{ "bamba-f32", "bamba", NULL },
	{ "jamba-bf16", "jamba", "1F|1E|AF|1E|1F|" },
};
#define N_CASES ((int)(sizeof(cases) / sizeof(*cases)))
enum { MIMO = 2, TRANSFORMER = 4, GRANITE_MOE = 6, NEMOTRON = 8, NEMOTRON_MOE = 9, FALCON_H1 = 10, BAMBA = 12,
	JAMBA = 13 };

static void open_case(int i)
{
	plan_open(cases[i].name);
}

/* A build that fails names what it is about, and leaves nothing. */
static void must_fail(const char *says)
{
	krait_status status = plan_build();

	ck_assert_msg(status == KRAIT_ERROR_FORMAT && strstr(why.text, says), "%s: %d, %s", says, status, why.text);
	ck_assert_ptr_null(bindings);
	ck_assert_uint_eq(plan.n_tensors, 0);
}

static void print_parts(char *out)
{
	static const char letters[] = "123AFE";
	uint32_t layer = 0;

	for (uint32_t i = 0; i < plan.n_parts; i++) {
		const struct part *part = &plan.parts[i];
		char letter = letters[part->kind];

		for (; layer < part->layer; layer++)
			*out++ = '|';
		*out++ = part->input == INPUT_SAME ? (char)(letter + 32) : letter;
	}
	strcpy(out, "|");
}

START_TEST(layers_have_their_parts)
{
	char parts[128];

	open_case(_i);
	ck_assert_msg(plan_build() == KRAIT_OK, "%s", why.text);
	ck_assert_str_eq(config.name, cases[_i].family);
	print_parts(parts);
	if (cases[_i].parts)
		ck_assert_str_eq(parts, cases[_i].parts);
	for (uint32_t i = 0; i < plan.n_components; i++)
		if (plan.components[i].part != NO_TENSOR) {
			const struct part *part = &plan.parts[plan.components[i].part];

			ck_assert(i >= part->component && i < part->component + part->n_components);
			ck_assert_int_eq(plan.components[i].per_token, part->kind == PART_ATTENTION
				&& !strstr(plan.components[i].name, "conv"));
		}
	plan_drop();
	krait__checkpoint_close(&checkpoint);
}
END_TEST

START_TEST(a_missing_tensor_is_named)
{
	open_case(_i);
	for (size_t i = 0; i < checkpoint.n_weights; i++) {
		struct weight gone = checkpoint.weights[i];

		memmove(&checkpoint.weights[i], &checkpoint.weights[i + 1],
			(checkpoint.n_weights - i - 1) * sizeof(gone));
		checkpoint.n_weights--;
		if (!strcmp(gone.name, "lm_head.weight") && config.tied != 0) {
			ck_assert_msg(plan_build() == KRAIT_OK, "%s", why.text);
			plan_drop();
		} else {
			must_fail("missing");
			ck_assert_msg(strstr(why.text, gone.name) || strstr(gone.name, "embedding"), "without %s: %s",
				gone.name, why.text);
		}
		memmove(&checkpoint.weights[i + 1], &checkpoint.weights[i], (checkpoint.n_weights - i) * sizeof(gone));
		checkpoint.n_weights++;
		checkpoint.weights[i] = gone;
	}
	krait__checkpoint_close(&checkpoint);
}
END_TEST

/* A part of which there are two layers only cannot tell which of them is wrong. */
START_TEST(a_misshapen_tensor_is_refused)
{
	open_case(_i);
	for (size_t i = 0; i < checkpoint.n_weights; i++) {
		struct weight *weight = &checkpoint.weights[i];
		uint32_t rank = weight->rank;

		for (uint32_t axis = 0; axis < rank; axis++) {
			uint64_t old = weight->shape[axis];

			weight->shape[axis] = 0;
			must_fail(weight->name);
			weight->shape[axis] = UINT64_MAX;
			must_fail(weight->name);
			weight->shape[axis] = old;
		}
		weight->rank = rank == 1 ? 2 : 1;
		must_fail(weight->name);
		weight->rank = rank;
	}
	krait__checkpoint_close(&checkpoint);
}
END_TEST

START_TEST(patterns_that_contradict_the_tensors)
{
	open_case(NEMOTRON);
	ck_assert_str_eq(config.pattern, "M-M*-M");
	strcpy(config.pattern, "M-MM-M");
	must_fail("layers.3.mixer.in_proj.weight");
	strcpy(config.pattern, "*-M*-M");
	must_fail("layers.0.mixer.q_proj.weight");
	strcpy(config.pattern, "M-M*-");
	config.n_layers = 5;
	must_fail("one too many");
	krait__checkpoint_close(&checkpoint);
}
END_TEST

START_TEST(experts_that_are_not_there)
{
	static const int which[] = { NEMOTRON_MOE, GRANITE_MOE, JAMBA };
	enum { ROUTER_PART = 3 };

	open_case(which[_i]);
	ck_assert_int_eq(config.part[ROUTER_PART].kind, PART_MOE);
	config.part[ROUTER_PART].n_experts++;
	must_fail(which[_i] == GRANITE_MOE ? "the router chooses from" : "missing");
	config.part[ROUTER_PART].n_experts -= 2;
	must_fail(which[_i] == GRANITE_MOE ? "the router chooses from" : "one too many");
	config.part[ROUTER_PART].n_experts = UINT32_MAX;
	must_fail(which[_i] == GRANITE_MOE ? "the router chooses from" : "tensors are missing");
	krait__checkpoint_close(&checkpoint);
}
END_TEST

START_TEST(choices_that_cannot_be_made)
{
	struct part *part = &config.part[3];

	open_case(NEMOTRON_MOE);
	part->n_used = 0;
	must_fail("0 are chosen");
	part->n_used = part->n_experts + 1;
	must_fail("are chosen");
	part->n_used = 3;
	part->n_expert_groups = 2;      /* of 9 */
	must_fail("groups");
	part->n_expert_groups = 9;      /* none has two */
	must_fail("groups");
	part->n_expert_groups = 3;
	part->n_used_groups = 4;
	must_fail("groups");
	part->n_used_groups = 1;
	part->n_used = 4;               /* of 3 */
	must_fail("groups");
	krait__checkpoint_close(&checkpoint);
}
END_TEST

START_TEST(heads_that_do_not_divide)
{
	struct part *part = &config.part[1];

	open_case(BAMBA);
	part->n_heads = 5;
	part->head_dim = 0;
	must_fail("5 heads");
	part->n_heads = 0;
	must_fail("0 heads");
	krait__checkpoint_close(&checkpoint);
	open_case(BAMBA);
	part->n_kv_heads = 4;
	must_fail("4 for k and v");
	krait__checkpoint_close(&checkpoint);
	open_case(BAMBA);
	part->head_dim++;
	must_fail("wide");
	krait__checkpoint_close(&checkpoint);
	open_case(BAMBA);
	part->n_rotary = part->head_dim + 2;
	must_fail("rotated");
	part->n_rotary = 3;
	must_fail("rotated");
	krait__checkpoint_close(&checkpoint);
	open_case(MIMO);
	config.part[0].n_groups = 4;
	must_fail("ngroups");
	krait__checkpoint_close(&checkpoint);
}
END_TEST

/* What Falcon's own file says, where each number differs from every other. */
START_TEST(multipliers_arrive)
{
	const struct part *mamba, *attention, *mlp;

	open_case(FALCON_H1);
	ck_assert_int_eq(plan_build(), KRAIT_OK);
	mamba = &plan.parts[0], attention = &plan.parts[1], mlp = &plan.parts[2];
	ck_assert_int_eq(attention->input, INPUT_SAME);
	for (int i = 0; i < N_ROW_SCALES; i++)
		for (int k = 0; k < i; k++)
			ck_assert(mamba->row_scale[i] != mamba->row_scale[k]);
	ck_assert(mamba->in_scale != 1 && mamba->out_scale != 1 && attention->in_scale != 1
		&& attention->out_scale != 1);
	ck_assert(attention->row_scale[SCALE_K] != 1 && attention->row_scale[SCALE_Q] == 1
		&& attention->row_scale[SCALE_V] == 1);
	ck_assert(mlp->row_scale[SCALE_GATE] != 1 && mlp->row_scale[SCALE_UP] == 1 && mlp->out_scale != 1);
	ck_assert(plan.embed_scale != 1 && plan.logit_scale != 1);
	plan_drop();
	krait__checkpoint_close(&checkpoint);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hybrid plans");
	TCase *tests = tcase_create("hybrid plans");

	tcase_add_loop_test(tests, layers_have_their_parts, 0, N_CASES);
	tcase_add_loop_test(tests, a_missing_tensor_is_named, 0, N_CASES);
	tcase_add_loop_test(tests, a_misshapen_tensor_is_refused, 0, N_CASES);
	tcase_add_test(tests, patterns_that_contradict_the_tensors);
	tcase_add_loop_test(tests, experts_that_are_not_there, 0, 3);
	tcase_add_test(tests, choices_that_cannot_be_made);
	tcase_add_test(tests, heads_that_do_not_divide);
	tcase_add_test(tests, multipliers_arrive);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
