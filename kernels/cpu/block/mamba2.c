/* SPDX-License-Identifier: Apache-2.0 */
/* mamba2.c - a Mamba-2 block. Threads share out the rows of in_proj, then heads, then rows
 * of the batch for the gated norm. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/blocks.h"

#include <math.h>

static void layout(struct cpu_carver *carver, struct cpu_ready *ready, const struct plan *plan)
{
	const struct part *part = ready->part;

	krait__carve_in(carver, ready);
	ready->out_bias = krait__carve_role(carver, part, ROLE_OUT_PROJ_BIAS, 1, plan->width);
	ready->mamba2.dt_bias = krait__carve_role(carver, part, ROLE_DT_BIAS, 1, part->n_heads);
	ready->mamba2.a = krait__carve(carver, 1, part->n_heads);
	ready->mamba2.d = krait__carve(carver, 1, part->d_ssm);
	ready->mamba2.gate_norm = krait__carve_role(carver, part, ROLE_GATE_NORM, 1, part->d_ssm);
}

static void widths(struct scratch *s, const struct cpu_ready *ready)
{
	krait__widen_to(&s->projected_wide, ready->width);
	krait__widen_to(&s->convolved_wide, ready->geometry.channels);
	krait__widen_to(&s->dt_wide, ready->part->n_heads);
	krait__widen_to(&s->y_wide, ready->part->d_inner);
	krait__widen_to(&s->n_row, ready->part->d_inner);
}

/* The state is [heads, d_state, head_dim], each row padded. */
static void slot(struct cpu_carver *carver, struct cpu_ready *ready)
{
	ready->conv_at = carver->used;
	krait__carve(carver, ready->part->d_conv - 1, krait__pad(ready->geometry.channels));
	ready->mamba2.ssm_at = carver->used;
	krait__carve(carver, krait__ssm_rows(&ready->geometry), ready->part->d_state);
}

static struct cpu_place place(const struct cpu_ready *ready, uint32_t index)
{
	const struct part *part = ready->part;
	size_t channels = ready->geometry.channels;

	if (index == 0)
		return (struct cpu_place){ ready->conv_at, channels, part->d_conv - 1, krait__pad(channels), channels };
	return (struct cpu_place){ ready->mamba2.ssm_at, ready->geometry.state_rows, part->d_state,
		krait__pad(part->head_dim), part->head_dim };
}

/* D: [heads] or already [channels]. */
static void prepare_d(const struct plan *plan, const struct cpu_ready *ready)
{
	const struct tensor *tensor = krait__part_tensor(plan, ready->part, ROLE_D);
	uint64_t n = 1;

	for (uint32_t i = 0; i < tensor->rank; i++)
		n *= tensor->shape[i];
	for (size_t c = 0; c < ready->part->d_ssm; c++)
		krait__widen_at(ready->mamba2.d + c, tensor,
			n == ready->part->d_ssm ? c : c / ready->part->head_dim, 1);
}

static void prepare(const struct plan *plan, struct cpu_ready *ready)
{
	const struct part *part = ready->part;
	const float *scale = part->row_scale;
	size_t groups = (size_t)part->n_groups * part->d_state;

	krait__prepare_segment(plan, ready, SEGMENT_MLP, 1);
	krait__prepare_segment(plan, ready, SEGMENT_Z, scale[SCALE_Z]);
	krait__prepare_rows(plan, ready, SEGMENT_CONV, part->d_ssm, scale[SCALE_X]);
	krait__prepare_rows(plan, ready, SEGMENT_CONV, groups, scale[SCALE_B]);
	krait__prepare_rows(plan, ready, SEGMENT_CONV, groups, scale[SCALE_C]);
	krait__prepare_segment(plan, ready, SEGMENT_DT, scale[SCALE_DT]);
	krait__prepare_conv(plan, ready);
	krait__prepare_out(plan, ready, ROLE_OUT_PROJ, ROLE_OUT_PROJ_BIAS);
	krait__widen_role(ready->mamba2.dt_bias, plan, part, ROLE_DT_BIAS, part->n_heads);
	krait__widen_role(ready->mamba2.gate_norm, plan, part, ROLE_GATE_NORM, part->d_ssm);
	krait__widen_role(ready->mamba2.a, plan, part, ROLE_A_LOG, part->n_heads);
	for (size_t h = 0; h < part->n_heads; h++)
		ready->mamba2.a[h] = -expf(ready->mamba2.a[h]);
	prepare_d(plan, ready);
}

static void project(const struct pass *pass, const struct cpu_ready *ready, unsigned thread)
{
	struct pool *pool = pass->model->pool;

	for (int i = 0; i < N_SEGMENTS; i++) {
		struct share share = krait__pool_share(pool, thread, ready->geometry.rows[i],
			i == SEGMENT_CONV ? BLOCK : 4);

		krait__segment_product(pass, ready, (enum segment)i, share, thread);
		if (i == SEGMENT_CONV)
			krait__conv_pieces(pass, ready, (struct share){ share.first, krait__pad(share.last) });
	}
}

