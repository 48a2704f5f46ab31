/* SPDX-License-Identifier: Apache-2.0 */
/* expression.c - expressions of chat templates, what they consist of; operators are in infix.c. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/parse/parse.h"

#include <stdlib.h>
#include <string.h>

/* ---- arguments, filters, tests, calls --------------------------------------------------- */

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

static bool call(struct jinja_parser *parser)
{
	uint32_t line = parser->jinja->line;
	struct counts counts;

	return check_callee(parser) && arguments(parser, &counts) && emit_call(parser, OP_CALL, NULL, &counts, line);
}

static bool filter(struct jinja_parser *parser)
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
		if (!filter(parser))
			return false;
	} while (krait__jinja_skip(parser, "|"));
	return true;
}

static bool primary(struct jinja_parser *parser);
static bool postfix(struct jinja_parser *parser);

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
	return primary(parser) && postfix(parser);
}

static bool test(struct jinja_parser *parser)
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

/* ---- primaries -------------------------------------------------------------------------- */

static bool push(struct jinja_parser *parser, struct jinja_value value)
{
	int32_t index;

	return krait__jinja_constant(parser, value, &index) && krait__jinja_emit(parser, OP_CONST, index, 0);
}

static bool string(struct jinja_parser *parser)
{
	struct jinja_chars chars = { 0 };
	struct jinja_value value;

	while (krait__jinja_token(parser)->type == TOKEN_STRING) {
		if (!krait__jinja_string_literal(parser->jinja, krait__jinja_token(parser), &chars))
			return false;
		krait__jinja_next(parser);
	}
	/* Constants are shared by all renderings, so none of them may append to this one in place. */
	return krait__jinja_text(parser->jinja, &value, chars.n ? chars.data : "", chars.n, true)
		&& push(parser, value);
}

static bool is_reserved(const struct jinja_lexeme *token)
{
	static const char *const words[] = { "not", "and", "or", "in", "is", "if", "else", NULL };

	for (size_t i = 0; words[i]; i++)
		if (token->n == strlen(words[i]) && memcmp(token->data, words[i], token->n) == 0)
			return true;
	return false;
}

/* A macro that uses these by name takes them. */
static bool note_special(struct jinja_parser *parser, const struct jinja_lexeme *token)
{
	bool varargs = token->n == 7 && memcmp(token->data, "varargs", 7) == 0,
	     kwargs = token->n == 6 && memcmp(token->data, "kwargs", 6) == 0;
	bool caller = token->n == 6 && memcmp(token->data, "caller", 6) == 0;

	if (parser->in_loop_filter && token->n == 4 && memcmp(token->data, "loop", 4) == 0)
		return krait__jinja_fail(parser->jinja, JINJA_ERROR_UNSUPPORTED,
			"'loop' in the condition of a for is not supported");
	if (!varargs && !kwargs && !caller)
		return true;
	for (struct jinja_block *block = parser->block; block; block = block->outer) {
		if (block->kind == BLOCK_CALL)
			return krait__jinja_fail(parser->jinja, JINJA_ERROR_UNSUPPORTED,
				"'%.*s' inside a call block is not supported", (int)token->n, token->data);
		if (block->kind != BLOCK_MACRO)
			continue;
		block->macro->uses_varargs |= varargs;
		block->macro->uses_kwargs |= kwargs;
		block->macro->uses_caller |= caller;
	}
	return true;
}

static bool name(struct jinja_parser *parser)
{
	const struct jinja_lexeme *token = krait__jinja_token(parser);
	int32_t symbol;

	if (is_reserved(token))
		return krait__jinja_unexpected(parser, "an expression");
	krait__jinja_next(parser);
	if (token->n == 4 && (memcmp(token->data, "true", 4) == 0 || memcmp(token->data, "True", 4) == 0))
		return push(parser, jinja_bool(true));
	if (token->n == 5 && (memcmp(token->data, "false", 5) == 0 || memcmp(token->data, "False", 5) == 0))
		return push(parser, jinja_bool(false));
	if (token->n == 4 && (memcmp(token->data, "none", 4) == 0 || memcmp(token->data, "None", 4) == 0))
		return push(parser, jinja_none());
	symbol = note_special(parser, token) ? krait__jinja_symbol(parser->program, token->data, token->n) : -1;
	if (symbol < 0)
		return false;
	krait__jinja_note_read(parser, symbol);
	return krait__jinja_emit(parser, OP_NAME, symbol, 0);
}

