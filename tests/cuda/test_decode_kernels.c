/* SPDX-License-Identifier: Apache-2.0 */
/* test_decode_kernels.c - products of the decode path, with all that is fused into them, against
 * double precision: every storage of weights, odd sizes, few rows and many, exact and fast. */
#include "decode_kit.h"

#include "emu_api.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CALL(call) ck_assert_int_eq((call), cudaSuccess)
#define UNTOUCHED (-77.5f)

static const uint32_t calls[] = { 1, 2, 3, 8, 9, 17, 64 };
#define N_CALLS (sizeof(calls) / sizeof(*calls))

static const struct { uint32_t rows, k, group; } shapes[] = {
	{ 7, 5, 4 }, { 33, 40, 32 }, { 70, 64, 32 }, { 130, 96, 48 }, { 40, 129, 32 }, { 150, 320, 64 },
};
#define N_SHAPES (sizeof(shapes) / sizeof(*shapes))

/* What rounding activations to 16 bits may cost; exact: float32 sums. */
static double tolerance(enum kc_type type, bool fast, uint32_t k)
{
	return !fast || type == KC_F32 ? 4e-6 + 4e-9 * k : type == KC_BF16 ? 3e-2 : 4e-3;
}

/* Row r of what came out, or of what must not have been touched. */
static void check_row(const float *got, const double *want, uint32_t n, double limit, const char *what, enum kc_type type, uint32_t k, uint32_t n_rows, uint32_t r)
{
	double error = kit_error(got, want, n);

	ck_assert_msg(error <= limit, "%s: type %d, k %u, row %u of %u: off by %g, limit %g", what, (int)type, k, r, n_rows, error, limit);
}

static void check_untouched(const float *got, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		ck_assert_float_eq(got[i], UNTOUCHED);
}

static double *doubles(size_t n)
{
	return kit_keep(calloc(n ? n : 1, sizeof(double)));
}

/* ---- plain products ---- */

static void plain(enum kc_type type, uint32_t rows, uint32_t k, uint32_t group, uint32_t n_rows, bool fast, bool accumulate, bool bias)
{
	struct kit_matrix matrix = kit_matrix(type, rows, k, group, 1);
	uint32_t in_stride = k + 3, out_stride = rows + 2;
	float *in, *out, *b = NULL, *got;
	struct kc_product p = { .matrix = matrix.m, .in = kit_device_floats((size_t)n_rows * in_stride, 1, &in), .in_stride = in_stride,
		.out = kit_device_floats((size_t)n_rows * out_stride, 1, &out), .out_stride = out_stride, .n_rows = n_rows, .accumulate = accumulate, .fast = fast };
	double *x = doubles(k), *want = doubles(rows);

	if (bias)
		p.bias = kit_device_floats(rows, 1, &b);
	CALL(kc_decode_product(&p, NULL));
	got = kit_download(p.out, (size_t)n_rows * out_stride);
	for (uint32_t r = 0; r < n_rows; r++) {
		for (uint32_t i = 0; i < k; i++)
			x[i] = in[(size_t)r * in_stride + i];
		kit_multiply(want, &matrix, x);
		for (uint32_t i = 0; i < rows; i++)
			want[i] += (bias ? b[i] : 0) + (accumulate ? out[(size_t)r * out_stride + i] : 0);
		check_row(got + (size_t)r * out_stride, want, rows, tolerance(type, fast, k), "product", type, k, n_rows, r);
		ck_assert_float_eq(got[(size_t)r * out_stride + rows], out[(size_t)r * out_stride + rows]);
	}
	kit_free_all();
}

START_TEST(products)
{
	enum kc_type type = (enum kc_type)_i;

	kit_seed((uint64_t)_i + 1);
	for (size_t s = 0; s < N_SHAPES; s++)
		for (size_t c = 0; c < N_CALLS; c++) {
			if (calls[c] > 17 && shapes[s].rows > 100 && s % 2)
				continue;
			plain(type, shapes[s].rows, shapes[s].k, shapes[s].group, calls[c], c % 2, s % 2, s % 3 == 0);
			plain(type, shapes[s].rows, shapes[s].k, shapes[s].group, calls[c], !(c % 2), s % 2, s % 3 == 0);
		}
}
END_TEST

/* Rows that warps share and rows that they do not; k in several chunks; a scale for a whole row. */
START_TEST(long_products)
{
	enum kc_type type = (enum kc_type)_i;

	kit_seed((uint64_t)_i + 10);
	plain(type, 4203, 32, 32, 1, false, true, true);
	plain(type, 4100, 31, 32, 3, false, false, false);
	plain(type, 5, 5408, 5408, 8, false, false, true);
	plain(type, 3, 5401, 128, 5, false, false, true);
	plain(type, 6, 2720, 160, 33, true, false, true);
	plain(type, 4099, 64, 64, 5, false, true, false);
	plain(type, 600, 128, 32, 65, true, true, false);
}
END_TEST

