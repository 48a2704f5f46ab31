/* SPDX-License-Identifier: Apache-2.0 */
/* test_attend.c - attention over pages: against the plain kernel and the formula in double precision, the same bits for
 * a query alone and in company, and nothing read behind the ends. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "support.h"
#include "kernels/buffers.h"
#include "kernels/cpu/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Queries of positions first .. first + n_rows - 1 of a sequence, all heads of one kv head. */
struct task {
	size_t n_heads, head_dim, first, n_rows, n_pages;
	float *q, *k, *v;               /* k and v: page behind page */
	float *out, *top, *sum;
};

static struct task task_new(size_t n_heads, size_t head_dim, size_t first, size_t n_rows, float size)
{
	struct task t = { n_heads, head_dim, first, n_rows, (first + n_rows - 1) / PAGE_POSITIONS + 1, NULL, NULL, NULL,
		NULL, NULL, NULL };

	t.q = random_floats(n_rows * n_heads * head_dim, size);
	t.k = random_floats(t.n_pages * head_dim * PAGE_POSITIONS, size);
	t.v = random_floats(t.n_pages * PAGE_POSITIONS * krait__pad(head_dim), 1);
	return t;
}

/* Rows [from, to) of the task, page by page. */
static void run(struct task *t, const struct kernels *kernels, size_t from, size_t to)
{
	size_t row = t->n_heads * t->head_dim;

	for (size_t i = from * row; i < to * row; i++)
		t->out[i] = 0;
	for (size_t i = from * t->n_heads; i < to * t->n_heads; i++)
		t->top[i] = -INFINITY, t->sum[i] = 0;
	for (size_t page = 0; page < t->n_pages; page++) {
		size_t begin = page * PAGE_POSITIONS, r = from;
		struct attend attend = { .n_heads = t->n_heads, .head_dim = t->head_dim, .scale = 0.7f };

		while (r < to && t->first + r < begin)
			r++;
		if (r == to)
			continue;
		attend.k = t->k + page * t->head_dim * PAGE_POSITIONS;
		attend.v = t->v + page * PAGE_POSITIONS * krait__pad(t->head_dim);
		attend.q = t->q + r * row, attend.q_stride = row;
		attend.out = t->out + r * row, attend.out_stride = row;
		attend.top = t->top + r * t->n_heads, attend.sum = t->sum + r * t->n_heads,
			attend.top_stride = t->n_heads;
		attend.n_rows = to - r;
		attend.seen = t->first + r - begin + 1 < PAGE_POSITIONS ? t->first + r - begin + 1 : PAGE_POSITIONS;
		kernels->attend(&attend);
	}
}

static void fresh_results(struct task *t)
{
	t->out = guarded_floats(t->n_rows * t->n_heads * t->head_dim);
	t->top = guarded_floats(t->n_rows * t->n_heads);
	t->sum = guarded_floats(t->n_rows * t->n_heads);
}

/* Channel `p` of the result of one query. */
static double formula(const struct task *t, size_t row, size_t head, size_t p)
{
	const float *q = t->q + (row * t->n_heads + head) * t->head_dim;
	double sum = 0, total = 0, top = -INFINITY, *scores = malloc((t->first + row + 1) * sizeof(double));

	ck_assert_ptr_nonnull(scores);
	for (size_t s = 0; s <= t->first + row; s++) {
		const float *k = t->k + s / PAGE_POSITIONS * t->head_dim * PAGE_POSITIONS + s % PAGE_POSITIONS;

		scores[s] = 0;
		for (size_t i = 0; i < t->head_dim; i++)
			scores[s] += 0.7f * q[i] * (double)k[i * PAGE_POSITIONS];
		top = fmax(top, scores[s]);
	}
	for (size_t s = 0; s <= t->first + row; s++) {
		double weight = exp(scores[s] - top);

		total += weight;
		sum += weight * t->v[s * krait__pad(t->head_dim) + p];
	}
	free(scores);
	return sum / total;
}

