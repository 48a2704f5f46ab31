/* SPDX-License-Identifier: Apache-2.0 */
/* test_hybrid_open.c - opening hybrids from folders as people have them: what is left aside, whose state it is, and
 * files that other programs add. */
#include "krait.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_file(const char *folder, const char *name, size_t *n)
{
	char path[160];

	snprintf(path, sizeof(path), "golden/%s/%s", folder, name);
	return support_read(path, n);
}

/* A copy of a golden case, one file of it changed by the caller. */
static void copy(const char *to, const char *from, const char *name)
{
	size_t n;
	char *data = read_file(from, name, &n);

	support_write(support_join(to, name), data, n);
	free(data);
}

static krait_model *open_it(const char *folder)
{
	krait_model *model;
	krait_status status = krait_model_open(&model, folder, NULL);

	ck_assert_msg(status == KRAIT_OK, "%s", krait_model_error(model));
	return model;
}

/* ---- tensors that are left aside ------------------------------------------------------------------------ */

static uint64_t header_size(const char *data)
{
	uint64_t n;

	memcpy(&n, data, 8);
	return n;
}

/* The case's safetensors with one tensor more, of one number. */
static void add_tensor(const char *to, const char *from, const char *name)
{
	size_t n, n_more;
	char *data = read_file(from, "model.safetensors", &n), more[200], *out;
	uint64_t header = header_size(data), longer, at = n - 8 - header;

	n_more = (size_t)snprintf(more, sizeof(more),
		"\"%s\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[%llu,%llu]},", name,
		(unsigned long long)at, (unsigned long long)at + 4);
	out = calloc(n + n_more + 4, 1);
	longer = header + n_more;
	memcpy(out, &longer, 8);
	out[8] = '{';
	memcpy(out + 9, more, n_more);
	memcpy(out + 9 + n_more, data + 9, n - 9);
	support_write(support_join(to, "model.safetensors"), out, n + n_more + 4);
	free(out);
	free(data);
}

START_TEST(heads_for_several_tokens_are_left_aside)
{
	const char *folder = support_folder();
	krait_model *model, *plain = open_it(support_path("golden/nemotron-h-bf16"));

	copy(folder, "nemotron-h-bf16", "config.json");
	add_tensor(folder, "nemotron-h-bf16", "mtp.layers.0.enorm.weight");
	model = open_it(folder);
	ck_assert_msg(strstr(krait_model_note(model), "1 tensors 'mtp.*'"), "%s", krait_model_note(model));
	ck_assert_str_eq(krait_model_fingerprint(model), krait_model_fingerprint(plain));
	krait_model_free(model);
	krait_model_free(plain);
	add_tensor(folder, "nemotron-h-bf16", "backbone.layers.0.mixer.surprise");
	ck_assert_int_eq(krait_model_open(&model, folder, NULL), KRAIT_ERROR_FORMAT);
	ck_assert_msg(strstr(krait_model_error(model), "surprise"), "%s", krait_model_error(model));
	krait_model_free(model);
}
END_TEST

/* The case's safetensors with the first number of a tensor of bfloat16 made none. */
static void break_tensor(const char *to, const char *from, const char *name)
{
	size_t n;
	char *data = read_file(from, "model.safetensors", &n), *copy = calloc(n + 1, 1), *at;
	unsigned long long first;

	memcpy(copy, data, n);
	memset(copy, ' ', 8);           /* its zeros would end the text */
	at = strstr(copy, name);
	ck_assert_msg(at != NULL, "%s", name);
	at = strstr(at, "data_offsets");
	ck_assert(at && sscanf(at + strcspn(at, "["), "[%llu", &first) == 1);
	memcpy(data + 8 + header_size(data) + first, "\xc0\x7f", 2);
	support_write(support_join(to, "model.safetensors"), data, n);
	free(copy);
	free(data);
}

