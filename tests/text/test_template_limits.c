/* SPDX-License-Identifier: Apache-2.0 */
/* test_template_limits.c - templates that are wrong, foreign or hostile: refused, by line, in bounded memory and stack. */
#include "base/memory.h"
#include "support.h"
#include "text/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static krait_status run(const char *source, struct why *why)
{
	struct template *program;
	struct rendering out;
	char *message = NULL;
	krait_status status;

	memset(why, 0, sizeof(*why));
	status = krait__template_parse(&program, source, strlen(source), why);
	if (status != KRAIT_OK) {
		ck_assert_ptr_null(program);
		return status;
	}
	status = krait__template_render(program, NULL, 0, 0, &out, &message, why);
	krait__template_free(program);
	krait__rendering_free(&out);
	free(message);
	return status;
}

static const struct { const char *source; krait_status status; const char *text; } wrong[] = {
	{ "a\nb\n{{ x | groupby('y') }}", KRAIT_ERROR_UNSUPPORTED, "chat template, line 3: the filter 'groupby' is not supported" },
	{ "\n{% include 'x' %}", KRAIT_ERROR_UNSUPPORTED, "chat template, line 2: the statement 'include' is not supported" },
	{ "{{ x is wonderful }}", KRAIT_ERROR_UNSUPPORTED, "chat template, line 1: the test 'wonderful' is not supported" },
	{ "{{ '' }}\r\n{{ x.encode() }}", KRAIT_ERROR_UNSUPPORTED, "chat template, line 2: the method 'encode' is not supported" },
	{ "\n\n\n{{ lipsum() }}", KRAIT_ERROR_UNSUPPORTED, "chat template, line 4: the function 'lipsum' is not supported" },
	{ "{% for x in y recursive %}{% endfor %}", KRAIT_ERROR_UNSUPPORTED, "chat template, line 1: a recursive for is not supported" },
	{ "{{ f(*x) }}", KRAIT_ERROR_UNSUPPORTED, "chat template, line 1: a call with '*' is not supported" },
	{ "\n{% if x %}\n\n", KRAIT_ERROR_FORMAT, "chat template, line 2: 'if' without its end" },
	{ "{{ 'abc }}", KRAIT_ERROR_FORMAT, "chat template, line 1: a string without its closing quote" },
	{ "{% endfor %}", KRAIT_ERROR_FORMAT, "chat template, line 1: 'endfor' does not belong here" },
	{ "{{ 1 +\n }}", KRAIT_ERROR_FORMAT, "chat template, line 2: unexpected '}}', an expression is expected" },
	{ "{{ \x01 }}", KRAIT_ERROR_FORMAT, "chat template, line 1: unexpected character '\\x01'" },
	{ "\n{{ x.y }}", KRAIT_ERROR_ARGUMENT, "chat template, line 2: 'x' is undefined" },
	{ "{{ none + 'a' }}", KRAIT_ERROR_ARGUMENT, "chat template, line 1: '+' cannot take a NoneType and a str" },
	{ "{{ 1 // 0 }}", KRAIT_ERROR_ARGUMENT, "chat template, line 1: division by zero" },
	{ "{{ 'a' * 99999999999 }}", KRAIT_ERROR_UNSUPPORTED, "chat template, line 1: a repetition of more than 16 MiB" },
	{ "{{ ([1] * 10000000) * 10000000 }}", KRAIT_ERROR_UNSUPPORTED, "chat template, line 1: a repetition of more than 16 MiB" },
	{ "{{ range(100001) }}", KRAIT_ERROR_ARGUMENT, "chat template, line 1: a range of more than 100000 items" },
	{ "{% for a in range(1001) %}{% for b in range(1000) %}{% endfor %}{% endfor %}", KRAIT_ERROR_UNSUPPORTED, "chat template, line 1: loops of more than 1000000 iterations" },
	{ "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", KRAIT_ERROR_UNSUPPORTED, "chat template, line 1: macros called more than 128 deep" },
	{ "{% for a in range(20) %}{{ 'a' * 1000000 }}{% endfor %}", KRAIT_ERROR_UNSUPPORTED, "chat template, line 1: a text of more than 16 MiB" },
	{ "{% set ns = namespace(x=[]) %}{% for i in range(100) %}{% set ns.x = [ns.x] %}{% endfor %}{{ ns.x }}", KRAIT_ERROR_UNSUPPORTED,
	  "chat template, line 1: values nested more than 64 deep" },
	{ "{% set ns = namespace(x=[1]) %}{% for i in range(40) %}{% set ns.x = ns.x + ns.x %}{% endfor %}", KRAIT_ERROR_UNSUPPORTED,
	  "chat template, line 1: it needs more than 256 MiB of memory" },
};

