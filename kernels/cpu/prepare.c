/* SPDX-License-Identifier: Apache-2.0 */
/* prepare.c - says what the engine cannot run, and lays small tensors out for the kernels. Matrices stay. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/blocks.h"

krait_status krait__check_plan(const struct plan *plan, struct why *why)
{
	for (uint32_t i = 0; i < plan->n_parts; i++)
		if (!krait__cpu_block(plan->parts[i].kind)) {
			const struct block_kind *kind = krait__block_kind(plan->parts[i].kind);

			return krait__why(why, KRAIT_ERROR_UNSUPPORTED,
				"layer %u: the CPU engine does not run blocks of the kind '%s'",
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

void krait__widen_at(float *out, const struct tensor *tensor, size_t first, size_t n)
{
	krait__widen(out, (const char *)tensor->data + first * krait__dtype_size(tensor->type), tensor->type, n);
}

void krait__widen_role(float *out, const struct plan *plan, const struct part *part, enum role role, size_t n)
{
	const struct tensor *tensor = krait__part_tensor(plan, part, role);

	if (tensor)
		krait__widen_at(out, tensor, 0, n);
}

void krait__multiply(float *values, size_t n, float by)
{
	for (size_t i = 0; values && by != 1 && i < n; i++)
		values[i] *= by;
}

/* ---- the product that begins a block ---- */

struct cpu_run krait__prepare_run(const struct plan *plan, const struct part *part, enum role matrix, size_t first,
	size_t n, enum role bias, float *bias_out, float scale)
{
	struct matrix whole = krait__matrix(krait__part_tensor(plan, part, matrix));

	if (bias_out) {
		krait__widen_at(bias_out, krait__part_tensor(plan, part, bias), first, n);
		krait__multiply(bias_out, n, scale);
	}
	return (struct cpu_run){ .matrix = krait__matrix_rows(&whole, first, n), .bias = bias_out,
		.scale = scale * part->in_scale };
}

/* Rows of one scale that stand one behind the other are one product. */
void krait__prepare_rows(const struct plan *plan, struct cpu_ready *ready, enum segment segment, size_t n, float scale)
{
	size_t n_runs = ready->n_runs[segment], done = 0;
	struct cpu_run *run = &ready->runs[segment][n_runs], next;
	float *bias = ready->in_bias[segment];

	for (size_t i = 0; i < n_runs; i++)
		done += ready->runs[segment][i].matrix.rows;
	next = krait__prepare_run(plan, ready->part, ROLE_IN_PROJ, ready->geometry.first[segment] + done, n,
		ROLE_IN_PROJ_BIAS, bias ? bias + done : NULL, scale);
	next.at = ready->at[segment] + done;
	if (n_runs && run[-1].scale == next.scale) {
		run[-1].matrix.rows += n;
		return;
	}
	*run = next;
	ready->n_runs[segment]++;
}

void krait__prepare_segment(const struct plan *plan, struct cpu_ready *ready, enum segment segment, float scale)
{
	krait__prepare_rows(plan, ready, segment, ready->geometry.rows[segment], scale);
}

/* [channels, d_conv] to [d_conv, channels]. */
void krait__prepare_conv(const struct plan *plan, struct cpu_ready *ready)
{
	const struct tensor *tensor = krait__part_tensor(plan, ready->part, ROLE_CONV);
	size_t channels = ready->geometry.channels, n = ready->part->d_conv;

	for (size_t c = 0; tensor && c < channels; c++)
		for (size_t k = 0; k < n; k++)
			krait__widen_at(ready->conv + k * krait__pad(channels) + c, tensor, c * n + k, 1);
	krait__widen_role(ready->conv_bias, plan, ready->part, ROLE_CONV_BIAS, channels);
}

/* ---- the product that ends it ---- */

void krait__prepare_out(const struct plan *plan, struct cpu_ready *ready, enum role matrix, enum role bias)
{
	ready->out = krait__matrix(krait__part_tensor(plan, ready->part, matrix));
	krait__widen_role(ready->out_bias, plan, ready->part, bias, plan->width);
	krait__multiply(ready->out_bias, plan->width, ready->part->out_scale);
}

void krait__prepare(struct emodel *model)
{
	const struct plan *plan = model->plan;

	for (uint32_t i = 0; i < plan->n_parts; i++) {
		struct cpu_ready *ready = &model->parts[i];

		krait__widen_role(ready->norm, plan, ready->part, ROLE_NORM, plan->width);
		krait__widen_role(ready->norm_bias, plan, ready->part, ROLE_NORM_BIAS, plan->width);
		krait__cpu_block(ready->part->kind)->prepare(plan, ready);
	}
	krait__widen_at(model->final_norm, &plan->tensors[plan->norm], 0, plan->width);
	if (model->final_bias)
		krait__widen_at(model->final_bias, &plan->tensors[plan->norm_bias], 0, plan->width);
}
