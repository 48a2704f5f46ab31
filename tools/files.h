/* SPDX-License-Identifier: Apache-2.0 */
/* files.h - whole files and standard input as text in memory. */
#ifndef TOOLS_FILES_H
#define TOOLS_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* A growing piece of memory; {0} is empty. `data` is zero-terminated once anything was added. */
struct text {
	char *data;
	size_t n, room;
};

bool text_add(struct text *text, const void *data, size_t n);  /* false: out of memory, which has been said */
void text_free(struct text *text);

/* Reads a file, or standard input for "-". -1 when it went well, else an exit status, the reason having been said. */
int files_read(struct text *out, const char *path);

/* Whether a file can be made at the path, before much work is done for it.
 * -1, or STATUS_FAILED after saying why not. */
int files_writable(const char *path);

#endif
