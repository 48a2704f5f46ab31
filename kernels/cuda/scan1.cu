// SPDX-License-Identifier: Apache-2.0
// scan1.cu - kc_scan1: Mamba-1's recurrence along each piece, one block for a piece and its channels.
//
// See scan1.cuh for the work of a block. Blocks of 64 channels (256 threads) share B and C best; where there are too few of
// them to fill a device, blocks of 16 (64 threads) spread better: mamba-2.8b has 5120 channels, 80 blocks or 320. With even
// fewer channels and long pieces scan1_parallel.cu cuts the time into segments too. One more kernel, with 16 states a lane,
// serves d_state up to 64 and rows that cannot be moved 16 bytes at a time.
#include "kernels/cuda/scan1.cuh"
#include "kernels/cuda/scan_any.h"
#include "kernels/cuda/scan1_parallel.h"

namespace {

// A device of 132 multiprocessors is full with four blocks of 64 channels on each.
constexpr unsigned FULL = 4 * 132;

template <class T, bool WIDE, unsigned CHANNELS, unsigned STATES> __global__ void __launch_bounds__(CHANNELS * SCAN_LANES, 1)
	scan1_kernel(const struct kc_scan1 scan, const struct kc_pieces pieces)
{
	__shared__ scan1_shared<CHANNELS, STATES> shared;
	unsigned piece = blockIdx.y, channel = blockIdx.x * CHANNELS + threadIdx.x / SCAN_LANES, lane = threadIdx.x % SCAN_LANES;
	float *slot = pieces.slot[piece];
	scan1_run run = { pieces.first[piece], pieces.count[piece], blockIdx.x * CHANNELS, aligned_bc(scan) };
	float h[STATES], a[STATES], sum_dt[8];

	if (!slot || !run.count)
		return;
	load_a(a, scan, channel, lane);
	load_states(h, slot + scan.ssm_at, scan, channel, lane);
	scan1_rows<T, WIDE, true>(shared, scan, run, h, a, sum_dt);
	store_states(slot + scan.ssm_at, h, scan, channel, lane);
}

template <class T, bool WIDE, unsigned CHANNELS, unsigned STATES> cudaError_t launch_scan(const struct kc_scan1 &scan, const struct kc_pieces &pieces, cudaStream_t stream)
{
	launch_how how = { dim3(ceil_div(scan.d_inner, CHANNELS), pieces.n), dim3(CHANNELS * SCAN_LANES), 0, stream, false, false, scan1_bytes(scan, pieces) };

	return launch_kernel(how, scan1_kernel<T, WIDE, CHANNELS, STATES>, scan, pieces);
}

template <class T> cudaError_t choose(const struct kc_scan1 &scan, const struct kc_pieces &pieces, cudaStream_t stream)
{
	if (scan.d_state > 16 || !scan1_wide(scan))
		return launch_scan<T, false, 16, 16>(scan, pieces, stream);
	if (size_t(pieces.n) * scan.d_inner / 64 < FULL)
		return launch_scan<T, true, 16, 4>(scan, pieces, stream);
	return launch_scan<T, true, 64, 4>(scan, pieces, stream);
}

}  // namespace

cudaError_t kc_scan1(const struct kc_scan1 *scan, const struct kc_pieces *pieces, cudaStream_t stream)
{
	if (scan->dt.type != scan->u.type || scan->z.type != scan->u.type || scan->y.type != scan->u.type)
		return cudaErrorInvalidValue;
	if (!pieces->n || !pieces->longest)
		return cudaSuccess;
	if (scan->d_state > 64)
		return krait__cuda_scan1_any(scan, pieces, stream);
	if (krait__cuda_scan1_pays(scan, pieces))
		return krait__cuda_scan1_parallel(scan, pieces, stream);
	return with_type(scan->u.type, [&](auto zero) {
		return choose<decltype(zero)>(*scan, *pieces, stream);
	});
}
