/* SPDX-License-Identifier: Apache-2.0 */
/* unicode.h - what the tokenizer asks of single characters. */
#ifndef KRAIT_TEXT_UNICODE_H
#define KRAIT_TEXT_UNICODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum char_class { CLASS_OTHER, CLASS_LETTER, CLASS_NUMBER, CLASS_SPACE };

extern const unsigned char krait__ascii_class[128];

/* General categories L*, N*, the 25 characters of White_Space, and the rest. */
enum char_class krait__class_of_wide(uint32_t c);

bool krait__is_space(uint32_t c);       /* White_Space; not U+001C to U+001F, not U+180E */
bool krait__is_numeric(uint32_t c);     /* Nd, Nl, No */
bool krait__is_punctuation(uint32_t c); /* ASCII punctuation and categories P* */
bool krait__is_word(uint32_t c);        /* \w of UTS 18: alphabetic, marks, decimal digits, connectors, joiners */

/* The lower-case form without regard to neighbours: one character, or two for U+0130. */
size_t krait__lower(uint32_t out[2], uint32_t c);

/* The character that begins at `text`, which is well-formed; its length in bytes. */
static inline size_t krait__char_at(uint32_t *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	if (s[0] < 0x80) {
		*out = s[0];
		return 1;
	}
	if (s[0] < 0xe0) {
		*out = (s[0] & 0x1fu) << 6 | (s[1] & 0x3fu);
		return 2;
	}
	if (s[0] < 0xf0) {
		*out = (s[0] & 0x0fu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
		return 3;
	}
	*out = (s[0] & 0x07u) << 18 | (s[1] & 0x3fu) << 12 | (s[2] & 0x3fu) << 6 | (s[3] & 0x3fu);
	return 4;
}

/* Where the character that ends before `at` begins; at > 0. */
static inline size_t krait__char_before(const char *text, size_t at)
{
	do
		at--;
	while (at > 0 && ((unsigned char)text[at] & 0xc0) == 0x80);
	return at;
}

static inline enum char_class krait__class_of(uint32_t c)
{
	return c < 128 ? (enum char_class)krait__ascii_class[c] : krait__class_of_wide(c);
}

#endif
