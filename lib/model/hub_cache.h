/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hub_cache.h - the cache that hub clients share: models--org--name/refs/REVISION holds a
 * commit, snapshots/COMMIT the files, which are links into blobs/.
 */
#ifndef KRAIT_MODEL_HUB_CACHE_H
#define KRAIT_MODEL_HUB_CACHE_H

#include "base/why.h"

#include <stdbool.h>

/* "name", "org/name", either with "@revision" behind; nothing in it leads out of the cache. */
bool krait__hub_name_ok(const char *name);

/* The cache's folder, in the order of the hub's own clients. NULL and KRAIT_OK: no variable names one. */
krait_status krait__hub_folder(char **out, struct why *why);

/* The folder in which everything of a model lies, whatever its revision. */
krait_status krait__hub_model(char **out, const char *hub, const char *name, struct why *why);

/* The folder of the files of a model's revision, "main" if its name has none. NULL and KRAIT_OK: it is not there. */
krait_status krait__hub_snapshot(char **out, const char *hub, const char *name, struct why *why);

/* "models--org--name" as "org/name"; false: the folder is none of a model. */
bool krait__hub_name_of(char *out, size_t n_out, const char *folder);

#endif
