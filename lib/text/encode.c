/* SPDX-License-Identifier: Apache-2.0 */
/* encode.c - text to tokens: added tokens in the text as given, then in each rest as normalized,
 * then pre-tokens, then byte pairs. What one call needs lives in its own scratch. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "text/grow.h"
#include "text/tokenizer_parts.h"

#include <string.h>

#define TEXT_MOST ((size_t)1 << 30)     /* bytes of one text, so that places fit 32 bits in any normal form's words */

struct scratch {
	const krait_tokenizer *tokenizer;
	struct token_list *out;
	struct buffer mended;
	struct occurrences occurrences;
	struct founds raw, normal;
	struct normal_work normalize, part;
	struct pre_work pre;
	struct bpe_work bpe;
	struct { struct range *items; size_t size, room; } ranges;
	uint64_t steps;
};

static void scratch_free(struct scratch *s)
{
	krait__buffer_free(&s->mended);
	krait__free(s->occurrences.items);
	krait__free(s->raw.items);
	krait__free(s->normal.items);
	krait__free(s->ranges.items);
	krait__normal_work_free(&s->normalize);
	krait__normal_work_free(&s->part);
	krait__pre_work_free(&s->pre);
	krait__bpe_work_free(&s->bpe);
}

static uint64_t steps_of(const struct scratch *s)
{
	return s->steps + s->normalize.steps + s->part.steps + s->pre.steps + s->bpe.steps;
}

static bool push(struct token_list *out, krait_token token)
{
	if (out->size == out->room) {
		krait_token *grown = krait__grow(out->ids, &out->room, out->size + 1, sizeof(*out->ids));

		if (!grown)
			return false;
		out->ids = grown;
	}
	out->ids[out->size++] = token;
	return true;
}

static krait_status append_words(struct scratch *s, const char *text, size_t n_text)
{
	const struct pieces *pieces;
	const char *bytes;
	krait_status status = krait__pretokenize(&s->tokenizer->pretokenizer, &s->pre, text, n_text, &bytes, &pieces);

	for (size_t i = 0; status == KRAIT_OK && i < pieces->size; i++) {
		struct text_piece p = pieces->items[i];

		if (p.end - p.start > INT32_MAX)
			return KRAIT_ERROR_UNSUPPORTED;
		if (p.end > p.start && !krait__bpe_append(&s->tokenizer->bpe, &s->bpe, bytes + p.start, p.end - p.start, s->out))
			return KRAIT_ERROR_MEMORY;
	}
	return status;
}

/* Adds the length of a part as it would be alone, normalized; its bytes must stand at the same place of the whole. */
static bool place_part(struct scratch *s, const char *text, size_t n_text, const char *whole, size_t n_whole, size_t *at, bool *same)
{
	const char *alone;
	size_t n;

	if (!krait__normalize(&s->tokenizer->normalizer, &s->part, text, n_text, &alone, &n))
		return false;
	*same = *same && n <= n_whole - *at && memcmp(whole + *at, alone, n) == 0;
	*at += *same ? n : 0;
	return true;
}

/* Where the ranges of a text lie in its normalized form, into s->ranges. Where characters join across a
 * border nothing can be said, and no special token counts in this text. False: out of memory. */
static bool move_ranges(struct scratch *s, const char *text, size_t n_text, const char *whole, size_t n_whole, const struct allowed *allowed)
{
	size_t done = 0, at = 0;
	bool same = true;

	s->ranges.size = 0;
	for (size_t i = 0; i < allowed->n_ranges && same; i++) {
		size_t start = allowed->ranges[i].start, end = allowed->ranges[i].end;
		struct range moved;

		if (end <= allowed->shift || start >= allowed->shift + n_text)
			continue;
		start = start > allowed->shift ? start - allowed->shift : 0;
		end = end - allowed->shift < n_text ? end - allowed->shift : n_text;
		if (!KRAIT_GROW(&s->ranges, 1) || !place_part(s, text + done, start - done, whole, n_whole, &at, &same))
			return false;
		moved.start = at;
		if (!place_part(s, text + start, end - start, whole, n_whole, &at, &same))
			return false;
		moved.end = at;
		s->ranges.items[s->ranges.size++] = moved;
		done = end;
	}
	if (same && !place_part(s, text + done, n_text - done, whole, n_whole, &at, &same))
		return false;
	if (!same || at != n_whole)
		s->ranges.size = 0;
	return true;
}

/* A stretch between the tokens that are looked for in the text as given. */
static krait_status append_rest(struct scratch *s, const char *text, size_t n_text, struct allowed allowed)
{
	const struct added *added = &s->tokenizer->added;
	const char *normal;
	size_t n_normal, done = 0;
	krait_status status = KRAIT_OK;

	if (n_text == 0)
		return KRAIT_OK;
	if (!krait__normalize(&s->tokenizer->normalizer, &s->normalize, text, n_text, &normal, &n_normal))
		return KRAIT_ERROR_MEMORY;
	if (normal != text && added->special_normal && !allowed.everywhere) {
		if (!move_ranges(s, text, n_text, normal, n_normal, &allowed))
			return KRAIT_ERROR_MEMORY;
		allowed = (struct allowed){ false, s->ranges.items, s->ranges.size, 0 };
	}
	if (!krait__added_find(added, true, normal, n_normal, &allowed, &s->occurrences, &s->normal, &s->steps))
		return KRAIT_ERROR_MEMORY;
	for (size_t i = 0; i < s->normal.size && status == KRAIT_OK; i++) {
		struct found f = s->normal.items[i];

		if (done < f.start)
			status = append_words(s, normal + done, f.start - done);
		if (status == KRAIT_OK && !push(s->out, (krait_token)f.id))
			status = KRAIT_ERROR_MEMORY;
		done = f.end;
	}
	if (status == KRAIT_OK && done < n_normal)
		status = append_words(s, normal + done, n_normal - done);
	return status;
}

