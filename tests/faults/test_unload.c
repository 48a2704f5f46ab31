/* SPDX-License-Identifier: Apache-2.0 */
/* test_unload.c - a program that loads libkrait, uses it and lets it go, again and again, as a host of plug-ins does: no
 * thread, file, memory or mapping of the library is left. */
#include "support.h"
#include "faults.h"
#include "scene.h"

#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LIBRARY SUPPORT_BUILD "/.libs/libkrait.so"
#define ROUNDS 40
#define FIRST 5                 /* until then the C library and the linker take what they keep */

/* The functions of the library that was loaded, by their names; what this program is linked with has the same. */
static struct {
	void *file;
	krait_status (*options_new)(krait_options **out);
	krait_status (*options_set_int)(krait_options *options, int option, int64_t value);
	void (*options_free)(krait_options *options);
	krait_status (*model_open)(krait_model **out, const char *path, const krait_options *options);
	void (*model_free)(krait_model *model);
	krait_status (*session_new)(krait_session **out, krait_model *model);
	krait_status (*session_generate)(krait_session *session, krait_token *out, size_t n_out, size_t *n_tokens);
	krait_status (*session_feed)(krait_session *session, const krait_token *tokens, size_t n_tokens);
	void (*session_free)(krait_session *session);
	krait_status (*devices_open)(krait_devices **out);
	void (*devices_free)(krait_devices *devices);
} loaded;

static void find(void *function, const char *name)
{
	*(void **)function = dlsym(loaded.file, name);
	ck_assert_msg(*(void **)function != NULL, "%s is not in " LIBRARY, name);
}

static void load(void)
{
	loaded.file = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	ck_assert_msg(loaded.file != NULL, "%s", dlerror());
	find(&loaded.options_new, "krait_options_new");
	find(&loaded.options_set_int, "krait_options_set_int");
	find(&loaded.options_free, "krait_options_free");
	find(&loaded.model_open, "krait_model_open");
	find(&loaded.model_free, "krait_model_free");
	find(&loaded.session_new, "krait_session_new");
	find(&loaded.session_generate, "krait_session_generate");
	find(&loaded.session_feed, "krait_session_feed");
	find(&loaded.session_free, "krait_session_free");
	find(&loaded.devices_open, "krait_devices_open");
	find(&loaded.devices_free, "krait_devices_free");
}

/* Several threads, a model that fails, one that works. */
static void use(const char *path, unsigned round)
{
	krait_options *options;
	krait_devices *devices;
	krait_model *model;
	krait_session *session;
	krait_token tokens[8];
	size_t n;

	ck_assert_int_eq(loaded.devices_open(&devices), KRAIT_OK);
	loaded.devices_free(devices);
	ck_assert_int_eq(loaded.options_new(&options), KRAIT_OK);
	ck_assert_int_eq(loaded.options_set_int(options, KRAIT_OPTION_THREADS, 1 + round % 4), KRAIT_OK);
	ck_assert_int_eq(loaded.model_open(&model, "/no/such/model", options), KRAIT_ERROR_NOT_FOUND);
	loaded.model_free(model);
	ck_assert_int_eq(loaded.model_open(&model, path, options), KRAIT_OK);
	loaded.options_free(options);
	ck_assert_int_eq(loaded.session_new(&session, model), KRAIT_OK);
	ck_assert_int_eq(loaded.session_feed(session, scene_base, SCENE_BASE), KRAIT_OK);
	ck_assert_int_ge(loaded.session_generate(session, tokens, 8, &n), KRAIT_OK);
	loaded.session_free(session);
	loaded.model_free(model);
}

static int n_threads(void)
{
	DIR *tasks = opendir("/proc/self/task");
	int n = 0;

	if (!tasks)
		return 1;
	for (const struct dirent *task; (task = readdir(tasks)) != NULL; )
		n += task->d_name[0] != '.';
	closedir(tasks);
	return n;
}

/* Thread ids may be seen for a moment after a thread was joined. */
static bool alone(int before)
{
	for (int i = 0; i < 2000 && n_threads() > before; i++)
		usleep(1000);
	return n_threads() <= before;
}

static bool is_mapped(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[1024];
	bool found = false;

	while (maps && !found && fgets(line, sizeof(line), maps))
		found = strstr(line, "/.libs/libkrait.so") != NULL;
	if (maps)
		fclose(maps);
	return found;
}

START_TEST(again_and_again)
{
	const char *path = scene_model(_i);
	int threads = n_threads(), files = 0;
	long live = 0;

	faults_begin();
	for (unsigned round = 0; round < ROUNDS; round++) {
		load();
		ck_assert(is_mapped());
		use(path, round);
		ck_assert_msg(alone(threads), "round %u: a thread of the library is left", round);
		ck_assert_int_eq(dlclose(loaded.file), 0);
		ck_assert_msg(!is_mapped(), "round %u: the library is still mapped", round);
		if (round == FIRST) {
			live = faults_live();
			files = faults_open_files();
		}
		ck_assert_msg(round < FIRST || faults_live() <= live, "round %u: %ld blocks are left", round, faults_live() - live);
		ck_assert_msg(round < FIRST || faults_open_files() == files, "round %u: a file is left open", round);
	}
}
END_TEST

int main(void)
{
	Suite *suite;
	TCase *tests;

	if (access(LIBRARY, R_OK) != 0)
		return support_skip_all("this build has no shared library (--disable-shared)");
	suite = suite_create("unload");
	tests = tcase_create("all");
	tcase_add_loop_test(tests, again_and_again, 0, SCENE_MODELS);
	tcase_set_timeout(tests, 300);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
