/* SPDX-License-Identifier: Apache-2.0 */
/* chat.h - one running `krait chat`: its conversations and the lines that steer it. */
#ifndef TOOLS_CHAT_H
#define TOOLS_CHAT_H

#include "conversation.h"

#define CHAT_BRANCHES 32

struct chat {
	struct setup setup;
	struct conversation *branches[CHAT_BRANCHES];
	size_t n_branches, current;
	bool quit;
	bool terminal, verbose;
	char speaker[40];               /* "demo: ", what stands before an answer on a terminal */
};

/* Does a line that begins with '/'. -1; STATUS_FAILED after saying why; STATUS_INTERRUPTED
 * when Ctrl-C ended an answer. */
int chat_command(struct chat *chat, const char *line);

/* The possibilities for Tab: "/save" and so on; the names for /set. NULL past the last. */
const char *chat_command_name(size_t i);
const char *chat_setting_name(size_t i);
const char *chat_complete(void *user, const char *line, size_t n_before, size_t i);

void chat_name(struct chat *chat, const char *model);           /* sets the speaker */
void chat_greet(const struct chat *chat, bool demo);            /* what is shown first on a terminal */
void chat_show(const struct chat *chat);                        /* the messages of the current conversation */

#endif
