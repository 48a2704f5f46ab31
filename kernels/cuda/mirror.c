/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mirror.c - host copies of snapshots, so that they outlive the device.
 *
 * A copy is queued on a stream of its own, behind what was queued when the snapshot was taken,
 * and behind it a number. When the number is there, so is all before it: no call to the device
 * is needed to know, which matters once none works. Each sequence has one, for its newest
 * snapshot. Pinned blocks are kept and used again, up to a bound; beyond it copies go to ordinary memory.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cuda/host.h"
#include "base/memory.h"

#include <string.h>
#include <unistd.h>

static size_t state_bytes(const struct emodel *model)
{
	return model->sizes.slot_floats * sizeof(float);
}

size_t krait__cuda_most_pinned = (size_t)512 << 20;

static void free_mirror(struct emodel *model, struct mirror *mirror)
{
	if (mirror->pinned) {
		cudaFreeHost(mirror->data);
		model->pinned_bytes -= state_bytes(model) + sizeof(uint32_t);
	} else {
		krait__free(mirror->data);
	}
	krait__free(mirror);
}

static struct mirror *new_mirror(struct emodel *model)
{
	struct mirror *mirror = krait__alloc_zero(1, sizeof(*mirror));
	size_t n = state_bytes(model) + sizeof(uint32_t);

	if (!mirror)
		return NULL;
	if (model->pinned_bytes + n <= krait__cuda_most_pinned) {
		mirror->pinned = cudaHostAlloc((void **)&mirror->data, n, cudaHostAllocDefault) == cudaSuccess;
		if (mirror->pinned)
			model->pinned_bytes += n;
		else
			cudaGetLastError();
	}
	if (!mirror->pinned)
		mirror->data = krait__alloc(n, 1);
	if (!mirror->data) {
		krait__free(mirror);
		return NULL;
	}
	mirror->written = (uint32_t *)(void *)((char *)mirror->data + state_bytes(model));
	*mirror->written = 0;
	return mirror;
}

static struct mirror *take_mirror(struct emodel *model)
{
	struct mirror *mirror = model->mirrors;

	if (!mirror)
		return new_mirror(model);
	model->mirrors = mirror->next;
	mirror->next = NULL;
	return mirror;
}

/* With the turn. */
void krait__cuda_mirror_drop(struct slot *slot)
{
	struct emodel *model = slot->model;

	if (slot->kept_for && slot->kept_for->kept == slot)
		slot->kept_for->kept = NULL;
	slot->kept_for = NULL;
	if (!slot->mirror)
		return;
	/* whoever gets the slot's memory next must not change it before it was read */
	if (*slot->mirror->written != slot->mirror->number && cudaStreamWaitEvent(model->stream, model->copied, 0) != cudaSuccess)
		cudaGetLastError();
	/* a copy to ordinary memory is over when it has been queued: nothing is on its way there any more */
	if (slot->mirror->pinned) {
		slot->mirror->next = model->mirrors;
		model->mirrors = slot->mirror;
	} else {
		free_mirror(model, slot->mirror);
	}
	slot->mirror = NULL;
}

static cudaError_t queue_copy(struct emodel *model, const struct slot *slot, const struct mirror *mirror)
{
	cudaError_t error = cudaEventRecord(model->queued, model->stream);

	if (error == cudaSuccess)
		error = cudaStreamWaitEvent(model->copies, model->queued, 0);
	if (error == cudaSuccess)
		error = cudaMemcpyAsync(mirror->data, slot->data, state_bytes(model), cudaMemcpyDeviceToHost, model->copies);
	/* all bytes of the number are alike, so that it can be set without a kernel */
	if (error == cudaSuccess)
		error = cudaMemsetAsync(model->number_on_device, (int)(mirror->number & 0xff), sizeof(uint32_t), model->copies);
	if (error == cudaSuccess)
		error = cudaMemcpyAsync((void *)(uintptr_t)mirror->written, model->number_on_device, sizeof(uint32_t), cudaMemcpyDeviceToHost, model->copies);
	return error == cudaSuccess ? cudaEventRecord(model->copied, model->copies) : error;
}

/* From 1 to 255: 0 is a fresh block. It is neither what stands there nor what may still be under way. */
static void choose_number(struct emodel *model, struct mirror *mirror)
{
	uint32_t before = mirror->number;

	do {
		model->mirrors_made = model->mirrors_made % 255 + 1;
		mirror->number = model->mirrors_made * 0x01010101u;
	} while (mirror->number == before || mirror->number == *mirror->written);
}

void krait__cuda_slot_keep(struct slot *copy, struct slot *of)
{
	struct emodel *model = copy->model;

	if (krait__cuda_enter(model, NULL) != KRAIT_OK)
		return;
	if (of->kept)
		krait__cuda_mirror_drop(of->kept);
	copy->mirror = take_mirror(model);
	if (copy->mirror) {
		copy->kept_for = of;
		of->kept = copy;
		choose_number(model, copy->mirror);
		if (queue_copy(model, copy, copy->mirror) != cudaSuccess) {
			cudaGetLastError();
			krait__cuda_mirror_drop(copy);
		}
	}
	krait__cuda_leave(model);
}

const float *krait__cuda_mirror_data(const struct slot *slot)
{
	if (!slot->mirror || slot->model->pid != getpid() || *slot->mirror->written != slot->mirror->number)
		return NULL;
	atomic_thread_fence(memory_order_acquire);
	return slot->mirror->data;
}

void krait__cuda_mirrors_free(struct emodel *model)
{
	while (model->mirrors) {
		struct mirror *next = model->mirrors->next;

		free_mirror(model, model->mirrors);
		model->mirrors = next;
	}
}
