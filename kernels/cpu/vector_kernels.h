/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vector_kernels.h - the kernels for machines with vectors; included once for each instruction
 * set, after it has defined
 *
 *     LANES               floats in a vector: 8 or 16
 *     TILE_ROWS           inputs that a tile of a product takes at once
 *     NAME, available     of the table at the end
 *     vec and v_...       the operations, as in avx2.c
 *
 * Every reduction has one accumulator of LANES partial sums, filled in order; what is left
 * behind the last whole vector goes in as a vector with zeros. Elementwise functions do the
 * same in every lane. So no result depends on where a range begins.
 */
#define INLINE static inline __attribute__((always_inline))

/* Before a loop of a few turns, known when compiled: its arrays become registers. */
#if defined(__clang__)
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 8")
#endif

/* The next vector of a row of which `left` elements remain; zeros behind its end. */
INLINE vec v_next(const float *in, size_t left)
{
	return left >= LANES ? v_load(in) : v_load_part(in, left);
}

INLINE void v_put(float *out, vec value, size_t left)
{
	if (left >= LANES)
		v_store(out, value);
	else
		v_store_part(out, value, left);
}

/* ---- functions ---- */

/* e^x = 2^n e^r with |r| <= ln 2 / 2; e^r = 1 + r + r^2 q(r), q fitted at Chebyshev's nodes. */
INLINE vec v_exp(vec x)
{
	vec n, r, q;

	x = v_min(v_set(89.0f), v_max(v_set(-104.0f), x));
	n = v_round(v_mul(x, v_set(1.44269502f)));
	r = v_nfma(n, v_set(0.693359375f), x);
	r = v_nfma(n, v_set(-2.12194440e-4f), r);
	q = v_fma(v_set(1.392625039e-3f), r, v_set(8.363232948e-3f));
	q = v_fma(q, r, v_set(4.166655242e-2f));
	q = v_fma(q, r, v_set(1.666657627e-1f));
	q = v_fma(q, r, v_set(0.5f));
	q = v_fma(v_mul(r, r), q, r);
	return v_scale(v_add(q, v_set(1.0f)), n);
}

/* ln w for finite w >= 1: w = 2^e m with m around 1, f = m - 1, s = f / (2 + f);
 * ln m = f - (f^2/2 - s (f^2/2 + R)), R = 2 s^2/3 + 2 s^4/5 + ... */
INLINE vec v_log(vec w)
{
	vec e, f = v_sub(v_mantissa(w, &e), v_set(1.0f)), s, s2, r, half;

	s = v_div(f, v_add(f, v_set(2.0f)));
	s2 = v_mul(s, s);
	half = v_mul(v_mul(f, f), v_set(0.5f));
	r = v_fma(s2, v_set(2.0f / 9), v_set(2.0f / 7));
	r = v_fma(r, s2, v_set(2.0f / 5));
	r = v_fma(r, s2, v_set(2.0f / 3));
	r = v_mul(r, s2);
	r = v_fma(s, v_add(half, r), v_mul(e, v_set(-2.12194440e-4f)));
	return v_fma(e, v_set(0.693359375f), v_add(f, v_sub(r, half)));
}

/* ln(1 + e^x), x itself above 20. What 1 + u loses of a small u is given back. */
INLINE vec v_softplus(vec x)
{
	vec u = v_exp(v_min(v_set(20.0f), x)), w = v_add(u, v_set(1.0f));
	vec lost = v_sub(u, v_sub(w, v_set(1.0f)));

	return v_choose_above(x, 20.0f, x, v_add(v_log(w), v_div(lost, w)));
}

INLINE vec v_silu(vec x)
{
	return v_div(x, v_add(v_set(1.0f), v_exp(v_sub(v_set(0.0f), x))));
}

INLINE float v_sum(vec v)
{
	float sums[4];

	v_sum4(v, v, v, v, sums);
	return sums[0];
}

/* ---- products ---- */

#define LINE_BYTES 64
#define NEAR_BYTES 4096                 /* rows up to this long are fetched into the first cache, this far ahead */
#define NEAR_FLOATS 4096                /* as long as the inputs of a tile leave room there */
#define LINE_FLOATS 3072                /* inputs up to this long stay beside one row of weights */

