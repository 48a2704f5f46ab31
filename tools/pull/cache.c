/* SPDX-License-Identifier: Apache-2.0 */
/* cache.c - what the cache's folder is written with. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "pull/cache.h"

#include "pull/wanted.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

static const char tag[] = "Signature: 8a477f597d28d172789f06886806bc55\n# This file marks the folder as a cache, which may be deleted: what is in it can be fetched again.\n";

static bool print(char out[HUB_PATH_ROOM], const char *folder, const char *between, const char *name, const char *end)
{
	int n = snprintf(out, HUB_PATH_ROOM, "%s%s%s%s", folder, between, name, end);

	if (n > 0 && n < HUB_PATH_ROOM)
		return true;
	say_failure("%.200s...: the path is too long", folder);
	return false;
}

static bool failed(const char *path, const char *doing)
{
	int error = errno;
	const char *remedy = "";

	if (error == ENOSPC || error == EDQUOT)
		remedy = ": make room there or set HF_HUB_CACHE to another folder, and pull again; what has come stays";
	else if (error == EACCES || error == EPERM || error == EROFS)
		remedy = ": get the right to write there, or set HF_HUB_CACHE to a folder of your own";
	say_failure("%s: cannot %s: %s%s", path, doing, strerror(error), remedy);
	return false;
}

bool cache_place(struct cache *out, const char *root, const char *name, const char *commit)
{
	const char *slash = strchr(name, '/');
	char folder[512];

	snprintf(folder, sizeof folder, "models--%.*s%s%s", slash ? (int)(slash - name) : (int)strlen(name), name, slash ? "--" : "", slash ? slash + 1 : "");
	return print(out->locks, root, "/.locks/", folder, "") && print(out->model, root, "/", folder, "")
		&& print(out->snapshot, out->model, "/snapshots/", commit, "");
}

/* A folder and those above it. */
static bool make_folders(const char *path)
{
	char copy[HUB_PATH_ROOM];

	if (!print(copy, path, "", "", ""))
		return false;
	for (char *c = copy + 1; ; c++) {
		char at = *c;

		if (at && at != '/')
			continue;
		*c = 0;
		if (mkdir(copy, 0777) && errno != EEXIST)
			return failed(copy, "make this folder");
		*c = at;
		if (!at)
			return true;
	}
}

static bool make_parent(const char *path)
{
	char copy[HUB_PATH_ROOM], *slash;

	if (!print(copy, path, "", "", ""))
		return false;
	slash = strrchr(copy, '/');
	if (slash)
		*slash = 0;
	return make_folders(copy);
}

/* Backup programs leave a folder with this file out. It is no reason to fail. */
static void mark(const char *root)
{
	char path[HUB_PATH_ROOM];
	int fd;

	if (!print(path, root, "/", "CACHEDIR.TAG", "") || (fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) < 0)
		return;
	if (write(fd, tag, sizeof tag - 1) != (ssize_t)sizeof tag - 1)
		unlink(path);
	close(fd);
}

bool cache_make(const struct cache *cache, const char *root)
{
	char blobs[HUB_PATH_ROOM];

	if (!print(blobs, cache->model, "/", "blobs", "") || !make_folders(cache->locks) || !make_folders(blobs) || !make_folders(cache->snapshot))
		return false;
	mark(root);
	return true;
}

bool cache_has(const struct cache *cache, const char *path, int64_t size)
{
	char full[HUB_PATH_ROOM];
	struct stat about;

	return print(full, cache->snapshot, "/", path, "") && stat(full, &about) == 0 && S_ISREG(about.st_mode)
		&& (size < 0 || about.st_size == size);
}

bool cache_has_blob(const struct cache *cache, const char *content, uint64_t size)
{
	char path[HUB_PATH_ROOM];
	struct stat about;

	return print(path, cache->model, "/blobs/", content, "") && lstat(path, &about) == 0 && S_ISREG(about.st_mode)
		&& (uint64_t)about.st_size == size;
}

/* ---- locks -------------------------------------------------------------------------- */

/* Others may delete the file of a lock when they are done: it counts only where it still has its name. */
static bool still_there(int fd, const char *path)
{
	struct stat open, named;

	return fstat(fd, &open) == 0 && stat(path, &named) == 0 && open.st_ino == named.st_ino && open.st_dev == named.st_dev;
}

