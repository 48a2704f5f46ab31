/* SPDX-License-Identifier: Apache-2.0 */
/* test_prefill_kernels.c - norms, products, convolution and scores of many rows, against plain double precision:
 * every type of activation and of weight, sizes that fit no vector, pieces of any length. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "cuda/prefill_kit.h"
#include "cuda/prefill_reference.h"
#include "kernels/buffers.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void setup(void)
{
	random_seed(11);
}

/* What rounding to a type leaves of the agreement. */
static double bound(uint32_t type)
{
	return type == KC_F32 ? 1e-6 : type == KC_F16 ? 1e-3 : 5e-3;
}

static void check(const char *what, uint32_t type, double error)
{
	ck_assert_msg(error < bound(type), "%s, %s: the error is %g", what, kit_type_name(type), error);
}

/* ---- norms ---- */

static void check_norm(uint32_t type, uint32_t n_rows, uint32_t width, uint32_t pad, bool layer, bool with_bias)
{
	struct activations x = kit_rows(KC_F32, n_rows, width, pad, 2, 0.5f), out = kit_rows(type, n_rows, width, pad, 1, 0);
	struct floats weight = kit_floats(width, 1, 0), bias = kit_floats(width, 1, 0);
	struct kc_norm norm = { weight.device, with_bias ? bias.device : NULL, 1e-5f, layer };
	double *want = kit_host(sizeof(double) * n_rows * width);

	for (uint32_t r = 0; r < n_rows; r++)
		ref_norm(want + r * width, x.values + r * width, weight.host, with_bias ? bias.host : NULL, width, (double)norm.eps, layer);
	CALL(kc_norm_rows(x.rows.data, x.rows.stride, &norm, out.rows, n_rows, width, NULL));
	kit_read(&out);
	check("norm", type, kit_error(out.values, want, (size_t)n_rows * width));
}

START_TEST(norms_agree)
{
	uint32_t type = (uint32_t)_i;

	check_norm(type, 5, 768, 0, false, false);
	check_norm(type, 11, 640, 64, true, true);
	check_norm(type, 3, 37, 2, false, true);
	check_norm(type, 9, 1, 0, false, false);
	kit_end();
}
END_TEST

/* An activation beyond what float16 holds, as some models have, becomes its largest number, never an infinity. */
START_TEST(outliers_are_held)
{
	struct activations x = kit_rows(KC_F32, 2, 40, 0, 1, 0), out = kit_rows(KC_F16, 2, 40, 0, 1, 0);
	float weights[40];
	struct kc_norm norm = { .eps = 1e-5f };

	for (int i = 0; i < 40; i++)
		weights[i] = i == 7 ? 1e9f : i == 31 ? -1e9f : 1;
	norm.weight = kit_device(weights, sizeof weights);
	CALL(kc_norm_rows(x.rows.data, x.rows.stride, &norm, out.rows, 2, 40, NULL));
	kit_read(&out);
	for (int i = 0; i < 80; i++) {
		int sign = (x.values[i] > 0 ? 1 : -1) * (i % 40 == 31 ? -1 : 1);

		ck_assert_double_le(fabs(out.values[i]), 65504);
		if (i % 40 == 7 || i % 40 == 31)
			ck_assert_double_eq(out.values[i], sign * 65504.0);
	}
	kit_end();
}
END_TEST

/* ---- products ---- */

struct sizes { uint32_t rows, k, n_rows, group; };

static struct activations product(const struct weights *w, struct kc_rows in, uint32_t out_type, uint32_t n_rows, const float *bias, bool accumulate)
{
	struct activations out = kit_rows(out_type, n_rows, w->matrix.rows, 3, 1, 0);
	struct kc_gemm gemm = { w->matrix, in, out.rows, bias, n_rows, accumulate };

	CALL(kc_gemm_exact(&gemm, NULL));
	return out;
}

