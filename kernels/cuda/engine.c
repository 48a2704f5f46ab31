/* SPDX-License-Identifier: Apache-2.0 */
/* engine.c - the CUDA engine's table: opening, closing and what it needs. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cuda/host.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* From shapes alone: sizes of everything, with no memory behind them. */
static krait_status measure(struct emodel *model, const struct plan *plan, const struct engine_config *config, struct why *why)
{
	krait_status status = krait__cuda_check_plan(plan, why);

	if (status != KRAIT_OK)
		return status;
	model->plan = plan;
	model->form = config->weights;
	model->fast = krait__cuda_wants_fast(plan, config);
	model->activations = krait__cuda_activations(model->fast);
	krait__cuda_sizes(&model->sizes, plan, model->activations);
	return KRAIT_OK;
}

static krait_status estimate(const struct plan *plan, const struct engine_config *config, struct engine_memory *out, struct why *why)
{
	struct emodel *model = krait__alloc_zero(1, sizeof(*model));
	struct cuda_carver weights = { 0 }, arena = { 0 };
	krait_status status;

	memset(out, 0, sizeof(*out));
	if (!model)
		return krait__why_memory(why);
	status = measure(model, plan, config, why);
	if (status == KRAIT_OK) {
		krait__cuda_carve_weights(&weights, model);
		krait__cuda_carve_arena(&arena, model);
		out->weights = weights.used;
		out->scratch = arena.used;
		out->slot = model->sizes.slot_floats * sizeof(float);
		out->elsewhere = true;
	}
	krait__free(model);
	return status;
}

/* ---- opening ---------------------------------------------------------------------------------- */

static cudaError_t take_device_memory(struct emodel *model)
{
	struct cuda_carver weights = { 0 }, arena = { 0 };
	cudaError_t error;

	krait__cuda_layout_parts(model->plan, model->parts);
	krait__cuda_carve_weights(&weights, model);
	krait__cuda_carve_arena(&arena, model);
	if (weights.used == SIZE_MAX || arena.used == SIZE_MAX)
		return cudaErrorMemoryAllocation;
	model->arena.size = arena.used;
	error = cudaMalloc((void **)&model->weights, weights.used);
	if (error == cudaSuccess)
		error = cudaMalloc(&model->arena.base, arena.used);
	if (error == cudaSuccess)
		error = cudaMalloc((void **)&model->number_on_device, sizeof(*model->number_on_device));
	if (error != cudaSuccess)
		return error;
	weights = (struct cuda_carver){ .base = model->weights };
	arena = (struct cuda_carver){ .base = model->arena.base };
	krait__cuda_carve_weights(&weights, model);
	krait__cuda_carve_arena(&arena, model);
	return cudaSuccess;
}

static cudaError_t take_pinned_memory(struct emodel *model)
{
	cudaError_t error = cudaHostAlloc((void **)&model->pinned, krait__cuda_block_bytes(&model->sizes), cudaHostAllocDefault);

	if (error == cudaSuccess)
		error = cudaHostAlloc((void **)&model->pinned_results, krait__cuda_result_bytes(&model->sizes), cudaHostAllocDefault);
	return error;
}

static bool spins(void)
{
	const char *wait = getenv("KRAIT_CUDA_WAIT");

	return wait && !strcmp(wait, "spin");
}

static cudaError_t take_queues(struct emodel *model)
{
	cudaError_t error = cudaStreamCreateWithFlags(&model->stream, cudaStreamNonBlocking);

	if (error == cudaSuccess)
		error = cudaStreamCreateWithFlags(&model->copies, cudaStreamNonBlocking);
	if (error == cudaSuccess)
		error = cudaEventCreateWithFlags(&model->queued, cudaEventDisableTiming);
	if (error == cudaSuccess)
		error = cudaEventCreateWithFlags(&model->copied, cudaEventDisableTiming);
	if (error == cudaSuccess && !spins())
		error = cudaEventCreateWithFlags(&model->finished, cudaEventDisableTiming | cudaEventBlockingSync);
	return error;
}

static krait_status take_blas(struct emodel *model, struct why *why)
{
	cublasStatus_t status = model->fast ? cublasLtCreate(&model->blas) : CUBLAS_STATUS_SUCCESS;

	if (status == CUBLAS_STATUS_SUCCESS)
		return KRAIT_OK;
	model->blas = NULL;
	if (status == CUBLAS_STATUS_ALLOC_FAILED)
		return krait__cuda_why(cudaErrorMemoryAllocation, "starting cuBLASLt", why);
	return krait__why(why, KRAIT_ERROR_DEVICE, "cuBLASLt does not start: %s", cublasLtGetStatusName(status));
}

static void describe(struct emodel *model)
{
	static const char *const types[] = { "f32", "f16", "bf16", "int8", "int4" };
	struct cudaDeviceProp properties;
	char name[64] = "CUDA device";

	if (cudaGetDeviceProperties(&properties, model->device) == cudaSuccess)
		snprintf(name, sizeof(name), "%.60s", properties.name);
	else
		cudaGetLastError();
	snprintf(model->about, sizeof(model->about), "%s, %s weights, %s", name, types[model->plan->n_parts ? model->parts[0].in.type : model->head.type],
		model->fast ? "fast" : "exact");
}

