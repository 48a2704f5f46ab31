/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_compose.c - random sequences of public calls on a few sessions, against mirrors that read everything again from
 * position 0. Each seed is one sequence; KRAIT_COMPOSE_TRACE=1 tells which one fails, and at which call.
 */
#include "compose/mirror.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SESSIONS = 3, STATES = 2, CALLS = 25 };

struct scene {
	krait_model *model;
	krait_session *sessions[SESSIONS];
	struct mirror mirrors[SESSIONS];
	int64_t reach[SESSIONS];
	krait_state *states[STATES];
	struct mirror kept[STATES];
	uint64_t random;
};

static krait_model *model;
static void open_model(void)
{
	model = kit_open(kit_kind_case(), &(struct kit_options){ .threads = 1, .tokenizer = support_path("tokenizer/tiny/tokenizer.json") });
}

static void close_model(void) { krait_model_free(model); }

static size_t below(struct scene *scene, size_t n)
{
	scene->random = scene->random * 6364136223846793005u + 1442695040888963407u;
	return (size_t)((scene->random >> 33) % n);
}

static krait_token vocabulary(void)
{
	size_t ids = krait_tokenizer_size(krait_model_tokenizer(model)), rows = krait_model_vocab_size(model);

	return (krait_token)(ids < rows ? ids : rows);
}

static size_t some_tokens(struct scene *scene, krait_token *out, size_t most)
{
	size_t n = below(scene, 4) ? below(scene, 12) : below(scene, most + 1);

	for (size_t i = 0; i < n; i++)
		out[i] = (krait_token)below(scene, (size_t)vocabulary());
	return n;
}

static void begin(struct scene *scene, uint64_t seed)
{
	static const int64_t reaches[] = { 1, 1, 0, 64, 5000 };

	*scene = (struct scene){ .model = model, .random = seed * 0x9e3779b97f4a7c15u + 1 };
	for (int i = 0; i < SESSIONS; i++) {
		struct mirror *mirror = &scene->mirrors[i];

		*mirror = (struct mirror){ .end_token = -1, .temperature = below(scene, 3) ? 0.9 : 0, .frequency = below(scene, 2) ? 0.25 : 0,
			.top_k = below(scene, 2) ? 7 : 0, .max_new = below(scene, 3) ? 0 : 1 + (int64_t)below(scene, 9), .seed = (int64_t)below(scene, 99) };
		for (int k = 0; k < MIRROR_STOPS; k++)
			mirror->stops[k] = below(scene, 3) == 0;
		scene->sessions[i] = mirror_session(mirror, model);
		scene->reach[i] = reaches[below(scene, 5)];
		kit_ok(scene->sessions[i], krait_session_set_int(scene->sessions[i], KRAIT_REWIND_TOKENS, scene->reach[i]));
	}
}

static void end(struct scene *scene)
{
	for (int i = 0; i < SESSIONS; i++)
		krait_session_free(scene->sessions[i]);
	for (int i = 0; i < STATES; i++)
		krait_state_free(scene->states[i]);
}

/* ---- the calls ------------------------------------------------------------------------------------ */

static void feed(struct scene *scene, int i)
{
	krait_token tokens[100];
	float scores[100];
	size_t n = some_tokens(scene, tokens, 100);
	bool scored = below(scene, 3) == 0;
	krait_status status;

	if (scene->mirrors[i].n + n > MIRROR_MOST - 60)
		return;
	if (scored)
		status = krait_session_score(scene->sessions[i], tokens, n, n ? scores : NULL, n);
	else
		status = krait_session_feed(scene->sessions[i], tokens, n);
	kit_ok(scene->sessions[i], status);
	mirror_feed(&scene->mirrors[i], tokens, n);
}

