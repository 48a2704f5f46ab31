/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - entering and leaving a session, and what one costs. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "session/session.h"

krait_status krait__session_enter(krait_session *session)
{
	int idle = 0;

	if (!session)
		return KRAIT_ERROR_ARGUMENT;
	if (!session->model || !session->slot)
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

krait_status krait__session_leave(krait_session *session, krait_status status)
{
	atomic_store(&session->busy, 0);
	return status;
}

bool krait__session_cancelled(krait_session *session)
{
	return atomic_exchange(&session->cancel, 0) != 0;
}

uint64_t krait__session_memory(const struct krait_model *model)
{
	uint64_t ring = (REWIND_DEFAULT + REWIND_DEFAULT / 2 + 1) * sizeof(struct past_token);

	return model->memory.slot * HISTORY_CHECKPOINTS + model->plan.vocab * sizeof(float) + ring + sizeof(struct krait_session);
}
