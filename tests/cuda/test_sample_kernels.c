/* SPDX-License-Identifier: Apache-2.0 */
/* test_sample_kernels.c - tokens drawn on the device against the core's sampler, token for token. */
#include "decode_kit.h"

#include "session/sampling.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CALL(call) ck_assert_int_eq((call), cudaSuccess)
#define ROWS 6

struct row {
	float *logits;
	uint32_t *counts;
	struct sampling settings;
	struct bias biases[4];
	uint64_t position;
};

/* ---- the core's draw ---- */

static int32_t core_draw(struct row *row, uint32_t n_valid)
{
	struct candidates candidates = { 0 };
	struct why why = { 0 };
	int32_t token = -1;

	row->settings.biases = row->biases;
	if (krait__candidates_find(&candidates, &row->settings, row->logits, n_valid, row->counts, &why) == KRAIT_OK)
		token = krait__candidates_pick(&candidates, row->settings.seed, row->position);
	krait__candidates_free(&candidates);
	return token;
}

static struct kc_sampling for_device(const struct row *row, uint32_t n_valid)
{
	const struct sampling *s = &row->settings;
	int32_t tokens[4];
	float values[4];
	struct kc_sampling out = { .temperature = s->temperature, .top_p = s->top_p, .min_p = s->min_p, .repetition = s->repetition, .presence = s->presence,
		.frequency = s->frequency, .seed = (uint64_t)s->seed, .position = row->position, .top_k = s->top_k, .n_biases = (uint32_t)s->n_biases,
		.n_valid = n_valid };

	for (size_t i = 0; i < s->n_biases; i++) {
		tokens[i] = row->biases[i].token;
		values[i] = row->biases[i].value;
	}
	out.bias_token = kit_device(tokens, s->n_biases * sizeof(*tokens));
	out.bias_value = kit_device(values, s->n_biases * sizeof(*values));
	out.counts = kit_device(row->counts, n_valid * sizeof(uint32_t));
	return out;
}

/* Draws each row on the device and in the core. */
static void compare(struct row *rows, uint32_t n, uint32_t vocab, uint32_t n_valid)
{
	size_t stride = vocab + 3;
	float *all = kit_floats(n * stride, 0);
	struct kc_sampling sampling[ROWS];
	int32_t *token = kit_device((int32_t[ROWS]){ -7, -7, -7, -7, -7, -7 }, ROWS * sizeof(*token)), got[ROWS];

	for (uint32_t r = 0; r < n; r++) {
		memcpy(all + r * stride, rows[r].logits, vocab * sizeof(float));
		sampling[r] = for_device(&rows[r], n_valid);
	}
	CALL(kc_sample(kit_device(all, n * stride * sizeof(float)), stride, kit_device(sampling, n * sizeof(*sampling)), NULL, token, n, vocab, NULL));
	kit_read(got, token, sizeof(got));
	for (uint32_t r = 0; r < n; r++) {
		int32_t want = core_draw(&rows[r], n_valid);

		ck_assert_msg(got[r] == want, "row %u of %u, seed %lld, position %llu: %d, the core draws %d (temperature %g, top_k %lld, top_p %g, min_p %g)", r, n,
			(long long)rows[r].settings.seed, (unsigned long long)rows[r].position, got[r], want, rows[r].settings.temperature,
			(long long)rows[r].settings.top_k, rows[r].settings.top_p, rows[r].settings.min_p);
	}
	for (uint32_t r = n; r < ROWS; r++)
		ck_assert_int_eq(got[r], -7);
}

/* ---- random rows ---- */

static uint32_t pick(uint32_t n)
{
	return (uint32_t)((double)(kit_random(0.5f) + 0.5f) * n) % n;
}

