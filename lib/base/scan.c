/* SPDX-License-Identifier: Apache-2.0 */
/* scan.c - the strict JSON reader of headers and indexes. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/scan.h"
#include "base/utf8.h"

#include <string.h>

#define DEEPEST 64

/* Columns count characters, from 1. */
static krait_status fail_at_line(const struct scan *scan, const char *reason)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < scan->at; i++) {
		bool inside = ((unsigned char)scan->text[i] & 0xc0) == 0x80;

		line += scan->text[i] == '\n';
		column = scan->text[i] == '\n' ? 1 : column + !inside;
	}
	return krait__why(scan->why, KRAIT_ERROR_FORMAT, "%s, line %zu, column %zu: not JSON: %s", scan->what, line, column, reason);
}

krait_status krait__scan_fail(const struct scan *scan, const char *reason)
{
	if (scan->lines)
		return fail_at_line(scan, reason);
	return krait__why(scan->why, KRAIT_ERROR_FORMAT, "%s, byte %zu: %s; the file is damaged: fetch or write it again",
		scan->what, scan->at, reason);
}

static void skip_space(struct scan *scan)
{
	while (scan->at < scan->size && strchr(" \t\n\r", scan->text[scan->at]) && scan->text[scan->at])
		scan->at++;
}

bool krait__scan_next_is(struct scan *scan, char c)
{
	skip_space(scan);
	if (scan->at == scan->size || scan->text[scan->at] != c)
		return false;
	scan->at++;
	return true;
}

krait_status krait__scan_take(struct scan *scan, char c)
{
	char reason[] = "' ' is expected here";

	if (krait__scan_next_is(scan, c))
		return KRAIT_OK;
	reason[1] = c;
	return krait__scan_fail(scan, reason);
}

krait_status krait__scan_end(struct scan *scan)
{
	skip_space(scan);
	return scan->at == scan->size ? KRAIT_OK : krait__scan_fail(scan, "something stands behind the end of the JSON value");
}

/* ---- strings ------------------------------------------------------------------------ */

/* Four hexadecimal digits at the place reached. */
static bool take_hex(struct scan *scan, uint32_t *out)
{
	static const char digits[] = "0123456789abcdef";

	*out = 0;
	if (scan->size - scan->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		char c = scan->text[scan->at + (size_t)i];
		const char *digit = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;

		if (!digit)
			return false;
		*out = *out << 4 | (uint32_t)(digit - digits);
	}
	scan->at += 4;
	return true;
}

/* What \u stands for; a high surrogate needs its low one behind it. */
static bool take_unicode(struct scan *scan, uint32_t *c)
{
	uint32_t low;

	if (!take_hex(scan, c) || (*c >= 0xdc00 && *c < 0xe000))
		return false;
	if (*c < 0xd800 || *c > 0xdbff)
		return true;
	if (scan->size - scan->at < 6 || scan->text[scan->at] != '\\' || scan->text[scan->at + 1] != 'u')
		return false;
	scan->at += 2;
	if (!take_hex(scan, &low) || low < 0xdc00 || low > 0xdfff)
		return false;
	*c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);
	return true;
}

static bool take_escape(struct scan *scan, uint32_t *c)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *found;
	char letter;

	if (scan->at == scan->size || !scan->text[scan->at])
		return false;
	letter = scan->text[scan->at++];
	if (letter == 'u')
		return take_unicode(scan, c);
	found = strchr(from, letter);
	if (found)
		*c = (uint32_t)to[found - from];
	return found != NULL;
}

/* One character of a string, escaped or plain. */
static krait_status take_character(struct scan *scan, uint32_t *c)
{
	size_t n = krait__utf8_take(c, scan->text + scan->at, scan->size - scan->at);

	if (n == 0)
		return krait__scan_fail(scan, scan->at == scan->size ? "a string has no end" : "not UTF-8");
	if (*c < 0x20)
		return krait__scan_fail(scan, "a control character in a string");
	scan->at += n;
	if (*c == '\\' && !take_escape(scan, c))
		return krait__scan_fail(scan, "an escape in a string that means nothing");
	return KRAIT_OK;
}

/* How many plain ASCII characters come next, at most `limit`. */
static size_t plain_run(const struct scan *scan, size_t limit)
{
	size_t n = 0;

	while (n < limit && scan->at + n < scan->size) {
		unsigned char c = (unsigned char)scan->text[scan->at + n];

		if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
			break;
		n++;
	}
	return n;
}

krait_status krait__scan_text(struct scan *scan, struct buffer *out, size_t limit)
{
	krait_status status = krait__scan_take(scan, '"');

	if (out)
		krait__buffer_clear(out);
	while (status == KRAIT_OK) {
		uint32_t c;
		char bytes[4];
		size_t n;

		if (scan->at < scan->size && scan->text[scan->at] == '"') {
			scan->at++;
			return KRAIT_OK;
		}
		if (out) {
			size_t plain = plain_run(scan, limit - out->size);

			if (plain && !krait__buffer_add(out, scan->text + scan->at, plain))
				return krait__why_memory(scan->why);
			scan->at += plain;
			if (plain)
				continue;
		}
		status = take_character(scan, &c);
		if (status != KRAIT_OK || !out)
			continue;
		n = krait__utf8_put(bytes, c);
		if (n > limit - out->size)
			return krait__scan_fail(scan, "a string is longer than any that belongs here");
		if (!krait__buffer_add(out, bytes, n))
			return krait__why_memory(scan->why);
	}
	return status;
}

