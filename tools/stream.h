/* SPDX-License-Identifier: Apache-2.0 */
/* stream.h - the loop that samples tokens and hands their text out as it comes. */
#ifndef TOOLS_STREAM_H
#define TOOLS_STREAM_H

#include "files.h"
#include "krait.h"

struct tool_stream {
	krait_session *session;
	int64_t limit;                  /* tokens at most; negative: none */
	bool json, raw;
	bool keep;                      /* do not ask for text that is held back: a saved state goes on with it */
	struct text *whole;             /* collects the text, unfiltered; or NULL */
	/* what came of it: */
	int64_t n_tokens;
	double seconds;
	const char *reason;             /* "stop", "limit", "stop_text", "interrupted" */
};

/* -1 when it ended as it should, else an exit status (STATUS_INTERRUPTED after Ctrl-C),
 * everything having been said. */
int stream_run(struct tool_stream *stream);

/* Says what the last text that was read and the last that was written took, if there was any since the last call. */
void stream_say_speed(void);

/* For what is read by another way than stream_feed. */
void stream_count_read(size_t n_tokens, double seconds);

double stream_now(void);                /* seconds of a clock that only goes forward */

/* Feeds text, with a progress bar, ignoring a cancel that came before any Ctrl-C of this
 * turn. -1, or an exit status. */
int stream_feed(krait_session *session, const krait_token *tokens, size_t n_tokens);

/* krait_session_snapshot, not stopped by a Ctrl-C that was answered already. False after saying why. */
bool stream_snapshot(krait_state **out, krait_session *session);

/* The tokens of a text; NULL after saying why. `flags` as krait_tokenizer_encode. */
krait_token *stream_encode(const krait_tokenizer *tokenizer, const char *text, size_t n_text, int flags, size_t *n_tokens);

#endif
