/* SPDX-License-Identifier: Apache-2.0 */
/* macro.c - macros and call blocks of chat templates. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/parse/parse.h"

#include <string.h>

#define MAX_PARAMETERS 32

static bool parameter(struct jinja_parser *parser, struct jinja_macro_code *macro, int32_t *symbols, bool *defaults)
{
	const struct jinja_lexeme *token = krait__jinja_token(parser);
	int32_t symbol, given;

	if (token->type != TOKEN_NAME)
		return krait__jinja_unexpected(parser, "a parameter's name");
	if (macro->n_parameters == MAX_PARAMETERS)
		return krait__jinja_fail(parser->jinja, JINJA_ERROR_UNSUPPORTED, "a macro with more than %d parameters",
			MAX_PARAMETERS);
	symbol = krait__jinja_symbol(parser->program, token->data, token->n);
	if (symbol < 0)
		return false;
	krait__jinja_note_set(parser, symbol);
	symbols[macro->n_parameters++] = symbol;
	krait__jinja_next(parser);
	if (!krait__jinja_skip(parser, "=")) {
		macro->n_required++;
		return !*defaults
			|| krait__jinja_fail(parser->jinja, JINJA_ERROR_SYNTAX,
				"a parameter without a default after one with a default");
	}
	*defaults = true;
	given = krait__jinja_here(parser);
	if (!krait__jinja_emit(parser, OP_DEFAULT, symbol, 0) || !krait__jinja_expression(parser)
		|| !krait__jinja_emit(parser, OP_STORE, symbol, 0))
		return false;
	krait__jinja_land(parser, given);
	return true;
}

/* At '(': leaves the code that fills in defaults. */
static bool signature(struct jinja_parser *parser, struct jinja_macro_code *macro)
{
	int32_t *symbols = krait__jinja_alloc(parser->jinja, MAX_PARAMETERS, sizeof(*symbols));
	bool defaults = false;

	macro->parameters = symbols;
	parser->n_inner++;
	if (!symbols || !krait__jinja_expect(parser, "("))
		return false;
	while (!krait__jinja_skip(parser, ")"))
		if ((macro->n_parameters && !krait__jinja_expect(parser, ","))
			|| !parameter(parser, macro, symbols, &defaults))
			return false;
	parser->n_inner--;
	return true;
}

static bool add_macro(struct jinja_parser *parser, const struct jinja_macro_code *macro, int32_t *index)
{
	struct jinja_program *program = parser->program;

	if (!krait__jinja_grow(parser->jinja, &program->macros, program->n_macros, &program->macros_room,
		    sizeof(*macro)))
		return false;
	*index = (int32_t)program->n_macros;
	program->macros[program->n_macros++] = *macro;
	return true;
}

/* The body up to its end tag, and the code that pushes the macro. */
static bool macro_body(struct jinja_parser *parser, struct jinja_macro_code *macro, enum jinja_block_kind kind,
	int32_t over, const char *end, const char *statement)
{
	struct jinja_block block = { .outer = parser->block, .kind = kind, .macro = macro };
	const char *const ends[] = { end, NULL };
	int32_t index;

	parser->block = &block;
	parser->n_inner++;
	if (!krait__jinja_end_tag(parser) || !krait__jinja_body(parser, ends, statement)
		|| !krait__jinja_emit(parser, OP_RETURN, 0, 0))
		return false;
	parser->n_inner--;
	parser->block = block.outer;
	krait__jinja_land(parser, over);
	krait__jinja_next(parser);
	return add_macro(parser, macro, &index) && krait__jinja_emit(parser, OP_MACRO, index, 0)
		&& krait__jinja_end_tag(parser);
}

bool krait__jinja_macro(struct jinja_parser *parser)
{
	const struct jinja_lexeme *token = krait__jinja_token(parser);
	int32_t symbol, over = krait__jinja_here(parser);
	struct jinja_macro_code macro = { .begin = over + 1 };

	if (token->type != TOKEN_NAME)
		return krait__jinja_unexpected(parser, "a macro's name");
	symbol = krait__jinja_symbol(parser->program, token->data, token->n);
	if (symbol < 0)
		return false;
	krait__jinja_note_set(parser, symbol);
	krait__jinja_settle(parser);
	macro.name = parser->program->symbols[symbol].name;
	krait__jinja_next(parser);
	return krait__jinja_emit(parser, OP_JUMP, 0, 0) && signature(parser, &macro)
		&& macro_body(parser, &macro, BLOCK_MACRO, over, "endmacro", "macro")
		&& krait__jinja_emit(parser, OP_STORE, symbol, 0);
}

/* {% call(x) f(1) %}body{% endcall %} is f(1, caller=body as a macro of x). */
bool krait__jinja_call_block(struct jinja_parser *parser)
{
	struct jinja_macro_code macro = { .name = "caller" };
	int32_t over = krait__jinja_here(parser), begin;
	struct jinja_stash defaults = { 0 };
	struct jinja_instruction call;

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
