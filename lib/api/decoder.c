/* SPDX-License-Identifier: Apache-2.0 */
/* decoder.c - the public face of the streaming decoder. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "text/tokenizer_parts.h"

#include <unistd.h>

struct krait_decoder {
	krait_tokenizer *tokenizer;
	struct stream stream;
	struct buffer piece;
};

krait_status krait_decoder_new(krait_decoder **out, krait_tokenizer *tokenizer)
{
	if (!out)
		return KRAIT_ERROR_ARGUMENT;
	*out = NULL;
	if (!tokenizer || tokenizer->why.status != KRAIT_OK)
		return KRAIT_ERROR_ARGUMENT;
	if (tokenizer->pid != getpid())
		return KRAIT_ERROR_FORKED;
	*out = krait__alloc_zero(1, sizeof(**out));
	if (!*out)
		return KRAIT_ERROR_MEMORY;
	(*out)->tokenizer = krait_tokenizer_ref(tokenizer);
	return KRAIT_OK;
}

void krait_decoder_free(krait_decoder *decoder)
{
	if (!decoder)
		return;
	krait__buffer_free(&decoder->piece);
	krait_tokenizer_free(decoder->tokenizer);
	krait__free(decoder);
}

/* A failed call changes nothing, so the last piece stays until there is room for the next. */
static krait_status begin(krait_decoder *decoder, size_t n_bytes)
{
	if (decoder->tokenizer->pid != getpid())
		return KRAIT_ERROR_FORKED;
	if (n_bytes > SIZE_MAX / 3 - 4 || !krait__buffer_reserve(&decoder->piece, 3 * (n_bytes + 4)))
		return KRAIT_ERROR_MEMORY;
	krait__buffer_clear(&decoder->piece);
	return KRAIT_OK;
}

krait_status krait_decoder_push(krait_decoder *decoder, krait_token token)
{
	size_t n_bytes;
	krait_status status;

	if (!decoder)
		return KRAIT_ERROR_ARGUMENT;
	krait__tokenizer_bytes(decoder->tokenizer, token, &n_bytes);
	status = begin(decoder, n_bytes);
	if (status != KRAIT_OK)
		return status;
	return krait__stream_push(&decoder->stream, decoder->tokenizer, token, &decoder->piece) ? KRAIT_OK : KRAIT_ERROR_MEMORY;
}

krait_status krait_decoder_flush(krait_decoder *decoder)
{
	krait_status status = decoder ? begin(decoder, 4) : KRAIT_ERROR_ARGUMENT;

	if (status != KRAIT_OK)
		return status;
	return krait__stream_flush(&decoder->stream, &decoder->piece) ? KRAIT_OK : KRAIT_ERROR_MEMORY;
}

const char *krait_decoder_piece(const krait_decoder *decoder)
{
	return decoder && decoder->piece.data ? decoder->piece.data : "";
}

size_t krait_decoder_piece_size(const krait_decoder *decoder)
{
	return decoder ? decoder->piece.size : 0;
}
