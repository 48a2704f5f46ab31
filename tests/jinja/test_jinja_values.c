/* SPDX-License-Identifier: Apache-2.0 */
/* test_jinja_values.c - values at their edges, and whose variable a name is: the answers are Jinja2 3.1.6's. */
#include "jinja/render.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

static const char variables[] = "{\"f\": \"CALLER\", \"l\": [1, 2], \"g\": -0.0, \"d\": {\"a\": [1]},"
				" \"big\": {\"digits\": \"12345678901234567890123\"}, \"neg\": {\"digits\": "
				"\"-98765432109876543210\"}, \"x\": 1.5}";

#define BLANKS_92 "                                              " "                                              "

/* A text of NULL: Jinja2 fails too, or krait refuses, with this code. */
static const struct { const char *source, *text; enum jinja_code code;
} cases[] = {
	{ "{{ 0x }}", NULL, JINJA_ERROR_SYNTAX },
	{ "{{ 0b }}", NULL, JINJA_ERROR_SYNTAX },
	{ "{{ 0o_ }}", NULL, JINJA_ERROR_SYNTAX },
	{ "{{ 0x1_ }}", NULL, JINJA_ERROR_SYNTAX },
	{ "{{ 0x1__2 }}", NULL, JINJA_ERROR_SYNTAX },
	{ "{{ 0x_1f }} {{ 1_000 }}", "31 1000", JINJA_OK },
	{ "{{ missing is callable }}", "True", JINJA_OK },
	{ "{{ 'abc'.startswith(('a', 'x')) }} {{ 'abc'.startswith(('x', 'a')) }} {{ 'abc'.startswith(('b', 'x')) }}",
		"True True False", JINJA_OK },
	{ "{{ 'abc'.endswith(('c', 'x', 'y')) }} {{ 'abc'.endswith(('x', 'bc')) }} {{ 'abc'.endswith(()) }}",
		"True True False", JINJA_OK },
	{ "{{ (-9223372036854775807 - 1) // 1 }} {{ (-9223372036854775807 - 1) % -1 }}", "-9223372036854775808 0", JINJA_OK },
	{ "{{ (-9223372036854775807 - 1) // -1 }}", NULL, JINJA_ERROR_UNSUPPORTED },
	{ "{{ 2.9|round(missing) }}", NULL, JINJA_ERROR_VALUE },
	{ "{{ 2.9|round('x') }}", NULL, JINJA_ERROR_VALUE },
	{ "{{ 2.9|round(1) }}", NULL, JINJA_ERROR_UNSUPPORTED },
	{ "{{ 2.5|round(false) }} {{ 3.5|round }} {{ 7|round }} {{ 7|round(0, 'ceil') }}", "2.0 4.0 7 7.0", JINJA_OK },
	{ "{{ g|round }} {{ (-0.3)|round }} {{ (-0.3)|round(0, 'ceil') }} {{ g|round(0, 'floor') }}",
		"-0.0 -0.0 0.0 0.0", JINJA_OK },
	{ "{{ g|abs }} {{ (-3)|abs }} {{ (-2.5)|abs }}", "0.0 3 2.5", JINJA_OK },
	{ "{{ 1e999|round }}", "inf", JINJA_OK },
	{ "{{ 1e999|round(0, 'ceil') }}", NULL, JINJA_ERROR_VALUE },
	{ "{{ [1]|indent }}", NULL, JINJA_ERROR_VALUE },
	{ "{{ 3|indent }}", NULL, JINJA_ERROR_VALUE },
	{ "{{ missing|indent }}", NULL, JINJA_ERROR_VALUE },
	{ "{{ none|indent }}", NULL, JINJA_ERROR_VALUE },
	{ "{{ [d, 2]|tojson(indent=92) }}",
		"[\n" BLANKS_92 "{\n" BLANKS_92 BLANKS_92 "\"a\": [\n" BLANKS_92 BLANKS_92 BLANKS_92
		"1\n" BLANKS_92 BLANKS_92 "]\n" BLANKS_92 "},\n" BLANKS_92 "2\n]",
		JINJA_OK },
	{ "{{ d|tojson(indent=-3) }}", "{\n\"a\": [\n1\n]\n}", JINJA_OK },
	{ "{{ 1.5e-99999999999999999999 }} {{ '1.5e-99999999999999999999' | float }}", "0.0 0.0", JINJA_OK },
	{ "{{ 1e99999999999999999999 }} {{ '1e99999999999999999999' | float }} {{ 'e5' | float }}", "inf inf 0.0",
		JINJA_OK },
	{ "{{ (-9223372036854775807 - 1) // -1 }}", NULL, JINJA_ERROR_UNSUPPORTED }, /* 2^63 */
	{ "{{ (-9223372036854775807 - 1) % -1 }} {{ 7 // -1 }}", "0 -7", JINJA_OK },
	{ "{{ 'abc'.startswith(('a', 'b')) }}{{ 'abc'.startswith(('x', 'a')) }}{{ 'abc'.startswith(('x', 'y')) }}",
		"TrueTrueFalse", JINJA_OK },
	{ "{{ 'abc'.endswith(('c', 'x')) }}{{ 'abc'.startswith(()) }}", "TrueFalse", JINJA_OK },
	{ "{% for v in l %}{{ f }}{% endfor %}{% macro f() %}{% endmacro %}", "", JINJA_OK },
	{ "{% for v in l %}{{ f }}{% endfor %}{% set f = 1 %}{{ f }}", "1", JINJA_OK },
	{ "{% for v in l %}{{ f }}{% endfor %}{% set f = f %}{{ f }}", "CALLERCALLERCALLER", JINJA_OK },
	{ "{{ f }}{% for v in l %}{{ f }}{% endfor %}{% set f = 1 %}{{ f }}", "CALLERCALLERCALLER1", JINJA_OK },
	{ "{% if l %}{{ f }}{% endif %}{% set f = 1 %}{{ f }}", "CALLER1", JINJA_OK },
	{ "{% for v in l %}{{ f }}{% endfor %}{% if l %}{% set f = 1 %}{% endif %}{{ f }}", "CALLERCALLER1", JINJA_OK },
	{ "{% for v in l %}{{ f }}{% set f = 1 %}{{ f }}{% endfor %}{{ f }}", "CALLER1CALLER1CALLER", JINJA_OK },
	{ "{% macro m() %}{{ f }}{% endmacro %}{{ m() }}{% set f = 1 %}{{ m() }}", "1", JINJA_OK },
	{ "{% set f %}{{ f }}{% endset %}{{ f }}", "", JINJA_OK },
	{ "{% set a, a = 1, 2 %}{{ a }}{% with f = 2 %}{{ f }}{% endwith %}{{ f }}", "22CALLER", JINJA_OK },
	{ "{% for f in l %}{{ f }}{% endfor %}{{ f }}", "12CALLER", JINJA_OK },
	{ "{% set ns = namespace() %}{% for x in l %}{% macro m() %}{{ x }}{% endmacro %}"
	  "{% if loop.first %}{% set ns.m = m %}{% endif %}{% set n = ns.m %}{{ n() }}{% endfor %}", "12", JINJA_OK },
	{ "{% set ns = namespace() %}{% for x in l %}{% macro m() %}{{ x }}{% endmacro %}{% set ns.m = m %}{% endfor %}"
	  "{% set n = ns.m %}{{ n() }}", NULL, JINJA_ERROR_UNSUPPORTED },
	{ "{{ big }} {{ neg }} {{ big|tojson }} {{ [big] }} {{ big|string|length }} {{ big|int }} {{ '%s' % big }} {{ "
	  "big ~ '!' }}",
		"12345678901234567890123 -98765432109876543210 12345678901234567890123 [12345678901234567890123] 23 "
		"12345678901234567890123 "
		"12345678901234567890123 12345678901234567890123!",
		JINJA_OK },
	{ "{{ big is number }} {{ big is integer }} {{ big is string }} {{ big == big }} {{ big == 1 }} {{ big != neg "
	  "}} {{ 'y' if big }} {{ {'a': big}|tojson }}",
		"True True False True False True y {\"a\": 12345678901234567890123}", JINJA_OK },
	{ "{{ big + 1 }}", NULL, JINJA_ERROR_UNSUPPORTED },
	{ "{{ -big }}", NULL, JINJA_ERROR_UNSUPPORTED },
	{ "{{ big < 5 }}", NULL, JINJA_ERROR_UNSUPPORTED },
	{ "{{ big == x }}", NULL, JINJA_ERROR_UNSUPPORTED },
	{ "{{ big|float }}", NULL, JINJA_ERROR_UNSUPPORTED },
	{ "{{ '%d' % big }}", NULL, JINJA_ERROR_UNSUPPORTED },
};

