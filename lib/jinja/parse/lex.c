/* SPDX-License-Identifier: Apache-2.0 */
/* lex.c - a chat template's source as tokens, white space control included. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/parse/code.h"

#include <string.h>

struct lexer {
	struct jinja *jinja;
	const char *source;
	size_t n, at;
	struct jinja_lexemes *out;
	bool line_start;        /* nothing but a line's beginning lies before `at` */
	char open[JINJA_MAX_PARSE_DEPTH * 2];
	size_t n_open;          /* brackets: inside them a closing }} is no end */
};

static bool put(struct lexer *lexer, enum jinja_token_type type, const char *data, size_t n)
{
	struct jinja_lexemes *out = lexer->out;

	if (!krait__jinja_grow(lexer->jinja, &out->items, out->n, &out->room, sizeof(*out->items)))
		return false;
	out->items[out->n++] = (struct jinja_lexeme){ type, lexer->jinja->line, data, n };
	return true;
}

static bool syntax(struct lexer *lexer, const char *text)
{
	return krait__jinja_fail(lexer->jinja, JINJA_ERROR_SYNTAX, "%s", text);
}

static void advance(struct lexer *lexer, size_t n)
{
	for (size_t i = 0; i < n; i++)
		lexer->jinja->line += lexer->source[lexer->at + i] == '\n';
	lexer->at += n;
}

static bool here(const struct lexer *lexer, const char *text)
{
	size_t n = strlen(text);

	return lexer->n - lexer->at >= n && memcmp(lexer->source + lexer->at, text, n) == 0;
}

static size_t space(const struct lexer *lexer, size_t at)
{
	size_t n;

	while (krait__jinja_space(lexer->source + at, lexer->n - at, &n))
		at += n;
	return at;
}

static void skip_space(struct lexer *lexer)
{
	advance(lexer, space(lexer, lexer->at) - lexer->at);
}

/* After a closing delimiter that begins with its sign, if it has one. */
static void after_tag(struct lexer *lexer, char sign, bool trims)
{
	if (sign == '-') {
		skip_space(lexer);
		lexer->line_start = lexer->source[lexer->at - 1] == '\n';
		return;
	}
	lexer->line_start = false;
	if (trims && sign != '+' && here(lexer, "\n")) {
		advance(lexer, 1);
		lexer->line_start = true;
	}
}

/* ---- text between tags ---------------------------------------------------------------- */

static size_t strip_end(const char *data, size_t n)
{
	size_t last = n, size;

	while (last > 0) {
		size_t begin = last - 1;

		while (begin > 0 && ((unsigned char)data[begin] & 0xc0) == 0x80)
			begin--;
		if (!krait__jinja_space(data + begin, last - begin, &size) || size != last - begin)
			break;
		last = begin;
	}
	return last;
}

/* The text before a tag that opens with `sign`; `block`: blanks that begin its line go. */
static bool put_data(struct lexer *lexer, const char *data, size_t n, char sign, bool block, bool line_start)
{
	size_t kept = n, stripped = strip_end(data, n), line = n;

	while (line > 0 && data[line - 1] != '\n')
		line--;
	if (sign == '-')
		kept = stripped;
	else if (block && sign != '+' && (line > 0 || line_start) && stripped <= line)
		kept = line;
	return !kept || put(lexer, TOKEN_DATA, data, kept);
}

static char sign_at(const struct lexer *lexer, size_t at)
{
	return at < lexer->n && (lexer->source[at] == '-' || lexer->source[at] == '+') ? lexer->source[at] : 0;
}

static bool comment(struct lexer *lexer)
{
	size_t end = lexer->at + 2;
	char sign;

	while (end + 1 < lexer->n && memcmp(lexer->source + end, "#}", 2) != 0)
		end++;
	if (end + 1 >= lexer->n)
		return syntax(lexer, "a comment without its end '#}'");
	sign = end > lexer->at + 2 ? sign_at(lexer, end - 1) : 0;
	advance(lexer, end + 2 - lexer->at);
	after_tag(lexer, sign, true);
	return true;
}

/* At "{% word %}": how long it is, with its signs; 0: something else stands there. */
static size_t word_tag(const struct lexer *lexer, size_t begin, const char *word, char *left, char *right)
{
	size_t at = begin + 2, n = strlen(word);

	if (lexer->n - begin < 2 || memcmp(lexer->source + begin, "{%", 2) != 0)
		return 0;
	*left = sign_at(lexer, at);
	at = space(lexer, at + (*left != 0));
	if (lexer->n - at < n || memcmp(lexer->source + at, word, n) != 0)
		return 0;
	at = space(lexer, at + n);
	*right = sign_at(lexer, at);
	at += *right != 0;
	return lexer->n - at >= 2 && memcmp(lexer->source + at, "%}", 2) == 0 ? at + 2 - begin : 0;
}

