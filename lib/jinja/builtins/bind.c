/* SPDX-License-Identifier: Apache-2.0 */
/* bind.c - gives the arguments of a call to the parameters of a table's row. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/value/value.h"

#include <string.h>

const struct jinja_callable *krait__jinja_find(const struct jinja_callable *table, const char *name, size_t n_name)
{
	for (; table->name; table++)
		if (strlen(table->name) == n_name && memcmp(table->name, name, n_name) == 0)
			return table;
	return NULL;
}

const struct jinja_callable *krait__jinja_filter(const char *name, size_t n_name)
{
	const struct jinja_callable *const tables[] = { krait__jinja_filters, krait__jinja_number_filters,
		krait__jinja_list_filters, krait__jinja_order_filters };
	const struct jinja_callable *found = NULL;

	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables) && !found; i++)
		found = krait__jinja_find(tables[i], name, n_name);
	return found;
}

bool krait__jinja_method_known(const char *name, size_t n_name)
{
	return krait__jinja_find(krait__jinja_text_methods, name, n_name)
		|| krait__jinja_find(krait__jinja_dict_methods, name, n_name)
		|| krait__jinja_find(krait__jinja_list_methods, name, n_name)
		|| krait__jinja_find(krait__jinja_loop_methods, name, n_name);
}

struct parameter { const char *name; size_t n; char how; };     /* '-' by place only, '+' by name only, 0 both */

static size_t parameters_of(const struct jinja_callable *callable, struct parameter out[JINJA_MAX_PARAMETERS],
	bool *rest, bool *rest_named)
{
	const char *at = callable->parameters;
	size_t count = 0;

	*rest = *rest_named = false;
	while (*at) {
		size_t n = strcspn(at, " ");

		if (n == 1 && at[0] == '*')
			*rest = true;
		else if (n == 2 && at[0] == '*')
			*rest_named = true;
		else if (count < JINJA_MAX_PARAMETERS - 3)
			out[count++] = at[0] == '-' || at[0] == '+' ? (struct parameter){ at + 1, n - 1, at[0] }
								    : (struct parameter){ at, n, 0 };
		at += n + (at[n] == ' ');
	}
	return count;
}

static bool bind_rest(struct jinja *jinja, const struct jinja_arguments *arguments, size_t from,
	struct jinja_value *out)
{
	size_t n = arguments->n_positional > from ? arguments->n_positional - from : 0;

	if (!krait__jinja_list(jinja, out, VALUE_TUPLE, n))
		return false;
	if (n)
		memcpy(out->as.list->items, arguments->positional + from, n * sizeof(*arguments->positional));
	return true;
}

static bool bind_named(struct jinja *jinja, const struct jinja_callable *callable, const char *what,
	const struct jinja_arguments *arguments, const struct parameter *parameters, size_t n_parameters,
	struct jinja_value *slots, struct jinja_dict *rest)
{
	for (size_t i = 0; i < arguments->n_keyword; i++) {
		const char *name = arguments->names[i];
		size_t at = 0, n_name = strlen(name);
		struct jinja_value key;

		while (at < n_parameters
			&& (parameters[at].how == '-' || parameters[at].n != n_name
				|| memcmp(parameters[at].name, name, n_name) != 0))
			at++;
		if (at < n_parameters && slots[1 + at].kind != VALUE_MISSING)
			return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "the %s '%s' is given '%s' twice", what,
				callable->name, name);
		if (at < n_parameters) {
			slots[1 + at] = arguments->keyword[i];
			continue;
		}
		if (!rest)
			return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "the %s '%s' takes no '%.60s'", what,
				callable->name, name);
		if (!krait__jinja_text(jinja, &key, name, n_name, true)
			|| !krait__jinja_dict_set(jinja, rest, key, arguments->keyword[i]))
			return false;
	}
	return true;
}

bool krait__jinja_call(struct jinja *jinja, const struct jinja_callable *callable, const char *what,
	struct jinja_value self, const struct jinja_arguments *arguments, struct jinja_value *out)
{
	struct jinja_value slots[1 + JINJA_MAX_PARAMETERS] = { { 0 } };
	struct parameter parameters[JINJA_MAX_PARAMETERS];
	bool rest, rest_named;
	size_t n = parameters_of(callable, parameters, &rest, &rest_named), n_placed = 0;

	slots[0] = self;
	while (n_placed < n && parameters[n_placed].how != '+')
		n_placed++;
	for (size_t i = 0; i < n_placed && i < arguments->n_positional; i++)
		slots[1 + i] = arguments->positional[i];
	if (arguments->n_positional > n_placed && !rest)
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "the %s '%s' is given %zu arguments, it takes %zu",
			what, callable->name, arguments->n_positional, n_placed);
	if (rest && !bind_rest(jinja, arguments, n_placed, &slots[1 + n]))
		return false;
	if (rest_named && !krait__jinja_dict(jinja, &slots[1 + n + rest], VALUE_DICT, arguments->n_keyword))
		return false;
	if (!bind_named(jinja, callable, what, arguments, parameters, n, slots,
		    rest_named ? slots[1 + n + rest].as.dict : NULL))
		return false;
	for (size_t i = 0; i < callable->n_required; i++)
		if (slots[1 + i].kind == VALUE_MISSING)
			return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "the %s '%s' needs its argument '%.*s'",
				what, callable->name, (int)parameters[i].n, parameters[i].name);
	return callable->call(jinja, slots, out);
}
