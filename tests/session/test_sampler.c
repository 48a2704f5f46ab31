/* SPDX-License-Identifier: Apache-2.0 */
/* test_sampler.c - krait_sampler_probs against what transformers' processors leave (data/samplers),
 * and what a pick, a bias, a setting and a bad logit do. */
#include "krait.h"
#include "support.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST 64

static const char *const files[] = { "all-equal", "huge", "minus-inf", "near-max", "negative", "normal-0", "normal-1", "normal-2",
	"normal-3", "one-finite", "one-peak", "three-best", "ties", "tiny-spread" };

static json_t *load(const char *name)
{
	char path[100];
	size_t n;
	char *text;
	json_t *tree;

	snprintf(path, sizeof(path), "samplers/%s.json", name);
	text = support_read(path, &n);
	tree = json_loadb(text, n, 0, NULL);
	free(text);
	ck_assert_ptr_nonnull(tree);
	return tree;
}

static size_t read_logits(const json_t *tree, float *out)
{
	const json_t *list = json_object_get(tree, "logits");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *value = json_array_get(list, i);

		out[i] = json_is_string(value) ? -INFINITY : (float)json_number_value(value);
	}
	return json_array_size(list);
}

static void apply(krait_sampler *sampler, const char *key, json_t *value)
{
	static const struct { const char *name; int setting; } floats[] = {
		{ "temperature", KRAIT_SAMPLE_TEMPERATURE }, { "top_p", KRAIT_SAMPLE_TOP_P }, { "min_p", KRAIT_SAMPLE_MIN_P },
		{ "typical_p", KRAIT_SAMPLE_TYPICAL_P }, { "repetition_penalty", KRAIT_SAMPLE_REPETITION_PENALTY },
		{ "presence_penalty", KRAIT_SAMPLE_PRESENCE_PENALTY }, { "frequency_penalty", KRAIT_SAMPLE_FREQUENCY_PENALTY },
	};
	const char *token;
	json_t *bias;

	for (size_t i = 0; i < sizeof(floats) / sizeof(*floats); i++)
		if (strcmp(key, floats[i].name) == 0) {
			ck_assert_int_eq(krait_sampler_set_float(sampler, floats[i].setting, json_number_value(value)), KRAIT_OK);
			return;
		}
	if (strcmp(key, "top_k") == 0) {
		ck_assert_int_eq(krait_sampler_set_int(sampler, KRAIT_SAMPLE_TOP_K, json_integer_value(value)), KRAIT_OK);
		return;
	}
	ck_assert_str_eq(key, "logit_bias");
	json_object_foreach(value, token, bias)
		ck_assert_int_eq(krait_sampler_set_bias(sampler, (krait_token)atoi(token), (float)json_number_value(bias)), KRAIT_OK);
}

static int descending(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return x < y ? 1 : x > y ? -1 : 0;
}

/* What probabilities of float32 can show of those of 12 digits. */
static bool near(double a, double b)
{
	return fabs(a - b) <= 1e-6 * fabs(b) + 1e-37;
}

static void compare(const json_t *test, float *probs, size_t n, const char *file, size_t index)
{
	const json_t *support = json_object_get(test, "support"), *values = json_object_get(test, "probs");
	float expected[MOST] = { 0 };

	for (size_t i = 0; i < json_array_size(support); i++)
		expected[json_integer_value(json_array_get(support, i))] = (float)json_number_value(json_array_get(values, i));
	/* where a tie was cut, any of the equal ones may have stayed */
	if (json_object_get(test, "cuts_a_tie")) {
		qsort(expected, n, sizeof(float), descending);
		qsort(probs, n, sizeof(float), descending);
	}
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(near(probs[i], expected[i]), "%s, case %zu, place %zu: %.9g, not %.9g", file, index, i, (double)probs[i], (double)expected[i]);
}

START_TEST(test_vectors)
{
	json_t *tree = load(files[_i]), *cases = json_object_get(tree, "cases");
	float logits[MOST], probs[MOST];
	size_t n = read_logits(tree, logits);

	ck_assert_uint_eq(json_array_size(cases), 36);
	for (size_t i = 0; i < json_array_size(cases); i++) {
		json_t *test = json_array_get(cases, i), *history = json_object_get(test, "history"), *value;
		krait_token past[MOST];
		krait_sampler *sampler;
		const char *key;

		ck_assert_int_eq(krait_sampler_new(&sampler), KRAIT_OK);
		json_object_foreach(json_object_get(test, "settings"), key, value)
			apply(sampler, key, value);
		for (size_t k = 0; k < json_array_size(history); k++)
			past[k] = (krait_token)json_integer_value(json_array_get(history, k));
		ck_assert_int_eq(krait_sampler_probs(sampler, logits, n, past, json_array_size(history), probs, n), KRAIT_OK);
		compare(test, probs, n, files[_i], i);
		krait_sampler_free(sampler);
	}
	json_decref(tree);
}
END_TEST

