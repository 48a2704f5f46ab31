/* SPDX-License-Identifier: Apache-2.0 */
/* test_dtype.c - the small types by their definition: every value of both, every border between two. */
#include "base/dtype.h"
#include "support.h"

#include <math.h>

typedef uint16_t narrow_fn(float value);
typedef float widen_fn(uint16_t bits);

static float widen_bf16(uint16_t bits)
{
	return krait__bf16_to_float(bits);
}

static const struct kind {
	enum dtype type;
	narrow_fn *narrow;
	widen_fn *widen;
	int fraction, exponents, least;         /* bits of both; the exponent of the smallest normal number */
} kinds[] = {
	{ DTYPE_F16, krait__f16_from_float, krait__f16_to_float, 10, 5, -14 },
	{ DTYPE_BF16, krait__bf16_from_float, widen_bf16, 7, 8, -126 },
};

static bool is_nan(const struct kind *kind, uint16_t bits)
{
	uint16_t top = (uint16_t)(((1u << kind->exponents) - 1) << kind->fraction);

	return (bits & 0x7fffu) > top;
}

/* What the bits mean, from the fields. */
static double meaning(const struct kind *kind, uint16_t bits)
{
	int exponent = (bits & 0x7fff) >> kind->fraction, fraction = bits & ((1 << kind->fraction) - 1);
	double value;

	if (exponent == (1 << kind->exponents) - 1)
		value = fraction ? (double)NAN : (double)INFINITY;
	else if (exponent == 0)
		value = ldexp(fraction, kind->least - kind->fraction);
	else
		value = ldexp(fraction + (1 << kind->fraction), kind->least - kind->fraction + exponent - 1);
	return bits & 0x8000 ? -value : value;
}

/* Each value means what its fields say, and is found again; NaN stays NaN with its sign. */
START_TEST(every_value)
{
	const struct kind *kind = &kinds[_i];

	for (uint32_t bits = 0; bits < 0x10000; bits++) {
		float wide = kind->widen((uint16_t)bits);
		double is = meaning(kind, (uint16_t)bits);
		uint16_t again = kind->narrow(wide);

		if (is_nan(kind, (uint16_t)bits)) {
			ck_assert(isnan(wide) && is_nan(kind, again) && (again & 0x8000u) == (bits & 0x8000u));
			continue;
		}
		ck_assert_msg((double)wide == is && again == bits, "%04x is %g, not %g, and becomes %04x", (unsigned)bits, (double)wide, is,
			(unsigned)again);
	}
}
END_TEST

/* A NaN whose payload lies wholly in the bits that are cut off is not to become infinity. */
START_TEST(every_nan_stays_one)
{
	const struct kind *kind = &kinds[_i];

	for (uint32_t payload = 1; payload < 1u << 23; payload = payload * 2 + (payload % 3 == 0))
		for (uint32_t sign = 0; sign < 2; sign++) {
			uint16_t narrow = kind->narrow(krait__float_from_bits(sign << 31 | 0x7f800000u | payload));

			ck_assert_msg(is_nan(kind, narrow) && narrow >> 15 == sign, "a NaN with the payload %06x becomes %04x",
				(unsigned)payload, (unsigned)narrow);
		}
}
END_TEST

/* Halfway between two neighbours the even one is taken, a bit off halfway the nearer one; past the last one infinity. */
START_TEST(every_border)
{
	const struct kind *kind = &kinds[_i];
	uint16_t infinity = (uint16_t)(((1u << kind->exponents) - 1) << kind->fraction);

	for (uint16_t low = 0; low < infinity; low++) {
		/* infinity stands where the next number would be */
		double next = low + 1 < infinity ? meaning(kind, (uint16_t)(low + 1)) : 2 * meaning(kind, low) - meaning(kind, (uint16_t)(low - 1));
		float half = (float)((meaning(kind, low) + next) / 2);
		uint16_t even = (uint16_t)(low & 1 ? low + 1 : low);

		ck_assert_msg(kind->narrow(half) == even, "%g becomes %04x, not %04x", (double)half, (unsigned)kind->narrow(half), (unsigned)even);
		ck_assert_uint_eq(kind->narrow(nextafterf(half, 0)), low);
		ck_assert_uint_eq(kind->narrow(nextafterf(half, INFINITY)), low + 1);
		ck_assert_uint_eq(kind->narrow(-half), even | 0x8000u);
	}
}
END_TEST

/* Whole rows go the same way as single numbers. */
START_TEST(rows)
{
	const struct kind *kind = &kinds[_i];
	float wide[7] = { 0, -0.0f, 1.1f, -65519.9f, INFINITY, 3e-8f, krait__float_from_bits(0x7f800001) }, back[7];
	uint16_t narrow[7];

	krait__narrow(narrow, kind->type, wide, 7);
	krait__widen(back, narrow, kind->type, 7);
	for (size_t i = 0; i < 7; i++) {
		ck_assert_uint_eq(narrow[i], kind->narrow(wide[i]));
		ck_assert(isnan(wide[i]) ? isnan(back[i]) : back[i] == kind->widen(narrow[i]));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dtype");
	TCase *tcase = tcase_create("dtype");

	tcase_add_loop_test(tcase, every_value, 0, 2);
	tcase_add_loop_test(tcase, every_nan_stays_one, 0, 2);
	tcase_add_loop_test(tcase, every_border, 0, 2);
	tcase_add_loop_test(tcase, rows, 0, 2);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
