/* SPDX-License-Identifier: Apache-2.0 */
/* philox.h - random numbers that are a pure function of a seed and a place: Philox 4x32-10 of
 * Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3" (2011). */
#ifndef KRAIT_SESSION_PHILOX_H
#define KRAIT_SESSION_PHILOX_H

#include <stdint.h>

void krait__philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2]);

/* A multiple of 2^-53 in [0, 1). The key is the seed, the counter is {draw, 0}, low words first; the
 * first word of the output is the upper half of the 64 bits of which the 53 highest count. */
double krait__philox_uniform(uint64_t seed, uint64_t draw);

#endif
