/* SPDX-License-Identifier: Apache-2.0 */
/* stream.c - the loop that samples tokens and hands their text out as it comes. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "stream.h"

#include "interrupt.h"
#include "progress.h"
#include "say.h"
#include "terminal.h"
#include "verbs.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Of the last turn. */
static struct {
	size_t n_read;
	int64_t n_written;
	double read_seconds, written_seconds;
} last;

void stream_count_read(size_t n_tokens, double seconds)
{
	last.n_read += n_tokens;
	last.read_seconds += seconds;
}

double stream_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int stream_feed(krait_session *session, const krait_token *tokens, size_t n_tokens)
{
	uint64_t start = krait_session_position(session);
	double begun = stream_now();
	krait_status status = KRAIT_CANCELLED;

	progress_begin("reading the text");
	/* A Ctrl-C that the last turn already answered may still cancel this call. */
	while (status == KRAIT_CANCELLED && !interrupt_seen()) {
		uint64_t done = krait_session_position(session) - start;

		status = krait_session_feed(session, tokens + done, n_tokens - (size_t)done);
	}
	progress_end();
	stream_count_read((size_t)(krait_session_position(session) - start), stream_now() - begun);
	if (status == KRAIT_CANCELLED)
		return STATUS_INTERRUPTED;
	return status == KRAIT_OK ? -1 : say_failure("%s", krait_session_error(session));
}

bool stream_snapshot(krait_state **out, krait_session *session)
{
	krait_status status;

	do
		status = krait_session_snapshot(out, session);
	while (status == KRAIT_CANCELLED);
	if (status == KRAIT_OK)
		return true;
	say_failure("%s", krait_session_error(session));
	krait_state_free(*out);
	*out = NULL;
	return false;
}

krait_token *stream_encode(const krait_tokenizer *tokenizer, const char *text, size_t n_text, int flags, size_t *n_tokens)
{
	size_t room = n_text + 16;
	krait_token *tokens = NULL;
	krait_status status;

	*n_tokens = 0;
	if (terminal_utf8(text, n_text) < n_text)
		say_note("krait: the text is no UTF-8 from byte %zu on: what is none is read as U+FFFD",
			terminal_utf8(text, n_text) + 1);
	/* Text hardly ever has more tokens than bytes; when it does, the second round fits. */
	do {
		free(tokens);
		tokens = malloc(room * sizeof *tokens);
		if (!tokens) {
			say_failure("out of memory");
			return NULL;
		}
		status = krait_tokenizer_encode(tokenizer, text, n_text, flags, tokens, room, n_tokens);
		if (status == KRAIT_ERROR_SPACE && *n_tokens > room)
			room = *n_tokens;
		else if (status != KRAIT_OK)
			break;
	} while (status != KRAIT_OK);
	if (status == KRAIT_OK)
		return tokens;
	say_failure("the text cannot be turned into tokens: %s", krait_status_name(status));
	free(tokens);
	return NULL;
}

/* Text that was held back belongs to no token of its own. */
static bool write_json(krait_token token, const char *piece, size_t n_piece)
{
	json_t *line = json_object();

	json_object_set_new(line, "token", token < 0 ? json_null() : json_integer(token));
	json_object_set_new(line, "text", json_stringn(piece, n_piece));
	return output_json(line);
}

static bool hand_out(struct tool_stream *stream, krait_token token)
{
	const char *piece = krait_session_piece(stream->session);
	size_t n_piece = krait_session_piece_size(stream->session);

	if (stream->whole && n_piece && !text_add(stream->whole, piece, n_piece))
		return false;
	if (stream->json)
		return (token < 0 && !n_piece) || write_json(token, piece, n_piece);
	return !n_piece || terminal_write(piece, n_piece, stream->raw);
}

/* Makes the session give out what it holds back for a stop text or an unfinished character. */
static bool let_go(struct tool_stream *stream)
{
	krait_token token;
	int64_t limit;

	if (stream->keep || stream->n_tokens == 0)
		return true;
	krait_session_get_int(stream->session, KRAIT_MAX_NEW_TOKENS, &limit);
	krait_session_set_int(stream->session, KRAIT_MAX_NEW_TOKENS, 1);
	if (krait_session_next(stream->session, &token) == KRAIT_END && !hand_out(stream, -1))
		return false;
	krait_session_set_int(stream->session, KRAIT_MAX_NEW_TOKENS, limit);
	return true;
}

static const char *ended(const struct tool_stream *stream)
{
	switch (krait_session_end_reason(stream->session)) {
	case KRAIT_REASON_STOP: return "stop";
	case KRAIT_REASON_STOP_TEXT: return "stop_text";
	default: return "limit";
	}
}

/* KRAIT_OK at the limit of tokens, else what the session said. */
static krait_status sample(struct tool_stream *stream, bool *written)
{
	krait_status status = KRAIT_OK;
	krait_token token;

	*written = true;
	while (*written && (stream->limit < 0 || stream->n_tokens < stream->limit)) {
		status = krait_session_next(stream->session, &token);
		if (status == KRAIT_CANCELLED && !interrupt_seen())
			continue;
		if (status < 0 || status == KRAIT_CANCELLED)
			return status;
		*written = hand_out(stream, status == KRAIT_OK ? token : -1);
		if (status == KRAIT_END)
			return status;
		stream->n_tokens++;
	}
	return KRAIT_OK;
}

int stream_run(struct tool_stream *stream)
{
	double start = stream_now();
	bool written;
	krait_status status = sample(stream, &written);

	stream->seconds = stream_now() - start;
	last.n_written += stream->n_tokens;
	last.written_seconds += stream->seconds;
	stream->reason = status == KRAIT_END ? ended(stream) : status == KRAIT_CANCELLED ? "interrupted" : "limit";
	if (status < 0)
		return say_failure("%s", krait_session_error(stream->session));
	if (!written || (status != KRAIT_END && !let_go(stream)))
		return STATUS_FAILED;
	return status == KRAIT_CANCELLED ? STATUS_INTERRUPTED : -1;
}

void stream_say_speed(void)
{
	if (last.n_read || last.n_written)
		say_note("krait: read %zu tokens in %.2f s, wrote %" PRId64 " in %.2f s (%.1f tokens/s)",
			last.n_read, last.read_seconds, last.n_written, last.written_seconds,
			last.written_seconds > 0 ? (double)last.n_written / last.written_seconds : 0);
	memset(&last, 0, sizeof last);
}
