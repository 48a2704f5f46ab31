/* SPDX-License-Identifier: Apache-2.0 */
/* parse.h - what the parser's files share. Code is emitted while parsing; there is no tree. */
#ifndef KRAIT_JINJA_PARSE_H
#define KRAIT_JINJA_PARSE_H

#include "jinja/parse/code.h"

enum jinja_block_kind { BLOCK_LOOP, BLOCK_SCOPE, BLOCK_CAPTURE, BLOCK_MACRO, BLOCK_CALL };

/* The constructs around the current place, innermost first. */
struct jinja_block {
	struct jinja_block *outer;
	enum jinja_block_kind kind;
	int32_t next;                   /* a loop's OP_NEXT */
	int32_t breaks;                 /* the last `break`'s jump, which holds the one before in a; -1: none */
	struct jinja_macro_code *macro;
};

struct jinja_parser {
	struct jinja_program *program;
	struct jinja *jinja;
	struct jinja_lexemes tokens;
	size_t at;
	unsigned depth;
	struct jinja_block *block;
	bool in_loop_filter;
	unsigned n_inner; /* scopes around the current place, whether or not it is a block that `break` sees */
	unsigned n_branches;            /* ifs around it */
	int32_t set;                    /* the symbols that the current statement sets on the top level; -1: none */
};

/* Code that was taken out to be put elsewhere. */
struct jinja_stash { struct jinja_instruction *code; size_t n; };

const struct jinja_lexeme *krait__jinja_token(const struct jinja_parser *parser);
void krait__jinja_next(struct jinja_parser *parser);
bool krait__jinja_at_name(const struct jinja_parser *parser, const char *name);
bool krait__jinja_at(const struct jinja_parser *parser, const char *symbol);
bool krait__jinja_skip_name(struct jinja_parser *parser, const char *name);
bool krait__jinja_skip(struct jinja_parser *parser, const char *symbol);
bool krait__jinja_expect(struct jinja_parser *parser, const char *symbol);
bool krait__jinja_unexpected(struct jinja_parser *parser, const char *expected);     /* fails */
bool krait__jinja_deeper(struct jinja_parser *parser);        /* pair with parser->depth-- */

bool krait__jinja_emit(struct jinja_parser *parser, enum jinja_operation op, int32_t a, int32_t b);
struct jinja_instruction *krait__jinja_last(struct jinja_parser *parser);
int32_t krait__jinja_here(const struct jinja_parser *parser);
void krait__jinja_land(struct jinja_parser *parser, int32_t jump);    /* that jump leads here */
bool krait__jinja_cut(struct jinja_parser *parser, int32_t from, struct jinja_stash *out);
bool krait__jinja_paste(struct jinja_parser *parser, const struct jinja_stash *stash);
bool krait__jinja_constant(struct jinja_parser *parser, struct jinja_value value, int32_t *out);
bool krait__jinja_name_constant(struct jinja_parser *parser, const char *name, size_t n_name, int32_t *out);
bool krait__jinja_keyword(struct jinja_parser *parser, const char *name);
/* A name is set, or read, here. What a statement sets counts when it ends: `set x = x` reads first. */
void krait__jinja_note_set(struct jinja_parser *parser, int32_t symbol);
void krait__jinja_note_read(struct jinja_parser *parser, int32_t symbol);
void krait__jinja_settle(struct jinja_parser *parser);

enum jinja_level {
	LEVEL_OR = 1,
	LEVEL_AND,
	LEVEL_NOT,
	LEVEL_COMPARE,
	LEVEL_ADD,
	LEVEL_CONCAT,
	LEVEL_MULTIPLY,
	LEVEL_POWER
};

/* Each leaves the code of one value. */
bool krait__jinja_unary(struct jinja_parser *parser, bool filters);
bool krait__jinja_climb(struct jinja_parser *parser,
	enum jinja_level lowest); /* operators of this level and those that bind tighter */
bool krait__jinja_expression(struct jinja_parser *parser);
bool krait__jinja_primary(struct jinja_parser *parser);
bool krait__jinja_postfix(struct jinja_parser *parser);         /* attributes, subscripts, calls of the value before */
bool krait__jinja_emit_constant(struct jinja_parser *parser, struct jinja_value value);
/* Behind a value: `|` was read; at `is`; at `(`. */
bool krait__jinja_one_filter(struct jinja_parser *parser);
bool krait__jinja_test(struct jinja_parser *parser);
bool krait__jinja_call_of(struct jinja_parser *parser);
bool krait__jinja_tuple(struct jinja_parser *parser, bool conditions, bool parenthesised);
bool krait__jinja_filter_chain(
	struct jinja_parser *parser); /* at a name behind '|': code that filters the value on the stack */

bool krait__jinja_lexeme_is(const struct jinja_lexeme *token, const char *name);
bool krait__jinja_target_name(struct jinja_parser *parser);      /* at a name: the code that stores a value there */
/* Names, perhaps in brackets, separated by commas: leaves the code that stores a value. */
bool krait__jinja_target(struct jinja_parser *parser);
bool krait__jinja_for_statement(struct jinja_parser *parser);
bool krait__jinja_leave_loop(struct jinja_parser *parser, bool again);
/* Statements (parse/statements.c); `name` is the current token. */
bool krait__jinja_statement(struct jinja_parser *parser, const struct jinja_lexeme *name);
/* Until a tag whose name is in the list, which is then the current token. NULL: the end of the template. */
bool krait__jinja_body(struct jinja_parser *parser, const char *const *ends, const char *statement);
bool krait__jinja_end_tag(struct jinja_parser *parser);       /* past the name: expects the tag's end */
bool krait__jinja_macro(struct jinja_parser *parser);
bool krait__jinja_call_block(struct jinja_parser *parser);

#endif
