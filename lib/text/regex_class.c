/* SPDX-License-Identifier: Apache-2.0 */
/* regex_class.c - Oniguruma's classes in brackets as PCRE2's. */
#include "text/regex_rewrite.h"

#include <string.h>

#define NO_SPACES \
	"\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{84}\\x{86}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}" \
	"\\x{202a}-\\x{202e}\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{10ffff}"
#define NO_HEX "\\x{0}-\\x{2f}\\x{3a}-\\x{40}\\x{47}-\\x{60}\\x{67}-\\x{10ffff}"

/* What the members of a class are: a set may be no end of a range. */
struct members {
	bool after_char;                /* the last one is a character, which a range may begin with */
	bool in_range;                  /* the last one is a character and a dash */
};

static bool stands(const struct regex_rewriter *r, const char *text)
{
	size_t n = strlen(text);

	return n <= r->n - r->at && memcmp(r->pattern + r->at, text, n) == 0;
}

/* Puts a set of `size` bytes of the pattern. */
static void put_set(struct regex_rewriter *r, struct members *m, const char *set, size_t size)
{
	bool more = size + 1 < r->n - r->at;
	bool dash = more && r->pattern[r->at + size] == '-' && r->pattern[r->at + size + 1] != ']';

	if (m->in_range || dash) {
		krait__regex_refuse(r, size + 1);
		return;
	}
	if (set) {
		krait__regex_put(r, set);
		r->at += size;
	} else {
		krait__regex_put_property(r);
	}
	m->after_char = false;
}

/* [:name:] */
static void put_posix(struct regex_rewriter *r, struct members *m)
{
	static const struct { const char *name, *set; } known[] = {
		{ "[:alpha:]", "\\p{Alphabetic}" }, { "[:digit:]", "\\p{Nd}" },
		{ "[:alnum:]", "\\p{Alphabetic}\\p{Nd}" },
		{ "[:upper:]", "\\p{Uppercase}" }, { "[:lower:]", "\\p{Lowercase}" }, { "[:space:]", REGEX_SPACES },
		{ "[:blank:]", "\\t\\p{Zs}" },
		{ "[:cntrl:]", "\\p{Cc}" }, { "[:xdigit:]", REGEX_HEX }, { "[:word:]", REGEX_WORD },
	};
	const char *end;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (stands(r, known[i].name)) {
			put_set(r, m, known[i].set, strlen(known[i].name));
			return;
		}
	end = memchr(r->pattern + r->at, ']', r->n - r->at);
	krait__regex_refuse(r, end ? (size_t)(end - r->pattern) + 1 - r->at : 1);
}

static void put_member_escape(struct regex_rewriter *r, struct members *m)
{
	static const struct { const char *escape, *set; } known[] = {
		{ "\\s", REGEX_SPACES }, { "\\S", NO_SPACES }, { "\\h", REGEX_HEX }, { "\\H", NO_HEX },
		{ "\\w", REGEX_WORD },
		{ "\\d", "\\p{Nd}" }, { "\\D", "\\P{Nd}" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (stands(r, known[i].escape)) {
			put_set(r, m, known[i].set, 2);
			return;
		}
	if (stands(r, "\\p{") || stands(r, "\\P{")) {
		const char *end = memchr(r->pattern + r->at, '}', r->n - r->at);

		put_set(r, m, NULL, end ? (size_t)(end - r->pattern) + 1 - r->at : 3);
		return;
	}
	if (stands(r, "\\b")) {
		krait__regex_put(r, "\\x{8}");
		r->at += 2;
	} else {
		krait__regex_put_char(r);
	}
	m->after_char = !m->in_range;
	m->in_range = false;
}

static void put_member_char(struct regex_rewriter *r, struct members *m)
{
	bool dash = r->pattern[r->at] == '-', more = r->at + 1 < r->n && r->pattern[r->at + 1] != ']';

	if (dash && m->after_char && more) {
		m->in_range = true;
		m->after_char = false;
	} else {
		/* A dash that is no range must not become one beside what is put before or behind it. */
		if (strchr("-]^", r->pattern[r->at]))
			krait__regex_put(r, "\\");
		m->after_char = !m->in_range;
		m->in_range = false;
	}
	krait__regex_put_bytes(r, r->pattern + r->at++, 1);
	while (r->at < r->n && ((unsigned char)r->pattern[r->at] & 0xc0) == 0x80)
		krait__regex_put_bytes(r, r->pattern + r->at++, 1);
}

void krait__regex_rewrite_class(struct regex_rewriter *r)
{
	struct members m = { false, false };
	size_t from = r->at++;
	bool negated = stands(r, "^"), first = true;

	r->at += negated;
	krait__regex_put(r, negated ? "[^" : "[");
	for (; r->at < r->n && !r->n_flaw && !r->no_memory; first = false) {
		if (r->pattern[r->at] == ']' && !first) {
			krait__regex_put(r, "]");
			r->at++;
			return;
		}
		if (stands(r, "[:"))
			put_posix(r, &m);
		else if (stands(r, "[") || stands(r, "&&"))
			krait__regex_refuse(r, stands(r, "[") ? 1 : 2);
		else if (stands(r, "\\"))
			put_member_escape(r, &m);
		else
			put_member_char(r, &m);
	}
	if (!r->n_flaw && !r->no_memory) {
		r->at = from;
		krait__regex_refuse(r, r->n - from);
	}
}
