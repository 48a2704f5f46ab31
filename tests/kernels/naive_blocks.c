/* SPDX-License-Identifier: Apache-2.0 */
/* naive_blocks.c - the formulas of the kinds of blocks. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/naive.h"

#include <math.h>
#include <string.h>

static double *silu_all(double *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		values[i] = naive_silu(values[i]);
	return values;
}

void naive_mamba1(struct naive *naive, const struct part *part)
{
	const struct plan *plan = naive->plan;
	size_t inner = part->d_inner, state = part->d_state, rank = part->rank, small = rank + 2 * state;
	const double *xz = naive_in(naive, part, ROLE_IN_PROJ, ROLE_IN_PROJ_BIAS, 2 * inner);
	const double *x = silu_all(naive_conv(naive, part, xz, 2 * inner, inner), naive->n * inner);
	double *dbc = naive_linear(x, naive->n, inner, naive_tensor(plan, part, ROLE_X_PROJ), NULL, small);
	const double *dt_proj = naive_tensor(plan, part, ROLE_DT_PROJ),
		*dt_bias = naive_tensor(plan, part, ROLE_DT_BIAS);
	const double *a_log = naive_tensor(plan, part, ROLE_A_LOG), *d = naive_tensor(plan, part, ROLE_D);
	double *h = naive_take(inner * state), *y = naive_take(naive->n * inner);

	for (size_t t = 0; t < naive->n; t++) {
		double *dt_in = dbc + t * small, *b = dt_in + rank, *c = b + state;

		if (part->flags & PART_INNER_NORMS) {
			naive_rms(dt_in, naive_tensor(plan, part, ROLE_DT_NORM), rank, part->inner_eps);
			naive_rms(b, naive_tensor(plan, part, ROLE_B_NORM), state, part->inner_eps);
			naive_rms(c, naive_tensor(plan, part, ROLE_C_NORM), state, part->inner_eps);
		}
		for (size_t i = 0; i < inner; i++) {
			double dt = dt_bias[i], in = x[t * inner + i], sum = d[i] * in;

			for (size_t r = 0; r < rank; r++)
				dt += dt_proj[i * rank + r] * dt_in[r];
			dt = naive_softplus(dt);
			for (size_t n = 0; n < state; n++) {
				double *one = &h[i * state + n];

				*one = exp(-dt * exp(a_log[i * state + n])) * *one + dt * in * b[n];
				sum += *one * c[n];
			}
			y[t * inner + i] = sum * naive_silu(xz[t * 2 * inner + inner + i]);
		}
	}
	naive_out(naive, part, y, inner, ROLE_OUT_PROJ, ROLE_OUT_PROJ_BIAS);
}

/* The rows of one position of in_proj, in their order. */
struct mamba2_rows { size_t mlp, z, x, b, c, dt, end; };

static struct mamba2_rows rows_of(const struct part *part)
{
	struct mamba2_rows at = { .mlp = 0, .z = 2 * (size_t)(part->d_inner - part->d_ssm) };

	at.x = at.z + part->d_ssm;
	at.b = at.x + part->d_ssm;
	at.c = at.b + (size_t)part->n_groups * part->d_state;
	at.dt = at.c + (size_t)part->n_groups * part->d_state;
	at.end = at.dt + part->n_heads;
	return at;
}

static void mamba2_step(const struct naive *naive, const struct part *part, const double *xbc, const double *dt_in,
	double *h, double *y)
{
	const double *dt_bias = naive_tensor(naive->plan, part, ROLE_DT_BIAS),
		*a_log = naive_tensor(naive->plan, part, ROLE_A_LOG);
	const double *d = naive_tensor(naive->plan, part, ROLE_D);
	bool channels = naive->plan->tensors[part->tensor[ROLE_D]].shape[0] != part->n_heads;
	size_t state = part->d_state;

	for (size_t i = 0; i < part->d_ssm; i++) {
		size_t head = i / part->head_dim, group = head / (part->n_heads / part->n_groups);
		const double *b = xbc + part->d_ssm + group * state, *c = b + (size_t)part->n_groups * state;
		double dt = naive_softplus(dt_in[head] + dt_bias[head]), sum = d[channels ? i : head] * xbc[i];

		dt = fmin(fmax(dt, part->limit_low), part->limit_high);
		for (size_t n = 0; n < state; n++) {
			double *one = &h[i * state + n];

			*one = exp(-dt * exp(a_log[head])) * *one + dt * xbc[i] * b[n];
			sum += *one * c[n];
		}
		y[i] = sum;
	}
}

