/* SPDX-License-Identifier: Apache-2.0 */
/* test_state.c - snapshots and their written form: everything comes back, every damage is refused,
 * and a refusal leaves the session as it was. */
#include "base/file.h"
#include "kit.h"
#include "model/model.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static krait_model *model, *other;

static void open_models(void)
{
	model = kit_open(kit_kind_case(), NULL);
	other = kit_open(kit_case(kit_kind_first() ? 1 : 4), NULL);
}

static void close_models(void)
{
	krait_model_free(model);
	krait_model_free(other);
}

/* A session with something in every field. */
static krait_session *full_session(krait_model *of)
{
	krait_session *session = kit_session(of);
	krait_token tokens[20];
	size_t n;

	kit_ok(session, krait_session_clear_stops(session));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TEMPERATURE, 1.1));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TOP_P, 0.9));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_MIN_P, 0.001));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TYPICAL_P, 0.99));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_REPETITION_PENALTY, 1.1));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_PRESENCE_PENALTY, 0.2));
	kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_FREQUENCY_PENALTY, 0.1));
	kit_ok(session, krait_session_set_int(session, KRAIT_SAMPLE_TOP_K, 60));
	kit_ok(session, krait_session_set_int(session, KRAIT_SAMPLE_SEED, -77));
	kit_ok(session, krait_session_set_int(session, KRAIT_MAX_NEW_TOKENS, 1000));
	kit_ok(session, krait_session_set_bias(session, 4, -INFINITY));
	kit_ok(session, krait_session_set_bias(session, 9, 0.75f));
	kit_ok(session, krait_session_add_stop(session, 0));
	kit_ok(session, krait_session_add_stop_text(session, "\n\nEnd", 5));
	kit_ok(session, krait_session_set_note(session, "a note\0of the caller's", 22));
	kit_tokens(tokens, 20, 1);
	kit_ok(session, krait_session_feed(session, tokens, 20));
	ck_assert_int_ge(krait_session_generate(session, tokens, 10, &n), 0);
	return session;
}

static void goes_on_alike(krait_session *a, krait_session *b)
{
	krait_token x[40], y[40];
	size_t n = 0, m = 0;
	krait_status first, second;

	kit_same_position(a, b);
	first = krait_session_generate(a, x, 40, &n);
	second = krait_session_generate(b, y, 40, &m);
	ck_assert_int_eq(first, second);
	ck_assert_uint_eq(n, m);
	ck_assert_mem_eq(x, y, n * sizeof(*x));
	kit_same_position(a, b);
}

static unsigned char *written(krait_session *session, size_t *n)
{
	krait_state *state;
	unsigned char *data;

	kit_ok(session, krait_session_snapshot(&state, session));
	*n = krait_state_size(state);
	data = malloc(*n);
	ck_assert_int_eq(krait_state_write(state, data, *n - 1), KRAIT_ERROR_SPACE);
	ck_assert_int_eq(krait_state_write(state, NULL, 0), KRAIT_OK);
	ck_assert_msg(krait_state_write(state, data, *n) == KRAIT_OK, "%s", krait_state_error(state));
	krait_state_free(state);
	return data;
}

START_TEST(test_snapshot)
{
	krait_session *session = full_session(model), *fresh = kit_session(model), *twin;
	krait_state *state;
	krait_token token = 3;

	kit_ok(session, krait_session_fork(&twin, session));
	kit_ok(session, krait_session_snapshot(&state, session));
	ck_assert_uint_eq(krait_state_position(state), krait_session_position(session));
	kit_ok(session, krait_session_feed(session, &token, 1));
	kit_ok(session, krait_session_restore(session, state));
	kit_ok(fresh, krait_session_restore(fresh, state));
	krait_state_free(state);
	goes_on_alike(session, twin);
	krait_session_free(twin);
	kit_ok(fresh, krait_session_fork(&twin, fresh));
	goes_on_alike(fresh, twin);
	kit_same_position(session, fresh);
	krait_session_free(session);
	krait_session_free(fresh);
	krait_session_free(twin);
}
END_TEST

