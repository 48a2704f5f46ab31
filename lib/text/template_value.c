/* SPDX-License-Identifier: Apache-2.0 */
/* template_value.c - making the values of chat templates, and asking what they are. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "text/template_value.h"

#include <stdio.h>
#include <string.h>

/* ---- making -------------------------------------------------------------------------- */

bool krait__jinja_undefined(struct jinja *jinja, struct value *out, const char *owner, const char *name, size_t n_name, bool unsafe)
{
	struct undefined *undefined = krait__jinja_alloc(jinja, 1, sizeof(*undefined));
	struct quoted quoted;
	char *copy;
	size_t size;

	krait__quote(&quoted, name, n_name);
	size = strlen(quoted.text) + 1;
	copy = undefined ? krait__jinja_alloc(jinja, size, 1) : NULL;
	if (!copy)
		return false;
	memcpy(copy, quoted.text, size);
	*undefined = (struct undefined){ owner, copy, unsafe };
	*out = (struct value){ .kind = VALUE_UNDEFINED, .as.undefined = undefined };
	return true;
}

bool krait__jinja_list(struct jinja *jinja, struct value *out, enum kind kind, size_t n)
{
	struct list *list = krait__jinja_alloc(jinja, 1, sizeof(*list));

	if (!list)
		return false;
	list->n = n;
	list->items = krait__jinja_alloc(jinja, n, sizeof(*list->items));
	if (!list->items)
		return false;
	*out = (struct value){ .kind = (unsigned char)kind, .as.list = list };
	return true;
}

bool krait__jinja_sequence(struct jinja *jinja, struct value *out, enum kind kind, const char *name, size_t n)
{
	struct sequence *sequence = krait__jinja_alloc(jinja, 1, sizeof(*sequence));

	if (!sequence)
		return false;
	*sequence = (struct sequence){ .name = name, .list.n = n };
	sequence->list.items = krait__jinja_alloc(jinja, n, sizeof(*sequence->list.items));
	if (!sequence->list.items)
		return false;
	*out = (struct value){ .kind = (unsigned char)kind, .as.sequence = sequence };
	return true;
}

bool krait__jinja_dict(struct jinja *jinja, struct value *out, enum kind kind, size_t room)
{
	struct dict *dict = krait__jinja_alloc(jinja, 1, sizeof(*dict));

	if (!dict)
		return false;
	*dict = (struct dict){ .room = room };
	dict->pairs = krait__jinja_alloc(jinja, room, sizeof(*dict->pairs));
	if (!dict->pairs)
		return false;
	*out = (struct value){ .kind = (unsigned char)kind, .as.dict = dict };
	return true;
}

static bool hashable(struct jinja *jinja, struct value key)
{
	if (key.kind == VALUE_TUPLE) {
		for (size_t i = 0; i < key.as.list->n; i++)
			if (key.as.list->items[i].kind == VALUE_TUPLE || !hashable(jinja, key.as.list->items[i]))
				return krait__jinja_fail(jinja, KRAIT_ERROR_UNSUPPORTED, "a key of a dict is nested too deeply");
		return true;
	}
	if (key.kind == VALUE_LIST || key.kind == VALUE_DICT || key.kind == VALUE_VIEW)
		return krait__jinja_fail(jinja, KRAIT_ERROR_ARGUMENT, "a %s cannot be a key", krait__jinja_type(key));
	return true;
}

bool krait__jinja_dict_set(struct jinja *jinja, struct dict *dict, struct value key, struct value value)
{
	bool failed = false;
	const struct pair *found = krait__jinja_dict_get(jinja, dict, key, &failed);

	if (failed)
		return false;
	if (found) {
		dict->pairs[found - dict->pairs].value = value;
		return true;
	}
	if (dict->n == dict->room) {
		size_t room = dict->room ? 2 * dict->room : 4;
		struct pair *pairs = krait__jinja_alloc(jinja, room, sizeof(*pairs));

		if (!pairs)
			return false;
		if (dict->n)
			memcpy(pairs, dict->pairs, dict->n * sizeof(*pairs));
		dict->pairs = pairs;
		dict->room = room;
	}
	dict->pairs[dict->n++] = (struct pair){ key, value };
	return true;
}

const struct pair *krait__jinja_dict_find(const struct dict *dict, const char *name, size_t n_name)
{
	for (size_t i = 0; i < dict->n; i++) {
		const struct value *key = &dict->pairs[i].key;

		if (key->kind == VALUE_TEXT && key->as.text->n == n_name && memcmp(key->as.text->data, name, n_name) == 0)
			return &dict->pairs[i];
	}
	return NULL;
}

const struct pair *krait__jinja_dict_get(struct jinja *jinja, const struct dict *dict, struct value key, bool *failed)
{
	*failed = !hashable(jinja, key) || !krait__jinja_work(jinja, dict->n);
	if (*failed)
		return NULL;
	if (key.kind == VALUE_TEXT)
		return krait__jinja_dict_find(dict, key.as.text->data, key.as.text->n);
	for (size_t i = 0; i < dict->n; i++) {
		bool same;

		if (!krait__jinja_equal(jinja, dict->pairs[i].key, key, &same)) {
			*failed = true;
			return NULL;
		}
		if (same)
			return &dict->pairs[i];
	}
	return NULL;
}

/* ---- asking -------------------------------------------------------------------------- */

