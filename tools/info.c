/* SPDX-License-Identifier: Apache-2.0 */
/* info.c - `krait info`: what a model is and needs; which devices there are. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "opening.h"
#include "say.h"
#include "sizes.h"
#include "verbs.h"

#include <stdlib.h>
#include <string.h>

static void print_member(const char *name, const json_t *value)
{
	size_t n = strlen(name);
	char room[SIZES_ROOM];

	if (json_is_integer(value) && n > 6 && !strcmp(name + n - 6, "_bytes"))
		output_format("%-18s %s\n", name, sizes_bytes(room, json_number_value(value)));
	else if (!strcmp(name, "n_parameters"))
		output_format("%-18s %s\n", "parameters", sizes_count(room, json_number_value(value)));
	else if (json_is_integer(value))
		output_format("%-18s %lld\n", name, (long long)json_integer_value(value));
	else if (json_is_real(value))
		output_format("%-18s %g\n", name, json_real_value(value));
	else if (json_is_boolean(value))
		output_format("%-18s %s\n", name, json_is_true(value) ? "yes" : "no");
	else if (json_is_null(value))
		output_format("%-18s none\n", name);
	else if (json_string_length(value) && !strchr(json_string_value(value), '\n') && json_string_length(value) < 60)
		output_format("%-18s %s\n", name, json_string_value(value));
}

/* Long values are told by what they are; nested ones on one line. */
static void print_long(const char *name, const json_t *value)
{
	char *text;

	if (json_is_string(value)) {
		if (strchr(json_string_value(value), '\n') || json_string_length(value) >= 60)
			output_format("%-18s %zu characters\n", name, json_string_length(value));
		return;
	}
	if (!json_is_object(value) && !json_is_array(value))
		return;
	text = json_dumps(value, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION(6));
	if (text)
		output_format("%-18s %s\n", name, text);
	free(text);
}

static void print_table(const krait_model *model)
{
	json_t *info = opening_info(model);
	const char *name;
	json_t *value;

	json_object_foreach(info, name, value) {
		print_member(name, value);
		print_long(name, value);
	}
	json_decref(info);
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
	json_t *whole = json_pack("{s:o}", "devices", list);
	char *text;

	for (size_t i = 0; i < krait_devices_count(devices); i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I}", "name", krait_devices_name(devices, i),
			"about", krait_devices_about(devices, i), "memory_bytes", (json_int_t)krait_devices_memory(devices, i),
			"memory_free_bytes", (json_int_t)krait_devices_memory_free(devices, i)));
	text = json_dumps(whole, 0);
	if (text)
		output_format("%s\n", text);
	free(text);
	json_decref(whole);
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
	int status = opening_model(&model, common, true);

	if (status >= 0)
		return status;
	if (common->json)
		output_format("%s\n", krait_model_info(model));
	else
		print_table(model);
	krait_model_free(model);
	return -1;
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
		status = say_usage("info: one MODEL at most is expected");
	if (status < 0 && argc - first == 1)
		common.model = argv[first];
	if (status < 0)
		status = devices ? list_devices(common.json) : describe(&common);
	return status < 0 ? STATUS_DONE : status;
}
