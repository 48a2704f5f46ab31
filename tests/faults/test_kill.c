/* SPDX-License-Identifier: Apache-2.0 */
/* test_kill.c - a process that saves is killed at any moment: the file is the old one or the new one. */
#include "support.h"
#include "faults.h"
#include "scene.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define NOTE_SIZE (256 * 1024)

/* Saves a small and a large state into reference files, then over one file in turn, for ever. */
static void save_for_ever(const char *folder, int ready)
{
	char path[600], small_path[600], large_path[600];
	krait_model *model;
	krait_session *session;
	krait_state *small, *large;
	char *note = calloc(1, NOTE_SIZE);

	snprintf(path, sizeof(path), "%s/saved", folder);
	snprintf(small_path, sizeof(small_path), "%s/small", folder);
	snprintf(large_path, sizeof(large_path), "%s/large", folder);
	if (!note || krait_model_open(&model, scene_model(0), NULL) != KRAIT_OK || krait_session_new(&session, model) != KRAIT_OK ||
	    krait_session_feed(session, scene_base, SCENE_BASE) != KRAIT_OK || krait_session_snapshot(&small, session) != KRAIT_OK ||
	    krait_session_set_note(session, note, NOTE_SIZE) != KRAIT_OK || krait_session_snapshot(&large, session) != KRAIT_OK ||
	    krait_state_save(small, small_path) != KRAIT_OK || krait_state_save(large, large_path) != KRAIT_OK ||
	    krait_state_save(small, path) != KRAIT_OK || write(ready, "r", 1) != 1)
		_exit(1);
	for (;;)
		if (krait_state_save(large, path) != KRAIT_OK || krait_state_save(small, path) != KRAIT_OK)
			_exit(1);
}

static bool same_file(const char *folder, const char *a, const char *b)
{
	char path_a[600], path_b[600], *data_a, *data_b;
	size_t n_a, n_b;
	bool same;

	snprintf(path_a, sizeof(path_a), "%s/%s", folder, a);
	snprintf(path_b, sizeof(path_b), "%s/%s", folder, b);
	data_a = support_read_path(path_a, &n_a);
	data_b = support_read_path(path_b, &n_b);
	same = n_a == n_b && memcmp(data_a, data_b, n_a) == 0;
	free(data_a);
	free(data_b);
	return same;
}

START_TEST(test_kill)
{
	char folder[512];
	unsigned seed = 1, n_large = 0, rounds = faults_slow() ? 5 : support_long() ? 10000 : 200;

	snprintf(folder, sizeof(folder), "%s", support_folder());
	for (unsigned round = 0; round < rounds; round++) {
		int ready[2], outcome;
		char byte;
		pid_t child;

		ck_assert_int_eq(pipe(ready), 0);
		child = fork();
		ck_assert_int_ge(child, 0);
		if (child == 0)
			save_for_ever(folder, ready[1]);
		close(ready[1]);
		ck_assert_int_eq(read(ready[0], &byte, 1), 1);
		close(ready[0]);
		seed = seed * 1103515245 + 12345;
		nanosleep(&(struct timespec){ 0, (long)(seed >> 8) % 4000000 }, NULL);
		ck_assert_int_eq(kill(child, SIGKILL), 0);
		ck_assert_int_eq(waitpid(child, &outcome, 0), child);
		ck_assert(WIFSIGNALED(outcome));
		n_large += same_file(folder, "saved", "large");
		ck_assert_msg(same_file(folder, "saved", "small") || same_file(folder, "saved", "large"), "round %u: a torn file", round);
	}
	if (rounds < 100)
		return;
	/* Both outcomes were seen, so the moments were spread over the saving. */
	ck_assert_uint_gt(n_large, rounds / 50);
	ck_assert_uint_lt(n_large, rounds - rounds / 50);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("killed while saving");
	TCase *tests = tcase_create("all");

	tcase_add_test(tests, test_kill);
	tcase_set_timeout(tests, 3000);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
