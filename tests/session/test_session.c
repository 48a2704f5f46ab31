/* SPDX-License-Identifier: Apache-2.0 */
/* test_session.c - what a session answers: errors before anything moves, divisions of a feed, kept
 * positions, embeddings, scores, settings, fork, reset, cancel, limits and penalties. */
#include "kit.h"
#include "model/model.h"

#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static krait_model *model;

static void open_model(void) { model = kit_open(kit_case(1), &(struct kit_options){ .threads = 2 }); }
static void close_model(void) { krait_model_free(model); }

START_TEST(test_refusals)
{
	krait_session *session = kit_session(model), *twin = kit_session(model);
	krait_token tokens[4] = { 1, 2, (krait_token)krait_model_vocab_size(model), 3 }, token = 5;
	float number;
	size_t n;

	ck_assert_int_eq(krait_session_next(session, &token), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(token, -1);
	ck_assert_ptr_nonnull(strstr(krait_session_error(session), "feed"));
	ck_assert_int_eq(krait_session_logits(session, &number, 1), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_session_hidden(session, &number, 1), KRAIT_ERROR_ARGUMENT);
	kit_ok(session, krait_session_feed(session, tokens, 2));
	kit_ok(twin, krait_session_feed(twin, tokens, 2));
	ck_assert_int_eq(krait_session_feed(session, tokens, 4), KRAIT_ERROR_ARGUMENT);
	ck_assert_ptr_nonnull(strstr(krait_session_error(session), "2"));
	tokens[2] = -1;
	ck_assert_int_eq(krait_session_feed(session, tokens, 4), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_session_feed(session, NULL, 1), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_session_logits(session, &number, 1), KRAIT_ERROR_SPACE);
	ck_assert_int_eq(krait_session_logits(session, NULL, 0), KRAIT_OK);
	ck_assert_int_eq(krait_session_score(session, tokens, 4, &number, 1), KRAIT_ERROR_SPACE);
	ck_assert_int_eq(krait_session_feed_embeddings(session, &number, 1, 1), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_session_feed_text(session, "x"), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(krait_session_error(session), "KRAIT_OPTION_TOKENIZER"));
	ck_assert_int_eq(krait_session_rewind(session, 3), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_session_set_bias(session, -1, 1), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_session_add_stop(session, (krait_token)krait_model_vocab_size(model)), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_session_add_stop_text(session, "", 0), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_session_generate(session, NULL, 1, &n), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_session_feed(NULL, tokens, 1), KRAIT_ERROR_ARGUMENT);
	kit_same_position(session, twin);
	krait_session_free(session);
	krait_session_free(twin);
	krait_session_free(NULL);
}
END_TEST

START_TEST(test_settings)
{
	static const struct { int setting; double start, good, bad; } floats[] = {
		{ KRAIT_SAMPLE_TEMPERATURE, 1, 0.3, -1 }, { KRAIT_SAMPLE_TOP_P, 1, 0.5, 1.5 }, { KRAIT_SAMPLE_MIN_P, 0, 0.5, -0.1 },
		{ KRAIT_SAMPLE_TYPICAL_P, 1, 0.5, 2 }, { KRAIT_SAMPLE_REPETITION_PENALTY, 1, 1.2, 0 },
		{ KRAIT_SAMPLE_PRESENCE_PENALTY, 0, -1, INFINITY }, { KRAIT_SAMPLE_FREQUENCY_PENALTY, 0, 2, NAN },
	};
	static const struct { int setting; int64_t start, good, bad; } ints[] = {
		{ KRAIT_SAMPLE_TOP_K, 0, 40, -1 }, { KRAIT_MAX_NEW_TOKENS, 0, 9, -1 }, { KRAIT_KEEP_POSITIONS, 0, 3, -1 },
		{ KRAIT_REWIND_TOKENS, 1, 0, -1 },
	};
	krait_session *session = kit_session(model);
	double number;
	int64_t value;

	for (size_t i = 0; i < sizeof(floats) / sizeof(*floats); i++) {
		kit_ok(session, krait_session_get_float(session, floats[i].setting, &number));
		ck_assert_double_eq(number, floats[i].start);
		kit_ok(session, krait_session_set_float(session, floats[i].setting, floats[i].good));
		ck_assert_int_eq(krait_session_set_float(session, floats[i].setting, floats[i].bad), KRAIT_ERROR_ARGUMENT);
		kit_ok(session, krait_session_get_float(session, floats[i].setting, &number));
		ck_assert_double_eq(number, floats[i].good);
		ck_assert_int_eq(krait_session_get_int(session, floats[i].setting, &value), KRAIT_ERROR_ARGUMENT);
	}
	for (size_t i = 0; i < sizeof(ints) / sizeof(*ints); i++) {
		kit_ok(session, krait_session_get_int(session, ints[i].setting, &value));
		ck_assert_int_eq(value, ints[i].start);
		kit_ok(session, krait_session_set_int(session, ints[i].setting, ints[i].good));
		ck_assert_int_eq(krait_session_set_int(session, ints[i].setting, ints[i].bad), KRAIT_ERROR_ARGUMENT);
		kit_ok(session, krait_session_get_int(session, ints[i].setting, &value));
		ck_assert_int_eq(value, ints[i].good);
		ck_assert_int_eq(krait_session_set_float(session, ints[i].setting, 1), KRAIT_ERROR_ARGUMENT);
	}
	kit_ok(session, krait_session_set_int(session, KRAIT_SAMPLE_SEED, INT64_MIN));
	kit_ok(session, krait_session_get_int(session, KRAIT_SAMPLE_SEED, &value));
	ck_assert(value == INT64_MIN);
	ck_assert_int_eq(krait_session_set_int(session, 399, 1), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_int_eq(krait_session_get_int(session, 399, &value), KRAIT_ERROR_UNSUPPORTED);
	krait_session_free(session);
}
END_TEST

/* A long feed passes checkpoints; its numbers are those of feeding in any other way. */
START_TEST(test_divisions)
{
	enum { N = 1500 };
	static krait_token tokens[N];
	krait_session *whole = kit_session(model), *parts = kit_session(model), *plain = kit_session(model);

	kit_tokens(tokens, N, 3);
	kit_ok(plain, krait_session_set_int(plain, KRAIT_REWIND_TOKENS, 0));
	kit_ok(whole, krait_session_feed(whole, tokens, N));
	kit_ok(plain, krait_session_feed(plain, tokens, N));
	for (size_t at = 0, n = 1; at < N; at += n, n = 1 + n * 7 % 61)
		kit_ok(parts, krait_session_feed(parts, tokens + at, n < N - at ? n : N - at));
	kit_same_position(whole, plain);
	kit_same_position(whole, parts);
	krait_session_free(whole);
	krait_session_free(parts);
	krait_session_free(plain);
}
END_TEST

START_TEST(test_kept_positions)
{
	enum { N = 700, KEEP = 650 };   /* the kept rows lie across a checkpoint */
	static krait_token tokens[N];
	krait_session *session = kit_session(model), *steps = kit_session(model);
	size_t vocab = krait_model_vocab_size(model), width = krait_model_width(model);
	float *logits = malloc(KEEP * vocab * sizeof(float)), *hidden = malloc(KEEP * width * sizeof(float));
	float *each_logits = malloc(KEEP * vocab * sizeof(float)), *each_hidden = malloc(KEEP * width * sizeof(float));

	kit_tokens(tokens, N, 4);
	kit_ok(session, krait_session_set_int(session, KRAIT_KEEP_POSITIONS, KEEP));
	kit_ok(session, krait_session_feed(session, tokens, N));
	ck_assert_int_eq(krait_session_logits(session, logits, KEEP * vocab - 1), KRAIT_ERROR_SPACE);
	kit_ok(session, krait_session_logits(session, logits, KEEP * vocab));
	kit_ok(session, krait_session_hidden(session, hidden, KEEP * width));
	for (size_t i = 0; i < N; i++) {
		kit_ok(steps, krait_session_feed(steps, tokens + i, 1));
		if (i < N - KEEP)
			continue;
		kit_ok(steps, krait_session_logits(steps, each_logits + (i - (N - KEEP)) * vocab, vocab));
		kit_ok(steps, krait_session_hidden(steps, each_hidden + (i - (N - KEEP)) * width, width));
	}
	ck_assert_msg(kit_same(each_logits, logits, KEEP * vocab), "the logits are off by %.2g", support_rel_l2f(each_logits, logits, KEEP * vocab));
	ck_assert_msg(kit_same(each_hidden, hidden, KEEP * width), "the hidden vectors are off by %.2g", support_rel_l2f(each_hidden, hidden, KEEP * width));
	free(logits);
	free(hidden);
	free(each_logits);
	free(each_hidden);
	krait_session_free(session);
	krait_session_free(steps);
}
END_TEST

START_TEST(test_embeddings)
{
	enum { N = 20 };
	const struct plan *plan = &model->plan;
	const struct tensor *table = &plan->tensors[plan->embedding];
	krait_token tokens[N];
	float *rows = malloc(N * plan->width * sizeof(float));
	krait_session *session = kit_session(model), *twin = kit_session(model);

	kit_tokens(tokens, N, 5);
	for (size_t i = 0; i < N; i++)
		krait__widen(rows + i * plan->width, (const char *)table->data + (size_t)tokens[i] * plan->width * krait__dtype_size(table->type),
			table->type, plan->width);
	kit_ok(session, krait_session_feed_embeddings(session, rows, N, plan->width));
	kit_ok(twin, krait_session_feed(twin, tokens, N));
	kit_same_position(session, twin);
	free(rows);
	krait_session_free(session);
	krait_session_free(twin);
}
END_TEST

START_TEST(test_scores)
{
	enum { N = 60 };
	krait_session *session = kit_session(model), *steps = kit_session(model);
	size_t vocab = krait_model_vocab_size(model);
	float scores[N], *row = malloc(vocab * sizeof(float));
	krait_token tokens[N];

	kit_tokens(tokens, N, 6);
	kit_ok(session, krait_session_score(session, tokens, 25, scores, 25));
	kit_ok(session, krait_session_score(session, tokens + 25, N - 25, scores + 25, N - 25));
	ck_assert_float_nan(scores[0]);
	for (size_t i = 0; i < N; i++) {
		double best = -INFINITY, sum = 0;

		if (i > 0) {
			kit_ok(steps, krait_session_logits(steps, row, vocab));
			for (size_t k = 0; k < vocab; k++)
				best = fmax(best, (double)row[k]);
			for (size_t k = 0; k < vocab; k++)
				sum += exp((double)row[k] - best);
			ck_assert_double_eq_tol((double)scores[i], (double)row[tokens[i]] - best - log(sum), kit_device() ? 1e-4 : 1e-5);
		}
		kit_ok(steps, krait_session_feed(steps, tokens + i, 1));
	}
	kit_same_position(session, steps);
	free(row);
	krait_session_free(session);
	krait_session_free(steps);
}
END_TEST

static void set_sampling(krait_session *session)
{
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TEMPERATURE, 1.3));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TOP_P, 0.97));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_REPETITION_PENALTY, 1.1));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_FREQUENCY_PENALTY, 0.2));
	kit_ok(session, krait_session_set_bias(session, 7, 0.5f));
	kit_ok(session, krait_session_set_int(session, KRAIT_SAMPLE_SEED, 1234567));
	kit_ok(session, krait_session_clear_stops(session));
}

