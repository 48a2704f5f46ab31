// SPDX-License-Identifier: Apache-2.0
// bugs.cu - planted bugs, one for each name given: what bugs.sh runs to see that the emulation
// finds them. Ends with 0 when nothing was noticed, with 3 when the answer was wrong.
#include "kernels/cuda/port.cuh"
#include "emu_api.h"

#include <cooperative_groups.h>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr int N = 64;

// ---- memory of the block and of the device

__global__ void shared_index(int *out)
{
	__shared__ int s[N];
	int t = int(threadIdx.x);

	s[t + 1] = t;
	__syncthreads();
	out[t] = t == 0 ? 0 : s[t];
}

__global__ void shared_pointer(int *out)
{
	__shared__ int s[N];
	int *p = s;
	int t = int(threadIdx.x);

	asm volatile("" : "+r"(p));
	p[t + 1] = t + 1;
	__syncthreads();
	out[t] = t == 0 ? 0 : p[t];
}

__global__ void shared_dynamic(int *out)
{
	DYN_SHARED(int, s);

	s[threadIdx.x] = int(threadIdx.x);
	__syncthreads();
	out[threadIdx.x] = s[threadIdx.x];
}

__global__ void past_end(int *out) { out[threadIdx.x + 1] = int(threadIdx.x) + 1; }

__global__ void before_start(int *out)
{
	int none = 0;

	asm volatile("" : "+r"(none));  /* a product that is known to be 0 would need no load */
	out[threadIdx.x] = threadIdx.x == 0 ? (out[-1] & none) : int(threadIdx.x);
}

__global__ void stale_shared(int *out)
{
	__shared__ int s[N];

	if (threadIdx.x < N / 2)
		s[threadIdx.x] = int(threadIdx.x);
	__syncthreads();
	out[threadIdx.x] = s[threadIdx.x];
}

__global__ void stale_global(int *out, const int *never_written) { out[threadIdx.x] = int(threadIdx.x) + never_written[threadIdx.x]; }

// ---- races in a block

__global__ void no_barrier(int *out)
{
	__shared__ int s[N];
	int t = int(threadIdx.x);

	s[t] = t;
	out[t] = s[t ^ 32];
}

__global__ void no_barrier_left(int *out)
{
	__shared__ int s[N];
	int t = int(threadIdx.x);

	s[t] = t;
	out[t] = t != 0 ? s[t - 1] : 0;
}

__global__ void no_second_barrier(int *out)
{
	__shared__ int s[N + 1];
	int t = int(threadIdx.x), v;

	s[t] = t;
	if (t == 0)
		s[N] = N;
	__syncthreads();
	v = s[t + 1];
	s[t] = -1;
	out[t] = v;
}

__global__ void no_syncwarp(int *out)
{
	__shared__ int s[N];

	s[threadIdx.x] = int(threadIdx.x);
	out[threadIdx.x] = s[threadIdx.x ^ 1];
}

__global__ void syncwarp_is_there(int *out)
{
	__shared__ int s[N];

	s[threadIdx.x] = int(threadIdx.x);
	__syncwarp();
	out[threadIdx.x] = s[threadIdx.x ^ 1];
}

__global__ void shuffle_orders_nothing(int *out)
{
	__shared__ int s[N];
	int t = int(threadIdx.x);

	s[t] = t;
	t += __shfl_sync(WHOLE_WARP, 0, 0);
	out[t] = s[t ^ 1];
}

__global__ void same_value(int *out)
{
	__shared__ int flag;

	if (threadIdx.x == 0)
		flag = 0;
	__syncthreads();
	if (threadIdx.x % 3 == 0)
		flag = 1;
	__syncthreads();
	out[threadIdx.x] = flag;
}

__global__ void atomics_are_there(int *out)
{
	__shared__ int count;

	if (threadIdx.x == 0)
		count = 0;
	__syncthreads();
	atomicAdd(&count, 1);
	__syncthreads();
	out[threadIdx.x] = count;
}

