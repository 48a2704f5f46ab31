/* SPDX-License-Identifier: Apache-2.0 */
/* tests.c - what stands behind `is`. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/value/value.h"

#define KIND_TEST(name, condition) \
	static bool name(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out) \
	{ \
		const struct jinja_value v = arguments[0]; \
		(void)jinja; \
		*out = jinja_bool(condition); \
		return true; \
	}

KIND_TEST(test_defined, v.kind != VALUE_UNDEFINED)
KIND_TEST(test_undefined, v.kind == VALUE_UNDEFINED)
KIND_TEST(test_none, v.kind == VALUE_NONE)
KIND_TEST(test_string, v.kind == VALUE_TEXT)
KIND_TEST(test_number, jinja_is_number(v) || v.kind == VALUE_BIG)
KIND_TEST(test_integer, v.kind == VALUE_INT || v.kind == VALUE_BIG)
KIND_TEST(test_float, v.kind == VALUE_FLOAT)
KIND_TEST(test_boolean, v.kind == VALUE_BOOL)
KIND_TEST(test_true, v.kind == VALUE_BOOL && v.as.truth)
KIND_TEST(test_false, v.kind == VALUE_BOOL && !v.as.truth)
KIND_TEST(test_mapping, v.kind == VALUE_DICT)
/* What is undefined has a __call__, which fails. */
KIND_TEST(test_callable,
	v.kind == VALUE_MACRO || v.kind == VALUE_FUNCTION || v.kind == VALUE_METHOD || v.kind == VALUE_LOOP
		|| v.kind == VALUE_UNDEFINED)
KIND_TEST(test_iterable,
	v.kind == VALUE_TEXT || v.kind == VALUE_LIST || v.kind == VALUE_TUPLE || v.kind == VALUE_DICT
		|| v.kind == VALUE_RANGE || v.kind == VALUE_VIEW || v.kind == VALUE_ITERATOR
		|| v.kind == VALUE_UNDEFINED || v.kind == VALUE_LOOP)
KIND_TEST(test_sequence,
	v.kind == VALUE_TEXT || v.kind == VALUE_LIST || v.kind == VALUE_TUPLE || v.kind == VALUE_DICT
		|| v.kind == VALUE_RANGE || v.kind == VALUE_UNDEFINED)

#define COMPARE_TEST(name, comparison) \
	static bool name(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out) \
	{ \
		bool holds; \
		if (!krait__jinja_compare(jinja, comparison, arguments[0], arguments[1], &holds)) \
			return false; \
		*out = jinja_bool(holds); \
		return true; \
	}

COMPARE_TEST(test_eq, COMPARE_EQ)
COMPARE_TEST(test_ne, COMPARE_NE)
COMPARE_TEST(test_lt, COMPARE_LT)
COMPARE_TEST(test_le, COMPARE_LE)
COMPARE_TEST(test_gt, COMPARE_GT)
COMPARE_TEST(test_ge, COMPARE_GE)
COMPARE_TEST(test_in, COMPARE_IN)

/* The same object: what only constants can be asked here. */
static bool test_sameas(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	if (arguments[1].kind != VALUE_NONE && arguments[1].kind != VALUE_BOOL)
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "'is sameas' of a %s is not supported",
			krait__jinja_type(arguments[1]));
	*out = jinja_bool(arguments[0].kind == arguments[1].kind
		&& (arguments[1].kind == VALUE_NONE || arguments[0].as.truth == arguments[1].as.truth));
	return true;
}

/* The rest of a division, compared with a wanted one. */
static bool rest_is(struct jinja *jinja, struct jinja_value number, struct jinja_value divisor, int64_t wanted,
	struct jinja_value *out)
{
	struct jinja_value rest;
	bool same;

	if (number.kind == VALUE_TEXT)
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "a number is needed, not a str");
	if (!krait__jinja_binary(jinja, BINARY_MOD, number, divisor, &rest)
		|| !krait__jinja_equal(jinja, rest, jinja_int(wanted), &same))
		return false;
	*out = jinja_bool(same);
	return true;
}

static bool test_odd(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return rest_is(jinja, arguments[0], jinja_int(2), 1, out);
}
static bool test_even(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return rest_is(jinja, arguments[0], jinja_int(2), 0, out);
}
static bool test_divisibleby(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return rest_is(jinja, arguments[0], arguments[1], 0, out);
}

const struct jinja_callable krait__jinja_tests[] = {
	{ "defined", test_defined, "", 0 },
	{ "undefined", test_undefined, "", 0 },
	{ "none", test_none, "", 0 },
	{ "string", test_string, "", 0 },
	{ "number", test_number, "", 0 },
	{ "integer", test_integer, "", 0 },
	{ "float", test_float, "", 0 },
	{ "boolean", test_boolean, "", 0 },
	{ "true", test_true, "", 0 },
	{ "false", test_false, "", 0 },
	{ "mapping", test_mapping, "", 0 },
	{ "callable", test_callable, "", 0 },
	{ "iterable", test_iterable, "", 0 },
	{ "sequence", test_sequence, "", 0 },
	{ "odd", test_odd, "", 0 },
	{ "even", test_even, "", 0 },
	{ "divisibleby", test_divisibleby, "num", 1 },
	{ "eq", test_eq, "other", 1 }, { "equalto", test_eq, "other", 1 }, { "==", test_eq, "other", 1 },
	{ "ne", test_ne, "other", 1 }, { "!=", test_ne, "other", 1 },
	{ "lt", test_lt, "other", 1 }, { "lessthan", test_lt, "other", 1 }, { "<", test_lt, "other", 1 },
	{ "le", test_le, "other", 1 }, { "<=", test_le, "other", 1 },
	{ "gt", test_gt, "other", 1 }, { "greaterthan", test_gt, "other", 1 }, { ">", test_gt, "other", 1 },
	{ "ge", test_ge, "other", 1 }, { ">=", test_ge, "other", 1 },
	{ "sameas", test_sameas, "other", 1 },
	{ "in", test_in, "seq", 1 },
	{ 0 },
};
