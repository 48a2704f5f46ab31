// SPDX-License-Identifier: Apache-2.0
// ssd.cuh - Mamba-2's recurrence in chunks of 64 rows on tensor cores (Dao and Gu 2024, section 6).
//
// Within a chunk, with c[t] = the sum of dt A over its rows up to t, and h the state before it:
//
//	y[t]  = exp(c[t]) C[t] h  +  sum over s <= t of (C[t] . B[s]) exp(c[t] - c[s]) dt[s] x[s]  +  D x[t]
//	h     = exp(c[63]) h  +  sum over s of exp(c[63] - c[s]) dt[s] x[s] (outer) B[s]
//
// which is four matrix products of 16-bit operands with float32 sums. Exponents are of differences of sums that begin anew in
// each chunk, and are never above 0 (A < 0): no quotient of decays that may underflow, nothing that grows with time.
//
// A block of 4 warps owns 32 channels of a head (a slice) of one piece and walks down its chunks; the state stays in float32
// accumulators all the way: warp w has the 32 channels of state columns [w N/4, (w+1) N/4). For y, warp w owns rows 16 w
// to + 15: C B^T (64 wide, tiles above the diagonal left out) becomes, in registers, the left operand of the product with x.
// B, C and x of the next chunk come by cp.async meanwhile. Rows and columns that are not there are zeros in shared memory.
//
// Multiply-adds a row and slice (N = 128): 64 N + 32 N + 64 32 + 32 N = 18 k. Bytes a row: 2 N 2 for B and C, once for
// each slice (from the second-level cache but for the first), and x, z, y. Shared memory: 94 KB at N = 128, two blocks
// on a multiprocessor.
#ifndef KRAIT_CUDA_SSD_CUH
#define KRAIT_CUDA_SSD_CUH

#include "kernels/cuda/rows.cuh"

