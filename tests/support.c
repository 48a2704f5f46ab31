/* SPDX-License-Identifier: Apache-2.0 */
/* support.c - running a suite with TAP output, files of the tests, small measures. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "support.h"

#include <errno.h>
#include <ftw.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Strings that were handed out, to be freed at the end. */
struct kept {
	struct kept *next;
	char text[];
};

static struct kept *all_kept;
static pthread_mutex_t kept_lock = PTHREAD_MUTEX_INITIALIZER;
static char base[4096];		/* this program's own folder */
static pid_t base_owner;	/* who removes it */

static void
die(const char *what, const char *path)
{
	fprintf(stderr, "tests: %s %s: %s\n", what, path, strerror(errno));
	exit(99);
}

static const char *
keep(const char *a, const char *b)
{
	size_t n = strlen(a) + strlen(b) + 2;
	struct kept *k = malloc(sizeof *k + n);

	if (k == NULL)
		die("no memory for", a);
	snprintf(k->text, n, "%s/%s", a, b);
	pthread_mutex_lock(&kept_lock);
	k->next = all_kept;
	all_kept = k;
	pthread_mutex_unlock(&kept_lock);
	return k->text;
}

static int
remove_entry(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)where;
	if (type == FTW_DNR)
		chmod(path, 0700);
	return remove(path);
}

