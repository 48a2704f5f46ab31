/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

/* How long a character with this first byte is, and the range of its second byte. */
static size_t lead(unsigned char c, unsigned char *low, unsigned char *high)
{
	*low = 0x80;
	*high = 0xbf;
	if (c < 0x80)
		return 1;
	if (c >= 0xc2 && c <= 0xdf)
		return 2;
	if (c >= 0xe0 && c <= 0xef) {
		if (c == 0xe0)
			*low = 0xa0;
		if (c == 0xed)
			*high = 0x9f;
		return 3;
	}
	if (c >= 0xf0 && c <= 0xf4) {
		if (c == 0xf0)
			*low = 0x90;
		if (c == 0xf4)
			*high = 0x8f;
		return 4;
	}
	return 0;
}

/* How many bytes at `text` are right so far, and how many the character needs. */
static size_t good(const unsigned char *text, size_t n_text, size_t *need)
{
	unsigned char low, high;
	size_t have = 1;

	*need = lead(text[0], &low, &high);
	if (*need == 0)
		return 0;
	while (have < *need && have < n_text && text[have] >= low && text[have] <= high) {
		have++;
		low = 0x80;
		high = 0xbf;
	}
	return have;
}

size_t krait__utf8_take(uint32_t *out, const char *text, size_t n_text)
{
	static const unsigned char mask[5] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	const unsigned char *at = (const unsigned char *)text;
	size_t need;

	*out = 0;
	if (n_text == 0 || good(at, n_text, &need) != need || need == 0)
		return 0;
	*out = at[0] & mask[need];
	for (size_t i = 1; i < need; i++)
		*out = *out << 6 | (at[i] & 0x3f);
	return need;
}

size_t krait__utf8_bad(const char *text, size_t n_text, bool *cut)
{
	size_t need, have;

	*cut = false;
	if (n_text == 0)
		return 0;
	have = good((const unsigned char *)text, n_text, &need);
	*cut = have > 0 && have == n_text && have < need;
	return have ? have : 1;
}

size_t krait__utf8_put(char *out, uint32_t c)
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char first[5] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n - 1; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(first[n] | c);
	return n;
}

bool krait__utf8_valid(const char *text, size_t n_text)
{
	uint32_t c;

	while (n_text) {
		size_t n = krait__utf8_take(&c, text, n_text);

		if (n == 0)
			return false;
		text += n;
		n_text -= n;
	}
	return true;
}
