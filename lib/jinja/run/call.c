/* SPDX-License-Identifier: Apache-2.0 */
/* call.c - filters, tests, functions and macros on the machine's stack. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/run/run.h"

#include <string.h>

/* The arguments on top of the stack; they stay there until the caller drops them. */
static struct jinja_arguments arguments_of(const struct jinja_machine *machine,
	const struct jinja_instruction *instruction)
{
	size_t n = (size_t)instruction->a + instruction->named;
	const struct jinja_value *first = machine->stack + machine->n_stack - n;

	struct jinja_arguments arguments = { first, (size_t)instruction->a, first + instruction->a, NULL,
		instruction->named };

	if (instruction->named)
		arguments.names = machine->program->keywords + instruction->b;
	return arguments;
}

static bool replace(struct jinja_machine *machine, const struct jinja_instruction *instruction,
	struct jinja_value value)
{
	machine->n_stack -= (size_t)instruction->a + instruction->named + 1;
	return krait__jinja_push(machine, value);
}

bool krait__jinja_apply(struct jinja_machine *machine, const struct jinja_instruction *instruction)
{
	struct jinja_arguments arguments = arguments_of(machine, instruction);
	struct jinja_value out = { 0 };
	const char *what = instruction->op == OP_TEST ? "test" : "filter";

	return krait__jinja_call(machine->jinja, instruction->callable, what, arguments.positional[-1], &arguments,
		       &out)
		&& replace(machine, instruction, out);
}

static bool refuse(struct jinja_machine *machine, const struct jinja_macro_code *code, const char *text,
	const char *name)
{
	return krait__jinja_fail(machine->jinja, JINJA_ERROR_VALUE, "the macro '%.60s' %s '%.60s'", code->name, text,
		name);
}

static bool bind_positional(struct jinja_machine *machine, const struct jinja_macro_code *code,
	const struct jinja_arguments *arguments)
{
	size_t n = arguments->n_positional;
	struct jinja_value rest;

	for (size_t i = 0; i < n && i < code->n_parameters; i++)
		if (!krait__jinja_set(machine, code->parameters[i], arguments->positional[i]))
			return false;
	if (n > code->n_parameters && !code->uses_varargs)
		return krait__jinja_fail(machine->jinja, JINJA_ERROR_VALUE,
			"the macro '%.60s' is given %zu arguments, it takes %zu", code->name, n, code->n_parameters);
	if (!code->uses_varargs)
		return true;
	if (!krait__jinja_list(machine->jinja, &rest, VALUE_TUPLE, n > code->n_parameters ? n - code->n_parameters : 0))
		return false;
	for (size_t i = code->n_parameters; i < n; i++)
		rest.as.list->items[i - code->n_parameters] = arguments->positional[i];
	return krait__jinja_set(machine, SYMBOL_VARARGS, rest);
}

static bool bind_keyword(struct jinja_machine *machine, const struct jinja_macro_code *code, const char *name,
	struct jinja_value value, bool *given, struct jinja_dict *rest)
{
	struct jinja_value key;

	for (size_t i = 0; i < code->n_parameters; i++) {
		if (strcmp(machine->program->symbols[code->parameters[i]].name, name) != 0)
			continue;
		if (given[i])
			return refuse(machine, code, "is given twice its", name);
		given[i] = true;
		return krait__jinja_set(machine, code->parameters[i], value);
	}
	if (code->uses_caller && strcmp(name, "caller") == 0)
		return krait__jinja_set(machine, SYMBOL_CALLER, value);
	if (!rest)
		return refuse(machine, code, "takes no", name);
	return krait__jinja_text(machine->jinja, &key, name, strlen(name), true)
		&& krait__jinja_dict_set(machine->jinja, rest, key, value);
}

