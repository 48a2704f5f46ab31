/* SPDX-License-Identifier: Apache-2.0 */
/* value.c - making the values of chat templates, and asking what they are. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/value/value.h"

#include <stdio.h>
#include <string.h>

/* ---- making -------------------------------------------------------------------------- */

bool krait__jinja_undefined(struct jinja *jinja, struct jinja_value *out, const char *owner, const char *name,
	size_t n_name, bool unsafe)
{
	struct jinja_undefined *undefined = krait__jinja_alloc(jinja, 1, sizeof(*undefined));
	struct quoted quoted;
	char *copy;
	size_t size;

	krait__quote(&quoted, name, n_name);
	size = strlen(quoted.text) + 1;
	copy = undefined ? krait__jinja_alloc(jinja, size, 1) : NULL;
	if (!copy)
		return false;
	memcpy(copy, quoted.text, size);
	*undefined = (struct jinja_undefined){ owner, copy, unsafe };
	*out = (struct jinja_value){ .kind = VALUE_UNDEFINED, .as.undefined = undefined };
	return true;
}

bool krait__jinja_list(struct jinja *jinja, struct jinja_value *out, enum jinja_kind kind, size_t n)
{
	struct jinja_list *list = krait__jinja_alloc(jinja, 1, sizeof(*list));

	if (!list)
		return false;
	list->n = n;
	list->items = krait__jinja_alloc(jinja, n, sizeof(*list->items));
	if (!list->items)
		return false;
	*out = (struct jinja_value){ .kind = (unsigned char)kind, .as.list = list };
	return true;
}

bool krait__jinja_sequence(struct jinja *jinja, struct jinja_value *out, enum jinja_kind kind, const char *name,
	size_t n)
{
	struct jinja_sequence *sequence = krait__jinja_alloc(jinja, 1, sizeof(*sequence));

	if (!sequence)
		return false;
	*sequence = (struct jinja_sequence){ .name = name, .list.n = n };
	sequence->list.items = krait__jinja_alloc(jinja, n, sizeof(*sequence->list.items));
	if (!sequence->list.items)
		return false;
	*out = (struct jinja_value){ .kind = (unsigned char)kind, .as.sequence = sequence };
	return true;
}

bool krait__jinja_dict(struct jinja *jinja, struct jinja_value *out, enum jinja_kind kind, size_t room)
{
	struct jinja_dict *dict = krait__jinja_alloc(jinja, 1, sizeof(*dict));

	if (!dict)
		return false;
	*dict = (struct jinja_dict){ .room = room };
	dict->pairs = krait__jinja_alloc(jinja, room, sizeof(*dict->pairs));
	if (!dict->pairs)
		return false;
	*out = (struct jinja_value){ .kind = (unsigned char)kind, .as.dict = dict };
	return true;
}

static bool hashable(struct jinja *jinja, struct jinja_value key)
{
	if (key.kind == VALUE_TUPLE) {
		for (size_t i = 0; i < key.as.list->n; i++)
			if (key.as.list->items[i].kind == VALUE_TUPLE || !hashable(jinja, key.as.list->items[i]))
				return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED,
					"a key of a dict is nested too deeply");
		return true;
	}
	if (key.kind == VALUE_LIST || key.kind == VALUE_DICT || key.kind == VALUE_VIEW)
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "a %s cannot be a key", krait__jinja_type(key));
	return true;
}

bool krait__jinja_dict_set(struct jinja *jinja, struct jinja_dict *dict, struct jinja_value key,
	struct jinja_value value)
{
	bool failed = false;
	const struct jinja_pair *found = krait__jinja_dict_get(jinja, dict, key, &failed);

	if (failed)
		return false;
	if (found) {
		dict->pairs[found - dict->pairs].value = value;
		return true;
	}
	if (!krait__jinja_grow(jinja, &dict->pairs, dict->n, &dict->room, sizeof(*dict->pairs)))
		return false;
	dict->pairs[dict->n++] = (struct jinja_pair){ key, value };
	return true;
}

const struct jinja_pair *krait__jinja_dict_find(struct jinja *jinja, const struct jinja_dict *dict, const char *name,
	size_t n)
{
	jinja->work += dict->n;
	for (size_t i = 0; i < dict->n; i++) {
		const struct jinja_value *key = &dict->pairs[i].key;

		if (key->kind != VALUE_TEXT || key->as.text->n != n)
			continue;
		jinja->work += n;
		if (memcmp(key->as.text->data, name, n) == 0)
			return &dict->pairs[i];
	}
	return NULL;
}

