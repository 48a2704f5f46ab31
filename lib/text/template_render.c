/* SPDX-License-Identifier: Apache-2.0 */
/* template_render.c - from the caller's variables to marked text. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "text/template.h"
#include "text/template_run.h"

#include <string.h>

/* ---- variables ---------------------------------------------------------------------------- */

static bool from_json(struct jinja *jinja, json_t *json, bool special, bool roles, struct value *out);

static bool from_object(struct jinja *jinja, json_t *object, bool roles, struct value *out)
{
	const char *key;
	json_t *field;

	if (!krait__jinja_dict(jinja, out, VALUE_DICT, json_object_size(object)))
		return false;
	json_object_foreach(object, key, field) {
		struct dict *dict = out->as.dict;
		struct pair *pair = &dict->pairs[dict->n];

		if (!krait__jinja_text(jinja, &pair->key, key, strlen(key), false)
				|| !from_json(jinja, field, roles && strcmp(key, "role") == 0, false, &pair->value))
			return false;
		dict->n++;
	}
	return true;
}

static bool from_array(struct jinja *jinja, json_t *array, bool roles, struct value *out)
{
	if (!krait__jinja_list(jinja, out, VALUE_LIST, json_array_size(array)))
		return false;
	for (size_t i = 0; i < out->as.list->n; i++) {
		json_t *item = json_array_get(array, i);
		struct value *value = &out->as.list->items[i];

		if (roles && json_is_object(item) ? !from_object(jinja, item, true, value) : !from_json(jinja, item, false, false, value))
			return false;
	}
	return true;
}

/* Strings are borrowed. JSON that was read by krait__json_parse is nested 64 deep at most. */
static bool from_json(struct jinja *jinja, json_t *json, bool special, bool roles, struct value *out)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return from_object(jinja, json, false, out);
	case JSON_ARRAY:
		return from_array(jinja, json, roles, out);
	case JSON_STRING:
		return krait__jinja_text(jinja, out, json_string_value(json), json_string_length(json), special);
	case JSON_INTEGER:
		*out = jinja_int((int64_t)json_integer_value(json));
		break;
	case JSON_REAL:
		*out = jinja_float(json_real_value(json));
		break;
	case JSON_NULL:
		*out = jinja_none();
		return true;
	default:
		*out = jinja_bool(json_is_true(json));
		return true;
	}
	out->plain = !special;
	return true;
}

static bool bind_variables(struct machine *machine, const struct template_variable *variables, size_t n_variables)
{
	const struct template *program = machine->program;

	for (size_t i = 0; i < n_variables; i++) {
		const struct template_variable *variable = &variables[i];
		struct value value;

		for (size_t k = 0; k < program->n_symbols; k++) {
			if (strcmp(program->symbols[k].name, variable->name) != 0)
				continue;
			if (!from_json(machine->jinja, variable->value, variable->trust == TRUST_TEXT, variable->trust == TRUST_ROLES, &value)
					|| !krait__jinja_set(machine, (int32_t)k, value))
				return false;
		}
	}
	return true;
}

/* ---- the result ---------------------------------------------------------------------------- */

static krait_status take_output(const struct chars *chars, struct rendering *out, struct why *why)
{
	size_t n_spans = 0;

	for (size_t i = 0; i < chars->n; i++)
		n_spans += i == 0 || chars->marks[i] != chars->marks[i - 1];
	out->spans = krait__alloc(n_spans, sizeof(*out->spans));
	if (!out->spans || !krait__buffer_add(&out->text, chars->data, chars->n)) {
		krait__rendering_free(out);
		return krait__why_memory(why);
	}
	for (size_t i = 0; i < chars->n; i++) {
		if (i == 0 || chars->marks[i] != chars->marks[i - 1])
			out->spans[out->n_spans++] = (struct text_span){ 0, chars->marks[i] };
		out->spans[out->n_spans - 1].n_text++;
	}
	return KRAIT_OK;
}

void krait__rendering_free(struct rendering *rendering)
{
	krait__buffer_free(&rendering->text);
	krait__free(rendering->spans);
	*rendering = (struct rendering){ 0 };
}

static bool start(struct machine *machine, const struct template_variable *variables, size_t n_variables)
{
	machine->scope = krait__jinja_scope(machine->jinja, NULL);
	if (!machine->scope || !krait__jinja_grow(machine->jinja, &machine->captures, 0, &machine->captures_room, sizeof(*machine->captures)))
		return false;
	machine->captures[machine->n_captures++] = (struct chars){ 0 };
	return bind_variables(machine, variables, n_variables);
}

krait_status krait__template_render(const struct template *program, const struct template_variable *variables, size_t n_variables,
	time_t now, struct rendering *out, char **message, struct why *why)
{
	struct why own = { 0 };
	struct jinja jinja = { .why = &own, .message = message, .line = 1, .now = now };
	struct machine machine = { .program = program, .jinja = &jinja };
	krait_status status;

	*out = (struct rendering){ 0 };
	*message = NULL;
	if (start(&machine, variables, n_variables) && krait__jinja_run(&machine))
		status = take_output(&machine.captures[0], out, &own);
	else
		status = own.status;
	krait__jinja_free(&jinja);
	if (status != KRAIT_OK && why)
		*why = own;
	return status;
}