/* In the macro's own scope, which is open. */
static bool bind(struct jinja_machine *machine, const struct jinja_macro_code *code,
	const struct jinja_arguments *arguments)
{
	struct jinja_value rest = { 0 }, missing;
	bool given[32] = { 0 }, called = false;

	for (size_t i = 0; i < code->n_parameters; i++)
		given[i] = i < arguments->n_positional;
	if (!bind_positional(machine, code, arguments)
		|| (code->uses_kwargs && !krait__jinja_dict(machine->jinja, &rest, VALUE_DICT, 0)))
		return false;
	for (size_t i = 0; i < arguments->n_keyword; i++) {
		called |= strcmp(arguments->names[i], "caller") == 0;
		if (!bind_keyword(machine, code, arguments->names[i], arguments->keyword[i], given, rest.as.dict))
			return false;
	}
	if (code->uses_kwargs && !krait__jinja_set(machine, SYMBOL_KWARGS, rest))
		return false;
	if (code->uses_caller && !called) {
		if (!krait__jinja_undefined(machine->jinja, &missing, NULL, "caller", 6, false)
				|| !krait__jinja_set(machine, SYMBOL_CALLER, missing))
			return false;
	}
	for (size_t i = 0; i < code->n_required; i++) {
		const struct jinja_symbol *symbol = &machine->program->symbols[code->parameters[i]];

		if (!given[i]
			&& (!krait__jinja_undefined(machine->jinja, &missing, NULL, symbol->name, symbol->n_name, false)
				|| !krait__jinja_set(machine, code->parameters[i], missing)))
			return false;
	}
	return true;
}

/* What a macro's closure holds once its loop or block is left is Python's affair. */
static bool is_lasting(struct jinja_machine *machine, const struct jinja_macro *macro)
{
	for (const struct jinja_scope *scope = macro->scope; scope; scope = scope->parent) {
		machine->jinja->work++;
		if (scope->ended)
			return krait__jinja_fail(machine->jinja, JINJA_ERROR_UNSUPPORTED,
				"the macro '%.60s' outside of the loop or block that it was made in",
				macro->code->name);
	}
	return true;
}

static bool begin_macro(struct jinja_machine *machine, const struct jinja_macro *macro,
	const struct jinja_instruction *instruction)
{
	struct jinja_arguments arguments = arguments_of(machine, instruction);
	struct jinja *jinja = machine->jinja;
	struct jinja_scope *scope = krait__jinja_scope(jinja, macro->scope), *outer = machine->scope;

	if (!is_lasting(machine, macro))
		return false;
	if (machine->n_frames >= JINJA_MAX_DEPTH)
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "macros called more than %d deep",
			JINJA_MAX_DEPTH);
	if (!scope
		|| !krait__jinja_grow(jinja, &machine->frames, machine->n_frames, &machine->frames_room,
			sizeof(*machine->frames))
		|| !krait__jinja_grow(jinja, &machine->captures, machine->n_captures, &machine->captures_room,
			sizeof(*machine->captures)))
		return false;
	machine->scope = scope;
	if (!bind(machine, macro->code, &arguments))
		return false;
	machine->n_stack -= (size_t)instruction->a + instruction->named + 1;
	machine->frames[machine->n_frames++] = (struct jinja_frame){ machine->pc, outer, machine->n_loops };
	machine->captures[machine->n_captures++] = (struct jinja_chars){ 0 };
	machine->pc = (size_t)macro->code->begin;
	return true;
}

bool krait__jinja_return(struct jinja_machine *machine)
{
	const struct jinja_frame *frame = &machine->frames[--machine->n_frames];
	struct jinja_value text;

	machine->pc = frame->pc;
	machine->scope = frame->scope;
	machine->n_loops = frame->n_loops;
	return krait__jinja_take(machine->jinja, &text, &machine->captures[--machine->n_captures])
		&& krait__jinja_push(machine, text);
}

bool krait__jinja_invoke(struct jinja_machine *machine, const struct jinja_instruction *instruction)
{
	struct jinja_arguments arguments = arguments_of(machine, instruction);
	struct jinja_value callee = arguments.positional[-1], out = { 0 };

	switch ((enum jinja_kind)callee.kind) {
	case VALUE_MACRO:
		return begin_macro(machine, callee.as.macro, instruction);
	case VALUE_FUNCTION:
		return krait__jinja_call(machine->jinja, callee.as.function, "function", (struct jinja_value){ 0 },
			       &arguments, &out)
			&& replace(machine, instruction, out);
	case VALUE_METHOD:
		return krait__jinja_call(machine->jinja, callee.as.bound->method, "method", callee.as.bound->self,
			       &arguments, &out)
			&& replace(machine, instruction, out);
	default:
		return krait__jinja_need_defined(machine->jinja, callee)
			&& krait__jinja_fail(machine->jinja, JINJA_ERROR_VALUE, "a %s cannot be called",
				krait__jinja_type(callee));
	}
}
