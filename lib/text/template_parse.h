/* SPDX-License-Identifier: Apache-2.0 */
/* template_parse.h - what the parser's files share. Code is emitted while parsing; there is no tree. */
#ifndef KRAIT_TEXT_TEMPLATE_PARSE_H
#define KRAIT_TEXT_TEMPLATE_PARSE_H

#include "text/template_code.h"

enum block_kind { BLOCK_LOOP, BLOCK_SCOPE, BLOCK_CAPTURE, BLOCK_MACRO, BLOCK_CALL };

/* The constructs around the current place, innermost first. */
struct block {
	struct block *outer;
	enum block_kind kind;
	int32_t next;                   /* a loop's OP_NEXT */
	int32_t breaks;                 /* the last `break`'s jump, which holds the one before in a; -1: none */
	struct macro_code *macro;
};

struct parser {
	struct template *program;
	struct jinja *jinja;
	struct lexemes tokens;
	size_t at;
	unsigned depth;
	struct block *block;
	bool in_loop_filter;
};

/* Code that was taken out to be put elsewhere. */
struct stash { struct instruction *code; size_t n; };

const struct lexeme *krait__jinja_token(const struct parser *parser);
void krait__jinja_next(struct parser *parser);
bool krait__jinja_at_name(const struct parser *parser, const char *name);
bool krait__jinja_at(const struct parser *parser, const char *symbol);
bool krait__jinja_skip_name(struct parser *parser, const char *name);
bool krait__jinja_skip(struct parser *parser, const char *symbol);
bool krait__jinja_expect(struct parser *parser, const char *symbol);
bool krait__jinja_unexpected(struct parser *parser, const char *expected);     /* fails */
bool krait__jinja_deeper(struct parser *parser);        /* pair with parser->depth-- */

bool krait__jinja_emit(struct parser *parser, enum operation op, int32_t a, int32_t b);
struct instruction *krait__jinja_last(struct parser *parser);
int32_t krait__jinja_here(const struct parser *parser);
void krait__jinja_land(struct parser *parser, int32_t jump);    /* that jump leads here */
bool krait__jinja_cut(struct parser *parser, int32_t from, struct stash *out);
bool krait__jinja_paste(struct parser *parser, const struct stash *stash);
bool krait__jinja_constant(struct parser *parser, struct value value, int32_t *out);
bool krait__jinja_name_constant(struct parser *parser, const char *name, size_t n_name, int32_t *out);
bool krait__jinja_keyword(struct parser *parser, const char *name);

enum level { LEVEL_OR = 1, LEVEL_AND, LEVEL_NOT, LEVEL_COMPARE, LEVEL_ADD, LEVEL_CONCAT, LEVEL_MULTIPLY, LEVEL_POWER };

/* Each leaves the code of one value. */
bool krait__jinja_unary(struct parser *parser, bool filters);
bool krait__jinja_climb(struct parser *parser, enum level lowest);      /* operators of this level and those that bind tighter */
bool krait__jinja_expression(struct parser *parser);
bool krait__jinja_tuple(struct parser *parser, bool conditions, bool parenthesised);
bool krait__jinja_filter_chain(struct parser *parser);       /* at a name behind '|': code that filters the value on the stack */

/* Statements (template_statements.c); `name` is the current token. */
bool krait__jinja_statement(struct parser *parser, const struct lexeme *name);
/* Until a tag whose name is in the list, which is then the current token. NULL: the end of the template. */
bool krait__jinja_body(struct parser *parser, const char *const *ends, const char *statement);
bool krait__jinja_end_tag(struct parser *parser);       /* past the name: expects the tag's end */
bool krait__jinja_macro(struct parser *parser);
bool krait__jinja_call_block(struct parser *parser);

#endif
