/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.h - several files at a time, with what is told of them meanwhile. */
#ifndef TOOLS_PULL_FETCH_H
#define TOOLS_PULL_FETCH_H

#include "pull/choose.h"
#include "pull/report.h"
#include "pull/transfer.h"

/* Fetches the chosen files into the cache, `parallel` at a time. -1, or the exit status, everything having
 * been said. What has come by then stays there either way. */
int fetch_files(struct fetch *fetch, const struct chosen *chosen, int parallel, struct report *report);

#endif
