/* SPDX-License-Identifier: Apache-2.0 */
/* chat.h - what a krait_chat is inside. */
#ifndef KRAIT_API_CHAT_H
#define KRAIT_API_CHAT_H

#include "model/model.h"
#include "chat/render.h"

#include <stdbool.h>

/* What the last krait_chat_feed left in a session. */
struct chat_fed {
	char *text;                     /* the rendering; NULL: nothing was fed yet */
	size_t n_text;
	struct token_list tokens;       /* of that feed: the last ones tell whether a session is the same */
	size_t n_done;                  /* of them; fewer than all where the feed was cancelled */
	uint64_t position;              /* of the session, behind them */
};

struct krait_chat {
	struct why why;
	char *message;                  /* of raise_exception, where it is too long for `why` */
	krait_model *model;
	struct jinja_program *program;       /* NULL: there is none, `no_program` says why */
	struct why no_program;
	json_t *messages;               /* array */
	json_t *variables;              /* object: what krait_chat_set_json was given */
	struct chat_fed fed;
};

void krait__chat_begin(krait_chat *chat);       /* a call: no error yet */
bool krait__chat_forked(const krait_chat *chat);
krait_status krait__chat_render(krait_chat *chat, bool prompt, struct chat_rendering *out);
krait_status krait__chat_need_tokenizer(krait_chat *chat);
void krait__chat_forget(krait_chat *chat);      /* what was fed */

#endif
