/* SPDX-License-Identifier: Apache-2.0 */
/* embed.c - krait_batch_embed: many texts in, one vector for each. Texts are read in groups, each by a session of its
 * own that nobody sees; a long text in strides, so that what is kept of it for a mean stays small. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "base/size.h"
#include "session/batch.h"

#include <math.h>
#include <string.h>

#define KINDS (KRAIT_POOL_LAST | KRAIT_POOL_MEAN)
#define GROUP 32                /* texts that are read together */
#define STRIDE_ROWS 8192u       /* positions of a group that are read between two looks at what came out */

struct text { const krait_token *tokens; size_t n; };

struct work {
	krait_batch *batch;
	int pooling;
	float *vectors;                 /* [texts, width]: copied to the caller when all are there */
	double *sums;                   /* [GROUP, width], for means */
	krait_session *sessions[GROUP];
	size_t n_sessions;
	uint64_t n_read, n_all;
};

/* ---- what is asked ------------------------------------------------------------------------- */

static krait_status check_texts(
	krait_batch *batch, const krait_token *tokens, size_t n_tokens, const size_t *lengths, size_t n_texts)
{
	size_t at = 0;

	for (size_t i = 0; i < n_texts; i++) {
		struct why why = { 0 };

		if (lengths[i] == 0)
			return krait__why(&batch->why, KRAIT_ERROR_ARGUMENT,
				"text %zu has no tokens: there is no vector of nothing", i);
		if (lengths[i] > n_tokens - at)
			return krait__why(&batch->why, KRAIT_ERROR_ARGUMENT,
				"text %zu ends behind the %zu tokens that there are", i, n_tokens);
		if (krait__session_check_tokens(batch->model, tokens + at, lengths[i], &why) != KRAIT_OK)
			return krait__why(&batch->why, why.status, "text %zu: %s", i, why.text);
		at += lengths[i];
	}
	if (at < n_tokens)
		return krait__why(&batch->why, KRAIT_ERROR_ARGUMENT,
			"the texts have %zu tokens together, and there are %zu", at, n_tokens);
	return KRAIT_OK;
}

static krait_status check_asked(krait_batch *batch, size_t n_texts, int pooling, const float *out, size_t n_out)
{
	size_t width = batch->model->plan.width, need;
	int kind = pooling & KINDS;

	if (pooling & ~(KINDS | KRAIT_POOL_NORMALISE) || (kind != KRAIT_POOL_LAST && kind != KRAIT_POOL_MEAN))
		return krait__why(&batch->why, KRAIT_ERROR_ARGUMENT,
			"pooling %d: one of KRAIT_POOL_LAST and KRAIT_POOL_MEAN is needed, "
			"with KRAIT_POOL_NORMALISE or without",
			pooling);
	if (!krait__mul_size(&need, n_texts, width) || need > SIZE_MAX / sizeof(double))
		return krait__why(
			&batch->why, KRAIT_ERROR_ARGUMENT, "%zu texts are more than memory can hold", n_texts);
	if (n_out < need && (out || n_out))
		return krait__why(
			&batch->why, KRAIT_ERROR_SPACE, "'out' holds %zu numbers: %zu are needed", n_out, need);
	return KRAIT_OK;
}

/* ---- reading ------------------------------------------------------------------------------- */

static krait_status make_sessions(struct work *work, size_t n)
{
	for (; work->n_sessions < n; work->n_sessions++) {
		krait_session *session;
		krait_status status = krait_session_new(&session, work->batch->model);

		if (status != KRAIT_OK) {
			status = session ? krait__why(&work->batch->why, status, "%s", session->why.text)
						: krait__why_memory(&work->batch->why);
			krait_session_free(session);
			return status;
		}
		krait__session_reach(session, 0);
		work->sessions[work->n_sessions] = session;
	}
	return KRAIT_OK;
}

static krait_status reset_sessions(struct work *work, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		krait_status status = krait_session_reset(work->sessions[i]);

		if (status != KRAIT_OK)
			return krait__why(&work->batch->why, status, "%s", work->sessions[i]->why.text);
	}
	if (work->sums)
		memset(work->sums, 0, n * work->batch->model->plan.width * sizeof(*work->sums));
	return KRAIT_OK;
}

static void add_rows(double *sums, const krait_session *session)
{
	size_t width = session->model->plan.width;

	for (size_t row = 0; row < session->n_rows; row++)
		for (size_t i = 0; i < width; i++)
			sums[i] += session->rows[row * width + i];
}

static krait_status report(const struct work *work)
{
	const krait_model *model = work->batch->model;

	if (model->progress && model->progress(model->progress_user, work->n_read, work->n_all) != 0)
		return krait__why(&work->batch->why, KRAIT_CANCELLED, "cancelled");
	return KRAIT_OK;
}

/* One more stride of each text of a group that is not read yet. */
static krait_status read_on(
	struct work *work, const struct text *texts, size_t first, size_t n, size_t *done, size_t stride)
{
	size_t width = work->batch->model->plan.width, at;
	struct session_entry entries[GROUP];
	krait_status status;

