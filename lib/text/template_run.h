/* SPDX-License-Identifier: Apache-2.0 */
/* template_run.h - a rendering in progress. */
#ifndef KRAIT_TEXT_TEMPLATE_RUN_H
#define KRAIT_TEXT_TEMPLATE_RUN_H

#include "text/template_code.h"
#include "text/template_loop.h"

struct binding { int32_t symbol; struct value value; };
struct scope {
	struct scope *parent;
	bool captured;                  /* a macro was defined in it, which may outlive it */
	struct binding *bindings;
	size_t n, room;
};

struct macro { const struct macro_code *code; struct scope *scope; };

struct running_loop {
	struct loop *loop;
	struct list source;
	size_t at, n_kept;              /* while the loop's `if` picks items */
	bool filtered, ran;
	struct scope *outer;
};

struct frame { size_t pc; struct scope *scope; size_t n_loops; };

struct machine {
	const struct template *program;
	struct jinja *jinja;
	size_t pc;
	struct scope *scope;
	struct value *stack;
	struct running_loop *loops;
	struct chars *captures;         /* the first one is the output */
	struct frame *frames;
	size_t n_stack, n_loops, n_captures, n_frames;
	size_t stack_room, loops_room, captures_room, frames_room;
};

bool krait__jinja_run(struct machine *machine);
bool krait__jinja_grow(struct jinja *jinja, void *array, size_t n, size_t *room, size_t size);
struct scope *krait__jinja_scope(struct jinja *jinja, struct scope *parent);
bool krait__jinja_set(struct machine *machine, int32_t symbol, struct value value);
bool krait__jinja_push(struct machine *machine, struct value value);
/* Calls what lies below the arguments on the stack; a macro begins to run. */
bool krait__jinja_invoke(struct machine *machine, const struct instruction *instruction);
bool krait__jinja_apply(struct machine *machine, const struct instruction *instruction);       /* filters and tests */
bool krait__jinja_return(struct machine *machine);

bool krait__jinja_for(struct machine *machine);
bool krait__jinja_filter_next(struct machine *machine, bool *more);
bool krait__jinja_filter_keep(struct machine *machine, bool keep);
bool krait__jinja_for_next(struct machine *machine, bool *more);

#endif