/* Published sizes whose operands fill the 48 KiB that a kernel has unasked to the byte; it has static arrays beside them. */
START_TEST(all_of_shared_memory)
{
	enum kc_type type = (enum kc_type)_i;

	kit_seed((uint64_t)_i + 15);
	for (int fast = 0; fast < 2; fast++) {
		plain(type, 5, 1536, 128, 8, fast, false, true);
		plain(type, 6, 3072, 128, 4, fast, true, false);
	}
	emu_device(0, 4, 0);    /* four multiprocessors: the largest tiles keep them busy */
	plain(type, 512, 128, 64, 128, true, false, false);
	emu_device(0, 132, 0);
}
END_TEST

/* What a row gets depends on no other row: it is the same among 2 and among 256, bit for bit. */
START_TEST(same_bits)
{
	static const struct { uint32_t rows, k, most; } sizes[] = { { 9, 2720, 64 }, { 4100, 64, 17 }, { 30, 77, 256 } };
	static const uint32_t counts[] = { 1, 2, 3, 8, 9, 16, 17, 64 };
	enum kc_type type = (enum kc_type)_i;

	kit_seed((uint64_t)_i + 20);
	for (size_t s = 0; s < 3; s++) {
		uint32_t rows = sizes[s].rows, k = sizes[s].k, most = sizes[s].most;
		struct kit_matrix matrix = kit_matrix(type, rows, k, 32, 1);
		float *in = kit_device_floats(most * k, 1, NULL), *norm = kit_device_floats(k, 1, NULL), *out = kit_filled(most * rows, 0), *all, *one;
		struct kc_product p = { .matrix = matrix.m, .in = in, .in_stride = k, .out = out, .out_stride = rows, .n_rows = most,
			.gate_norm = norm, .n_groups = 1, .n_normed = k, .eps = 1e-5f };

		CALL(kc_decode_product(&p, NULL));
		all = kit_download(out, most * rows);
		for (size_t c = 0; c < sizeof(counts) / sizeof(*counts) && counts[c] < most; c++) {
			uint32_t n = counts[c];

			p.n_rows = n;
			p.in = in + (most - n) * k;
			CALL(kc_decode_product(&p, NULL));
			one = kit_download(out, n * rows);
			ck_assert_mem_eq(one, all + (most - n) * rows, n * rows * sizeof(float));
		}
		kit_free_all();
	}
}
END_TEST

/* The head: rows come from slots; nobody's row is left out. */
START_TEST(products_from_slots)
{
	kit_seed(30);
	for (size_t c = 0; c < N_CALLS; c++)
		for (int fast = 0; fast < 2; fast++) {
			uint32_t n_rows = calls[c], rows = 66, k = 48;
			struct kit_matrix matrix = kit_matrix(KC_BF16, rows, k, 32, 1);
			float *host[64], *slots[64], *got;
			double *x = doubles(k), *want = doubles(rows);
			struct kc_product p = { .matrix = matrix.m, .in_at = 7, .out = kit_filled((size_t)n_rows * rows, UNTOUCHED), .out_stride = rows,
				.n_rows = n_rows, .fast = (uint32_t)fast };

			for (uint32_t r = 0; r < n_rows; r++) {
				slots[r] = kit_device_floats(7 + k, 1, &host[r]);
				if (r % 3 == 1)
					slots[r] = NULL;
			}
			p.in_slot = kit_device(slots, n_rows * sizeof(*slots));
			CALL(kc_decode_product(&p, NULL));
			got = kit_download(p.out, (size_t)n_rows * rows);
			for (uint32_t r = 0; r < n_rows; r++) {
				if (!slots[r]) {
					check_untouched(got + r * rows, rows);
					continue;
				}
				for (uint32_t i = 0; i < k; i++)
					x[i] = host[r][7 + i];
				kit_multiply(want, &matrix, x);
				check_row(got + r * rows, want, rows, tolerance(KC_BF16, fast, k), "head", KC_BF16, k, n_rows, r);
			}
			kit_free_all();
		}
}
END_TEST

/* ---- the gated norm ---- */

