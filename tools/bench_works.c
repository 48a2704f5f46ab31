/* SPDX-License-Identifier: Apache-2.0 */
/* bench_works.c - the kinds of work that `krait bench` times. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "bench.h"

#include "interrupt.h"
#include "say.h"
#include "stream.h"
#include "verbs.h"

#include <stdlib.h>
#include <string.h>

#define ROUNDS 3
#define PROMPT 16
#define STATE_ROUNDS 20

/* Any ids do: a token's work does not depend on which it is. */
static krait_token *some_tokens(const struct bench *bench, size_t n)
{
	size_t vocab = krait_model_vocab_size(bench->model);
	const krait_tokenizer *tokenizer = krait_model_tokenizer(bench->model);
	krait_token *tokens = malloc((n + 1) * sizeof *tokens);

	if (tokenizer && krait_tokenizer_size(tokenizer) < vocab)
		vocab = krait_tokenizer_size(tokenizer);
	for (size_t i = 0; tokens && i < n; i++)
		tokens[i] = (krait_token)((i * 2654435761u + 12345) % vocab);
	if (!tokens)
		say_failure("out of memory");
	return tokens;
}

static int judge(krait_status status, const char *text)
{
	if (status == KRAIT_CANCELLED)
		return STATUS_INTERRUPTED;
	return status == KRAIT_OK ? -1 : say_failure("%s", text);
}

/* A session that never stops by itself and takes the likeliest token, with a short prompt read. */
static int begin(const struct bench *bench, krait_session **out)
{
	krait_token *tokens;
	int status;

	if (krait_session_new(out, bench->model) != KRAIT_OK)
		return say_failure("%s", krait_session_error(*out));
	krait_session_set_float(*out, KRAIT_SAMPLE_TEMPERATURE, 0);
	krait_session_set_int(*out, KRAIT_REWIND_TOKENS, 0);
	krait_session_clear_stops(*out);
	tokens = some_tokens(bench, PROMPT);
	if (!tokens)
		return STATUS_FAILED;
	status = judge(krait_session_feed(*out, tokens, PROMPT), krait_session_error(*out));
	free(tokens);
	return interrupt_seen() ? STATUS_INTERRUPTED : status;
}

static int decode_alone(krait_session *session, size_t n)
{
	int status = -1;
	krait_token token;

	for (size_t i = 0; i < n && status < 0; i++)
		status = judge(krait_session_next(session, &token), krait_session_error(session));
	return interrupt_seen() ? STATUS_INTERRUPTED : status;
}

static int decode_together(krait_batch *batch, krait_session **sessions, size_t n_batch, size_t n)
{
	int status = -1;

	for (size_t i = 0; i < n && status < 0; i++) {
		for (size_t j = 0; j < n_batch && status < 0; j++)
			status = judge(krait_batch_add(batch, sessions[j], NULL, 0), krait_batch_error(batch));
		if (status < 0)
			status = judge(krait_batch_run(batch), krait_batch_error(batch));
	}
	return interrupt_seen() ? STATUS_INTERRUPTED : status;
}

/* The fastest of some rounds. */
static int time_decode(krait_batch *batch, krait_session **sessions, size_t n_batch, size_t n, double *best)
{
	int status = -1;

	*best = 0;
	for (int round = 0; round < ROUNDS && status < 0; round++) {
		double start = stream_now(), seconds;

		status = n_batch == 1 ? decode_alone(sessions[0], n) : decode_together(batch, sessions, n_batch, n);
		seconds = stream_now() - start;
		if (round == 0 || seconds < *best)
			*best = seconds;
	}
	return status;
}

static void add_decode(struct bench *bench, size_t n_batch, size_t n, double seconds)
{
	json_t *row = bench_row(bench, "decode");

	json_object_set_new(row, "batch", json_integer((json_int_t)n_batch));
	json_object_set_new(row, "n_tokens", json_integer((json_int_t)n));
	json_object_set_new(row, "tokens_per_second", json_real((double)(n * n_batch) / seconds));
	json_object_set_new(row, "seconds", json_real(seconds));
}

