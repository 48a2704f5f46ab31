/* SPDX-License-Identifier: Apache-2.0 */
/* emu_mma.h - warp-wide matrix instructions, with the register layouts of the PTX manual. */
#ifndef EMU_MMA_H
#define EMU_MMA_H

namespace emu {

/* mma.sync.m16n8k16: products are exact in float32, summed in it in order of k (matrix.cpp). */
template <class T>
EMU_NOTSAN inline void mma16816(float (&c)[4], const unsigned (&a)[4], const unsigned (&b)[2], EMU_WHERE)
{
	unsigned mine[10] = {a[0], a[1], a[2], a[3], b[0], b[1]};

	__builtin_memcpy(mine + 6, c, sizeof c);
	Warp_view w = warp_sync(~0u, OP_MMA, mine, sizeof mine, file, line, std::is_same_v<T, __half> ? multiply_f16 : multiply_bf16);

	__builtin_memcpy(c, w.slot + lane_id() * SLOT + 24, sizeof c);
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
