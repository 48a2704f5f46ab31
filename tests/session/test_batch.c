/* SPDX-License-Identifier: Apache-2.0 */
/* test_batch.c - sessions in company compute what they compute alone, to the bit, for any number of
 * threads; and what a batch refuses moves no session. */
#include "kit.h"
#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_SESSIONS 7

static krait_model *model;

static void open_model(void) { model = kit_open(kit_kind_case(), &(struct kit_options){ .threads = 2 }); }
static void close_model(void) { krait_model_free(model); }

static void ok(krait_batch *batch, krait_status status)
{
	ck_assert_msg(status == KRAIT_OK, "%s: %s", krait_status_name(status), krait_batch_error(batch));
}

static krait_batch *new_batch(krait_model *of)
{
	krait_batch *batch;

	ck_assert_int_eq(krait_batch_new(&batch, of), KRAIT_OK);
	return batch;
}

static void prepare(krait_session *session, size_t index)
{
	kit_ok(session, krait_session_clear_stops(session));
	kit_ok(session, krait_session_set_int(session, KRAIT_SAMPLE_SEED, (int64_t)index));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_FREQUENCY_PENALTY, 0.1 * (double)index));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TEMPERATURE, index == 3 ? 0 : 1.2));
	if (index % 2)
		kit_ok(session, krait_session_set_int(session, KRAIT_KEEP_POSITIONS, 5));
}

/* How many tokens session i reads in round r; 0: it samples one. */
static size_t share(size_t round, size_t i)
{
	return round == 0 || (round + i) % 5 == 0 ? 1 + (7 * i + 13 * round) % 70 : 0;
}

static void alone(krait_session *session, const krait_token *tokens, size_t n, krait_token *sampled)
{
	*sampled = -1;
	if (n)
		kit_ok(session, krait_session_feed(session, tokens, n));
	else
		kit_ok(session, krait_session_next(session, sampled));
}

START_TEST(test_as_alone)
{
	krait_model *threaded = kit_open(kit_case((size_t)_i % kit_n_cases()), &(struct kit_options){ .threads = 1 + _i / (int)kit_n_cases() });
	krait_model *reference = kit_open(kit_case((size_t)_i % kit_n_cases()), &(struct kit_options){ .threads = 1 });
	krait_session *together[N_SESSIONS], *single[N_SESSIONS];
	krait_batch *batch = new_batch(threaded);
	krait_token tokens[80], sampled;

	for (size_t i = 0; i < N_SESSIONS; i++) {
		prepare(together[i] = kit_session(threaded), i);
		prepare(single[i] = kit_session(reference), i);
	}
	for (size_t round = 0; round < (kit_too_slow() ? 2 : 12); round++) {
		for (size_t i = 0; i < N_SESSIONS; i++) {
			kit_tokens(tokens, 80, (uint32_t)(round * 100 + i));
			ok(batch, krait_batch_add(batch, together[i], tokens, share(round, i)));
		}
		memset(tokens, 0, sizeof(tokens));
		ck_assert_uint_eq(krait_batch_size(batch), N_SESSIONS);
		ok(batch, krait_batch_run(batch));
		for (size_t i = 0; i < N_SESSIONS; i++) {
			kit_tokens(tokens, 80, (uint32_t)(round * 100 + i));
			alone(single[i], tokens, share(round, i), &sampled);
			ck_assert_int_eq(krait_batch_status(batch, i), KRAIT_OK);
			ck_assert_int_eq(krait_batch_token(batch, i), sampled);
			kit_same_position(together[i], single[i]);
		}
	}
	for (size_t i = 0; i < N_SESSIONS; i++) {
		krait_session_free(together[i]);
		krait_session_free(single[i]);
	}
	krait_batch_free(batch);
	krait_model_free(threaded);
	krait_model_free(reference);
}
END_TEST

