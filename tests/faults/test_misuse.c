/* SPDX-License-Identifier: Apache-2.0 */
/* test_misuse.c - calls that a program should not make: NULL, wrong order, from two threads, on a small stack. */
#include "support.h"
#include "faults.h"
#include "scene.h"

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REFUSES(call) ck_assert_msg((call) == KRAIT_ERROR_ARGUMENT, "%s", #call)

/* ---- NULL --------------------------------------------------------------------------- */

START_TEST(test_null_free)
{
	krait_options_free(NULL);
	krait_devices_free(NULL);
	krait_installed_free(NULL);
	krait_model_free(NULL);
	krait_session_free(NULL);
	krait_state_free(NULL);
	krait_sampler_free(NULL);
	krait_batch_free(NULL);
	krait_tokenizer_free(NULL);
	krait_decoder_free(NULL);
	krait_chat_free(NULL);
	ck_assert_str_eq(krait_options_error(NULL), "out of memory");
	ck_assert_str_eq(krait_model_error(NULL), "out of memory");
	ck_assert_str_eq(krait_session_error(NULL), "out of memory");
	ck_assert_str_eq(krait_state_error(NULL), "out of memory");
	ck_assert_str_eq(krait_sampler_error(NULL), "out of memory");
	ck_assert_str_eq(krait_batch_error(NULL), "out of memory");
	ck_assert_str_eq(krait_tokenizer_error(NULL), "out of memory");
	ck_assert_str_eq(krait_chat_error(NULL), "out of memory");
}
END_TEST

START_TEST(test_null_handles)
{
	krait_model *model;
	krait_session *session;
	krait_token token;
	int64_t number;
	double real;
	float value;
	size_t n;

	REFUSES(krait_model_open(NULL, "x", NULL));
	REFUSES(krait_model_open(&model, NULL, NULL));
	krait_model_free(model);
	REFUSES(krait_constant(NULL, &number));
	REFUSES(krait_constant("KRAIT_OK", NULL));
	REFUSES(krait_options_new(NULL));
	REFUSES(krait_options_set_int(NULL, KRAIT_OPTION_MAP, 1));
	REFUSES(krait_options_set_text(NULL, KRAIT_OPTION_DEVICE, "cpu"));
	REFUSES(krait_devices_open(NULL));
	REFUSES(krait_installed_open(NULL));
	REFUSES(krait_session_new(NULL, NULL));
	REFUSES(krait_session_new(&session, NULL));
	ck_assert_ptr_null(session);
	REFUSES(krait_session_feed(NULL, scene_base, 1));
	REFUSES(krait_session_feed_text(NULL, "x"));
	REFUSES(krait_session_feed_utf8(NULL, "x", 1, 0));
	REFUSES(krait_session_feed_embeddings(NULL, &value, 1, 1));
	REFUSES(krait_session_logits(NULL, &value, 1));
	REFUSES(krait_session_hidden(NULL, &value, 1));
	REFUSES(krait_session_score(NULL, scene_base, 1, &value, 1));
	REFUSES(krait_session_next(NULL, &token));
	REFUSES(krait_session_generate(NULL, &token, 1, &n));
	REFUSES(krait_session_reset(NULL));
	REFUSES(krait_session_rewind(NULL, 1));
	REFUSES(krait_session_fork(&session, NULL));
	REFUSES(krait_session_cancel(NULL));
	REFUSES(krait_session_set_int(NULL, KRAIT_MAX_NEW_TOKENS, 1));
	REFUSES(krait_session_set_float(NULL, KRAIT_SAMPLE_TEMPERATURE, 1));
	REFUSES(krait_session_get_int(NULL, KRAIT_MAX_NEW_TOKENS, &number));
	REFUSES(krait_session_get_float(NULL, KRAIT_SAMPLE_TEMPERATURE, &real));
	REFUSES(krait_session_set_bias(NULL, 1, 1));
	REFUSES(krait_session_set_sampler(NULL, NULL));
	REFUSES(krait_session_add_stop(NULL, 1));
	REFUSES(krait_session_add_stop_text(NULL, "x", 1));
	REFUSES(krait_session_clear_stops(NULL));
	REFUSES(krait_session_set_note(NULL, "x", 1));
	ck_assert_uint_eq(krait_session_position(NULL), 0);
	ck_assert_int_eq(krait_session_end_reason(NULL), KRAIT_REASON_NONE);
	ck_assert_str_eq(krait_session_piece(NULL), "");
	ck_assert_uint_eq(krait_session_piece_size(NULL), 0);
}
END_TEST

START_TEST(test_null_others)
{
	krait_state *state;
	krait_sampler *sampler;
	krait_batch *batch;
	krait_tokenizer *tokenizer;
	krait_decoder *decoder;
	krait_chat *chat;
	krait_token token;
	float value = 0;
	size_t n;

	REFUSES(krait_session_snapshot(&state, NULL));
	REFUSES(krait_session_restore(NULL, NULL));
	REFUSES(krait_state_save(NULL, "x"));
	REFUSES(krait_state_load(NULL, NULL, "x"));
	REFUSES(krait_state_load(&state, NULL, "x"));
	krait_state_free(state);
	REFUSES(krait_state_read(&state, NULL, "x", 1));
	krait_state_free(state);
	REFUSES(krait_state_write(NULL, &value, sizeof(value)));
	REFUSES(krait_state_note(NULL, &value, sizeof(value), &n));
	ck_assert_uint_eq(krait_state_size(NULL), 0);
	ck_assert_uint_eq(krait_state_position(NULL), 0);
	REFUSES(krait_sampler_new(NULL));
	REFUSES(krait_sampler_set_int(NULL, KRAIT_SAMPLE_SEED, 1));
	REFUSES(krait_sampler_set_float(NULL, KRAIT_SAMPLE_TOP_P, 1));
	REFUSES(krait_sampler_set_bias(NULL, 1, 1));
	REFUSES(krait_sampler_probs(NULL, &value, 1, NULL, 0, &value, 1));
	REFUSES(krait_sampler_pick(NULL, &value, 1, NULL, 0, 0, &token));
	ck_assert_int_eq(krait_sampler_new(&sampler), KRAIT_OK);
	REFUSES(krait_sampler_pick(sampler, NULL, 1, NULL, 0, 0, &token));
	REFUSES(krait_sampler_pick(sampler, &value, 1, NULL, 0, 0, NULL));
	krait_sampler_free(sampler);
	REFUSES(krait_batch_new(NULL, NULL));
	REFUSES(krait_batch_new(&batch, NULL));
	krait_batch_free(batch);
	REFUSES(krait_batch_add(NULL, NULL, NULL, 0));
	REFUSES(krait_batch_run(NULL));
	REFUSES(krait_batch_embed(NULL, NULL, 0, NULL, 0, KRAIT_POOL_LAST, NULL, 0));
	krait_batch_clear(NULL);
	ck_assert_uint_eq(krait_batch_size(NULL), 0);
	ck_assert_int_eq(krait_batch_token(NULL, 0), -1);
	REFUSES(krait_tokenizer_open(NULL, "x"));
	REFUSES(krait_tokenizer_open(&tokenizer, NULL));
	krait_tokenizer_free(tokenizer);
	REFUSES(krait_tokenizer_encode(NULL, "x", 1, 0, &token, 1, &n));
	REFUSES(krait_tokenizer_decode(NULL, &token, 1, 0, NULL, 0, &n));
	ck_assert_uint_eq(krait_tokenizer_size(NULL), 0);
	ck_assert_int_eq(krait_tokenizer_find(NULL, "x", 1), -1);
	REFUSES(krait_decoder_new(NULL, NULL));
	REFUSES(krait_decoder_new(&decoder, NULL));
	krait_decoder_free(decoder);
	REFUSES(krait_decoder_push(NULL, 1));
	REFUSES(krait_decoder_flush(NULL));
	REFUSES(krait_chat_new(NULL, NULL));
	ck_assert_int_eq(krait_chat_new(&chat, NULL), KRAIT_OK);
	REFUSES(krait_chat_set_template(chat, NULL));
	REFUSES(krait_chat_pending(chat, NULL, NULL, 0, &n));
	REFUSES(krait_chat_pending(NULL, NULL, NULL, 0, NULL));
	REFUSES(krait_chat_resume(chat, NULL));
	REFUSES(krait_chat_resume(NULL, NULL));
	ck_assert_uint_eq(krait_chat_reused(NULL), 0);
	REFUSES(krait_chat_add(chat, NULL, "x"));
	REFUSES(krait_chat_add(chat, "user", NULL));
	REFUSES(krait_chat_add_json(chat, NULL, 1));
	REFUSES(krait_chat_feed(chat, NULL));
	krait_chat_free(chat);
	REFUSES(krait_chat_add(NULL, "user", "x"));
	REFUSES(krait_chat_set_template(NULL, "x"));
	REFUSES(krait_chat_render(NULL, 0, NULL, 0, &n));
	REFUSES(krait_chat_encode(NULL, 0, NULL, 0, &n));
	krait_chat_clear(NULL);
}
END_TEST

START_TEST(test_null_model)
{
	ck_assert_ptr_null(krait_model_ref(NULL));
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
	ck_assert_uint_eq(krait_model_memory(NULL, 1), 0);
	ck_assert_ptr_null(krait_model_tokenizer(NULL));
}
END_TEST

START_TEST(test_null_arguments)
{
	struct scene scene;
	krait_session *session;

	scene_begin(&scene, scene_model(0));
	scene_start_session(&scene);
	session = scene.session;
	REFUSES(krait_session_feed(session, NULL, 1));
	ck_assert_msg(strstr(krait_session_error(session), "NULL"), "%s", krait_session_error(session));
	REFUSES(krait_session_feed_text(session, NULL));
	REFUSES(krait_session_feed_utf8(session, NULL, 1, 0));
	REFUSES(krait_session_next(session, NULL));
	REFUSES(krait_session_fork(NULL, session));
	REFUSES(krait_session_snapshot(NULL, session));
	REFUSES(krait_session_restore(session, NULL));
	REFUSES(krait_session_get_int(session, KRAIT_MAX_NEW_TOKENS, NULL));
	REFUSES(krait_session_add_stop_text(session, NULL, 1));
	REFUSES(krait_session_set_note(session, NULL, 1));
	REFUSES(krait_state_save(scene.state, NULL));
	REFUSES(krait_session_feed(session, (krait_token[]){ -1 }, 1));
	REFUSES(krait_session_feed(session, (krait_token[]){ INT32_MAX }, 1));
	ck_assert_int_eq(krait_session_feed(session, NULL, 0), KRAIT_OK);
	scene_check_usable(&scene, "NULL arguments");
	scene_stop_session(&scene);
	scene_end(&scene);
}
END_TEST

/* ---- freeing in any order ----------------------------------------------------------- */

static void free_one(int which, krait_model *model, krait_session *session, krait_session *fork, krait_state *state, krait_batch *batch, krait_chat *chat)
{
	switch (which) {
	case 0: krait_model_free(model); break;
	case 1: krait_session_free(session); break;
	case 2: krait_session_free(fork); break;
	case 3: krait_state_free(state); break;
	case 4: krait_batch_free(batch); break;
	default: krait_chat_free(chat); break;
	}
}

static void free_in_order(const char *path, const int *order)
{
	krait_model *model = scene_open(path);
	krait_session *session, *fork;
	krait_state *state;
	krait_batch *batch;
	krait_chat *chat;

	ck_assert_int_eq(krait_session_new(&session, model), KRAIT_OK);
	ck_assert_int_eq(krait_session_feed(session, scene_base, SCENE_BASE), KRAIT_OK);
	ck_assert_int_eq(krait_session_fork(&fork, session), KRAIT_OK);
	ck_assert_int_eq(krait_session_snapshot(&state, session), KRAIT_OK);
	ck_assert_int_eq(krait_batch_new(&batch, model), KRAIT_OK);
	ck_assert_int_eq(krait_batch_add(batch, session, NULL, 0), KRAIT_OK);
	ck_assert_int_eq(krait_chat_new(&chat, model), KRAIT_OK);
	for (int i = 0; i < 6; i++)
		free_one(order[i], model, session, fork, state, batch, chat);
}

START_TEST(test_free_in_any_order)
{
	int order[6] = { 0, 1, 2, 3, 4, 5 };
	const char *path = scene_model(0);
	long before = 0;

	faults_begin();
	for (unsigned seed = 1; seed < 100; seed++) {
		unsigned x = seed * 2654435761u;

		for (int i = 5; i > 0; i--, x = x * 1103515245 + 12345) {
			int k = (int)((x >> 8) % (unsigned)(i + 1)), t = order[i];

			order[i] = order[k];
			order[k] = t;
		}
		free_in_order(path, order);
		if (seed < 5)
			before = faults_live();
		ck_assert_int_eq(faults_live(), before);
	}
}
END_TEST

/* ---- a session in use --------------------------------------------------------------- */

struct busy { krait_session *session; krait_model *model; int calls, other_status, same_status, other_session_status; };

static void *other_thread(void *user)
{
	struct busy *busy = user;

	busy->other_status = krait_session_feed(busy->session, scene_tail, SCENE_TAIL);
	return NULL;
}

/* In the midst of a feed: the same session is busy for everyone, the model is not. */
static int while_feeding(void *user, uint64_t done, uint64_t total)
{
	struct busy *busy = user;
	krait_session *session;
	pthread_t thread;

	if (!busy->session || done == total || busy->calls++)
		return 0;
	busy->same_status = krait_session_feed(busy->session, scene_tail, SCENE_TAIL);
	pthread_create(&thread, NULL, other_thread, busy);
	pthread_join(thread, NULL);
	busy->other_session_status = krait_session_new(&session, busy->model);
	if (busy->other_session_status == KRAIT_OK)
		busy->other_session_status = krait_session_feed(session, scene_tail, SCENE_TAIL);
	krait_session_free(session);
	return 0;
}

START_TEST(test_busy)
{
	struct busy busy = { 0 };
	krait_options *options;
	krait_session *session;
	krait_token *tokens = malloc(3000 * sizeof(*tokens));

	for (int i = 0; i < 3000; i++)
		tokens[i] = i % 64;
	ck_assert_int_eq(krait_options_new(&options), KRAIT_OK);
	krait_options_set_progress(options, while_feeding, &busy);
	ck_assert_int_eq(krait_model_open(&busy.model, scene_model(0), options), KRAIT_OK);
	krait_options_free(options);
	ck_assert_int_eq(krait_session_new(&session, busy.model), KRAIT_OK);
	busy.session = session;
	ck_assert_int_eq(krait_session_feed(session, tokens, 3000), KRAIT_OK);
	ck_assert_int_ge(busy.calls, 1);
	ck_assert_int_eq(busy.same_status, KRAIT_ERROR_BUSY);
	ck_assert_int_eq(busy.other_status, KRAIT_ERROR_BUSY);
	ck_assert_int_eq(busy.other_session_status, KRAIT_OK);
	ck_assert_uint_eq(krait_session_position(session), 3000);
	krait_session_free(session);
	krait_model_free(busy.model);
	free(tokens);
}
END_TEST

/* ---- a small stack ------------------------------------------------------------------ */

#define CHECK(call) do { int status_ = (call); if (status_ < 0) { snprintf(text, sizeof(text), "%s: %d", #call, status_); return text; } } while (0)

/* Nothing of Check runs on this stack. */
static void *on_small_stack(void *user)
{
	static char text[200];
	static krait_token tokens[4096];
	static float logits[8192];
	const struct { const char *model, *demo, *path; } *paths = user;
	krait_model *model;
	krait_session *session;
	krait_state *state;
	krait_chat *chat;
	size_t n;

	CHECK(krait_model_open(&model, paths->model, NULL));
	CHECK(krait_session_new(&session, model));
	for (int i = 0; i < 600; i++)
		tokens[i] = i % 64;
	CHECK(krait_session_feed(session, tokens, 600));
	CHECK(krait_session_logits(session, logits, 8192));
	CHECK(krait_session_generate(session, tokens, 20, &n));
	CHECK(krait_session_snapshot(&state, session));
	CHECK(krait_state_save(state, paths->path));
	krait_state_free(state);
	CHECK(krait_state_load(&state, model, paths->path));
	CHECK(krait_session_restore(session, state));
	CHECK(krait_session_rewind(session, 0));
	krait_state_free(state);
	krait_session_free(session);
	krait_model_free(model);
	CHECK(krait_model_open(&model, paths->demo, NULL));
	CHECK(krait_session_new(&session, model));
	CHECK(krait_session_feed_text(session, "Once upon a time there was a small stack."));
	CHECK(krait_tokenizer_encode(krait_model_tokenizer(model), "A text of some words, 12345 numbers   and spaces.", 48, 0, tokens, 4096, &n));
	CHECK(krait_chat_new(&chat, model));
	CHECK(krait_chat_set_template(chat, "{% for m in messages %}{% if m.role == 'user' %}{{ ((((m.content)))) | trim }}{% endif %}{% endfor %}"));
	CHECK(krait_chat_add(chat, "user", " hello "));
	CHECK(krait_chat_encode(chat, 1, tokens, 4096, &n));
	krait_chat_free(chat);
	krait_session_free(session);
	krait_model_free(model);
	return NULL;
}

START_TEST(test_small_stack)
{
	char model[600], demo[600], path[600];
	const struct { const char *model, *demo, *path; } paths = { model, demo, path };
	pthread_attr_t attributes;
	pthread_t thread;
	void *text;

	snprintf(model, sizeof(model), "%s", scene_model(_i));
	snprintf(demo, sizeof(demo), "%s", scene_demo());
	snprintf(path, sizeof(path), "%s/saved", support_folder());
	ck_assert_int_eq(pthread_attr_init(&attributes), 0);
#ifdef FAULTS_SANITIZED         /* its frames are several times larger */
	ck_assert_int_eq(pthread_attr_setstacksize(&attributes, 512 * 1024), 0);
#else
	ck_assert_int_eq(pthread_attr_setstacksize(&attributes, 64 * 1024), 0);
#endif
	ck_assert_int_eq(pthread_create(&thread, &attributes, on_small_stack, (void *)(uintptr_t)&paths), 0);
	ck_assert_int_eq(pthread_join(thread, &text), 0);
	ck_assert_msg(!text, "%s", (const char *)text);
	pthread_attr_destroy(&attributes);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("misuse");
	TCase *tests = tcase_create("all");

	tcase_add_test(tests, test_null_free);
	tcase_add_test(tests, test_null_handles);
	tcase_add_test(tests, test_null_others);
	tcase_add_test(tests, test_null_model);
	tcase_add_test(tests, test_null_arguments);
	tcase_add_test(tests, test_free_in_any_order);
	tcase_add_test(tests, test_busy);
	tcase_add_loop_test(tests, test_small_stack, 0, SCENE_MODELS);
	tcase_set_timeout(tests, 600);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
