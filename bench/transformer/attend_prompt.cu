// SPDX-License-Identifier: Apache-2.0
// attend_prompt.cu - causal attention of many queries on tensor cores (after Dao 2023, FlashAttention-2).
//
// A block of 4 warps owns 64 queries of one head of one sequence, 16 a warp, and walks along the keys it may see in tiles of
// 64, two in shared memory at a time by cp.async. Scores stay in registers: as accumulators of Q K^T they are, rounded to
// bfloat16, the left operand of the product with the values. Largest score and sum of weights are carried for the
// two rows that a lane has part of. Blocks with most keys come first.
//
// Multiply-adds a query and key: 2 head_dim. Memory: queries and the result once, keys and values once for each 64 queries,
// mostly from the second-level cache.
#include "bench/transformer/attention.h"
#include "kernels/cuda/rows.cuh"

namespace {

constexpr unsigned THREADS = 128, TILE = 64, PAD = 8;
using half_t = __nv_bfloat16;

template <unsigned HD> struct prompt_shared {
	__align__(16) half_t keys[2][TILE][HD + PAD], values[2][TILE][HD + PAD];
};

template <unsigned HD> struct running {
	float out[HD / 8][4], highest[2], sum[2];
};

// Where the lane points for load_matrix4: a left operand's 16 x 16, or two right operands side by side.
__device__ __forceinline__ unsigned left_row(unsigned lane) { return lane % 16; }
__device__ __forceinline__ unsigned left_column(unsigned lane) { return lane / 16 * 8; }
__device__ __forceinline__ unsigned right_row(unsigned lane) { return lane / 16 * 8 + lane % 8; }
__device__ __forceinline__ unsigned right_column(unsigned lane) { return lane / 8 % 2 * 8; }

__device__ __forceinline__ unsigned pair(float low, float high)
{
	__nv_bfloat162 both = __floats2bfloat162_rn(low, high);
	unsigned bits;

	memcpy(&bits, &both, 4);
	return bits;
}

template <unsigned HD> __device__ __forceinline__ void fetch(half_t (*tile)[HD + PAD], const half_t *from, size_t stride, unsigned n)
{
	for (unsigned i = threadIdx.x; i < TILE * HD / 8; i += THREADS) {
		unsigned t = i / (HD / 8), c = i % (HD / 8) * 8;

		copy_async16(&tile[t][c], from + (t < n ? t : 0) * stride + c, t < n ? 16 : 0);
	}
}

template <unsigned HD> __device__ __forceinline__ void score(float (&scores)[TILE / 8][4], const unsigned (&q)[HD / 16][4], const prompt_shared<HD> &shared, unsigned buffer)
{
	unsigned lane = threadIdx.x % 32;

#pragma unroll
	for (unsigned k = 0; k < HD / 16; k++)
#pragma unroll
		for (unsigned j = 0; j < TILE / 8; j += 2) {
			unsigned right[4];

			load_matrix4(right, &shared.keys[buffer][j * 8 + right_row(lane)][k * 16 + right_column(lane)]);
			mma_bf16(scores[j], q[k], { right[0], right[1] });
			mma_bf16(scores[j + 1], q[k], { right[2], right[3] });
		}
}

// Keys after a lane's rows are hidden. last: the last key that the first of the two rows sees, counted in the tile.
__device__ __forceinline__ void hide(float (&scores)[TILE / 8][4], int last)
{
#pragma unroll
	for (int j = 0; j < int(TILE / 8); j++)
#pragma unroll
		for (int i = 0; i < 4; i++)
			if (j * 8 + int(threadIdx.x % 4) * 2 + i % 2 > last + i / 2 * 8)
				scores[j][i] = -INFINITY;
}

// Scores become weights, of the largest score so far; what there is already is scaled to it.
template <unsigned HD> __device__ __forceinline__ void weigh(running<HD> &r, float (&scores)[TILE / 8][4])
{
#pragma unroll
	for (unsigned row = 0; row < 2; row++) {
		float highest = r.highest[row];

#pragma unroll
		for (unsigned j = 0; j < TILE / 8; j++)
			highest = fmaxf(highest, fmaxf(scores[j][2 * row], scores[j][2 * row + 1]));
		highest = fmaxf(highest, __shfl_xor_sync(WHOLE_WARP, highest, 1));
		highest = fmaxf(highest, __shfl_xor_sync(WHOLE_WARP, highest, 2));
		float scale = exp2_fast(r.highest[row] - highest);

		r.highest[row] = highest;
		r.sum[row] *= scale;
#pragma unroll
		for (unsigned j = 0; j < HD / 8; j++) {
			r.out[j][2 * row] *= scale;
			r.out[j][2 * row + 1] *= scale;
		}
#pragma unroll
		for (unsigned j = 0; j < TILE / 8; j++)
#pragma unroll
			for (unsigned i = 2 * row; i < 2 * row + 2; i++) {
				scores[j][i] = exp2_fast(scores[j][i] - highest);
				r.sum[row] += scores[j][i];
			}
	}
}

template <unsigned HD> __device__ __forceinline__ void add_values(running<HD> &r, const float (&weights)[TILE / 8][4], const prompt_shared<HD> &shared, unsigned buffer)
{
	unsigned lane = threadIdx.x % 32;

#pragma unroll
	for (unsigned j = 0; j < TILE / 8; j += 2) {
		unsigned left[4] = { pair(weights[j][0], weights[j][1]), pair(weights[j][2], weights[j][3]),
			pair(weights[j + 1][0], weights[j + 1][1]), pair(weights[j + 1][2], weights[j + 1][3]) };

#pragma unroll
		for (unsigned c = 0; c < HD / 8; c += 2) {
			unsigned right[4];

			load_matrix4<true>(right, &shared.values[buffer][j * 8 + left_row(lane)][c * 8 + left_column(lane)]);
			mma_bf16(r.out[c], left, { right[0], right[1] });
			mma_bf16(r.out[c + 1], left, { right[2], right[3] });
		}
	}
}

template <unsigned HD> __device__ __forceinline__ void finish(const running<HD> &r, const attention &a, unsigned sequence, unsigned head, unsigned first)
{
	unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32;

#pragma unroll
	for (unsigned half = 0; half < 2; half++) {
		unsigned row = first + warp * 16 + lane / 4 + half * 8;
		float sum = r.sum[half];

		sum += __shfl_xor_sync(WHOLE_WARP, sum, 1);
		sum += __shfl_xor_sync(WHOLE_WARP, sum, 2);
		if (row >= a.n_rows)
			continue;
		half_t *out = static_cast<half_t *>(a.out) + (size_t(sequence) * a.n_rows + row) * a.n_heads * HD + head * HD + lane % 4 * 2;

#pragma unroll
		for (unsigned j = 0; j < HD / 8; j++)
			*reinterpret_cast<unsigned *>(out + j * 8) = pair(r.out[j][2 * half] / sum, r.out[j][2 * half + 1] / sum);
	}
}

template <unsigned HD> __global__ void __launch_bounds__(THREADS) attend_prompt_kernel(const attention a)
{
	DYN_SHARED(unsigned char, bytes);
	auto &shared = *reinterpret_cast<prompt_shared<HD> *>(bytes);
	unsigned head = blockIdx.y, sequence = blockIdx.z, first = (gridDim.x - 1 - blockIdx.x) * TILE, before = *a.length;
	unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32, n_keys = min(before + first + TILE, before + a.n_rows), tiles = (n_keys + TILE - 1) / TILE;
	size_t cache = (size_t(sequence) * a.n_heads + head) * a.capacity * HD, stride = size_t(3) * a.n_heads * HD;
	const half_t *keys = static_cast<const half_t *>(a.keys) + cache, *values = static_cast<const half_t *>(a.values) + cache;
	const half_t *queries = static_cast<const half_t *>(a.qkv) + (size_t(sequence) * a.n_rows + first) * stride + head * HD;
	auto fetch_tile = [&](unsigned tile) {
		unsigned n = min(TILE, n_keys - tile * TILE);

		fetch<HD>(shared.keys[tile % 2], keys + size_t(tile) * TILE * HD, HD, n);
		fetch<HD>(shared.values[tile % 2], values + size_t(tile) * TILE * HD, HD, n);
		copy_async_commit();
	};
	running<HD> r = { {}, { -INFINITY, -INFINITY }, {} };
	unsigned q[HD / 16][4];

	fetch<HD>(shared.keys[1], queries, stride, a.n_rows - first);
	copy_async_commit();
	fetch_tile(0);
	copy_async_wait<1>();
	__syncthreads();
#pragma unroll
	for (unsigned k = 0; k < HD / 16; k++)
		load_matrix4(q[k], &shared.keys[1][warp * 16 + left_row(lane)][k * 16 + left_column(lane)]);
	for (unsigned tile = 0; tile < tiles; tile++) {
		float scores[TILE / 8][4] = {};

		copy_async_wait<0>();
		__syncthreads();
		if (tile + 1 < tiles)
			fetch_tile(tile + 1);
		score<HD>(scores, q, shared, tile % 2);
		if ((tile + 1) * TILE > before + first)
			hide(scores, int(before + first + warp * 16 + lane / 4) - int(tile * TILE));
		weigh(r, scores);
		add_values<HD>(r, scores, shared, tile % 2);
	}
	finish<HD>(r, a, sequence, head, first);
}

template <unsigned HD> cudaError_t launch_prompt(const attention &a, cudaStream_t stream)
{
	launch_how how = { dim3(ceil_div(a.n_rows, TILE), a.n_heads, a.n_sequences), dim3(THREADS), sizeof(prompt_shared<HD>), stream, false, false, 0 };

	return launch_kernel(how, attend_prompt_kernel<HD>, a);
}

}  // namespace

bool attend_head_dim(uint32_t head_dim)
{
	return head_dim == 64 || head_dim == 80 || head_dim == 128;
}

cudaError_t attend_prompt(const attention *a, cudaStream_t stream)
{
	switch (a->head_dim) {
	case 64:
		return launch_prompt<64>(*a, stream);
	case 80:
		return launch_prompt<80>(*a, stream);
	case 128:
		return launch_prompt<128>(*a, stream);
	default:
		return cudaErrorInvalidValue;
	}
}