/* Vector i of a row of weights. */
INLINE vec weights_at(const void *row, enum dtype type, size_t i, size_t left)
{
	if (type == DTYPE_F32)
		return v_next((const float *)row + i, left);
	if (type == DTYPE_F16)
		return left >= LANES ? v_widen_f16((const uint16_t *)row + i)
			: v_widen_f16_part((const uint16_t *)row + i, left);
	return left >= LANES ? v_widen_bf16((const uint16_t *)row + i)
		: v_widen_bf16_part((const uint16_t *)row + i, left);
}

struct tile {
	const void *weights[4];
	size_t n_out;                   /* of the four, how many are wanted */
	size_t ahead;                   /* bytes from these rows to what is fetched meanwhile; 0: all is in a cache */
	bool far;                       /* fetch it into the second-level cache: the first has no room for it */
	bool lines;                     /* row by row */
	const float *in;
	size_t in_stride, k;
	float *out;
	size_t out_stride;
	float scale;
	const float *bias;
	bool add;
};

INLINE void tile_finish(const struct tile *tile, size_t r, const float *sums)
{
	float *out = tile->out + r * tile->out_stride;

	for (size_t j = 0; j < tile->n_out; j++) {
		float value = tile->scale * sums[j];

		if (tile->bias)
			value += tile->bias[j];
		out[j] = tile->add ? out[j] + value : value;
	}
}

INLINE void tile_step(vec sum[][4], const struct tile *tile, enum dtype type, size_t n_rows, size_t i, size_t left)
{
	vec x[TILE_ROWS];

	UNROLL
	for (size_t r = 0; r < n_rows; r++)
		x[r] = v_next(tile->in + r * tile->in_stride + i, left);
	UNROLL
	for (size_t j = 0; j < 4; j++) {
		vec w = weights_at(tile->weights[j], type, i, left);

		UNROLL
		for (size_t r = 0; r < n_rows; r++)
			sum[r][j] = v_fma(x[r], w, sum[r][j]);
	}
}

/* The four rows stand one behind the other, and so does what follows them: as many bytes
 * as a step reads are asked for in the order in which they lie. The hardware's own
 * fetching follows one stream well and four short ones badly. */
INLINE void tile_fetch(const struct tile *tile, size_t size, size_t i)
{
	const char *at = (const char *)tile->weights[0] + tile->ahead + 4 * i * size;

	UNROLL
	for (size_t line = 0; line < 4 * LANES * size; line += LINE_BYTES)
		if (tile->far)
			__builtin_prefetch(at + line, 0, 2);
		else
			__builtin_prefetch(at + line);
}

INLINE void line_step(vec sum[][4], const struct tile *tile, enum dtype type, size_t n_rows, size_t j, size_t i,
	size_t left)
{
	vec w = weights_at(tile->weights[j], type, i, left);

	UNROLL
	for (size_t r = 0; r < n_rows; r++)
		sum[r][j] = v_fma(v_next(tile->in + r * tile->in_stride + i, left), w, sum[r][j]);
}

/* One row of weights behind the other: a single stream. */
INLINE void tile_lines(vec sum[][4], const struct tile *tile, enum dtype type, size_t n_rows)
{
	UNROLL
	for (size_t j = 0; j < 4; j++) {
		size_t i = 0;

		for (; i + 4 * LANES <= tile->k; i += 4 * LANES)
			UNROLL
			for (size_t step = 0; step < 4; step++)
				line_step(sum, tile, type, n_rows, j, i + step * LANES, LANES);
		for (; i < tile->k; i += LANES)
			line_step(sum, tile, type, n_rows, j, i, tile->k - i);
	}
}

/* Four rows of weights side by side. */
INLINE void tile_block(vec sum[][4], const struct tile *tile, enum dtype type, size_t n_rows)
{
	size_t i = 0, size = type == DTYPE_F32 ? 4 : 2;

	for (; i + LANES <= tile->k; i += LANES) {
		if (tile->ahead)
			tile_fetch(tile, size, i);
		tile_step(sum, tile, type, n_rows, i, LANES);
	}
	if (i < tile->k)
		tile_step(sum, tile, type, n_rows, i, tile->k - i);
}

