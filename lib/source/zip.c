/* SPDX-License-Identifier: Apache-2.0 */
/* zip.c - reads the central directory of a zip archive (APPNOTE 6.3.3, with zip64). */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "source/zip.h"
#include "base/memory.h"
#include "base/size.h"

#include <stdlib.h>
#include <string.h>

#define END_SIZE 22u
#define END64_SIZE 56u
#define LOCATOR_SIZE 20u
#define CENTRAL_SIZE 46u
#define LOCAL_SIZE 30u
#define ONES16 0xffffu
#define ONES32 0xffffffffu
#define FOLDER 0x10u                    /* in the attributes of DOS */
#define FLAGS_KNOWN 0x0808u             /* sizes behind the data; names in UTF-8 */

struct directory { uint64_t offset, size, count; };

struct reader {
	const unsigned char *file;
	uint64_t size;
	const char *what;
	struct why *why;
};

static uint64_t get(const unsigned char *at, int n)
{
	uint64_t value = 0;

	while (n-- > 0)
		value = value << 8 | at[n];
	return value;
}

static bool is_signature(const unsigned char *at, char a, char b)
{
	return at[0] == 'P' && at[1] == 'K' && at[2] == a && at[3] == b;
}

static krait_status refuse(const struct reader *reader, const char *reason)
{
	return krait__why(reader->why, KRAIT_ERROR_FORMAT, "%s: its zip archive %s; the file is damaged or cut short: fetch or save it again",
		reader->what, reason);
}

static krait_status refuse_entry(const struct reader *reader, const struct zip_entry *entry, krait_status status, const char *reason)
{
	struct quoted name;

	return krait__why(reader->why, status, "%s: record %s of its zip archive %s", reader->what,
		krait__quote(&name, entry->name, entry->n_name), reason);
}

/* ---- the end records ---------------------------------------------------------------- */

/* The last end record whose comment reaches exactly to the end of the file. */
static bool find_end(const struct reader *reader, uint64_t *place)
{
	for (uint64_t back = END_SIZE; back <= reader->size && back <= END_SIZE + ONES16; back++) {
		const unsigned char *at = reader->file + (reader->size - back);

		if (is_signature(at, 5, 6) && get(at + 20, 2) == back - END_SIZE) {
			*place = reader->size - back;
			return true;
		}
	}
	return false;
}

/* The zip64 end record that the locator before the end record leads to. Values that the end
 * record has too must be the same, so that no two readers see two archives. */
static krait_status read_end64(const struct reader *reader, uint64_t *end, struct directory *out)
{
	const unsigned char *locator = reader->file + (*end - LOCATOR_SIZE), *record;
	uint64_t place = get(locator + 8, 8);
	struct directory wide;

	if (get(locator + 4, 4) != 0 || get(locator + 16, 4) > 1)
		return refuse(reader, "is split over several disks");
	if (!krait__span_ok(place, END64_SIZE, *end - LOCATOR_SIZE))
		return refuse(reader, "has its zip64 end record outside of the file");
	record = reader->file + place;
	if (!is_signature(record, 6, 6) || get(record + 4, 8) < END64_SIZE - 12 || get(record + 16, 4) != 0 || get(record + 20, 4) != 0 ||
	    get(record + 24, 8) != get(record + 32, 8))
		return refuse(reader, "has a wrong zip64 end record");
	wide = (struct directory){ get(record + 48, 8), get(record + 40, 8), get(record + 32, 8) };
	if ((out->offset != ONES32 && out->offset != wide.offset) || (out->size != ONES32 && out->size != wide.size) ||
	    (out->count != ONES16 && out->count != wide.count))
		return refuse(reader, "has two end records that differ");
	*out = wide;
	*end = place;
	return KRAIT_OK;
}

static krait_status find_directory(const struct reader *reader, struct directory *out)
{
	uint64_t end;
	const unsigned char *at;
	krait_status status = KRAIT_OK;

	if (!find_end(reader, &end))
		return refuse(reader, "has no end record");
	at = reader->file + end;
	if (get(at + 8, 2) != get(at + 10, 2) || get(at + 4, 2) != get(at + 6, 2) || (get(at + 4, 2) != 0 && get(at + 4, 2) != ONES16))
		return refuse(reader, "is split over several disks");
	*out = (struct directory){ get(at + 16, 4), get(at + 12, 4), get(at + 10, 2) };
	if (end >= LOCATOR_SIZE + END64_SIZE && is_signature(at - LOCATOR_SIZE, 6, 7))
		status = read_end64(reader, &end, out);
	else if (out->offset == ONES32 || out->size == ONES32 || out->count == ONES16)
		status = refuse(reader, "has no zip64 end record where it needs one");
	if (status != KRAIT_OK)
		return status;
	if (!krait__span_ok(out->offset, out->size, end) || out->count > out->size / CENTRAL_SIZE)
		return refuse(reader, "has a central directory that does not fit");
	return out->count ? KRAIT_OK : refuse(reader, "is empty");
}

