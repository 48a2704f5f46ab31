/* SPDX-License-Identifier: Apache-2.0 */
/* seed.h - what makes hash tables over a file's texts unforeseeable. It never shows in results. */
#ifndef KRAIT_BASE_SEED_H
#define KRAIT_BASE_SEED_H

#include <stdint.h>

uint64_t krait__hash_seed(const void *block);   /* an address mixes in where the system has no randomness yet */

#endif
