/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/reference.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PI 3.14159265358979323846

void *reference_zeros(size_t n, size_t size)
{
	void *out = calloc(n ? n : 1, size);

	ck_assert_ptr_nonnull(out);
	return out;
}

size_t reference_extent(const struct component *component)
{
	size_t n = 1;

	for (uint32_t i = 0; i < component->rank; i++)
		n *= component->shape[i];
	return n;
}

void reference_open(struct reference *out, const struct plan *plan)
{
	*out = (struct reference){ .plan = plan, .tensor = reference_zeros(plan->n_tensors, sizeof(double *)),
		.state = reference_zeros(plan->n_components, sizeof(double *)),
		.experts = reference_zeros(plan->n_parts, sizeof(uint32_t *)) };
	for (uint32_t i = 0; i < plan->n_tensors; i++) {
		const struct tensor *tensor = &plan->tensors[i];
		size_t n = 1;
		float *wide;

		for (uint32_t k = 0; k < tensor->rank; k++)
			n *= tensor->shape[k];
		wide = reference_zeros(n, sizeof(float));
		out->tensor[i] = reference_zeros(n, sizeof(double));
		krait__widen(wide, tensor->data, tensor->type, n);
		for (size_t k = 0; k < n; k++)
			out->tensor[i][k] = wide[k];
		free(wide);
	}
	for (uint32_t i = 0; i < plan->n_components; i++)
		out->state[i] = reference_zeros(reference_extent(&plan->components[i]), sizeof(double));
	for (uint32_t i = 0; i < plan->n_parts; i++)
		out->experts[i] = reference_zeros(plan->parts[i].n_used, sizeof(uint32_t));
}

void reference_close(struct reference *reference)
{
	for (uint32_t i = 0; i < reference->plan->n_tensors; i++)
		free(reference->tensor[i]);
	for (uint32_t i = 0; i < reference->plan->n_components; i++)
		free(reference->state[i]);
	for (uint32_t i = 0; i < reference->plan->n_parts; i++)
		free(reference->experts[i]);
	free(reference->tensor);
	free(reference->state);
	free(reference->experts);
}

const double *reference_role(const struct reference *r, const struct part *part, enum role which)
{
	return part->tensor[which] == NO_TENSOR ? NULL : r->tensor[part->tensor[which]];
}

void reference_multiply(double *out, const double *matrix, const double *in, size_t rows, size_t k)
{
	for (size_t i = 0; i < rows; i++) {
		out[i] = 0;
		for (size_t j = 0; j < k; j++)
			out[i] += matrix[i * k + j] * in[j];
	}
}

static void norm(double *out, const double *in, const double *weight, size_t n, double eps)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += in[i] * in[i];
	sum = 1 / sqrt(sum / (double)n + eps);
	for (size_t i = 0; i < n; i++)
		out[i] = in[i] * sum * (weight ? weight[i] : 1);
}

double reference_sigmoid(double x) { return 1 / (1 + exp(-x)); }
double reference_silu(double x) { return x * reference_sigmoid(x); }
static double softplus(double x) { return log1p(exp(x)); }

/* ---- Mamba-1 with norms of dt, B and C ---- */

