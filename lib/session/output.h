/* SPDX-License-Identifier: Apache-2.0 */
/* output.h - from generated tokens to pieces of text: whole characters only, and nothing
 * that might be the beginning of a stop text. */
#ifndef KRAIT_SESSION_OUTPUT_H
#define KRAIT_SESSION_OUTPUT_H

#include "base/buffer.h"
#include "text/tokenizer.h"

struct stop_text { char *text; size_t size; };

/* What ends generation. */
struct stops {
	krait_token *tokens;
	struct stop_text *texts;
	size_t n_tokens, n_texts;
};

bool krait__stops_has(const struct stops *stops, krait_token token);
bool krait__stops_add(struct stops *stops, krait_token token);
bool krait__stops_add_text(struct stops *stops, const char *text, size_t n_text);
bool krait__stops_copy(struct stops *to, const struct stops *from);
void krait__stops_free(struct stops *stops);

struct output {
	struct stream stream;
	struct buffer held;     /* whole characters that may begin a stop text */
};

/* Makes room, so that the next push of `token` cannot fail. */
bool krait__output_reserve(struct output *output, struct buffer *piece, const krait_tokenizer *tokenizer, krait_token token);
/* The same for any token of up to n bytes. */
bool krait__output_reserve_bytes(struct output *output, struct buffer *piece, size_t n);
/* Sets `piece` to what the token completed. True: a stop text was completed; the piece ends before it. */
bool krait__output_push(struct output *output, struct buffer *piece, const krait_tokenizer *tokenizer, krait_token token, const struct stops *stops);
/* Sets `piece` to all that was held back, an unfinished character as U+FFFD; that character's bytes
 * stay, so that generation may go on where it ended. Room was made by a reserve. */
void krait__output_flush(struct output *output, struct buffer *piece);
void krait__output_clear(struct output *output);
bool krait__output_copy(struct output *to, const struct output *from);
void krait__output_free(struct output *output);

#endif
