/* SPDX-License-Identifier: Apache-2.0 */
/* state.c - krait_session_snapshot, _restore and krait_state_*. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "session/state.h"

#include <string.h>

void krait_state_free(krait_state *state)
{
	if (!state)
		return;
	if (state->slot)
		state->model->engine->slot_free(state->slot);
	krait__course_free(&state->course);
	krait_model_free(state->model);
	krait__free(state);
}

const char *krait_state_error(const krait_state *state)
{
	return state ? state->why.text : "out of memory";
}

/* A state with an empty slot on `model`; NULL: no memory, *status says why. */
static krait_state *blank(krait_model *model, krait_status *status, struct why *why)
{
	krait_state *state = krait__alloc_zero(1, sizeof(*state));

	if (!state) {
		*status = krait__why_memory(why);
		return NULL;
	}
	state->model = krait_model_ref(model);
	krait__sampling_defaults(&state->course.sampling);
	*status = model->engine->slot_new(&state->slot, model->emodel, why ? why : &state->why);
	return state;
}

krait_status krait_session_snapshot(krait_state **out, krait_session *session)
{
	krait_state *state;
	krait_status status;

	if (!out)
		return KRAIT_ERROR_ARGUMENT;
	*out = NULL;
	status = krait__session_enter(session);
	if (status != KRAIT_OK)
		return status;
	state = blank(session->model, &status, &session->why);
	if (status == KRAIT_OK && !krait__course_copy(&state->course, &session->course))
		status = krait__why_memory(&session->why);
	if (status == KRAIT_OK)
		status = session->model->engine->slot_copy(state->slot, session->slot, &session->why);
	if (status == KRAIT_OK) {
		if (session->model->engine->slot_keep)
			session->model->engine->slot_keep(state->slot, session->slot);
		*out = state;
	} else {
		krait_state_free(state);
	}
	return krait__session_leave(session, status);
}

/* Another handle on the same weights may lay its slots out otherwise. */
static krait_status move_slot(krait_session *session, const krait_state *state)
{
	const struct krait_model *to = session->model, *from = state->model;
	float *values = krait__alloc(krait__state_largest(&to->plan), sizeof(*values));
	struct slot *slot = NULL;
	krait_status status = values ? to->engine->slot_new(&slot, session->model->emodel, &session->why) : krait__why_memory(&session->why);

	for (uint32_t i = 0; i < to->plan.n_components && status == KRAIT_OK; i++) {
		status = from->engine->slot_export(state->slot, i, values, &session->why);
		if (status == KRAIT_OK)
			status = to->engine->slot_import(slot, i, values, &session->why);
	}
	/* a state that cannot be read leaves the session as it was */
	if (status == KRAIT_OK)
		status = to->engine->slot_copy(session->slot, slot, &session->why);
	to->engine->slot_free(slot);
	krait__free(values);
	return status;
}

static krait_status restore(krait_session *session, const krait_state *state)
{
	struct course course = { 0 };
	krait_status status = KRAIT_OK;

	if (!state || !state->slot)
		return krait__why(&session->why, KRAIT_ERROR_ARGUMENT, "'state' is no usable state");
	if (memcmp(state->model->fingerprint, session->model->fingerprint, sizeof(state->model->fingerprint)) != 0)
		return krait__why(&session->why, KRAIT_ERROR_MISMATCH, "the state belongs to the model with fingerprint %s, not to this one (%s): "
			"open that model", state->model->fingerprint_text, session->model->fingerprint_text);
	if (!krait__course_copy(&course, &state->course))
		return krait__why_memory(&session->why);
	if (session->model == state->model)
		status = session->model->engine->slot_copy(session->slot, state->slot, &session->why);
	else
		status = move_slot(session, state);
	if (status != KRAIT_OK) {
		krait__course_free(&course);
		return status;
	}
	krait__course_free(&session->course);
	session->course = course;
	krait__history_start(&session->history, (uint64_t)session->rewind, course.position, session->model->plan.width);
	krait__buffer_clear(&session->piece);
	session->logits_fresh = false;
	session->n_kept = 0;
	return KRAIT_OK;
}

krait_status krait_session_restore(krait_session *session, const krait_state *state)
{
	krait_status status = krait__session_enter(session);

	return status == KRAIT_OK ? krait__session_leave(session, restore(session, state)) : status;
}

