/* SPDX-License-Identifier: Apache-2.0 */
/* run.c - the machine that runs a template's program. It never recurses. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/run/run.h"

#include <string.h>

bool krait__jinja_push(struct jinja_machine *machine, struct jinja_value value)
{
	if (!krait__jinja_grow(machine->jinja, &machine->stack, machine->n_stack, &machine->stack_room,
		    sizeof(*machine->stack)))
		return false;
	machine->stack[machine->n_stack++] = value;
	return true;
}

static struct jinja_value pop(struct jinja_machine *machine)
{
	return machine->stack[--machine->n_stack];
}

static struct jinja_value *top(struct jinja_machine *machine)
{
	return &machine->stack[machine->n_stack - 1];
}

/* ---- variables -------------------------------------------------------------------------- */

struct jinja_scope *krait__jinja_scope(struct jinja *jinja, struct jinja_scope *parent)
{
	struct jinja_scope *scope = krait__jinja_alloc(jinja, 1, sizeof(*scope));

	if (scope)
		*scope = (struct jinja_scope){ .parent = parent };
	return scope;
}

static struct jinja_binding *find(struct jinja_scope *scope, int32_t symbol)
{
	for (size_t i = 0; i < scope->n; i++)
		if (scope->bindings[i].symbol == symbol)
			return &scope->bindings[i];
	return NULL;
}

bool krait__jinja_set(struct jinja_machine *machine, int32_t symbol, struct jinja_value value)
{
	struct jinja_scope *scope = machine->scope;
	struct jinja_binding *binding = find(scope, symbol);

	if (binding) {
		binding->value = value;
		return true;
	}
	if (!krait__jinja_grow(machine->jinja, &scope->bindings, scope->n, &scope->room, sizeof(*scope->bindings)))
		return false;
	scope->bindings[scope->n++] = (struct jinja_binding){ symbol, value };
	return true;
}

static bool load(struct jinja_machine *machine, int32_t symbol)
{
	const struct jinja_symbol *name = &machine->program->symbols[symbol];
	struct jinja_value value;

	for (struct jinja_scope *scope = machine->scope; scope; scope = scope->parent) {
		const struct jinja_binding *binding = find(scope, symbol);

		machine->jinja->work += scope->n + 1;   /* the next instruction asks whether that is too much */
		if (binding)
			return krait__jinja_push(machine, binding->value);
	}
	if (name->function)
		return krait__jinja_push(machine,
			(struct jinja_value){ .kind = VALUE_FUNCTION, .as.function = name->function });
	return krait__jinja_undefined(machine->jinja, &value, NULL, name->name, name->n_name, false)
		&& krait__jinja_push(machine, value);
}

static bool store_attribute(struct jinja_machine *machine, const struct jinja_instruction *instruction)
{
	const struct jinja_text *name = machine->program->constants[instruction->b].as.text;
	struct jinja_value value = pop(machine), object, key;

	if (!load(machine, instruction->a))
		return false;
	object = pop(machine);
	if (object.kind != VALUE_NAMESPACE)
		return krait__jinja_need_defined(machine->jinja, object)
			&& krait__jinja_fail(machine->jinja, JINJA_ERROR_VALUE,
				"a %s is no namespace, its attributes cannot be set", krait__jinja_type(object));
	if (name->data[0] == '_')
		return krait__jinja_fail(machine->jinja, JINJA_ERROR_VALUE,
			"an attribute of a namespace may not begin with '_'");
	key = (struct jinja_value){ .kind = VALUE_TEXT, .as.text = name };
	return krait__jinja_dict_set(machine->jinja, object.as.dict, key, value);
}

/* ---- building ---------------------------------------------------------------------------- */

static bool unpack(struct jinja_machine *machine, size_t n)
{
	struct jinja_value value = pop(machine);
	struct jinja_list items;

	if (!krait__jinja_items(machine->jinja, value, &items))
		return false;
	if (items.n != n)
		return krait__jinja_fail(machine->jinja, JINJA_ERROR_VALUE, "%zu values for %zu names", items.n, n);
	for (size_t i = n; i > 0; i--)
		if (!krait__jinja_push(machine, items.items[i - 1]))
			return false;
	return true;
}

static bool build_list(struct jinja_machine *machine, enum jinja_kind kind, size_t n)
{
	struct jinja_value value;

	if (!krait__jinja_list(machine->jinja, &value, kind, n))
		return false;
	machine->n_stack -= n;
	if (n)
		memcpy(value.as.list->items, machine->stack + machine->n_stack, n * sizeof(value));
	return krait__jinja_push(machine, value);
}

