/* SPDX-License-Identifier: Apache-2.0 */
/* test_kernels.c - the kernels of one instruction set: against the plain ones and the C
 * library's double functions, at every odd length, right before memory that cannot be read. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "support.h"
#include "kernels/buffers.h"
#include "kernels/cpu/kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST 70

static const struct kernels *const plain = &krait__kernels_generic;
static const struct kernels *fast;

static void setup(void)
{
	random_seed(7);
}

/* ---- products ---- */

struct sizes { size_t k, rows, n_rows; enum dtype type; bool bias, add; };

static struct product random_product(struct sizes s)
{
	return (struct product){
		.matrix = { random_weights(s.type, s.rows * s.k, 1), s.type, s.rows, s.k },
		.in = random_floats(s.n_rows * s.k, 1), .in_stride = s.k, .n_rows = s.n_rows,
		.scale = s.rows % 3 ? 1 : -0.6f, .bias = s.bias ? random_floats(s.rows, 1) : NULL, .out_stride = s.rows,
		.add = s.add, .stream = s.k % 4 > 1, .row = guarded_floats(s.k),
	};
}

/* Fresh output, the same each time, then the product of the given rows. */
static float *run_product(const struct kernels *kernels, struct product product, size_t first, size_t last)
{
	size_t n = product.n_rows * product.out_stride;

	product.out = guarded_floats(n);
	for (size_t i = 0; i < n; i++)
		product.out[i] = 0.25f;
	kernels->product(&product, first, last);
	return product.out;
}

static void check_product(struct sizes s)
{
	struct product product = random_product(s);
	float *want = run_product(plain, product, 0, s.rows), *got = run_product(fast, product, 0, s.rows);

	for (size_t i = 0; i < s.rows * s.n_rows; i++)          /* a sum may cancel: its terms' size is the measure */
		ck_assert_msg(fabsf(got[i] - want[i]) < 1e-6f * sqrtf((float)s.k), "k %zu, %zu rows, %zu inputs, %s: %g is not %g",
			s.k, s.rows, s.n_rows, krait__dtype_name(s.type), (double)got[i], (double)want[i]);
	guarded_free_all();
}

START_TEST(product_agrees)
{
	static const size_t inputs[] = { 1, 2, 3, 4, 5, 6, 7, 13, 20 };
	static const size_t longer[] = { 1037, 2051, 3072, 3079, 5003 };        /* weights are fetched in other ways for these */

	for (size_t i = 0; i < sizeof(longer) / sizeof(*longer); i++)
		for (size_t n = 1; n < 9; n += 3)
			check_product((struct sizes){ longer[i], 9, n, (enum dtype)_i, true, false });
	for (size_t k = 1; k <= LONGEST; k++)
		for (size_t i = 0; i < sizeof(inputs) / sizeof(*inputs); i++)
			check_product((struct sizes){ k, 1 + k % 11, inputs[i], (enum dtype)_i, k % 2, k % 3 == 0 });
}
END_TEST

/* A row alone and a range in two halves give the same bits. */
START_TEST(product_is_the_same_however_cut)
{
	for (size_t k = 1; k < 4000; k += k < LONGEST ? 3 : 1021) {
		struct sizes s = { k, 13, 17, (enum dtype)_i, true, true };
		struct product product = random_product(s);
		float *all = run_product(fast, product, 0, s.rows), *halves;

		for (size_t r = 0; r < s.n_rows; r++) {
			struct product one = product;

			one.in += r * s.k;
			one.n_rows = 1;
			one.stream = r % 2;
			ck_assert_mem_eq(run_product(fast, one, 0, s.rows), all + r * s.rows, s.rows * sizeof(float));
		}
		halves = run_product(fast, product, 0, 6);
		product.out = halves;
		fast->product(&product, 6, s.rows);
		ck_assert_mem_eq(halves, all, s.rows * s.n_rows * sizeof(float));
		guarded_free_all();
	}
}
END_TEST

