/* SPDX-License-Identifier: Apache-2.0 */
/* mamba1.c - a Mamba-1 block. Threads share out channels, so that a channel's convolution
 * and scan need nobody else's work. */
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
	ready->mamba1.dt_bias = krait__carve_role(carver, part, ROLE_DT_BIAS, 1, part->d_inner);
	ready->mamba1.a = krait__carve(carver, krait__pad(part->d_inner), part->d_state);
	ready->mamba1.d = krait__carve(carver, 1, part->d_inner);
	if (part->flags & PART_INNER_NORMS) {
		ready->mamba1.dt_norm = krait__carve(carver, 1, part->rank);
		ready->mamba1.b_norm = krait__carve(carver, 1, part->d_state);
		ready->mamba1.c_norm = krait__carve(carver, 1, part->d_state);
	}
}

static void widths(struct scratch *s, const struct cpu_ready *ready)
{
	krait__widen_to(&s->projected_wide, ready->width);
	krait__widen_to(&s->convolved_wide, ready->geometry.channels);
	krait__widen_to(&s->small_wide, ready->geometry.small_rows);
	krait__widen_to(&s->dt_wide, ready->part->d_inner);
	krait__widen_to(&s->y_wide, ready->part->d_inner);
	krait__widen_to(&s->n_row, ready->part->d_inner);
	krait__widen_to(&s->n_row, ready->geometry.small_rows);
}

/* The state is [blocks, d_state, BLOCK]. */
static void slot(struct cpu_carver *carver, struct cpu_ready *ready)
{
	ready->conv_at = carver->used;
	krait__carve(carver, ready->part->d_conv - 1, krait__pad(ready->geometry.channels));
	ready->mamba1.ssm_at = carver->used;
	krait__carve(carver, krait__ssm_rows(&ready->geometry), ready->part->d_state);
}

static struct cpu_place place(const struct cpu_ready *ready, uint32_t index)
{
	size_t channels = ready->geometry.channels;

	if (index == 0)
		return (struct cpu_place){ ready->conv_at, channels, ready->part->d_conv - 1,
			krait__pad(channels), channels };
	return (struct cpu_place){ ready->mamba1.ssm_at, channels, ready->part->d_state, BLOCK, BLOCK };
}

/* A = -exp(A_log), [d_inner, d_state] to blocks. */
static void prepare_a(const struct plan *plan, const struct cpu_ready *ready)
{
	const struct tensor *tensor = krait__part_tensor(plan, ready->part, ROLE_A_LOG);
	size_t n_state = ready->part->d_state;

	for (size_t c = 0; c < ready->part->d_inner; c++)
		for (size_t n = 0; n < n_state; n++) {
			float *a = ready->mamba1.a + (c / BLOCK * n_state + n) * BLOCK + c % BLOCK;

			krait__widen_at(a, tensor, c * n_state + n, 1);
			*a = -expf(*a);
		}
}

static void prepare_norm(float *out, const struct plan *plan, const struct part *part, enum role role, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = 1;
	krait__widen_role(out, plan, part, role, n);
}

static void prepare(const struct plan *plan, struct cpu_ready *ready)
{
	const struct part *part = ready->part;

	krait__prepare_segment(plan, ready, SEGMENT_CONV, 1);
	krait__prepare_segment(plan, ready, SEGMENT_Z, 1);
	krait__prepare_conv(plan, ready);
	krait__prepare_out(plan, ready, ROLE_OUT_PROJ, ROLE_OUT_PROJ_BIAS);
	ready->mamba1.x = krait__matrix(krait__part_tensor(plan, part, ROLE_X_PROJ));
	ready->mamba1.dt = krait__matrix(krait__part_tensor(plan, part, ROLE_DT_PROJ));
	krait__widen_role(ready->mamba1.dt_bias, plan, part, ROLE_DT_BIAS, part->d_inner);
	krait__widen_role(ready->mamba1.d, plan, part, ROLE_D, part->d_inner);
	prepare_a(plan, ready);
	if (part->flags & PART_INNER_NORMS) {
		prepare_norm(ready->mamba1.dt_norm, plan, part, ROLE_DT_NORM, part->rank);
		prepare_norm(ready->mamba1.b_norm, plan, part, ROLE_B_NORM, part->d_state);
		prepare_norm(ready->mamba1.c_norm, plan, part, ROLE_C_NORM, part->d_state);
	}
}

