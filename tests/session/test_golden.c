/* SPDX-License-Identifier: Apache-2.0 */
/* test_golden.c - every published layout that the engine runs, and the demo model, from the file to logits, hidden
 * vectors, states and greedy text, against float64 answers of the authors' formulas. */
#include "answers.h"
#include "session/session.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


static const size_t chunks[] = { 0, 1, 3, 7, 64 };      /* 0: whole */
static const char *const instructions[] = { "auto", "generic", "avx2", "avx512" };

static const char *model_path(int index)
{
	return (size_t)index < kit_n_cases() ? kit_case((size_t)index) : support_demo(NULL);
}

static const char *golden_path(int index)
{
	return (size_t)index < kit_n_cases() ? kit_case((size_t)index) : support_path("demo");
}

static int n_models(void)
{
	return (int)kit_n_cases() + 1;
}

static void feed_in_chunks(krait_session *session, const krait_token *tokens, size_t n, size_t chunk)
{
	for (size_t at = 0; at < n; ) {
		size_t now = chunk && chunk < n - at ? chunk : n - at;

		kit_ok(session, krait_session_feed(session, tokens + at, now));
		at += now;
	}
}

/* Angles go round: the largest difference, beside that of 5e-5 which the arithmetic of single precision allows. */
static void check_angles(const float *got, const double *expected, size_t n, const char *path, const char *name)
{
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(fabs(remainder(got[i] - expected[i], 2 * acos(-1))) < 5e-5, "%s: %s[%zu] is %g, not %g",
			path, name, i, (double)got[i], expected[i]);
}

/* The golden window has one column more than ours, the oldest. */
static void drop_oldest(double *to, const double *from, const struct component *component)
{
	size_t rows = (size_t)component->shape[0], columns = (size_t)component->shape[1];

	for (size_t i = 0; i < rows; i++)
		memcpy(to + i * columns, from + i * (columns + 1) + 1, columns * sizeof(*to));
}

static void check_states(krait_session *session, struct kit_golden *golden, const char *prefix, const char *path, size_t chunk)
{
	const struct plan *plan = &session->model->plan;

	for (uint32_t i = 0; i + 1 < plan->n_components; i++) {
		const struct component *component = &plan->components[i];
		size_t n = krait__extent(component, krait_session_position(session)), n_golden;
		float *got = malloc(n * sizeof(*got));
		double *expected = malloc(n * sizeof(*expected));
		const double *values;
		char name[80];

		snprintf(name, sizeof(name), "%s%s", prefix, component->name);
		values = kit_golden_doubles(golden, name, &n_golden);
		ck_assert_msg(values != NULL, "%s has no %s", path, name);
		if (strstr(name, ".conv"))
			drop_oldest(expected, values, component);
		else
			memcpy(expected, values, n * sizeof(*expected));
		session->model->engine->slot_export(session->now.slot, i, got, NULL);
		if (strstr(name, ".angle"))
			check_angles(got, expected, n, path, name);
		else
			answers_check(got, expected, n, path, name, chunk);
		free(got);
		free(expected);
	}
}

static void check_chunked(krait_model *model, struct kit_golden *golden, const char *path, size_t chunk)
{
	krait_session *session = kit_session(model);
	size_t n, n_logits, vocab = krait_model_vocab_size(model), ignored;
	const krait_token *tokens = kit_golden_tokens(golden, "tokens", &n);
	const double *logits = kit_golden_doubles(golden, "logits", &n_logits);
	float *out = malloc(vocab * sizeof(*out));
	bool has_mid = strcmp(path, support_demo(NULL)) != 0;

	feed_in_chunks(session, tokens, n / 2, chunk);
	if (has_mid)
		check_states(session, golden, "mid.", path, chunk);
	feed_in_chunks(session, tokens + n / 2, n - n / 2, chunk);
	if (kit_golden_doubles(golden, model->plan.components[0].name, &ignored))
		check_states(session, golden, "", path, chunk);
	kit_ok(session, krait_session_logits(session, out, vocab));
	answers_check(out, logits + (n - 1) * vocab, vocab, path, "the last logits", chunk);
	free(out);
	krait_session_free(session);
}

START_TEST(test_model)
{
	const char *path = model_path(_i % n_models());
	struct kit_options options = { .weights = _i < n_models() ? "asis" : "f32", .threads = 2 };
	krait_model *model = kit_open(path, &options);
	struct kit_golden *golden = kit_golden_open(golden_path(_i % n_models()));

	answers_positions(model, golden, path);
	for (size_t i = 0; i < sizeof(chunks) / sizeof(*chunks); i += kit_too_slow() ? 3 : 1)
		check_chunked(model, golden, path, chunks[i]);
	answers_greedy(model, golden, path);
	kit_golden_close(golden);
	krait_model_free(model);
}
END_TEST

/* Every instruction set that this machine has; one that it lacks must be refused by name. */
START_TEST(test_instructions)
{
	const char *path = model_path(_i % n_models()), *name = instructions[_i / n_models()];
	struct kit_golden *golden = kit_golden_open(golden_path(_i % n_models()));
	krait_options *options;
	krait_model *model;
	krait_status status;

	ck_assert_int_eq(krait_options_new(&options), KRAIT_OK);
	ck_assert_int_eq(krait_options_set_text(options, KRAIT_OPTION_INSTRUCTIONS, name), KRAIT_OK);
	status = krait_model_open(&model, path, options);
	krait_options_free(options);
	if (status == KRAIT_OK) {
		answers_positions(model, golden, path);
		check_chunked(model, golden, path, 7);
	} else {
		ck_assert_msg(strstr(krait_model_error(model), name) != NULL, "%s", krait_model_error(model));
		ck_assert_str_ne(name, "auto");
		ck_assert_str_ne(name, "generic");
	}
	krait_model_free(model);
	kit_golden_close(golden);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("golden");
	TCase *tcase = tcase_create("golden");

	tcase_add_loop_test(tcase, test_model, 0, kit_too_slow() ? n_models() : 2 * n_models());
	if (!kit_device())
		tcase_add_loop_test(tcase, test_instructions, 0, 4 * n_models());
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
