/* SPDX-License-Identifier: Apache-2.0 */
/* dtype.c - conversions in plain C: the definition that the kernels' own are held to. */
#include "base/dtype.h"

static const struct { const char *name; size_t size; } types[] = {
	[DTYPE_F32] = { "f32", 4 }, [DTYPE_F16] = { "f16", 2 }, [DTYPE_BF16] = { "bf16", 2 },
	[DTYPE_F64] = { "f64", 8 }, [DTYPE_I64] = { "i64", 8 }, [DTYPE_I32] = { "i32", 4 },
	[DTYPE_I16] = { "i16", 2 }, [DTYPE_I8] = { "i8", 1 }, [DTYPE_U8] = { "u8", 1 },
	[DTYPE_BOOL] = { "bool", 1 }, [DTYPE_OTHER] = { "other", 0 },
};

size_t krait__dtype_size(enum dtype type)
{
	return types[type].size;
}

const char *krait__dtype_name(enum dtype type)
{
	return types[type].name;
}

float krait__f16_to_float(uint16_t bits)
{
	uint32_t sign = (uint32_t)(bits & 0x8000) << 16;
	uint32_t exponent = bits >> 10 & 0x1f, fraction = bits & 0x3ff;

	if (exponent == 0x1f)
		return krait__float_from_bits(sign | 0x7f800000 | fraction << 13);
	if (exponent)
		return krait__float_from_bits(sign | (exponent + 112) << 23 | fraction << 13);
	/* subnormal: fraction * 2^-24, exact in float32 */
	return krait__float_from_bits(sign | krait__bits_from_float((float)fraction * 0x1p-24f));
}

uint16_t krait__bf16_from_float(float value)
{
	uint32_t bits = krait__bits_from_float(value);

	if ((bits & 0x7fffffff) > 0x7f800000)
		return (uint16_t)(bits >> 16 | 0x40);
	return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

uint16_t krait__f16_from_float(float value)
{
	uint32_t bits = krait__bits_from_float(value), magnitude = bits & 0x7fffffff;
	uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);

	if (magnitude > 0x7f800000)
		return (uint16_t)(sign | 0x7e00 | (magnitude >> 13 & 0x3ff));
	if (magnitude >= 0x477ff000)            /* rounds to 65536 or more */
		return sign | 0x7c00;
	if (magnitude < 0x38800000) {           /* below 2^-14: adding 0.5 leaves fraction * 2^24 in the low bits, rounded */
		float shifted = krait__float_from_bits(magnitude) + 0.5f;

		return (uint16_t)(sign | (krait__bits_from_float(shifted) - 0x3f000000));
	}
	magnitude += 0xc8000fff + (magnitude >> 13 & 1);
	return (uint16_t)(sign | magnitude >> 13);
}

void krait__widen(float *out, const void *data, enum dtype type, size_t n)
{
	const unsigned char *at = data;
	uint16_t half;

	if (type == DTYPE_F32) {
		memcpy(out, data, n * sizeof(*out));
		return;
	}
	for (size_t i = 0; i < n; i++) {
		memcpy(&half, at + 2 * i, 2);
		out[i] = type == DTYPE_F16 ? krait__f16_to_float(half) : krait__bf16_to_float(half);
	}
}

void krait__narrow(void *out, enum dtype type, const float *data, size_t n)
{
	unsigned char *at = out;

	if (type == DTYPE_F32) {
		memcpy(out, data, n * sizeof(*data));
		return;
	}
	for (size_t i = 0; i < n; i++) {
		uint16_t half = type == DTYPE_F16 ? krait__f16_from_float(data[i]) : krait__bf16_from_float(data[i]);

		memcpy(at + 2 * i, &half, 2);
	}
}
