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

	if (json_is_integer(value) && (ends_with(name, "_bytes") || ends_with(name, "_bytes_per_token")))
		return strdup(sizes_bytes(room, json_number_value(value)));
	if (ends_with(name, "_parameters"))
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

static const char *label(const char *name)
{
	static const char *const labels[][2] = { { "n_parameters", "parameters" }, { "n_active_parameters", "active parameters" },
		{ "state_bytes_per_token", "state per token" }, { "memory_bytes_per_token", "memory per token" } };

	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
		if (!strcmp(name, labels[i][0]))
			return labels[i][1];
	return name;
}

/* What is odd comes last, in words. A template's text is long: it is told by its length. */
static void print_member(const char *name, const json_t *value)
{
	char *text;

	output_format("%-*s ", NAME_WIDTH, label(name));
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

/* "mamba2, mlp" */
static void print_names(const json_t *parts)
{
	const json_t *part;
	size_t i;

	json_array_foreach(parts, i, part)
		output_format("%s%s", i ? ", " : "", json_string_value(part));
}

/* All runs of layers that have these parts: "mamba2, mlp: 0-3, 5-8". */
static void print_layers(const json_t *layers, const json_t *parts)
{
	const json_t *run;
	bool first = true;
	size_t i;

	print_names(parts);
	json_array_foreach(layers, i, run) {
		long long from = json_integer_value(json_object_get(run, "first"));
		long long to = json_integer_value(json_object_get(run, "last"));

		if (!json_equal(json_object_get(run, "parts"), parts))
			continue;
		output_format("%s %lld", first ? ":" : ",", from);
		if (to > from)
			output_format("-%lld", to);
		first = false;
	}
	output_format("\n");
}

/* Which layers are what, one line for each sort, and then the kinds of parts. Where there is one kind alone its sizes
 * were told already. */
static void print_structure(const json_t *about)
{
	const json_t *layers = json_object_get(about, "layers"), *run, *part;
	const char *kind;
	size_t i;

	if (json_object_size(json_object_get(about, "parts")) == 1)
		return;
	json_array_foreach(layers, i, run) {
		const json_t *parts = json_object_get(run, "parts");
		size_t before = 0;

		while (before < i && !json_equal(json_object_get(json_array_get(layers, before), "parts"), parts))
			before++;
		if (before < i)
			continue;
		output_format("%-*s ", NAME_WIDTH, i ? "" : "layers");
		print_layers(layers, parts);
	}
	json_object_foreach(json_object_get(about, "parts"), kind, part)
		print_member(kind, part);
}

/* What is as it always is with Mamba is no news; nor is it that info, which never reads weights, has no engine. */
static bool worth_saying(const json_t *about, const char *name, const json_t *value)
{
	static const char *const unsaid[] = { "engine", "inspected", "note", "layers", "parts" };

	const json_t *parts = json_object_get(about, "parts"), *part;
	const char *kind;

	for (size_t i = 0; i < sizeof unsaid / sizeof *unsaid; i++)
		if (!strcmp(name, unsaid[i]))
			return false;
	json_object_foreach((json_t *)(uintptr_t)parts, kind, part)
		if (json_object_size(parts) > 1 && json_object_get(part, name))
			return false;   /* a size of its kind, which is told there */
	if (!strcmp(name, "n_active_parameters"))
		return !json_equal(value, json_object_get(about, "n_parameters"));
	return !ends_with(name, "_bytes_per_token") || json_integer_value(value);
}

static void print_table(json_t *about)
{
	json_t *note = json_object_get(about, "note");
	const char *name;
	json_t *value;

	json_object_foreach(about, name, value) {
		if (worth_saying(about, name, value))
			print_member(name, value);
		else if (!strcmp(name, "layers"))
			print_structure(about);
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