static bool raw(struct lexer *lexer, size_t n_begin, char right)
{
	bool line_start;
	const char *data;
	size_t end, n_end = 0;
	char left = 0, last = 0;

	advance(lexer, n_begin);
	if (right == '+')
		return syntax(lexer, "'+%}' after raw");
	after_tag(lexer, right, false);
	data = lexer->source + lexer->at;
	line_start = lexer->line_start;
	for (end = lexer->at; end < lexer->n; end++)
		if (lexer->source[end] == '{' && (n_end = word_tag(lexer, end, "endraw", &left, &last)) != 0)
			break;
	if (!n_end)
		return syntax(lexer, "'raw' without 'endraw'");
	if (!put_data(lexer, data, end - lexer->at, left, true, line_start))
		return false;
	advance(lexer, end + n_end - lexer->at);
	after_tag(lexer, last, true);
	return true;
}

/* ---- inside tags ---------------------------------------------------------------------- */

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || is_digit(c); }

static size_t digits(const struct lexer *lexer, size_t at)
{
	size_t begin = at;

	while (at < lexer->n
		&& (is_digit(lexer->source[at])
			|| (lexer->source[at] == '_' && at > begin && at + 1 < lexer->n
				&& is_digit(lexer->source[at + 1]))))
		at++;
	return at;
}

static bool number(struct lexer *lexer)
{
	size_t begin = lexer->at, end = digits(lexer, begin), exponent;
	const char *s = lexer->source;
	bool real = false, after_dot = begin > 0 && s[begin - 1] == '.';

	if (s[begin] == '0' && begin + 2 < lexer->n && s[begin + 1] && strchr("xXoObB", s[begin + 1])) {
		for (end = begin + 2; end < lexer->n && is_word(s[end]);)
			end++;
	} else if (!after_dot) {
		if (end + 1 < lexer->n && s[end] == '.' && is_digit(s[end + 1])) {
			end = digits(lexer, end + 1);
			real = true;
		}
		exponent = end + 1;
		if (end < lexer->n && (s[end] == 'e' || s[end] == 'E')) {
			exponent += exponent < lexer->n && (s[exponent] == '+' || s[exponent] == '-');
			if (exponent < lexer->n && is_digit(s[exponent])) {
				end = digits(lexer, exponent);
				real = true;
			}
		}
	}
	if (!put(lexer, real ? TOKEN_FLOAT : TOKEN_INTEGER, s + begin, end - begin))
		return false;
	lexer->at = end;
	return true;
}

static bool string(struct lexer *lexer)
{
	char quote = lexer->source[lexer->at];
	size_t end = lexer->at + 1;

	while (end < lexer->n && lexer->source[end] != quote)
		end += lexer->source[end] == '\\' ? 2 : 1;
	if (end >= lexer->n)
		return syntax(lexer, "a string without its closing quote");
	if (!put(lexer, TOKEN_STRING, lexer->source + lexer->at + 1, end - lexer->at - 1))
		return false;
	advance(lexer, end + 1 - lexer->at);
	return true;
}

static char closing_of(char open)
{
	if (open == '{')
		return '}';
	return open == '[' ? ']' : ')';
}

static bool operator(struct lexer *lexer)
{
	static const char *const two[] = { "//", "**", "==", "!=", ">=", "<=", NULL };
	const char *at = lexer->source + lexer->at, *closing = "}])";
	struct quoted quoted;
	size_t n = 1;

	for (size_t i = 0; two[i]; i++)
		if (here(lexer, two[i]))
			n = 2;
	if (n == 1 && (!*at || !strchr("+-/*%~[](){}><=.:|,;", *at)))
		return krait__jinja_fail(lexer->jinja, JINJA_ERROR_SYNTAX, "unexpected character %s",
			krait__quote(&quoted, at, krait__jinja_char(at, lexer->n - lexer->at)));
	if (*at && strchr("{[(", *at)) {
		if (lexer->n_open == sizeof(lexer->open))
			return krait__jinja_fail(lexer->jinja, JINJA_ERROR_UNSUPPORTED, "brackets nested too deeply");
		lexer->open[lexer->n_open++] = closing_of(*at);
	} else if (n == 1 && strchr(closing, *at)) {
		if (!lexer->n_open)
			return krait__jinja_fail(lexer->jinja, JINJA_ERROR_SYNTAX, "unexpected '%c'", *at);
		if (lexer->open[--lexer->n_open] != *at)
			return krait__jinja_fail(lexer->jinja, JINJA_ERROR_SYNTAX, "unexpected '%c', '%c' is expected",
				*at, lexer->open[lexer->n_open]);
	}
	if (!put(lexer, TOKEN_OPERATOR, at, n))
		return false;
	lexer->at += n;
	return true;
}

