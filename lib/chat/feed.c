/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feed.c - a conversation and a session: what the session is to have read, and the feed that makes it so.
 *
 * The rendering is compared with what the session has read (the transcript). As far as they agree the tokens stay as
 * they are, answers as they were generated; the rest is encoded. The session then goes back to where the two sequences
 * of tokens part, as near as it can, and reads the rest: whatever of the past was changed, that is no error.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "chat/chat.h"
#include "session/back.h"

#include <string.h>

/* What a session is to have read. */
struct plan_to_read {
	struct chat_rendering rendering;
	struct chat_place same;         /* how much of it the transcript has */
	struct token_list tokens;       /* all of them */
	uint64_t mark;                  /* the place that a conversation comes back to */
	size_t n_asked;                 /* bytes before the generation prompt */
	bool rewrites;
};

static void plan_free(struct plan_to_read *plan)
{
	krait__chat_rendering_free(&plan->rendering);
	krait__token_list_free(&plan->tokens);
}

static size_t common_text(const struct buffer *a, const struct buffer *b)
{
	size_t n = 0;

	while (n < a->size && n < b->size && a->data[n] == b->data[n])
		n++;
	return n;
}

/* As many tokens as the first n bytes of the rendering have. */
static krait_status tokens_of(krait_chat *chat, const struct plan_to_read *plan, size_t n, uint64_t *out)
{
	size_t from = plan->same.n_text, first = plan->same.n_tokens, k = 0;
	struct token_list tokens = { 0 };
	krait_status status;

	if (n <= from) {
		*out = krait__transcript_match(&chat->read, chat->model->tokenizer, plan->rendering.text.data, n).n_tokens;
		return KRAIT_OK;
	}
	status = krait__chat_encode_part(chat->model->tokenizer, &plan->rendering, from, n, &tokens, &chat->why);
	while (k < tokens.size && first + k < plan->tokens.size && tokens.ids[k] == plan->tokens.ids[first + k])
		k++;
	*out = status == KRAIT_OK ? first + k : 0;
	krait__token_list_free(&tokens);
	return status;
}

/* How much text and how many tokens these messages have, as far as the plan begins with them; 0: nobody knows. */
static krait_status find_place(krait_chat *chat, const struct plan_to_read *plan, const struct chat_messages *messages,
	size_t *n_text, uint64_t *n_tokens)
{
	struct chat_rendering without;
	krait_status status = krait__chat_render(chat, messages, false, &without);

	*n_text = 0;
	*n_tokens = 0;
	if (status != KRAIT_OK) {
		krait__chat_begin(chat);
		return status == KRAIT_ERROR_MEMORY ? krait__why_memory(&chat->why) : KRAIT_OK;
	}
	*n_text = common_text(&plan->rendering.text, &without.text);
	krait__chat_rendering_free(&without);
	return tokens_of(chat, plan, *n_text, n_tokens);
}

/* Whether the template shows an answer otherwise when a question follows, as was seen when one did. */
static bool rewrites_answers(const krait_chat *chat, const struct plan_to_read *plan)
{
	size_t n = common_text(&plan->rendering.text, &chat->read.text);

	/* the question was changed, or is asked again: that says nothing of answers */
	if (chat->n_asked == 0 || n < chat->n_asked || n == plan->rendering.text.size)
		return chat->rewrites;
	return n < chat->read.text.size;
}

/* Where the one moment that a session keeps by default is worth most. Before the last question: so undoing, editing and
 * another answer read no more than the question. Before the generation prompt, where the question is longer than all
 * before it, where more moments are kept, and where each turn comes back for an answer that the template rewrites. */
static krait_status find_mark(krait_chat *chat, const krait_session *session, struct plan_to_read *plan)
{
	struct chat_messages before = { chat->messages.items, chat->messages.n ? chat->messages.n - 1 : 0 };
	uint64_t question = 0, prompt;
	size_t n_text;
	krait_status status;

	plan->rewrites = rewrites_answers(chat, plan);
	status = find_place(chat, plan, NULL, &plan->n_asked, &prompt);
	if (status == KRAIT_OK && before.n && session->kept.reach == 1 && !plan->rewrites)
		status = find_place(chat, plan, &before, &n_text, &question);
	plan->mark = question && prompt >= question && prompt - question <= question ? question : prompt;
	return status;
}

static krait_status make_plan(krait_chat *chat, struct plan_to_read *plan)
{
	const struct chat_transcript *read = &chat->read;
	const struct buffer *text = &plan->rendering.text;
	krait_status status;

	plan->same = krait__transcript_match(read, chat->model->tokenizer, text->data, text->size);
	if (plan->same.n_tokens) {
		plan->tokens.ids = krait__copy_bytes(read->tokens.ids, plan->same.n_tokens * sizeof(*read->tokens.ids));
		if (!plan->tokens.ids)
			return krait__why_memory(&chat->why);
		plan->tokens.size = plan->tokens.room = plan->same.n_tokens;
	}
	status = krait__chat_encode_part(chat->model->tokenizer, &plan->rendering, plan->same.n_text, text->size,
		&plan->tokens, &chat->why);
	if (status == KRAIT_OK)
		status = krait__session_check_tokens(chat->model, plan->tokens.ids, plan->tokens.size, &chat->why);
	return status;
}

