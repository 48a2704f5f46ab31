/* SPDX-License-Identifier: Apache-2.0 */
/* test_cuda_engine.c - what only the CUDA engine has, from outside and under emulation: fast precision,
 * smaller weights, drawing on the device, moves between engines, faults, a lost device, counts. */
#include "kit.h"
#include "emu_api.h"
#include "kernels/cuda/host.h"
#include "model/engines.h"
#include "session/session.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N 12
#define ROOM 8192

/* ---- precision ------------------------------------------------------------------------------- */

static size_t best_of(const double *row, size_t n, double *margin)
{
	size_t best = 0;

	for (size_t i = 1; i < n; i++)
		if (row[i] > row[best])
			best = i;
	*margin = INFINITY;
	for (size_t i = 0; i < n; i++)
		if (i != best && row[best] - row[i] < *margin)
			*margin = row[best] - row[i];
	return best;
}

/* The same best token wherever the oracle's margin is larger than the error. */
static void check_best(const float *got, const double *expected, size_t n, const char *path)
{
	double margin, error = 0;
	size_t best = best_of(expected, n, &margin), at = 0;

	for (size_t i = 0; i < n; i++) {
		error = fmax(error, fabs(got[i] - expected[i]));
		at = got[i] > got[at] ? i : at;
	}
	ck_assert_msg(at == best || margin <= 2 * error, "%s: token %zu, not %zu", path, at, best);
}

static void check_logits(krait_model *model, const char *path, const char *golden_path, double bound)
{
	krait_session *session = kit_session(model), *steps = kit_session(model);
	struct kit_golden *golden = kit_golden_open(golden_path);
	size_t n, n_logits, vocab = krait_model_vocab_size(model);
	const krait_token *tokens = kit_golden_tokens(golden, "tokens", &n);
	const double *logits = kit_golden_doubles(golden, "logits", &n_logits);
	float *out = malloc(n_logits * sizeof(*out)), *each = malloc(n_logits * sizeof(*each));

	kit_ok(session, krait_session_set_int(session, KRAIT_KEEP_POSITIONS, (int64_t)n));
	kit_ok(session, krait_session_feed(session, tokens, n));
	kit_ok(session, krait_session_logits(session, out, n_logits));
	ck_assert_msg(support_rel_l2(out, logits, n_logits) < bound, "%s: logits are off by %.2g", path, support_rel_l2(out, logits, n_logits));
	for (size_t i = 0; i < n; i++)
		check_best(out + i * vocab, logits + i * vocab, vocab, path);
	for (size_t i = 0; i < n; i++) {
		kit_ok(steps, krait_session_feed(steps, tokens + i, 1));
		kit_ok(steps, krait_session_logits(steps, each + i * vocab, vocab));
	}
	ck_assert_msg(support_rel_l2f(each, out, n_logits) < bound, "%s: steps are off by %.2g", path, support_rel_l2f(each, out, n_logits));
	free(out);
	free(each);
	kit_golden_close(golden);
	krait_session_free(session);
	krait_session_free(steps);
}

START_TEST(fast_precision)
{
	const char *path = _i < KIT_CASES ? kit_case((size_t)_i) : support_demo(NULL);
	krait_model *model = kit_open(path, &(struct kit_options){ .precision = "fast" });

	check_logits(model, path, _i < KIT_CASES ? path : support_path("demo"), 1e-2);
	krait_model_free(model);
}
END_TEST

/* ---- smaller weights: the CPU runs what they stand for ------------------------------------------ */

static void dequantise(float *row, size_t n, size_t group, float most)
{
	for (size_t at = 0; at < n; at += group) {
		size_t end = at + group < n ? at + group : n;
		float top = 0, scale;

		for (size_t i = at; i < end; i++)
			top = fmaxf(top, fabsf(row[i]));
		scale = top / most;
		for (size_t i = at; i < end; i++)
			row[i] = scale > 0 ? scale * rintf(row[i] / scale) : 0;
	}
}

