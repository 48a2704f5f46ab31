/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "support.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static char folder[512];
static pid_t folder_owner;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int support_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	double start = now();
	int failed;

	srunner_set_tap(runner, "-");
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	printf("# seconds: %.1f\n", now() - start);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

int support_skip_all(const char *reason)
{
	printf("1..0 # SKIP %s\n", reason);
	return EXIT_SUCCESS;
}

static const char *under(const char *root, const char *relative)
{
	static char paths[4][1024];
	static unsigned turn;
	char *path = paths[turn++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", root, relative);
	return path;
}

const char *support_path(const char *relative)
{
	const char *root = getenv("KRAIT_TEST_DATA");

	return under(root ? root : "tests/data", relative);
}

const char *support_top(const char *relative)
{
	const char *root = getenv("top_srcdir");

	return under(root ? root : ".", relative);
}

char *support_read_path(const char *path, size_t *n)
{
	FILE *file = fopen(path, "rb");
	char *data;
	long size;

	ck_assert_msg(file != NULL, "cannot open %s", path);
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	ck_assert_msg(size >= 0, "cannot tell the size of %s", path);
	data = malloc((size_t)size + 1);
	ck_assert_ptr_nonnull(data);
	ck_assert_uint_eq(fread(data, 1, (size_t)size, file), (size_t)size);
	data[size] = 0;
	fclose(file);
	if (n)
		*n = (size_t)size;
	return data;
}

char *support_read(const char *relative, size_t *n)
{
	return support_read_path(support_path(relative), n);
}

double support_rel_l2(const float *a, const double *b, size_t n)
{
	double difference = 0, norm = 0;

	for (size_t i = 0; i < n; i++) {
		difference += (a[i] - b[i]) * (a[i] - b[i]);
		norm += b[i] * b[i];
	}
	return sqrt(difference) / (norm > 0 ? sqrt(norm) : 1);
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *where)
{
	(void)about;
	(void)kind;
	(void)where;
	return remove(path);
}

static void remove_folder(void)
{
	if (folder[0] && getpid() == folder_owner)
		nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *support_folder(void)
{
	const char *root = getenv("top_builddir");

	snprintf(folder, sizeof(folder), "%s/test-XXXXXX", root ? root : "/tmp");
	ck_assert_msg(mkdtemp(folder) != NULL, "cannot make a folder %s", folder);
	if (!folder_owner)
		atexit(remove_folder);
	folder_owner = getpid();
	return folder;
}

bool support_long(void)
{
	return getenv("KRAIT_LONG") != NULL;
}
