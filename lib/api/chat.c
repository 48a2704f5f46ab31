/* SPDX-License-Identifier: Apache-2.0 */
/* chat.c - krait_chat_*: messages, the template and its variables. Feeding is in chat_feed.c. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "api/chat.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/utf8.h"

#include <string.h>

static const struct { const char *name, *source; } built_in[] = {
	{ "zephyr",
	  "{% for message in messages %}{% if message['role'] in ['system', 'user', 'assistant'] %}"
	  "{{ '<|' + message['role'] + '|>\\n' + message['content'] + eos_token + '\\n' }}{% endif %}{% endfor %}"
	  "{% if messages and add_generation_prompt %}{{ '<|assistant|>\\n' }}{% endif %}" },
	{ "chatml",
	  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}{% endfor %}"
	  "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}" },
};

/* ---- life ---------------------------------------------------------------------------- */

void krait__chat_begin(krait_chat *chat)
{
	krait__why_clear(&chat->why);
	krait__free(chat->message);
	chat->message = NULL;
}

bool krait__chat_forked(const krait_chat *chat)
{
	return chat->model && krait__model_forked(chat->model);
}

/* A model's own template that krait cannot do is no reason to have no chat: it is told when
 * something is to be rendered, and another template may be set. */
static krait_status model_template(krait_chat *chat)
{
	const char *source = chat->model ? chat->model->chat_template : NULL;
	krait_status status;

	krait__why(&chat->no_program, KRAIT_ERROR_UNSUPPORTED, chat->model
		? "this model has no chat template; set one with krait_chat_set_template (zephyr and chatml are built in by name)"
		: "this chat has no template; set one with krait_chat_set_template (zephyr and chatml are built in by name)");
	if (!source)
		return KRAIT_OK;
	status = krait__chat_parse(&chat->program, source, strlen(source), &chat->no_program);
	return status == KRAIT_ERROR_MEMORY ? krait__why_memory(&chat->why) : KRAIT_OK;
}

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
	chat->messages = json_array();
	chat->variables = json_object();
	if (!chat->messages || !chat->variables)
		return krait__why_memory(&chat->why);
	return model_template(chat);
}

void krait__chat_forget(krait_chat *chat)
{
	krait__free(chat->fed.text);
	krait__token_list_free(&chat->fed.tokens);
	chat->fed = (struct chat_fed){ 0 };
}

void krait_chat_free(krait_chat *chat)
{
	if (!chat)
		return;
	krait__chat_forget(chat);
	krait__jinja_program_free(chat->program);
	json_decref(chat->messages);
	json_decref(chat->variables);
	krait__free(chat->message);
	krait_model_free(chat->model);
	krait__free(chat);
}

const char *krait_chat_error(const krait_chat *chat)
{
	return !chat ? "out of memory" : chat->message ? chat->message : chat->why.text;
}

/* A chat whose _new ran out of memory is good for _error and _free alone. */
static bool usable(krait_chat *chat)
{
	return chat && chat->messages && chat->variables;
}

/* How each call on the messages or the template begins. */
static krait_status enter(krait_chat *chat)
{
	if (!usable(chat))
		return KRAIT_ERROR_ARGUMENT;
	if (krait__chat_forked(chat))
		return KRAIT_ERROR_FORKED;
	krait__chat_begin(chat);
	return KRAIT_OK;
}

/* ---- the template and its variables ---------------------------------------------------- */

krait_status krait_chat_set_template(krait_chat *chat, const char *jinja)
{
	struct jinja_program *program;
	krait_status status;
	krait_status entered = enter(chat);

	if (entered != KRAIT_OK)
		return entered;
	if (!jinja)
		return krait__why(&chat->why, KRAIT_ERROR_ARGUMENT, "a chat template is needed, not NULL");
	for (size_t i = 0; i < sizeof(built_in) / sizeof(*built_in); i++)
		if (strcmp(jinja, built_in[i].name) == 0)
			jinja = built_in[i].source;
	status = krait__chat_parse(&program, jinja, strlen(jinja), &chat->why);
	if (status != KRAIT_OK)
		return status;
	krait__jinja_program_free(chat->program);
	chat->program = program;
	return KRAIT_OK;
}

static krait_status not_json(krait_chat *chat)
{
	if (chat->why.status != KRAIT_ERROR_MEMORY)
		chat->why.status = KRAIT_ERROR_ARGUMENT;
	return chat->why.status;
}

krait_status krait_chat_set_json(krait_chat *chat, const char *name, const char *json, size_t n_json)
{
	json_t *value;
	krait_status entered = enter(chat);

	if (entered != KRAIT_OK)
		return entered;
	if (!name || !*name || !krait__utf8_valid(name, strlen(name)))
		return krait__why(&chat->why, KRAIT_ERROR_ARGUMENT, "a variable of a chat template needs a name");
	if (strcmp(name, "messages") == 0 || strcmp(name, "add_generation_prompt") == 0)
		return krait__why(&chat->why, KRAIT_ERROR_ARGUMENT, "the variable '%s' is the chat's own: use krait_chat_add_json or the argument of the rendering", name);
	if (!json) {
		json_object_del(chat->variables, name);
		return KRAIT_OK;
	}
	value = krait__json_parse(json, n_json, "a variable of the chat template", &chat->why);
	if (!value)
		return not_json(chat);
	if (json_object_set_new(chat->variables, name, value) != 0)
		return krait__why_memory(&chat->why);
	return KRAIT_OK;
}

/* ---- messages -------------------------------------------------------------------------- */

/* Takes over `message`. */
static krait_status append(krait_chat *chat, json_t *message)
{
	return message && json_array_append_new(chat->messages, message) == 0 ? KRAIT_OK : krait__why_memory(&chat->why);
}