/* What the session has read: the transcript followed by what it generated, or what it remembers itself. */
static krait_status look_at(krait_chat *chat, const krait_session *session, const struct chat_rendering *rendering,
	bool *known)
{
	krait__why_clear(&chat->why);
	if (!krait__transcript_follow(&chat->read, session, known))
		return krait__why_memory(&chat->why);
	if (!*known && !krait__transcript_adopt(&chat->read, session, rendering, known, &chat->why))
		return krait__why_memory(&chat->why);
	krait__why_clear(&chat->why);
	return KRAIT_OK;
}

static krait_status prepare(krait_chat *chat, krait_session *session, struct plan_to_read *plan)
{
	bool known;
	krait_status status = look_at(chat, session, &plan->rendering, &known);

	if (status == KRAIT_OK)
		status = make_plan(chat, plan);
	return status;
}

/* Without memory for it the transcript is forgotten: that costs the next feed some reading and nothing else. */
static void note_reading(krait_chat *chat, const struct plan_to_read *plan)
{
	struct chat_transcript *read = &chat->read;
	const struct buffer *text = &plan->rendering.text;
	size_t n_text = plan->same.n_text, n_tokens = plan->same.n_tokens;
	/* A template may render nothing, and a text may have no token. */
	const char *new_text = text->size > n_text ? text->data + n_text : "";
	const krait_token *new_tokens = plan->tokens.size > n_tokens ? plan->tokens.ids + n_tokens : NULL;

	if (!krait__transcript_cut(read, plan->same)
		|| !krait__transcript_add(read, NULL, new_text, text->size - n_text, new_tokens, plan->tokens.size - n_tokens))
		krait__transcript_free(read);
}

static krait_status read_plan(krait_chat *chat, krait_session *session, struct plan_to_read *plan)
{
	size_t n_reused;
	krait_status status = krait__chat_stop_at_closing(chat, session);

	if (status != KRAIT_OK)
		return status;
	status = krait__back_feed_to(session, plan->tokens.ids, plan->tokens.size, plan->mark, &n_reused);
	if (status < 0)
		return krait__why(&chat->why, status, "%s", session->why.text);
	chat->n_reused = n_reused;
	note_reading(chat, plan);
	chat->n_asked = plan->n_asked;
	chat->rewrites = plan->rewrites;
	return status;
}

static krait_status may_meet(krait_chat *chat, const krait_session *session)
{
	krait_status status = krait__chat_need_tokenizer(chat);

	if (status == KRAIT_OK && session->model != chat->model)
		return krait__why(&chat->why, KRAIT_ERROR_MISMATCH,
			"the session belongs to another model than the chat");
	return status;
}

krait_status krait__chat_feed(krait_chat *chat, krait_session *session)
{
	struct plan_to_read plan = { 0 };
	krait_status status = may_meet(chat, session);

	chat->n_reused = 0;
	if (status == KRAIT_OK)
		status = krait__chat_render(chat, NULL, true, &plan.rendering);
	if (status == KRAIT_OK)
		status = krait__session_enter_work(session, false);
	if (status == KRAIT_OK) {
		status = prepare(chat, session, &plan);
		if (status == KRAIT_OK)
			status = find_mark(chat, session, &plan);
		if (status == KRAIT_OK)
			status = read_plan(chat, session, &plan);
		status = krait__session_leave(session, status);
	}
	plan_free(&plan);
	return status;
}

krait_status krait__chat_pending(krait_chat *chat, krait_session *session, struct token_list *out)
{
	struct plan_to_read plan = { 0 };
	krait_status status = may_meet(chat, session);

	if (status == KRAIT_OK)
		status = krait__chat_render(chat, NULL, true, &plan.rendering);
	if (status == KRAIT_OK)
		status = krait__session_enter(session);
	if (status == KRAIT_OK) {
		status = prepare(chat, session, &plan);
		if (status == KRAIT_OK) {
			size_t n = krait__back_common(session, plan.tokens.ids, plan.tokens.size);

			plan.tokens.size -= n;
			memmove(plan.tokens.ids, plan.tokens.ids + n, plan.tokens.size * sizeof(*plan.tokens.ids));
			*out = plan.tokens;
			plan.tokens = (struct token_list){ 0 };
		}
		status = krait__session_leave(session, status);
	}
	plan_free(&plan);
	return status;
}

/* Whether all that the session has read is a beginning of the rendering. */
static krait_status find_in(krait_chat *chat, const krait_session *session, bool prompt, bool *found)
{
	struct chat_rendering rendering;
	krait_status status = krait__chat_render(chat, NULL, prompt, &rendering);

	*found = false;
	if (status != KRAIT_OK)
		return status;
	status = look_at(chat, session, &rendering, found);
	if (status == KRAIT_OK && *found)
		*found = krait__transcript_match(&chat->read, chat->model->tokenizer, rendering.text.data,
				 rendering.text.size)
				 .n_text
			== chat->read.text.size;
	krait__chat_rendering_free(&rendering);
	return status;
}

krait_status krait__chat_resume(krait_chat *chat, krait_session *session)
{
	krait_status status = may_meet(chat, session);
	bool found = false;

	if (status == KRAIT_OK)
		status = krait__session_enter(session);
	if (status != KRAIT_OK)
		return status;
	status = find_in(chat, session, false, &found);
	if (status == KRAIT_OK && !found)
		status = find_in(chat, session, true, &found);
	if (status == KRAIT_OK && !found)
		status = krait__why(&chat->why, KRAIT_ERROR_MISMATCH,
			"the session has not read these messages, or it does not remember "
			"enough of them: krait_chat_feed reads what is missing");
	return krait__session_leave(session, status);
}
