/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/file.h"
#include "base/memory.h"
#include "base/size.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- the table ---------------------------------------------------------------------- */

static int call_open(const char *path, int flags, mode_t mode) { return open(path, flags, mode); }

static void *call_map(size_t size, int fd)
{
	void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

	return data == MAP_FAILED ? NULL : data;
}

struct krait__file_operations krait__files = {
	.open = call_open,
	.close = close,
	.stat_open = fstat,
	.stat_path = stat,
	.read_at = pread,
	.write = write,
	.map = call_map,
	.unmap = munmap,
	.sync = fsync,
	.change_mode = fchmod,
	.rename = rename,
	.remove = unlink,
	.open_folder = opendir,
};

/* ---- names -------------------------------------------------------------------------- */

bool krait__file_name_ok(const char *name)
{
	return name[0] && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !strpbrk(name, "/\\");
}

char *krait__file_join(const char *folder, const char *name)
{
	size_t n_folder = strlen(folder), n_name = strlen(name), size;
	char *path;

	if (!krait__add_size(&size, n_folder, n_name) || !krait__add_size(&size, size, 2))
		return NULL;
	path = krait__alloc(size, 1);
	if (path)
		snprintf(path, size, "%s%s%s", folder, n_folder && folder[n_folder - 1] != '/' ? "/" : "", name);
	return path;
}

static krait_status failed(struct why *why, const char *doing, const char *path, int error)
{
	struct quoted name;
	krait_status status = error == ENOENT || error == ENOTDIR ? KRAIT_ERROR_NOT_FOUND : error == ENOMEM ? KRAIT_ERROR_MEMORY : KRAIT_ERROR_IO;

	return krait__why(why, status, "%s: cannot %s: %s", krait__quote(&name, path, SIZE_MAX), doing, krait__errno_text(error));
}

/* ---- reading ------------------------------------------------------------------------ */

static krait_status check_open(int fd, const char *path, uint64_t limit, uint64_t *size, struct why *why)
{
	struct stat about;
	struct quoted name;

	if (krait__files.stat_open(fd, &about) != 0)
		return failed(why, "look at it", path, errno);
	if (!S_ISREG(about.st_mode))
		return krait__why(why, KRAIT_ERROR_IO, "%s: not a regular file", krait__quote(&name, path, SIZE_MAX));
	*size = (uint64_t)about.st_size;
	if (limit && *size > limit)
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: %llu bytes, more than the %llu that such a file may have",
			krait__quote(&name, path, SIZE_MAX), (unsigned long long)*size, (unsigned long long)limit);
	if (*size > PTRDIFF_MAX)
		return krait__why_memory(why);
	return KRAIT_OK;
}

static krait_status read_all(unsigned char *out, size_t size, int fd, const char *path, struct why *why)
{
	struct quoted name;
	size_t at = 0;

	while (at < size) {
		ssize_t n = krait__files.read_at(fd, out + at, size - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failed(why, "read it", path, errno);
		if (n == 0)
			return krait__why(why, KRAIT_ERROR_IO, "%s: it became shorter while it was read", krait__quote(&name, path, SIZE_MAX));
		at += (size_t)n;
	}
	return KRAIT_OK;
}

/* An empty file cannot be mapped and is read. */
static krait_status view_open(struct file_view *out, int fd, const char *path, bool map, uint64_t limit, struct why *why)
{
	uint64_t size = 0;
	unsigned char *data;
	krait_status status = check_open(fd, path, limit, &size, why);

	if (status != KRAIT_OK)
		return status;
	if (map && size) {
		data = krait__files.map((size_t)size, fd);
		if (!data)
			return failed(why, "map it", path, errno);
	} else {
		data = krait__alloc_vectors((size_t)size, 1);
		status = data ? read_all(data, (size_t)size, fd, path, why) : krait__why_memory(why);
		if (status != KRAIT_OK) {
			krait__free(data);
			return status;
		}
	}
	*out = (struct file_view){ data, (size_t)size, map && size };
	return KRAIT_OK;
}

krait_status krait__file_view(struct file_view *out, const char *path, bool map, uint64_t limit, struct why *why)
{
	int fd = krait__files.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	krait_status status;

	*out = (struct file_view){ 0 };
	if (fd < 0)
		return failed(why, "open it", path, errno);
	status = view_open(out, fd, path, map, limit, why);
	krait__files.close(fd);
	return status;
}

krait_status krait__file_head(void *out, size_t n, uint64_t *size, const char *path, struct why *why)
{
	int fd = krait__files.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	krait_status status;

	*size = 0;
	if (fd < 0)
		return failed(why, "open it", path, errno);
	status = check_open(fd, path, 0, size, why);
	if (status == KRAIT_OK)
		status = read_all(out, *size < n ? (size_t)*size : n, fd, path, why);
	krait__files.close(fd);
	return status;
}

krait_status krait__file_view_in(struct file_view *out, const char *folder, const char *name, bool map, uint64_t limit, struct why *why)
{
	krait_status status;
	struct quoted quoted;
	char *path;

	*out = (struct file_view){ 0 };
	if (!krait__file_name_ok(name))
		return krait__why(why, KRAIT_ERROR_FORMAT, "%s: not the plain name of a file in the model's folder", krait__quote(&quoted, name, SIZE_MAX));
	path = krait__file_join(folder, name);
	status = path ? krait__file_view(out, path, map, limit, why) : krait__why_memory(why);
	krait__free(path);
	return status;
}

void krait__file_close(struct file_view *view)
{
	if (view->mapped)
		krait__files.unmap((void *)(uintptr_t)view->data, view->size);
	else
		krait__free((void *)(uintptr_t)view->data);
	*view = (struct file_view){ 0 };
}

krait_status krait__file_text(char **out, size_t *n_out, const char *folder, const char *name, uint64_t limit, bool missing_ok, struct why *why)
{
	struct file_view view;
	krait_status status = krait__file_view_in(&view, folder, name, false, limit, why);

	*out = NULL;
	*n_out = 0;
	if (status == KRAIT_ERROR_NOT_FOUND && missing_ok) {
		if (why)
			krait__why_clear(why);
		return KRAIT_OK;
	}
	if (status != KRAIT_OK)
		return status;
	*out = krait__copy_bytes(view.data, view.size);
	*n_out = *out ? view.size : 0;
	krait__file_close(&view);
	return *out ? KRAIT_OK : krait__why_memory(why);
}

/* ---- folders ------------------------------------------------------------------------ */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool add_name(struct file_names *names, const char *name)
{
	char **more = krait__resize(names->names, names->n + 1, sizeof(*more));

	if (!more)
		return false;
	names->names = more;
	more[names->n] = krait__copy_text(name);
	if (!more[names->n])
		return false;
	names->n++;
	return true;
}

krait_status krait__file_names(struct file_names *out, const char *folder, struct why *why)
{
	const struct dirent *entry;
	DIR *open;
	bool good = true;

	*out = (struct file_names){ 0 };
	open = krait__files.open_folder(folder);
	if (!open)
		return failed(why, "list it", folder, errno);
	while (good && (entry = readdir(open)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			good = add_name(out, entry->d_name);
	closedir(open);
	if (!good) {
		krait__file_names_free(out);
		return krait__why_memory(why);
	}
	if (out->n)
		qsort(out->names, out->n, sizeof(*out->names), compare_names);
	return KRAIT_OK;
}

void krait__file_names_free(struct file_names *names)
{
	for (size_t i = 0; i < names->n; i++)
		krait__free(names->names[i]);
	krait__free(names->names);
	*names = (struct file_names){ 0 };
}
