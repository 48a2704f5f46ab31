/* SPDX-License-Identifier: Apache-2.0 */
/* mamba3.c - a Mamba-3 block. Threads share out the rows of in_proj, then heads: a head's angles, its B and C and its
 * state need nobody else's work, so one thread takes a head through all rows of a pass. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/blocks.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

/* What a thread works with for one head and one position; rows are padded. */
struct cpu_head3 {
	float *k, *k_before, *c;        /* [rank, d_state] */
	float *now, *before, *y;        /* [rank, head_dim] */
	float *z;                       /* [head_dim] */
	float *cosine, *sine;           /* [angles] */
};

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

/* With no block it only counts. */
static struct cpu_head3 carve_head(struct cpu_carver *carver, const struct part *part)
{
	size_t n_state = krait__pad(part->d_state), width = krait__pad(part->head_dim);

	return (struct cpu_head3){
		.k = krait__carve(carver, part->rank, n_state), .k_before = krait__carve(carver, part->rank, n_state),
		.c = krait__carve(carver, part->rank, n_state), .now = krait__carve(carver, part->rank, width),
		.before = krait__carve(carver, part->rank, width), .y = krait__carve(carver, part->rank, width),
		.z = krait__carve(carver, 1, width), .cosine = krait__carve(carver, 1, part->n_angles),
		.sine = krait__carve(carver, 1, part->n_angles),
	};
}

static void widths(struct scratch *scratch, const struct cpu_ready *ready)
{
	struct cpu_carver head = { 0 };

	carve_head(&head, ready->part);
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
	case 0: return (struct cpu_place){ own->ssm_at, part->d_inner, part->d_state, krait__pad(part->head_dim), part->head_dim };
	case 1: return (struct cpu_place){ own->angle_at, 1, heads * part->n_angles, 1, 1 };
	case 2: return (struct cpu_place){ own->k_at, 1, part->rank * heads * part->d_state, 1, 1 };
	default: return (struct cpu_place){ own->v_at, 1, part->d_inner, 1, 1 };
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

/* ---- one head, one position ---- */

/* Sums of many small steps, so in double; what rounds up to 2 pi is 0. */
static void turn_on(float *angle, const float *by, float dt, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		double next = (double)angle[i] + (double)by[i] * (PI * (double)dt);

		if (!(next >= 0 && next < 2 * PI))
			next -= 2 * PI * floor(next / (2 * PI));
		angle[i] = (float)next < (float)(2 * PI) ? (float)next : (float)next * 0;
	}
}

/* MIMO pairs an element with one of the other half, SISO with its neighbour. */
static void rotate(float *row, const struct cpu_head3 *head, const struct part *part, bool halves)
{
	size_t step = halves ? 1 : 2, other = halves ? part->d_state / 2 : 1;

	for (size_t i = 0; i < part->n_angles; i++) {
		float a = row[step * i], b = row[step * i + other];

		row[step * i] = a * head->cosine[i] - b * head->sine[i];
		row[step * i + other] = a * head->sine[i] + b * head->cosine[i];
	}
}

/* B or C of one head: normed, biased, rotated. */
static void make_rows(const struct emodel *model, const struct cpu_ready *ready, const struct cpu_head3 *head, size_t at,
	const float *from, const float *weight, const float *bias, float *out)
{
	const struct part *part = ready->part;
	size_t n = part->d_state, group = at / (part->n_heads / part->n_groups);

	bias += at * part->rank * n;
	for (size_t r = 0; r < part->rank; r++) {
		float *row = out + r * krait__pad(n);

		model->kernels->norm(row, from + (r * part->n_groups + group) * n, weight, NULL, n, part->inner_eps, false);
		for (size_t i = 0; i < n; i++)
			row[i] += bias[r * n + i];
		rotate(row, head, part, ready->mamba3.mimo_x != NULL);
	}
}

/* x as each rank has it, times a number, with zeros behind its end. */
static void weigh(float *out, const float *x, const float *mimo, float by, const struct part *part)
{
	size_t n = part->head_dim, width = krait__pad(n);

	for (size_t r = 0; r < part->rank; r++) {
		float *row = out + r * width;

		for (size_t i = 0; i < n; i++)
			row[i] = mimo ? by * (x[i] * mimo[r * n + i]) : by * x[i];
		memset(row + n, 0, (width - n) * sizeof(float));
	}
}

/* D x, the gate, and the sum over the ranks. */
static void finish(const struct emodel *model, const struct cpu_ready *ready, const struct cpu_head3 *head, size_t at,
	const float *x, const float *z, float *out)
{
	const struct part *part = ready->part;
	const struct cpu_mamba3 *own = &ready->mamba3;
	size_t n = part->head_dim, first = at * part->rank * n;
	float d = own->d[at];

	for (size_t r = 0; r < part->rank; r++) {
		float *y = head->y + r * krait__pad(n);
		size_t mimo = first + r * n;

		for (size_t i = 0; i < n; i++) {
			y[i] += d * (own->mimo_x ? x[i] * own->mimo_x[mimo + i] : x[i]);
			head->z[i] = own->mimo_z ? z[i] * own->mimo_z[mimo + i] : z[i];
		}
		if (own->gate_norm)
			model->kernels->norm(y, y, own->gate_norm + at * n, NULL, n, part->inner_eps, false);
		model->kernels->gate(y, y, head->z, n);
		for (size_t i = 0; i < n; i++) {
			float value = own->mimo_o ? y[i] * own->mimo_o[mimo + i] : y[i];

			out[i] = r ? out[i] + value : value;
		}
	}
}