__global__ void copy_of_another(int *out, const int *in)
{
	__shared__ __align__(16) int s[N];

	if (threadIdx.x < N / 4) {
		copy_async16(s + threadIdx.x * 4, in + threadIdx.x * 4);
		copy_async_commit();
		copy_async_wait<0>();
	}
	out[threadIdx.x] = s[threadIdx.x];
}

// ---- races between blocks

__global__ void blocks_write(int *out)
{
	if (threadIdx.x == 0)
		out[0] = int(blockIdx.x);
}

__global__ void blocks_read(int *out)
{
	out[blockIdx.x * N + threadIdx.x] = 1;
	if (blockIdx.x == 1)
		out[N + threadIdx.x] += out[threadIdx.x];
}

/* A block's barriers order nothing of another block. */
__global__ void blocks_read_late(int *out)
{
	out[blockIdx.x * N + threadIdx.x] = 1;
	__syncthreads();
	__syncthreads();
	if (blockIdx.x == 1)
		out[N + threadIdx.x] += out[threadIdx.x];
}

__global__ void warps_read_late(int *out)
{
	out[blockIdx.x * N + threadIdx.x] = 1;
	__syncwarp();
	__syncwarp();
	if (blockIdx.x == 1)
		out[N + threadIdx.x] += out[threadIdx.x];
}

__global__ void no_grid_barrier(int *out)
{
	out[blockIdx.x * 32 + threadIdx.x] = int(threadIdx.x);
	__syncthreads();
	out[N + blockIdx.x * 32 + threadIdx.x] = out[(1 - blockIdx.x) * 32 + threadIdx.x];
}

__global__ void grid_barrier_is_there(int *out)
{
	out[blockIdx.x * 32 + threadIdx.x] = int(threadIdx.x);
	cooperative_groups::this_grid().sync();
	out[N + blockIdx.x * 32 + threadIdx.x] = out[(1 - blockIdx.x) * 32 + threadIdx.x];
}

// ---- threads that do not meet

__global__ void early_return(int *out)
{
	if (threadIdx.x >= 40)
		return;
	__syncthreads();
	out[threadIdx.x] = 1;
}

__global__ void divergent_barrier(int *out)
{
	if (threadIdx.x < 32) {
		__syncthreads();
		out[threadIdx.x] = 1;
	} else {
		out[threadIdx.x] = 2;
		__syncthreads();
	}
}

__global__ void divergent_shuffle(int *out)
{
	int v = int(threadIdx.x);

	if (threadIdx.x % 32 == 0)
		v = __shfl_sync(WHOLE_WARP, v, 0);
	else
		v = v + 0;
	__syncwarp();
	out[threadIdx.x] = v;
}

__global__ void outside_mask(int *out) { out[threadIdx.x] = __shfl_sync(0xffffu, int(threadIdx.x), 0); }

__global__ void from_absent_lane(int *out)
{
	int v = 0;

	if (threadIdx.x % 32 < 16)
		v = __shfl_sync(0xffffu, int(threadIdx.x), 20);
	out[threadIdx.x] = v;
}

__global__ void different_operations(int *out)
{
	int v = int(threadIdx.x);

	if (threadIdx.x % 2 == 0)
		v = __shfl_xor_sync(WHOLE_WARP, v, 2);
	else
		v = __any_sync(WHOLE_WARP, v);
	out[threadIdx.x] = v;
}

__global__ void traps(int *out)
{
	if (out[threadIdx.x] == 0 && threadIdx.x == 63)
		__trap();
}

// ---- instructions used wrongly

__global__ void no_copy_wait(int *out, const int *in)
{
	__shared__ __align__(16) int s[N];

	if (threadIdx.x < N / 4)
		copy_async16(s + threadIdx.x * 4, in + threadIdx.x * 4);
	copy_async_commit();
	__syncthreads();
	out[threadIdx.x] = s[threadIdx.x];
}

