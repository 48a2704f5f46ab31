/* SPDX-License-Identifier: Apache-2.0 */
/* template_filters.c - filters on texts, numbers and single values. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "text/template_methods.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The subject as text, as Jinja's soft_str makes it. */
static bool subject(struct jinja *jinja, struct value *arguments)
{
	const struct text *text;

	if (arguments[0].kind == VALUE_UNDEFINED && arguments[0].as.undefined->unsafe)
		return krait__jinja_need_defined(jinja, arguments[0]);
	if (!krait__jinja_string(jinja, arguments[0], &text))
		return false;
	arguments[0] = (struct value){ .kind = VALUE_TEXT, .as.text = text };
	return true;
}

static bool filter_trim(struct jinja *jinja, struct value *arguments, struct value *out)
{
	return subject(jinja, arguments) && krait__jinja_strip(jinja, arguments, true, true, out);
}

static bool filter_upper(struct jinja *jinja, struct value *arguments, struct value *out)
{
	return subject(jinja, arguments) && krait__jinja_case(jinja, arguments[0].as.text, CASE_UPPER, out);
}

static bool filter_lower(struct jinja *jinja, struct value *arguments, struct value *out)
{
	return subject(jinja, arguments) && krait__jinja_case(jinja, arguments[0].as.text, CASE_LOWER, out);
}

static bool filter_capitalize(struct jinja *jinja, struct value *arguments, struct value *out)
{
	return subject(jinja, arguments) && krait__jinja_case(jinja, arguments[0].as.text, CASE_CAPITALIZE, out);
}

static bool filter_title(struct jinja *jinja, struct value *arguments, struct value *out)
{
	return subject(jinja, arguments) && krait__jinja_case(jinja, arguments[0].as.text, CASE_FILTER_TITLE, out);
}

static bool filter_replace(struct jinja *jinja, struct value *arguments, struct value *out)
{
	return subject(jinja, arguments) && krait__jinja_replace(jinja, arguments, out);
}

/* Python ends a line at more than \n; such text is refused. */
static bool only_newlines(const struct text *text)
{
	for (size_t at = 0, size; at < text->n; at += size) {
		size = krait__jinja_char(text->data + at, text->n - at);
		if ((size == 1 && (text->data[at] == '\r' || text->data[at] == '\v' || text->data[at] == '\f' || (text->data[at] >= 0x1c && text->data[at] <= 0x1e)))
				|| (size == 2 && memcmp(text->data + at, "\xc2\x85", 2) == 0)
				|| (size == 3 && (memcmp(text->data + at, "\xe2\x80\xa8", 3) == 0 || memcmp(text->data + at, "\xe2\x80\xa9", 3) == 0)))
			return false;
	}
	return true;
}

static bool indentation(struct jinja *jinja, struct value width, struct value *out)
{
	const struct value blank = { .kind = VALUE_TEXT, .as.text = &(const struct text){ .data = " ", .n = 1, .special = true } };

	*out = width;
	if (width.kind == VALUE_TEXT)
		return true;
	if (width.kind != VALUE_MISSING && !jinja_is_integer(width))
		return krait__jinja_fail(jinja, KRAIT_ERROR_ARGUMENT, "the filter 'indent' takes an int or a str, not a %s", krait__jinja_type(width));
	return krait__jinja_binary(jinja, BINARY_MUL, blank, width.kind == VALUE_MISSING ? jinja_int(4) : width, out);
}

static bool filter_indent(struct jinja *jinja, struct value *arguments, struct value *out)
{
	const struct text *text;
	struct chars chars = { 0 };
	struct value margin;
	bool first = krait__jinja_truth(arguments[2]), blank = krait__jinja_truth(arguments[3]);

	if (!subject(jinja, arguments) || !indentation(jinja, arguments[1], &margin))
		return false;
	text = arguments[0].as.text;
	if (!only_newlines(text))
		return krait__jinja_fail(jinja, KRAIT_ERROR_UNSUPPORTED, "indenting a text with other line ends than \\n is not supported");
	for (size_t at = 0, line = 0; at <= text->n; line++) {
		const char *end = at < text->n ? memchr(text->data + at, '\n', text->n - at) : NULL;
		size_t n = end ? (size_t)(end - text->data) + 1 - at : text->n - at;

		if ((line == 0 ? first : blank || n > (end != NULL)) && !jinja_add_text(jinja, &chars, margin.as.text))
			return false;
		if (!krait__jinja_add_slice(jinja, &chars, text, at, n))
			return false;
		at += n + (end == NULL);
	}
	return krait__jinja_take(jinja, out, &chars);
}

