/* SPDX-License-Identifier: Apache-2.0 */
/* test_fork.c - a child of fork() has the parent's handles and none of its threads: calls that need an engine say so, what
 * only tells something goes on, and a model that the child opens itself works. */
#include "support.h"
#include "faults.h"
#include "scene.h"
#include "krait_experimental.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the parent has made, and what its getters tell there. */
struct family {
	struct scene scene;
	krait_session *other;
	krait_batch *batch;
	krait_chat *chat;
	char fingerprint[40];
	size_t state_size, session_state_size;
	uint64_t memory;
};

#ifdef FAULTS_THREAD_SANITIZED
#define THREAD_SANITIZED true
#else
#define THREAD_SANITIZED false
#endif

static int n_wrong;

static void want(bool right, const char *what)
{
	if (right)
		return;
	fprintf(stderr, "# in the child: %s\n", what);
	n_wrong++;
}

#define FORKED(call) want((call) == KRAIT_ERROR_FORKED, #call)
#define TRUE(what) want((what), #what)

static void each(void *user, const char *name, uint64_t n, double value, double bytes)
{
	(void)name, (void)n, (void)value, (void)bytes;
	++*(int *)user;
}

static void use_session(struct family *f)
{
	krait_session *made, *s = f->scene.session;
	krait_token tokens[4];
	int64_t number;
	double real;
	float values[4];
	size_t n;

	FORKED(krait_session_feed(s, scene_tail, SCENE_TAIL));
	FORKED(krait_session_feed_text(s, "x"));
	FORKED(krait_session_feed_utf8(s, "x", 1, 0));
	FORKED(krait_session_feed_embeddings(s, values, 1, 4));
	FORKED(krait_session_feed_to(s, scene_tail, SCENE_TAIL, &n));
	FORKED(krait_session_logits(s, values, 4));
	FORKED(krait_session_hidden(s, values, 4));
	FORKED(krait_session_logprob(s, 1, values));
	FORKED(krait_session_top(s, tokens, values, 4, &n));
	FORKED(krait_session_score(s, scene_tail, SCENE_TAIL, values, 4));
	FORKED(krait_session_next(s, tokens));
	FORKED(krait_session_generate(s, tokens, 4, &n));
	FORKED(krait_session_flush(s));
	FORKED(krait_session_reset(s));
	FORKED(krait_session_rewind(s, 1));
	FORKED(krait_session_fork(&made, s));
	TRUE(made == NULL);
	FORKED(krait_session_copy(s, f->other));
	FORKED(krait_session_new(&made, f->scene.model));
	FORKED(krait_session_set_int(s, KRAIT_MAX_NEW_TOKENS, 1));
	FORKED(krait_session_set_float(s, KRAIT_SAMPLE_TEMPERATURE, 1));
	FORKED(krait_session_get_int(s, KRAIT_MAX_NEW_TOKENS, &number));
	FORKED(krait_session_get_float(s, KRAIT_SAMPLE_TEMPERATURE, &real));
	FORKED(krait_session_reset_settings(s));
	FORKED(krait_session_set_bias(s, 1, 1));
	FORKED(krait_session_set_sampler(s, NULL));
	FORKED(krait_session_add_stop(s, 1));
	FORKED(krait_session_add_stop_text(s, "x", 1));
	FORKED(krait_session_clear_stops(s));
	FORKED(krait_session_set_note(s, "x", 1));
}

static void use_others(struct family *f)
{
	krait_state *state = f->scene.state, *made;
	krait_batch *batch;
	krait_chat *chat;
	krait_token tokens[4];
	char text[400] = "";
	float values[4];
	int n_calls = 0;
	size_t n;

	FORKED(krait_session_snapshot(&made, f->scene.session));
	TRUE(made == NULL);
	FORKED(krait_session_restore(f->scene.session, state));
	FORKED(krait_state_save(state, f->scene.path));
	FORKED(krait_state_write(state, text, sizeof(text)));
	FORKED(krait_state_load(&made, f->scene.model, f->scene.path));
	FORKED(krait_state_read(&made, f->scene.model, text, sizeof(text)));
	FORKED(krait_batch_new(&batch, f->scene.model));
	FORKED(krait_batch_add(f->batch, f->scene.session, NULL, 0));
	FORKED(krait_batch_add_score(f->batch, f->scene.session, scene_tail, 2, values, 4));
	FORKED(krait_batch_run(f->batch));
	FORKED(krait_batch_embed(f->batch, scene_tail, 2, &(size_t){ 2 }, 1, KRAIT_POOL_LAST, values, 4));
	FORKED(krait_batch_logits(f->batch, 0, values, 4));
	FORKED(krait_chat_new(&chat, f->scene.model));
	FORKED(krait_chat_set_template(f->chat, "x"));
	FORKED(krait_chat_set_json(f->chat, "x", "1", 1));
	FORKED(krait_chat_add(f->chat, "user", "x"));
	FORKED(krait_chat_add_json(f->chat, "{}", 2));
	FORKED(krait_chat_render(f->chat, 0, NULL, 0, &n));
	FORKED(krait_chat_encode(f->chat, 0, tokens, 4, &n));
	FORKED(krait_chat_feed(f->chat, f->scene.session));
	FORKED(krait_chat_pending(f->chat, f->scene.session, tokens, 4, &n));
	FORKED(krait_chat_resume(f->chat, f->scene.session));
	FORKED(krait_model_ceilings(f->scene.model, each, &n_calls, text, sizeof(text)));
	TRUE(strstr(text, "open it here") != NULL);
	FORKED(krait_model_profile_begin(f->scene.model, text, sizeof(text)));
	FORKED(krait_model_profile_end(f->scene.model, each, &n_calls, text, sizeof(text)));
	memset(text, 0, sizeof(text));
	FORKED(krait_model_wait(f->scene.model, text, sizeof(text)));
	TRUE(strstr(text, "open it here") != NULL);
	FORKED(krait_model_wait(f->scene.model, NULL, 0));
	TRUE(n_calls == 0);
}

