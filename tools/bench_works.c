/* SPDX-License-Identifier: Apache-2.0 */
/* bench_works.c - the kinds of work that `krait bench` times. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "bench.h"

#include "interrupt.h"
#include "krait_experimental.h"
#include "say.h"
#include "stream.h"
#include "verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 3
#define PROMPT 16
#define LONG_PROMPT 100000      /* tokens: read once, and not profiled */
#define STATE_ROUNDS 20
#define PROFILED 8              /* tokens */

krait_token *bench_tokens(const struct bench *bench, size_t n)
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

static char failure[512];       /* the last one's text, for its row */

static int fail(const char *text)
{
	snprintf(failure, sizeof failure, "%.511s", text);
	return say_failure("%s", text);
}

int bench_judge(krait_status status, const char *text)
{
	if (status == KRAIT_CANCELLED)
		return STATUS_INTERRUPTED;
	return status == KRAIT_OK ? -1 : fail(text);
}

void bench_add_failure(struct bench *bench, const char *work, const char *measure, size_t n)
{
	json_t *row = bench_row(bench, work);

	json_object_set_new(row, measure, json_integer((json_int_t)n));
	json_object_set_new(row, "error", json_string(*failure ? failure : "out of memory"));
	*failure = 0;
}

static int read_prompt(const struct bench *bench, krait_session *session)
{
	krait_token *tokens = bench_tokens(bench, PROMPT);
	int status;

	if (!tokens)
		return STATUS_FAILED;
	krait_session_set_float(session, KRAIT_SAMPLE_TEMPERATURE, 0);
	krait_session_set_int(session, KRAIT_REWIND_TOKENS, 0);
	krait_session_clear_stops(session);
	status = bench_judge(krait_session_feed(session, tokens, PROMPT), krait_session_error(session));
	free(tokens);
	return interrupt_seen() ? STATUS_INTERRUPTED : status;
}

int bench_begin(const struct bench *bench, krait_session **out)
{
	if (krait_session_new(out, bench->model) != KRAIT_OK)
		return fail(krait_session_error(*out));
	return read_prompt(bench, *out);
}

/* A batch for which there is no memory is a result, and the next one may fit. */
static int take_sessions(struct bench *bench, krait_session **sessions, size_t n, bool *fits)
{
	*fits = true;
	for (size_t i = 0; i < n; i++) {
		krait_status status = krait_session_new(&sessions[i], bench->model);
		json_t *row;

		if (status == KRAIT_OK)
			continue;
		if (status != KRAIT_ERROR_MEMORY)
			return fail(krait_session_error(sessions[i]));
		*fits = false;
		row = bench_row(bench, "decode");
		json_object_set_new(row, "batch", json_integer((json_int_t)n));
		json_object_set_new(row, "error", json_string(krait_session_error(sessions[i])));
		return -1;
	}
	return -1;
}

int bench_decode_alone(krait_session *session, size_t n)
{
	int status = -1;
	krait_token token;

	for (size_t i = 0; i < n && status < 0; i++)
		status = bench_judge(krait_session_next(session, &token), krait_session_error(session));
	return interrupt_seen() ? STATUS_INTERRUPTED : status;
}

static int decode_together(krait_batch *batch, krait_session **sessions, size_t n_batch, size_t n)
{
	int status = -1;

	for (size_t i = 0; i < n && status < 0; i++) {
		for (size_t j = 0; j < n_batch && status < 0; j++)
			status = bench_judge(krait_batch_add(batch, sessions[j], NULL, 0), krait_batch_error(batch));
		if (status < 0)
			status = bench_judge(krait_batch_run(batch), krait_batch_error(batch));
	}
	return interrupt_seen() ? STATUS_INTERRUPTED : status;
}

static int decode(krait_batch *batch, krait_session **sessions, size_t n_batch, size_t n)
{
	return n_batch == 1 ? bench_decode_alone(sessions[0], n) : decode_together(batch, sessions, n_batch, n);
}

