/* SPDX-License-Identifier: Apache-2.0 */
/* filters.c - filters on texts and single values. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/builtins/methods.h"

#include <string.h>

/* The subject as text, as Jinja's soft_str makes it. */
static bool subject(struct jinja *jinja, struct jinja_value *arguments)
{
	const struct jinja_text *text;

	if (arguments[0].kind == VALUE_UNDEFINED && arguments[0].as.undefined->unsafe)
		return krait__jinja_need_defined(jinja, arguments[0]);
	if (!krait__jinja_string(jinja, arguments[0], &text))
		return false;
	arguments[0] = (struct jinja_value){ .kind = VALUE_TEXT, .as.text = text };
	return true;
}

static bool filter_trim(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return subject(jinja, arguments) && krait__jinja_strip(jinja, arguments, true, true, out);
}

static bool filter_upper(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return subject(jinja, arguments) && krait__jinja_case(jinja, arguments[0].as.text, CASE_UPPER, out);
}

static bool filter_lower(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return subject(jinja, arguments) && krait__jinja_case(jinja, arguments[0].as.text, CASE_LOWER, out);
}

static bool filter_capitalize(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return subject(jinja, arguments) && krait__jinja_case(jinja, arguments[0].as.text, CASE_CAPITALIZE, out);
}

static bool filter_title(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return subject(jinja, arguments) && krait__jinja_case(jinja, arguments[0].as.text, CASE_FILTER_TITLE, out);
}

static bool filter_replace(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return subject(jinja, arguments) && krait__jinja_replace(jinja, arguments, out);
}

/* Python ends a line at more than \n; such text is refused. */
static bool only_newlines(const struct jinja_text *text)
{
	for (size_t at = 0, size; at < text->n; at += size) {
		size = krait__jinja_char(text->data + at, text->n - at);
		if ((size == 1
			    && (text->data[at] == '\r' || text->data[at] == '\v' || text->data[at] == '\f'
				    || (text->data[at] >= 0x1c && text->data[at] <= 0x1e)))
			|| (size == 2 && memcmp(text->data + at, "\xc2\x85", 2) == 0)
			|| (size == 3
				&& (memcmp(text->data + at, "\xe2\x80\xa8", 3) == 0
					|| memcmp(text->data + at, "\xe2\x80\xa9", 3) == 0)))
			return false;
	}
	return true;
}

static bool indentation(struct jinja *jinja, struct jinja_value width, struct jinja_value *out)
{
	const struct jinja_value blank = { .kind = VALUE_TEXT,
		.as.text = &(const struct jinja_text){ .data = " ", .n = 1, .special = true } };

	*out = width;
	if (width.kind == VALUE_TEXT)
		return true;
	if (width.kind != VALUE_MISSING && !jinja_is_integer(width))
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE,
			"the filter 'indent' takes an int or a str, not a %s", krait__jinja_type(width));
	return krait__jinja_binary(jinja, BINARY_MUL, blank, width.kind == VALUE_MISSING ? jinja_int(4) : width, out);
}

static bool filter_indent(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	const struct jinja_text *text;
	struct jinja_chars chars = { 0 };
	struct jinja_value margin;
	bool first = krait__jinja_truth(arguments[2]), blank = krait__jinja_truth(arguments[3]);

	if (arguments[0].kind != VALUE_TEXT)
		return krait__jinja_need_defined(jinja, arguments[0])
			&& krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "the filter 'indent' takes a str, not a %s",
				krait__jinja_type(arguments[0]));
	text = arguments[0].as.text;
	if (!indentation(jinja, arguments[1], &margin) || !krait__jinja_work(jinja, text->n))
		return false;
	if (!only_newlines(text))
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED,
			"indenting a text with other line ends than \\n is not supported");
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

static bool filter_string(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	if (!subject(jinja, arguments))
		return false;
	*out = arguments[0];
	return true;
}

static bool filter_safe(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return filter_string(jinja, arguments, out);
}

static bool filter_length(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	size_t n;

	if (!krait__jinja_length(jinja, arguments[0], &n))
		return false;
	*out = jinja_int((int64_t)n);
	return true;
}

static bool filter_default(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	bool missing = arguments[0].kind == VALUE_UNDEFINED
		|| (krait__jinja_truth(arguments[2]) && !krait__jinja_truth(arguments[0]));

	*out = missing ? arguments[1] : arguments[0];
	return out->kind != VALUE_MISSING || krait__jinja_text(jinja, out, "", 0, true);
}

static bool json_indent(struct jinja *jinja, int64_t indent, struct jinja_json_style *style)
{
	if (indent > 0 && (uint64_t)indent > jinja->limits->text)
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "an indentation of more than %zu MiB",
			jinja->limits->text >> 20);
	style->indent = indent < 0 ? 0 : (int)indent;
	return true;
}

static bool json_separators(struct jinja *jinja, struct jinja_value separators, struct jinja_json_style *style)
{
	const struct jinja_list *pair = separators.as.list;

	if (separators.kind == VALUE_MISSING || separators.kind == VALUE_NONE)
		return true;
	if ((separators.kind != VALUE_TUPLE && separators.kind != VALUE_LIST) || pair->n != 2
		|| pair->items[0].kind != VALUE_TEXT || pair->items[1].kind != VALUE_TEXT)
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "tojson takes two texts as separators");
	style->item = pair->items[0].as.text;
	style->key = pair->items[1].as.text;
	return true;
}

static bool json_options(struct jinja *jinja, const struct jinja_value *arguments, struct jinja_json_style *style)
{
	const struct jinja_value indent = arguments[2], separators = arguments[3];

	style->ascii = krait__jinja_truth(arguments[1]);
	style->sort = krait__jinja_truth(arguments[4]);
	if (jinja_is_integer(indent)) {
		if (!json_indent(jinja, jinja_integer(indent), style))
			return false;
	} else if (indent.kind == VALUE_TEXT) {
		style->indent_text = indent.as.text;
		style->indent = 0;
	} else if (indent.kind != VALUE_MISSING && indent.kind != VALUE_NONE) {
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "tojson indents by an integer, not by a %s",
			krait__jinja_type(indent));
	}
	return json_separators(jinja, separators, style);
}

static bool filter_tojson(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	static const struct jinja_text comma = { .data = ", ", .n = 2, .special = true },
				       colon = { .data = ": ", .n = 2, .special = true };
	struct jinja_json_style style = { .indent = -1, .item = &comma, .key = &colon };
	struct jinja_text bare = { .data = ",", .n = 1, .special = true };
	struct jinja_chars chars = { 0 };

	if (!json_options(jinja, arguments, &style))
		return false;
	if (style.indent >= 0 && style.item == &comma)
		style.item = &bare;     /* a line's end follows */
	return krait__jinja_json(jinja, &chars, arguments[0], &style) && krait__jinja_take(jinja, out, &chars);
}

static bool filter_format(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return subject(jinja, arguments) && krait__jinja_format(jinja, arguments[0].as.text, arguments[1], out);
}

const struct jinja_callable krait__jinja_filters[] = {
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
	{ "format", filter_format, "*", 0 },
	{ 0 },
};