static bool filter_string(struct jinja *jinja, struct value *arguments, struct value *out)
{
	if (!subject(jinja, arguments))
		return false;
	*out = arguments[0];
	return true;
}

static bool filter_safe(struct jinja *jinja, struct value *arguments, struct value *out)
{
	return filter_string(jinja, arguments, out);
}

static bool filter_length(struct jinja *jinja, struct value *arguments, struct value *out)
{
	size_t n;

	if (!krait__jinja_length(jinja, arguments[0], &n))
		return false;
	*out = jinja_int((int64_t)n);
	return true;
}

static bool filter_default(struct jinja *jinja, struct value *arguments, struct value *out)
{
	bool missing = arguments[0].kind == VALUE_UNDEFINED || (krait__jinja_truth(arguments[2]) && !krait__jinja_truth(arguments[0]));

	*out = missing ? arguments[1] : arguments[0];
	return out->kind != VALUE_MISSING || krait__jinja_text(jinja, out, "", 0, true);
}

static bool json_options(struct jinja *jinja, const struct value *arguments, struct json_style *style)
{
	const struct value indent = arguments[2], separators = arguments[3];
	const struct list *pair = separators.as.list;

	style->ascii = krait__jinja_truth(arguments[1]);
	style->sort = krait__jinja_truth(arguments[4]);
	if (jinja_is_integer(indent))
		style->indent = jinja_integer(indent) < 0 ? 0 : jinja_integer(indent) > 64 ? 64 : (int)jinja_integer(indent);
	else if (indent.kind == VALUE_TEXT)
		style->indent_text = indent.as.text, style->indent = 0;
	else if (indent.kind != VALUE_MISSING && indent.kind != VALUE_NONE)
		return krait__jinja_fail(jinja, KRAIT_ERROR_ARGUMENT, "tojson indents by an integer, not by a %s", krait__jinja_type(indent));
	if (separators.kind == VALUE_MISSING || separators.kind == VALUE_NONE)
		return true;
	if ((separators.kind != VALUE_TUPLE && separators.kind != VALUE_LIST) || pair->n != 2 || pair->items[0].kind != VALUE_TEXT || pair->items[1].kind != VALUE_TEXT)
		return krait__jinja_fail(jinja, KRAIT_ERROR_ARGUMENT, "tojson takes two texts as separators");
	style->item = pair->items[0].as.text;
	style->key = pair->items[1].as.text;
	return true;
}

static bool filter_tojson(struct jinja *jinja, struct value *arguments, struct value *out)
{
	static const struct text comma = { .data = ", ", .n = 2, .special = true }, colon = { .data = ": ", .n = 2, .special = true };
	struct json_style style = { .indent = -1, .item = &comma, .key = &colon };
	struct text bare = { .data = ",", .n = 1, .special = true };
	struct chars chars = { 0 };

	if (!json_options(jinja, arguments, &style))
		return false;
	if (style.indent >= 0 && style.item == &comma)
		style.item = &bare;     /* a line's end follows */
	return krait__jinja_json(jinja, &chars, arguments[0], &style) && krait__jinja_take(jinja, out, &chars);
}

/* ---- numbers ------------------------------------------------------------------------------ */

