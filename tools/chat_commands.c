/* SPDX-License-Identifier: Apache-2.0 */
/* chat_commands.c - the lines of a chat that begin with '/'. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "chat.h"

#include "nearest.h"
#include "say.h"
#include "terminal.h"
#include "verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct command {
	const char *line;               /* as it is typed, "/save" */
	const char *argument, *about;
	bool needed;                    /* the argument */
	int (*run)(struct chat *chat, const char *argument);
};

static struct conversation *current(const struct chat *chat)
{
	return chat->branches[chat->current];
}

static int save(struct chat *chat, const char *path)
{
	if (!conversation_save(current(chat), path))
		return STATUS_FAILED;
	say_note("saved to %s", path);
	return -1;
}

static int load(struct chat *chat, const char *path)
{
	if (!conversation_load(current(chat), &chat->setup, path))
		return STATUS_FAILED;
	if (chat->terminal)
		chat_show(chat);
	say_note("loaded %s: %zu messages", path, json_array_size(current(chat)->messages));
	return -1;
}

static int show(struct chat *chat, const char *argument)
{
	(void)argument;
	chat_show(chat);
	return -1;
}

static size_t find(const struct chat *chat, const char *name)
{
	size_t i = 0;

	while (i < chat->n_branches && strcmp(chat->branches[i]->name, name))
		i++;
	return i;
}

static int fork_here(struct chat *chat, const char *argument)
{
	char name[sizeof current(chat)->name];
	struct conversation *fork;

	if (chat->n_branches == CHAT_BRANCHES)
		return say_failure("there are %d branches already", CHAT_BRANCHES);
	if (strlen(argument) >= sizeof name)
		return say_failure("the name of a branch can have %zu bytes", sizeof name - 1);
	snprintf(name, sizeof name, "%s", argument);
	for (size_t i = 1; !*name || (!*argument && find(chat, name) < chat->n_branches); i++)
		snprintf(name, sizeof name, "fork%zu", i);
	if (find(chat, name) < chat->n_branches)
		return say_failure("there is a branch '%s' already: '/switch %s' goes to it", name, name);
	fork = conversation_fork(current(chat), &chat->setup, name);
	if (!fork)
		return STATUS_FAILED;
	say_note("now in '%s'; '/switch %s' goes back", name, current(chat)->name);
	chat->current = chat->n_branches;
	chat->branches[chat->n_branches++] = fork;
	return -1;
}

static int switch_to(struct chat *chat, const char *name)
{
	size_t found = find(chat, name);

	if (!*name) {
		for (size_t i = 0; i < chat->n_branches; i++)
			say_note("%c %s, %zu messages", i == chat->current ? '*' : ' ', chat->branches[i]->name,
				json_array_size(chat->branches[i]->messages));
		return -1;
	}
	if (found == chat->n_branches)
		return say_failure("there is no branch '%s': '/switch' lists them", name);
	chat->current = found;
	say_note("now in '%s'", name);
	/* Each branch's session keeps settings of its own; those of the chat are the latest. */
	return sampling_apply(&chat->setup.sampling, current(chat)->session) ? -1 : STATUS_FAILED;
}

static int undo(struct chat *chat, const char *argument)
{
	(void)argument;
	if (!conversation_undo(current(chat)))
		return STATUS_FAILED;
	say_note("taken back: %zu messages left", json_array_size(current(chat)->messages));
	return -1;
}

static int regenerate(struct chat *chat, const char *argument)
{
	(void)argument;
	return conversation_again(current(chat), &chat->setup);
}

static const struct option_row tokens_row = { "n", 0, OPTION_WHOLE, NULL, "N", "new tokens at most; -1: no limit", -1, 9e15 };

static void list_settings(const struct chat *chat, const struct option_row *rows)
{
	for (size_t i = 0; i < SAMPLING_N; i++) {
		const struct option_value *value = rows[i].to;

		if (!value->given)
			say_note("%-18s %-12s %s", rows[i].name, "-", rows[i].about);
		else if (rows[i].kind == OPTION_WHOLE)
			say_note("%-18s %-12" PRId64 " %s", rows[i].name, value->whole, rows[i].about);
		else
			say_note("%-18s %-12g %s", rows[i].name, value->real, rows[i].about);
	}
	say_note("%-18s %-12" PRId64 " %s", tokens_row.name, chat->setup.n_tokens, tokens_row.about);
}

static int set_one(struct chat *chat, const struct option_row *row, const char *text)
{
	struct option_value *value = row->to, before;

	if (row == &tokens_row) {
		if (!option_number(row, text, &before)) {
			option_refused("", row, text);
			return STATUS_FAILED;
		}
		chat->setup.n_tokens = before.whole;
		return -1;
	}
	before = *value;
	if (!option_number(row, text, value)) {
		option_refused("", row, text);
		return STATUS_FAILED;
	}
	if (sampling_apply(&chat->setup.sampling, current(chat)->session))
		return -1;
	*value = before;
	sampling_apply(&chat->setup.sampling, current(chat)->session);
	return STATUS_FAILED;
}