namespace {

constexpr unsigned CHUNK = 64, SLICE = 32, THREADS = 128, WARPS = 4, PAD = 8;

// NP: d_state, padded with zeros to 64, 128 or 256.
template <class T, unsigned NP> struct ssd_shared {
	static constexpr unsigned STAGES = NP > 128 ? 1 : 2;
	__align__(16) T b[STAGES][CHUNK][NP + PAD], c[STAGES][CHUNK][NP + PAD], x[STAGES][CHUNK][SLICE + PAD];
	__align__(16) T weighted[CHUNK][SLICE + PAD];   // exp(c[63] - c[s]) dt[s] x[s]
	__align__(16) T state[SLICE][NP + PAD];         // h before the chunk
	float sum[2][CHUNK], dt[2][CHUNK];              // c, in units of ln 2
};

// What a block works on: `count` rows from `first` on.
struct ssd_run {
	unsigned head, p, group, count;
	size_t first;
	bool packs, pairs;      // rows move 16 bytes, or 4, at a time
};

template <class T> __device__ __forceinline__ unsigned pair(float low, float high)
{
	T both[2] = { narrow<T>(low), narrow<T>(high) };
	unsigned bits;

	memcpy(&bits, both, 4);
	return bits;
}

__device__ __forceinline__ void multiply(float (&sum)[4], const unsigned (&a)[4], const unsigned (&b)[2], __half)
{
	mma_f16(sum, a, b);
}

// One tile: `width` columns from `from` of the rows of a chunk, into rows of STRIDE elements; the rest of `padded` is zero.
template <class T, unsigned STRIDE> __device__ __forceinline__ void fetch_tile(T (*tile)[STRIDE], const struct kc_rows &rows, size_t first, unsigned count,
	unsigned from, unsigned width, unsigned padded, bool packs)
{
	if (packs) {
		for (unsigned i = threadIdx.x; i < CHUNK * padded / 8; i += THREADS) {
			unsigned t = i / (padded / 8), c = i % (padded / 8) * 8;
			bool there = t < count && c < width;

			copy_async16(&tile[t][c], row_of<T>(rows, first + (there ? t : 0)) + from + (there ? c : 0), there ? 16 : 0);
		}
		return;
	}
	for (unsigned i = threadIdx.x; i < CHUNK * padded; i += THREADS) {
		unsigned t = i / padded, c = i % padded;

		tile[t][c] = t < count && c < width ? row_of<T>(rows, first + t)[from + c] : narrow<T>(0.0f);
	}
}

template <class T, unsigned NP, bool KEEP_Y> __device__ __forceinline__ void fetch_chunk(ssd_shared<T, NP> &shared, const struct kc_scan2 &scan, const ssd_run &run, unsigned t0)
{
	unsigned stage = t0 / CHUNK % ssd_shared<T, NP>::STAGES, rows = min(CHUNK, run.count - t0);
	unsigned b_at = scan.d_ssm + run.group * scan.d_state, c_at = b_at + scan.n_groups * scan.d_state;
	unsigned width = min(SLICE, scan.head_dim - run.p);

	fetch_tile<T>(shared.b[stage], scan.u, run.first + t0, rows, b_at, scan.d_state, NP, run.packs);
	if (KEEP_Y)
		fetch_tile<T>(shared.c[stage], scan.u, run.first + t0, rows, c_at, scan.d_state, NP, run.packs);
	fetch_tile<T>(shared.x[stage], scan.u, run.first + t0, rows, run.head * scan.head_dim + run.p, width, SLICE, run.packs);
	copy_async_commit();
}

// Warp 0: lane l has rows 2 l and 2 l + 1 of a chunk.
template <class T> struct raw_steps {
	T v[2];
};

template <class T> __device__ __forceinline__ raw_steps<T> fetch_steps(const struct kc_scan2 &scan, const ssd_run &run, unsigned t0)
{
	raw_steps<T> raw;

#pragma unroll
	for (unsigned i = 0; i < 2; i++) {
		unsigned t = t0 + 2 * threadIdx.x + i;

		raw.v[i] = threadIdx.x < 32 && t < run.count ? row_of<T>(scan.projected, run.first + t)[scan.dt_first + run.head] : narrow<T>(0.0f);
	}
	return raw;
}

// dt of the chunk, and the sums of dt A over its rows.
template <class T> __device__ __forceinline__ void time_steps(float *sums, float *dts, const struct kc_scan2 &scan, const ssd_run &run, const raw_steps<T> &raw, unsigned t0)
{
	float bias = scan.dt_bias ? scan.dt_bias[run.head] : 0.0f, a = scan.a[run.head] * LOG2E, dt[2];

#pragma unroll
	for (unsigned i = 0; i < 2; i++) {
		dt[i] = fminf(fmaxf(softplus<false>(widen(raw.v[i]) + bias), scan.limit_low), scan.limit_high);
		if (t0 + 2 * threadIdx.x + i >= run.count)
			dt[i] = 0.0f;
	}
	float sum = (dt[0] + dt[1]) * a;

#pragma unroll
	for (unsigned back = 1; back < 32; back *= 2) {
		float before = __shfl_up_sync(WHOLE_WARP, sum, back);

		if (threadIdx.x >= back)
			sum += before;
	}
	sums[2 * threadIdx.x] = sum - dt[1] * a;
	sums[2 * threadIdx.x + 1] = sum;
	dts[2 * threadIdx.x] = dt[0];
	dts[2 * threadIdx.x + 1] = dt[1];
}

template <class T, unsigned NP> __device__ __forceinline__ void weigh(ssd_shared<T, NP> &shared, unsigned stage, unsigned buffer)
{
	float last = shared.sum[buffer][CHUNK - 1];

	for (unsigned i = threadIdx.x; i < CHUNK * SLICE / 2; i += THREADS) {
		unsigned s = i / (SLICE / 2), p = i % (SLICE / 2) * 2;
		float weight = exp2_fast(last - shared.sum[buffer][s]) * shared.dt[buffer][s];
		const T *x = &shared.x[stage][s][p];

		*reinterpret_cast<unsigned *>(&shared.weighted[s][p]) = pair<T>(widen(x[0]) * weight, widen(x[1]) * weight);
	}
}

// Where the lane points for load_matrix4: the left operand's 16 x 16 at (row, column), or two right operands side by side.
__device__ __forceinline__ unsigned left_row(unsigned lane) { return lane % 16; }
__device__ __forceinline__ unsigned left_column(unsigned lane) { return lane / 16 * 8; }
__device__ __forceinline__ unsigned right_row(unsigned lane) { return lane / 16 * 8 + lane % 8; }
__device__ __forceinline__ unsigned right_column(unsigned lane) { return lane / 8 % 2 * 8; }

// scores[j] = C B^T of the warp's 16 rows and rows 8 j to + 7; y[q] = C h^T of its rows and channels 8 q to + 7.
template <class T, unsigned NP> __device__ __forceinline__ void score(float (&scores)[CHUNK / 8][4], float (&y)[SLICE / 8][4], ssd_shared<T, NP> &shared, unsigned stage)
{
	unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32;

#pragma unroll 2
	for (unsigned k = 0; k < NP; k += 16) {
		unsigned c[4], right[4];

		load_matrix4(c, &shared.c[stage][warp * 16 + left_row(lane)][k + left_column(lane)]);
#pragma unroll
		for (unsigned j = 0; j < CHUNK / 8; j += 2) {
			if (j > 2 * warp)
				continue;
			load_matrix4(right, &shared.b[stage][j * 8 + right_row(lane)][k + right_column(lane)]);
			multiply(scores[j], c, { right[0], right[1] }, T());
			multiply(scores[j + 1], c, { right[2], right[3] }, T());
		}
#pragma unroll
		for (unsigned q = 0; q < SLICE / 8; q += 2) {
			load_matrix4(right, &shared.state[q * 8 + right_row(lane)][k + right_column(lane)]);
			multiply(y[q], c, { right[0], right[1] }, T());
			multiply(y[q + 1], c, { right[2], right[3] }, T());
		}
	}
}

// y = exp(c[t]) y + (scores exp(c[t] - c[s]) dt[s], s <= t) x. Accumulators of two tiles are a left operand as they stand.
template <class T, unsigned NP> __device__ __forceinline__ void attend(float (&y)[SLICE / 8][4], const float (&scores)[CHUNK / 8][4], ssd_shared<T, NP> &shared,
	unsigned stage, unsigned buffer)
{
	unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32, t = warp * 16 + lane / 4, s = lane % 4 * 2;
	const float *sum = shared.sum[buffer], *dt = shared.dt[buffer];
	float low = sum[t], high = sum[t + 8], decay_low = exp2_fast(low), decay_high = exp2_fast(high);

#pragma unroll
	for (unsigned q = 0; q < SLICE / 8; q++) {
		y[q][0] *= decay_low;
		y[q][1] *= decay_low;
		y[q][2] *= decay_high;
		y[q][3] *= decay_high;
	}
#pragma unroll
	for (unsigned j = 0; j < CHUNK / 8; j += 2) {
		unsigned left[4], right[4];

		if (j > 2 * warp)
			continue;
#pragma unroll
		for (unsigned i = 0; i < 2; i++) {
			unsigned at = (j + i) * 8 + s;
			float2 sums = *reinterpret_cast<const float2 *>(sum + at), steps = *reinterpret_cast<const float2 *>(dt + at);
			const float *m = scores[j + i];

			left[2 * i] = pair<T>(at <= t ? m[0] * exp2_fast(low - sums.x) * steps.x : 0.0f, at + 1 <= t ? m[1] * exp2_fast(low - sums.y) * steps.y : 0.0f);
			left[2 * i + 1] = pair<T>(at <= t + 8 ? m[2] * exp2_fast(high - sums.x) * steps.x : 0.0f, at + 1 <= t + 8 ? m[3] * exp2_fast(high - sums.y) * steps.y : 0.0f);
		}
#pragma unroll
		for (unsigned q = 0; q < SLICE / 8; q += 2) {
			load_matrix4<true>(right, &shared.x[stage][j * 8 + left_row(lane)][q * 8 + left_column(lane)]);
			multiply(y[q], left, { right[0], right[1] }, T());
			multiply(y[q + 1], left, { right[2], right[3] }, T());
		}
	}
}

template <class T> __device__ __forceinline__ float2 load_pair(const T *from, bool pairs, int valid)
{
	T both[2] = { narrow<T>(0.0f), narrow<T>(0.0f) };

	if (pairs && valid > 0) {
		unsigned bits = *reinterpret_cast<const unsigned *>(from);

		memcpy(static_cast<void *>(both), &bits, 4);
	} else
		for (int i = 0; i < 2; i++)
			if (i < valid)
				both[i] = from[i];
	return { widen(both[0]), widen(both[1]) };
}

template <class T> __device__ __forceinline__ void store_pair(T *to, float low, float high, bool pairs, int valid)
{
	T both[2] = { narrow<T>(low), narrow<T>(high) };

	if (pairs && valid > 0) {
		unsigned bits;

		memcpy(&bits, both, 4);
		*reinterpret_cast<unsigned *>(to) = bits;
	} else
		for (int i = 0; i < 2; i++)
			if (i < valid)
				to[i] = both[i];
}

// y + D x, the gate, and out.
template <class T, unsigned NP> __device__ __forceinline__ void finish(const float (&y)[SLICE / 8][4], const ssd_shared<T, NP> &shared, const struct kc_scan2 &scan,
	const ssd_run &run, unsigned t0, unsigned stage)
{
	unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32, n_mlp = scan.d_inner - scan.d_ssm;

#pragma unroll
	for (unsigned half = 0; half < 2; half++) {
		unsigned t = warp * 16 + lane / 4 + half * 8;

		if (t0 + t >= run.count)
			continue;
		const T *z = row_of<T>(scan.projected, run.first + t0 + t) + 2 * n_mlp;
		T *out = row_of<T>(scan.y, run.first + t0 + t) + n_mlp;

#pragma unroll
		for (unsigned q = 0; q < SLICE / 8; q++) {
			unsigned p = q * 8 + lane % 4 * 2, at = run.head * scan.head_dim + run.p + p;
			int valid = int(scan.head_dim) - int(run.p + p);
			float v[2] = { y[q][half * 2], y[q][half * 2 + 1] };

			if (valid <= 0)
				continue;
			v[0] = fmaf(scan.d[at], widen(shared.x[stage][t][p]), v[0]);
			v[1] = fmaf(valid > 1 ? scan.d[at + 1] : 0.0f, widen(shared.x[stage][t][p + 1]), v[1]);
			if (scan.gated) {
				float2 gate = load_pair(z + at, run.pairs, valid);

				v[0] *= silu<true>(gate.x);
				v[1] *= silu<true>(gate.y);
			}
			store_pair(out + at, v[0], v[1], run.pairs, valid);
		}
	}
}

// The warp's part of the state: tile (m, i) is channels 16 m to + 15 and columns 8 (COLUMNS w + i) to + 7.
template <unsigned NP> struct held_state {
	static constexpr unsigned TILES = NP / 8 / WARPS;
	float v[SLICE / 16][TILES][4];
};

// Calls f(value, channel in the slice, column) for each of the lane's.
template <unsigned NP, class F> __device__ __forceinline__ void each_state(held_state<NP> &h, F f)
{
	unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32;

#pragma unroll
	for (unsigned m = 0; m < SLICE / 16; m++)
#pragma unroll
		for (unsigned i = 0; i < held_state<NP>::TILES; i++)
#pragma unroll
			for (unsigned j = 0; j < 4; j++)
				f(h.v[m][i][j], m * 16 + lane / 4 + j / 2 * 8, (warp * held_state<NP>::TILES + i) * 8 + lane % 4 * 2 + j % 2);
}

template <class T, unsigned NP> __device__ __forceinline__ void publish(held_state<NP> &h, ssd_shared<T, NP> &shared)
{
	each_state(h, [&](float &v, unsigned p, unsigned n) { shared.state[p][n] = narrow<T>(v); });
}

// h = exp(c[63]) h + weighted^T B.
template <class T, unsigned NP> __device__ __forceinline__ void advance(held_state<NP> &h, ssd_shared<T, NP> &shared, unsigned stage, unsigned buffer)
{
	constexpr unsigned TILES = held_state<NP>::TILES;
	unsigned warp = threadIdx.x / 32, lane = threadIdx.x % 32;
	float decay = exp2_fast(shared.sum[buffer][CHUNK - 1]);

	each_state(h, [&](float &v, unsigned, unsigned) { v *= decay; });
#pragma unroll 2
	for (unsigned k = 0; k < CHUNK; k += 16) {
		unsigned left[SLICE / 16][4];

#pragma unroll
		for (unsigned m = 0; m < SLICE / 16; m++)
			load_matrix4<true>(left[m], &shared.weighted[k + right_row(lane)][m * 16 + right_column(lane)]);
#pragma unroll
		for (unsigned i = 0; i < TILES; i++) {
			unsigned right[2];

			load_matrix2<true>(right, &shared.b[stage][k + lane % 16][(warp * TILES + i) * 8]);
#pragma unroll
			for (unsigned m = 0; m < SLICE / 16; m++)
				multiply(h.v[m][i], left[m], right, T());
		}
	}
}

// The whole run, with the state in h before it and after. Returns the sum of dt A, in units of ln 2, where KEEP_Y is not set.
template <class T, unsigned NP, bool KEEP_Y> __device__ __forceinline__ float ssd_rows(ssd_shared<T, NP> &shared, const struct kc_scan2 &scan, const ssd_run &run, held_state<NP> &h)
{
	constexpr bool AHEAD = ssd_shared<T, NP>::STAGES == 2;
	raw_steps<T> steps = fetch_steps<T>(scan, run, 0);
	float total = 0.0f;

	fetch_chunk<T, NP, KEEP_Y>(shared, scan, run, 0);
	if (KEEP_Y)
		publish(h, shared);
	for (unsigned t0 = 0; t0 < run.count; t0 += CHUNK) {
		unsigned buffer = t0 / CHUNK % 2, stage = AHEAD ? buffer : 0;
		bool more = t0 + CHUNK < run.count;

		if (threadIdx.x < 32)
			time_steps(shared.sum[buffer], shared.dt[buffer], scan, run, steps, t0);
		copy_async_wait<0>();
		__syncthreads();
		if (more) {
			steps = fetch_steps<T>(scan, run, t0 + CHUNK);
			if (AHEAD)
				fetch_chunk<T, NP, KEEP_Y>(shared, scan, run, t0 + CHUNK);
		}
		weigh(shared, stage, buffer);
		if constexpr (KEEP_Y) {
			float scores[CHUNK / 8][4] = {}, y[SLICE / 8][4] = {};

			score(scores, y, shared, stage);
			attend(y, scores, shared, stage, buffer);
			finish(y, shared, scan, run, t0, stage);
		} else
			total += shared.sum[buffer][CHUNK - 1];
		__syncthreads();
		advance(h, shared, stage, buffer);
		if (KEEP_Y)
			publish(h, shared);
		if (!AHEAD && more) {
			__syncthreads();
			fetch_chunk<T, NP, KEEP_Y>(shared, scan, run, t0 + CHUNK);
		}
	}
	return total;
}

// STORE: from h into [H, P, N] floats, else from there.
template <bool STORE, unsigned NP> __device__ __forceinline__ void move_state(held_state<NP> &h, float *state, const struct kc_scan2 &scan, const ssd_run &run)
{
	each_state(h, [&](float &v, unsigned p, unsigned n) {
		float *at = state + (size_t(run.head) * scan.head_dim + run.p + p) * scan.d_state + n;
		bool there = run.p + p < scan.head_dim && n < scan.d_state;

		if (!STORE)
			v = there ? *at : 0.0f;
		else if (there)
			*at = v;
	});
}

}  // namespace

#endif
