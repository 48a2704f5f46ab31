/* SPDX-License-Identifier: Apache-2.0 */
/* lists.c - filters on lists and dicts. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/builtins/methods.h"

#include <string.h>

bool krait__jinja_list_of(struct jinja *jinja, const struct jinja_list *items, struct jinja_value *out)
{
	if (!krait__jinja_list(jinja, out, VALUE_LIST, items->n))
		return false;
	if (items->n)
		memcpy(out->as.list->items, items->items, items->n * sizeof(*items->items));
	return true;
}

static bool filter_list(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	struct jinja_list items;

	return krait__jinja_items(jinja, arguments[0], &items) && krait__jinja_list_of(jinja, &items, out);
}

static bool filter_join(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	struct jinja_list items;
	const struct jinja_text *between;
	struct jinja_value picked;
	static const struct jinja_text nothing = { .data = "", .special = true };

	if (!krait__jinja_items(jinja, arguments[0], &items))
		return false;
	if (arguments[1].kind == VALUE_MISSING)
		between = &nothing;
	else if (!krait__jinja_string(jinja, arguments[1], &between))
		return false;
	if (arguments[2].kind != VALUE_MISSING && arguments[2].kind != VALUE_NONE) {
		if (!krait__jinja_list(jinja, &picked, VALUE_LIST, items.n))
			return false;
		for (size_t i = 0; i < items.n; i++)
			if (!krait__jinja_path(jinja, items.items[i], arguments[2], &picked.as.list->items[i]))
				return false;
		items = *picked.as.list;
	}
	return krait__jinja_join(jinja, between, &items, out);
}

static bool filter_first(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	struct jinja_sequence *sequence = arguments[0].as.sequence;
	struct jinja_list items;

	if (arguments[0].kind == VALUE_ITERATOR && sequence->at < sequence->list.n) {
		*out = sequence->list.items[sequence->at++];
		return true;
	}
	if (!krait__jinja_items(jinja, arguments[0], &items))
		return false;
	if (!items.n)
		return krait__jinja_undefined(jinja, out, NULL, "the first of no items", 21, false);
	*out = items.items[0];
	return true;
}

static bool filter_last(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	struct jinja_list items;

	if (arguments[0].kind == VALUE_ITERATOR)
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "the filter 'last' takes no generator");
	if (!krait__jinja_items(jinja, arguments[0], &items))
		return false;
	if (!items.n)
		return krait__jinja_undefined(jinja, out, NULL, "the last of no items", 20, false);
	*out = items.items[items.n - 1];
	return true;
}

static bool filter_items(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	struct jinja_value view;

	if (arguments[0].kind == VALUE_UNDEFINED)
		return krait__jinja_sequence(jinja, out, VALUE_ITERATOR, "items", 0);
	if (arguments[0].kind != VALUE_DICT)
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "the filter 'items' takes a dict, not a %s",
			krait__jinja_type(arguments[0]));
	if (!krait__jinja_dict_items(jinja, arguments[0].as.dict, &view))
		return false;
	*out = (struct jinja_value){ .kind = VALUE_ITERATOR, .as.sequence = view.as.sequence };
	return true;
}

static bool filter_reverse(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	const struct jinja_value whole[3] = { { .kind = VALUE_MISSING }, { .kind = VALUE_MISSING }, jinja_int(-1) };
	struct jinja_list items;

	if (arguments[0].kind == VALUE_TEXT)
		return krait__jinja_subscript(jinja, arguments[0], whole, out);
	if (!krait__jinja_items(jinja, arguments[0], &items)
		|| !krait__jinja_sequence(jinja, out, VALUE_ITERATOR, "reverse", items.n))
		return false;
	for (size_t i = 0; i < items.n; i++)
		out->as.sequence->list.items[i] = items.items[items.n - 1 - i];
	return true;
}

/* ---- map, select, reject ---------------------------------------------------------------------- */

