/* SPDX-License-Identifier: Apache-2.0 */
/* stops.c - sorted tokens; texts with their borders (Knuth, Morris and Pratt, "Fast Pattern Matching in
 * Strings", SIAM J. Comput. 6, 1977), so that no text, however it repeats itself, takes quadratic time. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "session/stops.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Where the token stands in the list, or would. */
static size_t place(const struct session_stops *stops, krait_token token)
{
	size_t low = 0, high = stops->n_tokens;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (stops->tokens[middle] < token)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool krait__stops_has(const struct session_stops *stops, krait_token token)
{
	size_t at = place(stops, token);

	return at < stops->n_tokens && stops->tokens[at] == token;
}

static int by_id(const void *a, const void *b)
{
	krait_token x = *(const krait_token *)a, y = *(const krait_token *)b;

	return (x > y) - (x < y);
}

bool krait__stops_add_many(struct session_stops *stops, const krait_token *tokens, size_t n)
{
	krait_token *grown;
	size_t kept = 0;

	if (n == 0)
		return true;
	if (n > SIZE_MAX / 2 - stops->n_tokens)
		return false;
	grown = krait__resize(stops->tokens, stops->n_tokens + n, sizeof(*grown));
	if (!grown)
		return false;
	memcpy(grown + stops->n_tokens, tokens, n * sizeof(*tokens));
	n += stops->n_tokens;
	qsort(grown, n, sizeof(*grown), by_id);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || grown[kept - 1] != grown[i])
			grown[kept++] = grown[i];
	stops->tokens = grown;
	stops->n_tokens = kept;
	return true;
}

bool krait__stops_add(struct session_stops *stops, krait_token token)
{
	size_t at = place(stops, token);
	krait_token *tokens;

	if (at < stops->n_tokens && stops->tokens[at] == token)
		return true;
	tokens = krait__resize(stops->tokens, stops->n_tokens + 1, sizeof(*tokens));
	if (!tokens)
		return false;
	memmove(tokens + at + 1, tokens + at, (stops->n_tokens - at) * sizeof(*tokens));
	tokens[at] = token;
	stops->tokens = tokens;
	stops->n_tokens++;
	return true;
}

/* How many bytes of the text's beginning stand at the end of what was seen, `matched` before `byte`. */
static size_t step(const struct session_stop_text *text, size_t matched, char byte)
{
	while (matched && (matched == text->size || text->text[matched] != byte))
		matched = text->border[matched - 1];
	return matched + (text->text[matched] == byte);
}

static bool make_text(struct session_stop_text *out, const char *text, size_t n_text)
{
	*out = (struct session_stop_text){ krait__copy_bytes(text, n_text), n_text, krait__alloc(n_text, sizeof(*out->border)) };
	if (!out->text || !out->border) {
		krait__free(out->text);
		krait__free(out->border);
		return false;
	}
	out->border[0] = 0;
	for (size_t i = 1; i < n_text; i++)
		out->border[i] = (uint32_t)step(out, out->border[i - 1], text[i]);
	return true;
}

bool krait__stops_append_text(struct session_stops *stops, const char *text, size_t n_text)
{
	struct session_stop_text made, *texts;

	texts = krait__resize(stops->texts, stops->n_texts + 1, sizeof(*texts));
	if (!texts)
		return false;
	stops->texts = texts;
	if (!make_text(&made, text, n_text))
		return false;
	texts[stops->n_texts++] = made;
	return true;
}

bool krait__stops_add_text(struct session_stops *stops, const char *text, size_t n_text)
{
	for (size_t i = 0; i < stops->n_texts; i++)
		if (stops->texts[i].size == n_text && memcmp(stops->texts[i].text, text, n_text) == 0)
			return true;
	return krait__stops_append_text(stops, text, n_text);
}

bool krait__stops_copy(struct session_stops *to, const struct session_stops *from)
{
	struct session_stops copy = { 0 };
	bool whole = krait__stops_add_many(&copy, from->tokens, from->n_tokens);

	for (size_t i = 0; i < from->n_texts && whole; i++)
		whole = krait__stops_append_text(&copy, from->texts[i].text, from->texts[i].size);
	if (!whole) {
		krait__stops_free(&copy);
		return false;
	}
	krait__stops_free(to);
	*to = copy;
	return true;
}

void krait__stops_free(struct session_stops *stops)
{
	for (size_t i = 0; i < stops->n_texts; i++) {
		krait__free(stops->texts[i].text);
		krait__free(stops->texts[i].border);
	}
	krait__free(stops->texts);
	krait__free(stops->tokens);
	*stops = (struct session_stops){ 0 };
}

size_t krait__stops_match(const struct session_stops *stops, const char *text, size_t n)
{
	size_t first = n;

	for (size_t i = 0; i < stops->n_texts; i++) {
		const struct session_stop_text *stop = &stops->texts[i];
		size_t matched = 0, at = 0;

		while (at < n && matched < stop->size)
			matched = step(stop, matched, text[at++]);
		if (matched == stop->size && at - matched < first)
			first = at - matched;
	}
	return first;
}

size_t krait__stops_begun(const struct session_stops *stops, const char *text, size_t n)
{
	size_t longest = 0;

	for (size_t i = 0; i < stops->n_texts; i++) {
		const struct session_stop_text *stop = &stops->texts[i];
		size_t matched = 0, at = n > stop->size - 1 ? n - (stop->size - 1) : 0;

		while (at < n)
			matched = step(stop, matched, text[at++]);
		if (matched > longest)
			longest = matched;
	}
	return longest;
}
