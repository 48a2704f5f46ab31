/* SPDX-License-Identifier: Apache-2.0 */
/* feed.c - reading tokens or embeddings into a session's slot. */
#include "base/memory.h"
#include "session/session.h"

#include <math.h>
#include <string.h>

krait_status krait__session_check_tokens(const krait_model *model, const krait_token *tokens, size_t n_tokens, struct why *why)
{
	for (size_t i = 0; i < n_tokens; i++)
		if (tokens[i] < 0 || (uint32_t)tokens[i] >= model->plan.vocab)
			return krait__why(why, KRAIT_ERROR_ARGUMENT, "token %zu of %zu is %d: ids of this model go from 0 to %u",
				i, n_tokens, (int)tokens[i], (unsigned)model->plan.vocab - 1);
	return KRAIT_OK;
}

void krait__session_begin_feed(krait_session *session)
{
	session->course.n_generated = 0;
	session->course.reason = KRAIT_REASON_NONE;
	session->course.end_token = -1;
	krait__output_clear(&session->course.output);
	krait__buffer_clear(&session->piece);
}

/* Everything that reading needs, before anything moves. */
struct work {
	float *kept;
	size_t n_keep;
	krait_token *targets;
	float *scores;
};

static void work_free(struct work *work)
{
	krait__free(work->kept);
	krait__free(work->targets);
	krait__free(work->scores);
}

static bool reserve(krait_session *session, const struct feed *feed, struct work *work)
{
	size_t width = session->model->plan.width;
	size_t distinct = feed->n < session->model->plan.vocab ? feed->n : session->model->plan.vocab;

	work->n_keep = (uint64_t)session->keep < feed->n ? (size_t)session->keep : feed->n;
	if (work->n_keep && work->n_keep <= SIZE_MAX / width)
		work->kept = krait__alloc(work->n_keep * width, sizeof(*work->kept));
	if (feed->scores) {
		work->targets = krait__alloc(feed->n, sizeof(*work->targets));
		work->scores = krait__alloc(feed->n, sizeof(*work->scores));
	}
	return (!work->n_keep || work->kept) && (!feed->scores || (work->targets && work->scores)) &&
		(!feed->tokens || krait__counts_reserve(&session->course.counts, distinct)) &&
		krait__history_reserve(&session->history, feed->n, feed->embeddings != NULL);
}

static krait_status first_score(krait_session *session, const struct feed *feed)
{
	krait_status status;

	for (size_t i = 0; i < feed->n; i++)
		feed->scores[i] = NAN;
	if (session->course.position == 0 || feed->n == 0)
		return KRAIT_OK;
	status = krait__session_logits(session);
	if (status == KRAIT_OK)
		feed->scores[0] = (float)krait__log_probability(session->logits, session->model->plan.vocab, feed->tokens[0]);
	return status;
}

static void remember(krait_session *session, const struct feed *feed, size_t at, size_t n)
{
	for (size_t i = at; i < at + n; i++) {
		const float *row = feed->embeddings ? feed->embeddings + i * session->model->plan.width : NULL;

		krait__history_add(&session->history, row ? NOT_A_TOKEN : feed->tokens[i], row, i + 1 == at + n ? HISTORY_CALL_END : 0);
		if (!row)
			krait__counts_add(&session->course.counts, feed->tokens[i], 1);
	}
	session->course.position += n;
}

/* Progress over the whole feed, though the engine reads a stride of it at a time. */
struct progress {
	const krait_model *model;
	size_t before, total;
};

static int report(void *user, uint64_t done, uint64_t total)
{
	const struct progress *progress = user;

	(void)total;
	return progress->model->progress(progress->model->progress_user, progress->before + done, progress->total);
}

/* One stride: [at, at + n) of the feed. Returns what became of it; *n_done positions are in. */
static krait_status read_stride(krait_session *session, const struct feed *feed, const struct work *work, size_t at, size_t n, size_t *n_done)
{
	size_t width = session->model->plan.width, begin = feed->n - work->n_keep, from = at > begin ? at : begin;
	struct progress progress = { session->model, at, feed->n };
	struct span span = {
		.slot = session->slot,
		.tokens = feed->tokens ? feed->tokens + at : NULL,
		.embeddings = feed->embeddings ? feed->embeddings + at * width : NULL,
		.n = n,
		.n_keep = from < at + n ? at + n - from : 0,
		.targets = feed->scores ? work->targets + at : NULL,
		.scores = feed->scores ? work->scores + at : NULL,
		.cancel = &session->cancel,
		.progress = session->model->progress ? report : NULL,
		.user = &progress,
	};
	krait_status status;

	if (span.n_keep)
		span.hidden = work->kept + (from - begin) * width;
	status = session->model->engine->forward(session->model->emodel, &span, 1, &session->why);
	*n_done = status == KRAIT_OK ? span.n_done : 0;
	if (span.n_keep && *n_done)
		session->n_kept = from - begin + (*n_done < span.n_keep ? *n_done : span.n_keep);
	return status == KRAIT_OK ? span.status : status;
}

static krait_status read_all(krait_session *session, const struct feed *feed, const struct work *work, size_t *done)
{
	uint64_t last = session->course.position + feed->n;
	krait_status status = KRAIT_OK;

	while (*done < feed->n && status == KRAIT_OK) {
		size_t n = krait__history_stride(&session->history, session->course.position, feed->n - *done, last), n_done;

		/* once something has moved, a missing checkpoint only shortens the way back */
		if (!krait__session_checkpoint(session, last) && *done == 0)
			return krait__why_memory(&session->why);
		status = read_stride(session, feed, work, *done, n, &n_done);
		remember(session, feed, *done, n_done);
		*done += n_done;
		if (n_done)
			session->logits_fresh = false;
	}
	return status;
}

/* The scores of what was read, shifted to the tokens they belong to. */
static krait_status give_scores(krait_session *session, const struct feed *feed, const float *scores, size_t n_done, krait_status status)
{
	bool bad = false;

	for (size_t i = 0; i + 1 < feed->n && i < n_done; i++) {
		feed->scores[i + 1] = scores[i];
		bad = bad || isnan(scores[i]);
	}
	if (bad && status == KRAIT_OK)
		return krait__why(&session->why, KRAIT_ERROR_FORMAT, "the scores up to position %llu are NaN: the weights are damaged; "
			"fetch the model again", (unsigned long long)session->course.position);
	return status;
}

krait_status krait__session_read(krait_session *session, const struct feed *feed)
{
	struct work work = { 0 };
	size_t done = 0;
	krait_status status;

	if (feed->n == 0)
		return KRAIT_OK;
	if (krait__session_cancelled(session))
		return KRAIT_CANCELLED;
	status = reserve(session, feed, &work) ? KRAIT_OK : krait__why_memory(&session->why);
	if (status == KRAIT_OK && feed->scores) {
		for (size_t i = 0; i < feed->n; i++)
			work.targets[i] = i + 1 < feed->n ? feed->tokens[i + 1] : -1;
		status = first_score(session, feed);
	}
	if (status == KRAIT_OK) {
		session->n_kept = 0;
		status = read_all(session, feed, &work, &done);
		if (feed->scores)
			status = give_scores(session, feed, work.scores, done, status);
	}
	if (done) {
		krait__session_begin_feed(session);
		krait__free(session->kept);
		session->kept = work.kept;
		work.kept = NULL;
	}
	if (status == KRAIT_CANCELLED)
		atomic_store(&session->cancel, 0);
	work_free(&work);
	return status;
}
