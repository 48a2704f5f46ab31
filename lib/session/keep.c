/* SPDX-License-Identifier: Apache-2.0 */
#include "session/keep.h"

#include <string.h>

#define NEAREST 32u             /* moments of an answer are no nearer to each other */
#define SPARSE 1024u            /* nor farther, where the reach does not say */
#define STEPWISE 64u            /* nor than this where tokens are read again one by one */
#define NEAR_A_STOP 8u          /* so near a moment is good enough for taking a stop text back */
#define LONG_FEED 64u           /* a feed of so many tokens gets a moment near its end */
#define TOKENS_LEAST 1024u

size_t krait__keep_moments(uint64_t reach)
{
	if (reach <= 1)
		return (size_t)reach;
	return reach < 4096 ? 4 : KEEP_MOST;
}

/* Twice the reach, and what may lie between its last moment and the one before. */
size_t krait__keep_tokens(uint64_t reach)
{
	if (reach == 0)
		return 0;
	return reach < TOKENS_LEAST / 3 ? TOKENS_LEAST : (size_t)(3 * reach);
}

static uint64_t spacing(const struct session_kept *kept)
{
	return kept->reach > 1 ? kept->reach / 2 + 1 : SPARSE;
}

/* A part of the sequence so small that reading it again costs less than a tenth of what generating all of it did: many
 * at once are read five times as fast as one by one, or more. */
static uint64_t gap(const struct session_kept *kept, uint64_t position)
{
	uint64_t wanted = kept->any_division ? position / 4 : position / 16, most = spacing(kept);

	if (!kept->any_division && most > STEPWISE)
		most = STEPWISE;
	if (wanted < NEAREST)
		wanted = NEAREST;
	return wanted < most ? wanted : most;
}

/* The last place from which reading again could begin; false: there is none. */
static bool newest(const struct session_kept *kept, const struct session_history *history, uint64_t *out)
{
	*out = kept->n ? kept->moments[kept->n - 1]->course.position : 0;
	return kept->n > 0 || history->first == 0;
}

static bool guarded(const struct session_kept *kept)
{
	return kept->reach == 1 && kept->n && kept->moments[kept->n - 1]->mark;
}

bool krait__keep_due(const struct session_kept *kept, const struct session_history *history, uint64_t position)
{
	uint64_t last;

	if (kept->reach == 0 || position == 0 || guarded(kept))
		return false;
	return !newest(kept, history, &last) || position >= last + gap(kept, position);
}

bool krait__keep_marked(const struct session_kept *kept, uint64_t position)
{
	return kept->n && kept->moments[kept->n - 1]->mark && kept->moments[kept->n - 1]->course.position == position;
}

bool krait__keep_near(const struct session_kept *kept, const struct session_history *history, uint64_t position)
{
	uint64_t last;

	if (kept->reach == 0 || guarded(kept))
		return false;
	return !newest(kept, history, &last) || position >= last + NEAR_A_STOP;
}

uint64_t krait__keep_room(const struct session_kept *kept, const struct session_history *history, uint64_t position)
{
	uint64_t last, next;

	if (kept->reach == 0 || guarded(kept) || !newest(kept, history, &last))
		return UINT64_MAX;
	next = last + gap(kept, position);
	return next > position ? next - position : NEAREST;
}

static void nearer(uint64_t *stop, uint64_t position, uint64_t candidate)
{
	if (candidate > position && candidate < *stop)
		*stop = candidate;
}

uint64_t krait__keep_stop(const struct session_kept *kept, uint64_t start, uint64_t position, uint64_t last, uint64_t mark)
{
	uint64_t stop = last, length = last - start, near = length / 8 < LONG_FEED ? length / 8 : LONG_FEED;

	if (kept->reach == 0)
		return last;
	/* one that is behind has its moment already */
	if (mark && mark < last)
		nearer(&stop, position, mark);
	else if (length >= LONG_FEED)
		nearer(&stop, position, last - near);
	if (kept->reach > 1) {
		uint64_t step = spacing(kept), next = position + step;

		/* moments that would be out of reach at the end are not worth a stop */
		if (last - position > 2 * kept->reach)
			next = last - 2 * kept->reach;
		nearer(&stop, position, next);
	}
	return stop;
}

static void drop(struct session_kept *kept, size_t i)
{
	kept->n--;
	memmove(kept->moments + i, kept->moments + i + 1, (kept->n - i) * sizeof(*kept->moments));
}

/* Which moment is the least loss when one is added at `position`: one that the reach does not need any more, or the one
 * whose neighbours are nearest to each other, seen from here. The last is never it. */
static size_t least(const struct session_kept *kept, const struct session_history *history, uint64_t position)
{
	size_t best = 0;
	double loss = -1;

	if (kept->n > 1 && (kept->moments[1]->course.position + kept->reach <= position || kept->moments[0]->course.position < history->first))
		return 0;
	for (size_t i = history->first ? 1 : 0; i < kept->n; i++) {
		uint64_t before = i ? kept->moments[i - 1]->course.position : 0;
		uint64_t after = i + 1 < kept->n ? kept->moments[i + 1]->course.position : position;
		double one = (double)(after - before) / (double)(position - kept->moments[i]->course.position + 1);

		if (kept->moments[i]->mark)
			one *= 4;
		if (loss < 0 || one < loss) {
			loss = one;
			best = i;
		}
	}
	return best;
}

