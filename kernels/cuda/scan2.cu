// SPDX-License-Identifier: Apache-2.0
// scan2.cu - kc_scan2 step by step in float32: Mamba-2's recurrence as it is written.
//
//	dt = clamp(softplus(dt + bias));  h[p, n] = exp(dt A) h[p, n] + dt x[p] B[n];  y[p] = C h[p] + D x[p], times silu(z)
//
// A block of 128 threads owns 16 channels of one head of one piece; 8 lanes own a channel, STATES states each, in
// registers: lane l has states 4 l + 32 j to + 3, so that the lanes' reads of B and C lie side by side. Rows come in
// tiles of 16: B, C, x, dt and exp(dt A) of a tile lie in shared memory. A row of a channel is N multiply-adds twice, and
// three shuffles. The order of sums depends on d_state alone.
//
// The chunked form, on tensor cores, is in ssd.cu.
#include "kernels/cuda/rows.cuh"
#include "kernels/cuda/scan_any.h"
#include "kernels/cuda/ssd.h"

namespace {

constexpr unsigned THREADS = 128, LANES = 8, CHANNELS = THREADS / LANES, ROWS = 16;

template <unsigned STATES> struct scan2_shared {
	__align__(16) float bc[2][ROWS][LANES * STATES];
	float x[ROWS][CHANNELS], y[ROWS][CHANNELS], dt[ROWS], decay[ROWS];
};

// What a block works on.
struct scan2_run {
	unsigned head, p, group, count;         // p: the first of its channels in the head
	size_t first;
};

template <class T, unsigned STATES> __device__ __forceinline__ void load_tile(scan2_shared<STATES> &shared, const struct kc_scan2 &scan, const scan2_run &run, unsigned t0, unsigned rows)
{
	constexpr unsigned ALL = LANES * STATES;
	unsigned b_at = scan.d_ssm + run.group * scan.d_state;

	for (unsigned i = threadIdx.x; i < 2 * ROWS * ALL; i += THREADS) {
		unsigned which = i / (ROWS * ALL), t = i / ALL % ROWS, n = i % ALL;
		const T *row = row_of<T>(scan.u, run.first + t0 + (t < rows ? t : 0)) + b_at + which * scan.n_groups * scan.d_state;

		shared.bc[which][t][n] = t < rows && n < scan.d_state ? widen(row[n]) : 0.0f;
	}
	for (unsigned i = threadIdx.x; i < ROWS * CHANNELS; i += THREADS) {
		unsigned t = i / CHANNELS, p = run.p + i % CHANNELS;

		shared.x[t][i % CHANNELS] = t < rows && p < scan.head_dim ? widen(row_of<T>(scan.u, run.first + t0 + t)[run.head * scan.head_dim + p]) : 0.0f;
	}
	if (threadIdx.x < rows) {
		float bias = scan.dt_bias ? scan.dt_bias[run.head] : 0.0f;
		float dt = softplus<false>(widen(row_of<T>(scan.projected, run.first + t0 + threadIdx.x)[scan.dt_first + run.head]) + bias);

		dt = fminf(fmaxf(dt, scan.limit_low), scan.limit_high);
		shared.dt[threadIdx.x] = dt;
		shared.decay[threadIdx.x] = expf(dt * scan.a[run.head]);
	}
}

template <unsigned STATES> __device__ __forceinline__ void run_tile(scan2_shared<STATES> &shared, float (&h)[STATES], unsigned rows)
{
	unsigned channel = threadIdx.x / LANES, lane = threadIdx.x % LANES;

#pragma unroll 1
	for (unsigned t = 0; t < rows; t++) {
		float decay = shared.decay[t], x = shared.dt[t] * shared.x[t][channel], sum = 0.0f;

#pragma unroll
		for (unsigned n = 0; n < STATES; n += 4) {
			float4 b = *reinterpret_cast<const float4 *>(&shared.bc[0][t][n * LANES + lane * 4]);
			float4 c = *reinterpret_cast<const float4 *>(&shared.bc[1][t][n * LANES + lane * 4]);
			const float bs[4] = { b.x, b.y, b.z, b.w }, cs[4] = { c.x, c.y, c.z, c.w };

#pragma unroll
			for (unsigned j = 0; j < 4; j++) {
				h[n + j] = fmaf(decay, h[n + j], x * bs[j]);
				sum = fmaf(h[n + j], cs[j], sum);
			}
		}
		sum = warp_sum<LANES>(sum);
		if (lane == 0)
			shared.y[t][channel] = sum;
	}
}

template <class T, unsigned STATES> __device__ __forceinline__ void finish_tile(const scan2_shared<STATES> &shared, const struct kc_scan2 &scan, const scan2_run &run, unsigned t0, unsigned rows)
{
	unsigned n_mlp = scan.d_inner - scan.d_ssm;

	for (unsigned i = threadIdx.x; i < rows * CHANNELS; i += THREADS) {
		unsigned t = i / CHANNELS, j = i % CHANNELS, at = run.head * scan.head_dim + run.p + j;

		if (run.p + j >= scan.head_dim)
			continue;
		float y = fmaf(scan.d[at], shared.x[t][j], shared.y[t][j]);

		if (scan.gated)
			y *= silu<FAST<T>>(widen(row_of<T>(scan.projected, run.first + t0 + t)[2 * n_mlp + at]));
		row_of<T>(scan.y, run.first + t0 + t)[n_mlp + at] = narrow<T>(y);
	}
}

// The lane's states: STORE, from registers into the slot, else from it.
template <bool STORE, unsigned STATES> __device__ __forceinline__ void move_states(float (&h)[STATES], float *state, const struct kc_scan2 &scan, const scan2_run &run)
{
	unsigned p = run.p + threadIdx.x / LANES, lane = threadIdx.x % LANES;
	float *at = state + (size_t(run.head) * scan.head_dim + p) * scan.d_state;

#pragma unroll
	for (unsigned i = 0; i < STATES; i++) {
		unsigned n = i / 4 * 4 * LANES + lane * 4 + i % 4;
		bool there = p < scan.head_dim && n < scan.d_state;

		if (!STORE)
			h[i] = there ? at[n] : 0.0f;
		else if (there)
			at[n] = h[i];
	}
}

template <class T, unsigned STATES> __global__ void __launch_bounds__(THREADS) scan2_kernel(const struct kc_scan2 scan, const struct kc_pieces pieces)
{
	__shared__ scan2_shared<STATES> shared;
	unsigned slices = (scan.head_dim + CHANNELS - 1) / CHANNELS, head = blockIdx.x / slices, piece = blockIdx.y;
	scan2_run run = { head, blockIdx.x % slices * CHANNELS, head / (scan.n_heads / scan.n_groups), pieces.count[piece], pieces.first[piece] };
	float *slot = pieces.slot[piece];
	float h[STATES];

	if (!slot || !run.count)
		return;
	move_states<false>(h, slot + scan.ssm_at, scan, run);
	for (unsigned t0 = 0; t0 < run.count; t0 += ROWS) {
		unsigned rows = min(ROWS, run.count - t0);

		load_tile<T>(shared, scan, run, t0, rows);
		__syncthreads();
		run_tile(shared, h, rows);
		__syncthreads();
		finish_tile<T>(shared, scan, run, t0, rows);
		__syncthreads();
	}
	move_states<true>(h, slot + scan.ssm_at, scan, run);
}

cudaError_t launch_scan(const struct kc_scan2 &scan, const struct kc_pieces &pieces, cudaStream_t stream)
{
	using T = float;
	launch_how how = { dim3(scan.n_heads * ceil_div(scan.head_dim, CHANNELS), pieces.n), dim3(THREADS), 0, stream, false, false,
		uint64_t(pieces.n_rows) * (scan.d_ssm * 3 + scan.n_groups * scan.d_state * 2) * sizeof(T) + uint64_t(pieces.n) * scan.d_ssm * scan.d_state * 8 };

	return launch_kernel(how, scan.d_state <= 128 ? scan2_kernel<T, 16> : scan2_kernel<T, 32>, scan, pieces);
}

// The part of y that no scan makes: columns [0, I - S) are silu(z0) x0.
template <class T> __global__ void __launch_bounds__(THREADS) gate_mlp_kernel(const struct kc_scan2 scan, unsigned n_mlp)
{
	const T *row = row_of<T>(scan.projected, blockIdx.x);
	T *y = row_of<T>(scan.y, blockIdx.x);

	for (unsigned c = threadIdx.x; c < n_mlp; c += THREADS)
		y[c] = narrow<T>(silu<FAST<T>>(widen(row[c])) * widen(row[n_mlp + c]));
}

template <class T> cudaError_t gate_mlp(const struct kc_scan2 &scan, const struct kc_pieces &pieces, cudaStream_t stream)
{
	unsigned n_mlp = scan.d_inner - scan.d_ssm;
	launch_how how = { dim3(pieces.n_rows), dim3(THREADS), 0, stream, false, false, uint64_t(pieces.n_rows) * n_mlp * 3 * sizeof(T) };

	return n_mlp ? launch_kernel(how, gate_mlp_kernel<T>, scan, n_mlp) : cudaSuccess;
}

bool chunked(const struct kc_scan2 &scan)
{
	return scan.fast && scan.u.type == KC_F16 && scan.d_state <= SSD_MOST_STATES;
}

}  // namespace

size_t kc_scan2_workspace(const struct kc_scan2 *scan, uint32_t n_rows, uint32_t n_pieces)
{
	return chunked(*scan) ? krait__cuda_ssd_workspace(scan, n_rows, n_pieces) : 0;
}

cudaError_t kc_scan2(const struct kc_scan2 *scan, const struct kc_pieces *pieces, cudaStream_t stream)
{
	if (scan->u.type != scan->projected.type || scan->u.type != scan->y.type)
		return cudaErrorInvalidValue;
	if (!pieces->n || !pieces->longest)
		return cudaSuccess;
	return with_type(scan->u.type, [&](auto zero) {
		using T = decltype(zero);
		cudaError_t error = gate_mlp<T>(*scan, *pieces, stream);

		if (error != cudaSuccess)
			return error;
		if (chunked(*scan))
			return krait__cuda_ssd(scan, pieces, stream);
		if (scan->d_state > SSD_MOST_STATES)
			return krait__cuda_scan2_any(scan, pieces, stream);
		return scan->u.type == KC_F32 ? launch_scan(*scan, *pieces, stream) : cudaErrorInvalidValue;
	});
}
