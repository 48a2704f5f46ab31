/* SPDX-License-Identifier: Apache-2.0 */
/* test_headless.c - checkpoints of what is below a language model's head: hidden vectors and states, no more. */
#include "headless.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_HEAD "this model has no head: it gives hidden vectors, not logits"
#define N 40
#define WIDEST 128

static const struct { const char *name, *prefix;
} cases[] = {
	{ "mamba1-hf-bf16", NULL },
	{ "mamba1-hf-bf16", "" },
	{ "mamba1-hf-sharded-f32", "" },
	{ "mamba2-hf-f32", "" },
	{ "mamba2-groups-f32", NULL },
	{ "mamba2-groups-f32", "" },
	{ "falcon-mamba-bf16", "" },
	{ "granite-hybrid-dense-bf16", "" },
	{ "nemotron-h-moe-f32", "" },
	{ "falcon-h1-norm-f32", NULL },
	{ "falcon-h1-norm-f32", "" },
	{ "bamba-f32", "" },
	{ "jamba-bf16", "" },
};
#define N_CASES ((int)(sizeof(cases) / sizeof(*cases)))

static krait_model *whole(const char *name)
{
	char path[128];

	snprintf(path, sizeof(path), "golden/%s", name);
	return kit_open(support_path(path), NULL);
}

static void refused(krait_session *session, krait_status status)
{
	ck_assert_int_eq(status, KRAIT_ERROR_UNSUPPORTED);
	ck_assert_str_eq(krait_session_error(session), NO_HEAD);
}

/* With and without the prefix of names: the hidden vectors are those of the language model. */
START_TEST(hidden_vectors_are_those_of_the_language_model)
{
	krait_model *model = kit_open(headless_folder(cases[_i].name, cases[_i].prefix), NULL),
		    *full = whole(cases[_i].name);
	krait_session *a = kit_session(model), *b = kit_session(full);
	float mine[WIDEST], theirs[WIDEST];
	krait_token tokens[N];

	kit_tokens(tokens, N, 3);
	kit_ok(a, krait_session_feed(a, tokens, N));
	kit_ok(b, krait_session_feed(b, tokens, N));
	kit_ok(a, krait_session_hidden(a, mine, WIDEST));
	kit_ok(b, krait_session_hidden(b, theirs, WIDEST));
	ck_assert_mem_eq(mine, theirs, krait_model_width(model) * sizeof(float));
	ck_assert_ptr_nonnull(strstr(krait_model_info(model), "\"has_head\":false"));
	ck_assert_ptr_nonnull(strstr(krait_model_info(full), "\"has_head\":true"));
	ck_assert_uint_le(krait_model_n_parameters(model), krait_model_n_parameters(full));
	krait_session_free(a);
	krait_session_free(b);
	krait_model_free(model);
	krait_model_free(full);
}
END_TEST

/* Everything that needs logits, by name, and nothing of it moves the session. */
START_TEST(what_needs_a_head_is_refused)
{
	krait_model *model = kit_open(headless_folder("mamba2-groups-f32", ""), NULL);
	krait_session *session = kit_session(model);
	krait_token tokens[N], drawn;
	float *out = calloc(krait_model_vocab_size(model), sizeof(*out)), one;
	size_t n;

	kit_tokens(tokens, N, 3);
	for (int keep = 0; keep < 3; keep += 2) {
		kit_ok(session, krait_session_set_int(session, KRAIT_KEEP_POSITIONS, keep));
		kit_ok(session, krait_session_feed(session, tokens, N));
		refused(session, krait_session_logits(session, out, krait_model_vocab_size(model)));
		refused(session, krait_session_logits(session, NULL, 0));
		refused(session, krait_session_logprob(session, 1, &one));
		refused(session, krait_session_top(session, &drawn, NULL, 1, &n));
		refused(session, krait_session_next(session, &drawn));
		refused(session, krait_session_generate(session, tokens, 2, &n));
		refused(session, krait_session_score(session, tokens, 1, out, 1));
		ck_assert_uint_eq(krait_session_position(session), keep ? 2 * N : N);
	}
	free(out);
	krait_session_free(session);
	krait_model_free(model);
}
END_TEST

