/* SPDX-License-Identifier: Apache-2.0 */
/* check.c - what texts that the library gives must be, looked at with code of its own. */
#include "fuzz.h"

#include <string.h>

/* The length of the character at a place, 0 for none; its number in *code. */
static size_t take(const char *text, uint32_t *code)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)text;
	size_t n = 0;

	if (s[0] < 0x80)
		n = 1;
	else if (s[0] >= 0xc2 && s[0] < 0xe0)
		n = 2;
	else if (s[0] >= 0xe0 && s[0] < 0xf0)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] < 0xf5)
		n = 4;
	if (n == 0)
		return 0;
	*code = n == 1 ? s[0] : s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | (s[i] & 0x3fu);
	}
	return *code < least[n] || *code > 0x10ffff || (*code >= 0xd800 && *code < 0xe000) ? 0 : n;
}

void fuzz_check_text(const char *what, const char *text)
{
	if (!text)
		fuzz_broken("%s: no text at all", what);
	for (size_t n; *text; text += n) {
		uint32_t code = 0;

		n = take(text, &code);
		if (!n)
			fuzz_broken("%s: not UTF-8 from byte 0x%02x on", what, (unsigned char)*text);
		if ((code < 0x20 && code != '\n' && code != '\t') || (code >= 0x7f && code < 0xa0))
			fuzz_broken("%s: has the control character U+%04X", what, (unsigned)code);
	}
}

struct json { const char *at; int depth; };

static void spaces(struct json *j)
{
	j->at += strspn(j->at, " \t\r\n");
}

static bool string(struct json *j)
{
	if (*j->at++ != '"')
		return false;
	for (; *j->at != '"'; j->at++) {
		if ((unsigned char)*j->at < 0x20)
			return false;
		if (*j->at == '\\' && !*++j->at)
			return false;
	}
	j->at++;
	return true;
}

static bool number(struct json *j)
{
	size_t n;

	j->at += *j->at == '-';
	n = strspn(j->at, "0123456789");
	if (n == 0 || (n > 1 && *j->at == '0'))
		return false;
	j->at += n;
	if (*j->at == '.') {
		n = strspn(++j->at, "0123456789");
		j->at += n;
	}
	if (n && (*j->at == 'e' || *j->at == 'E')) {
		j->at++;
		j->at += *j->at == '-' || *j->at == '+';
		n = strspn(j->at, "0123456789");
		j->at += n;
	}
	return n > 0;
}

static bool value(struct json *j);

static bool members(struct json *j, char end, bool named)
{
	j->at++;
	spaces(j);
	if (*j->at == end) {
		j->at++;
		return true;
	}
	for (;;) {
		spaces(j);
		if (named && !string(j))
			return false;
		spaces(j);
		if (named && *j->at++ != ':')
			return false;
		if (!value(j))
			return false;
		spaces(j);
		if (*j->at == end) {
			j->at++;
			return true;
		}
		if (*j->at++ != ',')
			return false;
	}
}

static bool value(struct json *j)
{
	static const char *const words[] = { "true", "false", "null" };
	bool ok = false;

	spaces(j);
	if (++j->depth > 200)
		return false;
	if (*j->at == '{') {
		ok = members(j, '}', true);
	} else if (*j->at == '[') {
		ok = members(j, ']', false);
	} else if (*j->at == '"') {
		ok = string(j);
	} else if (*j->at == '-' || (*j->at >= '0' && *j->at <= '9')) {
		ok = number(j);
	} else {
		for (size_t i = 0; i < 3 && !ok; i++)
			if (strncmp(j->at, words[i], strlen(words[i])) == 0) {
				j->at += strlen(words[i]);
				ok = true;
			}
	}
	j->depth--;
	return ok;
}

void fuzz_check_json(const char *what, const char *text)
{
	struct json j = { text, 0 };

	if (!text || !value(&j))
		fuzz_broken("%s: is no JSON: %.200s", what, text ? text : "(nothing)");
	spaces(&j);
	if (*j.at)
		fuzz_broken("%s: something stands behind the JSON: %.100s", what, j.at);
	fuzz_check_text(what, text);
}
