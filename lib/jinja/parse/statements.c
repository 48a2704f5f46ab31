/* SPDX-License-Identifier: Apache-2.0 */
/* statements.c - the statements of chat templates, macros excepted. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/parse/parse.h"

#include <string.h>

static bool is(const struct jinja_lexeme *token, const char *name)
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
				if (is(token, ends[i])) {
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

/* ---- targets ------------------------------------------------------------------------------ */

static bool target_name(struct jinja_parser *parser)
{
	static const char *const constants[] = { "true", "false", "none", "True", "False", "None", "loop", NULL };
	const struct jinja_lexeme *token = krait__jinja_token(parser);
	int32_t symbol;

	if (token->type != TOKEN_NAME)
		return krait__jinja_unexpected(parser, "a name");
	for (size_t i = 0; constants[i]; i++)
		if (is(token, constants[i]))
			return krait__jinja_fail(parser->jinja, JINJA_ERROR_SYNTAX, "'%s' cannot be given a value",
				constants[i]);
	symbol = krait__jinja_symbol(parser->program, token->data, token->n);
	if (symbol < 0)
		return false;
	krait__jinja_note_set(parser, symbol);
	krait__jinja_next(parser);
	return krait__jinja_emit(parser, OP_STORE, symbol, 0);
}

/* Names, perhaps in brackets, separated by commas: leaves the code that stores a value. */
static bool target(struct jinja_parser *parser)
{
	int32_t begin = krait__jinja_here(parser), n = 0;
	bool comma = false;
	struct jinja_stash names;

	if (!krait__jinja_deeper(parser) || !krait__jinja_emit(parser, OP_UNPACK, 0, 0))
		return false;
	for (;;) {
		bool brackets = krait__jinja_skip(parser, "(");

		if (brackets ? !target(parser) || !krait__jinja_expect(parser, ")") : !target_name(parser))
			return false;
		n++;
		if (!krait__jinja_skip(parser, ","))
			break;
		comma = true;
		if (krait__jinja_token(parser)->type != TOKEN_NAME && !krait__jinja_at(parser, "("))
			break;
	}
	parser->program->code[begin].a = n;
	parser->depth--;
	if (comma)
		return true;
	if (!krait__jinja_cut(parser, begin + 1, &names))
		return false;
	parser->program->n_code--;
	return krait__jinja_paste(parser, &names);
}

/* ---- for -------------------------------------------------------------------------------- */

static bool loop_filter(struct jinja_parser *parser, const struct jinja_stash *stores)
{
	int32_t next = krait__jinja_here(parser);

	if (!krait__jinja_emit(parser, OP_FILTER_NEXT, 0, 0) || !krait__jinja_paste(parser, stores))
		return false;
	parser->in_loop_filter = true;
	parser->n_inner++;
	if (!krait__jinja_expression(parser))
		return false;
	parser->n_inner--;
	parser->in_loop_filter = false;
	if (!krait__jinja_emit(parser, OP_FILTER_KEEP, 0, 0)
		|| !krait__jinja_emit(parser, OP_JUMP, next - krait__jinja_here(parser), 0))
		return false;
	krait__jinja_land(parser, next);
	return true;
}

static bool loop_body(struct jinja_parser *parser, const struct jinja_stash *stores)
{
	static const char *const ends[] = { "else", "endfor", NULL };
	struct jinja_block block = { .outer = parser->block,
		.kind = BLOCK_LOOP,
		.next = krait__jinja_here(parser),
		.breaks = -1 };

	if (!krait__jinja_emit(parser, OP_NEXT, 0, 0) || !krait__jinja_paste(parser, stores))
		return false;
	parser->block = &block;
	parser->n_inner++;
	if (!krait__jinja_body(parser, ends, "for")
		|| !krait__jinja_emit(parser, OP_AGAIN, block.next - krait__jinja_here(parser), 0))
		return false;
	parser->n_inner--;
	parser->block = block.outer;
	krait__jinja_land(parser, block.next);
	while (block.breaks >= 0) {
		int32_t before = parser->program->code[block.breaks].a;

		krait__jinja_land(parser, block.breaks);
		block.breaks = before;
	}
	return true;
}