static krait_status make_ready(struct emodel *model, struct why *why)
{
	const char *what = "choosing the device";
	cudaError_t error = cudaSetDevice(model->device);
	krait_status status;

	if (error == cudaSuccess && model->driver.get_context(&model->context) != CUDA_SUCCESS)
		error = cudaErrorDeviceUninitialized;
	if (error == cudaSuccess) {
		what = "taking memory for the weights and for passes";
		error = take_device_memory(model);
	}
	if (error == cudaSuccess) {
		what = "taking pinned memory of the host";
		error = take_pinned_memory(model);
	}
	if (error == cudaSuccess) {
		what = "making streams";
		error = take_queues(model);
	}
	if (error != cudaSuccess)
		return krait__cuda_why(error, what, why);
	status = take_blas(model, why);
	if (status == KRAIT_OK)
		status = krait__cuda_upload(model, why);
	if (status != KRAIT_OK)
		return status;
	describe(model);
	error = krait__cuda_load_kernels(model);
	return error == cudaSuccess ? KRAIT_OK : krait__cuda_why(error, "loading kernels", why);
}

/* ---- closing ------------------------------------------------------------------------------------ */

static void free_queues(struct emodel *model)
{
	if (model->finished)
		cudaEventDestroy(model->finished);
	if (model->queued)
		cudaEventDestroy(model->queued);
	if (model->copied)
		cudaEventDestroy(model->copied);
	if (model->copies)
		cudaStreamDestroy(model->copies);
	if (model->stream)
		cudaStreamDestroy(model->stream);
}

static void free_memory(struct emodel *model)
{
	void *const device[] = { model->weights, model->arena.base, model->extra, model->counts, model->number_on_device };

	krait__cuda_mirrors_free(model);
	krait__cuda_pool_free(&model->pool);
	for (size_t i = 0; i < sizeof(device) / sizeof(*device); i++)
		if (device[i])
			cudaFree(device[i]);
	if (model->pinned)
		cudaFreeHost(model->pinned);
	if (model->pinned_results)
		cudaFreeHost(model->pinned_results);
}

/* What belongs to the device goes as far as the device lets it. */
static void close_here(struct emodel *model)
{
	CUcontext before = NULL;
	bool known = model->context && model->driver.get_context(&before) == CUDA_SUCCESS;

	if (known && before != model->context)
		model->driver.set_context(model->context);
	if (model->stream)
		cudaStreamSynchronize(model->stream);
	if (model->copies)
		cudaStreamSynchronize(model->copies);
	krait__cuda_graphs_free(model);
	krait__cuda_gemms_free(model);
	krait__cuda_profile_free(model);
	free_memory(model);
	free_queues(model);
	cudaGetLastError();
	if (known && before != model->context)
		model->driver.set_context(before);
	krait__turn_destroy(&model->turn);
}

/* A child of fork() has the parent's handles, and no device behind them: it drops what is its own. */
static void close_in_child(struct emodel *model)
{
	while (model->pool.slabs) {
		struct slab *next = model->pool.slabs->next;

		krait__free(model->pool.slabs);
		model->pool.slabs = next;
	}
	krait__free(model->pool.free);
	krait__free(model->profile.marks);
	while (model->mirrors) {
		struct mirror *next = model->mirrors->next;

		if (!model->mirrors->pinned)
			krait__free(model->mirrors->data);
		krait__free(model->mirrors);
		model->mirrors = next;
	}
}

static void close_model(struct emodel *model)
{
	if (!model)
		return;
	if (model->pid == getpid())
		close_here(model);
	else
		close_in_child(model);
	krait__free(model->parts);
	krait__free(model);
}

static cudaError_t caller_context(struct driver *driver, CUcontext *out)
{
	cudaError_t error = krait__cuda_driver(driver);

	return error == cudaSuccess && driver->get_context(out) != CUDA_SUCCESS ? cudaErrorInitializationError : error;
}

static krait_status open_model(struct emodel **out, const struct plan *plan, const struct engine_config *config, struct why *why)
{
	struct emodel *model = krait__alloc_zero(1, sizeof(*model));
	struct driver driver = { 0 };
	CUcontext before = NULL;
	cudaError_t error;
	krait_status status;

	*out = NULL;
	if (!model)
		return krait__why_memory(why);
	status = measure(model, plan, config, why);
	model->parts = krait__alloc_zero(plan->n_parts, sizeof(*model->parts));
	if (status != KRAIT_OK || !model->parts || !krait__turn_init(&model->turn)) {
		krait__free(model->parts);
		krait__free(model);
		return status == KRAIT_OK ? krait__why_memory(why) : status;
	}
	model->device = (int)config->device;
	model->pid = getpid();
	atomic_init(&model->lost, false);
	error = caller_context(&driver, &before);
	model->driver = driver;
	status = error == cudaSuccess ? make_ready(model, why) : krait__cuda_why(error, "starting the driver", why);
	if (status != KRAIT_OK)
		close_model(model);
	else
		*out = model;
	if (error == cudaSuccess)
		driver.set_context(before);
	return status;
}

static const char *about(const struct emodel *model)
{
	return model->about;
}

const struct engine krait__cuda_engine = {
	.abi = KRAIT__ENGINE_ABI, .size = sizeof(struct engine), .name = "cuda",
	.devices = krait__cuda_devices, .estimate = estimate, .open = open_model, .close = close_model, .about = about, .lost = krait__cuda_lost,
	.slot_new = krait__cuda_slot_new, .slot_free = krait__cuda_slot_free, .slot_clear = krait__cuda_slot_clear,
	.slot_copy = krait__cuda_slot_copy, .slot_export = krait__cuda_slot_export, .slot_import = krait__cuda_slot_import,
	.slot_keep = krait__cuda_slot_keep, .forward = krait__cuda_forward, .logits = krait__cuda_logits, .generate = krait__cuda_generate,
	.quantises = true,
	.ceilings = krait__cuda_ceilings, .profile = krait__cuda_profile, .profiled = krait__cuda_profiled, .wait = krait__cuda_wait,
};
