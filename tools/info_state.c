/* SPDX-License-Identifier: Apache-2.0 */
/* info_state.c - `krait info FILE.state`: what a saved state says of itself, without its model. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "info.h"

#include "files.h"
#include "say.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The layout is that of docs/state-format.md. */
#define MAGIC "KRAIT\0ST"
#define HEADER_SIZE 64
#define SECTION_SIZE 24

struct cursor {
	const unsigned char *at;
	size_t left;
};

bool info_is_state(const char *path)
{
	char magic[sizeof MAGIC - 1];
	FILE *file = fopen(path, "re");
	bool is = file && fread(magic, 1, sizeof magic, file) == sizeof magic && !memcmp(magic, MAGIC, sizeof magic);

	if (file)
		fclose(file);
	return is;
}

static uint64_t number(const unsigned char *bytes, size_t n)
{
	uint64_t value = 0;

	while (n--)
		value = value << 8 | bytes[n];
	return value;
}

static double real(const unsigned char *bytes)
{
	uint64_t bits = number(bytes, 8);
	double value;

	memcpy(&value, &bits, sizeof value);
	return value;
}

/* The next section and its name; false at the end, or where the file is damaged. */
static bool next_section(struct cursor *cursor, char name[9], struct cursor *payload)
{
	uint64_t size;

	if (cursor->left < SECTION_SIZE)
		return false;
	size = number(cursor->at + 16, 8);
	if (size > cursor->left - SECTION_SIZE)
		return false;
	memcpy(name, cursor->at, 8);
	name[8] = 0;
	*payload = (struct cursor){ cursor->at + SECTION_SIZE, (size_t)size };
	size = SECTION_SIZE + ((size + 7) & ~(uint64_t)7);
	size = size < cursor->left ? size : cursor->left;
	cursor->at += size;
	cursor->left -= (size_t)size;
	return true;
}

static void take_course(json_t *about, const struct cursor *payload)
{
	if (payload->left < 24)
		return;
	json_object_set_new(about, "position", json_integer((json_int_t)number(payload->at, 8)));
	json_object_set_new(about, "max_new_tokens", json_integer((json_int_t)number(payload->at + 16, 8)));
}

static void take_sampling(json_t *about, const struct cursor *payload)
{
	static const char *const reals[] = { "temperature", "top_p", "min_p", "typical_p", "repetition_penalty",
		"presence_penalty", "frequency_penalty" };
	enum { N_REALS = sizeof reals / sizeof *reals };
	json_t *settings = json_object();

	for (size_t i = 0; i < N_REALS && payload->left >= 8 * (i + 1); i++)
		json_object_set_new(settings, reals[i], json_real(real(payload->at + 8 * i)));
	if (payload->left >= 8 * (N_REALS + 2)) {
		json_object_set_new(settings, "top_k", json_integer((json_int_t)number(payload->at + 8 * N_REALS, 8)));
		json_object_set_new(settings, "seed",
			json_integer((json_int_t)number(payload->at + 8 * (N_REALS + 1), 8)));
	}
	json_object_set_new(about, "settings", settings);
}

/* The note is the business of who saved; a conversation of `krait chat` is known. */
static void take_note(json_t *about, const struct cursor *payload)
{
	uint64_t size = payload->left >= 8 ? number(payload->at, 8) : 0;
	json_t *note, *messages;

	if (!size || size > payload->left - 8)
		return;
	json_object_set_new(about, "note_bytes", json_integer((json_int_t)size));
	note = json_loadb((const char *)payload->at + 8, (size_t)size, JSON_ALLOW_NUL, NULL);
	messages = json_object_get(note, "krait_chat") ? json_object_get(note, "messages") : NULL;
	if (json_is_array(messages))
		json_object_set_new(about, "messages", json_integer((json_int_t)json_array_size(messages)));
	json_decref(note);
}

static json_t *describe(const struct text *file, const char *path)
{
	json_t *about = json_object();
	const unsigned char *bytes = (const unsigned char *)file->data;
	struct cursor cursor = { bytes + HEADER_SIZE, file->n - HEADER_SIZE }, payload;
	char fingerprint[33], name[9];
	size_t n_tensors = 0, tensor_bytes = 0;

	for (size_t i = 0; i < 16; i++)
		snprintf(fingerprint + 2 * i, 3, "%02x", bytes[24 + i]);
	json_object_set_new(about, "kind", json_string("state"));
	json_object_set_new(about, "format_version", json_integer((json_int_t)number(bytes + 8, 4)));
	json_object_set_new(about, "fingerprint", json_string(fingerprint));
	while (next_section(&cursor, name, &payload)) {
		if (!strcmp(name, "course"))
			take_course(about, &payload);
		else if (!strcmp(name, "sampling"))
			take_sampling(about, &payload);
		else if (!strcmp(name, "note"))
			take_note(about, &payload);
		if (!strcmp(name, "tensor")) {
			n_tensors++;
			tensor_bytes += payload.left;
		}
	}
	json_object_set_new(about, "file_bytes", json_integer((json_int_t)file->n));
	json_object_set_new(about, "tensors", json_integer((json_int_t)n_tensors));
	json_object_set_new(about, "tensor_bytes", json_integer((json_int_t)tensor_bytes));
	json_object_set_new(about, "path", json_string(path));
	return about;
}

int info_state(json_t **out, const char *path)
{
	struct text file = { 0 };
	int status = files_read(&file, path);

	*out = NULL;
	if (status < 0 && file.n < HEADER_SIZE)
		status = say_failure("%s: a saved state that was cut short: %zu bytes", path, file.n);
	if (status < 0 && number((const unsigned char *)file.data + 16, 8) != file.n)
		status = say_failure("%s: a damaged state: it says that it has %llu bytes and has %zu", path,
			(unsigned long long)number((const unsigned char *)file.data + 16, 8), file.n);
	if (status < 0)
		*out = describe(&file, path);
	text_free(&file);
	return status;
}
