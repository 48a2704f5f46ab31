// SPDX-License-Identifier: Apache-2.0
// product.cuh - which of the two kernels makes a product, and in which shape.
//
// Few rows of the call: gemv, whose work for a weight grows with the rows. It is chosen while it keeps
// up with memory: 8 rows of 16-bit weights, but 4 of int8 and 1 of int4, whose bytes carry 2 and 4
// times the products. More: tensor cores in precision "fast". In "exact", and where tensor cores cannot take the
// matrix, all rows go through gemv, 8 at a time: its order of sums is the one that there is.
#ifndef KRAIT_CUDA_PRODUCT_CUH
#define KRAIT_CUDA_PRODUCT_CUH

#include "gemv.cuh"
#include "launch.cuh"
#include "tile.cuh"

namespace {

inline size_t table_bytes(const job &j, uint32_t n_rows)
{
	return j.source == SOURCE_TABLE ? size_t(n_rows) * j.n_groups * sizeof(float2) : 0;
}

template <int TYPE, int ROWS> inline cudaError_t launch_gemv(const job &j, uint64_t bytes, cudaStream_t stream)
{
	constexpr uint32_t STEP = 32 * weights<TYPE>::V, MOST = GEMV_ROOM / (4 * ROWS) / STEP;
	uint32_t n_steps = divide_up(j.k, STEP);
	gemv_cut cut = { n_steps < MOST ? n_steps : MOST, j.rows < GEMV_FEW_ROWS };
	uint32_t blocks = divide_up(j.rows, GEMV_R * (cut.shared_rows ? 1 : GEMV_WARPS));

	if (!cut.shared_rows)
		blocks = divide_up(blocks, divide_up(blocks, multiprocessors() * gemv_blocks<TYPE, ROWS>()));
	return launch_kernel(decode_launch(dim3(blocks, divide_up(j.n_rows, ROWS)), GEMV_THREADS, size_t(ROWS) * cut.chunk * STEP * 4 + table_bytes(j, ROWS), bytes, stream),
		gemv_kernel<TYPE, ROWS>, j, cut);
}

template <int TYPE, class S> inline cudaError_t launch_tile(const job &j, uint64_t bytes, cudaStream_t stream)
{
	dim3 grid(divide_up(j.n_rows, S::BN), divide_up(j.rows, S::BM));
	size_t shared = tile<TYPE, S>::BYTES + table_bytes(j, S::BN);

	return launch_kernel(decode_launch(grid, TILE_THREADS, shared, bytes, stream), tile_kernel<TYPE, S>, j);
}

// The largest shape that is no wider than the call and still has a block for each SM.
template <int TYPE> inline cudaError_t launch_tiles(const job &j, uint64_t bytes, cudaStream_t stream)
{
	auto blocks = [&](int bm, int bn) { return uint64_t(divide_up(j.rows, bm)) * divide_up(j.n_rows, bn); };
	uint32_t want = multiprocessors();

	if (j.n_rows > tile_medium::BN && blocks(tile_large::BM, tile_large::BN) >= want)
		return launch_tile<TYPE, tile_large>(j, bytes, stream);
	if (j.n_rows > tile_small::BN && blocks(tile_medium::BM, tile_medium::BN) >= want)
		return launch_tile<TYPE, tile_medium>(j, bytes, stream);
	return launch_tile<TYPE, tile_small>(j, bytes, stream);
}

template <int TYPE> inline cudaError_t make_product(const job &j, bool fast, uint64_t bytes, cudaStream_t stream)
{
	bool tiles = fast && tile_can(j, TYPE);
	uint32_t few = weights<TYPE>::BITS >= 16 ? 8 : weights<TYPE>::BITS == 8 ? 4 : 1;

	if (j.n_rows == 0 || j.rows == 0)
		return cudaSuccess;
	if (j.n_rows == 1)
		return launch_gemv<TYPE, 1>(j, bytes, stream);
	if constexpr (TILED<TYPE>)
		if (tiles && j.n_rows > few)
			return launch_tiles<TYPE>(j, bytes, stream);
	if (j.n_rows <= 4)
		return launch_gemv<TYPE, 4>(j, bytes, stream);
	return launch_gemv<TYPE, 8>(j, bytes, stream);
}

}  // namespace

#endif