INLINE void tile_run(const struct tile *tile, enum dtype type, const size_t n_rows)
{
	vec sum[TILE_ROWS][4];

	UNROLL
	for (size_t r = 0; r < n_rows; r++)
		UNROLL
		for (size_t j = 0; j < 4; j++)
			sum[r][j] = v_set(0.0f);
	if (tile->lines)
		tile_lines(sum, tile, type, n_rows);
	else
		tile_block(sum, tile, type, n_rows);
	UNROLL
	for (size_t r = 0; r < n_rows; r++) {
		float sums[4];

		v_sum4(sum[r][0], sum[r][1], sum[r][2], sum[r][3], sums);
		tile_finish(tile, r, sums);
	}
}

INLINE void tile_rows(const struct tile *tile, enum dtype type, size_t n_rows)
{
	switch (n_rows) {
	case 1: tile_run(tile, type, 1); break;
	case 2: tile_run(tile, type, 2); break;
	case 3: tile_run(tile, type, 3); break;
#if TILE_ROWS > 3
	case 4: tile_run(tile, type, 4); break;
	case 5: tile_run(tile, type, 5); break;
	case 6: tile_run(tile, type, 6); break;
#endif
	default: break;
	}
}

static void tile_f32(const struct tile *tile, size_t n_rows) { tile_rows(tile, DTYPE_F32, n_rows); }
static void tile_f16(const struct tile *tile, size_t n_rows) { tile_rows(tile, DTYPE_F16, n_rows); }
static void tile_bf16(const struct tile *tile, size_t n_rows) { tile_rows(tile, DTYPE_BF16, n_rows); }

/* The four rows at `weights` with all inputs, in tiles of about the same height. */
static void product_tiles(const struct product *product, struct tile *tile, enum dtype type, size_t j)
{
	static void (*const runs[])(const struct tile *, size_t) = {
		[DTYPE_F32] = tile_f32, [DTYPE_F16] = tile_f16, [DTYPE_BF16] = tile_bf16,
	};
	size_t n_tiles = (product->n_rows + TILE_ROWS - 1) / TILE_ROWS;
	size_t height = (product->n_rows + n_tiles - 1) / n_tiles;

	for (size_t r = 0; r < product->n_rows; r += height) {
		size_t left = product->n_rows - r;

		tile->in = product->in + r * product->in_stride;
		tile->out = product->out + r * product->out_stride + j;
		runs[type](tile, left < height ? left : height);
		tile->ahead = 0;
	}
}

/* Rows [j, last) of the matrix, four at most; `rows` is the first of them. */
static struct tile tile_at(const struct product *product, const char *rows, size_t stride, size_t j, size_t last)
{
	struct tile tile = {
		.n_out = last - j < 4 ? last - j : 4, .in_stride = product->in_stride, .k = product->matrix.k,
		.out_stride = product->out_stride, .scale = product->scale,
		.bias = product->bias ? product->bias + j : NULL, .add = product->add,
	};

	for (size_t i = 0; i < 4; i++)
		tile.weights[i] = rows + (i < tile.n_out ? i : tile.n_out - 1) * stride;
	return tile;
}

/* Weights come from memory once, as they are stored: four rows stay in the cache for all inputs. */
static void product_rows(const struct product *product, size_t first, size_t last)
{
	const struct matrix *matrix = &product->matrix;
	size_t stride = matrix->k * (matrix->type == DTYPE_F32 ? 4 : 2);
	size_t height = product->n_rows < TILE_ROWS ? product->n_rows : TILE_ROWS;
	bool far = stride > NEAR_BYTES || height * matrix->k > NEAR_FLOATS;

	for (size_t j = first; j < last; j += 4) {
		struct tile tile = tile_at(product, (const char *)matrix->data + j * stride, stride, j, last);

		tile.ahead = 4 * stride + (far ? 0 : NEAR_BYTES);
		tile.far = far;
		tile.lines = product->stream && product->n_rows <= 2 && matrix->k <= LINE_FLOATS;
		product_tiles(product, &tile, matrix->type, j);
	}
}

/* ---- convolution ---- */

/* The input that tap k sees at row t: an earlier row, or one that the state still holds. */
INLINE const float *tap(const struct conv *conv, size_t t, size_t k)
{
	size_t at = t + k, held = conv->d_conv - 1;

	return at < held ? conv->state + at * conv->stride : conv->in + (at - held) * conv->in_stride;
}

