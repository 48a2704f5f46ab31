/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slots.c - one sequence's state: one block of device memory, from a pool. Copies are queued and
 * nobody waits for them; what is queued later sees them.
 *
 * Inside a slot the states stand as in the canonical form; only windows are turned, with
 * channels side by side.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cuda/host.h"
#include "base/memory.h"

#include <string.h>
#include <unistd.h>

#define SLAB_SLOTS 64           /* at most; the first slab has one */

/* ---- the pool ------------------------------------------------------------------------------ */

static bool free_list_for(struct slot_pool *pool, size_t n)
{
	float **grown = krait__resize(pool->free, pool->n_all + n, sizeof(*grown));

	if (grown)
		pool->free = grown;
	return grown != NULL;
}

static cudaError_t add_slab(struct slot_pool *pool, size_t n, size_t slot_floats)
{
	struct slab *slab;
	cudaError_t error;

	if (!free_list_for(pool, n))
		return cudaErrorMemoryAllocation;
	slab = krait__alloc(1, sizeof(*slab));
	if (!slab)
		return cudaErrorMemoryAllocation;
	error = cudaMalloc(&slab->memory, n * slot_floats * sizeof(float));
	if (error != cudaSuccess) {
		krait__free(slab);
		return error;
	}
	slab->next = pool->slabs;
	pool->slabs = slab;
	for (size_t i = 0; i < n; i++)
		pool->free[pool->n_free++] = (float *)slab->memory + (n - 1 - i) * slot_floats;
	pool->n_all += n;
	pool->n_next = 2 * n < SLAB_SLOTS ? 2 * n : SLAB_SLOTS;
	return cudaSuccess;
}

/* Slabs double; where a large one does not fit, one slot may. */
static cudaError_t take_block(struct emodel *model, float **out)
{
	struct slot_pool *pool = &model->pool;
	cudaError_t error = cudaSuccess;

	if (!pool->n_free) {
		size_t n = pool->n_next ? pool->n_next : 1;

		error = add_slab(pool, n, model->sizes.slot_floats);
		if (error == cudaErrorMemoryAllocation && n > 1) {
			cudaGetLastError();
			error = add_slab(pool, 1, model->sizes.slot_floats);
		}
	}
	if (error == cudaSuccess)
		*out = pool->free[--pool->n_free];
	return error;
}

void krait__cuda_pool_free(struct slot_pool *pool)
{
	while (pool->slabs) {
		struct slab *next = pool->slabs->next;

		cudaFree(pool->slabs->memory);
		krait__free(pool->slabs);
		pool->slabs = next;
	}
	krait__free(pool->free);
	*pool = (struct slot_pool){ 0 };
}

/* ---- slots ----------------------------------------------------------------------------------- */

static size_t slot_bytes(const struct emodel *model)
{
	return model->sizes.slot_floats * sizeof(float);
}

krait_status krait__cuda_slot_new(struct slot **out, struct emodel *model, struct why *why)
{
	krait_status status = krait__cuda_enter(model, why);
	struct slot *slot;
	cudaError_t error;

	*out = NULL;
	if (status != KRAIT_OK)
		return status;
	slot = krait__alloc_zero(1, sizeof(*slot));
	error = slot ? take_block(model, &slot->data) : cudaErrorMemoryAllocation;
	if (error == cudaSuccess)
		error = cudaMemsetAsync(slot->data, 0, slot_bytes(model), model->stream);
	if (error == cudaSuccess) {
		slot->model = model;
		*out = slot;
	} else {
		if (slot && slot->data)
			model->pool.free[model->pool.n_free++] = slot->data;
		krait__free(slot);
	}
	return krait__cuda_finish(model, error, "taking memory for a session", false, why);
}

/* Needs no call of CUDA, so that it works whatever became of the device. */
void krait__cuda_slot_free(struct slot *slot)
{
	struct emodel *model;

	if (!slot)
		return;
	model = slot->model;
	if (model->pid == getpid()) {
		krait__turn_take(&model->turn);
		krait__cuda_mirror_drop(slot);
		if (slot->kept)
			slot->kept->kept_for = NULL;
		model->pool.free[model->pool.n_free++] = slot->data;
		krait__turn_leave(&model->turn);
	}
	krait__free(slot);
}

krait_status krait__cuda_slot_clear(struct slot *slot, struct why *why)
{
	struct emodel *model = slot->model;
	krait_status status = krait__cuda_enter(model, why);
	cudaError_t error;

	if (status != KRAIT_OK)
		return status;
	error = cudaMemsetAsync(slot->data, 0, slot_bytes(model), model->stream);
	return krait__cuda_finish(model, error, "clearing a session", false, why);
}

