/* SPDX-License-Identifier: Apache-2.0 */
/* added.c - finding added tokens in text. */
#include "text/added.h"
#include "base/memory.h"
#include "text/grow.h"
#include "text/unicode.h"

#include <string.h>

const struct added_token *krait__added_by_id(const struct added *added, uint32_t id)
{
	size_t low = 0, high = added->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (added->tokens[middle].id == id)
			return &added->tokens[middle];
		if (added->tokens[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct added_token *krait__added_by_text(const struct added *added, const char *text, size_t n_text)
{
	for (size_t i = 0; i < added->n; i++)
		if (added->tokens[i].n_content == n_text && memcmp(added->tokens[i].content, text, n_text) == 0)
			return &added->tokens[i];
	return NULL;
}

static bool allows(const struct allowed *allowed, size_t start, size_t end)
{
	size_t low = 0, high = allowed->n_ranges;

	if (allowed->everywhere)
		return true;
	start += allowed->shift;
	end += allowed->shift;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (allowed->ranges[middle].end < end)
			low = middle + 1;
		else
			high = middle;
	}
	return low < allowed->n_ranges && allowed->ranges[low].start <= start;
}

static bool stands_alone(const char *text, size_t n_text, size_t start, size_t end)
{
	uint32_t c;

	if (start > 0) {
		krait__char_at(&c, text + krait__char_before(text, start));
		if (krait__is_word(c))
			return false;
	}
	if (end == n_text)
		return true;
	krait__char_at(&c, text + end);
	return !krait__is_word(c);
}

/* `start` moved back over white space, not below `least`. */
static size_t strip_left(const char *text, size_t start, size_t least, uint64_t *steps)
{
	while (start > least) {
		size_t before = krait__char_before(text, start);
		uint32_t c;

		krait__char_at(&c, text + before);
		++*steps;
		if (!krait__is_space(c))
			break;
		start = before;
	}
	return start;
}

static size_t strip_right(const char *text, size_t n_text, size_t end, uint64_t *steps)
{
	while (end < n_text) {
		uint32_t c;
		size_t n = krait__char_at(&c, text + end);

		++*steps;
		if (!krait__is_space(c))
			break;
		end += n;
	}
	return end;
}

bool krait__added_find(const struct added *added, bool normalized, const char *text, size_t n_text, const struct allowed *allowed,
	struct occurrences *room, struct founds *out, uint64_t *steps)
{
	const struct automaton *automaton = normalized ? &added->normal : &added->raw;
	size_t next = 0, taken = 0, spaces_from = 0, spaces_to = 0;

	out->size = 0;
	if (!automaton->n_nodes)
		return true;
	if (!krait__automaton_run(automaton, text, n_text, room, steps))
		return false;
	for (size_t i = room->size; i-- > 0;) {
		const struct added_token *token = &added->tokens[room->items[i].value];
		size_t start = room->items[i].at, end = start + token->n_pattern;

		if (start < next)
			continue;
		/* What is found and not taken still hides what lies in it, as in the original. */
		next = end;
		if (token->special && !allows(allowed, start, end))
			continue;
		if (token->single_word && !stands_alone(text, n_text, start, end))
			continue;
		if (token->lstrip)
			start = strip_left(text, start, taken < start ? taken : start, steps);
		if (token->rstrip) {
			/* One run of white space is walked through once, however many tokens lie in it. */
			if (end < spaces_from || end > spaces_to) {
				spaces_from = end;
				spaces_to = strip_right(text, n_text, end, steps);
			}
			end = spaces_to;
		}
		if (!KRAIT_GROW(out, 1))
			return false;
		out->items[out->size++] = (struct found){ start, end, token->id };
		taken = end;
	}
	return true;
}

void krait__added_free(struct added *added)
{
	for (size_t i = 0; i < added->n; i++) {
		krait__free(added->tokens[i].content);
		krait__free(added->tokens[i].pattern);
	}
	krait__free(added->tokens);
	krait__automaton_free(&added->raw);
	krait__automaton_free(&added->normal);
	memset(added, 0, sizeof(*added));
}