START_TEST(test_wrong)
{
	struct why why;
	krait_status status = run(wrong[_i].source, &why);

	ck_assert_str_eq(why.text, wrong[_i].text);
	ck_assert_int_eq(status, wrong[_i].status);
}
END_TEST

/* Nesting is refused before it can use up the stack. */
static void nested(const char *open, const char *middle, const char *close)
{
	size_t n_open = strlen(open), n_close = strlen(close), n = 20000;
	char *source = malloc(n * (n_open + n_close) + strlen(middle) + 1), *at = source;
	struct why why;

	ck_assert_ptr_nonnull(source);
	for (size_t i = 0; i < n; i++, at += n_open)
		memcpy(at, open, n_open);
	at = stpcpy(at, middle);
	for (size_t i = 0; i < n; i++, at += n_close)
		memcpy(at, close, n_close);
	*at = 0;
	ck_assert_msg(run(source, &why) == KRAIT_ERROR_UNSUPPORTED, "%s: %s", open, why.text);
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

static krait_status long_expression(const char *open, const char *repeated, const char *close)
{
	size_t n = 20000, size = strlen(repeated);
	char *source = malloc(n * size + 64), *at = stpcpy(source, open);
	struct why why;
	krait_status status;

	for (size_t i = 0; i < n; i++, at += size)
		memcpy(at, repeated, size);
	strcpy(at, close);
	status = run(source, &why);
	free(source);
	return status;
}

START_TEST(test_long_expressions)
{
	ck_assert_int_eq(long_expression("{{ ", "(", " }}"), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_int_eq(long_expression("{{ ", "[", " }}"), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_int_eq(long_expression("{{ ", "-", "1 }}"), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_int_eq(long_expression("{{ ", "not ", "1 }}"), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_int_eq(long_expression("{{ 1", " if 1 else 1", " }}"), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_int_eq(long_expression("{{ 1", " + 1", " }}"), KRAIT_OK);
	ck_assert_int_eq(long_expression("{{ 1", " and 1", " }}"), KRAIT_OK);
	ck_assert_int_eq(long_expression("{{ 1", " == 1", " }}"), KRAIT_OK);
	ck_assert_int_eq(long_expression("{{ 'a'", " ~ 'a'", " }}"), KRAIT_OK);
	ck_assert_int_eq(long_expression("{{ 'a'", " | trim", " }}"), KRAIT_OK);
	ck_assert_int_eq(long_expression("{% if 0 %}", "{% elif 0 %}", "{% endif %}"), KRAIT_OK);
}
END_TEST

/* Every piece and every shortened form of a real template: an answer, whatever it is. */
START_TEST(test_cut)
{
	const char *whole = "{%- macro t(a, b='x') -%}[{{ a | title }}]{%- endmacro -%}{% for m in [{'role': 'u', 'n': -1.5e3}] if m.n is number %}"
		"{% set x = m['role'][::-1] ~ loop.index %}{# c #}{{ t(x, b=m.n) if x not in ['q'] else none }}{% else %}{% endfor %}{% raw %}{{{% endraw %}";
	size_t n = strlen(whole);
	char piece[512];
	struct why why;

	ck_assert_int_eq(run(whole, &why), KRAIT_OK);
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
	const char *source = "{% set ns = namespace(t='') %}{% for i in range(200) %}{% set ns.t = ns.t + 'some text' %}{% endfor %}{{ ns.t * 100 }}";
	struct why why;
	size_t n = 0;
	krait_status status;

	real_resize = krait__allocator.resize;
	krait__allocator.resize = failing_resize;
	do {
		n_until_failure = ++n;
		status = run(source, &why);
		ck_assert(status == KRAIT_OK || status == KRAIT_ERROR_MEMORY);
	} while (status != KRAIT_OK && n < 1000);
	n_until_failure = 0;
	krait__allocator.resize = real_resize;
	ck_assert_int_eq(status, KRAIT_OK);
	ck_assert_uint_ge(n, 5);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("chat templates: limits");
	TCase *tcase = tcase_create("limits");

	tcase_add_loop_test(tcase, test_wrong, 0, (int)(sizeof(wrong) / sizeof(*wrong)));
	tcase_add_test(tcase, test_nesting);
	tcase_add_test(tcase, test_long_expressions);
	tcase_add_test(tcase, test_cut);
	tcase_add_test(tcase, test_memory);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
