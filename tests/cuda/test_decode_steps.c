/* SPDX-License-Identifier: Apache-2.0 */
/* test_decode_steps.c - what the decode path has beside products, against double precision: the
 * states' steps of both families, embedding, final norm, and weights quantised on the device. */
#include "decode_kit.h"

#include "base/dtype.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CALL(call) ck_assert_int_eq((call), cudaSuccess)
#define UNTOUCHED (-77.5f)

static const uint32_t calls[] = { 1, 2, 3, 8, 9, 17, 64 };
#define N_CALLS (sizeof(calls) / sizeof(*calls))

static double *doubles(size_t n)
{
	return kit_keep(calloc(n ? n : 1, sizeof(double)));
}

static void check(const float *got, const double *want, size_t n, double limit, const char *what, uint32_t n_rows, uint32_t r)
{
	double error = kit_error(got, want, n);

	ck_assert_msg(error <= limit, "%s, row %u of %u: off by %g, limit %g", what, r, n_rows, error, limit);
}

static void check_untouched(const float *got, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ck_assert_float_eq(got[i], UNTOUCHED);
}

/* Slots of so many floats; every fourth row has none. */
static float *const *make_slots(float **slots, float **host, uint32_t n_rows, size_t n)
{
	for (uint32_t r = 0; r < n_rows; r++) {
		slots[r] = kit_device_floats(n, 1, &host[r]);
		if (r % 4 == 2)
			slots[r] = NULL;
	}
	return kit_device(slots, n_rows * sizeof(*slots));
}

/* ---- Mamba-1 ---- */

struct shape1 {
	uint32_t d_inner, d_state, rank, ssm_at;
};

static const struct shape1 shapes1[] = {
	{ 70, 16, 48, 4 }, { 33, 16, 5, 0 }, { 40, 6, 32, 3 }, { 10, 1, 1, 1 }, { 20, 256, 160, 8 }, { 65, 24, 96, 2 },
};

static void step1_row(const struct shape1 *s, const struct kit_matrix *matrix, const float *small, const float *u, const float *z, const float *bias,
	const float *a, const float *d, const float *before, double *state, double *y)
{
	double *x = doubles(s->rank), *dt = doubles(s->d_inner);

	for (uint32_t i = 0; i < s->rank; i++)
		x[i] = small[i];
	kit_multiply(dt, matrix, x);
	for (uint32_t i = 0; i < s->d_inner; i++) {
		double step = kit_softplus(dt[i] + (bias ? bias[i] : 0)), sum = 0;

		for (uint32_t n = 0; n < s->d_state; n++) {
			size_t at = (size_t)i * s->d_state + n;

			state[at] = exp(step * a[at]) * before[at] + step * small[s->rank + n] * u[i];
			sum += state[at] * small[s->rank + s->d_state + n];
		}
		y[i] = (sum + d[i] * u[i]) * kit_silu(z[i]);
	}
}

