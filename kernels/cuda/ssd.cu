// SPDX-License-Identifier: Apache-2.0
// ssd.cu - kc_scan2 in chunks on tensor cores: the forms of ssd.cuh, a piece at once or in segments of time.
//
// With few blocks and long pieces (mamba2-130m: 48) the time is cut into segments of 512 rows as in scan1_parallel.cu: each
// segment's end from zero, where each begins, then all of it from there.
#include "kernels/cuda/ssd.cuh"
#include "kernels/cuda/ssd.h"

namespace {

constexpr unsigned SEGMENT = 512, COMBINE_THREADS = 256;

struct ssd_args {
	struct kc_scan2 scan;
	struct kc_pieces pieces;
	bool packs, pairs;
};

struct segment {
	unsigned from, count;
	float *end, *total;     // [H, P, N] and [H] of the workspace
};

__device__ __forceinline__ segment segment_of(const ssd_args &args, unsigned piece, unsigned which)
{
	size_t states = size_t(args.scan.d_ssm) * args.scan.d_state, number = args.pieces.first[piece] / SEGMENT + piece + which;
	float *at = args.scan.workspace + number * (states + args.scan.n_heads);
	unsigned from = which * SEGMENT, count = args.pieces.count[piece];

	return { from, from < count ? min(SEGMENT, count - from) : 0, at, at + states };
}

// A piece at once; or ENDS: step 1 of its segments; or step 3.
template <class T, unsigned NP, bool ENDS> __global__ void __launch_bounds__(THREADS) ssd_kernel(const ssd_args args)
{
	DYN_SHARED(unsigned char, bytes);
	auto &shared = *reinterpret_cast<ssd_shared<T, NP> *>(bytes);
	const struct kc_scan2 &scan = args.scan;
	unsigned slices = (scan.head_dim + SLICE - 1) / SLICE, head = blockIdx.x / slices, piece = blockIdx.z;
	segment part = !scan.workspace ? segment{ 0, args.pieces.count[piece], nullptr, nullptr } : segment_of(args, piece, blockIdx.y);
	ssd_run run = { head, blockIdx.x % slices * SLICE, head / (scan.n_heads / scan.n_groups), part.count, args.pieces.first[piece] + size_t(part.from), args.packs, args.pairs };
	float *slot = args.pieces.slot[piece];
	held_state<NP> h = {};

	if (!slot || !run.count)
		return;
	if (!ENDS)
		move_state<false>(h, scan.workspace ? part.end : slot + scan.ssm_at, scan, run);
	float total = ssd_rows<T, NP, !ENDS>(shared, scan, run, h);

	if (ENDS) {
		move_state<true>(h, part.end, scan, run);
		if (threadIdx.x == 0 && run.p == 0)
			part.total[head] = total;
	} else if (part.from + part.count == args.pieces.count[piece])
		move_state<true>(h, slot + scan.ssm_at, scan, run);
}

// Step 2: a thread owns one state.
__global__ void __launch_bounds__(COMBINE_THREADS) ssd_combine_kernel(const ssd_args args)
{
	unsigned i = blockIdx.x * COMBINE_THREADS + threadIdx.x, piece = blockIdx.y, head = i / (args.scan.head_dim * args.scan.d_state);
	const float *slot = args.pieces.slot[piece];

	if (head >= args.scan.n_heads || !slot)
		return;
	float h = slot[args.scan.ssm_at + i];

	for (unsigned which = 0; which * SEGMENT < args.pieces.count[piece]; which++) {
		segment now = segment_of(args, piece, which);
		float end = now.end[i];

		now.end[i] = h;
		h = fmaf(exp2f(now.total[head]), h, end);
	}
}

unsigned n_blocks(const struct kc_scan2 &scan)
{
	return scan.n_heads * ceil_div(scan.head_dim, SLICE);
}

template <class T, unsigned NP, bool ENDS> cudaError_t launch_form(const ssd_args &args, cudaStream_t stream)
{
	const struct kc_scan2 &scan = args.scan;
	unsigned segments = scan.workspace ? ceil_div(args.pieces.longest, SEGMENT) : 1;
	launch_how how = { dim3(n_blocks(scan), segments, args.pieces.n), dim3(THREADS), sizeof(ssd_shared<T, NP>), stream, false, false,
		uint64_t(args.pieces.n_rows) * (scan.d_ssm * (ENDS ? 1 : 3) + 2 * scan.n_groups * scan.d_state) * sizeof(T)
			+ uint64_t(args.pieces.n) * segments * scan.d_ssm * scan.d_state * 8 };

	return launch_kernel(how, ssd_kernel<T, NP, ENDS>, args);
}

template <class T, unsigned NP> cudaError_t launch_ssd(const ssd_args &args, cudaStream_t stream)
{
	if (!args.scan.workspace)
		return launch_form<T, NP, false>(args, stream);
	size_t states = size_t(args.scan.d_ssm) * args.scan.d_state;
	launch_how combine = { dim3(ceil_div(states, COMBINE_THREADS), args.pieces.n), dim3(COMBINE_THREADS), 0, stream, false, false,
		uint64_t(args.pieces.n_rows / SEGMENT + args.pieces.n) * states * 8 };
	cudaError_t error = launch_form<T, NP, true>(args, stream);

	if (error == cudaSuccess)
		error = launch_kernel(combine, ssd_combine_kernel, args);
	return error == cudaSuccess ? launch_form<T, NP, false>(args, stream) : error;
}

template <class T> cudaError_t choose(const ssd_args &args, cudaStream_t stream)
{
	unsigned n = args.scan.d_state;

	return n <= 64 ? launch_ssd<T, 64>(args, stream) : n <= 128 ? launch_ssd<T, 128>(args, stream) : launch_ssd<T, 256>(args, stream);
}

// Whether columns are moved N elements at a time: every first column and every width must be a multiple.
bool by(const struct kc_scan2 &scan, unsigned n)
{
	uintptr_t bytes = n * 2;

	return !((uintptr_t)scan.u.data % bytes || (uintptr_t)scan.projected.data % bytes || (uintptr_t)scan.y.data % bytes || scan.u.stride % n
		|| scan.projected.stride % n || scan.y.stride % n || scan.d_ssm % n || scan.d_inner % n || scan.d_state % n || scan.head_dim % n);
}

// How many pieces a call may have so that blocks that walk along whole pieces would leave multiprocessors idle.
size_t most_pieces(const struct kc_scan2 &scan)
{
	return 132 / n_blocks(scan);
}

bool pays(const struct kc_scan2 &scan, const struct kc_pieces &pieces)
{
	return pieces.n <= most_pieces(scan) && pieces.n_rows >= 2 * SEGMENT * size_t(pieces.n);
}

}  // namespace

size_t krait__cuda_ssd_workspace(const struct kc_scan2 *scan, uint32_t n_rows, uint32_t n_pieces)
{
	size_t pieces = min(size_t(n_pieces), most_pieces(*scan));

	return pieces && n_rows >= 2 * SEGMENT ? (n_rows / SEGMENT + pieces) * (size_t(scan->d_ssm) * scan->d_state + scan->n_heads) * sizeof(float) : 0;
}

cudaError_t krait__cuda_ssd(const struct kc_scan2 *scan, const struct kc_pieces *pieces, cudaStream_t stream)
{
	ssd_args args = { *scan, *pieces, by(*scan, 8), by(*scan, 2) };

	if (!pays(*scan, *pieces))
		args.scan.workspace = nullptr;
	return choose<__half>(args, stream);
}
