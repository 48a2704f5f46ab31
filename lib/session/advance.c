/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "session/work.h"
#include "base/memory.h"
#include "session/back.h"

/* ---- what each entry will do --------------------------------------------------------------- */

static bool at_limit(const krait_session *session)
{
	int64_t most = session->now.rules->max_new;

	return most && session->now.course.n_generated >= (uint64_t)most;
}

/* Not past the limit, nor past a place to which the session must be able to come back; one by one where a text may end it. */
static size_t most_draws(const struct session_entry *entry)
{
	const krait_session *session = entry->session;
	const struct session_course *course = &session->now.course;
	int64_t limit = session->now.rules->max_new;
	uint64_t most = entry->n < MOST_DRAWS ? entry->n : MOST_DRAWS, left;

	if (session->now.rules->stops.n_texts)
		return 1;
	left = krait__keep_room(&session->kept, &session->history, course->position);
	most = left < most ? left : most;
	left = limit ? (uint64_t)limit - course->n_generated : most;
	return (size_t)(left < most ? left : most);
}

static krait_status decide_generating(struct session_entry *entry)
{
	krait_session *session = entry->session;
	const struct session_course *course = &session->now.course;
	/* a limit that was raised since it was reached is none any more */
	bool ended = course->reason != KRAIT_REASON_NONE && !(course->reason == KRAIT_REASON_LIMIT && !at_limit(session));

	if (course->position == 0)
		return krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "nothing was fed yet: feed at least one token first");
	if (ended) {
		entry->status = KRAIT_END;
		entry->token = course->end_token;
	} else if (at_limit(session)) {
		entry->status = KRAIT_END;
		entry->work->reason = KRAIT_REASON_LIMIT;
	} else if (krait__session_cancelled(session)) {
		entry->status = KRAIT_CANCELLED;
	} else {
		entry->work->moves = true;
		entry->work->by_engine = krait__draw_possible(session);
		entry->work->most = most_draws(entry);
	}
	return KRAIT_OK;
}

