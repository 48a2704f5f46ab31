// SPDX-License-Identifier: Apache-2.0
// philox.cuh - Philox 4x32-10 of (seed, draw), as lib/session/philox.c has it: the same double in [0, 1).
#ifndef KRAIT_CUDA_PHILOX_CUH
#define KRAIT_CUDA_PHILOX_CUH

#include "port.cuh"

namespace {

__device__ __forceinline__ double philox_uniform(uint64_t seed, uint64_t draw)
{
	uint32_t x[4] = { uint32_t(draw), uint32_t(draw >> 32), 0, 0 }, k0 = uint32_t(seed), k1 = uint32_t(seed >> 32);

#pragma unroll
	for (int i = 0; i < 10; i++) {
		uint64_t a = uint64_t(0xD2511F53u) * x[0], b = uint64_t(0xCD9E8D57u) * x[2];

		x[0] = uint32_t(b >> 32) ^ x[1] ^ k0;
		x[1] = uint32_t(b);
		x[2] = uint32_t(a >> 32) ^ x[3] ^ k1;
		x[3] = uint32_t(a);
		k0 += 0x9E3779B9u;
		k1 += 0xBB67AE85u;
	}
	return double((uint64_t(x[0]) << 32 | x[1]) >> 11) * 0x1p-53;
}

}  // namespace

#endif
