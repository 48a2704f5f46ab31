// SPDX-License-Identifier: Apache-2.0
// matrix.cpp - the product of a warp's matrices, once for all its lanes.
#include "inner.h"

namespace emu {

static float of_bits(uint32_t bits)
{
	float f;

	memcpy(&f, &bits, sizeof f);
	return f;
}

/* Exponent and mantissa moved to their places; 2^112 sets the bias right, of subnormal numbers too. */
static float of_f16(uint32_t h)
{
	uint32_t sign = (h & 0x8000) << 16;
	float f = of_bits((h & 0x7fff) << 13) * 0x1p112f;

	if ((h & 0x7c00) == 0x7c00)
		return of_bits(sign | 0x7f800000 | (h & 0x3ff) << 13);
	return sign != 0 ? -f : f;
}

static float of_bf16(uint32_t h) { return of_bits(h << 16); }

struct Lane {
	uint32_t a[4], b[2];
	float c[4];
};

/* With the register layouts of the PTX manual, which port.cuh names. */
template <class F> static void multiply(char *slots, F widen)
{
	float a[16][16], b[16][8], d[16][8];

	for (int l = 0; l < 32; l++) {
		const Lane *lane = reinterpret_cast<const Lane *>(slots + l * SLOT);
		int g = l / 4, t = l % 4;

		for (int i = 0; i < 4; i++)
			for (int high = 0; high < 2; high++)
				a[g + i % 2 * 8][2 * t + high + i / 2 * 8] = widen(lane->a[i] >> 16 * high & 0xffff);
		for (int i = 0; i < 2; i++)
			for (int high = 0; high < 2; high++)
				b[2 * t + high + i * 8][g] = widen(lane->b[i] >> 16 * high & 0xffff);
		for (int i = 0; i < 4; i++)
			d[g + i / 2 * 8][2 * t + i % 2] = lane->c[i];
	}
	for (int row = 0; row < 16; row++)
		for (int k = 0; k < 16; k++)
			for (int column = 0; column < 8; column++)
				d[row][column] += a[row][k] * b[k][column];
	for (int l = 0; l < 32; l++)
		for (int i = 0; i < 4; i++)
			reinterpret_cast<Lane *>(slots + l * SLOT)->c[i] = d[l / 4 + i / 2 * 8][l % 4 * 2 + i % 2];
}

void multiply_f16(char *slots) { multiply(slots, of_f16); }
void multiply_bf16(char *slots) { multiply(slots, of_bf16); }

}  // namespace emu
