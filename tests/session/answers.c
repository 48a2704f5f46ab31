/* SPDX-License-Identifier: Apache-2.0 */
/* answers.c - see answers.h. */
#include "answers.h"

#include <stdlib.h>

#define BOUND 1e-5

void answers_check(const float *got, const double *expected, size_t n, const char *model, const char *what,
	size_t chunk)
{
	double distance = support_rel_l2(got, expected, n);

	ck_assert_msg(distance < BOUND, "%s, chunks of %zu: %s is off by %.2g", model, chunk, what, distance);
}

/* Logits and hidden vectors of every position of one feed. */
void answers_positions(krait_model *model, struct kit_golden *golden, const char *path)
{
	krait_session *session = kit_session(model);
	size_t n, n_logits, n_hidden = 0;
	const krait_token *tokens = kit_golden_tokens(golden, "tokens", &n);
	const double *logits = kit_golden_doubles(golden, "logits", &n_logits);
	const double *hidden = kit_golden_doubles(golden, "hidden", &n_hidden);
	float *out = malloc((n_logits > n_hidden ? n_logits : n_hidden) * sizeof(*out));

	ck_assert_uint_eq(n_logits, n * krait_model_vocab_size(model));
	kit_ok(session, krait_session_set_int(session, KRAIT_KEEP_POSITIONS, (int64_t)n));
	kit_ok(session, krait_session_feed(session, tokens, n));
	kit_ok(session, krait_session_logits(session, out, n_logits));
	answers_check(out, logits, n_logits, path, "logits", 0);
	if (hidden) {
		kit_ok(session, krait_session_hidden(session, out, n_hidden));
		answers_check(out, hidden, n_hidden, path, "hidden", 0);
	}
	free(out);
	krait_session_free(session);
}

void answers_greedy(krait_model *model, struct kit_golden *golden, const char *path)
{
	krait_session *session = kit_session(model);
	size_t n, n_greedy, n_done;
	const krait_token *tokens = kit_golden_tokens(golden, "tokens", &n);
	const krait_token *greedy = kit_golden_tokens(golden, "greedy", &n_greedy);
	krait_token *out = malloc((n_greedy + 1) * sizeof(*out));

	kit_ok(session, krait_session_clear_stops(session));
	kit_ok(session, krait_session_set_int(session, KRAIT_MAX_NEW_TOKENS, 0));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_REPETITION_PENALTY, 1));
	for (size_t id = 0; id < krait_model_vocab_size(model); id++)
		kit_ok(session, krait_session_set_bias(session, (krait_token)id, 0));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TEMPERATURE, 0));
	kit_ok(session, krait_session_feed(session, tokens, n));
	kit_ok(session, krait_session_generate(session, out, n_greedy, &n_done));
	ck_assert_uint_eq(n_done, n_greedy);
	for (size_t i = 0; i < n_greedy; i++)
		ck_assert_msg(out[i] == greedy[i], "%s: token %zu is %d, not %d", path, i, (int)out[i], (int)greedy[i]);
	free(out);
	krait_session_free(session);
}
