/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cache.h - the folder of one model in the cache that hub clients share, while files come into it:
 * blobs/CONTENT, snapshots/COMMIT/PATH as a link to one, refs/REVISION, .locks/MODEL/CONTENT.lock.
 */
#ifndef TOOLS_PULL_CACHE_H
#define TOOLS_PULL_CACHE_H

#include "pull/hub.h"

#include <stdint.h>

struct cache {
	char locks[HUB_PATH_ROOM], model[HUB_PATH_ROOM];
	char snapshot[HUB_PATH_ROOM];           /* of the commit */
};

/* The folders of a model, none of which need exist. False: too long, which has been said. */
bool cache_place(struct cache *out, const char *root, const char *name, const char *commit);

/* Makes what is missing of them. False: said why. */
bool cache_make(const struct cache *cache, const char *root);

/* Whether the snapshot has a file, of that size unless -1. */
bool cache_has(const struct cache *cache, const char *path, int64_t size);

/* Whether the content is there in full. */
bool cache_has_blob(const struct cache *cache, const char *content, uint64_t size);

/* The lock of a content: 1 taken, 0 somebody else has it, -1 said why not. */
int cache_lock(const struct cache *cache, const char *content, int *fd);
void cache_unlock(int *fd);

/* The file that a content grows in, the same after a break. -1: said why not. */
int cache_partial(const struct cache *cache, const char *content);
bool cache_keep(const struct cache *cache, const char *content, int fd);        /* makes it the content */
void cache_drop(const struct cache *cache, const char *content);                /* deletes it */

/* Makes the snapshot's `path` lead to a content. False: said why not. */
bool cache_link(const struct cache *cache, const char *path, const char *content);

/* Writes that `revision` is `commit` from now on. False: said why not. */
bool cache_point(const struct cache *cache, const char *revision, const char *commit);

/* Bytes that are free there; UINT64_MAX: not known. */
uint64_t cache_space(const char *root);

#endif
