/* SPDX-License-Identifier: Apache-2.0 */
/* pull.h - a model by its name on a hub, from other verbs. */
#ifndef TOOLS_PULL_PULL_H
#define TOOLS_PULL_PULL_H

#include <stdbool.h>

/* Whether a text may be the name of a model on a hub, "org/name" or "org/name@revision". */
bool pull_is_name(const char *text);

/* Fetches it with all that belongs to it. The exit status, everything having been said. */
int pull_model(const char *name);

#endif
