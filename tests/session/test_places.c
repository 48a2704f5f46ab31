/* SPDX-License-Identifier: Apache-2.0 */
/* test_places.c - sessions that are made to be somewhere: by reading exactly given tokens, by becoming another one; and
 * what they answer there. Each answer is compared with that of a session which came there by a plain feed. */
#include "kit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N = 400, VOCAB = 8192 };

static krait_model *model;
static krait_token tokens[3 * N];

static void open_model(void)
{
	model = kit_open(kit_kind_case(), &(struct kit_options){ .threads = 2 });
	kit_tokens(tokens, 3 * N, 9);
}

static void close_model(void) { krait_model_free(model); }

static krait_session *fed(size_t n)
{
	krait_session *session = kit_session(model);

	kit_ok(session, krait_session_clear_stops(session));
	kit_ok(session, krait_session_feed(session, tokens, n));
	return session;
}

/* As a session that read these from the beginning, now and with what it generates. */
static void is_as_fed(krait_session *session, const krait_token *wanted, size_t n)
{
	krait_session *twin = kit_session(model), *copy;
	krait_token one, other;

	kit_ok(twin, krait_session_clear_stops(twin));
	kit_ok(twin, krait_session_feed(twin, wanted, n));
	kit_same_position(session, twin);
	kit_ok(session, krait_session_fork(&copy, session));
	for (int i = 0; i < 5; i++) {
		kit_ok(copy, krait_session_next(copy, &one));
		kit_ok(twin, krait_session_next(twin, &other));
		ck_assert_int_eq(one, other);
	}
	krait_session_free(copy);
	krait_session_free(twin);
}

/* ---- reading exactly these ------------------------------------------------------------------- */

START_TEST(test_feed_to)
{
	static const int64_t reaches[] = { 0, 1, 300, 5000 };
	krait_session *session = kit_session(model);
	krait_token other[N];
	size_t reused = 7;

	kit_ok(session, krait_session_set_int(session, KRAIT_REWIND_TOKENS, reaches[_i]));
	kit_ok(session, krait_session_clear_stops(session));
	kit_ok(session, krait_session_feed_to(session, tokens, N, &reused));
	ck_assert_uint_eq(reused, 0);
	is_as_fed(session, tokens, N);
	kit_ok(session, krait_session_feed_to(session, tokens, N, &reused));           /* it has */
	ck_assert_uint_eq(reused, N);
	kit_ok(session, krait_session_feed_to(session, tokens, N + 9, &reused));       /* it goes on */
	ck_assert_uint_eq(reused, N);
	is_as_fed(session, tokens, N + 9);
	memcpy(other, tokens, sizeof(other));
	other[N - 5] = (tokens[N - 5] + 1) % 80;
	kit_ok(session, krait_session_feed_to(session, other, N, &reused));            /* it differs near the end */
	ck_assert_uint_le(reused, N - 5);
	ck_assert(reaches[_i] == 0 ? reused == 0 : reused > N / 2);
	is_as_fed(session, other, N);
	kit_ok(session, krait_session_feed_to(session, tokens, 30, NULL));             /* a beginning of what it has */
	is_as_fed(session, tokens, 30);
	kit_ok(session, krait_session_feed_to(session, tokens, 0, &reused));
	ck_assert_uint_eq(krait_session_position(session), 0);
	kit_ok(session, krait_session_feed_to(session, other, 40, &reused));
	is_as_fed(session, other, 40);
	krait_session_free(session);
}
END_TEST

/* What was generated counts as read; afterwards the answer's limit and end begin anew. */
START_TEST(test_feed_to_over_an_answer)
{
	krait_session *session = fed(100);
	krait_token all[200], token;
	size_t n, reused;

	memcpy(all, tokens, 100 * sizeof(*all));
	kit_ok(session, krait_session_set_int(session, KRAIT_MAX_NEW_TOKENS, 50));
	ck_assert_int_ge(krait_session_generate(session, all + 100, 50, &n), KRAIT_OK);
	ck_assert_uint_eq(n, 50);
	ck_assert_int_eq(krait_session_next(session, &token), KRAIT_END);
	memcpy(all + 150, tokens, 10 * sizeof(*all));
	kit_ok(session, krait_session_feed_to(session, all, 160, &reused));
	ck_assert_uint_eq(reused, 150);
	ck_assert_int_eq(krait_session_end_reason(session), KRAIT_REASON_NONE);
	kit_ok(session, krait_session_set_int(session, KRAIT_MAX_NEW_TOKENS, 0));
	is_as_fed(session, all, 160);
	krait_session_free(session);
}
END_TEST

