/* SPDX-License-Identifier: Apache-2.0 */
/* line.h - lines from the user: edited and remembered on a terminal, plain otherwise. */
#ifndef TOOLS_LINE_H
#define TOOLS_LINE_H

#include <stdbool.h>
#include <stddef.h>

struct line;

/* NULL when there is no memory. Editing is on when stdin and stderr are a terminal. */
struct line *line_open(void);
void line_close(struct line *line);     /* writes the history */
bool line_terminal(const struct line *line);

enum line_got { LINE_TEXT, LINE_END, LINE_INTERRUPTED };

/* What Tab can make of the word that follows the first n_before bytes of `line`: the i-th possibility,
 * NULL past the last. line_files means the files there are. */
struct line_words {
	const char *(*give)(void *user, const char *line, size_t n_before, size_t i);
	void *user;
};
extern const char line_files[];
void line_complete(struct line *line, const struct line_words *words);

#ifdef HAVE_LIBEDIT
struct editline;
const struct line_words *line_words_of(struct editline *edit);
#endif

/* The next line without its newline, valid until the next call. A backslash at the end
 * of a line goes on in the next one, and text that is pasted is one line, whatever it holds. */
enum line_got line_read(struct line *line, const char *prompt, const char **out);

#endif
