/* SPDX-License-Identifier: Apache-2.0 */
/* file.h - every file operation of the library goes through one table, so that tests
 * can fail the n-th of them. */
#ifndef KRAIT_BASE_FILE_H
#define KRAIT_BASE_FILE_H

#include "base/why.h"

#include <dirent.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* The system calls, with their contracts (errno included). */
struct krait__file_operations {
	int (*open)(const char *path, int flags, mode_t mode);
	int (*close)(int fd);
	int (*stat_open)(int fd, struct stat *out);
	int (*stat_path)(const char *path, struct stat *out);
	ssize_t (*read_at)(int fd, void *out, size_t size, off_t offset);
	ssize_t (*write)(int fd, const void *data, size_t size);
	void *(*map)(size_t size, int fd);                      /* private, read only, from 0; NULL: errno */
	int (*unmap)(void *data, size_t size);
	int (*sync)(int fd);
	int (*change_mode)(int fd, mode_t mode);
	int (*rename)(const char *from, const char *to);
	int (*remove)(const char *path);
	DIR *(*open_folder)(const char *path);
};
extern struct krait__file_operations krait__files;

/* The whole of a file in memory: mapped, or read into a block of our own. */
struct file_view {
	const unsigned char *data;      /* not NULL after success, also for an empty file */
	size_t size;
	bool mapped;
};

/* Opens a regular file. `map` false reads it. NOT_FOUND, IO, MEMORY; `limit` (0: none) is the
 * largest size in bytes that is taken, else FORMAT. The error names the path. */
krait_status krait__file_view(struct file_view *out, const char *path, bool map, uint64_t limit, struct why *why);
/* The same for a file in a folder, named by one path component (refused otherwise, FORMAT);
 * symbolic links are followed only if they lead to a regular file. */
krait_status krait__file_view_in(struct file_view *out, const char *folder, const char *name, bool map, uint64_t limit, struct why *why);
void krait__file_close(struct file_view *view);

/* The first `n` bytes of a regular file, or fewer where it is shorter, and its size. */
krait_status krait__file_head(void *out, size_t n, uint64_t *size, const char *path, struct why *why);

/* A small text file, zero-terminated copy; *out NULL and KRAIT_OK when `missing_ok` and there is none. */
krait_status krait__file_text(char **out, size_t *n_out, const char *folder, const char *name, uint64_t limit, bool missing_ok, struct why *why);

/* Writes parts one after another into a temporary file beside `path`, syncs, renames over
 * `path`, syncs the folder. On any error the old file is whole and the temporary one gone. A file that
 * was there keeps its permissions; behind a symbolic link the file is replaced, not the link,
 * and made where the link leads to when there is none yet. */
struct file_part { const void *data; size_t size; };
krait_status krait__file_replace(const char *path, const struct file_part *parts, size_t n_parts, struct why *why);

/* The names in a folder but "." and "..", sorted. */
struct file_names { char **names; size_t n; };
krait_status krait__file_names(struct file_names *out, const char *folder, struct why *why);
void krait__file_names_free(struct file_names *names);

bool krait__file_name_ok(const char *name);     /* one path component, not hidden behind "." or ".." */
char *krait__file_join(const char *folder, const char *name);  /* NULL: no memory */

#endif