START_TEST(test_ends)
{
	krait_session *limited = kit_session(model), *stopped = kit_session(model), *cancelled = kit_session(model), *free_one = kit_session(model);
	krait_session *all[4] = { limited, stopped, cancelled, free_one };
	krait_batch *batch = new_batch(model);
	krait_token token = 3, next;

	for (size_t i = 0; i < 4; i++) {
		prepare(all[i], 3);
		kit_ok(all[i], krait_session_feed(all[i], &token, 1));
		ck_assert(isnan(krait_session_drawn_logprob(all[i])));
	}
	kit_ok(limited, krait_session_set_int(limited, KRAIT_MAX_NEW_TOKENS, 1));
	kit_ok(limited, krait_session_next(limited, &next));
	kit_ok(stopped, krait_session_add_stop(stopped, next));
	krait_session_cancel(cancelled);
	for (size_t i = 0; i < 4; i++)
		ok(batch, krait_batch_add(batch, all[i], NULL, 0));
	ok(batch, krait_batch_run(batch));
	ck_assert_int_eq(krait_batch_status(batch, 0), KRAIT_END);
	ck_assert_int_eq(krait_batch_token(batch, 0), -1);
	ck_assert_int_eq(krait_session_end_reason(limited), KRAIT_REASON_LIMIT);
	ck_assert_int_eq(krait_batch_status(batch, 1), KRAIT_END);
	ck_assert_int_eq(krait_batch_token(batch, 1), next);
	ck_assert_uint_eq(krait_session_position(stopped), 1);
	ck_assert_int_eq(krait_batch_status(batch, 2), KRAIT_CANCELLED);
	ck_assert_int_eq(krait_batch_token(batch, 2), -1);
	ck_assert_uint_eq(krait_session_position(cancelled), 1);
	ck_assert_int_eq(krait_batch_status(batch, 3), KRAIT_OK);
	ck_assert_int_eq(krait_batch_token(batch, 3), next);
	ck_assert_uint_eq(krait_session_position(free_one), 2);
	/* the same token was drawn, whether it was a stop or not */
	ck_assert_double_le(fabs(krait_session_drawn_logprob(stopped) - krait_session_drawn_logprob(free_one)), 1e-5);
	ck_assert_double_eq(krait_session_drawn_chance(stopped), 0);
	ck_assert(isnan(krait_session_drawn_logprob(cancelled)));
	/* the first add after a run starts anew */
	ok(batch, krait_batch_add(batch, free_one, NULL, 0));
	ck_assert_uint_eq(krait_batch_size(batch), 1);
	krait_batch_clear(batch);
	ck_assert_uint_eq(krait_batch_size(batch), 0);
	ok(batch, krait_batch_run(batch));
	for (size_t i = 0; i < 4; i++)
		krait_session_free(all[i]);
	krait_batch_free(batch);
}
END_TEST

START_TEST(test_refusals)
{
	krait_model *other = kit_open(kit_case(0), NULL);
	krait_session *session = kit_session(model), *empty = kit_session(model), *foreign = kit_session(other);
	krait_batch *batch = new_batch(model);
	krait_token token = 1, outside = (krait_token)krait_model_vocab_size(model);

	ok(batch, krait_batch_add(batch, session, &token, 1));
	ck_assert_int_eq(krait_batch_add(batch, session, &token, 1), KRAIT_ERROR_ARGUMENT);
	ck_assert_str_ne(krait_batch_error(batch), "");
	ck_assert_int_lt(krait_batch_add(batch, foreign, &token, 1), 0);
	ck_assert_int_eq(krait_batch_add(batch, empty, &outside, 1), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_batch_add(batch, NULL, &token, 1), KRAIT_ERROR_ARGUMENT);
	ck_assert_uint_eq(krait_batch_size(batch), 1);
	/* one that cannot sample yet: nobody moves, and the entries stay */
	ok(batch, krait_batch_add(batch, empty, NULL, 0));
	for (int again = 0; again < 2; again++) {
		ck_assert_int_eq(krait_batch_run(batch), KRAIT_ERROR_ARGUMENT);
		ck_assert_ptr_nonnull(strstr(krait_batch_error(batch), "1"));
		ck_assert_uint_eq(krait_session_position(session), 0);
		ck_assert_uint_eq(krait_batch_size(batch), 2);
	}
	kit_ok(empty, krait_session_feed(empty, &token, 1));
	ok(batch, krait_batch_run(batch));
	ck_assert_uint_eq(krait_session_position(session), 1);
	ck_assert_uint_eq(krait_session_position(empty), 2);
	ck_assert_int_eq(krait_batch_token(batch, 7), -1);
	krait_session_free(session);
	krait_session_free(empty);
	krait_session_free(foreign);
	krait_batch_free(batch);
	krait_batch_free(NULL);
	krait_model_free(other);
}
END_TEST

/* A long prompt in a batch can be taken back like any other. */
START_TEST(test_rewind_after_batch)
{
	enum { N = 2500 };
	static krait_token tokens[N];
	krait_session *session = kit_session(model), *second = kit_session(model), *fresh = kit_session(model);
	krait_batch *batch = new_batch(model);

	kit_tokens(tokens, N, 5);
	kit_ok(session, krait_session_set_int(session, KRAIT_REWIND_TOKENS, 1000));
	ok(batch, krait_batch_add(batch, session, tokens, N));
	ok(batch, krait_batch_add(batch, second, tokens, 3));
	ok(batch, krait_batch_run(batch));
	kit_ok(session, krait_session_rewind(session, 900));
	kit_ok(fresh, krait_session_feed(fresh, tokens, N - 900));
	kit_same_position(session, fresh);
	krait_session_free(session);
	krait_session_free(second);
	krait_session_free(fresh);
	krait_batch_free(batch);
}
END_TEST

/* A text that is scored in parts, and a cancel between two of them: what was read has its scores, the rest has none, and the
 * other entry goes on. */
