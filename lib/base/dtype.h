/* SPDX-License-Identifier: Apache-2.0 */
/* dtype.h - element types of weights and their conversions to and from float32. */
#ifndef KRAIT_BASE_DTYPE_H
#define KRAIT_BASE_DTYPE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Weights, states and caches stand in files with their lowest byte first, and are used where they lie, mapped. */
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "krait needs a little-endian machine: it uses weights as they lie in their files, lowest byte first"
#endif

enum dtype {
	DTYPE_F32, DTYPE_F16, DTYPE_BF16,       /* what engines compute from */
	DTYPE_F64, DTYPE_I64, DTYPE_I32, DTYPE_I16, DTYPE_I8, DTYPE_U8, DTYPE_BOOL,     /* may stand in files; no weight of a model has one */
	DTYPE_OTHER                             /* named in a file, never loaded */
};

size_t krait__dtype_size(enum dtype type);              /* bytes; 0 for DTYPE_OTHER */
const char *krait__dtype_name(enum dtype type);         /* "f32" */

static inline float krait__float_from_bits(uint32_t bits) { float value; memcpy(&value, &bits, 4); return value; }
static inline uint32_t krait__bits_from_float(float value) { uint32_t bits; memcpy(&bits, &value, 4); return bits; }
static inline float krait__bf16_to_float(uint16_t bits) { return krait__float_from_bits((uint32_t)bits << 16); }
float krait__f16_to_float(uint16_t bits);
uint16_t krait__bf16_from_float(float value);           /* to nearest, ties to even */
uint16_t krait__f16_from_float(float value);            /* to nearest, ties to even; beyond the range: infinity */

/* n elements, unaligned sources allowed. F32, F16 and BF16 only. */
void krait__widen(float *out, const void *data, enum dtype type, size_t n);
void krait__narrow(void *out, enum dtype type, const float *data, size_t n);

#endif