/* A sequence longer than what is kept of it is known by its digest; after embeddings nothing is common. */
START_TEST(test_feed_to_far)
{
	enum { FAR = 6000 };
	krait_token *far = malloc(FAR * sizeof(*far));
	size_t width = krait_model_width(model), reused;
	float *rows = calloc(3, width * sizeof(*rows));
	krait_session *session = fed(0);

	kit_tokens(far, FAR, 3);
	kit_ok(session, krait_session_feed(session, far, FAR - 1000));
	kit_ok(session, krait_session_feed_to(session, far, FAR, &reused));
	ck_assert_uint_eq(reused, FAR - 1000);
	far[10]++;
	kit_ok(session, krait_session_feed_to(session, far, 20, &reused));
	ck_assert_uint_eq(reused, 0);
	is_as_fed(session, far, 20);
	kit_ok(session, krait_session_feed_embeddings(session, rows, 3, width));
	kit_ok(session, krait_session_feed_to(session, far, 25, &reused));
	ck_assert_uint_le(reused, 20);
	is_as_fed(session, far, 25);
	free(rows);
	free(far);
	krait_session_free(session);
}
END_TEST

/* A state from a file knows what it read, and a session restored from it goes on from there. */
START_TEST(test_feed_to_after_a_file)
{
	krait_session *session = fed(N), *second = fed(3);
	krait_state *state, *again;
	unsigned char *bytes;
	size_t size, reused;

	kit_ok(session, krait_session_snapshot(&state, session));
	size = krait_state_size(state);
	ck_assert_uint_eq(size, krait_session_state_size(session));
	bytes = malloc(size);
	ck_assert_int_eq(krait_state_write(state, bytes, size), KRAIT_OK);
	ck_assert_int_eq(krait_state_read(&again, model, bytes, size), KRAIT_OK);
	kit_ok(second, krait_session_restore(second, again));
	kit_ok(second, krait_session_feed_to(second, tokens, N + 20, &reused));
	ck_assert_uint_eq(reused, N);
	is_as_fed(second, tokens, N + 20);
	kit_ok(second, krait_session_rewind(second, 30));       /* to before the file's place */
	is_as_fed(second, tokens, N - 10);
	free(bytes);
	krait_state_free(state);
	krait_state_free(again);
	krait_session_free(session);
	krait_session_free(second);
}
END_TEST

START_TEST(test_feed_to_refusals)
{
	krait_session *session = fed(20);
	krait_token bad[2] = { 1, 1 << 30 };
	size_t reused = 5;

	ck_assert_int_eq(krait_session_feed_to(session, bad, 2, &reused), KRAIT_ERROR_ARGUMENT);
	ck_assert_uint_eq(reused, 0);
	ck_assert_int_eq(krait_session_feed_to(session, NULL, 2, NULL), KRAIT_ERROR_ARGUMENT);
	is_as_fed(session, tokens, 20);
	ck_assert_int_eq(krait_session_cancel(session), KRAIT_OK);
	ck_assert_int_eq(krait_session_feed_to(session, tokens + 1, 30, NULL), KRAIT_CANCELLED);
	is_as_fed(session, tokens, 20);
	kit_ok(session, krait_session_feed_to(session, tokens + 1, 30, NULL));
	is_as_fed(session, tokens + 1, 30);
	krait_session_free(session);
}
END_TEST

/* ---- becoming another one ----------------------------------------------------------------------- */