static krait_status decide(struct session_entry *entry)
{
	entry->n_done = 0;
	entry->token = -1;
	entry->status = KRAIT_OK;
	entry->work->start = entry->session->now.course.position;
	if ((entry->drawn || entry->scores)
		&& krait__model_need_head(entry->session->model, &entry->session->why) != KRAIT_OK)
		return KRAIT_ERROR_UNSUPPORTED;
	if (entry->drawn)
		return decide_generating(entry);
	if (entry->n > COURSE_FURTHEST - entry->work->start)
		return krait__why(&entry->session->why, KRAIT_ERROR_ARGUMENT, "position %llu is as far as a sequence goes",
			(unsigned long long)entry->work->start);
	if (entry->n && krait__session_cancelled(entry->session))
		entry->status = KRAIT_CANCELLED;
	else
		entry->work->moves = entry->n > 0;
	return KRAIT_OK;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static krait_status prepare_generating(struct session_entry *entry)
{
	krait_session *session = entry->session;
	struct session_now *now = &session->now;
	size_t longest = session->model->longest_token, n = entry->work->by_engine ? entry->work->most : 1;

	if (!krait__output_reserve(&now->course.output, &session->piece, longest) ||
	    (entry->joined && !krait__buffer_reserve(entry->joined, n * (3 * longest + 16) + now->course.output.held.size)))
		return krait__why_memory(&session->why);
	if (!entry->work->moves)
		return KRAIT_OK;
	if (!krait__counts_reserve(&now->course.counts, n) || !krait__history_reserve(&session->history, n) ||
	    (krait__keep_due(&session->kept, &session->history, now->course.position) &&
	     !krait__keep_prepare(&entry->work->due, &session->kept, &session->history, session->model, now, !entry->work->by_engine)))
		return krait__why_memory(&session->why);
	return entry->work->by_engine ? krait__draw_prepare(entry) : KRAIT_OK;
}

static krait_status prepare(struct session_entry *entry)
{
	if (entry->drawn)
		return entry->status == KRAIT_CANCELLED ? KRAIT_OK : prepare_generating(entry);
	return entry->work->moves ? krait__read_prepare(entry) : KRAIT_OK;
}

static void work_free(struct session_work *work)
{
	krait__keep_drop(&work->due);
	if (!work->rows_taken)
		krait__free(work->rows);
	krait__free(work->targets);
	krait__free(work->scores);
	krait__history_rows_free(work->past);
	krait__free((void *)(uintptr_t)work->drawing.bias_tokens);
	krait__output_free(&work->output);
	krait__buffer_free(&work->piece);
}

/* ---- logits ---------------------------------------------------------------------------------- */

static krait_status compute_logits(krait_model *model, struct session_entry *entries, size_t n, struct why *why)
{
	krait_session **sessions = krait__alloc(n, sizeof(*sessions));
	krait_status status = KRAIT_OK;
	size_t n_sessions = 0;

	if (!sessions)
		return krait__why_memory(why);
	for (size_t i = 0; i < n; i++)
		if (krait__choose_wants_logits(&entries[i]))
			sessions[n_sessions++] = entries[i].session;
	if (n_sessions)
		status = krait__logits_of(model, sessions, n_sessions, why);
	krait__free(sessions);
	return status;
}

/* ---- bookkeeping ----------------------------------------------------------------------------- */

void krait__advance_take(struct session_entry *entry)
{
	krait_session *session = entry->session;

	if (entry->work->due.wanted)
		krait__keep_take(&entry->work->due, &session->kept, &session->history, session->model, &session->now,
			entry->mark && entry->mark == session->now.course.position);
}

static void join(struct session_entry *entry)
{
	if (entry->joined && entry->session->piece.size)
		krait__buffer_add(entry->joined, entry->session->piece.data, entry->session->piece.size);
}

/* What krait_session_drawn_logprob tells of: a token that is about to be read, or a stop that never is. Where the
 * engine drew it the chance is unknown. -1: there is none. */
static void note_drawn(struct session_entry *entry, krait_token token)
{
	krait_session *session = entry->session;

	session->drawn = token;
	session->drawn_at = session->now.course.position;
	session->drawn_chance = entry->work->chance;
}

/* The text that was cut belongs to no answer: the session goes back to before the tokens that it is in. Where that
 * cannot be, for want of memory or of a moment, they stay. */
static void end_in_text(struct session_entry *entry, size_t n_tokens)
{
	krait_session *session = entry->session;
	struct session_course *course = &session->now.course;
	struct buffer piece = session->piece;

	session->piece = (struct buffer){ 0 };
	if (n_tokens && n_tokens <= course->n_generated)
		krait__back_to(session, course->position - n_tokens, false);
	krait__why_clear(&session->why);
	krait__buffer_free(&session->piece);
	session->piece = piece;
	krait__output_clear(&course->output);
	course->reason = KRAIT_REASON_STOP_TEXT;
	course->end_token = -1;
	note_drawn(entry, -1);
	entry->status = KRAIT_END;
	entry->token = -1;
}

void krait__advance_accept(struct session_entry *entry, krait_token token)
{
	krait_session *session = entry->session;
	struct session_course *course = &session->now.course;
	struct session_work *work = entry->work;
	size_t since;

	krait__history_add(&session->history, course->position, &token, 1, HISTORY_GENERATED);
	note_drawn(entry, token);
	krait__course_read(course, token);
	course->n_generated++;
	course->reason = KRAIT_REASON_NONE;     /* of a limit that was raised since it was reached */
	session->n_rows = 0;
	entry->token = token;
	if (work->pushed) {
		krait__output_free(&course->output);
		course->output = work->output;
		work->output = (struct session_output){ 0 };
		krait__buffer_free(&session->piece);
		session->piece = work->piece;
		work->piece = (struct buffer){ 0 };
		since = 0;
	} else {
		since = krait__output_push(&course->output, &session->piece, session->model->tokenizer, token, &session->now.rules->stops);
	}
	join(entry);
	if (since)
		end_in_text(entry, since);
	else
		entry->drawn[entry->n_done++] = token;
}

void krait__advance_end(struct session_entry *entry, int reason, krait_token token)
{
	krait_session *session = entry->session;
	struct session_course *course = &session->now.course;

	entry->status = KRAIT_END;
	entry->token = token;
	if (reason == KRAIT_REASON_NONE) {
		krait__buffer_clear(&session->piece);
		return;
	}
	if (reason == KRAIT_REASON_STOP_TEXT) {
		krait__buffer_free(&session->piece);
		session->piece = entry->work->piece;
		entry->work->piece = (struct buffer){ 0 };
		join(entry);
		end_in_text(entry, entry->work->since - 1);
		return;
	}
	course->reason = reason;
	course->end_token = token;
	if (reason == KRAIT_REASON_STOP)
		note_drawn(entry, token);
	krait__output_flush(&course->output, &session->piece);
	join(entry);
}

/* Those that do not move. What the engine drew is settled already. */
static void settle_rest(struct session_entry *entries, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct session_entry *entry = &entries[i];

		if (entry->work->moves || entry->work->by_engine)
			continue;
		if (entry->status == KRAIT_CANCELLED)
			krait__session_cancel_done(entry->session);
		if (entry->status == KRAIT_END)
			krait__advance_end(entry, entry->work->reason, entry->token);
	}
}

