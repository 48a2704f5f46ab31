/* SPDX-License-Identifier: Apache-2.0 */
/* support.c - files, texts and checks that the harnesses share. */
#include "fuzz.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct fuzz_harness *const harnesses[] = {
	&fuzz_state, &fuzz_safetensors, &fuzz_torch, &fuzz_index, &fuzz_config, &fuzz_tokenizer, &fuzz_encode,
		&fuzz_template,
	&fuzz_session, &fuzz_cache, &fuzz_replies, &fuzz_session_growing, &fuzz_state_growing,
};

const struct fuzz_harness *fuzz_at(size_t place)
{
	return place < sizeof(harnesses) / sizeof(harnesses[0]) ? harnesses[place] : NULL;
}

const struct fuzz_harness *fuzz_find(const char *name)
{
	for (size_t i = 0; fuzz_at(i); i++)
		if (strcmp(fuzz_at(i)->name, name) == 0)
			return fuzz_at(i);
	return NULL;
}

_Noreturn void fuzz_broken(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	fputs("BROKEN: ", stderr);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
	va_end(list);
	abort();
}

uint32_t fuzz_random(unsigned *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

void fuzz_add(struct fuzz_bytes *out, const void *data, size_t n)
{
	if (n > out->room - out->size) {
		out->room = 2 * (out->size + n) + 64;
		out->data = realloc(out->data, out->room);
		if (!out->data)
			fuzz_broken("no memory for the harness itself");
	}
	if (n)
		memcpy(out->data + out->size, data, n);
	out->size += n;
}

void fuzz_print(struct fuzz_bytes *out, const char *format, ...)
{
	char text[512];
	va_list list;
	int n;

	va_start(list, format);
	n = vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	if (n < 0 || (size_t)n >= sizeof(text))
		fuzz_broken("a text of the harness is too long");
	fuzz_add(out, text, (size_t)n);
}

void fuzz_free(struct fuzz_bytes *bytes)
{
	free(bytes->data);
	memset(bytes, 0, sizeof(*bytes));
}

static char folders[4][64];
static int n_folders;
static pid_t folder_owner;

static int remove_one(const char *path, const struct stat *info, int kind, struct FTW *walk)
{
	(void)info;
	(void)kind;
	(void)walk;
	return remove(path);
}

static void remove_folders(void)
{
	if (getpid() != folder_owner)
		return;
	for (int i = 0; i < n_folders; i++)
		nftw(folders[i], remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *fuzz_folder(void)
{
	const char *base = getenv("TMPDIR");
	char *folder = folders[n_folders];

	if (n_folders == 4 || snprintf(folder, sizeof(folders[0]), "%s/krait-fuzz-XXXXXX",
		base ? base : "/tmp") >= (int)sizeof(folders[0])
		|| !mkdtemp(folder))
		fuzz_broken("no folder for the harness's files");
	if (n_folders++ == 0) {
		folder_owner = getpid();
		atexit(remove_folders);
	}
	return folder;
}

const char *fuzz_path(const char *folder, const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

void fuzz_put(const char *folder, const char *name, const void *data, size_t n)
{
	const char *path = fuzz_path(folder, name);
	FILE *file;

	if (!data) {
		unlink(path);
		return;
	}
	file = fopen(path, "wb");
	if (!file || fwrite(data, 1, n, file) != n || fclose(file) != 0)
		fuzz_broken("%s cannot be written", path);
}

struct fuzz_bytes fuzz_get(const char *path)
{
	struct fuzz_bytes out = { NULL, 0, 0 };
	FILE *file = fopen(path, "rb");
	char part[4096];
	size_t n;

	while (file && (n = fread(part, 1, sizeof(part), file)) > 0)
		fuzz_add(&out, part, n);
	if (file)
		fclose(file);
	return out;
}

void fuzz_parts(const uint8_t *data, size_t n, fuzz_part_fn fn, void *user)
{
	const char *text = (const char *)data, *end = text + n;

	while (text < end) {
		const char *line = memchr(text, '\n', (size_t)(end - text)), *next;
		char name[40] = "";

		if (!line || line - text < 4 || line - text > 40 || memcmp(text, "== ", 3) != 0)
			return;
		memcpy(name, text + 3, (size_t)(line - text) - 3);
		line++;
		next = memmem(line, (size_t)(end - line), "\n== ", 4);
		fn(user, name, line, next ? (size_t)(next - line) : (size_t)(end - line));
		text = next ? next + 1 : end;
	}
}

size_t fuzz_mutate_text(uint8_t *data, size_t n, size_t most, unsigned seed, const char *const *words, size_t n_words)
{
	const char *word = words[fuzz_random(&seed) % n_words];
	size_t at = n ? fuzz_random(&seed) % n : 0, size = strlen(word), from, length;

	switch (fuzz_random(&seed) % 4) {
	case 0:
		/* In place of what is there. */
		if (at + size <= n)
			memcpy(data + at, word, size);
		return n;
	case 1:
		if (n + size > most)
			return n;
		memmove(data + at + size, data + at, n - at);
		memcpy(data + at, word, size);
		return n + size;
	case 2:
		/* A stretch of the input once more, elsewhere. */
		from = n ? fuzz_random(&seed) % n : 0;
		length = n - from < 64 ? n - from : fuzz_random(&seed) % 64;
		if (n + length > most)
			return n;
		{
			uint8_t copy[64];

			memcpy(copy, data + from, length);
			memmove(data + at + length, data + at, n - at);
			memcpy(data + at, copy, length);
		}
		return n + length;
	default:
		return LLVMFuzzerMutate(data, n, most);
	}
}

size_t fuzz_swap(uint8_t *data, size_t n, size_t most, size_t at, const char *ends, const char *word)
{
	size_t first = at < n ? at : n, last, n_word = strlen(word);

	while (first && !strchr(ends, data[first - 1]))
		first--;
	for (last = first; last < n && !strchr(ends, data[last]); )
		last++;
	if (n - (last - first) + n_word > most)
		return n;
	memmove(data + first + n_word, data + last, n - last);
	memcpy(data + first, word, n_word);
	return n - (last - first) + n_word;
}
