/* SPDX-License-Identifier: Apache-2.0 */
/* test_cut.c - a feed that was stopped on its way: what it gives of what it read, and that it gives nothing else. */
#include "kit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N 1500
#define STRANGE 777.0f          /* what stands in the room for answers before a call */

static krait_token tokens[N];

/* Stops a feed once so many tokens were read. Opening a model is reported as well, before there is anything to stop. */
struct stopper {
	uint64_t after;
	bool armed;
};

static int stop(void *user, uint64_t done, uint64_t total)
{
	const struct stopper *stopper = user;

	(void)total;
	return stopper->armed && done >= stopper->after;
}

static krait_model *open_with(struct stopper *stopper)
{
	krait_options *options;
	krait_model *model;
	krait_status status;

	ck_assert_int_eq(krait_options_new(&options), KRAIT_OK);
	ck_assert_int_eq(krait_options_set_int(options, KRAIT_OPTION_THREADS, 1), KRAIT_OK);
	krait_options_set_progress(options, stop, stopper);
	status = krait_model_open(&model, kit_kind_case(), options);
	ck_assert_msg(status == KRAIT_OK, "%s", krait_model_error(model));
	krait_options_free(options);
	kit_tokens(tokens, N, 5);
	return model;
}

static float *fresh(size_t n)
{
	float *out = malloc(n * sizeof(*out));

	for (size_t i = 0; i < n; i++)
		out[i] = STRANGE;
	return out;
}

/* Scores of what was read are those of a whole feed; of the rest there are none, though there was room for them. */
START_TEST(scores)
{
	struct stopper stopper = { 400 * (uint64_t)(_i + 1), false };
	krait_model *model = open_with(&stopper);
	krait_session *whole = kit_session(model), *cut = kit_session(model);
	float *wanted = fresh(N), *got = fresh(N);
	size_t position, n_read = _i ? 1 : 0;

	for (int i = 0; i < _i; i++) {          /* in one case something stands before the text, so that its first token has a score */
		kit_ok(whole, krait_session_feed(whole, tokens, 1));
		kit_ok(cut, krait_session_feed(cut, tokens, 1));
	}
	kit_ok(whole, krait_session_score(whole, tokens, N, wanted, N));
	stopper.armed = true;
	ck_assert_int_eq(krait_session_score(cut, tokens, N, got, N), KRAIT_CANCELLED);
	position = (size_t)krait_session_position(cut) - n_read;
	ck_assert_uint_ge(position, stopper.after);
	ck_assert_uint_lt(position, N);
	ck_assert_int_eq(isnan(got[0]), _i == 0);
	for (size_t i = _i == 0; i < position; i++)
		ck_assert_msg(got[i] == wanted[i], "score %zu is %g, not %g", i, (double)got[i], (double)wanted[i]);
	for (size_t i = position; i < N; i++)
		ck_assert_msg(isnan(got[i]), "token %zu was not read, and has the score %g", i, (double)got[i]);
	stopper.armed = false;
	free(got);
	free(wanted);
	krait_session_free(whole);
	krait_session_free(cut);
	krait_model_free(model);
}
END_TEST

/* A feed that was stopped before it began gives no score at all. */
START_TEST(scores_of_nothing)
{
	struct stopper stopper = { 0, false };
	krait_model *model = open_with(&stopper);
	krait_session *session = kit_session(model);
	float *got = fresh(N);

	ck_assert_int_eq(krait_session_cancel(session), KRAIT_OK);
	ck_assert_int_eq(krait_session_score(session, tokens, N, got, N), KRAIT_CANCELLED);
	ck_assert_uint_eq(krait_session_position(session), 0);
	for (size_t i = 0; i < N; i++)
		ck_assert_msg(isnan(got[i]), "token %zu was not read, and has the score %g", i, (double)got[i]);
	free(got);
	krait_session_free(session);
	krait_model_free(model);
}
END_TEST

/* Of the positions that were to be kept those are there that were read, up to the last one. */
START_TEST(kept_positions)
{
	static const size_t keeps[] = { 1, 100, N - 200, N, 2 * N };
	struct stopper stopper = { 500, false };
	krait_model *model = open_with(&stopper);
	krait_session *whole = kit_session(model), *cut = kit_session(model);
	size_t width = krait_model_width(model), position, n_rows;
	float *wanted = fresh(N * width), *got = fresh(N * width);

	kit_ok(whole, krait_session_set_int(whole, KRAIT_KEEP_POSITIONS, N));
	kit_ok(cut, krait_session_set_int(cut, KRAIT_KEEP_POSITIONS, (int64_t)keeps[_i]));
	kit_ok(whole, krait_session_feed(whole, tokens, N));
	kit_ok(whole, krait_session_hidden(whole, wanted, N * width));
	stopper.armed = true;
	ck_assert_int_eq(krait_session_feed(cut, tokens, N), KRAIT_CANCELLED);
	position = (size_t)krait_session_position(cut);
	n_rows = krait_session_rows(cut);
	ck_assert_uint_lt(position, N);
	ck_assert_uint_ge(n_rows, 1);
	ck_assert_uint_le(n_rows, position);
	ck_assert_uint_le(n_rows, keeps[_i]);
	kit_ok(cut, krait_session_hidden(cut, got, N * width));
	ck_assert_mem_eq(got, wanted + (position - n_rows) * width, n_rows * width * sizeof(*got));
	ck_assert(n_rows == N || got[n_rows * width] == STRANGE);
	stopper.armed = false;
	kit_ok(cut, krait_session_feed(cut, tokens + position, N - position));         /* and it goes on as if nothing had been */
	kit_ok(cut, krait_session_set_int(cut, KRAIT_KEEP_POSITIONS, 0));
	kit_ok(whole, krait_session_set_int(whole, KRAIT_KEEP_POSITIONS, 0));
	kit_ok(cut, krait_session_feed(cut, tokens, 1));
	kit_ok(whole, krait_session_feed(whole, tokens, 1));
	kit_same_position(cut, whole);
	free(got);
	free(wanted);
	krait_session_free(whole);
	krait_session_free(cut);
	krait_model_free(model);
}
END_TEST

static void fill(TCase *tcase)
{
	tcase_add_loop_test(tcase, scores, 0, 2);
	tcase_add_test(tcase, scores_of_nothing);
	tcase_add_loop_test(tcase, kept_positions, 0, 5);
}

int main(void)
{
	Suite *suite = suite_create("cut");

	kit_each_kind(suite, "cut", 0, fill);
	return support_run(suite);
}
