// SPDX-License-Identifier: Apache-2.0
// score.cu - ln softmax(logits)[target] of many rows.
//
// A block of 256 threads owns a row of logits [vocab]: one pass for the largest, one for the sum of exponentials,
// so that nothing overflows; 4 vocab bytes from memory, and once more from the second-level cache. The order
// of sums depends on vocab alone. A NaN reaches the sum, and so the score.
#include "kernels/cuda/rows.cuh"

namespace {

constexpr unsigned THREADS = 256;

template <class F> __device__ __forceinline__ float over_block(float v, float *part, F join)
{
	v = warp_all(v, join);
	if (threadIdx.x % 32 == 0)
		part[threadIdx.x / 32] = v;
	__syncthreads();
	v = part[0];
#pragma unroll
	for (unsigned i = 1; i < THREADS / 32; i++)
		v = join(v, part[i]);
	return v;
}

template <bool WIDE> __global__ void __launch_bounds__(THREADS) score_kernel(const float *logits, size_t stride, uint32_t vocab, const int32_t *target, float *scores)
{
	constexpr unsigned N = WIDE ? 4 : 1;
	__shared__ float highest[THREADS / 32], sums[THREADS / 32];
	const float *row = logits + blockIdx.x * stride;
	float top = -INFINITY, sum = 0.0f, v[N];

	for (unsigned c = threadIdx.x * N; c < vocab; c += THREADS * N) {
		load_row<float, WIDE>(v, row + c, N);
#pragma unroll
		for (unsigned i = 0; i < N; i++)
			top = fmaxf(top, v[i]);
	}
	top = over_block(top, highest, [](float a, float b) { return fmaxf(a, b); });
	for (unsigned c = threadIdx.x * N; c < vocab; c += THREADS * N) {
		load_row<float, WIDE>(v, row + c, N);
#pragma unroll
		for (unsigned i = 0; i < N; i++)
			sum += expf(v[i] - top);
	}
	sum = over_block(sum, sums, [](float a, float b) { return a + b; });
	if (threadIdx.x == 0)
		scores[blockIdx.x] = row[target[blockIdx.x]] - top - logf(sum);
}

}  // namespace

cudaError_t kc_score(const float *logits, size_t stride, uint32_t vocab, const int32_t *target, float *scores, uint32_t n, cudaStream_t stream)
{
	bool wide = in_packs(logits, stride, vocab);
	launch_how how = { dim3(n), dim3(THREADS), 0, stream, false, false, uint64_t(n) * vocab * 4 };

	return n ? launch_kernel(how, wide ? score_kernel<true> : score_kernel<false>, logits, stride, vocab, target, scores) : cudaSuccess;
}
