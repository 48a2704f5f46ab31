/* SPDX-License-Identifier: Apache-2.0 */
/* parse.c - the parser's ground: tokens, code, constants, names. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "base/utf8.h"
#include "jinja/parse/parse.h"

#include <stdlib.h>
#include <string.h>

#define NOT_LISTED (-2)         /* a symbol that is in no list of what is set */

/* ---- tokens --------------------------------------------------------------------------- */

const struct jinja_lexeme *krait__jinja_token(const struct jinja_parser *parser)
{
	return &parser->tokens.items[parser->at];
}

void krait__jinja_next(struct jinja_parser *parser)
{
	if (krait__jinja_token(parser)->type != TOKEN_END)
		parser->at++;
	parser->jinja->line = krait__jinja_token(parser)->line;
}

static bool at(const struct jinja_parser *parser, enum jinja_token_type type, const char *text)
{
	const struct jinja_lexeme *token = krait__jinja_token(parser);

	return token->type == type && token->n == strlen(text) && memcmp(token->data, text, token->n) == 0;
}

bool krait__jinja_at_name(const struct jinja_parser *parser, const char *name)
{
	return at(parser, TOKEN_NAME, name);
}

bool krait__jinja_at(const struct jinja_parser *parser, const char *symbol)
{
	return at(parser, TOKEN_OPERATOR, symbol);
}

bool krait__jinja_skip_name(struct jinja_parser *parser, const char *name)
{
	if (!krait__jinja_at_name(parser, name))
		return false;
	krait__jinja_next(parser);
	return true;
}

bool krait__jinja_skip(struct jinja_parser *parser, const char *symbol)
{
	if (!krait__jinja_at(parser, symbol))
		return false;
	krait__jinja_next(parser);
	return true;
}

bool krait__jinja_expect(struct jinja_parser *parser, const char *symbol)
{
	return krait__jinja_skip(parser, symbol) || krait__jinja_unexpected(parser, symbol);
}

bool krait__jinja_unexpected(struct jinja_parser *parser, const char *expected)
{
	const struct jinja_lexeme *token = krait__jinja_token(parser);
	struct quoted quoted;

	if (token->type == TOKEN_END)
		return krait__jinja_fail(parser->jinja, JINJA_ERROR_SYNTAX, "the template ends, %s is expected",
			expected);
	return krait__jinja_fail(parser->jinja, JINJA_ERROR_SYNTAX, "unexpected %s, %s is expected",
		krait__quote(&quoted, token->data, token->n), expected);
}

bool krait__jinja_deeper(struct jinja_parser *parser)
{
	if (parser->depth >= JINJA_MAX_PARSE_DEPTH)
		return krait__jinja_fail(parser->jinja, JINJA_ERROR_UNSUPPORTED, "nested more than %d deep",
			JINJA_MAX_PARSE_DEPTH);
	parser->depth++;
	return true;
}

/* ---- code ----------------------------------------------------------------------------- */

bool krait__jinja_emit(struct jinja_parser *parser, enum jinja_operation op, int32_t a, int32_t b)
{
	struct jinja_program *program = parser->program;

	if (!krait__jinja_grow(parser->jinja, &program->code, program->n_code, &program->code_room,
		    sizeof(*program->code)))
		return false;
	program->code[program->n_code++] =
		(struct jinja_instruction){ .op = (unsigned char)op, .line = parser->jinja->line, .a = a, .b = b };
	return true;
}

struct jinja_instruction *krait__jinja_last(struct jinja_parser *parser)
{
	return &parser->program->code[parser->program->n_code - 1];
}

int32_t krait__jinja_here(const struct jinja_parser *parser)
{
	return (int32_t)parser->program->n_code;
}

void krait__jinja_land(struct jinja_parser *parser, int32_t jump)
{
	struct jinja_instruction *instruction = &parser->program->code[jump];
	int32_t distance = krait__jinja_here(parser) - jump;

	if (instruction->op == OP_COMPARE_AND || instruction->op == OP_DEFAULT)
		instruction->b = distance;
	else
		instruction->a = distance;
}

bool krait__jinja_cut(struct jinja_parser *parser, int32_t from, struct jinja_stash *out)
{
	struct jinja_program *program = parser->program;

	out->n = program->n_code - (size_t)from;
	out->code = krait__jinja_alloc(parser->jinja, out->n, sizeof(*out->code));
	if (!out->code)
		return false;
	if (out->n)
		memcpy(out->code, program->code + from, out->n * sizeof(*out->code));
	program->n_code = (size_t)from;
	return true;
}

bool krait__jinja_paste(struct jinja_parser *parser, const struct jinja_stash *stash)
{
	for (size_t i = 0; i < stash->n; i++) {
		if (!krait__jinja_emit(parser, OP_JUMP, 0, 0))
			return false;
		*krait__jinja_last(parser) = stash->code[i];
	}
	return true;
}

/* ---- constants and names ---------------------------------------------------------------- */

bool krait__jinja_constant(struct jinja_parser *parser, struct jinja_value value, int32_t *out)
{
	struct jinja_program *program = parser->program;

	if (!krait__jinja_grow(parser->jinja, &program->constants, program->n_constants, &program->constants_room,
		    sizeof(*program->constants)))
		return false;
	*out = (int32_t)program->n_constants;
	program->constants[program->n_constants++] = value;
	return true;
}

bool krait__jinja_name_constant(struct jinja_parser *parser, const char *name, size_t n_name, int32_t *out)
{
	struct jinja_value value;

	return krait__jinja_text(parser->jinja, &value, name, n_name, true)
		&& krait__jinja_constant(parser, value, out);
}

