/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint.c - finds the weight files of a model, opens them and lists their tensors. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "source/source.h"

#include "base/foreign.h"
#include "base/memory.h"
#include "source/foreign_folder.h"
#include "source/weights_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- one file ----------------------------------------------------------------------- */

static bool ends_with(const char *name, const char *end)
{
	size_t n_name = strlen(name), n_end = strlen(end);

	return n_name >= n_end && strcmp(name + n_name - n_end, end) == 0;
}

/* In the order in which they are asked; the last one takes what nobody knows, and says what is wrong with it. */
static const struct source *const sources[] = { &krait__source_safetensors, &krait__source_torch };
#define N_SOURCES (sizeof(sources) / sizeof(*sources))

/* By the name where it tells, else by how the file begins. */
static const struct source *source_of(const char *name, const struct file_view *view)
{
	for (size_t i = 0; i < N_SOURCES; i++)
		for (const char *const *end = sources[i]->ends; *end; end++)
			if (ends_with(name, *end))
				return sources[i];
	for (size_t i = 0; i + 1 < N_SOURCES; i++)
		if (sources[i]->sniff(view))
			return sources[i];
	return sources[N_SOURCES - 1];
}

/* Takes over `view`, also when it fails. */
krait_status krait__checkpoint_add(struct checkpoint *out, struct file_view *view, const char *name, struct why *why)
{
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
	char *copy = krait__copy_text(base);
	const char *foreign;
	struct quoted quoted;

	if (!copy) {
		krait__file_close(view);
		return krait__why_memory(why);
	}
	out->files[out->n_files] = *view;
	out->file_names[out->n_files++] = copy;
	foreign = krait__foreign(view->data, view->size);
	if (foreign)
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: %s", krait__quote(&quoted, base, SIZE_MAX),
			foreign);
	return source_of(base, view)->read(out, view, krait__quote(&quoted, base, SIZE_MAX), why);
}

krait_status krait__checkpoint_room(struct checkpoint *out, size_t n_files, struct why *why)
{
	out->files = krait__alloc_zero(n_files, sizeof(*out->files));
	out->file_names = krait__alloc_zero(n_files, sizeof(*out->file_names));
	return out->files && out->file_names ? KRAIT_OK : krait__why_memory(why);
}

static krait_status open_file(struct checkpoint *out, const char *path, bool map, struct why *why)
{
	struct file_view view;
	krait_status status = krait__checkpoint_room(out, 1, why);

	if (status == KRAIT_OK)
		status = krait__file_view(&view, path, map, 0, why);
	return status == KRAIT_OK ? krait__checkpoint_add(out, &view, path, why) : status;
}

/* ---- opening ------------------------------------------------------------------------ */

static krait_status open_folder(struct checkpoint *out, const char *folder, bool map, struct why *why)
{
	static const char *const names[] = { "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
		"pytorch_model.bin.index.json",
		"consolidated.safetensors" };
	struct quoted quoted;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = krait__file_join(folder, names[i]);
		struct stat about;
		krait_status status;

		if (!path)
			return krait__why_memory(why);
		if (krait__files.stat_path(path, &about) != 0) {
			bool missing = errno == ENOENT;

			krait__free(path);
			if (missing)
				continue;
			return krait__why(why, KRAIT_ERROR_IO, "%s: cannot look at %s: %s", krait__quote(&quoted,
				folder, SIZE_MAX), names[i], krait__errno_text(errno));
		}
		status = ends_with(names[i], ".json") ? krait__shards_open(out, folder, names[i], map, why)
			: open_file(out, path, map, why);
		krait__free(path);
		return status;
	}
	if (krait__folder_foreign(folder, why) != KRAIT_OK)
		return why->status;
	return krait__why(why, KRAIT_ERROR_NOT_FOUND, "%s: no weights in this folder (model.safetensors, "
		"pytorch_model.bin, or their .index.json)", krait__quote(&quoted, folder, SIZE_MAX));
}

krait_status krait__checkpoint_open(struct checkpoint *out, const char *path, bool map, struct why *why)
{
	struct stat about;
	struct quoted quoted;
	krait_status status;

	*out = (struct checkpoint){ 0 };
	if (krait__files.stat_path(path, &about) != 0)
		return krait__why(why, errno == ENOENT || errno == ENOTDIR ? KRAIT_ERROR_NOT_FOUND : KRAIT_ERROR_IO,
			"%s: cannot look at it: %s", krait__quote(&quoted, path, SIZE_MAX), krait__errno_text(errno));
	status = S_ISDIR(about.st_mode) ? open_folder(out, path, map, why) : open_file(out, path, map, why);
	if (status != KRAIT_OK)
		krait__checkpoint_close(out);
	return status;
}

void krait__checkpoint_close(struct checkpoint *checkpoint)
{
	krait__weights_cut(checkpoint, 0);
	krait__free(checkpoint->weights);
	for (size_t i = 0; i < checkpoint->n_files; i++) {
		krait__file_close(&checkpoint->files[i]);
		krait__free(checkpoint->file_names[i]);
	}
	krait__free(checkpoint->files);
	krait__free(checkpoint->file_names);
	*checkpoint = (struct checkpoint){ 0 };
}