krait_status krait__cuda_slot_copy(struct slot *to, const struct slot *from, struct why *why)
{
	struct emodel *model = to->model;
	krait_status status = krait__cuda_enter(model, why);
	cudaError_t error;

	if (status != KRAIT_OK)
		return status;
	error = cudaMemcpyAsync(to->data, from->data, slot_bytes(model), cudaMemcpyDeviceToDevice, model->stream);
	return krait__cuda_finish(model, error, "copying a session's state", false, why);
}

/* ---- the canonical form ------------------------------------------------------------------------ */

struct place {
	size_t at, n;
	size_t channels, columns;       /* of a window, which is turned; else 0 */
};

static struct place place_of(const struct emodel *model, uint32_t component)
{
	const struct component *wanted = &model->plan->components[component];
	const struct cuda_ready *ready;
	size_t n = 1;

	for (uint32_t i = 0; i < wanted->rank; i++)
		n *= (size_t)wanted->shape[i];
	if (wanted->part == NO_TENSOR)
		return (struct place){ model->sizes.hidden_at, n, 0, 0 };
	ready = &model->parts[wanted->part];
	if (component == ready->part->component)
		return (struct place){ ready->conv_at, n, ready->n_channels, ready->part->d_conv - 1 };
	return (struct place){ ready->ssm_at, n, 0, 0 };
}

static void turn_window(float *to, const float *from, size_t rows, size_t columns)
{
	for (size_t i = 0; i < rows; i++)
		for (size_t j = 0; j < columns; j++)
			to[j * rows + i] = from[i * columns + j];
}

static cudaError_t fetch(struct emodel *model, float *to, const float *from, size_t n)
{
	cudaError_t error = n ? cudaMemcpyAsync(to, from, n * sizeof(float), cudaMemcpyDeviceToHost, model->stream) : cudaSuccess;

	return error == cudaSuccess ? krait__cuda_drain(model) : error;
}

/* As it stands in the slot. */
static krait_status read_place(const struct slot *slot, const struct place *place, float *out, struct why *why)
{
	struct emodel *model = slot->model;
	const float *mirrored = krait__cuda_mirror_data(slot);
	krait_status status;
	cudaError_t error;

	if (mirrored) {
		memcpy(out, mirrored + place->at, place->n * sizeof(float));
		return KRAIT_OK;
	}
	status = krait__cuda_enter(model, why);
	if (status != KRAIT_OK)
		return status;
	error = fetch(model, out, slot->data + place->at, place->n);
	return krait__cuda_finish(model, error, "reading a session's state", false, why);
}

krait_status krait__cuda_slot_export(const struct slot *slot, uint32_t component, float *canonical, struct why *why)
{
	struct place place = place_of(slot->model, component);
	krait_status status;
	float *turned;

	if (place.n == 0)
		return KRAIT_OK;
	if (!place.channels)
		return read_place(slot, &place, canonical, why);
	turned = krait__alloc(place.n, sizeof(*turned));
	if (!turned)
		return krait__why_memory(why);
	status = read_place(slot, &place, turned, why);
	if (status == KRAIT_OK)
		turn_window(canonical, turned, place.columns, place.channels);
	krait__free(turned);
	return status;
}

/* The values leave the caller's memory before this returns. */
static krait_status write_place(struct slot *slot, const struct place *place, const float *values, struct why *why)
{
	struct emodel *model = slot->model;
	krait_status status = krait__cuda_enter(model, why);
	cudaError_t error;

	if (status != KRAIT_OK)
		return status;
	error = cudaMemcpyAsync(slot->data + place->at, values, place->n * sizeof(float), cudaMemcpyHostToDevice, model->stream);
	if (error == cudaSuccess)
		error = krait__cuda_drain(model);
	return krait__cuda_finish(model, error, "writing a session's state", false, why);
}

krait_status krait__cuda_slot_import(struct slot *slot, uint32_t component, const float *canonical, struct why *why)
{
	struct place place = place_of(slot->model, component);
	krait_status status;
	float *turned;

	if (place.n == 0)
		return KRAIT_OK;
	if (!place.channels)
		return write_place(slot, &place, canonical, why);
	turned = krait__alloc(place.n, sizeof(*turned));
	if (!turned)
		return krait__why_memory(why);
	turn_window(turned, canonical, place.channels, place.columns);
	status = write_place(slot, &place, turned, why);
	krait__free(turned);
	return status;
}
