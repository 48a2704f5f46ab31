/* SPDX-License-Identifier: Apache-2.0 */
/* mamba1.c - a Mamba-1 block. Threads share out channels, so that a channel's convolution
 * and scan need nobody else's work. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/cpu.h"

static void project_small(const struct pass *pass, const struct cpu_ready *ready, unsigned thread)
{
	const struct emodel *model = pass->model;
	struct product product = krait__product(model, thread, &ready->x, pass->n_rows);
	struct share share = krait__pool_share(model->pool, thread, ready->x.rows, 4);

	product.in = model->scratch.convolved;
	product.in_stride = model->scratch.convolved_wide;
	product.out = model->scratch.small;
	product.out_stride = model->scratch.small_wide;
	model->kernels->product(&product, share.first, share.last);
}

static void time_steps(const struct pass *pass, const struct cpu_ready *ready, struct share share, unsigned thread)
{
	const struct emodel *model = pass->model;
	struct product product = krait__product(model, thread, &ready->dt, pass->n_rows);

	product.in = model->scratch.small;
	product.in_stride = model->scratch.small_wide;
	product.out = model->scratch.dt;
	product.out_stride = model->scratch.dt_wide;
	model->kernels->product(&product, share.first, share.last);
	for (size_t r = 0; r < pass->n_rows; r++) {
		float *dt = model->scratch.dt + r * model->scratch.dt_wide + share.first;

		model->kernels->softplus(dt, dt, ready->dt_bias ? ready->dt_bias + share.first : NULL, share.last - share.first);
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
			.state = pass->pieces[i].span->slot->data + ready->ssm_at, .a = ready->a, .d = ready->d,
			.x = s->convolved + row * s->convolved_wide, .x_stride = s->convolved_wide,
			.z = s->projected + row * s->projected_wide + z, .z_stride = s->projected_wide,
			.dt = s->dt + row * s->dt_wide, .dt_stride = s->dt_wide,
			.b = s->small + row * s->small_wide + rank, .c = s->small + row * s->small_wide + rank + n_state, .bc_stride = s->small_wide,
			.y = s->y + row * s->y_wide, .y_stride = s->y_wide, .n_rows = pass->pieces[i].n, .d_state = n_state,
		};

		model->kernels->scan1(&scan, share.first / BLOCK, krait__pad(share.last) / BLOCK);
	}
}

void krait__mamba1(const struct pass *pass, const struct cpu_ready *ready, unsigned thread)
{
	struct pool *pool = pass->model->pool;
	struct share share = krait__pool_share(pool, thread, ready->part->d_inner, BLOCK);

	krait__segment_product(pass, ready, SEGMENT_CONV, share, thread);
	krait__segment_product(pass, ready, SEGMENT_Z, share, thread);
	krait__conv_pieces(pass, ready, (struct share){ share.first, krait__pad(share.last) });
	krait__pool_barrier(pool);
	project_small(pass, ready, thread);
	krait__pool_barrier(pool);
	time_steps(pass, ready, share, thread);
	scan_pieces(pass, ready, share);
	krait__pool_barrier(pool);
	krait__out_product(pass, ready, thread);
	krait__pool_barrier(pool);
}