static int set(struct chat *chat, const char *argument)
{
	struct option_row rows[SAMPLING_ROWS];
	size_t n_name = strcspn(argument, " =");
	const char *value = argument + n_name + strspn(argument + n_name, " =");

	sampling_rows(rows, &chat->setup.sampling);
	if (!*argument) {
		list_settings(chat, rows);
		return -1;
	}
	if (strlen(tokens_row.name) == n_name && !strncmp(argument, tokens_row.name, n_name))
		return set_one(chat, &tokens_row, value);
	for (size_t i = 0; i < SAMPLING_N; i++)
		if (strlen(rows[i].name) == n_name && !strncmp(argument, rows[i].name, n_name))
			return set_one(chat, &rows[i], value);
	return say_failure("there is no setting '%.*s': '/set' lists them", (int)n_name, argument);
}

static void show_system(const struct chat *chat)
{
	const json_t *message = json_array_get(current(chat)->messages, 0);
	const char *role = json_string_value(json_object_get(message, "role"));
	const json_t *content = json_object_get(message, "content");

	if (role && !strcmp(role, "system"))
		terminal_say("system: ", json_string_value(content), json_string_length(content));
	else
		say_note("there is no system message: '/system TEXT' sets one");
}

static int system_message(struct chat *chat, const char *text)
{
	bool away = !strcmp(text, "-");

	if (!*text) {
		show_system(chat);
		return -1;
	}
	if (!conversation_system(current(chat), away ? "" : text))
		return STATUS_FAILED;
	say_note(away ? "system message taken away" : "system message set");
	return -1;
}

static int quit(struct chat *chat, const char *argument)
{
	(void)argument;
	chat->quit = true;
	return -1;
}

static int help(struct chat *chat, const char *argument);

static const struct command commands[] = {
	{ "/save", "FILE", "save the conversation, for /load and 'krait run --load'", true, save },
	{ "/load", "FILE", "go on with a saved conversation", true, load },
	{ "/fork", "[NAME]", "go on in a copy; this one stays as it is", false, fork_here },
	{ "/switch", "[NAME]", "go to another copy, or list them", false, switch_to },
	{ "/undo", "", "take the last question and its answer back", false, undo },
	{ "/regen", "", "another answer to the last question", false, regenerate },
	{ "/show", "", "what was said so far", false, show },
	{ "/set", "[NAME VALUE]", "change how tokens are chosen, or list the settings", false, set },
	{ "/system", "[TEXT]",
		"set what the model is told first, or show it; '-' takes it away", false, system_message },
	{ "/help", "", "this list", false, help },
	{ "/quit", "", "end, as /exit and Ctrl-D do", false, quit },
};
#define N_COMMANDS (sizeof commands / sizeof *commands)

static int help(struct chat *chat, const char *argument)
{
	(void)chat;
	(void)argument;
	for (size_t i = 0; i < N_COMMANDS; i++) {
		char left[40];

		snprintf(left, sizeof left, "%s %s", commands[i].line, commands[i].argument);
		say_note("%-20s %s", left, commands[i].about);
	}
	say_note("Ctrl-C stops an answer. "
		"A line that ends with a backslash goes on in the next one; text that is pasted is one message.");
	return -1;
}

const char *chat_command_name(size_t i)
{
	return i < N_COMMANDS ? commands[i].line : NULL;
}

const char *chat_setting_name(size_t i)
{
	static struct option_row rows[SAMPLING_ROWS];

	if (i == SAMPLING_N)
		return tokens_row.name;
	if (!i)
		sampling_rows(rows, NULL);
	return i < SAMPLING_N ? rows[i].name : NULL;
}

static int unknown(const char *name, size_t n_name)
{
	struct nearest nearest = { .word = name, .n_word = n_name };

	for (size_t i = 0; i < N_COMMANDS; i++)
		nearest_try(&nearest, commands[i].line + 1);
	nearest_try(&nearest, "exit");
	if (nearest.found)
		return say_failure("there is no command '/%.*s': did you mean '/%s'?",
			(int)n_name, name, nearest.found);
	return say_failure("there is no command '/%.*s': '/help' lists them", (int)n_name, name);
}

static int run_command(struct chat *chat, const char *line)
{
	size_t n_name = strcspn(line + 1, " \n");
	const char *argument = line + 1 + n_name;

	argument += strspn(argument, " \n");
	if (n_name == 4 && !strncmp(line + 1, "exit", 4))
		return quit(chat, argument);
	for (size_t i = 0; i < N_COMMANDS; i++) {
		if (strlen(commands[i].line) != n_name + 1 || strncmp(line, commands[i].line, n_name + 1))
			continue;
		if (commands[i].needed && !*argument)
			return say_failure("%s %s: the argument is missing", commands[i].line, commands[i].argument);
		return commands[i].run(chat, argument);
	}
	return unknown(line + 1, n_name);
}

int chat_command(struct chat *chat, const char *line)
{
	size_t n = strlen(line);
	char *text = strdup(line);
	int status;

	if (!text)
		return say_failure("out of memory");
	/* Tab leaves a blank behind what it completes. */
	while (n && text[n - 1] == ' ')
		text[--n] = 0;
	status = run_command(chat, text);
	free(text);
	return status;
}
