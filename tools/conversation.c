/* SPDX-License-Identifier: Apache-2.0 */
/* conversation.c - messages, the session that has read them, and the way back. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "conversation.h"

#include "closing.h"
#include "say.h"
#include "terminal.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct mark *mark_take(krait_session *session)
{
	struct mark *mark = calloc(1, sizeof *mark);

	if (!mark) {
		say_failure("out of memory");
		return NULL;
	}
	mark->n_owners = 1;
	if (krait_session_position(session) && !stream_snapshot(&mark->state, session)) {
		free(mark);
		return NULL;
	}
	return mark;
}

static void mark_drop(struct mark *mark)
{
	if (!mark || --mark->n_owners)
		return;
	krait_state_free(mark->state);
	free(mark);
}

static bool mark_return(const struct mark *mark, const struct setup *setup, krait_session *session)
{
	krait_status status;

	do
		status = mark->state ? krait_session_restore(session, mark->state) : krait_session_reset(session);
	while (status == KRAIT_CANCELLED);
	if (status != KRAIT_OK)
		say_failure("%s", krait_session_error(session));
	/* A snapshot brings the settings of its time; those of the chat are newer. */
	return status == KRAIT_OK && sampling_apply(&setup->sampling, session);
}

static void turn_drop(struct turn *turn)
{
	mark_drop(turn->before);
	mark_drop(turn->asked);
}

void conversation_forget(struct conversation *conversation)
{
	for (size_t i = 0; i < conversation->n_turns; i++)
		turn_drop(&conversation->turns[i]);
	conversation->n_turns = 0;
}

static void turns_add(struct conversation *conversation, const struct turn *turn)
{
	if (conversation->n_turns == CONVERSATION_TURNS) {
		turn_drop(&conversation->turns[0]);
		memmove(conversation->turns, conversation->turns + 1, (CONVERSATION_TURNS - 1) * sizeof *turn);
		conversation->n_turns--;
	}
	conversation->turns[conversation->n_turns++] = *turn;
}

static void shorten(json_t *messages, size_t n)
{
	while (json_array_size(messages) > n)
		json_array_remove(messages, json_array_size(messages) - 1);
}

static bool add_message(json_t *messages, const char *role, const char *content, size_t n_content)
{
	json_t *text = json_stringn(content, n_content);
	json_t *message = text ? json_pack("{s:s, s:o}", "role", role, "content", text) : NULL;

	if (message && json_array_append_new(messages, message) == 0)
		return true;
	say_failure("the message is not valid UTF-8");
	return false;
}

struct conversation *conversation_new(const struct setup *setup, const char *name)
{
	struct conversation *conversation = calloc(1, sizeof *conversation);

	if (!conversation || !(conversation->messages = json_array())) {
		free(conversation);
		say_failure("out of memory");
		return NULL;
	}
	snprintf(conversation->name, sizeof conversation->name, "%s", name);
	if (krait_session_new(&conversation->session, setup->model) != KRAIT_OK) {
		say_failure("%s", krait_session_error(conversation->session));
		conversation_free(conversation);
		return NULL;
	}
	if (!sampling_apply(&setup->sampling, conversation->session) || !closing_stops(setup, conversation->session)) {
		conversation_free(conversation);
		return NULL;
	}
	return conversation;
}

void conversation_free(struct conversation *conversation)
{
	if (!conversation)
		return;
	conversation_forget(conversation);
	krait_session_free(conversation->session);
	json_decref(conversation->messages);
	free(conversation);
}

struct conversation *conversation_fork(struct conversation *from, const char *name)
{
	struct conversation *fork = malloc(sizeof *fork);
	krait_status status;

	if (!fork) {
		say_failure("out of memory");
		return NULL;
	}
	*fork = *from;
	snprintf(fork->name, sizeof fork->name, "%s", name);
	do
		status = krait_session_fork(&fork->session, from->session);
	while (status == KRAIT_CANCELLED);
	fork->messages = status == KRAIT_OK ? json_deep_copy(from->messages) : NULL;
	if (!fork->messages) {
		say_failure("%s", status == KRAIT_OK ? "out of memory" : krait_session_error(from->session));
		krait_session_free(fork->session);
		free(fork);
		return NULL;
	}
	for (size_t i = 0; i < fork->n_turns; i++) {
		fork->turns[i].before->n_owners++;
		fork->turns[i].asked->n_owners++;
	}
	return fork;
}

/* What the session has yet to read of the messages, with the prompt for an answer. *anew:
 * that is all of it, from an empty session. NULL after saying why. */
static krait_token *unread(const struct conversation *conversation, const struct setup *setup, size_t *n_unread, bool *anew)
{
	size_t n_messages = json_array_size(conversation->messages), n_whole, n_closed = 0;
	size_t n_closing = conversation->open ? setup->n_closing : 0;
	krait_token *whole = closing_encode(setup->chat, conversation->messages, n_messages, true, &n_whole);
	krait_token *closed = NULL, *out = NULL;

	*anew = conversation->stale || krait_session_position(conversation->session) == 0;
	if (whole && !*anew) {
		closed = closing_encode(setup->chat, conversation->messages, n_messages - 1, false, &n_closed);
		/* A template that writes old messages otherwise than new ones is read anew. */
		*anew = !closed || !closing_begins(whole, n_whole, closed, n_closed) || n_closed < n_closing
			|| !closing_begins(closed + n_closed - n_closing, n_closing, setup->closing, n_closing);
	}
	if (whole && *anew)
		n_closed = n_closing = 0;
	if (whole && (out = malloc((n_closing + n_whole - n_closed + 1) * sizeof *out))) {
		if (n_closing)
			memcpy(out, setup->closing, n_closing * sizeof *out);
		memcpy(out + n_closing, whole + n_closed, (n_whole - n_closed) * sizeof *out);
		*n_unread = n_closing + n_whole - n_closed;
	}
	free(whole);
	free(closed);
	return out;
}