/* Status, token, piece and position of one more token. */
static void check_next(struct mirror *mirror, krait_session *session, krait_status status, krait_token token)
{
	size_t answer = mirror_answer(mirror), before, after, piece = krait_session_piece_size(session);
	char *shown = mirror_shown(mirror, model, &before), *now;
	krait_token wanted;
	bool limited = mirror->max_new && answer >= (size_t)mirror->max_new;

	if (mirror->reason == KRAIT_REASON_LIMIT && !limited)
		mirror->reason = KRAIT_REASON_NONE;
	if (mirror->reason != KRAIT_REASON_NONE || limited) {
		ck_assert_int_eq(status, KRAIT_END);
		ck_assert_int_eq(token, mirror->end_token);
		if (mirror->reason == KRAIT_REASON_NONE)
			mirror->reason = KRAIT_REASON_LIMIT;
		free(shown);
		return;
	}
	wanted = mirror_next(mirror, model);
	if (status == KRAIT_END && token >= 0) {
		ck_assert_int_eq(token, wanted);
		mirror->reason = KRAIT_REASON_STOP;
		mirror->end_token = token;
	} else if (mirror_accept(mirror, model, wanted)) {
		ck_assert_int_eq(status, KRAIT_END);
		ck_assert_int_eq(token, -1);
	} else {
		ck_assert_int_eq(status, KRAIT_OK);
		ck_assert_int_eq(token, wanted);
		now = mirror_shown(mirror, model, &after);
		ck_assert_uint_eq(piece, after - before);
		ck_assert_int_eq(memcmp(krait_session_piece(session), now + before, piece), 0);
		free(now);
	}
	free(shown);
}

static void next(struct scene *scene, int i)
{
	krait_token token;
	krait_status status;

	if (scene->mirrors[i].n == 0) {
		ck_assert_int_eq(krait_session_next(scene->sessions[i], &token), KRAIT_ERROR_ARGUMENT);
		return;
	}
	status = krait_session_next(scene->sessions[i], &token);
	ck_assert_int_ge(status, KRAIT_OK);
	check_next(&scene->mirrors[i], scene->sessions[i], status, token);
}

static void generate(struct scene *scene, int i)
{
	krait_token tokens[8];
	size_t n, k = 0;
	krait_status status;

	if (scene->mirrors[i].n == 0)
		return;
	status = krait_session_generate(scene->sessions[i], tokens, 1 + below(scene, 8), &n);
	ck_assert_int_ge(status, KRAIT_OK);
	for (; k < n; k++) {
		ck_assert_int_eq(mirror_next(&scene->mirrors[i], model), tokens[k]);
		ck_assert(!mirror_accept(&scene->mirrors[i], model, tokens[k]));
	}
	if (status == KRAIT_END) {
		/* asked again, it says how it ended */
		krait_token token;
		int reason = krait_session_end_reason(scene->sessions[i]);

		if (reason == KRAIT_REASON_STOP_TEXT && scene->mirrors[i].reason != reason)
			ck_assert(mirror_accept(&scene->mirrors[i], model, mirror_next(&scene->mirrors[i], model)));
		ck_assert_int_eq(krait_session_next(scene->sessions[i], &token), KRAIT_END);
		scene->mirrors[i].reason = reason;
		scene->mirrors[i].end_token = token;
	}
}

static void rewind_some(struct scene *scene, int i)
{
	struct mirror *mirror = &scene->mirrors[i];
	size_t n = below(scene, 3) ? below(scene, 5) : below(scene, mirror->n + 2);
	krait_status status = krait_session_rewind(scene->sessions[i], n);

	if (n > mirror->n || (scene->reach[i] == 0 && n) || (n && mirror->n - n < mirror->first)) {
		ck_assert_int_eq(status, KRAIT_ERROR_ARGUMENT);
		return;
	}
	kit_ok(scene->sessions[i], status);
	mirror_rewind(mirror, n);
}

/* Who takes over from a session that keeps nothing cannot go back behind that place. */
static struct mirror taken_from(const struct scene *scene, int i)
{
	struct mirror mirror = scene->mirrors[i];

	if (scene->reach[i] == 0)
		mirror.first = mirror.n;
	return mirror;
}

static void fork_or_copy(struct scene *scene, int i)
{
	int to = (i + 1) % SESSIONS;

	if (below(scene, 2)) {
		krait_session_free(scene->sessions[to]);
		kit_ok(scene->sessions[i], krait_session_fork(&scene->sessions[to], scene->sessions[i]));
		scene->reach[to] = scene->reach[i];
	} else {
		kit_ok(scene->sessions[to], krait_session_copy(scene->sessions[to], scene->sessions[i]));
	}
	scene->mirrors[to] = taken_from(scene, i);
}

