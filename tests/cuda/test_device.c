/* SPDX-License-Identifier: Apache-2.0 */
/* test_device.c - what the engine asks of devices, drivers and cuBLASLt, and what it leaves alone: contexts, shared
 * memory, early launches, products that are refused, pinned memory. */
#include "kit.h"
#include "emu_api.h"
#include "kernels/cuda/host.h"
#include "krait_experimental.h"
#include "session/session.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static krait_status try_open(krait_model **model, const char *path, const char *device, const char *precision)
{
	krait_options *options;
	krait_status status;

	kit_device();
	ck_assert_int_eq(krait_options_new(&options), KRAIT_OK);
	ck_assert_int_eq(krait_options_set_text(options, KRAIT_OPTION_DEVICE, device), KRAIT_OK);
	ck_assert_int_eq(krait_options_set_text(options, KRAIT_OPTION_PRECISION, precision), KRAIT_OK);
	status = krait_model_open(model, path, options);
	krait_options_free(options);
	return status;
}

static krait_model *open_fast(void)
{
	krait_model *model;

	ck_assert_int_eq(try_open(&model, kit_case(1), "cuda:0", "fast"), KRAIT_OK);
	return model;
}

/* A prompt, a step and a draw. */
static void use(krait_model *model, float *logits)
{
	krait_session *session = kit_session(model);
	krait_token tokens[40];
	size_t vocab = krait_model_vocab_size(model);

	kit_tokens(tokens, 40, 5);
	kit_ok(session, krait_session_clear_stops(session));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TEMPERATURE, 0));
	kit_ok(session, krait_session_feed(session, tokens, 40));
	if (logits)
		kit_ok(session, krait_session_logits(session, logits, vocab));
	kit_ok(session, krait_session_feed(session, tokens, 1));
	kit_ok(session, krait_session_next(session, tokens));
	krait_session_free(session);
}

/* ---- contexts --------------------------------------------------------------------------------- */

START_TEST(contexts_are_where_they_were_asked_for)
{
	krait_devices *devices;
	krait_model *model;
	int device = -1;

	kit_device();
	emu_devices(3);
	emu_contexts_forget();
	ck_assert_int_eq(krait_devices_open(&devices), KRAIT_OK);
	ck_assert_uint_eq(krait_devices_count(devices), 4);
	ck_assert_uint_gt(krait_devices_memory(devices, 3), 0);
	ck_assert_uint_eq(krait_devices_memory_free(devices, 3), 0);
	krait_devices_free(devices);
	ck_assert_uint_eq(emu_contexts(), 0);

	ck_assert_int_eq(try_open(&model, kit_case(1), "cuda:1", "fast"), KRAIT_OK);
	use(model, NULL);
	ck_assert_uint_eq(emu_contexts(), 1u << 1);
	ck_assert_int_eq(krait_devices_open(&devices), KRAIT_OK);
	ck_assert_uint_gt(krait_devices_memory_free(devices, 2), 0);
	ck_assert_uint_eq(krait_devices_memory_free(devices, 1), 0);
	krait_devices_free(devices);

	/* the caller's own device is there after each call */
	ck_assert_int_eq(cudaSetDevice(2), cudaSuccess);
	use(model, NULL);
	krait_model_free(model);
	ck_assert_int_eq(cudaGetDevice(&device), cudaSuccess);
	ck_assert_int_eq(device, 2);
	ck_assert_uint_eq(emu_contexts(), 1u << 1 | 1u << 2);
	emu_devices(1);
	emu_contexts_forget();
}
END_TEST

/* ---- code ------------------------------------------------------------------------------------- */

static uint64_t early_kernels(krait_model *model)
{
	struct emu_counts counts;

	emu_counts_reset();
	use(model, NULL);
	emu_counts(&counts);
	return counts.early;
}

/* On a device that could, kernels that were compiled for an older one do not wait: none may begin early. */
START_TEST(early_where_the_code_can_wait)
{
	krait_model *model = open_fast();

	ck_assert_uint_gt(early_kernels(model), 10);
	krait_model_free(model);
	emu_code(80);
	model = open_fast();
	ck_assert_uint_eq(early_kernels(model), 0);
	krait_model_free(model);
	emu_code(0);
}
END_TEST

/* After opening no kernel is met for the first time. */
START_TEST(kernels_are_loaded_at_once)
{
	krait_model *model = open_fast();
	size_t vocab = krait_model_vocab_size(model);
	float *logits = malloc(vocab * sizeof(*logits));
	size_t met = emu_kernels_met();

	use(model, logits);
	ck_assert_uint_eq(emu_kernels_met(), met);
	free(logits);
	krait_model_free(model);
}
END_TEST

/* ---- cuBLASLt ----------------------------------------------------------------------------------- */

