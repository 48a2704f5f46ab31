// SPDX-License-Identifier: Apache-2.0
// copy.cpp - copies and fills.
#include "queue.h"
#include "look.h"

using namespace emu;

namespace emu {

/* Blocks of calls: kernels that are looked at follow the pointers in them. */
enum { SMALL = 1 << 20 };

enum Side { OF_HOST, OF_PINNED, OF_DEVICE };

static Side side(const void *p)
{
	const Allocation *a = find_allocation(p, false);

	return a == nullptr ? OF_HOST : on_device(a) ? OF_DEVICE : OF_PINNED;
}

static void check_side(const void *p, size_t n, bool device, const char *what)
{
	const Allocation *a = find_allocation(p, false);

	if (device)
		check_device_range(p, n, what);
	else if (a != nullptr && a->kind == DEVICE)
		misuse("%s: %p is device memory", what, p);
	else if (a != nullptr && reinterpret_cast<uintptr_t>(p) + n > a->at + a->n)
		misuse("%s: %zu bytes at %p pass the end of the allocation", what, n, p);
}

static void count_copy(bool from_device, bool to_device, size_t n)
{
	uint64_t *times = from_device && to_device ? &counts.on_device : to_device ? &counts.to_device : &counts.to_host;

	times[0]++;
	times[1] += n;
}

static cudaError_t copy(void *to, const void *from, size_t n, cudaMemcpyKind kind, cudaStream_t stream, bool wait)
{
	bool from_device, to_device, pageable;
	cudaError_t e;

	if (kind < cudaMemcpyHostToHost || kind > cudaMemcpyDefault)
		return cudaErrorInvalidMemcpyDirection;
	if (n == 0)
		return cudaSuccess;
	if (to == nullptr || from == nullptr)
		return cudaErrorInvalidValue;
	from_device = kind == cudaMemcpyDefault ? side(from) == OF_DEVICE : kind == cudaMemcpyDeviceToHost || kind == cudaMemcpyDeviceToDevice;
	to_device = kind == cudaMemcpyDefault ? side(to) == OF_DEVICE : kind == cudaMemcpyHostToDevice || kind == cudaMemcpyDeviceToDevice;
	check_side(to, n, to_device, "copy to");
	check_side(from, n, from_device, "copy from");
	pageable = side(to) == OF_HOST || side(from) == OF_HOST;
	e = enqueue(stream, {WORK_COPY, [=] {
		count_copy(from_device, to_device, n);
		if (!settings.counting || (looking() && to_device && n <= SMALL))
			memmove(to, from, n);
		else if (!to_device)
			memset(to, 0, n);
	}, {}, 0, nullptr});
	/* Memory that is not pinned is staged: the call returns when the host's side is free again. */
	if (e == cudaSuccess && (wait || pageable) && stream_of(stream)->capture == nullptr) {
		drain(stream_of(stream));
		host_sees(stream_of(stream));
		counts.waits++;
	}
	return e;
}

static cudaError_t set(void *p, int value, size_t n, cudaStream_t stream)
{
	if (n == 0)
		return cudaSuccess;
	check_device_range(p, n, "memset");
	return enqueue(stream, {WORK_SET, [=] {
		counts.memsets++;
		if (!settings.counting || (looking() && n <= SMALL))
			memset(p, value, n);
	}, {}, 0, nullptr});
}

}  // namespace emu

API cudaMemcpy(void *to, const void *from, size_t n, cudaMemcpyKind kind)
{
	ENTER_UNSAFE();
	return done(copy(to, from, n, kind, nullptr, true));
}

API cudaMemcpyAsync(void *to, const void *from, size_t n, cudaMemcpyKind kind, cudaStream_t stream)
{
	ENTER();
	return done(copy(to, from, n, kind, stream, false));
}

API cudaMemcpy2DAsync(void *to, size_t to_pitch, const void *from, size_t from_pitch, size_t width, size_t height, cudaMemcpyKind kind,
	cudaStream_t stream)
{
	ENTER();
	if (width > to_pitch || width > from_pitch)
		return done(cudaErrorInvalidPitchValue);
	for (size_t i = 0; i < height; i++)
		if (cudaError_t e = copy(static_cast<char *>(to) + i * to_pitch, static_cast<const char *>(from) + i * from_pitch, width, kind,
				stream, false))
			return done(e);
	return cudaSuccess;
}

API cudaMemset(void *p, int value, size_t n)
{
	ENTER_UNSAFE();
	return done(set(p, value, n, nullptr));
}

API cudaMemsetAsync(void *p, int value, size_t n, cudaStream_t stream)
{
	ENTER();
	return done(set(p, value, n, stream));
}
