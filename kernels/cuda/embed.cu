// SPDX-License-Identifier: Apache-2.0
// embed.cu - a token's row of the embedding, as float32: one block a row of the call, thread t takes
// columns t, t + 256, ... A row is 5 KB at most places: the kernel is as long as its launch.
#include "job.cuh"
#include "launch.cuh"

namespace {

constexpr int THREADS = 256;

template <int TYPE> __global__ void __launch_bounds__(THREADS)
embed_kernel(float *x, const void *table, const float *scales, uint32_t width, uint32_t group, const int32_t *token)
{
	grid_wait();
	grid_release();
	int32_t id = token[blockIdx.x];

	if (id < 0)
		return;
	for (uint32_t k = threadIdx.x; k < width; k += THREADS)
		x[size_t(blockIdx.x) * width + k] = weight_at<TYPE>(table, scales, width, group, uint32_t(id), k);
}

template <int TYPE> cudaError_t embed(float *x, const kc_matrix *table, const int32_t *token, uint32_t n_rows, cudaStream_t stream)
{
	uint64_t bytes = n_rows * (kc::matrix_bytes(*table) / table->rows + table->k * sizeof(float) + sizeof *token);

	return launch_kernel(decode_launch(dim3(n_rows), THREADS, 0, bytes, stream), embed_kernel<TYPE>, x, table->data, table->scales,
		table->k, uint32_t(table->group), token);
}

}  // namespace

extern "C" cudaError_t kc_embed(float *x, const struct kc_matrix *table, const int32_t *token, uint32_t n_rows, cudaStream_t stream)
{
	if (n_rows == 0 || table->rows == 0)
		return cudaSuccess;
	switch (table->type) {
	case KC_F32: return embed<KC_F32>(x, table, token, n_rows, stream);
	case KC_F16: return embed<KC_F16>(x, table, token, n_rows, stream);
	case KC_BF16: return embed<KC_BF16>(x, table, token, n_rows, stream);
	case KC_INT8: return embed<KC_INT8>(x, table, token, n_rows, stream);
	case KC_INT4: return embed<KC_INT4>(x, table, token, n_rows, stream);
	default: return cudaErrorInvalidValue;
	}
}
