/* SPDX-License-Identifier: Apache-2.0 */
#include "base/why.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

krait_status krait__why(struct why *why, krait_status status, const char *format, ...)
{
	va_list arguments;

	if (!why)
		return status;
	why->status = status;
	va_start(arguments, format);
	vsnprintf(why->text, sizeof(why->text), format, arguments);
	va_end(arguments);
	return status;
}

krait_status krait__why_memory(struct why *why)
{
	return krait__why(why, KRAIT_ERROR_MEMORY, "out of memory");
}

void krait__why_clear(struct why *why)
{
	why->status = KRAIT_OK;
	why->text[0] = 0;
}

void krait__why_prefix(struct why *why, const char *prefix)
{
	size_t size, n;

	if (!why)
		return;
	size = sizeof(why->text);
	n = strlen(prefix) + 2;
	if (n >= size)
		return;
	memmove(why->text + n, why->text, size - n);
	why->text[size - 1] = 0;
	memcpy(why->text, prefix, n - 2);
	memcpy(why->text + n - 2, ": ", 2);
}

/* The bytes of one character as it may be shown: itself, or \xHH for its first byte. */
static size_t show(char *out, const char *text, size_t n_text, size_t *used)
{
	uint32_t c;
	size_t n = krait__utf8_take(&c, text, n_text);

	*used = 1;
	if (n == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0))
		return (size_t)snprintf(out, 8, "\\x%02X", (unsigned char)text[0]);
	*used = n;
	memcpy(out, text, n);
	return n;
}

const char *krait__quote(struct quoted *out, const char *text, size_t n_text)
{
	size_t end = sizeof(out->text) - 8, at = 0;

	if (n_text == SIZE_MAX)
		n_text = text ? strlen(text) : 0;
	out->text[at++] = '\'';
	while (n_text && at < end) {
		size_t used;

		at += show(out->text + at, text, n_text, &used);
		text += used;
		n_text -= used;
	}
	memcpy(out->text + at, n_text ? "...'" : "'", n_text ? 5 : 2);
	return out->text;
}
