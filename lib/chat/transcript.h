/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transcript.h - what a session has read of a conversation: text, the tokens that it was read as, and where one piece
 * ends and the next begins. An answer is kept as it was generated, token for token: its text would perhaps be encoded
 * otherwise, and the session would have to read it again.
 */
#ifndef KRAIT_CHAT_TRANSCRIPT_H
#define KRAIT_CHAT_TRANSCRIPT_H

#include "chat/render.h"
#include "session/session.h"

struct chat_piece {
	size_t n_text, n_tokens;
	bool decoded; /* the text was made from the tokens, so that it can be divided where they are */
};

struct chat_transcript {
	struct buffer text;             /* of all pieces */
	struct token_list tokens;
	struct chat_piece *pieces;
	size_t n_pieces, room;
	struct session_digest digest;   /* of the tokens: by it a session is known again */
};

void krait__transcript_free(struct chat_transcript *transcript);
/* Adds a piece: its text is decoded from the tokens where `text` is NULL. False: out of memory, and nothing changed. */
bool krait__transcript_add(struct chat_transcript *transcript, const krait_tokenizer *tokenizer, const char *text,
	size_t n_text, const krait_token *tokens, size_t n_tokens);

/* How much of the transcript a text begins with. */
struct chat_place { size_t n_text, n_tokens, n_pieces; };
struct chat_place krait__transcript_match(const struct chat_transcript *transcript, const krait_tokenizer *tokenizer,
	const char *text, size_t n_text);
/* Forgets what lies behind the place. False: out of memory, and nothing changed. */
bool krait__transcript_cut(struct chat_transcript *transcript, struct chat_place place);

/* Takes in what the session has read since, where it is the one that the transcript is of. *known false: it is another
 * one, or it does not remember; nothing changed. False: out of memory. */
bool krait__transcript_follow(struct chat_transcript *transcript, const krait_session *session, bool *known);
/* Becomes what the session remembers, *known as above. Where it has forgotten the beginning, that is what stands in the
 * rendering before the rest, if the session has read it as it would be encoded. */
bool krait__transcript_adopt(struct chat_transcript *transcript, const krait_session *session,
	const struct chat_rendering *rendering, bool *known, struct why *why);

#endif
