/* SPDX-License-Identifier: Apache-2.0 */
/* test_engine.c - the engine's table from outside: slots, spans that are stopped, callbacks,
 * the floating-point mode, fork, memory. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "support.h"
#include "base/memory.h"
#include "kernels/buffers.h"
#include "kernels/cpu/cpu.h"
#include "kernels/plans_more.h"

#include <fenv.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define N 60

static const struct engine *const engine = &krait__cpu_engine;
static struct plan plan;
static krait_token tokens[N];

static void setup(void)
{
	plan_make(&plan, shape_named("mixed"));
	for (int i = 0; i < N; i++)
		tokens[i] = i * 31 % (int)plan.vocab;
}

static void teardown(void)
{
	plan_free(&plan);
}

static void feed(struct emodel *model, struct slot *slot, size_t at, size_t n)
{
	struct span span = { .slot = slot, .tokens = tokens + at, .n = n };

	ck_assert_int_eq(engine->forward(model, &span, 1, NULL), KRAIT_OK);
	ck_assert_int_eq(span.status, KRAIT_OK);
	ck_assert_uint_eq(span.n_done, n);
}

/* ---- slots ---- */

START_TEST(a_new_slot_is_zero)
{
	struct emodel *model = open_plan(&plan, "auto", 1);
	struct slot *slot = new_slot(model);
	size_t n;
	float *fresh = slot_content(&plan, slot, &n), *cleared;

	for (size_t i = 0; i < n; i++)
		ck_assert(fresh[i] == 0);
	feed(model, slot, 0, 9);
	engine->slot_clear(slot, NULL);
	cleared = slot_content(&plan, slot, &n);
	ck_assert_mem_eq(cleared, fresh, n * sizeof(float));
	free(fresh);
	free(cleared);
	engine->slot_free(slot);
	engine->slot_free(NULL);
	engine->close(model);
	engine->close(NULL);
}
END_TEST

/* A copy, and a state that went out in canonical form and came back, go on as the original does. */
START_TEST(copies_go_on)
{
	for (size_t i = 0; i < n_shapes + n_more_plans; i++) {
		struct plan each;
		struct emodel *model;
		struct slot *a, *b, *c;
		krait_token few[] = { 1, 5, 2, 9, 9, 3 };
		struct span spans[3];

		if (i < n_shapes)
			plan_make(&each, &shapes[i]);
		else
			more_plan_make(&each, i - n_shapes);
		model = open_plan(&each, "auto", 2);
		a = new_slot(model), b = new_slot(model), c = new_slot(model);
		spans[0] = (struct span){ .slot = a, .tokens = few, .n = 6 };
		engine->forward(model, spans, 1, NULL);
		engine->slot_copy(b, a, NULL);
		ck_assert_int_eq(engine->slot_resize(c, 6, NULL), KRAIT_OK);
		for (uint32_t k = 0; k < each.n_components; k++) {
			float *canonical = calloc(krait__extent(&each.components[k], 6), sizeof(float));

			ck_assert_ptr_nonnull(canonical);
			ck_assert_int_eq(engine->slot_export(a, k, canonical, NULL), KRAIT_OK);
			ck_assert_int_eq(engine->slot_import(c, k, canonical, NULL), KRAIT_OK);
			free(canonical);
		}
		check_same_state(&each, a, b);
		check_same_state(&each, a, c);
		spans[1] = spans[2] = spans[0];
		spans[1].slot = b, spans[2].slot = c;
		engine->forward(model, spans, 3, NULL);
		check_same_state(&each, a, b);
		check_same_state(&each, a, c);
		engine->slot_free(a), engine->slot_free(b), engine->slot_free(c);
		engine->close(model);
		free(each.parts), free(each.tensors), free(each.components);
	}
}
END_TEST

