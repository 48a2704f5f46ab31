/* SPDX-License-Identifier: Apache-2.0 */
/* loops.c - `for`, `break` and `continue`, and the targets that take values. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/parse/parse.h"

/* ---- targets ------------------------------------------------------------------------------ */

bool krait__jinja_target_name(struct jinja_parser *parser)
{
	static const char *const constants[] = { "true", "false", "none", "True", "False", "None", "loop", NULL };
	const struct jinja_lexeme *token = krait__jinja_token(parser);
	int32_t symbol;

	if (token->type != TOKEN_NAME)
		return krait__jinja_unexpected(parser, "a name");
	for (size_t i = 0; constants[i]; i++)
		if (krait__jinja_lexeme_is(token, constants[i]))
			return krait__jinja_fail(parser->jinja, JINJA_ERROR_SYNTAX, "'%s' cannot be given a value",
				constants[i]);
	symbol = krait__jinja_symbol(parser->program, token->data, token->n);
	if (symbol < 0)
		return false;
	krait__jinja_note_set(parser, symbol);
	krait__jinja_next(parser);
	return krait__jinja_emit(parser, OP_STORE, symbol, 0);
}

bool krait__jinja_target(struct jinja_parser *parser)
{
	int32_t begin = krait__jinja_here(parser), n = 0;
	bool comma = false;
	struct jinja_stash names;

	if (!krait__jinja_deeper(parser) || !krait__jinja_emit(parser, OP_UNPACK, 0, 0))
		return false;
	for (;;) {
		bool brackets = krait__jinja_skip(parser, "(");

		if (brackets ? !krait__jinja_target(parser) || !krait__jinja_expect(parser, ")") : !krait__jinja_target_name(parser))
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

bool krait__jinja_for_statement(struct jinja_parser *parser)
{
	static const char *const ends[] = { "endfor", NULL };
	int32_t begin = krait__jinja_here(parser), end;
	struct jinja_stash stores;

	parser->n_inner++;
	if (!krait__jinja_target(parser) || !krait__jinja_cut(parser, begin, &stores))
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

bool krait__jinja_leave_loop(struct jinja_parser *parser, bool again)
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
