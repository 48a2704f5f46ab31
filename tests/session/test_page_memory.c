/* SPDX-License-Identifier: Apache-2.0 */
/* test_page_memory.c - what pages of a state that grows cost, that they come back, and that a call for which there are
 * none changes nothing. */
#include "pages.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* ---- what it costs ------------------------------------------------------------------------------ */

static struct { void *block; size_t size; } blocks[4096];       /* those that were taken while it is counted */
static size_t live, last_aligned, refused = SIZE_MAX;           /* aligned blocks of this size are refused: pages */
static struct krait__allocator real;

static void *note(void *block, size_t size)
{
	size_t i = 0;

	while (block && i < 4096 && blocks[i].block)
		i++;
	ck_assert_uint_lt(i, 4096);
	if (block) {
		blocks[i].block = block;
		blocks[i].size = size;
		live += size;
	}
	return block;
}

static void forget(const void *block)
{
	for (size_t i = 0; block && i < 4096; i++)
		if (blocks[i].block == block) {
			live -= blocks[i].size;
			blocks[i].block = NULL;
		}
}

static void *count_resize(void *block, size_t size)
{
	void *out = real.resize(block, size);

	if (out)
		forget(block);
	return note(out, size);
}

static void *count_aligned(size_t alignment, size_t size)
{
	last_aligned = size;
	return size == refused ? NULL : note(real.aligned(alignment, size), size);
}

static void count_release(void *block)
{
	forget(block);
	real.release(block);
}

static void count(void)
{
	if (krait__allocator.resize != count_resize)            /* CK_FORK=no: the test before did */
		real = krait__allocator;
	krait__allocator = (struct krait__allocator){ count_resize, count_aligned, count_release };
	memset(blocks, 0, sizeof(blocks));
	live = 0;
}

/* Bytes of one page: the 65th position takes nothing else that is aligned. */
static size_t page_bytes(void)
{
	krait_session *session = pages_fed(PAGE);

	kit_ok(session, krait_session_set_int(session, KRAIT_REWIND_TOKENS, 0));
	last_aligned = 0;
	kit_ok(session, krait_session_feed(session, pages_tokens, 1));
	krait_session_free(session);
	ck_assert_uint_gt(last_aligned, 1000);
	return last_aligned;
}

static size_t cost_of_fork(size_t n)
{
	krait_session *session = pages_fed(n), *fork;
	size_t before, cost;

	kit_ok(session, krait_session_set_int(session, KRAIT_REWIND_TOKENS, 0));
	before = live;
	kit_ok(session, krait_session_fork(&fork, session));
	cost = live - before;
	krait_session_free(fork);
	ck_assert_uint_eq(live, before);
	krait_session_free(session);
	return cost;
}

/* A fork has its fixed state and a pointer for each page. */
START_TEST(test_fork_costs_pointers)
{
	size_t first, last;

	count();
	ck_assert_uint_gt(page_bytes(), 2000);
	first = cost_of_fork(PAGE);
	last = cost_of_fork(PAGE * 10);
	/* counts of tokens beside it; the table of pointers has room for more */
	ck_assert_uint_le(last, first + 2 * 10 * sizeof(void *) + 2048);
	ck_assert_uint_eq(live, 0);
}
END_TEST

START_TEST(test_pages_come_back)
{
	krait_session *session, *fork;
	size_t page, none, full;

	count();
	page = page_bytes();
	session = pages_plain(pages_model);
	kit_ok(session, krait_session_set_int(session, KRAIT_REWIND_TOKENS, 0));
	none = live;
	kit_ok(session, krait_session_feed(session, pages_tokens, 10 * PAGE));
	full = live;
	ck_assert_uint_ge(full, none + 10 * page);
	kit_ok(session, krait_session_fork(&fork, session));
	kit_ok(session, krait_session_reset(session));
	ck_assert_uint_ge(live, none + 10 * page);      /* they are the fork's */
	krait_session_free(fork);
	ck_assert_uint_le(live, none + 2 * page);
	kit_ok(session, krait_session_feed(session, pages_tokens, PAGE));
	pages_says(session, PAGE);
	krait_session_free(session);
	ck_assert_uint_eq(live, 0);
}
END_TEST

