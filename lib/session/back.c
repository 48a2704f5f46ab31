/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "session/back.h"
#include "base/memory.h"
#include "session/advance.h"
#include "session/state.h"

#include <string.h>

/* ---- another place for the session ------------------------------------------------------------ */

/* A slot and a course that the session may become: until then it is as it was. */
struct place {
	struct slot *slot;
	struct session_course course;
};

static void place_free(krait_session *session, struct place *place)
{
	if (place->slot)
		session->model->engine->slot_free(place->slot);
	krait__course_free(&place->course);
}

/* The moment's place, or that of a new session. */
static krait_status place_at(krait_session *session, const struct session_moment *moment, struct place *out)
{
	const struct engine *engine = session->model->engine;
	krait_status status;

	out->slot = NULL;
	krait__course_start(&out->course);
	status = engine->slot_new(&out->slot, session->model->emodel, &session->why);
	if (status == KRAIT_OK && moment)
		status = engine->slot_copy(out->slot, moment->slot, &session->why);
	if (status == KRAIT_OK && moment && !krait__course_copy(&out->course, &moment->course))
		status = krait__why_memory(&session->why);
	return status;
}

/* What the session was is in `place` then. */
static void change_places(krait_session *session, struct place *place)
{
	struct place was = { session->now.slot, session->now.course };

	session->now.slot = place->slot;
	session->now.course = place->course;
	*place = was;
	session->logits_known = false;
	session->drawn = -1;
}

/* The session is where it was changed to, and what it knew from there on is forgotten. */
static void arrive(krait_session *session)
{
	krait__history_cut(&session->history, session->now.course.position);
	krait__keep_cut(&session->kept, session->now.course.position);
	krait__buffer_clear(&session->piece);
	session->n_rows = 0;
}

/* The same where it read on from there: what it read is its own. */
static void arrive_reading(krait_session *session, uint64_t from)
{
	if (session->now.course.position == from)
		arrive(session);
}

/* ---- reading again ---------------------------------------------------------------------------- */

/* How many positions from `at` on one call of the engine may read again, up to `end`. */
static size_t one_call(const krait_session *session, size_t at, size_t end)
{
	const struct session_history *history = &session->history;
	bool rows = history->tokens[at] == NOT_A_TOKEN;
	const float *row = rows ? krait__history_row(history, history->first + at) : NULL;
	size_t n = 0;

	while (at + n < end) {
		if ((history->tokens[at + n] == NOT_A_TOKEN) != rows)
			break;
		/* rows of one call must lie one after another */
		if (rows && krait__history_row(history, history->first + at + n) != row + n * session->model->plan.width)
			break;
		n++;
		if (!session->kept.any_division && (history->flags[at + n - 1] & HISTORY_CALL_END))
			break;
	}
	return n;
}

static krait_status read_again(krait_session *session, struct slot *slot, uint64_t from, uint64_t to, bool cancellable)
{
	const struct session_history *history = &session->history;
	size_t at = krait__history_place(history, from), end = krait__history_place(history, to);
	krait_status status = KRAIT_OK;

	while (at < end && status == KRAIT_OK) {
		size_t n = one_call(session, at, end);
		bool rows = history->tokens[at] == NOT_A_TOKEN;
		struct span span = {
			.slot = slot, .n = n,
			.tokens = rows ? NULL : history->tokens + at,
			.embeddings = rows ? krait__history_row(history, history->first + at) : NULL,
			.cancel = cancellable ? &session->cancel : NULL,
		};

		status = session->model->engine->forward(session->model->emodel, &span, 1, &session->why);
		if (status == KRAIT_OK)
			status = span.status;
		at += n;
	}
	return status;
}

/* The course goes the same way: counts, text that is held back, how many were generated. */
static krait_status follow(krait_session *session, struct session_course *course, uint64_t to)
{
	const struct session_history *history = &session->history;
	struct buffer piece = { 0 };
	bool room = true;

	while (course->position < to && room) {
		size_t at = krait__history_place(history, course->position);
		krait_token token = history->tokens[at];

		if (token == NOT_A_TOKEN) {
			krait__course_feed(course);
			krait__course_read_row(course, krait__history_row(history, course->position), session->model->plan.width);
			continue;
		}
		room = krait__counts_reserve(&course->counts, 1);
		if (room && (history->flags[at] & HISTORY_GENERATED)) {
			room = krait__output_reserve(&course->output, &piece, session->model->longest_token);
			if (room)
				krait__output_push(&course->output, &piece, session->model->tokenizer, token, &session->now.rules->stops);
			course->n_generated += room;
		} else if (room) {
			krait__course_feed(course);
		}
		if (room)
			krait__course_read(course, token);
	}
	course->reason = KRAIT_REASON_NONE;
	course->end_token = -1;
	krait__buffer_free(&piece);
	return room ? KRAIT_OK : krait__why_memory(&session->why);
}

