/* SPDX-License-Identifier: Apache-2.0 */
/* run.h - a rendering in progress. */
#ifndef KRAIT_JINJA_RUN_H
#define KRAIT_JINJA_RUN_H

#include "jinja/parse/code.h"
#include "jinja/builtins/loop.h"

struct jinja_binding { int32_t symbol; struct jinja_value value; };
struct jinja_scope {
	struct jinja_scope *parent;
	bool ended;                     /* a macro that was made in it may still be there */
	struct jinja_binding *bindings;
	size_t n, room;
};

struct jinja_macro { const struct jinja_macro_code *code; struct jinja_scope *scope; };

struct jinja_running_loop {
	struct jinja_loop *loop;
	struct jinja_list source;
	size_t at, n_kept;              /* while the loop's `if` picks items */
	bool filtered, ran;
	struct jinja_scope *outer;
};

struct jinja_frame { size_t pc; struct jinja_scope *scope; size_t n_loops; };

struct jinja_machine {
	const struct jinja_program *program;
	struct jinja *jinja;
	size_t pc;
	struct jinja_scope *scope;
	struct jinja_value *stack;
	struct jinja_running_loop *loops;
	struct jinja_chars *captures;         /* the first one is the output */
	struct jinja_frame *frames;
	size_t n_stack, n_loops, n_captures, n_frames;
	size_t stack_room, loops_room, captures_room, frames_room;
};

bool krait__jinja_run(struct jinja_machine *machine);
struct jinja_scope *krait__jinja_scope(struct jinja *jinja, struct jinja_scope *parent);
bool krait__jinja_set(struct jinja_machine *machine, int32_t symbol, struct jinja_value value);
bool krait__jinja_push(struct jinja_machine *machine, struct jinja_value value);
/* Calls what lies below the arguments on the stack; a macro begins to run. */
bool krait__jinja_invoke(struct jinja_machine *machine, const struct jinja_instruction *instruction);
bool krait__jinja_apply(struct jinja_machine *machine,
	const struct jinja_instruction *instruction); /* filters and tests */
bool krait__jinja_return(struct jinja_machine *machine);

bool krait__jinja_for(struct jinja_machine *machine);
bool krait__jinja_filter_next(struct jinja_machine *machine, bool *more);
bool krait__jinja_filter_keep(struct jinja_machine *machine, bool keep);
bool krait__jinja_for_next(struct jinja_machine *machine, bool *more);

#endif