START_TEST(test_copy)
{
	krait_session *from = fed(60), *to = fed(7);
	krait_model *other_model = kit_open(kit_kind_case(), NULL);
	krait_session *foreign = kit_session(other_model);
	krait_token token;
	int64_t value;

	kit_ok(from, krait_session_set_float(from, KRAIT_SAMPLE_FREQUENCY_PENALTY, 0.5));
	kit_ok(from, krait_session_set_int(from, KRAIT_MAX_NEW_TOKENS, 3));
	kit_ok(to, krait_session_set_int(to, KRAIT_KEEP_POSITIONS, 4));
	kit_ok(from, krait_session_next(from, &token));
	kit_ok(to, krait_session_copy(to, from));
	kit_same_position(to, from);
	kit_ok(to, krait_session_get_int(to, KRAIT_KEEP_POSITIONS, &value));
	ck_assert_int_eq(value, 4);
	for (int i = 0; i < 3; i++) {
		krait_token one, two;

		ck_assert_int_eq(krait_session_next(to, &one), i < 2 ? KRAIT_OK : KRAIT_END);
		ck_assert_int_eq(krait_session_next(from, &two), i < 2 ? KRAIT_OK : KRAIT_END);
		ck_assert_int_eq(one, two);
	}
	kit_ok(to, krait_session_rewind(to, 20));
	ck_assert_int_eq(krait_session_copy(to, foreign), KRAIT_ERROR_MISMATCH);
	ck_assert_int_eq(krait_session_copy(to, NULL), KRAIT_ERROR_ARGUMENT);
	kit_ok(to, krait_session_copy(to, to));
	kit_ok(to, krait_session_set_float(to, KRAIT_SAMPLE_FREQUENCY_PENALTY, 0));
	kit_ok(to, krait_session_set_int(to, KRAIT_MAX_NEW_TOKENS, 0));
	is_as_fed(to, tokens, 43);
	krait_session_free(foreign);
	krait_session_free(from);
	krait_session_free(to);
	krait_model_free(other_model);
}
END_TEST

/* ---- what it answers ----------------------------------------------------------------------------- */

/* ln softmax in long double, as the header defines it. */
static double by_hand(const float *logits, size_t n, krait_token token)
{
	long double sum = 0, best = -INFINITY;

	for (size_t i = 0; i < n; i++)
		best = logits[i] > best ? logits[i] : best;
	for (size_t i = 0; i < n; i++)
		sum += expl(logits[i] - best);
	return (double)(logits[token] - best - logl(sum));
}

START_TEST(test_probabilities)
{
	krait_session *session = fed(50);
	size_t vocab = krait_model_vocab_size(model), n;
	float *logits = malloc(vocab * sizeof(*logits)), value, probabilities[6];
	krait_token best[6], token;
	krait_sampler *sampler;
	float *shares = malloc(vocab * sizeof(*shares));

	kit_ok(session, krait_session_logits(session, logits, vocab));
	kit_ok(session, krait_session_logprob(session, 17, &value));
	ck_assert_double_le(fabs(value - by_hand(logits, vocab, 17)), 1e-5);
	ck_assert_int_eq(krait_session_logprob(session, (krait_token)vocab, &value), KRAIT_ERROR_ARGUMENT);
	ck_assert(isnan(value));
	kit_ok(session, krait_session_top(session, best, probabilities, 6, &n));
	ck_assert_uint_eq(n, 6);
	for (size_t i = 0; i < 6; i++) {
		size_t above = 0;

		for (size_t k = 0; k < vocab; k++)
			above += logits[k] > logits[best[i]] || (logits[k] == logits[best[i]] && (krait_token)k < best[i]);
		ck_assert_uint_eq(above, i);
		ck_assert_double_le(fabs(probabilities[i] - by_hand(logits, vocab, best[i])), 1e-5);
	}
	kit_ok(session, krait_session_top(session, best, NULL, 0, &n));
	ck_assert(isnan(krait_session_drawn_logprob(session)));         /* nothing was drawn */
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TEMPERATURE, 0.7));
	kit_ok(session, krait_session_set_int(session, KRAIT_SAMPLE_TOP_K, 9));
	kit_ok(session, krait_session_next(session, &token));
	ck_assert_double_le(fabs(krait_session_drawn_logprob(session) - by_hand(logits, vocab, token)), 1e-5);
	ck_assert_int_eq(krait_sampler_new(&sampler), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_set_float(sampler, KRAIT_SAMPLE_TEMPERATURE, 0.7), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_set_int(sampler, KRAIT_SAMPLE_TOP_K, 9), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_probs(sampler, logits, vocab, NULL, 0, shares, vocab), KRAIT_OK);
	ck_assert_double_le(fabs(krait_session_drawn_chance(session) - log(shares[token])), 1e-5);
	kit_ok(session, krait_session_rewind(session, 1));
	ck_assert(isnan(krait_session_drawn_logprob(session)));
	krait_sampler_free(sampler);
	free(shares);
	free(logits);
	krait_session_free(session);
}
END_TEST