START_TEST(test_scores_in_parts_cancelled)
{
	enum { N = 50, PART = 16 };
	krait_session *session = kit_session(model), *other = kit_session(model), *alone_one = kit_session(model);
	krait_token tokens[N];
	float scores[N], wanted[N];
	krait_batch *batch = new_batch(model);

	kit_tokens(tokens, N, 8);
	kit_ok(alone_one, krait_session_score(alone_one, tokens, N, wanted, N));
	ok(batch, krait_batch_set_int(batch, KRAIT_BATCH_PROMPT_TOKENS, PART));
	ok(batch, krait_batch_add_score(batch, session, tokens, N, scores, N));
	ok(batch, krait_batch_run(batch));
	ok(batch, krait_batch_run(batch));
	ck_assert_uint_eq(krait_batch_left(batch, 0), N - 2 * PART);
	krait_session_cancel(session);
	ok(batch, krait_batch_add(batch, other, tokens, 3));
	ok(batch, krait_batch_run(batch));
	ck_assert_int_eq(krait_batch_status(batch, 0), KRAIT_CANCELLED);
	ck_assert_uint_eq(krait_batch_left(batch, 0), 0);
	ck_assert_uint_eq(krait_session_position(session), 2 * PART);
	ck_assert(isnan(scores[0]));
	ck_assert(kit_same(scores + 1, wanted + 1, PART - 1));
	/* where a part begins the score comes from the logits, in double: it may round otherwise */
	ck_assert_double_le(fabs(scores[PART] - wanted[PART]), 1e-6 * fabs(wanted[PART]));
	ck_assert(kit_same(scores + PART + 1, wanted + PART + 1, PART - 1));
	for (size_t i = 2 * PART; i < N; i++)
		ck_assert(isnan(scores[i]));
	for (int i = 0; i < 3 && krait_session_position(other) < 3; i++)
		ok(batch, krait_batch_run(batch));
	ck_assert_uint_eq(krait_session_position(other), 3);
	/* the session is sound, and reads on where it stopped */
	kit_ok(session, krait_session_feed(session, tokens + 2 * PART, N - 2 * PART));
	kit_same_position(session, alone_one);
	krait_session_free(session);
	krait_session_free(other);
	krait_session_free(alone_one);
	krait_batch_free(batch);
}
END_TEST

/* The logits that a run computed at its end are what each session says itself: none of an entry that is unfinished, those
 * behind a token that was drawn, and none any more when the session has moved. */
START_TEST(test_kept_logits)
{
	enum { N = 40 };
	krait_session *long_one = kit_session(model), *drawing = kit_session(model), *twin = kit_session(model);
	size_t vocab = krait_model_vocab_size(model);
	float *got = malloc(vocab * sizeof(*got)), *wanted = malloc(vocab * sizeof(*wanted));
	krait_token tokens[N], token;
	krait_batch *batch = new_batch(model);

	kit_tokens(tokens, N, 3);
	prepare(drawing, 2);
	prepare(twin, 2);
	kit_ok(drawing, krait_session_feed(drawing, tokens, 9));
	kit_ok(twin, krait_session_feed(twin, tokens, 9));
	kit_ok(twin, krait_session_next(twin, &token));
	ok(batch, krait_batch_set_int(batch, KRAIT_BATCH_KEEP_LOGITS, 1));
	ok(batch, krait_batch_set_int(batch, KRAIT_BATCH_PROMPT_TOKENS, 25));
	ok(batch, krait_batch_add(batch, long_one, tokens, N));
	ok(batch, krait_batch_add(batch, drawing, NULL, 0));
	ok(batch, krait_batch_run(batch));
	ck_assert_int_eq(krait_batch_token(batch, 1), token);
	ok(batch, krait_batch_logits(batch, 1, got, vocab));
	kit_ok(twin, krait_session_logits(twin, wanted, vocab));
	ck_assert(kit_same(got, wanted, vocab));
	kit_ok(drawing, krait_session_feed(drawing, tokens, 1));
	ck_assert_int_eq(krait_batch_logits(batch, 1, got, vocab), KRAIT_ERROR_ARGUMENT);
	ok(batch, krait_batch_run(batch));
	ck_assert_uint_eq(krait_batch_left(batch, 0), 0);
	ok(batch, krait_batch_logits(batch, 0, got, vocab));
	kit_ok(twin, krait_session_reset(twin));
	kit_ok(twin, krait_session_feed(twin, tokens, N));
	kit_ok(twin, krait_session_logits(twin, wanted, vocab));
	ck_assert(kit_same(got, wanted, vocab));
	free(got);
	free(wanted);
	krait_session_free(long_one);
	krait_session_free(drawing);
	krait_session_free(twin);
	krait_batch_free(batch);
}
END_TEST

static void fill(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, open_model, close_model);
	if (kit_kind_first())
		tcase_add_loop_test(tcase, test_as_alone, 0, kit_too_slow() ? KIT_CASES : 3 * (int)kit_n_cases());
	tcase_add_test(tcase, test_ends);
	tcase_add_test(tcase, test_refusals);
	tcase_add_test(tcase, test_rewind_after_batch);
	tcase_add_test(tcase, test_scores_in_parts_cancelled);
	tcase_add_test(tcase, test_kept_logits);
}

int main(void)
{
	Suite *suite = suite_create("batch");

	kit_each_kind(suite, "batch", 0, fill);
	return support_run(suite);
}
