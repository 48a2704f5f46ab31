/* SPDX-License-Identifier: Apache-2.0 */
/* test_rewind.c - going back: to the bit, with everything that belongs to the position, within
 * KRAIT_REWIND_TOKENS and no further, after feeds, generation, embeddings, restores and forks. */
#include "kit.h"
#include "model/model.h"

#include <stdlib.h>
#include <string.h>

static krait_model *model;

static void open_model(void) { model = kit_open(kit_kind_case(), &(struct kit_options){ .threads = 2 }); }
static void close_model(void) { krait_model_free(model); }

static krait_session *sampling_session(int64_t reach)
{
	krait_session *session = kit_session(model);

	kit_ok(session, krait_session_set_int(session, KRAIT_REWIND_TOKENS, reach));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_FREQUENCY_PENALTY, 0.3));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_REPETITION_PENALTY, 1.2));
	kit_ok(session, krait_session_clear_stops(session));
	return session;
}

/* Goes back by n and on again: the same tokens, the same numbers. */
static void back_and_forth(krait_session *session, krait_session *twin, size_t n)
{
	krait_token *tokens = malloc(n * sizeof(*tokens)), *again = malloc(n * sizeof(*again));
	krait_session *copy;
	size_t n_done;

	kit_ok(session, krait_session_fork(&copy, session));
	kit_ok(session, krait_session_generate(session, tokens, n, &n_done));
	ck_assert_uint_eq(n_done, n);
	kit_ok(session, krait_session_rewind(session, n));
	kit_same_position(session, copy);
	kit_ok(session, krait_session_generate(session, again, n, &n_done));
	ck_assert_mem_eq(tokens, again, n * sizeof(*tokens));
	kit_ok(twin, krait_session_generate(twin, again, n, &n_done));
	ck_assert_mem_eq(tokens, again, n * sizeof(*tokens));
	kit_same_position(session, twin);
	krait_session_free(copy);
	free(tokens);
	free(again);
}

static const size_t steps[] = { 1, 2, 17, 64, 99, 100, 1, 40 };

START_TEST(test_generated)
{
	krait_session *session = sampling_session(100), *twin = sampling_session(0);
	krait_token tokens[30];

	kit_tokens(tokens, 30, 1);
	kit_ok(session, krait_session_feed(session, tokens, 30));
	kit_ok(twin, krait_session_feed(twin, tokens, 30));
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		back_and_forth(session, twin, steps[i]);
	krait_session_free(session);
	krait_session_free(twin);
}
END_TEST

/* From one long feed back into its middle, to every distance, and to nothing. */
START_TEST(test_into_a_feed)
{
	enum { N = 1700, REACH = 700 };
	static krait_token tokens[N];
	krait_session *session = sampling_session(REACH);

	kit_tokens(tokens, N, 2);
	for (size_t n = 1; n <= REACH; n += n < 4 ? 1 : 87) {
		krait_session *fresh = sampling_session(REACH);

		kit_ok(session, krait_session_feed(session, tokens + krait_session_position(session), N - krait_session_position(session)));
		kit_ok(session, krait_session_rewind(session, n));
		kit_ok(fresh, krait_session_feed(fresh, tokens, N - n));
		kit_same_position(session, fresh);
		krait_session_free(fresh);
	}
	kit_ok(session, krait_session_feed(session, tokens + krait_session_position(session), N - krait_session_position(session)));
	for (size_t i = 0; i < 3; i++)
		kit_ok(session, krait_session_feed(session, tokens, N));
	ck_assert_int_eq(krait_session_rewind(session, 3 * N), KRAIT_ERROR_ARGUMENT);
	ck_assert_ptr_nonnull(strstr(krait_session_error(session), "KRAIT_REWIND_TOKENS"));
	ck_assert_uint_eq(krait_session_position(session), 4 * N);
	kit_ok(session, krait_session_rewind(session, REACH));
	krait_session_free(session);
}
END_TEST

START_TEST(test_to_the_beginning)
{
	krait_session *session = sampling_session(1024), *fresh = sampling_session(1024);
	krait_token tokens[50], token;
	size_t n;

	kit_tokens(tokens, 50, 3);
	kit_ok(session, krait_session_feed(session, tokens, 50));
	kit_ok(session, krait_session_generate(session, tokens, 20, &n));
	kit_ok(session, krait_session_rewind(session, 70));
	ck_assert_uint_eq(krait_session_position(session), 0);
	ck_assert_int_eq(krait_session_next(session, &token), KRAIT_ERROR_ARGUMENT);
	kit_tokens(tokens, 50, 4);
	kit_ok(session, krait_session_feed(session, tokens, 50));
	kit_ok(fresh, krait_session_feed(fresh, tokens, 50));
	back_and_forth(session, fresh, 30);
	krait_session_free(session);
	krait_session_free(fresh);
}
END_TEST

START_TEST(test_off_and_set_later)
{
	krait_session *session = sampling_session(0), *twin = sampling_session(0);
	krait_token tokens[60];

	kit_tokens(tokens, 60, 5);
	kit_ok(session, krait_session_feed(session, tokens, 40));
	kit_ok(twin, krait_session_feed(twin, tokens, 50));
	ck_assert_int_eq(krait_session_rewind(session, 1), KRAIT_ERROR_ARGUMENT);
	kit_ok(session, krait_session_rewind(session, 0));
	kit_ok(session, krait_session_set_int(session, KRAIT_REWIND_TOKENS, 30));
	ck_assert_int_eq(krait_session_rewind(session, 1), KRAIT_ERROR_ARGUMENT);
	kit_ok(session, krait_session_feed(session, tokens + 40, 20));
	ck_assert_int_eq(krait_session_rewind(session, 21), KRAIT_ERROR_ARGUMENT);
	kit_ok(session, krait_session_rewind(session, 10));
	kit_same_position(session, twin);
	kit_ok(session, krait_session_rewind(session, 10));
	ck_assert_uint_eq(krait_session_position(session), 40);
	krait_session_free(session);
	krait_session_free(twin);
}
END_TEST

