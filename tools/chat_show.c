/* SPDX-License-Identifier: Apache-2.0 */
/* chat_show.c - what a chat shows of itself: its model, its messages, and what Tab can complete. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "chat.h"

#include "line.h"
#include "opening.h"
#include "say.h"
#include "sizes.h"
#include "terminal.h"

#include <stdio.h>
#include <string.h>

void chat_name(struct chat *chat, const char *model)
{
	const char *slash = strrchr(model, '/');

	snprintf(chat->speaker, sizeof chat->speaker, "%.*s: ", (int)sizeof chat->speaker - 3,
		slash && slash[1] ? slash + 1 : model);
	/* A name from a path may hold what a terminal obeys. */
	for (char *c = chat->speaker; *c; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e)
			*c = '?';
}

void chat_greet(const struct chat *chat, bool demo)
{
	char room[SIZES_ROOM];

	say_note("%s%s, %s parameters, on %s", chat->speaker, krait_model_family(chat->setup.model),
		sizes_count(room, (double)krait_model_n_parameters(chat->setup.model)),
		krait_model_device(chat->setup.model));
	if (demo)
		say_note("The demo model is tiny on purpose: "
			"it tells fairy tales and makes little sense. -m MODEL takes another one.");
	say_note("Type a message and press Enter. /help for commands, Ctrl-D to quit.");
}

void chat_show(const struct chat *chat)
{
	const json_t *messages = chat->branches[chat->current]->messages;
	json_t *message;
	size_t i;

	if (chat->setup.json) {
		output_json(json_pack("{s:O}", "messages", messages));
		return;
	}
	if (!json_array_size(messages))
		say_note("nothing was said yet");
	json_array_foreach(messages, i, message) {
		const char *role = json_string_value(json_object_get(message, "role"));
		const json_t *content = json_object_get(message, "content");
		char mark[64];

		snprintf(mark, sizeof mark, "%.60s: ", role);
		if (!strcmp(role, "user"))
			snprintf(mark, sizeof mark, "> ");
		else if (!strcmp(role, "assistant"))
			snprintf(mark, sizeof mark, "%s", chat->speaker);
		terminal_say(mark, json_string_value(content), json_string_length(content));
	}
}

/* Commands; behind some of them a setting, a branch or a file. */
const char *chat_complete(void *user, const char *line, size_t n_before, size_t i)
{
	const struct chat *chat = user;

	if (*line != '/')
		return NULL;
	if (!n_before)
		return chat_command_name(i);
	if (!strncmp(line, "/set ", n_before))
		return chat_setting_name(i);
	if (!strncmp(line, "/switch ", n_before))
		return i < chat->n_branches ? chat->branches[i]->name : NULL;
	return !i && (!strncmp(line, "/load ", n_before) || !strncmp(line, "/save ", n_before)) ? line_files : NULL;
}
