/* SPDX-License-Identifier: Apache-2.0 */
/* test_same_bits.c - what the engine promises about numbers: the same bits for one token at
 * a time and a whole prompt, for any number of threads, for any company in a batch and any
 * size of a pass; and each instruction set close to the plain one. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "support.h"
#include "kernels/buffers.h"
#include "kernels/cpu/cpu.h"
#include "kernels/plans_more.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N 90                    /* tokens of a sequence */

static const struct engine *const engine = &krait__cpu_engine;

/* One sequence read: its vectors, logits and scores. */
struct readout {
	const struct plan *plan;
	struct emodel *model;
	struct slot *slot;
	krait_token tokens[N], targets[N];
	float *hidden, *logits, scores[N];
};

static void reading_open(struct readout *r, const struct plan *plan, const char *instructions, unsigned n_threads)
{
	r->plan = plan;
	r->model = open_plan(plan, instructions, n_threads);
	r->slot = new_slot(r->model);
	for (int i = 0; i < N; i++) {
		r->tokens[i] = i * 31 % (int)plan->vocab;
		r->targets[i] = i % 5 ? i * 17 % (int)plan->vocab : -1;
		r->scores[i] = 5;
	}
	r->hidden = malloc(N * plan->width * sizeof(float));
	r->logits = malloc((size_t)N * plan->vocab * sizeof(float));
	ck_assert(r->hidden && r->logits);
}

static void reading_close(struct readout *r)
{
	engine->slot_free(r->slot);
	engine->close(r->model);
	free(r->hidden);
	free(r->logits);
}

static struct span span_of(struct readout *r, size_t at, size_t n)
{
	return (struct span){ .slot = r->slot, .tokens = r->tokens + at, .n = n, .n_keep = n, .hidden = r->hidden + at * r->plan->width,
		.targets = r->targets + at, .scores = r->scores + at };
}

static void read_logits(struct readout *r)
{
	const float *hidden[N];
	float *logits[N];

	for (size_t i = 0; i < N; i++) {
		hidden[i] = r->hidden + i * r->plan->width;
		logits[i] = r->logits + i * r->plan->vocab;
	}
	ck_assert_int_eq(engine->logits(r->model, NULL, hidden, N, logits, NULL), KRAIT_OK);
}

static void read_in_chunks(struct readout *r, size_t chunk)
{
	for (size_t at = 0; at < N; at += chunk) {
		size_t n = N - at < chunk ? N - at : chunk;
		struct span span = span_of(r, at, n);

		ck_assert_int_eq(engine->forward(r->model, &span, 1, NULL), KRAIT_OK);
		ck_assert_int_eq(span.status, KRAIT_OK);
		ck_assert_uint_eq(span.n_done, n);
	}
	read_logits(r);
}

static void check_same_reading(const struct readout *a, const struct readout *b)
{
	ck_assert_mem_eq(a->hidden, b->hidden, N * a->plan->width * sizeof(float));
	ck_assert_mem_eq(a->logits, b->logits, (size_t)N * a->plan->vocab * sizeof(float));
	ck_assert_mem_eq(a->scores, b->scores, sizeof(a->scores));
	check_same_state(a->plan, a->slot, b->slot);
}

/* Runs a check for one plan on every instruction set that is there. */
static void everywhere(void (*check)(const struct plan *plan, const char *instructions), size_t index)
{
	const struct kernels *kernels;
	struct plan plan;

	if (index < n_shapes)
		plan_make(&plan, &shapes[index]);
	else
		more_plan_make(&plan, index - n_shapes);
	for (size_t k = 0; (kernels = krait__kernels_at(k)); k++)
		check(&plan, kernels->name);
	plan_free(&plan);
}

static void compare_chunks(const struct plan *plan, const char *instructions)
{
	static const size_t chunks[] = { 1, 3, 7, 64 };
	struct readout whole, parts;

	reading_open(&whole, plan, instructions, 2);
	read_in_chunks(&whole, N);
	for (size_t i = 0; i < sizeof(chunks) / sizeof(*chunks); i++) {
		reading_open(&parts, plan, instructions, 2);
		read_in_chunks(&parts, chunks[i]);
		check_same_reading(&parts, &whole);
		reading_close(&parts);
	}
	reading_close(&whole);
}

START_TEST(chunks)
{
	everywhere(compare_chunks, (size_t)_i);
}
END_TEST

static void compare_threads(const struct plan *plan, const char *instructions)
{
	struct readout one, many;

	reading_open(&one, plan, instructions, 1);
	read_in_chunks(&one, N);
	for (unsigned n = 2; n <= 4; n++) {
		reading_open(&many, plan, instructions, n);
		read_in_chunks(&many, n == 3 ? 1 : N);
		check_same_reading(&many, &one);
		reading_close(&many);
	}
	reading_close(&one);
}

START_TEST(threads)
{
	everywhere(compare_threads, (size_t)_i);
}
END_TEST

/* The rows of a pass are a matter of the clock: here each is forced. */
static void compare_passes(const struct plan *plan, const char *instructions)
{
	static const size_t limits[] = { 1, 2, 5, 6, 40 };
	struct readout whole, parts;

	reading_open(&whole, plan, instructions, 2);
	whole.model->row_limit = MAX_ROWS;
	read_in_chunks(&whole, N);
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		struct span span;

		reading_open(&parts, plan, instructions, 2);
		parts.model->row_limit = limits[i];
		span = span_of(&parts, 0, N);
		ck_assert_int_eq(engine->forward(parts.model, &span, 1, NULL), KRAIT_OK);
		read_logits(&parts);
		check_same_reading(&parts, &whole);
		reading_close(&parts);
	}
	reading_close(&whole);
}

