/* SPDX-License-Identifier: Apache-2.0 */
/* checkpoint.c - finds the weight files of a model, opens them and lists their tensors. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "model/checkpoint.h"
#include "model/foreign_folder.h"
#include "base/foreign.h"
#include "base/scan.h"
#include "model/weights_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define LARGEST_INDEX (64u << 20)
#define MOST_SHARDS 4096u
#define LONGEST_FILE_NAME 255u

/* What an index says: which file each tensor lies in. */
struct index_row { char *tensor, *file; };
struct index { struct index_row *rows; size_t n_rows, room; };

typedef krait_status reader(struct checkpoint *out, const struct file_view *view, const char *name, struct why *why);

/* ---- one file ----------------------------------------------------------------------- */

static bool ends_with(const char *name, const char *end)
{
	size_t n_name = strlen(name), n_end = strlen(end);

	return n_name >= n_end && strcmp(name + n_name - n_end, end) == 0;
}

/* By the name where it tells, else by how the file begins. */
static reader *reader_of(const char *name, const struct file_view *view)
{
	if (ends_with(name, ".safetensors"))
		return krait__safetensors_read;
	if (!ends_with(name, ".bin") && !ends_with(name, ".pt") && !ends_with(name, ".pth") && view->size > 9 && view->data[8] == '{')
		return krait__safetensors_read;
	return krait__torch_read;
}

/* Takes over `view`, also when it fails. */
static krait_status add_file(struct checkpoint *out, struct file_view *view, const char *name, struct why *why)
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
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: %s", krait__quote(&quoted, base, SIZE_MAX), foreign);
	return reader_of(base, view)(out, view, krait__quote(&quoted, base, SIZE_MAX), why);
}

static krait_status make_room(struct checkpoint *out, size_t n_files, struct why *why)
{
	out->files = krait__alloc_zero(n_files, sizeof(*out->files));
	out->file_names = krait__alloc_zero(n_files, sizeof(*out->file_names));
	return out->files && out->file_names ? KRAIT_OK : krait__why_memory(why);
}

static krait_status open_file(struct checkpoint *out, const char *path, bool map, struct why *why)
{
	struct file_view view;
	krait_status status = make_room(out, 1, why);

	if (status == KRAIT_OK)
		status = krait__file_view(&view, path, map, 0, why);
	return status == KRAIT_OK ? add_file(out, &view, path, why) : status;
}

/* ---- an index ----------------------------------------------------------------------- */

static void free_index(struct index *index)
{
	for (size_t i = 0; i < index->n_rows; i++) {
		krait__free(index->rows[i].tensor);
		krait__free(index->rows[i].file);
	}
	krait__free(index->rows);
}

static krait_status add_row(struct index *index, const struct scan *scan, const struct buffer *tensor, const struct buffer *file)
{
	struct index_row row;

	if (tensor->size == 0 || memchr(tensor->data, 0, tensor->size) || file->size == 0 || memchr(file->data, 0, file->size) ||
	    !krait__file_name_ok(file->data))
		return krait__scan_fail(scan, "the name of a tensor or of a file in 'weight_map' is none (a file is named without any folder)");
	if (index->n_rows == KRAIT__MOST_WEIGHTS)
		return krait__scan_fail(scan, "more than 100,000 tensors");
	if (index->n_rows == index->room) {
		size_t room = index->room ? index->room + index->room / 2 : 64;
		struct index_row *more = krait__resize(index->rows, room, sizeof(*more));

		if (!more)
			return krait__why_memory(scan->why);
		index->rows = more;
		index->room = room;
	}
	row.tensor = krait__copy_bytes(tensor->data, tensor->size);
	row.file = krait__copy_bytes(file->data, file->size);
	index->rows[index->n_rows++] = row;
	return row.tensor && row.file ? KRAIT_OK : krait__why_memory(scan->why);
}

static krait_status read_map(struct index *index, struct scan *scan)
{
	struct buffer tensor = { 0 }, file = { 0 };
	bool first = true, more;
	krait_status status = krait__scan_take(scan, '{');

	while (status == KRAIT_OK) {
		status = krait__scan_key(scan, &first, &tensor, KRAIT__LONGEST_NAME, &more);
		if (status != KRAIT_OK || !more)
			break;
		status = krait__scan_text(scan, &file, LONGEST_FILE_NAME);
		if (status == KRAIT_OK)
			status = add_row(index, scan, &tensor, &file);
	}
	krait__buffer_free(&tensor);
	krait__buffer_free(&file);
	return status;
}

static krait_status read_index(struct index *index, struct scan *scan)
{
	static const char map[] = "weight_map";
	struct buffer key = { 0 };
	bool first = true, more, seen = false;
	krait_status status = krait__scan_take(scan, '{');

	while (status == KRAIT_OK) {
		status = krait__scan_key(scan, &first, &key, SIZE_MAX, &more);
		if (status != KRAIT_OK || !more)
			break;
		if (key.size != strlen(map) || memcmp(key.data, map, key.size) != 0)
			status = krait__scan_skip(scan);
		else
			status = seen ? krait__scan_fail(scan, "'weight_map' is there twice") : read_map(index, scan);
		seen = seen || index->n_rows;
	}
	krait__buffer_free(&key);
	if (status == KRAIT_OK)
		status = krait__scan_end(scan);
	return status == KRAIT_OK && !index->n_rows ? krait__scan_fail(scan, "no 'weight_map' with tensors in it") : status;
}