START_TEST(test_case)
{
	const char *source = cases[_i].source;
	json_t *json = json_loads(variables, 0, NULL);
	struct rendered out;
	struct jinja_error why;
	enum jinja_code code = render_json(source, strlen(source), json, NULL, &out, &why);

	ck_assert_msg(code == cases[_i].code, "%s: code %d, '%s' %s", source, code, out.text, why.text);
	ck_assert_str_eq(out.text, cases[_i].text ? cases[_i].text : "");
	rendered_free(&out);
	json_decref(json);
}
END_TEST

/* A number of the caller's is his through rounding and printing: its digits form no special token. */
START_TEST(test_numbers_are_data)
{
	const char *source = "{{ big }}{{ x|round }}{{ 7 }}";
	json_t *json = json_loads(variables, 0, NULL);
	struct rendered out;
	struct jinja_error why;

	ck_assert_int_eq(render_json(source, strlen(source), json, NULL, &out, &why), JINJA_OK);
	ck_assert_str_eq(out.text, "123456789012345678901232.07");
	ck_assert_str_eq(out.marks, "..........................^");
	rendered_free(&out);
	json_decref(json);
}
END_TEST

static bool half_a_value(struct jinja_builder *builder, const void *data)
{
	(void)data;
	return krait__jinja_begin_array(builder) && krait__jinja_put_int(builder, 1);
}

