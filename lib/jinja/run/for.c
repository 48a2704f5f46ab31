/* SPDX-License-Identifier: Apache-2.0 */
/* for.c - loops in a rendering. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/run/run.h"

#include <string.h>

static struct jinja_running_loop *innermost(struct jinja_machine *machine)
{
	return &machine->loops[machine->n_loops - 1];
}

bool krait__jinja_for(struct jinja_machine *machine)
{
	struct jinja_loop *loop = krait__jinja_alloc(machine->jinja, 1, sizeof(*loop));
	struct jinja_running_loop running = { .loop = loop, .outer = machine->scope };

	if (!loop
		|| !krait__jinja_grow(machine->jinja, &machine->loops, machine->n_loops, &machine->loops_room,
			sizeof(*machine->loops))
		|| !krait__jinja_items(machine->jinja, machine->stack[--machine->n_stack], &running.source))
		return false;
	*loop = (struct jinja_loop){ .items = running.source };
	machine->scope = krait__jinja_scope(machine->jinja, machine->scope);
	machine->loops[machine->n_loops++] = running;
	return machine->scope != NULL;
}

/* Every iteration begins without variables. The scope stays the same one: a macro that was made in
 * an iteration before sees this one's variables, as a closure of Python does. */
static bool fresh_scope(struct jinja_machine *machine)
{
	if (machine->jinja->n_loops++ >= machine->jinja->limits->loops)
		return krait__jinja_fail(machine->jinja, JINJA_ERROR_UNSUPPORTED, "loops of more than %u iterations",
			(unsigned)machine->jinja->limits->loops);
	machine->scope->n = 0;
	return true;
}

bool krait__jinja_filter_next(struct jinja_machine *machine, bool *more)
{
	struct jinja_running_loop *running = innermost(machine);

	if (!running->filtered) {
		running->filtered = true;
		running->loop->items.items = krait__jinja_alloc(machine->jinja, running->source.n,
			sizeof(struct jinja_value));
		if (!running->loop->items.items)
			return false;
	}
	*more = running->at < running->source.n;
	if (!*more) {
		running->loop->items.n = running->n_kept;
		return true;
	}
	return fresh_scope(machine) && krait__jinja_push(machine, running->source.items[running->at++]);
}

bool krait__jinja_filter_keep(struct jinja_machine *machine, bool keep)
{
	struct jinja_running_loop *running = innermost(machine);

	if (keep)
		running->loop->items.items[running->n_kept++] = running->source.items[running->at - 1];
	return true;
}

bool krait__jinja_for_next(struct jinja_machine *machine, bool *more)
{
	struct jinja_running_loop *running = innermost(machine);
	struct jinja_loop *loop = running->loop;

	*more = loop->next < loop->items.n;
	if (!*more)
		return true;
	loop->next++;
	return fresh_scope(machine)
		&& krait__jinja_set(machine, SYMBOL_LOOP, (struct jinja_value){ .kind = VALUE_LOOP, .as.loop = loop })
		&& krait__jinja_push(machine, loop->items.items[loop->next - 1]);
}