static bool list(struct jinja_parser *parser)
{
	int32_t n = 0;

	krait__jinja_next(parser);
	while (!krait__jinja_skip(parser, "]")) {
		if (n && !krait__jinja_expect(parser, ","))
			return false;
		if (krait__jinja_skip(parser, "]"))
			break;
		if (!krait__jinja_expression(parser))
			return false;
		n++;
	}
	return krait__jinja_emit(parser, OP_LIST, n, 0);
}

static bool dict(struct jinja_parser *parser)
{
	int32_t n = 0;

	krait__jinja_next(parser);
	while (!krait__jinja_skip(parser, "}")) {
		if (n && !krait__jinja_expect(parser, ","))
			return false;
		if (krait__jinja_skip(parser, "}"))
			break;
		if (!krait__jinja_expression(parser) || !krait__jinja_expect(parser, ":")
			|| !krait__jinja_expression(parser))
			return false;
		n++;
	}
	return krait__jinja_emit(parser, OP_DICT, n, 0);
}

static bool primary(struct jinja_parser *parser)
{
	const struct jinja_lexeme *token = krait__jinja_token(parser);
	struct jinja_value value;

	switch (token->type) {
	case TOKEN_NAME:
		return name(parser);
	case TOKEN_STRING:
		return string(parser);
	case TOKEN_INTEGER:
	case TOKEN_FLOAT:
		krait__jinja_next(parser);
		return krait__jinja_number_literal(parser->jinja, token, &value) && push(parser, value);
	default:
		break;
	}
	if (krait__jinja_skip(parser, "("))
		return krait__jinja_tuple(parser, true, true) && krait__jinja_expect(parser, ")");
	if (krait__jinja_at(parser, "["))
		return list(parser);
	return krait__jinja_at(parser, "{") ? dict(parser) : krait__jinja_unexpected(parser, "an expression");
}

/* ---- what follows a primary --------------------------------------------------------------- */

static bool attribute(struct jinja_parser *parser)
{
	const struct jinja_lexeme *token;
	struct jinja_value number;
	int32_t index;

	krait__jinja_next(parser);
	token = krait__jinja_token(parser);
	if (token->type == TOKEN_INTEGER) {
		krait__jinja_next(parser);
		return krait__jinja_number_literal(parser->jinja, token, &number) && push(parser, number)
			&& krait__jinja_emit(parser, OP_ITEM, 0, 0);
	}
	if (token->type != TOKEN_NAME)
		return krait__jinja_unexpected(parser, "a name or a number");
	krait__jinja_next(parser);
	return krait__jinja_name_constant(parser, token->data, token->n, &index)
		&& krait__jinja_emit(parser, OP_ATTRIBUTE, index, 0);
}

static bool bound(struct jinja_parser *parser)
{
	if (krait__jinja_at(parser, ":") || krait__jinja_at(parser, "]") || krait__jinja_at(parser, ","))
		return krait__jinja_emit(parser, OP_MISSING, 0, 0);
	return krait__jinja_expression(parser);
}

static bool subscript(struct jinja_parser *parser)
{
	bool slice = false;

	krait__jinja_next(parser);
	if (krait__jinja_at(parser, "]"))
		return krait__jinja_unexpected(parser, "an expression");
	if (!bound(parser))
		return false;
	if (krait__jinja_skip(parser, ":")) {
		slice = true;
		if (!bound(parser))
			return false;
		if (krait__jinja_skip(parser, ":") ? !bound(parser) : !krait__jinja_emit(parser, OP_MISSING, 0, 0))
			return false;
	}
	if (krait__jinja_at(parser, ","))
		return krait__jinja_fail(parser->jinja, JINJA_ERROR_UNSUPPORTED,
			"a subscript of several values is not supported");
	return krait__jinja_expect(parser, "]") && krait__jinja_emit(parser, slice ? OP_SLICE : OP_ITEM, 0, 0);
}