static bool ascii_number(const struct text *text, char out[64])
{
	size_t begin = 0, end = text->n, n = 0, size;

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
	char *end;

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
		exponent += strtol(text + 1, &end, 10);
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

static bool truncated(struct jinja *jinja, double real, struct value fallback, struct value *out)
{
	if (isnan(real)) {
		*out = fallback;
		return true;
	}
	if (!(fabs(real) < 0x1p63))
		return krait__jinja_fail(jinja, KRAIT_ERROR_UNSUPPORTED, "an integer of more than 64 bits");
	*out = jinja_int((int64_t)real);
	return true;
}

static bool filter_int(struct jinja *jinja, struct value *arguments, struct value *out)
{
	struct value fallback = arguments[1].kind == VALUE_MISSING ? jinja_int(0) : arguments[1];
	char text[64];
	int64_t integer;
	double real;

	if (arguments[2].kind != VALUE_MISSING && !(arguments[2].kind == VALUE_INT && arguments[2].as.integer == 10))
		return krait__jinja_fail(jinja, KRAIT_ERROR_UNSUPPORTED, "the filter 'int' with a base is not supported");
	if (!krait__jinja_need_defined(jinja, arguments[0]))
		return false;
	*out = fallback;
	if (jinja_is_integer(arguments[0]))
		*out = jinja_int(jinja_integer(arguments[0]));
	else if (arguments[0].kind == VALUE_FLOAT)
		return truncated(jinja, arguments[0].as.real, fallback, out);
	else if (arguments[0].kind == VALUE_TEXT && ascii_number(arguments[0].as.text, text)) {
		if (read_integer(text, &integer))
			*out = jinja_int(integer);
		else if (read_float(text, &real))
			return truncated(jinja, real, fallback, out);
	} else if (arguments[0].kind == VALUE_TEXT && arguments[0].as.text->n >= 60) {
		return krait__jinja_fail(jinja, KRAIT_ERROR_UNSUPPORTED, "a number of more than 60 characters");
	}
	out->plain = true;
	return true;
}

static bool filter_float(struct jinja *jinja, struct value *arguments, struct value *out)
{
	char text[64];
	double real;

	if (!krait__jinja_need_defined(jinja, arguments[0]))
		return false;
	*out = arguments[1].kind == VALUE_MISSING ? jinja_float(0) : arguments[1];
	if (jinja_is_number(arguments[0]))
		*out = jinja_float(jinja_real(arguments[0]));
	else if (arguments[0].kind == VALUE_TEXT && ascii_number(arguments[0].as.text, text) && read_float(text, &real))
		*out = jinja_float(real);
	out->plain = true;
	return true;
}

static bool filter_abs(struct jinja *jinja, struct value *arguments, struct value *out)
{
	if (!krait__jinja_need_defined(jinja, arguments[0]))
		return false;
	if (!jinja_is_number(arguments[0]))
		return krait__jinja_fail(jinja, KRAIT_ERROR_ARGUMENT, "the filter 'abs' takes no %s", krait__jinja_type(arguments[0]));
	return krait__jinja_negate(jinja, jinja_real(arguments[0]) < 0, arguments[0], out);
}

/* To the even neighbour, as Python rounds. Decimal places need exact decimal arithmetic and
 * are refused. */
static bool filter_round(struct jinja *jinja, struct value *arguments, struct value *out)
{
	int64_t places = arguments[1].kind == VALUE_INT ? arguments[1].as.integer : 0;
	bool ceiling = krait__jinja_is(arguments[2], "ceil"), flooring = krait__jinja_is(arguments[2], "floor");
	double x;

	if (!krait__jinja_need_defined(jinja, arguments[0]))
		return false;
	if (!jinja_is_number(arguments[0]) || (arguments[2].kind != VALUE_MISSING && !ceiling && !flooring && !krait__jinja_is(arguments[2], "common")))
		return krait__jinja_fail(jinja, KRAIT_ERROR_ARGUMENT, "the filter 'round' takes a number and 'common', 'ceil' or 'floor'");
	if (places != 0)
		return krait__jinja_fail(jinja, KRAIT_ERROR_UNSUPPORTED, "the filter 'round' to decimal places is not supported");
	if (jinja_is_integer(arguments[0]) && !ceiling && !flooring) {
		*out = jinja_int(jinja_integer(arguments[0]));
		return true;
	}
	x = jinja_real(arguments[0]);
	*out = jinja_float(ceiling ? ceil(x) : flooring ? floor(x) : x - remainder(x, 1.0));
	return true;
}

static bool filter_format(struct jinja *jinja, struct value *arguments, struct value *out)
{
	return subject(jinja, arguments) && krait__jinja_format(jinja, arguments[0].as.text, arguments[1], out);
}

const struct callable krait__jinja_filters[] = {
	{ "trim", filter_trim, "chars", 0 },
	{ "upper", filter_upper, "", 0 },
	{ "lower", filter_lower, "", 0 },
	{ "capitalize", filter_capitalize, "", 0 },
	{ "title", filter_title, "", 0 },
	{ "replace", filter_replace, "old new count", 2 },
	{ "indent", filter_indent, "width first blank", 0 },
	{ "string", filter_string, "", 0 },
	{ "safe", filter_safe, "", 0 },
	{ "length", filter_length, "", 0 },
	{ "count", filter_length, "", 0 },
	{ "default", filter_default, "default_value boolean", 0 },
	{ "d", filter_default, "default_value boolean", 0 },
	{ "tojson", filter_tojson, "ensure_ascii indent separators sort_keys", 0 },
	{ "int", filter_int, "default base", 0 },
	{ "float", filter_float, "default", 0 },
	{ "abs", filter_abs, "", 0 },
	{ "round", filter_round, "precision method", 0 },
	{ "format", filter_format, "*", 0 },
	{ 0 },
};
