// SPDX-License-Identifier: Apache-2.0
// gate_norm.cu - Mamba-2's gated norm, in place, over each group of columns by itself.
//
// Columns [first, first + S) of y [n_rows, I], in n_groups groups of S / n_groups. A block owns one group of one
// row: 128 threads, 16 bytes each at a time. The group is read twice, the second time from the first-level cache;
// memory moves 2 S elements (3 S with z). With the norm first, y = rms(y) w silu(z); else the scan has gated
// already, and y = rms(y) w. The norm is per group: over the whole row it would be another model.
#include "kernels/cuda/rows.cuh"

namespace {

constexpr unsigned THREADS = 128;

template <class T, bool WIDE> __device__ __forceinline__ float sum_of_squares(const T *y, unsigned width)
{
	constexpr unsigned N = WIDE ? PACK<T> : 1;
	float sum = 0.0f;

	for (unsigned c = threadIdx.x * N; c < width; c += THREADS * N) {
		float v[N];

		load_row<T, WIDE>(v, y + c, N);
#pragma unroll
		for (unsigned i = 0; i < N; i++)
			sum = fmaf(v[i], v[i], sum);
	}
	return sum;
}

__device__ __forceinline__ float block_sum(float v)
{
	__shared__ float part[THREADS / 32];
	float sum = 0.0f;

	v = warp_sum(v);
	if (threadIdx.x % 32 == 0)
		part[threadIdx.x / 32] = v;
	__syncthreads();
#pragma unroll
	for (unsigned i = 0; i < THREADS / 32; i++)
		sum += part[i];
	return sum;
}

template <class T, bool WIDE> __global__ void __launch_bounds__(THREADS) gate_norm_kernel(const struct kc_gate_norm norm)
{
	constexpr unsigned N = WIDE ? PACK<T> : 1;
	unsigned row = blockIdx.x, width = norm.n_normed / norm.n_groups, at = blockIdx.y * width;
	T *y = row_of<T>(norm.y, row) + norm.first + at;
	const T *z = norm.gate.data ? row_of<T>(norm.gate, row) + at : nullptr;
	const float *weight = norm.weight + at;
	float scale = 1.0f / sqrtf(block_sum(sum_of_squares<T, WIDE>(y, width)) / float(width) + norm.eps);

	for (unsigned c = threadIdx.x * N; c < width; c += THREADS * N) {
		float v[N], gate[N];

		load_row<T, WIDE>(v, y + c, N);
#pragma unroll
		for (unsigned i = 0; i < N; i++)
			v[i] *= scale * weight[c + i];
		if (z) {
			load_row<T, WIDE>(gate, z + c, N);
#pragma unroll
			for (unsigned i = 0; i < N; i++)
				v[i] *= silu<FAST<T>>(gate[i]);
		}
		store_row<T, WIDE>(y + c, v, N);
	}
}

}  // namespace

cudaError_t kc_gate_norm(const struct kc_gate_norm *norm, cudaStream_t stream)
{
	size_t bytes = type_bytes(norm->y.type), group = norm->n_normed / norm->n_groups;
	bool wide = in_packs(norm->y, group) && norm->first * bytes % 16 == 0 && (!norm->gate.data || in_packs(norm->gate, group));
	launch_how how = { dim3(norm->n_rows, norm->n_groups), dim3(THREADS), 0, stream, false, false,
		uint64_t(norm->n_rows) * norm->n_normed * bytes * (norm->gate.data ? 3 : 2) };

	if (norm->gate.data && norm->gate.type != norm->y.type)
		return cudaErrorInvalidValue;
	if (!norm->n_rows)
		return cudaSuccess;
	return with_type(norm->y.type, [&](auto zero) {
		using T = decltype(zero);

		return launch_kernel(how, wide ? gate_norm_kernel<T, true> : gate_norm_kernel<T, false>, *norm);
	});
}