/* ---- numbers and whole values ------------------------------------------------------- */

static bool digit_at(const struct scan *scan, size_t at)
{
	return at < scan->size && scan->text[at] >= '0' && scan->text[at] <= '9';
}

krait_status krait__scan_u64(struct scan *scan, uint64_t *out)
{
	size_t start;

	*out = 0;
	skip_space(scan);
	start = scan->at;
	for (; digit_at(scan, scan->at); scan->at++)
		if (__builtin_mul_overflow(*out, (uint64_t)10, out) || __builtin_add_overflow(*out, (uint64_t)(scan->text[scan->at] - '0'), out))
			return krait__scan_fail(scan, "a number beyond 2^64");
	if (scan->at == start || (scan->text[start] == '0' && scan->at > start + 1) ||
	    (scan->at < scan->size && scan->text[scan->at] && strchr(".eE", scan->text[scan->at])))
		return krait__scan_fail(scan, "a whole number from 0 up, in plain digits, is expected here");
	return KRAIT_OK;
}

static bool skip_digits(struct scan *scan)
{
	size_t start = scan->at;

	while (digit_at(scan, scan->at))
		scan->at++;
	return scan->at > start;
}

static bool skip_one_of(struct scan *scan, const char *set)
{
	if (scan->at == scan->size || !scan->text[scan->at] || !strchr(set, scan->text[scan->at]))
		return false;
	scan->at++;
	return true;
}

krait_status krait__scan_number(struct scan *scan, const char **text, size_t *n_text, bool *whole)
{
	size_t start = scan->at, first;
	bool good;

	skip_one_of(scan, "-");
	first = scan->at;
	good = skip_digits(scan) && (scan->text[first] != '0' || scan->at == first + 1);
	*whole = true;
	if (good && skip_one_of(scan, ".")) {
		*whole = false;
		good = skip_digits(scan);
	}
	if (good && skip_one_of(scan, "eE")) {
		*whole = false;
		skip_one_of(scan, "+-");
		good = skip_digits(scan);
	}
	*text = scan->text + start;
	*n_text = scan->at - start;
	if (good)
		return KRAIT_OK;
	if (digit_at(scan, first + 1) && scan->text[first] == '0')
		return krait__scan_fail(scan, "a number that begins with a needless 0");
	return krait__scan_fail(scan, scan->at == scan->size ? "the text ends too early" : "no value begins here");
}

bool krait__scan_word(struct scan *scan, const char *word)
{
	size_t n = strlen(word);

	if (scan->size - scan->at < n || memcmp(scan->text + scan->at, word, n) != 0)
		return false;
	scan->at += n;
	return true;
}

static krait_status skip_plain(struct scan *scan)
{
	const char *text;
	size_t n;
	bool whole;

	if (scan->at < scan->size && scan->text[scan->at] == '"')
		return krait__scan_text(scan, NULL, 0);
	if (krait__scan_word(scan, "true") || krait__scan_word(scan, "false") || krait__scan_word(scan, "null"))
		return KRAIT_OK;
	return krait__scan_number(scan, &text, &n, &whole);
}

/* What is open is kept as one bit for each level: 1 is an object. */
krait_status krait__scan_skip(struct scan *scan)
{
	uint64_t objects = 0;
	unsigned depth = 0;
	bool first = false, more = false;
	krait_status status;

	do {
		bool object = krait__scan_next_is(scan, '{');

		first = object || krait__scan_next_is(scan, '[');
		if (first && depth++ == DEEPEST)
			return krait__scan_fail(scan, "nested more than 64 deep");
		if (first)
			objects = objects << 1 | object;
		status = first ? KRAIT_OK : skip_plain(scan);
		for (more = false; status == KRAIT_OK && depth && !more; ) {
			if (objects & 1)
				status = krait__scan_key(scan, &first, NULL, 0, &more);
			else
				status = krait__scan_item(scan, &first, &more);
			if (status == KRAIT_OK && !more) {
				depth--;
				objects >>= 1;
			}
		}
	} while (status == KRAIT_OK && more);
	return status;
}

krait_status krait__scan_item(struct scan *scan, bool *first, bool *more)
{
	bool was_first = *first;

	*first = false;
	*more = !krait__scan_next_is(scan, ']');
	return *more && !was_first ? krait__scan_take(scan, ',') : KRAIT_OK;
}

krait_status krait__scan_key(struct scan *scan, bool *first, struct buffer *key, size_t limit, bool *more)
{
	krait_status status = KRAIT_OK;
	bool was_first = *first;

	*first = false;
	*more = !krait__scan_next_is(scan, '}');
	if (!*more)
		return KRAIT_OK;
	if (!was_first)
		status = krait__scan_take(scan, ',');
	if (status == KRAIT_OK)
		status = krait__scan_text(scan, key, limit);
	return status == KRAIT_OK ? krait__scan_take(scan, ':') : status;
}
