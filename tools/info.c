/* SPDX-License-Identifier: Apache-2.0 */
/* info.c - `krait info`: what a model is and needs; which devices there are. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "info.h"
#include "opening.h"
#include "say.h"
#include "sizes.h"
#include "verbs.h"

#include <stdlib.h>
#include <string.h>

#define NAME_WIDTH 18

static bool ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), n_end = strlen(end);

	return n > n_end && !strcmp(name + n - n_end, end);
}

/* A number, a word or a list of them in few characters; the caller frees it. */
static char *short_text(const char *name, const json_t *value)
{
	char room[SIZES_ROOM];

	if (json_is_integer(value) && ends_with(name, "_bytes"))
		return strdup(sizes_bytes(room, json_number_value(value)));
	if (!strcmp(name, "n_parameters"))
		return strdup(sizes_count(room, json_number_value(value)));
	if (json_is_boolean(value))
		return strdup(json_is_true(value) ? "yes" : "no");
	if (json_is_null(value))
		return strdup("none");
	if (json_is_string(value))
		return strdup(json_string_value(value));
	return json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6));
}

static void print_part(const char *name, const json_t *value, bool *first)
{
	char *text = short_text(name, value);

	if (text)
		output_format("%s%s%s%s", *first ? "" : ", ", name, *name ? " " : "", text);
	free(text);
	*first = false;
}

/* Lists and objects as "temperature 0.8, top_p 0.9". */
static void print_parts(const json_t *value)
{
	const char *name;
	json_t *part;
	bool first = true;
	size_t i;

	json_array_foreach(value, i, part)
		print_part("", part, &first);
	json_object_foreach((json_t *)(uintptr_t)value, name, part)
		if (!json_is_null(part))
			print_part(name, part, &first);
	output_format("%s\n", first ? "none" : "");
}

/* What is odd comes last, in words. A template's text is long: it is told by its length. */
static void print_member(const char *name, const json_t *value)
{
	char *text;

	output_format("%-*s ", NAME_WIDTH, !strcmp(name, "n_parameters") ? "parameters" : name);
	if (json_is_array(value) || json_is_object(value)) {
		print_parts(value);
		return;
	}
	if (json_is_string(value) && strchr(json_string_value(value), '\n')) {
		output_format("%zu characters\n", json_string_length(value));
		return;
	}
	text = short_text(name, value);
	if (text)
		output_format("%s\n", text);
	free(text);
}

static void print_table(json_t *about)
{
	/* Without weights there is no engine, which is no news: info never reads them. */
	static const char *const unsaid[] = { "engine", "inspected", "note" };
	json_t *note = json_object_get(about, "note");
	const char *name;
	json_t *value;

	json_object_foreach(about, name, value) {
		bool said = true;

		for (size_t i = 0; i < sizeof unsaid / sizeof *unsaid; i++)
			said = said && strcmp(name, unsaid[i]);
		if (said)
			print_member(name, value);
	}
	if (json_string_length(note))
		output_format("%-*s %s\n", NAME_WIDTH, "note", json_string_value(note));
}

static void print_devices(const krait_devices *devices)
{
	char all[SIZES_ROOM], unused[SIZES_ROOM];

	for (size_t i = 0; i < krait_devices_count(devices); i++) {
		output_format("%-8s %s", krait_devices_name(devices, i), krait_devices_about(devices, i));
		if (krait_devices_memory(devices, i))
			output_format(", %s of memory", sizes_bytes(all, (double)krait_devices_memory(devices, i)));
		if (krait_devices_memory_free(devices, i))
			output_format(", %s free", sizes_bytes(unused, (double)krait_devices_memory_free(devices, i)));
		output_format("\n");
	}
}

static void print_devices_json(const krait_devices *devices)
{
	json_t *list = json_array();

	for (size_t i = 0; i < krait_devices_count(devices); i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I}", "name", krait_devices_name(devices, i),
			"about", krait_devices_about(devices, i), "memory_bytes", (json_int_t)krait_devices_memory(devices, i),
			"memory_free_bytes", (json_int_t)krait_devices_memory_free(devices, i)));
	output_json(json_pack("{s:o}", "devices", list));
}

static int list_devices(bool json)
{
	krait_devices *devices;

	if (krait_devices_open(&devices) != KRAIT_OK) {
		krait_devices_free(devices);
		return say_failure("the devices of this machine cannot be listed: out of memory");
	}
	if (json)
		print_devices_json(devices);
	else
		print_devices(devices);
	krait_devices_free(devices);
	return -1;
}

static int describe(const struct common *common)
{
	krait_model *model;
	json_t *about;
	int status = opening_model(&model, common, true);

	if (status >= 0)
		return status;
	if (common->json) {
		output_format("%s\n", krait_model_info(model));
	} else {
		about = opening_info(model);
		print_table(about);
		json_decref(about);
	}
	krait_model_free(model);
	return -1;
}

/* With a model beside it, whether the state is of that one. */
static int describe_state(const struct common *common, const char *path)
{
	krait_model *model = NULL;
	json_t *about;
	int status = info_state(&about, path);

	if (status < 0 && common->model)
		status = opening_model(&model, common, true);
	if (status < 0 && model)
		json_object_set_new(about, "of_this_model", json_boolean(!strcmp(krait_model_fingerprint(model),
			json_string_value(json_object_get(about, "fingerprint")))));
	if (status < 0 && common->json)
		output_json(json_incref(about));
	else if (status < 0)
		print_table(about);
	krait_model_free(model);
	json_decref(about);
	return status;
}

static int show(const struct common *common, const char *what)
{
	struct common named = *common;

	if (what && info_is_state(what))
		return describe_state(common, what);
	if (what)
		named.model = what;
	return describe(&named);
}

int verb_info(const struct verb *verb, int argc, char **argv)
{
	struct common common = { 0 };
	bool devices = false;
	const struct option_row rows[] = {
		{ "devices", 0, OPTION_FLAG, &devices, NULL, "list what a model can run on", 0, 0 },
	};
	const struct option_group group = { NULL, rows, 1 };
	int first, status = options_parse(verb, &group, 1, &common, argc, argv, &first);

	if (status < 0 && argc - first > 1)
		status = say_usage("info: one MODEL or STATE at most is expected");
	if (status < 0)
		status = devices ? list_devices(common.json) : show(&common, argc > first ? argv[first] : NULL);
	return status < 0 ? STATUS_DONE : status;
}
