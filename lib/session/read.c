/* SPDX-License-Identifier: Apache-2.0 */
/* read.c - tokens and embeddings into slots, in as few calls of the engine as the moments allow that are taken on the way. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "session/work.h"
#include "base/memory.h"

#include <math.h>
#include <string.h>

static uint64_t last_of(const struct session_entry *entry)
{
	return entry->work->start + entry->n;
}

/* A feed that stops for a moment on its way needs none at its beginning, where one is all there may be. */
static bool due_at_start(const struct session_entry *entry)
{
	const krait_session *session = entry->session;
	uint64_t start = entry->work->start, last = last_of(entry);

	if (start && entry->mark == start && session->kept.reach)
		return !krait__keep_marked(&session->kept, start);
	if (!krait__keep_due(&session->kept, &session->history, start))
		return false;
	return session->kept.reach > 1 || krait__keep_stop(&session->kept, start, start, last, entry->mark) == last;
}

static bool prepare_scores(struct session_entry *entry)
{
	struct session_work *work = entry->work;

	if (!entry->scores)
		return true;
	work->targets = krait__alloc(entry->n, sizeof(*work->targets));
	work->scores = krait__alloc(entry->n, sizeof(*work->scores));
	if (!work->targets || !work->scores)
		return false;
	for (size_t i = 0; i < entry->n; i++)
		work->targets[i] = i + 1 < entry->n ? entry->tokens[i + 1] : -1;
	return true;
}

krait_status krait__read_reserve(krait_session *session, uint64_t n)
{
	const struct engine *engine = session->model->engine;

	return engine->slot_reserve ? engine->slot_reserve(session->now.slot, n, &session->why) : KRAIT_OK;
}

krait_status krait__read_prepare(struct session_entry *entry)
{
	krait_session *session = entry->session;
	struct session_work *work = entry->work;
	size_t vocab = session->model->plan.vocab, width = session->model->plan.width;

	work->n_keep = (uint64_t)session->keep < entry->n ? (size_t)session->keep : entry->n;
	if (work->n_keep)
		work->rows = work->n_keep <= SIZE_MAX / width ? krait__alloc(work->n_keep * width, sizeof(*work->rows)) : NULL;
	if ((work->n_keep && !work->rows) || !prepare_scores(entry) || !krait__history_reserve(&session->history, entry->n) ||
	    (entry->tokens && !krait__counts_reserve(&session->now.course.counts, entry->n < vocab ? entry->n : vocab)) ||
	    (entry->embeddings && !krait__history_rows_new(&session->history, &work->past, entry->embeddings, entry->n, width, work->start)) ||
	    (due_at_start(entry) &&
	     !krait__keep_prepare(&work->due, &session->kept, &session->history, session->model, &session->now, true)))
		return krait__why_memory(&session->why);
	/* for all strides: the first one is in when the second begins */
	return krait__read_reserve(session, entry->n);
}

/* ---- a span ---------------------------------------------------------------------------------- */

/* Progress over the whole feed, though the engine reads a stride of it at a time. */
struct read_progress {
	const krait_model *model;
	size_t before, total;
	uint64_t told;                  /* what was reported last; 0: nothing */
};

static int report(void *user, uint64_t done, uint64_t total)
{
	struct read_progress *progress = user;

	(void)total;
	progress->told = progress->before + done;
	return progress->model->progress(progress->model->progress_user, progress->before + done, progress->total);
}

static void fill_feed(struct session_entry *entry, struct span *span, struct read_progress *progress)
{
	krait_session *session = entry->session;
	struct session_work *work = entry->work;
	size_t width = session->model->plan.width, at = entry->n_done, begin = entry->n - work->n_keep, from = at > begin ? at : begin;
	uint64_t position = session->now.course.position;

	span->n = (size_t)(krait__keep_stop(&session->kept, work->start, position, last_of(entry), entry->mark) - position);
	span->tokens = entry->tokens ? entry->tokens + at : NULL;
	span->embeddings = entry->embeddings ? entry->embeddings + at * width : NULL;
	span->cancel = &session->cancel;
	if (from < at + span->n) {
		span->n_keep = at + span->n - from;
		span->hidden = work->rows + (from - begin) * width;
	}
	if (entry->scores) {
		span->targets = work->targets + at;
		span->scores = work->scores + at;
	}
	progress->model = session->model;
	progress->before = at;
	progress->total = entry->n;
	span->user = progress;
}

static size_t fill_spans(struct session_entry *entries, size_t n, struct span *spans, struct read_progress *progress)
{
	size_t n_spans = 0;

	for (size_t i = 0; i < n; i++) {
		struct session_entry *entry = &entries[i];
		struct span *span = &spans[n_spans];

		if (!entry->work->moves)
			continue;
		krait__advance_take(entry);
		*span = (struct span){ .slot = entry->session->now.slot, .tokens = &entry->token, .n = 1 };
		if (!entry->drawn)
			fill_feed(entry, span, progress);
		if (!entry->drawn && !entry->quiet && n == 1 && entry->session->model->progress)
			span->progress = report;
		n_spans++;
	}
	return n_spans;
}

/* ---- what came of it ------------------------------------------------------------------------- */

/* With the first tokens that are in the session takes over what it keeps of them. */
static void begin(struct session_entry *entry)
{
	krait_session *session = entry->session;

	krait__course_feed(&session->now.course);
	krait__buffer_clear(&session->piece);
	session->drawn = -1;
	krait__free(session->rows);
	session->rows = entry->work->rows;
	entry->work->rows_taken = true;
	session->n_rows = 0;
	if (entry->scores)
		entry->scores[0] = entry->work->first_score;
}