static float clamp(float value, float low, float high)
{
	return value < low ? low : value > high ? high : value;
}

static void time_steps(const struct pass *pass, const struct cpu_ready *ready, struct share heads)
{
	const struct emodel *model = pass->model;
	const struct scratch *s = &model->scratch;
	const struct part *part = ready->part;
	size_t at = ready->at[SEGMENT_DT] + heads.first, n = heads.last - heads.first;

	for (size_t r = 0; r < pass->n_rows; r++) {
		float *dt = s->dt + r * s->dt_wide + heads.first, *decay = s->decay + r * s->dt_wide + heads.first;

		model->kernels->softplus(dt, s->projected + r * s->projected_wide + at,
			ready->mamba2.dt_bias ? ready->mamba2.dt_bias + heads.first : NULL, n);
		for (size_t i = 0; i < n; i++)
			dt[i] = clamp(dt[i], part->limit_low, part->limit_high);
		model->kernels->exp_of(decay, dt, ready->mamba2.a + heads.first, n);
	}
}

static void scan_pieces(const struct pass *pass, const struct cpu_ready *ready, struct share heads)
{
	const struct emodel *model = pass->model;
	const struct scratch *s = &model->scratch;
	const struct part *part = ready->part;

	for (size_t i = 0; i < pass->n_pieces; i++) {
		size_t row = pass->pieces[i].row;
		const float *x = s->convolved + row * s->convolved_wide;
		struct scan2 scan = {
			.state = pass->pieces[i].span->slot->data + ready->mamba2.ssm_at, .d = ready->mamba2.d,
			.x = x, .b = x + part->d_ssm, .c = x + part->d_ssm + (size_t)part->n_groups * part->d_state,
			.stride = s->convolved_wide,
			.dt = s->dt + row * s->dt_wide, .decay = s->decay + row * s->dt_wide, .dt_stride = s->dt_wide,
			.y = s->y + row * s->y_wide + (part->d_inner - part->d_ssm), .y_stride = s->y_wide,
			.n_rows = pass->pieces[i].n, .d_state = part->d_state, .head_dim = part->head_dim,
			.heads_per_group = part->n_heads / part->n_groups,
		};

		model->kernels->scan2(&scan, heads.first, heads.last);
	}
}

static bool gates_last(const struct cpu_ready *ready)
{
	return ready->mamba2.gate_norm && (ready->part->flags & PART_NORM_BEFORE_GATE);
}

static void gate_heads(const struct pass *pass, const struct cpu_ready *ready, struct share heads)
{
	const struct emodel *model = pass->model;
	const struct scratch *s = &model->scratch;
	const struct part *part = ready->part;
	size_t first = heads.first * part->head_dim, n = (heads.last - heads.first) * part->head_dim;
	size_t z = ready->at[SEGMENT_Z] + first;

	for (size_t r = 0; r < pass->n_rows; r++) {
		float *y = s->y + r * s->y_wide + (part->d_inner - part->d_ssm) + first;

		model->kernels->gate(y, y, s->projected + r * s->projected_wide + z, n);
	}
}

/* The gated norm of one row, and before it the part of the row that no scan makes. */
static void finish_row(const struct emodel *model, const struct cpu_ready *ready, size_t row)
{
	const struct scratch *s = &model->scratch;
	const struct part *part = ready->part;
	size_t n_mlp = part->d_inner - part->d_ssm, group = part->d_ssm / part->n_groups;
	const float *projected = s->projected + row * s->projected_wide, *mlp = projected + ready->at[SEGMENT_MLP];
	float *out = s->y + row * s->y_wide, *y = out + n_mlp;

	model->kernels->gate(out, mlp + n_mlp, mlp, n_mlp);
	if (!ready->mamba2.gate_norm)
		return;
	for (size_t g = 0; g < part->n_groups; g++)
		model->kernels->norm(y + g * group, y + g * group, ready->mamba2.gate_norm + g * group, NULL, group,
			part->inner_eps, false);
	if (gates_last(ready))
		model->kernels->gate(y, y, projected + ready->at[SEGMENT_Z], part->d_ssm);
}

static void run(const struct pass *pass, const struct cpu_ready *ready, unsigned thread)
{
	const struct emodel *model = pass->model;
	struct share heads = krait__pool_share(model->pool, thread, ready->part->n_heads, 1);
	struct share rows = krait__pool_share(model->pool, thread, pass->n_rows, 1);

	project(pass, ready, thread);
	krait__pool_barrier(model->pool);
	time_steps(pass, ready, heads);
	scan_pieces(pass, ready, heads);
	if (!gates_last(ready))
		gate_heads(pass, ready, heads);
	krait__pool_barrier(model->pool);
	for (size_t r = rows.first; r < rows.last; r++)
		finish_row(model, ready, r);
	krait__pool_barrier(model->pool);
	krait__out_product(pass, ready, thread);
	krait__pool_barrier(model->pool);
}

const struct cpu_block krait__cpu_mamba2 = {
	.layout = layout, .widths = widths, .slot = slot, .place = place, .prepare = prepare, .run = run,
};
