/* SPDX-License-Identifier: Apache-2.0 */
/* small.h - answers that fit into memory: lists, configurations, the heads of files. */
#ifndef TOOLS_PULL_SMALL_H
#define TOOLS_PULL_SMALL_H

#include "files.h"
#include "pull/hub.h"
#include "pull/reply.h"

#include <stdint.h>

/* What to ask for, and how it is called when that fails. */
struct small_request {
	const char *url;
	const char *name, *what;                /* the model, and the part of it */
	uint64_t first, n;                      /* a range; n 0: all of it */
	size_t limit;                           /* more than this is refused; of a range the rest is left out */
};

/* Asks, again where that helps, along redirects. -1: `out` has the body; else the exit status, the reason
 * having been said. `out` is the caller's to free, always. */
int small_get(struct text *out, const struct hub *hub, const struct small_request *request);

/* Sleeps; false: Ctrl-C. */
bool small_wait(double seconds);

#endif