/* ---- where there are no pages --------------------------------------------------------------------- */

typedef krait_status (*call_fn)(krait_session *session);

/* Each call on the session asks for pages and gets none: it says so, nothing has changed, and it works when there is
 * memory again. */
static void fails_and_works(krait_session *session, call_fn call, size_t page)
{
	krait_session *twin;
	uint64_t position = krait_session_position(session);

	kit_ok(session, krait_session_fork(&twin, session));
	refused = page;
	ck_assert_int_eq(call(session), KRAIT_ERROR_MEMORY);
	refused = SIZE_MAX;
	ck_assert_str_ne(krait_session_error(session), "");
	ck_assert_uint_eq(krait_session_position(session), position);
	kit_same_position(session, twin);
	kit_ok(session, call(session));
	kit_ok(twin, call(twin));
	kit_same_position(session, twin);
	krait_session_free(twin);
}

static krait_status feed_long(krait_session *session) { return krait_session_feed(session, pages_tokens, 300); }
static krait_status feed_one(krait_session *session) { return krait_session_feed(session, pages_tokens, 1); }
static krait_status feed_other(krait_session *session) { return krait_session_feed_to(session, pages_tokens + 1, 150,
	NULL); }

static krait_status back(krait_session *session)
{
	return krait_session_rewind(session, krait_session_position(session) > 2 ? 2 : 1);
}

static krait_status draw(krait_session *session)
{
	krait_token token;

	return krait_session_next(session, &token);
}

START_TEST(test_no_pages)
{
	static const call_fn calls[] = { feed_long, feed_one, feed_other, draw, back };
	size_t page, n = pages_borders[_i % N_BORDERS];
	krait_session *session;

	count();
	page = page_bytes();
	session = pages_fed(n);
	kit_ok(session, krait_session_set_int(session, KRAIT_REWIND_TOKENS, 64));
	kit_ok(session, krait_session_feed(session, pages_tokens, 1));
	/* the twin that is compared with has a share in the last page */
	fails_and_works(session, calls[_i / N_BORDERS], page);
	krait_session_free(session);
	ck_assert_uint_eq(live, 0);
}
END_TEST

/* A state for which there is no room is not read. A restore of one of the same handle takes no page at all. */
START_TEST(test_no_pages_for_a_state)
{
	krait_model *other = kit_open(kit_kind_case(), &(struct kit_options){ .threads = 1 });
	krait_session *session = pages_fed(150), *target = pages_fed(5), *foreign;
	krait_state *state = pages_snapshot(session), *read;
	size_t n, page;
	unsigned char *bytes = pages_written(state, &n);

	foreign = pages_plain(other);
	count();
	page = page_bytes();
	refused = page;
	ck_assert_int_eq(krait_state_read(&read, pages_model, bytes, n), KRAIT_ERROR_MEMORY);
	krait_state_free(read);
	ck_assert_int_eq(krait_session_restore(foreign, state), KRAIT_ERROR_MEMORY);
	ck_assert_uint_eq(krait_session_position(foreign), 0);
	refused = SIZE_MAX;
	ck_assert_uint_eq(live, 0);
	kit_ok(foreign, krait_session_restore(foreign, state));
	ck_assert_int_eq(krait_state_read(&read, pages_model, bytes, n), KRAIT_OK);
	kit_ok(target, krait_session_restore(target, read));
	pages_says(target, 150);
	pages_says(foreign, 150);
	krait_state_free(read);
	krait_state_free(state);
	krait_session_free(session);
	krait_session_free(target);
	krait_session_free(foreign);
	krait_model_free(other);
	free(bytes);
}
END_TEST

static void fill(TCase *tcase)
{
	if (!kit_kind_grows())
		return;
	tcase_add_checked_fixture(tcase, pages_open, pages_close);
	tcase_add_test(tcase, test_fork_costs_pointers);
	tcase_add_test(tcase, test_pages_come_back);
	tcase_add_loop_test(tcase, test_no_pages, 0, 5 * N_BORDERS);
	tcase_add_test(tcase, test_no_pages_for_a_state);
}

int main(void)
{
	Suite *suite = suite_create("page_memory");

	kit_each_kind(suite, "page_memory", 0, fill);
	return support_run(suite);
}
