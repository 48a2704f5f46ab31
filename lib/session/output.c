/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "session/output.h"
#include "base/memory.h"

#include <string.h>

/* A byte may become U+FFFD, three bytes; and a stream holds up to four. */
#define GROWTH 3
#define MARGIN 16

bool krait__stops_has(const struct stops *stops, krait_token token)
{
	for (size_t i = 0; i < stops->n_tokens; i++)
		if (stops->tokens[i] == token)
			return true;
	return false;
}

bool krait__stops_add(struct stops *stops, krait_token token)
{
	krait_token *tokens;

	if (krait__stops_has(stops, token))
		return true;
	tokens = krait__resize(stops->tokens, stops->n_tokens + 1, sizeof(*tokens));
	if (!tokens)
		return false;
	tokens[stops->n_tokens++] = token;
	stops->tokens = tokens;
	return true;
}

bool krait__stops_add_text(struct stops *stops, const char *text, size_t n_text)
{
	struct stop_text *texts = krait__resize(stops->texts, stops->n_texts + 1, sizeof(*texts));
	char *copy;

	if (!texts)
		return false;
	stops->texts = texts;
	copy = krait__copy_bytes(text, n_text);
	if (!copy)
		return false;
	texts[stops->n_texts++] = (struct stop_text){ copy, n_text };
	return true;
}

bool krait__stops_copy(struct stops *to, const struct stops *from)
{
	struct stops copy = { 0 };

	for (size_t i = 0; i < from->n_tokens; i++)
		if (!krait__stops_add(&copy, from->tokens[i]))
			goto out;
	for (size_t i = 0; i < from->n_texts; i++)
		if (!krait__stops_add_text(&copy, from->texts[i].text, from->texts[i].size))
			goto out;
	krait__stops_free(to);
	*to = copy;
	return true;
out:
	krait__stops_free(&copy);
	return false;
}

void krait__stops_free(struct stops *stops)
{
	for (size_t i = 0; i < stops->n_texts; i++)
		krait__free(stops->texts[i].text);
	krait__free(stops->texts);
	krait__free(stops->tokens);
	*stops = (struct stops){ 0 };
}

bool krait__output_reserve(struct output *output, struct buffer *piece, const krait_tokenizer *tokenizer, krait_token token)
{
	size_t n = 0;

	if (tokenizer)
		krait__tokenizer_bytes(tokenizer, token, &n);
	return krait__output_reserve_bytes(output, piece, n);
}

bool krait__output_reserve_bytes(struct output *output, struct buffer *piece, size_t n)
{
	if (n > SIZE_MAX / (4 * GROWTH))
		return false;
	n = n * GROWTH + MARGIN;
	/* the piece is written anew, so its old size does not count, but reserve adds to it */
	return krait__buffer_reserve(&output->held, n) && krait__buffer_reserve(piece, output->held.size + n);
}

/* Where the first stop text in `held` begins; held.size when there is none. */
static size_t first_match(const struct buffer *held, const struct stops *stops)
{
	size_t first = held->size;

	for (size_t i = 0; i < stops->n_texts && held->size; i++) {
		const char *at = memmem(held->data, held->size, stops->texts[i].text, stops->texts[i].size);

		if (at && (size_t)(at - held->data) < first)
			first = (size_t)(at - held->data);
	}
	return first;
}

/* Where the longest end of `held` begins that is the beginning of a stop text. */
static size_t safe_size(const struct buffer *held, const struct stops *stops)
{
	size_t longest = 0;

	for (size_t i = 0; i < stops->n_texts; i++) {
		size_t n = stops->texts[i].size - 1;

		if (n > held->size)
			n = held->size;
		while (n > longest && memcmp(held->data + held->size - n, stops->texts[i].text, n) != 0)
			n--;
		if (n > longest)
			longest = n;
	}
	return held->size - longest;
}

/* Moves the first n bytes of what is held to the end of the piece. */
static void release(struct output *output, struct buffer *piece, size_t n)
{
	krait__buffer_add(piece, output->held.data, n);
	memmove(output->held.data, output->held.data + n, output->held.size - n);
	output->held.size -= n;
	output->held.data[output->held.size] = 0;
}

bool krait__output_push(struct output *output, struct buffer *piece, const krait_tokenizer *tokenizer, krait_token token, const struct stops *stops)
{
	size_t match;

	krait__buffer_clear(piece);
	if (!tokenizer)
		return false;
	krait__stream_push(&output->stream, tokenizer, token, &output->held);
	match = first_match(&output->held, stops);
	if (match < output->held.size) {
		release(output, piece, match);
		krait__output_clear(output);
		return true;
	}
	if (output->held.size)
		release(output, piece, safe_size(&output->held, stops));
	return false;
}

void krait__output_flush(struct output *output, struct buffer *piece)
{
	struct stream ended = output->stream;

	krait__buffer_clear(piece);
	krait__stream_flush(&ended, &output->held);
	if (output->held.size)
		release(output, piece, output->held.size);
}

void krait__output_clear(struct output *output)
{
	output->stream = (struct stream){ { 0 }, 0 };
	krait__buffer_clear(&output->held);
}

bool krait__output_copy(struct output *to, const struct output *from)
{
	struct buffer held = { 0 };

	if (from->held.size && !krait__buffer_add(&held, from->held.data, from->held.size))
		return false;
	krait__buffer_free(&to->held);
	to->stream = from->stream;
	to->held = held;
	return true;
}

void krait__output_free(struct output *output)
{
	krait__buffer_free(&output->held);
}
