/* SPDX-License-Identifier: Apache-2.0 */
/* mamba3.c - a Mamba-3 block. Threads share out the rows of in_proj, then heads: a head's angles, its B and C and its
 * state need nobody else's work, so one thread takes a head through all rows of a pass. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/block/mamba3.h"

#include <math.h>

/* ---- layout ---- */

static void layout(struct cpu_carver *carver, struct cpu_ready *ready, const struct plan *plan)
{
	const struct part *part = ready->part;
	struct cpu_mamba3 *own = &ready->mamba3;
	size_t biases = (size_t)part->rank * part->d_state, mimo = (size_t)part->rank * part->head_dim;

	krait__carve_in(carver, ready);
	ready->out_bias = krait__carve_role(carver, part, ROLE_OUT_PROJ_BIAS, 1, plan->width);
	own->dt_bias = krait__carve_role(carver, part, ROLE_DT_BIAS, 1, part->n_heads);
	own->d = krait__carve_role(carver, part, ROLE_D, 1, part->n_heads);
	own->b_norm = krait__carve_role(carver, part, ROLE_B_NORM, 1, part->d_state);
	own->c_norm = krait__carve_role(carver, part, ROLE_C_NORM, 1, part->d_state);
	own->b_bias = krait__carve_role(carver, part, ROLE_B_BIAS, part->n_heads, biases);
	own->c_bias = krait__carve_role(carver, part, ROLE_C_BIAS, part->n_heads, biases);
	own->mimo_x = krait__carve_role(carver, part, ROLE_MIMO_X, part->n_heads, mimo);
	own->mimo_z = krait__carve_role(carver, part, ROLE_MIMO_Z, part->n_heads, mimo);
	own->mimo_o = krait__carve_role(carver, part, ROLE_MIMO_O, part->n_heads, mimo);
	own->gate_norm = krait__carve_role(carver, part, ROLE_GATE_NORM, 1, part->d_inner);
}

static void widths(struct scratch *scratch, const struct cpu_ready *ready)
{
	struct cpu_carver head = { 0 };

	krait__carve_head3(&head, ready->part);
	krait__widen_to(&scratch->projected_wide, ready->width);
	krait__widen_to(&scratch->dt_wide, ready->part->n_heads);
	krait__widen_to(&scratch->y_wide, ready->part->d_inner);
	krait__widen_to(&scratch->n_row, ready->part->d_inner);
	krait__widen_to(&scratch->n_row, head.used);
}

static void slot(struct cpu_carver *carver, struct cpu_ready *ready)
{
	const struct part *part = ready->part;
	struct cpu_mamba3 *own = &ready->mamba3;

	own->ssm_at = carver->used;
	krait__carve(carver, krait__ssm_rows(&ready->geometry), part->d_state);
	own->angle_at = carver->used;
	krait__carve(carver, part->n_heads, part->n_angles);
	own->k_at = carver->used;
	krait__carve(carver, (size_t)part->rank * part->n_heads, part->d_state);
	own->v_at = carver->used;
	krait__carve(carver, part->n_heads, part->head_dim);
}

/* All but the recurrent state stand as in canonical form. */
static struct cpu_place place(const struct cpu_ready *ready, uint32_t index)
{
	const struct part *part = ready->part;
	const struct cpu_mamba3 *own = &ready->mamba3;
	size_t heads = part->n_heads;

	switch (index) {
	case 0:
		return (struct cpu_place){ own->ssm_at, part->d_inner, part->d_state, krait__pad(part->head_dim),
			part->head_dim };
	case 1:
		return (struct cpu_place){ own->angle_at, 1, heads * part->n_angles, 1, 1 };
	case 2:
		return (struct cpu_place){ own->k_at, 1, part->rank * heads * part->d_state, 1, 1 };
	default:
		return (struct cpu_place){ own->v_at, 1, part->d_inner, 1, 1 };
	}
}

