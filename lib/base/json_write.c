/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/json_number.h"
#include "base/json_tree.h"
#include "base/utf8.h"

#include <math.h>
#include <string.h>

static bool write_character(struct buffer *out, uint32_t c)
{
	static const char from[] = "\"\\\b\f\n\r\t", to[] = "\"\\bfnrt";
	const char *found = c && c < 0x80 ? strchr(from, (int)c) : NULL;
	char byte = (char)c;

	if (found)
		return krait__buffer_print(out, "\\%c", to[found - from]);
	if (c >= 0x10000)
		return krait__buffer_print(out, "\\u%04X\\u%04X", 0xd800u + (unsigned)((c - 0x10000) >> 10), 0xdc00u + (unsigned)((c - 0x10000) & 0x3ff));
	if (c < 0x20 || c > 0x7e)
		return krait__buffer_print(out, "\\u%04X", (unsigned)c);
	return krait__buffer_add(out, &byte, 1);
}

bool krait__json_write_text(struct buffer *out, const char *text, size_t n_text)
{
	bool ok = krait__buffer_add(out, "\"", 1);

	while (ok && n_text) {
		uint32_t c;
		size_t n = krait__utf8_take(&c, text, n_text);

		ok = write_character(out, n ? c : 0xfffd);
		n = n ? n : 1;
		text += n;
		n_text -= n;
	}
	return ok && krait__buffer_add(out, "\"", 1);
}

static bool write_real(struct buffer *out, const struct json_value *value)
{
	double number = value->as.real.number;
	char text[NUMBER_TEXT];

	if (value->as.real.digits)
		return krait__buffer_add_text(out, value->as.real.digits);
	if (isnan(number))
		return krait__buffer_add_text(out, "{\"__float__\":\"NaN\"}");
	if (isinf(number))
		return krait__buffer_print(out, "{\"__float__\":\"%sInfinity\"}", number < 0 ? "-" : "");
	return krait__buffer_add(out, text, krait__number_write(text, number));
}

/* As deep as a tree, which is bounded. */
static bool write_members(struct buffer *out, const struct json_value *value)
{
	bool object = value->kind == JSON_VALUE_OBJECT, ok = krait__buffer_add(out, object ? "{" : "[", 1);

	for (size_t i = 0; ok && i < krait__json_size(value); i++) {
		const struct json_value *key = object ? &value->as.object.items[2 * i] : NULL;

		ok = !i || krait__buffer_add(out, ",", 1);
		if (ok && object)
			ok = krait__json_write_text(out, key->as.string.bytes, key->as.string.n) && krait__buffer_add(out, ":", 1);
		ok = ok && krait__json_write(out, object ? key + 1 : krait__json_at(value, i));
	}
	return ok && krait__buffer_add(out, object ? "}" : "]", 1);
}

bool krait__json_write(struct buffer *out, const struct json_value *value)
{
	switch (value->kind) {
	case JSON_VALUE_NULL:
		return krait__buffer_add_text(out, "null");
	case JSON_VALUE_FALSE:
		return krait__buffer_add_text(out, "false");
	case JSON_VALUE_TRUE:
		return krait__buffer_add_text(out, "true");
	case JSON_VALUE_INTEGER:
		return krait__buffer_print(out, "%lld", (long long)value->as.integer);
	case JSON_VALUE_REAL:
		return write_real(out, value);
	case JSON_VALUE_STRING:
		return krait__json_write_text(out, value->as.string.bytes, value->as.string.n);
	case JSON_VALUE_ARRAY:
	case JSON_VALUE_OBJECT:
		return write_members(out, value);
	}
	return false;
}