static void remember_tokens(struct session_entry *entry, size_t n)
{
	krait_session *session = entry->session;
	const krait_token *tokens = entry->tokens + entry->n_done;

	krait__history_add(&session->history, session->now.course.position, tokens, n, 0);
	for (size_t i = 0; i < n; i++)
		krait__course_read(&session->now.course, tokens[i]);
}

/* Of more rows than are wanted back the first leave nothing but their digest. */
static void remember_rows(struct session_entry *entry, size_t n)
{
	krait_session *session = entry->session;
	struct session_course *course = &session->now.course;
	struct session_rows *past = entry->work->past;
	size_t width = session->model->plan.width, skip = 0;
	const float *rows = entry->embeddings + entry->n_done * width;

	if (past && past->first > course->position)
		skip = past->first - course->position < n ? (size_t)(past->first - course->position) : n;
	for (size_t i = 0; i < skip; i++)
		krait__course_read_row(course, rows + i * width, width);
	if (skip)
		krait__history_forget(&session->history, course->position, course->digest);
	if (skip < n) {
		krait__history_add(&session->history, course->position, NULL, n - skip, 0);
		if (past)
			krait__history_add_rows(&session->history, past);
		entry->work->past = NULL;
	}
	for (size_t i = skip; i < n; i++)
		krait__course_read_row(course, rows + i * width, width);
}

/* The scores of what was read, shifted to the tokens they belong to. */
static bool give_scores(struct session_entry *entry, size_t n)
{
	bool bad = false;

	for (size_t i = entry->n_done; i < entry->n_done + n && i + 1 < entry->n; i++) {
		entry->scores[i + 1] = entry->work->scores[i];
		bad = bad || isnan(entry->work->scores[i]);
	}
	return !bad;
}

/* Where the feed stopped for a moment. There is no way to say that there is no memory for it, and the way back is shorter.
 * What is left to read comes first: a moment has a share in the last page of what grows, which the session then needs anew. */
static void take_on_the_way(struct session_entry *entry)
{
	krait_session *session = entry->session;
	struct session_due *due = &entry->work->due;

	if (krait__keep_prepare(due, &session->kept, &session->history, session->model, &session->now, true))
		krait__keep_take(due, &session->kept, &session->history, session->model, &session->now,
			entry->mark == session->now.course.position);
	if (krait__read_reserve(session, entry->n - entry->n_done) != KRAIT_OK) {
		krait__keep_cut(&session->kept, session->now.course.position - 1);
		krait__why_clear(&session->why);
	}
}

static void settle_feed(struct session_entry *entry, const struct span *span)
{
	krait_session *session = entry->session;
	struct session_work *work = entry->work;
	size_t n = span->n_done;
	bool sound = true;

	if (n && entry->n_done == 0)
		begin(entry);
	if (entry->tokens)
		remember_tokens(entry, n);
	else
		remember_rows(entry, n);
	if (span->n_keep)
		session->n_rows += n < span->n_keep ? n : span->n_keep;
	if (entry->scores)
		sound = give_scores(entry, n);
	entry->n_done += n;
	if (span->status == KRAIT_CANCELLED)
		krait__session_cancel_done(session);
	entry->status = span->status;
	if (!sound)
		entry->status = krait__why(&session->why, KRAIT_ERROR_FORMAT, "the scores up to position %llu are NaN: the weights are damaged; "
			"fetch the model again", (unsigned long long)session->now.course.position);
	work->moves = entry->status == KRAIT_OK && entry->n_done < entry->n;
	if (work->moves)
		take_on_the_way(entry);
}

static void settle(struct session_entry *entry, const struct span *span)
{
	if (!entry->drawn) {
		settle_feed(entry, span);
		return;
	}
	entry->work->moves = false;
	krait__advance_accept(entry, entry->token);
}

/* What a feed that stopped early never read has no score. */
static void finish(struct session_entry *entry)
{
	if (!entry->scores)
		return;
	if (entry->n_done == 0 && entry->n)
		entry->scores[0] = NAN;
	for (size_t i = entry->n_done; i < entry->n; i++)
		if (i > 0)
			entry->scores[i] = NAN;
}

krait_status krait__read_all(krait_model *model, struct session_entry *entries, size_t n, size_t *at, struct why *why)
{
	struct span *spans = krait__alloc(n, sizeof(*spans));
	struct read_progress progress = { 0 };
	krait_status status = spans ? KRAIT_OK : krait__why_memory(why);
	size_t n_spans;

	*at = n;
	while (status == KRAIT_OK && (n_spans = fill_spans(entries, n, spans, &progress)) > 0) {
		status = model->engine->forward(model->emodel, spans, n_spans, why);
		n_spans = 0;
		for (size_t i = 0; i < n && status == KRAIT_OK; i++)
			if (entries[i].work->moves)
				settle(&entries[i], &spans[n_spans++]);
	}
	/* who heard of a part hears of the end, which may have been too short a stride for the engine to tell of */
	if (status == KRAIT_OK && progress.told && progress.told < progress.total && entries[0].n_done == progress.total)
		progress.model->progress(progress.model->progress_user, progress.total, progress.total);
	for (size_t i = 0; i < n && status == KRAIT_OK; i++)
		finish(&entries[i]);
	krait__free(spans);
	return status;
}
