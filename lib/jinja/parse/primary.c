/* SPDX-License-Identifier: Apache-2.0 */
/* primary.c - what expressions begin with: names, texts, numbers, lists and dicts. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/parse/parse.h"

#include <string.h>

bool krait__jinja_emit_constant(struct jinja_parser *parser, struct jinja_value value)
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
		&& krait__jinja_emit_constant(parser, value);
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
		return krait__jinja_emit_constant(parser, jinja_bool(true));
	if (token->n == 5 && (memcmp(token->data, "false", 5) == 0 || memcmp(token->data, "False", 5) == 0))
		return krait__jinja_emit_constant(parser, jinja_bool(false));
	if (token->n == 4 && (memcmp(token->data, "none", 4) == 0 || memcmp(token->data, "None", 4) == 0))
		return krait__jinja_emit_constant(parser, jinja_none());
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

bool krait__jinja_primary(struct jinja_parser *parser)
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
		return krait__jinja_number_literal(parser->jinja, token, &value) && krait__jinja_emit_constant(parser, value);
	default:
		break;
	}
	if (krait__jinja_skip(parser, "("))
		return krait__jinja_tuple(parser, true, true) && krait__jinja_expect(parser, ")");
	if (krait__jinja_at(parser, "["))
		return list(parser);
	return krait__jinja_at(parser, "{") ? dict(parser) : krait__jinja_unexpected(parser, "an expression");
}
