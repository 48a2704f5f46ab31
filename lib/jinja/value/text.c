/* SPDX-License-Identifier: Apache-2.0 */
/* text.c - the strings of chat templates: bytes with marks that tell where they come from. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/utf8.h"
#include "jinja/value/value.h"

#include <string.h>

static bool too_long(struct jinja *jinja)
{
	return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "a text of more than %zu MiB",
		jinja->limits->text >> 20);
}

static bool reserve(struct jinja *jinja, struct jinja_chars *chars, size_t more)
{
	size_t need, room;
	char *data;
	unsigned char *marks;

	if (more > jinja->limits->text || chars->n + more > jinja->limits->text)
		return too_long(jinja);
	need = chars->n + more;
	if (need <= chars->room)
		return true;
	room = chars->room ? chars->room : 32;
	while (room < need)
		room *= 2;
	data = krait__jinja_alloc(jinja, room, 1);
	marks = data ? krait__jinja_alloc(jinja, room, 1) : NULL;
	if (!marks)
		return false;
	if (chars->n) {
		memcpy(data, chars->data, chars->n);
		memcpy(marks, chars->marks, chars->n);
	}
	*chars = (struct jinja_chars){ data, marks, chars->n, room };
	return true;
}

bool krait__jinja_add(struct jinja *jinja, struct jinja_chars *chars, const char *data, size_t n, bool special)
{
	if (!n)
		return true;
	if (!reserve(jinja, chars, n))
		return false;
	memcpy(chars->data + chars->n, data, n);
	memset(chars->marks + chars->n, special, n);
	chars->n += n;
	return true;
}

bool krait__jinja_add_slice(struct jinja *jinja, struct jinja_chars *chars, const struct jinja_text *text, size_t from,
	size_t n)
{
	size_t at = chars->n;

	if (!krait__jinja_add(jinja, chars, text->data + from, n, text->special))
		return false;
	if (text->marks && n)
		memcpy(chars->marks + at, text->marks + from, n);
	return true;
}

static bool new_text(struct jinja *jinja, struct jinja_value *out, struct jinja_text text)
{
	struct jinja_text *copy = krait__jinja_alloc(jinja, 1, sizeof(*copy));

	if (!copy)
		return false;
	*copy = text;
	*out = (struct jinja_value){ .kind = VALUE_TEXT, .as.text = copy };
	return true;
}

/* The bytes become a value's; `chars` must not grow any more by other hands than krait__jinja_concat. */
bool krait__jinja_take(struct jinja *jinja, struct jinja_value *out, struct jinja_chars *chars)
{
	struct jinja_chars *owner = krait__jinja_alloc(jinja, 1, sizeof(*owner));

	if (!owner)
		return false;
	*owner = *chars;
	*chars = (struct jinja_chars){ 0 };
	return new_text(jinja, out,
		(struct jinja_text){ .data = owner->n ? owner->data : "",
			.marks = owner->marks,
			.n = owner->n,
			.owner = owner,
			.special = true });
}

bool krait__jinja_text(struct jinja *jinja, struct jinja_value *out, const char *data, size_t n, bool special)
{
	if (n > jinja->limits->text)
		return too_long(jinja);
	return new_text(jinja, out, (struct jinja_text){ .data = data, .n = n, .special = special });
}

bool krait__jinja_slice(struct jinja *jinja, struct jinja_value *out, const struct jinja_text *text, size_t from,
	size_t n)
{
	return new_text(jinja, out,
		(struct jinja_text){ .data = text->data + from,
			.marks = text->marks ? text->marks + from : NULL,
			.n = n,
			.owner = text->owner,
			.special = text->special });
}

/* Appends in place where `a` is the end of its owner's bytes, so that building a text piece
 * by piece costs what the text costs and not its square. */
bool krait__jinja_concat(struct jinja *jinja, struct jinja_value *out, const struct jinja_text *a,
	const struct jinja_text *b)
{
	struct jinja_chars *owner = a->owner;
	struct jinja_chars fresh = { 0 };

	if (!krait__jinja_work(jinja, b->n + 1) || a->n + b->n > jinja->limits->text)
		return a->n + b->n > jinja->limits->text ? too_long(jinja) : false;
	if (owner && owner->n && a->n && a->data + a->n == owner->data + owner->n && b->n <= owner->room - owner->n) {
		if (!jinja_add_text(jinja, owner, b))
			return false;
		return new_text(jinja, out,
			(struct jinja_text){ .data = a->data,
				.marks = a->marks,
				.n = a->n + b->n,
				.owner = owner,
				.special = true });
	}
	if (!krait__jinja_work(jinja, a->n) || !jinja_add_text(jinja, &fresh, a) || !jinja_add_text(jinja, &fresh, b))
		return false;
	return krait__jinja_take(jinja, out, &fresh);
}

/* ---- characters --------------------------------------------------------------------- */

size_t krait__jinja_char(const char *data, size_t n)
{
	uint32_t c;
	size_t size = krait__utf8_take(&c, data, n);

	return size || !n ? size : 1;
}

size_t krait__jinja_count(const char *data, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += ((unsigned char)data[i] & 0xc0) != 0x80;
	return count;
}

bool krait__jinja_space(const char *data, size_t n, size_t *n_char)
{
	uint32_t c = 0;

	*n_char = krait__utf8_take(&c, data, n);
	if (!*n_char)
		return false;
	return (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x20) || c == 0x85 || c == 0xa0 || c == 0x1680
		|| (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f
		|| c == 0x3000;
}

const char *krait__jinja_search(const char *data, size_t n, const char *what, size_t n_what)
{
	return n_what ? memmem(data, n, what, n_what) : data;
}
