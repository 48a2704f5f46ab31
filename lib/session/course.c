/* SPDX-License-Identifier: Apache-2.0 */
#include "session/course.h"

bool krait__course_copy(struct course *to, const struct course *from)
{
	struct course copy = *from;

	copy.sampling.biases = NULL;
	copy.counts = (struct token_counts){ 0 };
	copy.stops = (struct stops){ 0 };
	copy.output.held = (struct buffer){ 0 };
	copy.note = (struct buffer){ 0 };
	if (!krait__sampling_copy(&copy.sampling, &from->sampling) || !krait__counts_copy(&copy.counts, &from->counts) ||
	    !krait__stops_copy(&copy.stops, &from->stops) || !krait__output_copy(&copy.output, &from->output) ||
	    (from->note.size && !krait__buffer_add(&copy.note, from->note.data, from->note.size))) {
		krait__course_free(&copy);
		return false;
	}
	krait__course_free(to);
	*to = copy;
	return true;
}

void krait__course_free(struct course *course)
{
	krait__sampling_free(&course->sampling);
	krait__counts_free(&course->counts);
	krait__stops_free(&course->stops);
	krait__output_free(&course->output);
	krait__buffer_free(&course->note);
}