static void check_formula(const struct task *t, const char *name)
{
	for (size_t row = 0; row < t->n_rows; row++)
		for (size_t head = 0; head < t->n_heads; head++)
			for (size_t p = 0; p < t->head_dim; p += 1 + t->head_dim / 5) {
				size_t at = row * t->n_heads + head;
				double got = t->out[at * t->head_dim + p] / t->sum[at], want = formula(t, row, head, p);

				ck_assert_msg(fabs(got - want) < 2e-5, "%s, %zu heads of %zu, row %zu: %g is not %g",
					name, t->n_heads,
					t->head_dim, t->first + row, got, want);
			}
}

/* Every row alone gives the same bits. */
static void check_alone(struct task t, const struct kernels *kernels)
{
	struct task one = t;
	size_t n = t.n_heads * t.head_dim;

	fresh_results(&one);
	for (size_t row = t.n_rows; row-- > 0;)
		run(&one, kernels, row, row + 1);
	ck_assert_mem_eq(one.out, t.out, t.n_rows * n * sizeof(float));
	ck_assert_mem_eq(one.sum, t.sum, t.n_rows * t.n_heads * sizeof(float));
}

START_TEST(attention)
{
	static const size_t dims[] = { 1, 5, 8, 16, 20, 33, 64, 80, 96, 128, 130, 256 };
	static const size_t firsts[] = { 0, 1, 30, 62, 63, 64, 65, 127, 190 };
	const struct kernels *kernels;

	for (size_t k = 0; (kernels = krait__kernels_at(k)); k++)
		for (size_t i = 0; i < sizeof(dims) / sizeof(*dims); i++)
			for (size_t j = 0; j < sizeof(firsts) / sizeof(*firsts); j++) {
				size_t n_heads = 1 + (i + 2 * j) % 6, n_rows = 1 + (i * 5 + j * 3) % 11;
				struct task t = task_new(n_heads, dims[i], firsts[j], n_rows,
					2 / sqrtf((float)dims[i]));

				fresh_results(&t);
				run(&t, kernels, 0, n_rows);
				check_formula(&t, kernels->name);
				check_alone(t, kernels);
				guarded_free_all();
			}
}
END_TEST

/* Scores far apart: nothing overflows, and the highest wins. */
START_TEST(far_apart)
{
	const struct kernels *kernels;

	for (size_t k = 0; (kernels = krait__kernels_at(k)); k++)
		for (int big = 0; big < 2; big++) {
			struct task t = task_new(3, 24, 100, 4, big ? 40 : 0);

			fresh_results(&t);
			run(&t, kernels, 0, 4);
			check_formula(&t, kernels->name);
			check_alone(t, kernels);
			guarded_free_all();
		}
}
END_TEST

/* What stands behind the positions that are seen is not looked at, be it NaN. */
START_TEST(the_future_is_not_seen)
{
	const struct kernels *kernels;

	for (size_t k = 0; (kernels = krait__kernels_at(k)); k++)
		for (size_t first = 0; first < PAGE_POSITIONS; first++) {
			struct task t = task_new(2, 20, first, 1, 1);

			for (size_t s = first + 1; s < PAGE_POSITIONS; s++) {
				for (size_t p = 0; p < 20; p++)
					t.k[p * PAGE_POSITIONS + s] = NAN;
				for (size_t p = 0; p < krait__pad(20); p++)
					t.v[s * krait__pad(20) + p] = NAN;
			}
			fresh_results(&t);
			run(&t, kernels, 0, 1);
			check_formula(&t, kernels->name);
			guarded_free_all();
		}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("attend");
	TCase *c = tcase_create("attend");

	random_seed(11);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, attention);
	tcase_add_test(c, far_apart);
	tcase_add_test(c, the_future_is_not_seen);
	suite_add_tcase(s, c);
	return support_run(s);
}