static void step1(const struct shape1 *s, enum kc_type type, uint32_t n_rows, bool fast, bool with_bias)
{
	size_t n_state = (size_t)s->d_inner * s->d_state, wide = s->rank + 2 * s->d_state + 1;
	struct kit_matrix matrix = kit_matrix(type, s->d_inner, s->rank, 32, 2 / sqrtf((float)s->rank));
	float *small, *u, *z, *bias, *a, *d, *slots[64], *before[64], *got;
	double *state = doubles(n_state), *y = doubles(s->d_inner), limit = !fast || type == KC_F32 ? 1e-5 : type == KC_BF16 ? 3e-2 : 4e-3;
	struct kc_step1 step = { .small = kit_device_floats(n_rows * wide, 1, &small), .small_stride = (uint32_t)wide, .u_stride = s->d_inner + 2,
		.z_stride = s->d_inner + 3, .y_stride = s->d_inner + 1, .dt = matrix.m, .d_inner = s->d_inner, .d_state = s->d_state, .rank = s->rank,
		.ssm_at = s->ssm_at, .fast = fast };
	struct kc_pieces pieces = { .n = n_rows, .n_rows = n_rows, .longest = 1 };

	step.u = kit_device_floats((size_t)n_rows * step.u_stride, 1, &u);
	step.z = kit_device_floats((size_t)n_rows * step.z_stride, 1, &z);
	step.dt_bias = kit_device_floats(s->d_inner, 4, &bias);
	if (!with_bias)
		step.dt_bias = NULL;
	a = kit_floats(n_state, 1);
	for (size_t i = 0; i < n_state; i++)
		a[i] = -expf(a[i]);
	step.a = kit_device(a, n_state * sizeof(float));
	step.d = kit_device_floats(s->d_inner, 1, &d);
	step.y = kit_filled((size_t)n_rows * step.y_stride, UNTOUCHED);
	pieces.slot = make_slots(slots, before, n_rows, s->ssm_at + n_state + 5);
	CALL(kc_decode_step1(&step, &pieces, NULL));
	got = kit_download(step.y, (size_t)n_rows * step.y_stride);
	for (uint32_t r = 0; r < n_rows; r++) {
		float *after;

		check_untouched(got + (size_t)r * step.y_stride + s->d_inner, 1);
		if (!slots[r]) {
			check_untouched(got + (size_t)r * step.y_stride, s->d_inner);
			continue;
		}
		step1_row(s, &matrix, small + r * wide, u + (size_t)r * step.u_stride, z + (size_t)r * step.z_stride, with_bias ? bias : NULL, a, d,
			before[r] + s->ssm_at, state, y);
		check(got + (size_t)r * step.y_stride, y, s->d_inner, limit, "step1 y", n_rows, r);
		after = kit_download(slots[r], s->ssm_at + n_state + 5);
		check(after + s->ssm_at, state, n_state, limit, "step1 state", n_rows, r);
		ck_assert_mem_eq(after, before[r], s->ssm_at * sizeof(float));
		ck_assert_mem_eq(after + s->ssm_at + n_state, before[r] + s->ssm_at + n_state, 5 * sizeof(float));
	}
	kit_free_all();
}

START_TEST(steps1)
{
	enum kc_type type = (enum kc_type)_i;

	kit_seed((uint64_t)_i + 1);
	for (size_t s = 0; s < sizeof(shapes1) / sizeof(*shapes1); s++)
		for (size_t c = s % 2; c < N_CALLS; c += 2) {
			step1(&shapes1[s], type, calls[c], false, s % 3 != 1);
			step1(&shapes1[s], type, calls[c], true, true);
		}
}
END_TEST

/* ---- Mamba-2 ---- */

struct shape2 {
	uint32_t d_inner, n_heads, head_dim, d_state, n_groups, ssm_at;
	bool gated, limits;
};

static const struct shape2 shapes2[] = {
	{ 128, 2, 64, 128, 1, 4, true, false }, { 60, 6, 9, 16, 3, 0, true, true }, { 40, 8, 5, 33, 2, 3, false, false },
	{ 12, 4, 3, 1, 4, 1, true, false }, { 34, 2, 17, 256, 2, 2, false, true }, { 96, 3, 32, 64, 1, 8, true, false },
	{ 200, 5, 7, 12, 1, 4, true, false },
};

static double clamp(double x, double low, double high)
{
	return x < low ? low : x > high ? high : x;
}

static void step2_row(const struct shape2 *s, const struct kc_step2 *step, const float *p, const float *u, const float *bias, const float *a,
	const float *d, const float *before, double *state, double *y)
{
	uint32_t n_ssm = s->n_heads * s->head_dim, mlp = s->d_inner - n_ssm, per = s->n_heads / s->n_groups;
	const float *b = u + n_ssm, *c = b + s->n_groups * s->d_state;

	for (uint32_t i = 0; i < mlp; i++)
		y[i] = kit_silu(p[i]) * p[mlp + i];
	for (uint32_t i = 0; i < n_ssm; i++) {
		uint32_t h = i / s->head_dim, g = h / per * s->d_state;
		double dt = clamp(kit_softplus(p[step->dt_first + h] + (bias ? bias[h] : 0)), step->limit_low, step->limit_high), sum = 0;

		for (uint32_t n = 0; n < s->d_state; n++) {
			size_t at = (size_t)i * s->d_state + n;

			state[at] = exp(dt * a[h]) * before[at] + dt * u[i] * b[g + n];
			sum += state[at] * c[g + n];
		}
		y[mlp + i] = (sum + d[i] * u[i]) * (s->gated ? kit_silu(p[2 * mlp + i]) : 1);
	}
}

