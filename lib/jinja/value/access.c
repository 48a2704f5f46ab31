/* SPDX-License-Identifier: Apache-2.0 */
/* access.c - attributes, subscripts and slices. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/builtins/loop.h"

#include <string.h>

/* What Python's own types have besides: read as an attribute it must not pass for undefined. */
static const char *const unsafe_names[] = { "append", "clear", "extend", "insert", "pop", "popitem", "remove",
	"reverse", "setdefault", "sort", "update", NULL };
static const char *const foreign_names[] = {
	"as_integer_ratio",
	"bit_count",
	"bit_length",
	"conjugate",
	"copy",
	"denominator",
	"from_bytes",
	"fromhex",
	"fromkeys",
	"hex",
	"imag",
	"is_integer",
	"numerator",
	"real",
	"to_bytes",
	"casefold",
	"encode",
	"expandtabs",
	"format",
	"format_map",
	"isascii",
	"isdecimal",
	"isidentifier",
	"isnumeric",
	"isprintable",
	"istitle",
	"maketrans",
	"swapcase",
	"translate",
	"count",
	"index",
	"start",
	"stop",
	"step",
	"isalnum",
	"isalpha",
	"isdigit",
	"islower",
	"isspace",
	"isupper",
	"center",
	"ljust",
	"rjust",
	"zfill",
	"find",
	"rfind",
	"rindex",
	"partition",
	"rpartition",
	"rsplit",
	"splitlines",
	"removeprefix",
	"removesuffix",
	"mapping",
	"isdisjoint",
	"send",
	"throw",
	"close",
	"name",
	"arguments",
	"catch_kwargs",
	"catch_varargs",
	"caller",
	NULL,
};

static bool listed(const char *const *names, const char *name, size_t n_name)
{
	for (; *names; names++)
		if (strlen(*names) == n_name && memcmp(*names, name, n_name) == 0)
			return true;
	return false;
}

static const struct jinja_callable *method_of(struct jinja_value object, const char *name, size_t n_name)
{
	switch ((enum jinja_kind)object.kind) {
	case VALUE_TEXT:
		return krait__jinja_find(krait__jinja_text_methods, name, n_name);
	case VALUE_DICT:
		return krait__jinja_find(krait__jinja_dict_methods, name, n_name);
	case VALUE_LIST:
	case VALUE_TUPLE:
		return krait__jinja_find(krait__jinja_list_methods, name, n_name);
	case VALUE_LOOP:
		return krait__jinja_find(krait__jinja_loop_methods, name, n_name);
	default:
		return NULL;
	}
}

/* The methods and attributes of the object itself. *found false: there is none. */
static bool own_attribute(struct jinja *jinja, struct jinja_value object, const char *name, size_t n_name, bool *found,
	struct jinja_value *out)
{
	const struct jinja_callable *method = method_of(object, name, n_name);
	const struct jinja_pair *pair;
	struct quoted quoted;

	*found = true;
	if (method) {
		struct jinja_bound *bound = krait__jinja_alloc(jinja, 1, sizeof(*bound));

		if (!bound)
			return false;
		*bound = (struct jinja_bound){ object, method };
		*out = (struct jinja_value){ .kind = VALUE_METHOD, .as.bound = bound };
		return true;
	}
	if (object.kind == VALUE_LOOP && krait__jinja_loop_attribute(jinja, object.as.loop, name, n_name, out))
		return true;
	if (object.kind == VALUE_NAMESPACE) {
		pair = krait__jinja_dict_find(jinja, object.as.dict, name, n_name);
		*found = pair != NULL;
		if (pair)
			*out = pair->value;
		return krait__jinja_work(jinja, 0);
	}
	if ((n_name > 1 && name[0] == '_' && name[1] == '_')
		|| ((object.kind == VALUE_LIST || object.kind == VALUE_DICT) && listed(unsafe_names, name, n_name)))
		return krait__jinja_undefined(jinja, out, krait__jinja_type(object), name, n_name, true);
	if (object.kind != VALUE_NONE && object.kind != VALUE_DICT && listed(foreign_names, name, n_name))
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "%s of a %s is not supported",
			krait__quote(&quoted, name, n_name), krait__jinja_type(object));
	*found = false;
	return true;
}

