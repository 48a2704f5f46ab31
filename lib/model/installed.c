/* SPDX-License-Identifier: Apache-2.0 */
/*
 * installed.c - where models of a name lie: the folders of $KRAIT_MODEL_PATH, the
 * installed data, and the cache that hub clients share:
 * models--org--name/refs/main holds a commit, snapshots/<commit> the files.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/installed.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#ifndef KRAIT_MODEL_DIR
#define KRAIT_MODEL_DIR "/usr/local/share/krait/models"
#endif

#define COMMIT_MAX 256
#define NAME_MAX_SIZE 200

struct search {
	const char *name;
	char *found;
	struct buffer places;   /* where it was looked, for the error */
	bool no_memory;
};

/* One component, or two with a slash between. */
static bool name_ok(const char *name)
{
	const char *slash = strchr(name, '/');
	char first[NAME_MAX_SIZE];
	size_t n = slash ? (size_t)(slash - name) : strlen(name);

	if (strlen(name) >= sizeof(first) || name[0] == '.')
		return false;
	memcpy(first, name, n);
	first[n] = 0;
	return krait__file_name_ok(first) && (!slash || (krait__file_name_ok(slash + 1) && slash[1] != '.'));
}

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

/* The hub's cache folder, in the order of the hub's own clients; NULL: none or no memory. */
static char *hub_folder(struct search *search)
{
	static const struct { const char *variable, *below; } roots[] = {
		{ "HF_HUB_CACHE", "" }, { "HUGGINGFACE_HUB_CACHE", "" }, { "HF_HOME", "hub" },
		{ "XDG_CACHE_HOME", "huggingface/hub" }, { "HOME", ".cache/huggingface/hub" },
	};

	for (size_t i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
		const char *root = getenv(roots[i].variable);
		char *folder;

		if (!root || !*root)
			continue;
		folder = roots[i].below[0] ? krait__file_join(root, roots[i].below) : krait__copy_text(root);
		search->no_memory = search->no_memory || !folder;
		return folder;
	}
	return NULL;
}

/* "org/name" as "models--org--name". */
static bool repository(struct buffer *out, const char *hub, const char *name)
{
	const char *slash = strchr(name, '/');
	int n = slash ? (int)(slash - name) : (int)strlen(name);

	return krait__buffer_print(out, "%s/models--%.*s%s%s", hub, n, name, slash ? "--" : "", slash ? slash + 1 : "");
}

static bool open_snapshot(struct search *search, const char *folder, char *commit)
{
	struct buffer path = { 0 };
	bool found;

	commit[strcspn(commit, " \t\r\n")] = 0;
	if (!krait__file_name_ok(commit))
		return false;
	if (!krait__buffer_print(&path, "%s/snapshots/%s", folder, commit)) {
		search->no_memory = true;
		return false;
	}
	found = try_folder(search, krait__copy_text(path.data));
	krait__buffer_free(&path);
	return found;
}

static bool search_hub(struct search *search)
{
	struct buffer folder = { 0 };
	char *hub = hub_folder(search), *refs = NULL, *commit = NULL;
	size_t n_commit;
	bool found = false;

	if (!hub)
		return false;
	note_place(search, hub);
	if (repository(&folder, hub, search->name) && (refs = krait__file_join(folder.data, "refs")) != NULL) {
		struct why why;

		/* A folder without a readable reference holds no complete model. */
		if (krait__file_text(&commit, &n_commit, refs, "main", COMMIT_MAX, true, &why) == KRAIT_OK && commit)
			found = open_snapshot(search, folder.data, commit);
		else if (!commit && why.status == KRAIT_ERROR_MEMORY)
			search->no_memory = true;
	} else {
		search->no_memory = true;
	}
	krait__free(commit);
	krait__free(refs);
	krait__free(hub);
	krait__buffer_free(&folder);
	return found;
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
		return krait__why(why, KRAIT_ERROR_IO, "%s cannot be read: %s", krait__quote(&quoted, path, SIZE_MAX), strerror(errno));
	if (!name_ok(path))
		return krait__why(why, KRAIT_ERROR_NOT_FOUND, "%s: there is no such file or folder, and it is no model's name either ('name' or 'org/name'); check the path",
			krait__quote(&quoted, path, SIZE_MAX));
	return find_name(out, path, why);
}
