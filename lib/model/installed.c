/* SPDX-License-Identifier: Apache-2.0 */
/*
 * installed.c - where models of a name lie: the folders of $KRAIT_MODEL_PATH, the
 * installed data, and the cache that hub clients share.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/installed.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"
#include "model/hub_cache.h"
#include "model/published.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct search {
	const char *name;
	char *found;
	struct buffer places;   /* where it was looked, for the error */
	bool no_memory;
};

static bool is_folder(const char *path)
{
	struct stat about;

	return krait__files.stat_path(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* Takes over `path`. */
static bool try_folder(struct search *search, char *path)
{
	if (!path) {
		search->no_memory = true;
		return false;
	}
	if (is_folder(path)) {
		search->found = path;
		return true;
	}
	krait__free(path);
	return false;
}

static void note_place(struct search *search, const char *folder)
{
	struct quoted quoted;

	if (!krait__buffer_print(&search->places, "%s%s", search->places.size ? ", " : "", krait__quote(&quoted, folder, SIZE_MAX)))
		search->no_memory = true;
}

static bool search_folder(struct search *search, const char *folder)
{
	note_place(search, folder);
	return try_folder(search, krait__file_join(folder, search->name));
}

static bool search_path(struct search *search)
{
	const char *path = getenv("KRAIT_MODEL_PATH");

	while (path && *path) {
		size_t n = strcspn(path, ":");
		char *folder = n ? krait__copy_bytes(path, n) : NULL;
		bool found = folder && search_folder(search, folder);

		if (n && !folder)
			search->no_memory = true;
		krait__free(folder);
		if (found)
			return true;
		path += n + (path[n] == ':');
	}
	return false;
}

static bool search_hub(struct search *search)
{
	struct why why;
	char *hub = NULL;

	if (krait__hub_folder(&hub, &why) != KRAIT_OK)
		search->no_memory = true;
	if (!hub)
		return false;
	note_place(search, hub);
	if (krait__hub_snapshot(&search->found, hub, search->name, &why) != KRAIT_OK)
		search->no_memory = true;
	krait__free(hub);
	return search->found != NULL;
}

static krait_status find_name(char **out, const char *name, struct why *why)
{
	struct search search = { .name = name };
	struct quoted quoted;
	bool found = search_path(&search) || search_folder(&search, KRAIT_MODEL_DIR) || search_hub(&search);
	krait_status status = KRAIT_OK;

	*out = search.found;
	if (!found && search.no_memory)
		status = krait__why_memory(why);
	else if (!found)
		status = krait__why(why, KRAIT_ERROR_NOT_FOUND, "%s is no file or folder, and no installed model of that name is in %s: "
			"give the path of a folder with config.json and weights, or set KRAIT_MODEL_PATH", krait__quote(&quoted, name, SIZE_MAX), search.places.data);
	krait__buffer_free(&search.places);
	return status;
}

krait_status krait__installed_find(char **out, const char *path, struct why *why)
{
	struct quoted quoted;
	struct stat about;

	*out = NULL;
	if (!*path)
		return krait__why(why, KRAIT_ERROR_NOT_FOUND, "the path of the model is empty: give a folder, a weight file or the name of an installed model");
	if (krait__files.stat_path(path, &about) == 0) {
		*out = krait__copy_text(path);
		return *out ? KRAIT_OK : krait__why_memory(why);
	}
	if (errno != ENOENT && errno != ENOTDIR && errno != ENAMETOOLONG)
		return krait__why(why, KRAIT_ERROR_IO, "%s cannot be read: %s", krait__quote(&quoted, path, SIZE_MAX), krait__errno_text(errno));
	if (!krait__hub_name_ok(path))
		return krait__why(why, KRAIT_ERROR_NOT_FOUND, "%s: there is no such file or folder, and it is no model's name either ('name' or 'org/name'); check the path",
			krait__quote(&quoted, path, SIZE_MAX));
	return find_name(out, path, why);
}

/* The name under which the hub has the model whose snapshot is the folder `path`; "" when it is none. */
static void name_of_snapshot(char *out, size_t n_out, const char *path)
{
	const char *end = strstr(path, "/snapshots/");
	char folder[256];
	const char *start = end;

	out[0] = 0;
	while (start && start > path && start[-1] != '/')
		start--;
	if (!start || (size_t)(end - start) >= sizeof(folder))
		return;
	memcpy(folder, start, (size_t)(end - start));
	folder[end - start] = 0;
	if (!krait__hub_name_of(out, n_out, folder))
		out[0] = 0;
}

const struct published *krait__installed_published(const char *path, const char *found)
{
	const struct published *published = krait__published(path);
	char name[256];

	if (published)
		return published;
	name_of_snapshot(name, sizeof(name), found);
	return krait__published(name);
}

krait_status krait__installed_tokenizer(char **out, const char *asked, const char *folder, const struct published *published, struct why *why)
{
	struct why unfound;
	struct stat about;
	const char *name = asked;
	char *beside;
	bool there;

	*out = NULL;
	if (!asked) {
		if (!published || !published->tokenizer)
			return KRAIT_OK;
		beside = krait__file_join(folder, "tokenizer.json");
		if (!beside)
			return krait__why_memory(why);
		there = krait__files.stat_path(beside, &about) == 0;
		krait__free(beside);
		if (there)
			return KRAIT_OK;
		name = published->tokenizer;
	}
	if (krait__installed_find(out, name, &unfound) == KRAIT_OK)
		return KRAIT_OK;
	if (unfound.status == KRAIT_ERROR_MEMORY)
		return krait__why_memory(why);
	if (!asked)
		return KRAIT_OK;
	*out = krait__copy_text(asked);
	return *out ? KRAIT_OK : krait__why_memory(why);
}
