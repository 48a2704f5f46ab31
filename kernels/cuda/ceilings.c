/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ceilings.c - what this device does at best, for others to be compared with: reading its memory, a large product
 * on tensor cores, copies to pinned memory. Memory for it is taken and given back.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cuda/ceiling.h"
#include "kernels/cuda/host.h"
#include "base/memory.h"

#define ROUNDS 5
#define CACHES 16u              /* times the second-level cache are read, so that it holds next to nothing of it */
#define COPY_BYTES ((size_t)64 << 20)
#define SIDE 8192u
#define PATTERN ((size_t)1 << 20)       /* bytes */
#define BLOCKS 8u               /* a multiprocessor */

struct cuda_measured krait__cuda_measured;

struct attempt {
	struct emodel *model;
	char *device, *pinned;
	size_t n_device, n_copied;
	uint32_t side;
	unsigned n_blocks;
	cudaEvent_t before, after;
};

static cudaError_t read_once(const struct attempt *a)
{
	size_t n_sums = a->n_blocks * sizeof(unsigned);

	return krait__cuda_ceiling_read(a->device + n_sums, a->n_device - n_sums, (unsigned *)(void *)a->device, a->n_blocks, a->model->stream);
}

static cudaError_t copy_once(const struct attempt *a)
{
	return cudaMemcpyAsync(a->pinned, a->device, a->n_copied, cudaMemcpyDeviceToHost, a->model->stream);
}

/* Three matrices of float16, the type of activations. */
static cudaError_t multiply_once(const struct attempt *a)
{
	size_t n = (size_t)a->side * a->side * sizeof(uint16_t);
	struct kc_matrix matrix = { .data = a->device, .rows = a->side, .k = a->side, .type = KC_F16 };
	struct gemm gemm = { .matrix = &matrix, .in = { a->device + n, a->side, KC_F16 }, .out = { a->device + 2 * n, a->side, KC_F16 },
		.n_rows = a->side };

	return krait__cuda_gemm(a->model, &gemm);
}

/* Seconds of the fastest round. */
static cudaError_t fastest(const struct attempt *a, cudaError_t (*once)(const struct attempt *), double *best)
{
	cudaError_t error = cudaSuccess;

	for (int round = 0; round < ROUNDS && error == cudaSuccess; round++) {
		float milliseconds = 0;

		error = cudaEventRecord(a->before, a->model->stream);
		if (error == cudaSuccess)
			error = once(a);
		if (error == cudaSuccess)
			error = cudaEventRecord(a->after, a->model->stream);
		if (error == cudaSuccess)
			error = cudaEventSynchronize(a->after);
		if (error == cudaSuccess)
			error = cudaEventElapsedTime(&milliseconds, a->before, a->after);
		if (round == 0 || 1e-3 * milliseconds < *best)
			*best = 1e-3 * milliseconds;
	}
	return error;
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* Numbers between 1/16 and 1 of either sign, again and again: a product of zeros takes less power than a real
 * one, and may run faster than any. */
static cudaError_t fill(const struct attempt *a)
{
	size_t n = PATTERN < a->n_device ? PATTERN : a->n_device;
	uint16_t *numbers = krait__alloc(PATTERN / sizeof(*numbers), sizeof(*numbers));
	uint32_t seed = 1;
	cudaError_t error = numbers ? cudaSuccess : cudaErrorMemoryAllocation;

	for (size_t i = 0; numbers && i < PATTERN / sizeof(*numbers); i++) {
		seed = seed * 1664525u + 1013904223u;
		numbers[i] = (uint16_t)((seed >> 16 & 0x83ffu) | (11u + (seed >> 14 & 3u)) << 10);
	}
	for (size_t at = 0; at < a->n_device && error == cudaSuccess; at += n)
		error = cudaMemcpyAsync(a->device + at, numbers, a->n_device - at < n ? a->n_device - at : n, cudaMemcpyHostToDevice, a->model->stream);
	if (error == cudaSuccess)
		error = cudaStreamSynchronize(a->model->stream);
	krait__free(numbers);
	return error;
}

/* How much to work on: enough to say something, and no more than the device has left. */
static cudaError_t choose_sizes(struct attempt *a)
{
	const struct cuda_measured *given = &krait__cuda_measured;
	size_t left = 0, all = 0;
	int cache = 0, n_multiprocessors = 1;
	cudaError_t error = cudaDeviceGetAttribute(&cache, cudaDevAttrL2CacheSize, a->model->device);

	if (error == cudaSuccess)
		error = cudaDeviceGetAttribute(&n_multiprocessors, cudaDevAttrMultiProcessorCount, a->model->device);
	if (error == cudaSuccess)
		error = cudaMemGetInfo(&left, &all);
	a->n_blocks = BLOCKS * (unsigned)n_multiprocessors;
	a->side = given->side ? given->side : SIDE;
	a->n_copied = given->copy_bytes ? given->copy_bytes : COPY_BYTES;
	a->n_device = given->read_bytes ? given->read_bytes : (size_t)cache * CACHES;
	if (a->n_device > left / 2)
		a->n_device = left / 2;
	a->n_device = larger(a->n_device, larger(a->n_copied, a->model->fast ? 3 * sizeof(uint16_t) * a->side * a->side : 0));
	a->n_device = (a->n_device + a->n_blocks * sizeof(unsigned)) / 16 * 16;
	return error;
}

static cudaError_t take(struct attempt *a)
{
	cudaError_t error = choose_sizes(a);

	if (error == cudaSuccess)
		error = cudaMalloc((void **)&a->device, a->n_device);
	if (error == cudaSuccess)
		error = fill(a);
	if (error == cudaSuccess)
		error = cudaHostAlloc((void **)&a->pinned, a->n_copied, cudaHostAllocDefault);
	if (error == cudaSuccess)
		error = cudaEventCreate(&a->before);
	return error == cudaSuccess ? cudaEventCreate(&a->after) : error;
}

static void give_back(struct attempt *a)
{
	if (a->before)
		cudaEventDestroy(a->before);
	if (a->after)
		cudaEventDestroy(a->after);
	if (a->pinned)
		cudaFreeHost(a->pinned);
	if (a->device)
		cudaFree(a->device);
}

static double rate(double work, double seconds)
{
	return seconds > 0 ? work / seconds : 0;
}

static cudaError_t measure(const struct attempt *a, struct engine_ceilings *out)
{
	double seconds = 0;
	cudaError_t error = fastest(a, read_once, &seconds);

	out->buffer_bytes = a->n_device;
	out->read = rate((double)a->n_device, seconds);
	if (error == cudaSuccess)
		error = fastest(a, copy_once, &seconds);
	out->to_host = rate((double)a->n_copied, seconds);
	if (error == cudaSuccess && a->model->fast) {
		error = fastest(a, multiply_once, &seconds);
		out->flops = rate(2.0 * a->side * a->side * a->side, seconds);
	}
	return error;
}

krait_status krait__cuda_ceilings(struct emodel *model, struct engine_ceilings *out, struct why *why)
{
	struct attempt attempt = { .model = model };
	krait_status status = krait__cuda_enter(model, why);
	cudaError_t error;

	*out = (struct engine_ceilings){ 0 };
	if (status != KRAIT_OK)
		return status;
	error = take(&attempt);
	if (error == cudaSuccess)
		error = measure(&attempt, out);
	give_back(&attempt);
	return krait__cuda_finish(model, error, "measuring the device", false, why);
}