	for (size_t i = 0; i < n; i++) {
		size_t left = texts[i].n - done[i];

		work->sessions[i]->keep = work->sums ? (int64_t)stride : 0;
		entries[i] = (struct session_entry){ .session = work->sessions[i], .tokens = texts[i].tokens + done[i],
			.n = left < stride ? left : stride, .quiet = true };
	}
	status = krait__advance(work->batch->model, entries, n, &at, &work->batch->why);
	if (status != KRAIT_OK && at < n)
		return krait__why(&work->batch->why, status, "text %zu: %s", first + at, work->sessions[at]->why.text);
	for (size_t i = 0; i < n && status == KRAIT_OK; i++) {
		if (work->sums && entries[i].n_done)
			add_rows(work->sums + i * width, work->sessions[i]);
		done[i] += entries[i].n_done;
		work->n_read += entries[i].n_done;
	}
	return status == KRAIT_OK ? report(work) : status;
}

static krait_status read_group(struct work *work, const struct text *texts, size_t first, size_t n)
{
	size_t done[GROUP] = { 0 }, most = 0, stride = STRIDE_ROWS / n;
	krait_status status = make_sessions(work, n);

	if (status == KRAIT_OK)
		status = reset_sessions(work, n);
	for (size_t i = 0; i < n; i++)
		most = texts[i].n > most ? texts[i].n : most;
	for (size_t at = 0; at < most && status == KRAIT_OK; at += stride)
		status = read_on(work, texts, first, n, done, stride);
	return status;
}

/* ---- vectors ------------------------------------------------------------------------------- */

/* Zeros have no direction and stay zeros. */
static void normalise(float *vector, size_t n)
{
	double sum = 0, length;

	for (size_t i = 0; i < n; i++)
		sum += (double)vector[i] * vector[i];
	length = sqrt(sum);
	for (size_t i = 0; i < n && length > 0; i++)
		vector[i] = (float)(vector[i] / length);
}

static krait_status take_vector(struct work *work, float *out, size_t slot, const struct text *text, size_t index)
{
	const krait_model *model = work->batch->model;
	size_t width = model->plan.width;
	krait_status status = KRAIT_OK;

	if (work->sums)
		for (size_t i = 0; i < width; i++)
			out[i] = (float)(work->sums[slot * width + i] / (double)text->n);
	else
		status = model->engine->slot_export(
			work->sessions[slot]->now.slot, model->plan.n_components - 1, out, &work->batch->why);
	for (size_t i = 0; i < width && status == KRAIT_OK; i++)
		if (isnan(out[i]))
			status = krait__why(&work->batch->why, KRAIT_ERROR_FORMAT,
				"text %zu: the weights give NaN: they are damaged; "
				"fetch the model again",
				index);
	if (status == KRAIT_OK && work->pooling & KRAIT_POOL_NORMALISE)
		normalise(out, width);
	return status;
}

static krait_status embed_all(struct work *work, const krait_token *tokens, const size_t *lengths, size_t n_texts)
{
	size_t width = work->batch->model->plan.width;
	krait_status status = KRAIT_OK;

	for (size_t first = 0, n; first < n_texts && status == KRAIT_OK; first += n) {
		struct text texts[GROUP];

		n = n_texts - first < GROUP ? n_texts - first : GROUP;
		for (size_t i = 0; i < n; tokens += lengths[first + i], i++)
			texts[i] = (struct text){ tokens, lengths[first + i] };
		status = read_group(work, texts, first, n);
		for (size_t i = 0; i < n && status == KRAIT_OK; i++)
			status = take_vector(work, work->vectors + (first + i) * width, i, &texts[i], first + i);
	}
	return status;
}

static krait_status embed(krait_batch *batch, const krait_token *tokens, size_t n_tokens, const size_t *lengths,
	size_t n_texts, int pooling, float *out)
{
	size_t width = batch->model->plan.width;
	struct work work = { .batch = batch, .pooling = pooling, .n_all = n_tokens };
	krait_status status;

	work.vectors = krait__alloc(n_texts * width, sizeof(*work.vectors));
	if (pooling & KRAIT_POOL_MEAN)
		work.sums = krait__alloc(GROUP * width, sizeof(*work.sums));
	if (!work.vectors || (pooling & KRAIT_POOL_MEAN && !work.sums))
		status = krait__why_memory(&batch->why);
	else
		status = embed_all(&work, tokens, lengths, n_texts);
	if (status == KRAIT_OK)
		memcpy(out, work.vectors, n_texts * width * sizeof(*out));
	for (size_t i = 0; i < work.n_sessions; i++)
		krait_session_free(work.sessions[i]);
	krait__free(work.sums);
	krait__free(work.vectors);
	return status;
}

krait_status krait_batch_embed(krait_batch *batch, const krait_token *tokens, size_t n_tokens, const size_t *lengths,
	size_t n_texts, int pooling, float *out, size_t n_out)
{
	const char *missing;
	krait_status status;

	if (!batch)
		return KRAIT_ERROR_ARGUMENT;
	if (krait__model_forked(batch->model))
		return KRAIT_ERROR_FORKED;
	krait__why_clear(&batch->why);
	missing = n_tokens && !tokens ? "tokens" : n_texts && !lengths ? "lengths" : n_out && !out ? "out" : NULL;
	if (missing)
		return krait__why(&batch->why, KRAIT_ERROR_ARGUMENT, "'%s' is NULL", missing);
	status = krait__batch_need_weights(batch);
	if (status == KRAIT_OK)
		status = check_asked(batch, n_texts, pooling, out, n_out);
	if (status == KRAIT_OK)
		status = check_texts(batch, tokens, n_tokens, lengths, n_texts);
	if (status != KRAIT_OK || !out || n_texts == 0)
		return status;
	return embed(batch, tokens, n_tokens, lengths, n_texts, pooling, out);
}