/* Values that a product must carry exactly: every f16 and bf16 bit pattern. */
START_TEST(product_widens_exactly)
{
	enum dtype type = _i ? DTYPE_BF16 : DTYPE_F16;
	float one = 1, *got = malloc(65536 * sizeof(float)), *want = malloc(65536 * sizeof(float)), row;
	uint16_t *bits = malloc(65536 * sizeof(*bits));
	struct product product = { .matrix = { bits, type, 65536, 1 }, .in = &one, .in_stride = 1, .n_rows = 1,
		.scale = 1, .out = got, .out_stride = 65536, .row = &row };

	ck_assert(got && want && bits);
	for (unsigned i = 0; i < 65536; i++)
		bits[i] = (uint16_t)i;
	fast->product(&product, 0, 65536);
	krait__widen(want, bits, type, 65536);
	for (unsigned i = 0; i < 65536; i++)
		ck_assert_msg(isnan(want[i]) ? isnan(got[i]) : got[i] == want[i], "%04x: %g is not %g", i, (double)got[i], (double)want[i]);
	free(got);
	free(want);
	free(bits);
}
END_TEST

/* ---- convolution ---- */

static struct conv random_conv(size_t channels, size_t d_conv, size_t n_rows)
{
	return (struct conv){
		.in = random_floats(n_rows * channels, 2), .in_stride = channels, .n_rows = n_rows, .out_stride = channels,
		.weight = random_floats(d_conv * channels, 1), .bias = channels % 2 ? random_floats(channels, 1) : NULL,
		.stride = channels, .d_conv = d_conv, .linear = channels % 4 > 1,
	};
}

static float *copy_of(const float *in, size_t n)
{
	float *out = guarded_floats(n);

	memcpy(out, in, n * sizeof(float));
	return out;
}

static void check_conv(size_t channels, size_t d_conv, size_t n_rows)
{
	size_t n = channels * n_rows, held = (d_conv - 1) * channels;
	struct conv a = random_conv(channels, d_conv, n_rows), b = a, c = a;
	float *state = random_floats(held, 1);

	a.out = guarded_floats(n), b.out = guarded_floats(n), c.out = guarded_floats(n);
	a.state = copy_of(state, held), b.state = copy_of(state, held), c.state = copy_of(state, held);
	plain->conv(&a, 0, channels);
	fast->conv(&b, 0, channels);
	ck_assert_msg(difference(b.out, a.out, n) < 2e-6, "%zu channels, width %zu, %zu rows", channels, d_conv, n_rows);
	ck_assert_mem_eq(b.state, a.state, held * sizeof(float));
	c.n_rows = 1;
	for (size_t t = 0; t < n_rows; t++, c.in += channels, c.out += channels)
		fast->conv(&c, 0, channels);
	ck_assert_mem_eq(c.out - n, b.out, n * sizeof(float));
	ck_assert_mem_eq(c.state, b.state, held * sizeof(float));
	guarded_free_all();
}

START_TEST(conv_agrees)
{
	for (size_t channels = 1; channels <= LONGEST; channels++)
		for (size_t d_conv = 1; d_conv <= 5; d_conv++)
			check_conv(channels, d_conv, 1 + (channels + d_conv) % 7);
}
END_TEST

/* ---- scans ---- */

