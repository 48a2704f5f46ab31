/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moment.h - all that decides how a sequence goes on, at one place of it: the engine's slot, the course, the rules.
 * A moment does not change and is counted: a krait_state is one, and so is what a session keeps for going back.
 */
#ifndef KRAIT_SESSION_MOMENT_H
#define KRAIT_SESSION_MOMENT_H

#include "model/model.h"
#include "session/course.h"
#include "session/history.h"
#include "session/rules.h"

struct session_moment {
	atomic_size_t references;
	krait_model *model;             /* a reference */
	struct slot *slot;
	struct session_course course;
	struct session_rules *rules;
	struct session_history past;    /* tokens alone: what a session that begins here may read again; else empty */
	bool mark;                      /* a place that a conversation will come back to */
};

/* Without course, rules and past, the slot zero. NULL: no memory, or the device has none; `why` says so. */
struct session_moment *krait__moment_new(krait_model *model, struct why *why);
struct session_moment *krait__moment_ref(struct session_moment *moment);
void krait__moment_free(struct session_moment *moment);

/* What a session has of them. */
struct session_now {
	struct slot *slot;
	struct session_course course;
	struct session_rules *rules;
};

/* A copy of what is now. */
struct session_moment *krait__moment_of(krait_model *model, const struct session_now *now, struct why *why);

#endif
