// SPDX-License-Identifier: Apache-2.0
// scan1.cuh - Mamba-1's recurrence over a run of rows: what both forms of kc_scan1 are made of.
//
//	dt = softplus(dt + bias);  h = exp(dt A) h + dt u B;  y = (C h + D u) silu(z)
//
// A block owns CHANNELS channels (16 or 64) of one piece and walks down its rows with the state in registers. 4 lanes
// own a channel, STATES states each (4 where d_state is 16), so that a row costs a lane STATES exponentials, which is
// what bounds the kernel: the special function unit makes 16 a clock. Rows come in tiles of 32:
//
//	1. each thread turns 8 channels of one row (16 bytes of bfloat16) into dt and dt u, in shared memory;
//	2. B and C of the tile, 2 N floats a row, lie in shared memory for all channels of the block. cp.async brought
//	   them while the tile before was worked on; so it is with dt, u and z, in registers;
//	3. each lane runs its states through the 32 rows. Four rows' partial sums are exchanged at once, three shuffles
//	   for four rows, after which lane l has the sum of row l of the four;
//	4. each thread finishes the 8 channels that it began: D u, the gate, one store of 16 bytes.
//
// Memory moves 4 elements a row and channel (dt, u, z, y), and 8 N bytes a row and block for B and C.
#ifndef KRAIT_CUDA_SCAN1_CUH
#define KRAIT_CUDA_SCAN1_CUH

#include "kernels/cuda/rows.cuh"

