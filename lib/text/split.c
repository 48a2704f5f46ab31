/* SPDX-License-Identifier: Apache-2.0 */
/* split.c - cutting text into pre-tokens. */
#include "text/split.h"
#include "text/grow.h"
#include "text/unicode.h"

#include <string.h>

static bool add(struct pieces *out, size_t start, size_t end)
{
	if (start == end)
		return true;
	if (!KRAIT_GROW(out, 1))
		return false;
	out->items[out->size++] = (struct text_piece){ start, end };
	return true;
}

/* The last piece is held back until the next begins: an empty one, which is dropped in the end, may
 * still be extended, and what stands before it must not be in its place. */
static bool add_or_extend(struct cutter *c, size_t start, size_t end, bool extend)
{
	bool ok = true;

	if (extend && c->pending) {
		c->waiting.end = end;
		return true;
	}
	if (c->pending)
		ok = add(c->out, c->waiting.start, c->waiting.end);
	c->pending = true;
	c->waiting = (struct text_piece){ start, end };
	return ok;
}

static bool cut_with_next(struct cutter *c, size_t start, size_t end, bool match)
{
	if (c->pending && match) {
		if (!add(c->out, c->waiting.start, c->waiting.end))
			return false;
	} else if (c->pending) {
		start = c->waiting.start;
	}
	c->pending = match;
	c->waiting = (struct text_piece){ start, end };
	return match || add(c->out, start, end);
}

bool krait__cut(struct cutter *c, size_t start, size_t end, bool match)
{
	bool previous = c->previous, is_match = match != c->invert;

	c->previous = is_match;
	switch (c->behaviour) {
	case SPLIT_REMOVED:
		return is_match || add(c->out, start, end);
	case SPLIT_CONTIGUOUS:
		return add_or_extend(c, start, end, is_match == previous);
	case SPLIT_WITH_PREVIOUS:
		return add_or_extend(c, start, end, is_match && !previous);
	case SPLIT_WITH_NEXT:
		return cut_with_next(c, start, end, is_match);
	case SPLIT_ISOLATED:
		break;
	}
	return add(c->out, start, end);
}

bool krait__cut_end(struct cutter *c)
{
	bool pending = c->pending;

	c->pending = c->previous = false;
	return !pending || add(c->out, c->waiting.start, c->waiting.end);
}

enum scanner krait__scanner_of(const char *pattern)
{
	static const struct { enum scanner scanner; const char *pattern; } known[] = {
		{ SCAN_GPT2, "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+" },
		{ SCAN_GPT2, "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+" },
		{ SCAN_LLAMA3, "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
			"| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+" },
		{ SCAN_LLAMA3_DIGIT, "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
			"| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(pattern, known[i].pattern) == 0)
			return known[i].scanner;
	return SCAN_NONE;
}

/* The class of the character at `at`, its length in *n; at < n_text. */
static inline enum char_class class_at(const char *text, size_t at, size_t *n)
{
	uint32_t c;

	*n = krait__char_at(&c, text + at);
	return krait__class_of(c);
}

static inline size_t run_of(enum char_class class, const char *text, size_t n_text, size_t at)
{
	size_t n;

	while (at < n_text && class_at(text, at, &n) == class)
		at += n;
	return at;
}

/* The length of a contraction's letters behind an apostrophe, 0 if there is none. With `fold`
 * in either case, and with U+017F for s, as case folding says. */
static size_t contraction(const char *text, size_t n_text, bool fold)
{
	unsigned char a, b;

	if (n_text == 0)
		return 0;
	if (fold && n_text > 1 && (unsigned char)text[0] == 0xc5 && (unsigned char)text[1] == 0xbf)
		return 2;
	a = (unsigned char)text[0];
	b = n_text > 1 ? (unsigned char)text[1] : 0;
	if (fold && a >= 'A' && a <= 'Z')
		a += 32;
	if (fold && b >= 'A' && b <= 'Z')
		b += 32;
	if (a == 's' || a == 't' || a == 'm' || a == 'd')
		return 1;
	return (a == 'r' && b == 'e') || (a == 'v' && b == 'e') || (a == 'l' && b == 'l') ? 2 : 0;
}

/* White space from `at`: all of it at the end of the text, else without the last character if it has more than one. */
static size_t scan_spaces(const char *text, size_t n_text, size_t at)
{
	size_t end = run_of(CLASS_SPACE, text, n_text, at), before;

	if (end == n_text)
		return end;
	before = krait__char_before(text, end);
	return before > at ? before : end;
}

size_t krait__scan_gpt2(const char *text, size_t n_text, size_t at)
{
	size_t from = at, n;
	enum char_class class;

	if (text[at] == '\'') {
		n = contraction(text + at + 1, n_text - at - 1, false);
		if (n)
			return at + 1 + n;
	}
	if (text[at] == ' ' && at + 1 < n_text && class_at(text, at + 1, &n) != CLASS_SPACE)
		from = at + 1;
	class = class_at(text, from, &n);
	if (class != CLASS_SPACE)
		return run_of(class, text, n_text, from + n);
	return scan_spaces(text, n_text, at);
}

static bool is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

/* White space up to the last line end of its run, or as scan_spaces. */
static size_t scan_lines(const char *text, size_t n_text, size_t at)
{
	size_t end = run_of(CLASS_SPACE, text, n_text, at), line = end;

	while (line > at && !is_line_end(text[line - 1]))
		line--;
	return line > at ? line : scan_spaces(text, n_text, at);
}

size_t krait__scan_llama3(const char *text, size_t n_text, size_t at, unsigned digits)
{
	enum char_class class, next = CLASS_OTHER;
	size_t n, m, end;

	if (text[at] == '\'') {
		n = contraction(text + at + 1, n_text - at - 1, true);
		if (n)
			return at + 1 + n;
	}
	class = class_at(text, at, &n);
	if (class == CLASS_LETTER)
		return run_of(CLASS_LETTER, text, n_text, at + n);
	if (class == CLASS_NUMBER) {
		for (end = at + n; digits > 1 && end < n_text && class_at(text, end, &n) == CLASS_NUMBER; digits--)
			end += n;
		return end;
	}
	if (at + n < n_text)
		next = class_at(text, at + n, &m);
	if (at + n < n_text && next == CLASS_LETTER && !is_line_end(text[at]))
		return run_of(CLASS_LETTER, text, n_text, at + n + m);
	if (class == CLASS_SPACE && !(text[at] == ' ' && at + n < n_text && next == CLASS_OTHER))
		return scan_lines(text, n_text, at);
	end = run_of(CLASS_OTHER, text, n_text, at + n);
	while (end < n_text && is_line_end(text[end]))
		end++;
	return end;
}

bool krait__scan_all(enum scanner scanner, const char *text, size_t start, size_t end, struct cutter *cutter, uint64_t *steps)
{
	const char *base = text + start;
	size_t n = end - start;

	*steps += n;
	for (size_t at = 0; at < n;) {
		size_t next = scanner == SCAN_GPT2 ? krait__scan_gpt2(base, n, at)
			: krait__scan_llama3(base, n, at, scanner == SCAN_LLAMA3 ? 3 : 1);

		if (!krait__cut(cutter, start + at, start + next, true))
			return false;
		at = next;
	}
	return krait__cut_end(cutter);
}
