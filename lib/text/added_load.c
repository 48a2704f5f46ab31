/* SPDX-License-Identifier: Apache-2.0 */
/* added_load.c - reading "added_tokens" of a tokenizer.json. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/json_field.h"
#include "base/memory.h"
#include "text/added.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static krait_status load_options(struct added_token *token, const struct json_value *row, const char *what, struct why *why)
{
	krait_status status = krait__field_bool(&token->special, row, "special", what, why);

	token->normalized = !token->special;
	if (status == KRAIT_OK)
		status = krait__field_bool(&token->normalized, row, "normalized", what, why);
	if (status == KRAIT_OK)
		status = krait__field_bool(&token->single_word, row, "single_word", what, why);
	if (status == KRAIT_OK)
		status = krait__field_bool(&token->lstrip, row, "lstrip", what, why);
	if (status == KRAIT_OK)
		status = krait__field_bool(&token->rstrip, row, "rstrip", what, why);
	return status;
}

/* The text that the token is looked for by. */
static krait_status set_pattern(struct added_token *token, const struct normalizer *normalizer, struct why *why)
{
	struct normal_work work = { 0 };
	const char *text = token->content;
	size_t n_text = token->n_content;

	if (!token->normalized || krait__normalize(normalizer, &work, token->content, token->n_content, &text, &n_text))
		token->pattern = krait__copy_bytes(text, n_text);
	token->n_pattern = n_text;
	krait__normal_work_free(&work);
	return token->pattern ? KRAIT_OK : krait__why_memory(why);
}

/* The id of a token that the vocabulary does not have. `next` is the first that it may get; where the vocabulary's
 * ids have holes, a piece may have it already. */
static krait_status new_id(struct added_token *token, const struct bpe *bpe, uint32_t next, const char *what,
	struct why *why)
{
	struct quoted quoted;
	size_t size = 0;

	token->id = next;
	if (next < bpe->vocab.n_ids)
		krait__vocab_bytes(&bpe->vocab, next, &size);
	if (size)
		return krait__why(why, KRAIT_ERROR_FORMAT,
			"%s: added token %s gets the id %u, the number of pieces and added tokens before it, "
			"which model.vocab gives to a piece: give the pieces ids without holes", what,
			krait__quote(&quoted, token->content, token->n_content), next);
	return KRAIT_OK;
}

/* `next` is the id of the next token that the vocabulary does not have. */
static krait_status set_id(struct added_token *token, const struct json_value *row, size_t index, const struct bpe *bpe,
	uint32_t *next,
	char note[256], const char *what, struct why *why)
{
	const struct json_value *id = krait__json_get(row, "id");
	krait_status status = KRAIT_OK;
	struct quoted quoted;
	char *room;

	krait__quote(&quoted, token->content, token->n_content);
	if (!krait__json_is(id, JSON_VALUE_INTEGER) || krait__json_integer(id) < 0 || krait__json_integer(id) >= VOCAB_MOST)
		return krait__why(why, KRAIT_ERROR_FORMAT,
			"%s: added_tokens[%zu] (%s): the id is no whole number from 0 to %u",
			what, index, quoted.text, VOCAB_MOST - 1);
	room = krait__alloc(token->n_content, 1);
	if (!room)
		return krait__why_memory(why);
	token->id = krait__vocab_find_spelled(&bpe->vocab, token->content, token->n_content, room);
	krait__free(room);
	if (token->id == NO_ID)
		status = new_id(token, bpe, (*next)++, what, why);
	if (status != KRAIT_OK)
		return status;
	if (token->id >= VOCAB_MOST)
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: more than %u tokens", what, VOCAB_MOST);
	if (token->id != krait__json_integer(id) && !note[0])
		snprintf(note, 256, "added token %.120s has the id %lld in %.60s, but is %u by the vocabulary",
			quoted.text, (long long)krait__json_integer(id), what, token->id);
	return KRAIT_OK;
}

