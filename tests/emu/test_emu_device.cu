// SPDX-License-Identifier: Apache-2.0
// test_emu_device.cu - the language of the emulation: warps, barriers, atomics, matrix
// instructions, asynchronous copies, cooperative and early launches.
#include "kernels/cuda/port.cuh"
#include "check_device.h"

#include <cmath>
#include <cooperative_groups.h>

namespace {

launch_how how(dim3 grid, dim3 block, size_t shared = 0)
{
	launch_how h = {};

	h.grid = grid;
	h.block = block;
	h.shared = shared;
	return h;
}

// ---- warps: a block of any shape, a last warp that is not full, masks of part of a warp

__device__ unsigned expected_ballot(unsigned first, unsigned full)
{
	unsigned r = 0;

	for (unsigned i = 0; i < 32; i++)
		if ((full >> i & 1) != 0 && (first + i) % 3 == 0)
			r |= 1u << i;
	return r;
}

__global__ void warp_kernel(int *out, int n)
{
	unsigned t = threadIdx.y * blockDim.x + threadIdx.x, lane = t & 31, up = lane < 2 ? t : t - 2;
	unsigned full = (t / 32 + 1) * 32 <= unsigned(n) ? ~0u : (1u << (n % 32)) - 1;
	bool ok = __shfl_sync(full, int(t), 3) == int(t - lane + 3);

	ok &= __shfl_sync(full, int(t), 9, 8) == int(t - lane % 8 + 1);
	ok &= __shfl_up_sync(full, t, 2) == up;
	ok &= __shfl_xor_sync(full, int(t), 1) == int(t ^ 1);
	ok &= __shfl_xor_sync(full, double(t), 2) == double(t ^ 2);
	if (lane < 8) {
		int v = __shfl_down_sync(0xffu, int(t), 1, 8);

		ok &= v == (lane == 7 ? int(t) : int(t) + 1);
		__syncwarp(0xffu);
	} else if (full == ~0u) {
		ok &= __ballot_sync(~0xffu, lane & 1) == (0xaaaaaaaau & ~0xffu);
	}
	__syncwarp(full);
	ok &= __ballot_sync(full, t % 3 == 0) == expected_ballot(t - lane, full);
	ok &= __all_sync(full, 1) && !__all_sync(full, lane != 2) && __any_sync(full, lane == 2) && !__any_sync(full, 0);
	ok &= __reduce_add_sync(full, 1u) == unsigned(__popc(full));
	ok &= __reduce_max_sync(full, lane) == 31u - unsigned(__clz(int(full)));
	ok &= __popc(__match_any_sync(full, lane / 4)) == 4;
	ok &= __syncthreads_count(t % 2 == 0) == (n + 1) / 2;
	ok &= __syncthreads_and(1) == 1 && __syncthreads_and(t != 5) == 0;
	ok &= __syncthreads_or(t == 5) == 1 && __syncthreads_or(0) == 0;
	out[blockIdx.x * n + t] = ok;
}

START_TEST(warps)
{
	in_order(_i);
	for (dim3 block : {dim3(32), dim3(8, 6), dim3(64, 2), dim3(16, 3), dim3(100, 2)}) {
		int n = int(block.x * block.y);
		Device<int> out(size_t(3 * n));

		CALL(launch_kernel(how(dim3(3), block), warp_kernel, out.p, n));
		for (int v : out.get())
			ck_assert_int_eq(v, 1);
	}
}
END_TEST

// ---- barriers in a loop, and shared memory that is of the block

__global__ void rotate_kernel(float *out, int rounds)
{
	__shared__ float s[2][64];
	int t = int(threadIdx.x), b = 0;

	s[0][t] = float(t);
	for (int i = 0; i < rounds; i++) {
		__syncthreads();
		s[b ^ 1][t] = s[b][(t + 1) & 63] + 1;
		b ^= 1;
	}
	out[blockIdx.x * 64 + unsigned(t)] = s[b][t];
}

__global__ void garbage_kernel(float *out)
{
	__shared__ float s[32];
	DYN_SHARED(float, d);

	out[blockIdx.x * 32 + threadIdx.x] = s[threadIdx.x] + d[threadIdx.x];
	__syncwarp();
	s[threadIdx.x] = d[threadIdx.x] = 1;
}

START_TEST(barriers)
{
	Device<float> out(128);

	in_order(_i);
	CALL(launch_kernel(how(dim3(2), dim3(64)), rotate_kernel, out.p, 37));
	std::vector<float> got = out.get();
	for (int i = 0; i < 128; i++)
		ck_assert_float_eq(got[size_t(i)], float(((i & 63) + 37) & 63) + 37);
}
END_TEST

START_TEST(shared_memory_is_garbage_at_first)
{
	Device<float> out(96);

	in_order(_i);
	CALL(launch_kernel(how(dim3(3), dim3(32), 128), garbage_kernel, out.p));
	for (float v : out.get())
		ck_assert(std::isnan(v));
}
END_TEST

// ---- atomics, and a thread that waits for another

__global__ void atomic_kernel(int *out, unsigned *u, float *f, unsigned long long *l)
{
	atomicAdd(out, 1);
	atomicMax(out + 1, int(threadIdx.x));
	atomicMin(out + 2, -int(threadIdx.x));
	atomicCAS(out + 3, 0, 77);
	atomicInc(u, 9);
	atomicOr(u + 1, 1u << threadIdx.x % 32);
	atomicAdd(f, 0.5f);
	atomicAdd(l, 1ull << 33);
}

__global__ void spin_kernel(int *out, unsigned *flag)
{
	if (threadIdx.x == 0) {
		while (load_acquire(flag) == 0)
			__nanosleep(20);
		out[0] = out[1] + 1;
	} else if (threadIdx.x == 63) {
		out[1] = 4;
		store_release(flag, 1);
	}
}

START_TEST(atomics)
{
	std::vector<unsigned long long> zero(1, 0);
	Device<int> out(std::vector<int>(4, 0));
	Device<unsigned> u(std::vector<unsigned>(2, 0));
	Device<float> f(std::vector<float>(1, 0.0f));
	Device<unsigned long long> l(zero);

	in_order(_i);
	CALL(launch_kernel(how(dim3(4), dim3(64)), atomic_kernel, out.p, u.p, f.p, l.p));
	CALL(cudaDeviceSynchronize());
	ck_assert_int_eq(out.get()[0], 256);
	ck_assert_int_eq(out.get()[1], 63);
	ck_assert_int_eq(out.get()[2], -63);
	ck_assert_int_eq(out.get()[3], 77);
	ck_assert_uint_eq(u.get()[0], 6);
	ck_assert_uint_eq(u.get()[1], ~0u);
	ck_assert_float_eq(f.get()[0], 128);
	ck_assert(l.get()[0] == 256ull << 33);
	CALL(cudaMemset(u.p, 0, 8));
	CALL(launch_kernel(how(dim3(1), dim3(64)), spin_kernel, out.p, u.p));
	ck_assert_int_eq(out.get()[0], 5);
}
END_TEST

// ---- matrix instructions, with operands through cp.async and ldmatrix

template <class T> __device__ void to_shared(T *shared, const T *global, int n)
{
	for (int i = int(threadIdx.x) * 8; i < n; i += 256)
		copy_async16(shared + i, global + i);
}

template <class T, bool TRANSPOSED> __global__ void mma_kernel(const T *a, const T *b, float *c)        // b: [n][k], or [k][n]
{
	__shared__ __align__(16) T sa[16 * 16];
	__shared__ __align__(16) T sb[16 * 8];
	int lane = int(threadIdx.x), g = lane / 4, t = lane % 4;
	unsigned ra[4], rb[2];
	float d[4] = {0, 0, 0, 0};

	to_shared(sa, a, 256);
	to_shared(sb, b, 128);
	copy_async_commit();
	copy_async_wait<0>();
	__syncwarp();
	load_matrix4(ra, sa + lane % 16 * 16 + lane / 16 * 8);
	if (TRANSPOSED)
		load_matrix2<true>(rb, sb + lane % 16 * 8);
	else
		load_matrix2(rb, sb + lane % 8 * 16 + lane / 8 % 2 * 8);
	if constexpr (std::is_same_v<T, __half>)
		mma_f16(d, ra, rb);
	else
		mma_bf16(d, ra, rb);
	for (int i = 0; i < 4; i++)
		c[(g + i / 2 * 8) * 8 + t * 2 + i % 2] = d[i];
}

template <class T, bool TRANSPOSED> void check_mma()
{
	std::vector<T> a(256), b(128);
	Device<float> c(128);

	for (int i = 0; i < 256; i++)
		a[size_t(i)] = T(float(i * 7 % 31 - 15) / 8);
	for (int i = 0; i < 128; i++)
		b[size_t(i)] = T(float(i * 5 % 23 - 11) / 8);
	Device<T> da(a), db(b);
	CALL(launch_kernel(how(dim3(1), dim3(32)), mma_kernel<T, TRANSPOSED>, static_cast<const T *>(da.p), static_cast<const T *>(db.p), c.p));
	CALL(cudaDeviceSynchronize());
	std::vector<float> got = c.get();
	for (int i = 0; i < 16; i++)
		for (int j = 0; j < 8; j++) {
			float sum = 0;

			for (int k = 0; k < 16; k++)
				sum += float(a[size_t(i * 16 + k)]) * float(b[size_t(TRANSPOSED ? k * 8 + j : j * 16 + k)]);
			ck_assert_float_eq(got[size_t(i * 8 + j)], sum);
		}
}

START_TEST(matrix_instructions)
{
	in_order(_i);
	check_mma<__nv_bfloat16, false>();
	check_mma<__nv_bfloat16, true>();
	check_mma<__half, false>();
	check_mma<__half, true>();
}
END_TEST

__global__ void zero_fill_kernel(float *out, const float *in)
{
	__shared__ __align__(16) float s[32 * 4];

	copy_async16(s + threadIdx.x * 4, in + threadIdx.x * 4, 8);
	copy_async_commit();
	if (threadIdx.x == 0)
		copy_async16(s, in, 0);
	copy_async_commit();
	copy_async_wait<1>();
	for (int i = 0; i < 4; i++)
		out[threadIdx.x * 4 + unsigned(i)] = s[threadIdx.x * 4 + unsigned(i)];
	copy_async_wait<0>();
}

START_TEST(asynchronous_copies)
{
	Device<float> in(std::vector<float>(128, 3.0f)), out(128);

	in_order(_i);
	CALL(launch_kernel(how(dim3(1), dim3(32)), zero_fill_kernel, out.p, static_cast<const float *>(in.p)));
	std::vector<float> got = out.get();
	for (int i = 4; i < 128; i++)
		ck_assert_float_eq(got[size_t(i)], i % 4 < 2 ? 3.0f : 0.0f);
}
END_TEST

// ---- arithmetic

__global__ void arithmetic_kernel(int *out)
{
	bool ok = logic3<0xf0 & 0xcc>(12u, 10u, 6u) == (12u & 10u);

	ok &= logic3<(0xf0 & 0xcc) | 0xaa>(0x0ff0u, 0x00ffu, 0x8000u) == 0x80f0u;
	ok &= __byte_perm(0x03020100u, 0x07060504u, 0x7521u) == 0x07050201u;
	ok &= __dp4a(0x01ff7f80, 0x02020202, 5) == 5 + 2 * (1 - 1 + 127 - 128);
	ok &= exp2_fast(3.0f) == 8.0f && exp2_fast(-140.0f) == 0.0f;
	ok &= __umulhi(0x80000000u, 6u) == 3u && __brev(1u) == 0x80000000u && __ffs(8) == 4;
	ok &= __funnelshift_l(0x80000000u, 1u, 1u) == 3u;
	out[0] = ok;
}

START_TEST(arithmetic)
{
	Device<int> out(1);

	CALL(launch_kernel(how(dim3(1), dim3(1)), arithmetic_kernel, out.p));
	ck_assert_int_eq(out.get()[0], 1);
}
END_TEST

// ---- all blocks at once

__global__ void normalize_kernel(float *v, float *partial, int n)
{
	__shared__ float s[4];
	unsigned step = gridDim.x * blockDim.x, first = blockIdx.x * blockDim.x + threadIdx.x;
	float sum = 0, total = 0;

	for (unsigned i = first; i < unsigned(n); i += step)
		sum += v[i];
	for (int o = 16; o > 0; o /= 2)
		sum += __shfl_xor_sync(WHOLE_WARP, sum, o);
	if (threadIdx.x % 32 == 0)
		s[threadIdx.x / 32] = sum;
	__syncthreads();
	if (threadIdx.x == 0)
		partial[blockIdx.x] = s[0] + s[1] + s[2] + s[3];
	cooperative_groups::this_grid().sync();
	if (threadIdx.x == 0 && s[0] + s[1] + s[2] + s[3] != partial[blockIdx.x])
		__trap();       // shared memory did not outlast the other blocks
	for (unsigned b = 0; b < gridDim.x; b++)
		total += partial[b];
	for (unsigned i = first; i < unsigned(n); i += step)
		v[i] /= total;
}

// A barrier of one's own: the last block to come lets the others go.
__global__ void own_barrier_kernel(int *out, unsigned *count)
{
	if (threadIdx.x == 0) {
		out[blockIdx.x] = int(blockIdx.x) + 1;
		add_release(count, 1);
		while (load_acquire(count) < gridDim.x)
			__nanosleep(10);
	}
	__syncthreads();
	if (threadIdx.x == 1)
		out[gridDim.x + blockIdx.x] = out[(blockIdx.x + 1) % gridDim.x];
}

START_TEST(cooperative_launches)
{
	launch_how h = how(dim3(8), dim3(128));
	Device<float> v(std::vector<float>(5000, 0.25f)), partial(8);
	Device<int> out(16);
	Device<unsigned> count(std::vector<unsigned>(1, 0));

	in_order(_i);
	h.whole = true;
	CALL(launch_kernel(h, normalize_kernel, v.p, partial.p, 5000));
	CALL(cudaDeviceSynchronize());
	for (float x : v.get())
		ck_assert_float_eq_tol(x, 1.0f / 5000, 1e-8f);
	h.block = dim3(32);
	CALL(launch_kernel(h, own_barrier_kernel, out.p, count.p));
	CALL(cudaDeviceSynchronize());
	std::vector<int> got = out.get();
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(got[size_t(8 + i)], (i + 1) % 8 + 1);
	h.grid = dim3(4 * 32 + 1);
	h.block = dim3(64);
	REFUSES(launch_kernel(h, own_barrier_kernel, out.p, count.p), cudaErrorCooperativeLaunchTooLarge);
}
END_TEST

// ---- a kernel that begins before the one before it has ended

__global__ void first_kernel(int *data)
{
	data[threadIdx.x] = int(threadIdx.x);
	grid_release();
}

__global__ void second_kernel(const int *weights, const int *data, int *out)
{
	int w = weights[threadIdx.x];

	grid_wait();
	out[threadIdx.x] = w + data[threadIdx.x];
}

START_TEST(early_launches)
{
	Device<int> weights(std::vector<int>(64, 100)), data(64), out(64);
	launch_how h = how(dim3(1), dim3(64));

	in_order(_i);
	h.stream = new_stream();
	h.early = true;
	CALL(launch_kernel(how(dim3(1), dim3(64)), first_kernel, data.p));
	CALL(cudaDeviceSynchronize());
	CALL(launch_kernel(h, second_kernel, static_cast<const int *>(weights.p), static_cast<const int *>(data.p), out.p));
	CALL(cudaStreamSynchronize(h.stream));
	ck_assert_int_eq(out.get()[63], 163);
	/* where the code cannot wait it does not begin early, whatever the device could */
	emu_counts_reset();
	emu_code(80);
	CALL(launch_kernel(h, second_kernel, static_cast<const int *>(weights.p), static_cast<const int *>(data.p), out.p));
	CALL(cudaStreamSynchronize(h.stream));
	emu_code(0);
	struct emu_counts counts;

	emu_counts(&counts);
	ck_assert_uint_eq(counts.kernels, 1);
	ck_assert_uint_eq(counts.early, 0);
	CALL(cudaStreamDestroy(h.stream));
}
END_TEST

}  // namespace

int main()
{
	Suite *suite = suite_create("emu_device");
	TCase *test = tcase_create("device");

	tcase_add_loop_test(test, warps, 0, N_ORDERS);
	tcase_add_loop_test(test, barriers, 0, N_ORDERS);
	tcase_add_loop_test(test, shared_memory_is_garbage_at_first, 0, N_ORDERS);
	tcase_add_loop_test(test, atomics, 0, N_ORDERS);
	tcase_add_loop_test(test, matrix_instructions, 0, N_ORDERS);
	tcase_add_loop_test(test, asynchronous_copies, 0, N_ORDERS);
	tcase_add_test(test, arithmetic);
	tcase_add_loop_test(test, cooperative_launches, 0, N_ORDERS);
	tcase_add_loop_test(test, early_launches, 0, N_ORDERS);
	suite_add_tcase(suite, test);
	return support_run(suite);
}
