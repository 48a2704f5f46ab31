/* SPDX-License-Identifier: Apache-2.0 */
/* test_company.c - in exact precision a session computes what it computes alone, to the bit, whoever joins
 * and leaves the batch that it is in: other steps, few and many, and prompts. */
#include "kit.h"

#include <stdlib.h>
#include <string.h>

#define MOST 65

static void ok(krait_batch *batch, krait_status status)
{
	ck_assert_msg(status == KRAIT_OK, "%s: %s", krait_status_name(status), krait_batch_error(batch));
}

/* How many are in the batch in each round, the observed one among them. */
static const size_t sizes[] = { 1, 8, 9, 16, 17, 64, 65, 9, 2, 1 };
#define N_ROUNDS (sizeof(sizes) / sizeof(*sizes))

static krait_session *begin(krait_model *model, uint32_t seed)
{
	krait_session *session = kit_session(model);
	krait_token tokens[6];

	kit_tokens(tokens, 6, seed);
	kit_ok(session, krait_session_clear_stops(session));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TEMPERATURE, 0));
	kit_ok(session, krait_session_feed(session, tokens, 6));
	return session;
}

/* In even rounds the observed session reads a token, in odd ones it draws one. */
static size_t reads(size_t round)
{
	return round % 2 ? 0 : 1;
}

static void logits_of(krait_session *session, float *out, size_t vocab)
{
	kit_ok(session, krait_session_logits(session, out, vocab));
}

static void alone(krait_model *model, float *logits, size_t vocab)
{
	krait_session *session = begin(model, 1);
	krait_token token;

	for (size_t round = 0; round < N_ROUNDS; round++) {
		kit_tokens(&token, 1, (uint32_t)round);
		kit_ok(session, reads(round) ? krait_session_feed(session, &token, 1) : krait_session_next(session, &token));
		logits_of(session, logits + round * vocab, vocab);
	}
	krait_session_free(session);
}

/* Every third neighbour reads a prompt, the others a token or draw one; the observed one stands among them. */
static void add_all(krait_batch *batch, krait_session **sessions, size_t n, size_t round)
{
	krait_token tokens[40];
	size_t place = round % n;

	for (size_t i = 0; i < n; i++) {
		size_t which = i == place ? 0 : i < place ? i + 1 : i;

		kit_tokens(tokens, 40, (uint32_t)(which ? round * 100 + which : round));
		ok(batch, krait_batch_add(batch, sessions[which], tokens, which == 0 ? reads(round) : which % 3 == 2 ? 2 + which % 30 : which % 2));
	}
}

START_TEST(in_company_as_alone)
{
	krait_model *model = kit_open(kit_case((size_t)(kit_too_slow() ? 4 * _i : _i)), NULL);  /* 0 is mamba1, 4 mamba2 */
	size_t vocab = krait_model_vocab_size(model);
	float *want = malloc(N_ROUNDS * vocab * sizeof(float)), *got = malloc(vocab * sizeof(float));
	krait_session *sessions[MOST];
	krait_batch *batch;

	alone(model, want, vocab);
	for (size_t i = 0; i < MOST; i++)
		sessions[i] = begin(model, (uint32_t)i + 1);
	ck_assert_int_eq(krait_batch_new(&batch, model), KRAIT_OK);
	for (size_t round = 0; round < N_ROUNDS; round++) {
		add_all(batch, sessions, sizes[round], round);
		ok(batch, krait_batch_run(batch));
		logits_of(sessions[0], got, vocab);
		ck_assert_msg(!memcmp(got, want + round * vocab, vocab * sizeof(float)), "case %d, round %zu: not the bits that it had alone", _i, round);
	}
	krait_batch_free(batch);
	for (size_t i = 0; i < MOST; i++)
		krait_session_free(sessions[i]);
	free(want);
	free(got);
	krait_model_free(model);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("company");
	TCase *tcase = tcase_create("company");

	tcase_set_timeout(tcase, 300);
	tcase_add_loop_test(tcase, in_company_as_alone, 0, kit_too_slow() ? 2 : KIT_CASES);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
