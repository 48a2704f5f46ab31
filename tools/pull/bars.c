/* SPDX-License-Identifier: Apache-2.0 */
/* bars.c - "model.safetensors    [######------]  52 %  1.4 GiB of 2.7 GiB  35 MiB/s  0:38". */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "pull/bars.h"

#include "sizes.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* All of it within 80 columns. */
#define NAME_WIDTH 20
#define WIDTH 12
#define LINE_ROOM 256

static int columns(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

/* The end of a long name says more than its beginning. Bytes of no letter are shown as such. */
static void short_name(char out[NAME_WIDTH + 4], const char *name)
{
	size_t n = strlen(name), skip = n > NAME_WIDTH ? n - NAME_WIDTH + 2 : 0;

	snprintf(out, NAME_WIDTH + 4, "%s%s", skip ? ".." : "", name + skip);
	for (char *c = out; *c; c++)
		if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
			*c = '?';
}

static void time_left(char *out, size_t n_out, double seconds)
{
	unsigned long s = seconds < 359999 ? (unsigned long)(seconds + 0.5) : 359999;

	if (s >= 3600)
		snprintf(out, n_out, "%lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
	else
		snprintf(out, n_out, "%lu:%02lu", s / 60, s % 60);
}

int bars_draw(const char *name, uint64_t done, uint64_t total, double per_second)
{
	char shown[NAME_WIDTH + 4], marks[WIDTH + 1], line[LINE_ROOM], had[SIZES_ROOM], all[SIZES_ROOM], speed[SIZES_ROOM], left[40];
	double share = total ? (double)done / (double)total : 0;
	int width = columns(), n;

	short_name(shown, name);
	for (int i = 0; i < WIDTH; i++)
		marks[i] = i < (int)(share * WIDTH + 0.5) ? '#' : '-';
	marks[WIDTH] = 0;
	n = snprintf(line, sizeof line, "%-*s [%s] %3d %%  %s of %s", NAME_WIDTH, shown, marks, (int)(share * 100), sizes_bytes(had, (double)done),
		sizes_bytes(all, (double)total));
	if (per_second > 0 && n > 0 && n < LINE_ROOM) {
		time_left(left, sizeof left, (double)(total - done) / per_second);
		snprintf(line + n, sizeof line - (size_t)n, "  %s/s  %s", sizes_bytes(speed, per_second), left);
	}
	/* A line that wraps could not be taken away again. */
	if (width > 1 && width < LINE_ROOM)
		line[width - 1] = 0;
	fprintf(stderr, "%s\n", line);
	return 1;
}

void bars_clear(int n)
{
	if (!n)
		return;
	for (int i = 0; i < n; i++)
		fputs("\033[A\033[2K", stderr);
	fputc('\r', stderr);
	fflush(stderr);
}
