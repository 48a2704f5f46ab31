/* SPDX-License-Identifier: Apache-2.0 */
#include "session/course.h"

void krait__course_start(struct session_course *course)
{
	*course = (struct session_course){ .end_token = -1 };
}

bool krait__course_copy(struct session_course *to, const struct session_course *from)
{
	struct session_course copy = *from;

	copy.counts = (struct token_counts){ 0 };
	copy.output = (struct session_output){ 0 };
	if (!krait__counts_copy(&copy.counts, &from->counts) || !krait__output_copy(&copy.output, &from->output)) {
		krait__course_free(&copy);
		return false;
	}
	krait__course_free(to);
	*to = copy;
	return true;
}

void krait__course_free(struct session_course *course)
{
	krait__counts_free(&course->counts);
	krait__output_free(&course->output);
}

void krait__course_feed(struct session_course *course)
{
	course->n_generated = 0;
	course->reason = KRAIT_REASON_NONE;
	course->end_token = -1;
	krait__output_clear(&course->output);
}

void krait__course_read(struct session_course *course, krait_token token)
{
	krait__counts_add(&course->counts, token, 1);
	course->digest = krait__digest_token(course->digest, token);
	course->position++;
}

void krait__course_read_row(struct session_course *course, const float *row, size_t width)
{
	course->digest = krait__digest_row(course->digest, row, width);
	course->position++;
}
