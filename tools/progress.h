/* SPDX-License-Identifier: Apache-2.0 */
/* progress.h - one bar on stderr for whatever takes long; on a terminal only. */
#ifndef TOOLS_PROGRESS_H
#define TOOLS_PROGRESS_H

#include <stdint.h>

/* Steps of the library from now on are about `what` ("reading the prompt"). The bar
 * appears only when the work takes noticeable time, is redrawn at most ten times a
 * second, and never when stderr is no terminal. */
void progress_begin(const char *what);

/* The same, for work that the command counts itself with progress_step: steps that the
 * library reports meanwhile are parts of it and not drawn. */
void progress_begin_own(const char *what);
void progress_step(uint64_t done, uint64_t total);

void progress_clear(void);              /* takes the bar off the screen */
void progress_end(void);                /* and expects no steps until the next begin */

/* What else draws on the screen: progress_clear, which comes before every line that is written, calls
 * `clear` too. NULL: nothing does any more. */
void progress_beside(void (*clear)(void *user), void *user);

/* For krait_options_set_progress. Non-zero, which cancels, after Ctrl-C. */
int progress_callback(void *user, uint64_t done, uint64_t total);

#endif
