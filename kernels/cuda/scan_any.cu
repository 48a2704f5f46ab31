// SPDX-License-Identifier: Apache-2.0
// scan_any.cu - both recurrences for states that do not fit the registers of scan1.cu (more than 64) or scan2.cu (more than
// 256). No published model has one; what a checkpoint may say must still run.
//
// A warp owns one channel of one piece and walks down its rows; lane l has states l, l + 32, ..., which stay in the slot,
// that is in the first-level cache. A state is read and written once a row.
#include "kernels/cuda/rows.cuh"
#include "kernels/cuda/scan_any.h"

namespace {

constexpr unsigned WARPS = 4;

// One row of one channel: h = exp(dt a) h + x b; what C h adds up to. A_STEP: 1 for an a of each state, 0 for one of all.
template <unsigned A_STEP> __device__ __forceinline__ float step(float *h, const float *a, float dt, float x, const struct kc_rows &bc, size_t row,
	size_t b_at, size_t c_at, unsigned d_state)
{
	float sum = 0.0f;

	for (unsigned n = threadIdx.x % 32; n < d_state; n += 32) {
		h[n] = fmaf(expf(dt * a[n * A_STEP]), h[n], x * element(bc, row, b_at + n));
		sum = fmaf(h[n], element(bc, row, c_at + n), sum);
	}
	return warp_sum(sum);
}

__device__ __forceinline__ void put(const struct kc_rows &rows, size_t row, size_t column, float v)
{
	size_t at = row * rows.stride + column;

	if (threadIdx.x % 32)
		return;
	if (rows.type == KC_F32)
		static_cast<float *>(rows.data)[at] = v;
	else
		static_cast<__half *>(rows.data)[at] = narrow<__half>(v);
}

__global__ void __launch_bounds__(WARPS * 32) scan1_any_kernel(const struct kc_scan1 scan, const struct kc_pieces pieces)
{
	unsigned channel = blockIdx.x * WARPS + threadIdx.x / 32, piece = blockIdx.y, d_state = scan.d_state;
	float *slot = pieces.slot[piece];
	struct kc_rows small = { const_cast<float *>(scan.small), scan.small_stride, KC_F32 };

	if (channel >= scan.d_inner || !slot)
		return;
	float *h = slot + scan.ssm_at + size_t(channel) * d_state, bias = scan.dt_bias ? scan.dt_bias[channel] : 0.0f;

	for (unsigned t = 0; t < pieces.count[piece]; t++) {
		size_t row = pieces.first[piece] + size_t(t);
		float dt = softplus<false>(element(scan.dt, row, channel) + bias), u = element(scan.u, row, channel);
		float sum = step<1>(h, scan.a + size_t(channel) * d_state, dt, dt * u, small, row, scan.rank, scan.rank + d_state, d_state);

		put(scan.y, row, channel, fmaf(scan.d[channel], u, sum) * silu<false>(element(scan.z, row, channel)));
	}
}

__global__ void __launch_bounds__(WARPS * 32) scan2_any_kernel(const struct kc_scan2 scan, const struct kc_pieces pieces)
{
	unsigned channel = blockIdx.x * WARPS + threadIdx.x / 32, piece = blockIdx.y, d_state = scan.d_state, n_mlp = scan.d_inner - scan.d_ssm;
	float *slot = pieces.slot[piece];

	if (channel >= scan.d_ssm || !slot)
		return;
	unsigned head = channel / scan.head_dim, group = head / (scan.n_heads / scan.n_groups);
	float *h = slot + scan.ssm_at + size_t(channel) * d_state, bias = scan.dt_bias ? scan.dt_bias[head] : 0.0f;
	size_t b_at = scan.d_ssm + size_t(group) * d_state, c_at = b_at + size_t(scan.n_groups) * d_state;

	for (unsigned t = 0; t < pieces.count[piece]; t++) {
		size_t row = pieces.first[piece] + size_t(t);
		float dt = softplus<false>(element(scan.projected, row, scan.dt_first + head) + bias), x = element(scan.u, row, channel);

		dt = fminf(fmaxf(dt, scan.limit_low), scan.limit_high);
		float y = fmaf(scan.d[channel], x, step<0>(h, scan.a + head, dt, dt * x, scan.u, row, b_at, c_at, d_state));

		put(scan.y, row, n_mlp + channel, scan.gated ? y * silu<false>(element(scan.projected, row, 2 * n_mlp + channel)) : y);
	}
}

}  // namespace

cudaError_t krait__cuda_scan1_any(const struct kc_scan1 *scan, const struct kc_pieces *pieces, cudaStream_t stream)
{
	launch_how how = { dim3(ceil_div(scan->d_inner, WARPS), pieces->n), dim3(WARPS * 32), 0, stream, false, false, 0 };

	return launch_kernel(how, scan1_any_kernel, *scan, *pieces);
}

cudaError_t krait__cuda_scan2_any(const struct kc_scan2 *scan, const struct kc_pieces *pieces, cudaStream_t stream)
{
	launch_how how = { dim3(ceil_div(scan->d_ssm, WARPS), pieces->n), dim3(WARPS * 32), 0, stream, false, false, 0 };

	return launch_kernel(how, scan2_any_kernel, *scan, *pieces);
}
