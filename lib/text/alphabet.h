/* SPDX-License-Identifier: Apache-2.0 */
/* alphabet.h - the spelling of bytes as visible characters that byte-level vocabularies
 * use: 0x21-0x7E, 0xA1-0xAC and 0xAE-0xFF stand for themselves, the other 68 bytes
 * are U+0100 and on. */
#ifndef KRAIT_TEXT_ALPHABET_H
#define KRAIT_TEXT_ALPHABET_H

#include "base/buffer.h"

#include <stdint.h>

/* The character of a byte. */
uint32_t krait__alphabet_char(unsigned char byte);

/* Appends the spelling of bytes, as UTF-8. False: out of memory. */
bool krait__alphabet_spell(struct buffer *out, const char *bytes, size_t n_bytes);

/* Writes the bytes that `text` spells; at most n_text. SIZE_MAX where a character is
 * none of the alphabet. */
size_t krait__alphabet_read(char *out, const char *text, size_t n_text);

#endif
