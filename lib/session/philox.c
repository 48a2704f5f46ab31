/* SPDX-License-Identifier: Apache-2.0 */
/* philox.c - see philox.h; the constants are those of the paper, table 2 and section 4.3. */
#include "session/philox.h"

#include <string.h>

#define ROUNDS 10
#define MULTIPLIER_0 0xD2511F53u
#define MULTIPLIER_1 0xCD9E8D57u
#define WEYL_0 0x9E3779B9u
#define WEYL_1 0xBB67AE85u

void krait__philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2])
{
	uint32_t x[4], k0 = key[0], k1 = key[1];

	memcpy(x, counter, sizeof(x));
	for (int i = 0; i < ROUNDS; i++) {
		uint64_t a = (uint64_t)MULTIPLIER_0 * x[0], b = (uint64_t)MULTIPLIER_1 * x[2];

		x[0] = (uint32_t)(b >> 32) ^ x[1] ^ k0;
		x[1] = (uint32_t)b;
		x[2] = (uint32_t)(a >> 32) ^ x[3] ^ k1;
		x[3] = (uint32_t)a;
		k0 += WEYL_0;
		k1 += WEYL_1;
	}
	memcpy(out, x, sizeof(x));
}

double krait__philox_uniform(uint64_t seed, uint64_t draw)
{
	uint32_t counter[4] = { (uint32_t)draw, (uint32_t)(draw >> 32), 0, 0 };
	uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) };
	uint32_t out[4];

	krait__philox(out, counter, key);
	return (double)(((uint64_t)out[0] << 32 | out[1]) >> 11) * 0x1p-53;
}
