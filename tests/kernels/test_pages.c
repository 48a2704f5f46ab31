/* SPDX-License-Identifier: Apache-2.0 */
/* test_pages.c - state that grows: copies share its pages until one writes, memory that is missing changes
 * nothing, and all of it is given back. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "support.h"
#include "base/memory.h"
#include "kernels/buffers.h"
#include "kernels/cpu/cpu.h"
#include "kernels/plans.h"

#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define N 300

static const struct engine *const engine = &krait__cpu_engine;
static struct plan plan;
static struct emodel *model;
static krait_token tokens[N];

static void setup(void)
{
	plan_make(&plan, shape_named("side by side"));
	model = open_plan(&plan, "auto", 2);
	for (int i = 0; i < N; i++)
		tokens[i] = (i * 31 + i / 7) % 60;
}

static void teardown(void)
{
	engine->close(model);
	plan_free(&plan);
}

static struct slot *read_on(struct slot *slot, size_t at, size_t n)
{
	struct span span = { .slot = slot, .tokens = tokens + at, .n = n };

	ck_assert_int_eq(engine->forward(model, &span, 1, NULL), KRAIT_OK);
	ck_assert_uint_eq(span.n_done, n);
	return slot;
}

static struct slot *copy_of(const struct slot *slot)
{
	struct slot *copy = new_slot(model);

	ck_assert_int_eq(engine->slot_copy(copy, slot, NULL), KRAIT_OK);
	return copy;
}

static size_t owners(const struct slot *slot, size_t page)
{
	return atomic_load(&slot->pages[page]->owners);
}

START_TEST(copies_share_pages)
{
	struct slot *a = read_on(new_slot(model), 0, 100), *b = copy_of(a), *fresh = read_on(new_slot(model), 0, 100);

	ck_assert_uint_eq(a->n_pages, 2);
	ck_assert_uint_eq(b->n_pages, 2);
	ck_assert(a->pages[0] == b->pages[0] && a->pages[1] == b->pages[1] && owners(a, 0) == 2 && owners(a, 1) == 2);
	read_on(b, 100, 1);
	ck_assert(a->pages[0] == b->pages[0] && owners(a, 0) == 2);
	ck_assert(a->pages[1] != b->pages[1] && owners(a, 1) == 1 && owners(b, 1) == 1);
	check_same_state(&plan, a, fresh);
	read_on(a, 100, 1);
	check_same_state(&plan, a, b);
	engine->slot_free(a);
	ck_assert_uint_eq(owners(b, 0), 1);
	engine->slot_free(b);
	engine->slot_free(fresh);
}
END_TEST

/* A page that is full is shared for good. */
START_TEST(full_pages_stay)
{
	struct slot *a = read_on(new_slot(model), 0, 2 * PAGE_POSITIONS), *b = copy_of(a);

	read_on(b, 0, 70);
	read_on(a, 5, 70);
	ck_assert_uint_eq(a->n_pages, 4);
	ck_assert(a->pages[0] == b->pages[0] && a->pages[1] == b->pages[1] && a->pages[2] != b->pages[2]);
	engine->slot_free(a);
	engine->slot_free(b);
}
END_TEST

/* A tree of copies that go different ways, each as if it had gone alone. */
START_TEST(ways_part)
{
	struct slot *slots[8], *alone;

	for (size_t i = 0; i < 8; i++) {
		slots[i] = i ? copy_of(slots[i - 1]) : new_slot(model);
		read_on(slots[i], 13 * i, 20 + i);
	}
	for (size_t i = 0; i < 8; i++)
		read_on(slots[i], 100 + i, 50);
	for (size_t i = 0; i < 8; i++) {
		alone = new_slot(model);
		for (size_t j = 0; j <= i; j++)
			read_on(alone, 13 * j, 20 + j);
		read_on(alone, 100 + i, 50);
		check_same_state(&plan, slots[i], alone);
		engine->slot_free(alone);
	}
	for (size_t i = 0; i < 8; i++)
		engine->slot_free(slots[i * 5 % 8]);
}
END_TEST