/* ---- entries ------------------------------------------------------------------------ */

/* Takes the 64-bit values that stand for those which are all ones, in the order of the format. */
static bool read_extra64(const unsigned char *extra, size_t n_extra, uint64_t *const values[3])
{
	while (n_extra >= 4) {
		size_t n = (size_t)get(extra + 2, 2), at = 4;

		if (n > n_extra - 4)
			return false;
		for (int i = 0; get(extra, 2) == 1 && i < 3; i++)
			if (*values[i] == ONES32) {
				if (at - 4 + 8 > n)
					return false;
				*values[i] = get(extra + at, 8);
				at += 8;
			}
		if (get(extra, 2) == 1)
			return true;
		extra += 4 + n;
		n_extra -= 4 + n;
	}
	return *values[0] != ONES32 && *values[1] != ONES32 && *values[2] != ONES32;
}

static bool name_ok(const char *name, size_t n_name)
{
	if (n_name == 0 || memchr(name, 0, n_name) || memchr(name, '\\', n_name) || name[0] == '/')
		return false;
	for (size_t i = 0; i + 1 < n_name; i++)
		if (name[i] == '.' && name[i + 1] == '.' && (i == 0 || name[i - 1] == '/') && (i + 2 == n_name || name[i + 2] == '/'))
			return false;
	return true;
}

/* The local header is where the data begins; it must say what the directory says. */
static krait_status read_local(const struct reader *reader, struct zip_entry *entry, const unsigned char *central, uint64_t limit)
{
	const unsigned char *local;
	uint64_t begin;

	if (!krait__span_ok(entry->place, LOCAL_SIZE, limit))
		return refuse_entry(reader, entry, KRAIT_ERROR_FORMAT, "lies outside of the file; it is damaged: fetch or save it again");
	local = reader->file + entry->place;
	if (!is_signature(local, 3, 4) || get(local + 26, 2) != entry->n_name || get(local + 8, 2) != get(central + 10, 2) ||
	    (get(local + 6, 2) & ~FLAGS_KNOWN) ||
	    !krait__span_ok(entry->place + LOCAL_SIZE, entry->n_name, limit) || memcmp(local + LOCAL_SIZE, entry->name, entry->n_name) != 0)
		return refuse_entry(reader, entry, KRAIT_ERROR_FORMAT, "is another one at its place than in the directory; the file is damaged or made to deceive");
	begin = entry->place + LOCAL_SIZE + entry->n_name + get(local + 28, 2);
	if (!krait__span_ok(begin, entry->size, limit))
		return refuse_entry(reader, entry, KRAIT_ERROR_FORMAT, "does not fit into the file; it is damaged: fetch or save it again");
	entry->data = reader->file + begin;
	return KRAIT_OK;
}

/* One entry of the directory; *used: its bytes there. `left` is at least CENTRAL_SIZE. */
static krait_status read_central(const struct reader *reader, struct zip_entry *entry, const unsigned char *at, uint64_t left, uint64_t limit, uint64_t *used)
{
	uint64_t n_name = get(at + 28, 2), n_extra = get(at + 30, 2), packed = get(at + 20, 4);

	*used = CENTRAL_SIZE + n_name + n_extra + get(at + 32, 2);
	if (!is_signature(at, 1, 2) || *used > left || (get(at + 34, 2) != 0 && get(at + 34, 2) != ONES16))
		return refuse(reader, "has a damaged central directory");
	*entry = (struct zip_entry){ (const char *)at + CENTRAL_SIZE, (size_t)n_name, NULL, get(at + 24, 4), get(at + 42, 4) };
	if (!name_ok(entry->name, entry->n_name))
		return refuse_entry(reader, entry, KRAIT_ERROR_FORMAT, "has a name that leads out of the archive; do not trust this file");
	if (!read_extra64(at + CENTRAL_SIZE + n_name, (size_t)n_extra, (uint64_t *const[3]){ &entry->size, &packed, &entry->place }))
		return refuse_entry(reader, entry, KRAIT_ERROR_FORMAT, "has no zip64 sizes where it needs them; the file is damaged: fetch or save it again");
	if (get(at + 8, 2) & ~FLAGS_KNOWN)
		return refuse_entry(reader, entry, KRAIT_ERROR_UNSUPPORTED, "is encrypted or patched: save it plainly with torch.save");
	if (get(at + 38, 4) & FOLDER)
		return refuse_entry(reader, entry, KRAIT_ERROR_FORMAT, "is marked as a folder, which torch never writes; fetch or save the file again");
	if (get(at + 10, 2) != 0 || packed != entry->size)
		return refuse_entry(reader, entry, KRAIT_ERROR_UNSUPPORTED, "is compressed: save it with torch.save, which only stores");
	return read_local(reader, entry, at, limit);
}