/* In place, in a model whose weights are float32 blocks of its own. */
static void dequantise_tensor(const struct tensor *tensor, bool four)
{
	size_t rows = (size_t)tensor->shape[0], k = (size_t)tensor->shape[1];

	for (size_t i = 0; i < rows; i++)
		dequantise((float *)(uintptr_t)tensor->data + i * k, k, four && k % 32 == 0 ? 64 : 128, four && k % 32 == 0 ? 7 : 127);
}

static void dequantise_plan(const struct plan *plan, bool four)
{
	dequantise_tensor(&plan->tensors[plan->embedding], false);
	if (plan->head != plan->embedding)
		dequantise_tensor(&plan->tensors[plan->head], false);
	for (uint32_t i = 0; i < plan->n_parts; i++) {
		const struct part *part = &plan->parts[i];

		dequantise_tensor(krait__part_tensor(plan, part, ROLE_IN_PROJ), four);
		dequantise_tensor(krait__part_tensor(plan, part, ROLE_OUT_PROJ), four);
		if (part->kind == PART_MAMBA1) {
			dequantise_tensor(krait__part_tensor(plan, part, ROLE_X_PROJ), false);
			dequantise_tensor(krait__part_tensor(plan, part, ROLE_DT_PROJ), false);
		}
	}
}

static void last_logits(krait_model *model, float *out, size_t chunk)
{
	krait_session *session = kit_session(model);
	krait_token tokens[N];

	kit_tokens(tokens, N, 5);
	for (size_t at = 0; at < N; at += chunk)
		kit_ok(session, krait_session_feed(session, tokens + at, chunk));
	kit_ok(session, krait_session_logits(session, out, ROOM));
	krait_session_free(session);
}

/* Cases stored in 16 bits are widened into blocks that belong to the CPU's model. */
START_TEST(smaller_weights)
{
	static const size_t cases[] = { 0, 1, 4 };
	const char *path = kit_case(cases[_i / 2]), *form = _i % 2 ? "int4" : "int8";
	krait_model *exact = kit_open(path, &(struct kit_options){ .device = "cpu", .weights = "f32" });
	krait_model *small = kit_open(path, &(struct kit_options){ .weights = form });
	size_t vocab = krait_model_vocab_size(exact);
	float *expected = malloc(ROOM * sizeof(float)), *got = malloc(ROOM * sizeof(float));

	ck_assert_ptr_nonnull(strstr(krait_model_info(small), form));
	dequantise_plan(&exact->plan, _i % 2);
	last_logits(exact, expected, N);
	last_logits(small, got, N);
	ck_assert_msg(support_rel_l2f(got, expected, vocab) < 2e-5, "%s as %s, at once: off by %.2g", path, form, support_rel_l2f(got, expected, vocab));
	last_logits(small, got, 1);
	ck_assert_msg(support_rel_l2f(got, expected, vocab) < 2e-5, "%s as %s, one by one: off by %.2g", path, form, support_rel_l2f(got, expected, vocab));
	free(expected);
	free(got);
	krait_model_free(exact);
	krait_model_free(small);
}
END_TEST

START_TEST(the_processor_refuses_smaller_weights)
{
	krait_options *options;
	krait_model *model;

	ck_assert_int_eq(krait_options_new(&options), KRAIT_OK);
	ck_assert_int_eq(krait_options_set_text(options, KRAIT_OPTION_DEVICE, "cpu"), KRAIT_OK);
	ck_assert_int_eq(krait_options_set_text(options, KRAIT_OPTION_WEIGHTS, "int4"), KRAIT_OK);
	ck_assert_int_eq(krait_model_open(&model, kit_case(0), options), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(krait_model_error(model), "'int4'"));
	krait_model_free(model);
	krait_options_free(options);
}
END_TEST

/* ---- drawing ------------------------------------------------------------------------------------ */

static const struct { double temperature, top_p, min_p, repetition, presence; int64_t top_k; } draws[] = {
	{ 0, 1, 0, 1, 0, 0 }, { 1, 1, 0, 1, 0, 0 }, { 0.8, 0.9, 0, 1.1, 0, 0 }, { 1.3, 1, 0.05, 1, 0.4, 12 }, { 0.7, 0.95, 0, 1, 0, 40 },
};

