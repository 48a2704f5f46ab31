/* SPDX-License-Identifier: Apache-2.0 */
/* file_replace.c - writing a file so that there is the old one or the new one, whole, at any time. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "base/file.h"
#include "base/memory.h"
#include "base/seed.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINKS_MOST 40           /* that one path goes through, as the kernel bounds it */

static krait_status failed(struct why *why, const char *doing, const char *path, int error)
{
	struct quoted name;
	krait_status status = error == ENOENT || error == ENOTDIR ? KRAIT_ERROR_NOT_FOUND : KRAIT_ERROR_IO;

	if (error == ENOMEM)
		status = KRAIT_ERROR_MEMORY;
	return krait__why(why, status, "%s: cannot %s: %s", krait__quote(&name, path, SIZE_MAX), doing, krait__errno_text(error));
}

static int write_parts(int fd, const struct file_part *parts, size_t n_parts)
{
	for (size_t i = 0; i < n_parts; i++) {
		const char *data = parts[i].data;
		size_t at = 0;

		while (at < parts[i].size) {
			ssize_t n = krait__files.write(fd, data + at, parts[i].size - at);

			if (n < 0 && errno == EINTR)
				continue;
			if (n <= 0)
				return n < 0 ? errno : EIO;
			at += (size_t)n;
		}
	}
	return krait__files.sync(fd) == 0 ? 0 : errno;
}

static char *folder_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return krait__copy_text(".");
	return krait__copy_bytes(path, slash == path ? 1 : (size_t)(slash - path));
}

/* A name in `folder` that no other writer has; its file is open in *fd. It is short, since the name that it stands for may
 * be as long as a name can be. */
static char *open_in(const char *folder, mode_t mode, int *fd)
{
	size_t size = strlen(folder) + 32;
	char *name = krait__alloc(size, 1);

	*fd = -1;
	for (unsigned attempt = 0; name && attempt < 100; attempt++) {
		snprintf(name, size, "%s/.krait-%06x", folder, (unsigned)(krait__hash_seed(name) >> 40));
		*fd = krait__files.open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
		if (*fd >= 0 || errno != EEXIST)
			break;
	}
	return name;
}

/* The name's entry is durable only when its folder is. Some file systems cannot sync a
 * folder; the rename has happened then, so that is not an error of ours. */
static void sync_folder(const char *folder)
{
	int fd = krait__files.open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

	if (fd >= 0) {
		krait__files.sync(fd);
		krait__files.close(fd);
	}
}

/* Where a new file goes that a link names which leads nowhere yet, as open() with O_CREAT makes it: the place at the
 * end of the links. 0, or what errno said. */
static int follow(char place[PATH_MAX])
{
	char target[PATH_MAX];

	for (int n_links = 0; n_links < LINKS_MOST; n_links++) {
		ssize_t n = readlink(place, target, sizeof(target));
		char *name = strrchr(place, '/');

		if (n < 0)      /* there is nothing, or something that is no link */
			return errno == ENOENT || errno == EINVAL ? 0 : errno;
		name = name && target[0] != '/' ? name + 1 : place;
		if ((size_t)n >= sizeof(target) || (size_t)(name - place) + (size_t)n >= PATH_MAX)
			return ENAMETOOLONG;
		memcpy(name, target, (size_t)n);
		name[n] = 0;
	}
	return ELOOP;
}

/* What stands at `path`: its file where that is a link, and its mode, or 0 where there is nothing yet. */
static krait_status look_at(char place[PATH_MAX], mode_t *mode, const char *path, struct why *why)
{
	struct stat about;
	struct quoted quoted;

	*mode = 0;
	if (strlen(path) >= PATH_MAX)
		return failed(why, "write it", path, ENAMETOOLONG);
	strcpy(place, path);
	if (krait__files.stat_path(path, &about) != 0) {
		int error = errno == ENOENT ? follow(place) : errno;

		return error ? failed(why, "look at it", path, error) : KRAIT_OK;
	}
	if (!S_ISREG(about.st_mode))
		return krait__why(why, KRAIT_ERROR_IO, "%s: not a regular file, so it cannot be replaced", krait__quote(&quoted, path, SIZE_MAX));
	*mode = about.st_mode & 07777;
	if (!realpath(path, place))
		return failed(why, "look at it", path, errno);
	return KRAIT_OK;
}

/* The new file has the old one's mode before anything is written to it. */
static int fill(int fd, mode_t mode, const struct file_part *parts, size_t n_parts)
{
	int error = mode && krait__files.change_mode(fd, mode) != 0 ? errno : write_parts(fd, parts, n_parts);

	if (krait__files.close(fd) != 0 && !error)
		error = errno;
	return error;
}

krait_status krait__file_replace(const char *path, const struct file_part *parts, size_t n_parts, struct why *why)
{
	char place[PATH_MAX];
	mode_t mode;
	krait_status status = look_at(place, &mode, path, why);
	char *folder, *name;
	int fd, error;

	if (status != KRAIT_OK)
		return status;
	folder = folder_of(place);
	name = folder ? open_in(folder, mode ? 0600 : 0666, &fd) : NULL;
	if (!name) {
		krait__free(folder);
		return krait__why_memory(why);
	}
	if (fd < 0) {
		status = failed(why, "create a file beside it", path, errno);
	} else {
		error = fill(fd, mode, parts, n_parts);
		if (!error && krait__files.rename(name, place) != 0)
			error = errno;
		if (error) {
			krait__files.remove(name);
			status = failed(why, "write it (what was there is unchanged)", path, error);
		} else {
			sync_folder(folder);
		}
	}
	krait__free(name);
	krait__free(folder);
	return status;
}
