/* SPDX-License-Identifier: Apache-2.0 */
/*
 * needs.c - the heads of the weights in files that are otherwise holes: the library opens them under
 * KRAIT_OPTION_INSPECT, which reads no weights.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "pull/needs.h"

#include "pull/small.h"
#include "say.h"
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_BYTES (64u << 10)
#define HEAD_MOST (100u << 20)          /* what safetensors itself allows */
#define TEXT_MOST (16u << 20)
#define HEADS_MOST 256

struct heads {
	char folder[HUB_PATH_ROOM];
	const struct hub *hub;
	const struct wanted *wanted;
	const struct listing *listing;
};

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), n_end = strlen(end);

	return n > n_end && !strcmp(text + n - n_end, end);
}

static bool path_of(char out[HUB_PATH_ROOM], const struct heads *heads, const char *name)
{
	return snprintf(out, HUB_PATH_ROOM, "%s/%s", heads->folder, name) < HUB_PATH_ROOM;
}

/* A file of `size` bytes that begins with the text. */
static bool put(const struct heads *heads, const char *name, const struct text *text, int64_t size)
{
	char path[HUB_PATH_ROOM];
	int fd = path_of(path, heads, name) ? open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
	bool good = fd >= 0 && write(fd, text->data ? text->data : "", text->n) == (ssize_t)text->n && ftruncate(fd, size) == 0;

	if (fd >= 0)
		close(fd);
	return good;
}

static int get(struct text *out, const struct heads *heads, const char *name, uint64_t first, uint64_t n, size_t limit)
{
	char url[HUB_URL_ROOM];
	struct small_request request = { url, heads->wanted->name, name, first, n, limit };

	if (!choose_url(url, heads->hub, heads->wanted->name, heads->listing->commit, name))
		return say_failure("the name of %s is too long", name);
	return small_get(out, heads->hub, &request);
}

/* The length of the head in front of a safetensors file, and the head; `text` then has both. */
static int get_head(struct text *text, const struct heads *heads, const struct listed *file)
{
	uint64_t length = 0;
	struct text more = { 0 };
	int status = get(text, heads, file->path, 0, FIRST_BYTES, FIRST_BYTES);

	if (status >= 0)
		return status;
	for (int i = 7; i >= 0 && text->n >= 8; i--)
		length = length << 8 | (unsigned char)text->data[i];
	if (text->n < 8 || length > HEAD_MOST || (int64_t)(length + 8) > file->size)
		return say_failure("%s of %s does not begin as safetensors do: the model is damaged there", file->path, heads->wanted->name);
	if (text->n < length + 8) {
		status = get(&more, heads, file->path, text->n, length + 8 - text->n, HEAD_MOST);
		if (status < 0 && !text_add(text, more.data, more.n))
			status = STATUS_FAILED;
		text_free(&more);
	}
	if (text->n > length + 8)
		text->n = (size_t)length + 8;
	return status;
}

static int put_file(struct heads *heads, const struct listed *file)
{
	struct text text = { 0 };
	bool head = ends_in(file->path, ".safetensors");
	int status = head ? get_head(&text, heads, file) : get(&text, heads, file->path, 0, 0, TEXT_MOST);

	/* A folder that cannot be written leaves the memory unknown, no more. */
	if (status < 0 && !put(heads, file->path, &text, head ? file->size : (int64_t)text.n))
		status = -2;
	text_free(&text);
	return status;
}

static bool is_needed(const char *path)
{
	return !strcmp(path, "config.json") || ends_in(path, ".safetensors") || ends_in(path, ".safetensors.index.json");
}

/* -2: they could not be written. */
static int put_files(struct heads *heads, const struct chosen *chosen)
{
	int status = -1;

	for (size_t i = 0; i < chosen->n && status == -1; i++)
		if (is_needed(chosen->files[i]->path))
			status = put_file(heads, chosen->files[i]);
	return status;
}

static void inspect(uint64_t *out, bool *runs, char *why, size_t n_why, const char *folder)
{
	krait_options *options;
	krait_model *model = NULL;
	krait_status status;

	if (krait_options_new(&options) != KRAIT_OK)
		return;
	krait_options_set_int(options, KRAIT_OPTION_INSPECT, 1);
	krait_options_set_text(options, KRAIT_OPTION_DEVICE, "cpu");
	status = krait_model_open(&model, folder, options);
	if (status == KRAIT_OK)
		*out = krait_model_memory(model, 1);
	else
		snprintf(why, n_why, "not known: %s", krait_model_error(model));
	*runs = status != KRAIT_ERROR_UNSUPPORTED;
	krait_model_free(model);
	krait_options_free(options);
}

static void clean_up(const struct heads *heads, const struct chosen *chosen)
{
	char path[HUB_PATH_ROOM];

	for (size_t i = 0; i < chosen->n; i++)
		if (is_needed(chosen->files[i]->path) && path_of(path, heads, chosen->files[i]->path))
			unlink(path);
	rmdir(heads->folder);
}

/* Only safetensors say in their heads what is in them. */
static bool has_heads(const struct chosen *chosen)
{
	size_t n = 0;

	for (size_t i = 0; i < chosen->n; i++) {
		if (!ends_in(chosen->files[i]->path, ".safetensors"))
			continue;
		if (chosen->files[i]->size < 8 || strchr(chosen->files[i]->path, '/'))
			return false;
		n++;
	}
	return n && n <= HEADS_MOST;
}

int needs_memory(uint64_t *out, bool *runs, char *why, size_t n_why, const struct hub *hub, const struct wanted *wanted,
	const struct listing *listing, const struct chosen *chosen)
{
	struct heads heads = { .hub = hub, .wanted = wanted, .listing = listing };
	const char *root = getenv("TMPDIR");
	int status;

	*out = 0;
	*runs = true;
	snprintf(why, n_why, "about as much as the weights have bytes (only safetensors tell it in advance)");
	if (!has_heads(chosen))
		return -1;
	if (snprintf(heads.folder, sizeof heads.folder, "%s/krait-pull.XXXXXX", root && *root ? root : "/tmp") >= (int)sizeof heads.folder
	    || !mkdtemp(heads.folder)) {
		snprintf(why, n_why, "not known: no folder for a moment can be made in %.200s: %s", root && *root ? root : "/tmp", strerror(errno));
		return -1;
	}
	status = put_files(&heads, chosen);
	if (status == -1)
		inspect(out, runs, why, n_why, heads.folder);
	else if (status == -2)
		snprintf(why, n_why, "not known: %.200s cannot be written", heads.folder);
	clean_up(&heads, chosen);
	return status >= 0 ? status : -1;
}
