/* SPDX-License-Identifier: Apache-2.0 */
/* test_embed.c - krait_batch_embed: each vector to the bit that of a session which read the text alone. */
#include "headless.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N_TEXTS 41              /* more than are read together */
#define SHORT 90                /* what most texts are shorter than */
#define LONGEST 700             /* more than one stride of a full group */
#define WIDEST 128

struct texts {
	krait_token *tokens;
	size_t lengths[N_TEXTS], n_tokens;
};

/* Of all lengths, one token among them. */
static struct texts make_texts(size_t n, size_t longest)
{
	struct texts texts = { .tokens = calloc(n * SHORT + longest, sizeof(krait_token)) };

	for (size_t i = 0; i < n; i++) {
		texts.lengths[i] = i == 5 ? longest : 1 + (i * 37) % SHORT;
		texts.n_tokens += texts.lengths[i];
	}
	kit_tokens(texts.tokens, texts.n_tokens, 11);
	return texts;
}

static krait_batch *new_batch(krait_model *model)
{
	krait_batch *batch;

	ck_assert_int_eq(krait_batch_new(&batch, model), KRAIT_OK);
	return batch;
}

static void ok(krait_batch *batch, krait_status status)
{
	ck_assert_msg(status == KRAIT_OK, "%s: %s", krait_status_name(status), krait_batch_error(batch));
}

/* By a session that reads this text and nothing else, in one feed. */
static void alone(float *out, krait_model *model, const krait_token *tokens, size_t n, int pooling)
{
	size_t width = krait_model_width(model);
	krait_session *session = kit_session(model);
	float *rows = calloc(n * width, sizeof(*rows));
	double length = 0;

	kit_ok(session, krait_session_set_int(session, KRAIT_KEEP_POSITIONS, (int64_t)n));
	kit_ok(session, krait_session_feed(session, tokens, n));
	kit_ok(session, krait_session_hidden(session, rows, n * width));
	for (size_t i = 0; i < width; i++) {
		double sum = 0;

		for (size_t t = 0; t < n; t++)
			sum += rows[t * width + i];
		out[i] = pooling & KRAIT_POOL_MEAN ? (float)(sum / (double)n) : rows[(n - 1) * width + i];
		length += (double)out[i] * out[i];
	}
	for (size_t i = 0; i < width && pooling & KRAIT_POOL_NORMALISE; i++)
		out[i] = (float)(out[i] / sqrt(length));
	free(rows);
	krait_session_free(session);
}

static void compare(krait_model *model, const struct texts *texts, size_t n, int pooling)
{
	size_t width = krait_model_width(model), at = 0;
	krait_batch *batch = new_batch(model);
	float *out = calloc(n * width + 1, sizeof(*out)), want[WIDEST];

	out[n * width] = 77;
	ok(batch, krait_batch_embed(
				batch, texts->tokens, texts->n_tokens, texts->lengths, n, pooling, out, n * width + 1));
	ck_assert(out[n * width] == 77);
	for (size_t i = 0; i < n; at += texts->lengths[i], i++) {
		alone(want, model, texts->tokens + at, texts->lengths[i], pooling);
		ck_assert_msg(memcmp(want, out + i * width, width * sizeof(float)) == 0,
			"text %zu of %zu tokens, pooling %d", i, texts->lengths[i], pooling);
	}
	free(out);
	krait_batch_free(batch);
}

static const int poolings[] = { KRAIT_POOL_LAST, KRAIT_POOL_MEAN, KRAIT_POOL_LAST | KRAIT_POOL_NORMALISE,
	KRAIT_POOL_MEAN | KRAIT_POOL_NORMALISE };

START_TEST(every_family_as_if_alone)
{
	krait_model *model = kit_open(kit_case((size_t)_i), NULL);
	struct texts texts = make_texts(7, 120);

	for (size_t k = 0; k < 4; k++)
		compare(model, &texts, 7, poolings[k]);
	free(texts.tokens);
	krait_model_free(model);
}
END_TEST