bool krait__jinja_attribute(struct jinja *jinja, struct jinja_value object, const char *name, size_t n_name,
	struct jinja_value *out)
{
	const struct jinja_pair *pair;
	bool found;

	if (!krait__jinja_need_defined(jinja, object) || !own_attribute(jinja, object, name, n_name, &found, out))
		return false;
	if (found)
		return true;
	pair = object.kind == VALUE_DICT ? krait__jinja_dict_find(jinja, object.as.dict, name, n_name) : NULL;
	if (!krait__jinja_work(jinja, 0))
		return false;
	if (!pair)
		return krait__jinja_undefined(jinja, out, krait__jinja_type(object), name, n_name, false);
	*out = pair->value;
	return true;
}

/* ---- subscripts ----------------------------------------------------------------------- */

/* Where the character of that number begins; n where there are not so many. */
static size_t find_character(const struct jinja_text *text, size_t number)
{
	size_t at = 0;

	while (number-- && at < text->n)
		at += krait__jinja_char(text->data + at, text->n - at);
	return at;
}

static bool item_at(struct jinja *jinja, struct jinja_value object, int64_t index, bool *found, struct jinja_value *out)
{
	size_t n;

	if (!krait__jinja_length(jinja, object, &n))
		return false;
	if (index < 0)
		index += (int64_t)n;
	*found = index >= 0 && (uint64_t)index < n;
	if (!*found)
		return true;
	if (object.kind == VALUE_TEXT) {
		const struct jinja_text *text = object.as.text;
		size_t at = find_character(text, (size_t)index);

		return krait__jinja_slice(jinja, out, text, at, krait__jinja_char(text->data + at, text->n - at));
	}
	*out = object.kind == VALUE_RANGE ? jinja_int(object.as.range->start + index * object.as.range->step)
					  : object.as.list->items[index];
	return true;
}

bool krait__jinja_item(struct jinja *jinja, struct jinja_value object, struct jinja_value key, struct jinja_value *out)
{
	bool found = false, failed;
	char number[24];

	if (!krait__jinja_need_defined(jinja, object))
		return false;
	if (object.kind == VALUE_DICT && key.kind != VALUE_LIST && key.kind != VALUE_DICT) {
		const struct jinja_pair *pair = krait__jinja_dict_get(jinja, object.as.dict, key, &failed);

		if (failed)
			return false;
		found = pair != NULL;
		if (pair)
			*out = pair->value;
	} else if (jinja_is_integer(key)
		&& (object.kind == VALUE_TEXT || object.kind == VALUE_LIST || object.kind == VALUE_TUPLE
			|| object.kind == VALUE_RANGE)) {
		if (!item_at(jinja, object, jinja_integer(key), &found, out))
			return false;
	}
	if (!found && key.kind == VALUE_TEXT
		&& !own_attribute(jinja, object, key.as.text->data, key.as.text->n, &found, out))
		return false;
	if (found)
		return true;
	if (key.kind == VALUE_TEXT)
		return krait__jinja_undefined(jinja, out, krait__jinja_type(object), key.as.text->data, key.as.text->n,
			false);
	if (!jinja_is_integer(key))
		return krait__jinja_undefined(jinja, out, krait__jinja_type(object), "that item", 9, false);
	return krait__jinja_undefined(jinja, out, krait__jinja_type(object), number,
		krait__jinja_digits(number, jinja_integer(key)), false);
}

/* ---- slices --------------------------------------------------------------------------- */

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
	if (x < low)
		return low;
	return x > high ? high : x;
}

static bool bound_of(struct jinja *jinja, struct jinja_value bound, int64_t n, int64_t low, int64_t high,
	int64_t missing, int64_t *out)
{
	*out = missing;
	if (bound.kind == VALUE_MISSING || bound.kind == VALUE_NONE)
		return true;
	if (!jinja_is_integer(bound))
		return krait__jinja_need_defined(jinja, bound)
			&& krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "a slice takes integers, not a %s",
				krait__jinja_type(bound));
	*out = jinja_integer(bound);
	if (*out < 0)
		*out = *out < -n ? low : *out + n;
	*out = clamp(*out, low, high);
	return true;
}

