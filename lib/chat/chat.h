/* SPDX-License-Identifier: Apache-2.0 */
/*
 * chat.h - a conversation: messages, a template that makes one text of them, and what a session has read of it.
 *
 * chat.c holds messages and variables and renders them (render.c joins lib/jinja, values.c JSON, templates.c has the
 * built-in templates). transcript.c remembers what a session has read, closing.c finds where an answer ends, feed.c
 * works out what the session is to have read and makes it so.
 */
#ifndef KRAIT_CHAT_CHAT_H
#define KRAIT_CHAT_CHAT_H

#include "chat/render.h"
#include "chat/transcript.h"
#include "model/model.h"

struct chat_variable { char *name; struct json_value *value; };

/* Where the template closes an answer: the end of generation, found out once for a template. */
struct chat_closing {
	bool known;
	krait_token token;              /* a special token, or -1 */
	struct buffer text;             /* or a text, which may be empty */
};

struct krait_chat {
	struct why why;
	char *message;                  /* of raise_exception, where it is too long for `why` */
	krait_model *model;             /* NULL: templates only */
	struct jinja_program *program;  /* NULL: there is none, `no_program` says why */
	bool built_in;                  /* it is one of krait's own */
	struct why no_program;
	struct chat_messages messages;
	size_t messages_room;
	struct chat_variable *variables;        /* what krait_chat_set_json was given */
	size_t n_variables;
	struct chat_closing closing;
	struct chat_transcript read;    /* what the last session read, as far as it is known */
	size_t n_asked;                 /* bytes of its text before the last generation prompt; 0: unknown */
	bool rewrites;                  /* the template shows answers otherwise when the next question is there */
	size_t n_reused;                /* tokens that the last feed did not have to read */
	bool ready;                     /* krait__chat_start was good */
};

/* The model's own template that krait cannot do is no reason to have no chat: that is told when something is to be
 * rendered, and another template may be set. */
krait_status krait__chat_start(krait_chat *chat);
void krait__chat_end(krait_chat *chat);         /* all but the model */
void krait__chat_begin(krait_chat *chat);       /* a call: no error yet */
bool krait__chat_forked(const krait_chat *chat);

krait_status krait__chat_set_template(krait_chat *chat, const char *jinja);
krait_status krait__chat_set_json(krait_chat *chat, const char *name, const char *json, size_t n_json);
krait_status krait__chat_add(krait_chat *chat, const char *role, const char *content);
krait_status krait__chat_add_json(krait_chat *chat, const char *json, size_t n_json);
void krait__chat_clear(krait_chat *chat);

/* Of these messages instead of the chat's own where `messages` is not NULL. */
krait_status krait__chat_render(krait_chat *chat, const struct chat_messages *messages, bool prompt,
	struct chat_rendering *out);
krait_status krait__chat_encode(krait_chat *chat, bool prompt, struct token_list *out);
krait_status krait__chat_need_tokenizer(krait_chat *chat);

/* A session, entered and left by these. */
krait_status krait__chat_feed(krait_chat *chat, krait_session *session);
krait_status krait__chat_pending(krait_chat *chat, krait_session *session, struct token_list *out);
krait_status krait__chat_resume(krait_chat *chat, krait_session *session);

/* Makes `session`, entered, stop where the template closes an answer. */
krait_status krait__chat_stop_at_closing(krait_chat *chat, krait_session *session);

#endif