static bool build_dict(struct jinja_machine *machine, size_t n)
{
	struct jinja_value value, *pairs = machine->stack + machine->n_stack - 2 * n;

	if (!krait__jinja_dict(machine->jinja, &value, VALUE_DICT, n))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!krait__jinja_dict_set(machine->jinja, value.as.dict, pairs[2 * i], pairs[2 * i + 1]))
			return false;
	machine->n_stack -= 2 * n;
	return krait__jinja_push(machine, value);
}

static bool concatenate(struct jinja_machine *machine, size_t n)
{
	struct jinja_value *parts = machine->stack + machine->n_stack - n, value;
	struct jinja_chars chars = { 0 };

	for (size_t i = 0; i < n; i++)
		if (!krait__jinja_print(machine->jinja, &chars, parts[i]))
			return false;
	machine->n_stack -= n;
	return krait__jinja_take(machine->jinja, &value, &chars) && krait__jinja_push(machine, value);
}

static bool push_macro(struct jinja_machine *machine, const struct jinja_macro_code *code)
{
	struct jinja_macro *macro = krait__jinja_alloc(machine->jinja, 1, sizeof(*macro));

	if (!macro)
		return false;
	*macro = (struct jinja_macro){ code, machine->scope };
	return krait__jinja_push(machine, (struct jinja_value){ .kind = VALUE_MACRO, .as.macro = macro });
}

static bool print(struct jinja_machine *machine)
{
	return krait__jinja_print(machine->jinja, &machine->captures[machine->n_captures - 1], pop(machine));
}

static bool capture(struct jinja_machine *machine)
{
	if (!krait__jinja_grow(machine->jinja, &machine->captures, machine->n_captures, &machine->captures_room,
		    sizeof(*machine->captures)))
		return false;
	machine->captures[machine->n_captures++] = (struct jinja_chars){ 0 };
	return true;
}

static bool captured(struct jinja_machine *machine)
{
	struct jinja_value value;

	return krait__jinja_take(machine->jinja, &value, &machine->captures[--machine->n_captures])
		&& krait__jinja_push(machine, value);
}

/* ---- operators ---------------------------------------------------------------------------- */

static bool compare(struct jinja_machine *machine, const struct jinja_instruction *instruction)
{
	struct jinja_value right = pop(machine);
	bool holds;

	if (!krait__jinja_compare(machine->jinja, (enum jinja_comparison)instruction->a, *top(machine), right, &holds))
		return false;
	*top(machine) = jinja_bool(holds);
	if (instruction->op == OP_COMPARE)
		return true;
	if (holds)
		*top(machine) = right;
	else
		machine->pc += (size_t)instruction->b - 1;
	return true;
}

static bool access(struct jinja_machine *machine, const struct jinja_instruction *instruction)
{
	struct jinja_value *last = top(machine), out = { 0 };
	const struct jinja_text *name;
	bool done;

	if (instruction->op == OP_ATTRIBUTE) {
		name = machine->program->constants[instruction->a].as.text;
		done = krait__jinja_attribute(machine->jinja, *last, name->data, name->n, &out);
	} else if (instruction->op == OP_ITEM) {
		done = krait__jinja_item(machine->jinja, last[-1], *last, &out);
		machine->n_stack -= 1;
	} else {
		done = krait__jinja_subscript(machine->jinja, last[-3], last - 2, &out);
		machine->n_stack -= 3;
	}
	*top(machine) = out;
	return done;
}

static bool operate(struct jinja_machine *machine, const struct jinja_instruction *instruction)
{
	struct jinja_value right = pop(machine), out = { 0 };

	if (instruction->op == OP_BINARY) {
		if (!krait__jinja_binary(machine->jinja, (enum jinja_binary)instruction->a, *top(machine), right, &out))
			return false;
		*top(machine) = out;
		return true;
	}
	if (instruction->op == OP_NOT)
		out = jinja_bool(!krait__jinja_truth(right));
	else if (!krait__jinja_negate(machine->jinja, instruction->op == OP_NEGATIVE, right, &out))
		return false;
	return krait__jinja_push(machine, out);
}

/* ---- control ------------------------------------------------------------------------------ */

static bool branch(struct jinja_machine *machine, const struct jinja_instruction *instruction)
{
	bool jump = true;

	if (instruction->op == OP_JUMP_FALSE) {
		jump = !krait__jinja_truth(pop(machine));
	} else if (instruction->op == OP_AND || instruction->op == OP_OR) {
		jump = krait__jinja_truth(*top(machine)) == (instruction->op == OP_OR);
		machine->n_stack -= !jump;
	} else if (instruction->op == OP_AGAIN) {
		machine->loops[machine->n_loops - 1].ran = true;
	}
	if (jump)
		machine->pc = (size_t)((int64_t)machine->pc - 1 + instruction->a);
	return true;
}