static bool postfix(struct jinja_parser *parser)
{
	bool done = true;

	while (done) {
		if (krait__jinja_at(parser, "."))
			done = attribute(parser);
		else if (krait__jinja_at(parser, "["))
			done = subscript(parser);
		else if (krait__jinja_at(parser, "("))
			done = call(parser);
		else
			break;
	}
	return done;
}

bool krait__jinja_unary(struct jinja_parser *parser, bool filters)
{
	bool minus = krait__jinja_at(parser, "-");

	if (!krait__jinja_deeper(parser))
		return false;
	if (minus || krait__jinja_at(parser, "+")) {
		krait__jinja_next(parser);
		if (!krait__jinja_unary(parser, false)
			|| !krait__jinja_emit(parser, minus ? OP_NEGATIVE : OP_POSITIVE, 0, 0))
			return false;
	} else if (!primary(parser)) {
		return false;
	}
	if (!postfix(parser))
		return false;
	while (filters) {
		if (krait__jinja_skip(parser, "|")) {
			if (!filter(parser))
				return false;
		} else if (krait__jinja_at_name(parser, "is")) {
			if (!test(parser))
				return false;
		} else if (krait__jinja_at(parser, "(")) {
			if (!call(parser))
				return false;
		} else {
			break;
		}
	}
	parser->depth--;
	return true;
}

/* ---- whole expressions ---------------------------------------------------------------------- */

/* value if condition [else other]: the value's code moves behind the condition's. */
static bool conditional(struct jinja_parser *parser, int32_t begin)
{
	struct jinja_stash value;
	int32_t otherwise, end;

	if (!krait__jinja_cut(parser, begin, &value) || !krait__jinja_climb(parser, LEVEL_OR))
		return false;
	otherwise = krait__jinja_here(parser);
	if (!krait__jinja_emit(parser, OP_JUMP_FALSE, 0, 0) || !krait__jinja_paste(parser, &value))
		return false;
	end = krait__jinja_here(parser);
	if (!krait__jinja_emit(parser, OP_JUMP, 0, 0))
		return false;
	krait__jinja_land(parser, otherwise);
	if (krait__jinja_skip_name(parser, "else") ? !krait__jinja_expression(parser)
						   : !krait__jinja_emit(parser, OP_UNDEFINED, 0, 0))
		return false;
	krait__jinja_land(parser, end);
	return true;
}

bool krait__jinja_expression(struct jinja_parser *parser)
{
	int32_t begin = krait__jinja_here(parser);

	if (!krait__jinja_deeper(parser) || !krait__jinja_climb(parser, LEVEL_OR))
		return false;
	while (krait__jinja_skip_name(parser, "if"))
		if (!conditional(parser, begin))
			return false;
	parser->depth--;
	return true;
}

bool krait__jinja_tuple(struct jinja_parser *parser, bool conditions, bool parenthesised)
{
	int32_t n = 0;
	bool comma = false;

	for (;;) {
		enum jinja_token_type type = krait__jinja_token(parser)->type;

		if (type == TOKEN_PRINT_END || type == TOKEN_BLOCK_END || krait__jinja_at(parser, ")")
			|| krait__jinja_at_name(parser, "recursive"))
			break;
		if (conditions ? !krait__jinja_expression(parser) : !krait__jinja_climb(parser, LEVEL_OR))
			return false;
		n++;
		if (!krait__jinja_skip(parser, ","))
			break;
		comma = true;
	}
	if (!comma && n)
		return true;
	if (!n && !parenthesised)
		return krait__jinja_unexpected(parser, "an expression");
	return krait__jinja_emit(parser, OP_TUPLE, n, 0);
}
