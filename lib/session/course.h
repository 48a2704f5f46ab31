/* SPDX-License-Identifier: Apache-2.0 */
/* course.h - all that decides how a sequence goes on, beside the engine's slot. A session
 * has one, a snapshot keeps a copy. */
#ifndef KRAIT_SESSION_COURSE_H
#define KRAIT_SESSION_COURSE_H

#include "session/counts.h"
#include "session/output.h"
#include "session/sampling.h"

#define NOTE_LIMIT ((size_t)1 << 20)

struct course {
	uint64_t position;
	uint64_t n_generated;           /* since the last feed */
	int64_t max_new;                /* 0: no limit */
	int reason;                     /* why generation ended; KRAIT_REASON_NONE while it has not */
	krait_token end_token;          /* the stop token that ended it, or -1 */
	struct sampling sampling;
	struct token_counts counts;
	struct stops stops;
	struct output output;
	struct buffer note;
};

/* False: out of memory, `to` as it was. */
bool krait__course_copy(struct course *to, const struct course *from);
void krait__course_free(struct course *course);

#endif
