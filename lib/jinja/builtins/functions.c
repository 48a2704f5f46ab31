/* SPDX-License-Identifier: Apache-2.0 */
/* functions.c - the functions that every chat template can call. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "jinja/value/value.h"

#include <stdio.h>
#include <string.h>

/* Characters that steer a terminal become '?': what a template says is shown to people. */
static void tame(char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			text[i] = '?';
		else if (c == 0xc2 && i + 1 < n && (unsigned char)text[i + 1] >= 0x80 && (unsigned char)text[i + 1] < 0xa0)
			text[i] = text[i + 1] = '?';
	}
}

static bool function_raise(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	const size_t room = sizeof(jinja->error->text);
	const struct jinja_text *text;

	(void)out;
	if (!krait__jinja_string(jinja, arguments[1], &text))
		return false;
	/* The message reaches the caller whole, and is never quoted. */
	krait__jinja_fail(jinja, JINJA_ERROR_RAISED, "%.*s", (int)(text->n < room ? text->n : room - 1), text->data);
	tame(jinja->error->text, strlen(jinja->error->text));
	if (text->n >= room) {
		jinja->error->message = krait__copy_bytes(text->data, text->n);
		if (!jinja->error->message)
			return krait__jinja_fail_memory(jinja);
		tame(jinja->error->message, text->n);
	}
	return false;
}

/* ---- namespace, dict, range ------------------------------------------------------------------ */

static bool fill(struct jinja *jinja, struct jinja_dict *dict, const struct jinja_value *arguments)
{
	const struct jinja_list *rest = arguments[1].as.list;

	if (rest->n > 1 || (rest->n == 1 && rest->items[0].kind != VALUE_DICT))
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED,
			"it is made from named values or from one dict");
	for (size_t i = 0; rest->n && i < rest->items[0].as.dict->n; i++) {
		const struct jinja_pair *pair = &rest->items[0].as.dict->pairs[i];

		if (!krait__jinja_dict_set(jinja, dict, pair->key, pair->value))
			return false;
	}
	for (size_t i = 0; i < arguments[2].as.dict->n; i++)
		if (!krait__jinja_dict_set(jinja, dict, arguments[2].as.dict->pairs[i].key,
			    arguments[2].as.dict->pairs[i].value))
			return false;
	return true;
}

static bool function_namespace(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	if (!krait__jinja_dict(jinja, out, VALUE_NAMESPACE, 4) || !fill(jinja, out->as.dict, arguments))
		return false;
	for (size_t i = 0; i < out->as.dict->n; i++) {
		const struct jinja_value *key = &out->as.dict->pairs[i].key;

		if (key->kind == VALUE_TEXT && key->as.text->n && key->as.text->data[0] == '_')
			return krait__jinja_fail(jinja, JINJA_ERROR_VALUE,
				"an attribute of a namespace may not begin with '_'");
	}
	return true;
}

static bool function_dict(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	return krait__jinja_dict(jinja, out, VALUE_DICT, 4) && fill(jinja, out->as.dict, arguments);
}

static bool function_range(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	struct jinja_range *range = krait__jinja_alloc(jinja, 1, sizeof(*range));
	int64_t bounds[3] = { 0, 0, 1 }, distance;
	size_t n = 0;

	if (!range)
		return false;
	for (; n < 3 && arguments[1 + n].kind != VALUE_MISSING; n++) {
		if (!jinja_is_integer(arguments[1 + n]))
			return krait__jinja_need_defined(jinja, arguments[1 + n])
				&& krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "range takes integers, not a %s",
					krait__jinja_type(arguments[1 + n]));
		bounds[n] = jinja_integer(arguments[1 + n]);
	}
	*range = n == 1 ? (struct jinja_range){ 0, bounds[0], 1, 0 }
			: (struct jinja_range){ bounds[0], bounds[1], bounds[2], 0 };
	if (range->step == 0 || __builtin_sub_overflow(range->stop, range->start, &distance))
		return krait__jinja_fail(jinja, JINJA_ERROR_VALUE,
			range->step ? "a range that is too large" : "the step of a range is 0");
	if ((distance > 0) == (range->step > 0) && distance != 0) {
		uint64_t length = distance > 0 ? (uint64_t)distance : 0 - (uint64_t)distance,
			 step = range->step > 0 ? (uint64_t)range->step : 0 - (uint64_t)range->step;

		length = (length - 1) / step + 1;
		if (length > JINJA_MAX_RANGE)
			return krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "a range of more than %d items",
				JINJA_MAX_RANGE);
		range->n = (size_t)length;
	}
	*out = (struct jinja_value){ .kind = VALUE_RANGE, .as.range = range };
	return true;
}

