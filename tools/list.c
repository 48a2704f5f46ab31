/* SPDX-License-Identifier: Apache-2.0 */
/* list.c - `krait list`: the models that a name finds, and what of one is there. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "krait.h"
#include "options.h"
#include "say.h"
#include "sizes.h"
#include "verbs.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* The first word of what the library says of a model: where it is from. */
static json_t *source(const char *about)
{
	return json_stringn(about, strcspn(about, ","));
}

static int print_json(const krait_installed *installed)
{
	json_t *list = json_array(), *whole = json_pack("{s:O}", "models", list);
	char *text;

	for (size_t i = 0; i < krait_installed_count(installed); i++) {
		const char *about = krait_installed_about(installed, i);

		json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:o, s:b, s:s}", "name", krait_installed_name(installed, i),
			"path", krait_installed_path(installed, i), "bytes", (json_int_t)krait_installed_size(installed, i),
			"source", source(about), "whole", krait_installed_whole(installed, i), "about", about));
	}
	text = whole ? json_dumps(whole, 0) : NULL;
	if (text)
		output_format("%s\n", text);
	free(text);
	json_decref(list);
	json_decref(whole);
	return text ? STATUS_DONE : say_failure("out of memory");
}

static int print_table(const krait_installed *installed)
{
	char room[SIZES_ROOM];

	for (size_t i = 0; i < krait_installed_count(installed); i++)
		output_format("%-36s %10s  %-5s  %s, %s\n", krait_installed_name(installed, i), sizes_bytes(room, (double)krait_installed_size(installed, i)),
			krait_installed_whole(installed, i) ? "whole" : "half", krait_installed_about(installed, i), krait_installed_path(installed, i));
	if (!krait_installed_count(installed))
		say_note("no models are installed; 'krait pull organisation/name' fetches one");
	return STATUS_DONE;
}

int verb_list(const struct verb *verb, int argc, char **argv)
{
	struct common common = { 0 };
	krait_installed *installed;
	int first, status = options_parse(verb, NULL, 0, &common, argc, argv, &first);

	if (status >= 0)
		return status;
	if (argc > first)
		return say_usage("list: no arguments are expected, but there is '%s'", argv[first]);
	if (krait_installed_open(&installed) != KRAIT_OK)
		return say_failure("out of memory");
	status = common.json ? print_json(installed) : print_table(installed);
	krait_installed_free(installed);
	return status;
}
