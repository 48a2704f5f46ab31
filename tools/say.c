/* SPDX-License-Identifier: Apache-2.0 */
/* say.c - messages on stderr, results on stdout, and what a failed write means. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "say.h"

#include "progress.h"
#include "terminal.h"
#include "verbs.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 2048

static bool output_failed, nobody_reads, as_json;

void say_as_json(bool json)
{
	as_json = json;
}

static bool write_object(const char *key, const char *line, int status)
{
	bool named = !strncmp(line, "krait: ", 7);
	json_t *text = json_string(named ? line + 7 : line), *object;
	char *dump;

	object = text ? json_pack("{s:o}", key, text) : NULL;
	if (object && status)
		json_object_set_new(object, "status", json_integer(status));
	dump = object ? json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
	if (dump)
		fprintf(stderr, "%s\n", dump);
	free(dump);
	json_decref(object);
	return dump;
}

static void write_line(int status, const char *format, va_list values)
{
	char line[LINE_SIZE];

	vsnprintf(line, sizeof line, format, values);
	for (char *c = line; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	progress_clear();
	/* Text that is no UTF-8, such as a path, cannot be JSON and is written as it is. */
	if (as_json && write_object(status ? "error" : "note", line, status))
		return;
	if (isatty(STDERR_FILENO))
		terminal_say(status ? "krait: " : "", line, strlen(line));
	else
		fprintf(stderr, "%s%s\n", status ? "krait: " : "", line);
}

int say_failure(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	write_line(STATUS_FAILED, format, values);
	va_end(values);
	return STATUS_FAILED;
}

int say_usage(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	write_line(STATUS_USAGE, format, values);
	va_end(values);
	return STATUS_USAGE;
}

void say_note(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	write_line(0, format, values);
	va_end(values);
}

static bool check(bool good)
{
	int reason = errno;

	if (good || output_failed)
		return good && !output_failed;
	output_failed = true;
	nobody_reads = reason == EPIPE;
	if (!nobody_reads)
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

bool output_json(json_t *value)
{
	size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(9) | (isatty(STDOUT_FILENO) ? JSON_ENSURE_ASCII : 0);
	char *text = json_dumps(value, flags);
	bool good = text && output_format("%s\n", text) && output_flush();

	free(text);
	json_decref(value);
	return good;
}

int output_end(int status)
{
	output_flush();
	if (nobody_reads) {
		signal(SIGPIPE, SIG_DFL);
		raise(SIGPIPE);
	}
	return output_failed && status == STATUS_DONE ? STATUS_FAILED : status;
}
