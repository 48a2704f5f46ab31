/* SPDX-License-Identifier: Apache-2.0 */
/* scan.h - strict JSON (RFC 8259), read once from front to back without building a tree, so
 * that a hostile header takes no more memory than its reader asks for. */
#ifndef KRAIT_BASE_SCAN_H
#define KRAIT_BASE_SCAN_H

#include "base/buffer.h"
#include "base/why.h"

struct scan {
	const char *text;
	size_t size, at;
	const char *what;               /* names the text in errors */
	struct why *why;
	bool lines;                     /* a text that people write: errors tell its line and column */
};

/* What is not there, or not as it should be: KRAIT_ERROR_FORMAT with the place. */
krait_status krait__scan_fail(const struct scan *scan, const char *reason);

bool krait__scan_next_is(struct scan *scan, char c);            /* takes white space, and the character if it is there */
krait_status krait__scan_take(struct scan *scan, char c);       /* takes white space and this character */
krait_status krait__scan_end(struct scan *scan);                /* nothing but white space is left */

/* A string, decoded into *out (emptied first; at most `limit` bytes; may hold U+0000). `out`
 * NULL only checks it. */
krait_status krait__scan_text(struct scan *scan, struct buffer *out, size_t limit);

/* Digits only: no sign, fraction, exponent or leading zero; at most 2^64 - 1. */
krait_status krait__scan_u64(struct scan *scan, uint64_t *out);

/* A JSON number at the place reached, as it stands there; *whole: without fraction and exponent. */
krait_status krait__scan_number(struct scan *scan, const char **text, size_t *n_text, bool *whole);

bool krait__scan_word(struct scan *scan, const char *word);     /* takes these letters if they are what comes next */

/* Any value, nested at most 64 deep, checked and dropped. */
krait_status krait__scan_skip(struct scan *scan);

/* Behind '{' or '[': the next member's key (its ':' is taken too) or the next item. *first is
 * true at the first call and cleared; *more false: the closing bracket was taken. */
krait_status krait__scan_key(struct scan *scan, bool *first, struct buffer *key, size_t limit, bool *more);
krait_status krait__scan_item(struct scan *scan, bool *first, bool *more);

#endif