static void gated_norm(const struct part *part, const double *weight, double *y, const double *z)
{
	size_t group = part->d_ssm / part->n_groups;
	bool last = weight && (part->flags & PART_NORM_BEFORE_GATE);

	for (size_t i = 0; !last && i < part->d_ssm; i++)
		y[i] *= naive_silu(z[i]);
	for (size_t g = 0; weight && g < part->n_groups; g++)
		naive_rms(y + g * group, weight + g * group, group, part->inner_eps);
	for (size_t i = 0; last && i < part->d_ssm; i++)
		y[i] *= naive_silu(z[i]);
}

void naive_mamba2(struct naive *naive, const struct part *part)
{
	struct mamba2_rows at = rows_of(part);
	size_t channels = at.dt - at.x, n_mlp = part->d_inner - part->d_ssm;
	double *rows = naive_in(naive, part, ROLE_IN_PROJ, ROLE_IN_PROJ_BIAS, at.end), *xbc;
	double *h = naive_take((size_t)part->d_ssm * part->d_state), *y = naive_take(naive->n * part->d_inner);
	const double *weight = naive_tensor(naive->plan, part, ROLE_GATE_NORM);

	naive_scale(rows, naive->n, at.end, at.z, at.x, part->row_scale[SCALE_Z]);
	naive_scale(rows, naive->n, at.end, at.x, at.b, part->row_scale[SCALE_X]);
	naive_scale(rows, naive->n, at.end, at.b, at.c, part->row_scale[SCALE_B]);
	naive_scale(rows, naive->n, at.end, at.c, at.dt, part->row_scale[SCALE_C]);
	naive_scale(rows, naive->n, at.end, at.dt, at.end, part->row_scale[SCALE_DT]);
	xbc = silu_all(naive_conv(naive, part, rows + at.x, at.end, channels), naive->n * channels);
	for (size_t t = 0; t < naive->n; t++) {
		const double *row = rows + t * at.end;
		double *out = y + t * part->d_inner;

		mamba2_step(naive, part, xbc + t * channels, row + at.dt, h, out + n_mlp);
		gated_norm(part, weight, out + n_mlp, row + at.z);
		for (size_t i = 0; i < n_mlp; i++)
			out[i] = naive_silu(row[i]) * row[n_mlp + i];
	}
	naive_out(naive, part, y, part->d_inner, ROLE_OUT_PROJ, ROLE_OUT_PROJ_BIAS);
}

static void rotate(double *head, const struct part *part, size_t position)
{
	size_t half = part->n_rotary / 2;

	for (size_t i = 0; i < half; i++) {
		double angle = (double)position * pow(part->theta, -2.0 * (double)i / part->n_rotary), a = head[i],
			b = head[i + half];

		head[i] = a * cos(angle) - b * sin(angle);
		head[i + half] = b * cos(angle) + a * sin(angle);
	}
}