krait_status krait__back_to(krait_session *session, uint64_t position, bool cancellable)
{
	uint64_t now = session->now.course.position;
	uint64_t least = krait__keep_reaches(&session->kept, &session->history, position);
	const struct session_moment *moment = krait__keep_before(&session->kept, &session->history, position);
	struct place place;
	krait_status status;

	if (position == now)
		return KRAIT_OK;
	if (session->kept.reach == 0 || least > position || (!moment && session->history.first > 0))
		return krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "cannot go back %llu tokens: %llu can be taken back here; "
			"KRAIT_REWIND_TOKENS (now %llu), set before they are read, says how many at least",
			(unsigned long long)(now - position),
			(unsigned long long)(now - krait__keep_reaches(&session->kept, &session->history, now)),
			(unsigned long long)session->kept.reach);
	status = place_at(session, moment, &place);
	if (status == KRAIT_OK)
		status = read_again(session, place.slot, place.course.position, position, cancellable);
	if (status == KRAIT_OK)
		status = follow(session, &place.course, position);
	if (status == KRAIT_OK) {
		change_places(session, &place);
		arrive(session);
	}
	if (status == KRAIT_CANCELLED)
		krait__session_cancel_done(session);
	place_free(session, &place);
	return status;
}

/* ---- reading exactly these -------------------------------------------------------------------- */

/* The furthest place of the session behind which it has read what `tokens` begin with: NULL and 0: nothing; NULL and its
 * position: all that it has read. */
static struct session_moment *common(const krait_session *session, const krait_token *tokens, size_t n, uint64_t *position)
{
	const struct session_kept *kept = &session->kept;
	struct session_moment *best = NULL;
	struct session_digest digest = { 0 };
	uint64_t at = 0, now = session->now.course.position;

	*position = 0;
	for (size_t i = 0; i <= kept->n; i++) {
		uint64_t next = i < kept->n ? kept->moments[i]->course.position : now;

		if (next > n || (i == kept->n && next == 0))
			break;
		digest = krait__digest_tokens(digest, tokens + at, (size_t)(next - at));
		at = next;
		if (!krait__digest_same(digest, i < kept->n ? kept->moments[i]->course.digest : session->now.course.digest))
			break;
		*position = next;
		best = i < kept->n ? kept->moments[i] : NULL;
	}
	return best;
}

size_t krait__back_common(const krait_session *session, const krait_token *tokens, size_t n)
{
	uint64_t position;

	common(session, tokens, n, &position);
	return (size_t)position;
}

static krait_status read_rest(krait_session *session, const krait_token *tokens, size_t n, uint64_t from, uint64_t mark)
{
	struct session_entry entry = {
		.session = session, .tokens = n > from ? tokens + from : NULL, .n = n - (size_t)from, .mark = mark,
	};
	krait_status status = krait__advance_one(&entry);

	if (status == KRAIT_OK && entry.n == 0) {
		krait__course_feed(&session->now.course);
		krait__buffer_clear(&session->piece);
	}
	return status == KRAIT_OK ? entry.status : status;
}

/* From an earlier place on. What could not be read at all leaves the session where it was: what it knew of the later
 * ones is put aside until then. */
static krait_status read_from(krait_session *session, struct place *place, const krait_token *tokens, size_t n, uint64_t mark)
{
	uint64_t from = place->course.position;
	struct session_history history = session->history;
	struct session_kept tail = { 0 };
	bool known = from >= history.first;
	krait_status status;

	change_places(session, place);
	krait__keep_split(&session->kept, from, &tail);
	if (!known) {
		session->history = (struct session_history){ 0 };
		krait__history_start(&session->history, history.most, from, session->now.course.digest);
	}
	status = read_rest(session, tokens, n, from, mark);
	if (status < 0 && session->now.course.position == from) {
		if (!known) {
			krait__history_free(&session->history);
			session->history = history;
		}
		krait__keep_join(&session->kept, &tail);
		change_places(session, place);
		return status;
	}
	if (!known)
		krait__history_free(&history);
	krait__keep_clear(&tail);
	arrive_reading(session, from);
	return status;
}

krait_status krait__back_feed_to(krait_session *session, const krait_token *tokens, size_t n, uint64_t mark, size_t *n_reused)
{
	uint64_t from;
	struct session_moment *moment = common(session, tokens, n, &from);
	struct place place;
	krait_status status;

	*n_reused = 0;
	if (krait__session_cancelled(session)) {
		krait__session_cancel_done(session);
		return KRAIT_CANCELLED;
	}
	if (!moment && from == session->now.course.position) {
		*n_reused = (size_t)from;
		return read_rest(session, tokens, n, from, mark);
	}
	status = place_at(session, moment, &place);
	if (status == KRAIT_OK)
		status = read_from(session, &place, tokens, n, mark);
	if (status >= 0)
		*n_reused = (size_t)from;
	place_free(session, &place);
	return status;
}

/* ---- becoming another ------------------------------------------------------------------------- */

