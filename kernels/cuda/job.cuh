// SPDX-License-Identifier: Apache-2.0
// job.cuh - one product of the decode path, as its two kernels (gemv.cuh, tile.cuh)
// see it: out[r][m] = sum over k of W[m][k] * f(in[r])[k], with what comes before (a norm) and after
// (bias, residual sum, or convolution and SiLU). m counts rows of the matrix, r rows of the call.
//
// The norm needs no pass of its own. RMSNorm's scale is one number for a row and commutes with the
// product: the weight is applied when activations are loaded, the sum of squares is taken on the
// way, and the scale multiplies the result. Where the scale is not one number for all of k (groups,
// or columns that are not normed) or a mean is taken off, a table of (mean, scale) is made first.
#ifndef KRAIT_CUDA_JOB_CUH
#define KRAIT_CUDA_JOB_CUH

#include "weights.cuh"

namespace kc {

enum source_kind { SOURCE_PLAIN, SOURCE_SCALED, SOURCE_TABLE };

struct job {
	const void *weights;            // [rows, k]
	const float *scales;
	uint32_t rows, k, group;
	uint32_t vector;                // rows can be read 16 bytes at a time

	const float *in;                // [n_rows, k], or in_slot[r] + in_at
	float *const *in_slot;
	size_t in_at;
	uint32_t in_stride, n_rows;

	uint32_t source, centred;       // centred: LayerNorm
	const float *norm, *norm_bias;  // over the last n_normed columns, in n_groups groups
	const float *gate;              // NULL, or z [n_rows, n_normed]: times silu(z) after the norm
	uint32_t gate_stride, n_groups, n_normed;
	float eps;

	const float *bias;
	float *out;
	uint32_t out_stride, accumulate;

	float *const *slot;             // NULL, or the call's slots: a row without one is left out
	const float *conv, *conv_bias;  // rows [conv_first, conv_first + n_channels) go through the convolution
	uint32_t conv_first, n_channels, d_conv, u_stride;
	size_t conv_at;
	float *u;
};

// Chooses the kernel and launches it. fast: tensor cores may be used. bytes: device memory that must
// move. One function a file, so that they compile side by side.
cudaError_t product_f32(const job &j, bool fast, uint64_t bytes, cudaStream_t stream);
cudaError_t product_f16(const job &j, bool fast, uint64_t bytes, cudaStream_t stream);
cudaError_t product_bf16(const job &j, bool fast, uint64_t bytes, cudaStream_t stream);
cudaError_t product_int8(const job &j, bool fast, uint64_t bytes, cudaStream_t stream);
cudaError_t product_int4(const job &j, bool fast, uint64_t bytes, cudaStream_t stream);

// Fills in the matrix; false: it cannot be one.
bool set_matrix(job &j, const kc_matrix &matrix);
cudaError_t product(const job &j, unsigned type, bool fast, uint64_t bytes, cudaStream_t stream);
uint64_t matrix_bytes(const kc_matrix &matrix);

}  // namespace kc

