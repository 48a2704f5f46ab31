/* SPDX-License-Identifier: Apache-2.0 */
/* on_device.c - emu_api.h where the device is real: nothing is counted, nothing fails on demand. */
#include "tests/emu/emu_api.h"

#include <string.h>

int emu_present(void)
{
	return 0;
}

void emu_counts(struct emu_counts *out)
{
	memset(out, 0, sizeof *out);
}

void emu_counts_reset(void)
{
}

uint64_t emu_kernel_runs(const char *name)
{
	(void)name;
	return 0;
}

void emu_each_kernel(void (*each)(void *user, const char *name, uint64_t runs, uint64_t stated_bytes), void *user)
{
	(void)each;
	(void)user;
}

size_t emu_kernels_met(void)
{
	return 0;
}

size_t emu_alive(void)
{
	return 0;
}

void emu_devices(int n)
{
	(void)n;
}

unsigned emu_contexts(void)
{
	return 0;
}

void emu_contexts_forget(void)
{
}

void emu_code(int architecture)
{
	(void)architecture;
}

void emu_counting_only(int on)
{
	(void)on;
}

void emu_fail(const char *name, uint64_t nth, cudaError_t error, int every)
{
	(void)name;
	(void)nth;
	(void)error;
	(void)every;
}

uint64_t emu_calls(void)
{
	return 0;
}

uint64_t emu_failed(void)
{
	return 0;
}

void emu_device_reset(void)
{
}

void emu_driver(enum emu_driver driver)
{
	(void)driver;
}

void emu_device(int architecture, int n_multiprocessors, uint64_t memory)
{
	(void)architecture;
	(void)n_multiprocessors;
	(void)memory;
}

void emu_order(enum emu_order order, unsigned seed)
{
	(void)order;
	(void)seed;
}

void emu_lazy(int on)
{
	(void)on;
}

void emu_look(unsigned n_blocks)
{
	(void)n_blocks;
}

void emu_look_warm(const void *p)
{
	(void)p;
}

void emu_each_asked(void (*each)(void *user, const struct emu_asked *asked), void *user)
{
	(void)each;
	(void)user;
}
