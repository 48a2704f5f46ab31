/* SPDX-License-Identifier: Apache-2.0 */
/* test_files.c - every file operation fails once: an error with its text, the old file whole, nothing left behind. */
#include "support.h"
#include "faults.h"
#include "scene.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const models[] = { SCENE_MAMBA1, SCENE_MAMBA2, "golden/mamba1-hf-sharded-f32" };

static krait_status open_model(const char *path, int map, bool *has_text)
{
	krait_options *options;
	krait_model *model;
	krait_status status;

	ck_assert_int_eq(krait_options_new(&options), KRAIT_OK);
	ck_assert_int_eq(krait_options_set_int(options, KRAIT_OPTION_MAP, map), KRAIT_OK);
	status = krait_model_open(&model, path, options);
	*has_text = strlen(krait_model_error(model)) > 10;
	krait_model_free(model);
	krait_options_free(options);
	return status;
}

START_TEST(test_open)
{
	const char *path = support_path(models[_i % 3]);
	enum file_fault fault = (enum file_fault)(_i / 3 % 3);
	int map = _i / 9, files, n_errors = 0;
	bool reached = true, has_text;
	long live;

	faults_begin();
	ck_assert_int_eq(open_model(path, map, &has_text), KRAIT_OK);
	live = faults_live();
	files = faults_open_files();
	for (unsigned long n = 1; reached; n++) {
		krait_status status;

		faults_arm_files(n, fault);
		status = open_model(path, map, &has_text);
		reached = faults_disarm_files();
		n_errors += status != KRAIT_OK;
		ck_assert_msg(status == KRAIT_OK || (reached && fault == FILE_ERROR && status == KRAIT_ERROR_IO && has_text),
			"operation %lu: status %d", n, status);
		ck_assert_msg(faults_live() == live, "operation %lu: %ld blocks leak", n, faults_live() - live);
		ck_assert_int_eq(faults_open_files(), files);
	}
	ck_assert(fault == FILE_ERROR ? n_errors > 3 : n_errors == 0);
}
END_TEST

static void make_states(struct scene *scene, krait_state **old, krait_state **new)
{
	scene_start_session(scene);
	ck_assert_int_eq(krait_session_set_note(scene->session, "old", 3), KRAIT_OK);
	ck_assert_int_eq(krait_session_snapshot(old, scene->session), KRAIT_OK);
	ck_assert_int_eq(krait_session_feed(scene->session, scene_tail, SCENE_TAIL), KRAIT_OK);
	ck_assert_int_eq(krait_session_set_note(scene->session, "the new one", 11), KRAIT_OK);
	ck_assert_int_eq(krait_session_snapshot(new, scene->session), KRAIT_OK);
	scene_stop_session(scene);
}

static bool holds(const char *path, krait_state *state)
{
	size_t n, size = krait_state_size(state);
	char *file = support_read_path(path, &n), *bytes = malloc(size);
	bool same;

	ck_assert_int_eq(krait_state_write(state, bytes, size), KRAIT_OK);
	same = n == size && memcmp(file, bytes, n) == 0;
	free(file);
	free(bytes);
	return same;
}

/* With no file before (_i odd) an error leaves none. */
START_TEST(test_save)
{
	struct scene scene;
	krait_state *old, *new;
	enum file_fault fault = (enum file_fault)(_i / 2 % 3);
	bool reached = true, had = _i % 2 == 0;
	int n_errors = 0;

	faults_begin();
	scene_begin(&scene, scene_model(_i / 6));
	make_states(&scene, &old, &new);
	for (unsigned long n = 1; reached; n++) {
		krait_status status;

		remove(scene.path);
		if (had)
			ck_assert_int_eq(krait_state_save(old, scene.path), KRAIT_OK);
		faults_arm_files(n, fault);
		status = krait_state_save(new, scene.path);
		reached = faults_disarm_files();
		n_errors += status != KRAIT_OK;
		ck_assert_msg(status == KRAIT_OK || (reached && status == KRAIT_ERROR_IO && strstr(krait_state_error(new), "saved")),
			"operation %lu: status %d: %s", n, status, krait_state_error(new));
		ck_assert_int_eq(faults_count_files(scene.folder), status == KRAIT_OK || had);
		if (status == KRAIT_OK || had)
			ck_assert_msg(holds(scene.path, status == KRAIT_OK ? new : old), "operation %lu: another file", n);
	}
	/* What fails where a file was there: looking at it, creating, setting the mode, writing, syncing, closing, renaming. */
	ck_assert_int_eq(n_errors, fault != FILE_ERROR ? 0 : had ? 7 : 6);
	krait_state_free(old);
	krait_state_free(new);
	scene_end(&scene);
}
END_TEST

START_TEST(test_load)
{
	struct scene scene;
	enum file_fault fault = (enum file_fault)(_i % 3);
	bool reached = true;
	int n_errors = 0, files;
	long live;

	faults_begin();
	scene_begin(&scene, scene_model(_i / 3));
	ck_assert_int_eq(krait_state_save(scene.state, scene.path), KRAIT_OK);
	live = faults_live();
	files = faults_open_files();
	for (unsigned long n = 1; reached; n++) {
		krait_state *state;
		krait_status status;

		faults_arm_files(n, fault);
		status = krait_state_load(&state, scene.model, scene.path);
		reached = faults_disarm_files();
		n_errors += status != KRAIT_OK;
		ck_assert_msg(status == KRAIT_OK || (reached && status == KRAIT_ERROR_IO && strlen(krait_state_error(state)) > 10),
			"operation %lu: status %d: %s", n, status, krait_state_error(state));
		krait_state_free(state);
		ck_assert_msg(faults_live() == live, "operation %lu: %ld blocks leak", n, faults_live() - live);
		ck_assert_int_eq(faults_open_files(), files);
	}
	ck_assert(fault == FILE_ERROR ? n_errors >= 2 : n_errors == 0);
	scene_end(&scene);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("file operations that fail");
	TCase *tests = tcase_create("all");

	tcase_add_loop_test(tests, test_open, 0, 18);
	tcase_add_loop_test(tests, test_save, 0, 12);
	tcase_add_loop_test(tests, test_load, 0, 6);
	tcase_set_timeout(tests, 300);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
