/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/naive.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST 65536

static void *taken[MOST];
static size_t n_taken;

double *naive_take(size_t n)
{
	double *out = calloc(n ? n : 1, sizeof(double));

	ck_assert(out && n_taken < MOST);
	taken[n_taken++] = out;
	return out;
}

void naive_free_all(void)
{
	while (n_taken)
		free(taken[--n_taken]);
}

static const double *widened(const struct tensor *tensor)
{
	size_t n = 1, size = krait__dtype_size(tensor->type);
	double *out;

	for (uint32_t i = 0; i < tensor->rank; i++)
		n *= tensor->shape[i];
	out = naive_take(n);
	for (size_t i = 0; i < n; i++) {
		float one;

		krait__widen(&one, (const char *)tensor->data + i * size, tensor->type, 1);
		out[i] = one;
	}
	return out;
}

const double *naive_tensor(const struct plan *plan, const struct part *part, enum role role)
{
	const struct tensor *tensor = krait__part_tensor(plan, part, role);

	return tensor ? widened(tensor) : NULL;
}

double *naive_linear(const double *in, size_t n, size_t k, const double *matrix, const double *bias, size_t rows)
{
	double *out = naive_take(n * rows);

	for (size_t t = 0; t < n; t++)
		for (size_t j = 0; j < rows; j++) {
			double sum = bias ? bias[j] : 0;

			for (size_t i = 0; i < k; i++)
				sum += in[t * k + i] * matrix[j * k + i];
			out[t * rows + j] = sum;
		}
	return out;
}

double *naive_in(const struct naive *naive, const struct part *part, enum role matrix, enum role bias, size_t rows)
{
	size_t width = naive->plan->width;
	double *in = naive_take(naive->n * width);

	for (size_t i = 0; i < naive->n * width; i++)
		in[i] = naive->u[i] * part->in_scale;
	return naive_linear(in, naive->n, width, naive_tensor(naive->plan, part, matrix),
		naive_tensor(naive->plan, part, bias), rows);
}

void naive_out(struct naive *naive, const struct part *part, const double *y, size_t k, enum role matrix,
	enum role bias)
{
	size_t width = naive->plan->width;
	const double *out = naive_linear(y, naive->n, k, naive_tensor(naive->plan, part, matrix),
		naive_tensor(naive->plan, part, bias), width);

	for (size_t i = 0; i < naive->n * width; i++)
		naive->x[i] += part->out_scale * out[i];
}

void naive_scale(double *rows, size_t n, size_t stride, size_t first, size_t last, float by)
{
	for (size_t t = 0; t < n; t++)
		for (size_t i = first; i < last; i++)
			rows[t * stride + i] *= by;
}

void naive_rms(double *values, const double *weight, size_t n, double eps)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += values[i] * values[i];
	for (size_t i = 0; i < n; i++)
		values[i] *= (weight ? weight[i] : 1) / sqrt(sum / (double)n + eps);
}

double naive_silu(double x)
{
	return x / (1 + exp(-x));
}

double naive_softplus(double x)
{
	return x > 20 ? x : log1p(exp(x));
}

double *naive_conv(const struct naive *naive, const struct part *part, const double *in, size_t stride, size_t channels)
{
	const double *weight = naive_tensor(naive->plan, part, ROLE_CONV),
		*bias = naive_tensor(naive->plan, part, ROLE_CONV_BIAS);
	double *out = naive_take(naive->n * channels);
	size_t n = part->d_conv;

	for (size_t t = 0; t < naive->n; t++)
		for (size_t c = 0; c < channels; c++) {
			double sum = bias ? bias[c] : 0;

			for (size_t back = 0; back < n && back <= t; back++)
				sum += weight[c * n + n - 1 - back] * in[(t - back) * stride + c];
			out[t * channels + c] = sum;
		}
	return out;
}

static void norm(double *out, const double *in, const double *weight, const double *bias, const struct plan *plan,
	double eps)
{
	double mean = 0;

	for (size_t i = 0; plan->layer_norm && i < plan->width; i++)
		mean += in[i] / plan->width;
	for (size_t i = 0; i < plan->width; i++)
		out[i] = in[i] - mean;
	naive_rms(out, weight, plan->width, eps);
	for (size_t i = 0; bias && i < plan->width; i++)
		out[i] += bias[i];
}

static void (*const kinds[N_PART_KINDS])(struct naive *, const struct part *) = {
	[PART_MAMBA1] = naive_mamba1, [PART_MAMBA2] = naive_mamba2, [PART_ATTENTION] = naive_attention,
		[PART_MLP] = naive_mlp,
};

const double *naive_hidden(const struct plan *plan, const krait_token *tokens, size_t n)
{
	size_t width = plan->width;
	struct naive naive = { plan, n, naive_take(n * width), naive_take(n * width) };
	const double *table = widened(&plan->tensors[plan->embedding]), *weight = widened(&plan->tensors[plan->norm]);
	const double *bias = plan->norm_bias == NO_TENSOR ? NULL : widened(&plan->tensors[plan->norm_bias]);

	for (size_t i = 0; i < n * width; i++)
		naive.x[i] = table[(size_t)tokens[i / width] * width + i % width] * plan->embed_scale;
	for (uint32_t p = 0; p < plan->n_parts; p++) {
		const struct part *part = &plan->parts[p];
		const double *w = naive_tensor(plan, part, ROLE_NORM), *b = naive_tensor(plan, part, ROLE_NORM_BIAS);

		for (size_t t = 0; part->input == INPUT_NORM && t < n; t++)
			norm(naive.u + t * width, naive.x + t * width, w, b, plan, part->eps);
		ck_assert(kinds[part->kind] != NULL);
		kinds[part->kind](&naive, part);
	}
	for (size_t t = 0; t < n; t++)
		norm(naive.u + t * width, naive.x + t * width, weight, bias, plan, plan->eps);
	return naive.u;
}