/* The window holds the block's inputs, the newest last: feeding one token more shifts it. */
START_TEST(windows_shift)
{
	struct emodel *model = open_plan(&plan, "auto", 1);
	struct slot *slot = new_slot(model);
	size_t channels = plan.components[0].shape[0], held = plan.components[0].shape[1];
	float *before = malloc(channels * held * sizeof(float)), *after = malloc(channels * held * sizeof(float));

	ck_assert(before && after && held == 3);
	feed(model, slot, 0, 2);
	engine->slot_export(slot, 0, before, NULL);
	ck_assert(before[0] == 0 && before[1] != 0 && before[2] != 0);
	feed(model, slot, 2, 1);
	engine->slot_export(slot, 0, after, NULL);
	for (size_t c = 0; c < channels; c++)
		ck_assert_mem_eq(after + c * held, before + c * held + 1, (held - 1) * sizeof(float));
	free(before);
	free(after);
	engine->slot_free(slot);
	engine->close(model);
}
END_TEST

/* ---- spans ---- */

START_TEST(embeddings_are_tokens)
{
	struct emodel *model = open_plan(&plan, "auto", 2);
	struct slot *a = new_slot(model), *b = new_slot(model);
	const struct tensor *table = &plan.tensors[plan.embedding];
	float *vectors = malloc(N * plan.width * sizeof(float));
	struct span span = { .slot = b, .embeddings = vectors, .n = N };

	ck_assert_ptr_nonnull(vectors);
	for (size_t i = 0; i < N; i++)
		krait__widen(vectors + i * plan.width, (const char *)table->data + (size_t)tokens[i] * plan.width * krait__dtype_size(table->type),
			table->type, plan.width);
	feed(model, a, 0, N);
	ck_assert_int_eq(engine->forward(model, &span, 1, NULL), KRAIT_OK);
	check_same_state(&plan, a, b);
	free(vectors);
	engine->slot_free(a);
	engine->slot_free(b);
	engine->close(model);
}
END_TEST

/* The last rows of those done are kept, whatever the passes were. */
START_TEST(hidden_rows_are_kept)
{
	struct emodel *model = open_plan(&plan, "auto", 2);
	struct slot *slot = new_slot(model);
	size_t width = plan.width;
	float *all = malloc(N * width * sizeof(float)), *some = malloc(N * width * sizeof(float)), *last = malloc(width * sizeof(float));

	ck_assert(all && some && last);
	for (size_t limit = 1; limit < N; limit += 9)
		for (size_t keep = 0; keep < N + 20; keep += 11) {
			size_t kept = keep < N ? keep : N;
			struct span span = { .slot = slot, .tokens = tokens, .n = N, .n_keep = N, .hidden = all };

			engine->slot_clear(slot, NULL);
			engine->forward(model, &span, 1, NULL);
			engine->slot_clear(slot, NULL);
			model->row_limit = limit;
			span.n_keep = keep;
			span.hidden = some;
			engine->forward(model, &span, 1, NULL);
			ck_assert_mem_eq(some, all + (N - kept) * width, kept * width * sizeof(float));
			engine->slot_export(slot, plan.n_components - 1, last, NULL);
			ck_assert_mem_eq(last, all + (N - 1) * width, width * sizeof(float));
		}
	free(all), free(some), free(last);
	engine->slot_free(slot);
	engine->close(model);
}
END_TEST

START_TEST(a_flag_set_before_stops_at_once)
{
	struct emodel *model = open_plan(&plan, "auto", 2);
	struct slot *slots[] = { new_slot(model), new_slot(model), new_slot(model) };
	atomic_int cancel;
	struct span spans[2] = { { .slot = slots[0], .tokens = tokens, .n = 8, .cancel = &cancel, .n_done = 77 }, { .slot = slots[1], .tokens = tokens, .n = 8 } };

	atomic_init(&cancel, 1);
	ck_assert_int_eq(engine->forward(model, spans, 2, NULL), KRAIT_OK);
	ck_assert_int_eq(spans[0].status, KRAIT_CANCELLED);
	ck_assert_uint_eq(spans[0].n_done, 0);
	ck_assert_int_eq(spans[1].status, KRAIT_OK);
	ck_assert_uint_eq(spans[1].n_done, 8);
	ck_assert_int_eq(atomic_load(&cancel), 1);
	check_same_state(&plan, slots[0], slots[2]);
	for (int i = 0; i < 3; i++)
		engine->slot_free(slots[i]);
	engine->close(model);
}
END_TEST

