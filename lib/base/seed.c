/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/seed.h"

#include <sys/random.h>
#include <sys/types.h>
#include <time.h>

uint64_t krait__hash_seed(const void *block)
{
	uint64_t seed;
	struct timespec now;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) == (ssize_t)sizeof(seed))
		return seed;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return ((uint64_t)(uintptr_t)block ^ (uint64_t)now.tv_nsec << 20) * 0x9e3779b97f4a7c15u;
}
