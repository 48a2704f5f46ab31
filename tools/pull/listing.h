/* SPDX-License-Identifier: Apache-2.0 */
/* listing.h - what a hub has of a model at a revision. */
#ifndef TOOLS_PULL_LISTING_H
#define TOOLS_PULL_LISTING_H

#include "pull/hub.h"
#include "pull/wanted.h"

#include <stdint.h>

struct listed {
	char *path;
	int64_t size;                   /* -1: not said */
	char content[65];               /* SHA-256 or git's SHA-1 in hex; "" when not said */
};

struct listing {
	char commit[41];
	struct listed *files;
	size_t n;
	size_t n_refused;               /* names that lead elsewhere */
};

/* Asks the hub. -1, or the exit status after saying why. */
int listing_get(struct listing *out, const struct hub *hub, const struct wanted *wanted);

/* From the text of its answer; the same. `what` names the model. */
int listing_read(struct listing *out, const char *text, size_t n_text, const char *what);

const struct listed *listing_find(const struct listing *listing, const char *path);
void listing_free(struct listing *listing);

#endif