int bench_decode(struct bench *bench, size_t n_batch)
{
	krait_session **sessions = calloc(n_batch, sizeof *sessions);
	krait_batch *batch = NULL;
	size_t n = (size_t)bench->n_decode.whole;
	int status = sessions ? -1 : say_failure("out of memory");
	double seconds;

	for (size_t i = 0; i < n_batch && status < 0; i++) {
		status = begin(bench, &sessions[i]);
		if (status < 0 && i == 0)
			interrupt_watch(sessions[0]);
	}
	if (status < 0 && krait_batch_new(&batch, bench->model) != KRAIT_OK)
		status = say_failure("%s", krait_batch_error(batch));
	if (status < 0)
		status = time_decode(batch, sessions, n_batch, n, &seconds);
	if (status < 0)
		add_decode(bench, n_batch, n, seconds);
	interrupt_watch(NULL);
	krait_batch_free(batch);
	for (size_t i = 0; sessions && i < n_batch; i++)
		krait_session_free(sessions[i]);
	free(sessions);
	return status;
}

int bench_prefill(struct bench *bench)
{
	size_t n = (size_t)bench->n_prefill.whole;
	krait_token *tokens = some_tokens(bench, n);
	krait_session *session = NULL;
	double best = 0;
	json_t *row;
	int status = tokens ? begin(bench, &session) : STATUS_FAILED;

	interrupt_watch(session);
	for (int round = 0; round < ROUNDS && status < 0; round++) {
		double start, seconds;

		krait_session_reset(session);
		start = stream_now();
		status = judge(krait_session_feed(session, tokens, n), krait_session_error(session));
		seconds = stream_now() - start;
		if (round == 0 || seconds < best)
			best = seconds;
	}
	interrupt_watch(NULL);
	krait_session_free(session);
	free(tokens);
	if (status >= 0)
		return status;
	row = bench_row(bench, "prefill");
	json_object_set_new(row, "batch", json_integer(1));
	json_object_set_new(row, "n_tokens", json_integer((json_int_t)n));
	json_object_set_new(row, "tokens_per_second", json_real((double)n / best));
	json_object_set_new(row, "seconds", json_real(best));
	return -1;
}

enum state_work { SNAPSHOT, RESTORE, FORK };

static int do_state(enum state_work work, krait_session *session, const krait_state *state)
{
	krait_session *fork = NULL;
	krait_state *taken = NULL;
	krait_status status;

	if (work == SNAPSHOT)
		status = krait_session_snapshot(&taken, session);
	else if (work == RESTORE)
		status = krait_session_restore(session, state);
	else
		status = krait_session_fork(&fork, session);
	krait_state_free(taken);
	krait_session_free(fork);
	return judge(status, krait_session_error(session));
}

int bench_states(struct bench *bench)
{
	static const char *const names[] = { "snapshot", "restore", "fork" };
	krait_session *session = NULL;
	krait_state *state = NULL;
	int status = begin(bench, &session);

	if (status < 0 && !stream_snapshot(&state, session))
		status = STATUS_FAILED;
	for (int work = SNAPSHOT; work <= FORK && status < 0; work++) {
		double best = 0;
		json_t *row;

		for (int round = 0; round < STATE_ROUNDS && status < 0; round++) {
			double start = stream_now(), seconds;

			status = do_state((enum state_work)work, session, state);
			seconds = stream_now() - start;
			if (round == 0 || seconds < best)
				best = seconds;
		}
		row = bench_row(bench, names[work]);
		json_object_set_new(row, "state_bytes", json_integer((json_int_t)bench->state_bytes));
		json_object_set_new(row, "seconds", json_real(best));
	}
	krait_state_free(state);
	krait_session_free(session);
	return status;
}

