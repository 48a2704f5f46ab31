/* SPDX-License-Identifier: Apache-2.0 */
/* test_threads.c - eight threads with sessions of one model, and one session that all of them want. */
#include "support.h"
#include "faults.h"
#include "scene.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS 8

struct shared {
	struct scene *scene;
	krait_session *wanted;          /* used by all threads at once */
	int calls;
	atomic_ulong n_busy, n_done;
};

struct worker {
	struct shared *shared;
	pthread_t thread;
	unsigned random;
	krait_session *session;
	char failed[128];
};

static unsigned draw(struct worker *worker, unsigned n)
{
	worker->random = worker->random * 1103515245 + 12345;
	return (worker->random >> 8) % n;
}

/* Replaces the worker's session by a fork of it. */
static krait_status go_on_as_fork(struct worker *worker)
{
	krait_session *other;
	krait_status status = krait_session_fork(&other, worker->session);

	if (status == KRAIT_OK) {
		krait_session_free(worker->session);
		worker->session = other;
	}
	return status;
}

static krait_status there_and_back(struct worker *worker)
{
	krait_state *state;
	krait_status status = krait_session_snapshot(&state, worker->session);

	if (status == KRAIT_OK)
		status = krait_session_feed(worker->session, scene_tail, SCENE_TAIL);
	if (status >= 0)
		status = krait_session_restore(worker->session, state);
	krait_state_free(state);
	return status;
}

/* Straight after a restore there is nothing to go back to. */
static krait_status rewind_one(struct worker *worker)
{
	krait_status status = krait_session_rewind(worker->session, 1);

	return status == KRAIT_ERROR_ARGUMENT ? KRAIT_OK : status;
}

static krait_status in_a_batch(struct worker *worker)
{
	krait_batch *batch;
	krait_status status = krait_batch_new(&batch, worker->shared->scene->model);

	if (status == KRAIT_OK)
		status = krait_batch_add(batch, worker->session, scene_tail, SCENE_TAIL);
	if (status == KRAIT_OK)
		status = krait_batch_run(batch);
	krait_batch_free(batch);
	return status;
}

/* Busy is a right answer here, and cancelled. */
static krait_status use_wanted(struct worker *worker)
{
	krait_session *wanted = worker->shared->wanted;
	krait_status status;

	switch (draw(worker, 4)) {
	case 0: status = krait_session_feed(wanted, scene_tail, SCENE_TAIL); break;
	case 1: status = krait_session_reset(wanted); break;
	case 2: status = krait_session_set_int(wanted, KRAIT_MAX_NEW_TOKENS, 3); break;
	default: status = krait_session_cancel(wanted); break;
	}
	atomic_fetch_add(status == KRAIT_ERROR_BUSY ? &worker->shared->n_busy : &worker->shared->n_done, 1);
	return status == KRAIT_ERROR_BUSY ? KRAIT_OK : status;
}

static krait_status one_call(struct worker *worker)
{
	struct scene *scene = worker->shared->scene;
	krait_token token;
	static _Thread_local float logits[4096];

	switch (draw(worker, 10)) {
	case 0: return krait_session_feed(worker->session, scene_tail, 1 + draw(worker, SCENE_TAIL));
	case 1: return krait_session_feed(worker->session, scene_base, SCENE_BASE);
	case 2: return krait_session_next(worker->session, &token);
	case 3: return krait_session_logits(worker->session, logits, scene->vocab);
	case 4: return go_on_as_fork(worker);
	case 5: return there_and_back(worker);
	case 6: return rewind_one(worker);
	case 7: return in_a_batch(worker);
	case 8: return use_wanted(worker);
	default: return krait_session_restore(worker->session, scene->state);
	}
}

/* At the end the session computes what it would alone. */
static void check_alone(struct worker *worker)
{
	struct scene *scene = worker->shared->scene;
	float *logits = malloc(scene->vocab * sizeof(float));

	if (krait_session_reset(worker->session) < 0 || krait_session_feed(worker->session, scene_base, SCENE_BASE) != KRAIT_OK ||
	    krait_session_feed(worker->session, scene_tail, SCENE_TAIL) != KRAIT_OK || krait_session_logits(worker->session, logits, scene->vocab) != KRAIT_OK)
		snprintf(worker->failed, sizeof(worker->failed), "at the end: %s", krait_session_error(worker->session));
	else if (memcmp(logits, scene->expected, scene->vocab * sizeof(float)) != 0)
		snprintf(worker->failed, sizeof(worker->failed), "other logits at the end");
	free(logits);
}

static void *work(void *user)
{
	struct worker *worker = user;
	krait_status status = krait_session_new(&worker->session, worker->shared->scene->model);

	if (status == KRAIT_OK)
		status = krait_session_feed(worker->session, scene_base, SCENE_BASE);
	for (int i = 0; i < worker->shared->calls && status >= 0; i++)
		status = one_call(worker);
	if (status < 0)
		snprintf(worker->failed, sizeof(worker->failed), "status %d: %s", status, krait_session_error(worker->session));
	else
		check_alone(worker);
	krait_session_free(worker->session);
	return NULL;
}

START_TEST(test_mixed_calls)
{
	struct scene scene;
	struct shared shared = { .scene = &scene, .calls = faults_slow() ? 30 : 1000 };
	struct worker workers[THREADS] = { 0 };

	scene_begin(&scene, scene_model(_i));
	ck_assert_uint_le(scene.vocab, 4096);
	ck_assert_int_eq(krait_session_new(&shared.wanted, scene.model), KRAIT_OK);
	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .shared = &shared, .random = (unsigned)i + 1 };
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
		ck_assert_msg(!workers[i].failed[0], "thread %d: %s", i, workers[i].failed);
	}
	ck_assert_uint_gt(shared.n_done, 0);
	krait_session_free(shared.wanted);
	scene_end(&scene);
}
END_TEST

/* A tokenizer and a state are shared without any care. */
static void *encode(void *user)
{
	struct worker *worker = user;
	const krait_tokenizer *tokenizer = krait_model_tokenizer(worker->shared->scene->model);
	static const char text[] = "The little dog ran 1234 times around the house; then it slept.";
	krait_token tokens[64];
	char back[128];
	size_t n_tokens, n_text;

	for (int i = 0; i < 100 && !worker->failed[0]; i++)
		if (krait_tokenizer_encode(tokenizer, text, strlen(text), 0, tokens, 64, &n_tokens) != KRAIT_OK ||
		    krait_tokenizer_decode(tokenizer, tokens, n_tokens, 0, back, sizeof(back), &n_text) != KRAIT_OK ||
		    n_text != strlen(text) || memcmp(back, text, n_text) != 0)
			snprintf(worker->failed, sizeof(worker->failed), "the text did not come back");
	return NULL;
}

START_TEST(test_shared_tokenizer)
{
	struct scene scene = { .model = scene_open(scene_demo()) };
	struct shared shared = { .scene = &scene };
	struct worker workers[THREADS] = { 0 };

	for (int i = 0; i < THREADS; i++) {
		workers[i].shared = &shared;
		ck_assert_int_eq(pthread_create(&workers[i].thread, NULL, encode, &workers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		ck_assert_int_eq(pthread_join(workers[i].thread, NULL), 0);
		ck_assert_msg(!workers[i].failed[0], "%s", workers[i].failed);
	}
	krait_model_free(scene.model);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("threads");
	TCase *tests = tcase_create("all");

	tcase_add_loop_test(tests, test_mixed_calls, 0, SCENE_MODELS);
	tcase_add_test(tests, test_shared_tokenizer);
	tcase_set_timeout(tests, 300);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
