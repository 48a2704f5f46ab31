/* SPDX-License-Identifier: Apache-2.0 */
/* state.c - krait_session_snapshot, _restore and krait_state_*. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "session/back.h"
#include "session/state.h"

#include <string.h>

void krait_state_free(krait_state *state)
{
	if (!state)
		return;
	krait__moment_free(state->moment);
	krait__free(state);
}

const char *krait_state_error(const krait_state *state)
{
	return state ? state->why.text : "out of memory";
}

krait_status krait_session_snapshot(krait_state **out, krait_session *session)
{
	const struct engine *engine;
	krait_state *state;
	krait_status status;

	if (!out)
		return KRAIT_ERROR_ARGUMENT;
	*out = NULL;
	status = krait__session_enter(session);
	if (status != KRAIT_OK)
		return status;
	engine = session->model->engine;
	state = krait__alloc_zero(1, sizeof(*state));
	if (state)
		state->moment = krait__back_moment(session);
	else
		krait__why_memory(&session->why);
	if (!state || !state->moment) {
		status = session->why.status;
		krait_state_free(state);
		return krait__session_leave(session, status);
	}
	if (engine->slot_keep)
		engine->slot_keep(state->moment->slot, session->now.slot);
	*out = state;
	return krait__session_leave(session, KRAIT_OK);
}

static krait_status restore(krait_session *session, const krait_state *state)
{
	const krait_model *model = session->model;

	if (!state || !state->moment)
		return krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "'state' is no usable state");
	if (memcmp(state->moment->model->fingerprint, model->fingerprint, sizeof(model->fingerprint)) != 0)
		return krait__why(&session->why, KRAIT_ERROR_MISMATCH, "the state belongs to the model with fingerprint %s, not to this one (%s): "
			"open that model", state->moment->model->fingerprint_text, model->fingerprint_text);
	return krait__back_restore(session, state->moment);
}

krait_status krait_session_restore(krait_session *session, const krait_state *state)
{
	krait_status status = krait__session_enter(session);

	return status == KRAIT_OK ? krait__session_leave(session, restore(session, state)) : status;
}

/* ---- written form -------------------------------------------------------------------- */

static bool usable(const krait_state *state)
{
	return state && state->moment;
}

size_t krait_state_size(const krait_state *state)
{
	return usable(state) ? krait__state_measure(state->moment) : 0;
}

krait_status krait_state_write(krait_state *state, void *out, size_t n_out)
{
	size_t size = krait_state_size(state);

	if (!usable(state))
		return KRAIT_ERROR_ARGUMENT;
	krait__why_clear(&state->why);
	if (krait__model_forked(state->moment->model))
		return KRAIT_ERROR_FORKED;
	if (!out && n_out == 0)
		return KRAIT_OK;
	if (!out || n_out < size)
		return krait__why(&state->why, KRAIT_ERROR_SPACE, "'out' holds %zu bytes: %zu are needed", n_out, size);
	return krait__state_encode(state->moment, out, size, &state->why);
}

krait_status krait_state_save(krait_state *state, const char *path)
{
	struct file_part part = { NULL, krait_state_size(state) };
	unsigned char *data;
	krait_status status;

	if (!usable(state) || !path)
		return KRAIT_ERROR_ARGUMENT;
	krait__why_clear(&state->why);
	if (krait__model_forked(state->moment->model))
		return KRAIT_ERROR_FORKED;
	part.data = data = krait__alloc(part.size, 1);
	status = data ? krait__state_encode(state->moment, data, part.size, &state->why) : krait__why_memory(&state->why);
	if (status == KRAIT_OK)
		status = krait__file_replace(path, &part, 1, &state->why);
	krait__free(data);
	return status;
}

static krait_status begin_read(krait_state **out, krait_model *model)
{
	if (!out)
		return KRAIT_ERROR_ARGUMENT;
	*out = NULL;
	if (!model || !model->emodel)
		return KRAIT_ERROR_ARGUMENT;
	if (krait__model_forked(model))
		return KRAIT_ERROR_FORKED;
	*out = krait__alloc_zero(1, sizeof(**out));
	if (!*out)
		return KRAIT_ERROR_MEMORY;
	(*out)->moment = krait__moment_new(model, &(*out)->why);
	return (*out)->why.status;
}

/* What failed to load is good for its text only. */
static krait_status end_read(krait_state *state, krait_status status)
{
	if (status != KRAIT_OK) {
		krait__moment_free(state->moment);
		state->moment = NULL;
	}
	return status;
}

krait_status krait_state_read(krait_state **out, krait_model *model, const void *data, size_t n_data)
{
	krait_status status = begin_read(out, model);

	if (status != KRAIT_OK)
		return status;
	if (data || n_data == 0)
		status = krait__state_decode((*out)->moment, data, n_data, &(*out)->why);
	else
		status = krait__why(&(*out)->why, KRAIT_ERROR_ARGUMENT, "'data' is NULL");
	return end_read(*out, status);
}

/* The beginning is looked at first, so that a large file that is something else is not read. */
static krait_status load(krait_state *state, const char *path)
{
	uint64_t size, most = krait__state_most(state->moment->model);
	unsigned char head[STATE_HEADER];
	struct file_view view;
	struct quoted quoted;
	krait_status status = krait__file_head(head, sizeof(head), &size, path, &state->why);

	if (status != KRAIT_OK)
		return status;
	status = krait__state_begins(head, size, &state->why);
	if (status == KRAIT_OK) {
		status = krait__file_view(&view, path, false, most, &state->why);
		if (status != KRAIT_OK)
			return status;
		status = krait__state_decode(state->moment, view.data, view.size, &state->why);
		krait__file_close(&view);
	}
	if (status != KRAIT_OK)
		krait__why_prefix(&state->why, krait__quote(&quoted, path, SIZE_MAX));
	return status;
}

krait_status krait_state_load(krait_state **out, krait_model *model, const char *path)
{
	krait_status status = begin_read(out, model);

	if (status != KRAIT_OK)
		return status;
	status = path ? load(*out, path) : krait__why(&(*out)->why, KRAIT_ERROR_ARGUMENT, "'path' is NULL");
	return end_read(*out, status);
}

krait_status krait_state_note(const krait_state *state, void *out, size_t n_out, size_t *n_note)
{
	if (n_note)
		*n_note = 0;
	if (!usable(state) || !n_note || (n_out && !out))
		return KRAIT_ERROR_ARGUMENT;
	*n_note = state->moment->rules->note.size;
	if (!out)
		return KRAIT_OK;
	if (n_out < *n_note)
		return KRAIT_ERROR_SPACE;
	if (*n_note)
		memcpy(out, state->moment->rules->note.data, *n_note);
	return KRAIT_OK;
}

uint64_t krait_state_position(const krait_state *state)
{
	return usable(state) ? state->moment->course.position : 0;
}