const struct jinja_pair *krait__jinja_dict_get(struct jinja *jinja, const struct jinja_dict *dict,
	struct jinja_value key, bool *failed)
{
	*failed = !hashable(jinja, key);
	if (*failed)
		return NULL;
	if (key.kind == VALUE_TEXT) {
		const struct jinja_pair *found = krait__jinja_dict_find(jinja, dict, key.as.text->data, key.as.text->n);

		*failed = !krait__jinja_work(jinja, 0);
		return *failed ? NULL : found;
	}
	*failed = !krait__jinja_work(jinja, dict->n);
	if (*failed)
		return NULL;
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

const char *krait__jinja_type(struct jinja_value value)
{
	static const char *const names[] = {
		[VALUE_MISSING] = "missing",
		[VALUE_UNDEFINED] = "Undefined",
		[VALUE_NONE] = "NoneType",
		[VALUE_BOOL] = "bool",
		[VALUE_INT] = "int",
		[VALUE_BIG] = "int",
		[VALUE_FLOAT] = "float",
		[VALUE_TEXT] = "str",
		[VALUE_LIST] = "list",
		[VALUE_TUPLE] = "tuple",
		[VALUE_DICT] = "dict",
		[VALUE_RANGE] = "range",
		[VALUE_VIEW] = "dict view",
		[VALUE_ITERATOR] = "generator",
		[VALUE_NAMESPACE] = "Namespace",
		[VALUE_LOOP] = "LoopContext",
		[VALUE_MACRO] = "Macro",
		[VALUE_FUNCTION] = "function",
		[VALUE_METHOD] = "method",
	};

	return names[value.kind];
}

bool krait__jinja_truth(struct jinja_value value)
{
	switch ((enum jinja_kind)value.kind) {
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

bool krait__jinja_is(struct jinja_value value, const char *text)
{
	return value.kind == VALUE_TEXT && value.as.text->n == strlen(text)
		&& memcmp(value.as.text->data, text, value.as.text->n) == 0;
}

bool krait__jinja_need_defined(struct jinja *jinja, struct jinja_value value)
{
	const struct jinja_undefined *undefined = value.as.undefined;

	if (value.kind != VALUE_UNDEFINED)
		return true;
	if (undefined->unsafe)
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "%s of a %s may not be used by a template",
			undefined->name, undefined->owner);
	if (!undefined->owner)
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "%s is undefined", undefined->name);
	return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "a %s without %s: it is undefined", undefined->owner,
		undefined->name);
}

/* ---- sequences ------------------------------------------------------------------------ */

static bool text_items(struct jinja *jinja, const struct jinja_text *text, struct jinja_list *out)
{
	size_t at = 0;

	if (!krait__jinja_work(jinja, text->n))
		return false;
	out->n = krait__jinja_count(text->data, text->n);
	out->items = krait__jinja_alloc(jinja, out->n, sizeof(*out->items));
	if (!out->items)
		return false;
	for (size_t i = 0; i < out->n; i++) {
		size_t size = krait__jinja_char(text->data + at, text->n - at);

		if (!krait__jinja_slice(jinja, &out->items[i], text, at, size))
			return false;
		at += size;
	}
	return true;
}

static bool key_items(struct jinja *jinja, const struct jinja_dict *dict, struct jinja_list *out)
{
	out->n = dict->n;
	out->items = krait__jinja_alloc(jinja, out->n, sizeof(*out->items));
	if (!out->items)
		return false;
	for (size_t i = 0; i < dict->n; i++)
		out->items[i] = dict->pairs[i].key;
	return true;
}

static bool range_items(struct jinja *jinja, const struct jinja_range *range, struct jinja_list *out)
{
	out->n = range->n;
	out->items = krait__jinja_alloc(jinja, out->n, sizeof(*out->items));
	if (!out->items || !krait__jinja_work(jinja, out->n))
		return false;
	for (size_t i = 0; i < out->n; i++)
		out->items[i] = jinja_int(range->start + (int64_t)i * range->step);
	return true;
}

bool krait__jinja_items(struct jinja *jinja, struct jinja_value value, struct jinja_list *out)
{
	struct jinja_sequence *sequence = value.as.sequence;

	*out = (struct jinja_list){ 0 };
	switch ((enum jinja_kind)value.kind) {
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
		*out = (struct jinja_list){ sequence->list.items + sequence->at, sequence->list.n - sequence->at };
		sequence->at = sequence->list.n;
		return true;
	default:
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "a %s cannot be iterated over",
			krait__jinja_type(value));
	}
}

bool krait__jinja_length(struct jinja *jinja, struct jinja_value value, size_t *out)
{
	*out = 0;
	switch ((enum jinja_kind)value.kind) {
	case VALUE_UNDEFINED:
		return !value.as.undefined->unsafe || krait__jinja_need_defined(jinja, value);
	case VALUE_TEXT:
		if (!krait__jinja_work(jinja, value.as.text->n))
			return false;
		*out = krait__jinja_count(value.as.text->data, value.as.text->n);
		return true;
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
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "a %s has no length", krait__jinja_type(value));
	}
}