namespace {

constexpr unsigned SCAN_ROWS = 32, SCAN_LANES = 4;

// 8 channels of a row as they lie in memory.
template <class T> struct __align__(16) eight {
	T v[8];
};

template <class T, bool WIDE> __device__ __forceinline__ void load_eight(eight<T> &to, const T *from, int valid)
{
	if constexpr (WIDE) {
#pragma unroll
		for (unsigned i = 0; i < 8; i += PACK<T>) {
			uint4 bytes = int(i) < valid ? *reinterpret_cast<const uint4 *>(from + i) : uint4{ 0, 0, 0, 0 };

			memcpy(static_cast<void *>(to.v + i), &bytes, 16);
		}
	} else {
#pragma unroll
		for (int i = 0; i < 8; i++)
			to.v[i] = i < valid ? from[i] : narrow<T>(0.0f);
	}
}

template <unsigned CHANNELS, unsigned STATES> struct scan1_shared {
	__align__(16) float bc[2][SCAN_ROWS][2][SCAN_LANES * STATES];   // two tiles of B and C
	__align__(16) float dt[SCAN_ROWS][CHANNELS][2];                 // dt and dt u
	__align__(16) float y[SCAN_ROWS][CHANNELS];
};

// What a thread of a block works on.
struct scan1_run {
	size_t first;                   // the first of its rows
	unsigned count, channel;        // how many; the block's first channel
	bool aligned_bc;                // B and C can be copied 16 bytes at a time
};

// Starts the copy of B and C of `rows` rows; the rest of the tile becomes zero.
template <unsigned CHANNELS, unsigned STATES> __device__ __forceinline__ void fetch_bc(scan1_shared<CHANNELS, STATES> &shared, const struct kc_scan1 &scan,
	const scan1_run &run, unsigned t0)
{
	auto &tile = shared.bc[t0 / SCAN_ROWS % 2];
	const float *from = scan.small + (run.first + t0) * scan.small_stride + scan.rank;
	unsigned rows = min(SCAN_ROWS, run.count - t0);

	if (run.aligned_bc) {
		unsigned packs = scan.d_state / 4;

		for (unsigned i = threadIdx.x; i < SCAN_ROWS * 2 * packs; i += CHANNELS * SCAN_LANES) {
			unsigned t = i / (2 * packs), which = i / packs % 2, n = i % packs * 4;
			const float *source = from + size_t(t < rows ? t : 0) * scan.small_stride + which * scan.d_state + n;

			copy_async16(&tile[t][which][n], source, t < rows ? 16 : 0);
		}
	} else {
		for (unsigned i = threadIdx.x; i < SCAN_ROWS * 2 * scan.d_state; i += CHANNELS * SCAN_LANES) {
			unsigned t = i / (2 * scan.d_state), which = i / scan.d_state % 2, n = i % scan.d_state;

			tile[t][which][n] = t < rows ? from[size_t(t) * scan.small_stride + which * scan.d_state + n] : 0.0f;
		}
	}
	copy_async_commit();
}

// The states beyond d_state see zeros for ever.
template <unsigned CHANNELS, unsigned STATES> __device__ __forceinline__ void clear_padding(scan1_shared<CHANNELS, STATES> &shared, unsigned d_state)
{
	constexpr unsigned ALL = SCAN_LANES * STATES;
	float *rows = &shared.bc[0][0][0][0];

	for (unsigned i = threadIdx.x; i < 2 * SCAN_ROWS * 2 * ALL; i += CHANNELS * SCAN_LANES)
		if (i % ALL >= d_state)
			rows[i] = 0.0f;
}

// Sums over the 4 lanes of a channel of four rows' parts: lane l gets row l's. Each sum is (0 + 2) + (1 + 3).
__device__ __forceinline__ float sum_four(const float (&part)[4], unsigned lane)
{
	bool upper = lane & 2, odd = lane & 1;
	float first = upper ? part[2] : part[0], second = upper ? part[3] : part[1];

	first += __shfl_xor_sync(WHOLE_WARP, upper ? part[0] : part[2], 2);
	second += __shfl_xor_sync(WHOLE_WARP, upper ? part[1] : part[3], 2);
	float sum = odd ? second : first;

	return sum + __shfl_xor_sync(WHOLE_WARP, odd ? first : second, 1);
}

// Step 3. KEEP_Y: y is wanted, else the state alone.
template <bool FAST, bool KEEP_Y, unsigned CHANNELS, unsigned STATES> __device__ __forceinline__ void run_tile(scan1_shared<CHANNELS, STATES> &shared,
	float (&h)[STATES], const float (&a)[STATES], unsigned buffer, unsigned rows)
{
	unsigned channel = threadIdx.x / SCAN_LANES, lane = threadIdx.x % SCAN_LANES;

#pragma unroll 1
	for (unsigned t = 0; t < rows; t += 4) {
		float part[4];

#pragma unroll
		for (unsigned i = 0; i < 4; i++) {
			const float *b = &shared.bc[buffer][t + i][0][lane * STATES], *c = &shared.bc[buffer][t + i][1][lane * STATES];
			float2 dt = *reinterpret_cast<const float2 *>(shared.dt[t + i][channel]);

			part[i] = 0.0f;
#pragma unroll
			for (unsigned n = 0; n < STATES; n += 4) {
				float4 b4 = *reinterpret_cast<const float4 *>(b + n), c4 = *reinterpret_cast<const float4 *>(c + n);
				const float bs[4] = { b4.x, b4.y, b4.z, b4.w }, cs[4] = { c4.x, c4.y, c4.z, c4.w };

#pragma unroll
				for (unsigned j = 0; j < 4; j++) {
					h[n + j] = fmaf(power2<FAST>(dt.x * a[n + j]), h[n + j], dt.y * bs[j]);
					if (KEEP_Y)
						part[i] = fmaf(h[n + j], cs[j], part[i]);
				}
			}
		}
		if (KEEP_Y)
			shared.y[t + lane][channel] = sum_four(part, lane);
	}
}

// The whole run. h: this lane's states before it, and after. sum_dt: what dt adds up to over the run in the
// thread's 8 channels and its rows (0, 32, ... beyond its own), where KEEP_Y is not set.
template <class T, bool WIDE, bool KEEP_Y, unsigned CHANNELS, unsigned STATES> __device__ __forceinline__ void scan1_rows(
	scan1_shared<CHANNELS, STATES> &shared, const struct kc_scan1 &scan, const scan1_run &run, float (&h)[STATES], const float (&a)[STATES], float (&sum_dt)[8])
{
	unsigned row = threadIdx.x / (CHANNELS / 8), at = threadIdx.x % (CHANNELS / 8) * 8, c = run.channel + at;
	int valid = int(scan.d_inner) - int(c);
	eight<T> dt, u, z;
	auto fetch = [&](unsigned t0, eight<T> &u, eight<T> &z) {
		size_t from = run.first + t0 + row;
		int n = t0 + row < run.count ? valid : 0;

		load_eight<T, WIDE>(dt, row_of<T>(scan.dt, from) + c, n);
		load_eight<T, WIDE>(u, row_of<T>(scan.u, from) + c, n);
		if (KEEP_Y)
			load_eight<T, WIDE>(z, row_of<T>(scan.z, from) + c, n);
	};

	clear_padding(shared, scan.d_state);
	fetch_bc(shared, scan, run, 0);
	fetch(0, u, z);
	for (unsigned t0 = 0; t0 < run.count; t0 += SCAN_ROWS) {
		eight<T> next_u = {}, next_z = {};
		bool mine = t0 + row < run.count;

#pragma unroll
		for (int i = 0; i < 8; i += 2) {
			float2 step[2];

#pragma unroll
			for (int j = 0; j < 2; j++) {
				float bias = scan.dt_bias && i + j < valid ? scan.dt_bias[c + i + j] : 0.0f;

				step[j].x = mine && i + j < valid ? softplus<FAST<T>>(widen(dt.v[i + j]) + bias) : 0.0f;
				step[j].y = step[j].x * widen(u.v[i + j]);
				if (!KEEP_Y)
					sum_dt[i + j] += step[j].x;
			}
			*reinterpret_cast<float4 *>(shared.dt[row][at + i]) = float4{ step[0].x, step[0].y, step[1].x, step[1].y };
		}
		copy_async_wait<0>();
		__syncthreads();
		if (t0 + SCAN_ROWS < run.count) {
			fetch_bc(shared, scan, run, t0 + SCAN_ROWS);
			fetch(t0 + SCAN_ROWS, next_u, next_z);
		}
		run_tile<FAST<T>, KEEP_Y>(shared, h, a, t0 / SCAN_ROWS % 2, min(SCAN_ROWS, run.count - t0));
		__syncthreads();
		if (KEEP_Y && mine) {
			float y[8];

#pragma unroll
			for (int i = 0; i < 8; i++)
				y[i] = fmaf(i < valid ? scan.d[c + i] : 0.0f, widen(u.v[i]), shared.y[row][at + i]) * silu<FAST<T>>(widen(z.v[i]));
			store_row<T, WIDE>(row_of<T>(scan.y, run.first + t0 + row) + c, y, valid > 0 ? unsigned(valid) : 0);
		}
		u = next_u;
		z = next_z;
	}
}

// The lane's part of A, times log2 e: exp(dt A) = 2^(dt a). Zero beyond the channels and states that there are.
template <unsigned STATES> __device__ __forceinline__ void load_a(float (&a)[STATES], const struct kc_scan1 &scan, unsigned channel, unsigned lane)
{
#pragma unroll
	for (unsigned n = 0; n < STATES; n++) {
		unsigned state = lane * STATES + n;

		a[n] = channel < scan.d_inner && state < scan.d_state ? scan.a[size_t(channel) * scan.d_state + state] * LOG2E : 0.0f;
	}
}

// The lane's states, from and to [I, N] floats.
template <unsigned STATES> __device__ __forceinline__ void load_states(float (&h)[STATES], const float *from, const struct kc_scan1 &scan, unsigned channel, unsigned lane)
{
#pragma unroll
	for (unsigned n = 0; n < STATES; n++) {
		unsigned state = lane * STATES + n;

		h[n] = channel < scan.d_inner && state < scan.d_state ? from[size_t(channel) * scan.d_state + state] : 0.0f;
	}
}

template <unsigned STATES> __device__ __forceinline__ void store_states(float *to, const float (&h)[STATES], const struct kc_scan1 &scan, unsigned channel, unsigned lane)
{
#pragma unroll
	for (unsigned n = 0; n < STATES; n++) {
		unsigned state = lane * STATES + n;

		if (channel < scan.d_inner && state < scan.d_state)
			to[size_t(channel) * scan.d_state + state] = h[n];
	}
}

__device__ __forceinline__ bool aligned_bc(const struct kc_scan1 &scan)
{
	return !((uintptr_t)scan.small % 16 || scan.small_stride % 4 || scan.rank % 4 || scan.d_state % 4);
}

// ---- on the host ------------------------------------------------------------------------------

inline bool scan1_wide(const struct kc_scan1 &scan)
{
	return in_packs(scan.dt, scan.d_inner) && in_packs(scan.u, scan.d_inner) && in_packs(scan.z, scan.d_inner) && in_packs(scan.y, scan.d_inner);
}

inline uint64_t scan1_bytes(const struct kc_scan1 &scan, const struct kc_pieces &pieces)
{
	return uint64_t(pieces.n_rows) * (scan.d_inner * 4 * type_bytes(scan.u.type) + 8 * scan.d_state)
		+ uint64_t(pieces.n) * scan.d_inner * scan.d_state * 8;
}

}  // namespace

#endif