static void check_scan1(size_t n_blocks, size_t d_state, size_t n_rows)
{
	size_t channels = n_blocks * BLOCK, n = channels * n_rows, held = channels * d_state;
	struct scan1 a = {
		.a = random_floats(held, 4), .d = random_floats(channels, 1),
		.x = random_floats(n, 2), .z = random_floats(n, 4), .dt = random_floats(n, 0.1f),
		.x_stride = channels, .z_stride = channels, .dt_stride = channels, .y_stride = channels,
		.b = random_floats(n_rows * d_state, 1), .c = random_floats(n_rows * d_state, 1), .bc_stride = d_state,
		.n_rows = n_rows, .d_state = d_state,
	}, b, c;
	float *state = random_floats(held, 1);

	b = c = a;
	a.y = guarded_floats(n), b.y = guarded_floats(n), c.y = guarded_floats(n);
	a.state = copy_of(state, held), b.state = copy_of(state, held), c.state = copy_of(state, held);
	plain->scan1(&a, 0, n_blocks);
	fast->scan1(&b, 0, n_blocks);
	ck_assert_msg(difference(b.y, a.y, n) < 3e-6, "%zu states, %zu rows: %g", d_state, n_rows, difference(b.y, a.y, n));
	ck_assert(difference(b.state, a.state, held) < 3e-6);
	c.n_rows = 1;
	for (size_t t = 0; t < n_rows; t++) {
		fast->scan1(&c, 0, n_blocks);
		c.x += channels, c.z += channels, c.dt += channels, c.y += channels, c.b += d_state, c.c += d_state;
	}
	ck_assert_mem_eq(c.y - n, b.y, n * sizeof(float));
	ck_assert_mem_eq(c.state, b.state, held * sizeof(float));
	guarded_free_all();
}

START_TEST(scan1_agrees)
{
	for (size_t d_state = 1; d_state <= LONGEST; d_state++)
		check_scan1(1 + d_state % 3, d_state, 1 + d_state % 9);
}
END_TEST

struct heads { size_t n, dim, groups, d_state, n_rows; };

/* x, B and C stand side by side as the convolution leaves them. */
static struct scan2 random_scan2(struct heads h)
{
	size_t channels = h.n * h.dim, stride = channels + 2 * h.groups * h.d_state;
	float *rows = random_floats(h.n_rows * stride, 2), *decay = guarded_floats(h.n_rows * h.n);

	random_fill(decay, h.n_rows * h.n, 0.4f, 0.5f);
	return (struct scan2){
		.d = random_floats(channels, 1), .x = rows, .b = rows + channels, .c = rows + channels + h.groups * h.d_state,
		.stride = stride, .dt = random_floats(h.n_rows * h.n, 0.1f), .decay = decay, .dt_stride = h.n,
		.y_stride = channels, .n_rows = h.n_rows, .d_state = h.d_state, .head_dim = h.dim, .heads_per_group = h.n / h.groups,
	};
}

static void check_scan2(struct heads h)
{
	size_t channels = h.n * h.dim, n = channels * h.n_rows, held = h.n * h.d_state * krait__pad(h.dim);
	struct scan2 a = random_scan2(h), b = a, c = a;
	float *state = random_floats(held, 1);

	a.y = guarded_floats(n), b.y = guarded_floats(n), c.y = guarded_floats(n);
	for (size_t i = 0; i < held; i++)
		if (i % krait__pad(h.dim) >= h.dim)
			state[i] = 0;
	a.state = copy_of(state, held), b.state = copy_of(state, held), c.state = copy_of(state, held);
	plain->scan2(&a, 0, h.n);
	fast->scan2(&b, 0, h.n);
	ck_assert_msg(difference(b.y, a.y, n) < 3e-6, "heads of %zu, %zu states, %zu rows: %g", h.dim, h.d_state, h.n_rows, difference(b.y, a.y, n));
	ck_assert(difference(b.state, a.state, held) < 3e-6);
	c.n_rows = 1;
	for (size_t t = 0; t < h.n_rows; t++) {
		fast->scan2(&c, 1, h.n);
		fast->scan2(&c, 0, 1);
		c.x += c.stride, c.b += c.stride, c.c += c.stride, c.dt += h.n, c.decay += h.n, c.y += channels;
	}
	ck_assert_mem_eq(c.y - n, b.y, n * sizeof(float));
	ck_assert_mem_eq(c.state, b.state, held * sizeof(float));
	guarded_free_all();
}

START_TEST(scan2_agrees)
{
	for (size_t dim = 1; dim <= LONGEST; dim++)
		check_scan2((struct heads){ 4, dim, dim % 2 + 1, 1 + dim * 7 % 33, 1 + dim % 6 });
}
END_TEST

