/* SPDX-License-Identifier: Apache-2.0 */
/* files.c - whole files and standard input as text in memory. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "files.h"

#include "interrupt.h"
#include "say.h"
#include "verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool text_add(struct text *text, const void *data, size_t n)
{
	if (text->room - text->n <= n) {
		size_t room = (text->n + n + 1) * 2;
		char *more = realloc(text->data, room);

		if (!more) {
			say_failure("out of memory");
			return false;
		}
		text->data = more;
		text->room = room;
	}
	if (n)
		memcpy(text->data + text->n, data, n);
	text->n += n;
	text->data[text->n] = 0;
	return true;
}

void text_free(struct text *text)
{
	free(text->data);
	*text = (struct text){ 0 };
}

static int read_all(struct text *out, int fd, const char *name)
{
	char block[16384];

	for (;;) {
		ssize_t n = read(fd, block, sizeof block);

		if (n == 0)
			return text_add(out, "", 0) ? -1 : STATUS_FAILED;
		if (n < 0 && errno == EINTR && !interrupt_seen())
			continue;
		if (n < 0 && errno == EINTR)
			return STATUS_INTERRUPTED;
		if (n < 0)
			return say_failure("%s: cannot be read: %s", name, strerror(errno));
		if (!text_add(out, block, (size_t)n))
			return STATUS_FAILED;
	}
}

int files_read(struct text *out, const char *path)
{
	bool standard = !strcmp(path, "-");
	int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	int status;

	if (fd < 0)
		return say_failure("%s: cannot be opened: %s", path, strerror(errno));
	status = read_all(out, fd, standard ? "standard input" : path);
	if (!standard)
		close(fd);
	if (status >= 0)
		text_free(out);
	return status;
}

int files_writable(const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[4096] = ".";
	struct stat about;

	if (slash && (size_t)(slash - path) + 2 > sizeof folder)
		return say_failure("%s: the path is too long", path);
	if (slash) {
		memcpy(folder, path, (size_t)(slash - path) + 1);
		folder[slash - path + 1] = 0;
	}
	if (stat(folder, &about))
		return say_failure("%s: cannot be written: the folder %s: %s", path, folder, strerror(errno));
	if (!S_ISDIR(about.st_mode))
		return say_failure("%s: cannot be written: %s is no folder", path, folder);
	if (access(folder, W_OK | X_OK))
		return say_failure("%s: cannot be written: the folder %s: %s", path, folder, strerror(errno));
	if (!stat(path, &about) && S_ISDIR(about.st_mode))
		return say_failure("%s: cannot be written: it is a folder", path);
	return -1;
}
