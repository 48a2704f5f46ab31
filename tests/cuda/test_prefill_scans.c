/* SPDX-License-Identifier: Apache-2.0 */
/* test_prefill_scans.c - both recurrences over many rows, in every form, against plain double precision: states of odd
 * sizes, ragged pieces, and the same rows in one call and in many. */
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
	random_seed(23);
}

static const double exact = 1e-5, fast = 1e-2;

/* -exp(a random number): from -0.05 to -7 */
static struct floats decays(size_t n)
{
	struct floats a = kit_floats(n, 2.5f, -0.5f);

	for (size_t i = 0; i < n; i++)
		a.host[i] = -expf(a.host[i]);
	a.device = kit_device(a.host, n * sizeof(float));
	return a;
}

/* The states of all pieces are within the bound of what the reference has. */
static void check_states(const struct test_pieces *pieces, size_t ssm_at, double **states, size_t n, double most)
{
	float *slot = kit_host((ssm_at + n) * sizeof(float));

	for (uint32_t i = 0; i < pieces->pieces.n; i++) {
		kit_fetch(slot, pieces->slots[i], (ssm_at + n) * sizeof(float));
		double error = kit_error(kit_doubles(slot + ssm_at, n), states[i], n);

		ck_assert_msg(error < most, "the state of piece %u: the error is %g", i, error);
	}
}

/* ---- Mamba-1 ---- */

struct case1 {
	struct kc_scan1 scan;
	struct activations dt, u, z, y;
	struct floats small, dt_bias, a, d;
	struct test_pieces pieces;
	size_t slot_floats;
	double *want, *states[8];
};

struct sizes1 { uint32_t type, d_inner, d_state, rank, pad; bool with_bias; };

static void reference1(struct case1 *c, const uint32_t *counts)
{
	size_t width = c->scan.d_inner, n = c->scan.d_state, stride = c->scan.small_stride;

	for (uint32_t i = 0; i < c->pieces.pieces.n; i++) {
		c->states[i] = kit_doubles(c->pieces.before[i] + c->scan.ssm_at, width * n);
		for (uint32_t t = 0; t < counts[i]; t++) {
			size_t row = c->pieces.first[i] + t;
			double bc[2 * 128];

			for (size_t j = 0; j < 2 * n; j++)
				bc[j] = c->small.host[row * stride + c->scan.rank + j];
			struct ref_scan1 scan = { c->dt.values + row * width, c->u.values + row * width, c->z.values + row * width, bc, bc + n,
				c->scan.dt_bias ? c->dt_bias.host : NULL, c->a.host, c->d.host, width, n };

			ref_scan1(c->want + row * width, c->states[i], &scan);
		}
	}
}

static struct case1 case1(struct sizes1 s, const uint32_t *counts, uint32_t n)
{
	struct case1 c = { .slot_floats = 8 + (size_t)s.d_inner * s.d_state };
	uint32_t stride = s.rank + 2 * s.d_state + s.pad % 4;

	c.pieces = kit_pieces(counts, n, 1, c.slot_floats);
	uint32_t n_rows = c.pieces.pieces.n_rows;

	c.dt = kit_rows(s.type, n_rows, s.d_inner, s.pad, 2, -1);
	c.u = kit_rows(s.type, n_rows, s.d_inner, s.pad, 1, 0);
	c.z = kit_rows(s.type, n_rows, s.d_inner, s.pad, 2, 0);
	c.y = kit_rows(s.type, n_rows, s.d_inner, s.pad, 1, 0);
	c.small = kit_floats((size_t)n_rows * stride, 1, 0);
	c.dt_bias = kit_floats(s.d_inner, 1, -1);
	c.a = decays((size_t)s.d_inner * s.d_state);
	c.d = kit_floats(s.d_inner, 1, 0);
	c.scan = (struct kc_scan1){ c.dt.rows, c.u.rows, c.z.rows, c.y.rows, c.small.device, stride, s.rank, s.with_bias ? c.dt_bias.device : NULL, c.a.device,
		c.d.device, s.d_inner, s.d_state, 8, NULL };
	c.want = kit_host(sizeof(double) * n_rows * s.d_inner);
	memcpy(c.want, c.y.values, sizeof(double) * n_rows * s.d_inner);
	reference1(&c, counts);
	return c;
}