static bool nested(struct jinja_builder *builder, const void *data)
{
	for (int i = 0; i < *(const int *)data; i++)
		if (!krait__jinja_begin_array(builder))
			return false;
	for (int i = 0; i < *(const int *)data; i++)
		if (!krait__jinja_end(builder))
			return false;
	return true;
}

static bool nothing(void *user, const char *text, size_t n, bool trusted)
{
	(void)text;
	(void)trusted;
	*(size_t *)user += n;
	return true;
}

/* What a caller builds wrongly is an error of the rendering, only where the template asks for it. */
START_TEST(test_builders)
{
	const int depths[] = { 60, 10000 };
	size_t n = 0;
	struct jinja_variable list[] = { { "half", half_a_value, NULL }, { "deep", nested, &depths[1] },
		{ "flat", nested, &depths[0] } };
	struct jinja_input input = { .variables = list, .n_variables = 3 };
	struct jinja_sink sink = { nothing, &n };
	static const struct { const char *source; enum jinja_code code;
	} asked[] = {
		{ "x", JINJA_OK },
		{ "{{ flat }}", JINJA_OK },
		{ "{{ half }}", JINJA_ERROR_VALUE },
		{ "{{ deep is defined }}", JINJA_ERROR_UNSUPPORTED },
	};

	for (size_t i = 0; i < sizeof(asked) / sizeof(*asked); i++) {
		struct jinja_program *program;
		struct jinja_error why;

		ck_assert_int_eq(krait__jinja_parse(&program, asked[i].source, strlen(asked[i].source), &why),
			JINJA_OK);
		ck_assert_int_eq(krait__jinja_render(program, &input, &sink, &why), asked[i].code);
		krait__jinja_program_free(program);
	}
	ck_assert_uint_eq(n, 1 + 120);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("templates: values");
	TCase *tcase = tcase_create("values");

	tcase_add_loop_test(tcase, test_case, 0, (int)(sizeof(cases) / sizeof(*cases)));
	tcase_add_test(tcase, test_numbers_are_data);
	tcase_add_test(tcase, test_builders);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
