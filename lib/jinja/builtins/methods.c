/* SPDX-License-Identifier: Apache-2.0 */
/* methods.c - methods of texts and dicts, as Python's. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/builtins/methods.h"

#include <string.h>

static bool need_text(struct jinja *jinja, struct jinja_value value)
{
	if (value.kind == VALUE_TEXT)
		return true;
	return krait__jinja_need_defined(jinja, value)
		&& krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "a str is needed, not a %s", krait__jinja_type(value));
}

/* A count that may be left out; less than 0: no bound. */
static bool count_of(struct jinja *jinja, struct jinja_value value, int64_t *out)
{
	*out = -1;
	if (value.kind == VALUE_MISSING)
		return true;
	if (!jinja_is_integer(value))
		return krait__jinja_need_defined(jinja, value)
			&& krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "a count is an int, not a %s",
				krait__jinja_type(value));
	*out = jinja_integer(value);
	return true;
}

/* ---- strip --------------------------------------------------------------------------------- */

/* Whether the character goes; *failed: looking for that is too much work. */
static bool goes(struct jinja *jinja, const char *data, size_t n, const struct jinja_text *set, bool *failed)
{
	size_t size;

	*failed = !krait__jinja_work(jinja, set ? set->n + 1 : 1);
	if (*failed)
		return false;
	return set ? krait__jinja_search(set->data, set->n, data, n) != NULL
		   : krait__jinja_space(data, n, &size) && size == n;
}

bool krait__jinja_strip(struct jinja *jinja, const struct jinja_value *arguments, bool left, bool right,
	struct jinja_value *out)
{
	const struct jinja_text *text = arguments[0].as.text, *set = NULL;
	size_t begin = 0, end = text->n;
	bool failed = false;

	if (arguments[1].kind != VALUE_MISSING && arguments[1].kind != VALUE_NONE) {
		if (!need_text(jinja, arguments[1]))
			return false;
		set = arguments[1].as.text;
	}
	while (left && begin < end) {
		size_t size = krait__jinja_char(text->data + begin, end - begin);

		if (!goes(jinja, text->data + begin, size, set, &failed))
			break;
		begin += size;
	}
	while (right && !failed && end > begin) {
		size_t last = end - 1;

		while (last > begin && ((unsigned char)text->data[last] & 0xc0) == 0x80)
			last--;
		if (!goes(jinja, text->data + last, end - last, set, &failed))
			break;
		end = last;
	}
	return !failed && krait__jinja_slice(jinja, out, text, begin, end - begin);
}

static bool method_strip(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return krait__jinja_strip(jinja, arguments, true, true, out);
}
static bool method_lstrip(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return krait__jinja_strip(jinja, arguments, true, false, out);
}
static bool method_rstrip(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return krait__jinja_strip(jinja, arguments, false, true, out);
}

/* ---- split and join -------------------------------------------------------------------------- */

struct parts { struct jinja_value *items; size_t n, room; };

static bool part(struct jinja *jinja, struct parts *parts, const struct jinja_text *text, size_t from, size_t n)
{
	if (!krait__jinja_grow(jinja, &parts->items, parts->n, &parts->room, sizeof(*parts->items)))
		return false;
	return krait__jinja_slice(jinja, &parts->items[parts->n++], text, from, n);
}

static bool split_space(struct jinja *jinja, const struct jinja_text *text, int64_t most, struct parts *parts)
{
	size_t at = 0, size;

	for (;;) {
		size_t begin, end;

		while (krait__jinja_space(text->data + at, text->n - at, &size))
			at += size;
		if (at == text->n)
			return true;
		begin = end = at;
		if (most >= 0 && parts->n == (size_t)most) {    /* the rest, without the white space at its end */
			for (at = begin; at < text->n; at += size) {
				if (!krait__jinja_space(text->data + at, text->n - at, &size))
					end = at + (size = krait__jinja_char(text->data + at, text->n - at));
			}
			return part(jinja, parts, text, begin, end - begin);
		}
		while (at < text->n && !krait__jinja_space(text->data + at, text->n - at, &size))
			at += krait__jinja_char(text->data + at, text->n - at);
		if (!part(jinja, parts, text, begin, at - begin))
			return false;
	}
}

