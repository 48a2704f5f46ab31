/* SPDX-License-Identifier: Apache-2.0 */
/* session_settings.c - krait_session_set_*, _get_*, stops and the note. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "session/session.h"

/* Beyond this a ring of tokens would cost more than a model's state. */
#define REWIND_MOST (1 << 24)
#define KEEP_MOST (1 << 24)

/* The session's own whole-number settings, below the sampler's. */
static int64_t *own_setting(krait_session *session, int setting, int64_t *most)
{
	switch (setting) {
	case KRAIT_MAX_NEW_TOKENS:
		*most = INT64_MAX;
		return &session->course.max_new;
	case KRAIT_KEEP_POSITIONS:
		*most = KEEP_MOST;
		return &session->keep;
	case KRAIT_REWIND_TOKENS:
		*most = REWIND_MOST;
		return &session->rewind;
	default:
		return NULL;
	}
}

static krait_status set_own(krait_session *session, int setting, int64_t *field, int64_t value, int64_t most)
{
	if (value < 0 || value > most)
		return krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "setting %d is %lld: it must lie from 0 to %lld",
			setting, (long long)value, (long long)most);
	if (setting == KRAIT_REWIND_TOKENS && value != *field)
		krait__history_reach(&session->history, (uint64_t)value, session->course.position);
	*field = value;
	return KRAIT_OK;
}

krait_status krait_session_set_int(krait_session *session, int setting, int64_t value)
{
	krait_status status = krait__session_enter(session);
	int64_t most, *field;

	if (status != KRAIT_OK)
		return status;
	field = own_setting(session, setting, &most);
	status = field ? set_own(session, setting, field, value, most) :
		krait__sampling_set_int(&session->course.sampling, setting, value, &session->why);
	return krait__session_leave(session, status);
}

krait_status krait_session_set_float(krait_session *session, int setting, double value)
{
	krait_status status = krait__session_enter(session);
	int64_t most;

	if (status != KRAIT_OK)
		return status;
	if (own_setting(session, setting, &most))
		status = krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "setting %d is a whole number: set it with _set_int", setting);
	else
		status = krait__sampling_set_float(&session->course.sampling, setting, value, &session->why);
	return krait__session_leave(session, status);
}

krait_status krait_session_get_int(const krait_session *session, int setting, int64_t *out)
{
	if (!session || !out)
		return KRAIT_ERROR_ARGUMENT;
	*out = 0;
	if (setting == KRAIT_MAX_NEW_TOKENS)
		*out = session->course.max_new;
	else if (setting == KRAIT_KEEP_POSITIONS)
		*out = session->keep;
	else if (setting == KRAIT_REWIND_TOKENS)
		*out = session->rewind;
	else
		return krait__sampling_get_int(&session->course.sampling, setting, out, NULL);
	return KRAIT_OK;
}

krait_status krait_session_get_float(const krait_session *session, int setting, double *out)
{
	if (!session || !out)
		return KRAIT_ERROR_ARGUMENT;
	*out = 0;
	return krait__sampling_get_float(&session->course.sampling, setting, out, NULL);
}

krait_status krait_session_set_bias(krait_session *session, krait_token token, float bias)
{
	krait_status status = krait__session_enter(session);

	if (status != KRAIT_OK)
		return status;
	status = krait__session_check_tokens(session->model, &token, 1, &session->why);
	if (status == KRAIT_OK)
		status = krait__sampling_set_bias(&session->course.sampling, token, bias, &session->why);
	return krait__session_leave(session, status);
}

krait_status krait_session_add_stop(krait_session *session, krait_token token)
{
	krait_status status = krait__session_enter(session);

	if (status != KRAIT_OK)
		return status;
	status = krait__session_check_tokens(session->model, &token, 1, &session->why);
	if (status == KRAIT_OK && !krait__stops_add(&session->course.stops, token))
		status = krait__why_memory(&session->why);
	return krait__session_leave(session, status);
}

krait_status krait_session_add_stop_text(krait_session *session, const char *text, size_t n_text)
{
	krait_status status = krait__session_enter(session);

	if (status != KRAIT_OK)
		return status;
	if (!text || n_text == 0 || n_text > NOTE_LIMIT)
		status = krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "a stop text has from 1 to %zu bytes", NOTE_LIMIT);
	else if (!krait__stops_add_text(&session->course.stops, text, n_text))
		status = krait__why_memory(&session->why);
	return krait__session_leave(session, status);
}

krait_status krait_session_clear_stops(krait_session *session)
{
	krait_status status = krait__session_enter(session);

	if (status != KRAIT_OK)
		return status;
	krait__stops_free(&session->course.stops);
	return krait__session_leave(session, KRAIT_OK);
}

krait_status krait_session_set_note(krait_session *session, const void *data, size_t n_data)
{
	krait_status status = krait__session_enter(session);
	struct buffer note = { 0 };

	if (status != KRAIT_OK)
		return status;
	if (n_data > NOTE_LIMIT || (n_data && !data))
		status = krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "a note of %zu bytes: it may have up to %zu", n_data, NOTE_LIMIT);
	else if (n_data && !krait__buffer_add(&note, data, n_data))
		status = krait__why_memory(&session->why);
	if (status == KRAIT_OK) {
		krait__buffer_free(&session->course.note);
		session->course.note = note;
	}
	return krait__session_leave(session, status);
}
