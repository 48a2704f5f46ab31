/* SPDX-License-Identifier: Apache-2.0 */
/* conversation.c - messages, and the session that reads them and answers. What has to be read is the library's affair:
 * whatever becomes of the messages, it goes back and reads what is new. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "conversation.h"

#include "interrupt.h"
#include "progress.h"
#include "say.h"
#include "terminal.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How far /undo and /regen go back without reading all anew. */
#define REACH 16384

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

static bool chat_open(struct conversation *conversation, const struct setup *setup)
{
	krait_chat **chat = &conversation->chat;
	krait_status status = krait_chat_new(chat, setup->model);

	if (status == KRAIT_OK && setup->template)
		status = krait_chat_set_template(*chat, setup->template);
	if (status != KRAIT_OK)
		say_failure("%s", krait_chat_error(*chat));
	return status == KRAIT_OK;
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
	/* The end of an answer is the chat's to say, whatever the model's generation_config does. */
	if (krait_session_set_int(conversation->session, KRAIT_REWIND_TOKENS, REACH) != KRAIT_OK
		|| krait_session_set_int(conversation->session, KRAIT_MAX_NEW_TOKENS, 0) != KRAIT_OK) {
		say_failure("%s", krait_session_error(conversation->session));
		conversation_free(conversation);
		return NULL;
	}
	if (!chat_open(conversation, setup) || !sampling_apply(&setup->sampling, conversation->session)) {
		conversation_free(conversation);
		return NULL;
	}
	return conversation;
}

void conversation_free(struct conversation *conversation)
{
	if (!conversation)
		return;
	krait_chat_free(conversation->chat);
	krait_session_free(conversation->session);
	json_decref(conversation->messages);
	free(conversation);
}

struct conversation *conversation_fork(struct conversation *from, const struct setup *setup, const char *name)
{
	struct conversation *fork = calloc(1, sizeof *fork);
	krait_status status;

