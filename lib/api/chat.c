/* SPDX-License-Identifier: Apache-2.0 */
/* chat.c - krait_chat_*: argument checks; the work is in lib/chat. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "base/utf8.h"
#include "chat/chat.h"

#include <string.h>

krait_status krait_chat_new(krait_chat **out, krait_model *model)
{
	krait_chat *chat;

	if (!out)
		return KRAIT_ERROR_ARGUMENT;
	*out = NULL;
	if (model && krait__model_forked(model))
		return KRAIT_ERROR_FORKED;
	*out = chat = krait__alloc_zero(1, sizeof(*chat));
	if (!chat)
		return KRAIT_ERROR_MEMORY;
	chat->model = model ? krait_model_ref(model) : NULL;
	return krait__chat_start(chat);
}

void krait_chat_free(krait_chat *chat)
{
	if (!chat)
		return;
	krait__chat_end(chat);
	krait_model_free(chat->model);
	krait__free(chat);
}

const char *krait_chat_error(const krait_chat *chat)
{
	if (!chat)
		return "out of memory";
	return chat->message ? chat->message : chat->why.text;
}

/* How each call begins. A chat whose _new ran out of memory is good for _error and _free alone. */
static krait_status enter(krait_chat *chat)
{
	if (!chat || !chat->ready)
		return KRAIT_ERROR_ARGUMENT;
	if (krait__chat_forked(chat))
		return KRAIT_ERROR_FORKED;
	krait__chat_begin(chat);
	return KRAIT_OK;
}

krait_status krait_chat_set_template(krait_chat *chat, const char *jinja)
{
	krait_status status = enter(chat);

	if (status != KRAIT_OK)
		return status;
	if (!jinja)
		return krait__why(&chat->why, KRAIT_ERROR_ARGUMENT, "a chat template is needed, not NULL");
	return krait__chat_set_template(chat, jinja);
}

krait_status krait_chat_set_json(krait_chat *chat, const char *name, const char *json, size_t n_json)
{
	krait_status status = enter(chat);

	if (status != KRAIT_OK)
		return status;
	if (!name || !*name || !krait__utf8_valid(name, strlen(name)))
		return krait__why(&chat->why, KRAIT_ERROR_ARGUMENT, "a variable of a chat template needs a name");
	if (strcmp(name, "messages") == 0 || strcmp(name, "add_generation_prompt") == 0)
		return krait__why(&chat->why, KRAIT_ERROR_ARGUMENT,
			"the variable '%s' is the chat's own: use krait_chat_add_json or the "
			"argument of the rendering",
			name);
	return krait__chat_set_json(chat, name, json, n_json);
}

krait_status krait_chat_add(krait_chat *chat, const char *role, const char *content)
{
	krait_status status = enter(chat);

	if (status != KRAIT_OK)
		return status;
	if (!role || !content)
		return krait__why(&chat->why, KRAIT_ERROR_ARGUMENT, "a message needs a role and a content");
	return krait__chat_add(chat, role, content);
}

krait_status krait_chat_add_json(krait_chat *chat, const char *json, size_t n_json)
{
	krait_status status = enter(chat);

	if (status != KRAIT_OK)
		return status;
	if (!json)
		return krait__why(&chat->why, KRAIT_ERROR_ARGUMENT, "a message is needed, not NULL");
	return krait__chat_add_json(chat, json, n_json);
}

void krait_chat_clear(krait_chat *chat)
{
	if (!chat || !chat->ready)
		return;
	krait__chat_begin(chat);
	krait__chat_clear(chat);
}

static krait_status too_small(krait_chat *chat, size_t n_out, size_t need, const char *what)
{
	return krait__why(&chat->why, KRAIT_ERROR_SPACE, "room for %zu %s, but there are %zu", n_out, what, need);
}

krait_status krait_chat_render(krait_chat *chat, int add_generation_prompt, char *out, size_t n_out, size_t *n_text)
{
	struct chat_rendering rendering;
	krait_status status;

	if (n_text)
		*n_text = 0;
	if (!out && n_out)
		return KRAIT_ERROR_ARGUMENT;
	status = enter(chat);
	if (status == KRAIT_OK)
		status = krait__chat_render(chat, NULL, add_generation_prompt != 0, &rendering);
	if (status != KRAIT_OK)
		return status;
	if (n_text)
		*n_text = rendering.text.size;
	if (out && rendering.text.size > n_out)
		status = too_small(chat, n_out, rendering.text.size, "bytes");
	else if (out && rendering.text.size)
		memcpy(out, rendering.text.data, rendering.text.size);
	krait__chat_rendering_free(&rendering);
	return status;
}

/* Frees the tokens. */
static krait_status give_tokens(krait_chat *chat, struct token_list *tokens, krait_token *out, size_t n_out,
	size_t *n_tokens)
{
	krait_status status = KRAIT_OK;

	if (n_tokens)
		*n_tokens = tokens->size;
	if (out && tokens->size > n_out)
		status = too_small(chat, n_out, tokens->size, "tokens");
	else if (out && tokens->size)
		memcpy(out, tokens->ids, tokens->size * sizeof(*out));
	krait__token_list_free(tokens);
	return status;
}

krait_status krait_chat_encode(krait_chat *chat, int add_generation_prompt, krait_token *out, size_t n_out,
	size_t *n_tokens)
{
	struct token_list tokens = { 0 };
	krait_status status;

	if (n_tokens)
		*n_tokens = 0;
	if (!out && n_out)
		return KRAIT_ERROR_ARGUMENT;
	status = enter(chat);
	if (status == KRAIT_OK)
		status = krait__chat_encode(chat, add_generation_prompt != 0, &tokens);
	return status == KRAIT_OK ? give_tokens(chat, &tokens, out, n_out, n_tokens) : status;
}

krait_status krait_chat_feed(krait_chat *chat, krait_session *session)
{
	krait_status status;

	if (!session)
		return KRAIT_ERROR_ARGUMENT;
	status = enter(chat);
	return status == KRAIT_OK ? krait__chat_feed(chat, session) : status;
}

krait_status krait_chat_pending(krait_chat *chat, krait_session *session, krait_token *out, size_t n_out,
	size_t *n_tokens)
{
	struct token_list tokens = { 0 };
	krait_status status;

	if (n_tokens)
		*n_tokens = 0;
	if (!session || (!out && n_out))
		return KRAIT_ERROR_ARGUMENT;
	status = enter(chat);
	if (status == KRAIT_OK)
		status = krait__chat_pending(chat, session, &tokens);
	return status == KRAIT_OK ? give_tokens(chat, &tokens, out, n_out, n_tokens) : status;
}

krait_status krait_chat_resume(krait_chat *chat, krait_session *session)
{
	krait_status status;

	if (!session)
		return KRAIT_ERROR_ARGUMENT;
	status = enter(chat);
	return status == KRAIT_OK ? krait__chat_resume(chat, session) : status;
}

size_t krait_chat_reused(const krait_chat *chat)
{
	return chat ? chat->n_reused : 0;
}
