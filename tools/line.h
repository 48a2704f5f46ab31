/* SPDX-License-Identifier: Apache-2.0 */
/* line.h - lines from the user: edited and remembered on a terminal, plain otherwise. */
#ifndef TOOLS_LINE_H
#define TOOLS_LINE_H

#include <stdbool.h>

struct line;

/* NULL when there is no memory. Editing is on when stdin and stderr are a terminal. */
struct line *line_open(void);
void line_close(struct line *line);     /* writes the history */
bool line_terminal(const struct line *line);

enum line_got { LINE_TEXT, LINE_END, LINE_INTERRUPTED };

/* The next line without its newline, valid until the next call. A backslash at the end
 * of a line goes on in the next one. */
enum line_got line_read(struct line *line, const char *prompt, const char **out);

#endif
