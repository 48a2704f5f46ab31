/* SPDX-License-Identifier: Apache-2.0 */
/* hub_cache.c - where the hub's cache is and how names stand in it. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/hub_cache.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/memory.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMIT_SIZE 40
#define REFERENCE_MAX 256
#define NAME_MAX_SIZE 200
#define PREFIX "models--"

/* ---- names -------------------------------------------------------------------------- */

/* Components between slashes, none of them hidden or leading up. */
static bool components_ok(const char *text, size_t n, int most)
{
	char part[NAME_MAX_SIZE];
	int n_parts = 0;

	while (n_parts++ < most) {
		size_t length = 0;

		while (length < n && text[length] != '/')
			length++;
		if (length >= sizeof(part))
			return false;
		memcpy(part, text, length);
		part[length] = 0;
		if (!krait__file_name_ok(part) || part[0] == '.')
			return false;
		if (length == n)
			return true;
		text += length + 1;
		n -= length + 1;
	}
	return false;
}

bool krait__hub_name_ok(const char *name)
{
	size_t n = strcspn(name, "@");

	return strlen(name) < NAME_MAX_SIZE && components_ok(name, n, 2) && (!name[n] || components_ok(name + n + 1, strlen(name + n + 1), 8));
}

bool krait__hub_name_of(char *out, size_t n_out, const char *folder)
{
	char *dashes;

	if (strncmp(folder, PREFIX, sizeof(PREFIX) - 1) != 0 || strlen(folder) >= n_out)
		return false;
	snprintf(out, n_out, "%s", folder + sizeof(PREFIX) - 1);
	dashes = strstr(out, "--");
	if (dashes) {
		*dashes = '/';
		memmove(dashes + 1, dashes + 2, strlen(dashes + 2) + 1);
	}
	return krait__hub_name_ok(out) && !strchr(out, '@');
}

/* ---- the folder --------------------------------------------------------------------- */

/* A variable at the start of `text`, "$NAME" or "${NAME}": its value ("" when not set) and its length there. */
static const char *variable_at(const char *text, size_t *n_text)
{
	bool braces = text[1] == '{';
	const char *name = text + 1 + braces;
	char copy[64];
	const char *value;
	size_t n = 0;

	while (isalnum((unsigned char)name[n]) || name[n] == '_')
		n++;
	if (!n || n >= sizeof(copy) || (braces && name[n] != '}'))
		return NULL;
	memcpy(copy, name, n);
	copy[n] = 0;
	*n_text = n + 1 + (braces ? 2 : 0);
	value = getenv(copy);
	return value ? value : "";
}

/* What Python's clients make of a path in the environment: a first "~" and variables are replaced. */
static bool expand(struct buffer *out, const char *path)
{
	const char *home = getenv("HOME");

	if (path[0] == '~' && (path[1] == '/' || !path[1]) && home) {
		if (!krait__buffer_add_text(out, home))
			return false;
		path++;
	}
	while (*path) {
		size_t n = 1;
		const char *value = *path == '$' ? variable_at(path, &n) : NULL;

		if (value ? !krait__buffer_add_text(out, value) : !krait__buffer_add(out, path, 1))
			return false;
		path += n;
	}
	return true;
}

krait_status krait__hub_folder(char **out, struct why *why)
{
	static const struct { const char *variable, *below; } roots[] = {
		{ "HF_HUB_CACHE", "" }, { "HUGGINGFACE_HUB_CACHE", "" }, { "HF_HOME", "/hub" },
		{ "XDG_CACHE_HOME", "/huggingface/hub" }, { "HOME", "/.cache/huggingface/hub" },
	};

	*out = NULL;
	for (size_t i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
		const char *root = getenv(roots[i].variable);
		struct buffer path = { 0 };

		if (!root || !*root)
			continue;
		if (!expand(&path, root) || !krait__buffer_add_text(&path, roots[i].below)) {
			krait__buffer_free(&path);
			return krait__why_memory(why);
		}
		*out = path.data;
		return KRAIT_OK;
	}
	return KRAIT_OK;
}

krait_status krait__hub_model(char **out, const char *hub, const char *name, struct why *why)
{
	int n = (int)strcspn(name, "@"), first = (int)strcspn(name, "/@");
	struct buffer path = { 0 };
	bool good = krait__buffer_print(&path, "%s/" PREFIX "%.*s", hub, first, name);

	if (good && first < n)
		good = krait__buffer_print(&path, "--%.*s", n - first - 1, name + first + 1);
	*out = path.data;
	if (good)
		return KRAIT_OK;
	krait__buffer_free(&path);
	*out = NULL;
	return krait__why_memory(why);
}

static bool is_commit(const char *text)
{
	return strlen(text) == COMMIT_SIZE && strspn(text, "0123456789abcdef") == COMMIT_SIZE;
}

/* The commit that a revision names: itself, or what its file under refs/ holds. "" when there is none. */
static krait_status read_commit(char commit[COMMIT_SIZE + 1], const char *model, const char *revision, struct why *why)
{
	struct buffer folder = { 0 };
	const char *slash = strrchr(revision, '/');
	struct why unread = { 0 };
	char *text = NULL;
	size_t n_text;
	krait_status status = KRAIT_OK;

	commit[0] = 0;
	if (is_commit(revision)) {
		memcpy(commit, revision, COMMIT_SIZE + 1);
		return KRAIT_OK;
	}
	if (!krait__buffer_print(&folder, "%s/refs/%.*s", model, slash ? (int)(slash - revision) : 0, revision))
		return krait__why_memory(why);
	/* A folder without a readable reference holds no complete model. */
	if (krait__file_text(&text, &n_text, folder.data, slash ? slash + 1 : revision, REFERENCE_MAX, true, &unread) == KRAIT_OK && text) {
		text[strcspn(text, " \t\r\n")] = 0;
		if (is_commit(text))
			memcpy(commit, text, COMMIT_SIZE + 1);
	} else if (!text && unread.status == KRAIT_ERROR_MEMORY) {
		status = krait__why_memory(why);
	}
	krait__free(text);
	krait__buffer_free(&folder);
	return status;
}

krait_status krait__hub_snapshot(char **out, const char *hub, const char *name, struct why *why)
{
	const char *at = strchr(name, '@');
	char commit[COMMIT_SIZE + 1];
	struct buffer path = { 0 };
	struct stat about;
	char *model;
	krait_status status = krait__hub_model(&model, hub, name, why);

	*out = NULL;
	if (status == KRAIT_OK)
		status = read_commit(commit, model, at ? at + 1 : "main", why);
	if (status == KRAIT_OK && commit[0]) {
		if (!krait__buffer_print(&path, "%s/snapshots/%s", model, commit))
			status = krait__why_memory(why);
		else if (krait__files.stat_path(path.data, &about) == 0 && S_ISDIR(about.st_mode))
			*out = path.data;
		if (!*out)
			krait__buffer_free(&path);
	}
	krait__free(model);
	return status;
}
