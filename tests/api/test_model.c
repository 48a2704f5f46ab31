/* SPDX-License-Identifier: Apache-2.0 */
/* test_model.c - a model's handle: references, failed opens, the log, no handle at all. */
#include "krait.h"
#include "krait_experimental.h"
#include "support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

START_TEST(no_handle)
{
	krait_model *model = (krait_model *)(void *)&model;

	ck_assert_int_eq(krait_model_open(NULL, "x", NULL), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_model_random(NULL, "x", NULL, 0, NULL), KRAIT_ERROR_ARGUMENT);
	ck_assert_ptr_null(krait_model_ref(NULL));
	krait_model_free(NULL);
	ck_assert_str_eq(krait_model_error(NULL), "out of memory");
	ck_assert_str_eq(krait_model_family(NULL), "");
	ck_assert_str_eq(krait_model_device(NULL), "");
	ck_assert_str_eq(krait_model_note(NULL), "");
	ck_assert_str_eq(krait_model_info(NULL), "{}");
	ck_assert_str_eq(krait_model_fingerprint(NULL), "");
	ck_assert_uint_eq(krait_model_vocab_size(NULL), 0);
	ck_assert_uint_eq(krait_model_width(NULL), 0);
	ck_assert_uint_eq(krait_model_n_layers(NULL), 0);
	ck_assert_uint_eq(krait_model_n_parameters(NULL), 0);
	ck_assert_uint_eq(krait_model_state_size(NULL), 0);
	ck_assert_uint_eq(krait_model_state_size_at(NULL, 7), 0);
	ck_assert_uint_eq(krait_model_state_growth(NULL), 0);
	ck_assert_uint_eq(krait_model_memory(NULL, 1), 0);
	ck_assert_ptr_null(krait_model_tokenizer(NULL));
	ck_assert_int_lt(krait_model_open(&model, "/nonexistent", NULL), 0);
	ck_assert_ptr_nonnull(model);
	ck_assert_ptr_nonnull(strstr(krait_model_error(model), "/nonexistent"));
	ck_assert_uint_eq(krait_model_state_size(model), 0);
	ck_assert_uint_eq(krait_model_state_size_at(model, 7), 0);
	krait_model_free(model);
}
END_TEST

static void *open_devices(void *stop)
{
	while (!atomic_load((atomic_bool *)stop)) {
		krait_devices *devices;

		krait_devices_open(&devices);
		krait_devices_free(devices);
	}
	return NULL;
}

/* A child may open anew whatever the parent's threads were opening when it was forked. */
START_TEST(a_child_opens_while_the_parent_does)
{
	static atomic_bool stop;
	pthread_t thread;

	atomic_store(&stop, false);
	ck_assert_int_eq(pthread_create(&thread, NULL, open_devices, &stop), 0);
	for (int i = 0; i < 100; i++) {
		pid_t child = fork();
		int status;

		ck_assert_int_ge(child, 0);
		if (child == 0) {
			krait_devices *devices;

			alarm(20);
			krait_devices_open(&devices);
			_exit(0);
		}
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert_msg(WIFEXITED(status), "the child hung");
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
}
END_TEST

START_TEST(references)
{
	krait_model *model;
	krait_session *session;
	krait_token token = 5;

	ck_assert_int_eq(krait_model_open(&model, support_path("golden/mamba1-bin-f16"), NULL), KRAIT_OK);
	ck_assert_ptr_eq(krait_model_ref(model), model);
	krait_model_free(model);
	ck_assert_uint_eq(krait_model_width(model), 36);
	ck_assert_int_eq(krait_session_new(&session, model), KRAIT_OK);
	krait_model_free(model);
	/* The session is an owner too. */
	ck_assert_int_eq(krait_session_feed(session, &token, 1), KRAIT_OK);
	krait_session_free(session);
}
END_TEST

static struct { size_t lines, warnings; char last[512]; } logged;

static void note(void *user, int level, const char *text)
{
	ck_assert_ptr_eq(user, &logged);
	ck_assert(level >= KRAIT_LOG_ERROR && level <= KRAIT_LOG_INFO);
	ck_assert_ptr_null(strchr(text, '\n'));
	logged.lines++;
	logged.warnings += level == KRAIT_LOG_WARNING;
}

/* What is not as asked is a note, and a warning in the log. */
START_TEST(the_log)
{
	krait_model *model;
	krait_options *options;

	ck_assert_int_eq(krait_options_new(&options), KRAIT_OK);
	krait_options_set_log(options, note, &logged);
	ck_assert_int_eq(krait_model_open(&model, support_path("golden/mamba1-bin-f16"), options), KRAIT_OK);
	ck_assert_uint_ge(logged.lines, 2);
	ck_assert_uint_eq(logged.warnings, 1);
	ck_assert_ptr_nonnull(strstr(krait_model_note(model), "tokenizer"));
	krait_model_free(model);
	krait_options_free(options);
}
END_TEST

/* The options are read at the call; they may go at once. */
START_TEST(options_are_copied)
{
	krait_model *model;
	krait_options *options;

	ck_assert_int_eq(krait_options_new(&options), KRAIT_OK);
	ck_assert_int_eq(krait_options_set_text(options, KRAIT_OPTION_INSTRUCTIONS, "generic"), KRAIT_OK);
	ck_assert_int_eq(krait_options_set_int(options, KRAIT_OPTION_THREADS, 1), KRAIT_OK);
	ck_assert_int_eq(krait_model_open(&model, support_path("golden/mamba2-hf-f32"), options), KRAIT_OK);
	krait_options_free(options);
	ck_assert_ptr_nonnull(strstr(krait_model_info(model), "generic"));
	krait_model_free(model);
}
END_TEST

START_TEST(instructions_that_are_none)
{
	krait_model *model;
	krait_options *options;

	ck_assert_int_eq(krait_options_new(&options), KRAIT_OK);
	if (krait_options_set_text(options, KRAIT_OPTION_INSTRUCTIONS, "sse9") == KRAIT_OK) {
		ck_assert_int_lt(krait_model_open(&model, support_path("golden/mamba2-hf-f32"), options), 0);
		ck_assert_ptr_nonnull(strstr(krait_model_error(model), "sse9"));
		krait_model_free(model);
	}
	krait_options_free(options);
}
END_TEST

START_TEST(after_fork)
{
	krait_model *model;
	krait_session *session;
	pid_t child;
	int status;

	ck_assert_int_eq(krait_model_open(&model, support_path("golden/mamba1-bin-f16"), NULL), KRAIT_OK);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		int answer = krait_session_new(&session, model);

		krait_session_free(session);
		krait_model_free(model);
		_exit(answer == KRAIT_ERROR_FORKED ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	krait_model_free(model);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("model");
	TCase *tests = tcase_create("model");

	tcase_add_test(tests, no_handle);
	tcase_add_test(tests, references);
	tcase_add_test(tests, a_child_opens_while_the_parent_does);
	tcase_add_test(tests, the_log);
	tcase_add_test(tests, options_are_copied);
	tcase_add_test(tests, instructions_that_are_none);
	tcase_add_test(tests, after_fork);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
