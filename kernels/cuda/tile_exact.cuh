// SPDX-License-Identifier: Apache-2.0
// tile_exact.cuh - a product for many rows of a call in float32 throughout, for precision "exact", for
// float32 weights, and for quantised matrices whose groups do not fit tensor cores.
//
// A block makes 64 rows of the matrix by 32 rows of the call, 32 columns at a time: both sides lie in
// shared memory as float32, k first, so that a thread's 4 x 2 products take one load of 16 and one of
// 8 bytes. Each sum runs over k in ascending order, in one thread: it depends on nothing else.
#ifndef KRAIT_CUDA_TILE_EXACT_CUH
#define KRAIT_CUDA_TILE_EXACT_CUH

#include "job.cuh"

namespace {

constexpr int EXACT_THREADS = 256, EXACT_M = 64, EXACT_N = 32, EXACT_K = 32;

template <int TYPE> struct tile_exact {
	using W = weights<TYPE>;

	const job &j;
	float (*w)[EXACT_M + 4];        // [EXACT_K]
	float (*x)[EXACT_N + 4];        // [EXACT_K]
	float *scale;                   // [EXACT_N]
	float2 *table;
	uint32_t m0, r0;
	float sums[4][2], square;

	// A piece is the V columns of one vector, or as many as lie in the tile.
	__device__ __forceinline__ void put_weights(uint32_t k0)
	{
		constexpr int PIECES = EXACT_K / W::V;

		for (int i = threadIdx.x; i < EXACT_M * PIECES; i += EXACT_THREADS) {
			int row = i / PIECES, c = i % PIECES * W::V;
			uint32_t k = k0 + c;

			if (j.vector && m0 + row < j.rows && k < j.k) {
				put_vector(row, c, k);
				continue;
			}
			for (int e = 0; e < W::V; e++)
				w[c + e][row] = m0 + row < j.rows && k + e < j.k
					? weight_at<TYPE>(j.weights, j.scales, j.k, j.group, m0 + row, k + e) : 0.0f;
		}
	}

	__device__ __forceinline__ void put_vector(int row, int c, uint32_t k)
	{
		size_t m = m0 + row;
		uint4 v = load_once(static_cast<const char *>(j.weights) + m * row_bytes<TYPE>(j.k) + size_t(k) * W::BITS / 8);
		float factor = 1.0f;

		if constexpr (W::QUANTISED)
			factor = j.scales[m * ((j.k + j.group - 1) / j.group) + k / j.group];
#pragma unroll
		for (int q = 0; q < W::V / 4; q++) {
			float four[4];

			W::widen(v, q, four);
#pragma unroll
			for (int e = 0; e < 4; e++)
				w[c + q * 4 + e][row] = W::QUANTISED ? four[e] * factor : four[e];
		}
	}

	// Thread t: columns 4 (t % 8) to + 3 of row t / 8.
	__device__ __forceinline__ void put_activations(uint32_t k0)
	{
		int row = int(threadIdx.x) / 8, c = threadIdx.x % 8 * 4;
		uint32_t k = k0 + c, r = r0 + row;
		const float *from = in_row(j, r);
		float4 v = from ? load4(from, k, j.k) : make_float4(0.0f, 0.0f, 0.0f, 0.0f);

		square = square_sum(square, v);
		if (from && k < j.k)
			v = prologue4(j, r, k, v, j.source == SOURCE_TABLE ? table + row * j.n_groups : nullptr);
		x[c][row] = v.x;
		x[c + 1][row] = v.y;
		x[c + 2][row] = v.z;
		x[c + 3][row] = v.w;
	}

	__device__ __forceinline__ void multiply()
	{
		int m = threadIdx.x % 16 * 4, r = threadIdx.x / 16 * 2;

#pragma unroll 8
		for (int k = 0; k < EXACT_K; k++) {
			float4 a = *reinterpret_cast<const float4 *>(&w[k][m]);
			float2 b = *reinterpret_cast<const float2 *>(&x[k][r]);

			sums[0][0] = fmaf(a.x, b.x, sums[0][0]), sums[0][1] = fmaf(a.x, b.y, sums[0][1]);
			sums[1][0] = fmaf(a.y, b.x, sums[1][0]), sums[1][1] = fmaf(a.y, b.y, sums[1][1]);
			sums[2][0] = fmaf(a.z, b.x, sums[2][0]), sums[2][1] = fmaf(a.z, b.y, sums[2][1]);
			sums[3][0] = fmaf(a.w, b.x, sums[3][0]), sums[3][1] = fmaf(a.w, b.y, sums[3][1]);
		}
	}

	__device__ __forceinline__ void make_scale()
	{
		float sum = square;

#pragma unroll
		for (int o = 4; o > 0; o /= 2)
			sum += __shfl_xor_sync(WHOLE_WARP, sum, o);
		if (threadIdx.x % 8 == 0)
			scale[threadIdx.x / 8] = j.source == SOURCE_SCALED ? inverse_root(sum, j.k, j.eps) : 1.0f;
		__syncthreads();
	}

	__device__ __forceinline__ void run()
	{
		grid_wait();
		grid_release();
		if (j.source == SOURCE_TABLE) {
			make_table(j, r0, EXACT_N, table);
			__syncthreads();
		}
		for (uint32_t k = 0; k < j.k; k += EXACT_K) {
			put_weights(k);
			put_activations(k);
			__syncthreads();
			multiply();
			__syncthreads();
		}
		make_scale();
	}

	// Element i of this thread: where it belongs, and its value.
	__device__ __forceinline__ float result(int i, uint32_t &m, uint32_t &r) const
	{
		r = threadIdx.x / 16 * 2 + i / 4;
		m = threadIdx.x % 16 * 4 + i % 4;
		return sums[i % 4][i / 4] * scale[r];
	}
};

template <int TYPE> __global__ void __launch_bounds__(EXACT_THREADS, 3) tile_exact_kernel(const __grid_constant__ job j)
{
	__shared__ __align__(16) float w[EXACT_K][EXACT_M + 4], x[EXACT_K][EXACT_N + 4];
	__shared__ float scale[EXACT_N];
	DYN_SHARED(float2, table);
	tile_exact<TYPE> t = { j, w, x, scale, table, blockIdx.y * EXACT_M, blockIdx.x * EXACT_N, {}, 0.0f };

	t.run();
#pragma unroll
	for (int i = 0; i < 8; i++) {
		uint32_t m, r;
		float value = t.result(i, m, r);

		if (t.m0 + m < j.rows && in_row(j, t.r0 + r))
			emit(j, t.m0 + m, t.r0 + r, value);
	}
}

}  // namespace

#endif
