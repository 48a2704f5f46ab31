/* SPDX-License-Identifier: Apache-2.0 */
/* template_parse.c - the parser's ground: tokens, code, constants, names. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "base/utf8.h"
#include "text/template.h"
#include "text/template_parse.h"

#include <stdlib.h>
#include <string.h>

/* ---- tokens --------------------------------------------------------------------------- */

const struct lexeme *krait__jinja_token(const struct parser *parser)
{
	return &parser->tokens.items[parser->at];
}

void krait__jinja_next(struct parser *parser)
{
	if (krait__jinja_token(parser)->type != TOKEN_END)
		parser->at++;
	parser->jinja->line = krait__jinja_token(parser)->line;
}

static bool at(const struct parser *parser, enum token_type type, const char *text)
{
	const struct lexeme *token = krait__jinja_token(parser);

	return token->type == type && token->n == strlen(text) && memcmp(token->data, text, token->n) == 0;
}

bool krait__jinja_at_name(const struct parser *parser, const char *name)
{
	return at(parser, TOKEN_NAME, name);
}

bool krait__jinja_at(const struct parser *parser, const char *symbol)
{
	return at(parser, TOKEN_OPERATOR, symbol);
}

bool krait__jinja_skip_name(struct parser *parser, const char *name)
{
	if (!krait__jinja_at_name(parser, name))
		return false;
	krait__jinja_next(parser);
	return true;
}

bool krait__jinja_skip(struct parser *parser, const char *symbol)
{
	if (!krait__jinja_at(parser, symbol))
		return false;
	krait__jinja_next(parser);
	return true;
}

bool krait__jinja_expect(struct parser *parser, const char *symbol)
{
	return krait__jinja_skip(parser, symbol) || krait__jinja_unexpected(parser, symbol);
}

bool krait__jinja_unexpected(struct parser *parser, const char *expected)
{
	const struct lexeme *token = krait__jinja_token(parser);
	struct quoted quoted;

	if (token->type == TOKEN_END)
		return krait__jinja_fail(parser->jinja, KRAIT_ERROR_FORMAT, "the template ends, %s is expected", expected);
	return krait__jinja_fail(parser->jinja, KRAIT_ERROR_FORMAT, "unexpected %s, %s is expected", krait__quote(&quoted, token->data, token->n), expected);
}

bool krait__jinja_deeper(struct parser *parser)
{
	if (parser->depth >= JINJA_MAX_PARSE_DEPTH)
		return krait__jinja_fail(parser->jinja, KRAIT_ERROR_UNSUPPORTED, "nested more than %d deep", JINJA_MAX_PARSE_DEPTH);
	parser->depth++;
	return true;
}

/* ---- code ----------------------------------------------------------------------------- */

static bool grow(struct jinja *jinja, void *array, size_t n, size_t *room, size_t size)
{
	void **items = array, *larger;
	size_t more = *room ? 2 * *room : 32;

	if (n < *room)
		return true;
	larger = krait__jinja_alloc(jinja, more, size);
	if (!larger)
		return false;
	if (n)
		memcpy(larger, *items, n * size);
	*items = larger;
	*room = more;
	return true;
}

bool krait__jinja_emit(struct parser *parser, enum operation op, int32_t a, int32_t b)
{
	struct template *program = parser->program;

	if (!grow(parser->jinja, &program->code, program->n_code, &program->code_room, sizeof(*program->code)))
		return false;
	program->code[program->n_code++] = (struct instruction){ .op = (unsigned char)op, .line = parser->jinja->line, .a = a, .b = b };
	return true;
}

struct instruction *krait__jinja_last(struct parser *parser)
{
	return &parser->program->code[parser->program->n_code - 1];
}

int32_t krait__jinja_here(const struct parser *parser)
{
	return (int32_t)parser->program->n_code;
}

void krait__jinja_land(struct parser *parser, int32_t jump)
{
	struct instruction *instruction = &parser->program->code[jump];
	int32_t distance = krait__jinja_here(parser) - jump;

	if (instruction->op == OP_COMPARE_AND || instruction->op == OP_DEFAULT)
		instruction->b = distance;
	else
		instruction->a = distance;
}

bool krait__jinja_cut(struct parser *parser, int32_t from, struct stash *out)
{
	struct template *program = parser->program;

	out->n = program->n_code - (size_t)from;
	out->code = krait__jinja_alloc(parser->jinja, out->n, sizeof(*out->code));
	if (!out->code)
		return false;
	if (out->n)
		memcpy(out->code, program->code + from, out->n * sizeof(*out->code));
	program->n_code = (size_t)from;
	return true;
}