START_TEST(going_back)
{
	struct slot *a = read_on(new_slot(model), 0, 90), *moment = copy_of(a), *b = read_on(new_slot(model), 0, 90);

	read_on(a, 90, 150);
	ck_assert_int_eq(engine->slot_copy(a, moment, NULL), KRAIT_OK);
	ck_assert_uint_eq(a->n_pages, 2);
	ck_assert_int_eq(engine->slot_copy(a, a, NULL), KRAIT_OK);
	read_on(a, 7, 60);
	read_on(b, 7, 60);
	check_same_state(&plan, a, b);
	engine->slot_clear(a, NULL);
	ck_assert_uint_eq(a->n_pages, 0);
	read_on(a, 0, 90);
	check_same_state(&plan, a, moment);
	engine->slot_free(a), engine->slot_free(b), engine->slot_free(moment);
}
END_TEST

static int stop_at_70(void *user, uint64_t done, uint64_t total)
{
	(void)user;
	(void)total;
	model->row_limit = 30;
	return done >= 70;
}

START_TEST(stopped_half_way)
{
	struct slot *a = new_slot(model), *b = new_slot(model);
	struct span span = { .slot = a, .tokens = tokens, .n = 200, .progress = stop_at_70 };

	model->row_limit = 30;
	ck_assert_int_eq(engine->forward(model, &span, 1, NULL), KRAIT_OK);
	ck_assert_int_eq(span.status, KRAIT_CANCELLED);
	ck_assert(span.n_done >= 70 && span.n_done < 200);
	ck_assert_uint_eq(a->n_positions, span.n_done);
	read_on(b, 0, span.n_done);
	check_same_state(&plan, a, b);
	read_on(a, 10, 100);
	read_on(b, 10, 100);
	check_same_state(&plan, a, b);
	engine->slot_free(a), engine->slot_free(b);
}
END_TEST

struct forker {
	pthread_t thread;
	const struct slot *moment;
	size_t at;
	struct slot *slot;
};

static void *fork_often(void *argument)
{
	struct forker *forker = argument;

	for (int i = 0; i < 12; i++) {
		ck_assert_int_eq(engine->slot_copy(forker->slot, forker->moment, NULL), KRAIT_OK);
		read_on(forker->slot, forker->at, 9);
	}
	return NULL;
}

/* One moment, from which many callers go on at once. */
START_TEST(forked_by_many)
{
	struct slot *moment = read_on(new_slot(model), 0, 100);
	struct forker forkers[4];

	for (size_t i = 0; i < 4; i++) {
		forkers[i] = (struct forker){ .moment = moment, .at = 100 + i, .slot = new_slot(model) };
		ck_assert_int_eq(pthread_create(&forkers[i].thread, NULL, fork_often, &forkers[i]), 0);
	}
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_join(forkers[i].thread, NULL), 0);
	for (size_t i = 0; i < 4; i++) {
		struct slot *alone = read_on(read_on(new_slot(model), 0, 100), 100 + i, 9);

		check_same_state(&plan, forkers[i].slot, alone);
		engine->slot_free(alone), engine->slot_free(forkers[i].slot);
	}
	ck_assert(owners(moment, 0) == 1 && owners(moment, 1) == 1);
	engine->slot_free(moment);
}
END_TEST

/* ---- memory ---- */

static long left;               /* allocations that succeed; below 0: all */
static long live;
static size_t taken;

static void *some_resize(void *block, size_t size)
{
	void *out = left == 0 ? NULL : realloc(block, size);

	left -= left > 0;
	live += out && !block;
	return out;
}

static void *some_aligned(size_t alignment, size_t size)
{
	void *out = left == 0 ? NULL : aligned_alloc(alignment, size);

	left -= left > 0;
	live += out != NULL;
	taken += out ? malloc_usable_size(out) : 0;
	return out;
}

static void some_release(void *block)
{
	live -= block != NULL;
	free(block);
}

