/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/json_number.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAR ((int64_t)1 << 50)

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* An exponent, which stays within FAR however many digits it has. */
static int64_t read_exponent(const char *text, size_t n_text)
{
	bool negative = n_text && text[0] == '-';
	int64_t exponent = 0;

	for (size_t i = 0; i < n_text; i++)
		if (is_digit(text[i]) && exponent < FAR)
			exponent = 10 * exponent + (text[i] - '0');
	exponent = exponent < FAR ? exponent : FAR;
	return negative ? -exponent : exponent;
}

/* strtod wants the locale's decimal point, so it gets none: 1.25e3 is handed to it as 125e1. */
bool krait__number_read(double *out, const char *text, size_t n_text, struct buffer *room)
{
	int64_t exponent = 0;
	bool fraction = false;
	size_t at = 0;

	krait__buffer_clear(room);
	if (!krait__buffer_reserve(room, n_text))
		return false;
	for (; at < n_text && text[at] != 'e' && text[at] != 'E'; at++) {
		if (text[at] == '.') {
			fraction = true;
			continue;
		}
		room->data[room->size++] = text[at];
		exponent -= fraction;
	}
	room->data[room->size] = 0;
	if (at < n_text)
		exponent += read_exponent(text + at + 1, n_text - at - 1);
	if (!krait__buffer_print(room, "e%lld", (long long)exponent))
		return false;
	*out = strtod(room->data, NULL);
	return true;
}

/* Copies what printf wrote, with a full stop for the locale's decimal point. */
static size_t with_stop(char *out, const char *text)
{
	size_t n = 0;

	for (; *text; text++) {
		if (is_digit(*text) || strchr("+-einfa", *text))        /* also the letters of inf and nan */
			out[n++] = *text;
		else if (n && out[n - 1] != '.')
			out[n++] = '.';
	}
	out[n] = 0;
	return n;
}

size_t krait__number_write(char out[NUMBER_TEXT], double number)
{
	char text[NUMBER_TEXT];
	size_t n;

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, number);
		if (strtod(text, NULL) == number)
			break;
	}
	n = with_stop(out, text);
	if (strpbrk(out, ".e"))
		return n;
	memcpy(out + n, ".0", 3);       /* it looks like a whole number */
	return n + 2;
}

const char *krait__number_show(char out[NUMBER_TEXT], double number)
{
	char text[NUMBER_TEXT];

	snprintf(text, sizeof(text), "%g", number);
	with_stop(out, text);
	return out;
}
