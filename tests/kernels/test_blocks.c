/* SPDX-License-Identifier: Apache-2.0 */
/* test_blocks.c - Mamba-3, experts and Mamba-1's inner norms against the formulas in double, on every instruction set;
 * which experts are chosen. That bits do not depend on company is in test_same_bits.c. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "support.h"
#include "kernels/buffers.h"
#include "kernels/cpu/block/moe.h"
#include "kernels/plans_more.h"
#include "kernels/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N 40                    /* tokens of a sequence */

static const struct engine *const engine = &krait__cpu_engine;

/* ---- against the reference ---- */

static double relative(const float *got, const double *want, size_t n)
{
	double sum = 0, norm = 0;

	for (size_t i = 0; i < n; i++) {
		sum += (got[i] - want[i]) * (got[i] - want[i]);
		norm += want[i] * want[i];
	}
	return norm > 0 ? sqrt(sum / norm) : sqrt(sum);
}

/* The largest difference of two angles, which go round. */
static double turned(const float *got, const double *want, size_t n)
{
	double most = 0;

	for (size_t i = 0; i < n; i++) {
		ck_assert(got[i] >= 0 && got[i] < 6.2831855f);
		most = fmax(most, fabs(remainder(got[i] - want[i], 6.28318530717958648)));
	}
	return most;
}

static bool is_angle(const struct plan *plan, uint32_t component)
{
	const struct component *c = &plan->components[component];

	return c->part != NO_TENSOR && plan->parts[c->part].kind == PART_MAMBA3
		&& component == plan->parts[c->part].component + 1;
}

static void check_state(const struct reference *want, const struct slot *slot)
{
	const struct plan *plan = want->plan;

	for (uint32_t i = 0; i < plan->n_components; i++) {
		size_t n = reference_extent(&plan->components[i]);
		float *got = malloc(n * sizeof(float));
		double error;

		ck_assert_ptr_nonnull(got);
		engine->slot_export(slot, i, got, NULL);
		error = is_angle(plan, i) ? turned(got, want->state[i], n) / 5 : relative(got, want->state[i], n);
		ck_assert_msg(error < 1e-5, "component %u of part %u: %g", i, plan->components[i].part, error);
		free(got);
	}
}

static void check_experts(const struct emodel *model, const struct reference *want, size_t row)
{
	for (uint32_t i = 0; i < model->plan->n_parts; i++) {
		size_t n = model->plan->parts[i].n_used;

		if (model->plan->parts[i].kind == PART_MOE)
			ck_assert_mem_eq(model->parts[i].moe.chosen + row * n, want->experts[i], n * sizeof(uint32_t));
	}
}

static void check_plan(const struct plan *plan, const char *instructions, const krait_token *tokens)
{
	struct emodel *model = open_plan(plan, instructions, 2);
	struct slot *slot = new_slot(model);
	float *hidden = malloc(N * plan->width * sizeof(float));
	double *want = malloc(plan->width * sizeof(double)), worst = 0;
	struct span span = { .slot = slot, .tokens = tokens, .n = N, .n_keep = N, .hidden = hidden };
	struct reference reference;

	ck_assert(hidden && want);
	model->row_limit = MAX_ROWS;
	ck_assert_int_eq(engine->forward(model, &span, 1, NULL), KRAIT_OK);
	reference_open(&reference, plan);
	for (size_t i = 0; i < N; i++) {
		reference_step(&reference, tokens[i], want);
		worst = fmax(worst, relative(hidden + i * plan->width, want, plan->width));
		check_experts(model, &reference, i);
	}
	ck_assert_msg(worst < 1e-5, "%s: hidden %g", instructions, worst);
	check_state(&reference, slot);
	reference_close(&reference);
	engine->slot_free(slot);
	engine->close(model);
	free(hidden);
	free(want);
}

START_TEST(blocks_are_the_formulas)
{
	const struct kernels *kernels;
	krait_token tokens[N];
	struct plan plan;

	more_plan_make(&plan, (size_t)_i);
	for (int i = 0; i < N; i++)
		tokens[i] = i * 31 % (int)plan.vocab;
	for (size_t k = 0; (kernels = krait__kernels_at(k)); k++)
		check_plan(&plan, kernels->name, tokens);
	plan_free(&plan);
}
END_TEST

/* ---- which experts ---- */

static struct part router(uint32_t flags, uint32_t n_experts, uint32_t n_used, uint32_t n_groups,
	uint32_t n_used_groups)
{
	return (struct part){ .flags = flags, .n_experts = n_experts, .n_used = n_used, .n_expert_groups = n_groups,
		.n_used_groups = n_used_groups, .expert_scale = 2 };
}

