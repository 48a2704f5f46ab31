/* SPDX-License-Identifier: Apache-2.0 */
/* processors.c - how many threads are of use to this process: the processors that it may run on, and the share of
 * their time that its control group grants, as containers set it. More threads than that only wait for each other. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/pool.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LISTING 4096            /* bytes of the list of groups, a line for each of a dozen hierarchies */

/* The beginning of a file whose size nobody knows before it was read, as the kernel's are. False: there is none. */
static bool read_some(char *out, size_t room, const char *path)
{
	int fd = krait__files.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
	size_t at = 0;

	if (fd < 0)
		return false;
	while (at + 1 < room) {
		ssize_t n = krait__files.read_at(fd, out + at, room - 1 - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	krait__files.close(fd);
	out[at] = 0;
	return at > 0;
}

/* A hierarchy of groups: where it is mounted, and this process's group in it. */
struct hierarchy {
	const char *root, *mount, *group;
	bool unified;
};

static bool read_limit(char *out, size_t room, const struct hierarchy *in, size_t n_group, const char *name)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s/sys/fs/cgroup%s%.*s/%s", in->root, in->mount, (int)n_group, in->group, name);

	return n > 0 && (size_t)n < sizeof(path) && read_some(out, room, path);
}

/* The processors that one group grants, a part of one counted as a whole one; UINT_MAX where it sets no limit. */
static unsigned granted(const struct hierarchy *in, size_t n_group)
{
	char text[64], *behind;
	long long quota, period;

	if (!read_limit(text, sizeof(text), in, n_group, in->unified ? "cpu.max" : "cpu.cfs_quota_us"))
		return UINT_MAX;
	quota = strtoll(text, &behind, 10);     /* "max" and -1 stand for no limit */
	if (quota <= 0)
		return UINT_MAX;
	if (!in->unified && !read_limit(behind = text, sizeof(text), in, n_group, "cpu.cfs_period_us"))
		return UINT_MAX;
	period = strtoll(behind, NULL, 10);
	if (period <= 0 || quota / period >= UINT_MAX)
		return UINT_MAX;
	return (unsigned)(quota / period + (quota % period != 0));
}

/* The least that the group and those around it grant. In a container the list may name a group as the host sees it:
 * its folders are missing then, and the outermost one is the container's own. */
static unsigned least(const struct hierarchy *in)
{
	size_t n = strstr(in->group, "/..") ? 0 : strlen(in->group);
	unsigned most = UINT_MAX;

	for (;;) {
		unsigned one;

		while (n && in->group[n - 1] == '/')
			n--;
		one = granted(in, n);
		most = one < most ? one : most;
		if (!n)
			return most;
		while (n && in->group[n - 1] != '/')
			n--;
	}
}

static bool names_cpu(const char *controllers)
{
	size_t n;

	for (; *controllers; controllers += n + (controllers[n] == ',')) {
		n = strcspn(controllers, ",");
		if (n == 3 && memcmp(controllers, "cpu", 3) == 0)
			return true;
	}
	return false;
}

/* A line is "number:controllers:group", without controllers for the unified hierarchy. */
static unsigned of_line(const char *root, char *line)
{
	static const char *const mounts[] = { "/cpu", "/cpu,cpuacct", "/cpuacct,cpu" };
	char *controllers = strchr(line, ':'), *group = controllers ? strchr(controllers + 1, ':') : NULL;
	unsigned most = UINT_MAX;

	if (!group)
		return most;
	controllers++;
	*group++ = 0;
	if (!*controllers)
		return least(&(struct hierarchy){ root, "", group, true });
	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]) && names_cpu(controllers) && most == UINT_MAX; i++)
		most = least(&(struct hierarchy){ root, mounts[i], group, false });
	return most;
}

unsigned krait__group_processors(const char *root)
{
	char list[LISTING], path[PATH_MAX], *line, *next;
	unsigned most = UINT_MAX;

	if ((size_t)snprintf(path, sizeof(path), "%s/proc/self/cgroup", root) >= sizeof(path)
		|| !read_some(list, sizeof(list), path))
		return most;
	for (line = list; *line; line = next) {
		unsigned one;

		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = 0;
		one = of_line(root, line);
		most = one < most ? one : most;
	}
	return most;
}

static unsigned allowed(void)
{
	long n;
#ifdef CPU_COUNT
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0)
		return (unsigned)CPU_COUNT(&set);
#endif
	n = sysconf(_SC_NPROCESSORS_ONLN);
	return n > 0 ? (unsigned)n : 1;
}

unsigned krait__pool_processors(void)
{
	unsigned n = allowed(), granted_to_us = krait__group_processors("");

	return n < granted_to_us ? n : granted_to_us;
}
