// SPDX-License-Identifier: Apache-2.0
// rows.cuh - activations of float32, float16 and bfloat16: what the prefill kernels share.
//
// A *pack* is what a thread moves at once: PACK<T> elements, 16 bytes. A row can be moved in packs where its
// base, its stride and its width are multiples of that; else kernels fall back to single elements.
#ifndef KRAIT_CUDA_ROWS_CUH
#define KRAIT_CUDA_ROWS_CUH

#include "kernels/cuda/kernels.h"
#include "kernels/cuda/port.cuh"

namespace {

template <class T> constexpr unsigned PACK = 16 / sizeof(T);
constexpr float LOG2E = 1.4426950408889634f;

template <class T> __device__ __forceinline__ float widen(T v);
template <> __device__ __forceinline__ float widen(float v) { return v; }
template <> __device__ __forceinline__ float widen(__half v) { return __half2float(v); }
template <> __device__ __forceinline__ float widen(__nv_bfloat16 v) { return __bfloat162float(v); }

template <class T> __device__ __forceinline__ T narrow(float v);
template <> __device__ __forceinline__ float narrow(float v) { return v; }
// float16 ends at 65504: what lies beyond, an outlier that some models have, is held there. As an infinity it would
// make a NaN of the next sum. A NaN stays one.
template <> __device__ __forceinline__ __half narrow(float v)
{
	return __float2half_rn(v > 65504.0f ? 65504.0f : v < -65504.0f ? -65504.0f : v);
}
template <> __device__ __forceinline__ __nv_bfloat16 narrow(float v) { return __float2bfloat16_rn(v); }

// The PACK<T> elements of 16 bytes, both ways.
template <class T> struct pack {
	T v[PACK<T>];
};

template <class T> __device__ __forceinline__ void unpack(float (&out)[PACK<T>], const uint4 &bytes)
{
	pack<T> in;

	memcpy(static_cast<void *>(&in), &bytes, 16);
#pragma unroll
	for (unsigned i = 0; i < PACK<T>; i++)
		out[i] = widen(in.v[i]);
}

template <class T> __device__ __forceinline__ uint4 packed(const float (&in)[PACK<T>])
{
	pack<T> out;
	uint4 bytes;

#pragma unroll
	for (unsigned i = 0; i < PACK<T>; i++)
		out.v[i] = narrow<T>(in[i]);
	memcpy(&bytes, &out, 16);
	return bytes;
}

// N elements from `from` (N a multiple of PACK<T> where WIDE); those at and after `valid` are zero.
template <class T, bool WIDE, unsigned N> __device__ __forceinline__ void load_row(float (&out)[N], const T *from, unsigned valid)
{
	if constexpr (WIDE) {
#pragma unroll
		for (unsigned i = 0; i < N; i += PACK<T>) {
			float some[PACK<T>];

			unpack<T>(some, i < valid ? *reinterpret_cast<const uint4 *>(from + i) : uint4{ 0, 0, 0, 0 });
#pragma unroll
			for (unsigned j = 0; j < PACK<T>; j++)
				out[i + j] = some[j];
		}
	} else {
#pragma unroll
		for (unsigned i = 0; i < N; i++)
			out[i] = i < valid ? widen(from[i]) : 0.0f;
	}
}

template <class T, bool WIDE, unsigned N> __device__ __forceinline__ void store_row(T *to, const float (&in)[N], unsigned valid)
{
	if constexpr (WIDE) {
#pragma unroll
		for (unsigned i = 0; i < N; i += PACK<T>) {
			float some[PACK<T>];

#pragma unroll
			for (unsigned j = 0; j < PACK<T>; j++)
				some[j] = in[i + j];
			if (i < valid)
				*reinterpret_cast<uint4 *>(to + i) = packed<T>(some);
		}
	} else {
#pragma unroll
		for (unsigned i = 0; i < N; i++)
			if (i < valid)
				to[i] = narrow<T>(in[i]);
	}
}

template <class T> __device__ __forceinline__ T *row_of(const struct kc_rows &rows, size_t row)
{
	return static_cast<T *>(rows.data) + row * rows.stride;
}

// One element, whatever the type is: for what is not worth a template.
__device__ __forceinline__ float element(const struct kc_rows &rows, size_t row, size_t column)
{
	size_t at = row * rows.stride + column;

	if (rows.type == KC_F32)
		return static_cast<const float *>(rows.data)[at];
	if (rows.type == KC_F16)
		return widen(static_cast<const __half *>(rows.data)[at]);
	return widen(static_cast<const __nv_bfloat16 *>(rows.data)[at]);
}

// FAST, below, is for 16-bit activations: single instructions of the special function unit, whose errors (2^-21) are
// far below the rounding of what is stored. Where activations are float32, all is exact to a few units of the last place.
template <class T> constexpr bool FAST = sizeof(T) == 2;

// 2^x.
template <bool FAST> __device__ __forceinline__ float power2(float x)
{
	return FAST ? exp2_fast(x) : exp2f(x);
}

// x / (1 + e^-x)
template <bool FAST> __device__ __forceinline__ float silu(float x)
{
	return FAST ? __fdividef(x, 1.0f + exp2_fast(x * -LOG2E)) : x / (1.0f + expf(-x));
}

// ln(1 + e^x). log1p keeps the small values that ln(1 + e^x) would flush to 0 below x = -16.6.
template <bool FAST> __device__ __forceinline__ float softplus(float x)
{
	if (FAST) {
		float e = exp2_fast(x * LOG2E);
		float small = e * fmaf(e, fmaf(e, 1.0f / 3.0f, -0.5f), 1.0f);

		return x > 20.0f ? x : e < 0.02f ? small : __logf(1.0f + e);
	}
	return x > 20.0f ? x : log1pf(expf(x));
}

// ---- on the host ------------------------------------------------------------------------------

inline size_t type_bytes(uint32_t type)
{
	return type == KC_F32 ? 4 : 2;
}

// Whether every row can be moved in packs of 16 bytes.
inline bool in_packs(const struct kc_rows &rows, size_t width)
{
	size_t bytes = type_bytes(rows.type);

	return !((uintptr_t)rows.data % 16 || rows.stride * bytes % 16 || width * bytes % 16);
}

inline bool in_packs(const float *rows, size_t stride, size_t width)
{
	return !((uintptr_t)rows % 16 || stride % 4 || width % 4);
}

// Calls f with a zero of the activations' type. The engine has two, one for each precision.
template <class F> inline cudaError_t with_type(uint32_t type, F f)
{
	if (type == KC_F32)
		return f(0.0f);
	return type == KC_F16 ? f(__half()) : cudaErrorInvalidValue;
}

inline unsigned ceil_div(size_t n, size_t by)
{
	return unsigned((n + by - 1) / by);
}

}  // namespace

#endif
