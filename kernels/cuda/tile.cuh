// SPDX-License-Identifier: Apache-2.0
// tile.cuh - a product for many rows of a call, on tensor cores (mma.sync m16n8k16, float32 sums).
//
// A block makes a tile of BM rows of the matrix by BN rows of the call; its 8 warps stand WM x WN over
// the tile and, where the tile is small and k long, WK deep in k. The matrix is the A operand, so that
// its rows fill the 16 of an mma and a batch of 8 is no waste. Weights come by cp.async, as stored,
// STAGES - 1 tiles of BK columns ahead: the first of them before the kernel may touch an activation.
// Activations come through registers, one tile ahead: the norm's weight is applied and they are
// rounded to float16 on their way to shared memory.
// int8 and int4 stay packed in shared memory and become float16 whole numbers, exactly, in registers;
// a group's scale multiplies the float32 sums of its columns.
//
// Columns in shared memory. An mma does not care which 16 columns it is given, as long as A and B
// agree. Lane t of four takes columns 8t to 8t + 7 of each 32 and feeds them to two mma: one load of
// 16 bytes (int8: 8, int4: 4) for a row in place of four of 4 bytes. The 16-byte pieces of a row
// are swapped by a pattern that depends on the row, so that the lanes of a load meet in no bank.
//
// float16 has a short range: activations are multiplied by 2^-6 before rounding and the sum by 2^6;
// beyond 4 million they are held at the largest value, below 0.004 they lose digits.
#ifndef KRAIT_CUDA_TILE_CUH
#define KRAIT_CUDA_TILE_CUH

#include "job.cuh"

