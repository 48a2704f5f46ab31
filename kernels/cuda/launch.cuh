// SPDX-License-Identifier: Apache-2.0
// launch.cuh - how kernels of the decode path are launched: over the tail of the one before, where
// the device can, and in as many blocks as it holds.
#ifndef KRAIT_CUDA_LAUNCH_CUH
#define KRAIT_CUDA_LAUNCH_CUH

#include "port.cuh"

namespace {

inline int device_attribute(cudaDeviceAttr attribute)
{
	int device = 0, value = 0;

	if (cudaGetDevice(&device) != cudaSuccess || cudaDeviceGetAttribute(&value, attribute, device) != cudaSuccess)
		return 1;
	return value;
}

inline uint32_t multiprocessors()
{
	return uint32_t(device_attribute(cudaDevAttrMultiProcessorCount));
}

inline uint32_t divide_up(uint64_t n, uint32_t by)
{
	return uint32_t((n + by - 1) / by);
}

inline launch_how decode_launch(dim3 grid, unsigned threads, size_t shared, uint64_t bytes, cudaStream_t stream)
{
	launch_how how = {};

	how.grid = grid;
	how.block = dim3(threads);
	how.shared = shared;
	how.stream = stream;
	how.early = true;
	how.bytes = bytes;
	return how;
}

}  // namespace

#endif