START_TEST(a_router_of_no_numbers_is_refused)
{
	const char *folder = support_folder(), *name = "model.layers.3.feed_forward.router.weight";
	krait_options *options;
	krait_model *model;

	copy(folder, "jamba-bf16", "config.json");
	break_tensor(folder, "jamba-bf16", name);
	ck_assert_int_eq(krait_model_open(&model, folder, NULL), KRAIT_ERROR_FORMAT);
	ck_assert_msg(strstr(krait_model_error(model), name) && strstr(krait_model_error(model), "element 0"), "%s",
		krait_model_error(model));
	krait_model_free(model);
	/* who only looks at sizes reads no weights */
	ck_assert_int_eq(krait_options_new(&options), KRAIT_OK);
	ck_assert_int_eq(krait_options_set_int(options, KRAIT_OPTION_INSPECT, 1), KRAIT_OK);
	ck_assert_int_eq(krait_model_open(&model, folder, options), KRAIT_OK);
	krait_model_free(model);
	krait_options_free(options);
}
END_TEST

/* ---- what changes arithmetic is in the fingerprint --------------------------------------------------------- */

/* Fields whose value changes no tensor, and another value. */
static const struct { const char *name, *from, *to; } changes[] = {
	{ "falcon-h1-bf16", "\"key_multiplier\": ", "1.5" },
	{ "falcon-h1-bf16", "\"lm_head_multiplier\": ", "0.25" },
	{ "falcon-h1-bf16", "\"embedding_multiplier\": ", "2.5" },
	{ "falcon-h1-bf16", "\"rope_theta\": ", "10000.0" },
	{ "granite-hybrid-dense-bf16", "\"attention_multiplier\": ", "0.5" },
	{ "granite-hybrid-dense-bf16", "\"residual_multiplier\": ", "0.5" },
	{ "jamba-bf16", "\"rms_norm_eps\": ", "0.001" },
	{ "jamba-bf16", "\"num_experts_per_tok\": ", "3" },
};

static void change(const char *folder, const char *name, const char *field, const char *value)
{
	size_t n, n_before;
	char *config = read_file(name, "config.json", &n), *at = strstr(config, field), *end, *out = calloc(n + 64, 1);

	ck_assert_msg(at != NULL, "%s has no %s", name, field);
	at += strlen(field);
	end = at + strcspn(at, ",\n}");
	n_before = (size_t)(at - config);
	snprintf(out, n + 64, "%.*s%s%s", (int)n_before, config, value, end);
	support_write(support_join(folder, "config.json"), out, strlen(out));
	free(out);
	free(config);
}

START_TEST(arithmetic_is_in_the_fingerprint)
{
	char path[80];
	const char *folder = support_folder();
	krait_model *own, *other;
	krait_session *session, *foreign;
	krait_state *state;
	krait_token tokens[] = { 1, 2, 3 };

	snprintf(path, sizeof(path), "golden/%s", changes[_i].name);
	own = open_it(support_path(path));
	copy(folder, changes[_i].name, "model.safetensors");
	change(folder, changes[_i].name, changes[_i].from, changes[_i].to);
	other = open_it(folder);
	ck_assert_str_ne(krait_model_fingerprint(own), krait_model_fingerprint(other));
	ck_assert_int_eq(krait_session_new(&session, own), KRAIT_OK);
	ck_assert_int_eq(krait_session_new(&foreign, other), KRAIT_OK);
	ck_assert_int_eq(krait_session_feed(session, tokens, 3), KRAIT_OK);
	ck_assert_int_eq(krait_session_snapshot(&state, session), KRAIT_OK);
	ck_assert_int_eq(krait_session_restore(foreign, state), KRAIT_ERROR_MISMATCH);
	ck_assert_int_eq(krait_session_restore(session, state), KRAIT_OK);
	krait_state_free(state);
	krait_session_free(session);
	krait_session_free(foreign);
	krait_model_free(own);
	krait_model_free(other);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("opening hybrids");
	TCase *tests = tcase_create("opening hybrids");

	tcase_add_test(tests, heads_for_several_tokens_are_left_aside);
	tcase_add_test(tests, a_router_of_no_numbers_is_refused);
	tcase_add_loop_test(tests, arithmetic_is_in_the_fingerprint, 0, (int)(sizeof(changes) / sizeof(*changes)));
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