static krait_session *drawing_session(krait_model *model, int index)
{
	krait_session *session = kit_session(model);
	krait_token tokens[N];

	kit_tokens(tokens, N, 9);
	kit_ok(session, krait_session_clear_stops(session));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TEMPERATURE, draws[index].temperature));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TOP_P, draws[index].top_p));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_MIN_P, draws[index].min_p));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_REPETITION_PENALTY, draws[index].repetition));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_PRESENCE_PENALTY, draws[index].presence));
	kit_ok(session, krait_session_set_int(session, KRAIT_SAMPLE_TOP_K, draws[index].top_k));
	kit_ok(session, krait_session_set_int(session, KRAIT_SAMPLE_SEED, 77));
	kit_ok(session, krait_session_feed(session, tokens, N));
	return session;
}

/* What the core draws from the session's logits: a copy of it that was asked for probabilities leaves nothing to the
 * device. */
static krait_token by_the_core(krait_session *session)
{
	krait_session *copy;
	krait_token token;

	kit_ok(session, krait_session_fork(&copy, session));
	krait_session_drawn_logprob(copy);
	kit_ok(copy, krait_session_next(copy, &token));
	ck_assert(!isnan(krait_session_drawn_logprob(copy)));
	krait_session_free(copy);
	return token;
}

START_TEST(many_tokens_are_as_one_by_one)
{
	enum { MANY = 20 };
	krait_model *model = kit_open(kit_case(_i % 2 ? 4 : 1), NULL);
	krait_session *whole = drawing_session(model, _i), *single = drawing_session(model, _i);
	krait_token tokens[MANY], token, core;
	size_t n;

	kit_ok(whole, krait_session_generate(whole, tokens, MANY, &n));
	ck_assert_uint_eq(n, MANY);
	for (size_t i = 0; i < MANY / 2; i++) {
		core = by_the_core(single);
		kit_ok(single, krait_session_next(single, &token));
		ck_assert_msg(token == core && token == tokens[i], "draw %d, token %zu: %d alone, %d by the core, %d of many", _i, i, (int)token,
			(int)core, (int)tokens[i]);
	}
	krait_session_free(whole);
	krait_session_free(single);
	krait_model_free(model);
}
END_TEST

START_TEST(a_stop_ends_a_row)
{
	krait_model *model = kit_open(kit_case(4), NULL);
	krait_session *plain = drawing_session(model, 1), *stopped = drawing_session(model, 1);
	krait_token tokens[12], again[12];
	size_t n, first = 0;
	float a[ROOM], b[ROOM];

	kit_ok(plain, krait_session_generate(plain, tokens, 12, &n));
	kit_ok(stopped, krait_session_add_stop(stopped, tokens[8]));
	while (tokens[first] != tokens[8])
		first++;
	ck_assert_int_eq(krait_session_generate(stopped, again, 12, &n), KRAIT_END);
	ck_assert_uint_eq(n, first);
	ck_assert_mem_eq(again, tokens, n * sizeof(*tokens));
	ck_assert_int_eq(krait_session_end_reason(stopped), KRAIT_REASON_STOP);
	ck_assert_uint_eq(krait_session_position(stopped), N + first);
	krait_session_free(plain);
	plain = drawing_session(model, 1);
	kit_ok(plain, krait_session_feed(plain, tokens, first));
	kit_ok(plain, krait_session_logits(plain, a, ROOM));
	kit_ok(stopped, krait_session_logits(stopped, b, ROOM));
	ck_assert(kit_same(a, b, krait_model_vocab_size(model)));
	krait_session_free(plain);
	krait_session_free(stopped);
	krait_model_free(model);
}
END_TEST

/* ---- between engines ------------------------------------------------------------------------------ */