START_TEST(test_written)
{
	krait_session *session = full_session(model), *fresh = kit_session(model);
	krait_state *state;
	size_t n, n_again, n_note;
	unsigned char *data = written(session, &n), *again, *shifted = malloc(n + 1);
	char note[22];
	int64_t value;

	/* an address that is aligned to nothing */
	memcpy(shifted + 1, data, n);
	ck_assert_int_eq(krait_state_read(&state, model, shifted + 1, n), KRAIT_OK);
	ck_assert_uint_eq(krait_state_size(state), n);
	ck_assert_int_eq(krait_state_note(state, NULL, 0, &n_note), KRAIT_OK);
	ck_assert_uint_eq(n_note, 22);
	ck_assert_int_eq(krait_state_note(state, note, 21, &n_note), KRAIT_ERROR_SPACE);
	ck_assert_int_eq(krait_state_note(state, note, 22, &n_note), KRAIT_OK);
	ck_assert_mem_eq(note, "a note\0of the caller's", 22);
	kit_ok(fresh, krait_session_restore(fresh, state));
	krait_state_free(state);
	again = written(fresh, &n_again);
	ck_assert_uint_eq(n, n_again);
	ck_assert_mem_eq(data, again, n);
	kit_ok(fresh, krait_session_get_int(fresh, KRAIT_SAMPLE_SEED, &value));
	ck_assert_int_eq(value, -77);
	goes_on_alike(session, fresh);
	krait_session_free(session);
	krait_session_free(fresh);
	free(data);
	free(again);
	free(shifted);
}
END_TEST

/* Another handle of the same weights, in other files, in another type in memory. */
START_TEST(test_another_handle)
{
	krait_model *wide = kit_open(kit_kind_case(), &(struct kit_options){ .weights = "f32", .instructions = "generic", .threads = 1 });
	krait_session *session = full_session(model), *moved = kit_session(wide);
	krait_state *state;
	float a[512], b[512];

	ck_assert_str_eq(krait_model_fingerprint(wide), krait_model_fingerprint(model));
	kit_ok(session, krait_session_snapshot(&state, session));
	kit_ok(moved, krait_session_restore(moved, state));
	krait_state_free(state);
	kit_ok(session, krait_session_hidden(session, a, 512));
	kit_ok(moved, krait_session_hidden(moved, b, 512));
	ck_assert_mem_eq(a, b, krait_model_width(model) * sizeof(float));
	krait_session_free(session);
	krait_session_free(moved);
	krait_model_free(wide);
}
END_TEST

static void refused(const unsigned char *data, size_t n, krait_status expected)
{
	krait_state *state;
	krait_status status = krait_state_read(&state, model, data, n);

	ck_assert_msg(status < 0 && (expected == 0 || status == expected), "%zu bytes: %s", n, krait_status_name(status));
	ck_assert_str_ne(krait_state_error(state), "");
	krait_state_free(state);
}

START_TEST(test_every_prefix_is_refused)
{
	krait_session *session = full_session(model);
	size_t n;
	unsigned char *data = written(session, &n);

	for (size_t i = 0; i < n; i += i < 2000 ? 1 : 211) {
		unsigned char *cut = malloc(i ? i : 1);         /* of its very size, so that a sanitizer sees a step past it */

		memcpy(cut, data, i);
		refused(cut, i, KRAIT_ERROR_FORMAT);
		free(cut);
	}
	krait_session_free(session);
	free(data);
}
END_TEST

START_TEST(test_every_flipped_byte_is_refused)
{
	krait_session *session = full_session(model);
	size_t n;
	unsigned char *data = written(session, &n);

	for (size_t i = 0; i < n; i += i < 4000 ? 1 : 97) {
		unsigned char bit = (unsigned char)(1u << (i % 8));

		data[i] ^= bit;
		refused(data, n, 0);
		data[i] ^= bit;
	}
	krait_session_free(session);
	free(data);
}
END_TEST

/* docs/state-format.md: 16 bytes at 40 are the checksum, taken while they are zero. */
static void sign(unsigned char *data, size_t n)
{
	XXH128_canonical_t checksum;

	memset(data + 40, 0, 16);
	XXH128_canonicalFromHash(&checksum, XXH3_128bits(data, n));
	memcpy(data + 40, checksum.digest, 16);
}

