// SPDX-License-Identifier: Apache-2.0
// scan1_parallel.cu - kc_scan1 with the time cut into segments of 256 rows, for few channels and long pieces.
//
// mamba-130m has 1536 channels: 96 blocks of 64 threads would leave most of a device idle. The recurrence is linear
// in h, so a segment that begins with h0 ends with exp(A sum dt) h0 + (what it ends with from zero):
//
//	1. each segment by itself from zero: its end [I, N] and the sum of its dt [I];
//	2. along the segments of a piece, with h from the slot: where each one begins, written over its end;
//	3. each segment again from where it begins, now with y; the last one leaves the state in the slot.
//
// All exponentials are computed twice, so this pays only where the sequential form would fill less than half of the device.
// Segments are counted from each piece's own beginning: the answer does not depend on what else is in the call.
// Workspace: for each segment I (N + 1) floats. Segments of piece i begin at number first[i] / 256 + i, which never overlap
// where pieces lie in the order of their rows.
#include "kernels/cuda/scan1.cuh"
#include "kernels/cuda/scan1_parallel.h"

namespace {

constexpr unsigned SEGMENT = 256, CHANNELS = 16, STATES = 4, COMBINE_THREADS = 128;

struct segment {
	unsigned from, count;   // its rows, counted in the piece
	float *end, *sum_dt;    // [I, N] and [I] of the workspace
};

__device__ __forceinline__ segment segment_of(const struct kc_scan1 &scan, const struct kc_pieces &pieces, unsigned piece, unsigned which)
{
	size_t number = pieces.first[piece] / SEGMENT + piece + which, width = size_t(scan.d_inner) * (scan.d_state + 1);
	float *at = scan.workspace + number * width;
	unsigned from = which * SEGMENT, count = pieces.count[piece];

	return { from, from < count ? min(SEGMENT, count - from) : 0, at, at + size_t(scan.d_inner) * scan.d_state };
}

// The block's sums of dt: a thread has 8 channels' over its own rows.
__device__ __forceinline__ void add_up(scan1_shared<CHANNELS, STATES> &shared, const float (&sum_dt)[8], float *out, unsigned channel, unsigned d_inner)
{
	unsigned row = threadIdx.x / (CHANNELS / 8), at = threadIdx.x % (CHANNELS / 8) * 8;

#pragma unroll
	for (unsigned i = 0; i < 8; i++)
		shared.y[row][at + i] = sum_dt[i];
	__syncthreads();
	if (threadIdx.x < CHANNELS && channel + threadIdx.x < d_inner) {
		float sum = 0.0f;

		for (unsigned t = 0; t < SCAN_ROWS; t++)
			sum += shared.y[t][threadIdx.x];
		out[channel + threadIdx.x] = sum;
	}
}

// LAST: step 3, else step 1.
template <class T, bool LAST> __global__ void __launch_bounds__(CHANNELS * SCAN_LANES, 1)
	scan1_segment_kernel(const struct kc_scan1 scan, const struct kc_pieces pieces)
{
	__shared__ scan1_shared<CHANNELS, STATES> shared;
	unsigned piece = blockIdx.z, first = blockIdx.x * CHANNELS, channel = first + threadIdx.x / SCAN_LANES, lane = threadIdx.x % SCAN_LANES;
	segment mine = segment_of(scan, pieces, piece, blockIdx.y);
	scan1_run run = { pieces.first[piece] + size_t(mine.from), mine.count, first, aligned_bc(scan) };
	float h[STATES] = {}, a[STATES], sum_dt[8] = {};
	float *slot = pieces.slot[piece];

	if (!slot || !run.count)
		return;
	load_a(a, scan, channel, lane);
	if (LAST)
		load_states(h, mine.end, scan, channel, lane);
	scan1_rows<T, true, LAST>(shared, scan, run, h, a, sum_dt);
	if (!LAST) {
		store_states(mine.end, h, scan, channel, lane);
		add_up(shared, sum_dt, mine.sum_dt, first, scan.d_inner);
	} else if (mine.from + mine.count == pieces.count[piece])
		store_states(slot + scan.ssm_at, h, scan, channel, lane);
}

// Step 2: a thread owns one state of one channel.
__global__ void __launch_bounds__(COMBINE_THREADS) scan1_combine_kernel(const struct kc_scan1 scan, const struct kc_pieces pieces)
{
	unsigned i = blockIdx.x * COMBINE_THREADS + threadIdx.x, piece = blockIdx.y, channel = i / scan.d_state;
	const float *slot = pieces.slot[piece];

	if (channel >= scan.d_inner || !slot)
		return;
	float h = slot[scan.ssm_at + i], a = scan.a[i];

	for (unsigned which = 0; which * SEGMENT < pieces.count[piece]; which++) {
		segment now = segment_of(scan, pieces, piece, which);
		float end = now.end[i];

		now.end[i] = h;
		h = fmaf(expf(a * now.sum_dt[channel]), h, end);
	}
}

template <class T, bool LAST> cudaError_t launch_segments(const struct kc_scan1 &scan, const struct kc_pieces &pieces, cudaStream_t stream)
{
	launch_how how = { dim3(ceil_div(scan.d_inner, CHANNELS), ceil_div(pieces.longest, SEGMENT), pieces.n), dim3(CHANNELS * SCAN_LANES), 0, stream, false, false,
		scan1_bytes(scan, pieces) };

	return launch_kernel(how, scan1_segment_kernel<T, LAST>, scan, pieces);
}

// How many pieces a call may have so that the sequential form would fill less than half of the device.
size_t most_pieces(const struct kc_scan1 &scan)
{
	return scan.d_state > STATES * SCAN_LANES ? 0 : 132 / ceil_div(scan.d_inner, CHANNELS);
}

}  // namespace

size_t kc_scan1_workspace(const struct kc_scan1 *scan, uint32_t n_rows, uint32_t n_pieces)
{
	size_t pieces = min(size_t(n_pieces), most_pieces(*scan));

	return pieces && n_rows >= 2 * SEGMENT ? (n_rows / SEGMENT + pieces) * scan->d_inner * (scan->d_state + 1) * sizeof(float) : 0;
}

bool krait__cuda_scan1_pays(const struct kc_scan1 *scan, const struct kc_pieces *pieces)
{
	return scan->workspace && scan->u.type == KC_F16 && scan1_wide(*scan) && pieces->n <= most_pieces(*scan) && pieces->n_rows >= 2 * SEGMENT * size_t(pieces->n);
}

cudaError_t krait__cuda_scan1_parallel(const struct kc_scan1 *scan, const struct kc_pieces *pieces, cudaStream_t stream)
{
	launch_how combine = { dim3(ceil_div(size_t(scan->d_inner) * scan->d_state, COMBINE_THREADS), pieces->n), dim3(COMBINE_THREADS), 0, stream, false, false,
		uint64_t(pieces->n_rows / SEGMENT + pieces->n) * scan->d_inner * (scan->d_state * 8 + 4) };

	cudaError_t error = launch_segments<__half, false>(*scan, *pieces, stream);

	if (error == cudaSuccess)
		error = launch_kernel(combine, scan1_combine_kernel, *scan, *pieces);
	return error == cudaSuccess ? launch_segments<__half, true>(*scan, *pieces, stream) : error;
}
