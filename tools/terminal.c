/* SPDX-License-Identifier: Apache-2.0 */
/* terminal.c - the filter for model text, and colour. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "terminal.h"

#include "say.h"
#include "wrap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Narrower than this, words hardly fit on a line. */
#define COLUMNS_LEAST 20

static bool line_open;
static const char *pending_mark;

/* Length of the well-formed UTF-8 character at `text` (Unicode 15, table 3-7), else 0. */
static size_t character(const unsigned char *text, size_t n)
{
	unsigned char lead = text[0];
	unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
	unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
	size_t size = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;

	if (!size || size > n)
		return 0;
	for (size_t i = 1; i < size; i++)
		if (i == 1 ? text[i] < low || text[i] > high : (text[i] & 0xc0) != 0x80)
			return 0;
	return size;
}

static bool obeyed(const unsigned char *text, size_t size)
{
	if (size == 1)
		return (text[0] < 0x20 && text[0] != '\n' && text[0] != '\t') || text[0] == 0x7f;
	return size == 2 && text[0] == 0xc2 && text[1] < 0xa0;
}

size_t terminal_filter(char *out, const char *text, size_t n)
{
	const unsigned char *in = (const unsigned char *)text;
	size_t n_out = 0;

	for (size_t i = 0; i < n;) {
		size_t size = character(in + i, n - i);

		if (size && !obeyed(in + i, size)) {
			memcpy(out + n_out, text + i, size);
			n_out += size;
		}
		i += size ? size : 1;
	}
	return n_out;
}

size_t terminal_utf8(const char *text, size_t n)
{
	size_t at = 0, size = 1;

	while (at < n && (size = character((const unsigned char *)text + at, n - at)))
		at += size;
	return at;
}

/* Columns of the terminal behind a descriptor; 0 where there is none, or none that takes words back. */
static size_t columns_of(int fd)
{
	const char *term = getenv("TERM");
	struct winsize size;

	if (!isatty(fd) || !term || !strcmp(term, "dumb")
		|| ioctl(fd, TIOCGWINSZ, &size) || size.ws_col < COLUMNS_LEAST)
		return 0;
	return size.ws_col;
}

static bool write_error(const void *data, size_t n)
{
	return fwrite(data, 1, n, stderr) == n;
}

static struct wrap out_wrap = { .write = output_write }, error_wrap = { .write = write_error };

static bool write_filtered(struct wrap *wrap, const char *text, size_t n)
{
	char clean[512];

	while (n) {
		size_t take = n < sizeof clean ? n : sizeof clean;

		/* Never cut inside a character: its first bytes alone would be dropped. */
		while (take < n && take > 1 && ((unsigned char)text[take] & 0xc0) == 0x80)
			take--;
		if (!wrap_write(wrap, clean, terminal_filter(clean, text, take)))
			return false;
		text += take;
		n -= take;
	}
	return true;
}

/* The mark goes before the first text behind it, so that it stands where the text does. */
static void write_mark(void)
{
	const char *mark = pending_mark;

	pending_mark = NULL;
	if (!mark || !isatty(STDOUT_FILENO))
		return;
	output_format("%s%s%s", terminal_colour(STDOUT_FILENO, COLOUR_DIM), mark,
		terminal_colour(STDOUT_FILENO, COLOUR_NONE));
	wrap_skip(&out_wrap, strlen(mark));
}

void terminal_mark(const char *mark)
{
	pending_mark = mark;
}

bool terminal_write(const char *text, size_t n, bool raw)
{
	if (n) {
		write_mark();
		line_open = text[n - 1] != '\n';
	}
	if (raw)
		return output_write(text, n) && output_flush();
	out_wrap.width = columns_of(STDOUT_FILENO);
	return write_filtered(&out_wrap, text, n) && output_flush();
}

void terminal_say(const char *mark, const char *text, size_t n)
{
	if (*mark)
		fprintf(stderr, "%s%s%s", terminal_colour(STDERR_FILENO, COLOUR_DIM), mark,
			terminal_colour(STDERR_FILENO, COLOUR_NONE));
	error_wrap.width = columns_of(STDERR_FILENO);
	wrap_skip(&error_wrap, strlen(mark));
	write_filtered(&error_wrap, text, n);
	write_filtered(&error_wrap, "\n", 1);
}

bool terminal_ends_line(void)
{
	return !line_open;
}

void terminal_part(void)
{
	struct stat out, err;

	if (!line_open)
		return;
	if (isatty(STDERR_FILENO) || (!fstat(STDOUT_FILENO, &out) && !fstat(STDERR_FILENO, &err)
		&& out.st_dev == err.st_dev && out.st_ino == err.st_ino))
		fputc('\n', stderr);
}

const char *terminal_colour(int fd, enum terminal_colour colour)
{
	static const char *const codes[] = {
		[COLOUR_NONE] = "\033[0m",
		[COLOUR_BOLD] = "\033[1m",
		[COLOUR_DIM] = "\033[2m",
		[COLOUR_PROMPT] = "\033[1;32m",
	};
	const char *off = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if ((off && *off) || (term && !strcmp(term, "dumb")) || !isatty(fd))
		return "";
	return codes[colour];
}
