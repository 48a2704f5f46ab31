/* SPDX-License-Identifier: Apache-2.0 */
/* installed_list.c - which models a name finds, whole or not, by the rules of installed.c. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/installed.h"

#include "base/buffer.h"
#include "base/file.h"
#include "base/json_tree.h"
#include "base/memory.h"
#include "source/checkpoint.h"
#include "model/configuration.h"
#include "model/hub_cache.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_LIMIT (16u << 20)
#define PARTIAL ".incomplete"

/* ---- what is in a folder ------------------------------------------------------------ */

/* What a folder holds of a model. */
struct holding {
	bool config, runs;              /* there is a config.json, and of a kind that krait runs */
	bool whole, tokenizer;
	uint64_t size;
	char about[256];                /* what is wrong with it */
};

static bool ends_in(const char *name, const char *end)
{
	size_t n = strlen(name), n_end = strlen(end);

	return n > n_end && !strcmp(name + n - n_end, end);
}

/* Sizes of the files in a folder, links followed; with `end`, of those only whose names end so. */
static krait_status add_sizes(uint64_t *size, const char *folder, const char *end, struct why *why)
{
	struct file_names names;
	struct why unread;
	struct stat about;
	krait_status status = krait__file_names(&names, folder, &unread);

	if (status != KRAIT_OK)
		return unread.status == KRAIT_ERROR_MEMORY ? krait__why_memory(why) : KRAIT_OK;
	for (size_t i = 0; i < names.n && status == KRAIT_OK; i++) {
		char *path;

		if (end && !ends_in(names.names[i], end))
			continue;
		path = krait__file_join(folder, names.names[i]);
		if (!path)
			status = krait__why_memory(why);
		else if (krait__files.stat_path(path, &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0)
			*size += (uint64_t)about.st_size;
		krait__free(path);
	}
	krait__file_names_free(&names);
	return status;
}

static krait_status exists(bool *out, const char *folder, const char *name, struct why *why)
{
	struct stat about;
	char *path = krait__file_join(folder, name);

	if (!path)
		return krait__why_memory(why);
	*out = krait__files.stat_path(path, &about) == 0;
	krait__free(path);
	return KRAIT_OK;
}

/* A configuration that cannot be read says so; one of another family is not krait's to tell of. */
static krait_status look_at_config(struct holding *out, const char *folder, struct why *why)
{
	struct model_config config;
	struct why unread = { 0 };
	char *text;
	size_t n_text;

	if (krait__file_text(&text, &n_text, folder, "config.json", CONFIG_LIMIT, true, &unread) != KRAIT_OK) {
		if (unread.status == KRAIT_ERROR_MEMORY)
			return krait__why_memory(why);
		out->config = out->runs = true;
		snprintf(out->about, sizeof(out->about), "%.250s", unread.text);
		return KRAIT_OK;
	}
	if (!text)
		return KRAIT_OK;
	out->config = out->runs = true;
	if (krait__config_read(&config, NULL, text, n_text, &unread) != KRAIT_OK) {
		out->runs = unread.status != KRAIT_ERROR_UNSUPPORTED && unread.status != KRAIT_ERROR_FORMAT;
		snprintf(out->about, sizeof(out->about), "%.250s", unread.text);
	}
	krait__free(text);
	return unread.status == KRAIT_ERROR_MEMORY && out->about[0] ? krait__why_memory(why) : KRAIT_OK;
}

static krait_status look_at(struct holding *out, const char *folder, struct why *why)
{
	struct checkpoint checkpoint;
	struct why unread;
	krait_status status;

	memset(out, 0, sizeof(*out));
	status = look_at_config(out, folder, why);
	if (status == KRAIT_OK)
		status = exists(&out->tokenizer, folder, "tokenizer.json", why);
	if (status == KRAIT_OK && out->runs)
		status = add_sizes(&out->size, folder, NULL, why);
	if (status != KRAIT_OK || !out->runs || out->about[0])
		return status;
	if (krait__checkpoint_open(&checkpoint, folder, true, &unread) == KRAIT_OK) {
		krait__checkpoint_close(&checkpoint);
		out->whole = true;
		return KRAIT_OK;
	}
	snprintf(out->about, sizeof(out->about), "%.250s", unread.text);
	return unread.status == KRAIT_ERROR_MEMORY ? krait__why_memory(why) : KRAIT_OK;
}

/* ---- the list ----------------------------------------------------------------------- */

static void free_entry(struct installed_entry *entry)
{
	krait__free(entry->name);
	krait__free(entry->path);
	krait__free(entry->about);
}

/* A name that stands in the list already is the one that opening finds. */
static krait_status add_entry(struct installed_list *list, const char *name, const char *path, const char *source, const struct holding *held, struct why *why)
{
	struct installed_entry *more, *entry;
	struct buffer about = { 0 };

	for (size_t i = 0; i < list->n; i++)
		if (!strcmp(list->entries[i].name, name))
			return KRAIT_OK;
	more = krait__resize(list->entries, list->n + 1, sizeof(*more));
	if (!more)
		return krait__why_memory(why);
	list->entries = more;
	entry = &more[list->n];
	*entry = (struct installed_entry){ .size = held->size, .whole = held->whole };
	entry->name = krait__copy_text(name);
	entry->path = krait__copy_text(path);
	if (krait__buffer_print(&about, "%s%s%s", source, held->about[0] ? ", incomplete: " : "", held->about))
		entry->about = about.data;
	if (entry->name && entry->path && entry->about) {
		list->n++;
		return KRAIT_OK;
	}
	free_entry(entry);
	return krait__why_memory(why);
}

/* Folders with a model, and those of an organisation (`above`) one level below. */
static krait_status add_folder(struct installed_list *list, const char *folder, const char *above, struct why *why)
{
	struct file_names names;
	struct why unread;
	krait_status status = krait__file_names(&names, folder, &unread);

	if (status != KRAIT_OK)
		return unread.status == KRAIT_ERROR_MEMORY ? krait__why_memory(why) : KRAIT_OK;
	for (size_t i = 0; i < names.n && status == KRAIT_OK; i++) {
		char *path = krait__file_join(folder, names.names[i]), *name = above ? krait__file_join(above, names.names[i]) : krait__copy_text(names.names[i]);
		struct holding held;

		if (!path || !name)
			status = krait__why_memory(why);
		else if (names.names[i][0] != '.' && krait__hub_name_ok(name) && (status = look_at(&held, path, why)) == KRAIT_OK) {
			if (held.runs && (held.whole || held.size))
				status = add_entry(list, name, path, "installed", &held, why);
			else if (!held.config && !above)
				status = add_folder(list, path, names.names[i], why);
		}
		krait__free(path);
		krait__free(name);
	}
	krait__file_names_free(&names);
	return status;
}

static krait_status add_paths(struct installed_list *list, struct why *why)
{
	const char *path = getenv("KRAIT_MODEL_PATH");
	krait_status status = KRAIT_OK;

	while (path && *path && status == KRAIT_OK) {
		size_t n = strcspn(path, ":");
		char *folder = n ? krait__copy_bytes(path, n) : NULL;

		if (n)
			status = folder ? add_folder(list, folder, NULL, why) : krait__why_memory(why);
		krait__free(folder);
		path += n + (path[n] == ':');
	}
	return status;
}

/* ---- the hub's cache ---------------------------------------------------------------- */

/* A model of the cache that is of use to krait: one that it runs, a tokenizer that belongs to another
 * one, or what a download has left. `snapshot` may be NULL. */
static krait_status add_cached(struct installed_list *list, const char *name, const char *model, const char *snapshot, struct why *why)
{
	struct holding held = { 0 };
	char *blobs = krait__file_join(model, "blobs");
	uint64_t partial = 0;
	krait_status status = blobs ? add_sizes(&partial, blobs, PARTIAL, why) : krait__why_memory(why);

	krait__free(blobs);
	if (status == KRAIT_OK && snapshot)
		status = look_at(&held, snapshot, why);
	if (status != KRAIT_OK || (held.config && !held.runs))
		return status;
	if (!held.config && !held.tokenizer && !partial)
		return KRAIT_OK;
	if (!held.config && snapshot)
		status = add_sizes(&held.size, snapshot, NULL, why);
	if (!held.whole)
		held.size += partial;
	if (!held.config && !partial)
		return status == KRAIT_OK ? add_entry(list, name, snapshot, "hub, a tokenizer alone", &held, why) : status;
	if (!held.whole && partial)
		snprintf(held.about, sizeof(held.about), "a download broke off; 'krait pull %.150s' goes on with it", name);
	return status == KRAIT_OK ? add_entry(list, name, snapshot ? snapshot : model, "hub", &held, why) : status;
}

static krait_status add_revision(struct installed_list *list, const char *hub, const char *model, const char *name, const char *revision, struct why *why)
{
	struct buffer full = { 0 };
	char *snapshot = NULL;
	krait_status status;

	if (!krait__buffer_print(&full, "%s%s%s", name, strcmp(revision, "main") ? "@" : "", strcmp(revision, "main") ? revision : ""))
		return krait__why_memory(why);
	status = krait__hub_name_ok(full.data) ? krait__hub_snapshot(&snapshot, hub, full.data, why) : KRAIT_OK;
	if (status == KRAIT_OK && snapshot)
		status = add_cached(list, full.data, model, snapshot, why);
	krait__free(snapshot);
	krait__buffer_free(&full);
	return status;
}

/* Its revisions, "main" first; where none was ever noted, what a download has left. */
static krait_status add_model(struct installed_list *list, const char *hub, const char *folder, const char *name, struct why *why)
{
	char *model = krait__file_join(hub, folder), *refs = model ? krait__file_join(model, "refs") : NULL;
	struct file_names names = { 0 };
	struct why unread;
	krait_status status = refs ? KRAIT_OK : krait__why_memory(why);

	if (status == KRAIT_OK && krait__file_names(&names, refs, &unread) != KRAIT_OK && unread.status == KRAIT_ERROR_MEMORY)
		status = krait__why_memory(why);
	if (status == KRAIT_OK && !names.n)
		status = add_cached(list, name, model, NULL, why);
	if (status == KRAIT_OK && names.n)
		status = add_revision(list, hub, model, name, "main", why);
	for (size_t i = 0; i < names.n && status == KRAIT_OK; i++)
		if (strcmp(names.names[i], "main") != 0)
			status = add_revision(list, hub, model, name, names.names[i], why);
	krait__file_names_free(&names);
	krait__free(refs);
	krait__free(model);
	return status;
}

static krait_status add_hub(struct installed_list *list, struct why *why)
{
	struct file_names names;
	struct why unread;
	char name[256];
	krait_status status = krait__hub_folder(&list->cache, why);

	if (status != KRAIT_OK || !list->cache)
		return status;
	if (krait__file_names(&names, list->cache, &unread) != KRAIT_OK)
		return unread.status == KRAIT_ERROR_MEMORY ? krait__why_memory(why) : KRAIT_OK;
	for (size_t i = 0; i < names.n && status == KRAIT_OK; i++)
		if (krait__hub_name_of(name, sizeof(name), names.names[i]))
			status = add_model(list, list->cache, names.names[i], name, why);
	krait__file_names_free(&names);
	return status;
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct installed_entry *)a)->name, ((const struct installed_entry *)b)->name);
}

krait_status krait__installed_list(struct installed_list *out, struct why *why)
{
	krait_status status;

	*out = (struct installed_list){ 0 };
	status = add_paths(out, why);
	if (status == KRAIT_OK)
		status = add_folder(out, KRAIT_MODEL_DIR, NULL, why);
	if (status == KRAIT_OK)
		status = add_hub(out, why);
	if (status != KRAIT_OK)
		krait__installed_list_free(out);
	else if (out->n)
		qsort(out->entries, out->n, sizeof(*out->entries), compare_entries);
	return status;
}

void krait__installed_list_free(struct installed_list *list)
{
	for (size_t i = 0; i < list->n; i++)
		free_entry(&list->entries[i]);
	krait__free(list->entries);
	krait__free(list->cache);
	*list = (struct installed_list){ 0 };
}
