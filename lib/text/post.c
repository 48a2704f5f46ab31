/* SPDX-License-Identifier: Apache-2.0 */
/* post.c - reading "post_processor" of a tokenizer.json: ByteLevel, which only moves offsets,
 * TemplateProcessing for single texts, and sequences of them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "text/post.h"
#include "base/memory.h"

#include <string.h>

#define TOKENS_MOST 1024                /* on either side */

/* Puts `token` at index `at` of a list. */
static krait_status insert(krait_token **list, size_t *n, size_t at, krait_token token, const char *what, struct why *why)
{
	krait_token *grown;

	if (*n == TOKENS_MOST)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: post_processor adds more than %d tokens", what, TOKENS_MOST);
	grown = krait__resize(*list, *n + 1, sizeof(**list));
	if (!grown)
		return krait__why_memory(why);
	*list = grown;
	memmove(grown + at + 1, grown + at, (*n - at) * sizeof(*grown));
	grown[at] = token;
	++*n;
	return KRAIT_OK;
}

/* The ids of one special token of a template, put around what is there: before it at *at, which moves on. */
static krait_status add_special(struct post *out, const struct json_value *node, const struct json_value *special, bool behind, size_t *at,
	uint32_t n_ids, const char *what, struct why *why)
{
	const char *name = krait__json_string(krait__json_get(special, "id"));
	const struct json_value *ids = name ? krait__json_get(krait__json_get(krait__json_get(node, "special_tokens"), name), "ids") : NULL;
	struct quoted quoted;
	krait_status status = KRAIT_OK;

	if (!krait__json_is(ids, JSON_VALUE_ARRAY))
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: post_processor names the special token %s and does not give its ids",
			what, krait__quote(&quoted, name ? name : "", SIZE_MAX));
	for (size_t i = 0; i < krait__json_size(ids) && status == KRAIT_OK; i++) {
		const struct json_value *id = krait__json_at(ids, i);

		if (!krait__json_is(id, JSON_VALUE_INTEGER) || krait__json_integer(id) < 0 || krait__json_integer(id) >= n_ids)
			return krait__why(why, KRAIT_ERROR_FORMAT, "%s: post_processor: an id of %s is outside the vocabulary of %u",
				what, krait__quote(&quoted, name, SIZE_MAX), n_ids);
		if (behind)
			status = insert(&out->after, &out->n_after, out->n_after, (krait_token)krait__json_integer(id), what, why);
		else
			status = insert(&out->before, &out->n_before, (*at)++, (krait_token)krait__json_integer(id), what, why);
	}
	return status;
}

static krait_status load_template(struct post *out, const struct json_value *node, uint32_t n_ids, const char *what, struct why *why)
{
	const struct json_value *single = krait__json_get(node, "single");
	krait_status status = KRAIT_OK;
	size_t n_texts = 0, at = 0;

	if (!krait__json_is(single, JSON_VALUE_ARRAY))
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: post_processor TemplateProcessing: field 'single' is no array", what);
	for (size_t i = 0; i < krait__json_size(single) && status == KRAIT_OK; i++) {
		const struct json_value *member = krait__json_at(single, i);
		const struct json_value *special = krait__json_get(member, "SpecialToken");

		if (special)
			status = add_special(out, node, special, n_texts > 0, &at, n_ids, what, why);
		else
			n_texts++;
	}
	if (status == KRAIT_OK && n_texts != 1)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: post_processor TemplateProcessing has the text %zu times: it must stand once", what, n_texts);
	return status;
}

static krait_status load_one(struct post *out, const struct json_value *node, uint32_t n_ids, const char *what, struct why *why)
{
	const char *type = krait__json_string(krait__json_get(node, "type"));
	struct quoted quoted;

	type = type ? type : "";
	if (strcmp(type, "ByteLevel") == 0)
		return KRAIT_OK;
	if (strcmp(type, "TemplateProcessing") == 0)
		return load_template(out, node, n_ids, what, why);
	return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: post_processor %s is not known: ByteLevel, TemplateProcessing and Sequence are",
		what, krait__quote(&quoted, type, SIZE_MAX));
}

krait_status krait__post_load(struct post *out, const struct json_value *node, uint32_t n_ids, const char *what, struct why *why)
{
	const char *type = krait__json_string(krait__json_get(node, "type"));
	const struct json_value *members = krait__json_get(node, "processors");
	krait_status status = KRAIT_OK;

	memset(out, 0, sizeof(*out));
	if (krait__json_is_null(node))
		return KRAIT_OK;
	if (!type || strcmp(type, "Sequence") != 0)
		status = load_one(out, node, n_ids, what, why);
	else if (!krait__json_is(members, JSON_VALUE_ARRAY))
		status = krait__why(why, KRAIT_ERROR_FORMAT, "%s: field 'post_processor.processors' is missing or no array", what);
	else
		for (size_t i = 0; i < krait__json_size(members) && status == KRAIT_OK; i++)
			status = load_one(out, krait__json_at(members, i), n_ids, what, why);
	if (status != KRAIT_OK)
		krait__post_free(out);
	return status;
}

void krait__post_free(struct post *post)
{
	krait__free(post->before);
	krait__free(post->after);
	memset(post, 0, sizeof(*post));
}
