/* SPDX-License-Identifier: Apache-2.0 */
/* bars.h - several bars on a terminal, one a line. */
#ifndef TOOLS_PULL_BARS_H
#define TOOLS_PULL_BARS_H

#include <stdint.h>

#define BARS_MOST 16

/* Draws a line on stderr and returns 1. `per_second` 0: neither rate nor time left are told. */
int bars_draw(const char *name, uint64_t done, uint64_t total, double per_second);

/* Takes the last `n` lines away. */
void bars_clear(int n);

#endif
