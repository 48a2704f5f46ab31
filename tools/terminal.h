/* SPDX-License-Identifier: Apache-2.0 */
/* terminal.h - colour, and text of a model made harmless for a terminal. */
#ifndef TOOLS_TERMINAL_H
#define TOOLS_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Copies text without what a terminal would obey: C0 controls but newline and tab, DEL,
 * C1 controls as UTF-8 (C2 80 to C2 9F), and every byte that is not part of well-formed
 * UTF-8. `out` has room for n bytes; returns how many were written. */
size_t terminal_filter(char *out, const char *text, size_t n);

/* How many bytes from the beginning are well-formed UTF-8; n where all are. */
size_t terminal_utf8(const char *text, size_t n);

/* Writes text of a model to stdout and flushes it, filtered unless `raw`.
 * On a terminal lines then break between words. */
bool terminal_write(const char *text, size_t n, bool raw);

/* Who speaks: written on a terminal, once, before the next text. Kept, not copied; NULL: nobody. */
void terminal_mark(const char *mark);

/* Text on stderr, filtered, on lines of its own behind a mark. */
void terminal_say(const char *mark, const char *text, size_t n);

bool terminal_ends_line(void);          /* the last terminal_write ended with a newline, or there was none */

/* Begins a line on stderr where text of a model and messages come out on one screen or into one file. */
void terminal_part(void);

/* Colour codes for stdout or stderr; "" where there is no terminal, or NO_COLOR is set. */
enum terminal_colour { COLOUR_NONE, COLOUR_BOLD, COLOUR_DIM, COLOUR_PROMPT };
const char *terminal_colour(int fd, enum terminal_colour colour);

#endif