static krait_status other_shape(krait_session *session, const struct component *to, const struct component *from)
{
	return krait__why(&session->why, KRAIT_ERROR_MISMATCH, "the state has '%s' of another shape than this model's '%s': it belongs to a model "
		"with another configuration", from->name, to->name);
}

/* Another handle on the same weights may have been configured otherwise. */
static krait_status same_components(krait_session *session, const struct plan *from)
{
	const struct plan *to = &session->model->plan;

	if (from->n_components != to->n_components)
		return krait__why(&session->why, KRAIT_ERROR_MISMATCH, "the state has %u parts, this model's %u: it belongs to a model with another "
			"configuration", (unsigned)from->n_components, (unsigned)to->n_components);
	for (uint32_t i = 0; i < to->n_components; i++) {
		const struct component *a = &to->components[i], *b = &from->components[i];

		if (strcmp(a->name, b->name) != 0 || a->per_token != b->per_token || a->rank != b->rank
			|| memcmp(a->shape, b->shape, a->rank * sizeof(*a->shape)) != 0)
			return other_shape(session, a, b);
	}
	return KRAIT_OK;
}

/* From a slot of another handle, which may lay it out otherwise. */
static krait_status import(krait_session *session, struct slot *slot, const struct session_moment *moment)
{
	const struct krait_model *to = session->model, *from = moment->model;
	float *values;
	krait_status status = same_components(session, &from->plan);

	if (status != KRAIT_OK)
		return status;
	values = krait__alloc(krait__state_largest(&to->plan, moment->course.position), sizeof(*values));
	if (!values)
		return krait__why_memory(&session->why);
	if (krait__model_token_bytes(to))
		status = to->engine->slot_resize(slot, moment->course.position, &session->why);
	for (uint32_t i = 0; i < to->plan.n_components && status == KRAIT_OK; i++) {
		status = from->engine->slot_export(moment->slot, i, values, &session->why);
		if (status == KRAIT_OK)
			status = to->engine->slot_import(slot, i, values, &session->why);
	}
	krait__free(values);
	return status;
}

/* The state's own moment is the first to go back to, where it is of this very handle. */
static void keep_moment(krait_session *session, struct session_moment *moment)
{
	krait__keep_clear(&session->kept);
	if (moment->model == session->model && moment->course.position > 0 && krait__keep_moments(session->kept.reach))
		krait__keep_add(&session->kept, &session->history, krait__moment_ref(moment));
}

krait_status krait__back_restore(krait_session *session, struct session_moment *moment)
{
	bool own = moment->model == session->model;
	struct session_history history = { 0 };
	struct place place;
	krait_status status = place_at(session, own ? moment : NULL, &place);

	if (status == KRAIT_OK && !own) {
		status = import(session, place.slot, moment);
		if (status == KRAIT_OK && !krait__course_copy(&place.course, &moment->course))
			status = krait__why_memory(&session->why);
	}
	if (status == KRAIT_OK && session->kept.reach && !krait__history_copy(&history, &moment->past))
		status = krait__why_memory(&session->why);
	if (status == KRAIT_OK) {
		change_places(session, &place);
		krait__rules_free(session->now.rules);
		session->now.rules = krait__rules_ref(moment->rules);
		if (!session->kept.reach || !moment->past.most)
			krait__history_start(&history, 0, session->now.course.position, session->now.course.digest);
		history.most = krait__keep_tokens(session->kept.reach);
		krait__history_free(&session->history);
		session->history = history;
		keep_moment(session, moment);
		arrive(session);
	}
	place_free(session, &place);
	return status;
}

krait_status krait__back_copy(krait_session *session, const krait_session *from)
{
	const struct engine *engine = session->model->engine;
	struct session_history history = { 0 };
	struct place place = { 0 };
	krait_status status = engine->slot_new(&place.slot, session->model->emodel, &session->why);

	if (status == KRAIT_OK)
		status = engine->slot_copy(place.slot, from->now.slot, &session->why);
	if (status == KRAIT_OK &&
	    !(krait__course_copy(&place.course, &from->now.course) && krait__history_copy(&history, &from->history)))
		status = krait__why_memory(&session->why);
	if (status == KRAIT_OK) {
		change_places(session, &place);
		krait__rules_free(session->now.rules);
		session->now.rules = krait__rules_ref(from->now.rules);
		krait__history_free(&session->history);
		session->history = history;
		krait__keep_clear(&session->kept);
		krait__keep_copy(&session->kept, &from->kept);
		arrive(session);
	}
	place_free(session, &place);
	return status;
}

struct session_moment *krait__back_moment(krait_session *session)
{
	struct session_moment *moment = krait__moment_of(session->model, &session->now, &session->why);

	if (moment && !krait__history_copy(&moment->past, &session->history)) {
		krait__why_memory(&session->why);
		krait__moment_free(moment);
		return NULL;
	}
	return moment;
}