START_TEST(test_generate_is_many_next)
{
	enum { N = 100 };
	krait_session *a = kit_session(model), *b = kit_session(model);
	krait_token tokens[N], token;
	size_t n;

	set_sampling(a);
	set_sampling(b);
	kit_tokens(tokens, 5, 7);
	kit_ok(a, krait_session_feed(a, tokens, 5));
	kit_ok(b, krait_session_feed(b, tokens, 5));
	kit_ok(a, krait_session_generate(a, tokens, N, &n));
	ck_assert_uint_eq(n, N);
	for (size_t i = 0; i < N; i++) {
		kit_ok(b, krait_session_next(b, &token));
		ck_assert_int_eq(token, tokens[i]);
	}
	kit_same_position(a, b);
	krait_session_free(a);
	krait_session_free(b);
}
END_TEST

/* krait_sampler_pick on the raw logits and the history chooses the same token. */
/* With each penalty alone, so that none of them lives on what another one needs. */
START_TEST(test_next_is_the_sampler)
{
	static const int penalties[] = { KRAIT_SAMPLE_PRESENCE_PENALTY, KRAIT_SAMPLE_FREQUENCY_PENALTY, KRAIT_SAMPLE_REPETITION_PENALTY };
	krait_session *session = kit_session(model);
	size_t vocab = krait_model_vocab_size(model);
	float *row = malloc(vocab * sizeof(float));
	krait_token past[60];
	krait_sampler *sampler;

	ck_assert_int_eq(krait_sampler_new(&sampler), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_set_float(sampler, penalties[_i], 0.7), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_set_float(sampler, KRAIT_SAMPLE_MIN_P, 0.01), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_set_int(sampler, KRAIT_SAMPLE_TOP_K, 30), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_set_int(sampler, KRAIT_SAMPLE_SEED, 9), KRAIT_OK);
	kit_ok(session, krait_session_set_sampler(session, sampler));
	kit_ok(session, krait_session_clear_stops(session));
	kit_tokens(past, 10, 8);
	kit_ok(session, krait_session_feed(session, past, 10));
	for (size_t i = 10; i < 60; i++) {
		krait_token expected;

		kit_ok(session, krait_session_logits(session, row, vocab));
		ck_assert_int_eq(krait_sampler_pick(sampler, row, model->n_valid, past, i, i, &expected), KRAIT_OK);
		kit_ok(session, krait_session_next(session, &past[i]));
		ck_assert_int_eq(past[i], expected);
	}
	krait_sampler_free(sampler);
	krait_session_free(session);
	free(row);
}
END_TEST

