/* SPDX-License-Identifier: Apache-2.0 */
/* test_profile.c - what a device says of itself: ceilings, a profile that adds up to what was asked of the device
 * and changes no result, waiting; each under faults. Times are never judged. */
#include "kit.h"
#include "emu_api.h"
#include "kernels/cuda/host.h"
#include "krait_experimental.h"
#include "session/session.h"
#include "session/state.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N 9
#define MOST 64
#define TEXT 768

struct row {
	char name[64];
	uint64_t n;
	double value, bytes;
};
struct rows {
	struct row row[MOST];
	size_t n;
};

static void keep_row(void *user, const char *name, uint64_t n, double value, double bytes)
{
	struct rows *rows = user;
	struct row *row = &rows->row[rows->n++];

	ck_assert_uint_le(rows->n, MOST);
	snprintf(row->name, sizeof row->name, "%s", name);
	row->n = n;
	row->value = value;
	row->bytes = bytes;
}

static const struct row *find(const struct rows *rows, const char *name)
{
	for (size_t i = 0; i < rows->n; i++)
		if (!strcmp(rows->row[i].name, name))
			return &rows->row[i];
	return NULL;
}

/* Whoever measures little is done soon. */
static void measure_little(void)
{
	krait__cuda_measured = (struct cuda_measured){ .read_bytes = 1 << 16, .copy_bytes = 1 << 12, .side = 32 };
}

static krait_model *open_case(size_t index, const char *precision)
{
	measure_little();
	return kit_open(kit_case(index), &(struct kit_options){ .precision = precision });
}

static void model_ok(krait_status status, const char *text)
{
	ck_assert_msg(status == KRAIT_OK, "%s: %s", krait_status_name(status), text);
}

/* ---- ceilings ----------------------------------------------------------------------------- */

START_TEST(ceilings_are_measured)
{
	krait_model *model = open_case(1, _i ? "fast" : "exact");
	struct rows rows = { .n = 0 };
	char text[TEXT] = "before";
	size_t alive;

	/* what is known of a product is kept for the next one */
	model_ok(krait_model_ceilings(model, keep_row, &rows, text, sizeof text), text);
	alive = emu_alive();
	rows.n = 0;
	model_ok(krait_model_ceilings(model, keep_row, &rows, text, sizeof text), text);
	ck_assert_str_eq(text, "");
	ck_assert_uint_eq(rows.n, 3);
	ck_assert_double_gt(find(&rows, "read_bytes_per_second")->value, 0);
	ck_assert_double_ge(find(&rows, "read_bytes_per_second")->bytes, 1 << 16);
	ck_assert_double_gt(find(&rows, "to_host_bytes_per_second")->value, 0);
	ck_assert_int_eq(find(&rows, "product_flops")->value > 0, _i);
	ck_assert_uint_eq(emu_alive(), alive);
	krait_model_free(model);
}
END_TEST

