/* SPDX-License-Identifier: Apache-2.0 */
/* vector_scan3.h - Mamba-3's step and its angles for machines with vectors; a part of vector_kernels.h. */

/* `n` vectors of a head's channels from channel `at` on, for a rank so small that all it needs of them stays in
 * registers: rank * n is 4 at most. */
INLINE void scan3_lanes(const struct scan3 *scan, size_t at, const size_t n, const size_t rank)
{
	size_t width = krait__pad(scan->head_dim);
	vec decay = v_set(scan->decay), before[4], now[4], y[4];

	UNROLL
	for (size_t r = 0; r < rank; r++)
		UNROLL
		for (size_t j = 0; j < n; j++) {
			before[r * n + j] = v_load(scan->before + r * width + at + j * LANES);
			now[r * n + j] = v_load(scan->now + r * width + at + j * LANES);
			y[r * n + j] = v_set(0.0f);
		}
	for (size_t i = 0; i < scan->d_state; i++)
		UNROLL
		for (size_t j = 0; j < n; j++) {
			float *state = scan->state + i * width + at + j * LANES;
			vec h = v_mul(decay, v_load(state));

			UNROLL
			for (size_t r = 0; r < rank; r++) {
				h = v_fma(before[r * n + j], v_set(scan->k_before[r * scan->k_stride + i]), h);
				h = v_fma(now[r * n + j], v_set(scan->k[r * scan->k_stride + i]), h);
			}
			v_store(state, h);
			UNROLL
			for (size_t r = 0; r < rank; r++)
				y[r * n + j] = v_fma(h, v_set(scan->c[r * scan->k_stride + i]), y[r * n + j]);
		}
	UNROLL
	for (size_t r = 0; r < rank; r++)
		UNROLL
		for (size_t j = 0; j < n; j++)
			v_store(scan->y + r * width + at + j * LANES, y[r * n + j]);
}

/* Any rank: sums stay in memory. */
static void scan3_wide(const struct scan3 *scan, size_t at)
{
	size_t width = krait__pad(scan->head_dim);
	vec decay = v_set(scan->decay);

	for (size_t r = 0; r < scan->rank; r++)
		v_store(scan->y + r * width + at, v_set(0.0f));
	for (size_t i = 0; i < scan->d_state; i++) {
		float *state = scan->state + i * width + at;
		vec h = v_mul(decay, v_load(state));

		for (size_t r = 0; r < scan->rank; r++) {
			h = v_fma(v_load(scan->before + r * width + at), v_set(scan->k_before[r * scan->k_stride + i]),
				h);
			h = v_fma(v_load(scan->now + r * width + at), v_set(scan->k[r * scan->k_stride + i]), h);
		}
		v_store(state, h);
		for (size_t r = 0; r < scan->rank; r++) {
			float *y = scan->y + r * width + at;

			v_store(y, v_fma(h, v_set(scan->c[r * scan->k_stride + i]), v_load(y)));
		}
	}
}

/* As many vectors at a time as there are registers for. */
static void scan3_single(const struct scan3 *scan)
{
	const size_t most = LANES == 16 ? 4 : 2;

	for (size_t at = 0; at < scan->head_dim; at += most * LANES)
		switch ((scan->head_dim - at + LANES - 1) / LANES) {
		case 1: scan3_lanes(scan, at, 1, 1); break;
		case 2: scan3_lanes(scan, at, 2, 1); break;
		case 3: scan3_lanes(scan, at, most < 3 ? most : 3, 1); break;
		default: scan3_lanes(scan, at, most, 1); break;
		}
}

static void scan3_head(const struct scan3 *scan)
{
	if (scan->rank == 1) {
		scan3_single(scan);
		return;
	}
	for (size_t at = 0; at < scan->head_dim; at += LANES)
		switch (scan->rank) {
		case 2: scan3_lanes(scan, at, 1, 2); break;
		case 3: scan3_lanes(scan, at, 1, 3); break;
		case 4: scan3_lanes(scan, at, 1, 4); break;
		default: scan3_wide(scan, at); break;
		}
}

/* x and 2 pi - x differ in the sign of the sine alone; of what is left, from 0 to pi, pi / 2 is taken off:
 * cos a = -sin(u) and sin a = cos(u), u within pi / 2 of 0, where the series are short. */
static void cos_sin(float *cosine, float *sine, const float *angle, size_t n)
{
	for (size_t i = 0; i < n; i += LANES) {
		vec x = v_next(angle + i, n - i), u, u2, s, c;

		u = v_add(v_sub(v_set(6.28318548f), x), v_set(-1.74845553e-7f));
		u = v_choose_above(x, 3.14159265f, u, x);
		u = v_sub(v_sub(u, v_set(1.57079637f)), v_set(-4.37113883e-8f));
		u2 = v_mul(u, u);
		s = v_fma(u2, v_set(1.60590438e-10f), v_set(-2.50521084e-8f));
		s = v_fma(s, u2, v_set(2.75573192e-6f));
		s = v_fma(s, u2, v_set(-1.98412698e-4f));
		s = v_fma(s, u2, v_set(8.33333333e-3f));
		s = v_fma(s, u2, v_set(-1.66666667e-1f));
		s = v_fma(v_mul(s, u2), u, u);
		c = v_fma(u2, v_set(2.08767570e-9f), v_set(-2.75573192e-7f));
		c = v_fma(c, u2, v_set(2.48015873e-5f));
		c = v_fma(c, u2, v_set(-1.38888889e-3f));
		c = v_fma(c, u2, v_set(4.16666667e-2f));
		c = v_fma(c, u2, v_set(-0.5f));
		c = v_fma(c, u2, v_set(1.0f));
		v_put(cosine + i, v_sub(v_set(0.0f), s), n - i);
		v_put(sine + i, v_choose_above(x, 3.14159265f, v_sub(v_set(0.0f), c), c), n - i);
	}
}