static void snapshot(struct scene *scene, int i)
{
	size_t at = below(scene, STATES), size;
	unsigned char *bytes;

	krait_state_free(scene->states[at]);
	kit_ok(scene->sessions[i], krait_session_snapshot(&scene->states[at], scene->sessions[i]));
	scene->kept[at] = taken_from(scene, i);
	if (below(scene, 2))
		return;
	size = krait_state_size(scene->states[at]);
	bytes = malloc(size);
	ck_assert_int_eq(krait_state_write(scene->states[at], bytes, size), KRAIT_OK);
	krait_state_free(scene->states[at]);
	ck_assert_int_eq(krait_state_read(&scene->states[at], model, bytes, size), KRAIT_OK);
	free(bytes);
}

/* A session that kept nothing has nothing to go back to, whatever the state knows. */
static void restore(struct scene *scene, int i)
{
	size_t at = below(scene, STATES);

	if (!scene->states[at])
		return;
	kit_ok(scene->sessions[i], krait_session_restore(scene->sessions[i], scene->states[at]));
	scene->mirrors[i] = scene->kept[at];
}

static void feed_to(struct scene *scene, int i)
{
	struct mirror *mirror = &scene->mirrors[i], wanted = *mirror;
	krait_token more[40];
	size_t keep = below(scene, mirror->n + 1), n = some_tokens(scene, more, 40), reused;

	wanted.n = below(scene, 3) ? mirror->n : keep;
	if (wanted.n + n > MIRROR_MOST - 60)
		return;
	memcpy(wanted.tokens + wanted.n, more, n * sizeof(*more));
	wanted.n += n;
	memset(wanted.generated, 0, sizeof(wanted.generated));
	kit_ok(scene->sessions[i], krait_session_feed_to(scene->sessions[i], wanted.tokens, wanted.n, &reused));
	ck_assert_uint_le(reused, wanted.n);
	/* of an answer that is read to its end and no further its generated tokens are a feed's now; what can be gone back to
	 * within it is not told apart, so the mirror begins anew there */
	memcpy(mirror->tokens, wanted.tokens, sizeof(wanted.tokens));
	for (size_t k = 0; k < wanted.n; k++)
		mirror->generated[k] = k < reused && mirror->generated[k];
	mirror->n = wanted.n;
	mirror->first = reused < mirror->first ? reused : mirror->first;
	mirror->reason = KRAIT_REASON_NONE;
	mirror->end_token = -1;
	if (mirror_answer(mirror))
		feed(scene, i);
	if (mirror_answer(mirror)) {
		kit_ok(scene->sessions[i], krait_session_feed(scene->sessions[i], more, 0));
		kit_ok(scene->sessions[i], krait_session_feed(scene->sessions[i], &(krait_token){ 1 }, 1));
		mirror_feed(mirror, &(krait_token){ 1 }, 1);
	}
}

static void batch(struct scene *scene)
{
	krait_batch *batch;
	krait_token tokens[SESSIONS][30];
	float scores[SESSIONS][30];
	size_t n[SESSIONS], index[SESSIONS], at = 0;
	bool logits = below(scene, 2);

	ck_assert_int_eq(krait_batch_new(&batch, model), KRAIT_OK);
	ck_assert_int_eq(krait_batch_set_int(batch, KRAIT_BATCH_KEEP_LOGITS, logits), KRAIT_OK);
	for (int i = 0; i < SESSIONS; i++) {
		index[i] = SIZE_MAX;
		n[i] = below(scene, 2) ? some_tokens(scene, tokens[i], 30) : 0;
		if (scene->mirrors[i].n + n[i] > MIRROR_MOST - 60 || (n[i] == 0 && scene->mirrors[i].n == 0))
			continue;
		if (n[i] && below(scene, 3) == 0)
			ck_assert_int_eq(krait_batch_add_score(batch, scene->sessions[i], tokens[i], n[i], scores[i], 30), KRAIT_OK);
		else
			ck_assert_int_eq(krait_batch_add(batch, scene->sessions[i], tokens[i], n[i]), KRAIT_OK);
		index[i] = at++;
	}
	if (at)
		ck_assert_msg(krait_batch_run(batch) == KRAIT_OK, "%s", krait_batch_error(batch));
	for (int i = 0; i < SESSIONS && at; i++) {
		if (index[i] == SIZE_MAX)
			continue;
		if (n[i])
			mirror_feed(&scene->mirrors[i], tokens[i], n[i]);
		else
			check_next(&scene->mirrors[i], scene->sessions[i], krait_batch_status(batch, index[i]), krait_batch_token(batch, index[i]));
	}
	krait_batch_free(batch);
}

