/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer.c - the public face of the tokenizer. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/file.h"
#include "base/memory.h"
#include "krait_experimental.h"
#include "text/tokenizer_parts.h"

#include <string.h>
#include <unistd.h>

#define FILE_NAME "tokenizer.json"
#define FILE_MOST ((uint64_t)256 << 20)

static krait_status check(const krait_tokenizer *tokenizer)
{
	if (!tokenizer || tokenizer->why.status != KRAIT_OK)
		return KRAIT_ERROR_ARGUMENT;
	return tokenizer->pid == getpid() ? KRAIT_OK : KRAIT_ERROR_FORKED;
}

static krait_status open_at(krait_tokenizer *tokenizer, const char *path)
{
	struct stat about;
	struct file_view view;
	struct quoted quoted;
	char *inside = NULL;
	krait_status status;

	if (krait__files.stat_path(path, &about) == 0 && S_ISDIR(about.st_mode)) {
		inside = krait__file_join(path, FILE_NAME);
		if (!inside)
			return krait__why_memory(&tokenizer->why);
		path = inside;
	}
	status = krait__file_view(&view, path, false, FILE_MOST, &tokenizer->why);
	if (status == KRAIT_OK) {
		status = krait__tokenizer_fill(tokenizer, (const char *)view.data, view.size, krait__quote(&quoted, path, SIZE_MAX), &tokenizer->why);
		krait__file_close(&view);
	}
	krait__free(inside);
	return status;
}

krait_status krait_tokenizer_open(krait_tokenizer **out, const char *path)
{
	if (!out)
		return KRAIT_ERROR_ARGUMENT;
	*out = krait__tokenizer_new();
	if (!*out)
		return KRAIT_ERROR_MEMORY;
	if (!path)
		return krait__why(&(*out)->why, KRAIT_ERROR_ARGUMENT, "krait_tokenizer_open: path is NULL: give a " FILE_NAME " or a folder with one");
	return open_at(*out, path);
}

krait_tokenizer *krait_tokenizer_ref(krait_tokenizer *tokenizer)
{
	if (tokenizer)
		atomic_fetch_add_explicit(&tokenizer->references, 1, memory_order_relaxed);
	return tokenizer;
}

void krait_tokenizer_free(krait_tokenizer *tokenizer)
{
	krait__tokenizer_drop(tokenizer);
}

const char *krait_tokenizer_error(const krait_tokenizer *tokenizer)
{
	return tokenizer ? tokenizer->why.text : "out of memory";
}

/* The size that is reported, and whether `n_out` is enough for it. */
static krait_status fits(size_t size, const void *out, size_t n_out, size_t *n)
{
	*n = size;
	if (!out && n_out == 0)
		return KRAIT_OK;
	return size <= n_out ? KRAIT_OK : KRAIT_ERROR_SPACE;
}

krait_status krait_tokenizer_encode(const krait_tokenizer *tokenizer, const char *text, size_t n_text, int flags,
	krait_token *out, size_t n_out, size_t *n_tokens)
{
	struct token_list list = { 0 };
	size_t n = 0;
	krait_status status = check(tokenizer);

	if (n_tokens)
		*n_tokens = 0;
	if ((!text && n_text) || (!out && n_out) || flags & ~(KRAIT_PARSE_SPECIAL | KRAIT_ADD_SPECIAL))
		return KRAIT_ERROR_ARGUMENT;
	if (status == KRAIT_OK)
		status = krait__tokenizer_append(tokenizer, &list, text ? text : "", n_text, flags, NULL);
	if (status == KRAIT_OK)
		status = fits(list.size, out, n_out, &n);
	if (status == KRAIT_OK && out && n)
		memcpy(out, list.ids, n * sizeof(*out));
	if (n_tokens)
		*n_tokens = n;
	krait__token_list_free(&list);
	return status;
}

static krait_status decode_all(const krait_tokenizer *tokenizer, const krait_token *tokens, size_t n_tokens, int flags, struct buffer *out)
{
	struct stream stream = { { 0 }, 0 };

	for (size_t i = 0; i < n_tokens; i++) {
		if (flags & KRAIT_SKIP_SPECIAL && krait__tokenizer_is_special(tokenizer, tokens[i]))
			continue;
		if (!krait__stream_push(&stream, tokenizer, tokens[i], out))
			return KRAIT_ERROR_MEMORY;
	}
	return krait__stream_flush(&stream, out) ? KRAIT_OK : KRAIT_ERROR_MEMORY;
}

krait_status krait_tokenizer_decode(const krait_tokenizer *tokenizer, const krait_token *tokens, size_t n_tokens, int flags,
	char *out, size_t n_out, size_t *n_text)
{
	struct buffer text = { 0 };
	size_t n = 0;
	krait_status status = check(tokenizer);

	if (n_text)
		*n_text = 0;
	if ((!tokens && n_tokens) || (!out && n_out) || flags & ~KRAIT_SKIP_SPECIAL)
		return KRAIT_ERROR_ARGUMENT;
	if (status == KRAIT_OK)
		status = decode_all(tokenizer, tokens, n_tokens, flags, &text);
	if (status == KRAIT_OK)
		status = fits(text.size, out, n_out, &n);
	if (status == KRAIT_OK && out && n)
		memcpy(out, text.data, n);
	if (n_text)
		*n_text = n;
	krait__buffer_free(&text);
	return status;
}

size_t krait_tokenizer_size(const krait_tokenizer *tokenizer)
{
	return tokenizer ? krait__tokenizer_size(tokenizer) : 0;
}

int krait_tokenizer_is_special(const krait_tokenizer *tokenizer, krait_token token)
{
	return check(tokenizer) == KRAIT_OK && krait__tokenizer_is_special(tokenizer, token);
}

krait_token krait_tokenizer_find(const krait_tokenizer *tokenizer, const char *text, size_t n_text)
{
	return check(tokenizer) == KRAIT_OK && text ? krait__tokenizer_find(tokenizer, text, n_text) : -1;
}

uint64_t krait_tokenizer_steps(const krait_tokenizer *tokenizer)
{
	return tokenizer ? atomic_load_explicit(&tokenizer->steps, memory_order_relaxed) : 0;
}