static bool split_at(struct jinja *jinja, const struct jinja_text *text, const struct jinja_text *between, int64_t most,
	struct parts *parts)
{
	size_t at = 0;

	if (!between->n)
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "split at an empty text");
	for (;;) {
		const char *found = most >= 0 && parts->n == (size_t)most
			? NULL
			: krait__jinja_search(text->data + at, text->n - at, between->data, between->n);
		size_t end = found ? (size_t)(found - text->data) : text->n;

		if (!part(jinja, parts, text, at, end - at))
			return false;
		if (!found)
			return true;
		at = end + between->n;
	}
}

static bool method_split(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	const struct jinja_text *text = arguments[0].as.text;
	struct parts parts = { 0 };
	int64_t most;
	bool done;

	if (!count_of(jinja, arguments[2], &most) || !krait__jinja_work(jinja, text->n))
		return false;
	if (arguments[1].kind == VALUE_MISSING || arguments[1].kind == VALUE_NONE)
		done = split_space(jinja, text, most, &parts);
	else
		done = need_text(jinja, arguments[1]) && split_at(jinja, text, arguments[1].as.text, most, &parts);
	if (!done || !krait__jinja_list(jinja, out, VALUE_LIST, 0))
		return false;
	*out->as.list = (struct jinja_list){ parts.items, parts.n };
	return true;
}

bool krait__jinja_join(struct jinja *jinja, const struct jinja_text *between, const struct jinja_list *items,
	struct jinja_value *out)
{
	struct jinja_chars chars = { 0 };

	for (size_t i = 0; i < items->n; i++)
		if ((i && !jinja_add_text(jinja, &chars, between))
			|| !krait__jinja_print(jinja, &chars, items->items[i]))
			return false;
	return krait__jinja_take(jinja, out, &chars);
}

static bool method_join(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	struct jinja_list items;

	if (!krait__jinja_items(jinja, arguments[1], &items))
		return false;
	for (size_t i = 0; i < items.n; i++)
		if (!need_text(jinja, items.items[i]))
			return false;
	return krait__jinja_join(jinja, arguments[0].as.text, &items, out);
}

/* ---- replace and comparisons -------------------------------------------------------------------- */

bool krait__jinja_replace(struct jinja *jinja, const struct jinja_value *arguments, struct jinja_value *out)
{
	const struct jinja_text *text = arguments[0].as.text, *old, *new;
	struct jinja_chars chars = { 0 };
	int64_t most;
	size_t at = 0;

	if (!need_text(jinja, arguments[1]) || !need_text(jinja, arguments[2]) || !count_of(jinja, arguments[3], &most)
		|| !krait__jinja_work(jinja, text->n))
		return false;
	old = arguments[1].as.text;
	new = arguments[2].as.text;
	while (most != 0) {
		const char *found = krait__jinja_search(text->data + at, text->n - at, old->data, old->n);
		size_t end = found ? (size_t)(found - text->data) : 0, size;

		if (!found)
			break;
		if (!krait__jinja_add_slice(jinja, &chars, text, at, end - at) || !jinja_add_text(jinja, &chars, new))
			return false;
		at = end + old->n;
		most -= most > 0;
		if (old->n)
			continue;
		if (at == text->n)      /* an empty text is found between all characters, and at both ends */
			break;
		size = krait__jinja_char(text->data + at, text->n - at);
		if (!krait__jinja_add_slice(jinja, &chars, text, at, size))
			return false;
		at += size;
	}
	return krait__jinja_add_slice(jinja, &chars, text, at, text->n - at) && krait__jinja_take(jinja, out, &chars);
}

static bool method_replace(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return krait__jinja_replace(jinja, arguments, out);
}

static bool affix(struct jinja *jinja, struct jinja_value *arguments, bool front, struct jinja_value *out)
{
	const struct jinja_text *text = arguments[0].as.text;
	const struct jinja_value *affixes = &arguments[1];
	size_t n = 1;
	bool found = false;

	if (affixes->kind == VALUE_TUPLE) {
		n = affixes->as.list->n;
		affixes = affixes->as.list->items;
	}
	for (size_t i = 0; i < n; i++) {
		const struct jinja_text *one = affixes[i].as.text;

		if (!need_text(jinja, affixes[i]) || !krait__jinja_work(jinja, one->n))
			return false;
		found |= one->n <= text->n
			&& memcmp(front ? text->data : text->data + text->n - one->n, one->data, one->n) == 0;
	}
	*out = jinja_bool(found);
	return true;
}

