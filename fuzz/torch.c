/* SPDX-License-Identifier: Apache-2.0 */
/* torch.c - pytorch_model.bin: a pickle that is changed by its operations, in an archive that is made right
 * around it. An input whose first byte is odd is an archive as it is. */
#include "fuzz.h"

#include "base/memory.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

static void put(struct fuzz_bytes *out, uint64_t value, int n)
{
	for (; n > 0; n--, value >>= 8)
		fuzz_add(out, &(uint8_t){ (uint8_t)value }, 1);
}

static uint32_t crc_of(const uint8_t *data, size_t n)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < n; i++) {
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

struct archive { struct fuzz_bytes file, directory; unsigned n; };

static void add_member(struct archive *a, const char *name, const uint8_t *data, size_t n)
{
	uint32_t crc = crc_of(data, n);
	size_t at = a->file.size;

	put(&a->file, 0x04034b50, 4);
	put(&a->file, 0, 10);
	put(&a->file, crc, 4);
	put(&a->file, n, 4);
	put(&a->file, n, 4);
	put(&a->file, strlen(name), 2);
	put(&a->file, 0, 2);
	fuzz_add(&a->file, name, strlen(name));
	fuzz_add(&a->file, data, n);
	put(&a->directory, 0x02014b50, 4);
	put(&a->directory, 0, 12);
	put(&a->directory, crc, 4);
	put(&a->directory, n, 4);
	put(&a->directory, n, 4);
	put(&a->directory, strlen(name), 2);
	put(&a->directory, 0, 12);
	put(&a->directory, at, 4);
	fuzz_add(&a->directory, name, strlen(name));
	a->n++;
}

static struct fuzz_bytes finish(struct archive *a)
{
	size_t at = a->file.size;

	fuzz_add(&a->file, a->directory.data, a->directory.size);
	put(&a->file, 0x06054b50, 4);
	put(&a->file, 0, 4);
	put(&a->file, a->n, 2);
	put(&a->file, a->n, 2);
	put(&a->file, a->directory.size, 4);
	put(&a->file, at, 4);
	put(&a->file, 0, 2);
	fuzz_free(&a->directory);
	return a->file;
}

static struct fuzz_bytes archive_of(const uint8_t *pickle, size_t n)
{
	struct archive a = { .n = 0 };

	add_member(&a, "archive/data.pkl", pickle, n);
	for (size_t i = 0; i < FUZZ_TENSORS; i++) {
		struct fuzz_bytes values = { NULL, 0, 0 };
		char name[32] = "archive/data/0";

		name[13] = (char)('0' + i);
		for (size_t k = 0; k < fuzz_count(&fuzz_tensors[i]); k++) {
			float value = fuzz_value(i, k);

			fuzz_add(&values, &value, sizeof(value));
		}
		add_member(&a, name, values.data, values.size);
		fuzz_free(&values);
	}
	add_member(&a, "archive/version", (const uint8_t *)"3\n", 2);
	return finish(&a);
}

static void text(struct fuzz_bytes *out, const char *name)
{
	fuzz_add(out, "X", 1);
	put(out, strlen(name), 4);
	fuzz_add(out, name, strlen(name));
}

static void numbers(struct fuzz_bytes *out, const int *list, int n)
{
	fuzz_add(out, "(", 1);
	for (int i = 0; i < n; i++) {
		fuzz_add(out, "J", 1);
		put(out, (uint32_t)list[i], 4);
	}
	fuzz_add(out, "t", 1);
}

/* What torch.save writes for the model: an OrderedDict of tensors. */
static struct fuzz_bytes sound_pickle(void)
{
	struct fuzz_bytes out = { NULL, 0, 0 };

	fuzz_print(&out, "\x80\x02" "ccollections\nOrderedDict\n)R(");
	for (size_t i = 0; i < FUZZ_TENSORS; i++) {
		const struct fuzz_tensor *t = &fuzz_tensors[i];
		int strides[3] = { 1, 1, 1 };
		char key[2] = { (char)('0' + i), 0 };

		for (int k = t->rank - 2; k >= 0; k--)
			strides[k] = strides[k + 1] * t->shape[k + 1];
		text(&out, t->name);
		fuzz_print(&out, "ctorch._utils\n_rebuild_tensor_v2\n((");
		text(&out, "storage");
		fuzz_print(&out, "ctorch\nFloatStorage\n");
		text(&out, key);
		text(&out, "cpu");
		fuzz_add(&out, "J", 1);
		put(&out, fuzz_count(t), 4);
		fuzz_print(&out, "tQ");
		fuzz_add(&out, "K\0", 2);
		numbers(&out, t->shape, t->rank);
		numbers(&out, strides, t->rank);
		fuzz_print(&out, "\x89" "ccollections\nOrderedDict\n)RtR");
	}
	fuzz_print(&out, "u.");
	return out;
}

static const struct { const char *bytes; size_t n; } operations[] = {
#define OP(bytes) { bytes, sizeof(bytes) - 1 }
	OP("("), OP(")"), OP("."), OP("0"), OP("1"), OP("2"), OP("N"), OP("\x88"), OP("\x89"), OP("t"), OP("\x85"),
		OP("\x86"), OP("\x87"), OP("R"), OP("Q"), OP("b"), OP("u"), OP("s"),
	OP("e"), OP("a"), OP("d"), OP("l"), OP("]"), OP("}"), OP("K\x01"), OP("K\xff"), OP("M\xff\xff"),
		OP("J\xff\xff\xff\xff"), OP("J\0\0\0\x80"), OP("\x8a\x08\0\0\0\0\0\0\0\x80"),
	OP("\x8a\x04\xff\xff\xff\x7f"), OP("X\x01\0\0\0000"), OP("X\xff\xff\xff\x7f"), OP("h\0"), OP("q\0"),
		OP("r\xff\xff\xff\x7f"), OP("j\0\0\0\0"), OP("p0\n"), OP("g0\n"),
	OP("ctorch\nHalfStorage\n"), OP("ctorch\nBFloat16Storage\n"), OP("ctorch\nLongStorage\n"),
		OP("ctorch\nFloatStorage\n"), OP("ccollections\nOrderedDict\n"),
	OP("ctorch._utils\n_rebuild_tensor_v2\n"), OP("ctorch._utils\n_rebuild_parameter\n"), OP("cos\nsystem\n"),
		OP("\x80\x04"), OP("\x95\0\0\0\0\0\0\0\0"), OP("\x8c\x01""0"), OP("\x93"), OP("\x94"),
	OP("I7\n"), OP("L7L\n"), OP("F1.5\n"), OP("G\0\0\0\0\0\0\0\0"), OP("S'a'\n"), OP("V\\u0041\n"),
		OP("B\x01\0\0\0a"), OP("C\x01""a"),
#undef OP
};

static size_t mutate(uint8_t *data, size_t n, size_t most, unsigned seed)
{
	size_t at, which = fuzz_random(&seed) % (sizeof(operations) / sizeof(operations[0])), length;

	if (n < 2) {
		struct fuzz_bytes base = sound_pickle();

		if (base.size + 1 <= most) {
			data[0] = 0;
			memcpy(data + 1, base.data, base.size);
			n = base.size + 1;
		}
		fuzz_free(&base);
	}
	if (n < 2 || fuzz_random(&seed) % 3 == 0)
		return LLVMFuzzerMutate(data, n, most);
	at = 1 + fuzz_random(&seed) % (n - 1);
	length = operations[which].n;
	if (fuzz_random(&seed) % 2) {
		if (at + length <= n)
			memcpy(data + at, operations[which].bytes, length);
	} else if (n + length <= most) {
		memmove(data + at + length, data + at, n - at);
		memcpy(data + at, operations[which].bytes, length);
		n += length;
	}
	return n;
}

static size_t in_use, peak;

static void *count_resize(void *block, size_t size)
{
	size_t before = block ? malloc_usable_size(block) : 0;
	void *grown = realloc(block, size);

	if (grown) {
		in_use += malloc_usable_size(grown) - before;
		peak = in_use > peak ? in_use : peak;
	}
	return grown;
}

static void *count_aligned(size_t alignment, size_t size)
{
	void *block = aligned_alloc(alignment, size);

	in_use += block ? malloc_usable_size(block) : 0;
	peak = in_use > peak ? in_use : peak;
	return block;
}

static void count_release(void *block)
{
	in_use -= block ? malloc_usable_size(block) : 0;
	free(block);
}

static void run(const uint8_t *data, size_t n)
{
	static const char *folder;
	struct krait__allocator original = krait__allocator;
	struct fuzz_bytes archive = { NULL, 0, 0 };

	if (!folder) {
		folder = fuzz_folder();
		fuzz_put(folder, "config.json", fuzz_config_json, strlen(fuzz_config_json));
	}
	if (n == 0)
		return;
	if (data[0] % 2)
		fuzz_add(&archive, data + 1, n - 1);
	else
		archive = archive_of(data + 1, n - 1);
	fuzz_put(folder, "pytorch_model.bin", archive.data ? archive.data : (const uint8_t *)"", archive.size);
	krait__allocator = (struct krait__allocator){ count_resize, count_aligned, count_release };
	in_use = peak = 0;
	fuzz_use_folder(folder);
	krait__allocator = original;
	if (peak > 16 * archive.size + ((size_t)8 << 20))
		fuzz_broken("%zu bytes of memory for a file of %zu", peak, archive.size);
	if (in_use)
		fuzz_broken("%zu bytes are not given back", in_use);
	fuzz_free(&archive);
}

const struct fuzz_harness fuzz_torch = { "torch", run, mutate };