/* q, k and v of all positions, [n, (H + 2V) P], from one matrix or from three. */
static double *attention_rows(const struct naive *naive, const struct part *part, size_t n_q, size_t n_kv)
{
	size_t stride = n_q + 2 * n_kv;
	double *rows, *all[3];

	if (part->tensor[ROLE_IN_PROJ] != NO_TENSOR) {
		rows = naive_in(naive, part, ROLE_IN_PROJ, ROLE_IN_PROJ_BIAS, stride);
	} else {
		all[0] = naive_in(naive, part, ROLE_Q, ROLE_Q_BIAS, n_q);
		all[1] = naive_in(naive, part, ROLE_K, ROLE_K_BIAS, n_kv);
		all[2] = naive_in(naive, part, ROLE_V, ROLE_V_BIAS, n_kv);
		rows = naive_take(naive->n * stride);
		for (size_t t = 0; t < naive->n; t++) {
			memcpy(rows + t * stride, all[0] + t * n_q, n_q * sizeof(double));
			memcpy(rows + t * stride + n_q, all[1] + t * n_kv, n_kv * sizeof(double));
			memcpy(rows + t * stride + n_q + n_kv, all[2] + t * n_kv, n_kv * sizeof(double));
		}
	}
	naive_scale(rows, naive->n, stride, 0, n_q, part->row_scale[SCALE_Q]);
	naive_scale(rows, naive->n, stride, n_q, n_q + n_kv, part->row_scale[SCALE_K]);
	naive_scale(rows, naive->n, stride, n_q + n_kv, stride, part->row_scale[SCALE_V]);
	return part->d_conv ? naive_conv(naive, part, rows, stride, stride) : rows;
}

void naive_attention(struct naive *naive, const struct part *part)
{
	size_t head_dim = part->head_dim, n_q = part->n_heads * head_dim, n_kv = part->n_kv_heads * head_dim,
		stride = n_q + 2 * n_kv;
	double *rows = attention_rows(naive, part, n_q, n_kv), *y = naive_take(naive->n * n_q),
		*weights = naive_take(naive->n);

	for (size_t t = 0; t < naive->n; t++)
		for (size_t h = 0; h < part->n_heads + part->n_kv_heads; h++)
			rotate(rows + t * stride + h * head_dim, part, t);
	for (size_t t = 0; t < naive->n; t++)
		for (size_t h = 0; h < part->n_heads; h++) {
			const double *q = rows + t * stride + h * head_dim;
			const double *k = rows + n_q + h / (part->n_heads / part->n_kv_heads) * head_dim, *v = k + n_kv;
			double top = -INFINITY, sum = 0;

			for (size_t s = 0; s <= t; s++) {
				weights[s] = 0;
				for (size_t p = 0; p < head_dim; p++)
					weights[s] += q[p] * k[s * stride + p] * part->attention_scale;
				top = fmax(top, weights[s]);
			}
			for (size_t s = 0; s <= t; s++)
				sum += weights[s] = exp(weights[s] - top);
			for (size_t s = 0; s <= t; s++)
				for (size_t p = 0; p < head_dim; p++)
					y[t * n_q + h * head_dim + p] += weights[s] / sum * v[s * stride + p];
		}
	naive_out(naive, part, y, n_q, ROLE_OUT_PROJ, ROLE_OUT_PROJ_BIAS);
}

static double activation(const struct part *part, double x)
{
	if (part->flags & PART_RELU2)
		return x > 0 ? x * x : 0;
	return naive_silu(x);
}

void naive_mlp(struct naive *naive, const struct part *part)
{
	size_t n = part->d_ff, up_stride = n, gate_stride = n;
	double *up, *gate = NULL, *y = naive_take(naive->n * n);

	if (part->tensor[ROLE_GATE_UP] != NO_TENSOR) {
		double *both = naive_in(naive, part, ROLE_GATE_UP, ROLE_GATE_UP_BIAS, 2 * n);

		up = both + (part->flags & PART_UP_FIRST ? 0 : n);
		gate = both + (part->flags & PART_UP_FIRST ? n : 0);
		up_stride = gate_stride = 2 * n;
	} else {
		up = naive_in(naive, part, ROLE_UP, ROLE_UP_BIAS, n);
		if (part->tensor[ROLE_GATE] != NO_TENSOR)
			gate = naive_in(naive, part, ROLE_GATE, ROLE_GATE_BIAS, n);
	}
	for (size_t t = 0; t < naive->n; t++)
		for (size_t i = 0; i < n; i++) {
			double value = up[t * up_stride + i] * part->row_scale[SCALE_UP];

			if (gate)
				value *= activation(part, gate[t * gate_stride + i] * part->row_scale[SCALE_GATE]);
			else
				value = activation(part, value);
			y[t * n + i] = value;
		}
	naive_out(naive, part, y, n, ROLE_DOWN, ROLE_DOWN_BIAS);
}
