/* SPDX-License-Identifier: Apache-2.0 */
/* test_sizes.c - what a model of any kind says of itself: how large its states are and will be, and which layers are what. */
#include "kit.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static krait_model *model;
static json_t *info;

static void open_model(void)
{
	model = kit_open(kit_kind_case(), NULL);
	info = json_loads(krait_model_info(model), 0, NULL);
	ck_assert_ptr_nonnull(info);
}

static void close_model(void)
{
	json_decref(info);
	krait_model_free(model);
}

static uint64_t number(const char *key)
{
	ck_assert_msg(json_is_integer(json_object_get(info, key)), "%s", key);
	return (uint64_t)json_integer_value(json_object_get(info, key));
}

/* A session that remembers nothing else has states of exactly the size that was told before. */
START_TEST(test_state_size)
{
	static const size_t lengths[] = { 1, 2, 3, 63, 64, 65, 200 };
	size_t width = krait_model_width(model);
	float *rows = calloc(200 * width, sizeof(*rows));
	krait_session *session = kit_session(model);

	for (size_t i = 0; i < 200 * width; i++)
		rows[i] = (float)(i % 100) / 100;
	kit_ok(session, krait_session_clear_stops(session));
	kit_ok(session, krait_session_set_int(session, KRAIT_REWIND_TOKENS, 0));
	ck_assert_uint_eq(krait_session_state_size(session), krait_model_state_size_at(model, 0));
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		size_t n = lengths[i] - (size_t)krait_session_position(session);

		kit_ok(session, krait_session_feed_embeddings(session, rows, n, width));
		ck_assert_uint_eq(krait_session_state_size(session), krait_model_state_size_at(model, lengths[i]));
	}
	krait_session_free(session);
	free(rows);
}
END_TEST

START_TEST(test_growth)
{
	uint64_t growth = krait_model_state_growth(model), two = krait_model_state_size_at(model, 2), most;

	ck_assert_int_eq(growth > 0, kit_kind_grows());
	ck_assert_uint_eq(krait_model_state_size_at(model, 0), krait_model_state_size(model));
	ck_assert_uint_eq(krait_model_state_size_at(model, 1002) - two, 1000 * growth);
	most = krait_model_state_size_at(model, UINT64_MAX);
	if (growth)
		ck_assert_uint_eq(most, UINT64_MAX);
	else
		ck_assert_uint_eq(most, two);
	ck_assert_uint_eq(number("state_bytes"), krait_model_state_size(model));
	ck_assert_uint_eq(number("state_bytes_per_token"), growth);
	/* in memory lines are filled up */
	ck_assert_uint_ge(number("memory_bytes_per_token"), growth);
	ck_assert_int_eq(number("memory_bytes_per_token") > 0, growth > 0);
}
END_TEST

/* Every layer is in one run, runs are maximal, and each part is told of. */
START_TEST(test_layers)
{
	const json_t *layers = json_object_get(info, "layers"), *parts = json_object_get(info, "parts"), *run, *part, *before = NULL;
	json_int_t next = 0, counted = 0, told = 0;
	const char *kind;
	size_t i, k;

	json_array_foreach(layers, i, run) {
		json_int_t first = json_integer_value(json_object_get(run, "first")), last = json_integer_value(json_object_get(run, "last"));
		const json_t *names = json_object_get(run, "parts");

		ck_assert_int_eq(first, next);
		ck_assert_int_ge(last, first);
		ck_assert(!before || !json_equal(before, names));
		before = names;
		next = last + 1;
		json_array_foreach(names, k, part) {
			ck_assert_ptr_nonnull(json_object_get(parts, json_string_value(part)));
			told += last + 1 - first;
		}
	}
	ck_assert_int_eq(next, (json_int_t)krait_model_n_layers(model));
	json_object_foreach((json_t *)(uintptr_t)parts, kind, part)
		counted += json_integer_value(json_object_get(part, "count"));
	ck_assert_int_eq(counted, told);
	ck_assert_int_eq(json_object_get(parts, "attention") != NULL, kit_kind_grows());
}
END_TEST

/* Of the experts those are counted that a token goes through: all are of one size. */
START_TEST(test_active)
{
	const json_t *moe = json_object_get(json_object_get(info, "parts"), "moe");
	uint64_t all = number("n_parameters"), active = number("n_active_parameters"), width = krait_model_width(model);
	uint64_t n = (uint64_t)json_integer_value(json_object_get(moe, "n_experts")), used = (uint64_t)json_integer_value(json_object_get(moe, "n_used"));
	uint64_t one = width * (uint64_t)json_integer_value(json_object_get(moe, "d_ff"));
	uint64_t places = (uint64_t)json_integer_value(json_object_get(moe, "count"));
	bool gated = strcmp(krait_model_family(model), "nemotron_h") != 0;

	ck_assert_uint_eq(all, krait_model_n_parameters(model));
	ck_assert_uint_eq(all - active, moe ? places * (n - used) * (gated ? 3 : 2) * one : 0);
}
END_TEST

static void fill(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, open_model, close_model);
	tcase_add_test(tcase, test_state_size);
	tcase_add_test(tcase, test_growth);
	tcase_add_test(tcase, test_layers);
	tcase_add_test(tcase, test_active);
}

int main(void)
{
	Suite *suite = suite_create("sizes");

	kit_each_kind(suite, "sizes", 0, fill);
	return support_run(suite);
}
