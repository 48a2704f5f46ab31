/* SPDX-License-Identifier: Apache-2.0 */
/* needs.h - how much memory a model will need, told before its weights are fetched. */
#ifndef TOOLS_PULL_NEEDS_H
#define TOOLS_PULL_NEEDS_H

#include "pull/choose.h"

/* Bytes with one session, from config.json and the heads of the safetensors, by range requests. 0: not
 * known, and `why` says why not. What the library says of such heads decides, so this also finds out
 * whether it runs the model: *runs. -1, or the exit status, the reason having been said. */
int needs_memory(uint64_t *out, bool *runs, char *why, size_t n_why, const struct hub *hub, const struct wanted *wanted,
	const struct listing *listing, const struct chosen *chosen);

#endif
