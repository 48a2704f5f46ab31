// SPDX-License-Identifier: Apache-2.0
// gemm_exact.cu - out (+)= matrix * in + bias in float32: the exact path, for weights of any type.
//
// matrix [rows, k], in [n_rows, k], out [n_rows, rows]. A block of 256 threads owns 64 rows of `in` and 128 of the matrix and
// walks along k in steps of 16. Both tiles lie in shared memory as float32, k outermost; a thread owns 4 x 8 of the products
// and reads 12 floats from shared memory for 32 multiplications. The next step's elements are on their way into registers
// meanwhile: 4 of `in` and 8 of the matrix for each thread, 16 bytes of bfloat16.
//
// Each product is one chain of fused multiply-adds along k, from 0 up: its bits depend on the two rows alone, not on how many
// rows there are or where they stand. 2 n_rows rows k operations; the matrix is read ceil(n_rows / 64) times.
#include "kernels/cuda/rows.cuh"

namespace {

constexpr unsigned THREADS = 256, STEP = 16, TILE_IN = 64, TILE_OUT = 128, PAD = 4;

// N elements of a row from column c; zero from column k on.
template <class T, unsigned N> __device__ __forceinline__ void fetch_as(float (&out)[N], const void *data, size_t at, int valid)
{
	const T *from = static_cast<const T *>(data) + at;

	if constexpr (N % PACK<T> == 0)
		if (valid >= int(N) && (uintptr_t)from % 16 == 0)
			return load_row<T, true>(out, from, N);
	load_row<T, false>(out, from, valid > 0 ? unsigned(valid) : 0);
}

__device__ __forceinline__ void fetch_rows(float (&out)[4], const struct kc_rows &rows, size_t row, unsigned c, int valid)
{
	size_t at = row * rows.stride + c;

	if (rows.type == KC_F32)
		return fetch_as<float>(out, rows.data, at, valid);
#pragma unroll
	for (int i = 0; i < 4; i++)
		out[i] = i < valid ? element(rows, row, c + i) : 0.0f;
}

template <int BITS> __device__ __forceinline__ void fetch_quantised(float (&out)[8], const struct kc_matrix &matrix, size_t row, unsigned c, int valid)
{
	const uint8_t *from = static_cast<const uint8_t *>(matrix.data) + row * (BITS == 8 ? matrix.k : (matrix.k + 1) / 2);
	const float *scales = matrix.scales + row * ((matrix.k + matrix.group - 1) / matrix.group);

#pragma unroll
	for (int i = 0; i < 8; i++) {
		if (i >= valid) {
			out[i] = 0.0f;
			continue;
		}
		unsigned at = c + i;
		int v = BITS == 8 ? int(int8_t(from[at])) : int(from[at / 2] >> at % 2 * 4 & 15) - 8;

		out[i] = scales[at / matrix.group] * float(v);
	}
}

__device__ __forceinline__ void fetch_matrix(float (&out)[8], const struct kc_matrix &matrix, size_t row, unsigned c, int valid)
{
	size_t at = row * matrix.k + c;

	switch (matrix.type) {
	case KC_F32:
		return fetch_as<float>(out, matrix.data, at, valid);
	case KC_F16:
		return fetch_as<__half>(out, matrix.data, at, valid);
	case KC_BF16:
		return fetch_as<__nv_bfloat16>(out, matrix.data, at, valid);
	case KC_INT8:
		return fetch_quantised<8>(out, matrix, row, c, valid);
	default:
		return fetch_quantised<4>(out, matrix, row, c, valid);
	}
}

struct gemm_shared {
	__align__(16) float in[STEP][TILE_IN + PAD], matrix[STEP][TILE_OUT + PAD];
};

// The thread's elements of one step: 4 of `in`, 8 of the matrix.
struct held {
	float in[4], matrix[8];
};

__device__ __forceinline__ void fetch(held &held, const struct kc_gemm &gemm, unsigned k)
{
	unsigned r = threadIdx.x / 4 + blockIdx.y * TILE_IN, j = threadIdx.x / 2 + blockIdx.x * TILE_OUT;
	unsigned c_in = k + threadIdx.x % 4 * 4, c_matrix = k + threadIdx.x % 2 * 8;

	fetch_rows(held.in, gemm.in, r, c_in, r < gemm.n_rows ? int(gemm.matrix.k) - int(c_in) : 0);
	fetch_matrix(held.matrix, gemm.matrix, j, c_matrix, j < gemm.matrix.rows ? int(gemm.matrix.k) - int(c_matrix) : 0);
}

__device__ __forceinline__ void keep(gemm_shared &shared, const held &held)
{
	unsigned r = threadIdx.x / 4, j = threadIdx.x / 2, c_in = threadIdx.x % 4 * 4, c_matrix = threadIdx.x % 2 * 8;

#pragma unroll
	for (unsigned i = 0; i < 4; i++)
		shared.in[c_in + i][r] = held.in[i];
#pragma unroll
	for (unsigned i = 0; i < 8; i++)
		shared.matrix[c_matrix + i][j] = held.matrix[i];
}

// Thread (y, x) of 16 x 16 owns rows 4 y to + 3, and matrix rows 4 x to + 3 and 64 + 4 x to + 3: a warp's reads are whole lines.
__device__ __forceinline__ void multiply(float (&sum)[4][8], const gemm_shared &shared)
{
	unsigned x = threadIdx.x % 16 * 4, y = threadIdx.x / 16 * 4;

#pragma unroll
	for (unsigned k = 0; k < STEP; k++) {
		float4 a = *reinterpret_cast<const float4 *>(&shared.in[k][y]);
		float4 low = *reinterpret_cast<const float4 *>(&shared.matrix[k][x]), high = *reinterpret_cast<const float4 *>(&shared.matrix[k][x + 64]);
		const float as[4] = { a.x, a.y, a.z, a.w }, bs[8] = { low.x, low.y, low.z, low.w, high.x, high.y, high.z, high.w };

#pragma unroll
		for (unsigned i = 0; i < 4; i++)
#pragma unroll
			for (unsigned j = 0; j < 8; j++)
				sum[i][j] = fmaf(as[i], bs[j], sum[i][j]);
	}
}

template <class T> __device__ __forceinline__ void write_products(const struct kc_gemm &gemm, const float (&sum)[4][8])
{
	unsigned x = blockIdx.x * TILE_OUT + threadIdx.x % 16 * 4, y = blockIdx.y * TILE_IN + threadIdx.x / 16 * 4;

#pragma unroll
	for (unsigned i = 0; i < 4; i++)
#pragma unroll
		for (unsigned j = 0; j < 8; j++) {
			unsigned column = x + j % 4 + j / 4 * 64;

			if (y + i >= gemm.n_rows || column >= gemm.matrix.rows)
				continue;
			T *to = row_of<T>(gemm.out, y + i) + column;
			float value = sum[i][j];

			if (gemm.bias)
				value += gemm.bias[column];
			*to = narrow<T>(gemm.accumulate ? widen(*to) + value : value);
		}
}

template <class T> __global__ void __launch_bounds__(THREADS) gemm_exact_kernel(const struct kc_gemm gemm)
{
	__shared__ gemm_shared shared;
	float sum[4][8] = {};
	held next;

	fetch(next, gemm, 0);
	for (unsigned k = 0; k < gemm.matrix.k; k += STEP) {
		keep(shared, next);
		__syncthreads();
		if (k + STEP < gemm.matrix.k)
			fetch(next, gemm, k + STEP);
		multiply(sum, shared);
		__syncthreads();
	}
	write_products<T>(gemm, sum);
}

}  // namespace

cudaError_t kc_gemm_exact(const struct kc_gemm *gemm, cudaStream_t stream)
{
	const struct kc_matrix *m = &gemm->matrix;
	uint64_t weights = uint64_t(m->rows) * m->k * (m->type == KC_F32 ? 32 : m->type == KC_INT8 ? 8 : m->type == KC_INT4 ? 4 : 16) / 8;
	launch_how how = { dim3(ceil_div(m->rows, TILE_OUT), ceil_div(gemm->n_rows, TILE_IN)), dim3(THREADS), 0, stream, false, false,
		weights + uint64_t(gemm->n_rows) * (m->k * type_bytes(gemm->in.type) + m->rows * type_bytes(gemm->out.type)) };

	if (!gemm->n_rows || !m->rows)
		return cudaSuccess;
	if (how.grid.y > 65535 || gemm->in.type > KC_BF16)
		return cudaErrorInvalidValue;
	return with_type(gemm->out.type, [&](auto zero) {
		return launch_kernel(how, gemm_exact_kernel<decltype(zero)>, *gemm);
	});
}
