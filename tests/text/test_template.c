/* SPDX-License-Identifier: Apache-2.0 */
/* test_template.c - chat templates against Jinja2's own renderings. */
#include "support.h"
#include "text/template.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW 1720256703          /* the clock of the vectors: 2024-07-06 09:05:03, in UTC */
#define RIGHT_SNIPPETS 238u      /* of 263 */

static const char *const files[] = {
	"zephyr", "chatml", "chatml-newlines", "chatml-default-system", "falcon-mamba-instruct", "falcon-user-assistant", "falcon-literal-crlf",
	"falcon3-tools", "codestral", "mistral-v1", "llama2", "llama3", "gemma", "content-parts", "macros-and-slices", "namespace-and-dates",
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

static krait_status render(const char *source, size_t n_source, json_t *variables, struct rendering *out, char **message, struct why *why)
{
	struct template_variable list[32];
	struct template *program;
	const char *name;
	json_t *value;
	size_t n = 0;
	krait_status status = krait__template_parse(&program, source, n_source, why);

	*out = (struct rendering){ 0 };
	*message = NULL;
	if (status != KRAIT_OK)
		return status;
	json_object_foreach(variables, name, value)
		list[n++] = (struct template_variable){ name, value, strcmp(name, "messages") == 0 ? TRUST_ROLES
			: strstr(name, "_token") && json_is_string(value) ? TRUST_TEXT : TRUST_NOTHING };
	status = krait__template_render(program, list, n, NOW, out, message, why);
	krait__template_free(program);
	return status;
}

enum outcome { RENDERED, REFUSED, NOT_SUPPORTED };

/* What must hold whatever is supported: the right text, an error for an error, or UNSUPPORTED. */
static enum outcome check_case(const char *name, json_t *root, json_t *one)
{
	json_t *source = json_object_get(one, "source"), *expect = json_object_get(one, "expect"), *variables = context(root, one);
	const char *error = json_string_value(json_object_get(one, "error"));
	struct rendering out;
	struct why why = { 0 };
	char *message;
	krait_status status;
	enum outcome outcome = RENDERED;

	if (!source)
		source = json_object_get(root, "source");
	status = render(json_string_value(source), json_string_length(source), variables, &out, &message, &why);
	if (status == KRAIT_OK) {
		ck_assert_msg(expect != NULL, "%s: '%s' gives text in place of an error", name, json_string_value(source));
		ck_assert_msg(out.text.size == json_string_length(expect) && memcmp(out.text.data ? out.text.data : "", json_string_value(expect), out.text.size) == 0,
			"%s: '%s' gives '%.*s'", name, json_string_value(source), (int)out.text.size, out.text.data);
	} else if (expect) {
		outcome = NOT_SUPPORTED;
		ck_assert_msg(status == KRAIT_ERROR_UNSUPPORTED && strstr(why.text, "chat template, line "), "%s: '%s': %s", name, json_string_value(source), why.text);
	} else {
		outcome = REFUSED;
		ck_assert_msg(why.text[0] != 0 && status < 0, "%s: an error without a text", name);
		if (strcmp(error, "raise_exception") == 0) {
			ck_assert_int_eq(status, KRAIT_ERROR_ARGUMENT);
			ck_assert_str_eq(why.text, json_string_value(json_object_get(one, "message")));
		}
		ck_assert_ptr_null(out.spans);
	}
	krait__rendering_free(&out);
	free(message);
	json_decref(variables);
	return outcome;
}

START_TEST(test_file)
{
	json_t *root = vectors(files[_i]), *cases = json_object_get(root, "cases");

	ck_assert_uint_ge(json_array_size(cases), 26);
	for (size_t i = 0; i < json_array_size(cases); i++)
		ck_assert_msg(check_case(files[_i], root, json_array_get(cases, i)) != NOT_SUPPORTED, "%s: case %zu is not supported", files[_i], i);
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

/* A rendering, and under each byte ^ where it may form a special token. */
static void marks(const char *source, const char *variables, const char *text, const char *wanted)
{
	struct rendering out;
	struct why why = { 0 };
	char *message, got[512];
	json_t *json = json_loads(variables, 0, NULL);
	size_t n = 0;
	krait_status status = render(source, strlen(source), json, &out, &message, &why);

	ck_assert_msg(status == KRAIT_OK, "%s: %s", source, why.text);
	for (size_t i = 0; i < out.n_spans; i++)
		for (size_t k = 0; k < out.spans[i].n_text; k++)
			got[n++] = out.spans[i].special ? '^' : '.';
	got[n] = 0;
	ck_assert_str_eq(out.text.data, text);
	ck_assert_str_eq(got, wanted);
	krait__rendering_free(&out);
	json_decref(json);
}

START_TEST(test_marks)
{
	const char *one = "{\"messages\": [{\"role\": \"user\", \"content\": \"<a>b\", \"n\": 5}], \"eos_token\": \"<e>\"}";

	marks("x{{ messages[0].content }}y", one, "x<a>by", "^....^");
	marks("{{ '<|' + messages[0]['role'] + '|>' + messages[0].content + eos_token }}", one, "<|user|><a>b<e>", "^^^^^^^^....^^^");
	marks("{{ messages[0].content[1:] + '!' }}", one, "a>b!", "...^");
	marks("{{ ('<' ~ messages[0].content ~ '>').strip('<') }}", one, "a>b>", "...^");
	marks("{{ messages[0].content.replace('a', '[e]') }}", one, "<[e]>b", ".^^^..");
	marks("{{ messages[0].content | upper }}{{ messages[0].role | upper }}", one, "<A>BUSER", "....^^^^");
	marks("{{ messages[0].content.split('>') | join('>') }}", one, "<a>b", "..^.");
	marks("{{ messages[0].content | tojson }}", one, "\"<a>b\"", "^....^");
	marks("{{ messages[0] }}", one, "{'role': 'user', 'content': '<a>b', 'n': 5}", "^^....^^^^^^^^^^^^.......^^^^....^^^^.^^^.^");
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
	marks("{% set a = 'x' + 'y' %}{% set b = a + '1' %}{% set c = a + '2' %}{{ a }}{{ b }}{{ c }}", "{}", "xyxy1xy2", "^^^^^^^^");
	marks("{% set ns = namespace(t='') %}{% for i in range(4) %}{% set ns.t = ns.t + i|string %}{% endfor %}{{ ns.t }}", "{}", "0123", "^^^^");
	marks("{% set a = 'xyz' ~ 'w' %}{{ a[:2] + '-' }}{{ a }}", "{}", "xy-xyzw", "^^^^^^^");
}
END_TEST

START_TEST(test_long_message)
{
	struct rendering out;
	struct why why = { 0 };
	char *message;
	const char *source = "{{ raise_exception('ab\n' * 1000) }}";
	krait_status status = render(source, strlen(source), NULL, &out, &message, &why);

	ck_assert_int_eq(status, KRAIT_ERROR_ARGUMENT);
	ck_assert_ptr_nonnull(message);
	ck_assert_uint_eq(strlen(message), 3000);
	ck_assert(memcmp(message, why.text, 767) == 0);
	free(message);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("chat templates");
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
