/* SPDX-License-Identifier: Apache-2.0 */
/* closing.c - messages to tokens, and how a template closes an answer. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "closing.h"

#include "say.h"

#include <stdlib.h>
#include <string.h>

static bool add_message(krait_chat *chat, const json_t *message)
{
	char *text = json_dumps(message, JSON_COMPACT);
	bool good = text && krait_chat_add_json(chat, text, strlen(text)) == KRAIT_OK;

	if (!good)
		say_failure("%s", text ? krait_chat_error(chat) : "out of memory");
	free(text);
	return good;
}

krait_token *closing_encode(krait_chat *chat, const json_t *messages, size_t n_messages, bool generate, size_t *n_tokens)
{
	krait_token *tokens = NULL;
	krait_status status;

	*n_tokens = 0;
	krait_chat_clear(chat);
	for (size_t i = 0; i < n_messages; i++)
		if (!add_message(chat, json_array_get(messages, i)))
			return NULL;
	status = krait_chat_encode(chat, generate, NULL, 0, n_tokens);
	if (status == KRAIT_OK && (tokens = malloc((*n_tokens + 1) * sizeof *tokens)))
		status = krait_chat_encode(chat, generate, tokens, *n_tokens, n_tokens);
	if (status == KRAIT_OK && tokens)
		return tokens;
	say_failure("%s", status == KRAIT_OK ? "out of memory" : krait_chat_error(chat));
	free(tokens);
	return NULL;
}

bool closing_begins(const krait_token *whole, size_t n_whole, const krait_token *part, size_t n_part)
{
	return n_part <= n_whole && (!n_part || !memcmp(whole, part, n_part * sizeof *part));
}

bool setup_template(struct setup *setup)
{
	json_t *probe = json_pack("[{s:s, s:s}, {s:s, s:s}]", "role", "user", "content", "x", "role", "assistant", "content", "");
	size_t n_asked, n_answered;
	krait_token *asked = closing_encode(setup->chat, probe, 1, true, &n_asked);
	krait_token *answered = asked ? closing_encode(setup->chat, probe, 2, false, &n_answered) : NULL;

	if (answered && closing_begins(answered, n_answered, asked, n_asked)) {
		setup->n_closing = n_answered - n_asked;
		memmove(answered, answered + n_asked, setup->n_closing * sizeof *answered);
		setup->closing = answered;
	} else {
		free(answered);
	}
	free(asked);
	json_decref(probe);
	return answered != NULL;
}

/* The text of tokens, zero-terminated; *special: none of it is left without special tokens. */
static char *closing_text(const krait_tokenizer *tokenizer, const krait_token *tokens, size_t n_tokens, bool *special)
{
	size_t n_text, n_plain;
	char *text;

	krait_tokenizer_decode(tokenizer, tokens, n_tokens, 0, NULL, 0, &n_text);
	krait_tokenizer_decode(tokenizer, tokens, n_tokens, KRAIT_SKIP_SPECIAL, NULL, 0, &n_plain);
	*special = n_text && !n_plain;
	text = calloc(1, n_text + 1);
	if (text)
		krait_tokenizer_decode(tokenizer, tokens, n_tokens, 0, text, n_text, &n_text);
	return text;
}

bool closing_stops(const struct setup *setup, krait_session *session)
{
	const krait_tokenizer *tokenizer = krait_model_tokenizer(setup->model);
	krait_status status = KRAIT_OK;
	bool special;
	char *text;

	if (!setup->n_closing || !tokenizer)
		return true;
	text = closing_text(tokenizer, setup->closing, 1, &special);
	if (!special) {
		free(text);
		text = closing_text(tokenizer, setup->closing, setup->n_closing, &special);
		special = false;
	}
	if (special)
		status = krait_session_add_stop(session, setup->closing[0]);
	else if (text && strcspn(text, "\n"))
		status = krait_session_add_stop_text(session, text, strcspn(text, "\n"));
	free(text);
	if (status != KRAIT_OK)
		say_failure("%s", krait_session_error(session));
	return status == KRAIT_OK;
}
