/* SPDX-License-Identifier: Apache-2.0 */
/* replies.c - what a hub answers krait pull, and what is asked of it: nothing of it leads out of the cache. The input is
 * texts, each behind a line "== head", "== list" or "== name". */
#include "fuzz.h"

#include "pull/listing.h"
#include "pull/reply.h"
#include "pull/wanted.h"
#include "say.h"
#include "verbs.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char sound[] =
	"== head\nHTTP/1.1 302 Found\nX-Repo-Commit: 0123456789abcdef0123456789abcdef01234567\n"
	"X-Linked-Etag: \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\"\nX-Linked-Size: 1234\n"
	"ETag: W/\"0123456789abcdef0123456789abcdef01234567\"\nContent-Range: bytes 5-9/10\nRetry-After: 3\n"
	"Location: https://example.org/x\nX-Error-Code: GatedRepo\nX-Error-Message: sign it\nContent-Length: 5\n"
	"== list\n{\"sha\":\"0123456789abcdef0123456789abcdef01234567\",\"siblings\":[{\"rfilename\":\"config.json\",\"size\":12,"
	"\"blobId\":\"0123456789abcdef0123456789abcdef01234567\"},{\"rfilename\":\"a/b.bin\",\"size\":9000000000,\"lfs\":{\"sha256\":"
	"\"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\",\"size\":9000000000}}]}\n"
	"== name\nhavenhq/mamba-chat@refs/pr/1:model.gguf\n";

static const char *const words[] = {
	"..", "../", "a/../../b", "/etc/passwd", "a//b", "a\\\\b", "/", "\\", "\\u0000", "\\n", "\x1b[31m", "\n", "\r", ":", "@", "null", "-1", "1e9", "[]", "{}", "\"rfilename\":\"..\"",
	"\"rfilename\":\"/etc/passwd\"", "\"sha\":\"\"", "18446744073709551616", "HTTP/1.1 200\n", "ETag: \"\"\n", "W/", "\"", ".git", "--",
	"0", "0123456789abcdef", "Content-Range: bytes 9-5/4\n", "Retry-After: -1\n", "X-Error-Code: EntryNotFound\n", "0123456789abcdef0123456789abcdef01234567",
};

/* Another path in the place of a file's. */
static size_t swap_path(uint8_t *data, size_t n, size_t most, unsigned *seed)
{
	static const char *const paths[] = { "..", "../x", "a/../../b", "/etc/passwd", "a//b", "a/", "./a", "a\\\\..", "a\\u000ab", "config.json" };
	static const char key[] = "\"rfilename\":\"";
	size_t skip = fuzz_random(seed) % 2;

	for (size_t at = 0; at + sizeof(key) <= n; at++)
		if (memcmp(data + at, key, sizeof(key) - 1) == 0 && !skip--)
			return fuzz_swap(data, n, most, at + sizeof(key) - 1, "\"\n", paths[fuzz_random(seed) % (sizeof(paths) / sizeof(paths[0]))]);
	return n;
}

static size_t mutate(uint8_t *data, size_t n, size_t most, unsigned seed)
{
	/* From the beginning now and then: what was changed often is refused at its first byte. */
	if ((n < 2 || fuzz_random(&seed) % 2) && sizeof(sound) - 1 <= most) {
		memcpy(data, sound, sizeof(sound) - 1);
		n = sizeof(sound) - 1;
	}
	switch (fuzz_random(&seed) % 3) {
	case 0:
		return swap_path(data, n, most, &seed);
	case 1:
		return fuzz_swap(data, n, most, fuzz_random(&seed) % (n + 1), "\"\n ", words[fuzz_random(&seed) % (sizeof(words) / sizeof(words[0]))]);
	default:
		break;
	}
	return fuzz_mutate_text(data, n, most, seed, words, sizeof(words) / sizeof(words[0]));
}

