/* SPDX-License-Identifier: Apache-2.0 */
/* load.c - a tokenizer.json as a tokenizer. "truncation" and "padding" are not looked at:
 * they say how training cut its batches. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/json_field.h"
#include "base/memory.h"
#include "base/seed.h"
#include "text/tokenizer_parts.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static krait_status check_decoder(const struct json_value *node, const char *what, struct why *why)
{
	const char *type = krait__json_string(krait__json_get(node, "type"));
	struct quoted quoted;

	if (krait__json_is_null(node) || (type && strcmp(type, "ByteLevel") == 0))
		return KRAIT_OK;
	return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: decoder %s is not known: only ByteLevel is",
		what, krait__quote(&quoted, type ? type : "", SIZE_MAX));
}

/* Lets the model know by id which tokens are special, so that it makes none of them of text. */
static krait_status mark_special(krait_tokenizer *t, struct why *why)
{
	unsigned char *marks = krait__alloc_zero(t->n_ids, 1);
	unsigned lost = 0;
	bool ok;

	if (!marks)
		return krait__why_memory(why);
	for (size_t i = 0; i < t->added.n; i++)
		marks[t->added.tokens[i].id] |= t->added.tokens[i].special;
	ok = krait__bpe_mark_special(&t->bpe, marks, t->n_ids, &lost);
	krait__free(marks);
	if (!ok)
		return krait__why_memory(why);
	if (lost && !t->note[0])
		snprintf(t->note, sizeof(t->note), "the piece of %u of the 256 bytes is a special token: "
			"text in which those do not count loses these bytes", lost);
	return KRAIT_OK;
}

static krait_status fill(krait_tokenizer *t, const struct json_value *root, const char *what, struct why *why)
{
	uint64_t seed = krait__hash_seed(t);
	krait_status status;

	if (!krait__json_is(root, JSON_VALUE_OBJECT))
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: not a JSON object", what);
	status = check_decoder(krait__json_get(root, "decoder"), what, why);
	if (status == KRAIT_OK)
		status = krait__normalizer_load(&t->normalizer, krait__json_get(root, "normalizer"), what, why);
	if (status == KRAIT_OK)
		status = krait__pretokenizer_load(&t->pretokenizer, krait__json_get(root, "pre_tokenizer"), what, why);
	if (status == KRAIT_OK)
		status = krait__bpe_load(&t->bpe, krait__json_get(root, "model"), seed, what, why);
	if (status == KRAIT_OK)
		status = krait__added_load(&t->added, krait__json_get(root, "added_tokens"), &t->bpe, &t->normalizer, seed, t->note, what, why);
	if (status != KRAIT_OK)
		return status;
	t->n_ids = t->bpe.vocab.n_ids;
	if (t->added.n && t->added.tokens[t->added.n - 1].id >= t->n_ids)
		t->n_ids = t->added.tokens[t->added.n - 1].id + 1;
	status = krait__post_load(&t->post, krait__json_get(root, "post_processor"), t->n_ids, what, why);
	return status == KRAIT_OK ? mark_special(t, why) : status;
}

krait_status krait__tokenizer_fill(krait_tokenizer *tokenizer, const char *json, size_t n_json, const char *what, struct why *why)
{
	struct json_value *root = krait__json_read_strict(json, n_json, what, why);
	krait_status status;

	if (!root)
		return why->status;
	status = fill(tokenizer, root, what, why);
	krait__json_free(root);
	return status;
}

krait_tokenizer *krait__tokenizer_new(void)
{
	krait_tokenizer *t = krait__alloc_zero(1, sizeof(*t));

	if (!t)
		return NULL;
	atomic_init(&t->references, 1);
	atomic_init(&t->steps, 0);
	t->pid = getpid();
	return t;
}

void krait__tokenizer_drop(krait_tokenizer *t)
{
	if (!t || atomic_fetch_sub_explicit(&t->references, 1, memory_order_acq_rel) != 1)
		return;
	krait__bpe_free(&t->bpe);
	krait__added_free(&t->added);
	krait__pretokenizer_free(&t->pretokenizer);
	krait__post_free(&t->post);
	krait__free(t);
}

krait_status krait__tokenizer_load(krait_tokenizer **out, const char *json, size_t n_json, const char *what, struct why *why)
{
	struct why own;
	krait_status status;

	*out = krait__tokenizer_new();
	if (!*out)
		return krait__why_memory(why);
	status = krait__tokenizer_fill(*out, json, n_json, what, why ? why : &own);
	if (status != KRAIT_OK) {
		krait__tokenizer_drop(*out);
		*out = NULL;
	}
	return status;
}

size_t krait__tokenizer_size(const krait_tokenizer *tokenizer)
{
	return tokenizer->n_ids;
}

krait_token krait__tokenizer_find(const krait_tokenizer *tokenizer, const char *text, size_t n_text)
{
	const struct added_token *added = n_text ? krait__added_by_text(&tokenizer->added, text, n_text) : NULL;
	uint32_t id;

	if (n_text == 0)
		return -1;
	if (added)
		return (krait_token)added->id;
	id = krait__vocab_find(&tokenizer->bpe.vocab, text, n_text, false);
	if (id == NO_ID)
		id = krait__vocab_find(&tokenizer->bpe.vocab, text, n_text, true);
	return id == NO_ID ? -1 : (krait_token)id;
}

const char *krait__tokenizer_note(const krait_tokenizer *tokenizer)
{
	return tokenizer->note;
}