const char *krait__jinja_type(struct value value)
{
	static const char *const names[] = {
		[VALUE_MISSING] = "missing", [VALUE_UNDEFINED] = "Undefined", [VALUE_NONE] = "NoneType", [VALUE_BOOL] = "bool",
		[VALUE_INT] = "int", [VALUE_FLOAT] = "float", [VALUE_TEXT] = "str", [VALUE_LIST] = "list", [VALUE_TUPLE] = "tuple",
		[VALUE_DICT] = "dict", [VALUE_RANGE] = "range", [VALUE_VIEW] = "dict view", [VALUE_ITERATOR] = "generator",
		[VALUE_NAMESPACE] = "Namespace", [VALUE_LOOP] = "LoopContext", [VALUE_MACRO] = "Macro", [VALUE_FUNCTION] = "function",
		[VALUE_METHOD] = "method",
	};

	return names[value.kind];
}

bool krait__jinja_truth(struct value value)
{
	switch ((enum kind)value.kind) {
	case VALUE_MISSING:
	case VALUE_UNDEFINED:
	case VALUE_NONE:
		return false;
	case VALUE_BOOL:
		return value.as.truth;
	case VALUE_INT:
		return value.as.integer != 0;
	case VALUE_FLOAT:
		return value.as.real != 0;
	case VALUE_TEXT:
		return value.as.text->n != 0;
	case VALUE_LIST:
	case VALUE_TUPLE:
		return value.as.list->n != 0;
	case VALUE_DICT:
		return value.as.dict->n != 0;
	case VALUE_RANGE:
		return value.as.range->n != 0;
	case VALUE_VIEW:
		return value.as.sequence->list.n != 0;
	default:
		return true;
	}
}

bool krait__jinja_is(struct value value, const char *text)
{
	return value.kind == VALUE_TEXT && value.as.text->n == strlen(text) && memcmp(value.as.text->data, text, value.as.text->n) == 0;
}

bool krait__jinja_need_defined(struct jinja *jinja, struct value value)
{
	const struct undefined *undefined = value.as.undefined;

	if (value.kind != VALUE_UNDEFINED)
		return true;
	if (undefined->unsafe)
		return krait__jinja_fail(jinja, KRAIT_ERROR_ARGUMENT, "%s of a %s may not be used by a template", undefined->name, undefined->owner);
	if (!undefined->owner)
		return krait__jinja_fail(jinja, KRAIT_ERROR_ARGUMENT, "%s is undefined", undefined->name);
	return krait__jinja_fail(jinja, KRAIT_ERROR_ARGUMENT, "a %s without %s: it is undefined", undefined->owner, undefined->name);
}

/* ---- sequences ------------------------------------------------------------------------ */

static bool text_items(struct jinja *jinja, const struct text *text, struct list *out)
{
	size_t at = 0;

	out->n = krait__jinja_count(text->data, text->n);
	out->items = krait__jinja_alloc(jinja, out->n, sizeof(*out->items));
	if (!out->items || !krait__jinja_work(jinja, text->n))
		return false;
	for (size_t i = 0; i < out->n; i++) {
		size_t size = krait__jinja_char(text->data + at, text->n - at);

		if (!krait__jinja_slice(jinja, &out->items[i], text, at, size))
			return false;
		at += size;
	}
	return true;
}

static bool key_items(struct jinja *jinja, const struct dict *dict, struct list *out)
{
	out->n = dict->n;
	out->items = krait__jinja_alloc(jinja, out->n, sizeof(*out->items));
	if (!out->items)
		return false;
	for (size_t i = 0; i < dict->n; i++)
		out->items[i] = dict->pairs[i].key;
	return true;
}

static bool range_items(struct jinja *jinja, const struct range *range, struct list *out)
{
	out->n = range->n;
	out->items = krait__jinja_alloc(jinja, out->n, sizeof(*out->items));
	if (!out->items || !krait__jinja_work(jinja, out->n))
		return false;
	for (size_t i = 0; i < out->n; i++)
		out->items[i] = jinja_int(range->start + (int64_t)i * range->step);
	return true;
}

bool krait__jinja_items(struct jinja *jinja, struct value value, struct list *out)
{
	struct sequence *sequence = value.as.sequence;

	*out = (struct list){ 0 };
	switch ((enum kind)value.kind) {
	case VALUE_UNDEFINED:
		return !value.as.undefined->unsafe || krait__jinja_need_defined(jinja, value);
	case VALUE_TEXT:
		return text_items(jinja, value.as.text, out);
	case VALUE_LIST:
	case VALUE_TUPLE:
		*out = *value.as.list;
		return true;
	case VALUE_DICT:
		return key_items(jinja, value.as.dict, out);
	case VALUE_RANGE:
		return range_items(jinja, value.as.range, out);
	case VALUE_VIEW:
		*out = sequence->list;
		return true;
	case VALUE_ITERATOR:
		*out = (struct list){ sequence->list.items + sequence->at, sequence->list.n - sequence->at };
		sequence->at = sequence->list.n;
		return true;
	default:
		return krait__jinja_fail(jinja, KRAIT_ERROR_ARGUMENT, "a %s cannot be iterated over", krait__jinja_type(value));
	}
}

bool krait__jinja_length(struct jinja *jinja, struct value value, size_t *out)
{
	*out = 0;
	switch ((enum kind)value.kind) {
	case VALUE_UNDEFINED:
		return !value.as.undefined->unsafe || krait__jinja_need_defined(jinja, value);
	case VALUE_TEXT:
		*out = krait__jinja_count(value.as.text->data, value.as.text->n);
		return krait__jinja_work(jinja, value.as.text->n);
	case VALUE_LIST:
	case VALUE_TUPLE:
		*out = value.as.list->n;
		return true;
	case VALUE_DICT:
		*out = value.as.dict->n;
		return true;
	case VALUE_RANGE:
		*out = value.as.range->n;
		return true;
	case VALUE_VIEW:
		*out = value.as.sequence->list.n;
		return true;
	default:
		return krait__jinja_fail(jinja, KRAIT_ERROR_ARGUMENT, "a %s has no length", krait__jinja_type(value));
	}
}
