// SPDX-License-Identifier: Apache-2.0
// settings.cpp - the emulated device and how it behaves: from the environment, and from tests.
#include "inner.h"

#include <cstdarg>

namespace emu {

Settings settings;

static struct From_environment {
	From_environment()
	{
		const char *e;

		if ((e = getenv("EMU_ORDER")) != nullptr && strncmp(e, "rev", 3) == 0)
			settings.order = EMU_REVERSE;
		if (e != nullptr && strncmp(e, "rand", 4) == 0)
			emu_order(EMU_RANDOM, e[4] == ':' ? unsigned(strtoul(e + 5, nullptr, 0)) : 1);
		if ((e = getenv("EMU_STREAM")) != nullptr)
			settings.lazy = strcmp(e, "lazy") == 0;
		if ((e = getenv("EMU_FILL")) != nullptr)
			settings.fill = int(strtol(e, nullptr, 16));
		if ((e = getenv("EMU_TSAN_FRESH")) != nullptr)
			settings.tsan_fresh = atoi(e) != 0;
		if ((e = getenv("EMU_MEMORY")) != nullptr)
			settings.memory = strtoull(e, nullptr, 0) << 20;
		settings.verbose = getenv("EMU_VERBOSE") != nullptr;
	}
} from_environment;

unsigned random_below(unsigned n)
{
	uint64_t &x = settings.random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return unsigned((x >> 16) % n);
}

/* CUDA C++ Programming Guide, table of compute capabilities. */
size_t shared_optin() { return (settings.architecture == 80 ? 163 : 227) << 10; }
size_t shared_per_multiprocessor() { return (settings.architecture == 80 ? 164 : 228) << 10; }

void misuse(const char *format, ...)
{
	va_list list;

	fputs("cuda_emu: ERROR: ", stderr);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	if (__sanitizer_print_stack_trace != nullptr)
		__sanitizer_print_stack_trace();
	fflush(nullptr);
	abort();
}

void note(const char *format, ...)
{
	va_list list;

	if (!settings.verbose)
		return;
	fputs("cuda_emu: ", stderr);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
}

}  // namespace emu

using namespace emu;

void emu_device(int architecture, int n_multiprocessors, uint64_t memory)
{
	if (architecture != 0)
		settings.architecture = architecture;
	if (n_multiprocessors != 0)
		settings.multiprocessors = n_multiprocessors;
	if (memory != 0)
		settings.memory = memory;
}

void emu_devices(int n) { settings.devices = n; }

void emu_code(int architecture) { settings.code = architecture; }

void emu_order(enum emu_order order, unsigned seed)
{
	settings.order = order;
	settings.random = seed * 2ull + 1;
}

void emu_lazy(int on)
{
	drain_all();
	settings.lazy = on != 0;
}

void emu_counting_only(int on)
{
	drain_all();
	settings.counting = on != 0;
}

int emu_present(void) { return 1; }

void emu_driver(enum emu_driver driver) { settings.driver = driver; }
