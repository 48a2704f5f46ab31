/* SPDX-License-Identifier: Apache-2.0 */
/* mamba3_head.c - one head of Mamba-3: its angles, its B and C, its step and its gate. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/block/mamba3.h"

#include <math.h>
#include <string.h>

#define PI 3.14159265358979323846

struct cpu_head3 krait__carve_head3(struct cpu_carver *carver, const struct part *part)
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
static void make_rows(const struct emodel *model, const struct cpu_ready *ready, const struct cpu_head3 *head,
	size_t at, const float *from, const float *weight, const float *bias, float *out)
{
	const struct part *part = ready->part;
	size_t n = part->d_state, group = at / (part->n_heads / part->n_groups);

	bias += at * part->rank * n;
	for (size_t r = 0; r < part->rank; r++) {
		float *row = out + r * krait__pad(n);

		model->kernels->norm(row, from + (r * part->n_groups + group) * n, weight, NULL, n, part->inner_eps,
			false);
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
static void step(const struct emodel *model, const struct cpu_ready *ready, const struct cpu_head3 *head, size_t at,
	size_t row, const float *x_before, float *slot_data)
{
	const struct scratch *s = &model->scratch;
	const struct part *part = ready->part;
	const struct cpu_mamba3 *own = &ready->mamba3;
	size_t n_heads = part->n_heads, n = part->head_dim,
		groups = (size_t)part->rank * part->n_groups * part->d_state;
	const float *projected = s->projected + row * s->projected_wide, *steps = projected + ready->at[SEGMENT_DT];
	const float *conv = projected + ready->at[SEGMENT_CONV], *x = conv + at * n, *mimo = own->mimo_x;
	float dt = s->dt[row * s->dt_wide + at], decay = s->decay[row * s->dt_wide + at],
		lambda = steps[2 * n_heads + at];
	float *angle = slot_data + own->angle_at + at * part->n_angles;
	struct scan3 scan = {
		.state = slot_data + own->ssm_at + at * part->d_state * krait__pad(n), .before = head->before,
			.now = head->now,
		.k_before = head->k_before, .k = head->k, .c = head->c, .k_stride = krait__pad(part->d_state),
		.y = head->y, .decay = decay, .d_state = part->d_state, .head_dim = n, .rank = part->rank,
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

static void swap_rows(float *rows, float *held, const struct part *part, bool keep)
{
	size_t n = part->d_state, stride = (size_t)part->n_heads * n;

	for (size_t r = 0; r < part->rank; r++)
		if (keep)
			memcpy(held + r * stride, rows + r * krait__pad(n), n * sizeof(float));
		else
			memcpy(rows + r * krait__pad(n), held + r * stride, n * sizeof(float));
}

void krait__run_head3(const struct pass *pass, const struct cpu_ready *ready, struct cpu_head3 *head, size_t at)
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
