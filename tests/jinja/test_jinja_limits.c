/* SPDX-License-Identifier: Apache-2.0 */
/* test_jinja_limits.c - templates that are wrong, foreign or hostile: refused, by line, in bounded memory and stack. */
#include "base/memory.h"
#include "jinja/render.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum jinja_code run_within(const char *source, const struct jinja_limits *limits, struct jinja_error *why)
{
	struct rendered out;
	enum jinja_code code = render_json(source, strlen(source), NULL, limits, &out, why);

	rendered_free(&out);
	free(why->message);
	return code;
}

static enum jinja_code run(const char *source, struct jinja_error *why)
{
	return run_within(source, NULL, why);
}

static const struct { const char *source; enum jinja_code code; unsigned line; const char *text;
} wrong[] = {
	{ "a\nb\n{{ x | groupby('y') }}", JINJA_ERROR_UNSUPPORTED, 3, "the filter 'groupby' is not supported" },
	{ "\n{% include 'x' %}", JINJA_ERROR_UNSUPPORTED, 2, "the statement 'include' is not supported" },
	{ "{{ x is wonderful }}", JINJA_ERROR_UNSUPPORTED, 1, "the test 'wonderful' is not supported" },
	{ "{{ '' }}\r\n{{ x.encode() }}", JINJA_ERROR_UNSUPPORTED, 2, "the method 'encode' is not supported" },
	{ "\n\n\n{{ lipsum() }}", JINJA_ERROR_UNSUPPORTED, 4, "the function 'lipsum' is not supported" },
	{ "{% for x in y recursive %}{% endfor %}", JINJA_ERROR_UNSUPPORTED, 1, "a recursive for is not supported" },
	{ "{{ f(*x) }}", JINJA_ERROR_UNSUPPORTED, 1, "a call with '*' is not supported" },
	{ "\n{% if x %}\n\n", JINJA_ERROR_SYNTAX, 2, "'if' without its end" },
	{ "{{ 'abc }}", JINJA_ERROR_SYNTAX, 1, "a string without its closing quote" },
	{ "{% endfor %}", JINJA_ERROR_SYNTAX, 1, "'endfor' does not belong here" },
	{ "{{ 1 +\n }}", JINJA_ERROR_SYNTAX, 2, "unexpected '}}', an expression is expected" },
	{ "{{ \x01 }}", JINJA_ERROR_SYNTAX, 1, "unexpected character '\\x01'" },
	{ "\n{{ x.y }}", JINJA_ERROR_VALUE, 2, "'x' is undefined" },
	{ "{{ none + 'a' }}", JINJA_ERROR_VALUE, 1, "'+' cannot take a NoneType and a str" },
	{ "{{ 1 // 0 }}", JINJA_ERROR_VALUE, 1, "division by zero" },
	{ "{{ 'a' * 99999999999 }}", JINJA_ERROR_UNSUPPORTED, 1, "a repetition of more than 16 MiB" },
	{ "{{ ([1] * 10000000) * 10000000 }}", JINJA_ERROR_UNSUPPORTED, 1, "a repetition of more than 16 MiB" },
	{ "{{ range(100001) }}", JINJA_ERROR_VALUE, 1, "a range of more than 100000 items" },
	{ "{% for a in range(1001) %}{% for b in range(1000) %}{% endfor %}{% endfor %}", JINJA_ERROR_UNSUPPORTED, 1,
		"loops of more than 1000000 iterations" },
	{ "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", JINJA_ERROR_UNSUPPORTED, 1,
		"macros called more than 128 deep" },
	{ "{% for a in range(20) %}{{ 'a' * 1000000 }}{% endfor %}", JINJA_ERROR_UNSUPPORTED, 1,
		"a text of more than 16 MiB" },
	{ "{% set ns = namespace(x=[]) %}{% for i in range(100) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}",
		JINJA_ERROR_UNSUPPORTED, 1, "values nested more than 64 deep" },
	{ "{% set ns = namespace(x=[1]) %}{% for i in range(40) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
		JINJA_ERROR_UNSUPPORTED, 1, "it needs more than 256 MiB of memory" },
};

START_TEST(test_wrong)
{
	struct jinja_error why;
	enum jinja_code code = run(wrong[_i].source, &why);

	ck_assert_str_eq(why.text, wrong[_i].text);
	ck_assert_int_eq(code, wrong[_i].code);
	ck_assert_uint_eq(why.line, wrong[_i].line);
}
END_TEST

/* Nesting is refused before it can use up the stack. */
static void nested(const char *open, const char *middle, const char *close)
{
	size_t n_open = strlen(open), n_close = strlen(close), n = 20000;
	char *source = malloc(n * (n_open + n_close) + strlen(middle) + 1), *at = source;
	struct jinja_error why;

	ck_assert_ptr_nonnull(source);
	for (size_t i = 0; i < n; i++, at += n_open)
		memcpy(at, open, n_open);
	at = stpcpy(at, middle);
	for (size_t i = 0; i < n; i++, at += n_close)
		memcpy(at, close, n_close);
	*at = 0;
	ck_assert_msg(run(source, &why) == JINJA_ERROR_UNSUPPORTED, "%s: %s", open, why.text);
	free(source);
}

