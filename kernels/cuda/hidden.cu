// SPDX-License-Identifier: Apache-2.0
// hidden.cu - the final norm of chosen rows. One block a row: each thread holds its columns t, t + 256,
// ... in turn; warps add by butterflies, the block in the order of its warps, so a row's bits depend on
// its width only. The second pass over the row comes from the first-level cache.
#include "job.cuh"
#include "launch.cuh"

namespace {

constexpr int THREADS = 256, WARPS = THREADS / 32;

__device__ __forceinline__ float block_sum(float v, float *part)
{
	float sum = 0.0f;

	v = warp_sum(v);
	__syncthreads();
	if (threadIdx.x % 32 == 0)
		part[threadIdx.x / 32] = v;
	__syncthreads();
	for (int w = 0; w < WARPS; w++)
		sum += part[w];
	return sum;
}

__global__ void __launch_bounds__(THREADS) hidden_kernel(const __grid_constant__ struct kc_hidden h)
{
	__shared__ float part[WARPS];
	uint32_t i = blockIdx.x;
	float mean = 0.0f, sum = 0.0f;

	grid_wait();
	grid_release();
	const float *x = h.x + size_t(h.row ? h.row[i] : i) * h.width;
	float *out = h.out ? h.out + size_t(i) * h.width : nullptr;
	float *kept = h.slot && h.slot[i] ? h.slot[i] + h.hidden_at : nullptr;

	if (h.norm.layer) {
		for (uint32_t k = threadIdx.x; k < h.width; k += THREADS)
			mean += x[k];
		mean = block_sum(mean, part) / float(h.width);
	}
	for (uint32_t k = threadIdx.x; k < h.width; k += THREADS)
		sum = fmaf(x[k] - mean, x[k] - mean, sum);
	sum = inverse_root(block_sum(sum, part), h.width, h.norm.eps);
	for (uint32_t k = threadIdx.x; k < h.width; k += THREADS) {
		float v = (x[k] - mean) * sum * h.norm.weight[k];

		if (h.norm.bias)
			v += h.norm.bias[k];
		if (out)
			out[k] = v;
		if (kept)
			kept[k] = v;
	}
}

}  // namespace

extern "C" cudaError_t kc_hidden(const struct kc_hidden *h, cudaStream_t stream)
{
	uint64_t row = uint64_t(h->width) * sizeof(float), bytes = h->n * row * (1u + (h->out != nullptr) + (h->slot != nullptr)) + row;

	if (h->n == 0 || h->width == 0)
		return cudaSuccess;
	return launch_kernel(decode_launch(dim3(h->n), THREADS, 0, bytes, stream), hidden_kernel, *h);
}
