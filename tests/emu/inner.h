/* SPDX-License-Identifier: Apache-2.0 */
/* inner.h - what the files of the emulated runtime share. The kernels see emu_core.h only. */
#ifndef EMU_INNER_H
#define EMU_INNER_H

#include "emu_api.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;

#include "emu_core.h"
#define EMU_NO_TEMPLATES 1
#include "emu_launch.h"

/* Sanitizers, where the program has them. These files are not instrumented themselves. */
#define EMU_WEAK extern "C" __attribute__((weak))
EMU_WEAK void __sanitizer_start_switch_fiber(void **, const void *, size_t);
EMU_WEAK void __sanitizer_finish_switch_fiber(void *, const void **, size_t *);
EMU_WEAK void __sanitizer_print_stack_trace();
EMU_WEAK void __asan_poison_memory_region(const volatile void *, size_t);
EMU_WEAK void __asan_unpoison_memory_region(const volatile void *, size_t);
EMU_WEAK void *__tsan_create_fiber(unsigned);
EMU_WEAK void __tsan_destroy_fiber(void *);
EMU_WEAK void *__tsan_get_current_fiber();
EMU_WEAK void __tsan_switch_to_fiber(void *, unsigned);
EMU_WEAK void __tsan_acquire(void *);
EMU_WEAK void __tsan_release(void *);
EMU_WEAK void __tsan_ignore_thread_begin();
EMU_WEAK void __tsan_ignore_thread_end();
EMU_WEAK char emu_shared_begin[], emu_shared_end[];     /* from emu.ld */

namespace emu {

inline bool tsan() { return __tsan_create_fiber != nullptr; }
inline bool asan() { return __asan_poison_memory_region != nullptr; }
inline void hb_release(void *p) { if (tsan()) __tsan_release(p); }
inline void hb_acquire(void *p) { if (tsan()) __tsan_acquire(p); }

/* For as long as it lives ThreadSanitizer looks away from what its thread does: the runtime's own
 * memory, which the C library's functions would show it, is none of a kernel's. */
struct Quiet {
	Quiet() { if (tsan()) __tsan_ignore_thread_begin(); }
	~Quiet() { if (tsan()) __tsan_ignore_thread_end(); }
	Quiet(const Quiet &) = delete;
};

/* ---- settings (settings.cpp): EMU_ORDER=fwd|rev|rand:SEED, EMU_STREAM=eager|lazy, EMU_FILL=HEX (what
 * fresh memory holds), EMU_TSAN_FRESH=0 (faster, finds fewer races), EMU_VERBOSE=1 */
struct Settings {
	int order = EMU_FORWARD;
	uint64_t random = 1;
	bool lazy = false, counting = false, tsan_fresh = true, verbose = false;
	int fill = 0xff;
	int architecture = 90, multiprocessors = 4;
	int devices = 1;
	int code = 0;           /* 0: the device's own */
	uint64_t memory = 80ull << 30;
	enum emu_driver driver = EMU_DRIVER_GOOD;
};
extern Settings settings;
extern struct emu_counts counts;
unsigned random_below(unsigned n);
size_t shared_optin();          /* bytes of shared memory that a block can have */
size_t shared_per_multiprocessor();
[[noreturn]] void misuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- calls (calls.cpp): each function of the API holds one for as long as it runs */
struct Call {
	Quiet quiet;            /* not for kernels and copies, which are threads of their own */
	cudaError_t error;      /* what it must answer at once: a fault, a missing driver, a lost device */
	explicit Call(const char *name);
	~Call();
	Call(const Call &) = delete;
};
cudaError_t done(cudaError_t error);    /* remembers it for cudaGetLastError */
cudaError_t last_error(bool forget);
cudaError_t lost();                     /* the sticky error, or cudaSuccess */
#define API extern "C" __attribute__((visibility("default"))) cudaError_t
#define ENTER() \
	emu::Call call_(__func__); \
	if (call_.error != cudaSuccess) \
		return emu::done(call_.error)
/* Not while a stream is being captured. */
#define ENTER_UNSAFE() \
	ENTER(); \
	if (emu::capture_forbids()) \
		return emu::done(cudaErrorStreamCaptureUnsupported)

/* ---- memory (memory.cpp) */
enum Kind { DEVICE, MANAGED, PINNED, REGISTERED };
struct Allocation {
	uintptr_t at;
	size_t n;
	Kind kind;
	bool mapped;            /* by mmap: not touched, perhaps huge */
};
const Allocation *find_allocation(const void *p, bool end_counts);
bool on_device(const Allocation *a);
void check_device_range(const void *p, size_t n, const char *what);
bool device_range(const void *p, size_t n);
cudaError_t give_back(void *p, bool pinned);
size_t allocations_alive();
void open_device_memory();      /* only device work may touch it, where AddressSanitizer can tell */
void close_device_memory();

/* ---- kernels (grid.cpp, names.cpp) */
struct Tag {                    /* what ThreadSanitizer orders by: one thing that happens before others */
	char byte[8];
};
using Tags = std::vector<std::shared_ptr<Tag>>;
struct Order {
	Tags before;            /* what is done before the work begins; for an early kernel, before it waits */
	Tags early;             /* what is done before an early kernel begins */
	std::shared_ptr<Tag> done;
};
void run_grid(const Launch &launch, const std::function<void()> &body, const Order &order);
void run_as_device(const Order &order, const std::function<void()> &work);     /* a copy, a product */
const char *kernel_name(const void *kernel);
void count_kernel(const void *kernel, const char *name, uint64_t bytes);
void tell_that_it_ran(const void *kernel);      /* to EMU_KERNELS: all its blocks did, over what the test gave */
uint64_t take_stated_bytes();
size_t shared_limit(const void *kernel);        /* of dynamic shared memory: set by cudaFuncSetAttribute, or 48 KB less the static */
size_t static_shared(const void *kernel);
int current_device();           /* of the calling thread; it has a context from now on, as most calls make one */
int code_version();             /* the architecture that kernels were compiled for */
int resident_blocks(const void *kernel, unsigned n_threads, size_t shared);

/* ---- streams (stream.cpp) */
enum Work_kind { WORK_KERNEL, WORK_COPY, WORK_SET, WORK_HOST, WORK_PRODUCT, WORK_GRAPH, WORK_EVENT, WORK_ORDER };
struct Work {
	Work_kind kind;
	std::function<void()> body;
	Launch launch;          /* of a kernel */
	uint64_t bytes;         /* that it states */
	std::function<void(const Order &)> nested;      /* of a graph, instead of body */
};
cudaError_t enqueue(cudaStream_t stream, Work work);
void perform(const Work &work, const Order &order);
void drain_all();
bool capture_forbids();         /* an unsafe call while a stream is captured; the capture is spoilt */
size_t streams_alive();
size_t handles_alive();
void handle_made(int by);       /* of cuBLAS: they count as alive */

}  // namespace emu
#endif