static void prepare(const struct plan *plan, struct cpu_ready *ready)
{
	const struct part *part = ready->part;
	const struct cpu_mamba3 *own = &ready->mamba3;
	size_t biases = (size_t)part->n_heads * part->rank * part->d_state, mimo = (size_t)part->rank * part->d_inner;

	krait__prepare_segment(plan, ready, SEGMENT_Z, 1);
	krait__prepare_segment(plan, ready, SEGMENT_CONV, 1);
	krait__prepare_segment(plan, ready, SEGMENT_DT, 1);
	krait__prepare_out(plan, ready, ROLE_OUT_PROJ, ROLE_OUT_PROJ_BIAS);
	krait__widen_role(own->dt_bias, plan, part, ROLE_DT_BIAS, part->n_heads);
	krait__widen_role(own->d, plan, part, ROLE_D, part->n_heads);
	krait__widen_role(own->b_norm, plan, part, ROLE_B_NORM, part->d_state);
	krait__widen_role(own->c_norm, plan, part, ROLE_C_NORM, part->d_state);
	krait__widen_role(own->b_bias, plan, part, ROLE_B_BIAS, biases);
	krait__widen_role(own->c_bias, plan, part, ROLE_C_BIAS, biases);
	krait__widen_role(own->mimo_x, plan, part, ROLE_MIMO_X, mimo);
	krait__widen_role(own->mimo_z, plan, part, ROLE_MIMO_Z, mimo);
	krait__widen_role(own->mimo_o, plan, part, ROLE_MIMO_O, mimo);
	krait__widen_role(own->gate_norm, plan, part, ROLE_GATE_NORM, part->d_inner);
}

/* ---- what the heads need of in_proj ---- */

/* The angles turn all heads alike, each by its own dt: whoever makes them takes their tanh. */
static void bend_angles(const struct pass *pass, const struct cpu_ready *ready, struct share share)
{
	const struct scratch *s = &pass->model->scratch;
	size_t first = 3 * (size_t)ready->part->n_heads;

	if (share.first > first)
		first = share.first;
	for (size_t r = 0; r < pass->n_rows; r++) {
		float *row = s->projected + r * s->projected_wide + ready->at[SEGMENT_DT];

		for (size_t i = first; i < share.last; i++)
			row[i] = tanhf(row[i]);
	}
}

static void project(const struct pass *pass, const struct cpu_ready *ready, unsigned thread)
{
	for (int i = SEGMENT_Z; i < N_SEGMENTS; i++) {
		struct share share = krait__pool_share(pass->model->pool, thread, ready->geometry.rows[i], 4);

		krait__segment_product(pass, ready, (enum segment)i, share, thread);
		if (i == SEGMENT_DT)
			bend_angles(pass, ready, share);
	}
}

/* 1 + a, and below 0 its mirror image 1 / (1 - a). */
static float heavy_tail(float a)
{
	return a >= 0 ? 1 + a : 1 / (1 - a);
}

/* dt and decay; in place of what in_proj made for A and the trapezoid stand A and the share of the newer input. */
static void time_steps(const struct pass *pass, const struct cpu_ready *ready, struct share heads)
{
	const struct emodel *model = pass->model;
	const struct scratch *s = &model->scratch;
	size_t n_heads = ready->part->n_heads, n = heads.last - heads.first;
	const float *bias = ready->mamba3.dt_bias ? ready->mamba3.dt_bias + heads.first : NULL;
	float floor_of_a = ready->part->a_floor;

	for (size_t r = 0; r < pass->n_rows; r++) {
		float *from = s->projected + r * s->projected_wide + ready->at[SEGMENT_DT] + heads.first;
		float *a = from + n_heads, *lambda = a + n_heads, *dt = s->dt + r * s->dt_wide + heads.first;

		model->kernels->softplus(dt, from, bias, n);
		for (size_t i = 0; i < n; i++) {
			float value = heavy_tail(a[i]);

			a[i] = value < floor_of_a ? -floor_of_a : -value;
			lambda[i] = 1 / (1 + expf(-lambda[i]));
		}
		model->kernels->exp_of(s->decay + r * s->dt_wide + heads.first, dt, a, n);
	}
}

static void run(const struct pass *pass, const struct cpu_ready *ready, unsigned thread)
{
	const struct emodel *model = pass->model;
	struct share heads = krait__pool_share(model->pool, thread, ready->part->n_heads, 1);
	struct cpu_carver carver = { .base = model->scratch.rows + (size_t)thread * model->scratch.n_row };
	struct cpu_head3 head = krait__carve_head3(&carver, ready->part);

	project(pass, ready, thread);
	krait__pool_barrier(model->pool);
	time_steps(pass, ready, heads);
	for (size_t at = heads.first; at < heads.last; at++)
		krait__run_head3(pass, ready, &head, at);
	krait__pool_barrier(model->pool);
	krait__out_product(pass, ready, thread);
	krait__pool_barrier(model->pool);
}

const struct cpu_block krait__cpu_mamba3 = {
	.layout = layout, .widths = widths, .slot = slot, .place = place, .prepare = prepare, .run = run,
};
