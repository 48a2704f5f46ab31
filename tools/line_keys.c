/* SPDX-License-Identifier: Apache-2.0 */
/* line_keys.c - what line editing does at Tab and with pasted text. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "line.h"

#ifdef HAVE_LIBEDIT
#include "line_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#define PASTE_ENDS L"\033[201~"

/* ---- pasting ------------------------------------------------------------------------------- */

struct pasted {
	wchar_t *text;
	size_t n, room;
};

static bool paste_add(struct pasted *pasted, wchar_t c)
{
	if (pasted->n + 1 >= pasted->room) {
		size_t room = pasted->room * 2 + 256;
		wchar_t *more = realloc(pasted->text, room * sizeof *more);

		if (!more)
			return false;
		pasted->text = more;
		pasted->room = room;
	}
	pasted->text[pasted->n++] = c;
	pasted->text[pasted->n] = 0;
	return true;
}

/* Terminals send a line's end as a carriage return; controls do nothing good in a line. */
static void paste_clean(struct pasted *pasted)
{
	size_t n = 0;

	for (size_t i = 0; i < pasted->n; i++) {
		wchar_t c = pasted->text[i];

		if (c == L'\r' && i + 1 < pasted->n && pasted->text[i + 1] == L'\n')
			continue;
		if (c == L'\r')
			c = L'\n';
		if (c == L'\n' || c == L'\t' || (c >= L' ' && c != 0x7f))
			pasted->text[n++] = c;
	}
	/* The end of the last line is not the wish to send: that is Enter. */
	while (n && pasted->text[n - 1] == L'\n')
		n--;
	pasted->text[n] = 0;
	pasted->n = n;
}

/* All that is pasted becomes part of the line, its line ends too. */
static unsigned char take_paste(EditLine *edit, int key)
{
	static const size_t n_end = sizeof PASTE_ENDS / sizeof(wchar_t) - 1;
	struct pasted pasted = { 0 };
	bool ended = false;
	wchar_t c;

	(void)key;
	while (!ended && el_wgetc(edit, &c) == 1 && paste_add(&pasted, c))
		ended = pasted.n >= n_end && !wcscmp(pasted.text + pasted.n - n_end, PASTE_ENDS);
	if (ended) {
		pasted.n -= n_end;
		paste_clean(&pasted);
		if (pasted.n)
			el_winsertstr(edit, pasted.text);
	}
	free(pasted.text);
	return ended ? CC_REFRESH : CC_ERROR;
}

void line_keys_paste(bool on)
{
	const char *term = getenv("TERM");

	if (!term || !strcmp(term, "dumb"))
		return;
	fputs(on ? "\033[?2004h" : "\033[?2004l", stderr);
	fflush(stderr);
}

/* ---- Tab ------------------------------------------------------------------------------------- */

/* A word's letters that it has in common with another one. */
static size_t in_common(const char *one, size_t n, const char *other)
{
	size_t i = 0;

	while (i < n && other[i] && one[i] == other[i])
		i++;
	return i;
}

static void show_all(const struct line_words *words, const char *line, size_t n_before, const char *word, size_t n_word)
{
	const char *one;

	fputs("\n", stderr);
	for (size_t i = 0; (one = words->give(words->user, line, n_before, i)); i++)
		if (!strncmp(one, word, n_word))
			fprintf(stderr, "%s  ", one);
	fputs("\n", stderr);
}

/* The word before the cursor is made longer as far as all that it can become agree. */
static unsigned char complete(EditLine *edit, int key)
{
	const LineInfo *info = el_line(edit);
	const struct line_words *words = line_words_of(edit);
	size_t n_line = (size_t)(info->cursor - info->buffer), n_before = n_line, n_rest = 0, n_matches = 0;
	const char *first = NULL, *one, *word;
	char line[256], rest[64];

	if (!words || n_line >= sizeof line)
		return CC_ERROR;
	memcpy(line, info->buffer, n_line);
	line[n_line] = 0;
	while (n_before && line[n_before - 1] != ' ')
		n_before--;
	word = line + n_before;
	for (size_t i = 0; (one = words->give(words->user, line, n_before, i)); i++) {
		if (one == line_files)
			return _el_fn_complete(edit, key);
		if (strncmp(one, word, n_line - n_before))
			continue;
		n_rest = n_matches++ ? in_common(first, n_rest, one) : strlen(one);
		first = first ? first : one;
	}
	n_rest -= n_matches ? n_line - n_before : 0;
	if (!n_matches || n_rest + 2 > sizeof rest)
		return CC_ERROR;
	if (n_matches > 1 && !n_rest) {
		show_all(words, line, n_before, word, n_line - n_before);
		return CC_REDISPLAY;
	}
	snprintf(rest, sizeof rest, "%.*s%s", (int)n_rest, first + (n_line - n_before), n_matches == 1 ? " " : "");
	return el_insertstr(edit, rest) ? CC_ERROR : CC_REFRESH;
}

void line_keys_bind(EditLine *edit)
{
	el_set(edit, EL_ADDFN, "krait-paste", "takes pasted text", take_paste);
	el_set(edit, EL_ADDFN, "krait-complete", "completes a command", complete);
	el_set(edit, EL_BIND, "\033[200~", "krait-paste", NULL);
	el_set(edit, EL_BIND, "\t", "krait-complete", NULL);
}
#endif
