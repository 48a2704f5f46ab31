// SPDX-License-Identifier: Apache-2.0
// test_emu_host.cu - the runtime's API: what a device would refuse is refused, what it would do
// later is done later, and all of it is counted.
#include "kernels/cuda/port.cuh"
#include "check_device.h"

#include <cstdlib>
#include <cstring>
#include <string>

namespace {

__global__ void add_kernel(int *data, int value)
{
	data[threadIdx.x] += value;
}

__global__ void copy_kernel(int *to, const int *from)
{
	to[threadIdx.x] = from[threadIdx.x];
}

__global__ void named_kernel(int *data) { data[threadIdx.x] = 1; }
__global__ void only_counted_kernel(int *data) { data[threadIdx.x] = 2; }

launch_how on(cudaStream_t stream, unsigned n_threads = 32)
{
	launch_how h = {};

	h.grid = dim3(1);
	h.block = dim3(n_threads);
	h.stream = stream;
	h.bytes = n_threads * 8;
	return h;
}

// ---- launches ------------------------------------------------------------------------------

START_TEST(launches_that_a_device_refuses)
{
	Device<int> data(32);
	launch_how h = on(nullptr, 1025);

	REFUSES(launch_kernel(h, add_kernel, data.p, 1), cudaErrorInvalidConfiguration);
	h.block = dim3(0);
	REFUSES(launch_kernel(h, add_kernel, data.p, 1), cudaErrorInvalidConfiguration);
	h.block = dim3(1, 1, 65);
	REFUSES(launch_kernel(h, add_kernel, data.p, 1), cudaErrorInvalidConfiguration);
	h.block = dim3(32);
	h.grid = dim3(1, 65536);
	REFUSES(launch_kernel(h, add_kernel, data.p, 1), cudaErrorInvalidConfiguration);
	h.grid = dim3(1);
	h.shared = (227 << 10) + 1;
	REFUSES(launch_kernel(h, add_kernel, data.p, 1), cudaErrorInvalidValue);
	h.shared = 200 << 10;
	CALL(launch_kernel(h, add_kernel, data.p, 1));
	emu_device(80, 0, 0);
	REFUSES(launch_kernel(h, add_kernel, data.p, 1), cudaErrorInvalidValue);
	emu_device(90, 0, 0);
}
END_TEST

/* More than 48 KB of shared memory must be asked for. */
START_TEST(shared_memory_must_be_asked_for)
{
	cudaLaunchConfig_t config = {};
	Device<int> to(32), from(32);

	config.gridDim = dim3(1);
	config.blockDim = dim3(32);
	config.dynamicSmemBytes = 50 << 10;
	REFUSES(cudaLaunchKernelEx(&config, copy_kernel, to.p, static_cast<const int *>(from.p)), cudaErrorInvalidValue);
	CALL(cudaFuncSetAttribute(copy_kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, 50 << 10));
	CALL(cudaLaunchKernelEx(&config, copy_kernel, to.p, static_cast<const int *>(from.p)));
}
END_TEST

// ---- streams and events -----------------------------------------------------------------------

/* Nothing is there before it was waited for. */
START_TEST(lazy_streams)
{
	Device<int> data(std::vector<int>(32, 1));
	cudaStream_t a = new_stream(), b = new_stream();
	cudaEvent_t e = new_event();
	int *pinned;

	emu_lazy(1);
	CALL(cudaHostAlloc(reinterpret_cast<void **>(&pinned), 4, 0));
	*pinned = 42;
	CALL(launch_kernel(on(a), add_kernel, data.p, 1));
	CALL(cudaEventRecord(e, a));
	CALL(cudaStreamWaitEvent(b, e, 0));
	CALL(cudaMemcpyAsync(pinned, data.p, 4, cudaMemcpyDeviceToHost, b));
	ck_assert_int_eq(*pinned, 42);
	ck_assert_int_eq(cudaStreamQuery(a), cudaErrorNotReady);
	CALL(cudaStreamSynchronize(b));
	ck_assert_int_eq(*pinned, 2);
	CALL(cudaEventQuery(e));
	CALL(cudaFreeHost(pinned));
	CALL(cudaStreamDestroy(a));
	CALL(cudaStreamDestroy(b));
	CALL(cudaEventDestroy(e));
}
END_TEST

START_TEST(handles_that_are_gone)
{
	Device<int> data(32);
	cudaStream_t s = new_stream();

	CALL(cudaStreamDestroy(s));
	REFUSES(cudaStreamSynchronize(s), cudaErrorInvalidResourceHandle);
	REFUSES(launch_kernel(on(s), add_kernel, data.p, 1), cudaErrorInvalidResourceHandle);
}
END_TEST

// ---- captures and graphs --------------------------------------------------------------------------

/* Two streams that split and meet again; nothing runs before the graph is launched. */
START_TEST(graphs)
{
	Device<int> x(std::vector<int>(32, 1)), y(std::vector<int>(32, 0)), z(std::vector<int>(32, 0));
	cudaStream_t a = new_stream(), b = new_stream();
	cudaEvent_t fork = new_event(), join = new_event();
	cudaGraphExec_t exec;
	cudaGraph_t graph;

	in_order(_i);
	CALL(cudaStreamBeginCapture(a, cudaStreamCaptureModeThreadLocal));
	CALL(launch_kernel(on(a), add_kernel, x.p, 1));
	CALL(cudaEventRecord(fork, a));
	CALL(cudaStreamWaitEvent(b, fork, 0));
	CALL(launch_kernel(on(b), copy_kernel, y.p, static_cast<const int *>(x.p)));
	CALL(launch_kernel(on(a), add_kernel, z.p, 5));
	CALL(cudaEventRecord(join, b));
	CALL(cudaStreamWaitEvent(a, join, 0));
	CALL(launch_kernel(on(a), add_kernel, y.p, 10));
	CALL(cudaStreamEndCapture(a, &graph));
	CALL(cudaGraphInstantiate(&exec, graph, 0));
	CALL(cudaGraphDestroy(graph));
	ck_assert_int_eq(x.get()[0], 1);
	for (int i = 0; i < 3; i++)
		CALL(cudaGraphLaunch(exec, a));
	CALL(cudaStreamSynchronize(a));
	ck_assert_int_eq(x.get()[31], 4);
	ck_assert_int_eq(y.get()[31], 14);
	ck_assert_int_eq(z.get()[31], 15);
	CALL(cudaGraphExecDestroy(exec));
	CALL(cudaStreamDestroy(a));
	CALL(cudaStreamDestroy(b));
	CALL(cudaEventDestroy(fork));
	CALL(cudaEventDestroy(join));
}
END_TEST

static cudaGraph_t capture_add(cudaStream_t s, int *data, int value, int times)
{
	cudaGraph_t graph;

	CALL(cudaStreamBeginCapture(s, cudaStreamCaptureModeThreadLocal));
	for (int i = 0; i < times; i++)
		CALL(launch_kernel(on(s), add_kernel, data, value));
	CALL(cudaStreamEndCapture(s, &graph));
	return graph;
}

START_TEST(graphs_that_change)
{
	Device<int> x(std::vector<int>(32, 0));
	cudaStream_t s = new_stream();
	cudaGraph_t one = capture_add(s, x.p, 1, 1), other = capture_add(s, x.p, 10, 1), two = capture_add(s, x.p, 1, 2);
	cudaGraphExecUpdateResultInfo info;
	cudaKernelNodeParams params = {};
	cudaGraphNode_t node;
	cudaGraphExec_t exec;
	size_t n = 1;
	int value = 100;
	void *arguments[] = {&x.p, &value};

	CALL(cudaGraphInstantiate(&exec, one, 0));
	CALL(cudaGraphGetNodes(one, &node, &n));
	CALL(cudaGraphExecUpdate(exec, other, &info));
	CALL(cudaGraphLaunch(exec, s));
	CALL(cudaStreamSynchronize(s));
	ck_assert_int_eq(x.get()[0], 10);
	REFUSES(cudaGraphExecUpdate(exec, two, &info), cudaErrorGraphExecUpdateFailure);
	ck_assert_int_eq(info.result, cudaGraphExecUpdateErrorTopologyChanged);
	params.func = reinterpret_cast<void *>(add_kernel);
	params.gridDim = dim3(1);
	params.blockDim = dim3(16);
	params.kernelParams = arguments;
	CALL(cudaGraphExecKernelNodeSetParams(exec, node, &params));
	CALL(cudaGraphLaunch(exec, s));
	CALL(cudaStreamSynchronize(s));
	ck_assert_int_eq(x.get()[15], 110);
	ck_assert_int_eq(x.get()[16], 10);
	for (cudaGraph_t g : {one, other, two})
		CALL(cudaGraphDestroy(g));
	CALL(cudaGraphExecDestroy(exec));
	CALL(cudaStreamDestroy(s));
}
END_TEST

typedef cudaError_t (*Unsafe)(cudaStream_t, int *);

static const Unsafe unsafe_calls[] = {
	[](cudaStream_t, int *) { void *p; return cudaMalloc(&p, 16); },
	[](cudaStream_t, int *) { void *p; return cudaHostAlloc(&p, 16, 0); },
	[](cudaStream_t s, int *) { void *p; return cudaMallocAsync(&p, 16, s); },
	[](cudaStream_t, int *) { return cudaDeviceSynchronize(); },
	[](cudaStream_t s, int *) { return cudaStreamSynchronize(s); },
	[](cudaStream_t s, int *) { return cudaStreamQuery(s); },
	[](cudaStream_t, int *x) { return cudaMemset(x, 0, 4); },
	[](cudaStream_t, int *x) { int v = 0; return cudaMemcpy(x, &v, 4, cudaMemcpyHostToDevice); },
};

/* What may not stand in a capture is an error, and the capture is lost. */
START_TEST(calls_that_spoil_a_capture)
{
	Device<int> x(32);
	cudaStream_t s = new_stream();
	cudaGraph_t graph;

	CALL(cudaStreamBeginCapture(s, cudaStreamCaptureModeGlobal));
	REFUSES(unsafe_calls[_i](s, x.p), cudaErrorStreamCaptureUnsupported);
	REFUSES(launch_kernel(on(s), add_kernel, x.p, 1), cudaErrorStreamCaptureInvalidated);
	REFUSES(cudaStreamEndCapture(s, &graph), cudaErrorStreamCaptureInvalidated);
	ck_assert_ptr_null(graph);
	CALL(launch_kernel(on(s), add_kernel, x.p, 1));
	CALL(cudaStreamDestroy(s));
}
END_TEST

START_TEST(streams_that_do_not_fit_a_capture)
{
	Device<int> x(32);
	cudaStream_t a = new_stream(), b = new_stream(), blocking = new_stream(cudaStreamDefault);
	cudaEvent_t e = new_event(), outside = new_event();
	cudaGraph_t graph;

	/* b's work is never joined */
	CALL(cudaStreamBeginCapture(a, cudaStreamCaptureModeThreadLocal));
	CALL(cudaEventRecord(e, a));
	CALL(cudaStreamWaitEvent(b, e, 0));
	CALL(launch_kernel(on(b), add_kernel, x.p, 1));
	REFUSES(cudaStreamEndCapture(a, &graph), cudaErrorStreamCaptureUnjoined);
	/* an event of work that is not captured */
	CALL(cudaEventRecord(outside, b));
	CALL(cudaStreamBeginCapture(a, cudaStreamCaptureModeThreadLocal));
	REFUSES(cudaStreamWaitEvent(a, outside, 0), cudaErrorStreamCaptureIsolation);
	REFUSES(cudaStreamEndCapture(a, &graph), cudaErrorStreamCaptureInvalidated);
	/* the legacy stream would have to wait */
	CALL(cudaStreamBeginCapture(blocking, cudaStreamCaptureModeThreadLocal));
	REFUSES(launch_kernel(on(nullptr), add_kernel, x.p, 1), cudaErrorStreamCaptureImplicit);
	REFUSES(cudaStreamEndCapture(blocking, &graph), cudaErrorStreamCaptureInvalidated);
	REFUSES(cudaStreamBeginCapture(nullptr, cudaStreamCaptureModeGlobal), cudaErrorStreamCaptureUnsupported);
	for (cudaStream_t s : {a, b, blocking})
		CALL(cudaStreamDestroy(s));
	CALL(cudaEventDestroy(e));
	CALL(cudaEventDestroy(outside));
}
END_TEST

// ---- memory ----------------------------------------------------------------------------------------

START_TEST(memory)
{
	struct emu_counts before, after;
	cudaPointerAttributes about;
	size_t n_free, total;
	char host[64];
	void *p, *q;

	emu_counts(&before);
	emu_device(0, 0, 1 << 20);
	CALL(cudaMalloc(&p, 600 << 10));
	REFUSES(cudaMalloc(&q, 600 << 10), cudaErrorMemoryAllocation);
	ck_assert_ptr_null(q);
	CALL(cudaMemGetInfo(&n_free, &total));
	ck_assert_uint_eq(total - n_free, 600 << 10);
	CALL(cudaPointerGetAttributes(&about, p));
	ck_assert_int_eq(about.type, cudaMemoryTypeDevice);
	CALL(cudaPointerGetAttributes(&about, host));
	ck_assert_int_eq(about.type, cudaMemoryTypeUnregistered);
	CALL(cudaHostRegister(host, sizeof host, 0));
	CALL(cudaPointerGetAttributes(&about, host));
	ck_assert_int_eq(about.type, cudaMemoryTypeHost);
	CALL(cudaHostUnregister(host));
	REFUSES(cudaHostUnregister(host), cudaErrorHostMemoryNotRegistered);
	CALL(cudaFree(p));
	CALL(cudaFree(nullptr));
	emu_counts(&after);
	ck_assert_uint_eq(after.live_bytes, before.live_bytes);
	ck_assert_uint_eq(after.peak_bytes, 600 << 10);
	emu_device(0, 0, 80ull << 30);
}
END_TEST

// ---- counts ------------------------------------------------------------------------------------------

START_TEST(counts_are_kept)
{
	Device<int> x(std::vector<int>(32, 0));
	cudaStream_t s = new_stream();
	cudaGraph_t graph = capture_add(s, x.p, 1, 3);
	cudaGraphExec_t exec;
	struct emu_counts c;
	int host[32];

	CALL(cudaGraphInstantiate(&exec, graph, 0));
	emu_counts_reset();
	CALL(cudaGraphLaunch(exec, s));
	CALL(launch_kernel(on(s), add_kernel, x.p, 1));
	CALL(cudaMemcpyAsync(host, x.p, sizeof host, cudaMemcpyDeviceToHost, s));
	CALL(cudaStreamSynchronize(s));
	emu_counts(&c);
	ck_assert_uint_eq(c.graph_launches, 1);
	ck_assert_uint_eq(c.graph_nodes, 3);
	ck_assert_uint_eq(c.launches, 1);
	ck_assert_uint_eq(c.kernels, 4);
	ck_assert_uint_eq(emu_kernel_runs("add_kernel"), 4);
	ck_assert_uint_eq(c.stated_bytes, 4 * 256);
	ck_assert_uint_eq(c.to_host, 1);
	ck_assert_uint_eq(c.to_host_bytes, 128);
	ck_assert_uint_eq(c.to_device, 0);
	ck_assert_uint_eq(c.waits, 2);          /* the copy goes to memory that is not pinned */
	ck_assert_uint_eq(c.allocations, 0);
	CALL(cudaGraphExecDestroy(exec));
	CALL(cudaGraphDestroy(graph));
	CALL(cudaStreamDestroy(s));
}
END_TEST

/* Six gigabytes that are not there. */
START_TEST(counting_only)
{
	struct emu_counts c;
	int host[32];
	int *p;

	memset(host, 1, sizeof host);
	emu_counts_reset();
	emu_counting_only(1);
	CALL(cudaMalloc(reinterpret_cast<void **>(&p), 6ull << 30));
	CALL(cudaMemcpy(p, host, sizeof host, cudaMemcpyHostToDevice));
	CALL(launch_kernel(on(nullptr), add_kernel, p, 1));
	CALL(cudaMemcpy(host, p, sizeof host, cudaMemcpyDeviceToHost));
	emu_counts(&c);
	ck_assert_uint_eq(c.kernels, 1);
	ck_assert_uint_eq(c.to_device_bytes, 128);
	ck_assert_int_eq(host[5], 0);
	CALL(cudaFree(p));
	emu_counting_only(0);
}
END_TEST

/* The file that EMU_KERNELS names has kernels that ran, once each, and not those that were only looked at. */
START_TEST(kernels_that_ran_are_named)
{
	const char *before = getenv("EMU_KERNELS");
	const std::string was = before != nullptr ? before : "", path = support_join(support_folder(), "kernels");
	size_t n;
	char *said;
	Device<int> data(32), more(32);

	setenv("EMU_KERNELS", path.c_str(), 1);
	emu_counting_only(1);
	emu_look(2);
	CALL(launch_kernel(on(nullptr), only_counted_kernel, data.p));
	emu_look(0);
	emu_counting_only(0);
	for (int i = 0; i < 2; i++) {
		CALL(launch_kernel(on(nullptr), named_kernel, data.p));
		emu_counts_reset();
	}
	if (before != nullptr)
		setenv("EMU_KERNELS", was.c_str(), 1);
	else
		unsetenv("EMU_KERNELS");
	said = support_read_path(path.c_str(), &n);
	ck_assert_str_eq(said, "named_kernel\n");
	free(said);
}
END_TEST

// ---- faults --------------------------------------------------------------------------------------------

/* A small program that gives back all it takes, whatever fails. */
static cudaError_t program()
{
	cudaStream_t s = nullptr;
	int *x = nullptr, *pinned = nullptr;
	cudaError_t e = cudaStreamCreateWithFlags(&s, cudaStreamNonBlocking);

	if (e == cudaSuccess)
		e = cudaMalloc(reinterpret_cast<void **>(&x), 128);
	if (e == cudaSuccess)
		e = cudaHostAlloc(reinterpret_cast<void **>(&pinned), 128, 0);
	if (e == cudaSuccess)
		e = cudaMemsetAsync(x, 0, 128, s);
	if (e == cudaSuccess)
		e = launch_kernel(on(s), add_kernel, x, 7);
	if (e == cudaSuccess)
		e = cudaMemcpyAsync(pinned, x, 128, cudaMemcpyDeviceToHost, s);
	if (e == cudaSuccess)
		e = cudaStreamSynchronize(s);
	if (e == cudaSuccess && pinned[31] != 7)
		e = cudaErrorUnknown;
	for (cudaError_t last : {cudaFreeHost(pinned), cudaFree(x), s != nullptr ? cudaStreamDestroy(s) : cudaSuccess})
		if (e == cudaSuccess)
			e = last;
	return e;
}

START_TEST(every_call_fails_once)
{
	static const cudaError_t errors[] = {cudaErrorMemoryAllocation, cudaErrorLaunchFailure};
	size_t alive = emu_alive();

	CALL(program());
	for (uint64_t n = 1;; n++) {
		emu_fail(nullptr, n, errors[_i], 0);
		cudaError_t e = program();
		if (emu_failed() == 0) {
			ck_assert_int_eq(e, cudaSuccess);
			ck_assert_uint_gt(n, 10);
			break;
		}
		ck_assert_int_eq(e, errors[_i]);
		ck_assert_uint_eq(emu_alive(), alive);
		if (errors[_i] == cudaErrorLaunchFailure)       /* the device is lost for good */
			REFUSES(cudaDeviceSynchronize(), cudaErrorLaunchFailure);
		emu_device_reset();
	}
	emu_device_reset();
	CALL(program());
}
END_TEST

START_TEST(one_function_fails)
{
	emu_fail("cudaLaunchKernel", 2, cudaErrorLaunchOutOfResources, 1);
	CALL(program());
	ck_assert_int_eq(program(), cudaErrorLaunchOutOfResources);
	CALL(program());
	ck_assert_int_eq(program(), cudaErrorLaunchOutOfResources);
	ck_assert_int_eq(cudaGetLastError(), cudaErrorLaunchOutOfResources);
	ck_assert_int_eq(cudaGetLastError(), cudaSuccess);
	emu_device_reset();
}
END_TEST

START_TEST(drivers)
{
	int n = 7, version = 7;

	emu_driver(EMU_DRIVER_MISSING);
	REFUSES(cudaGetDeviceCount(&n), cudaErrorInsufficientDriver);
	CALL(cudaDriverGetVersion(&version));
	ck_assert_int_eq(version, 0);
	emu_driver(EMU_DRIVER_OLD);
	REFUSES(cudaGetDeviceCount(&n), cudaErrorInsufficientDriver);
	CALL(cudaDriverGetVersion(&version));
	ck_assert(version > 0 && version < CUDART_VERSION);
	emu_driver(EMU_DRIVER_NO_DEVICE);
	REFUSES(cudaGetDeviceCount(&n), cudaErrorNoDevice);
	emu_device_reset();
	CALL(cudaGetDeviceCount(&n));
	ck_assert_int_eq(n, 1);
}
END_TEST

}  // namespace

int main()
{
	Suite *suite = suite_create("emu_host");
	TCase *test = tcase_create("host");

	tcase_add_test(test, launches_that_a_device_refuses);
	tcase_add_test(test, shared_memory_must_be_asked_for);
	tcase_add_test(test, lazy_streams);
	tcase_add_test(test, handles_that_are_gone);
	tcase_add_loop_test(test, graphs, 0, N_ORDERS);
	tcase_add_test(test, graphs_that_change);
	tcase_add_loop_test(test, calls_that_spoil_a_capture, 0, int(sizeof unsafe_calls / sizeof *unsafe_calls));
	tcase_add_test(test, streams_that_do_not_fit_a_capture);
	tcase_add_test(test, memory);
	tcase_add_test(test, counts_are_kept);
	tcase_add_test(test, counting_only);
	tcase_add_test(test, kernels_that_ran_are_named);
	tcase_add_loop_test(test, every_call_fails_once, 0, 2);
	tcase_add_test(test, one_function_fails);
	tcase_add_test(test, drivers);
	suite_add_tcase(suite, test);
	return support_run(suite);
}
