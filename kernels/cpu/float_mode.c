/* SPDX-License-Identifier: Apache-2.0 */
/* float_mode.c - the processor's floating-point mode while kernels run: a decaying state
 * ends in denormal numbers, which many processors handle a hundred times more slowly. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/cpu.h"

#if defined(__SSE2__)
#include <xmmintrin.h>

#define ALL_MASKED 0x1f80u      /* no exception traps, to nearest */
#define FLUSH_RESULTS 0x8000u
#define FLUSH_INPUTS 0x0040u

struct float_mode krait__float_mode_enter(void)
{
	struct float_mode mode = { _mm_getcsr() };

	_mm_setcsr(ALL_MASKED | FLUSH_RESULTS | FLUSH_INPUTS);
	return mode;
}

void krait__float_mode_leave(struct float_mode mode)
{
	_mm_setcsr(mode.saved);
}
#else
#include <fenv.h>

struct float_mode krait__float_mode_enter(void)
{
	struct float_mode mode = { (unsigned)fegetround() };

	fesetround(FE_TONEAREST);
	return mode;
}

void krait__float_mode_leave(struct float_mode mode)
{
	fesetround((int)mode.saved);
}
#endif
