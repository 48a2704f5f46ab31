/* SPDX-License-Identifier: Apache-2.0 */
/* closing.c - where a template closes an answer, and a session that stops there. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "chat/chat.h"

#include <string.h>

#define PROBE "an answer of krait's"

/* A question and an answer, rendered; UNSUPPORTED where the template does not take them. */
static krait_status render_probe(krait_chat *chat, struct chat_rendering *out)
{
	const struct json_pair user[] = { { "role", "user", 4 }, { "content", "x", 1 } };
	const struct json_pair answer[] = { { "role", "assistant", 9 }, { "content", PROBE, sizeof(PROBE) - 1 } };
	struct json_value *items[] = { krait__json_texts(user, 2), krait__json_texts(answer, 2) };
	const struct chat_messages messages = { items, 2 };
	krait_status status = KRAIT_ERROR_MEMORY;

	*out = (struct chat_rendering){ 0 };
	if (items[0] && items[1])
		status = krait__chat_render(chat, &messages, false, out);
	krait__json_free(items[0]);
	krait__json_free(items[1]);
	return status == KRAIT_ERROR_MEMORY ? krait__why_memory(&chat->why) : status;
}

/* The first special token of what follows the answer; without one, the text up to the end of its line. */
static krait_status take_closing(krait_chat *chat, const struct chat_rendering *rendering, size_t from)
{
	const char *text = rendering->text.data + from;
	size_t n = rendering->text.size - from;
	struct token_list tokens = { 0 };
	krait_status status = krait__chat_encode_part(chat->model->tokenizer, rendering, from, rendering->text.size,
		&tokens, &chat->why);
	const char *line = memchr(text, '\n', n);

	chat->closing.token = -1;
	krait__buffer_clear(&chat->closing.text);
	for (size_t i = 0; i < tokens.size && chat->closing.token < 0; i++)
		if (krait__tokenizer_is_special(chat->model->tokenizer, tokens.ids[i]))
			chat->closing.token = tokens.ids[i];
	krait__token_list_free(&tokens);
	if (status == KRAIT_OK && chat->closing.token < 0
		&& !krait__buffer_add(&chat->closing.text, text, line ? (size_t)(line - text) : n))
		status = krait__why_memory(&chat->why);
	return status;
}

static krait_status find_closing(krait_chat *chat)
{
	struct chat_rendering rendering;
	krait_status status = render_probe(chat, &rendering);
	size_t at;

	if (status == KRAIT_ERROR_MEMORY)
		return status;
	krait__chat_begin(chat);
	chat->closing.token = -1;
	krait__buffer_clear(&chat->closing.text);
	at = rendering.text.size;
	while (status == KRAIT_OK && at > 0 && (rendering.text.size - at < sizeof(PROBE) - 1
			|| memcmp(rendering.text.data + at, PROBE, sizeof(PROBE) - 1) != 0))
		at--;
	status = at > 0 ? take_closing(chat, &rendering, at + sizeof(PROBE) - 1) : KRAIT_OK;
	krait__chat_rendering_free(&rendering);
	chat->closing.known = status == KRAIT_OK;
	return status;
}

krait_status krait__chat_stop_at_closing(krait_chat *chat, krait_session *session)
{
	const struct chat_closing *closing = &chat->closing;
	krait_status status = closing->known ? KRAIT_OK : find_closing(chat);

	if (status != KRAIT_OK)
		return status;
	if (closing->token >= 0 && (size_t)closing->token < chat->model->plan.vocab)
		status = krait__session_add_stop(session, closing->token);
	else if (closing->token < 0 && closing->text.size)
		status = krait__session_add_stop_text(session, closing->text.data, closing->text.size);
	return status == KRAIT_OK ? status : krait__why(&chat->why, status, "%s", session->why.text);
}