static bool method_startswith(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return affix(jinja, arguments, true, out);
}
static bool method_endswith(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return affix(jinja, arguments, false, out);
}
static bool method_upper(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return krait__jinja_case(jinja, arguments[0].as.text, CASE_UPPER, out);
}
static bool method_lower(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return krait__jinja_case(jinja, arguments[0].as.text, CASE_LOWER, out);
}
static bool method_title(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return krait__jinja_case(jinja, arguments[0].as.text, CASE_TITLE, out);
}
static bool method_capitalize(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return krait__jinja_case(jinja, arguments[0].as.text, CASE_CAPITALIZE, out);
}

const struct jinja_callable krait__jinja_text_methods[] = {
	{ "strip", method_strip, "-chars", 0 },
	{ "lstrip", method_lstrip, "-chars", 0 },
	{ "rstrip", method_rstrip, "-chars", 0 },
	{ "split", method_split, "sep maxsplit", 0 },
	{ "join", method_join, "-iterable", 1 },
	{ "replace", method_replace, "-old -new -count", 2 },
	{ "startswith", method_startswith, "-prefix", 1 },
	{ "endswith", method_endswith, "-suffix", 1 },
	{ "upper", method_upper, "", 0 },
	{ "lower", method_lower, "", 0 },
	{ "title", method_title, "", 0 },
	{ "capitalize", method_capitalize, "", 0 },
	{ 0 },
};

/* ---- dicts ------------------------------------------------------------------------------------ */

bool krait__jinja_dict_items(struct jinja *jinja, const struct jinja_dict *dict, struct jinja_value *out)
{
	if (!krait__jinja_sequence(jinja, out, VALUE_VIEW, "dict_items", dict->n))
		return false;
	for (size_t i = 0; i < dict->n; i++) {
		struct jinja_value *pair = &out->as.sequence->list.items[i];

		if (!krait__jinja_list(jinja, pair, VALUE_TUPLE, 2))
			return false;
		pair->as.list->items[0] = dict->pairs[i].key;
		pair->as.list->items[1] = dict->pairs[i].value;
	}
	return true;
}

static bool method_items(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return krait__jinja_dict_items(jinja, arguments[0].as.dict, out);
}

static bool method_keys(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	const struct jinja_dict *dict = arguments[0].as.dict;

	if (!krait__jinja_sequence(jinja, out, VALUE_VIEW, "dict_keys", dict->n))
		return false;
	for (size_t i = 0; i < dict->n; i++)
		out->as.sequence->list.items[i] = dict->pairs[i].key;
	return true;
}

static bool method_values(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	const struct jinja_dict *dict = arguments[0].as.dict;

	if (!krait__jinja_sequence(jinja, out, VALUE_VIEW, "dict_values", dict->n))
		return false;
	for (size_t i = 0; i < dict->n; i++)
		out->as.sequence->list.items[i] = dict->pairs[i].value;
	return true;
}

static bool method_get(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	bool failed;
	const struct jinja_pair *pair = krait__jinja_dict_get(jinja, arguments[0].as.dict, arguments[1], &failed);

	if (pair)
		*out = pair->value;
	else
		*out = arguments[2].kind == VALUE_MISSING ? jinja_none() : arguments[2];
	return !failed;
}

const struct jinja_callable krait__jinja_dict_methods[] = {
	{ "items", method_items, "", 0 },
	{ "keys", method_keys, "", 0 },
	{ "values", method_values, "", 0 },
	{ "get", method_get, "-key -default", 1 },
	{ 0 },
};

static bool method_count(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	const struct jinja_list *list = arguments[0].as.list;
	int64_t n = 0;

	if (!krait__jinja_work(jinja, list->n))
		return false;
	for (size_t i = 0; i < list->n; i++) {
		bool same;

		if (!krait__jinja_equal(jinja, list->items[i], arguments[1], &same))
			return false;
		n += same;
	}
	*out = jinja_int(n);
	return true;
}

const struct jinja_callable krait__jinja_list_methods[] = {
	{ "count", method_count, "-value", 1 },
	{ 0 },
};
