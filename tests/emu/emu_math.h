/* SPDX-License-Identifier: Apache-2.0 */
/* emu_math.h - arithmetic intrinsics. Fast ones are libm's: more exact than a GPU's. */
#ifndef EMU_MATH_H
#define EMU_MATH_H

namespace emu {

template <class D, class S> inline D bits(S s)
{
	D d;

	static_assert(sizeof d == sizeof s, "a cast of bits");
	__builtin_memcpy(&d, &s, sizeof d);
	return d;
}

inline float exp2_flushed(float x)
{
	float y = exp2f(x);

	return fabsf(y) < 1.17549435e-38f ? 0.0f : y;
}

inline unsigned logic3(unsigned table, unsigned a, unsigned b, unsigned c)
{
	unsigned d = 0;

	for (int i = 0; i < 32; i++)
		d |= (table >> ((a >> i & 1) << 2 | (b >> i & 1) << 1 | (c >> i & 1)) & 1) << i;
	return d;
}

}  // namespace emu

inline int __float_as_int(float f) { return emu::bits<int>(f); }
inline unsigned __float_as_uint(float f) { return emu::bits<unsigned>(f); }
inline float __int_as_float(int i) { return emu::bits<float>(i); }
inline float __uint_as_float(unsigned i) { return emu::bits<float>(i); }
inline long long __double_as_longlong(double d) { return emu::bits<long long>(d); }
inline double __longlong_as_double(long long i) { return emu::bits<double>(i); }

inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __clz(int x) { return x != 0 ? __builtin_clz(unsigned(x)) : 32; }
inline int __clzll(long long x) { return x != 0 ? __builtin_clzll((unsigned long long)x) : 64; }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline unsigned __brev(unsigned x)
{
	unsigned r = 0;

	for (int i = 0; i < 32; i++)
		r |= (x >> i & 1) << (31 - i);
	return r;
}
inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned(uint64_t(a) * b >> 32); }
inline unsigned long long __umul64hi(unsigned long long a, unsigned long long b) { return (unsigned long long)((unsigned __int128)a * b >> 64); }
inline int __mul24(int a, int b) { return a * b; }
inline unsigned __funnelshift_l(unsigned lo, unsigned hi, unsigned s) { return unsigned(((uint64_t(hi) << 32 | lo) << (s & 31)) >> 32); }
inline unsigned __funnelshift_r(unsigned lo, unsigned hi, unsigned s) { return unsigned((uint64_t(hi) << 32 | lo) >> (s & 31)); }
inline unsigned __byte_perm(unsigned a, unsigned b, unsigned s)
{
	uint64_t v = a | uint64_t(b) << 32;
	unsigned r = 0;

	for (int i = 0; i < 4; i++) {
		unsigned k = s >> 4 * i, c = unsigned(v >> 8 * (k & 7)) & 255;

		if ((k & 8) != 0)       /* the sign, eight times */
			c = (c & 128) != 0 ? 255 : 0;
		r |= c << 8 * i;
	}
	return r;
}
inline int __dp4a(int a, int b, int c)
{
	for (int i = 0; i < 4; i++)
		c += int(int8_t(a >> 8 * i)) * int(int8_t(b >> 8 * i));
	return c;
}

#define EMU_MIN_MAX(T) \
	inline T min(T a, T b) { return b < a ? b : a; } \
	inline T max(T a, T b) { return a < b ? b : a; }
EMU_MIN_MAX(int) EMU_MIN_MAX(unsigned) EMU_MIN_MAX(long) EMU_MIN_MAX(unsigned long) EMU_MIN_MAX(long long) EMU_MIN_MAX(unsigned long long)
inline float min(float a, float b) { return fminf(a, b); }
inline float max(float a, float b) { return fmaxf(a, b); }
inline double min(double a, double b) { return fmin(a, b); }
inline double max(double a, double b) { return fmax(a, b); }

inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
inline double rsqrt(double x) { return 1.0 / sqrt(x); }
inline float __frsqrt_rn(float x) { return float(1.0 / sqrt(double(x))); }
inline float __frcp_rn(float x) { return 1.0f / x; }
inline float __fsqrt_rn(float x) { return sqrtf(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline float __fdiv_rn(float a, float b) { return a / b; }
inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fsub_rn(float a, float b) { return a - b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline double __dadd_rn(double a, double b) { return a + b; }
inline double __dmul_rn(double a, double b) { return a * b; }
inline float __fmaf_rn(float a, float b, float c) { return fmaf(a, b, c); }
inline float __saturatef(float x) { return x > 0 ? (x < 1 ? x : 1.0f) : 0.0f; }
inline float __tanhf(float x) { return tanhf(x); }
inline int __float2int_rn(float x) { return int(nearbyintf(x)); }
inline int __float2int_rz(float x) { return int(x); }
inline int __float2int_rd(float x) { return int(floorf(x)); }
inline int __float2int_ru(float x) { return int(ceilf(x)); }
inline unsigned __float2uint_rn(float x) { return x > 0 ? unsigned(nearbyintf(x)) : 0u; }
inline unsigned __float2uint_rz(float x) { return x > 0 ? unsigned(x) : 0u; }
inline float __int2float_rn(int x) { return float(x); }
inline float __uint2float_rn(unsigned x) { return float(x); }
/* The C library declares some of these names itself: macros are the one way to have CUDA's. */
#define __expf(x) (::expf(x))
#define __exp10f(x) (::powf(10.0f, (x)))
#define __logf(x) (::logf(x))
#define __log2f(x) (::log2f(x))
#define __log10f(x) (::log10f(x))
#define __sinf(x) (::sinf(x))
#define __cosf(x) (::cosf(x))
#define __powf(x, y) (::powf((x), (y)))

inline __half2 __hfma2(__half2 a, __half2 b, __half2 c)
{
	float2 x = __half22float2(a), y = __half22float2(b), z = __half22float2(c);

	return __floats2half2_rn(fmaf(x.x, y.x, z.x), fmaf(x.y, y.y, z.y));
}
inline __half __hfma(__half a, __half b, __half c) { return __float2half_rn(fmaf(__half2float(a), __half2float(b), __half2float(c))); }
inline __nv_bfloat162 __hfma2(__nv_bfloat162 a, __nv_bfloat162 b, __nv_bfloat162 c)
{
	float2 x = __bfloat1622float2(a), y = __bfloat1622float2(b), z = __bfloat1622float2(c);

	return __floats2bfloat162_rn(fmaf(x.x, y.x, z.x), fmaf(x.y, y.y, z.y));
}
inline __nv_bfloat16 __hfma(__nv_bfloat16 a, __nv_bfloat16 b, __nv_bfloat16 c)
{
	return __float2bfloat16_rn(fmaf(__bfloat162float(a), __bfloat162float(b), __bfloat162float(c)));
}

#endif
