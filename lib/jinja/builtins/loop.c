/* SPDX-License-Identifier: Apache-2.0 */
/* loop.c - what `loop` tells inside a for. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "jinja/builtins/loop.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

size_t krait__jinja_digits(char out[24], int64_t value)
{
	return (size_t)snprintf(out, 24, "%" PRId64, value);
}

static bool neighbour(const struct jinja_loop *loop, size_t index, struct jinja_value *out)
{
	static const struct jinja_undefined none = { "loop", "such an item", false };

	*out = index < loop->items.n ? loop->items.items[index]
				     : (struct jinja_value){ .kind = VALUE_UNDEFINED, .as.undefined = &none };
	return true;
}

bool krait__jinja_loop_attribute(struct jinja *jinja, const struct jinja_loop *loop, const char *name, size_t n_name,
	struct jinja_value *out)
{
	static const char *const names[] = { "index", "index0", "revindex", "revindex0", "length", "first", "last",
		"previtem", "nextitem", "depth", "depth0" };
	size_t at = loop->next - 1, n = loop->items.n, which = 0;

	(void)jinja;
	while (which < sizeof(names) / sizeof(*names)
		&& (strlen(names[which]) != n_name || memcmp(names[which], name, n_name) != 0))
		which++;
	switch (which) {
	case 0: *out = jinja_int((int64_t)at + 1); return true;
	case 1: *out = jinja_int((int64_t)at); return true;
	case 2: *out = jinja_int((int64_t)(n - at)); return true;
	case 3: *out = jinja_int((int64_t)(n - at) - 1); return true;
	case 4: *out = jinja_int((int64_t)n); return true;
	case 5: *out = jinja_bool(at == 0); return true;
	case 6: *out = jinja_bool(at + 1 == n); return true;
	case 7: return neighbour(loop, at == 0 ? n : at - 1, out);
	case 8: return neighbour(loop, at + 1, out);
	case 9: *out = jinja_int(1); return true;
	case 10: *out = jinja_int(0); return true;
	default: return false;
	}
}

static bool loop_cycle(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	const struct jinja_list *values = arguments[1].as.list;

	if (!values->n)
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "loop.cycle without values");
	*out = values->items[(arguments[0].as.loop->next - 1) % values->n];
	return true;
}

static bool loop_changed(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	struct jinja_loop *loop = arguments[0].as.loop;
	bool same = false;

	if (loop->changed.kind != VALUE_MISSING && !krait__jinja_equal(jinja, loop->changed, arguments[1], &same))
		return false;
	loop->changed = arguments[1];
	*out = jinja_bool(!same);
	return true;
}

const struct jinja_callable krait__jinja_loop_methods[] = {
	{ "cycle", loop_cycle, "*", 0 },
	{ "changed", loop_changed, "*", 0 },
	{ 0 },
};
