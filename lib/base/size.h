/* SPDX-License-Identifier: Apache-2.0 */
/* size.h - checked arithmetic for every size that comes from a file or a caller. */
#ifndef KRAIT_BASE_SIZE_H
#define KRAIT_BASE_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool krait__mul_size(size_t *out, size_t a, size_t b) { return !__builtin_mul_overflow(a, b, out); }
static inline bool krait__add_size(size_t *out, size_t a, size_t b) { return !__builtin_add_overflow(a, b, out); }
static inline bool krait__mul_u64(uint64_t *out, uint64_t a, uint64_t b) { return !__builtin_mul_overflow(a, b, out); }
static inline bool krait__add_u64(uint64_t *out, uint64_t a, uint64_t b) { return !__builtin_add_overflow(a, b, out); }

/* The one place that decides whether `length` bytes at `offset` lie within `total`. */
static inline bool krait__span_ok(uint64_t offset, uint64_t length, uint64_t total)
{
	return offset <= total && length <= total - offset;
}

/* The product of a shape; false when it overflows. Rank 0 is 1; any 0 makes 0, if
 * the other factors alone do not overflow. */
static inline bool krait__shape_product(uint64_t *out, const uint64_t *shape, size_t rank)
{
	*out = 1;
	for (size_t i = 0; i < rank; i++)
		if (!krait__mul_u64(out, *out, shape[i]))
			return false;
	return true;
}

#endif