bool krait__jinja_keyword(struct jinja_parser *parser, const char *name)
{
	struct jinja_program *program = parser->program;

	if (!krait__jinja_grow(parser->jinja, &program->keywords, program->n_keywords, &program->keywords_room,
		    sizeof(*program->keywords)))
		return false;
	program->keywords[program->n_keywords++] = name;
	return true;
}

int32_t krait__jinja_symbol(struct jinja_program *program, const char *name, size_t n_name)
{
	struct jinja_symbol *symbol;
	char *copy;

	for (size_t i = 0; i < program->n_symbols; i++)
		if (program->symbols[i].n_name == n_name && memcmp(program->symbols[i].name, name, n_name) == 0)
			return (int32_t)i;
	if (!krait__jinja_grow(&program->jinja, &program->symbols, program->n_symbols, &program->symbols_room,
		    sizeof(*program->symbols)))
		return -1;
	copy = krait__jinja_alloc(&program->jinja, n_name + 1, 1);
	if (!copy)
		return -1;
	memcpy(copy, name, n_name);
	copy[n_name] = 0;
	symbol = &program->symbols[program->n_symbols];
	*symbol = (struct jinja_symbol){ .name = copy, .n_name = n_name, .next_set = NOT_LISTED };
	symbol->function = krait__jinja_find(krait__jinja_functions, name, n_name);
	return (int32_t)program->n_symbols++;
}

/* Jinja decides when it compiles whose variable a name is: what the top level sets, in every case
 * and before it reads it, is the template's own, and undefined until then. */
void krait__jinja_note_set(struct jinja_parser *parser, int32_t symbol)
{
	struct jinja_symbol *symbols = parser->program->symbols;

	symbols[symbol].bound = true;
	if (parser->n_inner || parser->n_branches || symbols[symbol].next_set != NOT_LISTED)
		return;
	symbols[symbol].next_set = parser->set;
	parser->set = symbol;
}

void krait__jinja_note_read(struct jinja_parser *parser, int32_t symbol)
{
	if (!parser->n_inner)
		parser->program->symbols[symbol].read = true;
}

void krait__jinja_settle(struct jinja_parser *parser)
{
	struct jinja_symbol *symbols = parser->program->symbols;

	while (parser->set >= 0) {
		struct jinja_symbol *symbol = &symbols[parser->set];

		parser->set = symbol->next_set;
		symbol->next_set = NOT_LISTED;
		symbol->hidden |= !symbol->read;
	}
}

/* ---- the whole -------------------------------------------------------------------------- */

/* A function that nothing in the template defines and that krait does not have. */
static bool check_calls(struct jinja_program *program)
{
	for (size_t i = 0; i < program->n_symbols; i++) {
		const struct jinja_symbol *symbol = &program->symbols[i];

		if (symbol->called && !symbol->bound && !symbol->function) {
			program->jinja.line = symbol->called;
			return krait__jinja_fail(&program->jinja, JINJA_ERROR_UNSUPPORTED,
				"the function '%.100s' is not supported", symbol->name);
		}
	}
	return true;
}

static bool own_symbols(struct jinja_program *program)
{
	static const char *const names[] = { [SYMBOL_LOOP] = "loop",
		[SYMBOL_VARARGS] = "varargs",
		[SYMBOL_KWARGS] = "kwargs",
		[SYMBOL_CALLER] = "caller" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		int32_t symbol = krait__jinja_symbol(program, names[i], strlen(names[i]));

		if (symbol < 0)
			return false;
		program->symbols[symbol].bound = true;
	}
	return true;
}

static bool parse(struct jinja_program *program, const char *source, size_t n_source)
{
	struct jinja_parser parser = { .program = program, .jinja = &program->jinja, .set = -1 };

	program->jinja.line = 1;
	if (n_source > JINJA_MAX_SOURCE)
		return krait__jinja_fail(&program->jinja, JINJA_ERROR_UNSUPPORTED, "%zu bytes, more than %zu", n_source,
			JINJA_MAX_SOURCE);
	if (!krait__utf8_valid(source, n_source))
		return krait__jinja_fail(&program->jinja, JINJA_ERROR_SYNTAX, "the template is not valid UTF-8");
	if (!own_symbols(program) || !krait__jinja_lex(&program->jinja, source, n_source, &parser.tokens))
		return false;
	program->jinja.line = 1;
	return krait__jinja_body(&parser, NULL, NULL) && krait__jinja_emit(&parser, OP_RETURN, 0, 0)
		&& check_calls(program);
}

enum jinja_code krait__jinja_parse(struct jinja_program **out, const char *source, size_t n, struct jinja_error *error)
{
	struct jinja_program *program = krait__alloc_zero(1, sizeof(*program));
	struct jinja nothing = { .error = error };

	*out = NULL;
	*error = (struct jinja_error){ 0 };
	if (!program) {
		krait__jinja_fail_memory(&nothing);
		return error->code;
	}
	program->jinja.error = error;
	program->jinja.limits = &krait__jinja_limits;
	if (!parse(program, source, n)) {
		krait__jinja_program_free(program);
		return error->code;
	}
	program->jinja.error = NULL;
	*out = program;
	return JINJA_OK;
}

void krait__jinja_program_free(struct jinja_program *program)
{
	if (!program)
		return;
	krait__jinja_free(&program->jinja);
	krait__free(program);
}