static int by_file(const void *a, const void *b)
{
	const struct index_row *x = a, *y = b;
	int order = strcmp(x->file, y->file);

	return order ? order : strcmp(x->tensor, y->tensor);
}

static size_t count_shards(const struct index *index)
{
	size_t n = 0;

	for (size_t i = 0; i < index->n_rows; i++)
		n += i == 0 || strcmp(index->rows[i].file, index->rows[i - 1].file) != 0;
	return n;
}

/* Every tensor that the index puts into this shard must be there. */
static krait_status check_rows(const struct checkpoint *shard, const struct index_row *rows, size_t n_rows, const char *what, struct why *why)
{
	struct quoted tensor, file;

	for (size_t i = 0; i < n_rows; i++) {
		if (i && strcmp(rows[i].tensor, rows[i - 1].tensor) == 0)
			return krait__why(why, KRAIT_ERROR_FORMAT, "%s: tensor %s is there twice; fetch the model again",
				what, krait__quote(&tensor, rows[i].tensor, SIZE_MAX));
		if (!krait__checkpoint_find(shard, rows[i].tensor))
			return krait__why(why, KRAIT_ERROR_FORMAT, "%s: tensor %s is not in %s, where the index says it is; fetch the model again",
				what, krait__quote(&tensor, rows[i].tensor, SIZE_MAX), krait__quote(&file, rows[i].file, SIZE_MAX));
	}
	return KRAIT_OK;
}

/* *rows: in, all that are left; out, those behind this shard's. */
static krait_status open_shard(struct checkpoint *out, const char *folder, const struct index_row **rows, size_t *n_rows,
	bool map, const char *what, struct why *why)
{
	const char *file = (*rows)->file;
	struct checkpoint added = { 0 };
	struct file_view view;
	struct quoted quoted;
	size_t n = 0, before = out->n_weights;
	krait_status status = krait__file_view_in(&view, folder, file, map, 0, why);

	if (status == KRAIT_ERROR_NOT_FOUND)
		return krait__why(why, KRAIT_ERROR_NOT_FOUND, "%s: its file %s is not there; fetch the whole model", what, krait__quote(&quoted, file, SIZE_MAX));
	if (status == KRAIT_OK)
		status = add_file(out, &view, file, why);
	if (status != KRAIT_OK)
		return status;
	while (n < *n_rows && strcmp((*rows)[n].file, file) == 0)
		n++;
	added.weights = out->weights + before;
	added.n_weights = out->n_weights - before;
	status = check_rows(&added, *rows, n, what, why);
	*rows += n;
	*n_rows -= n;
	return status;
}

static krait_status open_shards(struct checkpoint *out, const char *folder, struct index *index, bool map, const char *what, struct why *why)
{
	const struct index_row *rows = index->rows;
	size_t n_rows = index->n_rows, n_shards;
	krait_status status;

	qsort(index->rows, index->n_rows, sizeof(*index->rows), by_file);
	n_shards = count_shards(index);
	if (n_shards > MOST_SHARDS)
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: it names %zu files, more than any model has", what, n_shards);
	status = make_room(out, n_shards, why);
	while (status == KRAIT_OK && n_rows)
		status = open_shard(out, folder, &rows, &n_rows, map, what, why);
	return status == KRAIT_OK ? krait__weights_sort(out, 0, what, why) : status;
}

static krait_status open_index(struct checkpoint *out, const char *folder, const char *name, bool map, struct why *why)
{
	struct index index = { 0 };
	struct scan scan = { .what = name, .why = why };
	struct file_view view;
	krait_status status = krait__file_view_in(&view, folder, name, false, LARGEST_INDEX, why);

	if (status != KRAIT_OK)
		return status;
	scan.text = (const char *)view.data;
	scan.size = view.size;
	status = read_index(&index, &scan);
	krait__file_close(&view);
	if (status == KRAIT_OK)
		status = open_shards(out, folder, &index, map, name, why);
	free_index(&index);
	return status;
}

/* ---- opening ------------------------------------------------------------------------ */

static krait_status open_folder(struct checkpoint *out, const char *folder, bool map, struct why *why)
{
	static const char *const names[] = { "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json",
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
			return krait__why(why, KRAIT_ERROR_IO, "%s: cannot look at %s: %s", krait__quote(&quoted, folder, SIZE_MAX), names[i], krait__errno_text(errno));
		}
		status = ends_with(names[i], ".json") ? open_index(out, folder, names[i], map, why) : open_file(out, path, map, why);
		krait__free(path);
		return status;
	}
	if (krait__folder_foreign(folder, why) != KRAIT_OK)
		return why->status;
	return krait__why(why, KRAIT_ERROR_NOT_FOUND, "%s: no weights in this folder (model.safetensors, pytorch_model.bin, or their .index.json)",
		krait__quote(&quoted, folder, SIZE_MAX));
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
