/* SPDX-License-Identifier: Apache-2.0 */
/* rules.h - the settings that a caller gave a session and that its snapshots keep: how tokens are
 * chosen, what ends generation, the note. Counted and shared; whoever changes them first makes them his own. */
#ifndef KRAIT_SESSION_RULES_H
#define KRAIT_SESSION_RULES_H

#include "base/buffer.h"
#include "session/settings.h"
#include "session/stops.h"

#include <stdatomic.h>

#define NOTE_LIMIT ((size_t)1 << 20)

struct generation;

struct session_rules {
	atomic_size_t references;
	struct sampling sampling;
	struct session_stops stops;
	int64_t max_new;                /* KRAIT_MAX_NEW_TOKENS; 0: no limit */
	struct buffer note;
};

/* Those that a new session begins with: what the model's files say, the defaults, a seed from the system.
 * `generation` may be NULL: defaults alone. NULL: out of memory. */
struct session_rules *krait__rules_new(const struct generation *generation);
struct session_rules *krait__rules_ref(struct session_rules *rules);
void krait__rules_free(struct session_rules *rules);
/* Makes *rules the caller's alone. False: out of memory, and nothing changed. */
bool krait__rules_own(struct session_rules **rules);

/* Fills `out`, which has the defaults, with what the model's files say of a sampler's settings. False: out of memory. */
bool krait__rules_sampling(struct sampling *out, const struct generation *generation);
/* A seed from the system, 0 or above. */
int64_t krait__rules_seed(void);

#endif