/* More than a group, and more than a stride. */
START_TEST(many_texts_and_a_long_one)
{
	krait_model *model = kit_open(headless_folder(_i ? "jamba-bf16" : "mamba2-groups-f32", ""), NULL);
	struct texts texts = make_texts(N_TEXTS, LONGEST);

	compare(model, &texts, N_TEXTS, KRAIT_POOL_MEAN);
	compare(model, &texts, N_TEXTS, KRAIT_POOL_LAST | KRAIT_POOL_NORMALISE);
	free(texts.tokens);
	krait_model_free(model);
}
END_TEST

/* A text longer than all that is read between two looks. */
START_TEST(a_text_of_many_strides)
{
	krait_model *model = kit_open(kit_case(6), NULL);
	struct texts texts = { .tokens = calloc(20000, sizeof(krait_token)), .lengths = { 20000 }, .n_tokens = 20000 };

	kit_tokens(texts.tokens, 20000, 5);
	compare(model, &texts, 1, KRAIT_POOL_MEAN);
	free(texts.tokens);
	krait_model_free(model);
}
END_TEST

/* ---- errors ---- */

static void refused(krait_batch *batch, krait_status status, krait_status wanted, const char *says)
{
	ck_assert_msg(status == wanted, "%s: %s", krait_status_name(status), krait_batch_error(batch));
	ck_assert_msg(strstr(krait_batch_error(batch), says), "'%s' is not in '%s'", says, krait_batch_error(batch));
}

START_TEST(errors_say_which_text_and_write_nothing)
{
	krait_model *model = kit_open(kit_case(6), NULL);
	size_t width = krait_model_width(model);
	krait_batch *batch = new_batch(model);
	krait_token tokens[] = { 1, 2, 3, 4, 5 }, bad[] = { 1, 2, 3, 4000, 5 };
	const size_t lengths[] = { 2, 3 }, empty[] = { 5, 0 }, beyond[] = { 2, 4 }, huge[] = { 2, SIZE_MAX };
	float out[2 * WIDEST];
	int last = KRAIT_POOL_LAST;

	out[0] = 5;
	refused(batch, krait_batch_embed(batch, tokens, 5, empty, 2, last, out, 2 * width), KRAIT_ERROR_ARGUMENT,
		"text 1 has no tokens");
	refused(batch, krait_batch_embed(batch, bad, 5, lengths, 2, last, out, 2 * width), KRAIT_ERROR_ARGUMENT,
		"text 1: ");
	refused(batch, krait_batch_embed(batch, bad, 5, lengths, 2, last, out, 2 * width), KRAIT_ERROR_ARGUMENT,
		"4000");
	refused(batch, krait_batch_embed(batch, tokens, 5, beyond, 2, last, out, 2 * width), KRAIT_ERROR_ARGUMENT,
		"text 1 ends behind the 5 tokens");
	refused(batch, krait_batch_embed(batch, tokens, 5, huge, 2, last, out, 2 * width), KRAIT_ERROR_ARGUMENT,
		"text 1 ends behind");
	refused(batch, krait_batch_embed(batch, tokens, 5, lengths, 1, last, out, 2 * width), KRAIT_ERROR_ARGUMENT,
		"2 tokens together, and there are 5");
	refused(batch, krait_batch_embed(batch, tokens, 5, lengths, 2, last, out, 2 * width - 1), KRAIT_ERROR_SPACE,
		"are needed");
	refused(batch, krait_batch_embed(batch, tokens, 5, lengths, 2, 0, out, 2 * width), KRAIT_ERROR_ARGUMENT,
		"pooling 0");
	refused(batch, krait_batch_embed(batch, tokens, 5, lengths, 2, 3, out, 2 * width), KRAIT_ERROR_ARGUMENT,
		"pooling 3");
	refused(batch, krait_batch_embed(batch, tokens, 5, lengths, 2, last | 4, out, 2 * width), KRAIT_ERROR_ARGUMENT,
		"pooling 5");
	refused(batch, krait_batch_embed(batch, tokens, 5, lengths, 2, last, NULL, 2 * width), KRAIT_ERROR_ARGUMENT,
		"'out' is NULL");
	refused(batch, krait_batch_embed(batch, NULL, 5, lengths, 2, last, out, 2 * width), KRAIT_ERROR_ARGUMENT,
		"'tokens' is NULL");
	refused(batch, krait_batch_embed(batch, tokens, 5, NULL, 2, last, out, 2 * width), KRAIT_ERROR_ARGUMENT,
		"'lengths' is NULL");
	refused(batch, krait_batch_embed(batch, tokens, 5, lengths, SIZE_MAX / 2, last, out, 2 * width),
		KRAIT_ERROR_ARGUMENT, "more than memory can hold");
	ck_assert_int_eq(krait_batch_embed(NULL, tokens, 5, lengths, 2, last, out, 2 * width), KRAIT_ERROR_ARGUMENT);
	ck_assert(out[0] == 5);
	ok(batch, krait_batch_embed(batch, tokens, 5, lengths, 2, last, NULL, 0));
	ok(batch, krait_batch_embed(batch, NULL, 0, NULL, 0, last, out, 0));
	krait_batch_free(batch);
	krait_model_free(model);
}
END_TEST