static bool inner_token(struct lexer *lexer)
{
	const char *at = lexer->source + lexer->at;
	size_t end = lexer->at;

	if (is_digit(*at))
		return number(lexer);
	if (*at == '\'' || *at == '"')
		return string(lexer);
	if ((unsigned char)*at >= 0x80)
		return krait__jinja_fail(lexer->jinja, JINJA_ERROR_UNSUPPORTED,
			"names outside ASCII are not supported");
	if (!is_word(*at))
		return operator(lexer);
	while (end < lexer->n && is_word(lexer->source[end]))
		end++;
	if (!put(lexer, TOKEN_NAME, at, end - lexer->at))
		return false;
	lexer->at = end;
	return true;
}

static bool tag(struct lexer *lexer, bool block)
{
	const char *close = block ? "%}" : "}}";

	if (!put(lexer, block ? TOKEN_BLOCK_BEGIN : TOKEN_PRINT_BEGIN, lexer->source + lexer->at, 2))
		return false;
	lexer->at += 2;
	lexer->at += sign_at(lexer, lexer->at) != 0;
	lexer->n_open = 0;
	for (;;) {
		char sign;
		size_t n;

		skip_space(lexer);
		if (lexer->at == lexer->n)
			return syntax(lexer,
				block ? "a tag without its end '%}'" : "an expression without its end '}}'");
		sign = sign_at(lexer, lexer->at);
		sign = block || sign == '-' ? sign : 0;
		n = sign != 0;
		if (!lexer->n_open && lexer->n - lexer->at >= 2 + n
			&& memcmp(lexer->source + lexer->at + n, close, 2) == 0) {
			if (!put(lexer, block ? TOKEN_BLOCK_END : TOKEN_PRINT_END, close, 2))
				return false;
			lexer->at += 2 + n;
			after_tag(lexer, sign, block);
			return true;
		}
		if (!inner_token(lexer))
			return false;
	}
}

static bool next_tag(struct lexer *lexer)
{
	const char *begin = lexer->source + lexer->at;
	size_t end = lexer->at, n_raw;
	char kind, left, right = 0;
	bool line_start = lexer->line_start;

	while (end < lexer->n
		&& !(lexer->source[end] == '{' && end + 1 < lexer->n && memchr("%#{", lexer->source[end + 1], 3)))
		end++;
	if (end == lexer->n) {
		if (end > lexer->at && !put(lexer, TOKEN_DATA, begin, end - lexer->at))
			return false;
		advance(lexer, end - lexer->at);
		return true;
	}
	kind = lexer->source[end + 1];
	if (!put_data(lexer, begin, end - lexer->at, sign_at(lexer, end + 2), kind != '{', line_start))
		return false;
	advance(lexer, end - lexer->at);
	if (kind == '#')
		return comment(lexer);
	n_raw = kind == '%' ? word_tag(lexer, end, "raw", &left, &right) : 0;
	return n_raw ? raw(lexer, n_raw, right) : tag(lexer, kind == '%');
}

/* Line ends become \n, and one at the very end goes. */
static char *normalise(struct jinja *jinja, const char *source, size_t *n)
{
	char *copy = krait__jinja_alloc(jinja, *n + 1, 1);
	size_t out = 0;

	for (size_t i = 0; copy && i < *n; i++) {
		if (source[i] == '\r' && i + 1 < *n && source[i + 1] == '\n')
			continue;
		copy[out++] = source[i] == '\r' ? '\n' : source[i];
	}
	if (copy && out && copy[out - 1] == '\n')
		out--;
	if (copy)
		copy[out] = 0;
	*n = out;
	return copy;
}

bool krait__jinja_lex(struct jinja *jinja, const char *source, size_t n, struct jinja_lexemes *out)
{
	struct lexer lexer = { .jinja = jinja, .n = n, .out = out, .line_start = true };

	jinja->line = 1;
	lexer.source = normalise(jinja, source, &lexer.n);
	if (!lexer.source)
		return false;
	while (lexer.at < lexer.n)
		if (!next_tag(&lexer))
			return false;
	return put(&lexer, TOKEN_END, "", 0);
}
