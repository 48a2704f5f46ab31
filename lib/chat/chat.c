/* SPDX-License-Identifier: Apache-2.0 */
/* chat.c - messages, the template and its variables, and what they render to. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "chat/chat.h"
#include "base/memory.h"
#include "base/utf8.h"

#include <string.h>
#include <time.h>

/* ---- life ---------------------------------------------------------------------------------- */

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

krait_status krait__chat_start(krait_chat *chat)
{
	const char *source = chat->model ? chat->model->chat_template : NULL;
	krait_status status;

	krait__why(&chat->no_program, KRAIT_ERROR_UNSUPPORTED,
		"this %s has no chat template; set one with krait_chat_set_template (zephyr and chatml are built in by "
		"name)",
		chat->model ? "model" : "chat");
	chat->ready = true;
	if (!source && chat->model && chat->model->built_in_template) {
		source = krait__chat_built_in(chat->model->built_in_template);
		chat->built_in = source != NULL;
	}
	if (!source)
		return KRAIT_OK;
	status = krait__chat_parse(&chat->program, source, strlen(source), &chat->no_program);
	return status == KRAIT_ERROR_MEMORY ? krait__why_memory(&chat->why) : KRAIT_OK;
}

void krait__chat_clear(krait_chat *chat)
{
	for (size_t i = 0; i < chat->messages.n; i++)
		krait__json_free(chat->messages.items[i]);
	chat->messages.n = 0;
}

void krait__chat_end(krait_chat *chat)
{
	krait__chat_clear(chat);
	krait__free(chat->messages.items);
	for (size_t i = 0; i < chat->n_variables; i++) {
		krait__free(chat->variables[i].name);
		krait__json_free(chat->variables[i].value);
	}
	krait__free(chat->variables);
	krait__jinja_program_free(chat->program);
	krait__buffer_free(&chat->closing.text);
	krait__transcript_free(&chat->read);
	krait__free(chat->message);
}

/* ---- the template and its variables -------------------------------------------------------- */

krait_status krait__chat_set_template(krait_chat *chat, const char *jinja)
{
	const char *own = krait__chat_built_in(jinja), *source = own ? own : jinja;
	struct jinja_program *program;
	struct quoted quoted;
	krait_status status;

	if (!own && *jinja && !krait__chat_is_template(jinja))
		return krait__why(&chat->why, KRAIT_ERROR_ARGUMENT,
			"%s is no chat template: it has neither {{ nor {%%; by name there are "
			"zephyr and chatml",
			krait__quote(&quoted, jinja, SIZE_MAX));
	status = krait__chat_parse(&program, source, strlen(source), &chat->why);
	if (status != KRAIT_OK)
		return status;
	krait__jinja_program_free(chat->program);
	chat->program = program;
	chat->built_in = own != NULL;
	chat->closing.known = false;
	return KRAIT_OK;
}

static krait_status not_json(krait_chat *chat)
{
	if (chat->why.status != KRAIT_ERROR_MEMORY)
		chat->why.status = KRAIT_ERROR_ARGUMENT;
	return chat->why.status;
}

static size_t find_variable(const krait_chat *chat, const char *name)
{
	size_t i = 0;

	while (i < chat->n_variables && strcmp(chat->variables[i].name, name) != 0)
		i++;
	return i;
}

/* Takes the value over where it succeeds. */
static bool set_variable(krait_chat *chat, const char *name, struct json_value *value)
{
	size_t at = find_variable(chat, name);
	struct chat_variable *variables;
	char *copy;

	if (at < chat->n_variables) {
		krait__json_free(chat->variables[at].value);
		chat->variables[at].value = value;
		return true;
	}
	copy = krait__copy_text(name);
	variables = copy ? krait__resize(chat->variables, at + 1, sizeof(*variables)) : NULL;
	if (!variables) {
		krait__free(copy);
		return false;
	}
	variables[at] = (struct chat_variable){ copy, value };
	chat->variables = variables;
	chat->n_variables = at + 1;
	return true;
}

static void drop_variable(krait_chat *chat, const char *name)
{
	size_t at = find_variable(chat, name);

	if (at == chat->n_variables)
		return;
	krait__free(chat->variables[at].name);
	krait__json_free(chat->variables[at].value);
	chat->variables[at] = chat->variables[--chat->n_variables];
}

krait_status krait__chat_set_json(krait_chat *chat, const char *name, const char *json, size_t n_json)
{
	struct json_value *value;

	chat->closing.known = false;
	if (!json) {
		drop_variable(chat, name);
		return KRAIT_OK;
	}
	value = krait__json_read_strict(json, n_json, "a variable of the chat template", &chat->why);
	if (!value)
		return not_json(chat);
	if (set_variable(chat, name, value))
		return KRAIT_OK;
	krait__json_free(value);
	return krait__why_memory(&chat->why);
}

/* ---- messages ------------------------------------------------------------------------------ */

/* Takes the message over. */
static krait_status append(krait_chat *chat, struct json_value *message)
{
	size_t room = chat->messages_room ? 2 * chat->messages_room : 16;
	struct json_value **items;

	if (message && chat->messages.n == chat->messages_room) {
		items = krait__resize(chat->messages.items, room, sizeof(*items));
		if (items) {
			chat->messages.items = items;
			chat->messages_room = room;
		}
	}
	if (!message || chat->messages.n == chat->messages_room) {
		krait__json_free(message);
		return krait__why_memory(&chat->why);
	}
	chat->messages.items[chat->messages.n++] = message;
	return KRAIT_OK;
}

