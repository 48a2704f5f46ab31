/* SPDX-License-Identifier: Apache-2.0 */
/* test_attention.c - the kernels of the Transformer that Mamba is compared with, against plain double precision: a
 * baseline that is wrong, or that skips work, would flatter us. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "bench/transformer/attention.h"
#include "cuda/prefill_kit.h"
#include "kernels/buffers.h"
#include "support.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct sizes { uint32_t n_sequences, n_heads, head_dim, capacity, n_splits; };

/* The caches of one layer, on the device and as they should be. */
struct scene {
	struct attention attention;
	struct sizes s;
	struct activations keys, values;        /* [n_sequences n_heads capacity, head_dim] */
	float *turns;
	uint32_t held;
};

static void setup(void)
{
	random_seed(31);
}

static struct scene new_scene(struct sizes s)
{
	struct scene scene = { .s = s };
	uint32_t n_keys = s.n_sequences * s.n_heads * s.capacity, half = s.head_dim / 2;

	scene.keys = kit_rows(KC_BF16, n_keys, s.head_dim, 0, 1, 0);
	scene.values = kit_rows(KC_BF16, n_keys, s.head_dim, 0, 1, 0);
	scene.turns = kit_host(sizeof(float) * s.capacity * s.head_dim);
	for (uint32_t t = 0; t < s.capacity; t++)
		for (uint32_t i = 0; i < half; i++) {
			double angle = t * pow(10000, -2.0 * i / s.head_dim);

			scene.turns[(t * half + i) * 2] = (float)cos(angle);
			scene.turns[(t * half + i) * 2 + 1] = (float)sin(angle);
		}
	scene.attention = (struct attention){ .keys = scene.keys.rows.data, .values = scene.values.rows.data,
		.turns = kit_device(scene.turns, sizeof(float) * s.capacity * s.head_dim), .n_sequences = s.n_sequences, .n_heads = s.n_heads,
		.head_dim = s.head_dim, .capacity = s.capacity, .n_splits = s.n_splits };
	scene.attention.partial = kit_device(NULL, attend_partial(&scene.attention) * sizeof(float));
	return scene;
}

static void turn(double *v, const float *turns, uint32_t position, uint32_t head_dim)
{
	uint32_t half = head_dim / 2;

	for (uint32_t i = 0; i < half; i++) {
		double cosine = (double)turns[(position * half + i) * 2], sine = (double)turns[(position * half + i) * 2 + 1], low = v[i], high = v[i + half];

		v[i] = low * cosine - high * sine;
		v[i + half] = high * cosine + low * sine;
	}
}

/* The keys and values of one head of one sequence. */
static size_t cache_at(const struct scene *scene, uint32_t sequence, uint32_t head, uint32_t position)
{
	return (((size_t)sequence * scene->s.n_heads + head) * scene->s.capacity + position) * scene->s.head_dim;
}

static void attend_reference(double *out, const double *query, const struct scene *scene, uint32_t sequence, uint32_t head, uint32_t n_keys)
{
	uint32_t hd = scene->s.head_dim;
	double *weights = malloc(n_keys * sizeof *weights), top = -INFINITY, sum = 0;

	for (uint32_t t = 0; t < n_keys; t++) {
		const double *key = scene->keys.values + cache_at(scene, sequence, head, t);

		weights[t] = 0;
		for (uint32_t i = 0; i < hd; i++)
			weights[t] += query[i] * key[i] / sqrt(hd);
		top = fmax(top, weights[t]);
	}
	memset(out, 0, hd * sizeof *out);
	for (uint32_t t = 0; t < n_keys; t++)
		sum += weights[t] = exp(weights[t] - top);
	for (uint32_t t = 0; t < n_keys; t++)
		for (uint32_t i = 0; i < hd; i++)
			out[i] += weights[t] / sum * scene->values.values[cache_at(scene, sequence, head, t) + i];
	free(weights);
}

/* One row of the reference: what goes into the caches is rounded as they are. */
static void reference_row(double *out, const double *qkv, struct scene *scene, uint32_t sequence, uint32_t head, uint32_t position)
{
	uint32_t hd = scene->s.head_dim, width = scene->s.n_heads * hd;
	double query[128], *key = scene->keys.values + cache_at(scene, sequence, head, position);

	memcpy(query, qkv + head * hd, hd * sizeof *query);
	memcpy(key, qkv + width + head * hd, hd * sizeof *key);
	memcpy(scene->values.values + cache_at(scene, sequence, head, position), qkv + 2 * width + head * hd, hd * sizeof *key);
	turn(query, scene->turns, position, hd);
	turn(key, scene->turns, position, hd);
	attend_reference(out, query, scene, sequence, head, position + 1);
}

/* n_rows rows of each sequence at once; the error of what comes out. */
static void check_rows(struct scene *scene, uint32_t n_rows)
{
	struct sizes s = scene->s;
	uint32_t width = s.n_heads * s.head_dim;
	struct activations qkv = kit_rows(KC_BF16, s.n_sequences * n_rows, 3 * width, 0, 2, 0), out = kit_rows(KC_BF16, s.n_sequences * n_rows, width, 0, 1, 0);
	double *want = kit_host(sizeof(double) * s.n_sequences * n_rows * width), error;
	struct attention *a = &scene->attention;

	for (uint32_t i = 0; i < s.n_sequences; i++)
		for (uint32_t t = 0; t < n_rows; t++)
			for (uint32_t head = 0; head < s.n_heads; head++) {
				size_t row = (size_t)i * n_rows + t;

				reference_row(want + row * width + head * s.head_dim, qkv.values + row * 3 * width, scene, i, head, scene->held + t);
			}
	a->qkv = qkv.rows.data;
	a->out = out.rows.data;
	a->n_rows = n_rows;
	a->length = kit_device(&scene->held, sizeof scene->held);
	CALL(attend_rotate(a, NULL));
	CALL(n_rows == 1 ? attend_step(a, NULL) : attend_prompt(a, NULL));
	kit_read(&out);
	error = kit_error(out.values, want, (size_t)s.n_sequences * n_rows * width);
	ck_assert_msg(error < 1e-2, "%u rows after %u, heads of %u, %u splits: the error is %g", n_rows, scene->held, s.head_dim, s.n_splits, error);
	scene->held += n_rows;
}

