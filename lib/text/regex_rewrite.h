/* SPDX-License-Identifier: Apache-2.0 */
/* regex_rewrite.h - a pattern in Oniguruma's language, which tokenizers are written in, as one
 * of PCRE2's that means the same. What cannot be said is refused, never read as something else. */
#ifndef KRAIT_TEXT_REGEX_REWRITE_H
#define KRAIT_TEXT_REGEX_REWRITE_H

#include "base/buffer.h"

#include <stdint.h>

#define REGEX_NESTING_MOST 60           /* parentheses; PCRE2's compiler recurses on them */
#define REGEX_REPEAT_MOST 1000          /* the numbers of {n,m} */

struct regex_rewriter {
	const char *pattern;
	size_t n, at;
	struct buffer *out;
	size_t groups[REGEX_NESTING_MOST]; /* where the open groups begin in *out */
	size_t n_groups;
	size_t atom;                    /* where that which a quantifier repeats begins in *out; SIZE_MAX: nothing */
	enum { INTERVAL_NONE, INTERVAL_EXACT, INTERVAL_RANGE } interval; /* the atom ends in {n} or {n,m} */
	bool opening;                   /* nothing but options stands in this group yet */
	bool no_memory;
	uint32_t longest;               /* the largest n of all {n,m} */
	size_t flaw, n_flaw;            /* what is refused; n_flaw 0: nothing */
};

/* Zero-initialise `r` but for pattern, n and out. False: no_memory, or there is a flaw. */
bool krait__regex_rewrite(struct regex_rewriter *r);

/* Rewrites the class in brackets that begins at r->at. */
void krait__regex_rewrite_class(struct regex_rewriter *r);

/* Shared by the two: what an escape stands for. Each moves r->at behind it. */
void krait__regex_put(struct regex_rewriter *r, const char *text);
void krait__regex_put_bytes(struct regex_rewriter *r, const char *bytes, size_t n);
void krait__regex_refuse(struct regex_rewriter *r, size_t n);
/* A backslash and what follows as one character; refuses what is none. */
void krait__regex_put_char(struct regex_rewriter *r);
/* \p{...} or \P{...}. */
void krait__regex_put_property(struct regex_rewriter *r);

/* The members of a class, to stand between brackets. */
#define REGEX_SPACES \
	"\\x{9}-\\x{d}\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}"
#define REGEX_HEX "0-9A-Fa-f"
#define REGEX_WORD "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}"

#endif
