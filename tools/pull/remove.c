/* SPDX-License-Identifier: Apache-2.0 */
/* remove.c - `krait rm`: a model, or one revision of it, out of the cache that hub clients share. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "interrupt.h"
#include "krait.h"
#include "options.h"
#include "say.h"
#include "sizes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_ROOM 4096
#define COMMIT_SIZE 40

/* What is to go. */
struct removal {
	const char *name;               /* as it was given */
	char model[PATH_ROOM], locks[PATH_ROOM];
	char revision[256];             /* "" for all of them */
	char commit[COMMIT_SIZE + 1];   /* of that revision */
};

static bool join(char out[PATH_ROOM], const char *folder, const char *name)
{
	int n = snprintf(out, PATH_ROOM, "%s/%s", folder, name);

	return n > 0 && n < PATH_ROOM;
}

static bool failed(const char *path)
{
	say_failure("%s: cannot be removed: %s", path, strerror(errno));
	return false;
}

/* Calls `each` for everything in a folder; a folder that is not there is empty. False as soon as `each` says so. */
static bool for_each(const char *folder, bool (*each)(const char *path, const char *name, void *user), void *user)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	char path[PATH_ROOM];
	bool good = true;

	if (!dir)
		return errno == ENOENT || failed(folder);
	while (good && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 && join(path, folder, entry->d_name))
			good = each(path, entry->d_name, user);
	closedir(dir);
	return good;
}

/* A link is removed, and what it leads to stays. */
static bool remove_tree(const char *path, const char *name, void *user)
{
	struct stat about;

	(void)name;
	if (lstat(path, &about) != 0)
		return errno == ENOENT || failed(path);
	if (!S_ISDIR(about.st_mode))
		return unlink(path) == 0 || errno == ENOENT || failed(path);
	return for_each(path, remove_tree, user) && (rmdir(path) == 0 || errno == ENOENT || failed(path));
}

/* ---- what is used ------------------------------------------------------------------- */

static bool is_commit(const char *text)
{
	return strlen(text) == COMMIT_SIZE && strspn(text, "0123456789abcdef") == COMMIT_SIZE;
}

struct blob {
	const char *name;
	bool used;
};

/* Whether a snapshot's file, at any depth, is a link to the blob. */
static bool look_for_blob(const char *path, const char *name, void *user)
{
	struct blob *blob = user;
	char target[PATH_ROOM];
	const char *last;
	struct stat about;
	ssize_t n;

	(void)name;
	if (lstat(path, &about) != 0)
		return true;
	if (S_ISDIR(about.st_mode))
		return for_each(path, look_for_blob, user);
	n = S_ISLNK(about.st_mode) ? readlink(path, target, sizeof target - 1) : -1;
	if (n < 0)
		return true;
	target[n] = 0;
	last = strrchr(target, '/');
	blob->used = blob->used || !strcmp(last ? last + 1 : target, blob->name);
	return true;
}

static bool remove_unused(const char *path, const char *name, void *user)
{
	const struct removal *removal = user;
	struct blob blob = { name, false };
	char snapshots[PATH_ROOM];

	if (!join(snapshots, removal->model, "snapshots") || !for_each(snapshots, look_for_blob, &blob))
		return false;
	return blob.used || unlink(path) == 0 || errno == ENOENT || failed(path);
}

static bool read_commit(char out[COMMIT_SIZE + 1], const char *path)
{
	FILE *file = fopen(path, "re");

	out[0] = 0;
	if (!file)
		return false;
	out[fread(out, 1, COMMIT_SIZE, file)] = 0;
	fclose(file);
	return is_commit(out);
}

/* Names of revisions, at any depth, that lead to the commit. */
static bool remove_reference(const char *path, const char *name, void *user)
{
	const struct removal *removal = user;
	char commit[COMMIT_SIZE + 1];
	struct stat about;

	(void)name;
	if (lstat(path, &about) == 0 && S_ISDIR(about.st_mode))
		return for_each(path, remove_reference, user);
	if (!read_commit(commit, path) || strcmp(commit, removal->commit) != 0)
		return true;
	return unlink(path) == 0 || errno == ENOENT || failed(path);
}

static bool count(const char *path, const char *name, void *user)
{
	(void)path, (void)name;
	++*(size_t *)user;
	return true;
}

/* ---- removing ----------------------------------------------------------------------- */

static bool remove_all(struct removal *removal)
{
	return remove_tree(removal->model, "", NULL) && remove_tree(removal->locks, "", NULL);
}

static bool remove_revision(struct removal *removal)
{
	char path[PATH_ROOM], snapshots[PATH_ROOM];
	size_t n_left = 0;

	if (!join(snapshots, removal->model, "snapshots") || !join(path, snapshots, removal->commit) || !remove_tree(path, "", NULL))
		return false;
	if (!for_each(snapshots, count, &n_left))
		return false;
	if (!n_left)
		return remove_all(removal);
	return join(path, removal->model, "refs") && for_each(path, remove_reference, removal)
		&& join(path, removal->model, "blobs") && for_each(path, remove_unused, removal);
}

/* A lock that somebody holds is a file that somebody fetches. */
static bool is_free(const char *path, const char *name, void *user)
{
	int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	bool held = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;

	(void)name, (void)user;
	if (fd >= 0)
		close(fd);
	return !held;
}

