/* SPDX-License-Identifier: Apache-2.0 */
/* session_output.c - what came out of a session: logits, hidden vectors, log-probabilities. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "session/sampling.h"
#include "session/session.h"

#include <math.h>
#include <string.h>

size_t krait_session_rows(const krait_session *session)
{
	if (!session || session->now.course.position == 0)
		return 0;
	return session->n_rows ? session->n_rows : 1;
}

static krait_status check_space(krait_session *session, const float *out, size_t n_out, size_t need_out)
{
	if (session->now.course.position == 0)
		return krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "nothing was fed yet: feed at least one token first");
	if (n_out < need_out && (out || n_out))
		return krait__why(&session->why, KRAIT_ERROR_SPACE, "'out' holds %zu numbers: %zu are needed", n_out, need_out);
	return KRAIT_OK;
}

static krait_status check_numbers(krait_session *session, const float *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (isnan(values[i]))
			return krait__why(&session->why, KRAIT_ERROR_FORMAT, "the weights give NaN: they are damaged; fetch the model again");
	return KRAIT_OK;
}

static krait_status logits_of_rows(krait_session *session, float *out)
{
	const krait_model *model = session->model;
	size_t n = session->n_rows;
	const float **hidden = krait__alloc(n, sizeof(*hidden));
	float **rows = krait__alloc(n, sizeof(*rows));
	krait_status status = hidden && rows ? KRAIT_OK : krait__why_memory(&session->why);

	for (size_t i = 0; i < n && status == KRAIT_OK; i++) {
		hidden[i] = session->rows + i * model->plan.width;
		rows[i] = out + i * model->plan.vocab;
	}
	if (status == KRAIT_OK)
		status = model->engine->logits(model->emodel, NULL, hidden, n, rows, &session->why);
	krait__free(hidden);
	krait__free(rows);
	return status == KRAIT_OK ? check_numbers(session, out, n * model->plan.vocab) : status;
}

static krait_status logits(krait_session *session, float *out, size_t n_out)
{
	size_t vocab = session->model->plan.vocab, rows = session->n_rows ? session->n_rows : 1;
	krait_status status = krait__model_need_head(session->model, &session->why);

	if (status == KRAIT_OK)
		status = check_space(session, out, n_out, rows * vocab);
	if (status != KRAIT_OK || !out)
		return status;
	if (session->n_rows)
		return logits_of_rows(session, out);
	status = krait__session_logits(session);
	if (status == KRAIT_OK)
		memcpy(out, session->logits, vocab * sizeof(*out));
	return status;
}

krait_status krait_session_logits(krait_session *session, float *out, size_t n_out)
{
	krait_status status = krait__session_enter(session);

	return status == KRAIT_OK ? krait__session_leave(session, logits(session, out, n_out)) : status;
}

static krait_status hidden(krait_session *session, float *out, size_t n_out)
{
	const struct plan *plan = &session->model->plan;
	size_t rows = session->n_rows ? session->n_rows : 1;
	krait_status status = check_space(session, out, n_out, rows * plan->width);

	if (status != KRAIT_OK || !out)
		return status;
	if (session->n_rows)
		memcpy(out, session->rows, rows * plan->width * sizeof(*out));
	else
		status = session->model->engine->slot_export(session->now.slot, plan->n_components - 1, out, &session->why);
	if (status != KRAIT_OK)
		return status;
	return check_numbers(session, out, rows * plan->width);
}

krait_status krait_session_hidden(krait_session *session, float *out, size_t n_out)
{
	krait_status status = krait__session_enter(session);

	return status == KRAIT_OK ? krait__session_leave(session, hidden(session, out, n_out)) : status;
}

/* ---- log-probabilities --------------------------------------------------------------- */

static krait_status logprob(krait_session *session, krait_token token, float *out)
{
	krait_status status = krait__session_check_tokens(session->model, &token, 1, &session->why);

	if (status == KRAIT_OK)
		status = krait__session_logits(session);
	if (status == KRAIT_OK)
		*out = (float)krait__log_probability(session->logits, session->model->plan.vocab, token);
	return status;
}