/* Smooth, coarse (many ties), all equal, one peak, with -infinity. */
static float *random_logits(uint32_t vocab)
{
	uint32_t kind = pick(6);
	float *out = kit_floats(vocab, kind == 4 ? 1 : 8);

	for (uint32_t i = 0; i < vocab; i++) {
		if (kind == 1)
			out[i] = roundf(out[i]);
		if (kind == 2)
			out[i] = 3.25f;
		if (kind == 3 && pick(3) == 0)
			out[i] = -INFINITY;
	}
	if (kind == 4)
		out[pick(vocab)] = 30;
	if (kind == 3)
		out[pick(vocab)] = 2;
	return out;
}

static void random_row(struct row *row, uint32_t vocab, uint32_t n_valid)
{
	static const double temperatures[] = { 0, 0.7, 1, 1, 1.5, 0.1, 3, 1e6, 1e-35 }, top_ps[] = { 1, 0.9, 0.5, 0.95, 0.2, 0.999999, 1e-9 },
		min_ps[] = { 0, 0, 0.05, 0.3, 1 }, repetitions[] = { 1, 1.3, 0.5 }, presences[] = { 0, 0.7, -1 }, frequencies[] = { 0, 0.25 };
	static const int64_t top_ks[] = { 0, 0, 1, 3, 40, 1000000 };

	*row = (struct row){ .logits = random_logits(vocab), .position = (uint64_t)pick(100000) << pick(33) };
	krait__sampling_defaults(&row->settings);
	row->settings.temperature = temperatures[pick(9)];
	row->settings.top_p = top_ps[pick(7)];
	row->settings.min_p = min_ps[pick(5)];
	row->settings.top_k = top_ks[pick(6)];
	row->settings.seed = (int64_t)pick(1u << 20) - (1 << 19);
	if (pick(2)) {
		row->counts = kit_keep(calloc(n_valid, sizeof(uint32_t)));
		for (uint32_t i = 0; i < n_valid / 3 + 1; i++)
			row->counts[pick(n_valid)] += 1 + pick(3);
		row->settings.repetition = repetitions[pick(3)];
		row->settings.presence = presences[pick(3)];
		row->settings.frequency = frequencies[pick(2)];
	}
	if (pick(3) == 0)
		for (int32_t token = (int32_t)pick(3); row->settings.n_biases < 4 && token < (int32_t)n_valid; token += 1 + (int32_t)pick(n_valid))
			row->biases[row->settings.n_biases++] = (struct bias){ token, kit_random(6) };
}

static void draw_random(uint32_t vocab, uint32_t n_valid, int times)
{
	for (int i = 0; i < times; i++) {
		struct row rows[ROWS];
		uint32_t n = 1 + pick(ROWS);

		for (uint32_t r = 0; r < n; r++)
			random_row(&rows[r], vocab, n_valid);
		compare(rows, n, vocab, n_valid);
		kit_free_all();
	}
}

START_TEST(draws)
{
	static const uint32_t sizes[][2] = { { 1, 1 }, { 7, 7 }, { 33, 20 }, { 300, 300 }, { 1500, 1490 }, { 513, 512 } };

	kit_seed((uint64_t)_i + 1);
	draw_random(sizes[_i][0], sizes[_i][1], support_long() ? 2000 : 120);
}
END_TEST

START_TEST(draws_of_a_whole_vocabulary)
{
	kit_seed(20);
	draw_random(50280, 50277, support_long() ? 40 : 3);
}
END_TEST

/* ---- chosen cases ---- */

static struct row flat(uint32_t n, float value)
{
	struct row row = { .logits = kit_floats(n, 0) };

	for (uint32_t i = 0; i < n; i++)
		row.logits[i] = value;
	krait__sampling_defaults(&row.settings);
	return row;
}