/* The command's messages, which go nowhere here. say.c makes controls harmless; what is left is to be text. */
static void said(const char *format, va_list values)
{
	char line[2048];

	vsnprintf(line, sizeof(line), format, values);
	if (!line[0])
		fuzz_broken("an empty message");
}

int say_failure(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	said(format, values);
	va_end(values);
	return STATUS_FAILED;
}

int say_usage(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	said(format, values);
	va_end(values);
	return STATUS_USAGE;
}

void say_note(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	said(format, values);
	va_end(values);
}

/* ---- what must hold ------------------------------------------------------------------ */

/* A path that stays where it begins, told in another way than the command does. */
static void check_path(const char *what, const char *path)
{
	char padded[1024];

	if (snprintf(padded, sizeof(padded), "/%s/", path) >= (int)sizeof(padded) || strstr(padded, "//") || strstr(padded, "/../")
		|| strstr(padded, "/./") || strchr(padded, '\\'))
		fuzz_broken("%s: the path '%s' leads elsewhere", what, path);
}

static void check_hex(const char *what, const char *text, size_t n, size_t other)
{
	size_t n_text = strlen(text);

	if (strspn(text, "0123456789abcdef") != n_text || (n_text != n && n_text != other))
		fuzz_broken("%s: '%s' is no check sum", what, text);
}

static void use_head(const char *text, size_t n)
{
	static const char *const ends[] = { "config.json", "the list of files" };
	struct reply reply;
	char content[65], problem[1200];

	reply_clear(&reply);
	while (n) {
		const char *end = memchr(text, '\n', n);
		size_t n_line = end ? (size_t)(end - text) + 1 : n;

		reply_line(&reply, text, n_line);
		text += n_line;
		n -= n_line;
	}
	if (reply_content(content, &reply))
		check_hex("reply_content", content, 40, 64);
	if (reply.ranged && reply.range_first >= reply.range_total)
		fuzz_broken("a range from %llu of %llu", (unsigned long long)reply.range_first, (unsigned long long)reply.range_total);
	if (reply.size < -1 || reply.linked_size < -1 || reply.retry_after < 0 || reply_pause(&reply, 3) > 3600)
		fuzz_broken("a size or a pause that there is not");
	for (int i = 0; i < 2; i++)
		reply_problem(problem, sizeof(problem), &reply, "some/model", ends[i], "https://example.org", i);
}

static void use_list(const char *text, size_t n)
{
	struct listing listing;

	if (listing_read(&listing, text, n, "some/model") >= 0)
		return;
	check_hex("sha", listing.commit, 40, 40);
	for (size_t i = 0; i < listing.n; i++) {
		check_path("rfilename", listing.files[i].path);
		if (listing.files[i].content[0])
			check_hex("content", listing.files[i].content, 40, 64);
		if (listing.files[i].size < -1 || listing_find(&listing, listing.files[i].path) != &listing.files[i])
			fuzz_broken("a size below nothing, or a path that is there twice");
	}
	listing_free(&listing);
}

static void use_name(const char *text, size_t n)
{
	struct wanted wanted;
	char copy[2048];

	if (n >= sizeof(copy))
		return;
	memcpy(copy, text, n);
	copy[n] = 0;
	copy[strcspn(copy, "\n")] = 0;
	if (wanted_parse(&wanted, copy) >= 0)
		return;
	check_path("name", wanted.name);
	check_path("revision", wanted.revision);
	if (wanted.file[0])
		check_path("file", wanted.file);
}

static void use_part(void *user, const char *name, const char *text, size_t n)
{
	(void)user;
	if (!strcmp(name, "head"))
		use_head(text, n);
	else if (!strcmp(name, "list"))
		use_list(text, n);
	else if (!strcmp(name, "name"))
		use_name(text, n);
}

static void run(const uint8_t *data, size_t n)
{
	fuzz_parts(data, n, use_part, NULL);
}

const struct fuzz_harness fuzz_replies = { "replies", run, mutate };