/* With a right checksum, so that what lies behind it is looked at: no crash, no hang, and what is
 * taken can be restored. */
START_TEST(test_hostile_bytes)
{
	krait_session *session = full_session(model), *target = kit_session(model);
	size_t n;
	unsigned char *data = written(session, &n);

	for (size_t i = 56; i < n; i += i < 3000 ? 1 : 401)
		for (int k = 0; k < 2; k++) {
			unsigned char old = data[i];
			krait_state *state;

			data[i] = k ? 0xff : (unsigned char)(old ^ 1);
			sign(data, n);
			if (krait_state_read(&state, model, data, n) == KRAIT_OK)
				kit_ok(target, krait_session_restore(target, state));
			else
				ck_assert_str_ne(krait_state_error(state), "");
			krait_state_free(state);
			data[i] = old;
		}
	krait_session_free(session);
	krait_session_free(target);
	free(data);
}
END_TEST

START_TEST(test_newer_and_unknown)
{
	krait_session *session = full_session(model);
	krait_state *state;
	size_t n;
	unsigned char *data = written(session, &n), *longer = malloc(n + 32), section[32] = "future";

	data[8] = 2;
	sign(data, n);
	refused(data, n, KRAIT_ERROR_UNSUPPORTED);
	data[8] = 1;
	/* an unknown section at the end: 8 bytes of payload */
	memcpy(longer, data, n);
	section[16] = 8;
	memcpy(longer + n, section, 32);
	longer[12]++;
	longer[16] = (unsigned char)(n + 32);
	longer[17] = (unsigned char)((n + 32) >> 8);
	longer[18] = (unsigned char)((n + 32) >> 16);
	sign(longer, n + 32);
	ck_assert_int_eq(krait_state_read(&state, model, longer, n + 32), KRAIT_OK);
	krait_state_free(state);
	longer[n + 8] = 1;      /* required */
	sign(longer, n + 32);
	refused(longer, n + 32, KRAIT_ERROR_UNSUPPORTED);
	krait_session_free(session);
	free(data);
	free(longer);
}
END_TEST

START_TEST(test_other_model)
{
	krait_session *session = full_session(model), *foreign = full_session(other), *twin;
	krait_state *state;
	size_t n;
	unsigned char *data = written(foreign, &n);

	ck_assert_int_eq(krait_state_read(&state, model, data, n), KRAIT_ERROR_MISMATCH);
	ck_assert_ptr_nonnull(strstr(krait_state_error(state), krait_model_fingerprint(model)));
	ck_assert_ptr_nonnull(strstr(krait_state_error(state), krait_model_fingerprint(other)));
	ck_assert_int_lt(krait_session_restore(session, state), 0);
	krait_state_free(state);
	kit_ok(session, krait_session_fork(&twin, session));
	kit_ok(foreign, krait_session_snapshot(&state, foreign));
	ck_assert_int_eq(krait_session_restore(session, state), KRAIT_ERROR_MISMATCH);
	ck_assert_ptr_nonnull(strstr(krait_session_error(session), krait_model_fingerprint(other)));
	krait_state_free(state);
	goes_on_alike(session, twin);
	krait_session_free(session);
	krait_session_free(twin);
	krait_session_free(foreign);
	free(data);
}
END_TEST

START_TEST(test_file)
{
	const char *path = support_join(support_folder(), "a.state");
	krait_session *session = full_session(model), *fresh = kit_session(model);
	krait_state *state, *loaded;
	size_t n;

	kit_ok(session, krait_session_snapshot(&state, session));
	ck_assert_int_eq(krait_state_save(state, path), KRAIT_OK);
	free(support_read_path(path, &n));
	ck_assert_uint_eq(n, krait_state_size(state));
	ck_assert_int_eq(krait_state_load(&loaded, model, path), KRAIT_OK);
	kit_ok(fresh, krait_session_restore(fresh, loaded));
	krait_state_free(loaded);
	goes_on_alike(session, fresh);
	ck_assert_int_lt(krait_state_save(state, support_join(support_folder(), "none/a.state")), 0);
	ck_assert_str_ne(krait_state_error(state), "");
	ck_assert_int_eq(krait_state_load(&loaded, model, support_join(support_folder(), "none")), KRAIT_ERROR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(krait_state_error(loaded), "none"));
	krait_state_free(loaded);
	krait_state_free(state);
	krait_state_free(NULL);
	krait_session_free(session);
	krait_session_free(fresh);
}
END_TEST