START_TEST(passes)
{
	everywhere(compare_passes, (size_t)_i);
}
END_TEST

/* Sequence i of a batch reads from i on, with a length of its own. */
static void compare_batch(const struct plan *plan, const char *instructions)
{
	enum { MANY = MAX_ROWS + 44 };
	struct readout r;
	struct slot **slots = calloc(MANY, sizeof(*slots));
	struct span *spans = calloc(MANY, sizeof(*spans));
	float *hidden = calloc((size_t)MANY * plan->width, sizeof(float));

	ck_assert(slots && spans && hidden);
	reading_open(&r, plan, instructions, 2);
	for (size_t i = 0; i < MANY; i++) {
		slots[i] = new_slot(r.model);
		spans[i] = (struct span){ .slot = slots[i], .tokens = r.tokens + i % 50, .n = i % 40 ? 1 : i % 80 + i % 7, .n_keep = 1,
			.hidden = hidden + i * plan->width };
	}
	ck_assert_int_eq(engine->forward(r.model, spans, MANY, NULL), KRAIT_OK);
	for (size_t i = 0; i < MANY; i += i < 8 ? 1 : 29) {
		struct span alone = spans[i];

		ck_assert_int_eq(alone.status, KRAIT_OK);
		ck_assert_uint_eq(alone.n_done, alone.n);
		engine->slot_clear(r.slot, NULL);
		alone.slot = r.slot;
		alone.hidden = r.hidden;
		ck_assert_int_eq(engine->forward(r.model, &alone, 1, NULL), KRAIT_OK);
		check_same_state(plan, r.slot, slots[i]);
		if (alone.n)
			ck_assert_mem_eq(r.hidden, hidden + i * plan->width, plan->width * sizeof(float));
	}
	for (size_t i = 0; i < MANY; i++)
		engine->slot_free(slots[i]);
	reading_close(&r);
	free(slots);
	free(spans);
	free(hidden);
}

START_TEST(batches)
{
	everywhere(compare_batch, (size_t)_i);
}
END_TEST

static void compare_plain(const struct plan *plan, const char *instructions)
{
	struct readout plain, fast;
	size_t n;
	float *a, *b;

	reading_open(&plain, plan, "generic", 1);
	read_in_chunks(&plain, N);
	reading_open(&fast, plan, instructions, 2);
	read_in_chunks(&fast, N);
	a = slot_content(plan, plain.slot, &n);
	b = slot_content(plan, fast.slot, &n);
	ck_assert_msg(difference(b, a, n) < 2e-5, "state %g", difference(b, a, n));
	ck_assert(difference(fast.hidden, plain.hidden, N * plan->width) < 2e-5);
	ck_assert(difference(fast.logits, plain.logits, (size_t)N * plan->vocab) < 2e-5);
	ck_assert(difference(fast.scores, plain.scores, N) < 2e-5);
	free(a);
	free(b);
	reading_close(&fast);
	reading_close(&plain);
}

START_TEST(instructions_agree)
{
	everywhere(compare_plain, (size_t)_i);
}
END_TEST

/* How weights are read is a matter of the machine, and measured where the head is long enough to tell. */
START_TEST(ways_of_reading)
{
	struct shape shape = *shape_named("one after the other");
	const struct kernels *kernels;
	struct plan plan;

	shape.vocab = 40000;
	plan_make(&plan, &shape);
	for (size_t k = 0; (kernels = krait__kernels_at(k)) && kernels->stream_most; k++) {
		struct readout any, other;
		char name[16];

		reading_open(&any, &plan, kernels->name, 2);
		read_in_chunks(&any, 1);
		for (int rows = 1; rows <= 4; rows += 3) {
			snprintf(name, sizeof(name), "%s-%d", kernels->name, rows);
			reading_open(&other, &plan, name, 2);
			ck_assert_int_eq(other.model->stream, rows == 1);
			read_in_chunks(&other, 1);
			check_same_reading(&other, &any);
			reading_close(&other);
		}
		reading_close(&any);
	}
	plan_free(&plan);
}
END_TEST

/* Scores are what the logits say, in double. */
static void compare_scores(const struct plan *plan, const char *instructions)
{
	struct readout r;

	reading_open(&r, plan, instructions, 3);
	read_in_chunks(&r, N);
	for (size_t i = 0; i < N; i++) {
		const float *logits = r.logits + i * plan->vocab;
		double sum = 0;

		if (r.targets[i] < 0) {
			ck_assert(r.scores[i] == 5);
			continue;
		}
		for (size_t j = 0; j < plan->vocab; j++)
			sum += exp((double)logits[j] - logits[r.targets[i]]);
		ck_assert_msg(fabs(r.scores[i] + log(sum)) < 1e-5, "%g is not %g", (double)r.scores[i], -log(sum));
	}
	reading_close(&r);
}

START_TEST(scores_are_exact)
{
	everywhere(compare_scores, (size_t)_i);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("same bits");
	TCase *c = tcase_create("same bits");
	int n_plans = (int)(n_shapes + n_more_plans);

	tcase_add_loop_test(c, chunks, 0, n_plans);
	tcase_add_loop_test(c, threads, 0, n_plans);
	tcase_add_loop_test(c, passes, 0, n_plans);
	tcase_add_loop_test(c, batches, 0, n_plans);
	tcase_add_loop_test(c, instructions_agree, 0, n_plans);
	tcase_add_test(c, ways_of_reading);
	tcase_add_loop_test(c, scores_are_exact, 0, n_plans);
	suite_add_tcase(s, c);
	return support_run(s);
}