struct progress {
	struct emodel *model;
	struct slot *other;
	uint64_t stop_at, calls, last;
	size_t rows;                    /* of the next pass; 0: as the engine likes */
	atomic_int *flag;
};

static int count_progress(void *user, uint64_t done, uint64_t total)
{
	struct progress *p = user;

	ck_assert_uint_eq(total, N);
	ck_assert_uint_gt(done, p->last);
	p->last = done;
	p->calls++;
	if (p->other)
		feed(p->model, p->other, 0, 3);
	if (p->rows)
		p->model->row_limit = p->rows;
	if (p->flag && p->stop_at && done >= p->stop_at)
		atomic_store(p->flag, 1);
	return !p->flag && p->stop_at && done >= p->stop_at;
}

/* Stopped in the middle, by the callback or by the flag: what is in equals a shorter span. */
START_TEST(stopped_in_the_middle)
{
	struct emodel *model = open_plan(&plan, "auto", 2);
	struct slot *a = new_slot(model), *b = new_slot(model);
	atomic_int flag;
	struct progress progress = { .model = model, .stop_at = 25, .rows = 10, .flag = _i ? &flag : NULL };
	float *hidden = malloc(N * plan.width * sizeof(float)), *want = malloc(N * plan.width * sizeof(float));
	struct span span = { .slot = a, .tokens = tokens, .n = N, .n_keep = N, .hidden = hidden, .progress = count_progress, .user = &progress, .cancel = &flag };

	ck_assert(hidden && want);
	atomic_init(&flag, 0);
	model->row_limit = 10;
	ck_assert_int_eq(engine->forward(model, &span, 1, NULL), KRAIT_OK);
	ck_assert_int_eq(span.status, KRAIT_CANCELLED);
	ck_assert(span.n_done >= 25 && span.n_done < N);
	ck_assert_uint_eq(progress.last, span.n_done);
	feed(model, b, 0, span.n_done);
	check_same_state(&plan, a, b);
	engine->slot_clear(b, NULL);
	span = (struct span){ .slot = b, .tokens = tokens, .n = span.n_done, .n_keep = N, .hidden = want };
	ck_assert_int_eq(engine->forward(model, &span, 1, NULL), KRAIT_OK);
	ck_assert_mem_eq(hidden, want, span.n * plan.width * sizeof(float));
	free(hidden), free(want);
	engine->slot_free(a), engine->slot_free(b);
	engine->close(model);
}
END_TEST

/* A callback may use the same model for another sequence; at the end it hears that all is done. */
START_TEST(callbacks_may_call)
{
	struct emodel *model = open_plan(&plan, "auto", 2);
	struct slot *a = new_slot(model), *b = new_slot(model);
	struct progress progress = { .model = model, .other = b };
	struct span span = { .slot = a, .tokens = tokens, .n = N, .progress = count_progress, .user = &progress };

	model->row_limit = 4;
	ck_assert_int_eq(engine->forward(model, &span, 1, NULL), KRAIT_OK);
	ck_assert_uint_eq(progress.last, N);
	ck_assert_uint_ge(progress.calls, 2);
	feed(model, b, 0, N);
	engine->slot_clear(b, NULL);
	feed(model, b, 0, N);
	check_same_state(&plan, a, b);
	engine->slot_free(a), engine->slot_free(b);
	engine->close(model);
}
END_TEST

