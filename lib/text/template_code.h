/* SPDX-License-Identifier: Apache-2.0 */
/* template_code.h - the tokens of a chat template and the program that they become. */
#ifndef KRAIT_TEXT_TEMPLATE_CODE_H
#define KRAIT_TEXT_TEMPLATE_CODE_H

#include "text/template_value.h"

#define JINJA_MAX_SOURCE ((size_t)1 << 20)
#define JINJA_MAX_PARSE_DEPTH 80        /* statements in statements and expressions in expressions: what 64 KiB of stack bears */

enum token_type {
	TOKEN_DATA, TOKEN_BLOCK_BEGIN, TOKEN_BLOCK_END, TOKEN_PRINT_BEGIN, TOKEN_PRINT_END,
	TOKEN_NAME, TOKEN_STRING, TOKEN_INTEGER, TOKEN_FLOAT, TOKEN_OPERATOR, TOKEN_END
};

struct lexeme {
	enum token_type type;
	uint32_t line;
	const char *data;       /* a string without its quotes, escapes not yet read */
	size_t n;
};

struct lexemes { struct lexeme *items; size_t n, room; };

/* The source must stay as long as the tokens; line ends in it are made uniform first. */
bool krait__jinja_lex(struct jinja *jinja, const char *source, size_t n, struct lexemes *out);
bool krait__jinja_string_literal(struct jinja *jinja, const struct lexeme *token, struct chars *out);
bool krait__jinja_number_literal(struct jinja *jinja, const struct lexeme *token, struct value *out);

/* What a program consists of. It runs on a stack of values; jumps are relative to the
 * instruction itself, so that a piece of code can be moved. */
enum operation {
	OP_CONST,               /* push constants[a] */
	OP_NAME,                /* push the variable symbols[a] */
	OP_STORE,               /* pop into the variable symbols[a] */
	OP_STORE_ATTRIBUTE,     /* pop into attribute constants[b] of the namespace symbols[a] */
	OP_UNPACK,              /* pop a sequence of a items, push them, the first one on top */
	OP_PRINT,               /* pop, write */
	OP_ATTRIBUTE,           /* .constants[a] */
	OP_ITEM,                /* pop key, object */
	OP_SLICE,               /* pop step, stop, start, object */
	OP_LIST, OP_TUPLE,      /* pop a values */
	OP_DICT,                /* pop a pairs */
	OP_MISSING,             /* push the value that stands for "not given" */
	OP_UNDEFINED,           /* push what an if-expression without else gives */
	OP_BINARY,              /* enum binary a */
	OP_CONCAT,              /* pop a values, join their texts */
	OP_COMPARE,             /* enum comparison a */
	OP_COMPARE_AND,         /* the same inside a chain: when it holds the right side stays, else jump b with false */
	OP_NOT, OP_NEGATIVE, OP_POSITIVE,
	OP_JUMP, OP_JUMP_FALSE, /* by a; the second pops */
	OP_AND, OP_OR,          /* jump by a and keep the value, or pop it */
	OP_FILTER, OP_TEST,     /* row `callable`, a positional arguments and `named` named ones from keywords[b] */
	OP_CALL,                /* the same on a value below the arguments */
	OP_FOR,                 /* pop a sequence, begin a loop; its scope is open */
	OP_FILTER_NEXT,         /* push the next item for the loop's `if`, or jump by a when there is none */
	OP_FILTER_KEEP,         /* pop: whether the item stays in the loop */
	OP_NEXT,                /* push the next item, or jump by a when there is none */
	OP_AGAIN,               /* the end of the body: jump by a, to OP_NEXT */
	OP_END_FOR,             /* leave the loop; jump by a if a body came to its end */
	OP_OPEN, OP_CLOSE,      /* a scope */
	OP_CAPTURE,             /* what is written from now on is kept */
	OP_CAPTURED,            /* push what was kept */
	OP_MACRO,               /* push a macro: macros[a] */
	OP_DEFAULT,             /* jump by b where parameter symbols[a] was given */
	OP_RETURN               /* the end of a macro */
};

struct instruction {
	unsigned char op, named;
	uint32_t line;
	int32_t a, b;
	const struct callable *callable;
};

struct macro_code {
	const char *name;
	int32_t begin;                  /* its first instruction */
	const int32_t *parameters;      /* symbols */
	size_t n_required;              /* of them: those without a default */
	size_t n_parameters;
	int32_t self;                   /* the symbol of its name */
	bool uses_varargs, uses_kwargs, uses_caller;
};

struct symbol {
	const char *name;
	size_t n_name;
	bool bound;                     /* the template gives it a value somewhere */
	uint32_t called;                /* the line that first calls it, 0: none */
	const struct callable *function;        /* the global of that name */
};

/* The first symbols of every program: names that the interpreter itself gives values. */
enum { SYMBOL_LOOP, SYMBOL_VARARGS, SYMBOL_KWARGS, SYMBOL_CALLER };

struct template {
	struct jinja jinja;             /* its memory */
	struct instruction *code;
	struct value *constants;
	struct symbol *symbols;
	struct macro_code *macros;
	const char **keywords;
	size_t n_code, n_constants, n_symbols, n_macros, n_keywords;
	size_t code_room, constants_room, symbols_room, macros_room, keywords_room;
};

int32_t krait__jinja_symbol(struct template *program, const char *name, size_t n_name);        /* -1: failed */

#endif
