// SPDX-License-Identifier: Apache-2.0
// test_emu_look.cu - what is seen of kernels so small that each number can be told by looking at them. They are
// compiled to tell of each access, as those of tests/cuda/asked are.
#include "kernels/cuda/port.cuh"
#include "check_device.h"

namespace {

constexpr unsigned N = 32;

// A pointer, and what it leads to: two rounds, for the second cannot go out before the first is there.
__global__ void follows(float *out, float *const *at) { out[threadIdx.x] = at[0][threadIdx.x]; }

// Two pieces of memory side by side: one round.
__global__ void beside(float *out, const float *a, const float *b)
{
	out[threadIdx.x] = a[threadIdx.x] + b[threadIdx.x];
}

// The same sectors in two rounds, of which the second finds them in the cache.
__global__ void again(float *out, const float *a)
{
	__shared__ float s[N];

	s[threadIdx.x] = a[threadIdx.x];
	__syncthreads();
	out[threadIdx.x] = s[threadIdx.x ^ 1] + a[threadIdx.x];
}

// One load a turn, each of a sector of its own.
__global__ void in_turns(float *out, const float *a, unsigned turns)
{
	float sum = 0;

	for (unsigned i = 0; i < turns; i++)
		sum += a[(i * N + threadIdx.x) * 8];
	out[threadIdx.x] = sum;
}

__global__ void adds(unsigned *out)
{
	__shared__ unsigned s[2];

	if (threadIdx.x < 2)
		s[threadIdx.x] = 0;
	__syncthreads();
	atomicAdd(&s[threadIdx.x < 5], 1u);
	__syncthreads();
	if (threadIdx.x < 2)
		out[threadIdx.x] = s[threadIdx.x];
}

void keep(void *user, const struct emu_asked *asked) { *static_cast<struct emu_asked *>(user) = *asked; }

/* One block, seen while it runs. */
template <class... P, class... A> struct emu_asked look(const void *warm, void (*kernel)(P...), A... a)
{
	struct emu_asked asked = {};
	launch_how h = {};

	h.grid = dim3(1);
	h.block = dim3(N);
	emu_counts_reset();
	emu_look(1);
	emu_look_warm(warm);
	CALL(launch_kernel(h, kernel, a...));
	CALL(cudaDeviceSynchronize());
	emu_each_asked(keep, &asked);
	emu_look(0);
	return asked;
}

START_TEST(pointers_are_followed)
{
	Device<float> to(N), data(std::vector<float>(N, 3.0f));
	Device<float *> at(std::vector<float *>{data.p});
	struct emu_asked a = look(nullptr, follows, to.p, static_cast<float *const *>(at.p));

	ck_assert_uint_eq(a.rounds, 2);
	ck_assert_uint_eq(a.misses, 2);
	ck_assert_uint_eq(a.loads, 2);
	ck_assert(to.get()[5] == 3.0f);         /* it ran, too */
	ck_assert_uint_eq(look(data.p, follows, to.p, static_cast<float *const *>(at.p)).misses, 1);
}
END_TEST

START_TEST(loads_side_by_side_are_one_round)
{
	Device<float> to(N), first(N), second(N);
	const float *a = first.p, *b = second.p;
	struct emu_asked asked = look(nullptr, beside, to.p, a, b);

	ck_assert_uint_eq(asked.rounds, 1);
	ck_assert_uint_eq(asked.misses, 1);
	ck_assert_uint_eq(asked.asked, 2 * N * sizeof(float));
	ck_assert_uint_eq(asked.cold, 2 * N * sizeof(float));
	asked = look(a, beside, to.p, a, b);
	ck_assert_uint_eq(asked.misses, 1);
	ck_assert_uint_eq(asked.cold, N * sizeof(float));
}
END_TEST

START_TEST(a_sector_misses_once)
{
	Device<float> to(N), a(N);
	struct emu_asked asked = look(nullptr, again, to.p, static_cast<const float *>(a.p));

	ck_assert_uint_eq(asked.rounds, 2);
	ck_assert_uint_eq(asked.misses, 1);
	ck_assert_uint_eq(asked.asked, 2 * N * sizeof(float));
}
END_TEST

START_TEST(loads_of_a_loop_are_counted)
{
	Device<float> to(N), a(5 * N * 8);
	struct emu_asked asked = look(nullptr, in_turns, to.p, static_cast<const float *>(a.p), 5u);

	ck_assert_uint_eq(asked.rounds, 1);
	ck_assert_uint_eq(asked.loads, 5);
	ck_assert_uint_eq(asked.asked, 5 * N * 32);
}
END_TEST

START_TEST(atomics_on_one_address)
{
	Device<unsigned> to(2);

	ck_assert_uint_eq(look(nullptr, adds, to.p).atomics, N - 5);
}
END_TEST

}  // namespace

int main()
{
	Suite *suite = suite_create("emu_look");
	TCase *test = tcase_create("look");

	tcase_add_test(test, pointers_are_followed);
	tcase_add_test(test, loads_side_by_side_are_one_round);
	tcase_add_test(test, a_sector_misses_once);
	tcase_add_test(test, loads_of_a_loop_are_counted);
	tcase_add_test(test, atomics_on_one_address);
	suite_add_tcase(suite, test);
	return support_run(suite);
}