static void check1(struct case1 *c, double most, const char *what)
{
	kit_read(&c->y);
	double error = kit_error(c->y.values, c->want, (size_t)c->y.n_rows * c->y.width);

	ck_assert_msg(error < most, "%s, %s, %u channels of %u states: the error is %g", what, kit_type_name(c->y.rows.type), c->scan.d_inner, c->scan.d_state, error);
	check_states(&c->pieces, c->scan.ssm_at, c->states, (size_t)c->scan.d_inner * c->scan.d_state, most);
}

static void run1(struct sizes1 s)
{
	static const uint32_t counts[] = { 1, 70, 0, 33, 4 };
	struct case1 c = case1(s, counts, 5);

	CALL(kc_scan1(&c.scan, &c.pieces.pieces, NULL));
	check1(&c, s.type == KC_F32 ? exact : fast, "a pass");
}

START_TEST(scans1_agree)
{
	uint32_t type = (uint32_t)_i;

	run1((struct sizes1){ type, 48, 16, 4, 0, true });
	run1((struct sizes1){ type, 40, 16, 8, 8, false });
	run1((struct sizes1){ type, 19, 16, 3, 1, true });
	run1((struct sizes1){ type, 16, 7, 4, 0, true });
	run1((struct sizes1){ type, 5, 1, 1, 3, true });
	kit_end();
}
END_TEST

START_TEST(scans1_of_large_states)
{
	uint32_t type = (uint32_t)_i;

	run1((struct sizes1){ type, 16, 32, 4, 0, true });
	run1((struct sizes1){ type, 9, 61, 5, 1, true });
	run1((struct sizes1){ type, 5, 100, 2, 0, true });
	kit_end();
}
END_TEST

/* So many pieces and channels that blocks of 64 channels are chosen. */
START_TEST(scans1_of_many_channels)
{
	static const uint32_t counts[] = { 3, 1, 2, 5, 1, 1, 33, 1 };
	struct case1 c = case1((struct sizes1){ (uint32_t)_i, 4288, 4, 4, 0, true }, counts, 8);

	CALL(kc_scan1(&c.scan, &c.pieces.pieces, NULL));
	check1(&c, _i == KC_F32 ? exact : fast, "many channels");
	kit_end();
}
END_TEST

static const uint32_t chunk_sizes[] = { 1, 3, 7, 64 };
static const uint32_t long_counts[] = { 131, 64 };

START_TEST(scan1_in_chunks)
{
	struct case1 c = case1((struct sizes1){ KC_F32, 24, 16, 4, 0, true }, long_counts, 2);
	uint32_t most = chunk_sizes[_i];

	for (uint32_t from = 0; from < c.pieces.pieces.longest; from += most) {
		struct kc_pieces part = kit_part(&c.pieces, long_counts, from, most);

		CALL(kc_scan1(&c.scan, &part, NULL));
	}
	check1(&c, exact, "chunks");
	kit_end();
}
END_TEST

static void use_workspace1(struct case1 *c)
{
	size_t size = kc_scan1_workspace(&c->scan, c->pieces.pieces.n_rows, c->pieces.pieces.n);

	ck_assert_uint_gt(size, 0);
	c->scan.workspace = kit_device(NULL, size);
}

START_TEST(scan1_in_segments)
{
	static const uint32_t counts[] = { 1100, 256, 700 };
	struct case1 c = case1((struct sizes1){ KC_F16, 24, 16, 4, 0, true }, counts, 3);
	size_t n = (size_t)c.y.n_rows * c.y.width;

	CALL(kc_scan1(&c.scan, &c.pieces.pieces, NULL));
	check1(&c, fast, "one pass");
	double *one = kit_host(n * sizeof *one);

	memcpy(one, c.y.values, n * sizeof *one);
	kit_reset(&c.pieces, c.slot_floats);
	use_workspace1(&c);
	CALL(kc_scan1(&c.scan, &c.pieces.pieces, NULL));
	check1(&c, fast, "segments");
	ck_assert(kit_error(c.y.values, one, n) < fast);
	kit_end();
}
END_TEST

START_TEST(scan1_in_segments_of_odd_sizes)
{
	static const uint32_t counts[] = { 520, 3, 1500 };
	struct case1 c = case1((struct sizes1){ KC_F16, 20, 3, 3, 4, true }, counts, 3);

	use_workspace1(&c);
	CALL(kc_scan1(&c.scan, &c.pieces.pieces, NULL));
	check1(&c, fast, "odd segments");
	kit_end();
}
END_TEST

