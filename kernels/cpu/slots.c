/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slots.c - one sequence's state, and its canonical form.
 *
 * Inside a slot channels stand side by side, so that a vector holds channels: a window
 * is [d_conv - 1, channels], each row padded to whole blocks; states are as their kinds have them.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/blocks.h"
#include "base/memory.h"

#include <string.h>

krait_status krait__slot_new(struct slot **out, struct emodel *model, struct why *why)
{
	struct slot *slot = krait__alloc_vectors(model->slot_floats + sizeof(*slot) / sizeof(float), sizeof(float));

	*out = NULL;
	if (!slot)
		return krait__why_memory(why);
	memset(slot, 0, sizeof(*slot));
	slot->model = model;
	slot->hidden = slot->data + model->hidden_at;
	memset(slot->data, 0, model->slot_floats * sizeof(float));
	*out = slot;
	return KRAIT_OK;
}

void krait__slot_free(struct slot *slot)
{
	if (!slot)
		return;
	krait__pages_trim(slot, 0);
	krait__free(slot->pages);
	krait__free(slot);
}

krait_status krait__slot_clear(struct slot *slot, struct why *why)
{
	(void)why;
	krait__pages_trim(slot, 0);
	slot->n_positions = 0;
	memset(slot->data, 0, slot->model->slot_floats * sizeof(float));
	return KRAIT_OK;
}

krait_status krait__slot_copy(struct slot *to, const struct slot *from, struct why *why)
{
	if (!krait__pages_share(to, from))
		return krait__why_memory(why);
	to->n_positions = from->n_positions;
	memcpy(to->data, from->data, from->model->slot_floats * sizeof(float));
	return KRAIT_OK;
}

static struct cpu_place place_of(const struct emodel *model, uint32_t component)
{
	const struct cpu_ready *ready = &model->parts[model->plan->components[component].part];

	return krait__cpu_block(ready->part->kind)->place(ready, component - ready->part->component);
}

static size_t place_at(const struct cpu_place *place, size_t row, size_t column)
{
	size_t block = row / place->block;

	return place->at + block * place->columns * place->stride + column * place->stride + row % place->block;
}

/* Where a position of component `index` stands in the slot's pages. */
static float *position_at(const struct slot *slot, const struct cpu_page_place *place, uint64_t position)
{
	return slot->pages[position / PAGE_POSITIONS]->data + place->at + position % PAGE_POSITIONS * place->position;
}

/* [positions, rows, columns] from position `first` on, out of the pages, or into them; with neither they are zero. */
static void move_positions(const struct slot *slot, uint32_t index, uint64_t first, float *out, const float *in)
{
	const struct component *component = &slot->model->plan->components[index];
	const struct cpu_ready *ready = &slot->model->parts[component->part];
	struct cpu_page_place place = krait__cpu_block(ready->part->kind)->page_place(ready,
		index - ready->part->component);
	size_t at = 0;

	for (uint64_t position = first; position < slot->n_positions; position++) {
		float *held = position_at(slot, &place, position);

		for (size_t i = 0; i < component->shape[0]; i++)
			for (size_t j = 0; j < component->shape[1]; j++, at++) {
				float *one = held + i * place.row + j * place.column;

				if (out)
					out[at] = *one;
				else
					*one = in ? in[at] : 0;
			}
	}
}

krait_status krait__slot_resize(struct slot *slot, uint64_t n_positions, struct why *why)
{
	const struct plan *plan = slot->model->plan;
	uint64_t before = slot->n_positions;

	if (n_positions > before && !krait__pages_reserve(slot, n_positions - before))
		return krait__why_memory(why);
	slot->n_positions = n_positions;
	krait__pages_trim(slot, n_positions);
	for (uint32_t i = 0; i < plan->n_components; i++)
		if (plan->components[i].per_token)
			move_positions(slot, i, before, NULL, NULL);
	return KRAIT_OK;
}

krait_status krait__slot_reserve(struct slot *slot, uint64_t n, struct why *why)
{
	if (!krait__pages_reserve(slot, n))
		return krait__why_memory(why);
	krait__pages_trim(slot, slot->n_positions + n);
	return KRAIT_OK;
}

krait_status krait__slot_export(const struct slot *slot, uint32_t component, float *canonical, struct why *why)
{
	const struct plan *plan = slot->model->plan;
	struct cpu_place place;

	(void)why;
	if (plan->components[component].part == NO_TENSOR) {
		memcpy(canonical, slot->hidden, plan->width * sizeof(float));
		return KRAIT_OK;
	}
	if (plan->components[component].per_token) {
		move_positions(slot, component, 0, canonical, NULL);
		return KRAIT_OK;
	}
	place = place_of(slot->model, component);
	for (size_t i = 0; i < place.rows; i++)
		for (size_t j = 0; j < place.columns; j++)
			canonical[i * place.columns + j] = slot->data[place_at(&place, i, j)];
	return KRAIT_OK;
}

/* Pages that others share are replaced before. */
static krait_status import_positions(struct slot *slot, uint32_t component, const float *canonical, struct why *why)
{
	uint64_t n_positions = slot->n_positions;
	bool mine;

	slot->n_positions = 0;
	mine = krait__pages_reserve(slot, n_positions);
	slot->n_positions = n_positions;
	if (!mine)
		return krait__why_memory(why);
	move_positions(slot, component, 0, NULL, canonical);
	return KRAIT_OK;
}

krait_status krait__slot_import(struct slot *slot, uint32_t component, const float *canonical, struct why *why)
{
	const struct plan *plan = slot->model->plan;
	struct cpu_place place;

	if (plan->components[component].part == NO_TENSOR) {
		memcpy(slot->hidden, canonical, plan->width * sizeof(float));
		return KRAIT_OK;
	}
	if (plan->components[component].per_token)
		return import_positions(slot, component, canonical, why);
	place = place_of(slot->model, component);
	for (size_t i = 0; i < place.rows; i++)
		for (size_t j = 0; j < place.columns; j++)
			slot->data[place_at(&place, i, j)] = canonical[i * place.columns + j];
	return KRAIT_OK;
}