static void check_product(uint32_t weight_type, uint32_t in_type, uint32_t out_type, struct sizes s, bool with_bias, bool accumulate)
{
	struct weights w = kit_weights(weight_type, s.rows, s.k, s.group);
	struct activations in = kit_rows(in_type, s.n_rows, s.k, s.k % 4, 1, 0);
	struct floats bias = kit_floats(s.rows, 1, 0);
	struct activations out = product(&w, in.rows, out_type, s.n_rows, with_bias ? bias.device : NULL, accumulate);
	double *want = kit_host(sizeof(double) * s.n_rows * s.rows);

	if (accumulate)
		memcpy(want, out.values, sizeof(double) * s.n_rows * s.rows);
	for (uint32_t r = 0; r < s.n_rows; r++)
		ref_product(want + r * s.rows, in.values + r * s.k, w.values, with_bias ? bias.host : NULL, s.rows, s.k);
	kit_read(&out);
	check(kit_type_name(weight_type), out_type, kit_error(out.values, want, (size_t)s.n_rows * s.rows));
}

START_TEST(products_agree)
{
	uint32_t weight_type = (uint32_t)_i;

	check_product(weight_type, KC_F32, KC_F32, (struct sizes){ 130, 96, 70, 32 }, true, false);
	check_product(weight_type, KC_F32, KC_F32, (struct sizes){ 7, 37, 3, 16 }, false, true);
	check_product(weight_type, KC_F16, KC_F16, (struct sizes){ 33, 48, 65, 48 }, false, false);
	check_product(weight_type, KC_F16, KC_F16, (struct sizes){ 1, 5, 1, 8 }, true, true);
	kit_end();
}
END_TEST

/* A row's bits are the same whether it comes alone or among others. */
START_TEST(products_do_not_depend_on_other_rows)
{
	struct weights w = kit_weights((uint32_t)_i, 40, 131, 32);
	struct activations in = kit_rows(KC_F32, 70, 131, 1, 1, 0), all = product(&w, in.rows, KC_F32, 70, NULL, false);

	kit_read(&all);
	for (uint32_t r = 0; r < 70; r += 23) {
		struct kc_rows row = in.rows;

		row.data = (float *)row.data + (size_t)r * row.stride;
		struct activations alone = product(&w, row, KC_F32, 1, NULL, false);

		kit_read(&alone);
		ck_assert_mem_eq(alone.values, all.values + (size_t)r * 40, 40 * sizeof(double));
	}
	kit_end();
}
END_TEST

/* ---- convolution ---- */

static const uint32_t counts[] = { 1, 70, 2, 33, 0, 5 };
enum { N_PIECES = sizeof counts / sizeof *counts };

struct conv_case {
	struct kc_conv conv;
	struct activations in, out;
	struct floats weight, bias;
	struct test_pieces pieces;
	size_t slot_floats;
};

static struct conv_case conv_case(uint32_t type, uint32_t channels, uint32_t taps, bool with_bias)
{
	struct conv_case c = { .slot_floats = 4 + (size_t)taps * channels };

	c.pieces = kit_pieces(counts, N_PIECES, 1, c.slot_floats);
	c.in = kit_rows(type, c.pieces.pieces.n_rows, channels, 8, 1, 0);
	c.out = kit_rows(type, c.pieces.pieces.n_rows, channels, 0, 1, 0);
	c.weight = kit_floats((size_t)taps * channels, 1, 0);
	c.bias = kit_floats(channels, 1, 0);
	c.conv = (struct kc_conv){ c.in.rows, c.out.rows, c.weight.device, with_bias ? c.bias.device : NULL, channels, taps, 4 };
	return c;
}

/* Rows of the reference into want, windows into `windows`, piece by piece. */
static void conv_reference(const struct conv_case *c, double *want, double **windows)
{
	size_t channels = c->conv.n_channels, taps = c->conv.d_conv;

	for (uint32_t i = 0; i < N_PIECES; i++) {
		windows[i] = kit_doubles(c->pieces.before[i] + c->conv.conv_at, (taps - 1) * channels);
		for (uint32_t t = 0; t < counts[i]; t++) {
			size_t at = (c->pieces.first[i] + t) * channels;

			ref_conv(want + at, c->in.values + at, windows[i], c->weight.host, c->conv.conv_bias ? c->bias.host : NULL, channels, taps);
		}
	}
}

