/* SPDX-License-Identifier: Apache-2.0 */
/* operators.c - arithmetic as Python defines it, on integers of 64 bits. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/value/value.h"

#include <math.h>
#include <string.h>

static bool too_large(struct jinja *jinja)
{
	return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "an integer of more than 64 bits");
}

static bool divided_by_zero(struct jinja *jinja)
{
	return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "division by zero");
}

static bool integer_divide(struct jinja *jinja, enum jinja_binary op, int64_t a, int64_t b, struct jinja_value *out)
{
	int64_t quotient, rest;

	if (b == 0)
		return divided_by_zero(jinja);
	if (op == BINARY_DIV) {
		*out = jinja_float((double)a / (double)b);
		return true;
	}
	if (b == -1) {          /* the one case that overflows */
		if (op == BINARY_FLOORDIV && a == INT64_MIN)
			return too_large(jinja);
		*out = jinja_int(op == BINARY_MOD ? 0 : -a);
		return true;
	}
	quotient = a / b;
	rest = a % b;
	if (rest && (rest < 0) != (b < 0)) {
		quotient--;
		rest += b;
	}
	*out = jinja_int(op == BINARY_MOD ? rest : quotient);
	return true;
}

static bool integer_power(struct jinja *jinja, int64_t a, int64_t b, struct jinja_value *out)
{
	int64_t result = 1;

	if (b < 0) {
		if (a == 0)
			return divided_by_zero(jinja);
		*out = jinja_float(pow((double)a, (double)b));
		return true;
	}
	if (a == 0 || a == 1 || a == -1) {
		*out = jinja_int(b == 0 || (a == -1 && b % 2 == 0) ? 1 : a);
		return true;
	}
	for (int64_t i = 0; i < b; i++)
		if (__builtin_mul_overflow(result, a, &result))
			return too_large(jinja);
	*out = jinja_int(result);
	return true;
}

static bool integers(struct jinja *jinja, enum jinja_binary op, int64_t a, int64_t b, struct jinja_value *out)
{
	int64_t result = 0;
	bool overflow = false;

	switch (op) {
	case BINARY_ADD:
		overflow = __builtin_add_overflow(a, b, &result);
		break;
	case BINARY_SUB:
		overflow = __builtin_sub_overflow(a, b, &result);
		break;
	case BINARY_MUL:
		overflow = __builtin_mul_overflow(a, b, &result);
		break;
	case BINARY_POW:
		return integer_power(jinja, a, b, out);
	default:
		return integer_divide(jinja, op, a, b, out);
	}
	*out = jinja_int(result);
	return !overflow || too_large(jinja);
}

static double float_modulo(double a, double b)
{
	double rest = fmod(a, b);

	if (rest == 0)
		return copysign(0.0, b);
	return (rest < 0) != (b < 0) ? rest + b : rest;
}

static double float_floor_divide(double a, double b)
{
	double rest = fmod(a, b), quotient = (a - rest) / b, floored;

	if (rest != 0 && (rest < 0) != (b < 0))
		quotient -= 1;
	if (quotient == 0)
		return copysign(0.0, a / b);
	floored = floor(quotient);
	return quotient - floored > 0.5 ? floored + 1 : floored;
}

static bool floats(struct jinja *jinja, enum jinja_binary op, double a, double b, struct jinja_value *out)
{
	if (b == 0 && (op == BINARY_DIV || op == BINARY_FLOORDIV || op == BINARY_MOD))
		return divided_by_zero(jinja);
	switch (op) {
	case BINARY_ADD:
		*out = jinja_float(a + b);
		return true;
	case BINARY_SUB:
		*out = jinja_float(a - b);
		return true;
	case BINARY_MUL:
		*out = jinja_float(a * b);
		return true;
	case BINARY_DIV:
		*out = jinja_float(a / b);
		return true;
	case BINARY_MOD:
		*out = jinja_float(float_modulo(a, b));
		return true;
	case BINARY_FLOORDIV:
		*out = jinja_float(float_floor_divide(a, b));
		return true;
	default:
		if (a == 0 && b < 0)
			return divided_by_zero(jinja);
		if (a < 0 && b != floor(b))
			return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "complex numbers are not supported");
		*out = jinja_float(pow(a, b));
		return isfinite(out->as.real) || !isfinite(a) || !isfinite(b)
			|| krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "the result of ** is too large");
	}
}

