/* SPDX-License-Identifier: Apache-2.0 */
/* alphabet.c - bytes as visible characters. */
#include "text/alphabet.h"
#include "base/utf8.h"

uint32_t krait__alphabet_char(unsigned char byte)
{
	if (byte <= 0x20)
		return 0x100u + byte;
	if (byte >= 0x7f && byte <= 0xa0)
		return 0x121u + (byte - 0x7fu);
	return byte == 0xad ? 0x143 : byte;
}

/* -1: the character stands for no byte. */
static int byte_of(uint32_t c)
{
	if (c >= 0x100 && c <= 0x120)
		return (int)(c - 0x100);
	if (c >= 0x121 && c <= 0x142)
		return (int)(c - 0x121 + 0x7f);
	if (c == 0x143)
		return 0xad;
	if ((c >= 0x21 && c <= 0x7e) || (c >= 0xa1 && c <= 0xff && c != 0xad))
		return (int)c;
	return -1;
}

bool krait__alphabet_spell(struct buffer *out, const char *bytes, size_t n_bytes)
{
	if (n_bytes > SIZE_MAX / 2 || !krait__buffer_reserve(out, n_bytes * 2))
		return false;
	for (size_t i = 0; i < n_bytes; i++)
		out->size += krait__utf8_put(out->data + out->size, krait__alphabet_char((unsigned char)bytes[i]));
	out->data[out->size] = 0;
	return true;
}

size_t krait__alphabet_read(char *out, const char *text, size_t n_text)
{
	size_t n = 0;

	for (size_t i = 0; i < n_text;) {
		unsigned char first = (unsigned char)text[i];
		uint32_t c = first;
		int byte;

		/* No character of the alphabet takes more than two bytes. */
		if (first >= 0x80) {
			if (first >= 0xe0 || i + 1 >= n_text)
				return SIZE_MAX;
			c = (first & 0x1fu) << 6 | ((unsigned char)text[i + 1] & 0x3fu);
		}
		byte = byte_of(c);
		if (byte < 0)
			return SIZE_MAX;
		out[n++] = (char)byte;
		i += first < 0x80 ? 1 : 2;
	}
	return n;
}