static bool slice_text(struct jinja *jinja, const struct jinja_text *text, int64_t start, int64_t step, size_t count,
	struct jinja_value *out)
{
	struct jinja_chars chars = { 0 };
	struct jinja_value characters;
	struct jinja_list items;

	if (step == 1) {
		size_t from = find_character(text, (size_t)start), to = from;

		for (size_t i = 0; i < count; i++)
			to += krait__jinja_char(text->data + to, text->n - to);
		return krait__jinja_slice(jinja, out, text, from, count ? to - from : 0);
	}
	characters = (struct jinja_value){ .kind = VALUE_TEXT, .as.text = text };
	if (!krait__jinja_items(jinja, characters, &items))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!jinja_add_text(jinja, &chars, items.items[start + (int64_t)i * step].as.text))
			return false;
	return krait__jinja_take(jinja, out, &chars);
}

/* Where a slice begins and ends among n items; one that goes backwards ends at -1. */
static bool slice_bounds(struct jinja *jinja, const struct jinja_value bounds[3], int64_t n, bool forward,
	int64_t *start, int64_t *stop)
{
	int64_t low = forward ? 0 : -1, high = forward ? n : n - 1;

	return bound_of(jinja, bounds[0], n, low, high, forward ? low : high, start)
		&& bound_of(jinja, bounds[1], n, low, high, forward ? high : low, stop);
}

static size_t slice_count(int64_t start, int64_t stop, int64_t step)
{
	if (step > 0)
		return stop > start ? (size_t)((stop - start - 1) / step + 1) : 0;
	return stop < start ? (size_t)((start - stop - 1) / -step + 1) : 0;
}

bool krait__jinja_subscript(struct jinja *jinja, struct jinja_value object, const struct jinja_value bounds[3],
	struct jinja_value *out)
{
	int64_t step = 1, start, stop, n;
	size_t length, count;

	if (!krait__jinja_need_defined(jinja, object))
		return false;
	if (object.kind != VALUE_TEXT && object.kind != VALUE_LIST && object.kind != VALUE_TUPLE)
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "a slice of a %s is not supported",
			krait__jinja_type(object));
	if (jinja_is_integer(bounds[2]))
		step = jinja_integer(bounds[2]);
	else if (bounds[2].kind != VALUE_MISSING && bounds[2].kind != VALUE_NONE)
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "a slice takes integers, not a %s",
			krait__jinja_type(bounds[2]));
	if (step == 0)
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "the step of a slice is 0");
	if (!krait__jinja_length(jinja, object, &length))
		return false;
	n = (int64_t)length;
	step = clamp(step, -n - 1, n + 1);
	if (!slice_bounds(jinja, bounds, n, step > 0, &start, &stop))
		return false;
	count = slice_count(start, stop, step);
	if (!krait__jinja_work(jinja, length))
		return false;
	if (object.kind == VALUE_TEXT)
		return slice_text(jinja, object.as.text, start, step, count, out);
	if (!krait__jinja_list(jinja, out, object.kind, count))
		return false;
	for (size_t i = 0; i < count; i++)
		out->as.list->items[i] = object.as.list->items[start + (int64_t)i * step];
	return true;
}

bool krait__jinja_path(struct jinja *jinja, struct jinja_value object, struct jinja_value path, struct jinja_value *out)
{
	const char *at, *end;

	*out = object;
	if (path.kind != VALUE_TEXT)
		return krait__jinja_item(jinja, object, path, out);
	if (!krait__jinja_work(jinja, path.as.text->n))
		return false;
	at = path.as.text->data;
	end = at + path.as.text->n;
	for (;;) {
		const char *dot = at == end ? NULL : memchr(at, '.', (size_t)(end - at)), *stop = dot ? dot : end;
		struct jinja_value key;
		int64_t index = 0;
		bool digits = stop > at && stop - at < 10;

		for (const char *p = at; digits && p < stop; p++) {
			digits = *p >= '0' && *p <= '9';
			index = index * 10 + (*p - '0');
		}
		if (digits)
			key = jinja_int(index);
		else if (!krait__jinja_text(jinja, &key, at, (size_t)(stop - at), true))
			return false;
		if (!krait__jinja_item(jinja, *out, key, out))
			return false;
		if (!dot)
			return true;
		at = dot + 1;
	}
}
