/* SPDX-License-Identifier: Apache-2.0 */
/* arguments.c - filters, tests and calls in expressions, and the arguments that they are given. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/parse/parse.h"

#include <string.h>

static bool is_keyword_argument(const struct jinja_parser *parser)
{
	const struct jinja_lexeme *next = &parser->tokens.items[parser->at + 1];

	return krait__jinja_token(parser)->type == TOKEN_NAME && next->type == TOKEN_OPERATOR && next->n == 1
		&& next->data[0] == '=';
}

struct counts { int32_t n_positional, first; size_t n_keyword; };

static bool argument(struct jinja_parser *parser, struct counts *counts, const char **names)
{
	const struct jinja_lexeme *token = krait__jinja_token(parser);
	int32_t symbol;

	if (krait__jinja_at(parser, "*") || krait__jinja_at(parser, "**"))
		return krait__jinja_fail(parser->jinja, JINJA_ERROR_UNSUPPORTED, "a call with '%.*s' is not supported",
			(int)token->n, token->data);
	if (!is_keyword_argument(parser)) {
		if (counts->n_keyword)
			return krait__jinja_fail(parser->jinja, JINJA_ERROR_SYNTAX,
				"an argument without a name after one with a name");
		counts->n_positional++;
		return krait__jinja_expression(parser);
	}
	if (counts->n_keyword == 32)
		return krait__jinja_fail(parser->jinja, JINJA_ERROR_UNSUPPORTED,
			"a call with more than 32 named arguments");
	symbol = krait__jinja_symbol(parser->program, token->data, token->n);
	if (symbol < 0)
		return false;
	for (size_t i = 0; i < counts->n_keyword; i++)
		if (strcmp(names[i], parser->program->symbols[symbol].name) == 0)
			return krait__jinja_fail(parser->jinja, JINJA_ERROR_SYNTAX,
				"the argument '%.100s' is given twice", names[i]);
	names[counts->n_keyword++] = parser->program->symbols[symbol].name;
	krait__jinja_next(parser);
	krait__jinja_next(parser);
	return krait__jinja_expression(parser);
}

/* At '('. */
static bool arguments(struct jinja_parser *parser, struct counts *counts)
{
	const char **names = krait__jinja_alloc(parser->jinja, 32, sizeof(*names));

	*counts = (struct counts){ 0 };
	if (!names)
		return false;
	krait__jinja_next(parser);
	while (!krait__jinja_skip(parser, ")")) {
		if (!argument(parser, counts, names))
			return false;
		if (!krait__jinja_at(parser, ")") && !krait__jinja_expect(parser, ","))
			return false;
	}
	counts->first = (int32_t)parser->program->n_keywords;
	for (size_t i = 0; i < counts->n_keyword; i++)
		if (!krait__jinja_keyword(parser, names[i]))
			return false;
	return true;
}

static bool emit_call(struct jinja_parser *parser, enum jinja_operation op, const struct jinja_callable *callable,
	const struct counts *counts, uint32_t line)
{
	if (!krait__jinja_emit(parser, op, counts->n_positional, counts->first))
		return false;
	krait__jinja_last(parser)->named = (unsigned char)counts->n_keyword;
	krait__jinja_last(parser)->callable = callable;
	krait__jinja_last(parser)->line = line;
	return true;
}

/* The name of a function or method that is not there is refused now, not when it is reached. */
static bool check_callee(struct jinja_parser *parser)
{
	const struct jinja_instruction *callee = krait__jinja_last(parser);
	const struct jinja_text *name;
	struct quoted quoted;

	if (callee->op == OP_NAME && !parser->program->symbols[callee->a].called)
		parser->program->symbols[callee->a].called = parser->jinja->line;
	if (callee->op != OP_ATTRIBUTE)
		return true;
	name = parser->program->constants[callee->a].as.text;
	return krait__jinja_method_known(name->data, name->n)
		|| krait__jinja_fail(parser->jinja, JINJA_ERROR_UNSUPPORTED, "the method %s is not supported",
			krait__quote(&quoted, name->data, name->n));
}

bool krait__jinja_call_of(struct jinja_parser *parser)
{
	uint32_t line = parser->jinja->line;
	struct counts counts;

	return check_callee(parser) && arguments(parser, &counts) && emit_call(parser, OP_CALL, NULL, &counts, line);
}

bool krait__jinja_one_filter(struct jinja_parser *parser)
{
	const struct jinja_lexeme *name = krait__jinja_token(parser);
	const struct jinja_callable *callable;
	struct counts counts = { 0 };
	struct quoted quoted;
	uint32_t line = parser->jinja->line;

	if (name->type != TOKEN_NAME)
		return krait__jinja_unexpected(parser, "a filter's name");
	callable = krait__jinja_filter(name->data, name->n);
	if (!callable)
		return krait__jinja_fail(parser->jinja, JINJA_ERROR_UNSUPPORTED, "the filter %s is not supported",
			krait__quote(&quoted, name->data, name->n));
	krait__jinja_next(parser);
	if (krait__jinja_at(parser, "(") && !arguments(parser, &counts))
		return false;
	return emit_call(parser, OP_FILTER, callable, &counts, line);
}

bool krait__jinja_filter_chain(struct jinja_parser *parser)
{
	do {
		if (!krait__jinja_one_filter(parser))
			return false;
	} while (krait__jinja_skip(parser, "|"));
	return true;
}

/* `is even`, `is divisibleby 3`: an argument without brackets. */
static bool test_argument(struct jinja_parser *parser, struct counts *counts)
{
	const struct jinja_lexeme *token = krait__jinja_token(parser);
	bool begins = token->type == TOKEN_NAME || token->type == TOKEN_STRING || token->type == TOKEN_INTEGER
		|| token->type == TOKEN_FLOAT || krait__jinja_at(parser, "[") || krait__jinja_at(parser, "{");

	if (krait__jinja_at(parser, "("))
		return arguments(parser, counts);
	if (!begins || krait__jinja_at_name(parser, "else") || krait__jinja_at_name(parser, "or")
		|| krait__jinja_at_name(parser, "and"))
		return true;
	if (krait__jinja_at_name(parser, "is"))
		return krait__jinja_fail(parser->jinja, JINJA_ERROR_SYNTAX, "tests cannot be chained with 'is'");
	counts->n_positional = 1;
	return krait__jinja_primary(parser) && krait__jinja_postfix(parser);
}

bool krait__jinja_test(struct jinja_parser *parser)
{
	bool negated;
	const struct jinja_lexeme *name;
	const struct jinja_callable *callable;
	struct counts counts = { 0 };
	struct quoted quoted;
	uint32_t line = parser->jinja->line;

	krait__jinja_next(parser);
	negated = krait__jinja_skip_name(parser, "not");
	name = krait__jinja_token(parser);
	if (name->type != TOKEN_NAME)
		return krait__jinja_unexpected(parser, "a test's name");
	callable = krait__jinja_find(krait__jinja_tests, name->data, name->n);
	if (!callable)
		return krait__jinja_fail(parser->jinja, JINJA_ERROR_UNSUPPORTED, "the test %s is not supported",
			krait__quote(&quoted, name->data, name->n));
	krait__jinja_next(parser);
	if (!test_argument(parser, &counts) || !emit_call(parser, OP_TEST, callable, &counts, line))
		return false;
	return !negated || krait__jinja_emit(parser, OP_NOT, 0, 0);
}
