/* SPDX-License-Identifier: Apache-2.0 */
/* session.c - any sequence of calls on two sessions, each byte of the input one: beside each session stands
 * the list of the tokens that it has read, and after each call the session is where a new one would be that reads
 * that list at once, to the bit. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#define TOKENS_MOST 400                 /* of a session; a sequence that goes beyond ends */

struct track { krait_token tokens[TOKENS_MOST + 64]; size_t n; };
struct kept { krait_state *state; struct track track; };
struct table {
	const uint8_t *at, *end;
	krait_session *sessions[2];
	struct track tracks[2];
	struct kept kept[2];
	krait_batch *batch;
};

static unsigned take(struct table *t)
{
	return t->at < t->end ? *t->at++ : 0;
}

static krait_session *fresh(void)
{
	krait_session *session;

	if (krait_session_new(&session, fuzz_model()) != KRAIT_OK)
		fuzz_broken("no session: %s", krait_session_error(session));
	return session;
}

#define ROWS 41                         /* KRAIT_KEEP_POSITIONS is below */

/* The last row of the logits that a session has; how many rows there are, KRAIT_KEEP_POSITIONS and the last feed say. */
static const float *last_row(krait_session *session, const char *after)
{
	static float got[ROWS * FUZZ_VOCAB];
	size_t row = ROWS - 1;
	unsigned char untouched[FUZZ_VOCAB * sizeof(float)];

	memset(untouched, 0xff, sizeof(untouched));
	memset(got, 0xff, sizeof(got));
	if (krait_session_logits(session, got, ROWS * FUZZ_VOCAB) != KRAIT_OK)
		fuzz_broken("after %s: no logits: %s", after, krait_session_error(session));
	while (row > 0 && memcmp(got + row * FUZZ_VOCAB, untouched, sizeof(untouched)) == 0)
		row--;
	return got + row * FUZZ_VOCAB;
}

/* The session has its position and its logits from its list of tokens alone. */
static void check(const struct table *t, int which, const char *after)
{
	static float wanted[FUZZ_VOCAB];
	const struct track *track = &t->tracks[which];
	krait_session *shadow;

	if (krait_session_position(t->sessions[which]) != track->n)
		fuzz_broken("after %s: position %llu in place of %zu", after,
			(unsigned long long)krait_session_position(t->sessions[which]), track->n);
	if (!track->n)
		return;
	shadow = fresh();
	if (krait_session_feed(shadow, track->tokens, track->n) != KRAIT_OK || krait_session_logits(shadow, wanted,
		FUZZ_VOCAB) != KRAIT_OK)
		fuzz_broken("after %s: the new session: %s", after, krait_session_error(shadow));
	if (memcmp(wanted, last_row(t->sessions[which], after), sizeof(wanted)) != 0)
		fuzz_broken("after %s: other logits than reading %zu tokens at once gives", after, track->n);
	krait_session_free(shadow);
}

/* The position says how many of these tokens were read. */
static void follow(struct table *t, int which, const krait_token *tokens, size_t n, const char *after)
{
	struct track *track = &t->tracks[which];
	uint64_t position = krait_session_position(t->sessions[which]);

	if (position < track->n || position - track->n > n)
		fuzz_broken("after %s: from %zu to %llu with %zu tokens", after, track->n,
			(unsigned long long)position, n);
	while (track->n < position)
		track->tokens[track->n++] = *tokens++;
}

static krait_session *fork_of(krait_session *session)
{
	krait_session *fork;

	if (krait_session_fork(&fork, session) != KRAIT_OK)
		fuzz_broken("no fork: %s", krait_session_error(session));
	return fork;
}

/* As follow, for tokens that were drawn. The one that completes a stop text is read, but not told: the fork that
 * was made before, without stops, draws it. Frees the fork. */
static void follow_drawn(struct table *t, int which, krait_token *drawn, size_t n, krait_session *fork, const char *after)
{
	krait_token again[17];
	uint64_t position = krait_session_position(t->sessions[which]);
	size_t read = (size_t)(position - t->tracks[which].n), n_again;

	/* A stop text that began in what was held back before: the session stands before that. */
	if (n == 0 && position < t->tracks[which].n && krait_session_end_reason(t->sessions[which]) == KRAIT_REASON_STOP_TEXT) {
		t->tracks[which].n = (size_t)position;
		krait_session_free(fork);
		return;
	}
	if (read == n + 1 && krait_session_end_reason(t->sessions[which]) == KRAIT_REASON_STOP_TEXT) {
		if (krait_session_clear_stops(fork) != KRAIT_OK || krait_session_set_int(fork, KRAIT_MAX_NEW_TOKENS, 0) != KRAIT_OK
			|| krait_session_generate(fork, again, read, &n_again) != KRAIT_OK || memcmp(again, drawn, n * sizeof(*drawn)) != 0)
			fuzz_broken("after %s: a fork without stops draws something else", after);
		drawn = again;
		n++;
	}
	follow(t, which, drawn, n, after);
	krait_session_free(fork);
}