/* ---- rows ---- */

START_TEST(norm_agrees)
{
	for (size_t n = 1; n <= LONGEST; n++)
		for (int i = 0; i < 4; i++) {
			float *in = random_floats(n, 3), *weight = random_floats(n, 1), *bias = i & 1 ? random_floats(n, 1) : NULL;
			float *want = guarded_floats(n), *got = guarded_floats(n);

			plain->norm(want, in, weight, bias, n, 1e-5f, i & 2);
			fast->norm(got, in, weight, bias, n, 1e-5f, i & 2);
			ck_assert_msg(difference(got, want, n) < 5e-6, "%zu, case %d: %g", n, i, difference(got, want, n));
			fast->norm(in, in, weight, bias, n, 1e-5f, i & 2);
			ck_assert_mem_eq(in, got, n * sizeof(float));
			guarded_free_all();
		}
}
END_TEST

/* How far a result is from a double, in units of its last place. */
static double ulps(float got, double want)
{
	int exponent;

	frexp(want, &exponent);
	return fabs(got - want) / ldexp(1.0, (exponent < -125 ? -125 : exponent) - 24);
}

static double exact_silu(double x) { return x / (1 + exp(-x)); }
static double exact_relu2(double x) { return x > 0 ? x * x : 0; }
static double exact_relu2_gate(double x) { return 3 * exact_relu2(x); }
static double exact_softplus(double x) { return x > 20 ? x : log1p(exp(x)); }

static void fast_exp(float *out, const float *x, size_t n)
{
	float one[64];

	for (size_t i = 0; i < 64; i++)
		one[i] = 1;
	fast->exp_of(out, x, one, n);
}

static void fast_silu(float *out, const float *x, size_t n)
{
	float one[64];

	for (size_t i = 0; i < 64; i++)
		one[i] = 1;
	fast->gate(out, one, x, n);
}

static void fast_silu_alone(float *out, const float *x, size_t n)
{
	fast->gate(out, NULL, x, n);
}

static void fast_relu2(float *out, const float *x, size_t n)
{
	fast->relu2(out, NULL, x, n);
}

static void fast_relu2_gate(float *out, const float *x, size_t n)
{
	float three[64];

	for (size_t i = 0; i < 64; i++)
		three[i] = 3;
	fast->relu2(out, three, x, n);
}

static void fast_softplus(float *out, const float *x, size_t n)
{
	fast->softplus(out, x, NULL, n);
}

static const struct {
	const char *name;
	void (*fast)(float *, const float *, size_t);
	double (*exact)(double);
	double low, high, limit;
} functions[] = {
	{ "exp", fast_exp, exp, -87, 88.7, 1.5 },
	{ "silu", fast_silu, exact_silu, -80, 80, 3 },
	{ "silu alone", fast_silu_alone, exact_silu, -80, 80, 3 },
	{ "squared ReLU", fast_relu2, exact_relu2, -50, 50, 1 },
	{ "squared ReLU of a gate", fast_relu2_gate, exact_relu2_gate, -50, 50, 1.5 },
	{ "softplus", fast_softplus, exact_softplus, -87, 100, 3 },
	{ "exp near 0", fast_exp, exp, -1e-3, 1e-3, 1.5 },
	{ "silu near 0", fast_silu, exact_silu, -1e-3, 1e-3, 3 },
	{ "softplus near its bend", fast_softplus, exact_softplus, 19.9, 20.1, 3 },
};
#define N_FUNCTIONS (sizeof(functions) / sizeof(*functions))

