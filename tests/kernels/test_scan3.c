/* SPDX-License-Identifier: Apache-2.0 */
/* test_scan3.c - Mamba-3's kernels of every instruction set against double. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "support.h"
#include "kernels/buffers.h"
#include "kernels/cpu/kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows of channels as blocks hand them over: padded, with zeros behind. */
static float *padded_rows(size_t rows, size_t n)
{
	size_t width = krait__pad(n);
	float *out = guarded_floats(rows * width);

	memset(out, 0, rows * width * sizeof(float));
	for (size_t i = 0; i < rows; i++)
		random_fill(out + i * width, n, 1, 0);
	return out;
}

static void check_close(double got, double want, const char *what, const struct scan3 *scan)
{
	ck_assert_msg(fabs(got - want) < 1e-6 * (double)(scan->d_state + scan->rank),
		"%s, rank %zu, %zu channels: %g is not %g", what, scan->rank,
		scan->head_dim, got, want);
}

static void check_scan(const struct kernels *kernels, size_t rank, size_t head_dim, size_t d_state)
{
	size_t width = krait__pad(head_dim), stride = d_state + 3;
	struct scan3 scan = {
		.state = padded_rows(d_state, head_dim), .before = padded_rows(rank, head_dim), .now = padded_rows(rank,
			head_dim),
		.k_before = random_floats(rank * stride, 1), .k = random_floats(rank * stride, 1),
		.c = random_floats(rank * stride, 1),
		.k_stride = stride, .y = guarded_floats(rank * width), .decay = 0.7f, .d_state = d_state,
		.head_dim = head_dim, .rank = rank,
	};
	double *state = calloc(d_state * head_dim, sizeof(double));

	ck_assert_ptr_nonnull(state);
	for (size_t n = 0; n < d_state; n++)
		for (size_t i = 0; i < head_dim; i++) {
			double sum = 0.7f * (double)scan.state[n * width + i];

			for (size_t r = 0; r < rank; r++)
				sum += (double)scan.before[r * width + i] * scan.k_before[r * stride + n] +
					(double)scan.now[r * width + i] * scan.k[r * stride + n];
			state[n * head_dim + i] = sum;
		}
	kernels->scan3(&scan);
	for (size_t i = 0; i < head_dim; i++)
		for (size_t r = 0; r < rank; r++) {
			double y = 0;

			for (size_t n = 0; n < d_state; n++) {
				check_close(scan.state[n * width + i], state[n * head_dim + i], "state", &scan);
				y += state[n * head_dim + i] * scan.c[r * stride + n];
			}
			check_close(scan.y[r * width + i], y, "y", &scan);
		}
	for (size_t n = 0; n < d_state; n++)
		for (size_t i = head_dim; i < width; i++)
			ck_assert(scan.state[n * width + i] == 0);
	free(state);
	guarded_free_all();
}

START_TEST(steps_are_exact)
{
	static const size_t dims[] = { 1, 7, 8, 12, 16, 17, 33, 40, 64, 70, 80, 128 };
	const struct kernels *kernels;

	random_seed(3);
	for (size_t k = 0; (kernels = krait__kernels_at(k)); k++)
		for (size_t rank = 1; rank <= 9; rank++)
			for (size_t i = 0; i < sizeof(dims) / sizeof(*dims); i++)
				check_scan(kernels, rank, dims[i], 1 + (rank * 7 + i * 5) % 23);
}
END_TEST

START_TEST(angles_are_exact)
{
	enum { MANY = 40001 };
	const struct kernels *kernels;
	float *angle = guarded_floats(MANY), *cosine = guarded_floats(MANY), *sine = guarded_floats(MANY), one[2];

	for (size_t i = 0; i < MANY; i++)
		angle[i] = (float)(6.2831853 * (double)i / (MANY - 1));
	for (size_t k = 0; (kernels = krait__kernels_at(k)); k++) {
		kernels->cos_sin(cosine, sine, angle, MANY);
		for (size_t i = 0; i < MANY; i++) {
			ck_assert_msg(fabs(cosine[i] - cos(angle[i])) < 2.5e-7, "%s: cos %g is %g", kernels->name,
				(double)angle[i], (double)cosine[i]);
			ck_assert_msg(fabs(sine[i] - sin(angle[i])) < 2.5e-7, "%s: sin %g is %g", kernels->name,
				(double)angle[i], (double)sine[i]);
		}
		for (size_t i = 0; i < MANY; i += 997) {
			kernels->cos_sin(one, one + 1, angle + i, 1);
			ck_assert(one[0] == cosine[i] && one[1] == sine[i]);
		}
	}
	guarded_free_all();
}
END_TEST

int main(void)
{
	Suite *s = suite_create("scan3");
	TCase *c = tcase_create("scan3");

	tcase_add_test(c, steps_are_exact);
	tcase_add_test(c, angles_are_exact);
	suite_add_tcase(s, c);
	return support_run(s);
}
