/* SPDX-License-Identifier: Apache-2.0 */
/* installed.h - models by name: "demo", "org/name". */
#ifndef KRAIT_MODEL_INSTALLED_H
#define KRAIT_MODEL_INSTALLED_H

#include "base/why.h"

/* The path to open: `path` itself if it exists, else the folder of an installed model of
 * that name. NOT_FOUND lists where it was looked for. */
krait_status krait__installed_find(char **out, const char *path, struct why *why);

#endif