static void check_windows(const struct conv_case *c, double **windows)
{
	size_t n = (size_t)(c->conv.d_conv - 1) * c->conv.n_channels;
	float *slot = kit_host(c->slot_floats * sizeof(float));

	for (uint32_t i = 0; i < N_PIECES; i++) {
		kit_fetch(slot, c->pieces.slots[i], c->slot_floats * sizeof(float));
		for (size_t j = 0; j < n; j++)
			ck_assert_msg((double)slot[c->conv.conv_at + j] == windows[i][j], "piece %u: window element %zu", i, j);
		for (size_t j = 0; j < c->slot_floats; j++)
			if (j < c->conv.conv_at || j >= c->conv.conv_at + n)
				ck_assert_msg(slot[j] == c->pieces.before[i][j], "piece %u: float %zu is not the window's", i, j);
	}
}

static void check_conv(uint32_t type, uint32_t channels, uint32_t taps, bool with_bias, uint32_t most)
{
	struct conv_case c = conv_case(type, channels, taps, with_bias);
	double *want = kit_host(sizeof(double) * c.out.n_rows * channels), *windows[N_PIECES];

	memcpy(want, c.out.values, sizeof(double) * c.out.n_rows * channels);      /* rows between pieces stay */
	conv_reference(&c, want, windows);
	for (uint32_t from = 0; from < c.pieces.pieces.longest; from += most) {
		struct kc_pieces part = kit_part(&c.pieces, counts, from, most);

		CALL(kc_conv(&c.conv, &part, NULL));
	}
	kit_read(&c.out);
	check("convolution", type, kit_error(c.out.values, want, (size_t)c.out.n_rows * channels));
	check_windows(&c, windows);
}

START_TEST(convolutions_agree)
{
	uint32_t type = (uint32_t)_i;

	check_conv(type, 264, 4, true, 1000);
	check_conv(type, 24, 4, false, 7);
	check_conv(type, 13, 4, true, 1000);
	check_conv(type, 9, 2, true, 3);
	check_conv(type, 16, 6, false, 64);
	check_conv(type, 5, 1, true, 1000);
	kit_end();
}
END_TEST

START_TEST(a_piece_of_nobody_stays)
{
	struct conv_case c = conv_case(KC_F32, 16, 4, true);
	double *before = kit_host(sizeof(double) * c.out.n_rows * 16);

	memset(c.pieces.slots, 0, N_PIECES * sizeof(float *));
	c.pieces.pieces.slot = kit_device(c.pieces.slots, N_PIECES * sizeof(float *));
	memcpy(before, c.out.values, sizeof(double) * c.out.n_rows * 16);
	CALL(kc_conv(&c.conv, &c.pieces.pieces, NULL));
	kit_read(&c.out);
	ck_assert_mem_eq(c.out.values, before, sizeof(double) * c.out.n_rows * 16);
	kit_end();
}
END_TEST

/* ---- the gated norm ---- */

static void check_gate_norm(uint32_t type, uint32_t n_rows, uint32_t first, uint32_t n_normed, uint32_t n_groups, bool gated)
{
	struct activations y = kit_rows(type, n_rows, first + n_normed, 8, 1, 0), z = kit_rows(type, n_rows, n_normed + 16, 0, 1, 0);
	struct floats weight = kit_floats(n_normed, 1, 0);
	struct kc_gate_norm norm = { y.rows, { 0 }, weight.device, first, n_normed, n_groups, n_rows, 1e-5f };
	double *want = kit_host(sizeof(double) * n_rows * y.width);

	if (gated)
		norm.gate = kit_columns(&z, 16);
	memcpy(want, y.values, sizeof(double) * n_rows * y.width);
	for (uint32_t r = 0; r < n_rows; r++)
		ref_gate_norm(want + r * y.width + first, gated ? z.values + r * z.width + 16 : NULL, weight.host, n_normed, n_groups, (double)norm.eps);
	CALL(kc_gate_norm(&norm, NULL));
	kit_read(&y);
	check("gated norm", type, kit_error(y.values, want, (size_t)n_rows * y.width));
}

