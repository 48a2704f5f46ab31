/* SPDX-License-Identifier: Apache-2.0 */
#include "jinja/render.h"

#include <stdlib.h>
#include <string.h>

static bool build(struct jinja_builder *builder, json_t *json, bool trusted, bool roles);

static bool build_object(struct jinja_builder *builder, json_t *object, bool roles)
{
	const char *key;
	json_t *field;

	if (!krait__jinja_begin_object(builder))
		return false;
	json_object_foreach(object, key, field) if (!krait__jinja_put_key(builder, key, strlen(key))
		|| !build(builder, field, roles && strcmp(key, "role") == 0, false)) return false;
	return krait__jinja_end(builder);
}

/* {"digits": "123..."} is a big integer. */
static bool build(struct jinja_builder *builder, json_t *json, bool trusted, bool roles)
{
	const char *digits = json_string_value(json_object_get(json, "digits"));

	if (digits)
		return krait__jinja_put_digits(builder, digits, strlen(digits));
	if (json_is_object(json))
		return build_object(builder, json, roles);
	if (json_is_string(json))
		return krait__jinja_put_string(builder, json_string_value(json), json_string_length(json), trusted);
	if (json_is_integer(json))
		return krait__jinja_put_int(builder, json_integer_value(json));
	if (json_is_real(json))
		return krait__jinja_put_real(builder, json_real_value(json));
	if (json_is_null(json))
		return krait__jinja_put_none(builder);
	if (!json_is_array(json))
		return krait__jinja_put_bool(builder, json_is_true(json));
	if (!krait__jinja_begin_array(builder))
		return false;
	for (size_t i = 0; i < json_array_size(json); i++)
		if (!build(builder, json_array_get(json, i), false, roles))
			return false;
	return krait__jinja_end(builder);
}

static bool build_data(struct jinja_builder *builder, const void *data)
{
	return build(builder, (json_t *)data, false, false);
}
static bool build_token(struct jinja_builder *builder, const void *data)
{
	return build(builder, (json_t *)data, true, false);
}
static bool build_messages(struct jinja_builder *builder, const void *data)
{
	return build(builder, (json_t *)data, false, true);
}

static bool keep(void *user, const char *text, size_t n, bool trusted)
{
	struct rendered *out = user;
	char *more = realloc(out->text, out->n + n + 1), *marks = realloc(out->marks, out->n + n + 1);

	if (!more || !marks)
		abort();
	out->text = more;
	out->marks = marks;
	memcpy(more + out->n, text, n);
	memset(marks + out->n, trusted ? '^' : '.', n);
	out->n += n;
	more[out->n] = marks[out->n] = 0;
	return true;
}

enum jinja_code render_json(const char *source, size_t n, json_t *variables, const struct jinja_limits *limits,
	struct rendered *out, struct jinja_error *error)
{
	struct jinja_variable list[32];
	struct jinja_input input = { .variables = list, .now = RENDER_NOW, .limits = limits };
	struct jinja_sink sink = { keep, out };
	struct jinja_program *program;
	const char *name;
	json_t *value;
	enum jinja_code code = krait__jinja_parse(&program, source, n, error);

	*out = (struct rendered){ calloc(1, 1), calloc(1, 1), 0 };
	if (code != JINJA_OK) {
		if (program)
			abort();
		return code;
	}
	json_object_foreach(variables, name, value) {
		bool token = strstr(name, "_token") && json_is_string(value);

		list[input.n_variables++] = (struct jinja_variable){ name,
			strcmp(name, "messages") == 0 ? build_messages : token ? build_token : build_data, value };
	}
	code = krait__jinja_render(program, &input, &sink, error);
	krait__jinja_program_free(program);
	return code;
}

void rendered_free(struct rendered *rendered)
{
	free(rendered->text);
	free(rendered->marks);
}
