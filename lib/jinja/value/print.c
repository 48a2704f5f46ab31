/* SPDX-License-Identifier: Apache-2.0 */
/* print.c - values as text: what Python's str() and repr() write. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/utf8.h"
#include "jinja/builtins/loop.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* The digits of the shortest decimal that reads back as `value`, and its power of ten. The
 * decimal point of the host's locale is passed over. */
static size_t shortest(char digits[20], int *exponent, double value)
{
	char text[48];
	size_t n = 0;
	const char *at;

	for (int precision = 0; precision < 17; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, value);
		if (strtod(text, NULL) == value)
			break;
	}
	for (at = text; *at && *at != 'e'; at++)
		if (*at >= '0' && *at <= '9' && n < 19)
			digits[n++] = *at;
	*exponent = *at ? (int)strtol(at + 1, NULL, 10) : 0;
	while (n > 1 && digits[n - 1] == '0')
		n--;
	return n;
}

long krait__jinja_exponent(const char *text, const char **end)
{
	const long most = 1000000;
	char *behind;
	long exponent = strtol(text, &behind, 10);

	if (end)
		*end = behind;
	if (exponent > most)
		return most;
	return exponent < -most ? -most : exponent;
}

size_t krait__jinja_double(char out[40], double value)
{
	char digits[20];
	int exponent;
	size_t n, at = 0;

	if (isnan(value))
		return (size_t)snprintf(out, 40, "nan");
	if (isinf(value))
		return (size_t)snprintf(out, 40, "%sinf", value < 0 ? "-" : "");
	if (signbit(value))
		out[at++] = '-';
	n = shortest(digits, &exponent, fabs(value));
	if (exponent < -4 || exponent >= 16) {
		out[at++] = digits[0];
		if (n > 1) {
			out[at++] = '.';
			memcpy(out + at, digits + 1, n - 1);
			at += n - 1;
		}
		return at + (size_t)snprintf(out + at, 40 - at, "e%c%02d", exponent < 0 ? '-' : '+', abs(exponent));
	}
	if (exponent < 0) {
		out[at++] = '0';
		out[at++] = '.';
		for (int i = -1; i > exponent; i--)
			out[at++] = '0';
		memcpy(out + at, digits, n);
		return at + n;
	}
	for (size_t i = 0; i <= (size_t)exponent || i < n; i++) {
		if (i == (size_t)exponent + 1)
			out[at++] = '.';
		out[at++] = i < n ? digits[i] : '0';
	}
	if (n <= (size_t)exponent + 1) {
		out[at++] = '.';
		out[at++] = '0';
	}
	return at;
}

static bool printable(uint32_t c)
{
	switch (utf8proc_category((utf8proc_int32_t)c)) {
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CF:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return false;
	case UTF8PROC_CATEGORY_ZS:
		return c == ' ';
	default:
		return true;
	}
}

static size_t escape(char out[16], uint32_t c)
{
	static const char blanks[] = "\t\n\r", letters[] = "tnr";
	const char *at = c && c < 0x80 ? strchr(blanks, (int)c) : NULL;

	if (at)
		return (size_t)snprintf(out, 16, "\\%c", letters[at - blanks]);
	if (c < 0x100)
		return (size_t)snprintf(out, 16, "\\x%02x", (unsigned)c);
	return (size_t)snprintf(out, 16, c < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)c);
}

static bool repr_text(struct jinja *jinja, struct jinja_chars *chars, const struct jinja_text *text)
{
	bool single = text->n && memchr(text->data, '\'', text->n) && !memchr(text->data, '"', text->n);
	const char quote = single ? '"' : '\'';
	char escaped[16];

	if (!krait__jinja_work(jinja, text->n) || !krait__jinja_add(jinja, chars, &quote, 1, true))
		return false;
	for (size_t at = 0, size; at < text->n; at += size) {
		uint32_t c = 0;
		bool special = text->marks ? text->marks[at] : text->special, done;

		size = krait__utf8_take(&c, text->data + at, text->n - at);
		size = size ? size : 1;
		if (c == (unsigned char)quote || c == '\\') {
			escaped[0] = '\\';
			escaped[1] = (char)c;
			done = krait__jinja_add(jinja, chars, escaped, 2, special);
		} else if (printable(c)) {
			done = krait__jinja_add_slice(jinja, chars, text, at, size);
		} else {
			done = krait__jinja_add(jinja, chars, escaped, escape(escaped, c), special);
		}
		if (!done)
			return false;
	}
	return krait__jinja_add(jinja, chars, &quote, 1, true);
}

