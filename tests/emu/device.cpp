// SPDX-License-Identifier: Apache-2.0
// device.cpp - what the device says of itself, and of functions.
#include "inner.h"

#include <algorithm>

using namespace emu;

namespace emu {

struct Function {
	const void *kernel;
	size_t shared;
};
static std::vector<Function> &functions = *new std::vector<Function>;

size_t shared_limit(const void *kernel)
{
	for (const Function &f : functions)
		if (f.kernel == kernel)
			return f.shared;
	return 48 << 10;
}

/* By threads and shared memory (a block takes 1 KB more than it asks for); registers are not known here. */
int resident_blocks(const void *, unsigned n_threads, size_t shared)
{
	size_t by_threads = 2048 / ((n_threads + 31) / 32 * 32), by_shared = shared_per_multiprocessor() / (shared + 1024);

	return int(std::min({by_threads, by_shared, size_t(32)}));
}

}  // namespace emu

API cudaGetDeviceCount(int *n)
{
	*n = 0;
	ENTER();
	*n = 1;
	return cudaSuccess;
}

API cudaGetDevice(int *device)
{
	ENTER();
	*device = 0;
	return cudaSuccess;
}

API cudaSetDevice(int device)
{
	ENTER();
	return done(device == 0 ? cudaSuccess : cudaErrorInvalidDevice);
}

API cudaSetDeviceFlags(unsigned)
{
	ENTER();
	return cudaSuccess;
}

API cudaDeviceGetPCIBusId(char *id, int n, int device)
{
	ENTER();
	if (device != 0 || n < 13)
		return done(cudaErrorInvalidValue);
	snprintf(id, size_t(n), "0000:00:00.0");
	return cudaSuccess;
}

API cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device)
{
	ENTER();
	if (device != 0)
		return done(cudaErrorInvalidDevice);
	switch (attribute) {
	case cudaDevAttrMultiProcessorCount: *value = settings.multiprocessors; break;
	case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = int(shared_optin()); break;
	case cudaDevAttrMaxSharedMemoryPerBlock: *value = 48 << 10; break;
	case cudaDevAttrMaxSharedMemoryPerMultiprocessor: *value = int(shared_per_multiprocessor()); break;
	case cudaDevAttrReservedSharedMemoryPerBlock: *value = 1024; break;
	case cudaDevAttrMaxThreadsPerBlock: *value = 1024; break;
	case cudaDevAttrMaxThreadsPerMultiProcessor: *value = 2048; break;
	case cudaDevAttrMaxBlocksPerMultiprocessor: *value = 32; break;
	case cudaDevAttrMaxRegistersPerBlock:
	case cudaDevAttrMaxRegistersPerMultiprocessor: *value = 65536; break;
	case cudaDevAttrMaxGridDimX: *value = 0x7fffffff; break;
	case cudaDevAttrMaxGridDimY:
	case cudaDevAttrMaxGridDimZ: *value = 65535; break;
	case cudaDevAttrMaxBlockDimX:
	case cudaDevAttrMaxBlockDimY: *value = 1024; break;
	case cudaDevAttrMaxBlockDimZ: *value = 64; break;
	case cudaDevAttrWarpSize: *value = 32; break;
	case cudaDevAttrComputeCapabilityMajor: *value = settings.architecture / 10; break;
	case cudaDevAttrComputeCapabilityMinor: *value = settings.architecture % 10; break;
	case cudaDevAttrCooperativeLaunch:
	case cudaDevAttrUnifiedAddressing:
	case cudaDevAttrManagedMemory:
	case cudaDevAttrConcurrentKernels:
	case cudaDevAttrMemoryPoolsSupported:
	case cudaDevAttrAsyncEngineCount: *value = 1; break;
	case cudaDevAttrL2CacheSize: *value = (settings.architecture == 80 ? 40 : 50) << 20; break;
	case cudaDevAttrClockRate: *value = 1980000; break;
	case cudaDevAttrMemoryClockRate: *value = 2619000; break;
	case cudaDevAttrGlobalMemoryBusWidth: *value = 5120; break;
	default: *value = 0;
	}
	return cudaSuccess;
}

API cudaGetDeviceProperties(cudaDeviceProp *p, int device)
{
	ENTER();
	if (device != 0)
		return done(cudaErrorInvalidDevice);
	memset(p, 0, sizeof *p);
	snprintf(p->name, sizeof p->name, "Emulated device");
	p->major = settings.architecture / 10;
	p->minor = settings.architecture % 10;
	p->multiProcessorCount = settings.multiprocessors;
	p->totalGlobalMem = settings.memory;
	p->warpSize = 32;
	p->maxThreadsPerBlock = 1024;
	p->maxThreadsPerMultiProcessor = 2048;
	p->maxBlocksPerMultiProcessor = 32;
	p->maxThreadsDim[0] = p->maxThreadsDim[1] = 1024;
	p->maxThreadsDim[2] = 64;
	p->maxGridSize[0] = 0x7fffffff;
	p->maxGridSize[1] = p->maxGridSize[2] = 65535;
	p->regsPerBlock = p->regsPerMultiprocessor = 65536;
	p->sharedMemPerBlock = 48 << 10;
	p->sharedMemPerBlockOptin = shared_optin();
	p->sharedMemPerMultiprocessor = shared_per_multiprocessor();
	p->reservedSharedMemPerBlock = 1024;
	p->l2CacheSize = (settings.architecture == 80 ? 40 : 50) << 20;
	p->memoryBusWidth = 5120;
	p->unifiedAddressing = p->managedMemory = p->cooperativeLaunch = p->concurrentKernels = p->asyncEngineCount = 1;
	return cudaSuccess;
}

API cudaFuncSetAttribute(const void *kernel, cudaFuncAttribute attribute, int value)
{
	ENTER();
	if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize)
		return cudaSuccess;
	if (value < 0 || size_t(value) > shared_optin())
		return done(cudaErrorInvalidValue);
	for (Function &f : functions)
		if (f.kernel == kernel) {
			f.shared = size_t(value);
			return cudaSuccess;
		}
	functions.push_back({kernel, size_t(value)});
	return cudaSuccess;
}

API cudaFuncGetAttributes(cudaFuncAttributes *a, const void *kernel)
{
	ENTER();
	memset(a, 0, sizeof *a);
	a->maxThreadsPerBlock = 1024;
	a->maxDynamicSharedSizeBytes = int(shared_limit(kernel));
	return cudaSuccess;
}

API cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *n, const void *kernel, int n_threads, size_t shared, unsigned)
{
	ENTER();
	if (n_threads <= 0 || n_threads > 1024)
		return done(cudaErrorInvalidValue);
	*n = resident_blocks(kernel, unsigned(n_threads), shared);
	return cudaSuccess;
}

API cudaOccupancyMaxActiveBlocksPerMultiprocessor(int *n, const void *kernel, int n_threads, size_t shared)
{
	return cudaOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(n, kernel, n_threads, shared, 0);
}
