/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "faults.h"
#include "base/file.h"
#include "base/memory.h"

#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

bool faults_slow(void)
{
	const char *preloaded = getenv("LD_PRELOAD");

	return preloaded && strstr(preloaded, "vgpreload");
}

unsigned long faults_next(unsigned long n, unsigned long all)
{
	if (faults_slow())
		return n < 10 ? n + 1 : n * 3 / 2;
	return n < all ? n + 1 : n + 97;
}

/* ---- memory ------------------------------------------------------------------------- */

static atomic_long live;
static atomic_ulong countdown;          /* 0: nothing is to fail */
static atomic_bool memory_failed;

static bool hit(void)
{
	unsigned long n = atomic_load(&countdown);

	while (n && !atomic_compare_exchange_weak(&countdown, &n, n - 1))
		;
	if (n != 1)
		return false;
	atomic_store(&memory_failed, true);
	errno = ENOMEM;
	return true;
}

static void *counted(void *block)
{
	if (block)
		atomic_fetch_add(&live, 1);
	return block;
}

void faults_arm_memory(unsigned long n)
{
	atomic_store(&memory_failed, false);
	atomic_store(&countdown, n);
}

bool faults_disarm_memory(void)
{
	atomic_store(&countdown, 0);
	return atomic_load(&memory_failed);
}

long faults_live(void)
{
	return atomic_load(&live);
}

#if defined(__GLIBC__) && !defined(FAULTS_SANITIZED)

/* Whatever the program is compiled with, shared libraries must find these. */
#pragma GCC visibility push(default)

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

void *malloc(size_t size) { return hit() ? NULL : counted(__libc_malloc(size)); }
void *calloc(size_t count, size_t size) { return hit() ? NULL : counted(__libc_calloc(count, size)); }
void *aligned_alloc(size_t alignment, size_t size) { return hit() ? NULL : counted(__libc_memalign(alignment, size)); }
void *memalign(size_t alignment, size_t size) { return hit() ? NULL : counted(__libc_memalign(alignment, size)); }

int posix_memalign(void **out, size_t alignment, size_t size)
{
	void *block = hit() ? NULL : counted(__libc_memalign(alignment, size));

	if (block)
		*out = block;
	return block ? 0 : ENOMEM;
}

void free(void *block)
{
	if (block)
		atomic_fetch_sub(&live, 1);
	__libc_free(block);
}

void *realloc(void *block, size_t size)
{
	void *more;

	if (!block)
		return malloc(size);
	if (size == 0) {
		free(block);
		return NULL;
	}
	more = hit() ? NULL : __libc_realloc(block, size);
	return more;
}

#pragma GCC visibility pop

static void watch_memory(void)
{
}

#else

static void *watch_resize(void *block, size_t size)
{
	void *more = hit() ? NULL : realloc(block, size);

	if (more && !block)
		counted(more);
	return more;
}

static void *watch_aligned(size_t alignment, size_t size) { return hit() ? NULL : counted(aligned_alloc(alignment, size)); }

static void watch_release(void *block)
{
	if (block)
		atomic_fetch_sub(&live, 1);
	free(block);
}

static void watch_memory(void)
{
	krait__allocator = (struct krait__allocator){ watch_resize, watch_aligned, watch_release };
}

#endif

/* ---- files -------------------------------------------------------------------------- */

static struct krait__file_operations real;
static unsigned long n_operations, file_target;
static enum file_fault file_fault;
static bool file_failed;

/* True when this operation is to fail altogether. */
static bool fails(bool transfers)
{
	n_operations++;
	if (!file_target || n_operations != file_target || file_fault == FILE_SHORT || (file_fault == FILE_INTERRUPT && !transfers))
		return false;
	file_failed = true;
	errno = file_fault == FILE_INTERRUPT ? EINTR : EIO;
	return true;
}

static size_t shorter(size_t size)
{
	if (!file_target || file_fault != FILE_SHORT || n_operations < file_target || size < 2)
		return size;
	file_failed = true;
	return size / 2 + 1;
}

static int fail_open(const char *path, int flags, mode_t mode) { return fails(false) ? -1 : real.open(path, flags, mode); }
static int fail_stat_open(int fd, struct stat *out) { return fails(false) ? -1 : real.stat_open(fd, out); }
static int fail_stat_path(const char *path, struct stat *out) { return fails(false) ? -1 : real.stat_path(path, out); }
static ssize_t fail_read_at(int fd, void *out, size_t size, off_t offset) { return fails(true) ? -1 : real.read_at(fd, out, shorter(size), offset); }
static void *fail_map(size_t size, int fd) { return fails(false) ? NULL : real.map(size, fd); }
static int fail_sync(int fd) { return fails(false) ? -1 : real.sync(fd); }
static int fail_rename(const char *from, const char *to) { return fails(false) ? -1 : real.rename(from, to); }
static int fail_change_mode(int fd, mode_t mode) { return fails(false) ? -1 : real.change_mode(fd, mode); }
static int fail_remove(const char *path) { return fails(false) ? -1 : real.remove(path); }
static DIR *fail_open_folder(const char *path) { return fails(false) ? NULL : real.open_folder(path); }

static ssize_t fail_write(int fd, const void *data, size_t size)
{
	if (!fails(true))
		return real.write(fd, data, shorter(size));
	if (file_fault == FILE_ERROR)
		errno = ENOSPC;
	return -1;
}

/* A descriptor is gone also when closing it reports an error. */
static int fail_close(int fd)
{
	bool failed = fails(false);
	int result = real.close(fd);

	if (failed)
		errno = EIO;
	return failed ? -1 : result;
}

static int fail_unmap(void *data, size_t size)
{
	bool failed = fails(false);
	int result = real.unmap(data, size);

	return failed ? -1 : result;
}

/* Once in a process: with CK_FORK=no all tests share one. */
void faults_begin(void)
{
	if (krait__files.open == fail_open)
		return;
	watch_memory();
	real = krait__files;
	krait__files = (struct krait__file_operations){
		.open = fail_open, .close = fail_close, .stat_open = fail_stat_open, .stat_path = fail_stat_path,
		.read_at = fail_read_at, .write = fail_write, .map = fail_map, .unmap = fail_unmap, .sync = fail_sync,
		.change_mode = fail_change_mode, .rename = fail_rename, .remove = fail_remove, .open_folder = fail_open_folder,
	};
}

void faults_arm_files(unsigned long n, enum file_fault fault)
{
	n_operations = 0;
	file_target = n;
	file_fault = fault;
	file_failed = false;
}

/* The n-th operation may be one that this fault does not touch; what counts is that it came. */
bool faults_disarm_files(void)
{
	bool reached = n_operations >= file_target;

	file_target = 0;
	return reached || file_failed;
}

int faults_count_files(const char *folder)
{
	DIR *list = opendir(folder);
	int n = 0;

	for (const struct dirent *entry; list && (entry = readdir(list)); )
		n += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
	if (list)
		closedir(list);
	return n;
}

int faults_open_files(void)
{
	return faults_count_files("/proc/self/fd");
}
