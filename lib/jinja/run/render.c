/* SPDX-License-Identifier: Apache-2.0 */
/* render.c - from the caller's variables to marked text. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/run/run.h"
#include "jinja/value/builder.h"

#include <string.h>

static bool build(struct jinja *jinja, struct jinja_builder *builder, const struct jinja_variable *variable)
{
	builder->jinja = jinja;
	builder->depth = 0;
	builder->complete = false;
	if (!variable->build(builder, variable->data))
		return false;
	if (builder->complete && !builder->depth)
		return true;
	return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "the variable '%.60s' was given half a value",
		variable->name);
}

/* A name that the template itself sets before it reads it on the top level is never the caller's. */
static bool bind_variables(struct jinja_machine *machine, const struct jinja_input *input)
{
	const struct jinja_program *program = machine->program;
	struct jinja_builder *builder = krait__jinja_alloc(machine->jinja, 1, sizeof(*builder));

	if (!builder)
		return false;
	for (size_t i = 0; i < input->n_variables; i++) {
		const struct jinja_variable *variable = &input->variables[i];

		for (size_t k = 0; k < program->n_symbols; k++) {
			if (program->symbols[k].hidden || strcmp(program->symbols[k].name, variable->name) != 0)
				continue;
			if (!build(machine->jinja, builder, variable)
				|| !krait__jinja_set(machine, (int32_t)k, builder->value))
				return false;
		}
	}
	return true;
}

/* The stack is there from the beginning, so that no instruction has to ask. */
static bool start(struct jinja_machine *machine, const struct jinja_input *input)
{
	struct jinja *jinja = machine->jinja;

	machine->scope = krait__jinja_scope(jinja, NULL);
	if (!machine->scope
		|| !krait__jinja_grow(jinja, &machine->stack, 0, &machine->stack_room, sizeof(*machine->stack))
		|| !krait__jinja_grow(jinja, &machine->captures, 0, &machine->captures_room,
			sizeof(*machine->captures)))
		return false;
	machine->captures[machine->n_captures++] = (struct jinja_chars){ 0 };
	return bind_variables(machine, input);
}

static bool give(struct jinja *jinja, const struct jinja_chars *chars, const struct jinja_sink *sink)
{
	for (size_t at = 0, end; at < chars->n; at = end) {
		end = at + 1;
		while (end < chars->n && chars->marks[end] == chars->marks[at])
			end++;
		if (!sink->put(sink->user, chars->data + at, end - at, chars->marks[at] != 0))
			return krait__jinja_fail_memory(jinja);
	}
	return true;
}

enum jinja_code krait__jinja_render(const struct jinja_program *program, const struct jinja_input *input,
	const struct jinja_sink *sink, struct jinja_error *error)
{
	struct jinja jinja = { .error = error, .line = 1, .now = input->now };
	struct jinja_machine machine = { .program = program, .jinja = &jinja };

	*error = (struct jinja_error){ 0 };
	jinja.limits = input->limits ? input->limits : &krait__jinja_limits;
	if (start(&machine, input) && krait__jinja_run(&machine))
		give(&jinja, &machine.captures[0], sink);
	krait__jinja_free(&jinja);
	return error->code;
}
