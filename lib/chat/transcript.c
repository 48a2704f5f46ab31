/* SPDX-License-Identifier: Apache-2.0 */
/* transcript.c - pieces of a conversation as a session read them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "chat/transcript.h"
#include "base/memory.h"

#include <string.h>

void krait__transcript_free(struct chat_transcript *transcript)
{
	krait__buffer_free(&transcript->text);
	krait__token_list_free(&transcript->tokens);
	krait__free(transcript->pieces);
	*transcript = (struct chat_transcript){ 0 };
}

/* ---- adding -------------------------------------------------------------------------------- */

static bool room_for_piece(struct chat_transcript *transcript)
{
	size_t room = transcript->room ? 2 * transcript->room : 8;
	struct chat_piece *pieces;

	if (transcript->n_pieces < transcript->room)
		return true;
	pieces = krait__resize(transcript->pieces, room, sizeof(*pieces));
	if (!pieces)
		return false;
	transcript->pieces = pieces;
	transcript->room = room;
	return true;
}

static bool room_for_tokens(struct token_list *list, size_t n)
{
	size_t room = list->size + n < 2 * list->room ? 2 * list->room : list->size + n;
	krait_token *ids;

	if (list->size + n <= list->room)
		return true;
	ids = krait__resize(list->ids, room, sizeof(*ids));
	if (!ids)
		return false;
	list->ids = ids;
	list->room = room;
	return true;
}

/* As krait_session_piece gave it: a character that is not whole at the end is a U+FFFD. */
static bool decode(struct buffer *out, const krait_tokenizer *tokenizer, const krait_token *tokens, size_t n)
{
	struct stream stream = { 0 };

	for (size_t i = 0; i < n; i++)
		if (!krait__stream_push(&stream, tokenizer, tokens[i], out))
			return false;
	return krait__stream_flush(&stream, out);
}

bool krait__transcript_add(struct chat_transcript *transcript, const krait_tokenizer *tokenizer, const char *text,
	size_t n_text, const krait_token *tokens, size_t n_tokens)
{
	size_t before = transcript->text.size;
	bool done;

	if (!room_for_piece(transcript) || !room_for_tokens(&transcript->tokens, n_tokens))
		return false;
	if (text)
		done = krait__buffer_add(&transcript->text, text, n_text);
	else
		done = decode(&transcript->text, tokenizer, tokens, n_tokens);
	if (!done) {
		transcript->text.size = before;
		return false;
	}
	if (n_tokens)
		memcpy(transcript->tokens.ids + transcript->tokens.size, tokens, n_tokens * sizeof(*tokens));
	transcript->tokens.size += n_tokens;
	transcript->digest = krait__digest_tokens(transcript->digest, tokens, n_tokens);
	transcript->pieces[transcript->n_pieces++] =
		(struct chat_piece){ transcript->text.size - before, n_tokens, text == NULL };
	return true;
}

/* ---- comparing ----------------------------------------------------------------------------- */

static size_t common(const char *a, size_t n_a, const char *b, size_t n_b)
{
	size_t n = 0;

	while (n < n_a && n < n_b && a[n] == b[n])
		n++;
	return n;
}

/* The tokens of a piece whose text lies within its first n bytes. The last of them goes too: what follows it now may
 * belong into one token with it. */
static struct chat_place part_of(const krait_tokenizer *tokenizer, const krait_token *tokens, size_t n_tokens, size_t n)
{
	struct chat_place whole = { 0 }, before = { 0 };
	struct stream stream = { 0 };
	struct buffer text = { 0 };

	for (size_t i = 0; i < n_tokens; i++) {
		if (!krait__stream_push(&stream, tokenizer, tokens[i], &text) || text.size > n)
			break;
		if (stream.n_held)
			continue;
		before = whole;
		whole = (struct chat_place){ text.size, i + 1, 0 };
	}
	krait__buffer_free(&text);
	return before;
}

struct chat_place krait__transcript_match(const struct chat_transcript *transcript, const krait_tokenizer *tokenizer,
	const char *text, size_t n_text)
{
	struct chat_place place = { 0 };

	for (size_t i = 0; i < transcript->n_pieces; i++) {
		const struct chat_piece *piece = &transcript->pieces[i];
		size_t n = common(transcript->text.data + place.n_text, piece->n_text, text + place.n_text,
			n_text - place.n_text);

		if (n < piece->n_text && piece->decoded) {
			struct chat_place part =
				part_of(tokenizer, transcript->tokens.ids + place.n_tokens, piece->n_tokens, n);

			place.n_text += part.n_text;
			place.n_tokens += part.n_tokens;
		}
		if (n < piece->n_text)
			break;
		place.n_text += piece->n_text;
		place.n_tokens += piece->n_tokens;
		place.n_pieces++;
	}
	return place;
}

