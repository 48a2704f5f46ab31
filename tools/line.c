/* SPDX-License-Identifier: Apache-2.0 */
/* line.c - lines from the user, through libedit on a terminal. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "line.h"

#include "files.h"
#include "interrupt.h"
#include "terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef HAVE_LIBEDIT
#include "line_keys.h"

#include <sys/stat.h>
#include <wchar.h>

#define HISTORY_LINES 1000
#endif

struct line {
	bool terminal;
	struct text whole;              /* a line put together from several */
	char *read;                     /* getline's */
	size_t n_read;
#ifdef HAVE_LIBEDIT
	EditLine *edit;
	History *history;
	HistEvent event;
	const char *prompt;
	const struct line_words *words; /* NULL: Tab does nothing */
	char file[4096];                /* "" when there is nowhere to keep it */
#endif
};

const char line_files[] = "";

#ifdef HAVE_LIBEDIT

const struct line_words *line_words_of(EditLine *edit)
{
	struct line *line = NULL;

	el_get(edit, EL_CLIENTDATA, &line);
	return line->words;
}

static char *give_prompt(EditLine *edit)
{
	struct line *line = NULL;

	el_get(edit, EL_CLIENTDATA, &line);
	return (char *)(uintptr_t)line->prompt;
}

/* One character; nothing after Ctrl-C, which libedit itself would read on after. */
static int give_character(EditLine *edit, wchar_t *out)
{
	mbstate_t state;
	unsigned char byte;

	(void)edit;
	memset(&state, 0, sizeof state);
	for (;;) {
		ssize_t n = interrupt_seen() ? 0 : read(STDIN_FILENO, &byte, 1);
		size_t taken;

		if (n < 0 && errno == EINTR && !interrupt_seen())
			continue;
		if (n <= 0)
			return 0;
		taken = mbrtowc(out, (const char *)&byte, 1, &state);
		if (taken == (size_t)-1)
			memset(&state, 0, sizeof state);
		else if (taken != (size_t)-2)
			return 1;
	}
}

/* $XDG_STATE_HOME/krait/history, or ~/.local/state/krait/history. */
static void find_file(struct line *line)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	int n = 0;

	if (state && *state == '/')
		n = snprintf(line->file, sizeof line->file, "%s/krait/history", state);
	else if (home && *home == '/')
		n = snprintf(line->file, sizeof line->file, "%s/.local/state/krait/history", home);
	if (n <= 0 || (size_t)n >= sizeof line->file) {
		line->file[0] = 0;
		return;
	}
	for (char *slash = strchr(line->file + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(line->file, 0700);
		*slash = '/';
	}
}

static bool open_editor(struct line *line)
{
	line->edit = el_init("krait", stdin, stderr, stderr);
	line->history = history_init();
	if (!line->edit || !line->history)
		return false;
	el_set(line->edit, EL_CLIENTDATA, line);
	el_set(line->edit, EL_EDITOR, "emacs");
	/* The mark \1 tells libedit which parts of the prompt take no room on the screen. */
	el_set(line->edit, EL_PROMPT_ESC, give_prompt, '\1');
	el_set(line->edit, EL_SIGNAL, 0);
	el_set(line->edit, EL_GETCFN, give_character);
	line_keys_bind(line->edit);
	history(line->history, &line->event, H_SETSIZE, HISTORY_LINES);
	history(line->history, &line->event, H_SETUNIQUE, 1);
	el_set(line->edit, EL_HIST, history, line->history);
	find_file(line);
	if (*line->file)
		history(line->history, &line->event, H_LOAD, line->file);
	return true;
}

static void close_editor(struct line *line)
{
	if (line->history && *line->file)
		history(line->history, &line->event, H_SAVE, line->file);
	if (line->history)
		history_end(line->history);
	if (line->edit)
		el_end(line->edit);
}

static void remember(struct line *line, const char *text)
{
	if (line->terminal && *text)
		history(line->history, &line->event, H_ENTER, text);
}

static enum line_got read_edited(struct line *line, const char *prompt, const char **out, size_t *n_out)
{
	int n = 0;
	const char *got;

	line->prompt = prompt;
	line_keys_paste(true);
	got = el_gets(line->edit, &n);
	line_keys_paste(false);
	if (interrupt_seen()) {
		el_reset(line->edit);
		return LINE_INTERRUPTED;
	}
	if (!got || n <= 0)
		return LINE_END;
	*out = got;
	*n_out = (size_t)n;
	return LINE_TEXT;
}

#else

static bool open_editor(struct line *line)
{
	(void)line;
	return true;
}

static void close_editor(struct line *line)
{
	(void)line;
}

static void remember(struct line *line, const char *text)
{
	(void)line;
	(void)text;
}

#endif

static enum line_got read_plain(struct line *line, const char *prompt, const char **out, size_t *n_out)
{
	ssize_t n;

	if (line->terminal)
		for (const char *c = prompt; *c; c++)
			if (*c != '\1')
				fputc(*c, stderr);
	errno = 0;
	n = getline(&line->read, &line->n_read, stdin);
	if (n < 0 && interrupt_seen()) {
		clearerr(stdin);
		return LINE_INTERRUPTED;
	}
	if (n < 0)
		return LINE_END;
	*out = line->read;
	*n_out = (size_t)n;
	return LINE_TEXT;
}

static enum line_got read_one(struct line *line, const char *prompt, const char **out, size_t *n_out)
{
#ifdef HAVE_LIBEDIT
	if (line->terminal)
		return read_edited(line, prompt, out, n_out);
#endif
	return read_plain(line, prompt, out, n_out);
}

struct line *line_open(void)
{
	struct line *line = calloc(1, sizeof *line);

	if (!line)
		return NULL;
	line->terminal = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
	if (line->terminal && !open_editor(line)) {
		line_close(line);
		return NULL;
	}
	return line;
}

void line_close(struct line *line)
{
	if (!line)
		return;
	if (line->terminal)
		close_editor(line);
	text_free(&line->whole);
	free(line->read);
	free(line);
}

void line_complete(struct line *line, const struct line_words *words)
{
#ifdef HAVE_LIBEDIT
	line->words = words;
#else
	(void)line;
	(void)words;
#endif
}

bool line_terminal(const struct line *line)
{
	return line->terminal;
}

enum line_got line_read(struct line *line, const char *prompt, const char **out)
{
	const char *part;
	size_t n_part;

	line->whole.n = 0;
	for (;;) {
		enum line_got got = read_one(line, prompt, &part, &n_part);

		/* The input ended behind a backslash: what there is, is the line. */
		if (got == LINE_END && line->whole.n)
			break;
		if (got != LINE_TEXT)
			return got;
		if (n_part && part[n_part - 1] == '\n')
			n_part--;
		if (!n_part || part[n_part - 1] != '\\') {
			if (!text_add(&line->whole, part, n_part))
				return LINE_END;
			break;
		}
		if (!text_add(&line->whole, part, n_part - 1) || !text_add(&line->whole, "\n", 1))
			return LINE_END;
		prompt = ". ";
	}
	remember(line, line->whole.data);
	*out = line->whole.data;
	return LINE_TEXT;
}