START_TEST(test_nesting)
{
	nested("{% if 1 %}", "", "{% endif %}");
	nested("{% for x in [1] %}", "", "{% endfor %}");
	nested("{{ (", "1", ") }}");
	nested("{{ not ", "1", "}}");
	nested("{{ -", "1", "}}");
}
END_TEST

static enum jinja_code long_expression(const char *open, const char *repeated, const char *close)
{
	size_t n = 20000, size = strlen(repeated);
	char *source = malloc(n * size + 64), *at = stpcpy(source, open);
	struct jinja_error why;
	enum jinja_code status;

	for (size_t i = 0; i < n; i++, at += size)
		memcpy(at, repeated, size);
	strcpy(at, close);
	status = run(source, &why);
	free(source);
	return status;
}

START_TEST(test_long_expressions)
{
	ck_assert_int_eq(long_expression("{{ ", "(", " }}"), JINJA_ERROR_UNSUPPORTED);
	ck_assert_int_eq(long_expression("{{ ", "[", " }}"), JINJA_ERROR_UNSUPPORTED);
	ck_assert_int_eq(long_expression("{{ ", "-", "1 }}"), JINJA_ERROR_UNSUPPORTED);
	ck_assert_int_eq(long_expression("{{ ", "not ", "1 }}"), JINJA_ERROR_UNSUPPORTED);
	ck_assert_int_eq(long_expression("{{ 1", " if 1 else 1", " }}"), JINJA_ERROR_UNSUPPORTED);
	ck_assert_int_eq(long_expression("{{ 1", " + 1", " }}"), JINJA_OK);
	ck_assert_int_eq(long_expression("{{ 1", " and 1", " }}"), JINJA_OK);
	ck_assert_int_eq(long_expression("{{ 1", " == 1", " }}"), JINJA_OK);
	ck_assert_int_eq(long_expression("{{ 'a'", " ~ 'a'", " }}"), JINJA_OK);
	ck_assert_int_eq(long_expression("{{ 'a'", " | trim", " }}"), JINJA_OK);
	ck_assert_int_eq(long_expression("{% if 0 %}", "{% elif 0 %}", "{% endif %}"), JINJA_OK);
}
END_TEST

/* Every piece and every shortened form of a real template: an answer, whatever it is. */
START_TEST(test_cut)
{
	const char *whole = "{%- macro t(a, b='x') -%}[{{ a | title }}]{%- endmacro -%}{% for m in [{'role': 'u', 'n': "
			    "-1.5e3}] if m.n is number %}"
			    "{% set x = m['role'][::-1] ~ loop.index %}{# c #}{{ t(x, b=m.n) if x not in ['q'] else "
			    "none }}{% else %}{% endfor %}{% raw %}{{{% endraw %}";
	size_t n = strlen(whole);
	char piece[512];
	struct jinja_error why;

	ck_assert_int_eq(run(whole, &why), JINJA_OK);
	for (size_t i = 0; i < n; i++) {
		memcpy(piece, whole, i);
		piece[i] = 0;
		run(piece, &why);
		run(whole + i, &why);
		strcpy(piece + i, whole + i + 1);
		run(piece, &why);
	}
}
END_TEST

/* ---- memory ------------------------------------------------------------------------------------ */

static void *(*real_resize)(void *block, size_t size);
static size_t n_until_failure;

static void *failing_resize(void *block, size_t size)
{
	return n_until_failure && --n_until_failure == 0 ? NULL : real_resize(block, size);
}

START_TEST(test_memory)
{
	const char *source = "{% set ns = namespace(t='') %}{% for i in range(200) %}{% set ns.t = ns.t + 'some text' "
			     "%}{% endfor %}{{ ns.t * 100 }}";
	struct jinja_error why;
	size_t n = 0;
	enum jinja_code status;

	real_resize = krait__allocator.resize;
	krait__allocator.resize = failing_resize;
	do {
		n_until_failure = ++n;
		status = run(source, &why);
		ck_assert(status == JINJA_OK || status == JINJA_ERROR_MEMORY);
	} while (status != JINJA_OK && n < 1000);
	n_until_failure = 0;
	krait__allocator.resize = real_resize;
	ck_assert_int_eq(status, JINJA_OK);
	ck_assert_uint_ge(n, 5);
}
END_TEST

/* ---- bounds that many small things reach --------------------------------------------------------- */

/* Memory goes in small pieces: no one of them is large. */
START_TEST(test_small_pieces)
{
	const struct jinja_limits limits = { .text = 1 << 20, .memory = 2 << 20, .work = 1 << 30, .loops = 1000000 };
	const char *pieces =
		"{% set ns = namespace(x=[]) %}{% for i in range(100000) %}{% set ns.x = [i, i] %}{% endfor %}";
	struct jinja_error why;

	ck_assert_int_eq(run_within(pieces, &limits, &why), JINJA_ERROR_UNSUPPORTED);
	ck_assert_str_eq(why.text, "it needs more than 2 MiB of memory");
	ck_assert_int_eq(run(pieces, &why), JINJA_OK);
}
END_TEST