bool krait__jinja_paste(struct parser *parser, const struct stash *stash)
{
	for (size_t i = 0; i < stash->n; i++) {
		if (!krait__jinja_emit(parser, OP_JUMP, 0, 0))
			return false;
		*krait__jinja_last(parser) = stash->code[i];
	}
	return true;
}

/* ---- constants and names ---------------------------------------------------------------- */

bool krait__jinja_constant(struct parser *parser, struct value value, int32_t *out)
{
	struct template *program = parser->program;

	if (!grow(parser->jinja, &program->constants, program->n_constants, &program->constants_room, sizeof(*program->constants)))
		return false;
	*out = (int32_t)program->n_constants;
	program->constants[program->n_constants++] = value;
	return true;
}

bool krait__jinja_name_constant(struct parser *parser, const char *name, size_t n_name, int32_t *out)
{
	struct value value;

	return krait__jinja_text(parser->jinja, &value, name, n_name, true) && krait__jinja_constant(parser, value, out);
}

bool krait__jinja_keyword(struct parser *parser, const char *name)
{
	struct template *program = parser->program;

	if (!grow(parser->jinja, &program->keywords, program->n_keywords, &program->keywords_room, sizeof(*program->keywords)))
		return false;
	program->keywords[program->n_keywords++] = name;
	return true;
}

int32_t krait__jinja_symbol(struct template *program, const char *name, size_t n_name)
{
	struct symbol *symbol;
	char *copy;

	for (size_t i = 0; i < program->n_symbols; i++)
		if (program->symbols[i].n_name == n_name && memcmp(program->symbols[i].name, name, n_name) == 0)
			return (int32_t)i;
	if (!grow(&program->jinja, &program->symbols, program->n_symbols, &program->symbols_room, sizeof(*program->symbols)))
		return -1;
	copy = krait__jinja_alloc(&program->jinja, n_name + 1, 1);
	if (!copy)
		return -1;
	memcpy(copy, name, n_name);
	copy[n_name] = 0;
	symbol = &program->symbols[program->n_symbols];
	*symbol = (struct symbol){ .name = copy, .n_name = n_name, .function = krait__jinja_find(krait__jinja_functions, name, n_name) };
	return (int32_t)program->n_symbols++;
}

/* ---- the whole -------------------------------------------------------------------------- */

/* A function that nothing in the template defines and that krait does not have. */
static bool check_calls(struct template *program)
{
	for (size_t i = 0; i < program->n_symbols; i++) {
		const struct symbol *symbol = &program->symbols[i];

		if (symbol->called && !symbol->bound && !symbol->function) {
			program->jinja.line = symbol->called;
			return krait__jinja_fail(&program->jinja, KRAIT_ERROR_UNSUPPORTED, "the function '%.100s' is not supported", symbol->name);
		}
	}
	return true;
}

static bool own_symbols(struct template *program)
{
	static const char *const names[] = { [SYMBOL_LOOP] = "loop", [SYMBOL_VARARGS] = "varargs", [SYMBOL_KWARGS] = "kwargs", [SYMBOL_CALLER] = "caller" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		int32_t symbol = krait__jinja_symbol(program, names[i], strlen(names[i]));

		if (symbol < 0)
			return false;
		program->symbols[symbol].bound = true;
	}
	return true;
}

static bool parse(struct template *program, const char *source, size_t n_source)
{
	struct parser parser = { .program = program, .jinja = &program->jinja };

	program->jinja.line = 1;
	if (n_source > JINJA_MAX_SOURCE)
		return krait__jinja_fail(&program->jinja, KRAIT_ERROR_UNSUPPORTED, "%zu bytes, more than %zu", n_source, JINJA_MAX_SOURCE);
	if (!krait__utf8_valid(source, n_source))
		return krait__jinja_fail(&program->jinja, KRAIT_ERROR_FORMAT, "the template is not valid UTF-8");
	if (!own_symbols(program) || !krait__jinja_lex(&program->jinja, source, n_source, &parser.tokens))
		return false;
	program->jinja.line = 1;
	return krait__jinja_body(&parser, NULL, NULL) && krait__jinja_emit(&parser, OP_RETURN, 0, 0) && check_calls(program);
}

krait_status krait__template_parse(struct template **out, const char *source, size_t n_source, struct why *why)
{
	struct why own = { 0 };
	struct template *program = krait__alloc_zero(1, sizeof(*program));

	*out = NULL;
	if (!program)
		return krait__why_memory(why);
	program->jinja.why = &own;
	if (!parse(program, source, n_source)) {
		krait__template_free(program);
		if (why)
			*why = own;
		return own.status;
	}
	program->jinja.why = NULL;
	*out = program;
	return KRAIT_OK;
}

void krait__template_free(struct template *program)
{
	if (!program)
		return;
	krait__jinja_free(&program->jinja);
	krait__free(program);
}
