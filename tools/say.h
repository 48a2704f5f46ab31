/* SPDX-License-Identifier: Apache-2.0 */
/* say.h - what the command tells its user: one-line messages on stderr, results on stdout. */
#ifndef TOOLS_SAY_H
#define TOOLS_SAY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* From now on messages are JSON objects, one a line: {"error": text, "status": 1}, {"note": text}. */
void say_as_json(bool json);

/* "krait: <text>" on stderr, always one line: control characters inside become spaces.
 * Returns STATUS_FAILED. */
int say_failure(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same for a command line that cannot be understood. Returns STATUS_USAGE. */
int say_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A remark on stderr. */
void say_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Results. The first failed write is reported once (a closed pipe silently) and makes
 * every later call return false. */
bool output_write(const void *data, size_t n);
bool output_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool output_flush(void);

/* One JSON document on a line of its own; in ASCII on a terminal, which obeys no escape in it. Takes the value over. */
bool output_json(json_t *value);

/* The exit status of a verb that got as far as `status`: flushes, and turns 0 into
 * STATUS_FAILED when something could not be written. Where that was because nobody reads any more,
 * the process ends by SIGPIPE, as other commands do. */
int output_end(int status);

#endif
