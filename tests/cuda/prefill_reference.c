/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "cuda/prefill_reference.h"

#include <math.h>
#include <string.h>

double ref_silu(double x)
{
	return x / (1 + exp(-x));
}

static double softplus(double x)
{
	return x > 20 ? x : log1p(exp(x));
}

void ref_norm(double *out, const double *x, const float *weight, const float *bias, size_t width, double eps, bool layer)
{
	double mean = 0, square = 0;

	for (size_t i = 0; layer && i < width; i++)
		mean += x[i] / (double)width;
	for (size_t i = 0; i < width; i++)
		square += (x[i] - mean) * (x[i] - mean) / (double)width;
	for (size_t i = 0; i < width; i++)
		out[i] = (x[i] - mean) / sqrt(square + eps) * weight[i] + (bias ? bias[i] : 0);
}

void ref_product(double *out, const double *in, const double *matrix, const float *bias, size_t rows, size_t k)
{
	for (size_t j = 0; j < rows; j++) {
		double sum = bias ? bias[j] : 0;

		for (size_t i = 0; i < k; i++)
			sum += matrix[j * k + i] * in[i];
		out[j] += sum;
	}
}

void ref_conv(double *out, const double *in, double *window, const float *weight, const float *bias, size_t channels, size_t taps)
{
	for (size_t c = 0; c < channels; c++) {
		double sum = (bias ? bias[c] : 0) + weight[(taps - 1) * channels + c] * in[c];

		for (size_t k = 0; k + 1 < taps; k++)
			sum += weight[k * channels + c] * window[k * channels + c];
		out[c] = ref_silu(sum);
	}
	if (taps > 1) {
		memmove(window, window + channels, (taps - 2) * channels * sizeof *window);
		memcpy(window + (taps - 2) * channels, in, channels * sizeof *window);
	}
}

void ref_scan1(double *y, double *h, const struct ref_scan1 *scan)
{
	for (size_t i = 0; i < scan->d_inner; i++) {
		double dt = softplus(scan->dt[i] + (scan->dt_bias ? scan->dt_bias[i] : 0)), sum = scan->d[i] * scan->u[i];

		for (size_t n = 0; n < scan->d_state; n++) {
			double *at = h + i * scan->d_state + n;

			*at = exp(dt * scan->a[i * scan->d_state + n]) * *at + dt * scan->b[n] * scan->u[i];
			sum += scan->c[n] * *at;
		}
		y[i] = sum * ref_silu(scan->z[i]);
	}
}

void ref_scan2(double *y, double *h, const struct ref_scan2 *scan)
{
	for (size_t head = 0; head < scan->n_heads; head++) {
		size_t group = head / (scan->n_heads / scan->n_groups) * scan->d_state;
		double dt = softplus(scan->dt[head] + (scan->dt_bias ? scan->dt_bias[head] : 0));

		dt = fmin(fmax(dt, scan->limit_low), scan->limit_high);
		for (size_t p = 0; p < scan->head_dim; p++) {
			size_t channel = head * scan->head_dim + p;
			double sum = scan->d[channel] * scan->x[channel];

			for (size_t n = 0; n < scan->d_state; n++) {
				double *at = h + channel * scan->d_state + n;

				*at = exp(dt * scan->a[head]) * *at + dt * scan->x[channel] * scan->b[group + n];
				sum += scan->c[group + n] * *at;
			}
			y[channel] = scan->z ? sum * ref_silu(scan->z[channel]) : sum;
		}
	}
}

void ref_gate_norm(double *y, const double *gate, const float *weight, size_t n_normed, size_t n_groups, double eps)
{
	size_t width = n_normed / n_groups;

	for (size_t g = 0; g < n_groups; g++) {
		double square = 0;

		for (size_t i = g * width; i < (g + 1) * width; i++)
			square += y[i] * y[i] / (double)width;
		for (size_t i = g * width; i < (g + 1) * width; i++)
			y[i] *= weight[i] / sqrt(square + eps) * (gate ? ref_silu(gate[i]) : 1);
	}
}

double ref_score(const float *logits, size_t vocab, size_t target)
{
	double top = -INFINITY, sum = 0;

	for (size_t i = 0; i < vocab; i++)
		top = fmax(top, logits[i]);
	for (size_t i = 0; i < vocab; i++)
		sum += exp(logits[i] - top);
	return logits[target] - top - log(sum);
}