START_TEST(no_workspace_where_it_does_not_pay)
{
	struct kc_scan1 scan = { .d_inner = 5120, .d_state = 16 };
	struct kc_scan2 scan2 = { .d_inner = 5120, .d_ssm = 5120, .d_state = 128, .n_heads = 80, .head_dim = 64, .n_groups = 1, .fast = 1, .u = { NULL, 0, KC_F16 } };

	ck_assert_uint_eq(kc_scan1_workspace(&scan, 8192, 1), 0);
	ck_assert_uint_eq(kc_scan2_workspace(&scan2, 8192, 1), 0);
	scan.d_inner = 1536;
	ck_assert_uint_eq(kc_scan1_workspace(&scan, 256, 1), 0);
	ck_assert_uint_eq(kc_scan1_workspace(&scan, 8192, 1), (8192 / 256 + 1) * 1536 * 17 * 4);
	scan2.n_heads = 24;
	scan2.d_ssm = scan2.d_inner = 1536;
	ck_assert_uint_gt(kc_scan2_workspace(&scan2, 8192, 1), 0);
	scan2.fast = 0;
	ck_assert_uint_eq(kc_scan2_workspace(&scan2, 8192, 1), 0);
}
END_TEST

/* ---- Mamba-2 ---- */

struct case2 {
	struct kc_scan2 scan;
	struct activations projected, u, y;
	struct floats dt_bias, a, d;
	struct test_pieces pieces;
	size_t slot_floats;
	double *want, *states[8];
};

struct sizes2 { uint32_t type, n_heads, head_dim, d_state, n_groups, n_mlp, pad; bool gated, fast; float low, high; };

static void reference2(struct case2 *c, const uint32_t *counts)
{
	const struct kc_scan2 *s = &c->scan;
	size_t n = s->d_state, n_mlp = s->d_inner - s->d_ssm, n_states = (size_t)s->d_ssm * n;

	for (uint32_t i = 0; i < c->pieces.pieces.n; i++) {
		c->states[i] = kit_doubles(c->pieces.before[i] + s->ssm_at, n_states);
		for (uint32_t t = 0; t < counts[i]; t++) {
			size_t row = c->pieces.first[i] + t;
			const double *x = c->u.values + row * c->u.width, *projected = c->projected.values + row * c->projected.width;
			struct ref_scan2 scan = { projected + s->dt_first, x, x + s->d_ssm, x + s->d_ssm + s->n_groups * n, s->gated ? projected + 2 * n_mlp : NULL,
				s->dt_bias ? c->dt_bias.host : NULL, c->a.host, c->d.host, (double)s->limit_low, (double)s->limit_high, n, s->n_heads, s->head_dim, s->n_groups };

			ref_scan2(c->want + row * s->d_inner + n_mlp, c->states[i], &scan);
		}
	}
	for (size_t row = 0; row < c->y.n_rows; row++)
		for (size_t j = 0; j < n_mlp; j++)
			c->want[row * s->d_inner + j] = ref_silu(c->projected.values[row * c->projected.width + j]) * c->projected.values[row * c->projected.width + n_mlp + j];
}

static struct case2 case2(struct sizes2 s, const uint32_t *counts, uint32_t n)
{
	uint32_t d_ssm = s.n_heads * s.head_dim, d_inner = d_ssm + s.n_mlp, channels = d_ssm + 2 * s.n_groups * s.d_state;
	struct case2 c = { .slot_floats = 4 + (size_t)d_ssm * s.d_state };

	c.pieces = kit_pieces(counts, n, 1, c.slot_floats);
	uint32_t n_rows = c.pieces.pieces.n_rows;

	c.projected = kit_rows(s.type, n_rows, 2 * s.n_mlp + d_ssm + channels + s.n_heads, s.pad, 2, 0);
	c.u = kit_rows(s.type, n_rows, channels, s.pad, 1, 0);
	c.y = kit_rows(s.type, n_rows, d_inner, s.pad, 1, 0);
	c.dt_bias = kit_floats(s.n_heads, 1, -2);
	c.a = decays(s.n_heads);
	c.d = kit_floats(d_ssm, 1, 0);
	c.scan = (struct kc_scan2){ c.projected.rows, c.u.rows, c.y.rows, 2 * s.n_mlp + d_ssm + channels, s.pad % 2 ? NULL : c.dt_bias.device, c.a.device, c.d.device,
		s.low, s.high, d_inner, d_ssm, s.d_state, s.n_heads, s.head_dim, s.n_groups, s.gated, s.fast, 4, NULL };
	c.want = kit_host(sizeof(double) * n_rows * d_inner);
	memcpy(c.want, c.y.values, sizeof(double) * n_rows * d_inner);
	reference2(&c, counts);
	return c;
}