/* A running sum of equal parts meets top_p to the last digit or just not: the core's own order decides. */
START_TEST(near_sums)
{
	static const double top_ps[] = { 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9 };
	static const uint32_t sizes[] = { 2, 3, 4, 5, 7, 8, 10, 12, 20, 50, 100 };

	for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++)
		for (size_t p = 0; p < 9; p++) {
			struct row rows[ROWS];

			for (uint32_t r = 0; r < ROWS; r++) {
				rows[r] = flat(sizes[s], 1);
				rows[r].settings.top_p = top_ps[p];
				rows[r].settings.seed = (int64_t)(r * 100 + s * 9 + p);
				if (r >= 3)
					for (uint32_t i = 0; i < sizes[s]; i++)
						rows[r].logits[i] = i % 3 ? 0 : logf(2);
			}
			compare(rows, ROWS, sizes[s], sizes[s]);
			kit_free_all();
		}
}
END_TEST

/* The lowest id of the best, as it is and after what changes logits; padding of the vocabulary is never drawn. */
START_TEST(greedy)
{
	struct row rows[4];
	uint32_t counts[8] = { 0, 0, 3, 0, 0, 0, 0, 0 };
	int32_t *token, got[4];
	float logits[4 * 8] = { 0, 1, 5, 2, 5, 5, 1, 9,  0, 1, 5, 2, 5, 5, 1, 9,  0, 1, 5, 2, 5, 5, 1, 9,  -INFINITY, -3, -INFINITY, -3, -4, -5, -6, 1 };
	struct kc_sampling sampling[4];

	for (int r = 0; r < 4; r++) {
		rows[r] = flat(8, 0);
		rows[r].settings.temperature = 0;
	}
	rows[1].counts = counts;
	rows[1].settings.repetition = 2;
	rows[2].biases[0] = (struct bias){ 5, 1 };
	rows[2].settings.n_biases = 1;
	for (int r = 0; r < 4; r++)
		sampling[r] = for_device(&rows[r], 7);
	token = kit_device(got, sizeof(got));
	CALL(kc_sample(kit_device(logits, sizeof(logits)), 8, kit_device(sampling, sizeof(sampling)), NULL, token, 4, 8, NULL));
	kit_read(got, token, sizeof(got));
	ck_assert_int_eq(got[0], 2);
	ck_assert_int_eq(got[1], 4);
	ck_assert_int_eq(got[2], 5);
	ck_assert_int_eq(got[3], 1);
	kit_free_all();
}
END_TEST

START_TEST(bad_logits)
{
	static const float values[] = { NAN, INFINITY, -INFINITY };

	for (int v = 0; v < 3; v++)
		for (int hot = 0; hot < 2; hot++) {
			struct row rows[3] = { flat(600, 0), flat(600, 0), flat(600, v == 2 ? -INFINITY : 0) };
			struct kc_sampling sampling[3];
			int32_t *token, got[3] = { 0 };
			float *logits = kit_floats(3 * 600, 0);

			rows[1].logits[577] = values[v];        /* -infinity alone rules one token out */
			for (int r = 0; r < 3; r++) {
				rows[r].settings.temperature = hot;
				memcpy(logits + 600 * r, rows[r].logits, 600 * sizeof(float));
				sampling[r] = for_device(&rows[r], 600);
			}
			token = kit_device(got, sizeof(got));
			CALL(kc_sample(kit_device(logits, 3 * 600 * sizeof(float)), 600, kit_device(sampling, sizeof(sampling)), NULL, token, 3, 600, NULL));
			kit_read(got, token, sizeof(got));
			ck_assert_int_ge(got[0], 0);
			if (v < 2) {
				ck_assert_int_eq(got[1], -1);
				ck_assert_int_ge(got[2], 0);
			} else {
				ck_assert_int_ge(got[1], 0);
				ck_assert_int_eq(got[2], -1);
			}
			kit_free_all();
		}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sample_kernels");
	TCase *test = tcase_create("sample_kernels");

	tcase_set_timeout(test, 1200);
	tcase_add_loop_test(test, draws, 0, 6);
	tcase_add_test(test, draws_of_a_whole_vocabulary);
	tcase_add_test(test, near_sums);
	tcase_add_test(test, greedy);
	tcase_add_test(test, bad_logits);
	suite_add_tcase(suite, test);
	return support_run(suite);
}
