/* SPDX-License-Identifier: Apache-2.0 */
/* state.h - a snapshot, which is a moment in a caller's hands; and its written form, which docs/state-format.md
 * specifies. */
#ifndef KRAIT_SESSION_STATE_H
#define KRAIT_SESSION_STATE_H

#include "session/moment.h"

struct krait_state {
	struct why why;
	struct session_moment *moment;  /* NULL after a failed load */
};

#define STATE_VERSION 1
#define STATE_HEADER 64
#define STATE_CHECKSUM_AT 40

/* Encoding: the size first, then all of it. */
size_t krait__state_measure(const struct session_moment *moment);
krait_status krait__state_encode(const struct session_moment *moment, unsigned char *out, size_t n_out, struct why *why);

/* Whether `size` bytes that begin so, with the first STATE_HEADER of them or all, may be a state: it looks at
 * nothing else. */
krait_status krait__state_begins(const unsigned char *head, uint64_t size, struct why *why);
/* More bytes than a state of this model has, whatever its session remembers; no bound where states grow. */
uint64_t krait__state_most(const struct krait_model *model);

/* Fills a moment that has its model and a slot of zeros. */
krait_status krait__state_decode(struct session_moment *moment, const unsigned char *data, size_t n_data, struct why *why);

/* Bytes of the state of a session on this model that has read so many positions and remembers none of them; UINT64_MAX:
 * more than that. */
uint64_t krait__state_size_at(const struct krait_model *model, uint64_t n_positions);
/* Bytes of what is now, with what may be read again. */
size_t krait__state_size_now(const struct krait_model *model, const struct session_now *now, const struct session_history *past);

/* The largest component, in elements, where so many positions have been read. */
size_t krait__state_largest(const struct plan *plan, uint64_t n_positions);

/* A component's axes as the file has them: the positions first where it is per token; 0 behind the last. */
struct state_shape {
	uint32_t rank;
	uint64_t axis[4];
};
struct state_shape krait__state_shape(const struct component *component, uint64_t n_positions);

#endif