static size_t take_tokens(struct table *t, krait_token *out)
{
	size_t n = 1 + take(t) % 24;

	for (size_t i = 0; i < n; i++)
		out[i] = (krait_token)(take(t) % 256);
	return n;
}

static void feed(struct table *t, int which)
{
	krait_token tokens[24];
	size_t n = take_tokens(t, tokens);
	krait_status status = krait_session_feed(t->sessions[which], tokens, n);

	if (status != KRAIT_OK && status != KRAIT_CANCELLED)
		fuzz_broken("a feed: %s", krait_session_error(t->sessions[which]));
	if (status == KRAIT_OK && krait_session_position(t->sessions[which]) != t->tracks[which].n + n)
		fuzz_broken("a feed did not read all");
	follow(t, which, tokens, n, "a feed");
}

/* A beginning of what it has read, or all of it, an answer included, and other tokens or none behind. */
static void feed_to(struct table *t, int which)
{
	struct track *track = &t->tracks[which], wanted = *track;
	krait_token tokens[24] = { 0 };
	size_t keep = take(t) % 4 ? track->n : take(t) * track->n / 256, n = take(t) % 4 ? take_tokens(t, tokens) : 0, reused = 0;
	krait_status status;

	memcpy(wanted.tokens + keep, tokens, n * sizeof(*tokens));
	wanted.n = keep + n;
	status = krait_session_feed_to(t->sessions[which], wanted.tokens, wanted.n, &reused);
	if (status == KRAIT_OK)
		*track = wanted;
	else if (status != KRAIT_CANCELLED)
		fuzz_broken("a feed to: %s", krait_session_error(t->sessions[which]));
	if (reused > wanted.n)
		fuzz_broken("a feed to: %zu of %zu tokens were there", reused, wanted.n);
}

static void score(struct table *t, int which)
{
	krait_token tokens[24];
	float out[24];
	size_t n = take_tokens(t, tokens);
	krait_status status = krait_session_score(t->sessions[which], tokens, n, out, n);

	if (status != KRAIT_OK && status != KRAIT_CANCELLED && status != KRAIT_ERROR_ARGUMENT)
		fuzz_broken("a score: %s", krait_session_error(t->sessions[which]));
	follow(t, which, tokens, n, "a score");
}

static void generate(struct table *t, int which)
{
	krait_token out[16];
	size_t most = 1 + take(t) % 16, n = 0;
	krait_session *fork = fork_of(t->sessions[which]);
	krait_status status = krait_session_generate(t->sessions[which], out, most, &n);

	if (status < 0 && !(status == KRAIT_ERROR_ARGUMENT && t->tracks[which].n == 0))
		fuzz_broken("generating: %s", krait_session_error(t->sessions[which]));
	if (status == KRAIT_OK && n != most)
		fuzz_broken("%zu tokens in place of %zu", n, most);
	fuzz_check_text("krait_session_error", krait_session_error(t->sessions[which]));
	/* The stop token that ends it is told, and not read. */
	if (status == KRAIT_END && n && krait_session_end_reason(t->sessions[which]) == KRAIT_REASON_STOP)
		n -= krait_session_position(t->sessions[which]) < t->tracks[which].n + n;
	follow_drawn(t, which, out, n, fork, "generating");
}

/* A token that is drawn is the one that a fork draws. */
static void next(struct table *t, int which)
{
	krait_session *fork = fork_of(t->sessions[which]), *spare = fork_of(t->sessions[which]);
	krait_token token = -1, other = -1;
	krait_status status, same;

	status = krait_session_next(t->sessions[which], &token);
	same = krait_session_next(fork, &other);
	if (status != KRAIT_CANCELLED && same != KRAIT_CANCELLED && (status != same || token != other))
		fuzz_broken("a fork draws %d (%d) in place of %d (%d)", other, same, token, status);
	if (status == KRAIT_OK && krait_session_position(t->sessions[which]) != t->tracks[which].n + 1)
		fuzz_broken("one token was drawn and not read");
	follow_drawn(t, which, &token, status == KRAIT_OK, spare, "a token");
	krait_session_free(fork);
}