static void gated(enum kc_type type, uint32_t k, uint32_t n_normed, uint32_t n_groups, bool gate, uint32_t n_rows, bool fast)
{
	uint32_t rows = 37, first = k - n_normed, wide = n_normed / n_groups;
	struct kit_matrix matrix = kit_matrix(type, rows, k, 32, 1);
	float *in, *norm, *z, *got;
	double *x = doubles(k), *want = doubles(rows);
	struct kc_product p = { .matrix = matrix.m, .in = kit_device_floats((size_t)n_rows * k, 3, &in), .in_stride = k,
		.out = kit_filled((size_t)n_rows * rows, UNTOUCHED), .out_stride = rows, .n_rows = n_rows, .gate_norm = kit_device_floats(n_normed, 1, &norm),
		.gate_stride = n_normed + 5, .n_groups = n_groups, .n_normed = n_normed, .eps = 1e-4f, .fast = fast };
	float *dz = kit_device_floats((size_t)n_rows * p.gate_stride, 2, &z);

	if (gate)
		p.gate = dz;
	CALL(kc_decode_product(&p, NULL));
	got = kit_download(p.out, (size_t)n_rows * rows);
	for (uint32_t r = 0; r < n_rows; r++) {
		const float *row = in + (size_t)r * k;

		for (uint32_t i = 0; i < first; i++)
			x[i] = row[i];
		for (uint32_t g = 0; g < n_groups; g++)
			kit_norm(x + first + g * wide, row + first + g * wide, norm + g * wide, NULL, wide, 1e-4f, false);
		for (uint32_t i = 0; gate && i < n_normed; i++)
			x[first + i] *= kit_silu(z[(size_t)r * p.gate_stride + i]);
		kit_multiply(want, &matrix, x);
		check_row(got + r * rows, want, rows, tolerance(type, fast, k), "gated norm", type, k, n_rows, r);
	}
	kit_free_all();
}

START_TEST(gated_norms)
{
	enum kc_type type = (enum kc_type)_i;

	kit_seed((uint64_t)_i + 40);
	for (size_t c = 0; c < N_CALLS; c++)
		for (int fast = 0; fast < 2; fast++) {
			gated(type, 96, 96, 1, false, calls[c], fast);
			gated(type, 96, 96, 1, true, calls[c], fast);
			gated(type, 96, 96, 4, c % 2, calls[c], fast);
			gated(type, 90, 60, 5, !(c % 2), calls[c], fast);
		}
}
END_TEST

/* ---- norm, in_proj, convolution, SiLU ---- */

struct in_case {
	uint32_t k, first, channels, after, d_conv;
	bool layer, bias, conv_bias;
};

static const struct in_case in_cases[] = {
	{ 40, 0, 33, 31, 4, false, false, true }, { 64, 64, 80, 9, 4, false, true, true }, { 37, 5, 20, 4, 3, true, true, false },
	{ 32, 8, 70, 0, 2, false, false, true }, { 24, 0, 40, 24, 6, true, false, true }, { 16, 13, 9, 11, 1, false, false, false },
};

static void in_row(const struct in_case *c, const struct kit_matrix *matrix, const double *normed, const float *in_bias, const float *conv,
	const float *conv_bias, const float *window, double *projected, double *u, double *kept)
{
	kit_multiply(projected, matrix, normed);
	for (uint32_t i = 0; in_bias && i < matrix->m.rows; i++)
		projected[i] += in_bias[i];
	for (uint32_t i = 0; i < c->channels; i++) {
		double sum = conv_bias ? conv_bias[i] : 0;

		for (uint32_t t = 0; t < c->d_conv; t++) {
			double x = t + 1 < c->d_conv ? window[t * c->channels + i] : projected[c->first + i];

			sum += conv[t * c->channels + i] * x;
			if (t)
				kept[(t - 1) * c->channels + i] = x;
		}
		u[i] = kit_silu(sum);
	}
}

