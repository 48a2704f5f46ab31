// SPDX-License-Identifier: Apache-2.0
// norm_rows.cu - RMSNorm and LayerNorm of many rows, before a matrix product reads them.
//
// x [n_rows, D] float32 -> out [n_rows, D]. A warp owns a row: lane l has columns 4 (l + 32 i) to + 3, so that a
// warp reads 512 bytes at once. The row is read twice (LayerNorm: three times); a row of 10 KB stays in the
// first-level cache, so that memory moves 4 D bytes in and 2 D or 4 D out. The order of sums depends on D alone.
#include "kernels/cuda/rows.cuh"

namespace {

constexpr unsigned WARPS = 8;

struct norm_args {
	const float *x;
	struct kc_norm norm;
	struct kc_rows out;
	uint32_t x_stride, n_rows, width;
};

// The sum over the row of (x - mean)^power.
template <bool WIDE, int POWER> __device__ __forceinline__ float row_sum(const float *x, unsigned width, float mean, unsigned lane)
{
	constexpr unsigned N = WIDE ? 4 : 1;
	float sum[N] = {};

#pragma unroll 4
	for (unsigned c = lane * N; c < width; c += 32 * N) {
		float v[N];

		load_row<float, WIDE>(v, x + c, N);
#pragma unroll
		for (unsigned i = 0; i < N; i++)
			sum[i] = POWER == 1 ? sum[i] + v[i] : fmaf(v[i] - mean, v[i] - mean, sum[i]);
	}
	if constexpr (WIDE)
		sum[0] = (sum[0] + sum[1]) + (sum[2] + sum[3]);
	return warp_sum(sum[0]);
}

template <class T, bool WIDE> __device__ __forceinline__ void write_row(const norm_args &args, const float *x, T *out, float mean, float scale, unsigned lane)
{
	constexpr unsigned N = WIDE ? 8 : 1;

	for (unsigned c = lane * N; c < args.width; c += 32 * N) {
		float v[N], weight[N], bias[N];

		load_row<float, WIDE>(v, x + c, args.width - c);
		load_row<float, WIDE>(weight, args.norm.weight + c, args.width - c);
#pragma unroll
		for (unsigned i = 0; i < N; i++)
			v[i] = (v[i] - mean) * scale * weight[i];
		if (args.norm.bias) {
			load_row<float, WIDE>(bias, args.norm.bias + c, args.width - c);
#pragma unroll
			for (unsigned i = 0; i < N; i++)
				v[i] += bias[i];
		}
		store_row<T, WIDE>(out + c, v, args.width - c);
	}
}

template <class T, bool WIDE> __global__ void __launch_bounds__(WARPS * 32) norm_rows_kernel(const norm_args args)
{
	unsigned row = blockIdx.x * WARPS + threadIdx.x / 32, lane = threadIdx.x % 32;

	if (row >= args.n_rows)
		return;
	const float *x = args.x + size_t(row) * args.x_stride;
	float n = float(args.width), mean = args.norm.layer ? row_sum<WIDE, 1>(x, args.width, 0.0f, lane) / n : 0.0f;
	float scale = 1.0f / sqrtf(row_sum<WIDE, 2>(x, args.width, mean, lane) / n + args.norm.eps);

	write_row<T, WIDE>(args, x, row_of<T>(args.out, row), mean, scale, lane);
}

}  // namespace

cudaError_t kc_norm_rows(const float *x, uint32_t x_stride, const struct kc_norm *norm, struct kc_rows out, uint32_t n_rows, uint32_t width, cudaStream_t stream)
{
	norm_args args = { x, *norm, out, x_stride, n_rows, width };
	bool wide = in_packs(x, x_stride, width) && in_packs(out, width) && in_packs(norm->weight, 0, width) && in_packs(norm->bias, 0, width);
	launch_how how = { dim3(ceil_div(n_rows, WARPS)), dim3(WARPS * 32), 0, stream, false, false, uint64_t(n_rows) * width * (4 + type_bytes(out.type)) };

	if (!n_rows)
		return cudaSuccess;
	auto launch = [&](auto zero) {
		using T = decltype(zero);

		return launch_kernel(how, wide ? norm_rows_kernel<T, true> : norm_rows_kernel<T, false>, args);
	};

	return out.type == KC_BF16 ? launch(__nv_bfloat16()) : with_type(out.type, launch);
}
