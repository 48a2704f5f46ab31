/* SPDX-License-Identifier: Apache-2.0 */
/* conversation.h - messages, the session that has read them, and the way back. */
#ifndef TOOLS_CONVERSATION_H
#define TOOLS_CONVERSATION_H

#include "krait.h"
#include "sampling.h"
#include "stream.h"

#include <jansson.h>

/* How many turns /undo goes back. */
#define CONVERSATION_TURNS 64

/* A snapshot that several conversations may share. */
struct mark {
	krait_state *state;             /* NULL: nothing was fed yet */
	size_t n_owners;
};

struct turn {
	struct mark *before;            /* without the question */
	struct mark *asked;             /* with it, before the answer */
	size_t n_messages;              /* before the question */
	bool open;
};

struct conversation {
	char name[32];
	krait_session *session;
	json_t *messages;               /* [{"role": ..., "content": ...}] */
	bool open;                      /* the session has the last answer, not yet what closes it */
	bool stale;                     /* the session must read all messages anew */
	struct turn turns[CONVERSATION_TURNS];
	size_t n_turns;
};

/* What all conversations of one chat share. */
struct setup {
	krait_model *model;
	krait_chat *chat;
	struct sampling sampling;
	int64_t n_tokens;               /* of an answer at most */
	bool json, raw;
	krait_token *closing;           /* what the template puts behind an answer */
	size_t n_closing;
};

/* Finds out how the template closes an answer. False after saying why the template cannot be used. */
bool setup_template(struct setup *setup);

/* A new conversation without messages; NULL after saying why. */
struct conversation *conversation_new(const struct setup *setup, const char *name);
void conversation_free(struct conversation *conversation);
struct conversation *conversation_fork(struct conversation *from, const char *name);

/* Puts a question and streams the answer. -1; STATUS_INTERRUPTED when Ctrl-C ended the
 * answer (what there is of it stays) or the reading of the question (nothing stays);
 * STATUS_FAILED, nothing having changed. */
int conversation_ask(struct conversation *conversation, const struct setup *setup, const char *question);
int conversation_again(struct conversation *conversation, struct setup *setup);        /* another answer to the last question */
bool conversation_undo(struct conversation *conversation, const struct setup *setup);  /* false: nothing to take back, which was said */

void conversation_forget(struct conversation *conversation);    /* what /undo and /regen would go back to */
bool conversation_system(struct conversation *conversation, const char *text);         /* "" takes it away */

bool conversation_save(struct conversation *conversation, const char *path);   /* all these say why when false */
bool conversation_load(struct conversation *conversation, struct setup *setup, const char *path);

#endif
