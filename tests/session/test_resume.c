/* SPDX-License-Identifier: Apache-2.0 */
/* test_resume.c - generation that is saved and goes on in a new process is the generation that was
 * never interrupted: tokens, text and numbers, with sampling, penalties, a stop text half seen and a
 * character cut in half. The new process is this program, started again with the file's name. */
#include "kit.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MORE 50

struct outcome {
	uint64_t position;
	size_t n_text;
	krait_token tokens[MORE];
	char text[4096];
	float logits[8192];
};

static void go_on(krait_session *session, struct outcome *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < MORE; i++) {
		size_t n;

		if (krait_session_next(session, &out->tokens[i]) != KRAIT_OK)
			out->tokens[i] = -2;
		n = krait_session_piece_size(session);
		if (out->n_text + n <= sizeof(out->text))
			memcpy(out->text + out->n_text, krait_session_piece(session), n);
		out->n_text += n;
	}
	out->position = krait_session_position(session);
	if (krait_session_logits(session, out->logits, 8192) != KRAIT_OK)
		out->position = 0;
}

/* The new process: argv[1] is the state, argv[2] where the outcome goes, argv[3] the model. */
static int resume(char **argv)
{
	static struct outcome outcome;
	krait_model *model;
	krait_session *session = NULL;
	krait_state *state = NULL;
	krait_options *options;
	FILE *file = fopen(argv[2], "wb");
	bool right;

	right = file && krait_options_new(&options) == KRAIT_OK && krait_options_set_int(options, KRAIT_OPTION_THREADS, 1) == KRAIT_OK &&
		krait_model_open(&model, argv[3], options) == KRAIT_OK && krait_session_new(&session, model) == KRAIT_OK &&
		krait_state_load(&state, model, argv[1]) == KRAIT_OK && krait_session_restore(session, state) == KRAIT_OK;
	if (!right)
		return 1;
	go_on(session, &outcome);
	right = fwrite(&outcome, sizeof(outcome), 1, file) == 1 && fclose(file) == 0;
	krait_state_free(state);
	krait_session_free(session);
	krait_model_free(model);
	krait_options_free(options);
	return right ? 0 : 1;
}

static void in_new_process(const char *state, const char *result, const char *model)
{
	char self[4096] = "";
	pid_t child;
	int status;

	ck_assert_int_gt(readlink("/proc/self/exe", self, sizeof(self) - 1), 0);
	child = fork();
	if (child == 0) {
		execl(self, self, state, result, model, (char *)NULL);
		_exit(127);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the new process failed");
}

/* Generates the text but for what its last token brings. */
static void say_but_the_last(krait_session *session, const krait_model *model, const char *text)
{
	krait_token tokens[16], token;
	size_t n;

	ck_assert_int_eq(krait_tokenizer_encode(krait_model_tokenizer(model), text, strlen(text), 0, tokens, 16, &n), KRAIT_OK);
	ck_assert_uint_ge(n, 2);
	for (size_t i = 0; i + 1 < n; i++) {
		kit_ok(session, krait_session_set_bias(session, tokens[i], 1e6f));
		kit_ok(session, krait_session_next(session, &token));
		kit_ok(session, krait_session_set_bias(session, tokens[i], 0));
		ck_assert_int_eq(token, tokens[i]);
	}
	/* likely to come next, and in the state that is saved */
	kit_ok(session, krait_session_set_bias(session, tokens[n - 1], 12));
	ck_assert_ptr_null(strstr(krait_session_piece(session), "\xef\xbf\xbd"));
}

static const char *const unfinished[] = { " and", "x\xf0\x9f\x98\x80", "the end of it" };

START_TEST(test_resumed)
{
	static struct outcome expected, resumed;
	const char *saved = support_join(support_folder(), "resume.state"), *result = support_join(support_folder(), "resume.result");
	krait_model *model = kit_open(support_demo(NULL), NULL);
	krait_session *session = kit_session(model);
	krait_token tokens[MORE];
	krait_state *state;
	size_t n;
	char *data;

	kit_ok(session, krait_session_clear_stops(session));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TEMPERATURE, 0.9));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TOP_P, 0.95));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_REPETITION_PENALTY, 1.1));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_FREQUENCY_PENALTY, 0.1));
	kit_ok(session, krait_session_set_int(session, KRAIT_SAMPLE_SEED, 42));
	kit_ok(session, krait_session_feed_text(session, "Once upon a time"));
	kit_ok(session, krait_session_generate(session, tokens, MORE, &n));
	if (_i > 0) {
		kit_ok(session, krait_session_add_stop_text(session, "the end of it all", 17));
		say_but_the_last(session, model, unfinished[_i]);
	}
	kit_ok(session, krait_session_snapshot(&state, session));
	ck_assert_int_eq(krait_state_save(state, saved), KRAIT_OK);
	krait_state_free(state);
	in_new_process(saved, result, support_demo(NULL));
	go_on(session, &expected);
	data = support_read_path(result, &n);
	ck_assert_uint_eq(n, sizeof(resumed));
	memcpy(&resumed, data, n);
	free(data);
	ck_assert_mem_eq(&resumed, &expected, sizeof(expected));
	krait_session_free(session);
	krait_model_free(model);
}
END_TEST

int main(int argc, char **argv)
{
	Suite *suite;
	TCase *tcase;

	if (argc == 4)
		return resume(argv);
	suite = suite_create("resume");
	tcase = tcase_create("resume");
	tcase_add_loop_test(tcase, test_resumed, 0, (int)(sizeof(unfinished) / sizeof(*unfinished)));
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