/* ---- written form -------------------------------------------------------------------- */

static bool usable(const krait_state *state)
{
	return state && state->slot;
}

size_t krait_state_size(const krait_state *state)
{
	return usable(state) ? krait__state_measure(state) : 0;
}

krait_status krait_state_write(krait_state *state, void *out, size_t n_out)
{
	size_t size = krait_state_size(state);

	if (!usable(state))
		return KRAIT_ERROR_ARGUMENT;
	krait__why_clear(&state->why);
	if (krait__model_forked(state->model))
		return KRAIT_ERROR_FORKED;
	if (!out && n_out == 0)
		return KRAIT_OK;
	if (!out || n_out < size)
		return krait__why(&state->why, KRAIT_ERROR_SPACE, "'out' holds %zu bytes: %zu are needed", n_out, size);
	return krait__state_encode(state, out, size, &state->why);
}

krait_status krait_state_save(krait_state *state, const char *path)
{
	struct file_part part = { NULL, krait_state_size(state) };
	unsigned char *data;
	krait_status status;

	if (!usable(state) || !path)
		return KRAIT_ERROR_ARGUMENT;
	krait__why_clear(&state->why);
	if (krait__model_forked(state->model))
		return KRAIT_ERROR_FORKED;
	part.data = data = krait__alloc(part.size, 1);
	status = data ? krait__state_encode(state, data, part.size, &state->why) : krait__why_memory(&state->why);
	if (status == KRAIT_OK)
		status = krait__file_replace(path, &part, 1, &state->why);
	krait__free(data);
	return status;
}

static krait_status begin_read(krait_state **out, krait_model *model)
{
	krait_status status;

	if (!out)
		return KRAIT_ERROR_ARGUMENT;
	*out = NULL;
	if (!model || !model->emodel)
		return KRAIT_ERROR_ARGUMENT;
	if (krait__model_forked(model))
		return KRAIT_ERROR_FORKED;
	*out = blank(model, &status, NULL);
	return status;
}

/* What failed to load is good for its text only. */
static void spoil(krait_state *state)
{
	state->model->engine->slot_free(state->slot);
	state->slot = NULL;
	krait__course_free(&state->course);
	state->course = (struct course){ 0 };
}

krait_status krait_state_read(krait_state **out, krait_model *model, const void *data, size_t n_data)
{
	krait_status status = begin_read(out, model);

	if (status != KRAIT_OK)
		return status;
	status = data || n_data == 0 ? krait__state_decode(*out, data, n_data, &(*out)->why) :
		krait__why(&(*out)->why, KRAIT_ERROR_ARGUMENT, "'data' is NULL");
	if (status != KRAIT_OK)
		spoil(*out);
	return status;
}

krait_status krait_state_load(krait_state **out, krait_model *model, const char *path)
{
	struct file_view view;
	struct quoted quoted;
	krait_status status = begin_read(out, model);

	if (status != KRAIT_OK)
		return status;
	if (!path) {
		status = krait__why(&(*out)->why, KRAIT_ERROR_ARGUMENT, "'path' is NULL");
	} else {
		status = krait__file_view(&view, path, false, 0, &(*out)->why);
		if (status == KRAIT_OK) {
			status = krait__state_decode(*out, view.data, view.size, &(*out)->why);
			krait__file_close(&view);
			if (status != KRAIT_OK)
				krait__why_prefix(&(*out)->why, krait__quote(&quoted, path, SIZE_MAX));
		}
	}
	if (status != KRAIT_OK)
		spoil(*out);
	return status;
}

krait_status krait_state_note(const krait_state *state, void *out, size_t n_out, size_t *n_note)
{
	if (n_note)
		*n_note = 0;
	if (!usable(state) || !n_note || (n_out && !out))
		return KRAIT_ERROR_ARGUMENT;
	*n_note = state->course.note.size;
	if (!out)
		return KRAIT_OK;
	if (n_out < *n_note)
		return KRAIT_ERROR_SPACE;
	if (*n_note)
		memcpy(out, state->course.note.data, *n_note);
	return KRAIT_OK;
}

uint64_t krait_state_position(const krait_state *state)
{
	return state ? state->course.position : 0;
}
