/* SPDX-License-Identifier: Apache-2.0 */
/* chat.c - `krait chat`: reads lines, puts them as questions or does them as commands. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "chat.h"

#include "interrupt.h"
#include "line.h"
#include "opening.h"
#include "say.h"
#include "terminal.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_TOKENS 2000
#define DEFAULT_TEMPERATURE 0.9
#define DEFAULT_TOP_P 0.7

/* Two Ctrl-C within so many seconds end the chat. */
#define TWICE 1.0

struct asked {
	struct common common;
	struct option_value n_tokens;
	struct option_list stops;
	const char *template, *system, *load;
};

static int read_options(struct asked *asked, struct chat *chat, const struct verb *verb, int argc, char **argv)
{
	struct option_row sampling[SAMPLING_ROWS];
	const struct option_row rows[] = {
		{ "tokens", 'n', OPTION_WHOLE, &asked->n_tokens, "N", "new tokens an answer at most (default: 2000; -1: no limit)", -1, 9e15 },
		{ "system", 0, OPTION_TEXT, &asked->system, "TEXT", "what the model is told first", 0, 0 },
		{ "template", 0, OPTION_TEXT, &asked->template, "WHICH", "zephyr, chatml or a file (default: the model's own)", 0, 0 },
		{ "stop", 0, OPTION_LIST, &asked->stops, "TEXT", "end an answer before TEXT; may be given several times", 0, 0 },
		{ "load", 0, OPTION_TEXT, &asked->load, "FILE", "go on with a saved conversation", 0, 0 },
		{ "raw", 0, OPTION_FLAG, &chat->setup.raw, NULL, "write answers as they are, terminal escapes included", 0, 0 },
	};
	const struct option_group groups[] = {
		{ NULL, rows, sizeof rows / sizeof *rows },
		{ "choosing tokens (default: --temp 0.9 --top-p 0.7)", sampling, SAMPLING_ROWS },
	};
	int first, status;

	sampling_rows(sampling, &chat->setup.sampling);
	status = options_parse(verb, groups, 2, &asked->common, argc, argv, &first);
	if (status < 0 && argc > first)
		return say_usage("chat: no arguments are expected, but there is '%s'", argv[first]);
	chat->setup.n_tokens = asked->n_tokens.given ? asked->n_tokens.whole : DEFAULT_TOKENS;
	chat->setup.json = asked->common.json;
	return status;
}

/* A name that the library knows, a template as it is, or a file with one. */
static int set_template(struct chat *chat, const char *which)
{
	struct text text = { 0 };
	krait_chat *probe;
	int status = -1;

	if (krait_chat_new(&probe, NULL) != KRAIT_OK) {
		krait_chat_free(probe);
		return say_failure("out of memory");
	}
	if (krait_chat_set_template(probe, which) == KRAIT_OK) {
		chat->setup.template = strdup(which);
	} else {
		status = files_read(&text, which);
		if (status < 0 && krait_chat_set_template(probe, text.data ? text.data : "") != KRAIT_OK)
			status = say_failure("%s: %s", which, krait_chat_error(probe));
		if (status < 0)
			chat->setup.template = strdup(text.data ? text.data : "");
	}
	if (status < 0 && !chat->setup.template)
		status = say_failure("out of memory");
	text_free(&text);
	krait_chat_free(probe);
	return status;
}

static const char *model_name(const struct asked *asked)
{
	return asked->common.model ? asked->common.model : OPENING_DEFAULT_MODEL;
}

static bool has_template(const krait_model *model)
{
	json_t *info = opening_info(model);
	json_t *template = json_object_get(info, "chat_template");
	bool has = template && !json_is_null(template) && !json_is_false(template)
		&& !(json_is_string(template) && !json_string_length(template));

	json_decref(info);
	return has;
}