/* Each looks at far more bytes or items than it has instructions: the work is counted before it is done. */
static const char *const hard[] = {
	"{% set s = 'b' * 40000 ~ 'a' %}{{ ('a' * 40000) | trim(s) | length }}",
	"{% set s = 'b' * 40000 ~ 'a' %}{{ ('a' * 40000).rstrip(s) | length }}",
	"{% set t = 'a' * 1000000 ~ 'b' %}{% set u = 'a' * 1000000 ~ 'b' %}{{ ([t] * 1000).count(u) }}",
	"{% set t = 'a' * 1000000 ~ 'b' %}{% set u = 'a' * 1000000 ~ 'c' %}{{ ([t] * 1000).count(u) }}",
	"{% set t = 'a' * 1000000 ~ 'b' %}{% set u = 'a' * 1000000 ~ 'c' %}{% for i in range(1000) %}{{ t == u }}{% "
	"endfor %}",
	"{% set t = 'a' * 1000000 ~ 'b' %}{% set u = 'a' * 1000000 ~ 'c' %}{% for i in range(1000) %}{{ t < u }}{% "
	"endfor %}",
	"{% set t = 'a' * 1000000 ~ 'b' %}{% for i in range(1000) %}{{ 'b' in t }}{% endfor %}",
	"{% set t = 'a' * 1000000 ~ 'b' %}{% for i in range(1000) %}{{ t.endswith(t) }}{{ t.startswith(('x', t)) }}{% "
	"endfor %}",
	"{% set t = 'a' * 1000000 ~ 'b' %}{% set d = {t: 1} %}{% set u = 'a' * 1000000 ~ 'c' %}{% for i in range(1000) "
	"%}{{ d[u] }}{% endfor %}",
	"{% set t = 'a' * 1000000 ~ 'b' %}{% set d = {t: 1} %}{% set u = 'a' * 1000000 ~ 'c' %}{% for i in range(1000) "
	"%}{{ d.get(u) }}{% endfor %}",
	"{% set t = 'a' * 1000000 ~ 'b' %}{% set u = 'a' * 1000000 ~ 'c' %}{{ ([t] * 1000) | select('equalto', u) | "
	"list }}",
	"{% set t = 'a' * 1000000 ~ 'b' %}{{ ([t] * 1000) | unique(true) | list | length }}",
	"{% set t = 'a' * 1000000 %}{{ ([{}] * 1000) | map(attribute=t, default=1) | list | length }}",
	"{% set t = ' ' * 1000000 %}{% for i in range(1000) %}{{ t | float }}{% endfor %}",
	"{% set l = range(20000) | list %}{{ l | unique | list | length }}",
	"{% for i in range(1000) %}{% for k in range(900) %}{{ 1 }}{{ 2 }}{{ 3 }}{{ 4 }}{{ 5 }}{{ 6 }}{{ 7 }}{{ 8 }}{{ "
	"9 }}{% endfor %}{% endfor %}",
};

START_TEST(test_work)
{
	struct jinja_limits limits = krait__jinja_limits;
	struct jinja_error why;

	limits.work = 10000000;
	ck_assert_int_eq(run_within(hard[_i], &limits, &why), JINJA_ERROR_UNSUPPORTED);
	ck_assert_str_eq(why.text, "it takes too long to render");
}
END_TEST

/* A dict is searched from its beginning: 2,000 look-ups of the last of 2,000 keys are four million steps, and so are
 * those of a key that is not there, though no two texts are as long and none is compared. */
START_TEST(test_dict_work)
{
	const char *keys[] = { "i", "i|string", "'none is as long'" };

	for (size_t k = 0; k < 3; k++) {
		struct jinja_limits limits = krait__jinja_limits;
		struct jinja_error why;
		char *source = malloc(60000), *at = source + sprintf(source, "{%% set d = {");

		for (int i = 0; i < 2000; i++)
			at += sprintf(at, k ? "'%d':1," : "%d:1,", i);
		sprintf(at,
			"} %%}{%% for n in range(2000) %%}{%% for i in [1999] %%}{{ d[%s] }}{%% endfor %%}{%% endfor "
			"%%}",
			keys[k]);
		limits.work = 20000000;
		ck_assert_int_eq(run_within(source, &limits, &why), JINJA_OK);
		limits.work = 4000000;
		ck_assert_int_eq(run_within(source, &limits, &why), JINJA_ERROR_UNSUPPORTED);
		free(source);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("templates: limits");
	TCase *tcase = tcase_create("limits");

	tcase_add_loop_test(tcase, test_wrong, 0, (int)(sizeof(wrong) / sizeof(*wrong)));
	tcase_add_test(tcase, test_nesting);
	tcase_add_test(tcase, test_long_expressions);
	tcase_add_test(tcase, test_cut);
	tcase_add_test(tcase, test_memory);
	tcase_add_test(tcase, test_small_pieces);
	tcase_add_loop_test(tcase, test_work, 0, (int)(sizeof(hard) / sizeof(*hard)));
	tcase_add_test(tcase, test_dict_work);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
