/* SPDX-License-Identifier: Apache-2.0 */
/* support.h - what the test programs share. */
#ifndef KRAIT_TESTS_SUPPORT_H
#define KRAIT_TESTS_SUPPORT_H

#include <check.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Runs the suite, prints TAP and the seconds that it took. Returns what main
 * is to return. CK_FORK=no keeps everything in one process. */
int support_run(Suite *suite);

/* The path of a file under tests/data. Lives until the program ends. */
const char *support_path(const char *relative);

/* The path of a file under the top folder of the sources. Lives until the program ends. */
const char *support_top(const char *relative);

/* The path of the demo model's folder, or of a file in it when name is not NULL. */
const char *support_demo(const char *name);

/* The bytes of a file under tests/data, or of any, with a zero after them. The
 * caller frees. A file that cannot be read fails the test. */
char *support_read(const char *relative, size_t *n);
char *support_read_path(const char *path, size_t *n);

/* Writes a file, whole; failing fails the test. */
void support_write(const char *path, const void *data, size_t n);

/* A new empty folder in the build tree. It is removed when the program ends. */
const char *support_folder(void);

/* folder/name. Lives until the program ends. */
const char *support_join(const char *folder, const char *name);

/* The relative L2 distance of a from b: |a - b| / |b|. NaN when either has one. */
double support_rel_l2(const float *a, const double *b, size_t n);
double support_rel_l2f(const float *a, const float *b, size_t n);

/* Whether the suites that are too slow for every day are asked for (KRAIT_LONG=1). */
bool support_long(void);

/* For a whole program that cannot run here: prints one TAP result that is
 * skipped, with the reason. Returns what main is to return. */
int support_skip_all(const char *reason);

/* Ends the running test as skipped, with the reason, which names what is missing.
 * Inside START_TEST only. */
#define support_skip(reason) \
	do { \
		support_skip_test(__func__, _i, (reason)); \
		return; \
	} while (0)
void support_skip_test(const char *function, int iteration, const char *reason);

#endif
