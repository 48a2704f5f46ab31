/* SPDX-License-Identifier: Apache-2.0 */
/* case.c - upper and lower case, by Unicode's tables. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/utf8.h"
#include "jinja/value/value.h"

#include <utf8proc.h>

static bool is_letter(uint32_t c)
{
	utf8proc_category_t category = utf8proc_category((utf8proc_int32_t)c);

	return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LL || category == UTF8PROC_CATEGORY_LT;
}

/* Characters whose other case is several characters, or depends on their neighbours. A table of
 * single characters cannot give it. */
static bool is_special(uint32_t c)
{
	return c == 0xdf || c == 0x130 || c == 0x149 || c == 0x1f0 || c == 0x390 || c == 0x3b0 || c == 0x3a3
		|| c == 0x587 || (c >= 0x1e96 && c <= 0x1e9a) || c == 0x1e9e || (c >= 0x1f50 && c <= 0x1f57)
		|| (c >= 0x1f80 && c <= 0x1faf) || (c >= 0x1fb2 && c <= 0x1ffc) || (c >= 0xfb00 && c <= 0xfb17)
		|| (c >= 0x10d0 && c <= 0x10ff);
}

struct casing_state { enum jinja_casing casing; bool inside, first; };

static uint32_t convert(struct casing_state *state, uint32_t c)
{
	utf8proc_int32_t code = (utf8proc_int32_t)c;
	bool begins = !state->inside;

	switch (state->casing) {
	case CASE_UPPER:
		return (uint32_t)utf8proc_toupper(code);
	case CASE_LOWER:
		return (uint32_t)utf8proc_tolower(code);
	case CASE_CAPITALIZE:
		begins = state->first;
		break;
	case CASE_TITLE:
		state->inside = is_letter(c);
		break;
	default: /* the filter: words are what lies between white space and opening brackets or hyphens */
		state->inside = !(c == '-' || c == '(' || c == '{' || c == '[' || c == '<');
		break;
	}
	state->first = false;
	return (uint32_t)(begins ? utf8proc_totitle(code) : utf8proc_tolower(code));
}

bool krait__jinja_case(struct jinja *jinja, const struct jinja_text *text, enum jinja_casing casing,
	struct jinja_value *out)
{
	struct casing_state state = { casing, false, true };
	struct jinja_chars chars = { 0 };

	if (!krait__jinja_work(jinja, text->n))
		return false;
	for (size_t at = 0, size; at < text->n; at += size) {
		uint32_t c = 0, other;
		char bytes[4];
		size_t n_space;
		bool special = text->marks ? text->marks[at] : text->special;

		size = krait__utf8_take(&c, text->data + at, text->n - at);
		size = size ? size : 1;
		if (is_special(c))
			return krait__jinja_fail(jinja, JINJA_ERROR_UNSUPPORTED,
				"changing the case of U+%04X is not supported", (unsigned)c);
		other = convert(&state, c);
		if (casing == CASE_FILTER_TITLE && krait__jinja_space(text->data + at, size, &n_space))
			state.inside = false;
		if (!krait__jinja_add(jinja, &chars, bytes, krait__utf8_put(bytes, other), special))
			return false;
	}
	return krait__jinja_take(jinja, out, &chars);
}
