/* SPDX-License-Identifier: Apache-2.0 */
/* generic.c - the kernels in plain C: the definition that the others are held to. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/kernels.h"

#include <math.h>
#include <string.h>

#define LANES 8         /* partial sums of a reduction, so that a compiler may use vectors */

static bool available(void)
{
	return true;
}

static float total(float sum[LANES])
{
	for (size_t half = LANES / 2; half; half /= 2)
		for (size_t i = 0; i < half; i++)
			sum[i] += sum[i + half];
	return sum[0];
}

static float dot(const float *a, const float *b, size_t n)
{
	float sum[LANES] = { 0 };
	size_t i = 0;

	for (; i + LANES <= n; i += LANES)
		for (size_t j = 0; j < LANES; j++)
			sum[j] += a[i + j] * b[i + j];
	for (size_t j = 0; i + j < n; j++)
		sum[j] += a[i + j] * b[i + j];
	return total(sum);
}

static float silu(float x)
{
	return x / (1.0f + expf(-x));
}

static float softplus_one(float x)
{
	return x > 20.0f ? x : log1pf(expf(x));
}

static const float *widened_row(const struct product *product, size_t row)
{
	const struct matrix *matrix = &product->matrix;
	const char *data = (const char *)matrix->data + row * matrix->k * krait__dtype_size(matrix->type);

	if (matrix->type == DTYPE_F32)
		return (const float *)(const void *)data;
	krait__widen(product->row, data, matrix->type, matrix->k);
	return product->row;
}

static void product_rows(const struct product *product, size_t first, size_t last)
{
	for (size_t j = first; j < last; j++) {
		const float *weights = widened_row(product, j);

		for (size_t r = 0; r < product->n_rows; r++) {
			float *out = product->out + r * product->out_stride + j;
			float value = product->scale * dot(product->in + r * product->in_stride, weights,
				product->matrix.k);

			if (product->bias)
				value += product->bias[j];
			*out = product->add ? *out + value : value;
		}
	}
}

/* The input that tap k sees at row t: an earlier row, or one that the state still holds. */
static const float *tap(const struct conv *conv, size_t t, size_t k)
{
	size_t at = t + k, held = conv->d_conv - 1;

	return at < held ? conv->state + at * conv->stride : conv->in + (at - held) * conv->in_stride;
}

static void conv_keep(const struct conv *conv, size_t first, size_t last)
{
	for (size_t k = 0; k + 1 < conv->d_conv; k++)
		memmove(conv->state + k * conv->stride + first, tap(conv, conv->n_rows, k) + first,
			(last - first) * sizeof(float));
}

static void conv_channels(const struct conv *conv, size_t first, size_t last)
{
	for (size_t t = 0; t < conv->n_rows; t++)
		for (size_t c = first; c < last; c++) {
			float sum = conv->bias ? conv->bias[c] : 0.0f;

			for (size_t k = 0; k < conv->d_conv; k++)
				sum += conv->weight[k * conv->stride + c] * tap(conv, t, k)[c];
			conv->out[t * conv->out_stride + c] = conv->linear ? sum : silu(sum);
		}
	conv_keep(conv, first, last);
}

static void scan1_row(const struct scan1 *scan, size_t block, size_t t)
{
	float *state = scan->state + block * scan->d_state * BLOCK;
	const float *a = scan->a + block * scan->d_state * BLOCK;
	const float *x = scan->x + t * scan->x_stride + block * BLOCK;
	const float *z = scan->z + t * scan->z_stride + block * BLOCK;
	const float *dt = scan->dt + t * scan->dt_stride + block * BLOCK, *d = scan->d + block * BLOCK;
	const float *b = scan->b + t * scan->bc_stride, *c = scan->c + t * scan->bc_stride;
	float *out = scan->y + t * scan->y_stride + block * BLOCK, y[BLOCK] = { 0 };

	for (size_t n = 0; n < scan->d_state; n++)
		for (size_t i = 0; i < BLOCK; i++) {
			float *h = &state[n * BLOCK + i];

			*h = expf(dt[i] * a[n * BLOCK + i]) * *h + dt[i] * x[i] * b[n];
			y[i] += *h * c[n];
		}
	for (size_t i = 0; i < BLOCK; i++)
		out[i] = (y[i] + d[i] * x[i]) * silu(z[i]);
}

static void scan1_blocks(const struct scan1 *scan, size_t first, size_t last)
{
	for (size_t block = first; block < last; block++)
		for (size_t t = 0; t < scan->n_rows; t++)
			scan1_row(scan, block, t);
}