START_TEST(gated_norms_agree)
{
	uint32_t type = (uint32_t)_i;

	check_gate_norm(type, 4, 0, 2048, 1, false);
	check_gate_norm(type, 5, 16, 768, 8, true);
	check_gate_norm(type, 3, 3, 66, 2, true);
	check_gate_norm(type, 7, 0, 9, 3, false);
	kit_end();
}
END_TEST

/* ---- scores ---- */

static void check_scores(uint32_t n, uint32_t vocab, uint32_t pad, float scale)
{
	size_t stride = vocab + pad;
	struct floats logits = kit_floats(n * stride, scale, 0);
	int32_t *target = kit_host(n * sizeof *target);
	float *scores = kit_host(n * sizeof *scores), *out = kit_device(NULL, n * sizeof *scores);

	for (uint32_t i = 0; i < n; i++)
		target[i] = (int32_t)((i * 7919u) % vocab);
	CALL(kc_score(logits.device, stride, vocab, kit_device(target, n * sizeof *target), out, n, NULL));
	kit_fetch(scores, out, n * sizeof *scores);
	for (uint32_t i = 0; i < n; i++) {
		double want = ref_score(logits.host + i * stride, vocab, (size_t)target[i]);

		ck_assert_msg(fabs((double)scores[i] - want) < 1e-5 + 1e-6 * fabs(want), "row %u of %u tokens: %g is not %g", i, vocab, (double)scores[i], want);
	}
}

START_TEST(scores_agree)
{
	check_scores(5, 4096, 0, 5);
	check_scores(3, 1003, 2, 80);
	check_scores(2, 1, 0, 1);
	kit_end();
}
END_TEST

static float score_one(float *logits, uint32_t vocab, int32_t target)
{
	float *out = kit_device(NULL, sizeof(float)), score;

	CALL(kc_score(kit_device(logits, vocab * sizeof(float)), vocab, vocab, kit_device(&target, sizeof target), out, 1, NULL));
	kit_fetch(&score, out, sizeof score);
	return score;
}

START_TEST(scores_of_what_is_not_finite)
{
	float logits[600];

	for (int i = 0; i < 600; i++)
		logits[i] = (float)(i % 7);
	logits[0] = -INFINITY;
	ck_assert(isfinite(score_one(logits, 600, 5)));
	ck_assert(isinf(score_one(logits, 600, 0)));
	logits[599] = NAN;
	ck_assert(isnan(score_one(logits, 600, 5)));
	logits[599] = INFINITY;
	ck_assert(isnan(score_one(logits, 600, 5)));
	kit_end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("prefill kernels");
	TCase *test = tcase_create("kernels");

	tcase_add_checked_fixture(test, setup, NULL);
	tcase_add_test(test, outliers_are_held);
	tcase_add_loop_test(test, norms_agree, KC_F32, KC_BF16 + 1);
	tcase_add_loop_test(test, products_agree, KC_F32, KC_INT4 + 1);
	tcase_add_loop_test(test, products_do_not_depend_on_other_rows, KC_F32, KC_INT4 + 1);
	tcase_add_loop_test(test, convolutions_agree, KC_F32, KC_F16 + 1);
	tcase_add_test(test, a_piece_of_nobody_stays);
	tcase_add_loop_test(test, gated_norms_agree, KC_F32, KC_F16 + 1);
	tcase_add_test(test, scores_agree);
	tcase_add_test(test, scores_of_what_is_not_finite);
	suite_add_tcase(suite, test);
	return support_run(suite);
}