static const struct krait__allocator some = { some_resize, some_aligned, some_release };

START_TEST(no_memory_for_a_call)
{
	struct krait__allocator usual = krait__allocator;
	struct slot *slots[3] = { read_on(new_slot(model), 0, 50), read_on(new_slot(model), 3, 70) }, *before[3];
	struct span spans[3];
	krait_status status;
	long n = 0;

	slots[2] = copy_of(slots[1]);
	for (int i = 0; i < 3; i++)
		before[i] = copy_of(slots[i]);
	do {
		struct why why = { .status = KRAIT_OK };

		for (int i = 0; i < 3; i++)
			spans[i] = (struct span){ .slot = slots[i], .tokens = tokens + 20, .n = 100 };
		krait__allocator = some;
		left = n++;
		status = engine->forward(model, spans, 3, &why);
		krait__allocator = usual;
		ck_assert_int_eq(why.status, status);
		for (int i = 0; status && i < 3; i++)
			check_same_state(&plan, slots[i], before[i]);
	} while (status == KRAIT_ERROR_MEMORY);
	ck_assert_int_eq(status, KRAIT_OK);
	ck_assert_int_ge(n, 5);
	check_same_state(&plan, slots[1], slots[2]);
	for (int i = 0; i < 3; i++) {
		read_on(before[i], 20, 100);
		check_same_state(&plan, slots[i], before[i]);
		engine->slot_free(slots[i]), engine->slot_free(before[i]);
	}
}
END_TEST

START_TEST(no_memory_for_a_copy)
{
	struct krait__allocator usual = krait__allocator;
	struct slot *a = read_on(new_slot(model), 0, 280), *b = read_on(new_slot(model), 9, 9), *same = copy_of(b);

	krait__allocator = some;
	left = 0;
	ck_assert_int_eq(engine->slot_copy(b, a, NULL), KRAIT_ERROR_MEMORY);
	krait__allocator = usual;
	check_same_state(&plan, b, same);
	engine->slot_free(a), engine->slot_free(b), engine->slot_free(same);
}
END_TEST

START_TEST(all_is_given_back)
{
	struct krait__allocator usual = krait__allocator;
	struct slot *a, *b, *c;

	left = -1;
	live = 0;
	krait__allocator = some;
	a = read_on(new_slot(model), 0, 130), b = copy_of(a), c = new_slot(model);
	read_on(b, 0, 130);
	engine->slot_copy(c, b, NULL);
	engine->slot_clear(b, NULL);
	engine->slot_resize(c, 40, NULL);
	engine->slot_resize(c, 400, NULL);
	engine->slot_free(a), engine->slot_free(b), engine->slot_free(c);
	krait__allocator = usual;
	ck_assert_int_eq(live, 0);
}
END_TEST

START_TEST(a_position_costs_what_was_said)
{
	struct krait__allocator usual = krait__allocator;
	struct engine_config config = { .threads = 2, .instructions = "auto" };
	struct engine_memory memory;
	struct slot *slot = new_slot(model);

	ck_assert_int_eq(engine->estimate(&plan, &config, &memory, NULL), KRAIT_OK);
	left = -1;
	taken = 0;
	krait__allocator = some;
	read_on(slot, 0, 4 * PAGE_POSITIONS);
	krait__allocator = usual;
	ck_assert_msg(taken < 1.02 * 4 * PAGE_POSITIONS * (double)memory.slot_token + 256
		&& taken > 0.98 * 4 * PAGE_POSITIONS * (double)memory.slot_token,
		"%zu taken, %zu a position estimated", taken, (size_t)memory.slot_token);
	engine->slot_free(slot);
}
END_TEST

/* ---- sizes by hand ---- */

static float *exported(const struct slot *slot, uint32_t component)
{
	float *out = malloc(krait__extent(&plan.components[component], slot->n_positions) * sizeof(float));

	ck_assert_ptr_nonnull(out);
	ck_assert_int_eq(engine->slot_export(slot, component, out, NULL), KRAIT_OK);
	return out;
}

