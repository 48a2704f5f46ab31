/* SPDX-License-Identifier: Apache-2.0 */
/* code.h - the tokens of a chat template and the program that they become. */
#ifndef KRAIT_JINJA_CODE_H
#define KRAIT_JINJA_CODE_H

#include "jinja/value/value.h"

#define JINJA_MAX_SOURCE ((size_t)1 << 20)
#define JINJA_MAX_PARSE_DEPTH                                                                                          \
	80 /* statements in statements and expressions in expressions: what 64 KiB of stack bears */

enum jinja_token_type {
	TOKEN_DATA, TOKEN_BLOCK_BEGIN, TOKEN_BLOCK_END, TOKEN_PRINT_BEGIN, TOKEN_PRINT_END,
	TOKEN_NAME, TOKEN_STRING, TOKEN_INTEGER, TOKEN_FLOAT, TOKEN_OPERATOR, TOKEN_END
};

struct jinja_lexeme {
	enum jinja_token_type type;
	uint32_t line;
	const char *data;       /* a string without its quotes, escapes not yet read */
	size_t n;
};

struct jinja_lexemes { struct jinja_lexeme *items; size_t n, room; };

/* The source must stay as long as the tokens; line ends in it are made uniform first. */
bool krait__jinja_lex(struct jinja *jinja, const char *source, size_t n, struct jinja_lexemes *out);
bool krait__jinja_string_literal(struct jinja *jinja, const struct jinja_lexeme *token, struct jinja_chars *out);
bool krait__jinja_number_literal(struct jinja *jinja, const struct jinja_lexeme *token, struct jinja_value *out);

/* What a program consists of. It runs on a stack of values; jumps are relative to the
 * instruction itself, so that a piece of code can be moved. */
enum jinja_operation {
	OP_CONST, /* push constants[a] */
	OP_NAME, /* push the variable symbols[a] */
	OP_STORE, /* pop into the variable symbols[a] */
	OP_STORE_ATTRIBUTE, /* pop into attribute constants[b] of the namespace symbols[a] */
	OP_UNPACK, /* pop a sequence of a items, push them, the first one on top */
	OP_PRINT, /* pop, write */
	OP_ATTRIBUTE, /* .constants[a] */
	OP_ITEM, /* pop key, object */
	OP_SLICE, /* pop step, stop, start, object */
	OP_LIST,
	OP_TUPLE, /* pop a values */
	OP_DICT, /* pop a pairs */
	OP_MISSING, /* push the value that stands for "not given" */
	OP_UNDEFINED, /* push what an if-expression without else gives */
	OP_BINARY, /* enum jinja_binary a */
	OP_CONCAT, /* pop a values, join their texts */
	OP_COMPARE, /* enum jinja_comparison a */
	OP_COMPARE_AND, /* the same inside a chain: when it holds the right side stays, else jump b with false */
	OP_NOT,
	OP_NEGATIVE,
	OP_POSITIVE,
	OP_JUMP,
	OP_JUMP_FALSE, /* by a; the second pops */
	OP_AND,
	OP_OR, /* jump by a and keep the value, or pop it */
	OP_FILTER,
	OP_TEST, /* row `callable`, a positional arguments and `named` named ones from keywords[b] */
	OP_CALL, /* the same on a value below the arguments */
	OP_FOR, /* pop a sequence, begin a loop; its scope is open */
	OP_FILTER_NEXT, /* push the next item for the loop's `if`, or jump by a when there is none */
	OP_FILTER_KEEP, /* pop: whether the item stays in the loop */
	OP_NEXT, /* push the next item, or jump by a when there is none */
	OP_AGAIN, /* the end of the body: jump by a, to OP_NEXT */
	OP_END_FOR, /* leave the loop; jump by a if a body came to its end */
	OP_OPEN,
	OP_CLOSE, /* a scope */
	OP_CAPTURE, /* what is written from now on is kept */
	OP_CAPTURED, /* push what was kept */
	OP_MACRO, /* push a macro: macros[a] */
	OP_DEFAULT, /* jump by b where parameter symbols[a] was given */
	OP_RETURN /* the end of a macro */
};

struct jinja_instruction {
	unsigned char op, named;
	uint32_t line;
	int32_t a, b;
	const struct jinja_callable *callable;
};

struct jinja_macro_code {
	const char *name;
	int32_t begin;                  /* its first instruction */
	const int32_t *parameters;      /* symbols */
	size_t n_required;              /* of them: those without a default */
	size_t n_parameters;
	int32_t self;                   /* the symbol of its name */
	bool uses_varargs, uses_kwargs, uses_caller;
};

struct jinja_symbol {
	const char *name;
	size_t n_name;
	bool bound;                     /* the template gives it a value somewhere */
	bool read;                      /* the top level has read it */
	bool hidden;                    /* the top level sets it before it reads it: it is never the caller's */
	int32_t next_set;               /* in the parser's list of what a statement sets; -1: the last */
	uint32_t called;                /* the line that first calls it, 0: none */
	const struct jinja_callable *function;        /* the global of that name */
};

/* The first symbols of every program: names that the interpreter itself gives values. */
enum { SYMBOL_LOOP, SYMBOL_VARARGS, SYMBOL_KWARGS, SYMBOL_CALLER };

struct jinja_program {
	struct jinja jinja;             /* its memory */
	struct jinja_instruction *code;
	struct jinja_value *constants;
	struct jinja_symbol *symbols;
	struct jinja_macro_code *macros;
	const char **keywords;
	size_t n_code, n_constants, n_symbols, n_macros, n_keywords;
	size_t code_room, constants_room, symbols_room, macros_room, keywords_room;
};

int32_t krait__jinja_symbol(struct jinja_program *program, const char *name, size_t n_name);        /* -1: failed */

#endif
