/* SPDX-License-Identifier: Apache-2.0 */
/* course.h - where a sequence is, beside the engine's slot: what changes with every token. */
#ifndef KRAIT_SESSION_COURSE_H
#define KRAIT_SESSION_COURSE_H

#include "session/counts.h"
#include "session/digest.h"
#include "session/output.h"

#define COURSE_FURTHEST ((uint64_t)1 << 62)     /* no position lies behind it */

struct session_course {
	uint64_t position;
	uint64_t n_generated;           /* since the last feed */
	int reason;                     /* why generation ended; KRAIT_REASON_NONE while it has not */
	krait_token end_token;          /* the stop token that ended it, or -1 */
	struct token_counts counts;
	struct session_output output;
	struct session_digest digest;   /* of all that was read */
};

/* Nothing was read yet. What was there is not freed. */
void krait__course_start(struct session_course *course);
/* False: out of memory, `to` as it was. */
bool krait__course_copy(struct session_course *to, const struct session_course *from);
void krait__course_free(struct session_course *course);

/* A feed by the caller begins: what was generated before it is over. */
void krait__course_feed(struct session_course *course);
/* A token was read, for which krait__counts_reserve made room; or a row of an embedding. */
void krait__course_read(struct session_course *course, krait_token token);
void krait__course_read_row(struct session_course *course, const float *row, size_t width);

#endif