static bool add(struct jinja *jinja, struct jinja_chars *chars, const char *text)
{
	return krait__jinja_add(jinja, chars, text, strlen(text), true);
}

static bool repr_items(struct jinja *jinja, struct jinja_chars *chars, const struct jinja_list *list, const char *open,
	const char *close)
{
	if (!add(jinja, chars, open))
		return false;
	for (size_t i = 0; i < list->n; i++)
		if ((i && !add(jinja, chars, ", ")) || !krait__jinja_repr(jinja, chars, list->items[i]))
			return false;
	return add(jinja, chars, close);
}

static bool repr_dict(struct jinja *jinja, struct jinja_chars *chars, const struct jinja_dict *dict)
{
	if (!add(jinja, chars, "{"))
		return false;
	for (size_t i = 0; i < dict->n; i++)
		if ((i && !add(jinja, chars, ", ")) || !krait__jinja_repr(jinja, chars, dict->pairs[i].key)
			|| !add(jinja, chars, ": ") || !krait__jinja_repr(jinja, chars, dict->pairs[i].value))
			return false;
	return add(jinja, chars, "}");
}

static bool repr_nested(struct jinja *jinja, struct jinja_chars *chars, struct jinja_value value)
{
	bool done;

	if (jinja->depth >= JINJA_MAX_NESTING)
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "values nested more than %d deep",
			JINJA_MAX_NESTING);
	jinja->depth++;
	if (value.kind == VALUE_LIST)
		done = repr_items(jinja, chars, value.as.list, "[", "]");
	else if (value.kind == VALUE_TUPLE)
		done = repr_items(jinja, chars, value.as.list, "(", value.as.list->n == 1 ? ",)" : ")");
	else if (value.kind == VALUE_DICT)
		done = repr_dict(jinja, chars, value.as.dict);
	else
		done = add(jinja, chars, value.as.sequence->name)
			&& repr_items(jinja, chars, &value.as.sequence->list, "([", "])");
	jinja->depth--;
	return done;
}

static bool repr_range(struct jinja *jinja, struct jinja_chars *chars, const struct jinja_range *range)
{
	char text[96];
	int n = range->step == 1
		? snprintf(text, sizeof(text), "range(%lld, %lld)", (long long)range->start, (long long)range->stop)
		: snprintf(text, sizeof(text), "range(%lld, %lld, %lld)", (long long)range->start,
			(long long)range->stop, (long long)range->step);

	return krait__jinja_add(jinja, chars, text, (size_t)n, true);
}

bool krait__jinja_repr(struct jinja *jinja, struct jinja_chars *chars, struct jinja_value value)
{
	char text[40];

	switch ((enum jinja_kind)value.kind) {
	case VALUE_UNDEFINED:
		return add(jinja, chars, "Undefined");
	case VALUE_NONE:
		return add(jinja, chars, "None");
	case VALUE_BOOL:
		return add(jinja, chars, value.as.truth ? "True" : "False");
	case VALUE_INT:
		return krait__jinja_add(jinja, chars, text, krait__jinja_digits(text, value.as.integer), !value.plain);
	case VALUE_FLOAT:
		return krait__jinja_add(jinja, chars, text, krait__jinja_double(text, value.as.real), !value.plain);
	case VALUE_BIG:
		return jinja_add_text(jinja, chars, value.as.text);
	case VALUE_TEXT:
		return repr_text(jinja, chars, value.as.text);
	case VALUE_RANGE:
		return repr_range(jinja, chars, value.as.range);
	case VALUE_LIST:
	case VALUE_TUPLE:
	case VALUE_DICT:
	case VALUE_VIEW:
		return repr_nested(jinja, chars, value);
	default:
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "printing a %s is not supported",
			krait__jinja_type(value));
	}
}

bool krait__jinja_print(struct jinja *jinja, struct jinja_chars *chars, struct jinja_value value)
{
	if (value.kind == VALUE_UNDEFINED)
		return true;
	return value.kind == VALUE_TEXT ? jinja_add_text(jinja, chars, value.as.text)
					: krait__jinja_repr(jinja, chars, value);
}

bool krait__jinja_string(struct jinja *jinja, struct jinja_value value, const struct jinja_text **out)
{
	struct jinja_chars chars = { 0 };

	if (value.kind != VALUE_TEXT
		&& (!krait__jinja_print(jinja, &chars, value) || !krait__jinja_take(jinja, &value, &chars)))
		return false;
	*out = value.as.text;
	return true;
}
