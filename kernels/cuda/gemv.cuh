// SPDX-License-Identifier: Apache-2.0
// gemv.cuh - a product for 1 to 8 rows of a call, or for any number where each row is to have the same bits
// whatever its company (blockIdx.y: which 8). The weights are the traffic: each is read once, for
// all rows, 16 bytes to a lane, and nothing else may hold their stream up.
//
// Who does what. A warp takes 4 rows of the matrix; a *step* is 32 vectors of each of them, one to a
// lane. Where there are few rows (x_proj: 192) the 8 warps of a block share one group of 4 rows
// instead, warp w taking steps w, w + 8, ...
//
// What keeps memory busy. A ring of 2 steps is in registers: 256 threads x 2 x 4 x 16 bytes = 32 KiB of
// loads under way in a block, from before the kernel may touch an activation (grid_wait) to the
// end; the ring runs on across groups of rows. Activations are staged in shared memory, at most
// GEMV_ROOM bytes, in chunks of columns where a row of the call is longer than that. They lie in
// planes: columns k to k + 3 are float4 [k / 4 % PLANES][k / V], so that the lanes of a warp read
// neighbouring 16 bytes and no two meet in a bank.
//
// Sums. Lane l adds the columns of vectors l, l + 32, ... in ascending order, then 5 butterfly steps
// add lanes, then warps that share rows are added in order. The order depends on the matrix alone:
// what a row of the call gets does not depend on the other rows, nor on how many there are.
#ifndef KRAIT_CUDA_GEMV_CUH
#define KRAIT_CUDA_GEMV_CUH

#include "job.cuh"

