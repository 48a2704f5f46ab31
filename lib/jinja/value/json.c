/* SPDX-License-Identifier: Apache-2.0 */
/* json.c - values as JSON, written the way that Python's json.dumps writes it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/utf8.h"
#include "jinja/builtins/loop.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool add(struct jinja *jinja, struct jinja_chars *chars, const char *text)
{
	return krait__jinja_add(jinja, chars, text, strlen(text), true);
}

static size_t escape(char out[16], uint32_t c, bool ascii)
{
	static const char plain[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";
	const char *at = c && c < 0x80 ? strchr(plain, (int)c) : NULL;

	if (at)
		return (size_t)snprintf(out, 16, "\\%c", letters[at - plain]);
	if (c >= 0x10000)
		return (size_t)snprintf(out, 16, "\\u%04x\\u%04x", 0xd800u + ((unsigned)(c - 0x10000) >> 10),
			0xdc00u + ((unsigned)(c - 0x10000) & 0x3ff));
	return c < 0x20 || (ascii && c > 0x7e) ? (size_t)snprintf(out, 16, "\\u%04x", (unsigned)c) : 0;
}

static bool json_text(struct jinja *jinja, struct jinja_chars *chars, const struct jinja_text *text,
	const struct jinja_json_style *style)
{
	char escaped[16];

	if (!krait__jinja_work(jinja, text->n) || !add(jinja, chars, "\""))
		return false;
	for (size_t at = 0, size; at < text->n; at += size) {
		uint32_t c = 0;
		size_t n;

		size = krait__utf8_take(&c, text->data + at, text->n - at);
		size = size ? size : 1;
		n = c < 0x10000 || style->ascii ? escape(escaped, c, style->ascii && c != 0x7f) : 0;
		if (n ? !krait__jinja_add(jinja, chars, escaped, n, text->marks ? text->marks[at] : text->special)
				: !krait__jinja_add_slice(jinja, chars, text, at, size))
			return false;
	}
	return add(jinja, chars, "\"");
}

static bool json_scalar(struct jinja *jinja, struct jinja_chars *chars, struct jinja_value value)
{
	char text[40];

	switch ((enum jinja_kind)value.kind) {
	case VALUE_NONE:
		return add(jinja, chars, "null");
	case VALUE_BOOL:
		return add(jinja, chars, value.as.truth ? "true" : "false");
	case VALUE_INT:
		return krait__jinja_add(jinja, chars, text, krait__jinja_digits(text, value.as.integer), !value.plain);
	case VALUE_BIG:
		return jinja_add_text(jinja, chars, value.as.text);
	case VALUE_FLOAT:
		if (!isfinite(value.as.real))
			return add(jinja, chars,
				isnan(value.as.real)	    ? "NaN"
					: value.as.real < 0 ? "-Infinity"
							    : "Infinity");
		return krait__jinja_add(jinja, chars, text, krait__jinja_double(text, value.as.real), !value.plain);
	default:
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "a value of the type %s cannot be written as JSON",
			krait__jinja_type(value));
	}
}

static bool json_key(struct jinja *jinja, struct jinja_chars *chars, struct jinja_value key,
	const struct jinja_json_style *style)
{
	if (key.kind == VALUE_TEXT)
		return json_text(jinja, chars, key.as.text, style);
	return add(jinja, chars, "\"") && json_scalar(jinja, chars, key) && add(jinja, chars, "\"");
}

static bool new_line(struct jinja *jinja, struct jinja_chars *chars, const struct jinja_json_style *style,
	unsigned depth)
{
	if (style->indent < 0)
		return true;
	if (!add(jinja, chars, "\n"))
		return false;
	for (unsigned i = 0; i < depth; i++) {
		if (style->indent_text && !jinja_add_text(jinja, chars, style->indent_text))
			return false;
		for (int k = 0; !style->indent_text && k < style->indent; k++)
			if (!add(jinja, chars, " "))
				return false;
	}
	return true;
}

/* Python refuses to sort keys of unlike types; so does krait__jinja_order. */
static bool sort_pairs(struct jinja *jinja, struct jinja_pair *pairs, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		struct jinja_pair moved = pairs[i];
		size_t at = i;

		for (; at > 0; at--) {
			int order;

			if (!krait__jinja_work(jinja, 1)
				|| !krait__jinja_order(jinja, moved.key, pairs[at - 1].key, "<", &order))
				return false;
			if (order != -1)
				break;
			pairs[at] = pairs[at - 1];
		}
		pairs[at] = moved;
	}
	return true;
}

static bool json_dict(struct jinja *jinja, struct jinja_chars *chars, const struct jinja_dict *dict,
	const struct jinja_json_style *style)
{
	struct jinja_pair *pairs = dict->pairs;

	if (style->sort && dict->n) {
		pairs = krait__jinja_alloc(jinja, dict->n, sizeof(*pairs));
		if (!pairs)
			return false;
		memcpy(pairs, dict->pairs, dict->n * sizeof(*pairs));
		if (!sort_pairs(jinja, pairs, dict->n))
			return false;
	}
	for (size_t i = 0; i < dict->n; i++)
		if ((i && !jinja_add_text(jinja, chars, style->item)) || !new_line(jinja, chars, style, jinja->depth)
			|| !json_key(jinja, chars, pairs[i].key, style) || !jinja_add_text(jinja, chars, style->key)
			|| !krait__jinja_json(jinja, chars, pairs[i].value, style))
			return false;
	return true;
}

static bool json_list(struct jinja *jinja, struct jinja_chars *chars, const struct jinja_list *list,
	const struct jinja_json_style *style)
{
	for (size_t i = 0; i < list->n; i++)
		if ((i && !jinja_add_text(jinja, chars, style->item)) || !new_line(jinja, chars, style, jinja->depth)
				|| !krait__jinja_json(jinja, chars, list->items[i], style))
			return false;
	return true;
}

bool krait__jinja_json(struct jinja *jinja, struct jinja_chars *chars, struct jinja_value value,
	const struct jinja_json_style *style)
{
	bool dict = value.kind == VALUE_DICT;

	if (value.kind == VALUE_TEXT)
		return json_text(jinja, chars, value.as.text, style);
	if (!dict && value.kind != VALUE_LIST && value.kind != VALUE_TUPLE)
		return json_scalar(jinja, chars, value);
	if (jinja->depth >= JINJA_MAX_NESTING)
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "values nested more than %d deep",
			JINJA_MAX_NESTING);
	if (!(dict ? value.as.dict->n : value.as.list->n))
		return add(jinja, chars, dict ? "{}" : "[]");
	jinja->depth++;
	if (!add(jinja, chars, dict ? "{" : "[")
		|| !(dict ? json_dict(jinja, chars, value.as.dict, style)
			  : json_list(jinja, chars, value.as.list, style)))
		return false;
	jinja->depth--;
	return new_line(jinja, chars, style, jinja->depth) && add(jinja, chars, dict ? "}" : "]");
}