__global__ void copy_wait_is_there(int *out, const int *in)
{
	__shared__ __align__(16) int s[N];

	if (threadIdx.x < N / 4)
		copy_async16(s + threadIdx.x * 4, in + threadIdx.x * 4);
	copy_async_commit();
	copy_async_wait<0>();
	__syncthreads();
	out[threadIdx.x] = s[threadIdx.x];
}

__global__ void misaligned_store(int *out)
{
	if (threadIdx.x < 8)
		*reinterpret_cast<int4 *>(out + 1 + threadIdx.x * 4) = make_int4(0, 0, 0, 0);
}
__global__ void misaligned_load(int *out, const int *in) { out[threadIdx.x] = int(load_once(in + 1).x); }
__global__ void misaligned_copy(int *, const int *in)
{
	__shared__ __align__(16) int s[N];

	copy_async16(s + 1, in);
	copy_async_commit();
	copy_async_wait<0>();
}
__global__ void misaligned_matrix(int *out)
{
	__shared__ __align__(16) uint16_t s[16 * 32];
	unsigned r[4];

	for (unsigned i = threadIdx.x; i < 16 * 32; i += 32)
		s[i] = uint16_t(i);
	__syncwarp();
	load_matrix4(r, s + threadIdx.x % 16 * 18);
	out[threadIdx.x] = int(r[0]);
}
__global__ void grid_sync_alone(int *out)
{
	out[threadIdx.x] = 1;
	cooperative_groups::this_grid().sync();
}

// ---- kernels for the host's bugs

__global__ void count_up(int *out) { out[threadIdx.x] = int(threadIdx.x); }
__global__ void add_one(int *out) { out[threadIdx.x] += 1; }
__global__ void twice(int *to, const int *from) { to[threadIdx.x] = 2 * from[threadIdx.x]; }
__global__ void early_never_waits(int *out) { out[threadIdx.x] = int(threadIdx.x); }
__global__ void early_releases(int *out)
{
	grid_release();
	grid_wait();
	out[threadIdx.x] = int(threadIdx.x);
}
__global__ void early_reads(int *to, const int *from)
{
	int v = from[threadIdx.x];

	grid_wait();
	to[threadIdx.x] = v;
}
__global__ void early_writes(int *to, int *from)
{
	from[threadIdx.x] = int(threadIdx.x);
	grid_wait();
	to[threadIdx.x] = int(threadIdx.x);
}
__global__ void early_waits(int *to, const int *from)
{
	grid_wait();
	to[threadIdx.x] = from[threadIdx.x];
}

/* What the kernel before the last one wrote is there: a kernel begins no sooner than the last but one has ended. Each
 * thread reads what another wrote, whose end nothing else orders before it. */
__global__ void early_reads_older(int *to, const int *from)
{
	int v = from[threadIdx.x ^ 1];

	grid_wait();
	to[threadIdx.x ^ 1] = v;
}
__global__ void early_idle(int *) { grid_wait(); }
__global__ void early_counts(int *out)
{
	grid_wait();
	out[threadIdx.x] = int(threadIdx.x);
}

// ---- shared memory, static and dynamic together; hints

__global__ void static_and_dynamic(int *out)
{
	__shared__ int s[N];
	DYN_SHARED(int, d);
	int t = int(threadIdx.x);

	s[t] = d[t] = t;
	__syncthreads();
	out[t] = s[t] + d[t] - t;
}
__global__ void prefetches(int *out, const int *from, size_t at)
{
	prefetch_l2(from + at);
	out[threadIdx.x] = int(threadIdx.x);
}

// ---- the host side ------------------------------------------------------------------------------

int *out, *other, host[2 * N + 64];

void must(cudaError_t e)
{
	if (e == cudaSuccess)
		return;
	printf("%s\n", cudaGetErrorName(e));
	exit(4);
}

launch_how how(unsigned blocks, unsigned threads, cudaStream_t stream = nullptr)
{
	launch_how h = {};

	h.grid = dim3(blocks);
	h.block = dim3(threads);
	h.stream = stream;
	return h;
}