static void step2(const struct shape2 *s, uint32_t n_rows, bool with_bias)
{
	uint32_t n_ssm = s->n_heads * s->head_dim, mlp = s->d_inner - n_ssm;
	size_t n_state = (size_t)n_ssm * s->d_state;
	float *p, *u, *bias, *a, *d, *slots[64], *before[64], *got;
	double *state = doubles(n_state), *y = doubles(s->d_inner);
	struct kc_step2 step = { .projected_stride = 2 * mlp + n_ssm + s->n_heads + 3, .u_stride = n_ssm + 2 * s->n_groups * s->d_state + 1,
		.dt_first = 2 * mlp + n_ssm + 2, .limit_low = 0, .limit_high = INFINITY, .d_inner = s->d_inner, .d_ssm = n_ssm, .d_state = s->d_state,
		.n_heads = s->n_heads, .head_dim = s->head_dim, .n_groups = s->n_groups, .gated = s->gated, .ssm_at = s->ssm_at, .y_stride = s->d_inner + 1 };
	struct kc_pieces pieces = { .n = n_rows, .n_rows = n_rows, .longest = 1 };

	if (s->limits) {
		step.limit_low = 0.5f;
		step.limit_high = 1.0f;
	}
	step.projected = kit_device_floats((size_t)n_rows * step.projected_stride, 2, &p);
	step.u = kit_device_floats((size_t)n_rows * step.u_stride, 1, &u);
	step.dt_bias = kit_device_floats(s->n_heads, 4, &bias);
	if (!with_bias)
		step.dt_bias = NULL;
	a = kit_floats(s->n_heads, 1);
	for (uint32_t i = 0; i < s->n_heads; i++)
		a[i] = -expf(a[i]);
	step.a = kit_device(a, s->n_heads * sizeof(float));
	step.d = kit_device_floats(n_ssm, 1, &d);
	step.y = kit_filled((size_t)n_rows * step.y_stride, UNTOUCHED);
	pieces.slot = make_slots(slots, before, n_rows, s->ssm_at + n_state + 5);
	CALL(kc_decode_step2(&step, &pieces, NULL));
	got = kit_download(step.y, (size_t)n_rows * step.y_stride);
	for (uint32_t r = 0; r < n_rows; r++) {
		float *after;

		check_untouched(got + (size_t)r * step.y_stride + s->d_inner, 1);
		if (!slots[r]) {
			check_untouched(got + (size_t)r * step.y_stride, s->d_inner);
			continue;
		}
		step2_row(s, &step, p + (size_t)r * step.projected_stride, u + (size_t)r * step.u_stride, with_bias ? bias : NULL, a, d,
			before[r] + s->ssm_at, state, y);
		check(got + (size_t)r * step.y_stride, y, s->d_inner, 1e-5, "step2 y", n_rows, r);
		after = kit_download(slots[r], s->ssm_at + n_state + 5);
		check(after + s->ssm_at, state, n_state, 1e-5, "step2 state", n_rows, r);
		ck_assert_mem_eq(after, before[r], s->ssm_at * sizeof(float));
		ck_assert_mem_eq(after + s->ssm_at + n_state, before[r] + s->ssm_at + n_state, 5 * sizeof(float));
	}
	kit_free_all();
}

START_TEST(steps2)
{
	kit_seed(20);
	for (size_t s = 0; s < sizeof(shapes2) / sizeof(*shapes2); s++)
		for (size_t c = s % 2; c < N_CALLS; c += 2)
			step2(&shapes2[s], calls[c], s % 3 != 1);
}
END_TEST

START_TEST(step2_refused)
{
	struct kc_step2 step = { .n_groups = 2, .n_heads = 3, .head_dim = 4, .d_ssm = 12, .d_inner = 12 };
	struct kc_pieces pieces = { .n_rows = 1 };

	ck_assert_int_eq(kc_decode_step2(&step, &pieces, NULL), cudaErrorInvalidValue);
}
END_TEST

