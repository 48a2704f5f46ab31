// SPDX-License-Identifier: Apache-2.0
// step2.cu - Mamba-2's state and gate for one position of each row of a call. The states are the
// traffic: [H, P, N] floats of every row, in and out once (mamba2-2.7b: 2.6 MB a layer and row).
//
// LANES lanes stand by a state row (one p of one head), each by every LANES-th float4 of it: with 128
// states a warp reads 512 bytes in a row. A lane group takes 4 state rows at a time and loads all
// before it uses any; a block of 4 warps takes 16 rows (LANES 32), so that one sequence alone still
// fills the device. dt and its exponential are one number for a head: every thread makes them itself.
// Block (x, y): tile x of row y; the tiles behind those of the last head make silu(z0) * x0.
#include "job.cuh"
#include "launch.cuh"

namespace {

constexpr int THREADS = 128, TOGETHER = 4;

struct step2_cut {
	uint32_t tiles;         // of a head
	uint32_t heads;         // blocks that make heads
};

__device__ __forceinline__ float softplus_of(float x)
{
	return x > 20.0f ? x : log1pf(expf(x));
}

__device__ __forceinline__ float step_state(float &h, float b, float c, float decay, float dt_x)
{
	h = fmaf(decay, h, dt_x * b);
	return h * c;
}

__device__ __forceinline__ float step_four(float4 &h, const float4 &b, const float4 &c, float decay, float dt_x)
{
	float y = step_state(h.x, b.x, c.x, decay, dt_x);

	y += step_state(h.y, b.y, c.y, decay, dt_x);
	y += step_state(h.z, b.z, c.z, decay, dt_x);
	return y + step_state(h.w, b.w, c.w, decay, dt_x);
}

__device__ __forceinline__ void gate_columns(const kc_step2 &s, uint32_t r, uint32_t c)
{
	uint32_t n = s.d_inner - s.d_ssm;
	const float *from = s.projected + size_t(r) * s.projected_stride;

	if (c < n)
		s.y[size_t(r) * s.y_stride + c] = sigmoid_times(from[c]) * from[n + c];
}

// y of state row p of a head, from the sum over its states.
__device__ __forceinline__ void put_y(const kc_step2 &s, uint32_t r, uint32_t column, float sum, float x)
{
	uint32_t mlp = s.d_inner - s.d_ssm;
	float y = fmaf(s.d[column], x, sum);

	if (s.gated)
		y *= sigmoid_times(s.projected[size_t(r) * s.projected_stride + 2 * mlp + column]);
	s.y[size_t(r) * s.y_stride + mlp + column] = y;
}

template <int LANES, bool VECTOR>
__device__ __forceinline__ float step_row(float *h, float4 first, const float *b, const float *c, const float4 &b4, const float4 &c4, uint32_t n,
	uint32_t l, float decay, float dt_x)
{
	float y = 0.0f;

	if (!VECTOR) {
#pragma unroll 1
		for (uint32_t i = l; i < n; i += LANES) {
			float one = h[i];

			y += step_state(one, b[i], c[i], decay, dt_x);
			h[i] = one;
		}
		return y;
	}
	if (l * 4 < n) {
		y = step_four(first, b4, c4, decay, dt_x);
		*reinterpret_cast<float4 *>(h + l * 4) = first;
	}
#pragma unroll 1
	for (uint32_t i = (l + LANES) * 4; i < n; i += LANES * 4) {
		float4 next = *reinterpret_cast<const float4 *>(h + i);

		y += step_four(next, load4(b, i, n), load4(c, i, n), decay, dt_x);
		*reinterpret_cast<float4 *>(h + i) = next;
	}
	return y;
}

template <int LANES, bool VECTOR> __device__ __forceinline__ void step_head(const kc_step2 &s, float *slot, uint32_t r, uint32_t head, uint32_t tile)
{
	uint32_t n = s.d_state, l = threadIdx.x % LANES, p0 = (tile * (THREADS / LANES) + threadIdx.x / LANES) * TOGETHER;
	const float *u = s.u + size_t(r) * s.u_stride, *b = u + s.d_ssm + size_t(head / (s.n_heads / s.n_groups)) * n, *c = b + size_t(s.n_groups) * n;
	float *h = slot + s.ssm_at + (size_t(head) * s.head_dim + p0) * n;
	float dt = s.projected[size_t(r) * s.projected_stride + s.dt_first + head] + (s.dt_bias ? s.dt_bias[head] : 0.0f);
	float4 b4 = load4(b, l * 4, n), c4 = load4(c, l * 4, n), first[TOGETHER];
	float mine = 0.0f, my_x = 0.0f;

#pragma unroll
	for (int i = 0; i < TOGETHER; i++)
		first[i] = VECTOR && p0 + i < s.head_dim && l * 4 < n ? *reinterpret_cast<const float4 *>(h + size_t(i) * n + l * 4)
			: make_float4(0.0f, 0.0f, 0.0f, 0.0f);
	dt = fminf(fmaxf(softplus_of(dt), s.limit_low), s.limit_high);
	float decay = expf(dt * s.a[head]);

#pragma unroll
	for (int i = 0; i < TOGETHER; i++) {
		bool live = p0 + i < s.head_dim;
		float x = live ? u[head * s.head_dim + p0 + i] : 0.0f, y = 0.0f;

		if (live)
			y = step_row<LANES, VECTOR>(h + size_t(i) * n, first[i], b, c, b4, c4, n, l, decay, dt * x);
		y = warp_sum<LANES>(y);
		if (int(l) == i) {
			mine = y;
			my_x = x;
		}
	}
	if (l < TOGETHER && p0 + l < s.head_dim)
		put_y(s, r, head * s.head_dim + p0 + l, mine, my_x);
}

template <int LANES> __global__ void __launch_bounds__(THREADS, 8) step2_kernel(const __grid_constant__ kc_step2 s, float *const *slots, const step2_cut cut)
{
	uint32_t r = blockIdx.y;

	grid_wait();
	grid_release();
	float *slot = slots[r];

	if (!slot)
		return;
	if (blockIdx.x >= cut.heads)
		gate_columns(s, r, (blockIdx.x - cut.heads) * THREADS + threadIdx.x);
	else if (s.d_state % 4 == 0 && (reinterpret_cast<uintptr_t>(slot + s.ssm_at) & 15) == 0)
		step_head<LANES, true>(s, slot, r, blockIdx.x / cut.tiles, blockIdx.x % cut.tiles);
	else
		step_head<LANES, false>(s, slot, r, blockIdx.x / cut.tiles, blockIdx.x % cut.tiles);
}

template <int LANES> cudaError_t launch_step2(const kc_step2 &s, const kc_pieces &pieces, cudaStream_t stream)
{
	step2_cut cut = { divide_up(s.head_dim, THREADS / LANES * TOGETHER), 0 };
	uint64_t states = 2 * uint64_t(s.d_ssm) * s.d_state, columns = 2 * uint64_t(s.d_inner) + 2 * uint64_t(s.d_ssm) + 2 * uint64_t(s.n_groups) * s.d_state;
	uint64_t bytes = 4 * (pieces.n_rows * (states + columns + s.n_heads) + s.d_ssm + 2 * uint64_t(s.n_heads));

	cut.heads = cut.tiles * s.n_heads;
	return launch_kernel(decode_launch(dim3(cut.heads + divide_up(s.d_inner - s.d_ssm, THREADS), pieces.n_rows), THREADS, 0, bytes, stream),
		step2_kernel<LANES>, s, pieces.slot, cut);
}

}  // namespace

extern "C" cudaError_t kc_decode_step2(const struct kc_step2 *s, const struct kc_pieces *pieces, cudaStream_t stream)
{
	if (s->n_groups == 0 || s->n_heads % s->n_groups || s->d_ssm != s->n_heads * s->head_dim || s->d_inner < s->d_ssm)
		return cudaErrorInvalidValue;
	if (pieces->n_rows == 0)
		return cudaSuccess;
	if (s->d_state > 64)
		return launch_step2<32>(*s, *pieces, stream);
	return s->d_state > 16 ? launch_step2<16>(*s, *pieces, stream) : launch_step2<4>(*s, *pieces, stream);
}