static uint32_t first_of_tokens(void)
{
	for (uint32_t i = 0; i < plan.n_components; i++)
		if (plan.components[i].per_token)
			return i;
	ck_abort_msg("nothing is per token");
}

START_TEST(resized)
{
	uint32_t k = first_of_tokens();
	size_t each = krait__extent(&plan.components[k], 1);
	struct slot *slot = read_on(new_slot(model), 0, 100);
	float *before = exported(slot, k), *after;

	ck_assert_int_eq(engine->slot_resize(slot, 40, NULL), KRAIT_OK);
	ck_assert_uint_eq(slot->n_pages, 1);
	ck_assert_int_eq(engine->slot_resize(slot, 200, NULL), KRAIT_OK);
	after = exported(slot, k);
	ck_assert_mem_eq(after, before, 40 * each * sizeof(float));
	for (size_t i = 40 * each; i < 200 * each; i++)
		ck_assert(after[i] == 0);
	free(before), free(after);
	engine->slot_free(slot);
}
END_TEST

/* What is put into a copy does not reach the original, nor does what did not fit. */
START_TEST(imports_stay_apart)
{
	struct krait__allocator usual = krait__allocator;
	uint32_t k = first_of_tokens();
	struct slot *a = read_on(new_slot(model), 0, 100), *b = copy_of(a), *same = read_on(new_slot(model), 0, 100);
	float *content = exported(a, k);

	krait__allocator = some;
	left = 0;
	ck_assert_int_eq(engine->slot_import(b, k, content, NULL), KRAIT_ERROR_MEMORY);
	ck_assert_int_eq(engine->slot_resize(b, 1000, NULL), KRAIT_ERROR_MEMORY);
	krait__allocator = usual;
	check_same_state(&plan, a, b);
	for (size_t i = 0; i < krait__extent(&plan.components[k], 100); i++)
		content[i] = 7;
	ck_assert_int_eq(engine->slot_import(b, k, content, NULL), KRAIT_OK);
	ck_assert_int_eq(engine->slot_resize(b, UINT64_MAX, NULL), KRAIT_ERROR_MEMORY);
	check_same_state(&plan, a, same);
	free(content);
	content = exported(b, k);
	ck_assert(content[0] == 7);
	free(content);
	engine->slot_free(a), engine->slot_free(b), engine->slot_free(same);
}
END_TEST

/* What has no state that grows has no pages either. */
START_TEST(pure_models_have_none)
{
	struct engine_config config = { .threads = 1 };
	struct engine_memory memory;
	struct slot *slot;

	teardown();
	plan_make(&plan, shape_named("mixed"));
	model = open_plan(&plan, "auto", 1);
	slot = read_on(new_slot(model), 0, 60);
	ck_assert_int_eq(engine->estimate(&plan, &config, &memory, NULL), KRAIT_OK);
	ck_assert_uint_eq(memory.slot_token, 0);
	ck_assert(slot->n_pages == 0 && slot->pages == NULL && slot->n_positions == 60);
	ck_assert_int_eq(engine->slot_resize(slot, 5, NULL), KRAIT_OK);
	engine->slot_free(slot);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pages");
	TCase *c = tcase_create("pages");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, copies_share_pages);
	tcase_add_test(c, full_pages_stay);
	tcase_add_test(c, ways_part);
	tcase_add_test(c, going_back);
	tcase_add_test(c, stopped_half_way);
	tcase_add_test(c, forked_by_many);
	tcase_add_test(c, no_memory_for_a_call);
	tcase_add_test(c, no_memory_for_a_copy);
	tcase_add_test(c, all_is_given_back);
	tcase_add_test(c, a_position_costs_what_was_said);
	tcase_add_test(c, resized);
	tcase_add_test(c, imports_stay_apart);
	tcase_add_test(c, pure_models_have_none);
	suite_add_tcase(s, c);
	return support_run(s);
}