static void rewind_by(struct table *t, int which)
{
	size_t n = take(t) % 40;
	krait_status status = krait_session_rewind(t->sessions[which], n);

	if (status == KRAIT_OK && n <= t->tracks[which].n)
		t->tracks[which].n -= n;
	else if (status != KRAIT_ERROR_ARGUMENT && status != KRAIT_CANCELLED)
		fuzz_broken("back by %zu of %zu: %d, %s", n, t->tracks[which].n, status,
			krait_session_error(t->sessions[which]));
}

static void fork_to_other(struct table *t, int which)
{
	krait_session *fork = fork_of(t->sessions[which]);

	krait_session_free(t->sessions[!which]);
	t->sessions[!which] = fork;
	t->tracks[!which] = t->tracks[which];
}

static void keep(struct table *t, int which)
{
	struct kept *kept = &t->kept[take(t) % 2];
	krait_state *state;

	if (krait_session_snapshot(&state, t->sessions[which]) != KRAIT_OK)
		fuzz_broken("no snapshot: %s", krait_session_error(t->sessions[which]));
	krait_state_free(kept->state);
	kept->state = state;
	kept->track = t->tracks[which];
	/* Now and then through bytes, as a file would. */
	if (take(t) % 2) {
		size_t n = krait_state_size(state);
		uint8_t *bytes = malloc(n);

		if (krait_state_write(state, bytes, n) != KRAIT_OK || krait_state_read(&kept->state, fuzz_model(),
			bytes, n) != KRAIT_OK)
			fuzz_broken("a state is not written and read: %s", krait_state_error(kept->state));
		krait_state_free(state);
		free(bytes);
	}
}

static void restore(struct table *t, int which)
{
	struct kept *kept = &t->kept[take(t) % 2];
	krait_status status;

	if (!kept->state)
		return;
	status = krait_session_restore(t->sessions[which], kept->state);
	if (status == KRAIT_OK)
		t->tracks[which] = kept->track;
	else if (status != KRAIT_CANCELLED)
		fuzz_broken("a restore: %s", krait_session_error(t->sessions[which]));
}

/* One entry feeds, the other may draw. */
static void batch(struct table *t, int which)
{
	krait_token tokens[24], drawn;
	size_t n = take_tokens(t, tokens);
	bool draw = take(t) % 2;
	krait_session *spare = draw ? fork_of(t->sessions[!which]) : NULL;
	krait_status status;

	if (krait_batch_add(t->batch, t->sessions[which], tokens, n) != KRAIT_OK
		|| krait_batch_add(t->batch, t->sessions[!which], tokens, draw ? 0 : n) != KRAIT_OK)
		fuzz_broken("a batch takes no sessions: %s", krait_batch_error(t->batch));
	status = krait_batch_run(t->batch);
	if (status == KRAIT_OK) {
		follow(t, which, tokens, n, "a batch");
		drawn = krait_batch_token(t->batch, 1);
		if (draw)
			follow_drawn(t, !which, &drawn, krait_batch_status(t->batch, 1) == KRAIT_OK, spare, "a batch");
		else
			follow(t, !which, tokens, n, "a batch");
	} else if (status < 0 && !(status == KRAIT_ERROR_ARGUMENT && draw && t->tracks[!which].n == 0)) {
		fuzz_broken("a batch: %s", krait_batch_error(t->batch));
	}
	if (draw && status != KRAIT_OK)
		krait_session_free(spare);
	krait_batch_clear(t->batch);
}

static void set(struct table *t, int which)
{
	static const struct { int setting; bool whole; } known[] = {
		{ KRAIT_MAX_NEW_TOKENS, true }, { KRAIT_SAMPLE_SEED, true }, { KRAIT_SAMPLE_TOP_K, true },
		{ KRAIT_REWIND_TOKENS, true }, { KRAIT_KEEP_POSITIONS, true },
		{ KRAIT_SAMPLE_TEMPERATURE, false }, { KRAIT_SAMPLE_TOP_P, false },
		{ KRAIT_SAMPLE_REPETITION_PENALTY, false }, { KRAIT_SAMPLE_PRESENCE_PENALTY, false },
	};
	unsigned i = take(t) % (sizeof(known) / sizeof(known[0])), value = take(t) % 40;

	if (known[i].whole)
		(void)krait_session_set_int(t->sessions[which], known[i].setting, value);
	else
		(void)krait_session_set_float(t->sessions[which], known[i].setting, value / 20.0);
	fuzz_check_text("krait_session_error", krait_session_error(t->sessions[which]));
}

