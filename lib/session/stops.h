/* SPDX-License-Identifier: Apache-2.0 */
/* stops.h - what ends generation: tokens and texts. */
#ifndef KRAIT_SESSION_STOPS_H
#define KRAIT_SESSION_STOPS_H

#include "krait.h"

#include <stdbool.h>

struct session_stop_text {
	char *text;
	size_t size;
	uint32_t *border;               /* border[i]: how long the longest proper beginning of text[0..i] is that also ends it */
};

struct session_stops {
	krait_token *tokens;            /* ascending */
	struct session_stop_text *texts;
	size_t n_tokens, n_texts;
};

bool krait__stops_has(const struct session_stops *stops, krait_token token);
/* What is there already stays once. False: out of memory, and nothing changed. */
bool krait__stops_add(struct session_stops *stops, krait_token token);
bool krait__stops_add_text(struct session_stops *stops, const char *text, size_t n_text);
/* The same for one that is known to be new, or may stand there twice: it looks at no other. */
bool krait__stops_append_text(struct session_stops *stops, const char *text, size_t n_text);
/* The same for many tokens in any order: sorted once. Takes nothing over. */
bool krait__stops_add_many(struct session_stops *stops, const krait_token *tokens, size_t n);
bool krait__stops_copy(struct session_stops *to, const struct session_stops *from);
void krait__stops_free(struct session_stops *stops);

/* Where the first stop text in `text` begins; n where there is none. Work grows with n and the texts' sizes. */
size_t krait__stops_match(const struct session_stops *stops, const char *text, size_t n);
/* How long the longest end of `text` is that begins a stop text without completing it. */
size_t krait__stops_begun(const struct session_stops *stops, const char *text, size_t n);

#endif
