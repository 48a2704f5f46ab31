/* SPDX-License-Identifier: Apache-2.0 */
/* layout.c - how large everything is and where it stands, from shapes alone. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/cpu.h"
#include "base/size.h"

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

float *krait__carve(struct cpu_carver *carver, size_t rows, size_t columns)
{
	float *at = carver->base ? carver->base + carver->used : NULL;
	size_t n;

	if (!krait__mul_size(&n, rows, columns) || n > SIZE_MAX - BLOCK || !krait__add_size(&n, carver->used, krait__pad(n)))
		n = SIZE_MAX;
	carver->used = n;
	return at;
}

/* Segments stand in the order of in_proj's rows, each on whole blocks. */
void krait__place_part(struct cpu_ready *ready, const struct part *part)
{
	const struct geometry *g = &ready->geometry;

	ready->part = part;
	ready->geometry = krait__geometry(part);
	ready->width = 0;
	for (int i = 0; i < N_SEGMENTS; i++) {
		ready->at[i] = 0;
		for (int before = 0; before < N_SEGMENTS; before++)
			if (g->first[before] < g->first[i])
				ready->at[i] += krait__pad(g->rows[before]);
		ready->width += krait__pad(g->rows[i]);
	}
}

static size_t ssm_rows(const struct geometry *geometry)
{
	return geometry->state_rows / geometry->state_run * krait__pad(geometry->state_run);
}

size_t krait__slot_floats(const struct plan *plan, struct cpu_ready *parts, size_t *hidden_at)
{
	struct cpu_carver carver = { 0 };

	for (uint32_t i = 0; i < plan->n_parts; i++) {
		const struct part *part = &plan->parts[i];
		struct geometry geometry = krait__geometry(part);
		size_t conv_at = carver.used;

		krait__carve(&carver, part->d_conv - 1, krait__pad(geometry.channels));
		if (parts) {
			parts[i].conv_at = conv_at;
			parts[i].ssm_at = carver.used;
		}
		krait__carve(&carver, ssm_rows(&geometry), part->d_state);
	}
	*hidden_at = carver.used;
	krait__carve(&carver, 1, plan->width);
	return carver.used;
}

static float *carve_if(struct cpu_carver *carver, const struct part *part, enum role role, size_t rows, size_t columns)
{
	return part->tensor[role] == NO_TENSOR ? NULL : krait__carve(carver, rows, columns);
}

static void carve_part(struct cpu_carver *carver, struct cpu_ready *ready, const struct plan *plan,
	const struct part *part)
{
	size_t channels;

	krait__place_part(ready, part);
	channels = krait__pad(ready->geometry.channels);
	ready->norm = krait__carve(carver, 1, plan->width);
	ready->norm_bias = carve_if(carver, part, ROLE_NORM_BIAS, 1, plan->width);
	for (int i = 0; i < N_SEGMENTS; i++)
		ready->in_bias[i] = carve_if(carver, part, ROLE_IN_PROJ_BIAS, 1, ready->geometry.rows[i]);
	ready->conv = krait__carve(carver, part->d_conv, channels);
	ready->conv_bias = carve_if(carver, part, ROLE_CONV_BIAS, 1, channels);
	ready->out_bias = carve_if(carver, part, ROLE_OUT_PROJ_BIAS, 1, plan->width);
	if (part->kind == PART_MAMBA1) {
		ready->dt_bias = carve_if(carver, part, ROLE_DT_BIAS, 1, part->d_inner);
		ready->a = krait__carve(carver, krait__pad(part->d_inner), part->d_state);
		ready->d = krait__carve(carver, 1, part->d_inner);
		ready->gate_norm = NULL;
	} else {
		ready->dt_bias = carve_if(carver, part, ROLE_DT_BIAS, 1, part->n_heads);
		ready->a = krait__carve(carver, 1, part->n_heads);
		ready->d = krait__carve(carver, 1, part->d_ssm);
		ready->gate_norm = carve_if(carver, part, ROLE_GATE_NORM, 1, part->d_ssm);
	}
}

void krait__carve_parts(struct cpu_carver *carver, struct emodel *model)
{
	const struct plan *plan = model->plan;
	struct cpu_ready none;

	for (uint32_t i = 0; i < plan->n_parts; i++)
		carve_part(carver, model->parts ? &model->parts[i] : &none, plan, &plan->parts[i]);
	model->final_norm = krait__carve(carver, 1, plan->width);
	model->final_bias = plan->norm_bias == NO_TENSOR ? NULL : krait__carve(carver, 1, plan->width);
}

static void widest(struct scratch *s, const struct plan *plan)
{
	s->wide = krait__pad(plan->width);
	s->n_row = s->wide;
	for (uint32_t i = 0; i < plan->n_parts; i++) {
		const struct part *part = &plan->parts[i];
		struct cpu_ready ready;

		krait__place_part(&ready, part);
		s->projected_wide = larger(s->projected_wide, ready.width);
		s->convolved_wide = larger(s->convolved_wide, krait__pad(ready.geometry.channels));
		s->small_wide = larger(s->small_wide, krait__pad(ready.geometry.small_rows));
		s->dt_wide = larger(s->dt_wide, krait__pad(ready.geometry.n_steps));
		s->y_wide = larger(s->y_wide, krait__pad(part->d_inner));
		s->n_row = larger(s->n_row, larger(s->y_wide, s->small_wide));
	}
}

void krait__carve_scratch(struct cpu_carver *carver, struct scratch *s, const struct plan *plan, unsigned n_threads)
{
	*s = (struct scratch){ 0 };
	widest(s, plan);
	s->n_head_blocks = (plan->vocab + (size_t)HEAD_BLOCK - 1) / HEAD_BLOCK;
	s->x = krait__carve(carver, MAX_ROWS, s->wide);
	s->normed = krait__carve(carver, MAX_ROWS, s->wide);
	s->projected = krait__carve(carver, MAX_ROWS, s->projected_wide);
	s->convolved = krait__carve(carver, MAX_ROWS, s->convolved_wide);
	s->small = krait__carve(carver, MAX_ROWS, s->small_wide);
	s->dt = krait__carve(carver, MAX_ROWS, s->dt_wide);
	s->decay = krait__carve(carver, MAX_ROWS, s->dt_wide);
	s->y = krait__carve(carver, MAX_ROWS, s->y_wide);
	s->rows = krait__carve(carver, n_threads, s->n_row);
	s->blocks = krait__carve(carver, n_threads, (size_t)MAX_ROWS * HEAD_BLOCK);
	s->tops = krait__carve(carver, MAX_ROWS, s->n_head_blocks);
	s->sums = krait__carve(carver, MAX_ROWS, s->n_head_blocks);
	s->chosen = krait__carve(carver, 1, MAX_ROWS);
}
