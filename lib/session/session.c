/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - entering and leaving a session, its logits, and what one costs. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "session/session.h"
#include "base/memory.h"

#include <math.h>

krait_status krait__session_enter(krait_session *session)
{
	int idle = 0;

	if (!session || !session->model || !session->now.slot)
		return KRAIT_ERROR_ARGUMENT;
	if (krait__model_forked(session->model))
		return KRAIT_ERROR_FORKED;
	if (!atomic_compare_exchange_strong(&session->busy, &idle, 1))
		return KRAIT_ERROR_BUSY;
	krait__why_clear(&session->why);
	if (session->model->engine->lost && session->model->engine->lost(session->model->emodel, &session->why))
		return krait__session_leave(session, KRAIT_ERROR_LOST);
	return KRAIT_OK;
}

krait_status krait__session_enter_work(krait_session *session, bool answering)
{
	krait_status status = krait__session_enter(session);
	int late = CANCEL_LATE, waits = CANCEL_WAITS;

	if (status != KRAIT_OK)
		return status;
	session->answering = answering;
	if (answering)
		return KRAIT_OK;
	/* what was meant for an answer is no reason not to read the next prompt */
	atomic_compare_exchange_strong(&session->cancel, &late, CANCEL_NONE);
	if (session->now.course.reason != KRAIT_REASON_NONE)
		atomic_compare_exchange_strong(&session->cancel, &waits, CANCEL_NONE);
	return KRAIT_OK;
}

krait_status krait__session_leave(krait_session *session, krait_status status)
{
	int waits = CANCEL_WAITS;

	if (session->answering)
		atomic_compare_exchange_strong(&session->cancel, &waits, CANCEL_LATE);
	session->answering = false;
	atomic_store(&session->busy, 0);
	return status;
}

bool krait__session_cancelled(const krait_session *session)
{
	return atomic_load(&session->cancel) != CANCEL_NONE;
}

void krait__session_cancel_done(krait_session *session)
{
	atomic_store(&session->cancel, CANCEL_NONE);
}

krait_status krait__session_check_tokens(const krait_model *model, const krait_token *tokens, size_t n_tokens, struct why *why)
{
	for (size_t i = 0; i < n_tokens; i++)
		if (tokens[i] < 0 || (uint32_t)tokens[i] >= model->plan.vocab)
			return krait__why(why, KRAIT_ERROR_ARGUMENT, "token %zu of %zu is %d: ids of this model go from 0 to %u",
				i, n_tokens, (int)tokens[i], (unsigned)model->plan.vocab - 1);
	return KRAIT_OK;
}

struct session_rules *krait__session_rules(krait_session *session)
{
	if (krait__rules_own(&session->now.rules))
		return session->now.rules;
	krait__why_memory(&session->why);
	return NULL;
}

krait_status krait__session_add_stop(krait_session *session, krait_token token)
{
	struct session_rules *rules;

	if (krait__stops_has(&session->now.rules->stops, token))
		return KRAIT_OK;
	rules = krait__session_rules(session);
	return rules && krait__stops_add(&rules->stops, token) ? KRAIT_OK : krait__why_memory(&session->why);
}

krait_status krait__session_add_stop_text(krait_session *session, const char *text, size_t n_text)
{
	struct session_rules *rules = krait__session_rules(session);

	return rules && krait__stops_add_text(&rules->stops, text, n_text) ? KRAIT_OK : krait__why_memory(&session->why);
}

/* ---- logits ---------------------------------------------------------------------------------- */

static bool known(const krait_session *session)
{
	return session->logits_known && session->logits_at == session->now.course.position;
}

struct logits_call {
	struct slot **slots;
	const float **none;
	float **logits;
	krait_session **sessions;
	size_t n;
};

static void call_free(struct logits_call *call)
{
	krait__free(call->slots);
	krait__free(call->none);
	krait__free(call->logits);
	krait__free(call->sessions);
}

static bool call_fill(struct logits_call *call, krait_session *const *sessions, size_t n)
{
	bool room = true;

	call->slots = krait__alloc(n, sizeof(*call->slots));
	call->none = krait__alloc_zero(n, sizeof(*call->none));
	call->logits = krait__alloc(n, sizeof(*call->logits));
	call->sessions = krait__alloc(n, sizeof(*call->sessions));
	if (!call->slots || !call->none || !call->logits || !call->sessions)
		return false;
	for (size_t i = 0; i < n && room; i++) {
		if (known(sessions[i]))
			continue;
		if (!sessions[i]->logits)
			sessions[i]->logits = krait__alloc_vectors(sessions[i]->model->plan.vocab, sizeof(float));
		room = sessions[i]->logits != NULL;
		call->slots[call->n] = sessions[i]->now.slot;
		call->logits[call->n] = sessions[i]->logits;
		call->sessions[call->n++] = sessions[i];
	}
	return room;
}

krait_status krait__logits_of(krait_model *model, krait_session *const *sessions, size_t n, struct why *why)
{
	struct logits_call call = { 0 };
	krait_status status = krait__model_need_head(model, why);

	if (status == KRAIT_OK && !call_fill(&call, sessions, n))
		status = krait__why_memory(why);
	for (size_t i = 0; i < call.n && status == KRAIT_OK; i++)
		call.sessions[i]->logits_known = false;
	if (status == KRAIT_OK && call.n)
		status = model->engine->logits(model->emodel, call.slots, call.none, call.n, call.logits, why);
	for (size_t i = 0; i < call.n && status == KRAIT_OK; i++) {
		call.sessions[i]->logits_known = true;
		call.sessions[i]->logits_at = call.sessions[i]->now.course.position;
	}
	call_free(&call);
	return status;
}

krait_status krait__session_logits(krait_session *session)
{
	krait_status status;

	if (session->now.course.position == 0)
		return krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "nothing was fed yet: feed at least one token first");
	status = krait__logits_of(session->model, &session, 1, &session->why);
	for (size_t i = 0; i < session->model->plan.vocab && status == KRAIT_OK; i++)
		if (isnan(session->logits[i]))
			status = krait__why(&session->why, KRAIT_ERROR_FORMAT, "the logit of token %zu at position %llu is NaN: "
				"the weights are damaged; fetch the model again", i, (unsigned long long)session->now.course.position);
	return status;
}

/* ---- going back ------------------------------------------------------------------------------ */

void krait__session_reach(krait_session *session, uint64_t reach)
{
	const struct session_course *course = &session->now.course;
	size_t most = krait__keep_tokens(reach);

	if (reach == session->kept.reach)
		return;
	if (reach == 0 || session->kept.reach == 0)
		krait__history_start(&session->history, most, course->position, course->digest);
	session->history.most = most;
	krait__keep_reach(&session->kept, reach);
}

uint64_t krait__session_memory(const struct krait_model *model)
{
	uint64_t moments = krait__keep_moments(REWIND_DEFAULT);
	uint64_t tokens = 2 * (uint64_t)krait__keep_tokens(REWIND_DEFAULT) * (sizeof(krait_token) + 1);

	return model->memory.slot * moments + model->plan.vocab * sizeof(float) + tokens + sizeof(struct krait_session);
}
