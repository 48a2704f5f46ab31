/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chat_feed.c - krait_chat_feed: a conversation that grows, fed to a session piece by piece.
 *
 * After a feed the session generates an answer, which is then in its state already. The
 * answer comes back as an assistant's message; what is new in the next rendering is what
 * follows the old rendering, and it begins with the answer. Only what follows that is fed.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "api/chat.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "session/advance.h"
#include "session/back.h"

#include <string.h>

#define N_COMPARED 16u  /* fed tokens that are looked for in the session, to see that it is the same one */

/* The last n tokens, oldest first, or as many as are known. */
static size_t recent(const struct session_history *history, krait_token *out, size_t n)
{
	if (n > history->n)
		n = history->n;
	if (n)
		memcpy(out, history->tokens + history->n - n, n * sizeof(*out));
	return n;
}

/* What a session has read since the last feed, as bytes. */
static krait_status read_since(krait_chat *chat, const krait_session *session, uint64_t position, struct buffer *out)
{
	const struct chat_fed *fed = &chat->fed;
	size_t n_known = fed->n_done < N_COMPARED ? fed->n_done : N_COMPARED, n_new = (size_t)(position - fed->position), n_bytes;
	krait_token *tokens = krait__alloc(n_new + n_known, sizeof(*tokens));
	krait_status status = KRAIT_OK;
	size_t n;

	if (!tokens)
		return krait__why_memory(&chat->why);
	n = recent(&session->history, tokens, n_new + n_known);
	if (n < n_new)
		status = krait__why(&chat->why, KRAIT_ERROR_MISMATCH, "of the %zu tokens that the session read since the last feed it remembers %zu: it is another one, or it was restored; clear the chat and reset the session", n_new, n);
	else if (n > n_new && memcmp(tokens, fed->tokens.ids + fed->n_done - (n - n_new), (n - n_new) * sizeof(*tokens)) != 0)
		status = krait__why(&chat->why, KRAIT_ERROR_MISMATCH, "the session does not hold what this chat fed last: it is another one, or it was moved");
	for (size_t i = n - n_new; status == KRAIT_OK && i < n; i++) {
		const char *bytes = tokens[i] < 0 ? NULL : krait__tokenizer_bytes(chat->model->tokenizer, tokens[i], &n_bytes);

		if (bytes && !krait__buffer_add(out, bytes, n_bytes))
			status = krait__why_memory(&chat->why);
	}
	krait__free(tokens);
	return status;
}

/* An answer that was stopped inside a character has bytes at its end that no message holds. */
static size_t whole_characters(const struct buffer *text)
{
	size_t at = 0;

	while (at < text->size) {
		uint32_t c;
		bool cut = false;
		size_t n = krait__utf8_take(&c, text->data + at, text->size - at);

		if (!n)
			n = krait__utf8_bad(text->data + at, text->size - at, &cut);
		if (cut)
			return at;
		at += n;
	}
	return at;
}

/* How much of the rendering is in the session. */
static krait_status find_start(krait_chat *chat, const krait_session *session, uint64_t position, const struct chat_rendering *rendering, size_t *start)
{
	struct buffer answer = { 0 };
	size_t n_answer;
	krait_status status;

	*start = 0;
	if (!chat->fed.text || position == 0)
		return KRAIT_OK;
	if (position < chat->fed.position)
		return krait__why(&chat->why, KRAIT_ERROR_MISMATCH, "the session was moved back to before what this chat fed last; clear the chat or reset the session");
	if (rendering->text.size < chat->fed.n_text || memcmp(rendering->text.data, chat->fed.text, chat->fed.n_text) != 0)
		return krait__why(&chat->why, KRAIT_ERROR_MISMATCH, "the conversation does not continue what was fed last; clear the chat and feed a new session");
	status = read_since(chat, session, position, &answer);
	n_answer = whole_characters(&answer);
	if (status == KRAIT_OK && n_answer && chat->fed.n_done < chat->fed.tokens.size)
		status = krait__why(&chat->why, KRAIT_ERROR_MISMATCH, "the last feed was cancelled and the session went on without the rest of it");
	if (status == KRAIT_OK && (n_answer > rendering->text.size - chat->fed.n_text
			|| (n_answer && memcmp(rendering->text.data + chat->fed.n_text, answer.data, n_answer) != 0)))
		status = krait__why(&chat->why, KRAIT_ERROR_MISMATCH, "the conversation does not continue with what the session generated: add the answer as it was generated");
	krait__buffer_free(&answer);
	*start = chat->fed.n_text + n_answer;
	return status;
}