bool krait__transcript_cut(struct chat_transcript *transcript, struct chat_place place)
{
	struct chat_piece rest = { place.n_text, place.n_tokens, true };

	for (size_t i = 0; i < place.n_pieces; i++) {
		rest.n_text -= transcript->pieces[i].n_text;
		rest.n_tokens -= transcript->pieces[i].n_tokens;
	}
	if (!room_for_piece(transcript))
		return false;
	transcript->n_pieces = place.n_pieces;
	if (rest.n_tokens)
		transcript->pieces[transcript->n_pieces++] = rest;
	transcript->text.size = place.n_text;
	transcript->tokens.size = place.n_tokens;
	transcript->digest =
		krait__digest_tokens((struct session_digest){ 0 }, transcript->tokens.ids, place.n_tokens);
	return true;
}

/* ---- what a session remembers -------------------------------------------------------------- */

/* All tokens from `position` on; NULL: not all of them are known, or some are no tokens. */
static const krait_token *remembered(const krait_session *session, uint64_t position, size_t *n)
{
	static const krait_token none;
	const struct session_history *history = &session->history;
	uint64_t now = session->now.course.position;
	const krait_token *tokens;

	*n = 0;
	if (position > now)
		return NULL;
	if (position < now && (position < history->first || krait__history_end(history) != now))
		return NULL;
	*n = (size_t)(now - position);
	if (!*n)
		return &none;
	tokens = history->tokens + krait__history_place(history, position);
	for (size_t i = 0; i < *n; i++)
		if (tokens[i] < 0)
			return NULL;
	return tokens;
}

bool krait__transcript_follow(struct chat_transcript *transcript, const krait_session *session, bool *known)
{
	size_t n;
	const krait_token *tokens = remembered(session, transcript->tokens.size, &n);

	*known = false;
	if (!transcript->n_pieces || !tokens)
		return true;
	*known = krait__digest_same(krait__digest_tokens(transcript->digest, tokens, n), session->now.course.digest);
	return !*known || !n || krait__transcript_add(transcript, session->model->tokenizer, NULL, 0, tokens, n);
}

/* Where `known` stands in `text` for the last time; n_text: nowhere. */
static size_t find_last(const char *text, size_t n_text, const char *known, size_t n_known)
{
	for (size_t at = n_known <= n_text ? n_text - n_known + 1 : 0; at-- > 0;)
		if (memcmp(text + at, known, n_known) == 0)
			return at;
	return n_text;
}

/* The beginning that a session has forgotten, as it is encoded: the digest tells whether it was read as that. */
static bool adopt_beginning(struct chat_transcript *fresh, const krait_session *session,
	const struct chat_rendering *rendering, size_t n_text, bool *known, struct why *why)
{
	struct token_list tokens = { 0 };
	krait_status status = krait__chat_encode_part(session->model->tokenizer, rendering, 0, n_text, &tokens, why);
	struct session_digest digest = krait__digest_tokens((struct session_digest){ 0 }, tokens.ids, tokens.size);
	bool done = status != KRAIT_ERROR_MEMORY;

	*known = status == KRAIT_OK && tokens.size == session->history.first
		&& krait__digest_same(digest, session->history.before);
	if (*known)
		done = krait__transcript_add(fresh, NULL, rendering->text.data, n_text, tokens.ids, tokens.size);
	krait__token_list_free(&tokens);
	return done;
}

bool krait__transcript_adopt(struct chat_transcript *transcript, const krait_session *session,
	const struct chat_rendering *rendering, bool *known, struct why *why)
{
	struct chat_transcript fresh = { 0 };
	const krait_tokenizer *tokenizer = session->model->tokenizer;
	const struct buffer *whole = &rendering->text;
	struct buffer text = { 0 };
	size_t n, at = 0;
	const krait_token *tokens = remembered(session, session->history.first, &n);
	bool done = true;

	*known = tokens && n;
	if (*known && session->history.first) {
		done = decode(&text, tokenizer, tokens, n);
		at = done ? find_last(whole->data, whole->size, text.data, text.size) : 0;
		*known = done && at < whole->size;
		if (*known)
			done = adopt_beginning(&fresh, session, rendering, at, known, why);
	}
	if (done && *known)
		done = krait__transcript_add(&fresh, tokenizer, NULL, 0, tokens, n);
	krait__buffer_free(&text);
	if (!done || !*known) {
		krait__transcript_free(&fresh);
		return done;
	}
	krait__transcript_free(transcript);
	*transcript = fresh;
	return true;
}