START_TEST(nothing_to_do)
{
	struct emodel *model = open_plan(&plan, "auto", 2);
	struct slot *slot = new_slot(model), *other = new_slot(model);
	struct span span = { .slot = slot, .tokens = tokens, .n = 0, .status = 9 };

	ck_assert_int_eq(engine->forward(model, &span, 1, NULL), KRAIT_OK);
	ck_assert_int_eq(span.status, KRAIT_OK);
	ck_assert_int_eq(engine->forward(model, NULL, 0, NULL), KRAIT_OK);
	ck_assert_int_eq(engine->logits(model, NULL, NULL, 0, NULL, NULL), KRAIT_OK);
	check_same_state(&plan, slot, other);
	engine->slot_free(slot), engine->slot_free(other);
	engine->close(model);
}
END_TEST

/* ---- logits ---- */

/* From the slot or from a vector; more at a time than a pass has rows. */
START_TEST(many_logits)
{
	enum { MANY = 2 * MAX_ROWS + 3 };
	struct emodel *model = open_plan(&plan, "auto", 2);
	struct slot *slot = new_slot(model), *slots[MANY];
	size_t vocab = plan.vocab;
	float *all = malloc(MANY * vocab * sizeof(float)), *one = malloc(vocab * sizeof(float)), *at[MANY], *vector = malloc(plan.width * sizeof(float));
	const float *hidden[MANY];

	ck_assert(all && one && vector);
	feed(model, slot, 0, 5);
	engine->slot_export(slot, plan.n_components - 1, vector, NULL);
	for (int i = 0; i < MANY; i++) {
		slots[i] = slot;
		hidden[i] = i % 2 ? vector : NULL;
		at[i] = all + (size_t)i * vocab;
	}
	ck_assert_int_eq(engine->logits(model, slots, NULL, 1, &one, NULL), KRAIT_OK);
	ck_assert_int_eq(engine->logits(model, slots, hidden, MANY, at, NULL), KRAIT_OK);
	for (int i = 0; i < MANY; i++)
		ck_assert_mem_eq(at[i], one, vocab * sizeof(float));
	free(all), free(one), free(vector);
	engine->slot_free(slot);
	engine->close(model);
}
END_TEST

/* ---- the host's process ---- */

static struct slot *read_all(struct emodel *model)
{
	struct slot *slot = new_slot(model);

	feed(model, slot, 0, N);
	return slot;
}

/* Whatever rounding the host has set, the numbers are the same and the host's mode comes back. */
START_TEST(float_mode_is_put_back)
{
	struct emodel *model = open_plan(&plan, "auto", 2);
	struct slot *a = read_all(model), *b;
	float *logits = malloc(plan.vocab * sizeof(float)), *again = malloc(plan.vocab * sizeof(float));
	volatile float tiny = 1e-38f;
	int rounding;

	ck_assert(logits && again);
	engine->logits(model, &a, NULL, 1, &logits, NULL);
	fesetround(FE_UPWARD);
	b = read_all(model);
	engine->logits(model, &b, NULL, 1, &again, NULL);
	rounding = fegetround();
	fesetround(FE_TONEAREST);
	ck_assert_int_eq(rounding, FE_UPWARD);
	ck_assert_msg(tiny / 16 > 0, "denormal numbers are flushed after a call");
	check_same_state(&plan, a, b);
	ck_assert_mem_eq(logits, again, plan.vocab * sizeof(float));
	free(logits), free(again);
	engine->slot_free(a), engine->slot_free(b);
	engine->close(model);
}
END_TEST