krait_status krait_session_logprob(krait_session *session, krait_token token, float *out)
{
	krait_status status;

	if (!out)
		return KRAIT_ERROR_ARGUMENT;
	*out = NAN;
	status = krait__session_enter(session);
	return status == KRAIT_OK ? krait__session_leave(session, logprob(session, token, out)) : status;
}

/* Whether a has the lower logit of the two, or the higher id where they are equal. */
static bool worse(const float *logits, krait_token a, krait_token b)
{
	return logits[a] < logits[b] || (logits[a] == logits[b] && a > b);
}

/* Of a heap whose first is the worst. */
static void sift(const float *logits, krait_token *heap, size_t n, size_t at)
{
	krait_token moving = heap[at];

	for (size_t child; (child = 2 * at + 1) < n; at = child) {
		if (child + 1 < n && worse(logits, heap[child + 1], heap[child]))
			child++;
		if (!worse(logits, heap[child], moving))
			break;
		heap[at] = heap[child];
	}
	heap[at] = moving;
}

/* The n best of all, best first. */
static void find_best(const float *logits, size_t vocab, krait_token *out, size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (krait_token)i;
	for (size_t i = n / 2; i-- > 0;)
		sift(logits, out, n, i);
	for (size_t i = n; i < vocab; i++)
		if (worse(logits, out[0], (krait_token)i)) {
			out[0] = (krait_token)i;
			sift(logits, out, n, 0);
		}
	for (size_t left = n; left > 1; left--) {
		krait_token worst = out[0];

		out[0] = out[left - 1];
		out[left - 1] = worst;
		sift(logits, out, left - 1, 0);
	}
}

static krait_status top(krait_session *session, krait_token *tokens, float *logprobs, size_t n_out, size_t *n)
{
	size_t vocab = session->model->plan.vocab;
	double best;
	krait_status status = krait__session_logits(session);

	if (status != KRAIT_OK)
		return status;
	*n = n_out < vocab ? n_out : vocab;
	if (*n == 0)
		return KRAIT_OK;
	find_best(session->logits, vocab, tokens, *n);
	best = krait__log_probability(session->logits, vocab, tokens[0]);
	for (size_t i = 0; logprobs && i < *n; i++)
		logprobs[i] = (float)(best + ((double)session->logits[tokens[i]] - (double)session->logits[tokens[0]]));
	return KRAIT_OK;
}

krait_status krait_session_top(krait_session *session, krait_token *tokens, float *logprobs, size_t n_out, size_t *n)
{
	krait_status status;

	if (!n)
		return KRAIT_ERROR_ARGUMENT;
	*n = 0;
	if (n_out && !tokens)
		return KRAIT_ERROR_ARGUMENT;
	status = krait__session_enter(session);
	return status == KRAIT_OK ? krait__session_leave(session, top(session, tokens, logprobs, n_out, n)) : status;
}

/* The logits that a token was drawn from stay where they are until others are asked for; an engine that draws alone
 * leaves none, until the session is told that they are wanted. */
float krait_session_drawn_logprob(const krait_session *session)
{
	krait_session *asked = (krait_session *)(uintptr_t)session;

	if (!session || !session->now.slot)
		return NAN;
	asked->wants_logprob = true;
	if (session->drawn < 0 || !session->logits_known || session->logits_at != session->drawn_at)
		return NAN;
	return (float)krait__log_probability(session->logits, session->model->plan.vocab, session->drawn);
}

float krait_session_drawn_chance(const krait_session *session)
{
	krait_session *asked = (krait_session *)(uintptr_t)session;

	if (!session || !session->now.slot)
		return NAN;
	asked->wants_logprob = true;
	return session->drawn < 0 ? NAN : session->drawn_chance;
}
