/* SPDX-License-Identifier: Apache-2.0 */
/* test_batch.c - sessions advanced together compute what they compute alone, bit for bit,
 * for any number of threads. */
#include "krait.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

#define N 9

static krait_model *open_with(const char *relative, int threads)
{
	krait_options *options;
	krait_model *model;

	ck_assert_int_eq(krait_options_new(&options), KRAIT_OK);
	ck_assert_int_eq(krait_options_set_int(options, KRAIT_OPTION_THREADS, threads), KRAIT_OK);
	ck_assert_msg(krait_model_open(&model, support_path(relative), options) == KRAIT_OK, "%s", krait_model_error(model));
	krait_options_free(options);
	return model;
}

/* Prompts of 1, 2, 4, 8 ... tokens. */
static size_t prompt(krait_token *tokens, size_t i)
{
	size_t n = (size_t)1 << (i % 7);

	for (size_t k = 0; k < n; k++)
		tokens[k] = (krait_token)((i * 31 + k * 17 + k * k) % 90);
	return n;
}

static krait_session *new_session(krait_model *model, size_t i)
{
	krait_session *session;

	ck_assert_int_eq(krait_session_new(&session, model), KRAIT_OK);
	ck_assert_int_eq(krait_session_set_int(session, KRAIT_SAMPLE_SEED, (int64_t)i), KRAIT_OK);
	ck_assert_int_eq(krait_session_set_float(session, KRAIT_SAMPLE_REPETITION_PENALTY, 1.1), KRAIT_OK);
	return session;
}

static void compare(krait_session *a, krait_session *b, size_t vocab)
{
	float x[256], y[256];

	ck_assert_uint_eq(krait_session_position(a), krait_session_position(b));
	ck_assert_int_eq(krait_session_logits(a, x, vocab), KRAIT_OK);
	ck_assert_int_eq(krait_session_logits(b, y, vocab), KRAIT_OK);
	ck_assert_mem_eq(x, y, vocab * sizeof(*x));
}

static void together_and_alone(const char *relative, int threads)
{
	krait_model *model = open_with(relative, threads), *single = open_with(relative, 1);
	krait_session *together[N], *alone[N];
	size_t vocab = krait_model_vocab_size(model);
	krait_token tokens[64];
	krait_batch *batch;

	ck_assert_uint_le(vocab, 256);
	ck_assert_int_eq(krait_batch_new(&batch, model), KRAIT_OK);
	for (size_t i = 0; i < N; i++) {
		together[i] = new_session(model, i);
		alone[i] = new_session(single, i);
	}
	for (size_t round = 0; round < 6; round++) {
		/* entry i joins in round i % 3: prompts and single tokens are mixed */
		for (size_t i = 0; i < N; i++)
			if (round >= i % 3)
				ck_assert_msg(krait_batch_add(batch, together[i], tokens, round == i % 3 ? prompt(tokens, i) : 0) == KRAIT_OK,
					"%s", krait_batch_error(batch));
		ck_assert_msg(krait_batch_run(batch) == KRAIT_OK, "%s", krait_batch_error(batch));
		for (size_t i = 0, at = 0; i < N; i++) {
			krait_token token = -1;

			if (round < i % 3)
				continue;
			if (round == i % 3)
				ck_assert_int_eq(krait_session_feed(alone[i], tokens, prompt(tokens, i)), KRAIT_OK);
			else
				ck_assert_int_eq(krait_session_next(alone[i], &token), krait_batch_status(batch, at));
			ck_assert_int_eq(krait_batch_token(batch, at), token);
			compare(together[i], alone[i], vocab);
			at++;
		}
	}
	for (size_t i = 0; i < N; i++) {
		krait_session_free(together[i]);
		krait_session_free(alone[i]);
	}
	krait_batch_free(batch);
	krait_model_free(model);
	krait_model_free(single);
}

START_TEST(mamba1)
{
	together_and_alone("golden/mamba1-hf-bf16", _i);
}
END_TEST

START_TEST(mamba2)
{
	together_and_alone("golden/mamba2-groups-f32", _i);
}
END_TEST

START_TEST(refusals)
{
	krait_model *model = open_with("golden/mamba1-hf-bf16", 1), *other = open_with("golden/mamba1-hf-bf16", 1);
	krait_session *a = new_session(model, 0), *b = new_session(other, 0), *empty = new_session(model, 1);
	krait_token good = 1, bad = 100000;
	krait_batch *batch;

	ck_assert_int_eq(krait_batch_new(&batch, model), KRAIT_OK);
	ck_assert_int_eq(krait_batch_add(batch, a, &good, 1), KRAIT_OK);
	ck_assert_int_eq(krait_batch_add(batch, a, &good, 1), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_batch_add(batch, b, &good, 1), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_batch_add(batch, empty, &bad, 1), KRAIT_ERROR_ARGUMENT);
	ck_assert_uint_eq(krait_batch_size(batch), 1);
	ck_assert_int_eq(krait_batch_add(batch, empty, NULL, 0), KRAIT_OK);
	ck_assert_int_eq(krait_batch_run(batch), KRAIT_ERROR_ARGUMENT);
	ck_assert_ptr_nonnull(strstr(krait_batch_error(batch), "entry 1"));
	ck_assert_uint_eq(krait_session_position(a), 0);
	krait_batch_clear(batch);
	ck_assert_int_eq(krait_batch_add(batch, a, &good, 1), KRAIT_OK);
	ck_assert_int_eq(krait_batch_run(batch), KRAIT_OK);
	ck_assert_uint_eq(krait_session_position(a), 1);
	krait_batch_free(batch);
	krait_session_free(a);
	krait_session_free(b);
	krait_session_free(empty);
	krait_model_free(model);
	krait_model_free(other);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("batch");
	TCase *tests = tcase_create("batch");

	tcase_set_timeout(tests, 300);
	tcase_add_loop_test(tests, mamba1, 1, 4);
	tcase_add_loop_test(tests, mamba2, 1, 4);
	tcase_add_test(tests, refusals);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