static void check_choice(struct part part, const float *logits, const float *bias, const uint32_t *want,
	const double *weights)
{
	float scratch[32], got[8];
	uint32_t chosen[8];

	krait__choose_experts(&part, logits, bias, scratch, chosen, got);
	for (uint32_t i = 0; i < part.n_used; i++) {
		ck_assert_uint_eq(chosen[i], want[i]);
		ck_assert_msg(isnan(weights[i]) ? isnan(got[i]) : fabs(got[i] - weights[i]) < 1e-6, "%u: %g is not %g",
			i, (double)got[i], weights[i]);
	}
}

START_TEST(the_lower_of_equals_is_chosen)
{
	static const float logits[] = { 1, 3, 3, 1, 3, 3 };

	check_choice(router(0, 6, 3, 1, 1), logits, NULL, (uint32_t[]){ 1, 2, 4 }, (double[]){ 2.0 / 3, 2.0 / 3,
		2.0 / 3 });
	check_choice(router(PART_ROUTER_ALL, 6, 1, 1, 1), logits, NULL, (uint32_t[]){ 1 },
		(double[]){ 2 / (4 + 2 * exp(-2)) });
}
END_TEST

/* The best is in a group that two good ones of another leave behind; the bias chooses and does not weigh. */
START_TEST(groups_are_ranked_by_two)
{
	static const float logits[] = { 5, -9, -9, 1, 1.5f, 0, -1, -1, -1 }, bias[] = { 0, 0, 0, 0, 0, 0, 0.9f, 0, 0 };
	double a = 1 / (1 + exp(-1)), b = 1 / (1 + exp(-1.5)), c = 1 / (1 + exp(1));

	check_choice(router(PART_ROUTER_SIGMOID, 9, 2, 3, 1), logits, bias, (uint32_t[]){ 3, 4 }, (double[]){ 2 * a,
		2 * b });
	check_choice(router(PART_ROUTER_SIGMOID | PART_ROUTER_NORMALISED, 9, 3, 3, 2), logits, bias, (uint32_t[]){ 3, 4,
		6 }, (double[]){ 2 * a / (a + b + c), 2 * b / (a + b + c), 2 * c / (a + b + c) });
}
END_TEST

START_TEST(what_is_no_number_chooses_the_first)
{
	static const float logits[] = { 1, 2, NAN, 7 }, infinite[] = { -INFINITY, -INFINITY, -INFINITY, -INFINITY };

	check_choice(router(0, 4, 2, 1, 1), logits, NULL, (uint32_t[]){ 0, 1 }, (double[]){ NAN, NAN });
	check_choice(router(PART_ROUTER_SIGMOID, 4, 2, 2, 1), logits, NULL, (uint32_t[]){ 0, 1 }, (double[]){ NAN,
		NAN });
	check_choice(router(0, 4, 2, 1, 1), infinite, NULL, (uint32_t[]){ 0, 1 }, (double[]){ NAN, NAN });
}
END_TEST

/* A row that is NaN stays alone with it. */
START_TEST(a_broken_row_breaks_no_other)
{
	struct plan plan;
	struct emodel *model;
	struct slot *slots[2];
	float *rows, hidden[2][64];
	struct span spans[2];

	more_plan_make(&plan, n_more_plans - 4);
	rows = calloc(plan.width, sizeof(float));
	ck_assert(rows && plan.width <= 64);
	model = open_plan(&plan, "auto", 2);
	for (int i = 0; i < 2; i++) {
		slots[i] = new_slot(model);
		spans[i] = (struct span){ .slot = slots[i], .embeddings = rows, .n = 1, .n_keep = 1,
			.hidden = hidden[i] };
	}
	spans[1].embeddings = NULL;
	spans[1].tokens = (krait_token[]){ 3 };
	rows[5] = NAN;
	ck_assert_int_eq(engine->forward(model, spans, 2, NULL), KRAIT_OK);
	for (size_t i = 0; i < plan.width; i++)
		ck_assert(isnan(hidden[0][i]) && isfinite(hidden[1][i]));
	engine->slot_free(slots[0]), engine->slot_free(slots[1]);
	engine->close(model);
	free(rows);
	plan_free(&plan);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("blocks");
	TCase *c = tcase_create("blocks");

	tcase_add_loop_test(c, blocks_are_the_formulas, 0, (int)n_more_plans);
	tcase_add_test(c, the_lower_of_equals_is_chosen);
	tcase_add_test(c, groups_are_ranked_by_two);
	tcase_add_test(c, what_is_no_number_chooses_the_first);
	tcase_add_test(c, a_broken_row_breaks_no_other);
	suite_add_tcase(s, c);
	return support_run(s);
}