/* Gives what is held back to the piece and goes back to before the answer: the next one knows nothing of the flush. */
static void flush_and_rewind(struct scene *scene, int i)
{
	struct mirror *mirror = &scene->mirrors[i];
	size_t n = mirror_answer(mirror);

	if (n == 0 || scene->reach[i] == 0 || mirror->n - n < mirror->first)
		return;
	kit_ok(scene->sessions[i], krait_session_flush(scene->sessions[i]));
	kit_ok(scene->sessions[i], krait_session_rewind(scene->sessions[i], n));
	mirror_rewind(mirror, n);
}

static void cancel(struct scene *scene, int i)
{
	krait_session *session = scene->sessions[i];
	struct mirror *mirror = &scene->mirrors[i];
	krait_token token = 3;
	krait_status status;

	ck_assert_int_eq(krait_session_cancel(session), KRAIT_OK);
	if (below(scene, 2)) {
		krait_session_cancel_clear(session);
		return;
	}
	status = krait_session_feed(session, &token, 1);
	/* it was meant for the answer that is over, if one is */
	ck_assert_int_eq(status, mirror->reason != KRAIT_REASON_NONE ? KRAIT_OK : KRAIT_CANCELLED);
	if (status == KRAIT_OK)
		mirror_feed(mirror, &token, 1);
}

static void change(struct scene *scene, int i)
{
	krait_session *session = scene->sessions[i];
	struct mirror *mirror = &scene->mirrors[i];

	if (below(scene, 2)) {
		mirror->max_new = (int64_t)below(scene, 12);
		kit_ok(session, krait_session_set_int(session, KRAIT_MAX_NEW_TOKENS, mirror->max_new));
	} else {
		mirror->temperature = below(scene, 2) ? 0 : 1.1;
		kit_ok(session, krait_session_set_float(session, KRAIT_SAMPLE_TEMPERATURE, mirror->temperature));
	}
}

static void reset(struct scene *scene, int i)
{
	kit_ok(scene->sessions[i], krait_session_reset(scene->sessions[i]));
	mirror_rewind(&scene->mirrors[i], scene->mirrors[i].n);
	scene->mirrors[i].reason = KRAIT_REASON_NONE;
	scene->mirrors[i].end_token = -1;
	scene->mirrors[i].first = 0;
}

static void call(struct scene *scene)
{
	static void (*const calls[])(struct scene *scene, int i) = { feed, feed, next, next, next, generate, generate, rewind_some, rewind_some,
		fork_or_copy, snapshot, restore, feed_to, cancel, change, reset, flush_and_rewind };
	size_t which = below(scene, sizeof(calls) / sizeof(*calls) + 2);
	int i = (int)below(scene, SESSIONS);

	if (which >= sizeof(calls) / sizeof(*calls))
		batch(scene);
	else
		calls[which](scene, i);
	for (int k = 0; k < SESSIONS; k++)
		if (k == i || below(scene, 3) == 0)
			mirror_check(&scene->mirrors[k], scene->sessions[k], model);
}

START_TEST(test_sequences)
{
	static struct scene scene;
	int many = support_long() ? 200 : 25;

	for (int k = 0; k < many; k++) {
		unsigned seed = (unsigned)(_i * many + k);

		begin(&scene, seed);
		for (int c = 0; c < CALLS; c++) {
			if (getenv("KRAIT_COMPOSE_TRACE"))
				fprintf(stderr, "# sequence %u, call %d\n", seed, c);
			call(&scene);
		}
		end(&scene);
	}
}
END_TEST

static void fill(TCase *tcase)
{
	tcase_add_checked_fixture(tcase, open_model, close_model);
	tcase_add_loop_test(tcase, test_sequences, 0, kit_too_slow() ? 1 : kit_kind_first() ? 80 : 3);
}

int main(void)
{
	Suite *suite = suite_create("compose");

	kit_each_kind(suite, "compose", 0, fill);
	return support_run(suite);
}
