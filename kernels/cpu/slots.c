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
	slot->model = model;
	slot->hidden = slot->data + model->hidden_at;
	memset(slot->data, 0, model->slot_floats * sizeof(float));
	*out = slot;
	return KRAIT_OK;
}

void krait__slot_free(struct slot *slot)
{
	krait__free(slot);
}

/* Nothing below can fail here: the reasons are for engines whose memory is elsewhere. */
krait_status krait__slot_clear(struct slot *slot, struct why *why)
{
	(void)why;
	memset(slot->data, 0, slot->model->slot_floats * sizeof(float));
	return KRAIT_OK;
}

krait_status krait__slot_copy(struct slot *to, const struct slot *from, struct why *why)
{
	(void)why;
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

krait_status krait__slot_export(const struct slot *slot, uint32_t component, float *canonical, struct why *why)
{
	const struct plan *plan = slot->model->plan;
	struct cpu_place place;

	(void)why;
	if (plan->components[component].part == NO_TENSOR) {
		memcpy(canonical, slot->hidden, plan->width * sizeof(float));
		return KRAIT_OK;
	}
	place = place_of(slot->model, component);
	for (size_t i = 0; i < place.rows; i++)
		for (size_t j = 0; j < place.columns; j++)
			canonical[i * place.columns + j] = slot->data[place_at(&place, i, j)];
	return KRAIT_OK;
}

krait_status krait__slot_import(struct slot *slot, uint32_t component, const float *canonical, struct why *why)
{
	const struct plan *plan = slot->model->plan;
	struct cpu_place place;

	(void)why;
	if (plan->components[component].part == NO_TENSOR) {
		memcpy(slot->hidden, canonical, plan->width * sizeof(float));
		return KRAIT_OK;
	}
	place = place_of(slot->model, component);
	for (size_t i = 0; i < place.rows; i++)
		for (size_t j = 0; j < place.columns; j++)
			slot->data[place_at(&place, i, j)] = canonical[i * place.columns + j];
	return KRAIT_OK;
}