static void conv_channels(const struct conv *conv, size_t first, size_t last)
{
	for (size_t t = 0; t < conv->n_rows; t++)
		for (size_t c = first; c < last; c += LANES) {
			vec sum = conv->bias ? v_next(conv->bias + c, last - c) : v_set(0.0f);

			for (size_t k = 0; k < conv->d_conv; k++)
				sum = v_fma(v_next(conv->weight + k * conv->stride + c, last - c),
					v_next(tap(conv, t, k) + c, last - c), sum);
			v_put(conv->out + t * conv->out_stride + c, conv->linear ? sum : v_silu(sum), last - c);
		}
	for (size_t k = 0; k + 1 < conv->d_conv; k++)
		memmove(conv->state + k * conv->stride + first, tap(conv, conv->n_rows, k) + first,
			(last - first) * sizeof(float));
}

/* ---- scans ---- */

static void scan1_lanes(const struct scan1 *scan, size_t block, size_t at)
{
	float *state = scan->state + block * scan->d_state * BLOCK + at;
	const float *a = scan->a + block * scan->d_state * BLOCK + at;
	vec d = v_load(scan->d + block * BLOCK + at);

	at += block * BLOCK;
	for (size_t t = 0; t < scan->n_rows; t++) {
		const float *b = scan->b + t * scan->bc_stride, *c = scan->c + t * scan->bc_stride;
		vec dt = v_load(scan->dt + t * scan->dt_stride + at), x = v_load(scan->x + t * scan->x_stride + at);
		vec dtx = v_mul(dt, x), y = v_set(0.0f);

		for (size_t n = 0; n < scan->d_state; n++) {
			vec decay = v_exp(v_mul(dt, v_load(a + n * BLOCK)));
			vec h = v_fma(decay, v_load(state + n * BLOCK), v_mul(dtx, v_set(b[n])));

			v_store(state + n * BLOCK, h);
			y = v_fma(h, v_set(c[n]), y);
		}
		y = v_mul(v_fma(d, x, y), v_silu(v_load(scan->z + t * scan->z_stride + at)));
		v_store(scan->y + t * scan->y_stride + at, y);
	}
}

static void scan1_blocks(const struct scan1 *scan, size_t first, size_t last)
{
	for (size_t block = first; block < last; block++)
		for (size_t at = 0; at < BLOCK; at += LANES)
			scan1_lanes(scan, block, at);
}

/* `n` vectors of a head's channels from channel `at` on. */
INLINE void scan2_lanes(const struct scan2 *scan, size_t head, size_t at, const size_t n)
{
	size_t width = krait__pad(scan->head_dim), left = scan->head_dim - at;
	size_t group = head / scan->heads_per_group * scan->d_state;
	float *state = scan->state + head * scan->d_state * width + at;
	const float *d = scan->d + head * scan->head_dim + at;

	for (size_t t = 0; t < scan->n_rows; t++) {
		const float *x = scan->x + t * scan->stride + head * scan->head_dim + at;
		const float *b = scan->b + t * scan->stride + group, *c = scan->c + t * scan->stride + group;
		float *out = scan->y + t * scan->y_stride + head * scan->head_dim + at;
		vec dt = v_set(scan->dt[t * scan->dt_stride + head]);
		vec decay = v_set(scan->decay[t * scan->dt_stride + head]);
		vec y[4], dtx[4];

		UNROLL
		for (size_t j = 0; j < n; j++) {
			y[j] = v_set(0.0f);
			dtx[j] = v_mul(dt, v_next(x + j * LANES, left - j * LANES));
		}
		for (size_t i = 0; i < scan->d_state; i++) {
			vec bi = v_set(b[i]), ci = v_set(c[i]);

			UNROLL
			for (size_t j = 0; j < n; j++) {
				float *h = state + i * width + j * LANES;
				vec next = v_fma(decay, v_load(h), v_mul(dtx[j], bi));

				v_store(h, next);
				y[j] = v_fma(next, ci, y[j]);
			}
		}
		UNROLL
		for (size_t j = 0; j < n; j++) {
			size_t more = left - j * LANES;

			v_put(out + j * LANES, v_fma(v_next(d + j * LANES, more), v_next(x + j * LANES, more), y[j]),
				more);
		}
	}
}

