/* SPDX-License-Identifier: Apache-2.0 */
/* interrupt.h - Ctrl-C: stops what the current session does, and is remembered. */
#ifndef TOOLS_INTERRUPT_H
#define TOOLS_INTERRUPT_H

#include "krait.h"

#include <stdbool.h>

/* From now on SIGINT sets a flag and cancels the watched session; SIGPIPE is an error
 * of the write. System calls that wait are interrupted, so that a prompt notices. */
void interrupt_install(void);
void interrupt_watch(krait_session *session);   /* NULL: none */
bool interrupt_seen(void);
void interrupt_clear(void);

#endif