namespace {

constexpr int GEMV_THREADS = 256, GEMV_WARPS = GEMV_THREADS / 32, GEMV_R = 4, GEMV_DEPTH = 2;
constexpr uint32_t GEMV_ROOM = 80 << 10;        // bytes of staged activations: two blocks fit an SM of compute capability 8.0
constexpr uint32_t GEMV_FEW_ROWS = 4096;        // below: the warps of a block share rows

// Blocks that an SM is to hold, and so the registers that a thread may have.
template <int TYPE, int ROWS> constexpr int gemv_blocks()
{
	return ROWS == 8 || (ROWS == 4 && weights<TYPE>::QUANTISED) ? 1 : 2;
}

// How the launch cuts the work.
struct gemv_cut {
	uint32_t chunk;         // steps staged at a time
	uint32_t shared_rows;   // the warps of a block share rows: then a block has one group of them
};

// A place in a warp's work: its group of rows, the chunk, and which of its steps in the chunk.
struct gemv_cursor {
	uint32_t row, chunk, at;
};

template <int TYPE, int ROWS> struct gemv {
	using W = weights<TYPE>;
	static constexpr int R = GEMV_R, DEPTH = GEMV_DEPTH, PLANES = W::V / 4, STEP = 32 * W::V, TOGETHER = ROWS < 2 ? 1 : 2;

	struct held {
		uint4 v[R];
		float scale[W::QUANTISED ? R : 1];
	};

	const job &j;
	const gemv_cut &cut;
	float4 *staged;         // [ROWS][PLANES][chunk * 32]
	float *part;            // [8][ROWS] sums of squares of the warps
	float *across;          // [8][R * ROWS] sums of warps that share rows
	float2 *table;          // [ROWS][n_groups]
	uint32_t r0;            // the block's first row of the call
	uint32_t warp, lane, n_steps;
	float sums[R][ROWS];

	// Which step a cursor means; n_steps: none.
	__device__ __forceinline__ uint32_t step_of(const gemv_cursor &c) const
	{
		uint32_t first = c.chunk * cut.chunk, end = min(first + cut.chunk, n_steps);
		uint32_t step = cut.shared_rows ? first + (warp - first) % GEMV_WARPS + c.at * GEMV_WARPS : first + c.at;

		return step < end ? step : n_steps;
	}

	// Steps of a warp in a chunk, rounded up so that the ring's places fall on the same steps each time.
	__device__ __forceinline__ uint32_t turns() const
	{
		uint32_t n = cut.shared_rows ? (cut.chunk + GEMV_WARPS - 1) / GEMV_WARPS : cut.chunk;

		return (n + DEPTH - 1) / DEPTH * DEPTH;
	}

	__device__ __forceinline__ uint32_t chunks() const
	{
		return (n_steps + cut.chunk - 1) / cut.chunk;
	}

	__device__ __forceinline__ uint32_t stride() const
	{
		return gridDim.x * R * (cut.shared_rows ? 1 : GEMV_WARPS);
	}

	__device__ __forceinline__ void advance(gemv_cursor &c) const
	{
		if (++c.at < turns())
			return;
		c.at = 0;
		if (++c.chunk < chunks())
			return;
		c.chunk = 0;
		c.row += stride();
	}

	__device__ __forceinline__ void load(held &to, const gemv_cursor &c) const
	{
		uint32_t v = step_of(c) * 32 + lane;

		if (!j.vector)
			return;
#pragma unroll
		for (int i = 0; i < R; i++) {
			bool there = c.row + i < j.rows && v * W::V < j.k;
			size_t row = c.row + i;

			to.v[i] = there ? load_once(static_cast<const char *>(j.weights) + row * row_bytes<TYPE>(j.k) + size_t(v) * 16)
				: make_uint4(0, 0, 0, 0);
			if constexpr (W::QUANTISED)
				to.scale[i] = there ? __ldg(j.scales + row * ((j.k + j.group - 1) / j.group) + v * W::V / j.group) : 0.0f;
		}
	}

	// A chunk's columns of rows first to first + TOGETHER into shared memory, f() applied. The loads
	// of all rows go out before the first is used.
	__device__ __forceinline__ void stage_rows(int first, uint32_t k0)
	{
		uint32_t vectors = cut.chunk * 32, n = min(vectors * W::V, j.k - k0);
		const float *row[TOGETHER];
		float square[TOGETHER];

#pragma unroll
		for (int i = 0; i < TOGETHER; i++) {
			row[i] = in_row(j, r0 + first + i);
			square[i] = 0.0f;
		}
#pragma unroll 1
		for (uint32_t q = threadIdx.x; q < (n + W::V - 1) / W::V * PLANES; q += GEMV_THREADS) {
			float4 x[TOGETHER];

#pragma unroll
			for (int i = 0; i < TOGETHER; i++)
				x[i] = row[i] ? load4(row[i], k0 + q * 4, j.k) : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
#pragma unroll
			for (int i = 0; i < TOGETHER; i++) {
				const float2 *scale = j.source == SOURCE_TABLE ? table + (first + i) * j.n_groups : nullptr;

				square[i] = square_sum(square[i], x[i]);
				if (row[i])
					x[i] = prologue4(j, r0 + first + i, k0 + q * 4, x[i], scale);
				staged[((first + i) * PLANES + q % PLANES) * vectors + q / PLANES] = x[i];
			}
		}
		if (j.source == SOURCE_SCALED && chunks() == 1)
#pragma unroll
			for (int i = 0; i < TOGETHER; i++)
				keep_square(first + i, square[i]);
	}

	__device__ __forceinline__ void stage(uint32_t chunk)
	{
		__syncthreads();
#pragma unroll 1
		for (int r = 0; r < ROWS; r += TOGETHER)
			stage_rows(r, chunk * cut.chunk * STEP);
		__syncthreads();
	}

	__device__ __forceinline__ void keep_square(int r, float square)
	{
		square = warp_sum(square);
		if (lane == 0)
			part[warp * ROWS + r] = square;
	}

	// Where a row takes several chunks, the sums of squares come first: the same sums in the same order.
	__device__ __forceinline__ void square_rows()
	{
#pragma unroll 1
		for (int r = 0; r < ROWS; r++) {
			const float *row = in_row(j, r0 + r);
			float square = 0.0f;

#pragma unroll 1
			for (uint32_t q = threadIdx.x; row && q < (j.k + 3) / 4; q += GEMV_THREADS)
				square = square_sum(square, load4(row, q * 4, j.k));
			keep_square(r, square);
		}
	}

	__device__ __forceinline__ float4 activations(int r, int plane, uint32_t v) const
	{
		return staged[(r * PLANES + plane) * cut.chunk * 32 + v];
	}

	// One step's products. v: this lane's vector, counted from the chunk's first.
	__device__ __forceinline__ void add_vector(const held &from, uint32_t v)
	{
		float dots[R][ROWS];

#pragma unroll
		for (int i = 0; i < R; i++)
#pragma unroll
			for (int r = 0; r < ROWS; r++)
				dots[i][r] = W::QUANTISED ? 0.0f : sums[i][r];
#pragma unroll
		for (int q = 0; q < PLANES; q++) {
			float w[R][4];

#pragma unroll
			for (int i = 0; i < R; i++)
				W::widen(from.v[i], q, w[i]);
#pragma unroll
			for (int r = 0; r < ROWS; r++) {
				float4 x = activations(r, q, v);

#pragma unroll
				for (int i = 0; i < R; i++)
					dots[i][r] = fmaf(w[i][3], x.w, fmaf(w[i][2], x.z, fmaf(w[i][1], x.y, fmaf(w[i][0], x.x, dots[i][r]))));
			}
		}
#pragma unroll
		for (int i = 0; i < R; i++)
#pragma unroll
			for (int r = 0; r < ROWS; r++)
				sums[i][r] = W::QUANTISED ? fmaf(from.scale[W::QUANTISED ? i : 0], dots[i][r], sums[i][r]) : dots[i][r];
	}

	// The same columns, one element at a time: lane l takes columns l, l + 32, ... of the step.
	__device__ __forceinline__ void add_elements(uint32_t row, uint32_t step, uint32_t k0)
	{
		const float *x = reinterpret_cast<const float *>(staged);

#pragma unroll 1
		for (uint32_t k = step * STEP + lane; k < min(step * STEP + STEP, j.k); k += 32) {
			uint32_t at = k - k0;

#pragma unroll
			for (int i = 0; i < R; i++) {
				float w = row + i < j.rows ? weight_at<TYPE>(j.weights, j.scales, j.k, j.group, row + i, k) : 0.0f;

#pragma unroll
				for (int r = 0; r < ROWS; r++)
					sums[i][r] = fmaf(w, x[((r * PLANES + at / 4 % PLANES) * cut.chunk * 32 + at / W::V) * 4 + at % 4], sums[i][r]);
			}
		}
	}

	__device__ __forceinline__ void add_step(const held &from, const gemv_cursor &c)
	{
		uint32_t step = step_of(c), first = c.chunk * cut.chunk;

		if (step == n_steps)
			return;
		if (!j.vector)
			add_elements(c.row, step, first * STEP);
		else if ((step * 32 + lane) * W::V < j.k)
			add_vector(from, (step - first) * 32 + lane);
	}

	// Lane r * R + i has the sum of row i of the matrix and row r of the call; it emits it.
	__device__ __forceinline__ void finish(uint32_t row)
	{
		uint32_t r = lane / R, m = row + lane % R;
		float mine = 0.0f;

#pragma unroll
		for (int i = 0; i < R; i++)
#pragma unroll
			for (int q = 0; q < ROWS; q++) {
				float sum = warp_sum(sums[i][q]);

				if (int(lane) == q * R + i)
					mine = sum;
				sums[i][q] = 0.0f;
			}
		if (cut.shared_rows) {
			if (lane < R * ROWS)
				across[warp * (R * ROWS) + lane] = mine;
			__syncthreads();
			if (warp != 0)
				return;
			mine = 0.0f;
			for (int w = 0; w < GEMV_WARPS && lane < R * ROWS; w++)
				mine += across[w * (R * ROWS) + lane];
		}
		if (lane >= R * ROWS || m >= j.rows || !in_row(j, r0 + r))
			return;
		if (j.source == SOURCE_SCALED) {
			float square = 0.0f;

			for (int w = 0; w < GEMV_WARPS; w++)
				square += part[w * ROWS + r];
			mine *= inverse_root(square, j.k, j.eps);
		}
		emit(j, m, r0 + r, mine);
	}

	__device__ __forceinline__ void run()
	{
		uint32_t n_chunks = chunks(), n_turns = turns(), unit = blockIdx.x * R * (cut.shared_rows ? 1 : GEMV_WARPS);
		gemv_cursor ahead = { unit + (cut.shared_rows ? 0 : warp * R), 0, 0 };
		bool staged_all = false;
		held ring[DEPTH];

#pragma unroll
		for (int d = 0; d < DEPTH; d++) {
			load(ring[d], ahead);
			advance(ahead);
		}
		grid_wait();
		grid_release();
		if (j.source == SOURCE_TABLE)
			make_table(j, r0, ROWS, table);
		if (j.source == SOURCE_SCALED && n_chunks > 1)
			square_rows();
#pragma unroll 1
		for (; unit < j.rows; unit += stride()) {
			gemv_cursor use = { unit + (cut.shared_rows ? 0 : warp * R), 0, 0 };

#pragma unroll 1
			for (; use.chunk < n_chunks; use.chunk++) {
				if (!staged_all)
					stage(use.chunk);
				staged_all = n_chunks == 1;
#pragma unroll 1
				for (use.at = 0; use.at < n_turns; ) {
#pragma unroll
					for (int d = 0; d < DEPTH; d++, use.at++) {
						add_step(ring[d], use);
						load(ring[d], ahead);
						advance(ahead);
					}
				}
			}
			finish(use.row);
		}
	}
};

// Blocks: as many as fit, each with equally many groups of rows, or one fewer; where warps share
// rows, one block for each R rows.
template <int TYPE, int ROWS>
__global__ void __launch_bounds__(GEMV_THREADS, (gemv_blocks<TYPE, ROWS>())) gemv_kernel(const __grid_constant__ job j, const __grid_constant__ gemv_cut cut)
{
	DYN_SHARED(float4, staged);
	__shared__ float part[GEMV_WARPS * ROWS], across[GEMV_WARPS * GEMV_R * ROWS];
	using G = gemv<TYPE, ROWS>;
	G g = { j, cut, staged, part, across, reinterpret_cast<float2 *>(staged + size_t(ROWS) * cut.chunk * G::STEP / 4),
		blockIdx.y * ROWS, threadIdx.x / 32, threadIdx.x % 32, (j.k + G::STEP - 1) / G::STEP, {} };

	g.run();
}

}  // namespace

#endif