/* ---- strftime_now ------------------------------------------------------------------------------ */

static const char *const days[] = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" };
static const char *const months[] = { "January", "February", "March", "April", "May", "June", "July", "August",
	"September", "October", "November", "December" };

/* One conversion, in English whatever the host's locale is. 0: not one that is known. */
static int convert(char out[32], const struct tm *t, char conversion, bool bare)
{
	const char *two = bare ? "%d" : "%02d";
	int hour = t->tm_hour % 12 ? t->tm_hour % 12 : 12;

	switch (conversion) {
	case 'Y': return snprintf(out, 32, "%d", t->tm_year + 1900);
	case 'm': return snprintf(out, 32, two, t->tm_mon + 1);
	case 'd': return snprintf(out, 32, two, t->tm_mday);
	case 'H': return snprintf(out, 32, two, t->tm_hour);
	case 'I': return snprintf(out, 32, two, hour);
	case 'M': return snprintf(out, 32, two, t->tm_min);
	case 'S': return snprintf(out, 32, two, t->tm_sec);
	case 'y': return snprintf(out, 32, two, t->tm_year % 100);
	case 'j': return snprintf(out, 32, bare ? "%d" : "%03d", t->tm_yday + 1);
	case 'A': return snprintf(out, 32, "%s", days[t->tm_wday]);
	case 'a': return snprintf(out, 32, "%.3s", days[t->tm_wday]);
	case 'B': return snprintf(out, 32, "%s", months[t->tm_mon]);
	case 'b': return snprintf(out, 32, "%.3s", months[t->tm_mon]);
	case 'p': return snprintf(out, 32, "%s", t->tm_hour < 12 ? "AM" : "PM");
	case 'F': return snprintf(out, 32, "%d-%02d-%02d", t->tm_year + 1900, t->tm_mon + 1, t->tm_mday);
	case 'T': return snprintf(out, 32, "%02d:%02d:%02d", t->tm_hour, t->tm_min, t->tm_sec);
	case '%': return snprintf(out, 32, "%%");
	default: return 0;
	}
}

static bool function_strftime(struct jinja *jinja, struct jinja_value *arguments, struct jinja_value *out)
{
	const struct jinja_text *format = arguments[1].as.text;
	struct jinja_chars chars = { 0 };
	struct quoted quoted;
	struct tm now;
	char text[32];

	if (arguments[1].kind != VALUE_TEXT)
		return krait__jinja_need_defined(jinja, arguments[1])
			&& krait__jinja_fail(jinja, JINJA_ERROR_VALUE, "strftime_now takes a str");
	if (!localtime_r(&jinja->now, &now))
		return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "the time of day cannot be told");
	for (size_t i = 0; i < format->n; i++) {
		bool bare = false;
		int n;

		if (format->data[i] != '%') {
			if (!krait__jinja_add_slice(jinja, &chars, format, i, 1))
				return false;
			continue;
		}
		if (i + 2 < format->n && format->data[i + 1] == '-') {
			bare = true;
			i++;
		}
		n = i + 1 < format->n ? convert(text, &now, format->data[i + 1], bare) : 0;
		if (!n)
			return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED, "the date format %s is not supported",
				krait__quote(&quoted, format->data, format->n));
		if (!krait__jinja_add(jinja, &chars, text, (size_t)n, true))
			return false;
		i++;
	}
	return krait__jinja_take(jinja, out, &chars);
}

const struct jinja_callable krait__jinja_functions[] = {
	{ "raise_exception", function_raise, "message", 1 },
	{ "namespace", function_namespace, "* **", 0 },
	{ "dict", function_dict, "* **", 0 },
	{ "range", function_range, "-start -stop -step", 1 },
	{ "strftime_now", function_strftime, "format", 1 },
	{ 0 },
};