int finish(int bad)
{
	must(cudaFree(out));
	must(cudaFree(other));
	if (bad != 0)
		printf("%d wrong values\n", bad);
	return bad != 0 || emu_alive() != 0 ? 3 : 0;
}

template <class F> int compare(int n, F expected)
{
	int bad = 0;

	must(cudaMemcpy(host, out, size_t(n) * sizeof(int), cudaMemcpyDeviceToHost));
	for (int i = 0; i < n; i++)
		bad += host[i] != expected(i);
	return finish(bad);
}

int same(int i) { return i; }

cudaStream_t stream()
{
	cudaStream_t s;

	must(cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking));
	return s;
}

struct Case {
	const char *name;
	int (*run)();
};

template <void (*KERNEL)(int *), int BLOCKS = 1, int THREADS = N> int plain(int (*expected)(int), int n = N)
{
	must(launch_kernel(how(BLOCKS, THREADS), KERNEL, out));
	return compare(n, expected);
}

template <void (*KERNEL)(int *, const int *)> int with_input()
{
	for (int i = 0; i < N; i++)
		host[i] = i;
	must(cudaMemcpy(other, host, N * sizeof(int), cudaMemcpyHostToDevice));
	must(launch_kernel(how(1, N), KERNEL, out, static_cast<const int *>(other)));
	return compare(N, same);
}

template <void (*KERNEL)(int *)> int together()
{
	launch_how h = how(2, 32);

	h.whole = true;
	must(launch_kernel(h, KERNEL, out));
	return compare(2 * N, [](int i) { return i % 32; });
}

int run_dynamic()
{
	launch_how h = how(1, N);

	h.shared = (N - 1) * sizeof(int);
	must(launch_kernel(h, shared_dynamic, out));
	return compare(N, same);
}

/* Two streams, the second reads what the first writes. */
int two_streams(bool ordered)
{
	cudaStream_t a = stream(), b = stream();
	cudaEvent_t e;

	must(cudaEventCreateWithFlags(&e, cudaEventDisableTiming));
	must(launch_kernel(how(1, N, a), count_up, other));
	must(cudaEventRecord(e, a));
	if (ordered)
		must(cudaStreamWaitEvent(b, e, 0));
	must(launch_kernel(how(1, N, b), twice, out, static_cast<const int *>(other)));
	must(cudaStreamSynchronize(b));
	must(cudaStreamSynchronize(a));
	must(cudaStreamDestroy(a));
	must(cudaStreamDestroy(b));
	must(cudaEventDestroy(e));
	return compare(N, [](int i) { return 2 * i; });
}

/* A graph of two branches; the last kernel of the second reads what the first writes. */
int graph(bool joined)
{
	cudaStream_t a = stream(), b = stream();
	cudaEvent_t fork, middle, join;
	cudaGraphExec_t exec;
	cudaGraph_t g;

	for (cudaEvent_t *e : {&fork, &middle, &join})
		must(cudaEventCreateWithFlags(e, cudaEventDisableTiming));
	must(cudaStreamBeginCapture(a, cudaStreamCaptureModeThreadLocal));
	must(cudaEventRecord(fork, a));
	must(cudaStreamWaitEvent(b, fork, 0));
	must(launch_kernel(how(1, N, a), count_up, other));
	must(cudaEventRecord(middle, a));
	if (joined)
		must(cudaStreamWaitEvent(b, middle, 0));
	must(launch_kernel(how(1, N, b), twice, out, static_cast<const int *>(other)));
	must(cudaEventRecord(join, b));
	must(cudaStreamWaitEvent(a, join, 0));
	must(cudaStreamEndCapture(a, &g));
	must(cudaGraphInstantiate(&exec, g, 0));
	must(cudaGraphLaunch(exec, a));
	must(cudaStreamSynchronize(a));
	must(cudaGraphExecDestroy(exec));
	must(cudaGraphDestroy(g));
	for (cudaEvent_t e : {fork, middle, join})
		must(cudaEventDestroy(e));
	must(cudaStreamDestroy(a));
	must(cudaStreamDestroy(b));
	return compare(N, [](int i) { return 2 * i; });
}

