/* SPDX-License-Identifier: Apache-2.0 */
/* stream.c - tokens to text. Bytes are held back only while they are the valid beginning
 * of a character; what can never become one turns into U+FFFD at once. */
#include "base/utf8.h"
#include "text/tokenizer_parts.h"

#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

const char *krait__tokenizer_bytes(const krait_tokenizer *tokenizer, krait_token token, size_t *n_bytes)
{
	const struct added_token *added;

	*n_bytes = 0;
	if (token < 0 || (uint32_t)token >= tokenizer->n_ids)
		return "";
	added = krait__added_by_id(&tokenizer->added, (uint32_t)token);
	/* Shown as it is looked for: in the normalized spelling, if it has one. */
	if (added) {
		*n_bytes = added->n_pattern;
		return added->pattern;
	}
	if ((uint32_t)token >= tokenizer->bpe.vocab.n_ids)
		return "";
	return krait__vocab_bytes(&tokenizer->bpe.vocab, (uint32_t)token, n_bytes);
}

bool krait__tokenizer_is_special(const krait_tokenizer *tokenizer, krait_token token)
{
	const struct added_token *added = token < 0 ? NULL : krait__added_by_id(&tokenizer->added, (uint32_t)token);

	return added && added->special;
}

/* Two bytes that begin a surrogate. They are no character's beginning, but decoders that the
 * vectors come from let them wait for the third byte, so they wait here too. */
static bool half_surrogate(const char *bytes, size_t n_bytes)
{
	return n_bytes == 2 && (unsigned char)bytes[0] == 0xed && (unsigned char)bytes[1] >= 0xa0 && (unsigned char)bytes[1] <= 0xbf;
}

bool krait__stream_holds(const char *bytes, size_t n_bytes)
{
	bool cut = false;

	return half_surrogate(bytes, n_bytes) || (n_bytes && krait__utf8_bad(bytes, n_bytes, &cut) == n_bytes && cut);
}

/* Puts what is complete of `bytes` into `out`, which has room; returns how many bytes are left over. */
static size_t put_text(const char *bytes, size_t n_bytes, struct buffer *out)
{
	size_t at = 0;

	while (at < n_bytes) {
		uint32_t c;
		bool cut;
		size_t n = krait__utf8_take(&c, bytes + at, n_bytes - at);

		if (n) {
			memcpy(out->data + out->size, bytes + at, n);
			out->size += n;
			at += n;
			continue;
		}
		n = krait__utf8_bad(bytes + at, n_bytes - at, &cut);
		if (cut || half_surrogate(bytes + at, n_bytes - at))
			break;
		memcpy(out->data + out->size, REPLACEMENT, 3);
		out->size += 3;
		at += n;
	}
	out->data[out->size] = 0;
	return n_bytes - at;
}

bool krait__stream_push(struct stream *stream, const krait_tokenizer *tokenizer, krait_token token, struct buffer *out)
{
	size_t n, take = 0;
	const char *bytes = krait__tokenizer_bytes(tokenizer, token, &n);

	if (n == 0)
		return true;
	if (n > SIZE_MAX / 3 - 4 || !krait__buffer_reserve(out, 3 * (n + 4)))
		return false;
	/* What is held is completed byte by byte: three more decide it. */
	while (stream->n_held && take < n) {
		size_t left;

		stream->held[stream->n_held++] = (unsigned char)bytes[take++];
		left = put_text((const char *)stream->held, stream->n_held, out);
		memmove(stream->held, stream->held + stream->n_held - left, left);
		stream->n_held = (unsigned char)left;
	}
	if (take < n) {
		size_t left = put_text(bytes + take, n - take, out);

		memcpy(stream->held, bytes + n - left, left);
		stream->n_held = (unsigned char)left;
	}
	return true;
}

bool krait__stream_flush(struct stream *stream, struct buffer *out)
{
	bool two = half_surrogate((const char *)stream->held, stream->n_held);

	if (stream->n_held && !krait__buffer_add(out, REPLACEMENT REPLACEMENT, two ? 6 : 3))
		return false;
	stream->n_held = 0;
	return true;
}
