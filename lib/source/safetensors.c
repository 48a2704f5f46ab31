/* SPDX-License-Identifier: Apache-2.0 */
/*
 * safetensors.c - a safetensors file: the length of the header (u64), the header (JSON), the
 * data. The tensors must cover the data exactly, without holes and without overlap.
 *
 * The header is read twice, first to count and then to fill, so that what is allocated is
 * exact: a header holds a tensor in 50 bytes and may be 100 MB long.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "base/size.h"
#include "source/source.h"
#include "base/scan.h"
#include "source/weights_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_HEADER 100000000u

static const struct { const char *name; enum dtype type; unsigned bits; } types[] = {
	{ "F32", DTYPE_F32, 32 }, { "F16", DTYPE_F16, 16 }, { "BF16", DTYPE_BF16, 16 }, { "F64", DTYPE_F64, 64 },
	{ "I64", DTYPE_I64, 64 }, { "I32", DTYPE_I32, 32 }, { "I16", DTYPE_I16, 16 }, { "I8", DTYPE_I8, 8 },
	{ "U8", DTYPE_U8, 8 }, { "BOOL", DTYPE_BOOL, 8 }, { "U16", DTYPE_OTHER, 16 }, { "U32", DTYPE_OTHER, 32 },
	{ "U64", DTYPE_OTHER, 64 }, { "C64", DTYPE_OTHER, 64 }, { "F8_E5M2", DTYPE_OTHER, 8 }, { "F8_E4M3", DTYPE_OTHER,
	8 },
	{ "F8_E8M0", DTYPE_OTHER, 8 }, { "F8_E4M3FNUZ", DTYPE_OTHER, 8 }, { "F8_E5M2FNUZ", DTYPE_OTHER, 8 },
	{ "F4", DTYPE_OTHER, 4 }, { "F6_E2M3", DTYPE_OTHER, 6 }, { "F6_E3M2", DTYPE_OTHER, 6 },
};

struct range { uint64_t begin, end; size_t index; };

struct header {
	struct scan scan;
	struct buffer key, word;
	const unsigned char *data;
	uint64_t n_data;
	struct weight *weights;         /* NULL while counting */
	struct range *ranges;
	size_t count, room;             /* room: what was reserved for the second reading */
	const char *name;
};

/* One entry as it stands in the header. */
struct entry {
	struct weight weight;
	unsigned bits;
	uint64_t begin, end;
	bool has_type, has_shape, has_range;
};

static krait_status refuse(struct header *header, const char *reason)
{
	struct quoted tensor;

	return krait__why(header->scan.why, KRAIT_ERROR_FORMAT, "%s: tensor %s: %s; the file is damaged: fetch or "
		"write it again", header->name,
		krait__quote(&tensor, header->key.data ? header->key.data : "", header->key.size), reason);
}

static krait_status read_type(struct header *header, struct entry *entry)
{
	krait_status status = krait__scan_text(&header->scan, &header->word, 64);

	if (status != KRAIT_OK)
		return status;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i].name) == header->word.size && memcmp(types[i].name, header->word.data,
			header->word.size) == 0) {
			entry->weight.type = types[i].type;
			entry->bits = types[i].bits;
			return KRAIT_OK;
		}
	return refuse(header, "its dtype is none that safetensors has");
}

static krait_status read_shape(struct header *header, struct entry *entry)
{
	bool first = true, more;
	krait_status status = krait__scan_take(&header->scan, '[');

	while (status == KRAIT_OK) {
		status = krait__scan_item(&header->scan, &first, &more);
		if (status != KRAIT_OK || !more)
			break;
		if (entry->weight.rank == sizeof(entry->weight.shape) / sizeof(entry->weight.shape[0]))
			return refuse(header, "it has more than 8 dimensions");
		status = krait__scan_u64(&header->scan, &entry->weight.shape[entry->weight.rank++]);
	}
	return status;
}

static krait_status read_range(struct header *header, struct entry *entry)
{
	struct scan *scan = &header->scan;
	krait_status status = krait__scan_take(scan, '[');

	if (status == KRAIT_OK)
		status = krait__scan_u64(scan, &entry->begin);
	if (status == KRAIT_OK)
		status = krait__scan_take(scan, ',');
	if (status == KRAIT_OK)
		status = krait__scan_u64(scan, &entry->end);
	return status == KRAIT_OK ? krait__scan_take(scan, ']') : status;
}