/* arguments: [1] attribute, [2] default, [3] the other positional ones */
static bool filter_map(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	const struct jinja_list *rest = arguments[3].as.list;
	const struct jinja_callable *filter = NULL;
	struct jinja_arguments others = { 0 };
	struct jinja_list items;

	if (arguments[1].kind == VALUE_MISSING) {
		if (!rest->n || rest->items[0].kind != VALUE_TEXT)
			return krait__jinja_fail(jinja, JINJA_ERROR_VALUE,
				"the filter 'map' needs a filter's name or attribute=");
		filter = krait__jinja_filter(rest->items[0].as.text->data, rest->items[0].as.text->n);
		if (!filter || filter->call == filter_map)
			return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED,
				"this filter in 'map' is not supported");
		others.positional = rest->items + 1;
		others.n_positional = rest->n - 1;
	} else if (rest->n) {
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE,
			"the filter 'map' takes a filter or attribute=, not both");
	}
	if (!krait__jinja_items(jinja, arguments[0], &items)
		|| !krait__jinja_sequence(jinja, out, VALUE_ITERATOR, "map", items.n))
		return false;
	for (size_t i = 0; i < items.n; i++) {
		struct jinja_value *item = &out->as.sequence->list.items[i];

		*item = (struct jinja_value){ 0 };
		if (filter ? !krait__jinja_call(jinja, filter, "filter", items.items[i], &others, item)
			   : !krait__jinja_path(jinja, items.items[i], arguments[1], item))
			return false;
		if (!filter && item->kind == VALUE_UNDEFINED && arguments[2].kind != VALUE_MISSING)
			*item = arguments[2];
	}
	return true;
}

/* rest: perhaps an attribute, then a test's name and its arguments, or nothing: the truth. */
static bool pick(struct jinja *jinja, struct jinja_value *arguments, bool attribute, bool wanted,
	struct jinja_value *out)
{
	const struct jinja_list *rest = arguments[1].as.list;
	const struct jinja_callable *test = NULL;
	struct jinja_arguments others = { 0 };
	size_t at = attribute, n = 0;
	struct jinja_list items;

	if (attribute && !rest->n)
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "the name of an attribute is missing");
	if (rest->n > at) {
		test = rest->items[at].kind == VALUE_TEXT ? krait__jinja_find(krait__jinja_tests,
			       rest->items[at].as.text->data, rest->items[at].as.text->n)
							  : NULL;
		if (!test)
			return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED,
				"this test in a filter is not supported");
		others.positional = rest->items + at + 1;
		others.n_positional = rest->n - at - 1;
	}
	if (!krait__jinja_items(jinja, arguments[0], &items)
		|| !krait__jinja_sequence(jinja, out, VALUE_ITERATOR, "select", items.n))
		return false;
	for (size_t i = 0; i < items.n; i++) {
		struct jinja_value looked = items.items[i], answer = { 0 };

		if (attribute && !krait__jinja_path(jinja, items.items[i], rest->items[0], &looked))
			return false;
		answer = looked;
		if (test && !krait__jinja_call(jinja, test, "test", looked, &others, &answer))
			return false;
		if (krait__jinja_truth(answer) == wanted)
			out->as.sequence->list.items[n++] = items.items[i];
	}
	out->as.sequence->list.n = n;
	return true;
}

static bool filter_select(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return pick(jinja, arguments, false, true, out);
}
static bool filter_reject(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return pick(jinja, arguments, false, false, out);
}
static bool filter_selectattr(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return pick(jinja, arguments, true, true, out);
}
static bool filter_rejectattr(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return pick(jinja, arguments, true, false, out);
}

static bool filter_sum(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	struct jinja_list items;

	if (!krait__jinja_items(jinja, arguments[0], &items))
		return false;
	*out = arguments[2].kind == VALUE_MISSING ? jinja_int(0) : arguments[2];
	if (out->kind == VALUE_TEXT)
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "the filter 'sum' does not join texts");
	for (size_t i = 0; i < items.n; i++) {
		struct jinja_value item = items.items[i], before = *out;

		if (arguments[1].kind != VALUE_MISSING && arguments[1].kind != VALUE_NONE
			&& !krait__jinja_path(jinja, item, arguments[1], &item))
			return false;
		if (!krait__jinja_binary(jinja, BINARY_ADD, before, item, out))
			return false;
	}
	return true;
}

const struct jinja_callable krait__jinja_list_filters[] = {
	{ "list", filter_list, "", 0 },
	{ "join", filter_join, "d attribute", 0 },
	{ "first", filter_first, "", 0 },
	{ "last", filter_last, "", 0 },
	{ "items", filter_items, "", 0 },
	{ "reverse", filter_reverse, "", 0 },
	{ "map", filter_map, "+attribute +default *", 0 },
	{ "select", filter_select, "*", 0 },
	{ "reject", filter_reject, "*", 0 },
	{ "selectattr", filter_selectattr, "*", 0 },
	{ "rejectattr", filter_rejectattr, "*", 0 },
	{ "sum", filter_sum, "attribute start", 0 },
	{ 0 },
};
