/* SPDX-License-Identifier: Apache-2.0 */
/* test_pages.c - states that grow, where their pages end: whatever way leads to a place, what is generated there is what
 * an undisturbed session generates, to the bit. */
#include "pages.h"

#include <stdlib.h>
#include <string.h>

/* ---- ways to a place -------------------------------------------------------------------------- */

/* All of them have a share in the same last page, and each writes to it. */
START_TEST(test_shared_by_many)
{
	size_t n = pages_borders[_i];
	krait_session *session = pages_fed(n), *forks[3], *target = pages_fed(200);
	krait_state *state = pages_snapshot(session);

	for (int i = 0; i < 3; i++) {
		kit_ok(session, krait_session_fork(&forks[i], session));
		kit_ok(forks[i], krait_session_feed(forks[i], pages_tokens + 300 + 5 * i, 5));
	}
	for (int i = 0; i < 3; i++) {                   /* what one wrote no other has read */
		krait_session *twin = pages_fed(n);

		kit_ok(twin, krait_session_feed(twin, pages_tokens + 300 + 5 * i, 5));
		kit_ok(twin, krait_session_feed(twin, pages_tokens, 1));
		kit_ok(forks[i], krait_session_feed(forks[i], pages_tokens, 1));
		kit_same_position(forks[i], twin);
		krait_session_free(twin);
	}
	pages_says(session, n);
	kit_ok(session, krait_session_rewind(session, PAGES_ANSWER));
	pages_says(session, n);
	kit_ok(target, krait_session_restore(target, state));
	pages_says(target, n);
	kit_ok(target, krait_session_copy(target, forks[1]));
	kit_ok(target, krait_session_rewind(target, 6));
	pages_says(target, n);
	kit_ok(session, krait_session_restore(session, state));
	krait_state_free(state);
	kit_ok(session, krait_session_reset(session));
	kit_ok(session, krait_session_feed_to(session, pages_tokens, n, NULL));
	pages_says(session, n);
	for (int i = 0; i < 3; i++) {
		kit_ok(forks[i], krait_session_rewind(forks[i], 6));
		pages_says(forks[i], n);
		krait_session_free(forks[i]);
	}
	krait_session_free(session);
	krait_session_free(target);
}
END_TEST

/* Written and read again by handles with other threads and other instructions: the bytes are the same each time. */
START_TEST(test_other_handles)
{
	krait_model *threaded = kit_open(kit_kind_case(), &(struct kit_options){ .threads = 3 });
	krait_model *generic = kit_open(kit_kind_case(), &(struct kit_options){ .threads = 1, .instructions = "generic" });
	krait_session *session = pages_fed(pages_borders[_i]), *back = pages_fed(3);
	krait_session *moved = kit_session(threaded), *far = kit_session(generic);
	krait_state *state = pages_snapshot(session), *read, *again;
	size_t n, n_again;
	unsigned char *bytes = pages_written(state, &n), *others;

	ck_assert_uint_eq(n, krait_session_state_size(session));
	ck_assert_int_eq(krait_state_read(&read, threaded, bytes, n), KRAIT_OK);
	kit_ok(moved, krait_session_restore(moved, read));
	kit_ok(far, krait_session_restore(far, read));
	again = pages_snapshot(far);
	others = pages_written(again, &n_again);
	ck_assert_uint_eq(n_again, n);
	ck_assert_mem_eq(others, bytes, n);
	kit_ok(back, krait_session_restore(back, again));
	pages_says(moved, pages_borders[_i]);
	pages_says(back, pages_borders[_i]);
	/* going back behind the place where it was read reads its tokens again */
	kit_ok(moved, krait_session_rewind(moved, PAGES_ANSWER));
	pages_says(moved, pages_borders[_i]);
	free(bytes);
	free(others);
	krait_state_free(state);
	krait_state_free(read);
	krait_state_free(again);
	krait_session_free(session);
	krait_session_free(moved);
	krait_session_free(far);
	krait_session_free(back);
	krait_model_free(threaded);
	krait_model_free(generic);
}
END_TEST

START_TEST(test_divided)
{
	static const size_t parts[] = { 1, 7, 63, 64, 65, 200 };
	krait_session *session = pages_plain(pages_model);
	const size_t all = 300;

	for (size_t at = 0; at < all; at += parts[_i]) {
		size_t n = parts[_i] < all - at ? parts[_i] : all - at;

		kit_ok(session, krait_session_feed(session, pages_tokens + at, n));
	}
	pages_says(session, all);
	krait_session_free(session);
}
END_TEST

/* Sessions of all lengths, some reading and some drawing, in one pass. */
START_TEST(test_mixed_batch)
{
	krait_session *together[N_BORDERS], *alone[N_BORDERS];
	krait_batch *batch;
	krait_token token;

	ck_assert_int_eq(krait_batch_new(&batch, pages_model), KRAIT_OK);
	for (int i = 0; i < N_BORDERS; i++) {
		together[i] = pages_fed(pages_borders[i]);
		alone[i] = pages_fed(pages_borders[i]);
	}
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < N_BORDERS; i++) {
			size_t n = (round + i) % 3 ? 0 : 1 + 30 * (size_t)round;

			ck_assert_int_eq(krait_batch_add(batch, together[i], n ? pages_tokens + 9 * i : NULL, n), KRAIT_OK);
			if (n)
				kit_ok(alone[i], krait_session_feed(alone[i], pages_tokens + 9 * i, n));
			else
				kit_ok(alone[i], krait_session_next(alone[i], &token));
		}
		ck_assert_msg(krait_batch_run(batch) == KRAIT_OK, "%s", krait_batch_error(batch));
		for (int i = 0; i < N_BORDERS; i++)
			kit_same_position(together[i], alone[i]);
	}
	for (int i = 0; i < N_BORDERS; i++) {
		krait_session_free(together[i]);
		krait_session_free(alone[i]);
	}
	krait_batch_free(batch);
}
END_TEST

static void fill(TCase *tcase)
{
	if (!kit_kind_grows())
		return;
	tcase_add_checked_fixture(tcase, pages_open, pages_close);
	tcase_add_loop_test(tcase, test_shared_by_many, 0, N_BORDERS);
	tcase_add_loop_test(tcase, test_other_handles, 0, N_BORDERS);
	tcase_add_loop_test(tcase, test_divided, 0, 6);
	tcase_add_test(tcase, test_mixed_batch);
}

int main(void)
{
	Suite *suite = suite_create("pages");

	kit_each_kind(suite, "pages", 0, fill);
	return support_run(suite);
}