namespace {

using kc::job;
using kc::SOURCE_PLAIN;
using kc::SOURCE_SCALED;
using kc::SOURCE_TABLE;

__device__ __forceinline__ float sigmoid_times(float x)        // SiLU
{
	return x / (1.0f + expf(-x));
}

// ---- activations ------------------------------------------------------------------------------

// The activations of a row; NULL where the row is left out.
__device__ __forceinline__ const float *in_row(const job &j, uint32_t r)
{
	if (r >= j.n_rows || (j.slot && !j.slot[r]))
		return nullptr;
	if (!j.in_slot)
		return j.in + size_t(r) * j.in_stride;
	return j.in_slot[r] ? j.in_slot[r] + j.in_at : nullptr;
}

// p[k..k+3], zeros from n on; 16 bytes at once where the address allows.
__device__ __forceinline__ float4 load4(const float *p, uint32_t k, uint32_t n)
{
	float4 v = make_float4(0.0f, 0.0f, 0.0f, 0.0f);

	if (k + 4 <= n && (reinterpret_cast<uintptr_t>(p + k) & 15) == 0)
		return *reinterpret_cast<const float4 *>(p + k);
	if (k < n)
		v.x = p[k];
	if (k + 1 < n)
		v.y = p[k + 1];
	if (k + 2 < n)
		v.z = p[k + 2];
	if (k + 3 < n)
		v.w = p[k + 3];
	return v;
}

__device__ __forceinline__ float square_sum(float sum, const float4 &v)
{
	return fmaf(v.w, v.w, fmaf(v.z, v.z, fmaf(v.y, v.y, fmaf(v.x, v.x, sum))));
}

// One normed column. table: (mean, scale) of each group of this row.
__device__ __forceinline__ float normed_one(const job &j, uint32_t r, uint32_t k, float x, const float2 *table)
{
	uint32_t first = j.k - j.n_normed, at = k - first;

	if (k < first || k >= j.k)
		return x;
	if (table) {
		float2 s = table[at / (j.n_normed / j.n_groups)];

		x = (x - s.x) * s.y;
	}
	x *= j.norm[at];
	if (j.norm_bias)
		x += j.norm_bias[at];
	if (j.gate)
		x *= sigmoid_times(j.gate[size_t(r) * j.gate_stride + at]);
	return x;
}

// f(x) for columns k..k+3 of row r, short of a SOURCE_SCALED row's scale.
__device__ __forceinline__ float4 prologue4(const job &j, uint32_t r, uint32_t k, float4 x, const float2 *table)
{
	if (j.source == SOURCE_PLAIN)
		return x;
	if (j.source == SOURCE_SCALED && !j.gate) {
		float4 w = load4(j.norm, k, j.k);

		return make_float4(x.x * w.x, x.y * w.y, x.z * w.z, x.w * w.w);
	}
	return make_float4(normed_one(j, r, k, x.x, table), normed_one(j, r, k + 1, x.y, table),
		normed_one(j, r, k + 2, x.z, table), normed_one(j, r, k + 3, x.w, table));
}

__device__ __forceinline__ float inverse_root(float square_sum, uint32_t n, float eps)
{
	return 1.0f / sqrtf(square_sum / float(n) + eps);
}

// table[i * n_groups + g] of rows first to first + n. A warp takes a (row, group); lane l columns l, l + 32, ...
__device__ __forceinline__ void make_table(const job &j, uint32_t first, uint32_t n, float2 *table)
{
	uint32_t lane = threadIdx.x % 32, wide = j.n_normed / j.n_groups;

	for (uint32_t i = threadIdx.x / 32; i < n * j.n_groups; i += blockDim.x / 32) {
		const float *x = in_row(j, first + i / j.n_groups);
		float sum = 0.0f, mean = 0.0f;

		if (!x)
			continue;
		x += j.k - j.n_normed + i % j.n_groups * wide;
		if (j.centred) {
			for (uint32_t k = lane; k < wide; k += 32)
				mean += x[k];
			mean = warp_sum(mean) / float(wide);
		}
		for (uint32_t k = lane; k < wide; k += 32)
			sum = fmaf(x[k] - mean, x[k] - mean, sum);
		sum = warp_sum(sum);
		if (lane == 0)
			table[i] = make_float2(mean, inverse_root(sum, wide, j.eps));
	}
}

// ---- results ----------------------------------------------------------------------------------

// The window of channel c moves on: K - 1 inputs, oldest first, C apart. TAPS of 0: any K.
template <int TAPS> __device__ __forceinline__ float convolve(const job &j, float *window, uint32_t c, float newest)
{
	float sum = j.conv_bias ? j.conv_bias[c] : 0.0f;

	if constexpr (TAPS > 1) {
		float held[TAPS];

#pragma unroll
		for (int i = 0; i + 1 < TAPS; i++)
			held[i] = window[size_t(i) * j.n_channels];
		held[TAPS - 1] = newest;
#pragma unroll
		for (int i = 0; i < TAPS; i++)
			sum = fmaf(j.conv[size_t(i) * j.n_channels + c], held[i], sum);
#pragma unroll
		for (int i = 0; i + 1 < TAPS; i++)
			window[size_t(i) * j.n_channels] = held[i + 1];
	} else {
		for (uint32_t i = 0; i + 1 < j.d_conv; i++) {
			float *at = window + size_t(i) * j.n_channels;

			sum = fmaf(j.conv[size_t(i) * j.n_channels + c], *at, sum);
			*at = i + 2 < j.d_conv ? at[j.n_channels] : newest;
		}
		sum = fmaf(j.conv[size_t(j.d_conv - 1) * j.n_channels + c], newest, sum);
	}
	return sum;
}

// What becomes of the sum for row m of the matrix and row r of the call.
__device__ __forceinline__ void emit(const job &j, uint32_t m, uint32_t r, float value)
{
	uint32_t c = m - j.conv_first;

	if (j.bias)
		value += j.bias[m];
	if (j.u && m >= j.conv_first && c < j.n_channels) {
		float *window = j.slot[r] + j.conv_at + c;

		value = j.d_conv == 4 ? convolve<4>(j, window, c, value) : convolve<0>(j, window, c, value);
		j.u[size_t(r) * j.u_stride + c] = sigmoid_times(value);
		return;
	}
	float *out = j.out + size_t(r) * j.out_stride + m;

	*out = j.accumulate ? *out + value : value;
}

}  // namespace

#endif
