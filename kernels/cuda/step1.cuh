// SPDX-License-Identifier: Apache-2.0
// step1.cuh - Mamba-1's dt_proj, softplus, state and gate for one position of each row of a call.
//
// Four lanes stand by a channel, each by a quarter of its states: with 16 states one float4, so a warp
// reads and writes 8 channels' states as 512 bytes in a row. y is the sum over states: two shuffles.
//
// Few rows (step1_kernel): the same four lanes share the channel's row of dt_proj, lane q taking vectors
// q, q + 4, ... The row, A, D and the bias do not depend on the call: they are loaded before the
// kernel waits for the one before it. Many rows in precision "fast" (step1_tile_kernel): dt comes off
// tensor cores as a tile of channels by rows (tile.cuh), whose results the same block then uses.
//
// Bytes of mamba-2.8b for one row of a call: dt_proj 1.6 MB (bfloat16), A 0.33 MB, states 0.33 MB in and out.
#ifndef KRAIT_CUDA_STEP1_CUH
#define KRAIT_CUDA_STEP1_CUH

#include "launch.cuh"
#include "tile.cuh"

namespace {

constexpr int STEP1_THREADS = 128, STEP1_LANES = 4, STEP1_CHANNELS = STEP1_THREADS / STEP1_LANES, STEP1_HELD = 8;

// What one (row, channel) touches.
struct step1_at {
	float *h;
	const float *a, *b, *c;
	bool vector;            // four states at a time
};

__device__ __forceinline__ bool aligned16(const void *p)
{
	return (reinterpret_cast<uintptr_t>(p) & 15) == 0;
}

// log(1 + e^x), which is x above 20 to the last digit.
__device__ __forceinline__ float softplus_of(float x)
{
	return x > 20.0f ? x : log1pf(expf(x));
}

__device__ __forceinline__ float step_state(float &h, float a, float b, float c, float dt, float dt_u)
{
	h = fmaf(expf(dt * a), h, dt_u * b);
	return h * c;
}

__device__ __forceinline__ float step_four(float4 &h, const float4 &a, const float *b, const float *c, float dt, float dt_u)
{
	float y = step_state(h.x, a.x, b[0], c[0], dt, dt_u);

	y += step_state(h.y, a.y, b[1], c[1], dt, dt_u);
	y += step_state(h.z, a.z, b[2], c[2], dt, dt_u);
	return y + step_state(h.w, a.w, b[3], c[3], dt, dt_u);
}

// Lane q's states but for the first four, which are in `first` where the row is a vector.
__device__ __forceinline__ float step_states(const step1_at &at, uint32_t n, uint32_t q, float4 first, const float4 &a, float dt, float dt_u)
{
	float y = 0.0f;

	if (at.vector) {
		if (q * 4 < n) {
			y = step_four(first, a, at.b + q * 4, at.c + q * 4, dt, dt_u);
			*reinterpret_cast<float4 *>(at.h + q * 4) = first;
		}
#pragma unroll 1
		for (uint32_t i = (q + STEP1_LANES) * 4; i < n; i += STEP1_LANES * 4) {
			float4 h = *reinterpret_cast<const float4 *>(at.h + i);

			y += step_four(h, *reinterpret_cast<const float4 *>(at.a + i), at.b + i, at.c + i, dt, dt_u);
			*reinterpret_cast<float4 *>(at.h + i) = h;
		}
		return y;
	}
#pragma unroll 1
	for (uint32_t i = q; i < n; i += STEP1_LANES) {
		float h = at.h[i];

		y += step_state(h, at.a[i], at.b[i], at.c[i], dt, dt_u);
		at.h[i] = h;
	}
	return y;
}

__device__ __forceinline__ float4 first_four(const step1_at &at, const float *from, uint32_t n, uint32_t q)
{
	return at.vector && q * 4 < n ? *reinterpret_cast<const float4 *>(from + q * 4) : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
}

__device__ __forceinline__ float four_lanes(float v)
{
	return warp_sum<STEP1_LANES>(v);
}

// slot NULL: nobody.
__device__ __forceinline__ step1_at step1_place(const kc_step1 &s, float *slot, const float *b, uint32_t channel)
{
	size_t at = size_t(channel) * s.d_state;
	float *h = slot ? slot + s.ssm_at + at : nullptr;

	return { h, s.a + at, b, b + s.d_state, slot && s.d_state % 4 == 0 && aligned16(h) && aligned16(s.a + at) };
}

__device__ __forceinline__ void put_y(const kc_step1 &s, uint32_t r, uint32_t channel, float sum, float u)
{
	float z = s.z[size_t(r) * s.z_stride + channel];

	s.y[size_t(r) * s.y_stride + channel] = fmaf(s.d[channel], u, sum) * sigmoid_times(z);
}

// Block (x, y): channels from 32 x, rows from ROWS y. Shared memory: the rows' dt, B and C.
template <int TYPE, int ROWS> __global__ void __launch_bounds__(STEP1_THREADS)
step1_kernel(const __grid_constant__ kc_step1 s, float *const *slots, uint32_t n_rows, uint32_t vector)
{
	using W = weights<TYPE>;
	DYN_SHARED(float, small);
	uint32_t channel = blockIdx.x * STEP1_CHANNELS + threadIdx.x / STEP1_LANES, q = threadIdx.x % STEP1_LANES, first = blockIdx.y * ROWS;
	uint32_t wide = s.rank + 2 * s.d_state, vectors = vector ? s.rank / W::V : 0, n_scales = W::QUANTISED ? (s.rank + s.dt.group - 1) / s.dt.group : 0;
	bool live = channel < s.d_inner;
	size_t row = live ? channel : 0;
	const char *weights_row = static_cast<const char *>(s.dt.data) + row * row_bytes<TYPE>(s.rank);
	float dt[ROWS] = {};
	uint4 held[STEP1_HELD];

#pragma unroll
	for (int i = 0; i < STEP1_HELD; i++)
		if (q + i * STEP1_LANES < vectors)
			held[i] = load_once(weights_row + size_t(q + i * STEP1_LANES) * 16);
	float4 a = s.d_state % 4 == 0 && aligned16(s.a) && q * 4 < s.d_state ? *reinterpret_cast<const float4 *>(s.a + row * s.d_state + q * 4)
		: make_float4(0.0f, 0.0f, 0.0f, 0.0f);
	float bias = s.dt_bias ? s.dt_bias[row] : 0.0f;

	grid_wait();
	grid_release();
	for (uint32_t i = threadIdx.x; i < ROWS * wide; i += STEP1_THREADS) {
		uint32_t r = first + i / wide;

		small[i] = r < n_rows ? s.small[size_t(r) * s.small_stride + i % wide] : 0.0f;
	}
	__syncthreads();

	// dt_proj: this lane's vectors, of those held first.
	auto add = [&](const uint4 &v, uint32_t at) {
		float scale = 1.0f, dots[ROWS] = {};

		if constexpr (W::QUANTISED)
			scale = s.dt.scales[row * n_scales + at * W::V / s.dt.group];
#pragma unroll
		for (int p = 0; p < W::V / 4; p++) {
			float w[4];

			W::widen(v, p, w);
#pragma unroll
			for (int r = 0; r < ROWS; r++) {
				const float *x = small + r * wide + at * W::V + p * 4;

				dots[r] = fmaf(w[3], x[3], fmaf(w[2], x[2], fmaf(w[1], x[1], fmaf(w[0], x[0], dots[r]))));
			}
		}
#pragma unroll
		for (int r = 0; r < ROWS; r++)
			dt[r] = fmaf(scale, dots[r], dt[r]);
	};
#pragma unroll
	for (int i = 0; i < STEP1_HELD; i++)
		if (q + i * STEP1_LANES < vectors)
			add(held[i], q + i * STEP1_LANES);
#pragma unroll 1
	for (uint32_t i = q + STEP1_HELD * STEP1_LANES; i < vectors; i += STEP1_LANES)
		add(load_once(weights_row + size_t(i) * 16), i);
#pragma unroll 1
	for (uint32_t k = vectors * W::V + q; k < s.rank; k += STEP1_LANES) {
		float w = weight_at<TYPE>(s.dt.data, s.dt.scales, s.rank, s.dt.group, uint32_t(row), k);

#pragma unroll
		for (int r = 0; r < ROWS; r++)
			dt[r] = fmaf(w, small[r * wide + k], dt[r]);
	}
#pragma unroll
	for (int r = 0; r < ROWS; r++) {
		float *slot = live && first + r < n_rows ? slots[first + r] : nullptr;
		step1_at at = step1_place(s, slot, small + r * wide + s.rank, uint32_t(row));
		float4 h = first_four(at, at.h, s.d_state, q);
		float u = slot ? s.u[size_t(first + r) * s.u_stride + row] : 0.0f, step = softplus_of(four_lanes(dt[r]) + bias), y = 0.0f;

		if (slot)
			y = step_states(at, s.d_state, q, h, a, step, step * u);
		y = four_lanes(y);
		if (slot && q == 0)
			put_y(s, first + r, channel, y, u);
	}
}

// The tile's dt, then TOGETHER (row, channel) pairs at a time, their states loaded before any is used.
template <int TYPE, class S> __global__ void __launch_bounds__(TILE_THREADS, 2)
step1_tile_kernel(const __grid_constant__ kc_step1 s, const __grid_constant__ job j)
{
	constexpr int TOGETHER = 4, PAIRS = TILE_THREADS / STEP1_LANES;
	DYN_SHARED(unsigned char, shared);
	__shared__ float factor[S::BN];
	uint32_t q = threadIdx.x % STEP1_LANES;
	tile<TYPE, S> t = { j, shared, factor, nullptr, blockIdx.y * S::BM, blockIdx.x * S::BN, threadIdx.x / 32, threadIdx.x % 32, {}, {}, {} };

	t.run();
#pragma unroll 1
	for (int p0 = threadIdx.x / STEP1_LANES; p0 < S::BM * S::BN; p0 += PAIRS * TOGETHER) {
		float4 h[TOGETHER], a[TOGETHER];

#pragma unroll
		for (int i = 0; i < TOGETHER; i++) {
			int p = p0 + i * PAIRS;
			uint32_t channel = t.m0 + p % S::BM, r = t.r0 + p / S::BM;
			float *slot = channel < s.d_inner && r < j.n_rows ? j.slot[r] : nullptr;
			step1_at at = step1_place(s, slot, nullptr, channel);

			h[i] = first_four(at, at.h, s.d_state, q);
			a[i] = first_four(at, at.a, s.d_state, q);
		}
#pragma unroll
		for (int i = 0; i < TOGETHER; i++) {
			int p = p0 + i * PAIRS;
			uint32_t channel = t.m0 + p % S::BM, r = t.r0 + p / S::BM;
			float *slot = channel < s.d_inner && r < j.n_rows ? j.slot[r] : nullptr;
			float y = 0.0f, u = 0.0f;

			if (slot) {
				step1_at at = step1_place(s, slot, s.small + size_t(r) * s.small_stride + s.rank, channel);
				float dt = softplus_of(t.result(p / S::BM, p % S::BM) + (s.dt_bias ? s.dt_bias[channel] : 0.0f));

				u = s.u[size_t(r) * s.u_stride + channel];
				y = step_states(at, s.d_state, q, h[i], a[i], dt, dt * u);
			}
			y = four_lanes(y);
			if (slot && q == 0)
				put_y(s, r, channel, y, u);
		}
	}
}

template <int TYPE, class S> cudaError_t launch_step1_tile(const kc_step1 &s, const job &j, uint64_t bytes, cudaStream_t stream)
{
	dim3 grid(divide_up(j.n_rows, S::BN), divide_up(j.rows, S::BM));

	return launch_kernel(decode_launch(grid, TILE_THREADS, tile<TYPE, S>::BYTES, bytes, stream), step1_tile_kernel<TYPE, S>, s, j);
}

template <int TYPE, int ROWS> cudaError_t launch_step1_rows(const kc_step1 &s, const job &j, uint64_t bytes, cudaStream_t stream)
{
	dim3 grid(divide_up(s.d_inner, STEP1_CHANNELS), divide_up(j.n_rows, ROWS));
	size_t shared = size_t(ROWS) * (s.rank + 2 * s.d_state) * sizeof(float);

	return launch_kernel(decode_launch(grid, STEP1_THREADS, shared, bytes, stream), step1_kernel<TYPE, ROWS>, s, j.slot, j.n_rows, j.vector);
}

template <int TYPE> cudaError_t launch_step1(const kc_step1 &s, const job &j, uint64_t bytes, cudaStream_t stream)
{
	if constexpr (TILED<TYPE>)
		if (s.fast && j.n_rows > 8 && tile_can(j, TYPE))
			return j.n_rows <= tile_small::BN ? launch_step1_tile<TYPE, tile_small>(s, j, bytes, stream)
				: launch_step1_tile<TYPE, tile_medium>(s, j, bytes, stream);
	if (j.n_rows == 1)
		return launch_step1_rows<TYPE, 1>(s, j, bytes, stream);
	return launch_step1_rows<TYPE, 4>(s, j, bytes, stream);
}

}  // namespace

#endif