	if (!fork) {
		say_failure("out of memory");
		return NULL;
	}
	snprintf(fork->name, sizeof fork->name, "%s", name);
	do
		status = krait_session_fork(&fork->session, from->session);
	while (status == KRAIT_CANCELLED);
	fork->messages = status == KRAIT_OK ? json_deep_copy(from->messages) : NULL;
	if (!fork->messages)
		say_failure("%s", status == KRAIT_OK ? "out of memory" : krait_session_error(from->session));
	if (!fork->messages || !chat_open(fork, setup)) {
		conversation_free(fork);
		return NULL;
	}
	return fork;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Gives the chat the messages. False after saying why not. */
static bool give_messages(const struct conversation *conversation)
{
	const json_t *message;
	size_t i;

	krait_chat_clear(conversation->chat);
	json_array_foreach(conversation->messages, i, message) {
		char *text = json_dumps(message, JSON_COMPACT);
		bool good = text && krait_chat_add_json(conversation->chat, text, strlen(text)) == KRAIT_OK;

		if (!good)
			say_failure("%s", text ? krait_chat_error(conversation->chat) : "out of memory");
		free(text);
		if (!good)
			return false;
	}
	return true;
}

/* Makes the session have read the messages and the prompt for an answer. -1, or an exit status. */
static int read_messages(const struct conversation *conversation)
{
	krait_status status = KRAIT_CANCELLED;
	double begun = stream_now();

	if (!give_messages(conversation))
		return STATUS_FAILED;
	progress_begin("reading the text");
	/* A Ctrl-C that the last turn already answered may still cancel this call. */
	while (status == KRAIT_CANCELLED && !interrupt_seen())
		status = krait_chat_feed(conversation->chat, conversation->session);
	progress_end();
	if (status == KRAIT_CANCELLED)
		return STATUS_INTERRUPTED;
	if (status != KRAIT_OK)
		return say_failure("%s", krait_chat_error(conversation->chat));
	stream_count_read((size_t)krait_session_position(conversation->session) - krait_chat_reused(conversation->chat),
		stream_now() - begun);
	return -1;
}

/* ---- answering ------------------------------------------------------------------------------- */

static void end_answer(const struct setup *setup, const struct tool_stream *stream)
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
	json_object_set_new(line, "content",
		json_stringn(stream->whole->data ? stream->whole->data : "", stream->whole->n));
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

/* Whether the template takes the messages as they are. */
static bool is_renderable(const struct conversation *conversation)
{
	return give_messages(conversation) && krait_chat_render(conversation->chat, 0, NULL, 0, NULL) == KRAIT_OK;
}

/* Adds what was answered. There are templates that refuse a message without text: then the question goes, too, for two
 * questions in a row would be refused as well. */
static bool add_answer(struct conversation *conversation, const struct text *whole)
{
	size_t n = json_array_size(conversation->messages);

	if (!add_message(conversation->messages, "assistant", whole->data ? whole->data : "", whole->n))
		return false;
	if (whole->n || is_renderable(conversation))
		return true;
	shorten(conversation->messages, n - 1);
	say_note("the answer is empty, which the template does not take: the question is taken back");
	return true;
}

/* -1 or STATUS_INTERRUPTED: there is an answer; STATUS_FAILED: there is none. */
static int answer(struct conversation *conversation, const struct setup *setup)
{
	struct text whole = { 0 };
	struct tool_stream stream = {
		.session = conversation->session, .limit = setup->n_tokens,
		.json = setup->json, .raw = setup->raw, .whole = &whole,
	};
	int status = stream_run(&stream);

	if (status < 0 || status == STATUS_INTERRUPTED) {
		end_answer(setup, &stream);
		if (!add_answer(conversation, &whole))
			status = STATUS_FAILED;
	}
	text_free(&whole);
	return status;
}

int conversation_ask(struct conversation *conversation, const struct setup *setup, const char *question)
{
	size_t n = json_array_size(conversation->messages);
	int status;

	if (!add_message(conversation->messages, "user", question, strlen(question)))
		return STATUS_FAILED;
	status = read_messages(conversation);
	/* Without a question that was read whole there was no turn. */
	if (status >= 0) {
		shorten(conversation->messages, n);
		return status;
	}
	status = answer(conversation, setup);
	if (status == STATUS_FAILED)
		shorten(conversation->messages, n);
	return status;
}

/* ---- taking back ------------------------------------------------------------------------------- */

static bool has_role(const struct conversation *conversation, size_t i, const char *role)
{
	const char *text = json_string_value(json_object_get(json_array_get(conversation->messages, i), "role"));

	return text && !strcmp(text, role);
}

/* Where the last question stands; the number of messages when there is none. */
static size_t last_question(const struct conversation *conversation)
{
	size_t n = json_array_size(conversation->messages);

	for (size_t i = n; i-- > 0;)
		if (has_role(conversation, i, "user"))
			return i;
	return n;
}

int conversation_again(struct conversation *conversation, struct setup *setup)
{
	size_t n = json_array_size(conversation->messages), question = last_question(conversation);
	struct option_value *seed = &setup->sampling.values[SAMPLING_SEED];
	json_t *before = question < n ? json_copy(conversation->messages) : NULL;
	int status;

	if (!before)
		return say_failure("nothing to regenerate yet");
	/* The same seed at the same place would give the same answer. */
	seed->whole = seed->whole < INT64_MAX ? seed->whole + 1 : 0;
	shorten(conversation->messages, question + 1);
	status = sampling_apply(&setup->sampling, conversation->session) ? read_messages(conversation) : STATUS_FAILED;
	if (status < 0)
		status = answer(conversation, setup);
	if (status == STATUS_FAILED || json_array_size(conversation->messages) == question + 1) {
		json_decref(conversation->messages);
		conversation->messages = before;
		return status;
	}
	json_decref(before);
	return status;
}

bool conversation_undo(struct conversation *conversation)
{
	size_t n = json_array_size(conversation->messages), question = last_question(conversation);

	if (question == n) {
		say_failure("there is nothing to take back");
		return false;
	}
	shorten(conversation->messages, question);
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
		if (i || !has_role(conversation, 0, "system"))
			json_array_append(messages, message);
	json_decref(conversation->messages);
	conversation->messages = messages;
	return true;
}
