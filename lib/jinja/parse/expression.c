/* SPDX-License-Identifier: Apache-2.0 */
/* expression.c - expressions of chat templates: what follows a primary, and the whole. Operators are in infix.c. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/parse/parse.h"

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
		return krait__jinja_number_literal(parser->jinja, token, &number) && krait__jinja_emit_constant(parser, number)
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

bool krait__jinja_postfix(struct jinja_parser *parser)
{
	bool done = true;

	while (done) {
		if (krait__jinja_at(parser, "."))
			done = attribute(parser);
		else if (krait__jinja_at(parser, "["))
			done = subscript(parser);
		else if (krait__jinja_at(parser, "("))
			done = krait__jinja_call_of(parser);
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
	} else if (!krait__jinja_primary(parser)) {
		return false;
	}
	if (!krait__jinja_postfix(parser))
		return false;
	while (filters) {
		if (krait__jinja_skip(parser, "|")) {
			if (!krait__jinja_one_filter(parser))
				return false;
		} else if (krait__jinja_at_name(parser, "is")) {
			if (!krait__jinja_test(parser))
				return false;
		} else if (krait__jinja_at(parser, "(")) {
			if (!krait__jinja_call_of(parser))
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