static void stops(struct table *t, int which)
{
	static const char *const texts[] = { "the", "he", "\xc3\xa9", "aa" };
	unsigned what = take(t);

	if (what % 4 == 0)
		(void)krait_session_clear_stops(t->sessions[which]);
	else if (what % 4 == 1)
		(void)krait_session_add_stop(t->sessions[which], (krait_token)take(t));
	else
		(void)krait_session_add_stop_text(t->sessions[which], texts[what / 4 % 4], strlen(texts[what / 4 % 4]));
}

static void reset(struct table *t, int which)
{
	krait_status status = krait_session_reset(t->sessions[which]);

	if (status == KRAIT_OK)
		t->tracks[which].n = 0;
	else if (status != KRAIT_CANCELLED)
		fuzz_broken("a reset: %s", krait_session_error(t->sessions[which]));
}

/* An id that the model does not have is refused, and nothing has changed. */
static void wrong(struct table *t, int which)
{
	krait_token tokens[3] = { 1, FUZZ_VOCAB + (krait_token)take(t), 2 };
	krait_status status = krait_session_feed(t->sessions[which], tokens, 3);

	if (status != KRAIT_ERROR_ARGUMENT && status != KRAIT_CANCELLED)
		fuzz_broken("an id outside of the vocabulary: %d", status);
}

static void cancel(struct table *t, int which)
{
	if (krait_session_cancel(t->sessions[which]) != KRAIT_OK)
		fuzz_broken("a cancel is refused");
}

static const struct { const char *name; void (*call)(struct table *t, int which); } calls[] = {
	{ "feed", feed }, { "next", next }, { "generate", generate }, { "rewind", rewind_by },
	{ "fork", fork_to_other }, { "snapshot", keep }, { "restore", restore }, { "batch", batch },
	{ "set", set }, { "stops", stops }, { "reset", reset }, { "wrong", wrong }, { "cancel", cancel },
	{ "score", score }, { "feed", feed }, { "rewind", rewind_by },
	{ "feed to", feed_to },
};

/* The highest bytes of each session are the last call's, so that the others stay what they are in recorded inputs. */
static unsigned call_of(unsigned byte)
{
	unsigned last = sizeof(calls) / sizeof(calls[0]) - 1, code = byte & 0x7f;

	return code < 7 * last ? code % last : last;
}

static void run(const uint8_t *data, size_t n)
{
	struct table *t = calloc(1, sizeof(*t));

	t->at = data;
	t->end = data + n;
	t->sessions[0] = fresh();
	t->sessions[1] = fresh();
	if (krait_batch_new(&t->batch, fuzz_model()) != KRAIT_OK)
		fuzz_broken("no batch");
	while (t->at < t->end && t->tracks[0].n < TOKENS_MOST && t->tracks[1].n < TOKENS_MOST) {
		unsigned byte = take(t);
		int which = byte >> 7;
		unsigned call = call_of(byte);

		calls[call].call(t, which);
		check(t, 0, calls[call].name);
		check(t, 1, calls[call].name);
	}
	krait_batch_free(t->batch);
	for (int i = 0; i < 2; i++) {
		krait_session_free(t->sessions[i]);
		krait_state_free(t->kept[i].state);
	}
	free(t);
}

/* Puts a whole call somewhere: bytes alone seldom make a feed before what needs one. */
static size_t mutate(uint8_t *data, size_t n, size_t most, unsigned seed)
{
	uint8_t call[12];
	size_t size = 1 + fuzz_random(&seed) % sizeof(call), at = n ? fuzz_random(&seed) % n : 0;

	if (n + size > most || n > 400 || (n > 24 && fuzz_random(&seed) % 2))
		return LLVMFuzzerMutate(data, n, most);
	for (size_t i = 0; i < size; i++)
		call[i] = (uint8_t)fuzz_random(&seed);
	memmove(data + at + size, data + at, n - at);
	memcpy(data + at, call, size);
	return n + size;
}

const struct fuzz_harness fuzz_session = { "session", run, mutate };

static void run_growing(const uint8_t *data, size_t n)
{
	fuzz_want_hybrid();
	run(data, n);
}

const struct fuzz_harness fuzz_session_growing = { "session-growing", run_growing, mutate };