START_TEST(a_processor_says_what_to_do)
{
	krait_model *model = kit_open(kit_case(1), &(struct kit_options){ .device = "cpu" });
	struct rows rows = { .n = 0 };
	char text[TEXT];

	ck_assert_int_eq(krait_model_ceilings(model, keep_row, &rows, text, sizeof text), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(text, "device=cuda"));
	ck_assert_int_eq(krait_model_profile_begin(model, text, 9), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_uint_eq(strlen(text), 8);
	ck_assert_int_eq(krait_model_profile_end(model, keep_row, &rows, NULL, 0), KRAIT_ERROR_UNSUPPORTED);
	model_ok(krait_model_wait(model, text, sizeof text), text);
	ck_assert_uint_eq(rows.n, 0);
	ck_assert_int_eq(krait_model_wait(NULL, NULL, 0), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_model_ceilings(NULL, keep_row, &rows, NULL, 0), KRAIT_ERROR_ARGUMENT);
	ck_assert_int_eq(krait_model_ceilings(model, NULL, NULL, NULL, 0), KRAIT_ERROR_ARGUMENT);
	krait_model_free(model);
}
END_TEST

/* ---- profiles ------------------------------------------------------------------------------ */

/* A prompt for one session and a token of another, in one call; then a token of each. */
struct talk {
	krait_session *a, *b;
	krait_batch *batch;
	krait_token drawn[2];
};

static void begin_talk(struct talk *talk, krait_model *model)
{
	krait_token tokens[2] = { 1, 2 };

	talk->a = kit_session(model);
	talk->b = kit_session(model);
	ck_assert_int_eq(krait_batch_new(&talk->batch, model), KRAIT_OK);
	kit_ok(talk->a, krait_session_set_float(talk->a, KRAIT_SAMPLE_TEMPERATURE, 0));
	kit_ok(talk->b, krait_session_set_float(talk->b, KRAIT_SAMPLE_TEMPERATURE, 0));
	kit_ok(talk->b, krait_session_feed(talk->b, tokens, 2));
}

static krait_status read_mixed(struct talk *talk)
{
	krait_token tokens[N];

	kit_tokens(tokens, N, 3);
	krait_batch_clear(talk->batch);
	ck_assert_int_eq(krait_batch_add(talk->batch, talk->a, tokens, N), KRAIT_OK);
	ck_assert_int_eq(krait_batch_add(talk->batch, talk->b, NULL, 0), KRAIT_OK);
	return krait_batch_run(talk->batch);
}

static krait_status draw_both(struct talk *talk)
{
	krait_status status;

	krait_batch_clear(talk->batch);
	ck_assert_int_eq(krait_batch_add(talk->batch, talk->a, NULL, 0), KRAIT_OK);
	ck_assert_int_eq(krait_batch_add(talk->batch, talk->b, NULL, 0), KRAIT_OK);
	status = krait_batch_run(talk->batch);
	for (size_t i = 0; i < 2; i++)
		talk->drawn[i] = status == KRAIT_OK ? krait_batch_token(talk->batch, i) : -1;
	return status;
}

static void end_talk(struct talk *talk)
{
	krait_batch_free(talk->batch);
	krait_session_free(talk->a);
	krait_session_free(talk->b);
}

/* The rows of a piece of work add up to what the device was asked for, and it was asked for the same as ever. */
static void check_work(krait_model *model, krait_status (*work)(struct talk *talk), struct talk *talk, const struct emu_counts *plain)
{
	struct rows rows = { .n = 0 };
	struct emu_counts counts;
	double bytes = 0;
	uint64_t launches = 0;
	char text[TEXT];

	model_ok(krait_model_profile_begin(model, text, sizeof text), text);
	emu_counts_reset();
	ck_assert_msg(work(talk) == KRAIT_OK, "%s", krait_batch_error(talk->batch));
	emu_counts(&counts);
	model_ok(krait_model_profile_end(model, keep_row, &rows, text, sizeof text), text);
	for (size_t i = 0; i < rows.n; i++) {
		ck_assert_double_ge(rows.row[i].value, 0);
		if (!strcmp(rows.row[i].name, "events"))
			continue;
		ck_assert_msg(rows.row[i].bytes > 0, "%s states no bytes", rows.row[i].name);
		bytes += rows.row[i].bytes;
		launches += rows.row[i].n;
	}
	ck_assert_double_eq(find(&rows, "events")->bytes, 0);
	ck_assert_uint_gt(launches, krait_model_n_layers(model));
	if (!emu_present())
		return;
	ck_assert_uint_eq(counts.kernels, plain->kernels);
	ck_assert_uint_eq(counts.stated_bytes, plain->stated_bytes);
	ck_assert_uint_eq(counts.graph_launches, plain->graph_launches);
	ck_assert_double_eq(bytes, (double)counts.stated_bytes);
	ck_assert_uint_le(launches, counts.kernels);
	if (plain->launches == 0)       /* steps alone: each row is one kernel */
		ck_assert_uint_eq(launches, counts.kernels);
}

START_TEST(a_profile_adds_up)
{
	static const struct { size_t index; const char *precision; } cases[] = { { 1, "exact" }, { 1, "fast" }, { 4, "exact" }, { 4, "fast" } };
	krait_model *model = open_case(cases[_i].index, cases[_i].precision);
	struct talk plain, watched;
	struct emu_counts mixed, drawn;
	size_t alive;

	begin_talk(&plain, model);
	begin_talk(&watched, model);
	ck_assert_int_eq(draw_both(&plain), KRAIT_ERROR_ARGUMENT);      /* nothing was read yet */
	emu_counts_reset();
	ck_assert_msg(read_mixed(&plain) == KRAIT_OK, "%s", krait_batch_error(plain.batch));
	emu_counts(&mixed);
	emu_counts_reset();
	ck_assert_msg(draw_both(&plain) == KRAIT_OK, "%s", krait_batch_error(plain.batch));
	emu_counts(&drawn);
	alive = emu_alive();
	check_work(model, read_mixed, &watched, &mixed);
	check_work(model, draw_both, &watched, &drawn);
	ck_assert_uint_eq(emu_alive(), alive);
	ck_assert_mem_eq(plain.drawn, watched.drawn, sizeof plain.drawn);
	kit_same_position(plain.a, watched.a);
	kit_same_position(plain.b, watched.b);
	end_talk(&plain);
	end_talk(&watched);
	krait_model_free(model);
}
END_TEST

/* ---- another thread ---------------------------------------------------------------------------- */

#define TOLD 24

struct teller {
	krait_session *session;
	krait_token tokens[TOLD];
	krait_status status;
};

static void *tell(void *user)
{
	struct teller *teller = user;

	for (size_t i = 0; i < TOLD && teller->status == KRAIT_OK; i++)
		teller->status = krait_session_next(teller->session, &teller->tokens[i]);
	return NULL;
}

static void begin_telling(struct teller *teller, krait_model *model)
{
	krait_token tokens[2] = { 1, 2 };

	*teller = (struct teller){ .session = kit_session(model), .status = KRAIT_OK };
	kit_ok(teller->session, krait_session_set_float(teller->session, KRAIT_SAMPLE_TEMPERATURE, 0));
	krait_session_clear_stops(teller->session);
	kit_ok(teller->session, krait_session_feed(teller->session, tokens, 2));
}

START_TEST(others_go_on_meanwhile)
{
	krait_model *model = open_case(1, "exact");
	struct teller alone, meanwhile;
	struct rows rows;
	pthread_t thread;
	char text[TEXT];

	begin_telling(&alone, model);
	begin_telling(&meanwhile, model);
	tell(&alone);
	ck_assert_int_eq(alone.status, KRAIT_OK);
	ck_assert_int_eq(pthread_create(&thread, NULL, tell, &meanwhile), 0);
	for (int i = 0; i < 8; i++) {
		rows.n = 0;
		model_ok(krait_model_profile_begin(model, text, sizeof text), text);
		model_ok(krait_model_ceilings(model, keep_row, &rows, text, sizeof text), text);
		rows.n = 0;
		model_ok(krait_model_profile_end(model, keep_row, &rows, text, sizeof text), text);
	}
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_int_eq(meanwhile.status, KRAIT_OK);
	ck_assert_mem_eq(alone.tokens, meanwhile.tokens, sizeof alone.tokens);
	krait_session_free(alone.session);
	krait_session_free(meanwhile.session);
	krait_model_free(model);
}
END_TEST

/* ---- waiting ------------------------------------------------------------------------------------ */

START_TEST(waiting_brings_a_snapshot_to_the_host)
{
	krait_model *model = open_case(1, "exact");
	krait_session *session = kit_session(model);
	krait_token tokens[N];
	krait_state *state;
	char text[TEXT];

	kit_tokens(tokens, N, 5);
	kit_ok(session, krait_session_feed(session, tokens, N));
	emu_lazy(1);
	ck_assert_int_eq(krait_session_snapshot(&state, session), KRAIT_OK);
	if (emu_present())
		ck_assert_ptr_null(krait__cuda_mirror_data(state->moment->slot));
	model_ok(krait_model_wait(model, text, sizeof text), text);
	ck_assert_ptr_nonnull(krait__cuda_mirror_data(state->moment->slot));
	emu_lazy(0);
	krait_state_free(state);
	krait_session_free(session);
	krait_model_free(model);
}
END_TEST

/* ---- faults --------------------------------------------------------------------------------------- */

/* All there is to measure, in one go: OK, or the first failure. */
static krait_status measure_all(krait_model *model, struct talk *talk)
{
	struct rows rows = { .n = 0 };
	char text[TEXT] = "";
	krait_status status = krait_model_ceilings(model, keep_row, &rows, text, sizeof text), ended;

	if (status == KRAIT_OK)
		status = krait_model_profile_begin(model, text, sizeof text);
	ck_assert_msg(status == KRAIT_OK || text[0], "%s without a text", krait_status_name(status));
	if (status != KRAIT_OK)
		return status;
	status = read_mixed(talk);
	if (status == KRAIT_OK)
		status = draw_both(talk);
	rows.n = 0;
	ended = krait_model_profile_end(model, keep_row, &rows, text, sizeof text);
	ck_assert_msg(ended == KRAIT_OK || text[0], "%s without a text", krait_status_name(ended));
	if (status == KRAIT_OK)
		status = ended;
	return status == KRAIT_OK ? krait_model_wait(model, text, sizeof text) : status;
}

static bool expected(krait_status status)
{
	return status == KRAIT_OK || status == KRAIT_ERROR_MEMORY || status == KRAIT_ERROR_DEVICE || status == KRAIT_ERROR_LOST;
}

/* One failure, and what is left afterwards: a model that works, or one that says that it is lost. */
static void fail_once(uint64_t n, cudaError_t error)
{
	krait_model *model = open_case(1, "fast");
	struct talk talk;
	krait_status status, after;
	size_t alive;

	begin_talk(&talk, model);
	emu_fail(NULL, n, error, 0);
	status = measure_all(model, &talk);
	ck_assert_msg(expected(status), "call %llu: %s", (unsigned long long)n, krait_status_name(status));
	emu_fail(NULL, 0, cudaSuccess, 0);
	after = measure_all(model, &talk);
	ck_assert_msg(after == KRAIT_OK || after == KRAIT_ERROR_LOST || (error != cudaErrorMemoryAllocation && expected(after)), "call %llu, then: %s",
		(unsigned long long)n, krait_status_name(after));
	ck_assert_msg(after != KRAIT_ERROR_LOST || status != KRAIT_ERROR_MEMORY, "call %llu was refused, and the device is lost", (unsigned long long)n);
	/* graphs, and plans of products, are kept for the next time; nothing of the measuring is */
	alive = emu_alive();
	if (after == KRAIT_OK) {
		ck_assert_int_eq(measure_all(model, &talk), KRAIT_OK);
		ck_assert_uint_eq(emu_alive(), alive);
	}
	end_talk(&talk);
	krait_model_free(model);
	ck_assert_msg(emu_alive() == 0, "call %llu: %zu things are left", (unsigned long long)n, emu_alive());
	emu_device_reset();
}

START_TEST(each_call_may_fail)
{
	static const cudaError_t errors[] = { cudaErrorMemoryAllocation, cudaErrorIllegalAddress };
	krait_model *model = open_case(1, "fast");
	struct talk talk;
	uint64_t all;

	if (!emu_present()) {
		krait_model_free(model);
		support_skip("a real device does not fail on demand");
	}
	begin_talk(&talk, model);
	emu_fail(NULL, 0, cudaSuccess, 0);
	ck_assert_int_eq(measure_all(model, &talk), KRAIT_OK);
	all = emu_calls();
	end_talk(&talk);
	krait_model_free(model);
	ck_assert_uint_eq(emu_alive(), 0);
	ck_assert_uint_gt(all, 100);
	for (uint64_t n = 1 + (uint64_t)_i; n <= all; n += support_long() ? 1 : all / 8 + 1)
		fail_once(n, errors[_i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("profile");
	TCase *tcase = tcase_create("profile");

	tcase_add_loop_test(tcase, ceilings_are_measured, 0, 2);
	tcase_add_test(tcase, a_processor_says_what_to_do);
	tcase_add_loop_test(tcase, a_profile_adds_up, 0, 4);
	tcase_add_test(tcase, others_go_on_meanwhile);
	tcase_add_test(tcase, waiting_brings_a_snapshot_to_the_host);
	tcase_add_loop_test(tcase, each_call_may_fail, 0, 2);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