static krait_status each(struct session_entry *entries, size_t n, size_t *at, krait_status (*fn)(struct session_entry *entry))
{
	krait_status status = KRAIT_OK;

	for (*at = 0; *at < n; ++*at) {
		status = fn(&entries[*at]);
		if (status < 0)
			return status;
	}
	return KRAIT_OK;
}

static krait_status choose(struct session_entry *entry)
{
	return krait__choose_wants_logits(entry) || entry->work->moves ? krait__choose(entry) : KRAIT_OK;
}

krait_status krait__advance(krait_model *model, struct session_entry *entries, size_t n, size_t *at, struct why *why)
{
	struct session_work *works = krait__alloc_zero(n, sizeof(*works));
	krait_status status;

	*at = n;
	if (!works)
		return krait__why_memory(why);
	for (size_t i = 0; i < n; i++)
		entries[i].work = &works[i];
	status = each(entries, n, at, decide);
	if (status == KRAIT_OK)
		status = each(entries, n, at, prepare);
	if (status == KRAIT_OK)
		status = compute_logits(model, entries, n, why);
	if (status == KRAIT_OK)
		status = each(entries, n, at, choose);
	if (status == KRAIT_OK)
		status = krait__draw_all(model, entries, n, at, why);
	if (status == KRAIT_OK) {
		settle_rest(entries, n);
		status = krait__read_all(model, entries, n, at, why);
	}
	for (size_t i = 0; i < n; i++) {
		/* a feed that stopped early, or before it began, gives back the rest */
		if (!entries[i].drawn)
			krait__read_reserve(entries[i].session, 0);
		work_free(&works[i]);
		entries[i].work = NULL;
	}
	krait__free(works);
	return status;
}

krait_status krait__advance_one(struct session_entry *entry)
{
	size_t at;

	return krait__advance(entry->session->model, entry, 1, &at, &entry->session->why);
}

krait_status krait__generate(krait_session *session, krait_token *out, size_t n, size_t *n_done, struct buffer *joined)
{
	krait_status status = KRAIT_OK;

	*n_done = 0;
	while (*n_done < n && status == KRAIT_OK) {
		struct session_entry entry = { .session = session, .drawn = out + *n_done, .n = n - *n_done, .joined = joined };

		status = krait__advance_one(&entry);
		if (status == KRAIT_OK) {
			*n_done += entry.n_done;
			status = entry.status;
		}
	}
	return status;
}