static int read_question(struct conversation *conversation, const struct setup *setup)
{
	size_t n_tokens = 0;
	bool anew;
	krait_token *tokens = unread(conversation, setup, &n_tokens, &anew);
	int status;

	if (!tokens)
		return STATUS_FAILED;
	if (anew)
		krait_session_reset(conversation->session);
	status = stream_feed(conversation->session, tokens, n_tokens);
	free(tokens);
	return status;
}

static void end_answer(const struct setup *setup, const struct stream *stream)
{
	json_t *line;
	char *text;

	if (!setup->json) {
		if (!terminal_ends_line() || !stream->whole->n)
			terminal_write("\n", 1, false);
		return;
	}
	line = json_object();
	json_object_set_new(line, "done", json_true());
	json_object_set_new(line, "reason", json_string(stream->reason));
	json_object_set_new(line, "role", json_string("assistant"));
	json_object_set_new(line, "content", json_stringn(stream->whole->data ? stream->whole->data : "", stream->whole->n));
	json_object_set_new(line, "n_tokens", json_integer(stream->n_tokens));
	json_object_set_new(line, "position", json_integer((json_int_t)krait_session_position(stream->session)));
	json_object_set_new(line, "seconds", json_real(stream->seconds));
	text = json_dumps(line, JSON_COMPACT);
	if (text)
		output_format("%s\n", text);
	output_flush();
	free(text);
	json_decref(line);
}

/* -1 or STATUS_INTERRUPTED: there is an answer; STATUS_FAILED: there is none. */
static int answer(struct conversation *conversation, const struct setup *setup)
{
	struct text whole = { 0 };
	struct stream stream = {
		.session = conversation->session, .limit = setup->n_tokens,
		.json = setup->json, .raw = setup->raw, .whole = &whole,
	};
	int status = stream_run(&stream);

	if (status < 0 || status == STATUS_INTERRUPTED) {
		end_answer(setup, &stream);
		if (!add_message(conversation->messages, "assistant", whole.data ? whole.data : "", whole.n))
			status = STATUS_FAILED;
		conversation->open = true;
	}
	text_free(&whole);
	return status;
}

static void take_back(struct conversation *conversation, const struct setup *setup, const struct turn *turn, bool stale)
{
	mark_return(turn->before, setup, conversation->session);
	shorten(conversation->messages, turn->n_messages);
	conversation->open = turn->open;
	conversation->stale = stale;
}

int conversation_ask(struct conversation *conversation, const struct setup *setup, const char *question)
{
	struct turn turn = { .n_messages = json_array_size(conversation->messages), .open = conversation->open };
	bool stale = conversation->stale;
	int status;

	if (!add_message(conversation->messages, "user", question, strlen(question)))
		return STATUS_FAILED;
	turn.before = mark_take(conversation->session);
	if (!turn.before) {
		shorten(conversation->messages, turn.n_messages);
		return STATUS_FAILED;
	}
	status = read_question(conversation, setup);
	if (status < 0 && !(turn.asked = mark_take(conversation->session)))
		status = STATUS_FAILED;
	if (status < 0) {
		conversation->open = conversation->stale = false;
		status = answer(conversation, setup);
	}
	/* Without a question that was read whole, or an answer, there was no turn. */
	if (!turn.asked || status == STATUS_FAILED) {
		take_back(conversation, setup, &turn, stale);
		turn_drop(&turn);
		return status;
	}
	/* Behind a re-reading nothing from before it can be gone back to. */
	if (stale)
		conversation_forget(conversation);
	turns_add(conversation, &turn);
	return status;
}

int conversation_again(struct conversation *conversation, struct setup *setup)
{
	struct turn *turn = conversation->n_turns ? &conversation->turns[conversation->n_turns - 1] : NULL;
	struct option_value *seed = &setup->sampling.values[SAMPLING_SEED];

	if (!turn || conversation->stale)
		return say_failure("there is no answer to give anew");
	/* The same seed at the same place would give the same answer. */
	seed->whole = seed->whole < INT64_MAX ? seed->whole + 1 : 0;
	if (!mark_return(turn->asked, setup, conversation->session))
		return STATUS_FAILED;
	shorten(conversation->messages, turn->n_messages + 1);
	return answer(conversation, setup);
}

bool conversation_undo(struct conversation *conversation, const struct setup *setup)
{
	struct turn *turn = conversation->n_turns ? &conversation->turns[conversation->n_turns - 1] : NULL;

	if (!turn) {
		say_failure(json_array_size(conversation->messages) ? "what came before cannot be taken back" : "there is nothing to take back");
		return false;
	}
	if (!mark_return(turn->before, setup, conversation->session))
		return false;
	shorten(conversation->messages, turn->n_messages);
	conversation->open = turn->open;
	turn_drop(turn);
	conversation->n_turns--;
	return true;
}

bool conversation_system(struct conversation *conversation, const char *text)
{
	json_t *messages = json_array();
	size_t i;
	json_t *message;

	if (*text && !add_message(messages, "system", text, strlen(text))) {
		json_decref(messages);
		return false;
	}
	json_array_foreach(conversation->messages, i, message)
		if (i || strcmp(json_string_value(json_object_get(message, "role")), "system"))
			json_array_append(messages, message);
	json_decref(conversation->messages);
	conversation->messages = messages;
	conversation->stale = true;
	conversation_forget(conversation);
	return true;
}