START_TEST(states_move_between_engines)
{
	const char *path = kit_case((size_t)_i);
	krait_model *here = kit_open(path, &(struct kit_options){ .device = "cpu" }), *there = kit_open(path, NULL);
	krait_session *a = kit_session(here), *b = kit_session(there), *c = kit_session(here);
	krait_token tokens[N];
	krait_state *first, *second;
	size_t n;
	unsigned char *data;

	kit_tokens(tokens, N, 3);
	kit_ok(a, krait_session_feed(a, tokens, N));
	ck_assert_int_eq(krait_session_snapshot(&first, a), KRAIT_OK);
	kit_ok(b, krait_session_restore(b, first));
	ck_assert_int_eq(krait_session_snapshot(&second, b), KRAIT_OK);
	n = krait_state_size(second);
	ck_assert_uint_eq(n, krait_state_size(first));
	data = malloc(2 * n);
	ck_assert_int_eq(krait_state_write(first, data, n), KRAIT_OK);
	ck_assert_int_eq(krait_state_write(second, data + n, n), KRAIT_OK);
	ck_assert_mem_eq(data, data + n, n);
	kit_ok(b, krait_session_feed(b, tokens, N));
	kit_ok(a, krait_session_feed(a, tokens, N));
	kit_same_position(a, b);
	kit_ok(c, krait_session_restore(c, second));
	kit_ok(c, krait_session_feed(c, tokens, N));
	kit_same_position(a, c);
	free(data);
	krait_state_free(first);
	krait_state_free(second);
	krait_session_free(a), krait_session_free(b), krait_session_free(c);
	krait_model_free(here), krait_model_free(there);
}
END_TEST

/* ---- what goes wrong -------------------------------------------------------------------------------- */

static krait_status try_open(krait_model **model, const char *device)
{
	krait_options *options;
	krait_status status;

	ck_assert_int_eq(krait_options_new(&options), KRAIT_OK);
	ck_assert_int_eq(krait_options_set_text(options, KRAIT_OPTION_DEVICE, device), KRAIT_OK);
	status = krait_model_open(model, kit_case(1), options);
	krait_options_free(options);
	return status;
}

START_TEST(drivers_that_are_not_there)
{
	static const struct { enum emu_driver driver; const char *word; } cases[] = {
		{ EMU_DRIVER_MISSING, "no NVIDIA driver (libcuda.so.1" }, { EMU_DRIVER_OLD, "too old" }, { EMU_DRIVER_NO_DEVICE, "no NVIDIA GPU" },
	};
	krait_devices *devices;
	krait_model *model;

	kit_device();
	emu_driver(cases[_i].driver);
	ck_assert_int_eq(try_open(&model, "cuda"), KRAIT_ERROR_DEVICE);
	ck_assert_msg(strstr(krait_model_error(model), cases[_i].word) != NULL, "%s", krait_model_error(model));
	krait_model_free(model);
	ck_assert_int_eq(try_open(&model, "auto"), KRAIT_OK);
	ck_assert_str_eq(krait_model_device(model), "cpu");
	ck_assert_msg(strstr(krait_model_note(model), cases[_i].word) != NULL, "%s", krait_model_note(model));
	krait_model_free(model);
	ck_assert_int_eq(krait_devices_open(&devices), KRAIT_OK);
	ck_assert_uint_eq(krait_devices_count(devices), 2);
	ck_assert_ptr_nonnull(strstr(krait_devices_about(devices, 1), cases[_i].word));
	krait_devices_free(devices);
	emu_driver(EMU_DRIVER_GOOD);
}
END_TEST

START_TEST(devices_are_listed)
{
	krait_devices *devices;
	krait_model *model;

	kit_device();
	ck_assert_int_eq(krait_devices_open(&devices), KRAIT_OK);
	ck_assert_str_eq(krait_devices_name(devices, 1), "cuda:0");
	ck_assert_uint_gt(krait_devices_memory(devices, 1), 0);
	krait_devices_free(devices);
	ck_assert_int_eq(try_open(&model, "cuda:7"), KRAIT_ERROR_DEVICE);
	ck_assert_ptr_nonnull(strstr(krait_model_error(model), "cuda:7"));
	krait_model_free(model);
	ck_assert_int_eq(try_open(&model, "auto"), KRAIT_OK);
	ck_assert_str_eq(krait_model_device(model), "cuda:0");
	krait_model_free(model);
}
END_TEST