/* The fastest of some rounds. */
static int time_decode(krait_batch *batch, krait_session **sessions, size_t n_batch, size_t n, double *best)
{
	int status = -1;

	*best = 0;
	for (int round = 0; round < ROUNDS && status < 0; round++) {
		double start = stream_now(), seconds;

		status = decode(batch, sessions, n_batch, n);
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

static int profile_decode(struct bench *bench, krait_batch *batch, krait_session **sessions, size_t n_batch)
{
	int status = bench_profile_begin(bench);

	if (status < 0)
		status = decode(batch, sessions, n_batch, PROFILED);
	return status < 0 ? bench_profile_end(bench, "decode", n_batch) : status;
}

static int measure_decode(struct bench *bench, krait_session **sessions, size_t n_batch)
{
	krait_batch *batch = NULL;
	size_t n = (size_t)bench->n_decode.whole;
	int status = -1;
	double seconds;

	interrupt_watch(sessions[0]);
	for (size_t i = 0; i < n_batch && status < 0; i++)
		status = read_prompt(bench, sessions[i]);
	if (status < 0 && krait_batch_new(&batch, bench->model) != KRAIT_OK)
		status = fail(krait_batch_error(batch));
	if (status < 0)
		status = time_decode(batch, sessions, n_batch, n, &seconds);
	if (status < 0)
		add_decode(bench, n_batch, n, seconds);
	if (status < 0 && bench->profile)
		status = profile_decode(bench, batch, sessions, n_batch);
	interrupt_watch(NULL);
	krait_batch_free(batch);
	return status;
}

int bench_decode(struct bench *bench, size_t n_batch)
{
	krait_session **sessions = calloc(n_batch, sizeof *sessions);
	bool fits = false;
	int status = sessions ? take_sessions(bench, sessions, n_batch, &fits) : say_failure("out of memory");

	if (status < 0 && fits)
		status = measure_decode(bench, sessions, n_batch);
	for (size_t i = 0; sessions && i < n_batch; i++)
		krait_session_free(sessions[i]);
	free(sessions);
	return status;
}

static int feed_anew(krait_session *session, const krait_token *tokens, size_t n)
{
	krait_session_reset(session);
	return bench_judge(krait_session_feed(session, tokens, n), krait_session_error(session));
}

static int profile_prefill(struct bench *bench, krait_session *session, const krait_token *tokens, size_t n)
{
	int status = bench_profile_begin(bench);

	if (status < 0)
		status = feed_anew(session, tokens, n);
	return status < 0 ? bench_profile_end(bench, "prefill", n) : status;
}

static void add_prefill(struct bench *bench, size_t n, double seconds)
{
	json_t *row = bench_row(bench, "prefill");

	json_object_set_new(row, "batch", json_integer(1));
	json_object_set_new(row, "n_tokens", json_integer((json_int_t)n));
	json_object_set_new(row, "tokens_per_second", json_real((double)n / seconds));
	json_object_set_new(row, "seconds", json_real(seconds));
}

int bench_prefill(struct bench *bench, size_t n)
{
	krait_token *tokens = bench_tokens(bench, n);
	krait_session *session = NULL;
	double best = 0;
	int status = tokens ? bench_begin(bench, &session) : STATUS_FAILED;

	interrupt_watch(session);
	for (int round = 0; round < (n < LONG_PROMPT ? ROUNDS : 1) && status < 0; round++) {
		double start = stream_now(), seconds;

		status = feed_anew(session, tokens, n);
		seconds = stream_now() - start;
		if (round == 0 || seconds < best)
			best = seconds;
	}
	if (status < 0)
		add_prefill(bench, n, best);
	if (status < 0 && bench->profile && n < LONG_PROMPT)
		status = profile_prefill(bench, session, tokens, n);
	interrupt_watch(NULL);
	krait_session_free(session);
	free(tokens);
	return status;
}

enum state_work { SNAPSHOT, RESTORE, FORK };

/* Until the device has done it, too, and what it copies has reached the host. */
static int do_state(const struct bench *bench, enum state_work work, krait_session *session, const krait_state *state, double *seconds)
{
	krait_session *fork = NULL;
	krait_state *taken = NULL;
	double start = stream_now();
	krait_status status, waited;
	char text[512];

	if (work == SNAPSHOT)
		status = krait_session_snapshot(&taken, session);
	else if (work == RESTORE)
		status = krait_session_restore(session, state);
	else
		status = krait_session_fork(&fork, session);
	waited = krait_model_wait(bench->model, text, sizeof text);
	*seconds = stream_now() - start;
	krait_state_free(taken);
	krait_session_free(fork);
	return status == KRAIT_OK ? bench_judge(waited, text) : bench_judge(status, krait_session_error(session));
}

int bench_states(struct bench *bench)
{
	static const char *const names[] = { "snapshot", "restore", "fork" };
	krait_session *session = NULL;
	krait_state *state = NULL;
	int status = bench_begin(bench, &session);

	if (status < 0 && !stream_snapshot(&state, session))
		status = STATUS_FAILED;
	for (int work = SNAPSHOT; work <= FORK && status < 0; work++) {
		double best = 0;
		json_t *row;

		for (int round = 0; round < STATE_ROUNDS && status < 0; round++) {
			double seconds;

			status = do_state(bench, (enum state_work)work, session, state, &seconds);
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