/* The tokens from `start` on; `rendering`'s spans are cut down to it. */
static krait_status encode_from(krait_chat *chat, struct chat_rendering *rendering, size_t start, struct token_list *out)
{
	struct text_span *span = rendering->spans;
	size_t skip = start;

	while (skip && skip >= span->n_text)
		skip -= span++->n_text;
	if (skip)
		span->n_text -= skip;
	return krait__tokenizer_append_spans(chat->model->tokenizer, out, rendering->text.data + start, span,
		rendering->n_spans - (size_t)(span - rendering->spans), &chat->why);
}

/* What a cancelled feed left over comes first. */
static krait_status new_tokens(krait_chat *chat, struct chat_rendering *rendering, size_t start, struct token_list *out)
{
	const struct token_list *last = &chat->fed.tokens;
	size_t n = start && chat->fed.n_done < last->size ? last->size - chat->fed.n_done : 0;

	if (n) {
		out->ids = krait__alloc(n, sizeof(*out->ids));
		if (!out->ids)
			return krait__why_memory(&chat->why);
		memcpy(out->ids, last->ids + chat->fed.n_done, n * sizeof(*out->ids));
		out->size = out->room = n;
	}
	return start < rendering->text.size ? encode_from(chat, rendering, start, out) : KRAIT_OK;
}

/* Goes on from where the session is, or makes it have read all of it. */
static krait_status read_tokens(krait_session *session, const struct token_list *tokens, bool goes_on)
{
	struct session_entry entry = { .session = session, .tokens = tokens->ids, .n = tokens->size };
	size_t n_reused;
	krait_status status;

	if (!goes_on)
		return krait__back_feed_to(session, tokens->ids, tokens->size, 0, &n_reused);
	status = krait__advance_one(&entry);
	return status == KRAIT_OK ? entry.status : status;
}

/* Everything is ready before the first token moves. */
static krait_status feed(krait_chat *chat, krait_session *session, struct chat_rendering *rendering, struct token_list *tokens, bool goes_on)
{
	uint64_t position = goes_on ? session->now.course.position : 0, after;
	char *text = krait__copy_bytes(rendering->text.data, rendering->text.size);
	krait_status status;

	if (!text)
		return krait__why_memory(&chat->why);
	status = read_tokens(session, tokens, goes_on);
	if (status < 0) {
		krait__why(&chat->why, status, "%s", session->why.text);
		krait__free(text);
		return status;
	}
	after = session->now.course.position;
	krait__chat_forget(chat);
	chat->fed = (struct chat_fed){ text, rendering->text.size, *tokens, (size_t)(after - position), after };
	*tokens = (struct token_list){ 0 };
	return status;
}

static krait_status feed_rendering(krait_chat *chat, krait_session *session, struct chat_rendering *rendering)
{
	struct token_list tokens = { 0 };
	uint64_t position = session->now.course.position;
	size_t start = 0;
	bool goes_on = chat->fed.text && position && find_start(chat, session, position, rendering, &start) == KRAIT_OK;
	krait_status status;

	if (!goes_on)
		start = 0;
	krait__why_clear(&chat->why);
	status = new_tokens(chat, rendering, start, &tokens);
	if (status == KRAIT_OK)
		status = krait__session_check_tokens(chat->model, tokens.ids, tokens.size, &chat->why);
	if (status == KRAIT_OK)
		status = feed(chat, session, rendering, &tokens, goes_on);
	krait__token_list_free(&tokens);
	return status;
}

krait_status krait_chat_feed(krait_chat *chat, krait_session *session)
{
	struct chat_rendering rendering = { 0 };
	krait_status status;

	if (!chat || !chat->messages || !chat->variables || !session)
		return KRAIT_ERROR_ARGUMENT;
	if (krait__chat_forked(chat))
		return KRAIT_ERROR_FORKED;
	krait__chat_begin(chat);
	status = krait__chat_need_tokenizer(chat);
	if (status == KRAIT_OK && session->model != chat->model)
		status = krait__why(&chat->why, KRAIT_ERROR_MISMATCH, "the session belongs to another model than the chat");
	if (status == KRAIT_OK)
		status = krait__chat_render(chat, true, &rendering);
	if (status == KRAIT_OK)
		status = krait__session_enter_work(session, false);
	if (status == KRAIT_OK)
		status = krait__session_leave(session, feed_rendering(chat, session, &rendering));
	krait__chat_rendering_free(&rendering);
	return status;
}
