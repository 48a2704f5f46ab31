/* SPDX-License-Identifier: Apache-2.0 */
/* output.c - what is shown of a token's text at once, what waits, and where a stop text began. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "session/output.h"
#include "base/memory.h"

#include <string.h>

/* A byte may become U+FFFD, three bytes; and a stream holds up to four. */
#define GROWTH 3
#define MARGIN 16

static bool reserve_size(struct session_output *output)
{
	size_t need = output->n_sizes + output->n_partial + 1;
	size_t room = 2 * output->sizes_room > need ? 2 * output->sizes_room : need + 8;
	uint32_t *grown;

	if (need <= output->sizes_room)
		return true;
	grown = krait__resize(output->sizes, room, sizeof(*grown));
	if (!grown)
		return false;
	output->sizes = grown;
	output->sizes_room = room;
	return true;
}

bool krait__output_reserve(struct session_output *output, struct buffer *piece, size_t n)
{
	if (n > SIZE_MAX / (4 * GROWTH))
		return false;
	n = n * GROWTH + MARGIN;
	/* the piece is written anew, so its old size does not count, but reserve adds to it */
	return krait__buffer_reserve(&output->held, n) && krait__buffer_reserve(piece, output->held.size + n) && reserve_size(output);
}

/* Moves the first n bytes of what is held to the end of the piece, and forgets the tokens that end there. */
static void release(struct session_output *output, struct buffer *piece, size_t n)
{
	size_t dropped = 0;

	krait__buffer_add(piece, output->held.data, n);
	memmove(output->held.data, output->held.data + n, output->held.size - n);
	output->held.size -= n;
	output->held.data[output->held.size] = 0;
	output->lead += n;
	while (dropped < output->n_sizes && output->sizes[dropped] <= output->lead)
		output->lead -= output->sizes[dropped++];
	memmove(output->sizes, output->sizes + dropped, (output->n_sizes - dropped) * sizeof(*output->sizes));
	output->n_sizes -= dropped;
	if (output->n_sizes == 0)
		output->lead = 0;
}

/* How many tokens ago the byte `at` of what is held came: the tokens from the one that has it on. */
static size_t tokens_since(const struct session_output *output, size_t at)
{
	size_t end = 0, i = 0;

	for (at += output->lead; i < output->n_sizes; i++) {
		end += output->sizes[i];
		if (at < end)
			break;
	}
	return i < output->n_sizes ? output->n_sizes - i : 1;
}

static size_t first_character(const char *text)
{
	unsigned char c = (unsigned char)*text;

	if (c < 0xc0)
		return 1;
	return c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
}

/* A character that tokens have in parts belongs to the first of them. */
static void note_sizes(struct session_output *output, size_t before)
{
	size_t added = output->held.size - before, first = 0;

	if (added == 0 && output->stream.n_held) {
		output->n_partial++;
		return;
	}
	if (added && output->n_partial) {
		first = first_character(output->held.data + before);
		output->sizes[output->n_sizes++] = (uint32_t)first;
		for (size_t i = 1; i < output->n_partial; i++)
			output->sizes[output->n_sizes++] = 0;
	}
	if (output->held.size)
		output->sizes[output->n_sizes++] = (uint32_t)(added - first);
	output->n_partial = output->stream.n_held ? 1 : 0;
}

size_t krait__output_push(struct session_output *output, struct buffer *piece, const krait_tokenizer *tokenizer, krait_token token,
	const struct session_stops *stops)
{
	size_t before = output->held.size, match, since;

	krait__buffer_clear(piece);
	if (!tokenizer)
		return 0;
	krait__stream_push(&output->stream, tokenizer, token, &output->held);
	note_sizes(output, before);
	if (output->held.size == 0)
		return 0;
	match = krait__stops_match(stops, output->held.data, output->held.size);
	if (match < output->held.size) {
		since = tokens_since(output, match);
		release(output, piece, match);
		krait__output_clear(output);
		return since;
	}
	release(output, piece, output->held.size - krait__stops_begun(stops, output->held.data, output->held.size));
	return 0;
}

void krait__output_flush(struct session_output *output, struct buffer *piece)
{
	struct stream ended = output->stream;

	krait__buffer_clear(piece);
	krait__stream_flush(&ended, &output->held);
	if (output->held.size)
		release(output, piece, output->held.size);
	output->n_sizes = output->lead = 0;
}

void krait__output_clear(struct session_output *output)
{
	output->stream = (struct stream){ { 0 }, 0 };
	krait__buffer_clear(&output->held);
	output->n_sizes = output->lead = output->n_partial = 0;
}

bool krait__output_copy(struct session_output *to, const struct session_output *from)
{
	struct session_output copy = { .stream = from->stream, .n_sizes = from->n_sizes, .sizes_room = from->n_sizes,
		.lead = from->lead, .n_partial = from->n_partial };

	if (from->held.size && !krait__buffer_add(&copy.held, from->held.data, from->held.size))
		return false;
	if (from->n_sizes && !(copy.sizes = krait__copy_bytes(from->sizes, from->n_sizes * sizeof(*from->sizes)))) {
		krait__buffer_free(&copy.held);
		return false;
	}
	krait__output_free(to);
	*to = copy;
	return true;
}

void krait__output_free(struct session_output *output)
{
	krait__buffer_free(&output->held);
	krait__free(output->sizes);
	*output = (struct session_output){ 0 };
}
