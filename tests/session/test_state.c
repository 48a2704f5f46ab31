/* SPDX-License-Identifier: Apache-2.0 */
/* test_state.c - the written form of a state: whatever is done to it, it is read whole or
 * refused, and the session stays as it was. */
#include "krait.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

static krait_model *model;

static void open_tiny(void)
{
	ck_assert_msg(krait_model_open(&model, support_path("golden/mamba1-bin-f16"), NULL) == KRAIT_OK, "%s", krait_model_error(model));
}

static void close_tiny(void)
{
	krait_model_free(model);
}

static krait_session *fed_session(void)
{
	static const krait_token tokens[] = { 3, 1, 4, 1, 5, 9, 2, 6 };
	krait_session *session;

	ck_assert_int_eq(krait_session_new(&session, model), KRAIT_OK);
	ck_assert_int_eq(krait_session_set_bias(session, 7, -1.5f), KRAIT_OK);
	ck_assert_int_eq(krait_session_add_stop(session, 11), KRAIT_OK);
	ck_assert_int_eq(krait_session_add_stop_text(session, "stop here", 9), KRAIT_OK);
	ck_assert_int_eq(krait_session_set_note(session, "a\0note", 6), KRAIT_OK);
	ck_assert_int_eq(krait_session_feed(session, tokens, 8), KRAIT_OK);
	return session;
}

static unsigned char *written(size_t *n)
{
	krait_session *session = fed_session();
	krait_state *state;
	unsigned char *data;

	ck_assert_int_eq(krait_session_snapshot(&state, session), KRAIT_OK);
	*n = krait_state_size(state);
	data = malloc(*n);
	ck_assert_int_eq(krait_state_write(state, data, *n - 1), KRAIT_ERROR_SPACE);
	ck_assert_int_eq(krait_state_write(state, data, *n), KRAIT_OK);
	krait_state_free(state);
	krait_session_free(session);
	return data;
}

static void check_refused(const unsigned char *data, size_t n)
{
	krait_state *state;
	krait_status status = krait_state_read(&state, model, data, n);

	ck_assert_int_lt(status, 0);
	ck_assert_int_ne(krait_state_error(state)[0], 0);
	krait_state_free(state);
}

START_TEST(round_trip)
{
	size_t n, n_note;
	unsigned char *data = written(&n), *again = malloc(n);
	char note[8];
	krait_state *state;
	krait_session *session, *plain = fed_session();
	float x[256], y[256];

	ck_assert_msg(krait_state_read(&state, model, data, n) == KRAIT_OK, "%s", krait_state_error(state));
	ck_assert_uint_eq(krait_state_position(state), 8);
	ck_assert_uint_eq(krait_state_size(state), n);
	ck_assert_int_eq(krait_state_write(state, again, n), KRAIT_OK);
	ck_assert_mem_eq(data, again, n);
	ck_assert_int_eq(krait_state_note(state, note, sizeof(note), &n_note), KRAIT_OK);
	ck_assert_uint_eq(n_note, 6);
	ck_assert_mem_eq(note, "a\0note", 6);
	ck_assert_int_eq(krait_session_new(&session, model), KRAIT_OK);
	ck_assert_int_eq(krait_session_restore(session, state), KRAIT_OK);
	ck_assert_int_eq(krait_session_logits(session, x, krait_model_vocab_size(model)), KRAIT_OK);
	ck_assert_int_eq(krait_session_logits(plain, y, krait_model_vocab_size(model)), KRAIT_OK);
	ck_assert_mem_eq(x, y, krait_model_vocab_size(model) * sizeof(*x));
	krait_state_free(state);
	krait_session_free(session);
	krait_session_free(plain);
	free(data);
	free(again);
}
END_TEST

