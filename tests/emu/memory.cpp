// SPDX-License-Identifier: Apache-2.0
// memory.cpp - device and pinned memory. Device memory is the host's: exact in size, so that
// AddressSanitizer guards its end; filled with NaNs; not to be touched by the host.
#include "inner.h"

#include <algorithm>
#include <sys/mman.h>

namespace emu {

static std::vector<Allocation> &all = *new std::vector<Allocation>;     /* by address */
static int open_depth;

static std::vector<Allocation>::iterator after(uintptr_t p)
{
	return std::upper_bound(all.begin(), all.end(), p, [](uintptr_t x, const Allocation &a) { return x < a.at; });
}

const Allocation *find_allocation(const void *pointer, bool end_counts)
{
	uintptr_t p = reinterpret_cast<uintptr_t>(pointer);
	auto next = after(p);

	if (next == all.begin())
		return nullptr;
	--next;
	return p < next->at + next->n + (end_counts ? 1 : 0) ? &*next : nullptr;
}

bool on_device(const Allocation *a) { return a != nullptr && (a->kind == DEVICE || a->kind == MANAGED); }

bool device_range(const void *p, size_t n)
{
	const Allocation *a = find_allocation(p, false);

	return on_device(a) && reinterpret_cast<uintptr_t>(p) + n <= a->at + a->n;
}

void prefetch(const void *p)
{
	if (!device_range(p, 1))
		misuse("a prefetch of %p, which is not device memory", p);
}

void check_device_range(const void *p, size_t n, const char *what)
{
	const Allocation *a = find_allocation(p, false);

	if (!on_device(a))
		misuse("%s: %p is not device memory", what, p);
	if (reinterpret_cast<uintptr_t>(p) + n > a->at + a->n)
		misuse("%s: %zu bytes at %p pass the end of the allocation", what, n, p);
}

size_t allocations_alive() { return all.size(); }

void open_device_memory()
{
	if (open_depth++ == 0 && asan())
		for (const Allocation &a : all)
			if (a.kind == DEVICE)
				__asan_unpoison_memory_region(reinterpret_cast<void *>(a.at), a.n);
}

void close_device_memory()
{
	if (--open_depth == 0 && asan())
		for (const Allocation &a : all)
			if (a.kind == DEVICE)
				__asan_poison_memory_region(reinterpret_cast<void *>(a.at), a.n);
}

static void *obtain(size_t n, Kind kind, bool *mapped)
{
	void *p;

	*mapped = kind == DEVICE && settings.counting;
	if (*mapped) {
		p = mmap(nullptr, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		return p == MAP_FAILED ? nullptr : p;
	}
	/* Without redzones the block behind must not pass for the end of this one. */
	if (posix_memalign(&p, 256, n + (asan() ? 0 : 64)) != 0)
		return nullptr;
	memset(p, settings.fill, n);
	return p;
}

static cudaError_t allocate(void **out, size_t n, Kind kind)
{
	bool of_device = kind == DEVICE || kind == MANAGED, mapped;
	void *p;

	if (out == nullptr)
		return cudaErrorInvalidValue;
	*out = nullptr;
	current_device();
	if (n == 0)
		return cudaSuccess;
	if (of_device && n > settings.memory - std::min<uint64_t>(settings.memory, counts.live_bytes))
		return cudaErrorMemoryAllocation;
	if ((p = obtain(n, kind, &mapped)) == nullptr)
		return cudaErrorMemoryAllocation;
	all.insert(after(reinterpret_cast<uintptr_t>(p)), {reinterpret_cast<uintptr_t>(p), n, kind, mapped});
	if (of_device) {
		counts.allocations++;
		counts.allocated_bytes += n;
		counts.live_bytes += n;
		counts.peak_bytes = std::max(counts.peak_bytes, counts.live_bytes);
	} else {
		counts.host_allocations++;
	}
	if (kind == DEVICE && asan() && open_depth == 0)
		__asan_poison_memory_region(p, n);
	*out = p;
	return cudaSuccess;
}

cudaError_t give_back(void *p, bool pinned)
{
	auto a = after(reinterpret_cast<uintptr_t>(p));

	if (p == nullptr)
		return cudaSuccess;
	if (a == all.begin() || (--a)->at != reinterpret_cast<uintptr_t>(p) || a->kind == REGISTERED)
		misuse("free of %p, which is not allocated", p);
	if (pinned != (a->kind == PINNED))
		misuse("free of %p with the function for the other kind of memory", p);
	if (asan())
		__asan_unpoison_memory_region(p, a->n);
	if (!pinned) {
		counts.frees++;
		counts.live_bytes -= a->n;
	}
	if (a->mapped)
		munmap(p, a->n);
	else
		free(p);
	all.erase(a);
	return cudaSuccess;
}

/* Memory is given back even where the call fails: on a lost device it is gone anyway. */
static cudaError_t release(const Call &call, void *p, bool pinned)
{
	if (call.error == cudaSuccess && capture_forbids())
		return done(cudaErrorStreamCaptureUnsupported);
	if (lost() == cudaSuccess)
		drain_all();
	give_back(p, pinned);
	return done(call.error);
}

}  // namespace emu

using namespace emu;

API cudaMalloc(void **p, size_t n) { ENTER_UNSAFE(); return done(allocate(p, n, DEVICE)); }
API cudaMallocManaged(void **p, size_t n, unsigned) { ENTER_UNSAFE(); return done(allocate(p, n, MANAGED)); }
/* A graph of ours allocates nothing. */
API cudaMallocAsync(void **p, size_t n, cudaStream_t) { ENTER_UNSAFE(); return done(allocate(p, n, DEVICE)); }
API cudaMallocHost(void **p, size_t n) { ENTER_UNSAFE(); return done(allocate(p, n, PINNED)); }
API cudaHostAlloc(void **p, size_t n, unsigned) { ENTER_UNSAFE(); return done(allocate(p, n, PINNED)); }
API cudaFree(void *p) { Call call(__func__); return release(call, p, false); }
API cudaFreeHost(void *p) { Call call(__func__); return release(call, p, true); }

API cudaFreeAsync(void *p, cudaStream_t stream)
{
	Call call(__func__);

	if (call.error != cudaSuccess)
		return release(call, p, false);
	return done(enqueue(stream, {WORK_HOST, [p] { give_back(p, false); }, {}, 0, nullptr}));
}

API cudaHostRegister(void *p, size_t n, unsigned)
{
	ENTER_UNSAFE();
	if (p == nullptr || n == 0)
		return done(cudaErrorInvalidValue);
	if (find_allocation(p, false) != nullptr)
		return done(cudaErrorHostMemoryAlreadyRegistered);
	all.insert(after(reinterpret_cast<uintptr_t>(p)), {reinterpret_cast<uintptr_t>(p), n, REGISTERED, false});
	return cudaSuccess;
}

API cudaHostUnregister(void *p)
{
	Call call(__func__);
	auto a = after(reinterpret_cast<uintptr_t>(p));

	if (a == all.begin() || (--a)->at != reinterpret_cast<uintptr_t>(p) || a->kind != REGISTERED)
		return done(cudaErrorHostMemoryNotRegistered);
	drain_all();
	all.erase(a);
	return done(call.error);
}

API cudaMemGetInfo(size_t *n_free, size_t *total)
{
	ENTER();
	current_device();
	*total = settings.memory;
	*n_free = settings.memory - std::min<uint64_t>(settings.memory, counts.live_bytes);
	return cudaSuccess;
}

API cudaPointerGetAttributes(cudaPointerAttributes *out, const void *p)
{
	const Allocation *a;

	ENTER();
	memset(out, 0, sizeof *out);
	a = find_allocation(p, false);
	out->type = a == nullptr ? cudaMemoryTypeUnregistered : a->kind == DEVICE ? cudaMemoryTypeDevice :
		a->kind == MANAGED ? cudaMemoryTypeManaged : cudaMemoryTypeHost;
	if (a != nullptr)
		out->devicePointer = const_cast<void *>(p);
	if (a != nullptr && a->kind != DEVICE)
		out->hostPointer = const_cast<void *>(p);
	return cudaSuccess;
}