/* Everything that a session does, from opening to a text; what it could not do it says. */
static krait_status work(krait_model **model, krait_state **kept)
{
	krait_session *session = NULL;
	krait_token tokens[N], drawn[2];
	float *logits = malloc(ROOM * sizeof(float));
	size_t n;
	krait_status status = try_open(model, "cuda");

	kit_tokens(tokens, N, 2);
	*kept = NULL;
	if (status == KRAIT_OK)
		status = krait_session_new(&session, *model);
	if (status == KRAIT_OK)
		status = krait_session_feed(session, tokens, N);
	if (status == KRAIT_OK)
		status = krait_session_feed(session, tokens, 1);
	if (status == KRAIT_OK)
		status = krait_session_snapshot(kept, session);
	if (status == KRAIT_OK)
		status = krait_session_generate(session, drawn, 2, &n);
	if (status == KRAIT_OK)
		status = krait_session_logits(session, logits, ROOM);
	ck_assert(status >= 0 || !session || krait_session_error(session)[0]);
	krait_session_free(session);
	free(logits);
	return status;
}

/* Any call may fail: the status says so, all memory comes back, and the next try works. */
START_TEST(every_call_may_fail)
{
	static const cudaError_t errors[] = { cudaErrorMemoryAllocation, cudaErrorIllegalAddress };
	uint64_t all, step;
	krait_model *model;
	krait_state *kept;

	kit_device();
	emu_fail(NULL, 0, cudaSuccess, 0);
	ck_assert_int_eq(work(&model, &kept), KRAIT_OK);
	krait_state_free(kept);
	krait_model_free(model);
	all = emu_calls();
	ck_assert_uint_gt(all, 50);
	step = all / 12 + 1;
	for (uint64_t n = 1 + (uint64_t)_i; n <= all; n += step) {
		krait_status status;

		emu_fail(NULL, n, errors[_i], 0);
		status = work(&model, &kept);
		ck_assert_msg(status == KRAIT_OK || status == KRAIT_ERROR_MEMORY || status == KRAIT_ERROR_DEVICE || status == KRAIT_ERROR_LOST,
			"call %llu: %s", (unsigned long long)n, krait_status_name(status));
		krait_state_free(kept);
		krait_model_free(model);
		ck_assert_msg(emu_alive() == 0, "call %llu: %zu things are left", (unsigned long long)n, emu_alive());
		emu_device_reset();
	}
	emu_fail(NULL, 0, cudaSuccess, 0);
	ck_assert_int_eq(work(&model, &kept), KRAIT_OK);
	krait_state_free(kept);
	krait_model_free(model);
}
END_TEST

START_TEST(a_lost_device)
{
	krait_model *model = kit_open(kit_case(1), NULL), *cpu = kit_open(kit_case(1), &(struct kit_options){ .device = "cpu" });
	krait_session *session = kit_session(model), *other = kit_session(cpu), *twin = kit_session(cpu);
	krait_token tokens[N], token;
	krait_state *state, *none;

	kit_tokens(tokens, N, 4);
	kit_ok(session, krait_session_feed(session, tokens, N));
	ck_assert_int_eq(krait_session_snapshot(&state, session), KRAIT_OK);
	kit_ok(session, krait_session_next(session, &token));
	emu_fail("cudaEventSynchronize", 1, cudaErrorECCUncorrectable, 0);
	ck_assert_int_eq(krait_session_feed(session, tokens, N), KRAIT_ERROR_LOST);
	ck_assert_ptr_nonnull(strstr(krait_session_error(session), "cuda:0"));
	ck_assert_int_eq(krait_session_next(session, &token), KRAIT_ERROR_LOST);
	ck_assert_int_eq(krait_session_reset(session), KRAIT_ERROR_LOST);
	ck_assert_int_eq(krait_session_snapshot(&none, session), KRAIT_ERROR_LOST);
	/* the newest snapshot outlives the device */
	kit_ok(other, krait_session_restore(other, state));
	kit_ok(twin, krait_session_feed(twin, tokens, N));
	kit_same_position(other, twin);
	krait_state_free(state);
	krait_session_free(session), krait_session_free(other), krait_session_free(twin);
	krait_model_free(model), krait_model_free(cpu);
	ck_assert_uint_eq(emu_alive(), 0);
	emu_device_reset();
}
END_TEST