/* A stop token is drawn like any other: the call that it ends tells of it, not of the token before. A stop text is no
 * token. */
START_TEST(test_drawn_stop)
{
	krait_session *session = fed(40);
	size_t vocab = krait_model_vocab_size(model);
	float *logits = malloc(vocab * sizeof(*logits));
	krait_token before[3], after[5];
	size_t n;

	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TEMPERATURE, 0));
	ck_assert(isnan(krait_session_drawn_logprob(session)));
	kit_ok(session, krait_session_generate(session, before, 3, &n));
	ck_assert_double_lt(krait_session_drawn_logprob(session), 0);
	kit_ok(session, krait_session_logits(session, logits, vocab));
	kit_ok(session, krait_session_set_bias(session, 17, 1e6f));
	kit_ok(session, krait_session_add_stop(session, 17));
	for (int i = 0; i < 2; i++) {                                           /* an end that is asked about again stays what it was */
		ck_assert_int_eq(krait_session_generate(session, after, 5, &n), KRAIT_END);
		ck_assert_uint_eq(n, 0);
		ck_assert_int_eq(krait_session_end_reason(session), KRAIT_REASON_STOP);
		ck_assert_double_le(fabs(krait_session_drawn_logprob(session) - by_hand(logits, vocab, 17)), 1e-5);
		ck_assert_double_eq(krait_session_drawn_chance(session), 0);
	}
	kit_ok(session, krait_session_feed(session, tokens, 1));
	ck_assert(isnan(krait_session_drawn_logprob(session)));
	free(logits);
	krait_session_free(session);
}
END_TEST

/* The rows of a feed are those of that feed alone, whatever was called since. */
START_TEST(test_rows)
{
	krait_session *session = kit_session(model), *fork;
	size_t width = krait_model_width(model);
	float *rows = malloc(9 * width * sizeof(*rows));
	krait_state *state;
	krait_token token;

	ck_assert_uint_eq(krait_session_rows(session), 0);
	kit_ok(session, krait_session_clear_stops(session));
	kit_ok(session, krait_session_set_int(session, KRAIT_KEEP_POSITIONS, 5));
	kit_ok(session, krait_session_feed(session, tokens, 3));
	ck_assert_uint_eq(krait_session_rows(session), 3);
	kit_ok(session, krait_session_feed(session, tokens, N));
	ck_assert_uint_eq(krait_session_rows(session), 5);
	kit_ok(session, krait_session_hidden(session, rows, 5 * width));
	kit_ok(session, krait_session_snapshot(&state, session));
	kit_ok(session, krait_session_fork(&fork, session));
	ck_assert_uint_eq(krait_session_rows(fork), 1);
	kit_ok(fork, krait_session_feed(fork, tokens, 2));
	ck_assert_uint_eq(krait_session_rows(fork), 2);
	kit_ok(session, krait_session_next(session, &token));
	ck_assert_uint_eq(krait_session_rows(session), 1);
	kit_ok(session, krait_session_feed(session, tokens, 4));
	kit_ok(session, krait_session_restore(session, state));
	ck_assert_uint_eq(krait_session_rows(session), 1);
	kit_ok(session, krait_session_feed(session, tokens, 4));
	kit_ok(session, krait_session_reset(session));
	ck_assert_uint_eq(krait_session_rows(session), 0);
	kit_ok(session, krait_session_feed(session, tokens, 2));
	ck_assert_uint_eq(krait_session_rows(session), 2);
	krait_state_free(state);
	krait_session_free(fork);
	krait_session_free(session);
	free(rows);
}
END_TEST

/* ---- cancelling ----------------------------------------------------------------------------------- */