static krait_status read_field(struct header *header, struct entry *entry)
{
	static const struct { const char *name; krait_status (*read)(struct header *,
		struct entry *); size_t seen; } fields[] = {
		{ "dtype", read_type, offsetof(struct entry, has_type) },
		{ "shape", read_shape, offsetof(struct entry, has_shape) },
		{ "data_offsets", read_range, offsetof(struct entry, has_range) },
	};

	for (size_t i = 0; i < 3; i++) {
		bool *seen = (bool *)((char *)entry + fields[i].seen);

		if (header->word.size != strlen(fields[i].name) || memcmp(header->word.data, fields[i].name,
			header->word.size) != 0)
			continue;
		if (*seen)
			return refuse(header, "a field stands there twice");
		*seen = true;
		return fields[i].read(header, entry);
	}
	return krait__scan_skip(&header->scan);
}

static krait_status check_entry(struct header *header, struct entry *entry)
{
	uint64_t n_elements, n_bits;

	if (!entry->has_type || !entry->has_shape || !entry->has_range)
		return refuse(header, "'dtype', 'shape' or 'data_offsets' is missing");
	if (header->key.size == 0 || memchr(header->key.data, 0, header->key.size))
		return refuse(header, "its name is empty or holds U+0000");
	if (entry->end < entry->begin || entry->end > header->n_data)
		return refuse(header, "its data_offsets lie outside of the file");
	if (!krait__shape_product(&n_elements, entry->weight.shape, entry->weight.rank) ||
	    !krait__mul_u64(&n_bits, n_elements, entry->bits) || n_bits % 8 || n_bits / 8 != entry->end - entry->begin)
		return refuse(header, "its shape and dtype do not give the size of its data_offsets");
	return KRAIT_OK;
}

/* A mapped file may be written to by another program while it is read. */
static krait_status changed(const struct header *header)
{
	return krait__why(header->scan.why, KRAIT_ERROR_FORMAT, "%s: it was changed while its header was read: let "
		"what writes it end, then open it again", header->name);
}

static krait_status keep_entry(struct header *header, struct entry *entry)
{
	struct weight *weight = &entry->weight;
	int64_t stride = 1;

	weight->span = entry->end - entry->begin;
	if (weight->span) {
		weight->data = header->data + entry->begin;
		for (uint32_t i = weight->rank; i-- > 0; stride *= (int64_t)weight->shape[i])
			weight->stride[i] = stride;
	}
	if (header->count == header->room)
		return changed(header);
	weight->name = krait__copy_bytes(header->key.data, header->key.size);
	if (!weight->name)
		return krait__why_memory(header->scan.why);
	header->ranges[header->count] = (struct range){ entry->begin, entry->end, header->count };
	header->weights[header->count] = *weight;
	return KRAIT_OK;
}

static krait_status read_entry(struct header *header)
{
	struct entry entry = { 0 };
	bool first = true, more;
	krait_status status = krait__scan_take(&header->scan, '{');

	while (status == KRAIT_OK) {
		status = krait__scan_key(&header->scan, &first, &header->word, SIZE_MAX, &more);
		if (status != KRAIT_OK || !more)
			break;
		status = read_field(header, &entry);
	}
	if (status == KRAIT_OK)
		status = check_entry(header, &entry);
	if (status == KRAIT_OK && header->weights)
		status = keep_entry(header, &entry);
	if (status == KRAIT_OK && ++header->count > KRAIT__MOST_WEIGHTS)
		return refuse(header, "more than 100,000 tensors are in the file");
	return status;
}

static krait_status read_metadata(struct header *header)
{
	bool first = true, more;
	krait_status status = krait__scan_take(&header->scan, '{');

	while (status == KRAIT_OK) {
		status = krait__scan_key(&header->scan, &first, NULL, 0, &more);
		if (status != KRAIT_OK || !more)
			break;
		status = krait__scan_text(&header->scan, NULL, 0);
	}
	return status;
}

static krait_status read_header(struct header *header)
{
	static const char metadata[] = "__metadata__";
	bool first = true, more, seen = false;
	krait_status status;

	header->scan.at = 0;
	header->count = 0;
	status = krait__scan_take(&header->scan, '{');
	while (status == KRAIT_OK) {
		status = krait__scan_key(&header->scan, &first, &header->key, KRAIT__LONGEST_NAME, &more);
		if (status != KRAIT_OK || !more)
			break;
		if (header->key.size != sizeof(metadata) - 1 || memcmp(header->key.data, metadata,
			header->key.size) != 0)
			status = read_entry(header);
		else
			status = seen ? refuse(header, "it stands there twice") : read_metadata(header);
		seen = seen || (header->key.size == sizeof(metadata) - 1 && memcmp(header->key.data, metadata,
			header->key.size) == 0);
	}
	return status == KRAIT_OK ? krait__scan_end(&header->scan) : status;
}