/* What was added to the batch is there afterwards, and runs. */
START_TEST(entries_stay)
{
	krait_model *model = kit_open(kit_case(6), NULL);
	krait_batch *batch = new_batch(model);
	krait_session *session = kit_session(model);
	struct texts texts = make_texts(3, 20);
	float out[3 * WIDEST];

	ok(batch, krait_batch_add(batch, session, texts.tokens, 4));
	ok(batch, krait_batch_embed(
				batch, texts.tokens, texts.n_tokens, texts.lengths, 3, KRAIT_POOL_LAST, out,
				3 * WIDEST));
	ck_assert_uint_eq(krait_batch_size(batch), 1);
	ck_assert_uint_eq(krait_session_position(session), 0);
	ok(batch, krait_batch_run(batch));
	ck_assert_uint_eq(krait_session_position(session), 4);
	krait_batch_free(batch);
	krait_session_free(session);
	free(texts.tokens);
	krait_model_free(model);
}
END_TEST

struct told { uint64_t done, total; int calls, most; };

static int listen(void *user, uint64_t done, uint64_t total)
{
	struct told *told = user;

	ck_assert_uint_ge(done, told->done);
	told->done = done;
	told->total = total;
	return ++told->calls > told->most;
}

/* The callback hears of tokens up to their number, and ends the call when it says so. */
START_TEST(progress_is_told_and_cancels)
{
	struct told told = { .most = 1 << 30 };
	struct texts texts = make_texts(N_TEXTS, LONGEST);
	float *out = calloc(N_TEXTS * (size_t)WIDEST, sizeof(*out));
	krait_options *options;
	krait_model *model;
	krait_batch *batch;

	ck_assert_int_eq(krait_options_new(&options), KRAIT_OK);
	krait_options_set_progress(options, listen, &told);
	ck_assert_int_eq(krait_model_open(&model, kit_case(6), options), KRAIT_OK);
	krait_options_free(options);
	batch = new_batch(model);
	told.done = 0;
	ok(batch, krait_batch_embed(batch, texts.tokens, texts.n_tokens, texts.lengths, N_TEXTS, KRAIT_POOL_LAST, out,
				N_TEXTS * (size_t)WIDEST));
	ck_assert_uint_eq(told.done, texts.n_tokens);
	ck_assert_uint_eq(told.total, texts.n_tokens);
	told = (struct told){ .most = 1 };
	out[0] = 9;
	ck_assert_int_eq(krait_batch_embed(batch, texts.tokens, texts.n_tokens, texts.lengths, N_TEXTS, KRAIT_POOL_LAST,
					out, N_TEXTS * (size_t)WIDEST),
		KRAIT_CANCELLED);
	ck_assert(out[0] == 9);
	ck_assert_int_eq(told.calls, 2);
	krait_batch_free(batch);
	krait_model_free(model);
	free(texts.tokens);
	free(out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("embed");
	TCase *tcase = tcase_create("embed");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, every_family_as_if_alone, 0, (int)kit_n_cases());
	tcase_add_loop_test(tcase, many_texts_and_a_long_one, 0, 2);
	tcase_add_test(tcase, a_text_of_many_strides);
	tcase_add_test(tcase, errors_say_which_text_and_write_nothing);
	tcase_add_test(tcase, entries_stay);
	tcase_add_test(tcase, progress_is_told_and_cancels);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