/* Row `row` of the pass; x_before is the position's before, and k_before in `head`. */
static void step(const struct emodel *model, const struct cpu_ready *ready, const struct cpu_head3 *head, size_t at, size_t row,
	const float *x_before, float *slot_data)
{
	const struct scratch *s = &model->scratch;
	const struct part *part = ready->part;
	const struct cpu_mamba3 *own = &ready->mamba3;
	size_t n_heads = part->n_heads, n = part->head_dim, groups = (size_t)part->rank * part->n_groups * part->d_state;
	const float *projected = s->projected + row * s->projected_wide, *steps = projected + ready->at[SEGMENT_DT];
	const float *conv = projected + ready->at[SEGMENT_CONV], *x = conv + at * n, *mimo = own->mimo_x;
	float dt = s->dt[row * s->dt_wide + at], decay = s->decay[row * s->dt_wide + at], lambda = steps[2 * n_heads + at];
	float *angle = slot_data + own->angle_at + at * part->n_angles;
	struct scan3 scan = {
		.state = slot_data + own->ssm_at + at * part->d_state * krait__pad(n), .before = head->before, .now = head->now,
		.k_before = head->k_before, .k = head->k, .c = head->c, .k_stride = krait__pad(part->d_state), .y = head->y,
		.decay = decay, .d_state = part->d_state, .head_dim = n, .rank = part->rank,
	};

	turn_on(angle, steps + 3 * n_heads, dt, part->n_angles);
	model->kernels->cos_sin(head->cosine, head->sine, angle, part->n_angles);
	make_rows(model, ready, head, at, conv + part->d_inner, own->b_norm, own->b_bias, head->k);
	make_rows(model, ready, head, at, conv + part->d_inner + groups, own->c_norm, own->c_bias, head->c);
	if (mimo)
		mimo += at * part->rank * n;
	weigh(head->before, x_before, mimo, (1 - lambda) * dt * decay, part);
	weigh(head->now, x, mimo, lambda * dt, part);
	model->kernels->scan3(&scan);
	finish(model, ready, head, at, x, projected + ready->at[SEGMENT_Z] + at * n, s->y + row * s->y_wide + at * n);
}

/* ---- one head, all rows ---- */

static void swap_rows(float *rows, float *held, const struct part *part, bool keep)
{
	size_t n = part->d_state, stride = (size_t)part->n_heads * n;

	for (size_t r = 0; r < part->rank; r++)
		if (keep)
			memcpy(held + r * stride, rows + r * krait__pad(n), n * sizeof(float));
		else
			memcpy(rows + r * krait__pad(n), held + r * stride, n * sizeof(float));
}

static void run_head(const struct pass *pass, const struct cpu_ready *ready, struct cpu_head3 *head, size_t at)
{
	const struct emodel *model = pass->model;
	const struct scratch *s = &model->scratch;
	const struct part *part = ready->part;
	size_t n = part->head_dim, x_at = ready->at[SEGMENT_CONV] + at * n;

	for (size_t i = 0; i < pass->n_pieces; i++) {
		const struct cpu_piece *piece = &pass->pieces[i];
		float *data = piece->span->slot->data, *v = data + ready->mamba3.v_at + at * n;
		float *k = data + ready->mamba3.k_at + at * part->d_state;
		const float *x = v;

		swap_rows(head->k_before, k, part, false);
		for (size_t r = piece->row; r < piece->row + piece->n; r++) {
			float *made;

			step(model, ready, head, at, r, x, data);
			x = s->projected + r * s->projected_wide + x_at;
			made = head->k;
			head->k = head->k_before;
			head->k_before = made;
		}
		swap_rows(head->k_before, k, part, true);
		memcpy(v, x, n * sizeof(float));
	}
}

static void run(const struct pass *pass, const struct cpu_ready *ready, unsigned thread)
{
	const struct emodel *model = pass->model;
	struct share heads = krait__pool_share(model->pool, thread, ready->part->n_heads, 1);
	struct cpu_carver carver = { .base = model->scratch.rows + (size_t)thread * model->scratch.n_row };
	struct cpu_head3 head = carve_head(&carver, ready->part);

	project(pass, ready, thread);
	krait__pool_barrier(model->pool);
	time_steps(pass, ready, heads);
	for (size_t at = heads.first; at < heads.last; at++)
		run_head(pass, ready, &head, at);
	krait__pool_barrier(model->pool);
	krait__out_product(pass, ready, thread);
	krait__pool_barrier(model->pool);
}

const struct cpu_block krait__cpu_mamba3 = { layout, widths, slot, place, prepare, run };
