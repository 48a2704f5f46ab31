/* SPDX-License-Identifier: Apache-2.0 */
/* conversation_file.c - a conversation in a state file: the messages stand in its note. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "conversation.h"

#include "say.h"

#include <stdlib.h>
#include <string.h>

static bool write_note(struct conversation *conversation)
{
	json_t *note = json_pack("{s:i, s:O}", "krait_chat", 1, "messages", conversation->messages);
	char *text = json_dumps(note, JSON_COMPACT);
	bool good = text && krait_session_set_note(conversation->session, text, strlen(text)) == KRAIT_OK;

	if (!good)
		say_failure("%s", text ? krait_session_error(conversation->session) : "out of memory");
	free(text);
	json_decref(note);
	return good;
}

bool conversation_save(struct conversation *conversation, const char *path)
{
	krait_state *state = NULL;
	bool good;

	if (!write_note(conversation) || !stream_snapshot(&state, conversation->session))
		return false;
	good = krait_state_save(state, path) == KRAIT_OK;
	if (!good)
		say_failure("%s", krait_state_error(state));
	krait_state_free(state);
	return good;
}

static bool is_message(const json_t *message)
{
	return json_is_string(json_object_get(message, "role")) && json_is_string(json_object_get(message, "content"));
}

/* The note of a saved conversation; NULL after saying why it is none. */
static json_t *read_note(krait_state *state, const char *path)
{
	json_t *note = NULL, *message;
	size_t n = 0, i;
	bool good;
	char *text;

	krait_state_note(state, NULL, 0, &n);
	text = malloc(n + 1);
	if (text && n && krait_state_note(state, text, n, &n) == KRAIT_OK)
		note = json_loadb(text, n, JSON_ALLOW_NUL, NULL);
	free(text);
	good = json_is_integer(json_object_get(note, "krait_chat")) && json_is_array(json_object_get(note, "messages"));
	if (good)
		json_array_foreach(json_object_get(note, "messages"), i, message)
			good = good && is_message(message);
	if (good)
		return note;
	say_failure("%s: holds no conversation, only a state: 'krait run --load' goes on from it", path);
	json_decref(note);
	return NULL;
}

static bool load_state(struct conversation *conversation, struct setup *setup, krait_state *state, const char *path)
{
	json_t *note = read_note(state, path);
	krait_status status;

	if (!note)
		return false;
	do
		status = krait_session_restore(conversation->session, state);
	while (status == KRAIT_CANCELLED);
	if (status != KRAIT_OK) {
		say_failure("%s: %s", path, krait_session_error(conversation->session));
		json_decref(note);
		return false;
	}
	sampling_read(&setup->sampling, conversation->session);
	json_decref(conversation->messages);
	conversation->messages = json_incref(json_object_get(note, "messages"));
	json_decref(note);
	return true;
}

bool conversation_load(struct conversation *conversation, struct setup *setup, const char *path)
{
	krait_state *state;
	bool good;

	if (krait_state_load(&state, setup->model, path) != KRAIT_OK) {
		say_failure("%s", krait_state_error(state));
		krait_state_free(state);
		return false;
	}
	good = load_state(conversation, setup, state, path);
	krait_state_free(state);
	return good;
}