START_TEST(a_batch_reads_and_does_no_more)
{
	krait_model *model = kit_open(headless_folder("mamba2-groups-f32", ""), NULL);
	krait_session *session = kit_session(model), *other = kit_session(model);
	krait_token tokens[N];
	krait_batch *batch;
	float scores[N], *out = calloc(krait_model_vocab_size(model), sizeof(*out)), a[WIDEST], b[WIDEST];

	kit_tokens(tokens, N, 3);
	ck_assert_int_eq(krait_batch_new(&batch, model), KRAIT_OK);
	ck_assert_int_eq(krait_batch_set_int(batch, KRAIT_BATCH_KEEP_LOGITS, 1), KRAIT_OK);
	ck_assert_int_eq(krait_batch_add(batch, session, tokens, N), KRAIT_OK);
	ck_assert_int_eq(krait_batch_run(batch), KRAIT_OK);
	ck_assert_int_eq(krait_batch_logits(batch, 0, out, krait_model_vocab_size(model)), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_int_eq(krait_batch_add(batch, other, tokens, N), KRAIT_OK);
	ck_assert_int_eq(krait_batch_add(batch, session, NULL, 0), KRAIT_OK);
	ck_assert_int_eq(krait_batch_run(batch), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_str_eq(krait_batch_error(batch), "entry 1: " NO_HEAD);
	ck_assert_uint_eq(krait_session_position(other), 0);
	krait_batch_clear(batch);
	ck_assert_int_eq(krait_batch_add_score(batch, session, tokens, N, scores, N), KRAIT_OK);
	ck_assert_int_eq(krait_batch_run(batch), KRAIT_ERROR_UNSUPPORTED);
	kit_ok(other, krait_session_feed(other, tokens, N));
	kit_ok(session, krait_session_hidden(session, a, WIDEST));
	kit_ok(other, krait_session_hidden(other, b, WIDEST));
	ck_assert_mem_eq(a, b, krait_model_width(model) * sizeof(float));
	krait_batch_free(batch);
	krait_session_free(session);
	krait_session_free(other);
	krait_model_free(model);
	free(out);
}
END_TEST

START_TEST(states_are_saved_and_loaded)
{
	krait_model *model = kit_open(headless_folder(_i ? "jamba-bf16" : "mamba1-hf-bf16", ""), NULL);
	const char *path = support_join(support_folder(), "x.state");
	krait_session *session = kit_session(model), *other = kit_session(model);
	krait_token tokens[N];
	krait_state *state;
	float a[WIDEST], b[WIDEST];

	kit_tokens(tokens, N, 3);
	kit_ok(session, krait_session_feed(session, tokens, N));
	kit_ok(session, krait_session_snapshot(&state, session));
	ck_assert_int_eq(krait_state_save(state, path), KRAIT_OK);
	krait_state_free(state);
	ck_assert_int_eq(krait_state_load(&state, model, path), KRAIT_OK);
	kit_ok(other, krait_session_restore(other, state));
	krait_state_free(state);
	kit_ok(session, krait_session_feed(session, tokens, 7));
	kit_ok(other, krait_session_feed(other, tokens, 7));
	kit_ok(session, krait_session_hidden(session, a, WIDEST));
	kit_ok(other, krait_session_hidden(other, b, WIDEST));
	ck_assert_mem_eq(a, b, krait_model_width(model) * sizeof(float));
	krait_session_free(session);
	krait_session_free(other);
	krait_model_free(model);
}
END_TEST

/* One who calls himself a language model, and says that head and embedding differ, lost a tensor. */
START_TEST(a_language_model_must_have_its_head)
{
	krait_model *model;

	ck_assert_int_eq(krait_model_open(&model, headless_folder_of_language_model("mamba2-groups-f32"), NULL),
		KRAIT_ERROR_FORMAT);
	ck_assert_ptr_nonnull(strstr(krait_model_error(model), "'lm_head.weight' is missing"));
	krait_model_free(model);
	model = kit_open(headless_folder_of_language_model("mamba1-hf-bf16"), NULL);
	ck_assert_ptr_nonnull(strstr(krait_model_info(model), "\"tied_head\":true,\"has_head\":true"));
	krait_model_free(model);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("headless");
	TCase *tcase = tcase_create("headless");

	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, hidden_vectors_are_those_of_the_language_model, 0, N_CASES);
	tcase_add_test(tcase, what_needs_a_head_is_refused);
	tcase_add_test(tcase, a_batch_reads_and_does_no_more);
	tcase_add_loop_test(tcase, states_are_saved_and_loaded, 0, 2);
	tcase_add_test(tcase, a_language_model_must_have_its_head);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
