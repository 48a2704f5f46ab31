/* SPDX-License-Identifier: Apache-2.0 */
#include "base/quote.h"
#include "base/utf8.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

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