START_TEST(functions_are_exact)
{
	double worst = 0, worst_at = 0;

	for (int i = 0; i < 20000; i++) {
		float x[64], got[64];

		for (int j = 0; j < 64; j++)
			x[j] = (float)(functions[_i].low + (functions[_i].high - functions[_i].low) * (i * 64 + j) / (20000 * 64 - 1));
		functions[_i].fast(got, x, 64);
		for (int j = 0; j < 64; j++) {
			double off = ulps(got[j], functions[_i].exact(x[j]));

			if (off > worst) {
				worst = off;
				worst_at = x[j];
			}
		}
	}
	ck_assert_msg(worst <= functions[_i].limit, "%s: %g units at %.9g", functions[_i].name, worst, worst_at);
}
END_TEST

/* Every lane does the same: an element alone, and in a run of any length. */
START_TEST(functions_do_not_depend_on_place)
{
	for (size_t n = 1; n <= 64; n++) {
		float *x = random_floats(n, 30), *out = guarded_floats(n), one;

		functions[_i].fast(out, x, n);
		for (size_t i = 0; i < n; i++) {
			functions[_i].fast(&one, x + i, 1);
			ck_assert_mem_eq(&one, out + i, sizeof(one));
		}
		guarded_free_all();
	}
}
END_TEST

START_TEST(functions_at_the_ends)
{
	float x[] = { NAN, INFINITY, -INFINITY, -1000, 1000, 0 }, e[6], s[6], p[6];

	fast_exp(e, x, 6);
	ck_assert(isnan(e[0]) && e[1] == INFINITY && e[2] == 0 && e[3] == 0 && e[4] == INFINITY && e[5] == 1);
	fast_silu(s, x, 6);
	ck_assert(isnan(s[0]) && s[1] == INFINITY && s[3] == 0 && s[4] == 1000 && s[5] == 0);
	fast_softplus(p, x, 6);
	ck_assert(isnan(p[0]) && p[1] == INFINITY && p[2] == 0 && p[3] == 0 && p[4] == 1000 && ulps(p[5], log(2)) <= 2);
}
END_TEST

START_TEST(exp_sum_agrees)
{
	for (size_t n = 1; n <= LONGEST; n++) {
		float *in = random_floats(n, 5), top = 0, sum = 0, highest = in[0];
		double want = 0;

		for (size_t i = 0; i < n; i++) {
			in[i] -= 40;
			highest = i == 0 || in[i] > highest ? in[i] : highest;
		}
		for (size_t i = 0; i < n; i++)
			want += exp((double)in[i] - highest);
		fast->exp_sum(in, n, &top, &sum);
		ck_assert(top == highest);
		ck_assert_msg(fabs(sum / want - 1) < 1e-6, "%zu: %g is not %g", n, (double)sum, want);
		in[n / 2] = NAN;
		fast->exp_sum(in, n, &top, &sum);
		ck_assert(isnan(sum));
		guarded_free_all();
	}
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("kernels, " INSTRUCTIONS);
	TCase *c = tcase_create("kernels");

	tcase_add_checked_fixture(c, setup, guarded_free_all);
	tcase_add_loop_test(c, product_agrees, DTYPE_F32, DTYPE_BF16 + 1);
	tcase_add_loop_test(c, product_is_the_same_however_cut, DTYPE_F32, DTYPE_BF16 + 1);
	tcase_add_loop_test(c, product_widens_exactly, 0, 2);
	tcase_add_test(c, conv_agrees);
	tcase_add_test(c, scan1_agrees);
	tcase_add_test(c, scan2_agrees);
	tcase_add_test(c, norm_agrees);
	tcase_add_loop_test(c, functions_are_exact, 0, (int)N_FUNCTIONS);
	tcase_add_loop_test(c, functions_do_not_depend_on_place, 0, (int)N_FUNCTIONS);
	tcase_add_test(c, functions_at_the_ends);
	tcase_add_test(c, exp_sum_agrees);
	suite_add_tcase(s, c);
	return s;
}

int main(void)
{
	enum cpu_reading reading;

	fast = krait__kernels_find(INSTRUCTIONS, &reading);
	if (!fast)
		return support_skip_all("this machine or this build has no " INSTRUCTIONS);
	return support_run(suite());
}
