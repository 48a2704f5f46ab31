/* SPDX-License-Identifier: Apache-2.0 */
/* order.c - filters that compare the items of lists: sort, dictsort, unique, min, max. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/builtins/methods.h"

#include <string.h>

struct sorted { struct jinja_value key, value; };

/* Stable, and in n log n comparisons. */
static bool merge_sort(struct jinja *jinja, struct sorted *items, size_t n, bool reverse)
{
	struct sorted *spare = krait__jinja_alloc(jinja, n, sizeof(*spare)), *from = items, *to = spare;

	if (!spare)
		return false;
	for (size_t width = 1; width < n; width *= 2) {
		struct sorted *swap = from;

		for (size_t begin = 0; begin < n; begin += 2 * width) {
			size_t a = begin, middle = begin + width < n ? begin + width : n, b = middle,
			       end = middle + width < n ? middle + width : n;

			for (size_t i = begin; i < end; i++) {
				int order = 0;

				if (a < middle && b < end
					&& (!krait__jinja_work(jinja, 1)
						|| !krait__jinja_order(jinja, from[b].key, from[a].key, "<", &order)))
					return false;
				if (reverse)
					order = order == 2 ? 2 : -order;
				to[i] = b == end || (a < middle && order != -1) ? from[a++] : from[b++];
			}
		}
		from = to;
		to = swap;
	}
	if (from != items)
		memcpy(items, from, n * sizeof(*items));
	return true;
}

static bool sort_key(struct jinja *jinja, struct jinja_value value, struct jinja_value attribute, bool exact,
	struct jinja_value *out)
{
	*out = value;
	if (attribute.kind != VALUE_MISSING && attribute.kind != VALUE_NONE
		&& !krait__jinja_path(jinja, value, attribute, out))
		return false;
	return exact || out->kind != VALUE_TEXT || krait__jinja_case(jinja, out->as.text, CASE_LOWER, out);
}

static bool filter_sort(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	struct jinja_list items;
	struct sorted *pairs;

	if (arguments[3].kind == VALUE_TEXT && memchr(arguments[3].as.text->data, ',', arguments[3].as.text->n))
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED,
			"sorting by several attributes is not supported");
	if (!krait__jinja_items(jinja, arguments[0], &items))
		return false;
	pairs = krait__jinja_alloc(jinja, items.n, sizeof(*pairs));
	for (size_t i = 0; pairs && i < items.n; i++) {
		pairs[i].value = items.items[i];
		if (!sort_key(jinja, items.items[i], arguments[3], krait__jinja_truth(arguments[2]), &pairs[i].key))
			return false;
	}
	if (!pairs || !merge_sort(jinja, pairs, items.n, krait__jinja_truth(arguments[1]))
		|| !krait__jinja_list(jinja, out, VALUE_LIST, items.n))
		return false;
	for (size_t i = 0; i < items.n; i++)
		out->as.list->items[i] = pairs[i].value;
	return true;
}

static bool filter_dictsort(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	bool exact = krait__jinja_truth(arguments[1]), by_value = krait__jinja_is(arguments[2], "value");
	struct jinja_value view;
	struct jinja_list *items;
	struct sorted *pairs;

	if (!krait__jinja_need_defined(jinja, arguments[0]))
		return false;
	if (arguments[0].kind != VALUE_DICT)
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "the filter 'dictsort' takes a dict, not a %s",
			krait__jinja_type(arguments[0]));
	if (!by_value && arguments[2].kind != VALUE_MISSING && !krait__jinja_is(arguments[2], "key"))
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE,
			"the filter 'dictsort' sorts by 'key' or by 'value'");
	if (!krait__jinja_dict_items(jinja, arguments[0].as.dict, &view))
		return false;
	items = &view.as.sequence->list;
	pairs = krait__jinja_alloc(jinja, items->n, sizeof(*pairs));
	for (size_t i = 0; pairs && i < items->n; i++) {
		pairs[i].value = items->items[i];
		if (!sort_key(jinja, items->items[i].as.list->items[by_value], (struct jinja_value){ 0 }, exact,
			    &pairs[i].key))
			return false;
	}
	if (!pairs || !merge_sort(jinja, pairs, items->n, krait__jinja_truth(arguments[3])))
		return false;
	for (size_t i = 0; i < items->n; i++)
		items->items[i] = pairs[i].value;
	return krait__jinja_list_of(jinja, items, out);
}

static bool filter_unique(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	struct jinja_list items;
	struct jinja_value *keys;
	size_t n = 0;

	if (!krait__jinja_items(jinja, arguments[0], &items)
		|| !krait__jinja_sequence(jinja, out, VALUE_ITERATOR, "unique", items.n))
		return false;
	keys = krait__jinja_alloc(jinja, items.n, sizeof(*keys));
	for (size_t i = 0; keys && i < items.n; i++) {
		bool same = false;

		if (!sort_key(jinja, items.items[i], arguments[2], krait__jinja_truth(arguments[1]), &keys[n])
			|| !krait__jinja_work(jinja, n))
			return false;
		for (size_t k = 0; k < n && !same; k++)
			if (!krait__jinja_equal(jinja, keys[k], keys[n], &same))
				return false;
		if (!same)
			out->as.sequence->list.items[n++] = items.items[i];
	}
	out->as.sequence->list.n = n;
	return keys != NULL;
}

static bool extreme(struct jinja *jinja, struct jinja_value *arguments, int wanted, struct jinja_value *out)
{
	struct jinja_list items;
	struct jinja_value best = { 0 }, key;

	if (!krait__jinja_items(jinja, arguments[0], &items))
		return false;
	if (!items.n)
		return krait__jinja_undefined(jinja, out, NULL, "the largest of no items", 23, false);
	for (size_t i = 0; i < items.n; i++) {
		int order = wanted;

		if (!sort_key(jinja, items.items[i], arguments[2], krait__jinja_truth(arguments[1]), &key))
			return false;
		if (i && !krait__jinja_order(jinja, key, best, wanted < 0 ? "<" : ">", &order))
			return false;
		if (order == wanted) {
			best = key;
			*out = items.items[i];
		}
	}
	return true;
}

static bool filter_min(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return extreme(jinja, arguments, -1, out);
}
static bool filter_max(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return extreme(jinja, arguments, 1, out);
}
const struct jinja_callable krait__jinja_order_filters[] = {
	{ "sort", filter_sort, "reverse case_sensitive attribute", 0 },
	{ "dictsort", filter_dictsort, "case_sensitive by reverse", 0 },
	{ "unique", filter_unique, "case_sensitive attribute", 0 },
	{ "min", filter_min, "case_sensitive attribute", 0 },
	{ "max", filter_max, "case_sensitive attribute", 0 },
	{ 0 },
};
