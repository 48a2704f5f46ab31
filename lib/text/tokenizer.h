/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer.h - what the rest of the library sees of the tokenizer. */
#ifndef KRAIT_TEXT_TOKENIZER_H
#define KRAIT_TEXT_TOKENIZER_H

#include "base/buffer.h"
#include "base/why.h"

/* From a tokenizer.json in memory. `what` names it in errors. */
krait_status krait__tokenizer_load(krait_tokenizer **out, const char *json, size_t n_json, const char *what, struct why *why);

/* One owner less; NULL is none. */
void krait__tokenizer_drop(krait_tokenizer *tokenizer);

size_t krait__tokenizer_size(const krait_tokenizer *tokenizer);
/* The token that is written so, added ones first; -1 where there is none, and for an empty text. */
krait_token krait__tokenizer_find(const krait_tokenizer *tokenizer, const char *text, size_t n_text);

struct token_list { krait_token *ids; size_t size, room; };
void krait__token_list_free(struct token_list *list);

/* Appends; on failure the list is as it was. */
krait_status krait__tokenizer_append(const krait_tokenizer *tokenizer, struct token_list *out, const char *text, size_t n_text, int flags, struct why *why);

/* The bytes of one token; size 0 for an id without text. Added tokens, special ones too, are shown
 * as they are written (in the normalized spelling, if they are looked for in that). */
const char *krait__tokenizer_bytes(const krait_tokenizer *tokenizer, krait_token token, size_t *n_bytes);

bool krait__tokenizer_is_special(const krait_tokenizer *tokenizer, krait_token token);

/* What of the file was not taken as it says; "". */
const char *krait__tokenizer_note(const krait_tokenizer *tokenizer);

/* Text that is marked, span by span, as one where special tokens count or not: what chat
 * templates render. A special token counts only where it lies wholly in special spans
 * (neighbouring ones taken together); all other text is tokenized as if the spans were one,
 * across their borders. A message's content is a span where special tokens do not count. */
struct text_span { size_t n_text; bool special; };
krait_status krait__tokenizer_append_spans(const krait_tokenizer *tokenizer, struct token_list *out, const char *text,
	const struct text_span *spans, size_t n_spans, struct why *why);

/* The streaming decoder as plain data, so that a session can hold, copy and save it. */
struct stream {
	unsigned char held[4];          /* the beginning of an unfinished character, or of a surrogate */
	unsigned char n_held;
};
/* Appends the text that this token completes. False: out of memory, stream unchanged. */
bool krait__stream_push(struct stream *stream, const krait_tokenizer *tokenizer, krait_token token, struct buffer *out);
/* Whether these bytes are what a stream may hold back: the beginning of one character, and no more. */
bool krait__stream_holds(const char *bytes, size_t n_bytes);
bool krait__stream_flush(struct stream *stream, struct buffer *out);

#endif
