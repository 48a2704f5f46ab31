/* SPDX-License-Identifier: Apache-2.0 */
/* utf8.h - reading UTF-8 one character at a time (Unicode 15, section 3.9, table 3-7). */
#ifndef KRAIT_BASE_UTF8_H
#define KRAIT_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the well-formed character at `text`, its code point in *out; 0 when
 * there is none (ill-formed, cut off, or n_text is 0). */
size_t krait__utf8_take(uint32_t *out, const char *text, size_t n_text);

/* At a place where krait__utf8_take gave 0: the length of the maximal ill-formed
 * subpart, at least 1 if n_text is. *cut: the bytes are the whole rest of the text and
 * a valid beginning, so that more bytes could complete a character. */
size_t krait__utf8_bad(const char *text, size_t n_text, bool *cut);

/* Writes 1 to 4 bytes. */
size_t krait__utf8_put(char *out, uint32_t c);

bool krait__utf8_valid(const char *text, size_t n_text);

#endif