static void check2(struct case2 *c, double most, const char *what)
{
	kit_read(&c->y);
	double error = kit_error(c->y.values, c->want, (size_t)c->y.n_rows * c->y.width);

	ck_assert_msg(error < most, "%s, %s, %u heads of %u, %u states: the error is %g", what, kit_type_name(c->y.rows.type), c->scan.n_heads, c->scan.head_dim, c->scan.d_state, error);
	check_states(&c->pieces, c->scan.ssm_at, c->states, (size_t)c->scan.d_ssm * c->scan.d_state, most);
}

static void run2(struct sizes2 s)
{
	static const uint32_t counts[] = { 1, 150, 0, 64, 17 };
	struct case2 c = case2(s, counts, 5);

	CALL(kc_scan2(&c.scan, &c.pieces.pieces, NULL));
	check2(&c, s.type == KC_F32 ? exact : fast, s.fast ? "chunked" : "step by step");
}

START_TEST(scans2_agree)
{
	uint32_t type = (uint32_t)_i;

	if (type == KC_F32) {
		run2((struct sizes2){ type, 2, 16, 32, 1, 0, 0, true, false, 0, INFINITY });
		run2((struct sizes2){ type, 4, 5, 19, 2, 3, 1, true, false, 0, INFINITY });
		run2((struct sizes2){ type, 1, 24, 128, 1, 8, 0, false, false, 0.05f, 0.2f });
		run2((struct sizes2){ type, 2, 3, 200, 2, 0, 0, true, false, 0, INFINITY });
	}
	run2((struct sizes2){ type, 2, 2, 300, 1, 2, 0, true, false, 0, INFINITY });
	kit_end();
}
END_TEST

static struct sizes2 chunked_sizes(uint32_t type, int i)
{
	const struct sizes2 sizes[] = {
		{ type, 2, 64, 128, 1, 0, 0, true, true, 0, INFINITY },
		{ type, 4, 16, 32, 2, 8, 0, false, true, 0, INFINITY },
		{ type, 2, 40, 64, 1, 0, 8, true, true, 0.05f, 0.2f },
		{ type, 2, 7, 19, 2, 3, 1, true, true, 0, INFINITY },
		{ type, 1, 34, 50, 1, 0, 0, true, true, 0, INFINITY },
		{ type, 1, 32, 256, 1, 0, 0, true, true, 0, INFINITY },
	};

	return sizes[i];
}

START_TEST(chunked_scans2_agree)
{
	run2(chunked_sizes(KC_F16, _i));
	kit_end();
}
END_TEST

/* Float32 activations have no 16-bit form: asked to be fast, the scan is the exact one. */
START_TEST(float32_is_always_exact)
{
	run2((struct sizes2){ KC_F32, 2, 16, 32, 1, 0, 0, true, true, 0, INFINITY });
	kit_end();
}
END_TEST

static void run_in_chunks2(struct case2 *c, uint32_t most)
{
	for (uint32_t from = 0; from < c->pieces.pieces.longest; from += most) {
		struct kc_pieces part = kit_part(&c->pieces, long_counts, from, most);

		CALL(kc_scan2(&c->scan, &part, NULL));
	}
}

START_TEST(scan2_in_chunks)
{
	struct case2 c = case2((struct sizes2){ KC_F32, 2, 16, 32, 1, 0, 0, true, false, 0, INFINITY }, long_counts, 2);

	run_in_chunks2(&c, chunk_sizes[_i]);
	check2(&c, exact, "chunks");
	kit_end();
}
END_TEST

START_TEST(chunked_scan2_in_chunks)
{
	struct case2 c = case2((struct sizes2){ KC_F16, 2, 32, 64, 1, 0, 0, true, true, 0, INFINITY }, long_counts, 2);

	run_in_chunks2(&c, chunk_sizes[_i]);
	check2(&c, fast, "chunks");
	kit_end();
}
END_TEST