static krait_status append_text(struct scratch *s, struct marked *marked, bool everywhere)
{
	struct allowed allowed = { everywhere, marked->ranges, marked->n_ranges, 0 };
	size_t done = 0;
	krait_status status = KRAIT_OK;

	s->bpe.no_special = !everywhere;
	s->steps += marked->n_text;
	if (!krait__mend(marked, &s->mended)
		|| !krait__added_find(&s->tokenizer->added, false, marked->text, marked->n_text, &allowed, &s->occurrences, &s->raw, &s->steps))
		return KRAIT_ERROR_MEMORY;
	for (size_t i = 0; i < s->raw.size && status == KRAIT_OK; i++) {
		struct found f = s->raw.items[i];

		allowed.shift = done;
		if (done < f.start)
			status = append_rest(s, marked->text + done, f.start - done, allowed);
		if (status == KRAIT_OK && !push(s->out, (krait_token)f.id))
			status = KRAIT_ERROR_MEMORY;
		done = f.end;
	}
	allowed.shift = done;
	if (status == KRAIT_OK && done < marked->n_text)
		status = append_rest(s, marked->text + done, marked->n_text - done, allowed);
	return status;
}

/* Gives a bare status its text. */
static krait_status explain(krait_status status, struct why *why)
{
	if (status == KRAIT_ERROR_MEMORY)
		return krait__why_memory(why);
	if (status == KRAIT_ERROR_UNSUPPORTED)
		return krait__why(why, status, "the tokenizer's pattern needs more work for this text than is allowed: give it in shorter parts");
	return status;
}

static krait_status append(const krait_tokenizer *tokenizer, struct token_list *out, struct marked *marked, int flags, struct why *why)
{
	struct scratch s = { .tokenizer = tokenizer, .out = out };
	const struct post *post = &tokenizer->post;
	size_t size = out->size;
	krait_status status = KRAIT_OK;

	if (marked->n_text > TEXT_MOST)
		return krait__why(why, KRAIT_ERROR_ARGUMENT, "the text has %zu bytes: at most %zu can be tokenized at once", marked->n_text, TEXT_MOST);
	for (size_t i = 0; flags & KRAIT_ADD_SPECIAL && i < post->n_before && status == KRAIT_OK; i++)
		status = push(out, post->before[i]) ? KRAIT_OK : KRAIT_ERROR_MEMORY;
	if (status == KRAIT_OK)
		status = append_text(&s, marked, (flags & KRAIT_PARSE_SPECIAL) != 0);
	for (size_t i = 0; flags & KRAIT_ADD_SPECIAL && i < post->n_after && status == KRAIT_OK; i++)
		status = push(out, post->after[i]) ? KRAIT_OK : KRAIT_ERROR_MEMORY;
	/* The count is the one thing that a shared tokenizer changes; it orders nothing. */
	atomic_fetch_add_explicit(&((krait_tokenizer *)tokenizer)->steps, steps_of(&s), memory_order_relaxed);
	scratch_free(&s);
	if (status != KRAIT_OK)
		out->size = size;
	return explain(status, why);
}

krait_status krait__tokenizer_append(const krait_tokenizer *tokenizer, struct token_list *out, const char *text, size_t n_text, int flags, struct why *why)
{
	struct marked marked = { text, n_text, NULL, 0 };

	return append(tokenizer, out, &marked, flags, why);
}

krait_status krait__tokenizer_append_spans(const krait_tokenizer *tokenizer, struct token_list *out, const char *text,
	const struct text_span *spans, size_t n_spans, struct why *why)
{
	struct range *ranges = krait__alloc(n_spans, sizeof(*ranges));
	struct marked marked = { text, 0, ranges, 0 };
	krait_status status;

	if (!ranges)
		return krait__why_memory(why);
	for (size_t i = 0; i < n_spans; i++) {
		size_t start = marked.n_text;

		marked.n_text += spans[i].n_text;
		if (!spans[i].special || !spans[i].n_text)
			continue;
		if (marked.n_ranges && ranges[marked.n_ranges - 1].end == start)
			ranges[marked.n_ranges - 1].end = marked.n_text;
		else
			ranges[marked.n_ranges++] = (struct range){ start, marked.n_text };
	}
	status = append(tokenizer, out, &marked, 0, why);
	krait__free(ranges);
	return status;
}

void krait__token_list_free(struct token_list *list)
{
	krait__free(list->ids);
	memset(list, 0, sizeof(*list));
}
