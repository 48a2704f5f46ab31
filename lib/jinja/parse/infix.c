/* SPDX-License-Identifier: Apache-2.0 */
/* infix.c - the operators of chat templates, by precedence climbing. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/parse/parse.h"

#include <string.h>

struct infix { const char *symbol; enum jinja_level level; int32_t detail; };

static const struct infix infixes[] = {
	{ "+", LEVEL_ADD, BINARY_ADD },
	{ "-", LEVEL_ADD, BINARY_SUB },
	{ "*", LEVEL_MULTIPLY, BINARY_MUL },
	{ "/", LEVEL_MULTIPLY, BINARY_DIV },
	{ "//", LEVEL_MULTIPLY, BINARY_FLOORDIV },
	{ "%", LEVEL_MULTIPLY, BINARY_MOD },
	{ "**", LEVEL_POWER, BINARY_POW },
	{ "~", LEVEL_CONCAT, 0 },
	{ "==", LEVEL_COMPARE, COMPARE_EQ },
	{ "!=", LEVEL_COMPARE, COMPARE_NE },
	{ "<", LEVEL_COMPARE, COMPARE_LT },
	{ "<=", LEVEL_COMPARE, COMPARE_LE },
	{ ">", LEVEL_COMPARE, COMPARE_GT },
	{ ">=", LEVEL_COMPARE, COMPARE_GE },
};
static const struct infix word_infixes[] = {
	{ "in", LEVEL_COMPARE, COMPARE_IN }, { "and", LEVEL_AND, OP_AND }, { "or", LEVEL_OR, OP_OR },
};
static const struct infix not_in = { "not in", LEVEL_COMPARE, COMPARE_NOT_IN };

static const struct infix *infix_here(const struct jinja_parser *parser)
{
	const struct jinja_lexeme *next =
		&parser->tokens.items[parser->at + (krait__jinja_token(parser)->type != TOKEN_END)];

	for (size_t i = 0; i < sizeof(infixes) / sizeof(*infixes); i++)
		if (krait__jinja_at(parser, infixes[i].symbol))
			return &infixes[i];
	for (size_t i = 0; i < sizeof(word_infixes) / sizeof(*word_infixes); i++)
		if (krait__jinja_at_name(parser, word_infixes[i].symbol))
			return &word_infixes[i];
	return krait__jinja_at_name(parser, "not") && next->type == TOKEN_NAME && next->n == 2
			&& memcmp(next->data, "in", 2) == 0
		? &not_in
		: NULL;
}

static void skip_infix(struct jinja_parser *parser, const struct infix *infix)
{
	krait__jinja_next(parser);
	if (infix == &not_in)
		krait__jinja_next(parser);
}

/* a < b < c: every link but the last jumps to the end when it is false. */
static bool comparison(struct jinja_parser *parser, const struct infix *infix)
{
	int32_t jumps = -1;

	for (;;) {
		const struct infix *next;

		skip_infix(parser, infix);
		if (!krait__jinja_climb(parser, LEVEL_ADD))
			return false;
		next = infix_here(parser);
		if (!next || next->level != LEVEL_COMPARE)
			break;
		if (!krait__jinja_emit(parser, OP_COMPARE_AND, infix->detail, jumps))
			return false;
		jumps = krait__jinja_here(parser) - 1;
		infix = next;
	}
	if (!krait__jinja_emit(parser, OP_COMPARE, infix->detail, 0))
		return false;
	while (jumps >= 0) {
		int32_t before = parser->program->code[jumps].b;

		krait__jinja_land(parser, jumps);
		jumps = before;
	}
	return true;
}

static bool logical(struct jinja_parser *parser, const struct infix *infix)
{
	int32_t jump = krait__jinja_here(parser);

	krait__jinja_next(parser);
	if (!krait__jinja_emit(parser, (enum jinja_operation)infix->detail, 0, 0)
		|| !krait__jinja_climb(parser, (enum jinja_level)(infix->level + 1)))
		return false;
	krait__jinja_land(parser, jump);
	return true;
}

static bool concatenation(struct jinja_parser *parser)
{
	int32_t n = 1;

	while (krait__jinja_skip(parser, "~")) {
		if (!krait__jinja_climb(parser, LEVEL_MULTIPLY))
			return false;
		n++;
	}
	return krait__jinja_emit(parser, OP_CONCAT, n, 0);
}

static bool infix_operation(struct jinja_parser *parser, const struct infix *infix)
{
	uint32_t line = parser->jinja->line;

	if (infix->level == LEVEL_COMPARE)
		return comparison(parser, infix);
	if (infix->level <= LEVEL_AND)
		return logical(parser, infix);
	if (infix->level == LEVEL_CONCAT)
		return concatenation(parser);
	krait__jinja_next(parser);
	if (!krait__jinja_climb(parser, (enum jinja_level)(infix->level + 1))
		|| !krait__jinja_emit(parser, OP_BINARY, infix->detail, 0))
		return false;
	krait__jinja_last(parser)->line = line;
	return true;
}

bool krait__jinja_climb(struct jinja_parser *parser, enum jinja_level lowest)
{
	const struct infix *infix;

	if (!krait__jinja_deeper(parser))
		return false;
	if (lowest <= LEVEL_NOT && krait__jinja_skip_name(parser, "not")) {
		if (!krait__jinja_climb(parser, LEVEL_NOT) || !krait__jinja_emit(parser, OP_NOT, 0, 0))
			return false;
	} else if (!krait__jinja_unary(parser, true)) {
		return false;
	}
	while ((infix = infix_here(parser)) && infix->level >= lowest)
		if (!infix_operation(parser, infix))
			return false;
	parser->depth--;
	return true;
}