static void getters(struct family *f)
{
	krait_model *model = f->scene.model;
	krait_session *s = f->scene.session;
	krait_token token;
	size_t n = 7;

	TRUE(krait_model_vocab_size(model) == f->scene.vocab);
	TRUE(krait_model_width(model) > 0 && krait_model_n_layers(model) > 0 && krait_model_n_parameters(model) > 0);
	TRUE(krait_model_state_size(model) == f->state_size);
	TRUE(krait_model_state_growth(model) == 0);
	TRUE(krait_model_state_size_at(model, 0) == krait_model_state_size(model));
	TRUE(krait_model_memory(model, 3) == f->memory);
	TRUE(strcmp(krait_model_fingerprint(model), f->fingerprint) == 0);
	TRUE(strcmp(krait_model_device(model), "cpu") == 0);
	TRUE(krait_model_family(model)[0] && strstr(krait_model_info(model), "\"family\"") != NULL);
	TRUE(krait_model_note(model) && krait_model_error(model)[0] == 0);
	krait_model_tokenizer(model);
	krait_model_stops(model, &token, 1);
	TRUE(krait_session_position(s) == SCENE_BASE);
	TRUE(krait_session_state_size(s) == f->session_state_size);
	TRUE(krait_session_end_reason(s) == KRAIT_REASON_NONE);
	TRUE(krait_session_piece(s)[0] == 0 && krait_session_piece_size(s) == 0);
	TRUE(krait_session_rows(s) == krait_session_rows(s) && krait_session_error(s)[0] == 0);
	TRUE(krait_session_cancel(s) == KRAIT_OK);
	krait_session_cancel_clear(s);
	TRUE(krait_state_position(f->scene.state) == SCENE_BASE && krait_state_size(f->scene.state) > 0);
	TRUE(krait_state_note(f->scene.state, NULL, 0, &n) == KRAIT_OK && n == 0);
	TRUE(krait_batch_size(f->batch) == 1 && krait_batch_status(f->batch, 0) == KRAIT_OK);
	TRUE(krait_batch_token(f->batch, 0) >= 0 && krait_batch_left(f->batch, 0) == 0);
	TRUE(krait_chat_reused(f->chat) == 0 && krait_chat_error(f->chat)[0] == 0);
}

static void let_go(struct family *f)
{
	krait_chat_free(f->chat);
	krait_batch_free(f->batch);
	krait_session_free(f->other);
	krait_session_free(f->scene.session);
	krait_state_free(f->scene.state);
	krait_model_free(f->scene.model);
}

static int in_the_child(struct family *f)
{
	krait_model *model;
	krait_session *session = NULL;

	use_session(f);
	use_others(f);
	getters(f);
	let_go(f);
	TRUE(krait_model_open(&model, scene_model(0), NULL) == KRAIT_OK);
	TRUE(krait_session_new(&session, model) == KRAIT_OK && krait_session_feed(session, scene_tail, SCENE_TAIL) == KRAIT_OK);
	krait_session_free(session);
	krait_model_free(model);
	return n_wrong < 100 ? n_wrong : 100;
}

START_TEST(test_fork)
{
	struct family f = { 0 };
	pid_t child;
	int outcome;

	scene_begin(&f.scene, scene_model(0));
	scene_start_session(&f.scene);
	ck_assert_int_eq(krait_session_new(&f.other, f.scene.model), KRAIT_OK);
	ck_assert_int_eq(krait_session_feed(f.other, scene_tail, SCENE_TAIL), KRAIT_OK);
	ck_assert_int_eq(krait_batch_new(&f.batch, f.scene.model), KRAIT_OK);
	ck_assert_int_eq(krait_batch_add(f.batch, f.other, NULL, 0), KRAIT_OK);
	ck_assert_int_eq(krait_batch_run(f.batch), KRAIT_OK);
	ck_assert_int_eq(krait_chat_new(&f.chat, f.scene.model), KRAIT_OK);
	snprintf(f.fingerprint, sizeof(f.fingerprint), "%s", krait_model_fingerprint(f.scene.model));
	f.state_size = krait_model_state_size(f.scene.model);
	f.session_state_size = krait_session_state_size(f.scene.session);
	f.memory = krait_model_memory(f.scene.model, 3);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0) {
		alarm(120);     /* a call that waits for a thread that is not there */
		_exit(in_the_child(&f));
	}
	ck_assert_int_eq(waitpid(child, &outcome, 0), child);
	ck_assert_msg(WIFEXITED(outcome) && WEXITSTATUS(outcome) == 0, "the child ended with %#x", (unsigned)outcome);
	scene_check_usable(&f.scene, "the parent after fork");
	krait_chat_free(f.chat);
	krait_batch_free(f.batch);
	krait_session_free(f.other);
	scene_stop_session(&f.scene);
	scene_end(&f.scene);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("fork");
	TCase *tests = tcase_create("all");

	if (THREAD_SANITIZED)
		return support_skip_all("ThreadSanitizer cannot follow a child that starts threads");
	tcase_add_test(tests, test_fork);
	tcase_set_timeout(tests, 300);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
