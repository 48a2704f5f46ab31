/* SPDX-License-Identifier: Apache-2.0 */
/* compare.c - equality, order and membership as Python defines them. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/value/value.h"

#include <math.h>
#include <string.h>

static bool deeper(struct jinja *jinja)
{
	if (jinja->depth >= JINJA_MAX_NESTING)
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "values nested more than %d deep",
			JINJA_MAX_NESTING);
	jinja->depth++;
	return true;
}

/* -1, 0, 1, or 2 where one is not a number. An int and a float compare exactly. */
static int order_numbers(struct jinja_value a, struct jinja_value b)
{
	double real;
	int64_t integer, floor;

	if (jinja_is_integer(a) && jinja_is_integer(b))
		return (jinja_integer(a) > jinja_integer(b)) - (jinja_integer(a) < jinja_integer(b));
	if (a.kind == VALUE_FLOAT && b.kind == VALUE_FLOAT) {
		if (isnan(a.as.real) || isnan(b.as.real))
			return 2;
		return (a.as.real > b.as.real) - (a.as.real < b.as.real);
	}
	if (b.kind != VALUE_FLOAT) {
		int other = order_numbers(b, a);

		return other == 2 ? 2 : -other;
	}
	integer = jinja_integer(a);
	real = b.as.real;
	if (real != real)
		return 2;
	if (real >= 0x1p63)
		return -1;
	if (real < -0x1p63)
		return 1;
	floor = (int64_t)real;
	if (integer != floor)
		return integer < floor ? -1 : 1;
	return ((double)floor > real) - ((double)floor < real);
}

static bool equal_dicts(struct jinja *jinja, const struct jinja_dict *a, const struct jinja_dict *b, bool *out)
{
	*out = a->n == b->n;
	for (size_t i = 0; *out && i < a->n; i++) {
		bool failed;
		const struct jinja_pair *other = krait__jinja_dict_get(jinja, b, a->pairs[i].key, &failed);

		if (failed)
			return false;
		*out = other != NULL;
		if (other && !krait__jinja_equal(jinja, a->pairs[i].value, other->value, out))
			return false;
	}
	return true;
}

static bool equal_lists(struct jinja *jinja, const struct jinja_list *a, const struct jinja_list *b, bool *out)
{
	*out = a->n == b->n;
	if (!krait__jinja_work(jinja, a->n))
		return false;
	for (size_t i = 0; *out && i < a->n; i++)
		if (!krait__jinja_equal(jinja, a->items[i], b->items[i], out))
			return false;
	return true;
}

static bool equal_ranges(const struct jinja_range *a, const struct jinja_range *b)
{
	return a->n == b->n && (!a->n || (a->start == b->start && (a->n == 1 || a->step == b->step)));
}

static bool equal_nested(struct jinja *jinja, struct jinja_value a, struct jinja_value b, bool *out)
{
	bool done;

	if (!deeper(jinja))
		return false;
	done = a.kind == VALUE_DICT ? equal_dicts(jinja, a.as.dict, b.as.dict, out)
				    : equal_lists(jinja, a.as.list, b.as.list, out);
	jinja->depth--;
	return done;
}

static bool is_big_beside_float(struct jinja_value a, struct jinja_value b)
{
	return a.kind == VALUE_BIG && b.kind == VALUE_FLOAT;
}

bool krait__jinja_equal(struct jinja *jinja, struct jinja_value a, struct jinja_value b, bool *out)
{
	*out = false;
	if (jinja_is_number(a) && jinja_is_number(b)) {
		*out = order_numbers(a, b) == 0;
		return true;
	}
	if (is_big_beside_float(a, b) || is_big_beside_float(b, a))
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED,
			"comparing an integer of more than 64 bits with a float");
	if (a.kind != b.kind)
		return true;
	switch ((enum jinja_kind)a.kind) {
	case VALUE_MISSING:
	case VALUE_UNDEFINED:
	case VALUE_NONE:
		*out = true;
		return true;
	case VALUE_TEXT:
	case VALUE_BIG:
		if (!krait__jinja_work(jinja, a.as.text->n == b.as.text->n ? a.as.text->n : 1))
			return false;
		*out = a.as.text->n == b.as.text->n && memcmp(a.as.text->data, b.as.text->data, a.as.text->n) == 0;
		return true;
	case VALUE_LIST:
	case VALUE_TUPLE:
	case VALUE_DICT:
		return equal_nested(jinja, a, b, out);
	case VALUE_RANGE:
		*out = equal_ranges(a.as.range, b.as.range);
		return true;
	case VALUE_VIEW:
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "comparing a %s is not supported",
			a.as.sequence->name);
	case VALUE_METHOD:
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "comparing methods is not supported");
	default:
		*out = a.as.bound == b.as.bound;        /* the same object */
		return true;
	}
}