static krait_status load_row(struct added *out, const struct json_value *row, size_t index, const struct bpe *bpe,
	const struct normalizer *normalizer,
	uint32_t *next, char note[256], const char *what, struct why *why)
{
	struct added_token *token = &out->tokens[out->n];
	const struct json_value *content = krait__json_get(row, "content");
	krait_status status;

	memset(token, 0, sizeof(*token));
	token->place = (uint32_t)index;
	if (!krait__json_is(content, JSON_VALUE_STRING) || krait__json_string_size(content) == 0)
		return krait__why(why, KRAIT_ERROR_FORMAT,
			"%s: added_tokens[%zu]: field 'content' is empty or no text", what, index);
	token->n_content = krait__json_string_size(content);
	token->content = krait__copy_bytes(krait__json_string(content), token->n_content);
	if (!token->content)
		return krait__why_memory(why);
	out->n++;
	status = load_options(token, row, what, why);
	if (status == KRAIT_OK)
		status = set_id(token, row, index, bpe, next, note, what, why);
	if (status == KRAIT_OK)
		status = set_pattern(token, normalizer, why);
	if (status == KRAIT_OK && token->special && token->normalized)
		out->special_normal = true;
	return status;
}

static int compare_ids(const void *a, const void *b)
{
	const struct added_token *left = a, *right = b;

	return left->id < right->id ? -1 : left->id > right->id;
}

static int compare_texts(const void *a, const void *b)
{
	const struct added_token *left = a, *right = b;
	size_t least = left->n_content < right->n_content ? left->n_content : right->n_content;
	int order = memcmp(left->content, right->content, least);

	if (order)
		return order;
	return left->n_content < right->n_content ? -1 : left->n_content > right->n_content;
}

/* Refuses a text that stands twice; leaves the tokens in the order of ids. */
static krait_status sort_tokens(struct added *added, const char *what, struct why *why)
{
	struct quoted quoted;

	if (!added->n)
		return KRAIT_OK;
	qsort(added->tokens, added->n, sizeof(*added->tokens), compare_texts);
	for (size_t i = 1; i < added->n; i++)
		if (compare_texts(&added->tokens[i - 1], &added->tokens[i]) == 0)
			return krait__why(why, KRAIT_ERROR_FORMAT,
				"%s: added_tokens has %s twice: each may stand once", what,
				krait__quote(&quoted, added->tokens[i].content, added->tokens[i].n_content));
	qsort(added->tokens, added->n, sizeof(*added->tokens), compare_ids);
	return KRAIT_OK;
}

/* Where two have the same pattern, the special one counts, then the one that stands first in the file. */
static krait_status build(struct added *added, bool normalized, uint64_t seed, struct why *why)
{
	struct pattern *patterns = krait__alloc(added->n, sizeof(*patterns));
	uint32_t *in_file = krait__alloc(added->n, sizeof(*in_file));
	bool ok = patterns && in_file;
	size_t n = 0;

	for (size_t i = 0; i < added->n && ok; i++)
		in_file[added->tokens[i].place] = (uint32_t)i;
	for (int special = 1; special >= 0 && ok; special--)
		for (size_t i = 0; i < added->n; i++) {
			const struct added_token *token = &added->tokens[in_file[i]];

			if (token->normalized == normalized && token->special == (special == 1) && token->n_pattern)
				patterns[n++] = (struct pattern){ token->pattern, token->n_pattern, in_file[i] };
		}
	ok = ok && krait__automaton_build(normalized ? &added->normal : &added->raw, patterns, n, seed);
	krait__free(patterns);
	krait__free(in_file);
	return ok ? KRAIT_OK : krait__why_memory(why);
}

krait_status krait__added_load(struct added *out, const struct json_value *rows, const struct bpe *bpe,
	const struct normalizer *normalizer,
	uint64_t seed, char note[256], const char *what, struct why *why)
{
	size_t n = krait__json_size(rows);
	uint32_t next = bpe->vocab.n_pieces;
	krait_status status = KRAIT_OK;

	memset(out, 0, sizeof(*out));
	note[0] = 0;
	if (!krait__json_is_null(rows) && !krait__json_is(rows, JSON_VALUE_ARRAY))
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: field 'added_tokens' is no array", what);
	if (n > VOCAB_MOST)
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: %zu added tokens: at most %u are taken", what, n,
			VOCAB_MOST);
	out->tokens = krait__alloc(n, sizeof(*out->tokens));
	if (!out->tokens)
		return krait__why_memory(why);
	for (size_t i = 0; i < n && status == KRAIT_OK; i++)
		status = load_row(out, krait__json_at(rows, i), i, bpe, normalizer, &next, note, what, why);
	if (status == KRAIT_OK)
		status = sort_tokens(out, what, why);
	if (status == KRAIT_OK)
		status = build(out, false, seed, why);
	if (status == KRAIT_OK)
		status = build(out, true, seed, why);
	if (status != KRAIT_OK)
		krait__added_free(out);
	return status;
}