static void project_small(const struct pass *pass, const struct cpu_ready *ready, unsigned thread)
{
	const struct emodel *model = pass->model;
	struct product product = krait__product(model, thread, &ready->mamba1.x, pass->n_rows);
	struct share share = krait__pool_share(model->pool, thread, ready->mamba1.x.rows, 4);

	product.in = model->scratch.convolved;
	product.in_stride = model->scratch.convolved_wide;
	product.out = model->scratch.small;
	product.out_stride = model->scratch.small_wide;
	model->kernels->product(&product, share.first, share.last);
}

/* dt, B and C, each on its own. */
static void norm_small(const struct pass *pass, const struct cpu_ready *ready, unsigned thread)
{
	const struct emodel *model = pass->model;
	const struct part *part = ready->part;
	struct share rows = krait__pool_share(model->pool, thread, pass->n_rows, 1);

	for (size_t r = rows.first; r < rows.last; r++) {
		float *dt = model->scratch.small + r * model->scratch.small_wide, *b = dt + part->rank,
			*c = b + part->d_state;

		model->kernels->norm(dt, dt, ready->mamba1.dt_norm, NULL, part->rank, part->inner_eps, false);
		model->kernels->norm(b, b, ready->mamba1.b_norm, NULL, part->d_state, part->inner_eps, false);
		model->kernels->norm(c, c, ready->mamba1.c_norm, NULL, part->d_state, part->inner_eps, false);
	}
}

static void time_steps(const struct pass *pass, const struct cpu_ready *ready, struct share share, unsigned thread)
{
	const struct emodel *model = pass->model;
	struct product product = krait__product(model, thread, &ready->mamba1.dt, pass->n_rows);

	product.in = model->scratch.small;
	product.in_stride = model->scratch.small_wide;
	product.out = model->scratch.dt;
	product.out_stride = model->scratch.dt_wide;
	model->kernels->product(&product, share.first, share.last);
	for (size_t r = 0; r < pass->n_rows; r++) {
		float *dt = model->scratch.dt + r * model->scratch.dt_wide + share.first;

		model->kernels->softplus(dt, dt, ready->mamba1.dt_bias ? ready->mamba1.dt_bias + share.first : NULL,
			share.last - share.first);
	}
}

static void scan_pieces(const struct pass *pass, const struct cpu_ready *ready, struct share share)
{
	const struct emodel *model = pass->model;
	const struct scratch *s = &model->scratch;
	size_t z = ready->at[SEGMENT_Z], rank = ready->part->rank, n_state = ready->part->d_state;

	for (size_t i = 0; i < pass->n_pieces; i++) {
		size_t row = pass->pieces[i].row;
		struct scan1 scan = {
			.state = pass->pieces[i].span->slot->data + ready->mamba1.ssm_at, .a = ready->mamba1.a,
			.d = ready->mamba1.d,
			.x = s->convolved + row * s->convolved_wide, .x_stride = s->convolved_wide,
			.z = s->projected + row * s->projected_wide + z, .z_stride = s->projected_wide,
			.dt = s->dt + row * s->dt_wide, .dt_stride = s->dt_wide,
			.b = s->small + row * s->small_wide + rank, .c =
				s->small + row * s->small_wide + rank + n_state,
			.bc_stride = s->small_wide,
			.y = s->y + row * s->y_wide, .y_stride = s->y_wide, .n_rows = pass->pieces[i].n,
			.d_state = n_state,
		};

		model->kernels->scan1(&scan, share.first / BLOCK, krait__pad(share.last) / BLOCK);
	}
}

static void run(const struct pass *pass, const struct cpu_ready *ready, unsigned thread)
{
	struct pool *pool = pass->model->pool;
	struct share share = krait__pool_share(pool, thread, ready->part->d_inner, BLOCK);

	krait__segment_product(pass, ready, SEGMENT_CONV, share, thread);
	krait__segment_product(pass, ready, SEGMENT_Z, share, thread);
	krait__conv_pieces(pass, ready, (struct share){ share.first, krait__pad(share.last) });
	krait__pool_barrier(pool);
	project_small(pass, ready, thread);
	krait__pool_barrier(pool);
	if (ready->part->flags & PART_INNER_NORMS) {
		norm_small(pass, ready, thread);
		krait__pool_barrier(pool);
	}
	time_steps(pass, ready, share, thread);
	scan_pieces(pass, ready, share);
	krait__pool_barrier(pool);
	krait__out_product(pass, ready, thread);
	krait__pool_barrier(pool);
}

const struct cpu_block krait__cpu_mamba1 = {
	.layout = layout, .widths = widths, .slot = slot, .place = place, .prepare = prepare, .run = run,
};