#define EARLY 1000
#define LASTING_STEPS 256
#define LASTING_BLOCK 4096

static void add_lasting(struct bench *bench, uint64_t position, double seconds, double memory)
{
	json_t *row = bench_row(bench, "lasting");

	json_object_set_new(row, "position", json_integer((json_int_t)position));
	json_object_set_new(row, "n_tokens", json_integer(LASTING_STEPS));
	json_object_set_new(row, "seconds_per_token", json_real(seconds / LASTING_STEPS));
	json_object_set_new(row, "tokens_per_second", json_real(LASTING_STEPS / seconds));
	json_object_set_new(row, "resident_bytes", json_integer((json_int_t)memory));
}

static int feed_up_to(struct bench *bench, krait_session *session, uint64_t position)
{
	krait_token *tokens = some_tokens(bench, LASTING_BLOCK);
	int status = tokens ? -1 : STATUS_FAILED;

	while (status < 0 && krait_session_position(session) < position) {
		uint64_t left = position - krait_session_position(session);

		status = judge(krait_session_feed(session, tokens, left < LASTING_BLOCK ? (size_t)left : LASTING_BLOCK), krait_session_error(session));
	}
	free(tokens);
	return status;
}

/* Two sessions, one early and one late in its text, timed in turn, so that what else
 * happens on the machine falls on both alike; the fastest of several rounds each. */
int bench_lasting(struct bench *bench)
{
	krait_session *sessions[2] = { NULL, NULL };
	uint64_t positions[2] = { EARLY, (uint64_t)bench->n_long.whole };
	double best[2] = { 0, 0 }, memory[2] = { 0, 0 };
	int status = -1;

	for (int i = 0; i < 2 && status < 0; i++) {
		status = begin(bench, &sessions[i]);
		interrupt_watch(sessions[i]);
		if (status < 0)
			status = feed_up_to(bench, sessions[i], EARLY);
	}
	memory[0] = bench_status("VmRSS");
	if (status < 0)
		status = feed_up_to(bench, sessions[1], positions[1]);
	memory[1] = bench_status("VmRSS");
	for (int round = 0; round < 8 * ROUNDS && status < 0; round++) {
		double start = stream_now(), seconds;

		status = decode_alone(sessions[round % 2], LASTING_STEPS);
		seconds = stream_now() - start;
		if (round < 2 || seconds < best[round % 2])
			best[round % 2] = seconds;
	}
	interrupt_watch(NULL);
	for (int i = 0; i < 2; i++) {
		if (status < 0)
			add_lasting(bench, positions[i], best[i], memory[i]);
		krait_session_free(sessions[i]);
	}
	return status;
}

#define MEMORY_PROMPT 128   /* more than a chunk of a prompt adds nothing */

int bench_memory(struct bench *bench)
{
	krait_session *session = NULL;
	krait_token *tokens = some_tokens(bench, MEMORY_PROMPT);
	double needed = bench->weight_bytes + bench->state_bytes, most;
	int status = tokens ? begin(bench, &session) : STATUS_FAILED;
	json_t *row;

	interrupt_watch(session);
	if (status < 0)
		status = judge(krait_session_feed(session, tokens, MEMORY_PROMPT), krait_session_error(session));
	if (status < 0)
		status = decode_alone(session, 4);
	interrupt_watch(NULL);
	krait_session_free(session);
	free(tokens);
	if (status >= 0)
		return status;
	most = bench_status("VmHWM");
	row = bench_row(bench, "memory");
	json_object_set_new(row, "peak_bytes", json_integer((json_int_t)most));
	json_object_set_new(row, "weight_bytes", json_integer((json_int_t)bench->weight_bytes));
	json_object_set_new(row, "state_bytes", json_integer((json_int_t)bench->state_bytes));
	json_object_set_new(row, "peak_over_needed", json_real(most / needed));
	return -1;
}
