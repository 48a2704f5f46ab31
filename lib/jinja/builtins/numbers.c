/* SPDX-License-Identifier: Apache-2.0 */
/* numbers.c - filters on numbers, and on texts that stand for them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/builtins/loop.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool ascii_number(struct jinja *jinja, const struct jinja_text *text, char out[64])
{
	size_t begin = 0, end = text->n, n = 0, size;

	jinja->work += text->n;         /* the next instruction asks whether that is too much */
	while (begin < end && krait__jinja_space(text->data + begin, end - begin, &size))
		begin += size;
	while (end > begin && krait__jinja_space(text->data + end - 1, 1, &size))
		end--;
	if (end - begin == 0 || end - begin >= 60)
		return false;
	for (size_t i = begin; i < end; i++) {
		char c = text->data[i];

		if (!((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.' || c == 'e' || c == 'E'))
			return false;
		out[n++] = c;
	}
	out[n] = 0;
	return true;
}

/* Digits with a sign, a point and an exponent; the point is taken out, so that no locale matters. */
static bool read_float(const char *text, double *out)
{
	char plain[96];
	size_t n = 0, n_digits = 0;
	long exponent = 0;
	bool point = false;
	const char *end;

	if (*text == '+' || *text == '-')
		plain[n++] = *text++;
	for (; (*text >= '0' && *text <= '9') || (*text == '.' && !point); text++) {
		if (*text == '.') {
			point = true;
			continue;
		}
		plain[n++] = *text;
		n_digits++;
		exponent -= point;
	}
	if (!n_digits)
		return false;
	if (*text) {
		if (*text != 'e' && *text != 'E')
			return false;
		if (!text[1] || ((text[1] == '+' || text[1] == '-') && !text[2]))
			return false;
		exponent += krait__jinja_exponent(text + 1, &end);
		if (*end)
			return false;
	}
	plain[n++] = 'e';
	krait__jinja_digits(plain + n, exponent);
	*out = strtod(plain, NULL);
	return true;
}

static bool read_integer(const char *text, int64_t *out)
{
	bool minus = *text == '-';

	*out = 0;
	text += *text == '-' || *text == '+';
	if (!*text)
		return false;
	for (; *text >= '0' && *text <= '9'; text++)
		if (__builtin_mul_overflow(*out, 10, out) || __builtin_sub_overflow(*out, *text - '0', out))
			return false;
	if (*text || (!minus && *out == INT64_MIN))
		return false;
	*out = minus ? *out : -*out;
	return true;
}

static bool truncated(struct jinja *jinja, double real, struct jinja_value fallback, struct jinja_value *out)
{
	if (isnan(real)) {
		*out = fallback;
		return true;
	}
	if (!(fabs(real) < 0x1p63))
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "an integer of more than 64 bits");
	*out = jinja_int((int64_t)real);
	return true;
}

static bool filter_int(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	struct jinja_value fallback = arguments[1].kind == VALUE_MISSING ? jinja_int(0) : arguments[1];
	char text[64];
	int64_t integer;
	double real;

	if (arguments[2].kind != VALUE_MISSING && !(arguments[2].kind == VALUE_INT && arguments[2].as.integer == 10))
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED,
			"the filter 'int' with a base is not supported");
	if (!krait__jinja_need_defined(jinja, arguments[0]))
		return false;
	*out = fallback;
	if (arguments[0].kind == VALUE_BIG)
		*out = arguments[0];
	else if (jinja_is_integer(arguments[0]))
		*out = jinja_int(jinja_integer(arguments[0]));
	else if (arguments[0].kind == VALUE_FLOAT)
		return truncated(jinja, arguments[0].as.real, fallback, out);
	else if (arguments[0].kind == VALUE_TEXT && ascii_number(jinja, arguments[0].as.text, text)) {
		if (read_integer(text, &integer))
			*out = jinja_int(integer);
		else if (read_float(text, &real))
			return truncated(jinja, real, fallback, out);
	} else if (arguments[0].kind == VALUE_TEXT && arguments[0].as.text->n >= 60) {
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "a number of more than 60 characters");
	}
	out->plain = true;
	return true;
}

static bool filter_float(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	char text[64];
	double real;

	if (!krait__jinja_need_defined(jinja, arguments[0]))
		return false;
	*out = arguments[1].kind == VALUE_MISSING ? jinja_float(0) : arguments[1];
	if (arguments[0].kind == VALUE_BIG)
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "an integer of more than 64 bits as a float");
	if (jinja_is_number(arguments[0]))
		*out = jinja_float(jinja_real(arguments[0]));
	else if (arguments[0].kind == VALUE_TEXT && ascii_number(jinja, arguments[0].as.text, text)
		&& read_float(text, &real))
		*out = jinja_float(real);
	out->plain = true;
	return true;
}

static bool filter_abs(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	if (!krait__jinja_need_defined(jinja, arguments[0]))
		return false;
	if (arguments[0].kind == VALUE_BIG)
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "an integer of more than 64 bits");
	if (!jinja_is_number(arguments[0]))
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "the filter 'abs' takes no %s",
			krait__jinja_type(arguments[0]));
	return krait__jinja_negate(jinja, signbit(jinja_real(arguments[0])) != 0, arguments[0], out);
}

/* Decimal places need exact decimal arithmetic and are refused. */
static bool no_places(struct jinja *jinja, struct jinja_value places)
{
	if (places.kind == VALUE_MISSING || (jinja_is_integer(places) && jinja_integer(places) == 0))
		return true;
	if (jinja_is_integer(places) || places.kind == VALUE_NONE)
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED,
			"the filter 'round' to decimal places is not supported");
	return krait__jinja_need_defined(jinja, places)
		&& krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "the filter 'round' takes a number of places, not a %s",
			krait__jinja_type(places));
}

/* To the even neighbour and with its sign, as Python rounds; `ceil` and `floor` give no -0.0. */
static double rounded(double x, bool ceiling, bool flooring)
{
	if (ceiling || flooring)
		return (ceiling ? ceil(x) : floor(x)) + 0.0;
	return isfinite(x) ? copysign(x - remainder(x, 1.0), x) : x;
}

static bool filter_round(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	const struct jinja_value number = arguments[0], method = arguments[2];
	bool ceiling = krait__jinja_is(method, "ceil"), flooring = krait__jinja_is(method, "floor");
	bool common = method.kind == VALUE_MISSING || krait__jinja_is(method, "common");

	if (!krait__jinja_need_defined(jinja, number))
		return false;
	if (number.kind == VALUE_BIG)
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "an integer of more than 64 bits");
	if (!jinja_is_number(number) || !(ceiling || flooring || common))
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE,
			"the filter 'round' takes a number and 'common', 'ceil' or 'floor'");
	if (!no_places(jinja, arguments[1]))
		return false;
	if (jinja_is_integer(number) && common) {
		*out = jinja_int(jinja_integer(number));
	} else if (!common && !isfinite(jinja_real(number))) {
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "an infinite number has no integer beside it");
	} else {
		*out = jinja_float(rounded(jinja_real(number), ceiling, flooring));
	}
	out->plain = number.plain;
	return true;
}
const struct jinja_callable krait__jinja_number_filters[] = {
	{ "int", filter_int, "default base", 0 },
	{ "float", filter_float, "default", 0 },
	{ "abs", filter_abs, "", 0 },
	{ "round", filter_round, "precision method", 0 },
	{ 0 },
};