static int prepare(struct chat *chat, const struct asked *asked)
{
	struct setup *setup = &chat->setup;
	int status = opening_model(&setup->model, &asked->common, false);

	if (status < 0)
		status = opening_head(setup->model);
	if (status < 0)
		status = opening_text(setup->model);
	if (status >= 0)
		return status;
	if (!asked->template && !has_template(setup->model))
		return say_failure("the model has no chat template: choose one with --template zephyr, chatml or a file");
	if (asked->template && (status = set_template(chat, asked->template)) >= 0)
		return status;
	sampling_fill(&setup->sampling, setup->model, false, DEFAULT_TEMPERATURE, DEFAULT_TOP_P);
	sampling_seed(&setup->sampling);
	chat->branches[0] = conversation_new(setup, "main");
	if (!chat->branches[0])
		return STATUS_FAILED;
	chat->n_branches = 1;
	/* What no flag says is what the model says; /set lists all of it. */
	sampling_read(&setup->sampling, chat->branches[0]->session);
	chat->verbose = asked->common.verbose;
	chat_name(chat, model_name(asked));
	for (size_t i = 0; i < asked->stops.n; i++)
		if (krait_session_add_stop_text(chat->branches[0]->session, asked->stops.items[i], strlen(asked->stops.items[i])) != KRAIT_OK)
			return say_failure("--stop: %s", krait_session_error(chat->branches[0]->session));
	if (asked->load && !conversation_load(chat->branches[0], setup, asked->load))
		return STATUS_FAILED;
	if (asked->system && !conversation_system(chat->branches[0], asked->system))
		return STATUS_FAILED;
	return -1;
}

static int do_line(struct chat *chat, const char *line)
{
	int status;

	if (!line[strspn(line, " \t\n")])
		return -1;
	interrupt_clear();
	interrupt_watch(chat->branches[chat->current]->session);
	if (!chat->setup.json)
		terminal_mark(chat->speaker);
	if (*line == '/')
		status = chat_command(chat, line);
	else
		status = conversation_ask(chat->branches[chat->current], &chat->setup, line);
	interrupt_watch(NULL);
	terminal_mark(NULL);
	if (chat->verbose)
		stream_say_speed();
	return status;
}

/* Ctrl-C at the prompt: the second one in a row ends. `last` is the time of the one before. */
static bool ends(double *last)
{
	double t = stream_now();
	bool twice = *last > 0 && t - *last < TWICE;

	*last = t;
	interrupt_clear();
	fputs(twice ? "\n" : "\n(Ctrl-C again, Ctrl-D or /quit ends)\n", stderr);
	return twice;
}

static const char *prompt_text(const struct chat *chat, char *out, size_t n_out)
{
	const struct conversation *conversation = chat->branches[chat->current];
	const char *colour = terminal_colour(STDERR_FILENO, COLOUR_PROMPT);
	const char *plain = terminal_colour(STDERR_FILENO, COLOUR_NONE);
	const char *mark = *colour ? "\1" : "";

	snprintf(out, n_out, "%s%s%s%s> %s%s%s", mark, colour, mark, chat->n_branches > 1 ? conversation->name : "", mark, plain, mark);
	return out;
}

/* Lines until the end. Without a terminal a line that failed makes the whole fail. */
static int talk(struct chat *chat, struct line *line)
{
	double interrupted = 0;
	int status = STATUS_DONE;

	while (!chat->quit) {
		char prompt[96];
		const char *text;
		enum line_got got = line_read(line, prompt_text(chat, prompt, sizeof prompt), &text);
		int done;

		if (got == LINE_INTERRUPTED && line_terminal(line) && !ends(&interrupted))
			continue;
		if (got == LINE_INTERRUPTED)
			return STATUS_INTERRUPTED;
		if (got == LINE_END) {
			if (line_terminal(line))
				fputs("\n", stderr);
			break;
		}
		done = do_line(chat, text);
		if (done == STATUS_INTERRUPTED)
			interrupted = stream_now();
		interrupt_clear();
		if (done == STATUS_FAILED && !line_terminal(line))
			status = STATUS_FAILED;
		if (!output_flush())
			return STATUS_FAILED;
	}
	return status;
}

static void close_chat(struct chat *chat)
{
	interrupt_watch(NULL);
	for (size_t i = 0; i < chat->n_branches; i++)
		conversation_free(chat->branches[i]);
	free(chat->setup.template);
	krait_model_free(chat->setup.model);
}

int verb_chat(const struct verb *verb, int argc, char **argv)
{
	struct asked asked = { 0 };
	struct chat chat = { 0 };
	struct line *line = NULL;
	const struct line_words words = { chat_complete, &chat };
	int status = read_options(&asked, &chat, verb, argc, argv);

	if (status < 0)
		status = prepare(&chat, &asked);
	if (status < 0 && !(line = line_open()))
		status = say_failure("out of memory");
	if (status < 0 && line_terminal(line)) {
		chat.terminal = true;
		line_complete(line, &words);
		chat_greet(&chat, !strcmp(model_name(&asked), OPENING_DEFAULT_MODEL));
		if (asked.load)
			chat_show(&chat);
	}
	if (status < 0)
		status = talk(&chat, line);
	line_close(line);
	close_chat(&chat);
	return status;
}