template <class... P, class... A> int early(void (*kernel)(P...), A... a)
{
	cudaStream_t s = stream();
	launch_how h = how(1, N, s);

	must(launch_kernel(h, count_up, other));
	h.early = true;
	must(launch_kernel(h, kernel, a...));
	must(cudaStreamSynchronize(s));
	must(cudaStreamDestroy(s));
	return compare(N, same);
}

/* Kernels that may begin early, one behind another: n_before of them do nothing, one writes, n_between do nothing, and
 * the last reads before it waits. With one between, the one that wrote has ended by then and with none may go on. */
int chain(int n_before, int n_between, bool captured)
{
	cudaStream_t s = stream();
	launch_how h = how(1, N, s);
	cudaGraph_t g;
	cudaGraphExec_t e;

	if (captured)
		must(cudaStreamBeginCapture(s, cudaStreamCaptureModeThreadLocal));
	for (int i = 0; i < n_before + 1 + n_between; i++) {
		h.early = i != 0;
		must(launch_kernel(h, i == n_before ? early_counts : early_idle, other));
	}
	h.early = true;
	must(launch_kernel(h, early_reads_older, out, static_cast<const int *>(other)));
	if (captured) {
		must(cudaStreamEndCapture(s, &g));
		must(cudaGraphInstantiate(&e, g, 0));
		must(cudaGraphLaunch(e, s));
	}
	must(cudaStreamSynchronize(s));
	if (captured) {
		must(cudaGraphExecDestroy(e));
		must(cudaGraphDestroy(g));
	}
	must(cudaStreamDestroy(s));
	return compare(N, same);
}

/* Without launch_kernel(), which asks for what a launch needs. */
int with_shared(size_t dynamic)
{
	cudaLaunchConfig_t config = {};

	config.gridDim = dim3(1);
	config.blockDim = dim3(N);
	config.dynamicSmemBytes = dynamic;
	must(cudaLaunchKernelEx(&config, static_and_dynamic, out));
	return compare(N, same);
}

int ask_for(size_t dynamic)
{
	must(cudaFuncSetAttribute(static_and_dynamic, cudaFuncAttributeMaxDynamicSharedMemorySize, int(dynamic)));
	return 0;
}

int result_too_soon()
{
	cudaStream_t s = stream();
	int *pinned, got;

	must(cudaMallocHost(reinterpret_cast<void **>(&pinned), 4));
	*pinned = 42;
	must(cudaMemsetAsync(out, 0, N * sizeof(int), s));
	must(cudaMemcpyAsync(pinned, out, 4, cudaMemcpyDeviceToHost, s));
	got = *pinned;
	must(cudaStreamSynchronize(s));
	must(cudaStreamDestroy(s));
	must(cudaFreeHost(pinned));
	return finish(got != 0);
}

int pinned_too_soon()
{
	cudaStream_t s = stream();
	int *pinned;

	must(cudaMallocHost(reinterpret_cast<void **>(&pinned), N * sizeof(int)));
	for (int i = 0; i < N; i++)
		pinned[i] = i;
	must(cudaMemcpyAsync(out, pinned, N * sizeof(int), cudaMemcpyHostToDevice, s));
	pinned[5] = 0;
	must(cudaStreamSynchronize(s));
	must(cudaStreamDestroy(s));
	must(cudaFreeHost(pinned));
	return compare(N, same);
}

int freed_under_graph()
{
	cudaStream_t s = stream();
	cudaGraphExec_t exec;
	cudaGraph_t g;

	must(cudaStreamBeginCapture(s, cudaStreamCaptureModeThreadLocal));
	must(launch_kernel(how(1, N, s), add_one, other));
	must(cudaStreamEndCapture(s, &g));
	must(cudaGraphInstantiate(&exec, g, 0));
	must(cudaGraphDestroy(g));
	must(cudaFree(other));
	other = nullptr;
	must(cudaGraphLaunch(exec, s));
	must(cudaStreamSynchronize(s));
	must(cudaGraphExecDestroy(exec));
	must(cudaStreamDestroy(s));
	return finish(0);
}

