/* SPDX-License-Identifier: Apache-2.0 */
/* emu_mma.h - warp-wide matrix instructions, with the register layouts of the PTX manual. */
#ifndef EMU_MMA_H
#define EMU_MMA_H

namespace emu {

template <class T> inline float half_of(unsigned v, int high)
{
	uint16_t h = uint16_t(high ? v >> 16 : v);

	if constexpr (std::is_same_v<T, __half>)
		return __half2float(__ushort_as_half(h));
	else
		return bits<float>(uint32_t(h) << 16);
}

/* mma.sync.m16n8k16: products are exact in float32, summed in it in order of k. */
template <class T>
EMU_NOTSAN inline void mma16816(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2], EMU_WHERE)
{
	unsigned mine[6] = {a[0], a[1], a[2], a[3], b[0], b[1]}, all[32][6];
	Warp_view w = warp_sync(~0u, OP_MMA, mine, sizeof mine, file, line);
	int lane = int(lane_id()), g = lane / 4, t = lane % 4;

	for (int l = 0; l < 32; l++)
		for (int i = 0; i < 6; i++)
			__builtin_memcpy(&all[l][i], w.slot + l * SLOT + 4 * i, 4);
	for (int i = 0; i < 4; i++) {
		int row = g + i / 2 * 8, column = t * 2 + i % 2;
		float sum = c[i];

		for (int k = 0; k < 16; k++) {
			unsigned x = all[row % 8 * 4 + k % 8 / 2][row / 8 + k / 8 * 2];
			unsigned y = all[column * 4 + k % 8 / 2][4 + k / 8];

			sum += half_of<T>(x, k & 1) * half_of<T>(y, k & 1);
		}
		c[i] = sum;
	}
}

/* A lane's pointer, as warp_sync handed it over. */
EMU_NOTSAN __attribute__((noinline)) inline const uint16_t *handed_row(Warp_view w, int lane)
{
	const uint16_t *row;

	__builtin_memcpy(&row, w.slot + lane * SLOT, sizeof row);
	return row;
}

/* ldmatrix: lane l gives a row's address of matrix l / 8 and gets elements 2t, 2t+1 of row g of
 * each; transposed, elements g of rows 2t, 2t+1. */
template <int N, bool TRANSPOSED> inline void load_matrix(unsigned (&r)[N], const void *row, EMU_WHERE)
{
	const uint16_t *rows[8 * N];
	Warp_view w = warp_sync(~0u, OP_LDMATRIX, &row, sizeof row, file, line);
	int lane = int(lane_id()), g = lane / 4, t = lane % 4;

	if (lane < 8 * N && reinterpret_cast<uintptr_t>(row) % 16 != 0)
		fail(file, line, "ldmatrix: a row that is not aligned to 16 bytes");
	for (int l = 0; l < 8 * N; l++)
		rows[l] = handed_row(w, l);
	for (int i = 0; i < N; i++) {
		uint16_t low = TRANSPOSED ? rows[8 * i + 2 * t][g] : rows[8 * i + g][2 * t];
		uint16_t high = TRANSPOSED ? rows[8 * i + 2 * t + 1][g] : rows[8 * i + g][2 * t + 1];

		r[i] = unsigned(low) | unsigned(high) << 16;
	}
}

}  // namespace emu

#endif
