/* SPDX-License-Identifier: Apache-2.0 */
/* devices.c - what there is, and why it cannot be used. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cuda/host.h"

#include <stdio.h>
#include <string.h>

#define LEAST_CAPABILITY 8
#define DRIVER_OF_13 "580"

/* Why no device can be counted. */
static void explain(char *out, size_t n_out, cudaError_t error)
{
	int driver = 0, runtime = 0;

	cudaGetLastError();
	if (cudaDriverGetVersion(&driver) != cudaSuccess)
		driver = 0;
	if (cudaRuntimeGetVersion(&runtime) != cudaSuccess)
		runtime = CUDART_VERSION;
	if (error == cudaErrorInsufficientDriver && driver == 0)
		snprintf(out, n_out, "there is no NVIDIA driver (libcuda.so.1 was not found): install driver " DRIVER_OF_13 " or later, which has CUDA %d.%d",
			runtime / 1000, runtime % 1000 / 10);
	else if (error == cudaErrorInsufficientDriver)
		snprintf(out, n_out, "the NVIDIA driver is too old: it has CUDA %d.%d, and %d.%d is needed; install driver " DRIVER_OF_13 " or later",
			driver / 1000, driver % 1000 / 10, runtime / 1000, runtime % 1000 / 10);
	else if (error == cudaErrorNoDevice || error == cudaSuccess)
		snprintf(out, n_out, "the driver sees no NVIDIA GPU: is there one, and does CUDA_VISIBLE_DEVICES leave it visible?");
	else if (error == cudaErrorInitializationError)
		snprintf(out, n_out, "the driver cannot be started here: did this process come from fork() after CUDA had been used? Start a new one "
			"(posix_spawn, exec)");
	else
		snprintf(out, n_out, "the driver does not answer: %s (%s)", cudaGetErrorString(error), cudaGetErrorName(error));
}

/* The memory that is free is the driver's to say, for the device that is current. A device that this process does not use
 * stays unasked: a context there takes seconds, and hundreds of megabytes. */
static void ask_memory(struct device *out, int index)
{
	size_t left = 0, all = 0;
	struct driver driver;
	CUcontext before;
	unsigned flags;
	int active = 0;

	if (krait__cuda_driver(&driver) != cudaSuccess || driver.is_active(index, &flags, &active) != CUDA_SUCCESS || !active ||
			driver.get_context(&before) != CUDA_SUCCESS)
		return;
	if (cudaSetDevice(index) == cudaSuccess && cudaMemGetInfo(&left, &all) == cudaSuccess) {
		out->memory_free = left;
		out->memory = all;
	}
	driver.set_context(before);
}

static void describe(struct device *out, int index)
{
	struct cudaDeviceProp properties;
	cudaError_t error = cudaGetDeviceProperties(&properties, index);

	memset(out, 0, sizeof(*out));
	snprintf(out->name, sizeof(out->name), "cuda:%d", index);
	if (error != cudaSuccess) {
		cudaGetLastError();
		snprintf(out->about, sizeof(out->about), "cannot be used: %s", cudaGetErrorString(error));
		return;
	}
	out->memory = properties.totalGlobalMem;
	if (properties.major < LEAST_CAPABILITY) {
		snprintf(out->about, sizeof(out->about), "%.80s cannot be used: its compute capability is %d.%d, and %d.0 (Ampere) is needed", properties.name,
			properties.major, properties.minor, LEAST_CAPABILITY);
		return;
	}
	snprintf(out->about, sizeof(out->about), "%.80s, compute capability %d.%d, %d multiprocessors", properties.name, properties.major,
		properties.minor, properties.multiProcessorCount);
	out->usable = true;
	ask_memory(out, index);
}

krait_status krait__cuda_devices(struct device *out, size_t n_out, size_t *n)
{
	int count = 0;
	cudaError_t error = cudaGetDeviceCount(&count);

	*n = error == cudaSuccess && count > 0 ? (size_t)count : 1;
	if (error != cudaSuccess || count <= 0) {
		if (n_out == 0)
			return KRAIT_OK;
		memset(out, 0, sizeof(*out));
		snprintf(out->name, sizeof(out->name), "cuda");
		explain(out->about, sizeof(out->about), error);
		return KRAIT_OK;
	}
	for (size_t i = 0; i < *n && i < n_out; i++)
		describe(&out[i], (int)i);
	return KRAIT_OK;
}
