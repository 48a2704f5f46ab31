/* SPDX-License-Identifier: Apache-2.0 */
/* torch.c - a file of torch.save: the state dict in data.pkl, one record for each storage. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/memory.h"
#include "base/size.h"
#include "source/source.h"
#include "source/pickle.h"
#include "source/weights_list.h"
#include "source/zip.h"

#include <string.h>

#define LARGEST_PICKLE (64u << 20)
#define NEWEST_VERSION 10
#define SPARE_BYTES ((size_t)1 << 20)

struct reader {
	struct zip zip;
	struct pickle pickle;
	struct checkpoint *out;
	const char *name;               /* of the file */
	struct why *why;
};

/* ---- what kind of file -------------------------------------------------------------- */

static bool begins(const struct file_view *view, size_t at, const char *bytes, size_t n)
{
	return krait__span_ok(at, n, view->size) && memcmp(view->data + at, bytes, n) == 0;
}

static krait_status check_kind(const struct file_view *view, const char *name, struct why *why)
{
	static const char remedy[] = "load it with torch and save it again (torch.save of torch 1.6 or later), or use "
		"a safetensors file";

	if (begins(view, 0, "PK\3\4", 4))
		return KRAIT_OK;
	if (begins(view, 0, "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.", 15))
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: the stream format of torch before 1.6; %s", name,
			remedy);
	if (begins(view, 257, "ustar", 5))
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: the tar format of early torch; %s", name, remedy);
	if (begins(view, 0, "PYTORCH1", 8))
		return krait__why(why, KRAIT_ERROR_UNSUPPORTED, "%s: the format of a torch preview release; %s", name,
			remedy);
	return krait__why(why, KRAIT_ERROR_FORMAT, "%s: not a file of torch.save (it does not begin as a zip archive); "
		"fetch it again, or %s", name, remedy);
}

static const struct zip_entry *record(const struct reader *reader, const char *name)
{
	return krait__zip_find(&reader->zip, name, strlen(name));
}

static bool says(const struct zip_entry *entry, const char *text)
{
	return entry->size == strlen(text) && memcmp(entry->data, text, (size_t)entry->size) == 0;
}

static krait_status check_version(const struct reader *reader, const struct zip_entry *entry)
{
	unsigned version = 0;

	for (uint64_t i = 0; i < entry->size && i < 4 && entry->data[i] >= '0' && entry->data[i] <= '9'; i++)
		version = version * 10 + (entry->data[i] - '0');
	if (version >= 1 && version <= NEWEST_VERSION)
		return KRAIT_OK;
	return krait__why(reader->why, KRAIT_ERROR_UNSUPPORTED, "%s: version %u of the format (1 to %d are known); "
		"convert it to safetensors", reader->name, version, NEWEST_VERSION);
}

static krait_status check_archive(const struct reader *reader)
{
	const struct zip_entry *order = record(reader, "byteorder"), *version = record(reader, "version");

	if (record(reader, "constants.pkl"))
		return krait__why(reader->why, KRAIT_ERROR_UNSUPPORTED,
			"%s: a TorchScript archive, which is a program; save torch.save(model.state_dict(), ...) "
			"instead", reader->name);
	if (order && !says(order, "little"))
		return krait__why(reader->why, KRAIT_ERROR_UNSUPPORTED,
			"%s: written on a big-endian machine; convert it to safetensors there", reader->name);
	if (!version)
		version = record(reader, ".data/version");
	return version ? check_version(reader, version) : KRAIT_OK;
}

/* ---- tensors ------------------------------------------------------------------------ */

static krait_status refuse(const struct reader *reader, const struct weight *weight, const char *reason)
{
	struct quoted tensor;

	return krait__why(reader->why, KRAIT_ERROR_FORMAT, "%s: tensor %s: %s", reader->name, krait__quote(&tensor,
		weight->name, SIZE_MAX), reason);
}

/* The record of a storage: data/<decimal key>, exactly as long as the storage says. */
static const struct zip_entry *find_storage(const struct reader *reader, const struct pickle_value *id)
{
	const struct pickle_value *key = &id[2];
	const char *text = krait__pickle_text(&reader->pickle, key);
	char name[32] = "data/";

	if (key->n == 0 || key->n > 20)
		return NULL;
	for (uint32_t i = 0; i < key->n; i++)
		if (text[i] < '0' || text[i] > '9')
			return NULL;
	memcpy(name + 5, text, key->n);
	return krait__zip_find(&reader->zip, name, 5 + key->n);
}

