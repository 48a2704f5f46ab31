/* SPDX-License-Identifier: Apache-2.0 */
/* hub.h - which hub is asked, with what right, and where its addresses lead. */
#ifndef TOOLS_PULL_HUB_H
#define TOOLS_PULL_HUB_H

#include "krait.h"

#include <stdbool.h>
#include <stddef.h>

#define HUB_PATH_ROOM 4096
#define HUB_URL_ROOM 4096

struct hub {
	char endpoint[1024];            /* "https://huggingface.co", no slash at its end */
	char token[1024];               /* "" when there is none */
	bool offline;
	long timeout;                   /* seconds that a server may say nothing */
	krait_installed *installed;     /* what was there when the command began */
	const char *cache;              /* the folder of the cache that hub clients share */
};

/* From the environment. -1 when it is ready; else the exit status, the reason having been said. */
int hub_open(struct hub *out);
void hub_close(struct hub *hub);

/* `path` as part of an address; slashes stay when `slashes` is set. False: too long. */
bool hub_escape(char *out, size_t n_out, const char *path, bool slashes);

/* Where a redirect from `base` leads. False: to something that is neither http nor https, or from https to http. */
bool hub_redirect(char out[HUB_URL_ROOM], const char *base, const char *location);

/* The same scheme, host and port. */
bool hub_same_origin(const char *one, const char *other);

/* The token goes to the hub alone, encrypted or within this machine. */
bool hub_trusts(const struct hub *hub, const char *url);

#endif