START_TEST(test_limit)
{
	krait_session *session = kit_session(model);
	krait_token tokens[10] = { 3 };
	size_t n;

	set_sampling(session);
	kit_ok(session, krait_session_set_int(session, KRAIT_MAX_NEW_TOKENS, 4));
	for (int round = 0; round < 2; round++) {
		kit_ok(session, krait_session_feed(session, tokens, 1));
		ck_assert_int_eq(krait_session_end_reason(session), KRAIT_REASON_NONE);
		ck_assert_int_eq(krait_session_generate(session, tokens + 1, 9, &n), KRAIT_END);
		ck_assert_uint_eq(n, 4);
		for (int again = 0; again < 2; again++) {
			ck_assert_int_eq(krait_session_next(session, &tokens[9]), KRAIT_END);
			ck_assert_int_eq(tokens[9], -1);
			ck_assert_int_eq(krait_session_end_reason(session), KRAIT_REASON_LIMIT);
		}
		ck_assert_uint_eq(krait_session_position(session), 5u * (unsigned)(round + 1));
	}
	kit_ok(session, krait_session_set_int(session, KRAIT_MAX_NEW_TOKENS, 6));
	ck_assert_int_eq(krait_session_generate(session, tokens, 9, &n), KRAIT_END);
	ck_assert_uint_eq(n, 2);
	krait_session_free(session);
}
END_TEST

