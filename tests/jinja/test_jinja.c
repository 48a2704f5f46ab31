/* SPDX-License-Identifier: Apache-2.0 */
/* test_jinja.c - templates against Jinja2's own renderings. */
#include "jinja/render.h"
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RIGHT_SNIPPETS 238u      /* of 263 */

static const char *const files[] = {
	"zephyr",
	"chatml",
	"chatml-newlines",
	"chatml-default-system",
	"falcon-mamba-instruct",
	"falcon-user-assistant",
	"falcon-literal-crlf",
	"falcon3-tools",
	"codestral",
	"mistral-v1",
	"llama2",
	"llama3",
	"gemma",
	"content-parts",
	"macros-and-slices",
	"namespace-and-dates",
};

static json_t *vectors(const char *name)
{
	char path[96];
	json_error_t error;
	size_t n;
	char *text;
	json_t *root;

	snprintf(path, sizeof(path), "templates/%s.json", name);
	text = support_read(path, &n);
	root = json_loadb(text, n, JSON_ALLOW_NUL, &error);
	ck_assert_msg(root != NULL, "%s: %s", path, error.text);
	free(text);
	return root;
}

/* The variables of a case: a template's own, then what the case gives. */
static json_t *context(json_t *root, json_t *one)
{
	json_t *variables = json_object(), *own = json_object_get(one, "variables");
	static const char *const given[] = { "messages", "add_generation_prompt", "tools" };

	if (own) {
		json_object_update(variables, own);
		return variables;
	}
	json_object_update(variables, json_object_get(root, "variables"));
	json_object_set(variables, "tools", json_null());
	json_object_set(variables, "documents", json_null());
	for (size_t i = 0; i < 3; i++)
		if (json_object_get(one, given[i]))
			json_object_set(variables, given[i], json_object_get(one, given[i]));
	return variables;
}

enum outcome { RENDERED, REFUSED, NOT_SUPPORTED };

/* What must hold whatever is supported: the right text, an error for an error, or UNSUPPORTED. */
static enum outcome check_case(const char *name, json_t *root, json_t *one)
{
	json_t *source = json_object_get(one, "source"), *expect = json_object_get(one, "expect"),
	       *variables = context(root, one);
	const char *error = json_string_value(json_object_get(one, "error"));
	struct rendered out;
	struct jinja_error why;
	enum jinja_code code;
	enum outcome outcome = RENDERED;

	if (!source)
		source = json_object_get(root, "source");
	code = render_json(json_string_value(source), json_string_length(source), variables, NULL, &out, &why);
	if (code == JINJA_OK) {
		ck_assert_msg(expect != NULL, "%s: '%s' gives text in place of an error", name,
			json_string_value(source));
		ck_assert_msg(out.n == json_string_length(expect)
				&& memcmp(out.text, json_string_value(expect), out.n) == 0,
			"%s: '%s' gives '%s'", name, json_string_value(source), out.text);
	} else if (expect) {
		outcome = NOT_SUPPORTED;
		ck_assert_msg(code == JINJA_ERROR_UNSUPPORTED && why.line > 0, "%s: '%s': %s", name,
			json_string_value(source), why.text);
	} else {
		outcome = REFUSED;
		ck_assert_msg(why.text[0] != 0 && why.line > 0, "%s: an error without a text", name);
		if (strcmp(error, "raise_exception") == 0) {
			ck_assert_int_eq(code, JINJA_ERROR_RAISED);
			ck_assert_str_eq(why.text, json_string_value(json_object_get(one, "message")));
		}
		ck_assert_uint_eq(out.n, 0);
	}
	rendered_free(&out);
	free(why.message);
	json_decref(variables);
	return outcome;
}

START_TEST(test_file)
{
	json_t *root = vectors(files[_i]), *cases = json_object_get(root, "cases");

	ck_assert_uint_ge(json_array_size(cases), 26);
	for (size_t i = 0; i < json_array_size(cases); i++)
		ck_assert_msg(check_case(files[_i], root, json_array_get(cases, i)) != NOT_SUPPORTED,
			"%s: case %zu is not supported", files[_i], i);
	json_decref(root);
}
END_TEST

/* One feature of Jinja each. The number may grow and must not fall. */
START_TEST(test_snippets)
{
	json_t *root = vectors("snippets"), *cases = json_object_get(root, "cases");
	size_t n = json_array_size(cases), counts[3] = { 0 };

	ck_assert_uint_eq(n, 263);
	for (size_t i = 0; i < n; i++)
		counts[check_case("snippets", root, json_array_get(cases, i))]++;
	ck_assert_uint_ge(counts[RENDERED] + counts[REFUSED], RIGHT_SNIPPETS);
	json_decref(root);
}
END_TEST