/* ---- embedding, final norm ---- */

START_TEST(embeds)
{
	static const int32_t tokens[] = { 4, -1, 0, 9, 9 };
	enum kc_type type = (enum kc_type)_i;
	uint32_t width = 301;
	struct kit_matrix table = kit_matrix(type, 10, width, 32, 1);
	float *x = kit_filled(5 * width, UNTOUCHED), *got;

	CALL(kc_embed(x, &table.m, kit_device(tokens, sizeof(tokens)), 5, NULL));
	got = kit_download(x, 5 * width);
	for (uint32_t r = 0; r < 5; r++)
		for (uint32_t i = 0; i < width; i++)
			ck_assert_float_eq(got[r * width + i], tokens[r] < 0 ? UNTOUCHED : (float)table.w[(size_t)tokens[r] * width + i]);
	kit_free_all();
}
END_TEST

static void hidden(uint32_t width, bool layer, bool rows, bool slots)
{
	static const uint32_t chosen[] = { 5, 0, 3 };
	float *x, *weight, *bias, *slot[3], *before[3], *got;
	struct kc_hidden h = { .x = kit_device_floats(6 * width, 2, &x), .out = kit_filled(3 * width, UNTOUCHED), .n = 3, .width = width, .hidden_at = 2 };
	double *want = doubles(width);

	h.norm = (struct kc_norm){ kit_device_floats(width, 1, &weight), kit_device_floats(width, 1, &bias), 1e-5f, layer };
	if (!layer)
		h.norm.bias = NULL;
	if (rows)
		h.row = kit_device(chosen, sizeof(chosen));
	if (slots)
		h.slot = make_slots(slot, before, 3, width + 4);
	CALL(kc_hidden(&h, NULL));
	got = kit_download(h.out, 3 * width);
	for (uint32_t i = 0; i < 3; i++) {
		kit_norm(want, x + (rows ? chosen[i] : i) * width, weight, layer ? bias : NULL, width, 1e-5, layer);
		check(got + i * width, want, width, 4e-6, "hidden", 3, i);
		if (slots && slot[i]) {
			float *kept = kit_download(slot[i], width + 4);

			ck_assert_mem_eq(kept + 2, got + i * width, width * sizeof(float));
			ck_assert_mem_eq(kept, before[i], 2 * sizeof(float));
			ck_assert_mem_eq(kept + 2 + width, before[i] + 2 + width, 2 * sizeof(float));
		}
	}
	kit_free_all();
}

START_TEST(hiddens)
{
	kit_seed(30);
	hidden(768, false, false, true);
	hidden(33, true, true, false);
	hidden(1, false, true, true);
	hidden(1030, true, false, true);
}
END_TEST

/* ---- quantised on the device ---- */

static void quantise(enum kc_type from, enum kc_type to, uint32_t rows, uint32_t k, uint32_t group)
{
	size_t pitch = to == KC_INT8 ? k : (k + 1) / 2, n_scales = (k + group - 1) / group, wide = from == KC_F32 ? 4 : 2;
	struct kc_matrix out = { .rows = rows, .k = k, .type = (uint16_t)to, .group = (uint16_t)group };
	float *row = kit_floats((size_t)rows * k, 3), *scales = kit_floats(rows * n_scales, 0), *got_scales, *back;
	uint8_t *packed = kit_keep(calloc(rows * pitch, 1)), *got = kit_keep(calloc(rows * pitch, 1)), *stored = kit_keep(calloc((size_t)rows * k, wide));

	row[1] = 0;
	for (uint32_t i = 0; i < group && i < k; i++)
		row[(size_t)(rows - 1) * k + i] = 0;
	krait__narrow(stored, from == KC_F32 ? DTYPE_F32 : from == KC_F16 ? DTYPE_F16 : DTYPE_BF16, row, (size_t)rows * k);
	krait__widen(row, stored, from == KC_F32 ? DTYPE_F32 : from == KC_F16 ? DTYPE_F16 : DTYPE_BF16, (size_t)rows * k);
	for (uint32_t r = 0; r < rows; r++)
		kit_quantise_row(row + (size_t)r * k, k, group, to, packed + r * pitch, scales + r * n_scales);
	out.data = kit_device(got, rows * pitch);
	out.scales = kit_filled(rows * n_scales, UNTOUCHED);
	CALL(kc_quantise(kit_device(stored, rows * k * wide), from, &out, NULL));
	kit_read(got, out.data, rows * pitch);
	got_scales = kit_download(out.scales, rows * n_scales);
	ck_assert_mem_eq(got, packed, rows * pitch);
	ck_assert_mem_eq(got_scales, scales, rows * n_scales * sizeof(float));

	back = kit_filled((size_t)rows * k, 0);
	CALL(kc_widen(&out, back, KC_F32, NULL));
	back = kit_download(back, (size_t)rows * k);
	for (size_t i = 0; i < (size_t)rows * k; i++) {
		size_t r = i / k, c = i % k;
		int q = to == KC_INT8 ? (int8_t)packed[r * pitch + c] : (int)(c % 2 ? packed[r * pitch + c / 2] >> 4 : packed[r * pitch + c / 2] & 15) - 8;

		ck_assert_float_eq(back[i], (float)q * scales[r * n_scales + c / group]);
	}
	kit_free_all();
}

