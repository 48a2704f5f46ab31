/* SPDX-License-Identifier: Apache-2.0 */
/* listing.c - the list of a model's files, read. What asks for it is in listing_get.c. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "pull/listing.h"

#include "say.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MOST 100000

static bool is_hex(const char *text, size_t n)
{
	return text && strlen(text) == n && strspn(text, "0123456789abcdef") == n;
}

/* One row of "siblings". False: out of memory. */
static bool add(struct listing *listing, const json_t *row)
{
	const char *path = json_string_value(json_object_get(row, "rfilename"));
	const json_t *size = json_object_get(row, "size"), *large = json_object_get(row, "lfs");
	const char *blob = json_string_value(json_object_get(row, "blobId"));
	const char *sha = json_string_value(json_object_get(large, "sha256"));
	struct listed *file = &listing->files[listing->n];

	if (!path)
		return true;
	if (!wanted_path_ok(path) || strlen(path) != json_string_length(json_object_get(row, "rfilename")) || listing_find(listing, path)) {
		listing->n_refused++;
		return true;
	}
	*file = (struct listed){ .size = json_is_integer(size) && json_integer_value(size) >= 0 ? (int64_t)json_integer_value(size) : -1 };
	if (is_hex(sha, 64))
		memcpy(file->content, sha, 65);
	else if (!large && is_hex(blob, 40))
		memcpy(file->content, blob, 41);
	file->path = strdup(path);
	if (!file->path)
		return false;
	listing->n++;
	return true;
}

static int read_rows(struct listing *out, const json_t *whole, const char *what)
{
	const json_t *rows = json_object_get(whole, "siblings");
	const char *commit = json_string_value(json_object_get(whole, "sha"));
	size_t n = json_array_size(rows);

	if (!commit || !wanted_is_commit(commit) || !json_is_array(rows) || n > FILES_MOST)
		return say_failure("what came as the list of files of %s is none: check HF_ENDPOINT", what);
	memcpy(out->commit, commit, sizeof out->commit);
	out->files = calloc(n + 1, sizeof *out->files);
	for (size_t i = 0; out->files && i < n; i++)
		if (!add(out, json_array_get(rows, i)))
			return say_failure("out of memory");
	return out->files ? -1 : say_failure("out of memory");
}

int listing_read(struct listing *out, const char *text, size_t n_text, const char *what)
{
	json_error_t error;
	json_t *whole = text ? json_loadb(text, n_text, JSON_REJECT_DUPLICATES, &error) : NULL;
	int status;

	memset(out, 0, sizeof *out);
	status = read_rows(out, whole, what);
	json_decref(whole);
	if (status >= 0)
		listing_free(out);
	else if (out->n_refused)
		say_note("krait: %zu names of files in %s are left out, because they lead out of its folder or are there twice", out->n_refused, what);
	return status;
}

const struct listed *listing_find(const struct listing *listing, const char *path)
{
	for (size_t i = 0; i < listing->n; i++)
		if (!strcmp(listing->files[i].path, path))
			return &listing->files[i];
	return NULL;
}

void listing_free(struct listing *listing)
{
	for (size_t i = 0; i < listing->n; i++)
		free(listing->files[i].path);
	free(listing->files);
	memset(listing, 0, sizeof *listing);
}