krait_status krait_chat_add(krait_chat *chat, const char *role, const char *content)
{
	json_t *message;
	krait_status entered = enter(chat);

	if (entered != KRAIT_OK)
		return entered;
	if (!role || !content)
		return krait__why(&chat->why, KRAIT_ERROR_ARGUMENT, "a message needs a role and a content");
	if (!krait__utf8_valid(role, strlen(role)) || !krait__utf8_valid(content, strlen(content)))
		return krait__why(&chat->why, KRAIT_ERROR_ARGUMENT, "a message that is not valid UTF-8");
	message = json_object();
	if (!message || json_object_set_new(message, "role", json_string(role)) != 0 || json_object_set_new(message, "content", json_string(content)) != 0) {
		json_decref(message);
		return krait__why_memory(&chat->why);
	}
	return append(chat, message);
}

krait_status krait_chat_add_json(krait_chat *chat, const char *json, size_t n_json)
{
	json_t *message;
	krait_status entered = enter(chat);

	if (entered != KRAIT_OK)
		return entered;
	message = json ? krait__json_parse(json, n_json, "a message", &chat->why) : NULL;
	if (!json)
		return krait__why(&chat->why, KRAIT_ERROR_ARGUMENT, "a message is needed, not NULL");
	if (!message)
		return not_json(chat);
	if (!json_is_object(message)) {
		json_decref(message);
		return krait__why(&chat->why, KRAIT_ERROR_ARGUMENT, "a message is a JSON object: {\"role\": \"user\", \"content\": \"...\"}");
	}
	return append(chat, message);
}

void krait_chat_clear(krait_chat *chat)
{
	if (!usable(chat))
		return;
	krait__chat_begin(chat);
	krait__chat_forget(chat);
	json_array_clear(chat->messages);
}

/* ---- rendering ------------------------------------------------------------------------- */

static bool names_token(const char *name)
{
	size_t n = strlen(name);

	return n > 6 && strcmp(name + n - 6, "_token") == 0;
}

/* The texts of special tokens count as the template's own. */
static size_t add_variables(struct chat_variable *out, json_t *object)
{
	const char *name;
	json_t *value;
	size_t n = 0;

	json_object_foreach(object, name, value)
		out[n++] = (struct chat_variable){ name, value, names_token(name) && json_is_string(value) ? TRUST_TEXT : TRUST_NOTHING };
	return n;
}

krait_status krait__chat_render(krait_chat *chat, bool prompt, struct chat_rendering *out)
{
	json_t *special = chat->model ? chat->model->special_tokens : NULL;
	size_t room = json_object_size(special) + json_object_size(chat->variables) + 4, n = 0;
	struct chat_variable *variables;
	krait_status status;

	*out = (struct chat_rendering){ 0 };
	if (!chat->program) {
		chat->why = chat->no_program;
		return chat->why.status;
	}
	variables = krait__alloc(room, sizeof(*variables));
	if (!variables)
		return krait__why_memory(&chat->why);
	variables[n++] = (struct chat_variable){ "tools", json_null(), TRUST_NOTHING };
	variables[n++] = (struct chat_variable){ "documents", json_null(), TRUST_NOTHING };
	n += special ? add_variables(variables + n, special) : 0;
	n += add_variables(variables + n, chat->variables);
	variables[n++] = (struct chat_variable){ "messages", chat->messages, TRUST_ROLES };
	variables[n++] = (struct chat_variable){ "add_generation_prompt", json_boolean(prompt), TRUST_NOTHING };
	status = krait__chat_run(chat->program, variables, n, time(NULL), out, &chat->message, &chat->why);
	krait__free(variables);
	return status;
}

krait_status krait__chat_need_tokenizer(krait_chat *chat)
{
	if (chat->model && chat->model->tokenizer)
		return KRAIT_OK;
	return krait__why(&chat->why, KRAIT_ERROR_UNSUPPORTED, chat->model ? "this model has no tokenizer"
		: "this chat was made without a model, so it has no tokenizer: it can render text only");
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
	if (!usable(chat) || (!out && n_out))
		return KRAIT_ERROR_ARGUMENT;
	if (krait__chat_forked(chat))
		return KRAIT_ERROR_FORKED;
	krait__chat_begin(chat);
	status = krait__chat_render(chat, add_generation_prompt != 0, &rendering);
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

krait_status krait_chat_encode(krait_chat *chat, int add_generation_prompt, krait_token *out, size_t n_out, size_t *n_tokens)
{
	struct token_list tokens = { 0 };
	struct chat_rendering rendering;
	krait_status status;

	if (n_tokens)
		*n_tokens = 0;
	if (!usable(chat) || (!out && n_out))
		return KRAIT_ERROR_ARGUMENT;
	if (krait__chat_forked(chat))
		return KRAIT_ERROR_FORKED;
	krait__chat_begin(chat);
	status = krait__chat_need_tokenizer(chat);
	if (status == KRAIT_OK)
		status = krait__chat_render(chat, add_generation_prompt != 0, &rendering);
	if (status != KRAIT_OK)
		return status;
	status = krait__tokenizer_append_spans(chat->model->tokenizer, &tokens, rendering.text.data, rendering.spans, rendering.n_spans, &chat->why);
	krait__chat_rendering_free(&rendering);
	if (status == KRAIT_OK && n_tokens)
		*n_tokens = tokens.size;
	if (status == KRAIT_OK && out && tokens.size > n_out)
		status = too_small(chat, n_out, tokens.size, "tokens");
	else if (status == KRAIT_OK && out && tokens.size)
		memcpy(out, tokens.ids, tokens.size * sizeof(*out));
	krait__token_list_free(&tokens);
	return status;
}
