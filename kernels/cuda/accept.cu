// SPDX-License-Identifier: Apache-2.0
// accept.cu - what becomes of drawn tokens: kept and read, or the end of a row. With it a generating
// call goes on from token to token without the host.
//
// A block of 128 threads owns a row. All its threads decide alike, from what no block changes; then
// thread 0 writes the row's books and all of them copy the token's embedding into x: k elements
// read, k floats written.
#include "kernels.h"
#include "port.cuh"

namespace {

constexpr unsigned THREADS = 128;

__device__ __forceinline__ float element(const kc_matrix &table, uint32_t row, uint32_t column)
{
	size_t at = size_t(row) * table.k + column;

	if (table.type == KC_F32)
		return static_cast<const float *>(table.data)[at];
	if (table.type == KC_F16)
		return __half2float(static_cast<const __half *>(table.data)[at]);
	if (table.type == KC_BF16)
		return __bfloat162float(static_cast<const __nv_bfloat16 *>(table.data)[at]);
	uint32_t groups = (table.k + table.group - 1) / table.group;
	float scale = table.scales[size_t(row) * groups + column / table.group];
	if (table.type == KC_INT8)
		return scale * float(static_cast<const int8_t *>(table.data)[at]);
	unsigned both = static_cast<const uint8_t *>(table.data)[at / 2];
	return scale * float(int(at % 2 ? both >> 4 : both & 15) - 8);
}

// Any row that would be bad, where rows move together or not at all.
__device__ __forceinline__ bool any_bad(const int32_t *token, const kc_draw *draw, uint32_t n_rows)
{
	int bad = 0;

	for (uint32_t r = threadIdx.x; r < n_rows; r += THREADS)
		bad |= draw[r].limit > 0 && token[r] < 0;
	return __syncthreads_or(bad);
}

__device__ __forceinline__ bool is_stop(const kc_draw &draw, int32_t token)
{
	int found = 0;

	for (uint32_t i = threadIdx.x; i < draw.n_stops; i += THREADS)
		found |= draw.stops[i] == token;
	return __syncthreads_or(found);
}

__global__ void __launch_bounds__(THREADS) accept_kernel(struct kc_accept a)
{
	uint32_t r = blockIdx.x;
	kc_draw draw = a.draw[r];
	bool going = a.slot[r] != nullptr;
	int32_t token = going ? a.token[r] : 0;
	kc_drawn drawn = *draw.drawn;
	int outcome = KC_GOES_ON;

	if (draw.together ? any_bad(a.token, a.draw, a.n_rows) : token < 0)
		outcome = token < 0 ? KC_BAD : KC_FULL;
	else if (drawn.n == draw.limit)
		outcome = KC_FULL;
	else if (is_stop(draw, token))
		outcome = KC_STOPPED;
	if (!going)
		return;
	__syncthreads();        // everybody has read the books
	if (threadIdx.x == 0) {
		if (outcome == KC_GOES_ON) {
			draw.tokens[drawn.n++] = token;
			a.sampling[r].position++;
			if (a.sampling[r].counts)
				a.sampling[r].counts[token]++;
		} else {
			a.slot[r] = nullptr;
		}
		drawn.outcome = outcome;
		drawn.stop = outcome == KC_STOPPED ? token : -1;
		*draw.drawn = drawn;
	}
	for (uint32_t c = threadIdx.x; c < a.table.k && outcome == KC_GOES_ON; c += THREADS)
		a.x[size_t(r) * a.table.k + c] = element(a.table, uint32_t(token), c);
}

__global__ void __launch_bounds__(THREADS) spread_kernel(uint32_t *counts, const int32_t *token, const uint32_t *times, uint32_t n)
{
	uint32_t i = blockIdx.x * THREADS + threadIdx.x;

	if (i < n)
		counts[token[i]] = times[i];
}

}  // namespace

cudaError_t kc_accept(const struct kc_accept *accept, cudaStream_t stream)
{
	uint64_t bytes = uint64_t(accept->n_rows) * accept->table.k * (4 + (accept->table.type == KC_F32 ? 4 : accept->table.type < KC_INT8 ? 2 : 1));
	launch_how how = { dim3(accept->n_rows), dim3(THREADS), 0, stream, false, false, bytes };

	return launch_kernel(how, accept_kernel, *accept);
}

cudaError_t kc_spread(uint32_t *counts, const int32_t *token, const uint32_t *times, uint32_t n, cudaStream_t stream)
{
	launch_how how = { dim3((n + THREADS - 1) / THREADS), dim3(THREADS), 0, stream, false, false, uint64_t(n) * 12 };

	return n ? launch_kernel(how, spread_kernel, counts, token, times, n) : cudaSuccess;
}