/* ---- where bytes come from -------------------------------------------------------------------- */

static void marks(const char *source, const char *variables, const char *text, const char *wanted)
{
	struct rendered out;
	struct jinja_error why;
	json_t *json = json_loads(variables, 0, NULL);

	ck_assert_msg(render_json(source, strlen(source), json, NULL, &out, &why) == JINJA_OK, "%s: %s", source,
		why.text);
	ck_assert_str_eq(out.text, text);
	ck_assert_str_eq(out.marks, wanted);
	rendered_free(&out);
	json_decref(json);
}

START_TEST(test_marks)
{
	const char *one =
		"{\"messages\": [{\"role\": \"user\", \"content\": \"<a>b\", \"n\": 5}], \"eos_token\": \"<e>\"}";

	marks("x{{ messages[0].content }}y", one, "x<a>by", "^....^");
	marks("{{ '<|' + messages[0]['role'] + '|>' + messages[0].content + eos_token }}", one, "<|user|><a>b<e>",
		"^^^^^^^^....^^^");
	marks("{{ messages[0].content[1:] + '!' }}", one, "a>b!", "...^");
	marks("{{ ('<' ~ messages[0].content ~ '>').strip('<') }}", one, "a>b>", "...^");
	marks("{{ messages[0].content.replace('a', '[e]') }}", one, "<[e]>b", ".^^^..");
	marks("{{ messages[0].content | upper }}{{ messages[0].role | upper }}", one, "<A>BUSER", "....^^^^");
	marks("{{ messages[0].content.split('>') | join('>') }}", one, "<a>b", "..^.");
	marks("{{ messages[0].content | tojson }}", one, "\"<a>b\"", "^....^");
	marks("{{ messages[0] }}", one, "{'role': 'user', 'content': '<a>b', 'n': 5}",
		"^^....^^^^^^^^^^^^.......^^^^....^^^^.^^^.^");
	marks("{{ messages[0].n }}{{ messages[0].n + 1 }}{{ 7 }}", one, "567", "..^");
	marks("{% set x %}<{{ messages[0].content }}>{% endset %}{{ x }}", one, "<<a>b>", "^....^");
	marks("{% for c in messages[0].content %}{{ c }}-{% endfor %}", one, "<-a->-b-", ".^.^.^.^");
	marks("{{ '%s|' % messages[0].content }}", one, "<a>b|", "....^");
	marks("{{ messages[0].content[::-1] }}", one, "b>a<", "....");
}
END_TEST

/* Building a text piece by piece appends in place: earlier values must not see it. */
START_TEST(test_shared_text)
{
	marks("{% set a = 'x' + 'y' %}{% set b = a + '1' %}{% set c = a + '2' %}{{ a }}{{ b }}{{ c }}", "{}",
		"xyxy1xy2", "^^^^^^^^");
	marks("{% set ns = namespace(t='') %}{% for i in range(4) %}{% set ns.t = ns.t + i|string %}{% endfor %}{{ "
	      "ns.t }}",
		"{}", "0123", "^^^^");
	marks("{% set a = 'xyz' ~ 'w' %}{{ a[:2] + '-' }}{{ a }}", "{}", "xy-xyzw", "^^^^^^^");
}
END_TEST

START_TEST(test_long_message)
{
	struct rendered out;
	struct jinja_error why;
	const char *source = "{{ raise_exception('ab\n' * 1000) }}";

	ck_assert_int_eq(render_json(source, strlen(source), NULL, NULL, &out, &why), JINJA_ERROR_RAISED);
	ck_assert_ptr_nonnull(why.message);
	ck_assert_uint_eq(strlen(why.message), 3000);
	ck_assert(memcmp(why.message, why.text, 767) == 0);
	free(why.message);
	rendered_free(&out);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("templates");
	TCase *tcase = tcase_create("vectors");

	setenv("TZ", "UTC", 1);
	tcase_add_loop_test(tcase, test_file, 0, (int)(sizeof(files) / sizeof(*files)));
	tcase_add_test(tcase, test_snippets);
	tcase_add_test(tcase, test_marks);
	tcase_add_test(tcase, test_shared_text);
	tcase_add_test(tcase, test_long_message);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