static bool order_lists(struct jinja *jinja, const struct jinja_list *a, const struct jinja_list *b, const char *symbol,
	int *out)
{
	for (size_t i = 0; i < a->n && i < b->n; i++) {
		bool same;

		if (!krait__jinja_work(jinja, 1) || !krait__jinja_equal(jinja, a->items[i], b->items[i], &same))
			return false;
		if (!same)
			return krait__jinja_order(jinja, a->items[i], b->items[i], symbol, out);
	}
	*out = (a->n > b->n) - (a->n < b->n);
	return true;
}

static int order_texts(const struct jinja_text *a, const struct jinja_text *b)
{
	int order = memcmp(a->data, b->data, a->n < b->n ? a->n : b->n);

	return order ? (order > 0) - (order < 0) : (a->n > b->n) - (a->n < b->n);
}

bool krait__jinja_order(struct jinja *jinja, struct jinja_value a, struct jinja_value b, const char *symbol, int *out)
{
	bool done;

	*out = 0;
	if (!krait__jinja_need_defined(jinja, a) || !krait__jinja_need_defined(jinja, b))
		return false;
	if (jinja_is_number(a) && jinja_is_number(b)) {
		*out = order_numbers(a, b);
		return true;
	}
	if (a.kind == VALUE_TEXT && b.kind == VALUE_TEXT) {
		if (!krait__jinja_work(jinja, a.as.text->n < b.as.text->n ? a.as.text->n : b.as.text->n))
			return false;
		*out = order_texts(a.as.text, b.as.text);
		return true;
	}
	if (a.kind == b.kind && (a.kind == VALUE_LIST || a.kind == VALUE_TUPLE)) {
		if (!deeper(jinja))
			return false;
		done = order_lists(jinja, a.as.list, b.as.list, symbol, out);
		jinja->depth--;
		return done;
	}
	if ((a.kind == VALUE_BIG || jinja_is_number(a)) && (b.kind == VALUE_BIG || jinja_is_number(b)))
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "an integer of more than 64 bits");
	if (a.kind == VALUE_VIEW && b.kind == VALUE_VIEW)
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "comparing a %s is not supported",
			a.as.sequence->name);
	return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "'%s' cannot compare a %s with a %s", symbol,
		krait__jinja_type(a), krait__jinja_type(b));
}

static bool in_text(struct jinja *jinja, struct jinja_value what, const struct jinja_text *where, bool *out)
{
	if (!krait__jinja_need_defined(jinja, what))
		return false;
	if (what.kind != VALUE_TEXT)
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "'in' looks for a str in a str, not for a %s",
			krait__jinja_type(what));
	if (!krait__jinja_work(jinja, where->n + what.as.text->n))
		return false;
	*out = krait__jinja_search(where->data, where->n, what.as.text->data, what.as.text->n) != NULL;
	return true;
}

bool krait__jinja_in(struct jinja *jinja, struct jinja_value what, struct jinja_value where, bool *out)
{
	struct jinja_list items;
	bool failed;

	*out = false;
	if (where.kind == VALUE_TEXT)
		return in_text(jinja, what, where.as.text, out);
	if (where.kind == VALUE_DICT) {
		*out = krait__jinja_dict_get(jinja, where.as.dict, what, &failed) != NULL;
		return !failed;
	}
	if (!krait__jinja_items(jinja, where, &items) || !krait__jinja_work(jinja, items.n))
		return false;
	for (size_t i = 0; !*out && i < items.n; i++)
		if (!krait__jinja_equal(jinja, items.items[i], what, out))
			return false;
	return true;
}

bool krait__jinja_compare(struct jinja *jinja, enum jinja_comparison op, struct jinja_value a, struct jinja_value b,
	bool *out)
{
	static const char *const symbols[] = { "==", "!=", "<", "<=", ">", ">=", "in", "not in" };
	int order;

	if (op == COMPARE_EQ || op == COMPARE_NE || op == COMPARE_IN || op == COMPARE_NOT_IN) {
		bool in = op == COMPARE_IN || op == COMPARE_NOT_IN;

		if (in ? !krait__jinja_in(jinja, a, b, out) : !krait__jinja_equal(jinja, a, b, out))
			return false;
		*out = *out != (op == COMPARE_NE || op == COMPARE_NOT_IN);
		return true;
	}
	if (!krait__jinja_order(jinja, a, b, symbols[op], &order))
		return false;
	if (op == COMPARE_LT)
		*out = order < 0;
	else if (op == COMPARE_LE)
		*out = order <= 0;
	else
		*out = order != 2 && (op == COMPARE_GT ? order > 0 : order >= 0);
	return true;
}
