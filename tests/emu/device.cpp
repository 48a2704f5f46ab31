// SPDX-License-Identifier: Apache-2.0
// device.cpp - what the device says of itself, and of functions.
#include "inner.h"

#include <algorithm>
#include <cuda.h>

using namespace emu;

namespace emu {

struct Function {
	const void *kernel;
	size_t shared;
};
static std::vector<Function> &functions = *new std::vector<Function>;
static thread_local int current = -1;   /* none yet */
static unsigned contexts;

int current_device()
{
	if (current < 0)
		current = 0;
	contexts |= 1u << current;
	return current;
}

size_t shared_limit(const void *kernel)
{
	for (const Function &f : functions)
		if (f.kernel == kernel)
			return std::min(f.shared, shared_optin() - std::min(static_shared(kernel), shared_optin()));
	return (48 << 10) - std::min(static_shared(kernel), size_t(48 << 10));
}

int code_version() { return settings.code != 0 ? settings.code : settings.architecture; }

/* By threads and shared memory (a block takes 1 KB more than it asks for); registers are not known here. */
int resident_blocks(const void *kernel, unsigned n_threads, size_t shared)
{
	size_t by_threads = 2048 / ((n_threads + 31) / 32 * 32), by_shared = shared_per_multiprocessor() / (shared + static_shared(kernel) + 1024);

	return int(std::min({by_threads, by_shared, size_t(32)}));
}

}  // namespace emu

API cudaGetDeviceCount(int *n)
{
	*n = 0;
	ENTER();
	*n = settings.devices;
	return cudaSuccess;
}

API cudaGetDevice(int *device)
{
	ENTER();
	*device = current < 0 ? 0 : current;
	return cudaSuccess;
}

/* Since CUDA 12 it makes the context. */
API cudaSetDevice(int device)
{
	ENTER();
	if (device < 0 || device >= settings.devices)
		return done(cudaErrorInvalidDevice);
	current = device;
	contexts |= 1u << device;
	return cudaSuccess;
}

// ---- the driver's own calls ----------------------------------------------------------------------

static CUcontext context_of(int device) { return device < 0 ? nullptr : reinterpret_cast<CUcontext>(uintptr_t(device) + 1); }

static CUresult get_current(CUcontext *out)
{
	*out = context_of(current);
	return CUDA_SUCCESS;
}

static CUresult set_current(CUcontext context)
{
	int device = int(reinterpret_cast<uintptr_t>(context)) - 1;

	if (device >= 0 && (contexts >> device & 1) == 0)
		return CUDA_ERROR_INVALID_CONTEXT;
	current = device;
	return CUDA_SUCCESS;
}

static CUresult get_state(CUdevice device, unsigned *flags, int *active)
{
	*flags = 0;
	*active = contexts >> device & 1;
	return device < settings.devices ? CUDA_SUCCESS : CUDA_ERROR_INVALID_DEVICE;
}

API cudaGetDriverEntryPointByVersion(const char *name, void **out, unsigned, unsigned long long, cudaDriverEntryPointQueryResult *found)
{
	static const struct {
		const char *name;
		void *function;
	} known[] = {
		{"cuCtxGetCurrent", reinterpret_cast<void *>(get_current)},
		{"cuCtxSetCurrent", reinterpret_cast<void *>(set_current)},
		{"cuDevicePrimaryCtxGetState", reinterpret_cast<void *>(get_state)},
	};

	*out = nullptr;
	ENTER();
	*found = cudaDriverEntryPointSymbolNotFound;
	for (const auto &k : known)
		if (strcmp(k.name, name) == 0) {
			*out = k.function;
			*found = cudaDriverEntryPointSuccess;
		}
	return cudaSuccess;
}

// ---- what it says of itself --------------------------------------------------------------------------

API cudaSetDeviceFlags(unsigned)
{
	ENTER();
	return cudaSuccess;
}

API cudaDeviceGetPCIBusId(char *id, int n, int device)
{
	ENTER();
	if (device < 0 || device >= settings.devices || n < 13)
		return done(cudaErrorInvalidValue);
	snprintf(id, size_t(n), "0000:00:00.0");
	return cudaSuccess;
}

API cudaDeviceGetAttribute(int *value, cudaDeviceAttr attribute, int device)
{
	ENTER();
	if (device < 0 || device >= settings.devices)
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
	if (device < 0 || device >= settings.devices)
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
	if (value < 0 || size_t(value) + static_shared(kernel) > shared_optin())
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
	a->sharedSizeBytes = static_shared(kernel);
	a->maxDynamicSharedSizeBytes = int(shared_limit(kernel));
	a->ptxVersion = a->binaryVersion = code_version();
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

unsigned emu_contexts(void) { return contexts; }

void emu_contexts_forget(void)
{
	contexts = 0;
	current = -1;
}
