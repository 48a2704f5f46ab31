/* SPDX-License-Identifier: Apache-2.0 */
/* layout.c - how large everything is and where it stands, from shapes alone. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/blocks.h"
#include "base/size.h"

float *krait__carve(struct cpu_carver *carver, size_t rows, size_t columns)
{
	float *at = carver->base ? carver->base + carver->used : NULL;
	size_t n;

	if (!krait__mul_size(&n, rows, columns) || n > SIZE_MAX - BLOCK
			|| !krait__add_size(&n, carver->used, krait__pad(n)))
		n = SIZE_MAX;
	carver->used = n;
	return at;
}

/* Segments stand in the order of in_proj's rows, each on whole blocks. */
static void place_part(struct cpu_ready *ready, const struct part *part)
{
	const struct geometry *g = &ready->geometry;

	*ready = (struct cpu_ready){ .part = part, .geometry = krait__geometry(part) };
	for (int i = 0; i < N_SEGMENTS; i++) {
		for (int before = 0; before < N_SEGMENTS; before++)
			if (g->first[before] < g->first[i])
				ready->at[i] += krait__pad(g->rows[before]);
		ready->width += krait__pad(g->rows[i]);
	}
}

/* Of a part that is not there any more when the sizes are known. */
static struct cpu_ready *placed(struct emodel *model, uint32_t index, struct cpu_ready *none)
{
	if (model->parts)
		return &model->parts[index];
	place_part(none, &model->plan->parts[index]);
	return none;
}

size_t krait__ssm_rows(const struct geometry *geometry)
{
	return geometry->state_rows / geometry->state_run * krait__pad(geometry->state_run);
}

/* ---- slots ---- */

static void carve_slot(struct emodel *model)
{
	const struct plan *plan = model->plan;
	struct cpu_carver carver = { 0 }, page = { 0 };
	struct cpu_ready none;

	for (uint32_t i = 0; i < plan->n_parts; i++) {
		const struct cpu_block *block = krait__cpu_block(plan->parts[i].kind);
		struct cpu_ready *ready = placed(model, i, &none);

		if (block->slot)
			block->slot(&carver, ready);
		if (block->page)
			block->page(&page, ready);
	}
	model->page_floats = page.used;
	model->hidden_at = carver.used;
	krait__carve(&carver, 1, plan->width);
	model->slot_floats = carver.used;
}

/* ---- small tensors ---- */

float *krait__carve_role(struct cpu_carver *carver, const struct part *part, enum role role, size_t rows,
	size_t columns)
{
	return part->tensor[role] == NO_TENSOR ? NULL : krait__carve(carver, rows, columns);
}

void krait__carve_in(struct cpu_carver *carver, struct cpu_ready *ready)
{
	const struct part *part = ready->part;
	size_t channels = krait__pad(ready->geometry.channels);

	for (int i = 0; i < N_SEGMENTS; i++)
		ready->in_bias[i] = krait__carve_role(carver, part, ROLE_IN_PROJ_BIAS, 1, ready->geometry.rows[i]);
	ready->conv = krait__carve_role(carver, part, ROLE_CONV, part->d_conv, channels);
	ready->conv_bias = krait__carve_role(carver, part, ROLE_CONV_BIAS, 1, channels);
}

static void carve_parts(struct cpu_carver *carver, struct emodel *model)
{
	const struct plan *plan = model->plan;
	struct cpu_ready none;

	for (uint32_t i = 0; i < plan->n_parts; i++) {
		struct cpu_ready *ready = placed(model, i, &none);

		ready->norm = krait__carve_role(carver, ready->part, ROLE_NORM, 1, plan->width);
		ready->norm_bias = krait__carve_role(carver, ready->part, ROLE_NORM_BIAS, 1, plan->width);
		krait__cpu_block(ready->part->kind)->layout(carver, ready, plan);
	}
	model->final_norm = krait__carve(carver, 1, plan->width);
	model->final_bias = plan->norm_bias == NO_TENSOR ? NULL : krait__carve(carver, 1, plan->width);
}

/* ---- scratch ---- */

void krait__widen_to(size_t *width, size_t n)
{
	size_t padded = krait__pad(n);

	if (padded > *width)
		*width = padded;
}

static void carve_scratch(struct cpu_carver *carver, struct emodel *model, unsigned n_threads)
{
	struct scratch *s = &model->scratch;
	struct cpu_ready none;

	*s = (struct scratch){ .wide = krait__pad(model->plan->width), .n_row = krait__pad(model->plan->width) };
	for (uint32_t i = 0; i < model->plan->n_parts; i++) {
		const struct cpu_ready *ready = placed(model, i, &none);

		krait__cpu_block(ready->part->kind)->widths(s, ready);
	}
	s->n_head_blocks = (model->plan->vocab + (size_t)HEAD_BLOCK - 1) / HEAD_BLOCK;
	s->x = krait__carve(carver, MAX_ROWS, s->wide);
	s->normed = krait__carve(carver, MAX_ROWS, s->wide);
	s->projected = krait__carve(carver, MAX_ROWS, s->projected_wide);
	s->convolved = krait__carve(carver, MAX_ROWS, s->convolved_wide);
	s->small = krait__carve(carver, MAX_ROWS, s->small_wide);
	s->dt = krait__carve(carver, MAX_ROWS, s->dt_wide);
	s->decay = krait__carve(carver, MAX_ROWS, s->dt_wide);
	s->y = krait__carve(carver, MAX_ROWS, s->y_wide);
	s->turns = krait__carve(carver, MAX_ROWS, s->turns_wide);
	s->highest = krait__carve(carver, MAX_ROWS, s->heads_wide);
	s->totals = krait__carve(carver, MAX_ROWS, s->heads_wide);
	s->rows = krait__carve(carver, n_threads, s->n_row);
	s->blocks = krait__carve(carver, n_threads, (size_t)MAX_ROWS * HEAD_BLOCK);
	s->lists = (uint32_t *)(void *)krait__carve(carver, n_threads, s->n_list);
	s->tops = krait__carve(carver, MAX_ROWS, s->n_head_blocks);
	s->sums = krait__carve(carver, MAX_ROWS, s->n_head_blocks);
	s->chosen = krait__carve(carver, 1, MAX_ROWS);
}

/* With model->parts places are kept there; weights and scratch without a block only count. */
void krait__layout(struct emodel *model, struct cpu_carver *weights, struct cpu_carver *scratch, unsigned n_threads)
{
	weights->used = scratch->used = 0;
	for (uint32_t i = 0; model->parts && i < model->plan->n_parts; i++)
		place_part(&model->parts[i], &model->plan->parts[i]);
	carve_slot(model);
	carve_parts(weights, model);
	carve_scratch(scratch, model, n_threads);
}