krait_status krait__chat_add(krait_chat *chat, const char *role, const char *content)
{
	const struct json_pair pairs[] = { { "role", role, strlen(role) }, { "content", content, strlen(content) } };

	if (!krait__utf8_valid(role, strlen(role)) || !krait__utf8_valid(content, strlen(content)))
		return krait__why(&chat->why, KRAIT_ERROR_ARGUMENT, "a message that is not valid UTF-8");
	return append(chat, krait__json_texts(pairs, 2));
}

krait_status krait__chat_add_json(krait_chat *chat, const char *json, size_t n_json)
{
	struct json_value *message = krait__json_read_strict(json, n_json, "a message", &chat->why);

	if (!message)
		return not_json(chat);
	if (!krait__json_is(message, JSON_VALUE_OBJECT)) {
		krait__json_free(message);
		return krait__why(&chat->why, KRAIT_ERROR_ARGUMENT,
			"a message is a JSON object: {\"role\": \"user\", \"content\": \"...\"}");
	}
	return append(chat, message);
}

/* ---- rendering ----------------------------------------------------------------------------- */

static bool names_token(const char *name)
{
	size_t n = strlen(name);

	return n > 6 && strcmp(name + n - 6, "_token") == 0;
}

static bool build_special(struct jinja_builder *builder, const void *data)
{
	const struct special_token *token = data;

	return krait__jinja_put_string(builder, token->text, token->n_text, true);
}

static bool is_given(const struct jinja_variable *variables, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(variables[i].name, name) == 0)
			return true;
	return false;
}

/* A template of krait's own that needs an end of text takes the model's first stop token where no file names one. */
static bool model_stop(const krait_chat *chat, struct chat_text *out)
{
	const struct krait_model *model = chat->model;

	if (!chat->built_in || !model || !model->tokenizer || !model->generation.n_stops)
		return false;
	out->data = krait__tokenizer_bytes(model->tokenizer, model->generation.stops[0], &out->n);
	return out->data && out->n;
}

/* The model's special tokens by name; returns how many there are. */
static size_t special_tokens(const struct krait_model *model, struct jinja_variable *out)
{
	size_t n = model ? model->n_special_tokens : 0;

	for (size_t i = 0; out && i < n; i++)
		out[i] = (struct jinja_variable){ model->special_tokens[i].name, build_special, &model->special_tokens[i] };
	return n;
}

/* Later ones count before earlier ones of the same name. The texts of special tokens count as the template's own. */
static size_t list_variables(const krait_chat *chat, struct jinja_variable *out, const struct chat_text *stop)
{
	size_t n = 0;

	out[n++] = (struct jinja_variable){ "tools", krait__chat_build_none, NULL };
	out[n++] = (struct jinja_variable){ "documents", krait__chat_build_none, NULL };
	n += special_tokens(chat->model, out + n);
	for (size_t i = 0; i < chat->n_variables; i++) {
		const struct chat_variable *variable = &chat->variables[i];
		bool token = names_token(variable->name) && krait__json_is(variable->value, JSON_VALUE_STRING);

		out[n++] = (struct jinja_variable){ variable->name,
			token ? krait__chat_build_trusted : krait__chat_build_json, variable->value };
	}
	if (stop->data && !is_given(out, n, "eos_token"))
		out[n++] = (struct jinja_variable){ "eos_token", krait__chat_build_text, stop };
	return n;
}

krait_status krait__chat_render(krait_chat *chat, const struct chat_messages *messages, bool prompt,
	struct chat_rendering *out)
{
	size_t room = special_tokens(chat->model, NULL) + chat->n_variables + 5, n;
	struct jinja_variable *variables;
	struct chat_text stop = { 0 };
	krait_status status;

	*out = (struct chat_rendering){ 0 };
	if (!chat->program) {
		chat->why = chat->no_program;
		return chat->why.status;
	}
	variables = krait__alloc(room, sizeof(*variables));
	if (!variables)
		return krait__why_memory(&chat->why);
	model_stop(chat, &stop);
	n = list_variables(chat, variables, &stop);
	variables[n++] = (struct jinja_variable){ "messages", krait__chat_build_messages,
		messages ? messages : &chat->messages };
	variables[n++] = (struct jinja_variable){ "add_generation_prompt", krait__chat_build_bool, &prompt };
	krait__free(chat->message);
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

krait_status krait__chat_encode(krait_chat *chat, bool prompt, struct token_list *out)
{
	struct chat_rendering rendering;
	krait_status status = krait__chat_need_tokenizer(chat);

	*out = (struct token_list){ 0 };
	if (status == KRAIT_OK)
		status = krait__chat_render(chat, NULL, prompt, &rendering);
	if (status != KRAIT_OK)
		return status;
	status = krait__chat_encode_part(chat->model->tokenizer, &rendering, 0, rendering.text.size, out, &chat->why);
	krait__chat_rendering_free(&rendering);
	return status;
}