/* The one that goes when a moment comes at `position`; kept->n: none has to. */
static size_t victim(const struct session_kept *kept, const struct session_history *history, uint64_t position)
{
	if (kept->n == 0 || kept->n < krait__keep_moments(kept->reach))
		return kept->n;
	return kept->n == 1 ? 0 : least(kept, history, position);
}

bool krait__keep_prepare(struct session_due *due, const struct session_kept *kept, const struct session_history *history,
	krait_model *model, const struct session_now *now, bool reuse)
{
	size_t i = victim(kept, history, now->course.position);

	*due = (struct session_due){ .wanted = true };
	if (reuse && i < kept->n && atomic_load(&kept->moments[i]->references) == 1)
		return krait__course_copy(&due->course, &now->course);
	due->fresh = krait__moment_of(model, now, NULL);
	return due->fresh != NULL;
}

void krait__keep_drop(struct session_due *due)
{
	krait__moment_free(due->fresh);
	krait__course_free(&due->course);
	*due = (struct session_due){ 0 };
}

/* The memory of the moment that goes, filled with what is now; NULL: the device refused. */
static struct session_moment *fill_spare(struct session_due *due, struct session_kept *kept, size_t i, krait_model *model,
	const struct session_now *now)
{
	struct session_moment *spare = kept->moments[i];

	drop(kept, i);
	if (model->engine->slot_copy(spare->slot, now->slot, NULL) != KRAIT_OK) {
		krait__moment_free(spare);
		return NULL;
	}
	krait__course_free(&spare->course);
	spare->course = due->course;
	due->course = (struct session_course){ 0 };
	krait__rules_free(spare->rules);
	spare->rules = krait__rules_ref(now->rules);
	return spare;
}

void krait__keep_take(struct session_due *due, struct session_kept *kept, const struct session_history *history,
	krait_model *model, const struct session_now *now, bool mark)
{
	size_t i = victim(kept, history, now->course.position);
	struct session_moment *moment = due->fresh;

	if (!moment && i < kept->n)
		moment = fill_spare(due, kept, i, model, now);
	due->fresh = NULL;
	krait__keep_drop(due);
	if (!moment)
		return;
	moment->mark = mark;
	krait__keep_add(kept, history, moment);
}

void krait__keep_add(struct session_kept *kept, const struct session_history *history, struct session_moment *moment)
{
	size_t most = krait__keep_moments(kept->reach);

	krait__keep_cut(kept, moment->course.position - 1);
	while (kept->n && kept->n >= most) {
		size_t i = victim(kept, history, moment->course.position);

		krait__moment_free(kept->moments[i]);
		drop(kept, i);
	}
	if (most)
		kept->moments[kept->n++] = moment;
	else
		krait__moment_free(moment);
}

void krait__keep_cut(struct session_kept *kept, uint64_t position)
{
	while (kept->n && kept->moments[kept->n - 1]->course.position > position)
		krait__moment_free(kept->moments[--kept->n]);
}

void krait__keep_split(struct session_kept *kept, uint64_t position, struct session_kept *tail)
{
	size_t n = kept->n;

	while (kept->n && kept->moments[kept->n - 1]->course.position > position)
		kept->n--;
	tail->n = n - kept->n;
	memcpy(tail->moments, kept->moments + kept->n, tail->n * sizeof(*tail->moments));
}

void krait__keep_join(struct session_kept *kept, struct session_kept *tail)
{
	memcpy(kept->moments + kept->n, tail->moments, tail->n * sizeof(*tail->moments));
	kept->n += tail->n;
	tail->n = 0;
}

void krait__keep_reach(struct session_kept *kept, uint64_t reach)
{
	kept->reach = reach;
	while (kept->n > krait__keep_moments(reach)) {
		krait__moment_free(kept->moments[0]);
		drop(kept, 0);
	}
}

void krait__keep_clear(struct session_kept *kept)
{
	while (kept->n)
		krait__moment_free(kept->moments[--kept->n]);
}

void krait__keep_copy(struct session_kept *to, const struct session_kept *from)
{
	*to = *from;
	for (size_t i = 0; i < to->n; i++)
		krait__moment_ref(to->moments[i]);
}

struct session_moment *krait__keep_before(const struct session_kept *kept, const struct session_history *history, uint64_t position)
{
	for (size_t i = kept->n; i-- > 0;)
		if (kept->moments[i]->course.position <= position)
			return kept->moments[i]->course.position >= history->first ? kept->moments[i] : NULL;
	return NULL;
}

uint64_t krait__keep_reaches(const struct session_kept *kept, const struct session_history *history, uint64_t position)
{
	if (kept->reach && history->first == 0)
		return 0;
	for (size_t i = 0; i < kept->n; i++)
		if (kept->moments[i]->course.position >= history->first && kept->moments[i]->course.position <= position)
			return kept->moments[i]->course.position;
	return position;
}
