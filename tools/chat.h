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
};

/* Does a line that begins with '/'. -1; STATUS_FAILED after saying why; STATUS_INTERRUPTED
 * when Ctrl-C ended an answer. */
int chat_command(struct chat *chat, const char *line);

#endif
