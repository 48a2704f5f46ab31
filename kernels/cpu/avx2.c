/* SPDX-License-Identifier: Apache-2.0 */
/* avx2.c - kernels for AVX2 with FMA and F16C. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/kernels.h"

#include <cpuid.h>
#include <immintrin.h>
#include <math.h>
#include <string.h>

#define LANES 8
#define TILE_ROWS 3
#define NAME krait__kernels_avx2
#define NAME_TEXT "avx2"

typedef __m256 vec;

static bool available(void)
{
	unsigned eax, ebx, ecx, edx;

	__builtin_cpu_init();
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
		__get_cpuid(1, &eax, &ebx, &ecx, &edx) && (ecx & bit_F16C);
}

static inline __m256i first_lanes(size_t n)
{
	static const int32_t mask[2 * LANES] = { -1, -1, -1, -1, -1, -1, -1, -1 };

	return _mm256_loadu_si256((const __m256i *)(const void *)(mask + LANES - (n < LANES ? n : LANES)));
}

static inline vec v_set(float x) { return _mm256_set1_ps(x); }
static inline vec v_load(const float *in) { return _mm256_loadu_ps(in); }
static inline void v_store(float *out, vec v) { _mm256_storeu_ps(out, v); }
static inline vec v_load_part(const float *in, size_t n) { return _mm256_maskload_ps(in, first_lanes(n)); }
static inline void v_store_part(float *out, vec v, size_t n) { _mm256_maskstore_ps(out, first_lanes(n), v); }
static inline vec v_keep(vec v, size_t n) { return _mm256_and_ps(v, _mm256_castsi256_ps(first_lanes(n))); }
static inline vec v_add(vec a, vec b) { return _mm256_add_ps(a, b); }
static inline vec v_sub(vec a, vec b) { return _mm256_sub_ps(a, b); }
static inline vec v_mul(vec a, vec b) { return _mm256_mul_ps(a, b); }
static inline vec v_div(vec a, vec b) { return _mm256_div_ps(a, b); }
static inline vec v_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
static inline vec v_nfma(vec a, vec b, vec c) { return _mm256_fnmadd_ps(a, b, c); }      /* c - a b */
/* The second operand comes through when it is NaN. */
static inline vec v_max(vec a, vec b) { return _mm256_max_ps(a, b); }
static inline vec v_min(vec a, vec b) { return _mm256_min_ps(a, b); }
static inline vec v_round(vec v) { return _mm256_round_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

static inline vec power_of_two(__m256i n)
{
	return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}

/* v 2^n, in two steps, for one alone may lie outside the range of a float. */
static inline vec v_scale(vec v, vec n)
{
	__m256i whole = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(whole, 1);

	return v_mul(v_mul(v, power_of_two(half)), power_of_two(_mm256_sub_epi32(whole, half)));
}

/* x > limit ? a : b */
static inline vec v_choose_above(vec x, float limit, vec a, vec b)
{
	return _mm256_blendv_ps(b, a, _mm256_cmp_ps(x, v_set(limit), _CMP_GT_OQ));
}

/* v = m 2^e with m around 1, from 0.707 on. */
static inline vec v_mantissa(vec v, vec *e)
{
	__m256i bits = _mm256_castps_si256(v);
	__m256i power = _mm256_srai_epi32(_mm256_sub_epi32(bits, _mm256_set1_epi32(0x3f3504f3)), 23);

	*e = _mm256_cvtepi32_ps(power);
	return _mm256_castsi256_ps(_mm256_sub_epi32(bits, _mm256_slli_epi32(power, 23)));
}

static inline __m128i load_part16(const uint16_t *in, size_t n)
{
	uint16_t whole[LANES] = { 0 };

	memcpy(whole, in, n * sizeof(*in));
	return _mm_loadu_si128((const __m128i *)(const void *)whole);
}

static inline vec v_widen_f16(const uint16_t *in) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)in)); }
static inline vec v_widen_f16_part(const uint16_t *in, size_t n) { return _mm256_cvtph_ps(load_part16(in, n)); }

static inline vec bf16_to_vec(__m128i half) { return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(half), 16)); }
static inline vec v_widen_bf16(const uint16_t *in) { return bf16_to_vec(_mm_loadu_si128((const __m128i *)(const void *)in)); }
static inline vec v_widen_bf16_part(const uint16_t *in, size_t n) { return bf16_to_vec(load_part16(in, n)); }

/* The sum of each: lanes i and i + 4, then i + 2, i + 1. */
static inline void v_sum4(vec a, vec b, vec c, vec d, float out[4])
{
	vec ab = v_add(_mm256_permute2f128_ps(a, b, 0x20), _mm256_permute2f128_ps(a, b, 0x31));
	vec cd = v_add(_mm256_permute2f128_ps(c, d, 0x20), _mm256_permute2f128_ps(c, d, 0x31));
	vec all = v_add(_mm256_shuffle_ps(ab, cd, 0x44), _mm256_shuffle_ps(ab, cd, 0xee));

	all = v_add(_mm256_shuffle_ps(all, all, 0x88), _mm256_shuffle_ps(all, all, 0xdd));
	_mm_storeu_ps(out, _mm_unpacklo_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1)));
}

#include "kernels/cpu/vector_kernels.h"
