/* SPDX-License-Identifier: Apache-2.0 */
/* prepare.c - says what the engine cannot run, and lays small tensors out for the kernels. Matrices stay. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/cpu.h"

#include <math.h>
#include <string.h>

krait_status krait__check_plan(const struct plan *plan, struct why *why)
{
	for (uint32_t i = 0; i < plan->n_parts; i++)
		if (plan->parts[i].kind != PART_MAMBA1 && plan->parts[i].kind != PART_MAMBA2) {
			const struct block_kind *kind = krait__block_kind(plan->parts[i].kind);

			return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "layer %u: the CPU engine does not run blocks of the kind '%s'",
				plan->parts[i].layer, kind ? kind->name : "unknown");
		}
	return KRAIT_OK;
}

struct matrix krait__matrix(const struct tensor *tensor)
{
	if (!tensor)
		return (struct matrix){ 0 };
	return (struct matrix){ tensor->data, tensor->type, tensor->shape[0], tensor->shape[1] };
}

struct matrix krait__matrix_rows(const struct matrix *matrix, size_t first, size_t n)
{
	struct matrix rows = *matrix;

	rows.data = (const char *)matrix->data + first * matrix->k * krait__dtype_size(matrix->type);
	rows.rows = n;
	return rows;
}

static void widen_at(float *out, const struct tensor *tensor, size_t first, size_t n)
{
	krait__widen(out, (const char *)tensor->data + first * krait__dtype_size(tensor->type), tensor->type, n);
}

static void widen_role(float *out, const struct plan *plan, const struct part *part, enum role role, size_t n)
{
	const struct tensor *tensor = krait__part_tensor(plan, part, role);

	if (tensor)
		widen_at(out, tensor, 0, n);
}

/* [channels, d_conv] to [d_conv, channels]. */
static void prepare_conv(const struct plan *plan, const struct cpu_ready *ready)
{
	const struct tensor *tensor = krait__part_tensor(plan, ready->part, ROLE_CONV);
	size_t channels = ready->geometry.channels, n = ready->part->d_conv;

	for (size_t c = 0; c < channels; c++)
		for (size_t k = 0; k < n; k++)
			widen_at(ready->conv + k * krait__pad(channels) + c, tensor, c * n + k, 1);
}

/* A = -exp(A_log), [d_inner, d_state] to blocks. */
static void prepare_a1(const struct plan *plan, const struct cpu_ready *ready)
{
	const struct tensor *tensor = krait__part_tensor(plan, ready->part, ROLE_A_LOG);
	size_t n_state = ready->part->d_state;

	for (size_t c = 0; c < ready->part->d_inner; c++)
		for (size_t n = 0; n < n_state; n++) {
			float *a = ready->a + (c / BLOCK * n_state + n) * BLOCK + c % BLOCK;

			widen_at(a, tensor, c * n_state + n, 1);
			*a = -expf(*a);
		}
}

/* D: [heads] or already [channels]. */
static void prepare_d2(const struct plan *plan, const struct cpu_ready *ready)
{
	const struct tensor *tensor = krait__part_tensor(plan, ready->part, ROLE_D);
	uint64_t n = 1;

	for (uint32_t i = 0; i < tensor->rank; i++)
		n *= tensor->shape[i];
	for (size_t c = 0; c < ready->part->d_ssm; c++)
		widen_at(ready->d + c, tensor, n == ready->part->d_ssm ? c : c / ready->part->head_dim, 1);
}

static void prepare_part(const struct plan *plan, struct cpu_ready *ready)
{
	const struct part *part = ready->part;
	const struct geometry *geometry = &ready->geometry;

	ready->in = krait__matrix(krait__part_tensor(plan, part, ROLE_IN_PROJ));
	ready->x = krait__matrix(krait__part_tensor(plan, part, ROLE_X_PROJ));
	ready->dt = krait__matrix(krait__part_tensor(plan, part, ROLE_DT_PROJ));
	ready->out = krait__matrix(krait__part_tensor(plan, part, ROLE_OUT_PROJ));
	widen_role(ready->norm, plan, part, ROLE_NORM, plan->width);
	widen_role(ready->norm_bias, plan, part, ROLE_NORM_BIAS, plan->width);
	for (int i = 0; i < N_SEGMENTS; i++)
		if (ready->in_bias[i])
			widen_at(ready->in_bias[i], krait__part_tensor(plan, part, ROLE_IN_PROJ_BIAS), geometry->first[i],
				geometry->rows[i]);
	prepare_conv(plan, ready);
	widen_role(ready->conv_bias, plan, part, ROLE_CONV_BIAS, ready->geometry.channels);
	widen_role(ready->out_bias, plan, part, ROLE_OUT_PROJ_BIAS, plan->width);
	if (part->kind == PART_MAMBA1) {
		widen_role(ready->dt_bias, plan, part, ROLE_DT_BIAS, part->d_inner);
		widen_role(ready->d, plan, part, ROLE_D, part->d_inner);
		prepare_a1(plan, ready);
		return;
	}
	widen_role(ready->dt_bias, plan, part, ROLE_DT_BIAS, part->n_heads);
	widen_role(ready->gate_norm, plan, part, ROLE_GATE_NORM, part->d_ssm);
	widen_role(ready->a, plan, part, ROLE_A_LOG, part->n_heads);
	for (size_t h = 0; h < part->n_heads; h++)
		ready->a[h] = -expf(ready->a[h]);
	prepare_d2(plan, ready);
}

void krait__prepare(struct emodel *model)
{
	const struct plan *plan = model->plan;

	for (uint32_t i = 0; i < plan->n_parts; i++)
		prepare_part(plan, &model->parts[i]);
	widen_at(model->final_norm, &plan->tensors[plan->norm], 0, plan->width);
	if (model->final_bias)
		widen_at(model->final_bias, &plan->tensors[plan->norm_bias], 0, plan->width);
}