static const struct { const char *call; cudaError_t error; } refusals[] = {
	{ "cublasLtMatmul", cudaErrorNotSupported }, { "cublasLtMatmul", cudaErrorNoKernelImageForDevice }, { "cublasLtMatmul", cudaErrorUnknown },
	{ "cublasLtMatmulAlgoGetHeuristic", cudaErrorNotSupported }, { "cublasLtMatmulAlgoGetHeuristic", cudaErrorUnknown },
};

static void keep_names(void *user, const char *name, uint64_t n, double seconds, double bytes)
{
	uint64_t *refused = user;

	(void)seconds, (void)bytes;
	if (!strcmp(name, "refused by cuBLASLt"))
		*refused += n;
}

/* What it refuses is made without it, and a profile says so. */
START_TEST(a_refused_product_is_made_all_the_same)
{
	krait_model *model = open_fast();
	size_t vocab = krait_model_vocab_size(model);
	float *want = malloc(vocab * sizeof(*want)), *got = malloc(vocab * sizeof(*got));
	uint64_t refused = 0;

	use(model, want);
	krait_model_free(model);
	model = open_fast();
	ck_assert_int_eq(krait_model_profile_begin(model, NULL, 0), KRAIT_OK);
	emu_fail(refusals[_i].call, 1, refusals[_i].error, 1);
	use(model, got);
	ck_assert_uint_gt(emu_failed(), 0);
	emu_fail(NULL, 0, cudaSuccess, 0);
	ck_assert_int_eq(krait_model_profile_end(model, keep_names, &refused, NULL, 0), KRAIT_OK);
	ck_assert_uint_gt(refused, 3);
	ck_assert_msg(support_rel_l2f(got, want, vocab) < 1e-3, "off by %.2g", support_rel_l2f(got, want, vocab));
	use(model, got);
	krait_model_free(model);
	free(want);
	free(got);
}
END_TEST

/* ---- pinned memory ---------------------------------------------------------------------------- */

#define N_PINNING 3

static uint64_t snapshots(krait_session **sessions, krait_state **states)
{
	struct emu_counts counts;

	emu_counts_reset();
	for (int i = 0; i < N_PINNING; i++)
		ck_assert_int_eq(krait_session_snapshot(&states[i], sessions[i]), KRAIT_OK);
	emu_counts(&counts);
	return counts.host_allocations;
}

/* What snapshots leave on the host is pinned up to a bound, and pinned memory is used again. Beyond the bound it is
 * ordinary memory, which outlives the device as well. */
START_TEST(pinned_memory_has_a_bound)
{
	size_t most = krait__cuda_most_pinned;
	krait_model *model = open_fast(), *cpu = kit_open(kit_case(1), &(struct kit_options){ .device = "cpu" });
	krait_session *sessions[N_PINNING], *other = kit_session(cpu);
	krait_state *states[N_PINNING];
	krait_token tokens[9];

	kit_tokens(tokens, 9, 6);
	for (int i = 0; i < N_PINNING; i++) {
		sessions[i] = kit_session(model);
		kit_ok(sessions[i], krait_session_feed(sessions[i], tokens, (size_t)(3 * i + 3)));
	}
	if (_i)
		krait__cuda_most_pinned = 0;
	for (int round = 0; round < 3; round++) {
		ck_assert_uint_eq(snapshots(sessions, states), emu_present() && !_i && !round ? N_PINNING : 0);
		for (int i = 0; round < 2 && i < N_PINNING; i++)
			krait_state_free(states[i]);
	}
	emu_fail("cudaEventSynchronize", 1, cudaErrorECCUncorrectable, 0);
	ck_assert_int_eq(krait_session_feed(sessions[0], tokens, 9), emu_present() ? KRAIT_ERROR_LOST : KRAIT_OK);
	for (int i = 0; i < N_PINNING; i++) {
		kit_ok(other, krait_session_restore(other, states[i]));
		ck_assert_uint_eq(krait_session_position(other), (uint64_t)(3 * i + 3));
		kit_ok(other, krait_session_feed(other, tokens, 9));
		krait_state_free(states[i]);
		krait_session_free(sessions[i]);
	}
	krait_session_free(other);
	krait_model_free(model), krait_model_free(cpu);
	ck_assert_uint_eq(emu_alive(), 0);
	emu_device_reset();
	krait__cuda_most_pinned = most;
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("device");
	TCase *tcase = tcase_create("device");

	tcase_set_timeout(tcase, 120);
	tcase_add_test(tcase, contexts_are_where_they_were_asked_for);
	tcase_add_test(tcase, early_where_the_code_can_wait);
	tcase_add_test(tcase, kernels_are_loaded_at_once);
	tcase_add_loop_test(tcase, a_refused_product_is_made_all_the_same, 0, (int)(sizeof(refusals) / sizeof(*refusals)));
	tcase_add_loop_test(tcase, pinned_memory_has_a_bound, 0, 2);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