/* The last element that the strides reach, and how many elements there are. */
static bool measure(struct weight *weight, uint64_t *last, uint64_t *count)
{
	uint64_t reach;

	for (uint32_t i = 0; i < weight->rank; i++)
		if (weight->shape[i] == 0) {
			*count = 0;
			return true;
		}
	if (!krait__shape_product(count, weight->shape, weight->rank))
		return false;
	for (uint32_t i = 0; i < weight->rank; i++)
		if (!krait__mul_u64(&reach, weight->shape[i] - 1, (uint64_t)weight->stride[i]) || !krait__add_u64(last,
			*last, reach)) return false;
	return true;
}

static krait_status place(const struct reader *reader, struct weight *weight, const struct pickle_value *id,
	uint64_t offset)
{
	const struct zip_entry *entry = find_storage(reader, id);
	uint64_t size = krait__dtype_size(weight->type), bytes, last = offset, count;

	if (!entry)
		return refuse(reader, weight, "its storage is not in the archive; fetch or save the file again");
	if (id[4].at < 0 || !krait__mul_u64(&bytes, (uint64_t)id[4].at, size) || bytes != entry->size)
		return refuse(reader, weight, "its storage is not as long as its record in the archive; fetch or save "
			"the file again");
	if (!measure(weight, &last, &count) || (count && last >= (uint64_t)id[4].at))
		return refuse(reader, weight, "it reaches beyond its storage; fetch or save the file again");
	if (count > (uint64_t)id[4].at)
		return refuse(reader, weight, "it repeats elements of its storage; save it with .contiguous()");
	if (count) {
		weight->data = entry->data + offset * size;
		weight->span = bytes - offset * size;
	}
	return KRAIT_OK;
}

static krait_status read_tensor(const struct reader *reader, struct weight *weight, const struct pickle_value *tensor)
{
	const struct pickle_value *all = reader->pickle.items, *items = all + tensor->at, *id = all + items[0].at;

	weight->type = (enum dtype)id[1].n;
	weight->rank = items[2].n;
	if (weight->rank > sizeof(weight->shape) / sizeof(weight->shape[0]))
		return refuse(reader, weight, "it has more than 8 dimensions");
	for (uint32_t i = 0; i < weight->rank; i++) {
		int64_t size = all[items[2].at + i].at, stride = all[items[3].at + i].at;

		if (size < 0 || stride < 0)
			return refuse(reader, weight, "a negative size or stride; fetch or save the file again");
		weight->shape[i] = (uint64_t)size;
		weight->stride[i] = stride;
	}
	if (items[1].at < 0)
		return refuse(reader, weight, "a negative offset; fetch or save the file again");
	return place(reader, weight, id, (uint64_t)items[1].at);
}

/* ---- the state dict ----------------------------------------------------------------- */

static bool is_word(const struct pickle *pickle, const struct pickle_value *value, const char *word)
{
	return value->kind == PICKLE_TEXT && value->n == strlen(word) && memcmp(krait__pickle_text(pickle, value), word,
		value->n) == 0;
}

static size_t count_tensors(const struct pickle *pickle, int64_t dict)
{
	size_t n = 0;

	for (size_t i = 0; i < pickle->n_members; i++)
		n += pickle->members[i].dict == dict && pickle->members[i].value.kind == PICKLE_TENSOR;
	return n;
}

/* The root, or what training programs wrap: {'state_dict': ...}, {'model': ...}. */
static krait_status find_dict(const struct reader *reader, int64_t *dict)
{
	const struct pickle *pickle = &reader->pickle;
	bool wrapped;

	*dict = pickle->root.at;
	if (pickle->root.kind != PICKLE_DICT)
		return krait__why(reader->why, KRAIT_ERROR_FORMAT, "%s: it holds no state dict; save "
			"torch.save(model.state_dict(), ...)", reader->name);
	wrapped = count_tensors(pickle, pickle->root.at) == 0;
	for (size_t i = 0; wrapped && i < pickle->n_members; i++) {
		const struct pickle_member *member = &pickle->members[i];

		if (member->dict == pickle->root.at && member->value.kind == PICKLE_DICT &&
		    (is_word(pickle, &member->key, "state_dict") || is_word(pickle, &member->key, "model")))
			*dict = member->value.at;
	}
	if (count_tensors(pickle, *dict) == 0)
		return krait__why(reader->why, KRAIT_ERROR_FORMAT, "%s: its state dict holds no tensors; save "
			"torch.save(model.state_dict(), ...)", reader->name);
	return KRAIT_OK;
}