START_TEST(every_length)
{
	size_t n;
	unsigned char *data = written(&n);

	for (size_t i = 0; i < n; i += i < 2048 ? 1 : 13)
		check_refused(data, i);
	data = realloc(data, n + 1);
	data[n] = 0;
	check_refused(data, n + 1);
	free(data);
}
END_TEST

START_TEST(every_byte)
{
	size_t n;
	unsigned char *data = written(&n);

	for (size_t i = 0; i < n; i += i < 2048 ? 1 : 7) {
		data[i] ^= (unsigned char)(1u << i % 8);
		check_refused(data, n);
		data[i] ^= (unsigned char)(1u << i % 8);
	}
	free(data);
}
END_TEST

START_TEST(another_model)
{
	size_t n;
	unsigned char *data = written(&n);
	krait_model *other;
	krait_state *state;

	ck_assert_int_eq(krait_model_open(&other, support_path("golden/mamba1-hf-bf16"), NULL), KRAIT_OK);
	ck_assert_int_eq(krait_state_read(&state, other, data, n), KRAIT_ERROR_MISMATCH);
	ck_assert_ptr_nonnull(strstr(krait_state_error(state), krait_model_fingerprint(other)));
	ck_assert_ptr_nonnull(strstr(krait_state_error(state), krait_model_fingerprint(model)));
	krait_state_free(state);
	krait_model_free(other);
	free(data);
}
END_TEST

/* The same weights opened again are another handle, but the same model. */
START_TEST(another_handle)
{
	krait_model *other;
	krait_session *session = fed_session(), *there;
	krait_state *state;
	float x[256], y[256];

	ck_assert_int_eq(krait_model_open(&other, support_path("golden/mamba1-bin-f16"), NULL), KRAIT_OK);
	ck_assert_int_eq(krait_session_new(&there, other), KRAIT_OK);
	ck_assert_int_eq(krait_session_snapshot(&state, session), KRAIT_OK);
	ck_assert_int_eq(krait_session_restore(there, state), KRAIT_OK);
	ck_assert_int_eq(krait_session_logits(session, x, krait_model_vocab_size(model)), KRAIT_OK);
	ck_assert_int_eq(krait_session_logits(there, y, krait_model_vocab_size(model)), KRAIT_OK);
	ck_assert_mem_eq(x, y, krait_model_vocab_size(model) * sizeof(*x));
	krait_state_free(state);
	krait_session_free(session);
	krait_session_free(there);
	krait_model_free(other);
}
END_TEST

START_TEST(files)
{
	const char *folder = support_folder();
	char path[600];
	krait_session *session = fed_session();
	krait_state *state, *loaded;

	snprintf(path, sizeof(path), "%s/a.state", folder);
	ck_assert_int_eq(krait_session_snapshot(&state, session), KRAIT_OK);
	ck_assert_int_eq(krait_state_load(&loaded, model, path), KRAIT_ERROR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(krait_state_error(loaded), "a.state"));
	krait_state_free(loaded);
	ck_assert_int_eq(krait_state_save(state, path), KRAIT_OK);
	ck_assert_int_eq(krait_state_save(state, path), KRAIT_OK);
	ck_assert_int_eq(krait_state_load(&loaded, model, path), KRAIT_OK);
	ck_assert_uint_eq(krait_state_position(loaded), 8);
	krait_state_free(loaded);
	ck_assert_int_lt(krait_state_save(state, "/nowhere/at/all.state"), 0);
	ck_assert_ptr_nonnull(strstr(krait_state_error(state), "/nowhere/at/all.state"));
	krait_state_free(state);
	krait_session_free(session);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("state");
	TCase *tests = tcase_create("state");

	tcase_set_timeout(tests, 300);
	tcase_add_checked_fixture(tests, open_tiny, close_tiny);
	tcase_add_test(tests, round_trip);
	tcase_add_test(tests, every_length);
	tcase_add_test(tests, every_byte);
	tcase_add_test(tests, another_model);
	tcase_add_test(tests, another_handle);
	tcase_add_test(tests, files);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
