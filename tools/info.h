/* SPDX-License-Identifier: Apache-2.0 */
/* info.h - what `krait info` shows beside models: saved states. */
#ifndef TOOLS_INFO_H
#define TOOLS_INFO_H

#include <jansson.h>
#include <stdbool.h>

/* Whether a file begins as a saved state does. */
bool info_is_state(const char *path);

/* What a saved state says of itself, as an object. -1, or an exit status after saying why not. */
int info_state(json_t **out, const char *path);

#endif