static krait_sampler *sampler_at(double temperature)
{
	krait_sampler *sampler;

	ck_assert_int_eq(krait_sampler_new(&sampler), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_set_float(sampler, KRAIT_SAMPLE_TEMPERATURE, temperature), KRAIT_OK);
	return sampler;
}

START_TEST(test_greedy)
{
	krait_sampler *sampler = sampler_at(0);
	float logits[5] = { 1, 3, -1, 3, 2 }, probs[5];
	krait_token token, past = 1;

	ck_assert_int_eq(krait_sampler_pick(sampler, logits, 5, NULL, 0, 99, &token), KRAIT_OK);
	ck_assert_int_eq(token, 1);
	ck_assert_int_eq(krait_sampler_probs(sampler, logits, 5, NULL, 0, probs, 5), KRAIT_OK);
	ck_assert_float_eq(probs[1], 1);
	ck_assert_float_eq(probs[3], 0);
	ck_assert_int_eq(krait_sampler_set_float(sampler, KRAIT_SAMPLE_REPETITION_PENALTY, 1.5), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_pick(sampler, logits, 5, &past, 1, 99, &token), KRAIT_OK);
	ck_assert_int_eq(token, 3);
	ck_assert_int_eq(krait_sampler_set_bias(sampler, 4, 7), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_pick(sampler, logits, 5, &past, 1, 99, &token), KRAIT_OK);
	ck_assert_int_eq(token, 4);
	krait_sampler_free(sampler);
}
END_TEST

/* Shares of picks come near the probabilities: chi-squared with 7 degrees of freedom stays below
 * its 0.9999 quantile. The draws are fixed, so this passes always or never. */
START_TEST(test_picks_follow_probabilities)
{
	krait_sampler *sampler = sampler_at(1);
	float logits[8] = { 0, 1, -1, 2, 0.5f, -0.5f, 1.5f, -3 }, probs[8];
	size_t seen[8] = { 0 }, n = 20000;
	double chi = 0;

	ck_assert_int_eq(krait_sampler_set_int(sampler, KRAIT_SAMPLE_SEED, -5), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_probs(sampler, logits, 8, NULL, 0, probs, 8), KRAIT_OK);
	for (size_t i = 0; i < n; i++) {
		krait_token token, again;

		ck_assert_int_eq(krait_sampler_pick(sampler, logits, 8, NULL, 0, i, &token), KRAIT_OK);
		ck_assert_int_eq(krait_sampler_pick(sampler, logits, 8, NULL, 0, i, &again), KRAIT_OK);
		ck_assert_int_eq(token, again);
		seen[token]++;
	}
	for (int i = 0; i < 8; i++) {
		double expected = (double)probs[i] * (double)n;

		chi += ((double)seen[i] - expected) * ((double)seen[i] - expected) / expected;
	}
	ck_assert_double_lt(chi, 29.9);
	krait_sampler_free(sampler);
}
END_TEST

/* The short cuts for large vocabularies against the definition, over many random logits. */
START_TEST(test_nucleus_of_many)
{
	enum { N = 5000 };
	static float logits[N], probs[N], plain[N];
	krait_sampler *sampler = sampler_at(0.8), *open = sampler_at(0.8);
	double kept = 0, least = 1, most_out = 0;
	uint32_t noise = 1;

	for (int i = 0; i < N; i++) {
		noise = noise * 1664525u + 1013904223u;
		logits[i] = (float)(noise >> 8) / (float)(1 << 24) * 12;
	}
	ck_assert_int_eq(krait_sampler_set_float(sampler, KRAIT_SAMPLE_TOP_P, 0.9), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_probs(open, logits, N, NULL, 0, plain, N), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_probs(sampler, logits, N, NULL, 0, probs, N), KRAIT_OK);
	for (int i = 0; i < N; i++)
		if (probs[i] > 0) {
			kept += (double)plain[i];
			least = fmin(least, (double)plain[i]);
		} else {
			most_out = fmax(most_out, (double)plain[i]);
		}
	ck_assert_double_ge(kept, 0.9 - 1e-6);
	ck_assert_double_le(kept - least, 0.9 + 1e-6);
	ck_assert_double_ge(least, most_out);
	krait_sampler_free(sampler);
	krait_sampler_free(open);
}
END_TEST

/* Each penalty without the others, by the definition; a token that was there twice is punished once or twice. */
START_TEST(test_each_penalty_alone)
{
	enum { N = 5 };
	static const float logits[N] = { 1.5f, -0.5f, 0.25f, 2, -1 };
	static const krait_token past[] = { 0, 1, 0, 3 };
	static const int counts[N] = { 2, 1, 0, 1, 0 }, settings[] = {
		KRAIT_SAMPLE_REPETITION_PENALTY, KRAIT_SAMPLE_PRESENCE_PENALTY, KRAIT_SAMPLE_FREQUENCY_PENALTY };
	static const double penalty = 1.75;
	double weights[N], sum = 0;
	float probs[N];
	krait_sampler *sampler;

	for (size_t i = 0; i < N; i++) {
		double s = logits[i];

		if (counts[i] && _i == 0)
			s = s < 0 ? s * penalty : s / penalty;
		else if (counts[i])
			s -= penalty * (_i == 2 ? counts[i] : 1);
		sum += weights[i] = exp(s);
	}
	ck_assert_int_eq(krait_sampler_new(&sampler), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_set_float(sampler, settings[_i], penalty), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_probs(sampler, logits, N, past, 4, probs, N), KRAIT_OK);
	for (size_t i = 0; i < N; i++)
		ck_assert_msg(near(probs[i], weights[i] / sum), "token %zu: %g, not %g", i, (double)probs[i], weights[i] / sum);
	krait_sampler_free(sampler);
}
END_TEST