START_TEST(test_stop_token)
{
	krait_session *session = kit_session(model), *twin = kit_session(model);
	krait_token first = 3, expected, token;

	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TEMPERATURE, 0));
	kit_ok(session, krait_session_clear_stops(session));
	kit_ok(session, krait_session_feed(session, &first, 1));
	kit_ok(twin, krait_session_feed(twin, &first, 1));
	kit_ok(session, krait_session_next(session, &expected));
	kit_ok(session, krait_session_rewind(session, 1));
	kit_ok(session, krait_session_add_stop(session, expected));
	for (int again = 0; again < 2; again++) {
		ck_assert_int_eq(krait_session_next(session, &token), KRAIT_END);
		ck_assert_int_eq(token, expected);
		ck_assert_int_eq(krait_session_end_reason(session), KRAIT_REASON_STOP);
	}
	kit_same_position(session, twin);
	kit_ok(session, krait_session_feed(session, &expected, 1));
	ck_assert_int_eq(krait_session_end_reason(session), KRAIT_REASON_NONE);
	krait_session_free(session);
	krait_session_free(twin);
}
END_TEST

START_TEST(test_fork_and_reset)
{
	enum { N = 40 };
	krait_session *a = kit_session(model), *b, *fresh = kit_session(model);
	krait_token x[N], y[N];
	size_t n;

	set_sampling(a);
	kit_tokens(x, 8, 9);
	kit_ok(a, krait_session_feed(a, x, 8));
	kit_ok(a, krait_session_generate(a, y, 10, &n));
	kit_ok(a, krait_session_fork(&b, a));
	kit_ok(a, krait_session_generate(a, x, N, &n));
	kit_ok(b, krait_session_generate(b, y, N, &n));
	ck_assert_mem_eq(x, y, sizeof(x));
	kit_same_position(a, b);
	kit_ok(a, krait_session_rewind(a, 45));
	kit_ok(b, krait_session_rewind(b, 45));
	kit_same_position(a, b);
	kit_ok(b, krait_session_reset(b));
	ck_assert_uint_eq(krait_session_position(b), 0);
	set_sampling(fresh);
	kit_tokens(x, 8, 10);
	kit_ok(b, krait_session_feed(b, x, 8));
	kit_ok(fresh, krait_session_feed(fresh, x, 8));
	kit_ok(b, krait_session_generate(b, x, N, &n));
	kit_ok(fresh, krait_session_generate(fresh, y, N, &n));
	ck_assert_mem_eq(x, y, sizeof(x));
	krait_session_free(a);
	krait_session_free(b);
	krait_session_free(fresh);
}
END_TEST