static bool for_statement(struct jinja_parser *parser)
{
	static const char *const ends[] = { "endfor", NULL };
	int32_t begin = krait__jinja_here(parser), end;
	struct jinja_stash stores;

	parser->n_inner++;
	if (!target(parser) || !krait__jinja_cut(parser, begin, &stores))
		return false;
	parser->n_inner--;
	if (!krait__jinja_skip_name(parser, "in"))
		return krait__jinja_unexpected(parser, "'in'");
	if (!krait__jinja_tuple(parser, false, false) || !krait__jinja_emit(parser, OP_FOR, 0, 0))
		return false;
	if (krait__jinja_skip_name(parser, "if") && !loop_filter(parser, &stores))
		return false;
	if (krait__jinja_at_name(parser, "recursive"))
		return krait__jinja_fail(parser->jinja, JINJA_ERROR_UNSUPPORTED, "a recursive for is not supported");
	if (!krait__jinja_end_tag(parser) || !loop_body(parser, &stores))
		return false;
	end = krait__jinja_here(parser);
	if (!krait__jinja_emit(parser, OP_END_FOR, 0, 0))
		return false;
	if (krait__jinja_skip_name(parser, "else")) {
		parser->n_inner++;
		if (!krait__jinja_end_tag(parser) || !krait__jinja_emit(parser, OP_OPEN, 0, 0)
			|| !krait__jinja_body(parser, ends, "for") || !krait__jinja_emit(parser, OP_CLOSE, 0, 0))
			return false;
		parser->n_inner--;
	}
	krait__jinja_land(parser, end);
	krait__jinja_next(parser);
	return krait__jinja_end_tag(parser);
}

static bool leave_loop(struct jinja_parser *parser, bool again)
{
	struct jinja_block *block = parser->block;

	for (; block && block->kind == BLOCK_SCOPE; block = block->outer)
		if (!krait__jinja_emit(parser, OP_CLOSE, 0, 0))
			return false;
	if (!block)
		return krait__jinja_fail(parser->jinja, JINJA_ERROR_SYNTAX, "'%s' outside of a loop",
			again ? "continue" : "break");
	if (block->kind != BLOCK_LOOP)
		return krait__jinja_fail(parser->jinja, JINJA_ERROR_UNSUPPORTED, "'%s' out of a block is not supported",
			again ? "continue" : "break");
	if (!krait__jinja_emit(parser, OP_JUMP, again ? block->next - krait__jinja_here(parser) : block->breaks, 0))
		return false;
	if (!again)
		block->breaks = krait__jinja_here(parser) - 1;
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
	} else if (!target(parser)) {
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
		if ((n && !krait__jinja_expect(parser, ",")) || !target_name(parser)
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

static bool break_statement(struct jinja_parser *parser) { return leave_loop(parser, false); }
static bool continue_statement(struct jinja_parser *parser) { return leave_loop(parser, true); }

bool krait__jinja_statement(struct jinja_parser *parser, const struct jinja_lexeme *name)
{
	static const struct { const char *name; bool (*parse)(struct jinja_parser *parser);
	} statements[] = {
		{ "if", if_statement },
		{ "for", for_statement },
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
		if (is(name, statements[i].name)) {
			krait__jinja_next(parser);
			return statements[i].parse(parser);
		}
	}
	for (size_t i = 0; i < sizeof(strays) / sizeof(*strays); i++)
		if (is(name, strays[i]))
			return krait__jinja_fail(parser->jinja, JINJA_ERROR_SYNTAX, "'%s' does not belong here",
				strays[i]);
	if (name->type != TOKEN_NAME)
		return krait__jinja_unexpected(parser, "a statement's name");
	return krait__jinja_fail(parser->jinja, JINJA_ERROR_UNSUPPORTED, "the statement %s is not supported",
		krait__quote(&quoted, name->data, name->n));
}
