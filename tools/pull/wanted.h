/* SPDX-License-Identifier: Apache-2.0 */
/* wanted.h - what was asked for: "org/name", "org/name@revision", "org/name:file.gguf". */
#ifndef TOOLS_PULL_WANTED_H
#define TOOLS_PULL_WANTED_H

#include <stdbool.h>

struct wanted {
	char name[200];
	char revision[200];             /* "main" when none was given */
	char file[400];                 /* "" when none was given */
	bool revised;                   /* one was given */
};

/* -1, or the exit status after saying what is wrong with it. */
int wanted_parse(struct wanted *out, const char *text);

/* A path inside a model, as a hub may name one: it leads nowhere else. */
bool wanted_path_ok(const char *path);

/* 40 hex digits. */
bool wanted_is_commit(const char *text);

#endif
