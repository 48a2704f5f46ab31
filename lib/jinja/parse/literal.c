/* SPDX-License-Identifier: Apache-2.0 */
/* literal.c - string and number literals of chat templates. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/utf8.h"
#include "jinja/parse/code.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool add_code(struct jinja *jinja, struct jinja_chars *out, uint32_t c)
{
	char bytes[4];

	if (c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED,
			"a string with an escape for what is no character");
	return krait__jinja_add(jinja, out, bytes, krait__utf8_put(bytes, c), true);
}

static bool hex_escape(struct jinja *jinja, struct jinja_chars *out, const char *at, size_t left, size_t n_digits)
{
	uint32_t c = 0;

	if (left < n_digits)
		return krait__jinja_fail(jinja, JINJA_ERROR_SYNTAX, "a string with a shortened escape");
	for (size_t i = 0; i < n_digits; i++) {
		int digit = hex_digit(at[i]);

		if (digit < 0 || c > 0x10ffff)
			return krait__jinja_fail(jinja, JINJA_ERROR_SYNTAX, "a string with a wrong escape");
		c = c * 16 + (uint32_t)digit;
	}
	return add_code(jinja, out, c);
}

static size_t octal_escape(const char *at, size_t left, uint32_t *c)
{
	size_t n = 0;

	for (*c = 0; n < 3 && n < left && at[n] >= '0' && at[n] <= '7'; n++)
		*c = *c * 8 + (uint32_t)(at[n] - '0');
	return n;
}

/* One escape, `at` behind its backslash; *n what it takes there. */
static bool escape(struct jinja *jinja, struct jinja_chars *out, const char *at, size_t left, size_t *n)
{
	static const char letters[] = "abfnrtv\\'\"", bytes[] = "\a\b\f\n\r\t\v\\'\"";
	const char *letter = *at ? strchr(letters, *at) : NULL;
	uint32_t c;

	*n = 1;
	if (letter)
		return krait__jinja_add(jinja, out, &bytes[letter - letters], 1, true);
	switch (*at) {
	case '\n':
		return true;
	case 'x':
		*n = 3;
		return hex_escape(jinja, out, at + 1, left - 1, 2);
	case 'u':
		*n = 5;
		return hex_escape(jinja, out, at + 1, left - 1, 4);
	case 'U':
		*n = 9;
		return hex_escape(jinja, out, at + 1, left - 1, 8);
	case 'N':
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "the escape \\N is not supported");
	default:
		*n = octal_escape(at, left, &c);
		if (*n)
			return add_code(jinja, out, c);
		*n = 0;         /* not an escape: the backslash stays, and what follows it too */
		return krait__jinja_add(jinja, out, "\\", 1, true);
	}
}

bool krait__jinja_string_literal(struct jinja *jinja, const struct jinja_lexeme *token, struct jinja_chars *out)
{
	const char *at = token->data, *end = at + token->n;

	while (at < end) {
		const char *backslash = memchr(at, '\\', (size_t)(end - at)), *stop = backslash ? backslash : end;
		size_t n = 0;

		if (!krait__jinja_add(jinja, out, at, (size_t)(stop - at), true))
			return false;
		at = stop;
		if (at < end) {
			if (!escape(jinja, out, at + 1, (size_t)(end - at - 1), &n))
				return false;
			at += 1 + n;
		}
	}
	return true;
}

static int base_of(char letter)
{
	if (letter == 'x' || letter == 'X')
		return 16;
	return letter == 'o' || letter == 'O' ? 8 : 2;
}

static bool integer(struct jinja *jinja, const char *digits, struct jinja_value *out)
{
	int base = 10;
	int64_t result = 0;
	const char *at = digits;

	if (at[0] == '0' && at[1] && !(at[1] >= '0' && at[1] <= '9')) {
		base = base_of(at[1]);
		at += 2;
		if (!*at)
			return krait__jinja_fail(jinja, JINJA_ERROR_SYNTAX, "a number without digits");
	} else if (at[0] == '0' && strspn(at, "0") != strlen(at)) {
		return krait__jinja_fail(jinja, JINJA_ERROR_SYNTAX, "a number that begins with 0");
	}
	for (; *at; at++) {
		int digit = hex_digit(*at);

		if (digit < 0 || digit >= base)
			return krait__jinja_fail(jinja, JINJA_ERROR_SYNTAX, "a wrong number");
		if (__builtin_mul_overflow(result, base, &result) || __builtin_add_overflow(result, digit, &result))
			return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "an integer of more than 64 bits");
	}
	*out = jinja_int(result);
	return true;
}

/* Written without a decimal point, which strtod would look for in the host's locale. */
static double real(const char *digits)
{
	const char *e = strpbrk(digits, "eE"), *dot = strchr(digits, '.');
	size_t n = e ? (size_t)(e - digits) : strlen(digits), at = 0;
	long exponent = e ? krait__jinja_exponent(e + 1, NULL) : 0;
	char text[160];

	for (size_t i = 0; i < n; i++)
		if (digits[i] != '.')
			text[at++] = digits[i];
	if (dot)
		exponent -= (long)(n - (size_t)(dot - digits) - 1);
	snprintf(text + at, sizeof(text) - at, "e%ld", exponent);
	return strtod(text, NULL);
}

bool krait__jinja_number_literal(struct jinja *jinja, const struct jinja_lexeme *token, struct jinja_value *out)
{
	char digits[128];
	size_t n = 0;

	if (token->n >= sizeof(digits))
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "a number of more than %zu digits",
			sizeof(digits) - 1);
	for (size_t i = 0; i < token->n; i++) {
		if (token->data[i] != '_')
			digits[n++] = token->data[i];
		else if (i + 1 == token->n || token->data[i + 1] == '_')
			return krait__jinja_fail(jinja, JINJA_ERROR_SYNTAX,
				"a number with a '_' that is between no digits");
	}
	digits[n] = 0;
	if (token->type == TOKEN_INTEGER)
		return integer(jinja, digits, out);
	*out = jinja_float(real(digits));
	return true;
}
