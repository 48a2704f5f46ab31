/* SPDX-License-Identifier: Apache-2.0 */
/* list.c - `krait list`: the models that a name finds. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "options.h"
#include "say.h"
#include "sizes.h"
#include "verbs.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define PATH_ROOM 4096
#define HUB_PREFIX "models--"

static bool join(char out[PATH_ROOM], const char *folder, const char *name)
{
	int n = snprintf(out, PATH_ROOM, "%s/%s", folder, name);

	return n > 0 && n < PATH_ROOM;
}

static bool is_weights(const char *name)
{
	size_t n = strlen(name);

	return (n > 12 && !strcmp(name + n - 12, ".safetensors")) || (n > 4 && !strcmp(name + n - 4, ".bin"));
}

/* Bytes of the weight files in a folder that has a configuration; 0: not a model. */
static uint64_t model_bytes(const char *folder)
{
	char path[PATH_ROOM];
	struct dirent *entry;
	struct stat status;
	uint64_t bytes = 0;
	DIR *dir;

	if (!join(path, folder, "config.json") || stat(path, &status) || !(dir = opendir(folder)))
		return 0;
	while ((entry = readdir(dir)))
		if (is_weights(entry->d_name) && join(path, folder, entry->d_name) && !stat(path, &status) && S_ISREG(status.st_mode))
			bytes += (uint64_t)status.st_size;
	closedir(dir);
	return bytes;
}

/* A name that stands in the list already is the one that opening finds. */
static bool add(json_t *list, const char *name, const char *folder, const char *source)
{
	uint64_t bytes = model_bytes(folder);
	size_t i;
	json_t *model;

	if (!bytes)
		return false;
	json_array_foreach(list, i, model)
		if (!strcmp(json_string_value(json_object_get(model, "name")), name))
			return true;
	model = json_pack("{s:s, s:s, s:I, s:s}", "name", name, "path", folder, "bytes", (json_int_t)bytes, "source", source);
	if (model)
		json_array_append_new(list, model);
	return true;
}

/* Folders with a model, and those of an organisation one level below. */
static void add_folder(json_t *list, const char *folder, const char *prefix)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	char path[PATH_ROOM], name[PATH_ROOM];

	if (!dir)
		return;
	while ((entry = readdir(dir))) {
		if (*entry->d_name == '.' || !join(path, folder, entry->d_name))
			continue;
		if (*prefix ? !join(name, prefix, entry->d_name) : snprintf(name, sizeof name, "%s", entry->d_name) < 0)
			continue;
		if (!add(list, name, path, "installed") && !*prefix)
			add_folder(list, path, entry->d_name);
	}
	closedir(dir);
}

static void add_paths(json_t *list, const char *paths)
{
	char folder[PATH_ROOM];

	while (paths && *paths) {
		size_t n = strcspn(paths, ":");

		if (n && n < sizeof folder) {
			memcpy(folder, paths, n);
			folder[n] = 0;
			add_folder(list, folder, "");
		}
		paths += n + (paths[n] == ':');
	}
}

/* "models--org--name" to "org/name". */
static bool hub_name(char out[PATH_ROOM], const char *folder)
{
	char *dashes;

	if (strncmp(folder, HUB_PREFIX, sizeof HUB_PREFIX - 1))
		return false;
	snprintf(out, PATH_ROOM, "%s", folder + sizeof HUB_PREFIX - 1);
	dashes = strstr(out, "--");
	if (dashes) {
		*dashes = '/';
		memmove(dashes + 1, dashes + 2, strlen(dashes + 2) + 1);
	}
	return true;
}

/* The snapshot that the revision "main" names. */
static bool hub_snapshot(char out[PATH_ROOM], const char *folder)
{
	char path[PATH_ROOM], commit[64] = "";
	FILE *file;

	if (!join(path, folder, "refs/main") || !(file = fopen(path, "re")))
		return false;
	if (!fgets(commit, sizeof commit, file))
		commit[0] = 0;
	fclose(file);
	commit[strcspn(commit, " \t\r\n")] = 0;
	if (strlen(commit) != 40 || strspn(commit, "0123456789abcdef") != 40)
		return false;
	return join(path, folder, "snapshots") && join(out, path, commit);
}

static void add_hub(json_t *list, const char *cache)
{
	DIR *dir = opendir(cache);
	struct dirent *entry;
	char folder[PATH_ROOM], snapshot[PATH_ROOM], name[PATH_ROOM];

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		if (hub_name(name, entry->d_name) && join(folder, cache, entry->d_name) && hub_snapshot(snapshot, folder))
			add(list, name, snapshot, "hub");
	closedir(dir);
}

/* $HF_HUB_CACHE, else $HF_HOME/hub, else $XDG_CACHE_HOME or ~/.cache with huggingface/hub. */
static bool hub_cache(char out[PATH_ROOM])
{
	static const struct { const char *variable, *below; } places[] = {
		{ "HF_HUB_CACHE", "" },
		{ "HUGGINGFACE_HUB_CACHE", "" },
		{ "HF_HOME", "/hub" },
		{ "XDG_CACHE_HOME", "/huggingface/hub" },
		{ "HOME", "/.cache/huggingface/hub" },
	};

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		const char *value = getenv(places[i].variable);

		if (value && *value)
			return snprintf(out, PATH_ROOM, "%s%s", value, places[i].below) < PATH_ROOM;
	}
	return false;
}

static int compare(const void *a, const void *b)
{
	json_t *const *one = a, *const *other = b;

	return strcmp(json_string_value(json_object_get(*one, "name")), json_string_value(json_object_get(*other, "name")));
}

static void print_table(const json_t *list)
{
	size_t n = json_array_size(list);
	json_t **sorted = calloc(n + 1, sizeof *sorted);
	char room[SIZES_ROOM];

	for (size_t i = 0; sorted && i < n; i++)
		sorted[i] = json_array_get(list, i);
	if (sorted)
		qsort(sorted, n, sizeof *sorted, compare);
	for (size_t i = 0; sorted && i < n; i++)
		output_format("%-36s %10s  %-9s  %s\n", json_string_value(json_object_get(sorted[i], "name")),
			sizes_bytes(room, json_number_value(json_object_get(sorted[i], "bytes"))),
			json_string_value(json_object_get(sorted[i], "source")), json_string_value(json_object_get(sorted[i], "path")));
	if (!n)
		say_note("no models are installed");
	free(sorted);
}

int verb_list(const struct verb *verb, int argc, char **argv)
{
	struct common common = { 0 };
	char cache[PATH_ROOM];
	json_t *whole, *list;
	int first, status = options_parse(verb, NULL, 0, &common, argc, argv, &first);

	if (status >= 0)
		return status;
	if (argc > first)
		return say_usage("list: no arguments are expected, but there is '%s'", argv[first]);
	list = json_array();
	whole = json_pack("{s:o}", "models", list);
	add_paths(list, getenv("KRAIT_MODEL_PATH"));
	add_folder(list, KRAIT_MODEL_DIR, "");
	if (hub_cache(cache))
		add_hub(list, cache);
	if (common.json) {
		char *text = json_dumps(whole, 0);

		if (text)
			output_format("%s\n", text);
		free(text);
	} else {
		print_table(list);
	}
	json_decref(whole);
	return STATUS_DONE;
}
