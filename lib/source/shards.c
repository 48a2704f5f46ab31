/* SPDX-License-Identifier: Apache-2.0 */
/* shards.c - weights in several files, and the index that says which tensor lies in which. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "source/source.h"

#include "base/memory.h"
#include "base/scan.h"
#include "source/weights_list.h"

#include <stdlib.h>
#include <string.h>

#define LARGEST_INDEX (64u << 20)
#define MOST_SHARDS 4096u
#define LONGEST_FILE_NAME 255u

/* What an index says: which file each tensor lies in. */
struct index_row { char *tensor, *file; };
struct index { struct index_row *rows; size_t n_rows, room; };

static void free_index(struct index *index)
{
	for (size_t i = 0; i < index->n_rows; i++) {
		krait__free(index->rows[i].tensor);
		krait__free(index->rows[i].file);
	}
	krait__free(index->rows);
}

static krait_status add_row(struct index *index, const struct scan *scan, const struct buffer *tensor,
	const struct buffer *file)
{
	struct index_row row;

	if (tensor->size == 0 || memchr(tensor->data, 0, tensor->size) || file->size == 0 || memchr(file->data, 0,
		file->size) ||
	    !krait__file_name_ok(file->data))
		return krait__scan_fail(scan, "the name of a tensor or of a file in 'weight_map' is none (a file is "
			"named without any folder)");
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
	return status == KRAIT_OK && !index->n_rows ? krait__scan_fail(scan, "no 'weight_map' with tensors in it")
		: status;
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
static krait_status check_rows(const struct checkpoint *shard, const struct index_row *rows, size_t n_rows,
	const char *what, struct why *why)
{
	struct quoted tensor, file;

	for (size_t i = 0; i < n_rows; i++) {
		if (i && strcmp(rows[i].tensor, rows[i - 1].tensor) == 0)
			return krait__why(why, KRAIT_ERROR_FORMAT, "%s: tensor %s is there twice; fetch the model "
				"again", what, krait__quote(&tensor, rows[i].tensor, SIZE_MAX));
		if (!krait__checkpoint_find(shard, rows[i].tensor))
			return krait__why(why, KRAIT_ERROR_FORMAT, "%s: tensor %s is not in %s, where the index says "
				"it is; fetch the model again",
				what, krait__quote(&tensor, rows[i].tensor, SIZE_MAX), krait__quote(&file, rows[i].file,
				SIZE_MAX));
	}
	return KRAIT_OK;
}

/* *rows: in, all that are left; out, those behind this shard's. */
static krait_status open_shard(struct checkpoint *out, const char *folder, const struct index_row **rows,
	size_t *n_rows, bool map, const char *what, struct why *why)
{
	const char *file = (*rows)->file;
	struct checkpoint added = { 0 };
	struct file_view view;
	struct quoted quoted;
	size_t n = 0, before = out->n_weights;
	krait_status status = krait__file_view_in(&view, folder, file, map, 0, why);

	if (status == KRAIT_ERROR_NOT_FOUND)
		return krait__why(why, KRAIT_ERROR_NOT_FOUND, "%s: its file %s is not there; fetch the whole model",
			what, krait__quote(&quoted, file, SIZE_MAX));
	if (status == KRAIT_OK)
		status = krait__checkpoint_add(out, &view, file, why);
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

static krait_status open_shards(struct checkpoint *out, const char *folder, struct index *index, bool map,
	const char *what, struct why *why)
{
	const struct index_row *rows = index->rows;
	size_t n_rows = index->n_rows, n_shards;
	krait_status status;

	qsort(index->rows, index->n_rows, sizeof(*index->rows), by_file);
	n_shards = count_shards(index);
	if (n_shards > MOST_SHARDS)
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: it names %zu files, more than any model has", what,
			n_shards);
	status = krait__checkpoint_room(out, n_shards, why);
	while (status == KRAIT_OK && n_rows)
		status = open_shard(out, folder, &rows, &n_rows, map, what, why);
	return status == KRAIT_OK ? krait__weights_sort(out, 0, what, why) : status;
}

krait_status krait__shards_open(struct checkpoint *out, const char *folder, const char *name, bool map, struct why *why)
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