static void decode_in(const struct in_case *c, enum kc_type type, uint32_t n_rows, bool fast)
{
	uint32_t rows = c->first + c->channels + c->after, held = (c->d_conv - 1) * c->channels, slot_size = 4 + held;
	struct kit_matrix matrix = kit_matrix(type, rows, c->k, 32, 1);
	float *x, *norm, *norm_bias, *in_bias = NULL, *conv, *conv_bias = NULL, *slots[64], *before[64], *got_p, *got_u;
	double *normed = doubles(c->k), *projected = doubles(rows), *u = doubles(c->channels), *kept = doubles(held), limit = 2 * tolerance(type, fast, c->k);
	struct kc_in in = { .x = kit_device_floats((size_t)n_rows * c->k, 2, &x), .in = matrix.m, .conv_first = c->first, .n_channels = c->channels,
		.d_conv = c->d_conv, .conv_at = 4, .u_stride = c->channels + 1, .projected_stride = rows + 3, .fast = fast };
	struct kc_pieces pieces = { .n = n_rows, .n_rows = n_rows, .longest = 1 };

	in.norm = (struct kc_norm){ kit_device_floats(c->k, 1, &norm), NULL, 1e-5f, c->layer };
	in.norm.bias = kit_device_floats(c->k, 1, &norm_bias);
	if (!c->layer)
		in.norm.bias = NULL;
	if (c->bias)
		in.in_bias = kit_device_floats(rows, 1, &in_bias);
	in.conv = kit_device_floats((size_t)c->d_conv * c->channels, 1, &conv);
	if (c->conv_bias)
		in.conv_bias = kit_device_floats(c->channels, 1, &conv_bias);
	in.u = kit_filled((size_t)n_rows * in.u_stride, UNTOUCHED);
	in.projected = kit_filled((size_t)n_rows * in.projected_stride, UNTOUCHED);
	for (uint32_t r = 0; r < n_rows; r++) {
		slots[r] = kit_device_floats(slot_size, 1, &before[r]);
		if (r % 4 == 2)
			slots[r] = NULL;
	}
	pieces.slot = kit_device(slots, n_rows * sizeof(*slots));
	CALL(kc_decode_in(&in, &pieces, NULL));
	got_p = kit_download(in.projected, (size_t)n_rows * in.projected_stride);
	got_u = kit_download(in.u, (size_t)n_rows * in.u_stride);
	for (uint32_t r = 0; r < n_rows; r++) {
		const float *p = got_p + (size_t)r * in.projected_stride, *row = got_u + (size_t)r * in.u_stride;

		ck_assert_float_eq(row[c->channels], UNTOUCHED);
		check_untouched(p + c->first, c->channels);
		check_untouched(p + rows, 3);
		if (!slots[r]) {
			check_untouched(p, rows);
			check_untouched(row, c->channels);
			continue;
		}
		kit_norm(normed, x + (size_t)r * c->k, norm, c->layer ? norm_bias : NULL, c->k, 1e-5f, c->layer);
		in_row(c, &matrix, normed, in_bias, conv, conv_bias, before[r] + 4, projected, u, kept);
		check_row(p, projected, c->first, limit, "before the convolution", type, c->k, n_rows, r);
		check_row(p + c->first + c->channels, projected + c->first + c->channels, c->after, limit, "after the convolution", type, c->k, n_rows, r);
		check_row(row, u, c->channels, limit, "u", type, c->k, n_rows, r);
		check_row(kit_download(slots[r] + 4, held), kept, held, limit, "window", type, c->k, n_rows, r);
		ck_assert_mem_eq(kit_download(slots[r], 4), before[r], 4 * sizeof(float));
	}
	kit_free_all();
}

START_TEST(decode_ins)
{
	enum kc_type type = (enum kc_type)_i;

	kit_seed((uint64_t)_i + 50);
	for (size_t i = 0; i < sizeof(in_cases) / sizeof(*in_cases); i++)
		for (size_t c = i % 2; c < N_CALLS; c += 2) {
			decode_in(&in_cases[i], type, calls[c], false);
			decode_in(&in_cases[i], type, calls[c], true);
		}
}
END_TEST

/* ---- refusals ---- */

START_TEST(refused)
{
	struct kc_product p = { .matrix = { .rows = 4, .k = 4, .type = 9 }, .n_rows = 1 };

	ck_assert_int_eq(kc_decode_product(&p, NULL), cudaErrorInvalidValue);
	p.matrix.type = KC_INT4;
	ck_assert_int_eq(kc_decode_product(&p, NULL), cudaErrorInvalidValue);
	p.matrix.type = KC_F32;
	p.matrix.k = 0;
	ck_assert_int_eq(kc_decode_product(&p, NULL), cudaErrorInvalidValue);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decode_kernels");
	TCase *test = tcase_create("decode_kernels");

	tcase_set_timeout(test, 600);
	tcase_add_loop_test(test, products, KC_F32, KC_INT4 + 1);
	tcase_add_loop_test(test, long_products, KC_F32, KC_INT4 + 1);
	tcase_add_loop_test(test, all_of_shared_memory, KC_F32, KC_INT4 + 1);
	tcase_add_loop_test(test, same_bits, KC_F32, KC_INT4 + 1);
	tcase_add_test(test, products_from_slots);
	tcase_add_loop_test(test, gated_norms, KC_F32, KC_INT4 + 1);
	tcase_add_loop_test(test, decode_ins, KC_F32, KC_INT4 + 1);
	tcase_add_test(test, refused);
	suite_add_tcase(suite, test);
	return support_run(suite);
}