static krait_status copy_name(struct reader *reader, char **out, const struct pickle_value *key)
{
	const char *text = key->kind == PICKLE_TEXT ? krait__pickle_text(&reader->pickle, key) : NULL;

	if (!text || key->n == 0 || key->n > KRAIT__LONGEST_NAME || memchr(text, 0, key->n))
		return krait__why(reader->why, KRAIT_ERROR_FORMAT,
			"%s: a key of its state dict is no name (text of 1 to %u bytes without U+0000); save "
			"torch.save(model.state_dict(), ...)", reader->name, KRAIT__LONGEST_NAME);
	if (key->n + sizeof(struct weight) > reader->pickle.budget - reader->pickle.held)
		return krait__why(reader->why, KRAIT_ERROR_FORMAT, "%s: its names need more memory than a file of this "
			"size may take", reader->name);
	reader->pickle.held += key->n + 1;
	*out = krait__copy_bytes(text, key->n);
	return *out ? KRAIT_OK : krait__why_memory(reader->why);
}

static krait_status read_dict(struct reader *reader, int64_t dict)
{
	struct pickle *pickle = &reader->pickle;
	size_t n = count_tensors(pickle, dict);
	krait_status status = KRAIT_OK;

	if (n > KRAIT__MOST_WEIGHTS || n > (pickle->budget - pickle->held) / sizeof(struct weight))
		return krait__why(reader->why, KRAIT_ERROR_FORMAT, "%s: it says that it holds %zu tensors, too many "
			"for a file of its size", reader->name, n);
	pickle->held += n * sizeof(struct weight);
	status = krait__weights_reserve(reader->out, n, reader->why);
	for (size_t i = 0; status == KRAIT_OK && i < pickle->n_members; i++) {
		const struct pickle_member *member = &pickle->members[i];
		struct weight *weight = &reader->out->weights[reader->out->n_weights];

		if (member->dict != dict || member->value.kind != PICKLE_TENSOR)
			continue;
		*weight = (struct weight){ 0 };
		status = copy_name(reader, &weight->name, &member->key);
		if (status == KRAIT_OK) {
			reader->out->n_weights++;
			status = read_tensor(reader, weight, &member->value);
		}
	}
	return status;
}

static krait_status read_pickle(struct reader *reader, const struct file_view *view)
{
	const struct zip_entry *entry = record(reader, "data.pkl");
	size_t budget, before = reader->out->n_weights;
	int64_t dict;
	krait_status status;

	if (!entry)
		return krait__why(reader->why, KRAIT_ERROR_FORMAT, "%s: no data.pkl in it: not a file of torch.save",
			reader->name);
	if (entry->size > LARGEST_PICKLE)
		return krait__why(reader->why, KRAIT_ERROR_FORMAT, "%s: its data.pkl is larger than 64 MiB; convert "
			"the model to safetensors", reader->name);
	if (!krait__mul_size(&budget, view->size, 3) || !krait__add_size(&budget, budget, SPARE_BYTES))
		return krait__why_memory(reader->why);
	status = krait__pickle_read(&reader->pickle, entry->data, (size_t)entry->size, budget, reader->name,
		reader->why);
	if (status == KRAIT_OK)
		status = find_dict(reader, &dict);
	if (status == KRAIT_OK)
		status = read_dict(reader, dict);
	if (status == KRAIT_OK)
		status = krait__weights_sort(reader->out, before, reader->name, reader->why);
	krait__pickle_free(&reader->pickle);
	return status;
}

krait_status krait__torch_read(struct checkpoint *out, const struct file_view *view, const char *name, struct why *why)
{
	struct reader reader = { .out = out, .name = name, .why = why };
	size_t before = out->n_weights;
	krait_status status = check_kind(view, name, why);

	if (status == KRAIT_OK)
		status = krait__zip_open(&reader.zip, view, name, why);
	if (status == KRAIT_OK)
		status = check_archive(&reader);
	if (status == KRAIT_OK)
		status = read_pickle(&reader, view);
	krait__zip_close(&reader.zip);
	if (status != KRAIT_OK)
		krait__weights_cut(out, before);
	return status;
}

static bool sniff(const struct file_view *view)
{
	return view->size > 4 && memcmp(view->data, "PK\3\4", 4) == 0;
}

static const char *const ends[] = { ".bin", ".pt", ".pth", NULL };

const struct source krait__source_torch = { .name = "torch", .ends = ends, .sniff = sniff, .read = krait__torch_read };
