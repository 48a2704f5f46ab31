/* SPDX-License-Identifier: Apache-2.0 */
/* say.c - messages on stderr, results on stdout, and what a failed write means. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "say.h"

#include "progress.h"
#include "verbs.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LINE_SIZE 2048

static bool output_failed;

static void write_line(const char *start, const char *format, va_list values)
{
	char line[LINE_SIZE];

	vsnprintf(line, sizeof line, format, values);
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	progress_clear();
	fprintf(stderr, "%s%s\n", start, line);
}

int say_failure(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	write_line("krait: ", format, values);
	va_end(values);
	return STATUS_FAILED;
}

int say_usage(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	write_line("krait: ", format, values);
	va_end(values);
	return STATUS_USAGE;
}

void say_note(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	write_line("", format, values);
	va_end(values);
}

static bool check(bool good)
{
	int reason = errno;

	if (good || output_failed)
		return good && !output_failed;
	output_failed = true;
	if (reason != EPIPE)
		say_failure("cannot write the output: %s", strerror(reason));
	return false;
}

bool output_write(const void *data, size_t n)
{
	progress_clear();
	return check(!n || fwrite(data, 1, n, stdout) == n);
}

bool output_format(const char *format, ...)
{
	va_list values;
	int n;

	progress_clear();
	va_start(values, format);
	n = vfprintf(stdout, format, values);
	va_end(values);
	return check(n >= 0);
}

bool output_flush(void)
{
	return check(fflush(stdout) == 0);
}

int output_end(int status)
{
	output_flush();
	return output_failed && status == STATUS_DONE ? STATUS_FAILED : status;
}