static const uint32_t head_dims[] = { 64, 80, 128 };

START_TEST(prompts_then_steps)
{
	struct scene scene = new_scene((struct sizes){ 2, 3, head_dims[_i], 300, 1 });

	check_rows(&scene, 131);
	check_rows(&scene, 1);
	check_rows(&scene, 70);
	check_rows(&scene, 1);
	kit_end();
}
END_TEST

START_TEST(steps_in_splits)
{
	struct scene scene = new_scene((struct sizes){ 1, 2, head_dims[_i], 400, 4 });

	check_rows(&scene, 1);
	check_rows(&scene, 64);
	check_rows(&scene, 1);
	check_rows(&scene, 230);
	check_rows(&scene, 1);
	kit_end();
}
END_TEST

START_TEST(no_other_head_sizes)
{
	struct attention a = { .head_dim = 96, .n_sequences = 1, .n_rows = 1, .n_heads = 1 };

	ck_assert(!attend_head_dim(96));
	ck_assert(attend_head_dim(80));
	ck_assert_int_eq(attend_step(&a, NULL), cudaErrorInvalidValue);
	ck_assert_int_eq(attend_prompt(&a, NULL), cudaErrorInvalidValue);
}
END_TEST

START_TEST(gates_and_embeddings)
{
	struct activations in = kit_rows(KC_BF16, 3, 48, 0, 2, 0), out = kit_rows(KC_BF16, 3, 24, 0, 1, 0);
	struct activations table = kit_rows(KC_BF16, 10, 16, 0, 1, 0), x = kit_rows(KC_F32, 3, 16, 0, 1, 0);
	int32_t tokens[] = { 7, 0, 9 };
	double want[72];

	CALL(dense_gate(out.rows.data, in.rows.data, 3, 24, NULL));
	kit_read(&out);
	for (size_t i = 0; i < 72; i++) {
		double gate = in.values[i / 24 * 48 + i % 24];

		want[i] = gate / (1 + exp(-gate)) * in.values[i / 24 * 48 + 24 + i % 24];
	}
	ck_assert(kit_error(out.values, want, 72) < 5e-3);
	CALL(dense_embed(x.rows.data, table.rows.data, kit_device(tokens, sizeof tokens), 3, 16, NULL));
	kit_read(&x);
	for (size_t i = 0; i < 3; i++)
		ck_assert_mem_eq(x.values + i * 16, table.values + (size_t)tokens[i] * 16, 16 * sizeof(double));
	ck_assert_int_eq(dense_gate(out.rows.data, in.rows.data, 3, 20, NULL), cudaErrorInvalidValue);
	kit_end();
}
END_TEST

START_TEST(picks_the_likeliest)
{
	struct floats logits = kit_floats(3 * 1000, 1, 0);
	int32_t tokens[3], *out = kit_device(NULL, sizeof tokens);
	uint32_t length = 41, *held = kit_device(&length, sizeof length);

	logits.host[777] = 5;
	logits.host[1003] = logits.host[1900] = 5;
	logits.host[2999] = 5;
	CALL(dense_pick(out, kit_device(logits.host, 3000 * sizeof(float)), 3, 1000, held, 2, NULL));
	kit_fetch(tokens, out, sizeof tokens);
	kit_fetch(&length, held, sizeof length);
	ck_assert_int_eq(tokens[0], 777);
	ck_assert_int_eq(tokens[1], 3);
	ck_assert_int_eq(tokens[2], 999);
	ck_assert_uint_eq(length, 43);
	kit_end();
}
END_TEST

/* Random weights are spread over all of (-scale, scale), without a mean. */
START_TEST(random_weights_are_spread)
{
	enum { N = 5000 };
	struct activations w = kit_rows(KC_BF16, 1, N, 0, 1, 0);
	double sum = 0, squares = 0;

	CALL(dense_fill(w.rows.data, N, 0.5f, 3, NULL));
	kit_read(&w);
	for (size_t i = 0; i < N; i++) {
		ck_assert(fabs(w.values[i]) <= 0.5);
		sum += w.values[i] / N;
		squares += w.values[i] * w.values[i] / N;
	}
	ck_assert(fabs(sum) < 0.02 && fabs(squares - 0.25 / 3) < 0.01);
	kit_end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("attention");
	TCase *test = tcase_create("attention");

	tcase_add_checked_fixture(test, setup, NULL);
	tcase_add_loop_test(test, prompts_then_steps, 0, 3);
	tcase_add_loop_test(test, steps_in_splits, 0, 3);
	tcase_add_test(test, no_other_head_sizes);
	tcase_add_test(test, gates_and_embeddings);
	tcase_add_test(test, picks_the_likeliest);
	tcase_add_test(test, random_weights_are_spread);
	suite_add_tcase(suite, test);
	return support_run(suite);
}
