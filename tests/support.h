/* SPDX-License-Identifier: Apache-2.0 */
/* support.h - what the test programs share. */
#ifndef KRAIT_TESTS_SUPPORT_H
#define KRAIT_TESTS_SUPPORT_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>

/* Runs a suite, prints TAP and the seconds it took; what main returns. */
int support_run(Suite *suite);

/* A file under tests/data, or under the top folder. One of four buffers in turn. */
const char *support_path(const char *relative);
const char *support_top(const char *relative);

/* The whole of a file under tests/data with a zero byte behind it; free() it. Ends the test
 * when it cannot be read. */
char *support_read(const char *relative, size_t *n);
char *support_read_path(const char *path, size_t *n);

/* ||a - b|| / ||b|| */
double support_rel_l2(const float *a, const double *b, size_t n);

/* A new empty folder; removed with what is in it when the program ends. */
const char *support_folder(void);

/* True when KRAIT_LONG is set: `make check-long`. */
bool support_long(void);

/* Prints a TAP result that is skipped: for a whole program that cannot run here. Returns main's status. */
int support_skip_all(const char *reason);

#endif
