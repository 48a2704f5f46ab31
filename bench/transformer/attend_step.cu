// SPDX-License-Identifier: Apache-2.0
// attend_step.cu - attention of one query a sequence over its cache, split along the keys.
//
// What bounds it is the cache: 4 head_dim bytes for each key, read once. A block of 128 threads owns one head of one sequence
// and one split of its keys; tiles of 64 keys and values come by cp.async, two at a time. Two threads share a key for
// the scores; then a thread owns 8 columns of the values and every GROUPS-th key. Largest score, sum and accumulators are
// carried from tile to tile (Milakov and Gimelshein 2018). With several splits, so that few sequences fill the device
// too, each writes its part, and a second kernel joins them.
#include "bench/transformer/attention.h"
#include "kernels/cuda/rows.cuh"

namespace {

constexpr unsigned THREADS = 128, TILE = 64, PAD = 8;
using half_t = __nv_bfloat16;

template <unsigned HD> struct step_shared {
	__align__(16) half_t keys[2][TILE][HD + PAD], values[2][TILE][HD + PAD];
	float score[TILE], sums[THREADS / (HD / 8)];
};

// What a split leaves: the sums of weighted values, then the largest score and the sum of weights.
template <unsigned HD> __device__ __forceinline__ float *part_of(const attention &a, unsigned sequence, unsigned head, unsigned split)
{
	return a.partial + ((size_t(sequence) * a.n_heads + head) * a.n_splits + split) * (HD + 2);
}

template <unsigned HD> __device__ __forceinline__ void fetch(half_t (*tile)[HD + PAD], const half_t *from, unsigned n)
{
	for (unsigned i = threadIdx.x; i < TILE * HD / 8; i += THREADS) {
		unsigned t = i / (HD / 8), c = i % (HD / 8) * 8;

		copy_async16(&tile[t][c], from + size_t(t < n ? t : 0) * HD + c, t < n ? 16 : 0);
	}
}

// Half a key's score for each thread; the pair adds up.
template <unsigned HD> __device__ __forceinline__ void score(step_shared<HD> &shared, const float (&q)[HD / 2], unsigned buffer, unsigned n)
{
	unsigned key = threadIdx.x / 2, at = threadIdx.x % 2 * (HD / 2);
	float sum = 0.0f;

#pragma unroll
	for (unsigned c = 0; c < HD / 2; c += 8) {
		float k[8];

		load_row<half_t, true>(k, &shared.keys[buffer][key][at + c], 8);
#pragma unroll
		for (unsigned i = 0; i < 8; i++)
			sum = fmaf(k[i], q[c + i], sum);
	}
	sum += __shfl_xor_sync(WHOLE_WARP, sum, 1);
	if (at == 0)
		shared.score[key] = key < n ? sum : -INFINITY;
}

struct running {
	float highest, sum, v[8];
};

template <unsigned HD> __device__ __forceinline__ void weigh(running &r, const step_shared<HD> &shared, unsigned buffer)
{
	constexpr unsigned OCTETS = HD / 8, GROUPS = THREADS / OCTETS;
	unsigned lane = threadIdx.x % 32, group = threadIdx.x / OCTETS, at = threadIdx.x % OCTETS * 8;
	float highest = fmaxf(shared.score[lane], shared.score[lane + 32]);

#pragma unroll
	for (int other = 16; other; other /= 2)
		highest = fmaxf(highest, __shfl_xor_sync(WHOLE_WARP, highest, other));
	highest = fmaxf(highest, r.highest);
	float scale = exp2_fast(r.highest - highest);

	r.highest = highest;
	r.sum *= scale;
#pragma unroll
	for (unsigned i = 0; i < 8; i++)
		r.v[i] *= scale;
	for (unsigned key = group; key < TILE && group < GROUPS; key += GROUPS) {
		float weight = exp2_fast(shared.score[key] - highest), v[8];

		load_row<half_t, true>(v, &shared.values[buffer][key][at], 8);
		r.sum += weight;
#pragma unroll
		for (unsigned i = 0; i < 8; i++)
			r.v[i] = fmaf(weight, v[i], r.v[i]);
	}
}

// Adds up the groups' sums; a thread a column writes them.
template <unsigned HD> __device__ __forceinline__ void finish(const running &r, step_shared<HD> &shared, const attention &a)
{
	constexpr unsigned OCTETS = HD / 8, GROUPS = THREADS / OCTETS;
	unsigned head = blockIdx.x, split = blockIdx.y, sequence = blockIdx.z, group = threadIdx.x / OCTETS, octet = threadIdx.x % OCTETS;
	float (*sums)[HD] = reinterpret_cast<float (*)[HD]>(&shared.keys[0][0][0]);
	float total = 0.0f, sum = 0.0f;

	if (group < GROUPS) {
#pragma unroll
		for (unsigned i = 0; i < 8; i++)
			sums[group][octet * 8 + i] = r.v[i];
		if (octet == 0)
			shared.sums[group] = r.sum;
	}
	__syncthreads();
	if (threadIdx.x >= HD)
		return;
	for (unsigned g = 0; g < GROUPS; g++) {
		total += shared.sums[g];
		sum += sums[g][threadIdx.x];
	}
	if (a.n_splits == 1) {
		static_cast<half_t *>(a.out)[(size_t(sequence) * a.n_heads + head) * HD + threadIdx.x] = narrow<half_t>(sum / total);
		return;
	}
	float *part = part_of<HD>(a, sequence, head, split);

	part[threadIdx.x] = sum;
	if (threadIdx.x == 0) {
		part[HD] = r.highest;
		part[HD + 1] = total;
	}
}

template <unsigned HD> __global__ void __launch_bounds__(THREADS) attend_step_kernel(const attention a)
{
	DYN_SHARED(unsigned char, bytes);
	auto &shared = *reinterpret_cast<step_shared<HD> *>(bytes);
	unsigned head = blockIdx.x, split = blockIdx.y, sequence = blockIdx.z, n_keys = *a.length + 1;
	unsigned tiles = (n_keys + TILE - 1) / TILE, share = (tiles + a.n_splits - 1) / a.n_splits;
	unsigned from = min(split * share, tiles), to = min(from + share, tiles);
	size_t cache = (size_t(sequence) * a.n_heads + head) * a.capacity * HD;
	const half_t *keys = static_cast<const half_t *>(a.keys) + cache, *values = static_cast<const half_t *>(a.values) + cache;
	const half_t *query = static_cast<const half_t *>(a.qkv) + size_t(sequence) * 3 * a.n_heads * HD + head * HD + threadIdx.x % 2 * (HD / 2);
	auto fetch_tile = [&](unsigned tile) {
		size_t at = size_t(tile) * TILE;
		unsigned n = min(TILE, n_keys - tile * TILE);

		fetch<HD>(shared.keys[tile % 2], keys + at * HD, n);
		fetch<HD>(shared.values[tile % 2], values + at * HD, n);
		copy_async_commit();
	};
	running r = { -INFINITY, 0.0f, {} };
	float q[HD / 2];

	if (from < to)
		fetch_tile(from);
	load_row<half_t, true>(q, query, HD / 2);
	for (unsigned tile = from; tile < to; tile++) {
		if (tile + 1 < to) {
			fetch_tile(tile + 1);
			copy_async_wait<1>();
		} else
			copy_async_wait<0>();
		__syncthreads();
		score<HD>(shared, q, tile % 2, n_keys - tile * TILE);
		__syncthreads();
		weigh<HD>(r, shared, tile % 2);
		__syncthreads();
	}
	finish<HD>(r, shared, a);
}

template <unsigned HD> __global__ void __launch_bounds__(HD) attend_join_kernel(const attention a)
{
	unsigned head = blockIdx.x, sequence = blockIdx.y;
	float highest = -INFINITY, total = 0.0f, sum = 0.0f;

	for (unsigned s = 0; s < a.n_splits; s++)
		highest = fmaxf(highest, part_of<HD>(a, sequence, head, s)[HD]);
	for (unsigned s = 0; s < a.n_splits; s++) {
		const float *part = part_of<HD>(a, sequence, head, s);
		float scale = exp2_fast(part[HD] - highest);

		total = fmaf(scale, part[HD + 1], total);
		sum = fmaf(scale, part[threadIdx.x], sum);
	}
	static_cast<half_t *>(a.out)[(size_t(sequence) * a.n_heads + head) * HD + threadIdx.x] = narrow<half_t>(sum / total);
}

template <unsigned HD> cudaError_t launch_step(const attention &a, cudaStream_t stream)
{
	launch_how step = { dim3(a.n_heads, a.n_splits, a.n_sequences), dim3(THREADS), sizeof(step_shared<HD>), stream, false, false, 0 };
	launch_how join = { dim3(a.n_heads, a.n_sequences), dim3(HD), 0, stream, false, false, 0 };
	cudaError_t error = launch_kernel(step, attend_step_kernel<HD>, a);

	return error == cudaSuccess && a.n_splits > 1 ? launch_kernel(join, attend_join_kernel<HD>, a) : error;
}

}  // namespace

size_t attend_partial(const attention *a)
{
	return a->n_splits > 1 ? size_t(a->n_sequences) * a->n_heads * a->n_splits * (a->head_dim + 2) : 0;
}

cudaError_t attend_step(const attention *a, cudaStream_t stream)
{
	switch (a->head_dim) {
	case 64:
		return launch_step<64>(*a, stream);
	case 80:
		return launch_step<80>(*a, stream);
	case 128:
		return launch_step<128>(*a, stream);
	default:
		return cudaErrorInvalidValue;
	}
}