static void scan2_row(const struct scan2 *scan, size_t head, size_t t)
{
	size_t width = krait__pad(scan->head_dim), at = head * scan->head_dim;
	size_t group = head / scan->heads_per_group * scan->d_state;
	const float *x = scan->x + t * scan->stride + at;
	const float *b = scan->b + t * scan->stride + group, *c = scan->c + t * scan->stride + group;
	float dt = scan->dt[t * scan->dt_stride + head], decay = scan->decay[t * scan->dt_stride + head];
	float *state = scan->state + head * scan->d_state * width, *y = scan->y + t * scan->y_stride + at;

	for (size_t i = 0; i < scan->head_dim; i++) {
		float sum = 0.0f;

		for (size_t n = 0; n < scan->d_state; n++) {
			float *h = &state[n * width + i];

			*h = decay * *h + dt * x[i] * b[n];
			sum += *h * c[n];
		}
		y[i] = sum + scan->d[at + i] * x[i];
	}
}

static void scan2_heads(const struct scan2 *scan, size_t first, size_t last)
{
	for (size_t head = first; head < last; head++)
		for (size_t t = 0; t < scan->n_rows; t++)
			scan2_row(scan, head, t);
}

static void scan3_head(const struct scan3 *scan)
{
	size_t width = krait__pad(scan->head_dim), stride = scan->k_stride;

	memset(scan->y, 0, scan->rank * width * sizeof(float));
	for (size_t n = 0; n < scan->d_state; n++)
		for (size_t i = 0; i < width; i++) {
			float *h = &scan->state[n * width + i];

			*h *= scan->decay;
			for (size_t r = 0; r < scan->rank; r++) {
				*h += scan->before[r * width + i] * scan->k_before[r * stride + n];
				*h += scan->now[r * width + i] * scan->k[r * stride + n];
			}
			for (size_t r = 0; r < scan->rank; r++)
				scan->y[r * width + i] += *h * scan->c[r * stride + n];
		}
}

static void cos_sin(float *cosine, float *sine, const float *angle, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		cosine[i] = cosf(angle[i]);
		sine[i] = sinf(angle[i]);
	}
}

static float mean_of(const float *in, size_t n)
{
	float sum[LANES] = { 0 };

	for (size_t i = 0; i < n; i++)
		sum[i % LANES] += in[i];
	return total(sum) / (float)n;
}

static void norm_row(float *out, const float *in, const float *weight, const float *bias, size_t n, float eps,
	bool centre)
{
	float mean = centre ? mean_of(in, n) : 0.0f, sum[LANES] = { 0 }, scale;

	for (size_t i = 0; i < n; i++)
		sum[i % LANES] += (in[i] - mean) * (in[i] - mean);
	scale = 1.0f / sqrtf(total(sum) / (float)n + eps);
	for (size_t i = 0; i < n; i++) {
		float value = (in[i] - mean) * scale * weight[i];

		out[i] = bias ? value + bias[i] : value;
	}
}

static void gate(float *out, const float *in, const float *z, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = in ? in[i] * silu(z[i]) : silu(z[i]);
}

static void relu2(float *out, const float *in, const float *z, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		float x = z[i] < 0 ? 0 : z[i];

		out[i] = in ? in[i] * (x * x) : x * x;
	}
}

static void softplus(float *out, const float *in, const float *bias, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = softplus_one(bias ? in[i] + bias[i] : in[i]);
}

static void exp_of(float *out, const float *a, const float *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = expf(a[i] * b[i]);
}

static void exp_sum(const float *in, size_t n, float *highest, float *sum)
{
	float top = -INFINITY, sums[LANES] = { 0 };

	for (size_t i = 0; i < n; i++)
		top = in[i] > top ? in[i] : top;
	for (size_t i = 0; i < n; i++)
		sums[i % LANES] += expf(in[i] - top);
	*highest = top;
	*sum = total(sums);
}

const struct kernels krait__kernels_generic = {
	.name = "generic",
	.available = available,
	.product = product_rows,
	.conv = conv_channels,
	.scan1 = scan1_blocks,
	.scan2 = scan2_heads,
	.attend = krait__attend_generic,
	.norm = norm_row,
	.gate = gate,
	.relu2 = relu2,
	.softplus = softplus,
	.exp_of = exp_of,
	.exp_sum = exp_sum,
	.scan3 = scan3_head,
	.cos_sin = cos_sin,
};