namespace {

constexpr int TILE_THREADS = 256;
constexpr float F16_SHIFT = 0.015625f, F16_UNSHIFT = 64.0f;

template <int BM_, int BN_, int BK_, int WM_, int WN_, int WK_> struct tile_shape {
	static constexpr int BM = BM_, BN = BN_, BK = BK_, WM = WM_, WN = WN_, WK = WK_;
	static constexpr int MT = BM / WM / 16, NT = BN / WN / 8;       // mma tiles of a warp
	static constexpr int OCTETS = BN * BK / 8 / TILE_THREADS;       // of activations, for a thread
	static_assert(WM * WN * WK * 32 == TILE_THREADS && OCTETS >= 1 && BK / 32 % WK == 0, "8 warps, all with work");
};
using tile_large = tile_shape<128, 64, 64, 4, 2, 1>;
using tile_medium = tile_shape<64, 32, 64, 2, 2, 2>;
using tile_small = tile_shape<32, 16, 128, 2, 1, 4>;

template <int TYPE, class S> struct tile {
	using W = weights<TYPE>;
	static constexpr int PITCH = S::BK * W::BITS / 8;       // bytes of a row of weights
	static constexpr int PIECES = PITCH / 16, LANE_BYTES = W::BITS;
	static constexpr int STAGES = W::BITS == 16 ? 4 : W::BITS == 8 ? 6 : 8;
	static constexpr int WEIGHT_BYTES = S::BM * PITCH, IN_BYTES = S::BN * S::BK * 2;
	static constexpr int RESULT_PITCH = S::BM + 4;
	static constexpr size_t PIPE_BYTES = size_t(STAGES) * WEIGHT_BYTES + 2 * IN_BYTES;
	static constexpr size_t RESULT_BYTES = size_t(S::BN) * RESULT_PITCH * 4;
	static constexpr size_t BYTES = PIPE_BYTES > RESULT_BYTES ? PIPE_BYTES : RESULT_BYTES;  // and a table of BN * n_groups behind it

	const job &j;
	unsigned char *shared;
	float *factor;          // [BN] what a row's sums are multiplied by
	float2 *table;
	uint32_t m0, r0, warp, lane;
	float sums[S::MT][S::NT][4];
	float4 next[S::OCTETS][2];
	float square[S::OCTETS];

	// Where 16-byte piece c of a row lies. Rows that one load reads and that would begin in the same banks are set apart.
	template <int ROW_BYTES, int LOAD> static __device__ __forceinline__ int place(int row, int c)
	{
		constexpr int SAME = ROW_BYTES >= 128 ? 1 : 128 / ROW_BYTES, APART = 128 / (4 * LOAD) / SAME;

		return row * ROW_BYTES + 16 * (c ^ (row / SAME % APART * (4 * LOAD / 16)));
	}

	// ---- weights ----

	__device__ __forceinline__ void load_weights(uint32_t tile_k, int stage) const
	{
		unsigned char *to = shared + stage * WEIGHT_BYTES;
		uint32_t k0 = tile_k * S::BK;

		for (int i = threadIdx.x; i < S::BM * PIECES; i += TILE_THREADS) {
			int row = i / PIECES, c = i % PIECES;
			uint32_t k = k0 + c * W::V;
			bool there = m0 + row < j.rows && k < j.k;
			size_t at = there ? (m0 + row) * row_bytes<TYPE>(j.k) + size_t(k) * W::BITS / 8 : 0;
			unsigned char *place_ = to + place<PITCH, LANE_BYTES>(row, c);

			if (j.vector || W::QUANTISED)
				copy_async16(place_, static_cast<const char *>(j.weights) + at, there ? 16 : 0);
			else
				for (int e = 0; e < W::V; e++)
					reinterpret_cast<uint16_t *>(place_)[e] =
						there && k + e < j.k ? reinterpret_cast<const uint16_t *>(static_cast<const char *>(j.weights) + at)[e] : 0;
		}
		copy_async_commit();
	}

	static __device__ __forceinline__ unsigned half2_of(unsigned x, float scale, float offset)
	{
		__half2 h, s = __float2half2_rn(scale), o = __float2half2_rn(offset);
		unsigned v;

		memcpy(static_cast<void *>(&h), &x, sizeof h);
		h = __hfma2(h, s, o);
		memcpy(&v, &h, sizeof v);
		return v;
	}

	// The four pairs of 8 columns of a row: 1024 + n is the float16 whose low bits are n.
	static __device__ __forceinline__ void pairs_of(const unsigned char *at, unsigned (&a)[4])
	{
		if constexpr (W::BITS == 16) {
			uint4 v = *reinterpret_cast<const uint4 *>(at);

			a[0] = v.x, a[1] = v.y, a[2] = v.z, a[3] = v.w;
		} else if constexpr (W::BITS == 8) {
			uint2 v = *reinterpret_cast<const uint2 *>(at);
			unsigned x = v.x ^ 0x80808080u, y = v.y ^ 0x80808080u;

			a[0] = half2_of(__byte_perm(x, 0x64646464u, 0x4140), 1.0f, -1152.0f);
			a[1] = half2_of(__byte_perm(x, 0x64646464u, 0x4342), 1.0f, -1152.0f);
			a[2] = half2_of(__byte_perm(y, 0x64646464u, 0x4140), 1.0f, -1152.0f);
			a[3] = half2_of(__byte_perm(y, 0x64646464u, 0x4342), 1.0f, -1152.0f);
		} else {        // columns (0, 4), (1, 5), (2, 6), (3, 7): put_octet() pairs activations the same way
			unsigned x = *reinterpret_cast<const unsigned *>(at), y = x >> 8;

			a[0] = half2_of((x & 0x000f000fu) | 0x64006400u, 1.0f, -1032.0f);
			a[1] = half2_of((x & 0x00f000f0u) | 0x64006400u, 0.0625f, -72.0f);
			a[2] = half2_of((y & 0x000f000fu) | 0x64006400u, 1.0f, -1032.0f);
			a[3] = half2_of((y & 0x00f000f0u) | 0x64006400u, 0.0625f, -72.0f);
		}
	}

	// ---- activations ----

	__device__ __forceinline__ void octet_place(int i, int &row, int &c) const
	{
		int at = int(threadIdx.x) + i * TILE_THREADS;

		row = at / (S::BK / 8);
		c = at % (S::BK / 8);
	}

	__device__ __forceinline__ void load_octets(uint32_t tile_k)
	{
#pragma unroll
		for (int i = 0; i < S::OCTETS; i++) {
			int row, c;

			octet_place(i, row, c);
			const float *x = in_row(j, r0 + row);
			uint32_t k = tile_k * S::BK + c * 8;

			next[i][0] = x ? load4(x, k, j.k) : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
			next[i][1] = x ? load4(x, k + 4, j.k) : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
		}
	}

	static __device__ __forceinline__ unsigned pair_of(float low, float high)
	{
		__half2 h = __floats2half2_rn(fminf(fmaxf(low * F16_SHIFT, -65504.0f), 65504.0f), fminf(fmaxf(high * F16_SHIFT, -65504.0f), 65504.0f));
		unsigned v;

		memcpy(&v, &h, sizeof v);
		return v;
	}

	__device__ __forceinline__ void put_octets(uint32_t tile_k, int buffer)
	{
		unsigned char *to = shared + STAGES * WEIGHT_BYTES + buffer * IN_BYTES;

#pragma unroll
		for (int i = 0; i < S::OCTETS; i++) {
			int row, c;

			octet_place(i, row, c);
			uint32_t k = tile_k * S::BK + c * 8, r = r0 + row;
			const float2 *scale = j.source == SOURCE_TABLE ? table + row * j.n_groups : nullptr;
			float4 a = next[i][0], b = next[i][1];

			square[i] = square_sum(square_sum(square[i], a), b);
			if (r < j.n_rows && k < j.k) {
				a = prologue4(j, r, k, a, scale);
				if (k + 4 < j.k)
					b = prologue4(j, r, k + 4, b, scale);
			}
			uint4 v = W::BITS == 4 ? make_uint4(pair_of(a.x, b.x), pair_of(a.y, b.y), pair_of(a.z, b.z), pair_of(a.w, b.w))
				: make_uint4(pair_of(a.x, a.y), pair_of(a.z, a.w), pair_of(b.x, b.y), pair_of(b.z, b.w));
			*reinterpret_cast<uint4 *>(to + place<S::BK * 2, 16>(row, c)) = v;
		}
	}

	// ---- the product ----

	__device__ __forceinline__ void multiply32(int stage, int buffer, int step, float (&to)[S::MT][S::NT][4]) const
	{
		int t = lane % 4, g = lane / 4, wm = warp % S::WM, wn = warp / S::WM % S::WN;
		const unsigned char *w = shared + stage * WEIGHT_BYTES, *in = shared + STAGES * WEIGHT_BYTES + buffer * IN_BYTES;
		unsigned b[S::NT][4];

#pragma unroll
		for (int n = 0; n < S::NT; n++) {
			uint4 v = *reinterpret_cast<const uint4 *>(in + place<S::BK * 2, 16>((wn * S::NT + n) * 8 + g, step * 4 + t));

			b[n][0] = v.x, b[n][1] = v.y, b[n][2] = v.z, b[n][3] = v.w;
		}
#pragma unroll
		for (int m = 0; m < S::MT; m++) {
			int row = (wm * S::MT + m) * 16 + g, at = (step * 4 + t) * LANE_BYTES;
			unsigned low[4], high[4];

			pairs_of(w + place<PITCH, LANE_BYTES>(row, at / 16) + at % 16, low);
			pairs_of(w + place<PITCH, LANE_BYTES>(row + 8, at / 16) + at % 16, high);
#pragma unroll
			for (int half = 0; half < 2; half++) {
				unsigned a[4] = { low[2 * half], high[2 * half], low[2 * half + 1], high[2 * half + 1] };

#pragma unroll
				for (int n = 0; n < S::NT; n++) {
					unsigned two[2] = { b[n][2 * half], b[n][2 * half + 1] };

					mma_f16(to[m][n], a, two);
				}
			}
		}
	}

	// Quantised: the 32 columns of a step lie in one group, whose scale is one number for a row of the matrix.
	__device__ __forceinline__ void multiply_scaled(uint32_t tile_k, int stage, int buffer, int step)
	{
		uint32_t k = tile_k * S::BK + step * 32, n_scales = (j.k + j.group - 1) / j.group, column = k < j.k ? k / j.group : 0;
		float whole[S::MT][S::NT][4] = {}, scale[S::MT][2];

#pragma unroll
		for (int m = 0; m < S::MT; m++)
#pragma unroll
			for (int half = 0; half < 2; half++) {
				uint32_t row = m0 + ((warp % S::WM) * S::MT + m) * 16 + half * 8 + lane / 4;

				scale[m][half] = row < j.rows ? __ldg(j.scales + size_t(row) * n_scales + column) : 0.0f;
			}
		multiply32(stage, buffer, step, whole);
#pragma unroll
		for (int m = 0; m < S::MT; m++)
#pragma unroll
			for (int n = 0; n < S::NT; n++)
#pragma unroll
				for (int i = 0; i < 4; i++)
					sums[m][n][i] = fmaf(scale[m][i / 2], whole[m][n][i], sums[m][n][i]);
	}

	__device__ __forceinline__ void multiply(uint32_t tile_k, int stage, int buffer)
	{
		int deep = warp / (S::WM * S::WN);

#pragma unroll
		for (int i = 0; i < S::BK / 32 / S::WK; i++) {
			int step = i * S::WK + deep;

			if constexpr (W::QUANTISED)
				multiply_scaled(tile_k, stage, buffer, step);
			else
				multiply32(stage, buffer, step, sums);
		}
	}

	// A row's factor: the norm's scale, and what float16 was shifted by.
	__device__ __forceinline__ void make_factors()
	{
#pragma unroll
		for (int i = 0; i < S::OCTETS; i++) {
			float sum = square[i];
			int row, c;

			octet_place(i, row, c);
			sum = warp_sum<S::BK / 8>(sum);
			if (c == 0)
				factor[row] = (j.source == SOURCE_SCALED ? inverse_root(sum, j.k, j.eps) : 1.0f) * F16_UNSHIFT;
		}
	}

	// The sums of the warps that stand behind each other, added in order, into result[r][m].
	__device__ __forceinline__ void put_sums()
	{
		float *result = reinterpret_cast<float *>(shared);
		int wm = warp % S::WM, wn = warp / S::WM % S::WN, deep = warp / (S::WM * S::WN), g = lane / 4, t = lane % 4;

#pragma unroll
		for (int w = 0; w < S::WK; w++) {
			if (w == deep)
#pragma unroll
				for (int m = 0; m < S::MT; m++)
#pragma unroll
					for (int n = 0; n < S::NT; n++)
#pragma unroll
						for (int i = 0; i < 4; i++) {
							int row = (wm * S::MT + m) * 16 + g + i / 2 * 8, r = (wn * S::NT + n) * 8 + t * 2 + i % 2;
							float *at = result + r * RESULT_PITCH + row;

							*at = w ? *at + sums[m][n][i] : sums[m][n][i];
						}
			__syncthreads();
		}
	}

	// Leaves the products, short of bias, in shared memory: result(r, m).
	__device__ __forceinline__ void run()
	{
		uint32_t n_tiles = (j.k + S::BK - 1) / S::BK;

#pragma unroll 1
		for (int s = 0; s + 1 < STAGES; s++)
			load_weights(s, s);
		grid_wait();
		grid_release();
		if (j.source == SOURCE_TABLE) {
			make_table(j, r0, S::BN, table);
			__syncthreads();
		}
		load_octets(0);
		// What iteration `at` writes was last read in iteration at - 1, before the barrier of this one;
		// but for the activations, of which there are two buffers.
#pragma unroll 1
		for (uint32_t at = 0; at < n_tiles; at++) {
			put_octets(at, at % 2);
			load_octets(at + 1);
			copy_async_wait<STAGES - 2>();
			__syncthreads();
			load_weights(at + STAGES - 1, (at + STAGES - 1) % STAGES);
			multiply(at, at % STAGES, at % 2);
		}
		copy_async_wait<0>();
		__syncthreads();
		make_factors();
		put_sums();
	}

	__device__ __forceinline__ float result(int r, int m) const
	{
		return reinterpret_cast<const float *>(shared)[r * RESULT_PITCH + m] * factor[r];
	}
};

template <int TYPE, class S>
__global__ void __launch_bounds__(TILE_THREADS, weights<TYPE>::QUANTISED ? 1 : 2) tile_kernel(const __grid_constant__ job j)
{
	DYN_SHARED(unsigned char, shared);
	__shared__ float factor[S::BN];
	using T = tile<TYPE, S>;
	T t = { j, shared, factor, reinterpret_cast<float2 *>(shared + T::BYTES), blockIdx.y * S::BM, blockIdx.x * S::BN, threadIdx.x / 32, threadIdx.x % 32,
		{}, {}, {} };

	t.run();
	for (int i = threadIdx.x; i < S::BM * S::BN; i += TILE_THREADS) {
		int m = i % S::BM, r = i / S::BM;

		if (t.m0 + m < j.rows && in_row(j, t.r0 + r))
			emit(j, t.m0 + m, t.r0 + r, t.result(r, m));
	}
}

// Of which types a tile is made. float32 is exact, and so is bfloat16 here: in precision "fast" it was made float16.
template <int TYPE> constexpr bool TILED = TYPE == KC_F16 || weights<TYPE>::QUANTISED;

// Whether tensor cores can take this matrix.
inline bool tile_can(const job &j, unsigned type)
{
	return type == KC_F16 || ((type == KC_INT8 || type == KC_INT4) && j.vector && (j.group % 32 == 0 || j.group >= j.k));
}

}  // namespace

#endif
