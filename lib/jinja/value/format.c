/* SPDX-License-Identifier: Apache-2.0 */
/* format.c - text % values, the printf of Python. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/value/value.h"

#include <stdio.h>
#include <string.h>

/* "%-5d" without a width; longer fields are refused. */
struct field { bool zero, left; int width; char conversion; };

static bool parse_field(struct jinja *jinja, const struct jinja_text *format, size_t *at, struct field *out)
{
	size_t i = *at;

	*out = (struct field){ 0 };
	for (; i < format->n && (format->data[i] == '0' || format->data[i] == '-'); i++) {
		if (format->data[i] == '0')
			out->zero = true;
		else
			out->left = true;
	}
	for (; i < format->n && format->data[i] >= '0' && format->data[i] <= '9' && out->width < 100; i++)
		out->width = out->width * 10 + (format->data[i] - '0');
	if (i == format->n || !strchr("sdixXr", format->data[i]) || out->width >= 100)
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "the format '%%%.*s' is not supported",
			(int)(i - *at + (i < format->n)), format->data + *at);
	out->conversion = format->data[i];
	*at = i + 1;
	return true;
}

static bool integer_field(struct jinja *jinja, struct jinja_chars *chars, const struct field *field,
	struct jinja_value value)
{
	char text[128];
	bool hexadecimal = field->conversion == 'x' || field->conversion == 'X';
	const char *pattern = hexadecimal ? (field->conversion == 'x' ? "%s%0*llx" : "%s%0*llX") : "%s%0*llu";
	uint64_t magnitude;
	bool minus;
	int n;

	if (value.kind == VALUE_FLOAT && hexadecimal)
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "'%%x' takes an int, not a float");
	if (value.kind == VALUE_FLOAT && value.as.real > -0x1p63 && value.as.real < 0x1p63)
		value = jinja_int((int64_t)value.as.real);
	if (value.kind == VALUE_BIG)
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "formatting an integer of more than 64 bits");
	if (!jinja_is_integer(value))
		return krait__jinja_need_defined(jinja, value)
			&& krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "a number is formatted, not a %s",
				krait__jinja_type(value));
	minus = jinja_integer(value) < 0;
	magnitude = minus ? 0 - (uint64_t)jinja_integer(value) : (uint64_t)jinja_integer(value);
	n = snprintf(text, sizeof(text), pattern, minus ? "-" : "",
		field->zero && !field->left ? field->width - minus : 0, (unsigned long long)magnitude);
	for (int i = n; !field->left && i < field->width; i++)
		if (!krait__jinja_add(jinja, chars, " ", 1, true))
			return false;
	if (!krait__jinja_add(jinja, chars, text, (size_t)n, !value.plain))
		return false;
	for (int i = n; field->left && i < field->width; i++)
		if (!krait__jinja_add(jinja, chars, " ", 1, true))
			return false;
	return true;
}

static bool text_field(struct jinja *jinja, struct jinja_chars *chars, const struct field *field,
	struct jinja_value value)
{
	if (field->width)
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "a width for '%%%c' is not supported",
			field->conversion);
	return field->conversion == 'r' ? krait__jinja_repr(jinja, chars, value)
					: krait__jinja_print(jinja, chars, value);
}

bool krait__jinja_format(struct jinja *jinja, const struct jinja_text *format, struct jinja_value arguments,
	struct jinja_value *out)
{
	const struct jinja_value *values = arguments.kind == VALUE_TUPLE ? arguments.as.list->items : &arguments;
	size_t n_values = arguments.kind == VALUE_TUPLE ? arguments.as.list->n : 1, used = 0, at = 0;
	struct jinja_chars chars = { 0 };

	while (at < format->n) {
		const char *percent = memchr(format->data + at, '%', format->n - at);
		size_t stop = percent ? (size_t)(percent - format->data) : format->n;
		struct field field;

		if (!krait__jinja_add_slice(jinja, &chars, format, at, stop - at))
			return false;
		at = stop + 1;
		if (!percent)
			break;
		if (at < format->n && format->data[at] == '%') {
			if (!krait__jinja_add_slice(jinja, &chars, format, at++, 1))
				return false;
			continue;
		}
		if (!parse_field(jinja, format, &at, &field))
			return false;
		if (used == n_values)
			return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "a format with more fields than values");
		if (strchr("sr", field.conversion) ? !text_field(jinja, &chars, &field, values[used])
						   : !integer_field(jinja, &chars, &field, values[used]))
			return false;
		used++;
	}
	if (used < n_values && arguments.kind != VALUE_DICT && arguments.kind != VALUE_LIST)
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "a format with fewer fields than values");
	return krait__jinja_take(jinja, out, &chars);
}
