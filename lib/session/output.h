/* SPDX-License-Identifier: Apache-2.0 */
/* output.h - from generated tokens to pieces of text: whole characters only, and nothing
 * that might be the beginning of a stop text. */
#ifndef KRAIT_SESSION_OUTPUT_H
#define KRAIT_SESSION_OUTPUT_H

#include "base/buffer.h"
#include "session/stops.h"
#include "text/tokenizer.h"

struct session_output {
	struct stream stream;
	struct buffer held;             /* whole characters that may begin a stop text */
	/* How many bytes each of the last tokens completed, oldest first, from the one in whose text `held`
	 * begins; `lead` bytes of that one were let go already. Not known for what a file of 0.1 held back. */
	uint32_t *sizes;
	size_t n_sizes, sizes_room, lead;
	size_t n_partial;               /* how many of the last tokens ended inside the character that `stream` holds */
};

/* Makes room, so that the next push of a token of up to n bytes cannot fail. */
bool krait__output_reserve(struct session_output *output, struct buffer *piece, size_t n);
/* Sets `piece` to what the token completed. Not 0: a stop text was completed, and the piece ends before it; it began
 * so many tokens ago, 1 being this token. `tokenizer` may be NULL: no text. */
size_t krait__output_push(struct session_output *output, struct buffer *piece, const krait_tokenizer *tokenizer, krait_token token,
	const struct session_stops *stops);
/* Sets `piece` to all that was held back, an unfinished character as U+FFFD; that character's bytes
 * stay, so that generation may go on where it ended. Room was made by a reserve. */
void krait__output_flush(struct session_output *output, struct buffer *piece);
void krait__output_clear(struct session_output *output);
bool krait__output_copy(struct session_output *to, const struct session_output *from);
void krait__output_free(struct session_output *output);

#endif
