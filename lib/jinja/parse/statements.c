/* SPDX-License-Identifier: Apache-2.0 */
/* statements.c - the statements of chat templates, macros excepted. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/parse/parse.h"

#include <string.h>

bool krait__jinja_lexeme_is(const struct jinja_lexeme *token, const char *name)
{
	return token->type == TOKEN_NAME && token->n == strlen(name) && memcmp(token->data, name, token->n) == 0;
}

bool krait__jinja_end_tag(struct jinja_parser *parser)
{
	if (krait__jinja_token(parser)->type != TOKEN_BLOCK_END)
		return krait__jinja_unexpected(parser, "the end of the tag");
	krait__jinja_next(parser);
	return true;
}

/* ---- bodies ----------------------------------------------------------------------------- */

static bool data(struct jinja_parser *parser)
{
	const struct jinja_lexeme *token = krait__jinja_token(parser);
	struct jinja_value text;
	int32_t index;

	if (!krait__jinja_text(parser->jinja, &text, token->data, token->n, true)
		|| !krait__jinja_constant(parser, text, &index) || !krait__jinja_emit(parser, OP_CONST, index, 0)
		|| !krait__jinja_emit(parser, OP_PRINT, 0, 0))
		return false;
	krait__jinja_next(parser);
	return true;
}

static bool print(struct jinja_parser *parser)
{
	krait__jinja_next(parser);
	if (!krait__jinja_tuple(parser, true, false) || !krait__jinja_emit(parser, OP_PRINT, 0, 0))
		return false;
	if (krait__jinja_token(parser)->type != TOKEN_PRINT_END)
		return krait__jinja_unexpected(parser, "the end '}}'");
	krait__jinja_next(parser);
	return true;
}

bool krait__jinja_body(struct jinja_parser *parser, const char *const *ends, const char *statement)
{
	uint32_t line = parser->at ? parser->tokens.items[parser->at - 1].line : 1;

	if (!krait__jinja_deeper(parser))
		return false;
	for (;;) {
		const struct jinja_lexeme *token = krait__jinja_token(parser);
		bool done = true;

		if (token->type == TOKEN_END) {
			parser->depth--;
			if (!ends)
				return true;
			parser->jinja->line = line;
			return krait__jinja_fail(parser->jinja, JINJA_ERROR_SYNTAX, "'%s' without its end", statement);
		}
		if (token->type == TOKEN_DATA) {
			done = data(parser);
		} else if (token->type == TOKEN_PRINT_BEGIN) {
			done = print(parser);
		} else {
			krait__jinja_next(parser);
			token = krait__jinja_token(parser);
			for (size_t i = 0; ends && ends[i]; i++) {
				if (krait__jinja_lexeme_is(token, ends[i])) {
					parser->depth--;
					return true;
				}
			}
			done = krait__jinja_statement(parser, token);
		}
		if (!done)
			return false;
	}
}

/* A body and the tag that ends it. */
static bool whole_body(struct jinja_parser *parser, enum jinja_block_kind kind, const char *end, const char *statement)
{
	struct jinja_block block = { .outer = parser->block, .kind = kind };
	const char *const ends[] = { end, NULL };

	parser->block = &block;
	parser->n_inner++;
	if (!krait__jinja_body(parser, ends, statement))
		return false;
	parser->n_inner--;
	parser->block = block.outer;
	krait__jinja_next(parser);
	return krait__jinja_end_tag(parser);
}

/* ---- if --------------------------------------------------------------------------------- */

static bool if_statement(struct jinja_parser *parser)
{
	static const char *const ends[] = { "elif", "else", "endif", NULL }, *const last_end[] = { "endif", NULL };
	int32_t exits = -1, otherwise;

	parser->n_branches++;
	for (;;) {
		if (!krait__jinja_tuple(parser, false, false) || !krait__jinja_end_tag(parser))
			return false;
		otherwise = krait__jinja_here(parser);
		if (!krait__jinja_emit(parser, OP_JUMP_FALSE, 0, 0) || !krait__jinja_body(parser, ends, "if"))
			return false;
		if (!krait__jinja_emit(parser, OP_JUMP, 0, exits))
			return false;
		exits = krait__jinja_here(parser) - 1;
		krait__jinja_land(parser, otherwise);
		if (krait__jinja_skip_name(parser, "elif"))
			continue;
		if (krait__jinja_skip_name(parser, "else")
			&& (!krait__jinja_end_tag(parser) || !krait__jinja_body(parser, last_end, "if")))
			return false;
		break;
	}
	parser->n_branches--;
	while (exits >= 0) {
		int32_t before = parser->program->code[exits].b;

		krait__jinja_land(parser, exits);
		exits = before;
	}
	krait__jinja_next(parser);
	return krait__jinja_end_tag(parser);
}

/* ---- set, with, filter -------------------------------------------------------------------- */

/* The body's text becomes a value; `filters` is applied to it. */
static bool captured_body(struct jinja_parser *parser, const char *end, const char *statement,
	const struct jinja_stash *filters)
{
	return krait__jinja_end_tag(parser) && krait__jinja_emit(parser, OP_OPEN, 0, 0)
		&& krait__jinja_emit(parser, OP_CAPTURE, 0, 0) && whole_body(parser, BLOCK_CAPTURE, end, statement)
		&& krait__jinja_emit(parser, OP_CAPTURED, 0, 0) && krait__jinja_emit(parser, OP_CLOSE, 0, 0)
		&& krait__jinja_paste(parser, filters);
}