static void scan2_heads(const struct scan2 *scan, size_t first, size_t last)
{
	for (size_t head = first; head < last; head++)
		for (size_t at = 0; at < scan->head_dim; at += 4 * LANES)
			switch ((scan->head_dim - at + LANES - 1) / LANES) {
			case 1: scan2_lanes(scan, head, at, 1); break;
			case 2: scan2_lanes(scan, head, at, 2); break;
			case 3: scan2_lanes(scan, head, at, 3); break;
			default: scan2_lanes(scan, head, at, 4); break;
			}
}

/* ---- rows ---- */

INLINE float mean_of(const float *in, size_t n)
{
	vec sum = v_set(0.0f);

	for (size_t i = 0; i < n; i += LANES)
		sum = v_add(sum, v_next(in + i, n - i));
	return v_sum(sum) / (float)n;
}

static void norm_row(float *out, const float *in, const float *weight, const float *bias, size_t n, float eps,
	bool centre)
{
	vec mean = v_set(centre ? mean_of(in, n) : 0.0f), sum = v_set(0.0f), scale;

	for (size_t i = 0; i < n; i += LANES) {
		vec x = v_keep(v_sub(v_next(in + i, n - i), mean), n - i);

		sum = v_fma(x, x, sum);
	}
	scale = v_set(1.0f / sqrtf(v_sum(sum) / (float)n + eps));
	for (size_t i = 0; i < n; i += LANES) {
		vec x = v_mul(v_sub(v_next(in + i, n - i), mean), scale), w = v_next(weight + i, n - i);

		v_put(out + i, bias ? v_fma(x, w, v_next(bias + i, n - i)) : v_mul(x, w), n - i);
	}
}

static void gate(float *out, const float *in, const float *z, size_t n)
{
	for (size_t i = 0; i < n; i += LANES) {
		vec value = v_silu(v_next(z + i, n - i));

		v_put(out + i, in ? v_mul(v_next(in + i, n - i), value) : value, n - i);
	}
}

static void relu2(float *out, const float *in, const float *z, size_t n)
{
	for (size_t i = 0; i < n; i += LANES) {
		vec x = v_max(v_set(0.0f), v_next(z + i, n - i)), value = v_mul(x, x);

		v_put(out + i, in ? v_mul(v_next(in + i, n - i), value) : value, n - i);
	}
}

static void softplus(float *out, const float *in, const float *bias, size_t n)
{
	for (size_t i = 0; i < n; i += LANES) {
		vec x = v_next(in + i, n - i);

		v_put(out + i, v_softplus(bias ? v_add(x, v_next(bias + i, n - i)) : x), n - i);
	}
}

static void exp_of(float *out, const float *a, const float *b, size_t n)
{
	for (size_t i = 0; i < n; i += LANES)
		v_put(out + i, v_exp(v_mul(v_next(a + i, n - i), v_next(b + i, n - i))), n - i);
}

static void exp_sum(const float *in, size_t n, float *highest, float *sum)
{
	float top = -INFINITY;
	vec total = v_set(0.0f);

	for (size_t i = 0; i < n; i++)
		top = in[i] > top ? in[i] : top;
	for (size_t i = 0; i < n; i += LANES)
		total = v_add(total, v_keep(v_exp(v_sub(v_next(in + i, n - i), v_set(top))), n - i));
	*highest = top;
	*sum = v_sum(total);
}

#include "kernels/cpu/vector_attend.h"
#include "kernels/cpu/vector_scan3.h"

const struct kernels NAME = {
	.name = NAME_TEXT,
	.available = available,
	.stream_most = LINE_FLOATS,
	.product = product_rows,
	.conv = conv_channels,
	.scan1 = scan1_blocks,
	.scan2 = scan2_heads,
	.attend = attend_page,
	.norm = norm_row,
	.gate = gate,
	.relu2 = relu2,
	.softplus = softplus,
	.exp_of = exp_of,
	.exp_sum = exp_sum,
	.scan3 = scan3_head,
	.cos_sin = cos_sin,
};