/* Among equals top-p keeps those of the lower ids, on every engine: a draw depends on it. */
START_TEST(test_nucleus_of_equals)
{
	enum { N = 37 };
	float logits[N], probs[N];
	krait_sampler *sampler;
	size_t kept = 0;

	for (size_t i = 0; i < N; i++)
		logits[i] = i % 5 == 2 ? 1 : 0;         /* seven are likelier, thirty are equal */
	ck_assert_int_eq(krait_sampler_new(&sampler), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_set_float(sampler, KRAIT_SAMPLE_TOP_P, 0.7), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_probs(sampler, logits, N, NULL, 0, probs, N), KRAIT_OK);
	/* 7 e = 19.03 of 49.03 are the likelier ones'; 0.7 is reached with 16 of the others */
	for (size_t i = 0; i < N; i++) {
		bool stays = logits[i] > 0 || kept < 16;

		kept += stays && logits[i] == 0;
		ck_assert_msg(stays == (probs[i] > 0), "token %zu has a chance of %g", i, (double)probs[i]);
	}
	krait_sampler_free(sampler);
}
END_TEST

START_TEST(test_bad_logits)
{
	krait_sampler *sampler = sampler_at(_i ? 1 : 0);
	float nan[3] = { 1, NAN, 2 }, none[3] = { -INFINITY, -INFINITY, -INFINITY }, over[3] = { 1, INFINITY, 2 }, out[3];
	krait_token token;

	ck_assert_int_eq(krait_sampler_probs(sampler, nan, 3, NULL, 0, out, 3), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(krait_sampler_probs(sampler, none, 3, NULL, 0, out, 3), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(krait_sampler_probs(sampler, over, 3, NULL, 0, out, 3), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(krait_sampler_pick(sampler, nan, 3, NULL, 0, 0, &token), KRAIT_ERROR_FORMAT);
	ck_assert_int_eq(token, -1);
	krait_sampler_free(sampler);
}
END_TEST

START_TEST(test_arguments)
{
	krait_sampler *sampler = sampler_at(1);
	float logits[3] = { 1, 2, 3 }, out[3];
	krait_token outside = 3;

	ck_assert_int_eq(krait_sampler_probs(sampler, logits, 3, &outside, 1, out, 3), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_sampler_probs(sampler, logits, 3, NULL, 0, out, 2), KRAIT_ERROR_SPACE);
	ck_assert_int_eq(krait_sampler_probs(sampler, logits, 3, NULL, 0, NULL, 0), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_probs(sampler, logits, 0, NULL, 0, out, 3), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_sampler_set_float(sampler, KRAIT_SAMPLE_TOP_P, 1.01), KRAIT_ERROR_ARGUMENT);
	ck_assert_ptr_nonnull(strstr(krait_sampler_error(sampler), "TOP_P"));
	ck_assert_int_eq(krait_sampler_set_float(sampler, KRAIT_SAMPLE_TEMPERATURE, NAN), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_sampler_set_int(sampler, KRAIT_SAMPLE_TOP_K, -1), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_sampler_set_float(sampler, KRAIT_SAMPLE_TOP_K, 1), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_sampler_set_int(sampler, 299, 1), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_int_eq(krait_sampler_set_bias(sampler, 0, NAN), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_sampler_set_bias(sampler, -1, 1), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_sampler_set_bias(sampler, 2, -INFINITY), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_probs(sampler, logits, 3, NULL, 0, out, 3), KRAIT_OK);
	ck_assert_float_eq(out[2], 0);
	ck_assert_int_eq(krait_sampler_set_bias(sampler, 2, 0), KRAIT_OK);
	ck_assert_int_eq(krait_sampler_probs(sampler, logits, 3, NULL, 0, out, 3), KRAIT_OK);
	ck_assert_float_gt(out[2], 0.6f);
	krait_sampler_free(sampler);
	krait_sampler_free(NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sampler");
	TCase *tcase = tcase_create("sampler");

	tcase_add_loop_test(tcase, test_vectors, 0, (int)(sizeof(files) / sizeof(*files)));
	tcase_add_test(tcase, test_greedy);
	tcase_add_test(tcase, test_picks_follow_probabilities);
	tcase_add_test(tcase, test_nucleus_of_many);
	tcase_add_loop_test(tcase, test_each_penalty_alone, 0, 3);
	tcase_add_test(tcase, test_nucleus_of_equals);
	tcase_add_loop_test(tcase, test_bad_logits, 0, 2);
	tcase_add_test(tcase, test_arguments);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