static bool loop(struct jinja_machine *machine, const struct jinja_instruction *instruction)
{
	const struct jinja_running_loop *running = machine->n_loops ? &machine->loops[machine->n_loops - 1] : NULL;
	bool jump = false, more = true, done = true;

	switch ((enum jinja_operation)instruction->op) {
	case OP_FOR:
		return krait__jinja_for(machine);
	case OP_FILTER_KEEP:
		return krait__jinja_filter_keep(machine, krait__jinja_truth(pop(machine)));
	case OP_FILTER_NEXT:
		done = krait__jinja_filter_next(machine, &more);
		jump = !more;
		break;
	case OP_NEXT:
		done = krait__jinja_for_next(machine, &more);
		jump = !more;
		break;
	default:
		machine->scope->ended = true;
		machine->scope = running->outer;
		machine->n_loops--;
		jump = running->ran;
		break;
	}
	if (jump)
		machine->pc = (size_t)((int64_t)machine->pc - 1 + instruction->a);
	return done;
}

static bool open_scope(struct jinja_machine *machine)
{
	machine->scope = krait__jinja_scope(machine->jinja, machine->scope);
	return machine->scope != NULL;
}

static bool close_scope(struct jinja_machine *machine)
{
	machine->scope->ended = true;
	machine->scope = machine->scope->parent;
	return true;
}

static bool step(struct jinja_machine *machine, const struct jinja_instruction *instruction)
{
	struct jinja_value value = { .kind = VALUE_MISSING };

	switch ((enum jinja_operation)instruction->op) {
	case OP_CONST: return krait__jinja_push(machine, machine->program->constants[instruction->a]);
	case OP_NAME: return load(machine, instruction->a);
	case OP_STORE: return krait__jinja_set(machine, instruction->a, pop(machine));
	case OP_STORE_ATTRIBUTE: return store_attribute(machine, instruction);
	case OP_UNPACK: return unpack(machine, (size_t)instruction->a);
	case OP_PRINT: return print(machine);
	case OP_ATTRIBUTE: case OP_ITEM: case OP_SLICE: return access(machine, instruction);
	case OP_LIST: return build_list(machine, VALUE_LIST, (size_t)instruction->a);
	case OP_TUPLE: return build_list(machine, VALUE_TUPLE, (size_t)instruction->a);
	case OP_DICT: return build_dict(machine, (size_t)instruction->a);
	case OP_MISSING: return krait__jinja_push(machine, value);
	case OP_UNDEFINED:
		return krait__jinja_undefined(machine->jinja, &value, NULL, "the missing else", 16, false)
			&& krait__jinja_push(machine, value);
	case OP_BINARY: case OP_NOT: case OP_NEGATIVE: case OP_POSITIVE: return operate(machine, instruction);
	case OP_CONCAT: return concatenate(machine, (size_t)instruction->a);
	case OP_COMPARE: case OP_COMPARE_AND: return compare(machine, instruction);
	case OP_JUMP: case OP_JUMP_FALSE: case OP_AND: case OP_OR: case OP_AGAIN: return branch(machine, instruction);
	case OP_FILTER: case OP_TEST: return krait__jinja_apply(machine, instruction);
	case OP_CALL: return krait__jinja_invoke(machine, instruction);
	case OP_FOR:
	case OP_FILTER_NEXT:
	case OP_FILTER_KEEP:
	case OP_NEXT:
	case OP_END_FOR:
		return loop(machine, instruction);
	case OP_OPEN: return open_scope(machine);
	case OP_CLOSE: return close_scope(machine);
	case OP_CAPTURE: return capture(machine);
	case OP_CAPTURED: return captured(machine);
	case OP_MACRO: return push_macro(machine, &machine->program->macros[instruction->a]);
	case OP_DEFAULT:
		machine->pc += find(machine->scope, instruction->a) ? (size_t)instruction->b - 1 : 0;
		return true;
	case OP_RETURN: return krait__jinja_return(machine);
	}
	return false;
}

bool krait__jinja_run(struct jinja_machine *machine)
{
	for (;;) {
		const struct jinja_instruction *instruction = &machine->program->code[machine->pc];

		if (instruction->op == OP_RETURN && !machine->n_frames)
			return true;
		machine->jinja->line = instruction->line;
		machine->pc++;
		if (!krait__jinja_work(machine->jinja, 1) || !step(machine, instruction))
			return false;
	}
}
