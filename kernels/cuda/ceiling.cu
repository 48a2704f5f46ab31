// SPDX-License-Identifier: Apache-2.0
// ceiling.cu - what the memory of this device gives at best: the measure that other kernels are held to.
#include "ceiling.h"
#include "port.cuh"

namespace {

constexpr int THREADS = 256, UNROLL = 8;

// Reads n16 pieces of 16 bytes once, each block a row of tiles of THREADS * UNROLL pieces; every
// thread has UNROLL loads under way. The sum keeps the loads alive: sum[block] = XOR of all words.
__global__ void __launch_bounds__(THREADS) ceiling_read(const uint4 *__restrict__ data, size_t n16, unsigned *__restrict__ sum)
{
	__shared__ unsigned part[THREADS / 32];
	constexpr size_t TILE = size_t(THREADS) * UNROLL;
	unsigned x = 0;

	for (size_t at = blockIdx.x * TILE; at < n16; at += gridDim.x * TILE) {
		uint4 v[UNROLL];

#pragma unroll
		for (int i = 0; i < UNROLL; i++) {
			size_t k = at + size_t(i) * THREADS + threadIdx.x;

			v[i] = k < n16 ? load_once(data + k) : make_uint4(0, 0, 0, 0);
		}
#pragma unroll
		for (int i = 0; i < UNROLL; i++)
			x ^= v[i].x ^ v[i].y ^ v[i].z ^ v[i].w;
	}
	x = warp_all(x, [](unsigned a, unsigned b) { return a ^ b; });
	if (threadIdx.x % 32 == 0)
		part[threadIdx.x / 32] = x;
	__syncthreads();
	if (threadIdx.x == 0) {
		for (int i = 1; i < THREADS / 32; i++)
			x ^= part[i];
		sum[blockIdx.x] = x;
	}
}

}  // namespace

extern "C" cudaError_t krait__cuda_ceiling_read(const void *data, size_t n_bytes, unsigned *sum, unsigned n_blocks, cudaStream_t stream)
{
	launch_how how = {};

	if (n_bytes % 16 != 0 || n_blocks == 0)
		return cudaErrorInvalidValue;
	how.grid = dim3(n_blocks);
	how.block = dim3(THREADS);
	how.stream = stream;
	how.bytes = n_bytes + uint64_t(n_blocks) * sizeof *sum;
	return launch_kernel(how, ceiling_read, static_cast<const uint4 *>(data), n_bytes / 16, sum);
}
