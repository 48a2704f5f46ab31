/* SPDX-License-Identifier: Apache-2.0 */
/* avx512.c - kernels for AVX-512 (F, BW, DQ, VL). */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/kernels.h"

#include <immintrin.h>
#include <math.h>
#include <string.h>

#define LANES 16
#define TILE_ROWS 6
#define NAME krait__kernels_avx512
#define NAME_TEXT "avx512"

typedef __m512 vec;

static bool available(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
		__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("fma");
}

static inline __mmask16 first_lanes(size_t n) { return n >= LANES ? (__mmask16)0xffff : (__mmask16)((1u << n) - 1); }

static inline vec v_set(float x) { return _mm512_set1_ps(x); }
static inline vec v_load(const float *in) { return _mm512_loadu_ps(in); }
static inline void v_store(float *out, vec v) { _mm512_storeu_ps(out, v); }
static inline vec v_load_part(const float *in, size_t n) { return _mm512_maskz_loadu_ps(first_lanes(n), in); }
static inline void v_store_part(float *out, vec v, size_t n) { _mm512_mask_storeu_ps(out, first_lanes(n), v); }
static inline vec v_keep(vec v, size_t n) { return _mm512_maskz_mov_ps(first_lanes(n), v); }
static inline vec v_add(vec a, vec b) { return _mm512_add_ps(a, b); }
static inline vec v_sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
static inline vec v_mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
static inline vec v_div(vec a, vec b) { return _mm512_div_ps(a, b); }
static inline vec v_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
static inline vec v_nfma(vec a, vec b, vec c) { return _mm512_fnmadd_ps(a, b, c); }      /* c - a b */
/* The second operand comes through when it is NaN. */
static inline vec v_max(vec a, vec b) { return _mm512_max_ps(a, b); }
static inline vec v_min(vec a, vec b) { return _mm512_min_ps(a, b); }
static inline vec v_round(vec v) { return _mm512_roundscale_ps(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
static inline vec v_scale(vec v, vec n) { return _mm512_scalef_ps(v, n); }               /* v 2^n */

/* x > limit ? a : b */
static inline vec v_choose_above(vec x, float limit, vec a, vec b)
{
	return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(x, v_set(limit), _CMP_GT_OQ), b, a);
}

/* v = m 2^e with m around 1, from 0.707 on. */
static inline vec v_mantissa(vec v, vec *e)
{
	__m512i bits = _mm512_castps_si512(v);
	__m512i power = _mm512_srai_epi32(_mm512_sub_epi32(bits, _mm512_set1_epi32(0x3f3504f3)), 23);

	*e = _mm512_cvtepi32_ps(power);
	return _mm512_castsi512_ps(_mm512_sub_epi32(bits, _mm512_slli_epi32(power, 23)));
}

static inline vec v_widen_f16(const uint16_t *in) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)in)); }
static inline vec v_widen_f16_part(const uint16_t *in, size_t n) { return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(first_lanes(n), in)); }

static inline vec bf16_to_vec(__m256i half) { return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16)); }
static inline vec v_widen_bf16(const uint16_t *in) { return bf16_to_vec(_mm256_loadu_si256((const __m256i *)(const void *)in)); }
static inline vec v_widen_bf16_part(const uint16_t *in, size_t n) { return bf16_to_vec(_mm256_maskz_loadu_epi16(first_lanes(n), in)); }

/* The sum of each: lanes i and i + 8, then i + 4, i + 2, i + 1. */
static inline void v_sum4(vec a, vec b, vec c, vec d, float out[4])
{
	vec ab = v_add(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
	vec cd = v_add(_mm512_shuffle_f32x4(c, d, 0x44), _mm512_shuffle_f32x4(c, d, 0xee));
	vec all = v_add(_mm512_shuffle_f32x4(ab, cd, 0x88), _mm512_shuffle_f32x4(ab, cd, 0xdd));

	all = v_add(all, _mm512_permute_ps(all, 0x4e));
	all = v_add(all, _mm512_permute_ps(all, 0xb1));
	all = _mm512_permutexvar_ps(_mm512_set_epi32(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 8, 4, 0), all);
	_mm_storeu_ps(out, _mm512_castps512_ps128(all));
}

#include "kernels/cpu/vector_kernels.h"
