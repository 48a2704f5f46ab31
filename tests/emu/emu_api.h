/* SPDX-License-Identifier: Apache-2.0 */
/* emu_api.h - what tests ask of the emulated device: counts, faults, other devices, other orders. */
#ifndef EMU_API_H
#define EMU_API_H

#include <cuda_runtime_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

int emu_present(void);                  /* 0: this is a real device, and what follows does nothing */

/* ---- counts, since the start or the last reset */

struct emu_counts {
	uint64_t kernels;               /* that ran, or would have: by themselves, in graphs, in cuBLAS */
	uint64_t launches;              /* of kernels by themselves, outside graphs */
	uint64_t early;                 /* of the kernels: those that may begin before the one before them has ended */
	uint64_t graph_launches, graph_nodes;
	uint64_t products;              /* of cuBLAS */
	uint64_t allocations, frees;    /* of device memory, */
	uint64_t allocated_bytes, live_bytes, peak_bytes;       /* live: not set back by a reset */
	uint64_t host_allocations;      /* of pinned memory */
	uint64_t to_device, to_device_bytes, to_host, to_host_bytes, on_device, on_device_bytes;
	uint64_t memsets;
	uint64_t waits;                 /* of the host for the device: synchronize calls, blocking copies */
	uint64_t stated_bytes;          /* launch_how.bytes of the kernels above, operands of products */
};
void emu_counts(struct emu_counts *out);
void emu_counts_reset(void);

/* How often a kernel ran: its name without its template arguments, or with them. NULL: all. */
uint64_t emu_kernel_runs(const char *name);
void emu_each_kernel(void (*each)(void *user, const char *name, uint64_t runs, uint64_t stated_bytes), void *user);

size_t emu_kernels_met(void);           /* how many different ones were launched or asked about */

/* What is not given back: allocations of both kinds, streams, events, graphs, handles of cuBLAS. */
size_t emu_alive(void);

/* From now on work is counted and not done: device memory reads as zeros and takes no memory. */
void emu_counting_only(int on);

/* See what kernels ask of memory (look.cpp says what is what): while work is counted only, in up to so many blocks of
 * each different launch, times all blocks; else in all blocks of every launch. Nothing is seen but in programs that
 * link seen.cpp. 0: none. */
struct emu_asked {
	const char *kernel;
	uint64_t launches;              /* that were alike */
	unsigned blocks, threads;
	uint64_t shared, stated;        /* bytes: of shared memory in a block, static arrays included; launch_how.bytes */
	uint64_t asked, cold, ahead;
	unsigned rounds, misses, loads;
	uint64_t atomics;
	bool early;
};
void emu_look(unsigned n_blocks);
void emu_look_warm(const void *p);      /* the allocation around p is in that cache, until the next emu_look() */
void emu_each_asked(void (*each)(void *user, const struct emu_asked *asked), void *user);

/* ---- faults */

/* The nth call from now (1 is the next) fails with error; with `every` each nth does. name: of one
 * function of the API, "cudaLaunchKernel" for every launch; NULL: of any. An error that a device does
 * not get over stays until emu_device_reset(). nth 0: none. A call that gives something back gives it
 * back all the same. */
void emu_fail(const char *name, uint64_t nth, cudaError_t error, int every);
uint64_t emu_calls(void);               /* since the last emu_fail() */
uint64_t emu_failed(void);              /* of them */
void emu_device_reset(void);            /* a device as new: no sticky error, no fault */

enum emu_driver { EMU_DRIVER_GOOD, EMU_DRIVER_MISSING, EMU_DRIVER_OLD, EMU_DRIVER_NO_DEVICE };
void emu_driver(enum emu_driver driver);

/* ---- another device, other orders */

void emu_device(int architecture, int n_multiprocessors, uint64_t memory);      /* 80, 90 or 100; 0: as it is */
void emu_devices(int n);                /* that there are, all alike */
unsigned emu_contexts(void);            /* one bit for each device on which the process has a context */
void emu_contexts_forget(void);
void emu_code(int architecture);        /* kernels are as if compiled for it; 0: for the device's own */
enum emu_order { EMU_FORWARD, EMU_REVERSE, EMU_RANDOM };
void emu_order(enum emu_order order, unsigned seed);
void emu_lazy(int on);                  /* streams run only when something waits for them */

#ifdef __cplusplus
}
#endif
#endif