START_TEST(test_cancel_rule)
{
	krait_session *session = fed(20);
	krait_token token;
	size_t n;

	krait_session_cancel_clear(NULL);
	krait_session_cancel(session);
	krait_session_cancel_clear(session);
	kit_ok(session, krait_session_feed(session, tokens, 2));        /* cleared */
	krait_session_cancel(session);
	ck_assert_int_eq(krait_session_feed(session, tokens, 2), KRAIT_CANCELLED);
	kit_ok(session, krait_session_feed(session, tokens, 2));        /* once */
	krait_session_cancel(session);
	ck_assert_int_eq(krait_session_next(session, &token), KRAIT_CANCELLED);
	ck_assert_int_eq(token, -1);
	krait_session_cancel(session);
	ck_assert_int_eq(krait_session_generate(session, &token, 1, &n), KRAIT_CANCELLED);
	krait_session_cancel(session);
	ck_assert_int_eq(krait_session_rewind(session, 2), KRAIT_CANCELLED);
	ck_assert_uint_eq(krait_session_position(session), 24);
	kit_ok(session, krait_session_rewind(session, 2));
	/* what comes when an answer has ended is too late, and no prompt suffers */
	kit_ok(session, krait_session_set_int(session, KRAIT_MAX_NEW_TOKENS, 1));
	kit_ok(session, krait_session_next(session, &token));
	ck_assert_int_eq(krait_session_next(session, &token), KRAIT_END);
	krait_session_cancel(session);
	kit_ok(session, krait_session_feed(session, tokens, 2));
	kit_ok(session, krait_session_next(session, &token));
	krait_session_free(session);
}
END_TEST

/* ---- settings --------------------------------------------------------------------------------------- */

START_TEST(test_reset_settings)
{
	krait_session *session = fed(10), *fresh = kit_session(model);
	krait_token stops[4];
	int64_t seed, value;
	double low, high;
	size_t n = krait_model_stops(model, stops, 4);
	krait_token token;

	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TEMPERATURE, 0));
	kit_ok(session, krait_session_set_int(session, KRAIT_KEEP_POSITIONS, 3));
	kit_ok(session, krait_session_set_bias(session, 5, 1e6f));
	kit_ok(session, krait_session_set_note(session, "note", 4));
	kit_ok(session, krait_session_reset_settings(session));
	kit_ok(session, krait_session_get_int(session, KRAIT_KEEP_POSITIONS, &value));
	ck_assert_int_eq(value, 0);
	kit_ok(session, krait_session_get_int(session, KRAIT_SAMPLE_SEED, &seed));
	ck_assert_int_ge(seed, 0);
	kit_ok(fresh, krait_session_set_int(fresh, KRAIT_SAMPLE_SEED, -1));
	kit_ok(fresh, krait_session_get_int(fresh, KRAIT_SAMPLE_SEED, &value));
	ck_assert_int_ne(seed, value);
	kit_ok(session, krait_session_set_int(session, KRAIT_SAMPLE_SEED, 0));
	kit_ok(session, krait_session_clear_stops(session));
	is_as_fed(session, tokens, 10);
	if (n) {                                                        /* the model's own stop is back */
		kit_ok(session, krait_session_reset_settings(session));
		kit_ok(session, krait_session_set_bias(session, stops[0], 1e6f));
		ck_assert_int_eq(krait_session_next(session, &token), KRAIT_END);
		ck_assert_int_eq(token, stops[0]);
	}
	ck_assert_int_eq(krait_setting_bounds(KRAIT_SAMPLE_TOP_P, &low, &high), KRAIT_OK);
	ck_assert(low == 0 && high == 1);
	ck_assert_int_eq(krait_setting_bounds(KRAIT_OPTION_THREADS, NULL, &high), KRAIT_OK);
	ck_assert(high >= 1024);
	ck_assert_int_eq(krait_setting_bounds(KRAIT_OPTION_DEVICE, &low, &high), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_int_eq(krait_setting_bounds(12345, &low, &high), KRAIT_ERROR_UNSUPPORTED);
	krait_session_free(session);
	krait_session_free(fresh);
}
END_TEST

static void fill(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, open_model, close_model);
	tcase_add_loop_test(tcase, test_feed_to, 0, 4);
	tcase_add_test(tcase, test_feed_to_over_an_answer);
	tcase_add_test(tcase, test_feed_to_far);
	tcase_add_test(tcase, test_feed_to_after_a_file);
	tcase_add_test(tcase, test_feed_to_refusals);
	tcase_add_test(tcase, test_copy);
	tcase_add_test(tcase, test_probabilities);
	tcase_add_test(tcase, test_drawn_stop);
	tcase_add_test(tcase, test_rows);
	tcase_add_test(tcase, test_cancel_rule);
	tcase_add_test(tcase, test_reset_settings);
}

int main(void)
{
	Suite *suite = suite_create("places");

	kit_each_kind(suite, "places", 0, fill);
	return support_run(suite);
}