static int by_place(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	if (x->begin != y->begin)
		return x->begin < y->begin ? -1 : 1;
	return x->end == y->end ? 0 : x->end < y->end ? -1 : 1;
}

static krait_status check_cover(struct header *header)
{
	uint64_t at = 0;
	struct quoted tensor;

	if (header->count)
		qsort(header->ranges, header->count, sizeof(*header->ranges), by_place);
	for (size_t i = 0; i < header->count; i++) {
		const struct range *range = &header->ranges[i];

		if (range->begin != at)
			return krait__why(header->scan.why, KRAIT_ERROR_FORMAT,
				"%s: tensor %s: its data_offsets %s; the file is damaged: fetch or write it again",
				header->name, krait__quote(&tensor, header->weights[range->index].name, SIZE_MAX),
				range->begin < at ? "overlap another tensor's" : "leave a hole before them");
		at = range->end;
	}
	if (at != header->n_data)
		return krait__why(header->scan.why, KRAIT_ERROR_FORMAT,
			"%s: %llu bytes stand behind the last tensor; the file is damaged: fetch or write it again",
			header->name, (unsigned long long)(header->n_data - at));
	return KRAIT_OK;
}

/* The parts of the file. */
static krait_status find_parts(struct header *header, const struct file_view *view)
{
	uint64_t n_header = 0;

	if (view->size < 8)
		return krait__why(header->scan.why, KRAIT_ERROR_FORMAT,
			"%s: %zu bytes are too few for a safetensors file: fetch it again", header->name, view->size);
	for (int i = 7; i >= 0; i--)
		n_header = n_header << 8 | view->data[i];
	if (n_header > LONGEST_HEADER || !krait__span_ok(8, n_header, view->size))
		return krait__why(header->scan.why, KRAIT_ERROR_FORMAT,
			"%s: its header should be %llu bytes long, in a file of %zu: cut short, or not a safetensors "
			"file; fetch it again", header->name, (unsigned long long)n_header, view->size);
	header->scan.text = (const char *)view->data + 8;
	header->scan.size = (size_t)n_header;
	header->data = view->data + 8 + n_header;
	header->n_data = view->size - 8 - n_header;
	return KRAIT_OK;
}

static krait_status fill(struct header *header, struct checkpoint *out)
{
	size_t before = out->n_weights, expected = header->count;
	krait_status status = krait__weights_reserve(out, expected, header->scan.why);

	if (status != KRAIT_OK)
		return status;
	header->ranges = krait__alloc(expected, sizeof(*header->ranges));
	if (!header->ranges)
		return krait__why_memory(header->scan.why);
	header->weights = out->weights + before;
	header->room = expected;
	status = read_header(header);
	out->n_weights += header->count;
	if (status == KRAIT_OK && header->count != expected)
		status = changed(header);
	if (status == KRAIT_OK)
		status = check_cover(header);
	if (status == KRAIT_OK)
		status = krait__weights_sort(out, before, header->name, header->scan.why);
	if (status != KRAIT_OK)
		krait__weights_cut(out, before);
	krait__free(header->ranges);
	return status;
}

krait_status krait__safetensors_read(struct checkpoint *out, const struct file_view *view, const char *name,
	struct why *why)
{
	char what[256];
	struct header header = { .scan = { .what = what, .why = why }, .name = name };
	krait_status status = find_parts(&header, view);

	snprintf(what, sizeof(what), "%s: header", name);
	if (status == KRAIT_OK)
		status = read_header(&header);
	if (status == KRAIT_OK)
		status = fill(&header, out);
	krait__buffer_free(&header.key);
	krait__buffer_free(&header.word);
	return status;
}

static bool sniff(const struct file_view *view)
{
	return view->size > 9 && view->data[8] == '{';
}

static const char *const ends[] = { ".safetensors", NULL };

const struct source krait__source_safetensors = { .name = "safetensors", .ends = ends, .sniff = sniff,
	.read = krait__safetensors_read };
