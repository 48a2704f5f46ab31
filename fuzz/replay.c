/* SPDX-License-Identifier: Apache-2.0 */
/* replay.c - the harnesses without libFuzzer: every input that once broke something, and some hundred changed
 * ones by fixed seeds. Each harness runs in a child, so that one that breaks leaves the others their turn.
 *
 *	replay                          TAP for all of them
 *	replay HARNESS FILE...          these files alone, in this process
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST 16384
#define CHANGED 150                     /* inputs of each harness; twenty times as many with KRAIT_LONG=1 */

static unsigned state = 1;
/* The input that a child is at, so that what broke can be kept: a size and its bytes, shared with the parent. */
static struct { size_t n; uint8_t data[MOST]; } *current;

size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t most)
{
	size_t at = n ? fuzz_random(&state) % n : 0;

	switch (fuzz_random(&state) % 4) {
	case 0:
		if (n < most) {
			memmove(data + at + 1, data + at, n - at);
			data[at] = (uint8_t)fuzz_random(&state);
			n++;
		}
		break;
	case 1:
		if (n > 1) {
			size_t gone = 1 + fuzz_random(&state) % (n - at < 16 ? n - at : 16);

			memmove(data + at, data + at + gone, n - at - gone);
			n -= gone;
		}
		break;
	case 2:
		if (n)
			data[at] ^= (uint8_t)(1u << fuzz_random(&state) % 8);
		break;
	default:
		if (n)
			data[at] = (uint8_t)fuzz_random(&state);
		break;
	}
	return n;
}

static void run_file(const struct fuzz_harness *harness, const char *path)
{
	struct fuzz_bytes bytes = fuzz_get(path);

	/* A block of just this size, so that a sanitizer sees a step beyond. */
	uint8_t *exact = malloc(bytes.size ? bytes.size : 1);

	memcpy(exact, bytes.data ? bytes.data : (const uint8_t *)"", bytes.size);
	harness->run(exact, bytes.size);
	free(exact);
	fuzz_free(&bytes);
}

/* Runs all files of a folder, in any order; returns how many. */
static int run_folder(const struct fuzz_harness *harness, const char *folder)
{
	DIR *list = opendir(folder);
	struct dirent *entry;
	int n = 0;

	while (list && (entry = readdir(list))) {
		char path[1024];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		fprintf(stderr, "# %s\n", path);
		run_file(harness, path);
		n++;
	}
	if (list)
		closedir(list);
	return n;
}

/* Each input is the one before, changed; now and then it begins anew. */
static void run_changed(const struct fuzz_harness *harness, int n_inputs)
{
	uint8_t *data = malloc(MOST), *exact;
	size_t n = 0;

	for (int i = 0; i < n_inputs; i++) {
		if (i % 25 == 0)
			n = 0;
		n = harness->mutate(data, n, MOST, (unsigned)i * 77 + 5);
		exact = malloc(n ? n : 1);
		memcpy(exact, data, n);
		memcpy(current->data, data, n);
		current->n = n;
		harness->run(exact, n);
		free(exact);
	}
	free(data);
}

static void keep(const char *name)
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "fuzz-broke-%s", name);
	file = current->n ? fopen(path, "wb") : NULL;
	if (file && fwrite(current->data, 1, current->n, file) == current->n)
		printf("# the input is in %s\n", path);
	if (file)
		fclose(file);
}

static bool run_harness(const struct fuzz_harness *harness, size_t number)
{
	const char *top = getenv("top_srcdir"), *longer = getenv("KRAIT_LONG");
	int n_changed = longer && *longer ? 20 * CHANGED : CHANGED, status = 0;
	char folder[512];
	pid_t child;

	snprintf(folder, sizeof(folder), "%s/fuzz/regressions/%s", top ? top : ".", harness->name);
	fflush(stdout);
	current->n = 0;
	child = fork();
	if (child == 0) {
		int n = run_folder(harness, folder);

		run_changed(harness, n_changed);
		fprintf(stderr, "# %s: %d inputs of old, %d changed ones\n", harness->name, n, n_changed);
		exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
		printf("not ok %zu - %s ended with %d\n", number, harness->name, status);
		keep(harness->name);
		return false;
	}
	printf("ok %zu - %s\n", number, harness->name);
	return true;
}

int main(int argc, char **argv)
{
	bool ok = true;
	size_t n = 0;
	time_t began = time(NULL);

	if (argc > 1) {
		const struct fuzz_harness *harness = fuzz_find(argv[1]);

		if (!harness)
			fuzz_broken("there is no harness %s", argv[1]);
		for (int i = 2; i < argc; i++)
			run_file(harness, argv[i]);
		return 0;
	}
	current = mmap(NULL, sizeof(*current), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (current == MAP_FAILED)
		fuzz_broken("no memory to share");
	for (; fuzz_at(n); n++)
		ok = run_harness(fuzz_at(n), n + 1) && ok;
	printf("1..%zu\n# seconds: %ld\n", n, (long)(time(NULL) - began));
	return ok ? 0 : 1;
}