START_TEST(test_cancel_before)
{
	krait_session *session = kit_session(model);
	krait_token tokens[3] = { 1, 2, 3 }, token;
	size_t n;

	ck_assert_int_eq(krait_session_cancel(session), KRAIT_OK);
	ck_assert_int_eq(krait_session_feed(session, tokens, 3), KRAIT_CANCELLED);
	ck_assert_uint_eq(krait_session_position(session), 0);
	kit_ok(session, krait_session_feed(session, tokens, 3));
	krait_session_cancel(session);
	ck_assert_int_eq(krait_session_next(session, &token), KRAIT_CANCELLED);
	ck_assert_int_eq(token, -1);
	krait_session_cancel(session);
	ck_assert_int_eq(krait_session_generate(session, tokens, 3, &n), KRAIT_CANCELLED);
	ck_assert_uint_eq(n, 0);
	ck_assert_uint_eq(krait_session_position(session), 3);
	kit_ok(session, krait_session_next(session, &token));
	krait_session_free(session);
}
END_TEST

static krait_session *shared;

static void *cancel_soon(void *unused)
{
	(void)unused;
	while (krait_session_reset(shared) != KRAIT_ERROR_BUSY)
		;
	krait_session_cancel(shared);
	return NULL;
}

/* Another thread meets a session in use, gets BUSY, and cancels. */
START_TEST(test_busy_and_cancel)
{
	enum { N = 200000 };
	krait_token *tokens = malloc(N * sizeof(*tokens));
	krait_session *twin = kit_session(model);
	pthread_t thread;
	krait_status status;
	uint64_t position;

	kit_tokens(tokens, N, 11);
	shared = kit_session(model);
	ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, NULL), 0);
	/* the feed itself may be the one that meets a busy session */
	while ((status = krait_session_feed(shared, tokens, N)) == KRAIT_ERROR_BUSY)
		;
	pthread_join(thread, NULL);
	ck_assert_int_eq(status, KRAIT_CANCELLED);
	position = krait_session_position(shared);
	ck_assert_uint_lt(position, N);
	if (position) {
		kit_ok(twin, krait_session_feed(twin, tokens, (size_t)position));
		kit_same_position(shared, twin);
	}
	krait_session_free(shared);
	krait_session_free(twin);
	free(tokens);
}
END_TEST

START_TEST(test_after_fork)
{
	krait_session *session = kit_session(model);
	krait_token token = 1;
	pid_t child;
	int status;

	kit_ok(session, krait_session_feed(session, &token, 1));
	child = fork();
	if (child == 0) {
		bool right = krait_session_feed(session, &token, 1) == KRAIT_ERROR_FORKED &&
			krait_session_next(session, &token) == KRAIT_ERROR_FORKED && krait_session_reset(session) == KRAIT_ERROR_FORKED;

		krait_session_free(session);
		_exit(right ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	kit_ok(session, krait_session_feed(session, &token, 1));
	krait_session_free(session);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("session");
	TCase *tcase = tcase_create("session");

	tcase_add_checked_fixture(tcase, open_model, close_model);
	tcase_add_test(tcase, test_refusals);
	tcase_add_test(tcase, test_settings);
	tcase_add_test(tcase, test_divisions);
	tcase_add_test(tcase, test_kept_positions);
	tcase_add_test(tcase, test_embeddings);
	tcase_add_test(tcase, test_scores);
	tcase_add_test(tcase, test_generate_is_many_next);
	tcase_add_loop_test(tcase, test_next_is_the_sampler, kit_too_slow() ? 1 : 0, kit_too_slow() ? 2 : 3);
	tcase_add_test(tcase, test_limit);
	tcase_add_test(tcase, test_stop_token);
	tcase_add_test(tcase, test_fork_and_reset);
	tcase_add_test(tcase, test_cancel_before);
	tcase_add_test(tcase, test_busy_and_cancel);
	tcase_add_test(tcase, test_after_fork);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