/* ---- asking ------------------------------------------------------------------------- */

static bool add_size(const char *path, const char *name, void *user)
{
	struct stat about;

	(void)name;
	if (lstat(path, &about) == 0 && S_ISREG(about.st_mode))
		*(double *)user += (double)about.st_blocks * 512;
	return true;
}

static bool agreed(const struct removal *removal)
{
	char blobs[PATH_ROOM], room[SIZES_ROOM], answer[16];
	double bytes = 0;

	if (join(blobs, removal->model, "blobs"))
		for_each(blobs, add_size, &bytes);
	fprintf(stderr, "remove %s%s (%s%s in %s)? [y/N] ", removal->name, removal->revision[0] ? "" : ", all of its revisions", removal->revision[0] ? "of " : "",
		sizes_bytes(room, bytes), removal->model);
	fflush(stderr);
	return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y') && !interrupt_seen();
}

/* ---- finding ------------------------------------------------------------------------ */

/* A component of a path, none that leads elsewhere. */
static bool part_ok(const char *text, size_t n)
{
	return n && n < 200 && text[0] != '.' && !memchr(text, '\\', n) && !memchr(text, ':', n);
}

static bool name_ok(const char *name, size_t n)
{
	size_t first = strcspn(name, "/@");

	if (first >= n)
		return part_ok(name, n);
	return part_ok(name, first) && part_ok(name + first + 1, n - first - 1) && !memchr(name + first + 1, '/', n - first - 1);
}

static bool revision_ok(const char *revision)
{
	while (*revision) {
		size_t n = strcspn(revision, "/");

		if (!part_ok(revision, n))
			return false;
		revision += n + (revision[n] == '/');
	}
	return true;
}

/* The commit that the revision names. */
static int find_commit(struct removal *out)
{
	char refs[PATH_ROOM], path[PATH_ROOM];

	if (is_commit(out->revision)) {
		memcpy(out->commit, out->revision, sizeof out->commit);
		return -1;
	}
	if (!join(refs, out->model, "refs") || !join(path, refs, out->revision) || !read_commit(out->commit, path))
		return say_failure("%s: no such revision is here", out->name);
	return -1;
}

static int find(struct removal *out, const char *name, const char *cache)
{
	size_t n = strcspn(name, "@"), first = strcspn(name, "/@");
	char folder[512], path[PATH_ROOM];
	struct stat about;

	memset(out, 0, sizeof *out);
	out->name = name;
	if (strlen(name) >= sizeof out->revision || !name_ok(name, n) || (name[n] && (!name[n + 1] || !revision_ok(name + n + 1))))
		return say_usage("'%s' is no name of a model on a hub: 'organisation/name' is, or 'organisation/name@revision'", name);
	snprintf(out->revision, sizeof out->revision, "%s", name[n] ? name + n + 1 : "");
	snprintf(folder, sizeof folder, "models--%.*s%s%.*s", (int)first, name, first < n ? "--" : "", first < n ? (int)(n - first - 1) : 0, name + first + 1 - (first == n));
	if (!join(out->model, cache, folder) || !join(path, cache, ".locks") || !join(out->locks, path, folder))
		return say_failure("%s: the path is too long", cache);
	if (lstat(out->model, &about) != 0 || !S_ISDIR(about.st_mode))
		return say_failure("there is no %.*s in %s; 'krait list' tells what there is, and what is installed elsewhere is not krait's to remove", (int)n, name, cache);
	return out->revision[0] ? find_commit(out) : -1;
}

static int remove_model(struct removal *removal, bool yes)
{
	if (!for_each(removal->locks, is_free, NULL))
		return say_failure("%s is being fetched right now: remove it when that is done", removal->name);
	if (!yes && (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)))
		return say_usage("rm: there is no terminal to ask on: --yes removes %s without a question", removal->name);
	if (!yes && !agreed(removal)) {
		say_note("%s stays", removal->name);
		return interrupt_seen() ? STATUS_INTERRUPTED : STATUS_FAILED;
	}
	if (!(removal->revision[0] ? remove_revision(removal) : remove_all(removal)))
		return STATUS_FAILED;
	say_note("removed %s", removal->name);
	return STATUS_DONE;
}

int verb_rm(const struct verb *verb, int argc, char **argv)
{
	struct common common = { 0 };
	bool yes = false;
	const struct option_row rows[] = {
		{ "yes", 'y', OPTION_FLAG, &yes, NULL, "ask nothing", 0, 0 },
	};
	const struct option_group groups[] = { { NULL, rows, 1 } };
	struct removal removal;
	krait_installed *installed;
	int first, status = options_parse(verb, groups, 1, &common, argc, argv, &first);

	if (status >= 0)
		return status;
	if (argc != first + 1)
		return say_usage("rm: one model is needed: 'krait rm organisation/name'");
	if (krait_installed_open(&installed) != KRAIT_OK)
		return say_failure("out of memory");
	if (!krait_installed_cache(installed))
		status = say_failure("no folder of fetched models is known: set HF_HUB_CACHE or HOME");
	else
		status = find(&removal, argv[first], krait_installed_cache(installed));
	if (status < 0)
		status = remove_model(&removal, yes);
	krait_installed_free(installed);
	return status;
}
