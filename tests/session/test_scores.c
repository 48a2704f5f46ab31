/* SPDX-License-Identifier: Apache-2.0 */
/* test_scores.c - scores against the golden logits of every model, and (KRAIT_LONG=1) what the demo
 * model makes of whole texts against another program (data/demo/scores.json): nats per token within
 * 0.1 %, and the very number of tokens. */
#include "kit.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST ((size_t)4 << 20)

/* NULL where there is no xz. */
static char *unpacked(const char *relative, size_t *n)
{
	char command[5000], *text = malloc(MOST);
	FILE *pipe;

	snprintf(command, sizeof(command), "xz -dc '%s' 2>/dev/null", support_path(relative));
	pipe = popen(command, "r");
	*n = pipe ? fread(text, 1, MOST, pipe) : 0;
	if (pipe && pclose(pipe) == 0 && *n)
		return text;
	free(text);
	return NULL;
}

static double expected(const char *text, const char *key)
{
	size_t n;
	char *bytes = support_read("demo/scores.json", &n);
	json_t *tree = json_loadb(bytes, n, 0, NULL);
	double value = json_number_value(json_object_get(json_object_get(tree, text), key));

	ck_assert_double_gt(value, 0);
	json_decref(tree);
	free(bytes);
	return value;
}

static void check(const char *name, const char *packed, size_t most)
{
	krait_model *model = kit_open(support_demo(NULL), NULL);
	krait_session *session = kit_session(model);
	size_t n_text, n;
	char *text = unpacked(packed, &n_text);
	krait_token *tokens;
	float *scores;
	double sum = 0;

	ck_assert_msg(text != NULL, "%s cannot be unpacked: is xz installed?", packed);
	if (n_text > most)
		n_text = most;
	tokens = malloc(n_text * sizeof(*tokens));
	ck_assert_int_eq(krait_tokenizer_encode(krait_model_tokenizer(model), text, n_text, 0, tokens, n_text, &n), KRAIT_OK);
	ck_assert_double_eq((double)n, expected(name, "tokens"));
	scores = malloc(n * sizeof(*scores));
	kit_ok(session, krait_session_score(session, tokens, n, scores, n));
	ck_assert_float_nan(scores[0]);
	for (size_t i = 1; i < n; i++)
		sum -= (double)scores[i];
	ck_assert_double_eq_tol(sum / (double)(n - 1) / expected(name, "nats_per_token"), 1, 1e-3);
	ck_assert_double_eq_tol(sum / log(2) / (double)n_text / expected(name, "bits_per_byte"), 1, 1e-3);
	free(text);
	free(tokens);
	free(scores);
	krait_session_free(session);
	krait_model_free(model);
}

/* ln p of each token from the golden logits of the position before it. */
START_TEST(test_golden_scores)
{
	krait_model *model = kit_open((size_t)_i < kit_n_cases() ? kit_case((size_t)_i) : support_demo(NULL), NULL);
	struct kit_golden *golden = kit_golden_open((size_t)_i < kit_n_cases() ? kit_case((size_t)_i)
		: support_path("demo"));
	krait_session *session = kit_session(model);
	size_t n, n_logits, vocab = krait_model_vocab_size(model);
	const krait_token *tokens = kit_golden_tokens(golden, "tokens", &n);
	const double *logits = kit_golden_doubles(golden, "logits", &n_logits);
	float *scores = malloc(n * sizeof(*scores));

	/* in two parts, so that the first score of the second comes from the state */
	kit_ok(session, krait_session_score(session, tokens, n / 3, scores, n / 3));
	kit_ok(session, krait_session_score(session, tokens + n / 3, n - n / 3, scores + n / 3, n - n / 3));
	ck_assert_float_nan(scores[0]);
	for (size_t i = 1; i < n; i++) {
		const double *row = logits + (i - 1) * vocab;
		double best = -INFINITY, sum = 0;

		for (size_t k = 0; k < vocab; k++)
			best = fmax(best, row[k]);
		for (size_t k = 0; k < vocab; k++)
			sum += exp(row[k] - best);
		ck_assert_double_eq_tol((double)scores[i], row[tokens[i]] - best - log(sum), 2e-4);
	}
	free(scores);
	kit_golden_close(golden);
	krait_session_free(session);
	krait_model_free(model);
}
END_TEST

START_TEST(test_stories)
{
	check("stories/valid.txt", "text/valid.txt.xz", MOST);
}
END_TEST

START_TEST(test_encyclopaedia)
{
	check("wikitext-2/test.txt (first 200,000 bytes)", "text/wikitext-test.txt.xz", 200000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("scores");
	TCase *tcase = tcase_create("scores");

	tcase_add_loop_test(tcase, test_golden_scores, 0, (int)kit_n_cases() + 1);
	if (support_long()) {
		tcase_set_timeout(tcase, 3600);
		tcase_add_test(tcase, test_stories);
		tcase_add_test(tcase, test_encyclopaedia);
	}
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
