/* SPDX-License-Identifier: Apache-2.0 */
/* template_macro.c - macros and call blocks of chat templates. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "text/template_parse.h"

#include <string.h>

#define MAX_PARAMETERS 32

static bool parameter(struct parser *parser, struct macro_code *macro, int32_t *symbols, bool *defaults)
{
	const struct lexeme *token = krait__jinja_token(parser);
	int32_t symbol, given;

	if (token->type != TOKEN_NAME)
		return krait__jinja_unexpected(parser, "a parameter's name");
	if (macro->n_parameters == MAX_PARAMETERS)
		return krait__jinja_fail(parser->jinja, KRAIT_ERROR_UNSUPPORTED, "a macro with more than %d parameters", MAX_PARAMETERS);
	symbol = krait__jinja_symbol(parser->program, token->data, token->n);
	if (symbol < 0)
		return false;
	parser->program->symbols[symbol].bound = true;
	symbols[macro->n_parameters++] = symbol;
	krait__jinja_next(parser);
	if (!krait__jinja_skip(parser, "=")) {
		macro->n_required++;
		return !*defaults || krait__jinja_fail(parser->jinja, KRAIT_ERROR_FORMAT, "a parameter without a default after one with a default");
	}
	*defaults = true;
	given = krait__jinja_here(parser);
	if (!krait__jinja_emit(parser, OP_DEFAULT, symbol, 0) || !krait__jinja_expression(parser) || !krait__jinja_emit(parser, OP_STORE, symbol, 0))
		return false;
	krait__jinja_land(parser, given);
	return true;
}

/* At '(': leaves the code that fills in defaults. */
static bool signature(struct parser *parser, struct macro_code *macro)
{
	int32_t *symbols = krait__jinja_alloc(parser->jinja, MAX_PARAMETERS, sizeof(*symbols));
	bool defaults = false;

	macro->parameters = symbols;
	if (!symbols || !krait__jinja_expect(parser, "("))
		return false;
	while (!krait__jinja_skip(parser, ")"))
		if ((macro->n_parameters && !krait__jinja_expect(parser, ",")) || !parameter(parser, macro, symbols, &defaults))
			return false;
	return true;
}

static bool add_macro(struct parser *parser, const struct macro_code *macro, int32_t *index)
{
	struct template *program = parser->program;

	if (program->n_macros == program->macros_room) {
		size_t room = program->macros_room ? 2 * program->macros_room : 8;
		struct macro_code *macros = krait__jinja_alloc(parser->jinja, room, sizeof(*macros));

		if (!macros)
			return false;
		if (program->n_macros)
			memcpy(macros, program->macros, program->n_macros * sizeof(*macros));
		program->macros = macros;
		program->macros_room = room;
	}
	*index = (int32_t)program->n_macros;
	program->macros[program->n_macros++] = *macro;
	return true;
}

/* The body up to its end tag, and the code that pushes the macro. */
static bool macro_body(struct parser *parser, struct macro_code *macro, enum block_kind kind, int32_t over, const char *end, const char *statement)
{
	struct block block = { .outer = parser->block, .kind = kind, .macro = macro };
	const char *const ends[] = { end, NULL };
	int32_t index;

	parser->block = &block;
	if (!krait__jinja_end_tag(parser) || !krait__jinja_body(parser, ends, statement) || !krait__jinja_emit(parser, OP_RETURN, 0, 0))
		return false;
	parser->block = block.outer;
	krait__jinja_land(parser, over);
	krait__jinja_next(parser);
	return add_macro(parser, macro, &index) && krait__jinja_emit(parser, OP_MACRO, index, 0) && krait__jinja_end_tag(parser);
}

bool krait__jinja_macro(struct parser *parser)
{
	const struct lexeme *token = krait__jinja_token(parser);
	int32_t symbol, over = krait__jinja_here(parser);
	struct macro_code macro = { .begin = over + 1 };

	if (token->type != TOKEN_NAME)
		return krait__jinja_unexpected(parser, "a macro's name");
	symbol = krait__jinja_symbol(parser->program, token->data, token->n);
	if (symbol < 0)
		return false;
	parser->program->symbols[symbol].bound = true;
	macro.name = parser->program->symbols[symbol].name;
	krait__jinja_next(parser);
	return krait__jinja_emit(parser, OP_JUMP, 0, 0) && signature(parser, &macro)
		&& macro_body(parser, &macro, BLOCK_MACRO, over, "endmacro", "macro") && krait__jinja_emit(parser, OP_STORE, symbol, 0);
}

/* {% call(x) f(1) %}body{% endcall %} is f(1, caller=body as a macro of x). */
bool krait__jinja_call_block(struct parser *parser)
{
	struct macro_code macro = { .name = "caller" };
	int32_t over = krait__jinja_here(parser), begin;
	struct stash defaults = { 0 };
	struct instruction call;

	if (krait__jinja_at(parser, "(") && (!signature(parser, &macro) || !krait__jinja_cut(parser, over, &defaults)))
		return false;
	if (!krait__jinja_expression(parser))
		return false;
	call = *krait__jinja_last(parser);
	if (call.op != OP_CALL)
		return krait__jinja_unexpected(parser, "a call");
	parser->program->n_code--;
	begin = krait__jinja_here(parser);
	macro.begin = begin + 1;
	if (!krait__jinja_emit(parser, OP_JUMP, 0, 0) || !krait__jinja_paste(parser, &defaults)
			|| !macro_body(parser, &macro, BLOCK_CALL, begin, "endcall", "call"))
		return false;
	over = (int32_t)parser->program->n_keywords;
	for (int32_t i = 0; i < call.named; i++)
		if (!krait__jinja_keyword(parser, parser->program->keywords[call.b + i]))
			return false;
	if (!krait__jinja_keyword(parser, "caller") || !krait__jinja_emit(parser, OP_CALL, call.a, over))
		return false;
	krait__jinja_last(parser)->named = (unsigned char)(call.named + 1);
	krait__jinja_last(parser)->line = call.line;
	return krait__jinja_emit(parser, OP_PRINT, 0, 0);
}