static void mamba1(struct reference *r, const struct part *part, const double *in, double *out)
{
	size_t n = part->d_inner, n_state = part->d_state, rank = part->rank, window = part->d_conv - 1;
	double *xz = reference_zeros(2 * n, sizeof(double)), *small = reference_zeros(rank + 2 * n_state,
		sizeof(double)), *dt = reference_zeros(n, sizeof(double));
	double *b = small + rank, *c = b + n_state, *conv = r->state[part->component],
		*h = r->state[part->component + 1];

	reference_multiply(xz, reference_role(r, part, ROLE_IN_PROJ), in, 2 * n, r->plan->width);
	for (size_t i = 0; i < n; i++) {
		const double *weight = reference_role(r, part, ROLE_CONV) + i * part->d_conv;
		double *held = conv + i * window, sum = weight[window] * xz[i];

		for (size_t k = 0; k < window; k++)
			sum += weight[k] * held[k];
		memmove(held, held + 1, (window - 1) * sizeof(double));
		held[window - 1] = xz[i];
		xz[i] = reference_silu(sum);
	}
	reference_multiply(small, reference_role(r, part, ROLE_X_PROJ), xz, rank + 2 * n_state, n);
	norm(small, small, reference_role(r, part, ROLE_DT_NORM), rank, part->inner_eps);
	norm(b, b, reference_role(r, part, ROLE_B_NORM), n_state, part->inner_eps);
	norm(c, c, reference_role(r, part, ROLE_C_NORM), n_state, part->inner_eps);
	reference_multiply(dt, reference_role(r, part, ROLE_DT_PROJ), small, n, rank);
	for (size_t i = 0; i < n; i++) {
		double y = reference_role(r, part, ROLE_D)[i] * xz[i];
		double step = softplus(dt[i] + reference_role(r, part, ROLE_DT_BIAS)[i]);

		for (size_t k = 0; k < n_state; k++) {
			double *s = &h[i * n_state + k], a = -exp(reference_role(r, part, ROLE_A_LOG)[i * n_state + k]);

			*s = exp(step * a) * *s + step * b[k] * xz[i];
			y += *s * c[k];
		}
		xz[i] = y * reference_silu(xz[n + i]);
	}
	reference_multiply(out, reference_role(r, part, ROLE_OUT_PROJ), xz, r->plan->width, n);
	free(xz), free(small), free(dt);
}

/* ---- Mamba-3 ---- */

static void rotated(double *out, const double *in, const double *weight, const double *bias, const double *angle,
	const struct part *part, bool halves)
{
	size_t n = part->d_state;

	norm(out, in, weight, n, part->inner_eps);
	for (size_t i = 0; i < n; i++)
		out[i] += bias[i];
	for (size_t i = 0; i < part->n_angles; i++) {
		size_t first = halves ? i : 2 * i, second = halves ? i + n / 2 : 2 * i + 1;
		double a = out[first], b = out[second];

		out[first] = a * cos(angle[i]) - b * sin(angle[i]);
		out[second] = a * sin(angle[i]) + b * cos(angle[i]);
	}
}

static double at(const double *values, size_t index)
{
	return values ? values[index] : 1;
}

