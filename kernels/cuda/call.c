/* SPDX-License-Identifier: Apache-2.0 */
/* call.c - how every call begins and ends, and what a failed CUDA call means for it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cuda/host.h"

#include <stdio.h>
#include <unistd.h>

static krait_status say_lost(const struct emodel *model, struct why *why)
{
	return krait__why(why, KRAIT_ERROR_LOST, "%s; sessions on it can only be freed: open the model anew, and restore saved states",
		model->lost_text);
}

bool krait__cuda_lost(const struct emodel *model, struct why *why)
{
	if (!atomic_load(&model->lost))
		return false;
	say_lost(model, why);
	return true;
}

static cudaError_t driver_call(const char *name, void *out)
{
	enum cudaDriverEntryPointQueryResult found = cudaDriverEntryPointSymbolNotFound;
	cudaError_t error = cudaGetDriverEntryPointByVersion(name, out, CUDART_VERSION, cudaEnableDefault, &found);

	return error == cudaSuccess && found != cudaDriverEntryPointSuccess ? cudaErrorNotSupported : error;
}

cudaError_t krait__cuda_driver(struct driver *out)
{
	cudaError_t error = driver_call("cuCtxGetCurrent", &out->get_context);

	if (error == cudaSuccess)
		error = driver_call("cuCtxSetCurrent", &out->set_context);
	return error == cudaSuccess ? driver_call("cuDevicePrimaryCtxGetState", &out->is_active) : error;
}

/* The caller's context is put back afterwards, where it has one. cudaSetDevice() would make one on the device to go back to. */
krait_status krait__cuda_enter(struct emodel *model, struct why *why)
{
	CUresult result;

	if (model->pid != getpid())
		return krait__why(why, KRAIT_ERROR_FORKED, "the model was opened before fork(), and a GPU that was in use before it cannot be used in the "
			"child: start a new process (posix_spawn, exec) and open the model there, or use device=cpu");
	krait__turn_take(&model->turn);
	if (krait__cuda_lost(model, why)) {
		krait__turn_leave(&model->turn);
		return KRAIT_ERROR_LOST;
	}
	result = model->driver.get_context(&model->other);
	if (result == CUDA_SUCCESS && model->other != model->context)
		result = model->driver.set_context(model->context);
	if (result == CUDA_SUCCESS) {
		krait__cuda_alone = model->profile.on;
		return KRAIT_OK;
	}
	krait__turn_leave(&model->turn);
	return krait__why(why, KRAIT_ERROR_DEVICE, "choosing device cuda:%d failed: the driver answers %d", model->device, (int)result);
}

void krait__cuda_leave(struct emodel *model)
{
	krait__cuda_alone = 0;
	if (model->other != model->context)
		model->driver.set_context(model->other);
	krait__turn_leave(&model->turn);
}

/* Errors of the call itself, after which the device works as before. */
static bool harmless(cudaError_t error)
{
	switch (error) {
	case cudaErrorMemoryAllocation:
	case cudaErrorInvalidValue:
	case cudaErrorInvalidConfiguration:
	case cudaErrorNotSupported:
	case cudaErrorLaunchOutOfResources:
	case cudaErrorStreamCaptureInvalidated:
	case cudaErrorStreamCaptureUnsupported:
	case cudaErrorGraphExecUpdateFailure:
		return true;
	default:
		return false;
	}
}

krait_status krait__cuda_why(cudaError_t error, const char *what, struct why *why)
{
	cudaGetLastError();
	if (error == cudaErrorMemoryAllocation)
		return krait__why(why, KRAIT_ERROR_MEMORY, "out of device memory while %s: fewer sessions, smaller weights (KRAIT_OPTION_WEIGHTS) "
			"or another device may help", what);
	return krait__why(why, KRAIT_ERROR_DEVICE, "%s failed: %s (%s)", what, cudaGetErrorString(error), cudaGetErrorName(error));
}

krait_status krait__cuda_failed(struct emodel *model, cudaError_t error, const char *what, bool moved, struct why *why)
{
	if (!moved && harmless(error))
		return krait__cuda_why(error, what, why);
	cudaGetLastError();
	snprintf(model->lost_text, sizeof(model->lost_text), "device cuda:%d was lost while %s: %s (%s)", model->device, what,
		cudaGetErrorString(error), cudaGetErrorName(error));
	atomic_store(&model->lost, true);
	return say_lost(model, why);
}

krait_status krait__cuda_finish(struct emodel *model, cudaError_t error, const char *what, bool moved, struct why *why)
{
	krait_status status = error == cudaSuccess ? KRAIT_OK : krait__cuda_failed(model, error, what, moved, why);

	krait__cuda_leave(model);
	return status;
}

/* The thread sleeps meanwhile. cudaStreamSynchronize() would keep a core busy; it answers some microseconds sooner. */
cudaError_t krait__cuda_drain(struct emodel *model)
{
	cudaError_t error;

	if (!model->finished)
		return cudaStreamSynchronize(model->stream);
	error = cudaEventRecord(model->finished, model->stream);
	return error == cudaSuccess ? cudaEventSynchronize(model->finished) : error;
}

/* The copies are queued behind the work. */
krait_status krait__cuda_wait(struct emodel *model, struct why *why)
{
	krait_status status = krait__cuda_enter(model, why);
	cudaError_t error;

	if (status != KRAIT_OK)
		return status;
	error = krait__cuda_drain(model);
	if (error == cudaSuccess)
		error = cudaStreamSynchronize(model->copies);
	return krait__cuda_finish(model, error, "waiting for the device", true, why);
}
