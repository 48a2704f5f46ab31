/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - a snapshot: a copy of a session's course and of its slot; and its written form,
 * which docs/state-format.md specifies. */
#ifndef KRAIT_SESSION_STATE_H
#define KRAIT_SESSION_STATE_H

#include "session/session.h"

struct krait_state {
	struct why why;
	krait_model *model;             /* holds a reference; NULL after a failed load */
	struct slot *slot;
	struct course course;
};

#define STATE_VERSION 1
#define STATE_HEADER 64

/* Encoding: `out` NULL only measures. `scratch` holds the largest component. */
size_t krait__state_measure(const struct krait_state *state);
krait_status krait__state_encode(const struct krait_state *state, unsigned char *out, size_t n_out, struct why *why);

/* Fills course and slot of a state that has its model and an empty slot. */
krait_status krait__state_decode(struct krait_state *state, const unsigned char *data, size_t n_data, struct why *why);

/* Bytes of a new session's state on this model. */
size_t krait__state_size(const struct krait_model *model);

/* The largest component, in elements. */
size_t krait__state_largest(const struct plan *plan);

#endif