static bool filter_block(struct jinja_parser *parser)
{
	int32_t begin = krait__jinja_here(parser);
	struct jinja_stash filters;

	return krait__jinja_filter_chain(parser) && krait__jinja_cut(parser, begin, &filters)
		&& captured_body(parser, "endfilter", "filter", &filters) && krait__jinja_emit(parser, OP_PRINT, 0, 0);
}

static bool set_attribute(struct jinja_parser *parser)
{
	const struct jinja_lexeme *object = krait__jinja_token(parser), *attribute;
	int32_t symbol = krait__jinja_symbol(parser->program, object->data, object->n), index;

	krait__jinja_next(parser);
	krait__jinja_next(parser);
	attribute = krait__jinja_token(parser);
	if (attribute->type != TOKEN_NAME)
		return krait__jinja_unexpected(parser, "a name");
	krait__jinja_next(parser);
	if (symbol >= 0)
		krait__jinja_note_read(parser, symbol);
	return symbol >= 0 && krait__jinja_name_constant(parser, attribute->data, attribute->n, &index)
		&& krait__jinja_emit(parser, OP_STORE_ATTRIBUTE, symbol, index);
}

static bool set_statement(struct jinja_parser *parser)
{
	const struct jinja_lexeme *second = &parser->tokens.items[parser->at + 1];
	int32_t begin = krait__jinja_here(parser);
	struct jinja_stash stores, filters = { 0 };

	if (krait__jinja_token(parser)->type == TOKEN_NAME && second->type == TOKEN_OPERATOR && second->n == 1
		&& second->data[0] == '.') {
		if (!set_attribute(parser))
			return false;
	} else if (!krait__jinja_target(parser)) {
		return false;
	}
	if (!krait__jinja_cut(parser, begin, &stores))
		return false;
	if (krait__jinja_skip(parser, "=")) {
		if (!krait__jinja_tuple(parser, true, false))
			return false;
		krait__jinja_settle(parser);
		return krait__jinja_paste(parser, &stores) && krait__jinja_end_tag(parser);
	}
	krait__jinja_settle(parser);
	if (krait__jinja_skip(parser, "|")
		&& (!krait__jinja_filter_chain(parser) || !krait__jinja_cut(parser, begin, &filters)))
		return false;
	return captured_body(parser, "endset", "set", &filters) && krait__jinja_paste(parser, &stores);
}

/* The values are computed before any of the names is given its own. */
static bool with_statement(struct jinja_parser *parser)
{
	struct jinja_stash stores[8];
	size_t n = 0;

	while (krait__jinja_token(parser)->type != TOKEN_BLOCK_END) {
		int32_t begin = krait__jinja_here(parser);

		if (n == 8)
			return krait__jinja_fail(parser->jinja, JINJA_ERROR_UNSUPPORTED,
				"a 'with' of more than 8 names");
		parser->n_inner++;
		if ((n && !krait__jinja_expect(parser, ",")) || !krait__jinja_target_name(parser)
			|| !krait__jinja_cut(parser, begin, &stores[n]))
			return false;
		parser->n_inner--;
		n++;
		if (!krait__jinja_expect(parser, "=") || !krait__jinja_expression(parser))
			return false;
	}
	if (!krait__jinja_end_tag(parser) || !krait__jinja_emit(parser, OP_OPEN, 0, 0))
		return false;
	while (n > 0)
		if (!krait__jinja_paste(parser, &stores[--n]))
			return false;
	return whole_body(parser, BLOCK_SCOPE, "endwith", "with") && krait__jinja_emit(parser, OP_CLOSE, 0, 0);
}

/* Marks what an assistant said for those who train; the text is as without it. */
static bool generation(struct jinja_parser *parser)
{
	return krait__jinja_end_tag(parser) && krait__jinja_emit(parser, OP_OPEN, 0, 0)
		&& whole_body(parser, BLOCK_CAPTURE, "endgeneration", "generation")
		&& krait__jinja_emit(parser, OP_CLOSE, 0, 0);
}

static bool break_statement(struct jinja_parser *parser) { return krait__jinja_leave_loop(parser, false); }
static bool continue_statement(struct jinja_parser *parser) { return krait__jinja_leave_loop(parser, true); }

bool krait__jinja_statement(struct jinja_parser *parser, const struct jinja_lexeme *name)
{
	static const struct { const char *name; bool (*parse)(struct jinja_parser *parser);
	} statements[] = {
		{ "if", if_statement },
		{ "for", krait__jinja_for_statement },
		{ "set", set_statement },
		{ "with", with_statement },
		{ "filter", filter_block },
		{ "macro", krait__jinja_macro },
		{ "call", krait__jinja_call_block },
		{ "generation", generation },
		{ "break", break_statement },
		{ "continue", continue_statement },
	};
	static const char *const strays[] = { "elif", "else", "endif", "endfor", "endset", "endmacro", "endcall",
		"endfilter", "endwith", "endgeneration" };
	struct quoted quoted;

	for (size_t i = 0; i < sizeof(statements) / sizeof(*statements); i++) {
		if (krait__jinja_lexeme_is(name, statements[i].name)) {
			krait__jinja_next(parser);
			return statements[i].parse(parser);
		}
	}
	for (size_t i = 0; i < sizeof(strays) / sizeof(*strays); i++)
		if (krait__jinja_lexeme_is(name, strays[i]))
			return krait__jinja_fail(parser->jinja, JINJA_ERROR_SYNTAX, "'%s' does not belong here",
				strays[i]);
	if (name->type != TOKEN_NAME)
		return krait__jinja_unexpected(parser, "a statement's name");
	return krait__jinja_fail(parser->jinja, JINJA_ERROR_UNSUPPORTED, "the statement %s is not supported",
		krait__quote(&quoted, name->data, name->n));
}