static int full_disk(int fd, const void *data, size_t size)
{
	(void)fd;
	(void)data;
	(void)size;
	errno = ENOSPC;
	return -1;
}

static ssize_t failing_write(int fd, const void *data, size_t size) { return full_disk(fd, data, size); }

START_TEST(test_full_disk)
{
	const char *path = support_join(support_folder(), "b.state");
	krait_session *session = full_session(model);
	krait_state *state, *later;
	struct krait__file_operations real = krait__files;
	size_t n, n_after;
	char *before, *after;
	krait_token token = 1;

	kit_ok(session, krait_session_snapshot(&state, session));
	ck_assert_int_eq(krait_state_save(state, path), KRAIT_OK);
	before = support_read_path(path, &n);
	kit_ok(session, krait_session_feed(session, &token, 1));
	kit_ok(session, krait_session_snapshot(&later, session));
	krait__files.write = failing_write;
	ck_assert_int_eq(krait_state_save(later, path), KRAIT_ERROR_IO);
	krait__files = real;
	ck_assert_ptr_nonnull(strstr(krait_state_error(later), "b.state"));
	after = support_read_path(path, &n_after);
	ck_assert_uint_eq(n, n_after);
	ck_assert_mem_eq(before, after, n);
	ck_assert_int_eq(krait_state_save(later, path), KRAIT_OK);
	free(before);
	free(after);
	krait_state_free(state);
	krait_state_free(later);
	krait_session_free(session);
}
END_TEST

START_TEST(test_empty_session)
{
	krait_session *session = kit_session(model), *target = full_session(model);
	krait_state *state;
	size_t n;
	unsigned char *data = written(session, &n);
	krait_token token;

	ck_assert_uint_le(krait_model_state_size(model), n);
	ck_assert_uint_le(n, krait_model_state_size(model) + 64);
	ck_assert_int_eq(krait_state_read(&state, model, data, n), KRAIT_OK);
	kit_ok(target, krait_session_restore(target, state));
	ck_assert_uint_eq(krait_session_position(target), 0);
	ck_assert_int_eq(krait_session_next(target, &token), KRAIT_ERROR_ARGUMENT);
	krait_state_free(state);
	krait_session_free(session);
	krait_session_free(target);
	free(data);
}
END_TEST

/* A session may go before its state, and the model before both. */
START_TEST(test_lifetimes)
{
	krait_model *own = kit_open(kit_kind_case(), NULL);
	krait_session *session = kit_session(own), *second = kit_session(own);
	krait_token token = 2;
	krait_state *state;

	krait_model_free(own);
	kit_ok(session, krait_session_feed(session, &token, 1));
	kit_ok(session, krait_session_snapshot(&state, session));
	krait_session_free(session);
	kit_ok(second, krait_session_restore(second, state));
	ck_assert_uint_eq(krait_session_position(second), 1);
	krait_session_free(second);
	ck_assert_uint_eq(krait_state_position(state), 1);
	ck_assert_uint_gt(krait_state_size(state), 100);
	krait_state_free(state);
}
END_TEST

static void fill(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, open_models, close_models);
	tcase_add_test(tcase, test_snapshot);
	tcase_add_test(tcase, test_written);
	tcase_add_test(tcase, test_another_handle);
	tcase_add_test(tcase, test_every_prefix_is_refused);
	tcase_add_test(tcase, test_every_flipped_byte_is_refused);
	tcase_add_test(tcase, test_hostile_bytes);
	tcase_add_test(tcase, test_newer_and_unknown);
	tcase_add_test(tcase, test_other_model);
	tcase_add_test(tcase, test_file);
	tcase_add_test(tcase, test_full_disk);
	tcase_add_test(tcase, test_empty_session);
	tcase_add_test(tcase, test_lifetimes);
}

int main(void)
{
	Suite *suite = suite_create("state");

	kit_each_kind(suite, "state", 0, fill);
	return support_run(suite);
}