START_TEST(a_child_can_close)
{
	struct emodel *model = open_plan(&plan, "auto", 3);
	struct slot *slot = read_all(model);
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		struct span span = { .slot = slot, .tokens = tokens, .n = 1 };
		struct why why = { .status = KRAIT_OK };
		bool right = engine->forward(model, &span, 1, &why) == KRAIT_ERROR_FORKED && why.status == KRAIT_ERROR_FORKED &&
			engine->logits(model, &slot, NULL, 1, NULL, &why) == KRAIT_ERROR_FORKED;

		alarm(20);
		engine->slot_free(slot);
		engine->close(model);
		_exit(right ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	feed(model, slot, 0, 4);
	engine->slot_free(slot);
	engine->close(model);
}
END_TEST

struct caller {
	pthread_t thread;
	struct emodel *model;
	struct slot *slot;
	bool prompt;
};

static void *call(void *argument)
{
	struct caller *caller = argument;
	float *logits = malloc(plan.vocab * sizeof(float));

	ck_assert_ptr_nonnull(logits);
	for (int i = 0; i < N; i += caller->prompt ? N / 2 : 1) {
		feed(caller->model, caller->slot, (size_t)i, caller->prompt ? N / 2 : 1);
		engine->logits(caller->model, &caller->slot, NULL, 1, &logits, NULL);
	}
	free(logits);
	return NULL;
}

START_TEST(many_callers)
{
	struct emodel *model = open_plan(&plan, "auto", 3);
	struct slot *alone = read_all(model);
	struct caller callers[6];

	for (int i = 0; i < 6; i++) {
		callers[i] = (struct caller){ .model = model, .slot = new_slot(model), .prompt = i % 2 };
		ck_assert_int_eq(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
	}
	for (int i = 0; i < 6; i++) {
		pthread_join(callers[i].thread, NULL);
		check_same_state(&plan, callers[i].slot, alone);
		engine->slot_free(callers[i].slot);
	}
	engine->slot_free(alone);
	engine->close(model);
}
END_TEST

/* ---- opening ---- */

static size_t taken;

static void *counting_resize(void *block, size_t size)
{
	void *out = realloc(block, size);

	taken += out && !block ? malloc_usable_size(out) : 0;
	return out;
}

static void *counting_aligned(size_t alignment, size_t size)
{
	void *out = aligned_alloc(alignment, size);

	taken += out ? malloc_usable_size(out) : 0;
	return out;
}

START_TEST(estimates_are_right)
{
	struct krait__allocator usual = krait__allocator;
	struct engine_config config = { .threads = 2, .instructions = "auto" };
	struct engine_memory memory;
	struct emodel *model;
	struct slot *slot;

	ck_assert_int_eq(engine->estimate(&plan, &config, &memory, NULL), KRAIT_OK);
	krait__allocator.resize = counting_resize;
	krait__allocator.aligned = counting_aligned;
	model = open_plan(&plan, "auto", 2);
	ck_assert_msg(taken < 1.02 * (double)(memory.weights + memory.scratch) + 4096 && taken > 0.98 * (double)(memory.weights + memory.scratch),
		"%zu taken, %zu estimated", taken, (size_t)(memory.weights + memory.scratch));
	taken = 0;
	slot = new_slot(model);
	ck_assert_msg(taken < 1.02 * (double)memory.slot + 256 && taken > 0.98 * (double)memory.slot, "%zu taken, %zu estimated", taken, (size_t)memory.slot);
	krait__allocator = usual;
	engine->slot_free(slot);
	engine->close(model);
}
END_TEST

static long left;

static void *failing_resize(void *block, size_t size)
{
	return left-- == 0 ? NULL : realloc(block, size);
}

static void *failing_aligned(size_t alignment, size_t size)
{
	return left-- == 0 ? NULL : aligned_alloc(alignment, size);
}

START_TEST(no_memory)
{
	struct krait__allocator usual = krait__allocator;
	struct engine_config config = { .threads = 2 };
	struct emodel *model = NULL;
	struct slot *slot = NULL;
	long n;

	for (n = 0;; n++) {
		krait_status opened, made = KRAIT_OK;

		krait__allocator.resize = failing_resize;
		krait__allocator.aligned = failing_aligned;
		left = n;
		opened = engine->open(&model, &plan, &config, NULL);
		if (!opened)
			made = engine->slot_new(&slot, model, NULL);
		krait__allocator = usual;
		if (!opened && !made)
			break;
		ck_assert_int_eq(opened ? opened : made, KRAIT_ERROR_MEMORY);
		ck_assert(opened ? model == NULL : slot == NULL);
		if (!opened)
			engine->close(model);
	}
	ck_assert_int_ge(n, 5);
	engine->slot_free(slot);
	engine->close(model);
}
END_TEST

START_TEST(instructions_by_name)
{
	static const char *const wrong[] = { "avx1024", "AVX2", "generic ", "\x1b[2Javx2", "generic-4", "avx2-",
		"avx2-2", "avx512-41" };
	struct engine_config config = { .threads = 1 };
	struct emodel *model = NULL;
	struct why why;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
		strcpy(config.instructions, wrong[i]);
		ck_assert_int_eq(engine->open(&model, &plan, &config, &why), KRAIT_ERROR_UNSUPPORTED);
		ck_assert_ptr_null(model);
		ck_assert(strstr(why.text, i == 3 ? "\\x1B[2Javx2" : wrong[i]) && strstr(why.text, "generic") && !strchr(why.text, '\x1b'));
	}
	strcpy(config.instructions, "generic");
	ck_assert_int_eq(engine->open(&model, &plan, &config, &why), KRAIT_OK);
	ck_assert_str_eq(engine->about(model), "generic, 1 thread");
	engine->close(model);
	for (size_t i = 0; krait__kernels_at(i)->stream_most; i++) {
		snprintf(config.instructions, sizeof(config.instructions), "%s-4", krait__kernels_at(i)->name);
		ck_assert_int_eq(engine->open(&model, &plan, &config, &why), KRAIT_OK);
		ck_assert(!model->stream && !strncmp(engine->about(model), config.instructions,
			strlen(config.instructions)));
		engine->close(model);
	}
	config = (struct engine_config){ .threads = 2, .precision = PRECISION_FAST };
	ck_assert_int_eq(engine->open(&model, &plan, &config, &why), KRAIT_OK);
	ck_assert(strstr(engine->about(model), ", 2 threads") && strstr(engine->about(model), "exact"));
	engine->close(model);
}
END_TEST

START_TEST(plans_that_cannot_run)
{
	struct engine_config config = { .threads = 1 };
	struct engine_memory memory;
	struct emodel *model = NULL;
	struct part *second = &plan.parts[1];
	struct why why;

	ck_assert_int_eq(second->kind, PART_MAMBA2);
	second->kind = (enum part_kind)77;
	ck_assert_int_eq(engine->open(&model, &plan, &config, &why), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_ptr_null(model);
	ck_assert_int_eq(engine->estimate(&plan, &config, &memory, &why), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_msg(strstr(why.text, "layer 1") && strstr(why.text, "'unknown'"), "%s", why.text);
}
END_TEST

START_TEST(the_device)
{
	struct device device;
	size_t n = 0;

	ck_assert_int_eq(engine->devices(NULL, 0, &n), KRAIT_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(engine->devices(&device, 1, &n), KRAIT_OK);
	ck_assert_str_eq(device.name, "cpu");
	ck_assert(device.about[0] && device.memory >= device.memory_free && device.memory_free > 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("cpu engine");
	TCase *c = tcase_create("cpu engine");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, a_new_slot_is_zero);
	tcase_add_test(c, copies_go_on);
	tcase_add_test(c, windows_shift);
	tcase_add_test(c, embeddings_are_tokens);
	tcase_add_test(c, hidden_rows_are_kept);
	tcase_add_test(c, a_flag_set_before_stops_at_once);
	tcase_add_loop_test(c, stopped_in_the_middle, 0, 2);
	tcase_add_test(c, callbacks_may_call);
	tcase_add_test(c, nothing_to_do);
	tcase_add_test(c, many_logits);
	tcase_add_test(c, float_mode_is_put_back);
	tcase_add_test(c, a_child_can_close);
	tcase_add_test(c, many_callers);
	tcase_add_test(c, estimates_are_right);
	tcase_add_test(c, no_memory);
	tcase_add_test(c, instructions_by_name);
	tcase_add_test(c, plans_that_cannot_run);
	tcase_add_test(c, the_device);
	suite_add_tcase(s, c);
	return support_run(s);
}