static bool join_lists(struct jinja *jinja, struct jinja_value a, struct jinja_value b, struct jinja_value *out)
{
	size_t n = a.as.list->n;

	if (!krait__jinja_list(jinja, out, a.kind, n + b.as.list->n))
		return false;
	if (n)
		memcpy(out->as.list->items, a.as.list->items, n * sizeof(struct jinja_value));
	if (b.as.list->n)
		memcpy(out->as.list->items + n, b.as.list->items, b.as.list->n * sizeof(struct jinja_value));
	return true;
}

static bool repeat(struct jinja *jinja, struct jinja_value what, int64_t times, struct jinja_value *out)
{
	size_t n = what.kind == VALUE_TEXT ? what.as.text->n : what.as.list->n,
	       count = times > 0 && n ? (size_t)times : 0;
	struct jinja_chars chars = { 0 };

	if (count && count > jinja->limits->text / n)
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "a repetition of more than %zu MiB",
			jinja->limits->text >> 20);
	if (what.kind == VALUE_TEXT) {
		for (size_t i = 0; i < count; i++)
			if (!jinja_add_text(jinja, &chars, what.as.text))
				return false;
		return krait__jinja_take(jinja, out, &chars);
	}
	if (!krait__jinja_list(jinja, out, what.kind, n * count))
		return false;
	for (size_t i = 0; i < count; i++)
		memcpy(out->as.list->items + i * n, what.as.list->items, n * sizeof(struct jinja_value));
	return true;
}

static bool is_repeatable(struct jinja_value v)
{
	return v.kind == VALUE_TEXT || v.kind == VALUE_LIST || v.kind == VALUE_TUPLE;
}

bool krait__jinja_binary(struct jinja *jinja, enum jinja_binary op, struct jinja_value a, struct jinja_value b,
	struct jinja_value *out)
{
	static const char *const symbols[] = { "+", "-", "*", "/", "//", "%", "**" };

	if (!krait__jinja_need_defined(jinja, a) || !krait__jinja_need_defined(jinja, b))
		return false;
	if (jinja_is_number(a) && jinja_is_number(b)) {
		bool done = jinja_is_integer(a) && jinja_is_integer(b)
			? integers(jinja, op, jinja_integer(a), jinja_integer(b), out)
			: floats(jinja, op, jinja_real(a), jinja_real(b), out);

		out->plain = a.plain || b.plain;
		return done;
	}
	if (op == BINARY_ADD && a.kind == VALUE_TEXT && b.kind == VALUE_TEXT)
		return krait__jinja_concat(jinja, out, a.as.text, b.as.text);
	if (op == BINARY_ADD && a.kind == b.kind && (a.kind == VALUE_LIST || a.kind == VALUE_TUPLE))
		return join_lists(jinja, a, b, out);
	if (op == BINARY_MUL && is_repeatable(a) && jinja_is_integer(b))
		return repeat(jinja, a, jinja_integer(b), out);
	if (op == BINARY_MUL && is_repeatable(b) && jinja_is_integer(a))
		return repeat(jinja, b, jinja_integer(a), out);
	if (op == BINARY_MOD && a.kind == VALUE_TEXT)
		return krait__jinja_format(jinja, a.as.text, b, out);
	if (a.kind == VALUE_BIG || b.kind == VALUE_BIG)
		return too_large(jinja);
	if (op == BINARY_SUB && a.kind == VALUE_VIEW)
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "sets are not supported");
	return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "'%s' cannot take a %s and a %s", symbols[op],
		krait__jinja_type(a), krait__jinja_type(b));
}

bool krait__jinja_negate(struct jinja *jinja, bool minus, struct jinja_value a, struct jinja_value *out)
{
	if (!krait__jinja_need_defined(jinja, a))
		return false;
	if (a.kind == VALUE_BIG)
		return too_large(jinja);
	if (!jinja_is_number(a))
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "the sign '%s' before a %s", minus ? "-" : "+",
			krait__jinja_type(a));
	if (a.kind == VALUE_FLOAT)
		*out = jinja_float(minus ? -a.as.real : a.as.real);
	else if (minus && jinja_integer(a) == INT64_MIN)
		return too_large(jinja);
	else
		*out = jinja_int(minus ? -jinja_integer(a) : jinja_integer(a));
	out->plain = a.plain;
	return true;
}
