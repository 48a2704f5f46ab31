/* SPDX-License-Identifier: Apache-2.0 */
/* test_parts.c - every kind of block against its formula in double precision, on every instruction set. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "support.h"
#include "kernels/buffers.h"
#include "kernels/cpu/cpu.h"
#include "kernels/naive.h"
#include "kernels/plans.h"

#include <math.h>
#include <stdlib.h>

#define N 150                   /* positions: into the third page */

static const struct engine *const engine = &krait__cpu_engine;

static double distance(const float *got, const double *want, size_t n)
{
	double sum = 0, norm = 0;

	for (size_t i = 0; i < n; i++) {
		sum += (got[i] - want[i]) * (got[i] - want[i]);
		norm += want[i] * want[i];
	}
	return sqrt(sum / norm);
}

static void check_logits(struct emodel *model, const struct plan *plan, const struct slot *slot, const double *hidden)
{
	const struct tensor *head = &plan->tensors[plan->head];
	size_t size = krait__dtype_size(head->type);
	float *logits = malloc(plan->vocab * sizeof(float)), *row = malloc(plan->width * sizeof(float));
	double *want = calloc(plan->vocab, sizeof(double));
	struct slot *slots[] = { (struct slot *)slot };

	ck_assert(logits && row && want);
	for (size_t j = 0; j < plan->vocab; j++) {
		krait__widen(row, (const char *)head->data + j * plan->width * size, head->type, plan->width);
		for (size_t i = 0; i < plan->width; i++)
			want[j] += plan->logit_scale * row[i] * hidden[i];
	}
	ck_assert_int_eq(engine->logits(model, slots, NULL, 1, &logits, NULL), KRAIT_OK);
	ck_assert(distance(logits, want, plan->vocab) < 1e-5);
	free(logits);
	free(row);
	free(want);
}

START_TEST(formulas)
{
	const struct shape *shape = &shapes[_i];
	const struct kernels *kernels;
	krait_token tokens[N];
	const double *want;
	struct plan plan;
	float *hidden;

	plan_make(&plan, shape);
	for (int i = 0; i < N; i++)
		tokens[i] = i * i * 7 % (int)plan.vocab;
	want = naive_hidden(&plan, tokens, N);
	hidden = malloc(N * plan.width * sizeof(float));
	ck_assert_ptr_nonnull(hidden);
	for (size_t k = 0; (kernels = krait__kernels_at(k)); k++) {
		struct emodel *model = open_plan(&plan, kernels->name, 3);
		struct span span = { .slot = new_slot(model), .tokens = tokens, .n = N, .n_keep = N, .hidden = hidden };

		ck_assert_int_eq(engine->forward(model, &span, 1, NULL), KRAIT_OK);
		for (size_t t = 0; t < N; t++) {
			double off = distance(hidden + t * plan.width, want + t * plan.width, plan.width);

			ck_assert_msg(off < 1e-5, "%s, %s: position %zu is %g off", shape->name, kernels->name, t, off);
		}
		check_logits(model, &plan, span.slot, want + (N - 1) * plan.width);
		engine->slot_free(span.slot);
		engine->close(model);
	}
	free(hidden);
	naive_free_all();
	plan_free(&plan);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("blocks");
	TCase *c = tcase_create("blocks");

	tcase_add_loop_test(c, formulas, 0, (int)n_shapes);
	suite_add_tcase(s, c);
	return support_run(s);
}
