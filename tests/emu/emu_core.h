/* SPDX-License-Identifier: Apache-2.0 */
/* emu_core.h - what a running kernel asks of the scheduler. */
#ifndef EMU_CORE_H
#define EMU_CORE_H

#define EMU_WHERE const char *file = __builtin_FILE(), int line = __builtin_LINE()
/* Reads of what other lanes handed over: the runtime, which is not instrumented, wrote it. */
#define EMU_NOTSAN __attribute__((no_sanitize("thread")))

/* Not const: the compiler could keep an extern const in a register across a switch of threads. */
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
static constexpr int warpSize = 32;

namespace emu {

enum Op {
	OP_SYNCWARP, OP_SHFL, OP_SHFL_UP, OP_SHFL_DOWN, OP_SHFL_XOR, OP_BALLOT, OP_ANY, OP_ALL,
	OP_REDUCE, OP_MATCH, OP_ALL_REDUCE, OP_MMA, OP_LDMATRIX
};
enum Vote { VOTE_NONE, VOTE_COUNT, VOTE_AND, VOTE_OR };
enum { SLOT = 64 };     /* bytes that a lane can hand over in one warp operation */

/* What the lanes of a warp handed over: at slot + lane * SLOT, of those in lanes. */
struct Warp_view {
	const char *slot;
	unsigned lanes;
};

[[noreturn]] void fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));

int block_sync(Vote vote, int predicate, const char *file, int line);
void grid_sync(const char *file, int line);
/* combine: what the last lane to come makes of the slots, before the others go on. */
Warp_view warp_sync(unsigned mask, Op op, const void *value, size_t n, const char *file, int line, void (*combine)(char *slots) = nullptr);
void multiply_f16(char *slots);         /* mma.sync.m16n8k16 of a whole warp: registers a, b and c of each lane; c becomes the sum */
void multiply_bf16(char *slots);
unsigned lane_id();
void *dynamic_shared();

void yield();           /* lets the other threads run: a spinning loop must call it */
void maybe_yield();     /* the same now and then, in random order */

void grid_wait();       /* griddepcontrol */
void grid_release();

void copy_async(void *shared, const void *global, size_t n, size_t valid);
void copy_async_commit();
void copy_async_wait(int left);

void state_bytes(uint64_t bytes);       /* of the next launch of this thread */

}  // namespace emu

inline void __syncthreads(EMU_WHERE) { emu::block_sync(emu::VOTE_NONE, 0, file, line); }
inline int __syncthreads_count(int p, EMU_WHERE) { return emu::block_sync(emu::VOTE_COUNT, p, file, line); }
inline int __syncthreads_and(int p, EMU_WHERE) { return emu::block_sync(emu::VOTE_AND, p, file, line); }
inline int __syncthreads_or(int p, EMU_WHERE) { return emu::block_sync(emu::VOTE_OR, p, file, line); }
inline void __threadfence() { emu::maybe_yield(); }
inline void __threadfence_block() { emu::maybe_yield(); }
inline void __threadfence_system() { emu::maybe_yield(); }
inline void __nanosleep(unsigned) { emu::yield(); }
#define __trap() emu::fail(__FILE__, __LINE__, "__trap()")
inline long long clock64() { static long long t; return ++t; }

/* Programmatic dependent launch by its C++ names. */
inline void cudaGridDependencySynchronize() { emu::grid_wait(); }
inline void cudaTriggerProgrammaticLaunchCompletion() { emu::grid_release(); }

#endif