/* ---- counts ------------------------------------------------------------------------------------------- */

/* One drawn token for a number of sessions: one graph of few kernels, one wait, a few bytes back. */
static void check_counts(krait_model *model, size_t n, const struct emu_counts *alone)
{
	krait_session **sessions = malloc(n * sizeof(*sessions));
	krait_batch *batch;
	krait_token tokens[2] = { 1, 2 };
	struct emu_counts counts;

	ck_assert_int_eq(krait_batch_new(&batch, model), KRAIT_OK);
	for (size_t i = 0; i < n; i++) {
		sessions[i] = kit_session(model);
		kit_ok(sessions[i], krait_session_set_float(sessions[i], KRAIT_SAMPLE_TEMPERATURE, 0));
		kit_ok(sessions[i], krait_session_feed(sessions[i], tokens, 2));
	}
	for (int round = 0; round < 2; round++) {
		for (size_t i = 0; i < n; i++)
			ck_assert_int_eq(krait_batch_add(batch, sessions[i], NULL, 0), KRAIT_OK);
		emu_counts_reset();
		ck_assert_msg(krait_batch_run(batch) == KRAIT_OK, "%s", krait_batch_error(batch));
		emu_counts(&counts);
	}
	ck_assert_uint_eq(counts.graph_launches, 1);
	ck_assert_uint_eq(counts.launches, 0);
	ck_assert_uint_le(counts.kernels, 4 * krait_model_n_layers(model) + 4);
	ck_assert_uint_eq(counts.allocations + counts.host_allocations, 0);
	ck_assert_uint_eq(counts.waits, 1);
	ck_assert_uint_le(counts.to_host_bytes, 64 * n);
	if (alone)
		ck_assert_uint_eq(counts.kernels, alone->kernels);
	for (size_t i = 0; i < n; i++)
		krait_session_free(sessions[i]);
	free(sessions);
	krait_batch_free(batch);
}

START_TEST(a_token_costs_one_launch)
{
	krait_model *model = kit_open(kit_case(_i ? 4 : 1), NULL);
	struct emu_counts alone;

	check_counts(model, 1, NULL);
	emu_counts(&alone);
	alone.kernels = 0;
	check_counts(model, 5, NULL);
	krait_model_free(model);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
	TCase *tcase = tcase_create(name);

	suite_add_tcase(suite, tcase);
	return tcase;
}

int main(void)
{
	Suite *suite = suite_create("cuda_engine");
	TCase *precision = add_case(suite, "precision"), *weights = add_case(suite, "weights"), *drawing = add_case(suite, "drawing");
	TCase *engines = add_case(suite, "engines"), *faults = add_case(suite, "faults"), *counts = add_case(suite, "counts");

	tcase_add_loop_test(precision, fast_precision, 0, KIT_CASES + 1);
	tcase_add_loop_test(weights, smaller_weights, 0, 6);
	tcase_add_test(weights, the_processor_refuses_smaller_weights);
	tcase_add_loop_test(drawing, many_tokens_are_as_one_by_one, 0, 5);
	tcase_add_test(drawing, a_stop_ends_a_row);
	tcase_add_loop_test(engines, states_move_between_engines, 0, KIT_CASES);
	tcase_add_loop_test(engines, drivers_that_are_not_there, 0, 3);
	tcase_add_test(engines, devices_are_listed);
	tcase_add_loop_test(faults, every_call_may_fail, 0, 2);
	tcase_add_test(faults, a_lost_device);
	tcase_add_loop_test(counts, a_token_costs_one_launch, 0, 2);
	return support_run(suite);
}
