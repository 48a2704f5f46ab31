/* SPDX-License-Identifier: Apache-2.0 */
/* mend.c - making text well-formed. */
#include "base/utf8.h"
#include "text/tokenizer_parts.h"

#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

/* How far the text is well-formed. */
static size_t valid_up_to(const char *text, size_t n_text)
{
	size_t at = 0;

	while (at < n_text) {
		uint64_t eight;
		uint32_t c;
		size_t n;

		if (n_text - at >= 8) {
			memcpy(&eight, text + at, 8);
			if (!(eight & 0x8080808080808080u)) {
				at += 8;
				continue;
			}
		}
		n = krait__utf8_take(&c, text + at, n_text - at);
		if (n == 0)
			break;
		at += n;
	}
	return at;
}

/* Where the characters and ill-formed parts of the old text lie in the new one. */
struct follower {
	struct range *ranges;
	size_t n, next;                 /* the border looked for: 2 i the start of range i, 2 i + 1 its end */
};

/* The stretch [from, from + n_from) of the old text has become [to, to + n_to). A border inside
 * moves so that its range does not have the stretch. */
static void follow(struct follower *f, size_t from, size_t n_from, size_t to, size_t n_to)
{
	while (f->next < 2 * f->n) {
		struct range *range = &f->ranges[f->next / 2];
		size_t *border = f->next % 2 ? &range->end : &range->start;

		if (*border >= from + n_from)
			return;
		if (*border == from || f->next % 2)
			*border = to;
		else
			*border = to + n_to;
		f->next++;
	}
}

bool krait__mend(struct marked *marked, struct buffer *room)
{
	const char *text = marked->text;
	size_t n_text = marked->n_text, at = valid_up_to(text, n_text);
	struct follower f = { marked->ranges, marked->n_ranges, 0 };

	/* In well-formed text too, a border may cut a character. */
	if (at == n_text && !marked->n_ranges)
		return true;
	krait__buffer_clear(room);
	if (!krait__buffer_reserve(room, n_text))
		return false;
	for (at = 0; at < n_text;) {
		uint32_t c;
		bool cut;
		size_t n = krait__utf8_take(&c, text + at, n_text - at), to = room->size;
		const char *put = n ? text + at : REPLACEMENT;
		size_t n_put = n ? n : 3;

		if (!n)
			n = krait__utf8_bad(text + at, n_text - at, &cut);
		if (!krait__buffer_add(room, put, n_put))
			return false;
		follow(&f, at, n, to, n_put);
		at += n;
	}
	follow(&f, n_text, 1, room->size, 0);
	marked->text = room->data;
	marked->n_text = room->size;
	return true;
}