START_TEST(quantises)
{
	enum kc_type from = (enum kc_type)_i;

	kit_seed((uint64_t)_i + 40);
	quantise(from, KC_INT8, 5, 70, 32);
	quantise(from, KC_INT8, 9, 33, 7);
	quantise(from, KC_INT8, 3, 129, 500);
	quantise(from, KC_INT4, 5, 70, 32);
	quantise(from, KC_INT4, 17, 31, 6);
	quantise(from, KC_INT4, 3, 129, 500);
}
END_TEST

/* 16-bit weights go to the other types by way of float32, to nearest. */
START_TEST(widens)
{
	static const enum kc_type types[] = { KC_F32, KC_F16, KC_BF16 };
	static const enum dtype same[] = { DTYPE_F32, DTYPE_F16, DTYPE_BF16 };
	uint32_t rows = 7, k = 45;

	kit_seed(50);
	for (int from = 0; from < 3; from++)
		for (int to = 0; to < 3; to++) {
			struct kit_matrix m = kit_matrix(types[from], rows, k, 32, 1);
			size_t n = rows * k, bytes = n * (to ? 2 : 4);
			float *values = kit_floats(n, 0);
			uint8_t *want = kit_keep(malloc(bytes)), *got = kit_keep(malloc(bytes)), *out = kit_device(got, bytes);

			for (size_t i = 0; i < n; i++)
				values[i] = (float)m.w[i];
			krait__narrow(want, same[to], values, n);
			CALL(kc_widen(&m.m, out, types[to], NULL));
			kit_read(got, out, bytes);
			ck_assert_mem_eq(got, want, bytes);
			kit_free_all();
		}
}
END_TEST

START_TEST(quantise_refused)
{
	struct kc_matrix to = { .rows = 2, .k = 10, .type = KC_INT4, .group = 5 };

	ck_assert_int_eq(kc_quantise(NULL, KC_F32, &to, NULL), cudaErrorInvalidValue);
	to.group = 0;
	ck_assert_int_eq(kc_quantise(NULL, KC_F32, &to, NULL), cudaErrorInvalidValue);
	to.group = 2;
	ck_assert_int_eq(kc_quantise(NULL, KC_INT8, &to, NULL), cudaErrorInvalidValue);
	ck_assert_int_eq(kc_widen(&to, NULL, KC_INT8, NULL), cudaErrorInvalidValue);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decode_steps");
	TCase *test = tcase_create("decode_steps");

	tcase_set_timeout(test, 600);
	tcase_add_loop_test(test, steps1, KC_F32, KC_INT4 + 1);
	tcase_add_test(test, steps2);
	tcase_add_test(test, step2_refused);
	tcase_add_loop_test(test, embeds, KC_F32, KC_INT4 + 1);
	tcase_add_test(test, hiddens);
	tcase_add_loop_test(test, quantises, KC_F32, KC_BF16 + 1);
	tcase_add_test(test, widens);
	tcase_add_test(test, quantise_refused);
	suite_add_tcase(suite, test);
	return support_run(suite);
}
