/* SPDX-License-Identifier: Apache-2.0 */
/* conversation.h - messages, the session that has read them, and the way back. */
#ifndef TOOLS_CONVERSATION_H
#define TOOLS_CONVERSATION_H

#include "krait.h"
#include "sampling.h"
#include "stream.h"

#include <jansson.h>

struct conversation {
	char name[32];
	krait_session *session;
	krait_chat *chat;               /* knows what the session has read of the messages */
	json_t *messages;               /* [{"role": ..., "content": ...}] */
};

/* What all conversations of one chat share. */
struct setup {
	krait_model *model;
	char *template;                 /* a name or the source; NULL: the model's own */
	struct tool_sampling sampling;
	int64_t n_tokens;               /* of an answer at most */
	bool json, raw;
};

/* A new conversation without messages; NULL after saying why. */
struct conversation *conversation_new(const struct setup *setup, const char *name);
void conversation_free(struct conversation *conversation);
struct conversation *conversation_fork(struct conversation *from, const struct setup *setup, const char *name);

/* Puts a question and streams the answer. -1; STATUS_INTERRUPTED when Ctrl-C ended the
 * answer (what there is of it stays) or the reading of the question (nothing stays);
 * STATUS_FAILED, nothing having changed. */
int conversation_ask(struct conversation *conversation, const struct setup *setup, const char *question);
int conversation_again(struct conversation *conversation, struct setup *setup);        /* another answer to the last question */
bool conversation_undo(struct conversation *conversation);      /* false: nothing to take back, which was said */

bool conversation_system(struct conversation *conversation, const char *text);         /* "" takes it away */

bool conversation_save(struct conversation *conversation, const char *path);   /* all these say why when false */
bool conversation_load(struct conversation *conversation, struct setup *setup, const char *path);

#endif
