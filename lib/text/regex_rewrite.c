/* SPDX-License-Identifier: Apache-2.0 */
/* regex_rewrite.c - Oniguruma's language (its Ruby syntax) as PCRE2's: all but classes in brackets. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "text/regex_rewrite.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#define NO_ATOM SIZE_MAX

/* Outside of brackets Oniguruma asks a table of its own for U+0000 to U+00FF, in which these are letters too. */
#define WORD REGEX_WORD "\\x{b2}\\x{b3}\\x{b9}\\x{bc}-\\x{be}"

void krait__regex_put_bytes(struct regex_rewriter *r, const char *bytes, size_t n)
{
	r->no_memory = r->no_memory || !krait__buffer_add(r->out, bytes, n);
}

void krait__regex_put(struct regex_rewriter *r, const char *text)
{
	krait__regex_put_bytes(r, text, strlen(text));
}

void krait__regex_refuse(struct regex_rewriter *r, size_t n)
{
	r->flaw = r->at;
	r->n_flaw = n < r->n - r->at ? n : r->n - r->at;
}

static bool next_is(const struct regex_rewriter *r, size_t ahead, char c)
{
	return ahead < r->n - r->at && r->pattern[r->at + ahead] == c;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The bytes of the character at a place. */
static size_t char_size(const struct regex_rewriter *r, size_t at)
{
	size_t n = 1;

	while (at + n < r->n && ((unsigned char)r->pattern[at + n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* Reads up to `most` digits of a base; returns how many there are. */
static size_t read_number(const struct regex_rewriter *r, size_t at, size_t most, unsigned base, uint32_t *out)
{
	size_t n = 0;

	for (*out = 0; n < most && at + n < r->n; n++) {
		char c = r->pattern[at + n];
		unsigned digit = is_digit(c) ? (unsigned)(c - '0') : base;

		if (base == 16 && (c | 32) >= 'a' && (c | 32) <= 'f')
			digit = (unsigned)((c | 32) - 'a' + 10);
		if (digit >= base)
			break;
		*out = *out * base + digit;
	}
	return n;
}

static void put_code(struct regex_rewriter *r, uint32_t code, size_t size)
{
	char text[24];

	snprintf(text, sizeof(text), "\\x{%x}", (unsigned)code);
	krait__regex_put(r, text);
	r->at += size;
}

/* \x41, \x{3042}, \u3042, \012. A lone byte of a longer character, such as \xe3, is none. */
static bool put_numbered(struct regex_rewriter *r)
{
	uint32_t code;
	size_t n;

	if (next_is(r, 1, 'x') && next_is(r, 2, '{')) {
		n = read_number(r, r->at + 3, 6, 16, &code);
		if (n && next_is(r, 3 + n, '}'))
			put_code(r, code, 4 + n);
		else
			krait__regex_refuse(r, 4 + n);
	} else if (next_is(r, 1, 'x')) {
		n = read_number(r, r->at + 2, 2, 16, &code);
		if (n && code < 0x80)
			put_code(r, code, 2 + n);
		else
			krait__regex_refuse(r, 2 + n);
	} else if (next_is(r, 1, 'u')) {
		n = read_number(r, r->at + 2, 4, 16, &code);
		if (n == 4)
			put_code(r, code, 6);
		else
			krait__regex_refuse(r, 2 + n);
	} else if (next_is(r, 1, '0')) {
		n = read_number(r, r->at + 1, 3, 8, &code);
		if (code < 0x80)
			put_code(r, code, 1 + n);
		else
			krait__regex_refuse(r, 1 + n);
	} else {
		return false;
	}
	return true;
}

void krait__regex_put_char(struct regex_rewriter *r)
{
	char c = r->at + 1 < r->n ? r->pattern[r->at + 1] : 'z';
	size_t n;

	if (put_numbered(r))
		return;
	n = 1 + (r->at + 1 < r->n ? char_size(r, r->at + 1) : 0);
	if (c == 'v') {
		put_code(r, 0xb, 2);
	} else if ((is_letter(c) && !strchr("aefnrt", c)) || is_digit(c)) {
		krait__regex_refuse(r, n);
	} else {
		krait__regex_put_bytes(r, r->pattern + r->at, n);
		r->at += n;
	}
}

/* PCRE2's name for a property, or NULL: it may be a script. */
static const char *property_of(const char *name)
{
	static const struct { const char *name, *pcre2; } known[] = {
		{ "any", "Any" }, { "alpha", "Alphabetic" }, { "alphabetic", "Alphabetic" }, { "lower", "Lowercase" },
		{ "lowercase", "Lowercase" },
		{ "upper", "Uppercase" }, { "uppercase", "Uppercase" }, { "space", "White_Space" },
		{ "white_space", "White_Space" },
		{ "digit", "Nd" }, { "letter", "L" }, { "mark", "M" }, { "number", "N" }, { "punctuation", "P" },
		{ "symbol", "S" },
		{ "separator", "Z" }, { "other", "C" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcasecmp(name, known[i].name) == 0)
			return known[i].pcre2;
	return strlen(name) <= 2 ? name : NULL;
}

void krait__regex_put_property(struct regex_rewriter *r)
{
	size_t from = r->at + 3, n = 0;
	bool negated = next_is(r, 3, '^');
	char name[48];
	const char *property;

	from += negated;
	while (from + n < r->n && n + 1 < sizeof(name) && (is_letter(r->pattern[from + n])
		|| r->pattern[from + n] == '_'))
		n++;
	if (!next_is(r, 2, '{') || n == 0 || from + n >= r->n || r->pattern[from + n] != '}') {
		krait__regex_refuse(r, 4 + n);
		return;
	}
	memcpy(name, r->pattern + from, n);
	name[n] = 0;
	property = property_of(name);
	krait__regex_put_bytes(r, r->pattern + r->at, 3);
	krait__regex_put(r, negated ? "^" : "");
	/* A bare script's name means its extensions to PCRE2 since 10.40. */
#if PCRE2_MAJOR > 10 || PCRE2_MINOR >= 40
	krait__regex_put(r, property ? "" : "sc:");
#endif
	krait__regex_put(r, property ? property : name);
	krait__regex_put(r, "}");
	r->at = from + n + 1;
}

static void put_escape(struct regex_rewriter *r)
{
	static const struct { char letter; bool atom; const char *pcre2; } known[] = {
		{ 's', true, "[" REGEX_SPACES "]" }, { 'S', true, "[^" REGEX_SPACES "]" },
		{ 'h', true, "[" REGEX_HEX "]" }, { 'H', true, "[^" REGEX_HEX "]" },
		{ 'w', true, "[" WORD "]" }, { 'W', true, "[^" WORD "]" }, { 'd', true, "\\p{Nd}" },
		{ 'D', true, "\\P{Nd}" }, { 'R', true, "\\R" },
		{ 'A', false, "\\A" }, { 'z', false, "\\z" }, { 'Z', false, "\\Z" },
		{ 'b', false, "(?:(?<=[" WORD "])(?![" WORD "])|(?<![" WORD "])(?=[" WORD "]))" },
		{ 'B', false, "(?:(?<=[" WORD "])(?=[" WORD "])|(?<![" WORD "])(?![" WORD "]))" },
	};

	r->atom = r->out->size;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (next_is(r, 1, known[i].letter)) {
			krait__regex_put(r, known[i].pcre2);
			r->at += 2;
			r->atom = known[i].atom ? r->atom : NO_ATOM;
			return;
		}
	if (next_is(r, 1, 'p') || next_is(r, 1, 'P'))
		krait__regex_put_property(r);
	else
		krait__regex_put_char(r);
}

/* Puts the atom into a group, so that what follows repeats all of it. */
static void wrap_atom(struct regex_rewriter *r)
{
	krait__regex_put(r, "(?:)");
	if (r->no_memory)
		return;
	memmove(r->out->data + r->atom + 3, r->out->data + r->atom, r->out->size - 4 - r->atom);
	memcpy(r->out->data + r->atom, "(?:", 3);
	r->out->data[r->out->size - 1] = ')';
}

/* *, + or ? with what makes it lazy or possessive. */
static void put_quantifier(struct regex_rewriter *r)
{
	bool lazy = r->interval == INTERVAL_RANGE && r->pattern[r->at] == '?';

	if (r->atom == NO_ATOM) {
		krait__regex_refuse(r, 1);
		return;
	}
	/* a{2}? is (?:a{2})?, and a{1,3}+ is (?:a{1,3})+: only a{1,3}? is one quantifier. */
	if (r->interval != INTERVAL_NONE && !lazy)
		wrap_atom(r);
	krait__regex_put_bytes(r, r->pattern + r->at++, 1);
	if (!lazy && (next_is(r, 0, '+') || next_is(r, 0, '?')))
		krait__regex_put_bytes(r, r->pattern + r->at++, 1);
	r->atom = NO_ATOM;
	r->interval = INTERVAL_NONE;
}

/* {n}, {n,}, {n,m} or {,m}; any other brace is a character. */
static void put_interval(struct regex_rewriter *r)
{
	uint32_t least, most;
	size_t n = read_number(r, r->at + 1, 6, 10, &least), m = 0;
	bool comma = next_is(r, 1 + n, ',');
	char text[40];

	m = comma ? read_number(r, r->at + 2 + n, 6, 10, &most) : 0;
	if ((n == 0 && m == 0) || !next_is(r, 1 + n + comma + m, '}')) {
		r->atom = r->out->size;
		r->interval = INTERVAL_NONE;
		krait__regex_put(r, "\\{");
		r->at++;
		return;
	}
	if (r->atom == NO_ATOM || least > REGEX_REPEAT_MOST || (m && (most > REGEX_REPEAT_MOST || most < least))) {
		krait__regex_refuse(r, 2 + n + comma + m);
		return;
	}
	if (r->interval != INTERVAL_NONE)
		wrap_atom(r);
	if (m)
		snprintf(text, sizeof(text), "{%u,%u}", (unsigned)least, (unsigned)most);
	else
		snprintf(text, sizeof(text), "{%u%s}", (unsigned)least, comma ? "," : "");
	krait__regex_put(r, text);
	r->interval = comma ? INTERVAL_RANGE : INTERVAL_EXACT;
	r->longest = r->longest > least ? r->longest : least;
	r->at += 2 + n + comma + m;
}

static void open_group(struct regex_rewriter *r, const char *head, size_t size)
{
	if (r->n_groups == REGEX_NESTING_MOST) {
		krait__regex_refuse(r, size);
		return;
	}
	r->groups[r->n_groups++] = r->out->size;
	krait__regex_put(r, head);
	r->at += size;
	r->atom = NO_ATOM;
	r->opening = true;
}

/* (?i), (?m-i:...): Oniguruma's m is PCRE2's s. Where options stand alone, the two agree on how far they
 * reach only at the beginning of a group. */
static void put_options(struct regex_rewriter *r)
{
	char head[16] = "(?";
	size_t n = 2, size = 2;

	while (size < 8 && (next_is(r, size, 'i') || next_is(r, size, 'm') || next_is(r, size, '-'))) {
		char c = r->pattern[r->at + size++];

		head[n++] = c;
		if (c == 'm')
			head[n - 1] = 's';
	}
	if (next_is(r, size, ':')) {
		head[n] = ':';
		open_group(r, head, size + 1);
	} else if (next_is(r, size, ')') && r->opening && size > 2) {
		head[n] = ')';
		krait__regex_put(r, head);
		r->at += size + 1;
	} else {
		krait__regex_refuse(r, size + 1);
	}
}

/* Nothing refers back to a group, so none captures. */
static void put_group(struct regex_rewriter *r)
{
	static const char *const heads[] = { "(?:", "(?=", "(?!", "(?>", "(?<=", "(?<!" };
	size_t n = 3;

	if (!next_is(r, 1, '?') && !next_is(r, 1, '*')) {
		open_group(r, "(?:", 1);
		return;
	}
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		size_t size = strlen(heads[i]);

		if (size <= r->n - r->at && memcmp(r->pattern + r->at, heads[i], size) == 0) {
			open_group(r, heads[i], size);
			return;
		}
	}
	if (next_is(r, 1, '?') && next_is(r, 2, '<')) {
		while (r->at + n < r->n && (is_letter(r->pattern[r->at + n]) || r->pattern[r->at + n] == '_'
			|| is_digit(r->pattern[r->at + n])))
			n++;
		if (n > 3 && next_is(r, n, '>'))
			open_group(r, "(?:", n + 1);
		else
			krait__regex_refuse(r, n + 1);
	} else if (next_is(r, 1, '?')) {
		put_options(r);
	} else {
		krait__regex_refuse(r, 2);
	}
}

static void close_group(struct regex_rewriter *r)
{
	if (!r->n_groups) {
		krait__regex_refuse(r, 1);
		return;
	}
	krait__regex_put(r, ")");
	r->at++;
	r->atom = r->groups[--r->n_groups];
	r->interval = INTERVAL_NONE;
}

/* A character, or a sign that is the same to both: | ^ $ and the dot. */
static void put_plain(struct regex_rewriter *r)
{
	char c = r->pattern[r->at];
	size_t n = char_size(r, r->at);

	r->atom = c == '|' || c == '^' || c == '$' ? NO_ATOM : r->out->size;
	r->interval = INTERVAL_NONE;
	krait__regex_put_bytes(r, r->pattern + r->at, n);
	r->at += n;
}

bool krait__regex_rewrite(struct regex_rewriter *r)
{
	r->atom = NO_ATOM;
	r->opening = true;
	while (r->at < r->n && !r->n_flaw && !r->no_memory) {
		char c = r->pattern[r->at];

		if (c == '(') {
			put_group(r);
			continue;
		}
		r->opening = false;
		if (c == '{') {
			put_interval(r);
		} else if (c == '*' || c == '+' || c == '?') {
			put_quantifier(r);
		} else if (c == ')') {
			close_group(r);
		} else if (c == '\\') {
			r->interval = INTERVAL_NONE;
			put_escape(r);
		} else if (c == '[') {
			r->atom = r->out->size;
			r->interval = INTERVAL_NONE;
			krait__regex_rewrite_class(r);
		} else {
			put_plain(r);
		}
	}
	return !r->n_flaw && !r->no_memory;
}