START_TEST(scan2_in_segments)
{
	static const struct { struct sizes2 sizes; uint32_t counts[3], n; } cases[] = {
		{ { KC_F16, 2, 32, 32, 1, 0, 0, true, true, 0, INFINITY }, { 1600, 512, 1030 }, 3 },
		{ { KC_F16, 2, 5, 9, 2, 3, 1, true, true, 0, INFINITY }, { 1100, 3, 2100 }, 3 },
		{ { KC_F16, 1, 32, 128, 1, 0, 0, true, true, 0, INFINITY }, { 1030 }, 1 },
		{ { KC_F16, 1, 32, 256, 1, 0, 0, true, true, 0, INFINITY }, { 1030 }, 1 },
	};
	struct case2 c = case2(cases[_i].sizes, cases[_i].counts, cases[_i].n);
	size_t size = kc_scan2_workspace(&c.scan, c.pieces.pieces.n_rows, cases[_i].n);

	ck_assert_uint_gt(size, 0);
	c.scan.workspace = kit_device(NULL, size);
	CALL(kc_scan2(&c.scan, &c.pieces.pieces, NULL));
	check2(&c, fast, "segments");
	kit_end();
}
END_TEST

/* Decay so strong that a quotient of decays would be 0 / 0: exponents of differences are not. */
START_TEST(chunked_scan2_of_strong_decay)
{
	struct case2 c = case2((struct sizes2){ KC_F16, 2, 16, 32, 1, 0, 0, true, true, 4, 8 }, long_counts, 2);
	static const uint32_t counts[] = { 131, 64 };

	for (size_t i = 0; i < 2; i++)
		c.a.host[i] = -16;
	c.scan.a = kit_device(c.a.host, 2 * sizeof(float));
	memcpy(c.want, c.y.values, sizeof(double) * c.y.n_rows * c.y.width);
	reference2(&c, counts);
	CALL(kc_scan2(&c.scan, &c.pieces.pieces, NULL));
	check2(&c, fast, "strong decay");
	kit_end();
}
END_TEST

START_TEST(mixed_types_are_refused)
{
	static const uint32_t counts[] = { 2 };
	struct case1 one = case1((struct sizes1){ KC_F16, 16, 16, 4, 0, true }, counts, 1);
	struct case2 two = case2((struct sizes2){ KC_F16, 1, 16, 16, 1, 0, 0, true, true, 0, INFINITY }, counts, 1);

	one.scan.dt.type = KC_F32;
	ck_assert_int_eq(kc_scan1(&one.scan, &one.pieces.pieces, NULL), cudaErrorInvalidValue);
	two.scan.y.type = KC_F32;
	ck_assert_int_eq(kc_scan2(&two.scan, &two.pieces.pieces, NULL), cudaErrorInvalidValue);
	two.scan.y.type = KC_F16;
	two.scan.fast = 0;
	ck_assert_int_eq(kc_scan2(&two.scan, &two.pieces.pieces, NULL), cudaErrorInvalidValue);
	kit_end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("prefill scans");
	TCase *first = tcase_create("mamba1"), *second = tcase_create("mamba2");

	tcase_add_checked_fixture(first, setup, NULL);
	tcase_add_loop_test(first, scans1_agree, KC_F32, KC_F16 + 1);
	tcase_add_loop_test(first, scans1_of_large_states, KC_F32, KC_F16 + 1);
	tcase_add_loop_test(first, scans1_of_many_channels, KC_F32, KC_F16 + 1);
	tcase_add_loop_test(first, scan1_in_chunks, 0, 4);
	tcase_add_test(first, scan1_in_segments);
	tcase_add_test(first, scan1_in_segments_of_odd_sizes);
	tcase_add_test(first, no_workspace_where_it_does_not_pay);
	tcase_add_checked_fixture(second, setup, NULL);
	tcase_add_loop_test(second, scans2_agree, KC_F32, KC_F16 + 1);
	tcase_add_loop_test(second, chunked_scans2_agree, 0, 6);
	tcase_add_test(second, float32_is_always_exact);
	tcase_add_loop_test(second, scan2_in_chunks, 0, 4);
	tcase_add_loop_test(second, chunked_scan2_in_chunks, 0, 4);
	tcase_add_loop_test(second, scan2_in_segments, 0, 4);
	tcase_add_test(second, chunked_scan2_of_strong_decay);
	tcase_add_test(second, mixed_types_are_refused);
	suite_add_tcase(suite, first);
	suite_add_tcase(suite, second);
	return support_run(suite);
}