int cache_lock(const struct cache *cache, const char *content, int *fd)
{
	char path[HUB_PATH_ROOM];

	*fd = -1;
	if (!print(path, cache->locks, "/", content, ".lock"))
		return -1;
	*fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0664);
	if (*fd < 0) {
		failed(path, "open this lock");
		return -1;
	}
	errno = 0;
	if (flock(*fd, LOCK_EX | LOCK_NB) == 0 && still_there(*fd, path))
		return 1;
	/* Some network file systems have no locks: there it goes without, as in the hub's own clients. */
	if (errno == ENOLCK || errno == ENOTSUP || errno == ENOSYS)
		return 1;
	cache_unlock(fd);
	return 0;
}

void cache_unlock(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* ---- contents ----------------------------------------------------------------------- */

int cache_partial(const struct cache *cache, const char *content)
{
	char path[HUB_PATH_ROOM];
	struct stat about;
	int fd;

	if (!print(path, cache->model, "/blobs/", content, ".krait.incomplete"))
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd >= 0 && (fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))) {
		close(fd);
		fd = -1;
		errno = EINVAL;
	}
	if (fd < 0)
		failed(path, "write to this file");
	return fd;
}

bool cache_keep(const struct cache *cache, const char *content, int fd)
{
	char from[HUB_PATH_ROOM], to[HUB_PATH_ROOM];

	if (!print(from, cache->model, "/blobs/", content, ".krait.incomplete") || !print(to, cache->model, "/blobs/", content, ""))
		return false;
	if (fsync(fd) != 0)
		return failed(from, "write it to the disk");
	return rename(from, to) == 0 || failed(to, "rename a file to this");
}

void cache_drop(const struct cache *cache, const char *content)
{
	char path[HUB_PATH_ROOM];

	if (print(path, cache->model, "/blobs/", content, ".krait.incomplete"))
		unlink(path);
}

/* ---- snapshots and references ------------------------------------------------------- */

static bool temporary(char out[HUB_PATH_ROOM], const char *path)
{
	char end[32];

	snprintf(end, sizeof end, ".krait.%ld", (long)getpid());
	return print(out, path, "", "", end);
}

/* Where symbolic links cannot be made, the content itself goes there. */
static bool place(const char *blob, const char *target, const char *path)
{
	char fresh[HUB_PATH_ROOM];

	if (!temporary(fresh, path))
		return false;
	unlink(fresh);
	if (symlink(target, fresh) != 0) {
		if (errno != EPERM && errno != ENOTSUP && errno != ENOSYS)
			return failed(path, "make this link");
		if (link(blob, fresh) != 0 && rename(blob, fresh) != 0)
			return failed(path, "make this file");
	}
	if (rename(fresh, path) == 0)
		return true;
	failed(path, "make this link");
	unlink(fresh);
	return false;
}

bool cache_link(const struct cache *cache, const char *path, const char *content)
{
	char full[HUB_PATH_ROOM], blob[HUB_PATH_ROOM], target[HUB_PATH_ROOM] = "../../";

	for (const char *c = path; *c; c++)
		if (*c == '/' && strlen(target) + 4 < sizeof target)
			strcat(target, "../");
	if (strlen(target) + strlen(content) + 7 >= sizeof target || !print(full, cache->snapshot, "/", path, "")
	    || !print(blob, cache->model, "/blobs/", content, ""))
		return false;
	strcat(target, "blobs/");
	strcat(target, content);
	return make_parent(full) && place(blob, target, full);
}

bool cache_point(const struct cache *cache, const char *revision, const char *commit)
{
	char path[HUB_PATH_ROOM], fresh[HUB_PATH_ROOM];
	size_t n = strlen(commit);
	bool good;
	int fd;

	if (wanted_is_commit(revision))
		return true;
	if (!print(path, cache->model, "/refs/", revision, "") || !temporary(fresh, path) || !make_parent(path))
		return false;
	fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
	if (fd < 0)
		return failed(fresh, "write this file");
	good = write(fd, commit, n) == (ssize_t)n && fsync(fd) == 0;
	if ((close(fd) != 0 || !good || rename(fresh, path) != 0)) {
		failed(path, "write this file");
		unlink(fresh);
		return false;
	}
	return true;
}

uint64_t cache_space(const char *root)
{
	char path[HUB_PATH_ROOM];
	struct statvfs about;

	if (snprintf(path, sizeof path, "%s", root) >= (int)sizeof path)
		return UINT64_MAX;
	/* The folder may not be there yet: then the nearest one above it. */
	while (statvfs(path, &about) != 0) {
		char *slash = strrchr(path, '/');

		if (errno != ENOENT || !slash || slash == path)
			return UINT64_MAX;
		*slash = 0;
	}
	return (uint64_t)about.f_bavail * about.f_frsize;
}