static void head3(struct reference *r, const struct part *part, const double *in, size_t h, double *y_out)
{
	size_t n = part->d_state, p = part->head_dim, n_heads = part->n_heads, rank = part->rank, inner = part->d_inner;
	size_t groups = rank * part->n_groups * n, group = h / (n_heads / part->n_groups);
	const double *z = in + h * p, *x = in + inner + h * p, *b = in + 2 * inner, *c = b + groups,
		*steps = c + groups;
	const double *mx = reference_role(r, part, ROLE_MIMO_X), *mz = reference_role(r, part, ROLE_MIMO_Z),
		*mo = reference_role(r, part, ROLE_MIMO_O);
	double dt = softplus(steps[h] + reference_role(r, part, ROLE_DT_BIAS)[h]), raw = steps[n_heads + h],
		lambda = reference_sigmoid(steps[2 * n_heads + h]);
	double a = fmin(-(raw >= 0 ? 1 + raw : 1 / (1 - raw)), -(double)part->a_floor), alpha = exp(a * dt);
	double *state = r->state[part->component] + h * p * n,
		*angle = r->state[part->component + 1] + h * part->n_angles;
	double *k = r->state[part->component + 2], *v = r->state[part->component + 3] + h * p;
	double *now = reference_zeros(rank * n, sizeof(double)), *out = reference_zeros(n, sizeof(double)),
		*y = reference_zeros(p, sizeof(double));

	for (size_t i = 0; i < part->n_angles; i++) {
		angle[i] += tanh(steps[3 * n_heads + i]) * PI * dt;
		angle[i] -= 2 * PI * floor(angle[i] / (2 * PI));
	}
	for (size_t i = 0; i < p * n; i++)
		state[i] *= alpha;
	for (size_t q = 0; q < rank; q++) {
		double *before = k + (q * n_heads + h) * n;

		rotated(now + q * n, b + (q * part->n_groups + group) * n, reference_role(r, part, ROLE_B_NORM),
			reference_role(r, part, ROLE_B_BIAS) + (h * rank + q) * n, angle, part, mx != NULL);
		for (size_t i = 0; i < p; i++)
			for (size_t j = 0; j < n; j++)
				state[i * n + j] += at(mx,
					(h * rank + q) * p + i) * ((1 - lambda) * dt * alpha * v[i] * before[j]
					+ lambda * dt * x[i] * now[q * n + j]);
		memcpy(before, now + q * n, n * sizeof(double));
	}
	memset(y_out, 0, p * sizeof(double));
	for (size_t q = 0; q < rank; q++) {
		size_t mimo = (h * rank + q) * p;

		rotated(out, c + (q * part->n_groups + group) * n, reference_role(r, part, ROLE_C_NORM),
			reference_role(r, part, ROLE_C_BIAS) + (h * rank + q) * n, angle, part, mx != NULL);
		reference_multiply(y, state, out, p, n);
		for (size_t i = 0; i < p; i++)
			y[i] += reference_role(r, part, ROLE_D)[h] * x[i] * at(mx, mimo + i);
		if (reference_role(r, part, ROLE_GATE_NORM))
			norm(y, y, reference_role(r, part, ROLE_GATE_NORM) + h * p, p, part->inner_eps);
		for (size_t i = 0; i < p; i++)
			y_out[i] += y[i] * reference_silu(z[i] * at(mz, mimo + i)) * at(mo, mimo + i);
	}
	memcpy(v, x, p * sizeof(double));
	free(now), free(out), free(y);
}

static void mamba3(struct reference *r, const struct part *part, const double *in, double *out)
{
	size_t n_rows = r->plan->tensors[part->tensor[ROLE_IN_PROJ]].shape[0];
	double *rows = reference_zeros(n_rows, sizeof(double)), *y = reference_zeros(part->d_inner, sizeof(double));

	reference_multiply(rows, reference_role(r, part, ROLE_IN_PROJ), in, n_rows, r->plan->width);
	for (size_t h = 0; h < part->n_heads; h++)
		head3(r, part, rows, h, y + h * part->head_dim);
	reference_multiply(out, reference_role(r, part, ROLE_OUT_PROJ), y, r->plan->width, part->d_inner);
	free(rows), free(y);
}

void reference_step(struct reference *r, krait_token token, double *hidden)
{
	const struct plan *plan = r->plan;
	size_t width = plan->width;
	double *x = reference_zeros(width, sizeof(double)), *in = reference_zeros(width, sizeof(double)),
		*out = reference_zeros(width, sizeof(double));

	memcpy(x, r->tensor[plan->embedding] + (size_t)token * width, width * sizeof(double));
	for (uint32_t i = 0; i < plan->n_parts; i++) {
		const struct part *part = &plan->parts[i];

		if (part->input == INPUT_NORM)
			norm(in, x, reference_role(r, part, ROLE_NORM), width, part->eps);
		for (size_t k = 0; k < width; k++)
			in[k] *= part->in_scale;
		if (part->kind == PART_MAMBA1)
			mamba1(r, part, in, out);
		else if (part->kind == PART_MAMBA3)
			mamba3(r, part, in, out);
		else
			reference_moe(r, part, in, out);
		for (size_t k = 0; k < width; k++) {
			x[k] += part->out_scale * out[k];
			in[k] /= part->in_scale;
		}
	}
	norm(hidden, x, r->tensor[plan->norm], width, plan->eps);
	memcpy(r->state[plan->n_components - 1], hidden, width * sizeof(double));
	free(x), free(in), free(out);
}