/* ---- the whole ---------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
	const struct zip_entry *x = a, *y = b;

	return x->place == y->place ? 0 : x->place < y->place ? -1 : 1;
}

static int compare_names(const char *a, size_t n_a, const char *b, size_t n_b)
{
	int order = memcmp(a, b, n_a < n_b ? n_a : n_b);

	return order ? order : n_a == n_b ? 0 : n_a < n_b ? -1 : 1;
}

static int by_name(const void *a, const void *b)
{
	const struct zip_entry *x = a, *y = b;

	return compare_names(x->name, x->n_name, y->name, y->n_name);
}

static krait_status check_overlap(const struct reader *reader, struct zip *zip)
{
	qsort(zip->entries, zip->n_entries, sizeof(*zip->entries), by_place);
	for (size_t i = 1; i < zip->n_entries; i++) {
		const struct zip_entry *before = &zip->entries[i - 1];

		if (zip->entries[i].place < (uint64_t)(before->data - reader->file) + before->size)
			return refuse_entry(reader, &zip->entries[i], KRAIT_ERROR_FORMAT, "overlaps another one; the file is damaged or made to deceive");
	}
	return KRAIT_OK;
}

/* torch keeps everything in one folder, whose name is free: the first entry tells it. */
static krait_status strip_folder(const struct reader *reader, struct zip *zip)
{
	const char *folder = zip->entries[0].name;
	const char *slash = memchr(folder, '/', zip->entries[0].n_name);
	size_t n_folder = slash ? (size_t)(slash - folder) + 1 : 0;

	for (size_t i = 0; i < zip->n_entries; i++) {
		struct zip_entry *entry = &zip->entries[i];

		if (!slash || entry->n_name < n_folder || memcmp(entry->name, folder, n_folder) != 0)
			return refuse_entry(reader, entry, KRAIT_ERROR_FORMAT, "is not in the one folder that torch writes: not a checkpoint of torch.save");
	}
	for (size_t i = 0; i < zip->n_entries; i++) {
		zip->entries[i].name += n_folder;
		zip->entries[i].n_name -= n_folder;
	}
	return KRAIT_OK;
}

static krait_status check_twice(const struct reader *reader, struct zip *zip)
{
	qsort(zip->entries, zip->n_entries, sizeof(*zip->entries), by_name);
	for (size_t i = 1; i < zip->n_entries; i++)
		if (by_name(&zip->entries[i - 1], &zip->entries[i]) == 0)
			return refuse_entry(reader, &zip->entries[i], KRAIT_ERROR_FORMAT, "is there twice; the file is damaged or made to deceive");
	return KRAIT_OK;
}

static krait_status read_directory(const struct reader *reader, const struct directory *directory, struct zip *out)
{
	uint64_t at = directory->offset, end = directory->offset + directory->size, used;
	krait_status status = KRAIT_OK;

	out->entries = krait__alloc((size_t)directory->count, sizeof(*out->entries));
	if (!out->entries)
		return krait__why_memory(reader->why);
	for (; status == KRAIT_OK && out->n_entries < directory->count; at += used) {
		if (end - at < CENTRAL_SIZE)
			return refuse(reader, "has fewer entries than it says");
		status = read_central(reader, &out->entries[out->n_entries++], reader->file + at, end - at, directory->offset, &used);
	}
	if (status == KRAIT_OK && at != end)
		status = refuse(reader, "has more entries than it says");
	return status;
}

krait_status krait__zip_open(struct zip *out, const struct file_view *view, const char *what, struct why *why)
{
	struct reader reader = { view->data, view->size, what, why };
	struct directory directory = { 0 };
	krait_status status = find_directory(&reader, &directory);

	*out = (struct zip){ 0 };
	if (status == KRAIT_OK)
		status = read_directory(&reader, &directory, out);
	if (status == KRAIT_OK)
		status = strip_folder(&reader, out);
	if (status == KRAIT_OK)
		status = check_overlap(&reader, out);
	if (status == KRAIT_OK)
		status = check_twice(&reader, out);
	if (status != KRAIT_OK)
		krait__zip_close(out);
	return status;
}

void krait__zip_close(struct zip *zip)
{
	krait__free(zip->entries);
	*zip = (struct zip){ 0 };
}

const struct zip_entry *krait__zip_find(const struct zip *zip, const char *name, size_t n_name)
{
	struct zip_entry wanted = { .name = name, .n_name = n_name };

	return bsearch(&wanted, zip->entries, zip->n_entries, sizeof(wanted), by_name);
}
