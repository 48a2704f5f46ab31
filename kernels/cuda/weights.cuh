// SPDX-License-Identifier: Apache-2.0
// weights.cuh - the five ways in which a matrix is stored, as one interface. A *vector* is 16 bytes
// of one row: V columns. Quantised columns come out as whole numbers; the scale of their group is
// applied to a sum of products, once for a vector at most, or by at(), which gives one element.
#ifndef KRAIT_CUDA_WEIGHTS_CUH
#define KRAIT_CUDA_WEIGHTS_CUH

#include "kernels.h"
#include "port.cuh"

namespace {

__device__ __forceinline__ float bits_float(unsigned v)
{
	return __uint_as_float(v);
}

template <int TYPE> struct weights;

template <> struct weights<KC_F32> {
	static constexpr int V = 4, BITS = 32;
	static constexpr bool QUANTISED = false;

	// Columns 4q to 4q+3 of a vector.
	static __device__ __forceinline__ void widen(const uint4 &v, int, float (&w)[4])
	{
		w[0] = bits_float(v.x);
		w[1] = bits_float(v.y);
		w[2] = bits_float(v.z);
		w[3] = bits_float(v.w);
	}
	static __device__ __forceinline__ float one(const void *row, uint32_t k)
	{
		return static_cast<const float *>(row)[k];
	}
};

template <> struct weights<KC_F16> {
	static constexpr int V = 8, BITS = 16;
	static constexpr bool QUANTISED = false;

	static __device__ __forceinline__ float2 pair(unsigned v)
	{
		__half2 h;

		memcpy(static_cast<void *>(&h), &v, sizeof h);
		return __half22float2(h);
	}
	static __device__ __forceinline__ void widen(const uint4 &v, int q, float (&w)[4])
	{
		float2 low = pair(q ? v.z : v.x), high = pair(q ? v.w : v.y);

		w[0] = low.x;
		w[1] = low.y;
		w[2] = high.x;
		w[3] = high.y;
	}
	static __device__ __forceinline__ float one(const void *row, uint32_t k)
	{
		return __half2float(static_cast<const __half *>(row)[k]);
	}
};

template <> struct weights<KC_BF16> {
	static constexpr int V = 8, BITS = 16;
	static constexpr bool QUANTISED = false;

	// bfloat16 is the upper half of a float32.
	static __device__ __forceinline__ void widen(const uint4 &v, int q, float (&w)[4])
	{
		unsigned low = q ? v.z : v.x, high = q ? v.w : v.y;

		w[0] = bits_float(low << 16);
		w[1] = bits_float(low & 0xffff0000u);
		w[2] = bits_float(high << 16);
		w[3] = bits_float(high & 0xffff0000u);
	}
	static __device__ __forceinline__ float one(const void *row, uint32_t k)
	{
		return bits_float(unsigned(static_cast<const uint16_t *>(row)[k]) << 16);
	}
};

template <> struct weights<KC_INT8> {
	static constexpr int V = 16, BITS = 8;
	static constexpr bool QUANTISED = true;

	// The conversion instruction runs at a quarter of the rate of others. A byte put under the
	// exponent of 2^23 is the float 2^23 + byte: one byte permutation and one exact subtraction.
	static __device__ __forceinline__ void widen(const uint4 &v, int q, float (&w)[4])
	{
		unsigned x = (q == 0 ? v.x : q == 1 ? v.y : q == 2 ? v.z : v.w) ^ 0x80808080u;

#pragma unroll
		for (int i = 0; i < 4; i++)
			w[i] = bits_float(__byte_perm(x, 0x4b000000u, 0x7440u + unsigned(i))) - 8388736.0f;
	}
	static __device__ __forceinline__ float one(const void *row, uint32_t k)
	{
		return static_cast<const signed char *>(row)[k];
	}
};

template <> struct weights<KC_INT4> {
	static constexpr int V = 32, BITS = 4;
	static constexpr bool QUANTISED = true;

	// Four bits at position p of a float whose exponent is that of 2^(23-p) add their value to it:
	// one and-or, one exact subtraction (which takes the 8 as well).
	static __device__ __forceinline__ void widen(const uint4 &v, int q, float (&w)[4])
	{
		unsigned word = q / 2 == 0 ? v.x : q / 2 == 1 ? v.y : q / 2 == 2 ? v.z : v.w, x = q % 2 ? word >> 16 : word;

#pragma unroll
		for (int i = 0; i < 4; i++)
			w[i] = bits_float((x & (0xfu << (4 * i))) | (unsigned(127 + 23 - 4 * i) << 23)) - (float(1 << (23 - 4 * i)) + 8.0f);
	}
	static __device__ __forceinline__ float one(const void *row, uint32_t k)
	{
		unsigned pair = static_cast<const unsigned char *>(row)[k / 2];

		return float(int(k % 2 ? pair >> 4 : pair & 15u) - 8);
	}
};

// Bytes from row to row: a row begins at a byte.
template <int TYPE> __host__ __device__ __forceinline__ size_t row_bytes(uint32_t k)
{
	return (size_t(k) * weights<TYPE>::BITS + 7) / 8;
}

// One element, its scale applied.
template <int TYPE>
__device__ __forceinline__ float weight_at(const void *data, const float *scales, uint32_t k_all, uint32_t group, uint32_t row, uint32_t k)
{
	float w = weights<TYPE>::one(static_cast<const char *>(data) + row * row_bytes<TYPE>(k_all), k);

	if constexpr (weights<TYPE>::QUANTISED)
		w *= scales[size_t(row) * ((k_all + group - 1) / group) + k / group];
	return w;
}

}  // namespace

#endif