START_TEST(test_after_restore)
{
	krait_session *session = sampling_session(200), *twin = sampling_session(200);
	krait_token tokens[500];
	krait_state *state;

	kit_tokens(tokens, 500, 6);
	kit_ok(session, krait_session_feed(session, tokens, 130));
	kit_ok(session, krait_session_snapshot(&state, session));
	kit_ok(session, krait_session_feed(session, tokens + 130, 70));
	kit_ok(session, krait_session_restore(session, state));
	krait_state_free(state);
	for (size_t n = 0; n < 370; n += 37) {
		kit_ok(session, krait_session_feed(session, tokens + 130 + n, 37));
		kit_ok(session, krait_session_rewind(session, 9));
		kit_ok(session, krait_session_feed(session, tokens + 130 + n + 28, 9));
	}
	kit_ok(twin, krait_session_feed(twin, tokens, 500));
	kit_same_position(session, twin);
	krait_session_free(session);
	krait_session_free(twin);
}
END_TEST

START_TEST(test_embeddings)
{
	enum { N = 90 };
	size_t width = krait_model_width(model);
	float *rows = malloc(N * width * sizeof(float));
	krait_session *session = sampling_session(60), *twin = sampling_session(60);
	krait_token tokens[N];

	for (size_t i = 0; i < N * width; i++)
		rows[i] = (float)((i * 7919) % 1000) / 1000 - 0.5f;
	kit_tokens(tokens, N, 7);
	kit_ok(session, krait_session_feed(session, tokens, 10));
	kit_ok(session, krait_session_feed_embeddings(session, rows, N, width));
	kit_ok(session, krait_session_feed(session, tokens + 10, 7));
	kit_ok(session, krait_session_rewind(session, 7 + 33));
	kit_ok(twin, krait_session_feed(twin, tokens, 10));
	kit_ok(twin, krait_session_feed_embeddings(twin, rows, N - 33, width));
	kit_same_position(session, twin);
	back_and_forth(session, twin, 12);
	free(rows);
	krait_session_free(session);
	krait_session_free(twin);
}
END_TEST

/* Embeddings that were fed in parts lie in as many blocks; what is read again may begin in one and end in another. */
START_TEST(test_embeddings_in_parts)
{
	enum { N = 90 };
	static const size_t parts[] = { 7, 30, 44 }, backs[] = { 3, 13, 33, 59 };
	size_t width = krait_model_width(model), part = parts[_i % 3], back = backs[_i / 3];
	float *rows = malloc(N * width * sizeof(float));
	krait_session *session = sampling_session(60), *twin = sampling_session(60);
	krait_token token = 5;

	for (size_t i = 0; i < N * width; i++)
		rows[i] = (float)((i * 7919) % 1000) / 1000 - 0.5f;
	kit_ok(session, krait_session_feed(session, &token, 1));
	kit_ok(twin, krait_session_feed(twin, &token, 1));
	for (size_t at = 0; at < N; at += part) {
		size_t n = part < N - at ? part : N - at;

		kit_ok(session, krait_session_feed_embeddings(session, rows + at * width, n, width));
	}
	kit_ok(session, krait_session_rewind(session, back));
	kit_ok(twin, krait_session_feed_embeddings(twin, rows, N - back, width));
	kit_same_position(session, twin);
	back_and_forth(session, twin, 5);
	free(rows);
	krait_session_free(session);
	krait_session_free(twin);
}
END_TEST

/* Forks share their checkpoints; each goes its own way with them. */
START_TEST(test_forks)
{
	krait_session *session = sampling_session(300), *forks[4], *fresh = sampling_session(300);
	static krait_token tokens[700];

	kit_tokens(tokens, 700, 8);
	kit_ok(session, krait_session_feed(session, tokens, 600));
	for (size_t i = 0; i < 4; i++)
		kit_ok(session, krait_session_fork(&forks[i], session));
	krait_session_free(session);
	for (size_t i = 0; i < 4; i++) {
		kit_ok(forks[i], krait_session_feed(forks[i], tokens + 600, 20 * i + 1));
		kit_ok(forks[i], krait_session_rewind(forks[i], 20 * i + 1 + 200));
	}
	kit_ok(fresh, krait_session_feed(fresh, tokens, 400));
	for (size_t i = 0; i < 4; i++) {
		kit_same_position(forks[i], fresh);
		krait_session_free(forks[i]);
	}
	krait_session_free(fresh);
}
END_TEST

static void fill(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, open_model, close_model);
	tcase_add_test(tcase, test_to_the_beginning);
	tcase_add_test(tcase, test_after_restore);
	tcase_add_test(tcase, test_forks);
	if (!kit_too_slow()) {
		tcase_add_test(tcase, test_generated);
		tcase_add_test(tcase, test_into_a_feed);
		tcase_add_test(tcase, test_off_and_set_later);
		tcase_add_test(tcase, test_embeddings);
		tcase_add_loop_test(tcase, test_embeddings_in_parts, 0, 12);
	}
}

int main(void)
{
	Suite *suite = suite_create("rewind");

	kit_each_kind(suite, "rewind", 0, fill);
	return support_run(suite);
}