int copy_past_host()
{
	char *small = static_cast<char *>(malloc(16));

	must(cudaMemset(out, 0, 32));
	must(cudaMemcpy(small, out, 20, cudaMemcpyDeviceToHost));
	free(small);
	return finish(0);
}

const Case cases[] = {
	{"shared_index", [] { return plain<shared_index>([](int i) { return i == 0 ? 0 : i - 1; }); }},
	{"shared_pointer", [] { return plain<shared_pointer>(same); }},
	{"shared_dynamic", run_dynamic},
	{"past_end", [] { must(launch_kernel(how(1, 2 * N), past_end, out)); return compare(1, [](int) { return host[0]; }); }},
	{"before_start", [] { return plain<before_start>(same); }},
	{"stale_shared", [] { return plain<stale_shared>([](int i) { return i < N / 2 ? i : 0; }); }},
	{"stale_global", [] { must(launch_kernel(how(1, N), stale_global, out, static_cast<const int *>(other))); return compare(N, same); }},
	{"no_barrier", [] { return plain<no_barrier>([](int i) { return i ^ 32; }); }},
	{"no_barrier_left", [] { return plain<no_barrier_left>([](int i) { return i != 0 ? i - 1 : 0; }); }},
	{"no_second_barrier", [] { return plain<no_second_barrier>([](int i) { return i + 1; }); }},
	{"no_syncwarp", [] { return plain<no_syncwarp>([](int i) { return i ^ 1; }); }},
	{"shuffle_orders_nothing", [] { return plain<shuffle_orders_nothing>([](int i) { return i ^ 1; }); }},
	{"same_value", [] { return plain<same_value>([](int) { return 1; }); }},
	{"copy_of_another", with_input<copy_of_another>},
	{"blocks_write", [] { return plain<blocks_write, 2>([](int) { return 1; }, 1); }},
	{"blocks_read", [] { return plain<blocks_read, 2>([](int i) { return i < N ? 1 : 2; }, 2 * N); }},
	{"blocks_read_late", [] { return plain<blocks_read_late, 2>([](int i) { return i < N ? 1 : 2; }, 2 * N); }},
	{"warps_read_late", [] { return plain<warps_read_late, 2>([](int i) { return i < N ? 1 : 2; }, 2 * N); }},
	{"no_grid_barrier", together<no_grid_barrier>},
	{"early_return", [] { return plain<early_return>([](int) { return 1; }, 40); }},
	{"divergent_barrier", [] { return plain<divergent_barrier>([](int i) { return i < 32 ? 1 : 2; }); }},
	{"divergent_shuffle", [] { return plain<divergent_shuffle>(same); }},
	{"outside_mask", [] { return plain<outside_mask>([](int i) { return i & 32; }); }},
	{"from_absent_lane", [] { return plain<from_absent_lane>(same, 0); }},
	{"different_operations", [] { return plain<different_operations>(same, 0); }},
	{"traps", [] { must(cudaMemset(out, 0, 2 * N * sizeof(int))); return plain<traps>([](int) { return 0; }); }},
	{"no_copy_wait", with_input<no_copy_wait>},
	{"misaligned_store", [] { must(cudaMemset(out, 0, 2 * N * sizeof(int))); return plain<misaligned_store, 1, 32>([](int) { return 0; }); }},
	{"misaligned_load", with_input<misaligned_load>},
	{"misaligned_copy", with_input<misaligned_copy>},
	{"misaligned_matrix", [] { return plain<misaligned_matrix, 1, 32>(same, 0); }},
	{"grid_sync_alone", [] { return plain<grid_sync_alone>([](int) { return 1; }); }},
	{"host_pointer", [] { must(launch_kernel(how(1, 4), add_one, static_cast<int *>(host))); return finish(0); }},
	{"host_reads_device", [] { volatile int *p = out; int v = p[3]; printf("%d\n", v); return finish(0); }},
	{"copy_past_device", [] { must(cudaMemcpy(host, out, (2 * N + 1) * sizeof(int), cudaMemcpyDeviceToHost)); return finish(0); }},
	{"copy_past_host", copy_past_host},
	{"leak", [] { must(cudaMalloc(reinterpret_cast<void **>(&other), 64)); return finish(0); }},
	{"freed_under_graph", freed_under_graph},
	{"freed_twice", [] { must(cudaFree(out)); return finish(0); }},
	{"freed_as_pinned", [] { must(cudaFreeHost(out)); out = nullptr; return finish(0); }},
	{"result_too_soon", result_too_soon},
	{"pinned_too_soon", pinned_too_soon},
	{"no_event", [] { return two_streams(false); }},
	{"no_edge", [] { return graph(false); }},
	{"early_never_waits", [] { return early(early_never_waits, out); }},
	{"early_releases", [] { return early(early_releases, out); }},
	{"early_reads", [] { return early(early_reads, out, static_cast<const int *>(other)); }},
	{"early_writes", [] { return early(early_writes, out, other); }},
	{"early_chain", [] { return chain(2, 0, false); }},
	{"early_chain_in_graph", [] { return chain(2, 0, true); }},
	{"static_left_out", [] { return with_shared(48 << 10); }},
	{"static_above_all", [] { return ask_for(227 << 10); }},
	{"attribute_lowered", [] { return ask_for(80 << 10) + ask_for(64 << 10) + with_shared(80 << 10); }},
	{"early_cannot_wait", [] { emu_code(80); cudaLaunchAttribute a = {}; cudaLaunchConfig_t c = {};
		a.id = cudaLaunchAttributeProgrammaticStreamSerialization;
		a.val.programmaticStreamSerializationAllowed = 1;
		c.gridDim = dim3(1), c.blockDim = dim3(N), c.attrs = &a, c.numAttrs = 1;
		must(cudaLaunchKernelEx(&c, early_waits, out, static_cast<const int *>(other)));
		return finish(0); }},
	{"prefetch_past_end", [] { must(launch_kernel(how(1, 1), prefetches, out, static_cast<const int *>(other), size_t(N))); return finish(0); }},
	/* what is right must not be found */
	{"right_syncwarp", [] { return plain<syncwarp_is_there>([](int i) { return i ^ 1; }); }},
	{"right_atomics", [] { return plain<atomics_are_there>([](int) { return N; }); }},
	{"right_copies", with_input<copy_wait_is_there>},
	{"right_grid_barrier", together<grid_barrier_is_there>},
	{"right_events", [] { return two_streams(true); }},
	{"right_graph", [] { return graph(true); }},
	{"right_shared", [] { return ask_for(80 << 10) + with_shared(80 << 10); }},
	{"right_shared_unasked", [] { return with_shared((48 << 10) - N * sizeof(int)); }},
	{"right_prefetch", [] { must(launch_kernel(how(1, N), prefetches, out, static_cast<const int *>(other), size_t(N) - 1)); return compare(N, same); }},
	{"right_early_older", [] { return chain(0, 1, false); }},
	{"right_early_chain", [] { return chain(2, 1, false); }},
	{"right_early_in_graph", [] { return chain(2, 1, true); }},
	{"right_early", [] { return early(early_waits, out, static_cast<const int *>(other)); }},
};

}  // namespace

int main(int n, char **words)
{
	for (const Case &c : cases) {
		if (n < 2)
			printf("%s\n", c.name);
		if (n < 2 || strcmp(words[1], c.name) != 0)
			continue;
		must(cudaMalloc(reinterpret_cast<void **>(&out), 2 * N * sizeof(int)));
		must(cudaMalloc(reinterpret_cast<void **>(&other), N * sizeof(int)));
		return c.run();
	}
	return n < 2 ? 0 : 9;
}