static void
clean_up(void)
{
	struct kept *k;

	while ((k = all_kept) != NULL) {
		all_kept = k->next;
		free(k);
	}
	if (base[0] != '\0' && base_owner == getpid())
		nftw(base, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *
base_folder(void)
{
	pthread_mutex_lock(&kept_lock);
	if (base[0] == '\0') {
		snprintf(base, sizeof base, "%s/test-tmp.XXXXXX", SUPPORT_BUILD);
		if (mkdtemp(base) == NULL)
			die("cannot make", base);
		base_owner = getpid();
		atexit(clean_up);
	}
	pthread_mutex_unlock(&kept_lock);
	return base;
}

static const char *
source_root(void)
{
	const char *root = getenv("top_srcdir");

	return root != NULL && root[0] != '\0' ? root : SUPPORT_SOURCE;
}

const char *
support_path(const char *relative)
{
	base_folder();
	return keep(keep(source_root(), "tests/data"), relative);
}

const char *
support_top(const char *relative)
{
	base_folder();
	return keep(source_root(), relative);
}

const char *
support_demo(const char *name)
{
	const char *folder;

	base_folder();
	folder = keep(source_root(), "models/demo");
	return name != NULL ? keep(folder, name) : folder;
}

const char *
support_join(const char *folder, const char *name)
{
	base_folder();
	return keep(folder, name);
}

char *
support_read_path(const char *path, size_t *n)
{
	FILE *f = fopen(path, "rb");
	struct stat st;
	char *data;

	if (f == NULL || fstat(fileno(f), &st) != 0)
		ck_abort_msg("%s: %s", path, strerror(errno));
	data = malloc((size_t)st.st_size + 1);
	ck_assert_ptr_nonnull(data);
	if (fread(data, 1, (size_t)st.st_size, f) != (size_t)st.st_size)
		ck_abort_msg("%s: could not be read whole", path);
	fclose(f);
	data[st.st_size] = '\0';
	if (n != NULL)
		*n = (size_t)st.st_size;
	return data;
}

char *
support_read(const char *relative, size_t *n)
{
	return support_read_path(support_path(relative), n);
}

void
support_write(const char *path, const void *data, size_t n)
{
	FILE *f = fopen(path, "wb");

	if (f == NULL)
		ck_abort_msg("%s: %s", path, strerror(errno));
	if (fwrite(data, 1, n, f) != n || fclose(f) != 0)
		ck_abort_msg("%s: could not be written", path);
}

const char *
support_folder(void)
{
	const char *pattern = support_join(base_folder(), "XXXXXX");
	char *made = mkdtemp((char *)(uintptr_t)pattern);

	if (made == NULL)
		die("cannot make", pattern);
	return made;
}

double
support_rel_l2(const float *a, const double *b, size_t n)
{
	double above = 0, below = 0;

	for (size_t i = 0; i < n; i++) {
		double d = (double)a[i] - b[i];

		above += d * d;
		below += b[i] * b[i];
	}
	return below == 0 ? sqrt(above) : sqrt(above / below);
}

double
support_rel_l2f(const float *a, const float *b, size_t n)
{
	double above = 0, below = 0;

	for (size_t i = 0; i < n; i++) {
		double d = (double)a[i] - (double)b[i];

		above += d * d;
		below += (double)b[i] * (double)b[i];
	}
	return below == 0 ? sqrt(above) : sqrt(above / below);
}

bool
support_long(void)
{
	const char *asked = getenv("KRAIT_LONG");

	return asked != NULL && asked[0] != '\0' && strcmp(asked, "0") != 0;
}

/* Check knows no skipped tests. A skip is written to a file, since the test may
 * run in a child, and support_run adds it to the test's line afterwards. */
void
support_skip_test(const char *function, int iteration, const char *reason)
{
	FILE *f = fopen(support_join(base_folder(), "skips"), "a");
	size_t n = strlen(function);

	if (f == NULL)
		die("cannot write skips in", base);
	if (n > 3 && strcmp(function + n - 3, "_fn") == 0)
		n -= 3;
	fprintf(f, "%.*s %d %s\n", (int)n, function, iteration, reason);
	fclose(f);
}

/* The reason for which the iteration-th run of a test was skipped. */
static int
skip_reason(const char *test, int iteration, char *out, size_t n_out)
{
	FILE *f = fopen(support_join(base_folder(), "skips"), "r");
	char line[1024], name[256];
	int at, used;

	if (f == NULL)
		return 0;
	while (fgets(line, sizeof line, f) != NULL) {
		if (sscanf(line, "%255s %d %n", name, &at, &used) != 2 || strcmp(name, test) != 0 || at != iteration)
			continue;
		snprintf(out, n_out, "%s", line + used);
		out[strcspn(out, "\n")] = '\0';
		fclose(f);
		return 1;
	}
	fclose(f);
	return 0;
}

/* The name of the test in a line "ok 1 - file.c:case:name: Passed". */
static int
test_name(const char *line, char *out, size_t n_out)
{
	const char *p = strstr(line, " - ");
	size_t n;

	for (int i = 0; i < 2 && p != NULL; i++) {
		p = strchr(p, ':');
		p = p != NULL ? p + 1 : NULL;
	}
	if (p == NULL)
		return 0;
	n = strcspn(p, ":\n");
	if (n >= n_out)
		return 0;
	memcpy(out, p, n);
	out[n] = '\0';
	return 1;
}

static void
print_tap(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[4096], name[256], last[256] = "", reason[1024];
	int iteration = 0;

	if (f == NULL)
		die("cannot read", path);
	while (fgets(line, sizeof line, f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "ok ", 3) != 0 && strncmp(line, "not ok ", 7) != 0) {
			printf("%s%s\n", strncmp(line, "1..", 3) == 0 ? "" : "# ", line);
			continue;
		}
		if (!test_name(line, name, sizeof name))
			name[0] = '\0';
		iteration = strcmp(name, last) == 0 ? iteration + 1 : 0;
		memcpy(last, name, sizeof last);
		if (line[0] == 'o' && name[0] != '\0' && skip_reason(name, iteration, reason, sizeof reason))
			printf("%s # SKIP %s\n", line, reason);
		else
			printf("%s\n", line);
	}
	fclose(f);
}

int
support_skip_all(const char *reason)
{
	printf("1..0 # SKIP %s\n", reason);
	return EXIT_SUCCESS;
}

static double
seconds_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int
run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	const char *tap = support_join(base_folder(), "tap");
	double start = seconds_now();
	int n_failed;

	srunner_set_tap(runner, tap);
	srunner_run_all(runner, CK_SILENT);
	n_failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	print_tap(tap);
	printf("# seconds: %.2f\n", seconds_now() - start);
	return n_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* Whether KRAIT_LEAVE_OUT, a list with spaces, has the program: tests/cuda/test_session. */
static bool
left_out(void)
{
	const char *list = getenv("KRAIT_LEAVE_OUT");
	const char *program = strstr(program_invocation_name, "tests/");
	size_t n = program ? strlen(program) : 0;

	while (list && program) {
		list += strspn(list, " ");
		if (strcspn(list, " ") == n && memcmp(list, program, n) == 0)
			return true;
		list = strchr(list, ' ');
	}
	return false;
}

int
support_run(Suite *suite)
{
	if (left_out()) {
		srunner_free(srunner_create(suite));
		return support_skip_all("KRAIT_LEAVE_OUT names it");
	}
	return run(suite);
}
