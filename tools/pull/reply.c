/* SPDX-License-Identifier: Apache-2.0 */
/* reply.c - headers of an answer, and what an error status means. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "pull/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FIRST_PAUSE 0.25
#define LONGEST_PAUSE 120

void reply_clear(struct reply *reply)
{
	memset(reply, 0, sizeof *reply);
	reply->size = reply->linked_size = -1;
}

static int64_t number(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n && n < 19 && !text[n] ? strtoll(text, NULL, 10) : -1;
}

/* "bytes 10-99/100"; 416 answers "bytes *" and the size. */
static void take_range(struct reply *reply, const char *text)
{
	unsigned long long first, last, total;
	char more;

	if (sscanf(text, "bytes %19llu-%19llu/%19llu%c", &first, &last, &total, &more) == 3 && first <= last && last < total) {
		reply->ranged = true;
		reply->range_first = first;
		reply->range_total = total;
	}
}

static void take(struct reply *reply, const char *name, const char *value)
{
	const struct { const char *name; char *to; size_t room; } texts[] = {
		{ "x-repo-commit", reply->commit, sizeof reply->commit },
		{ "etag", reply->etag, sizeof reply->etag },
		{ "x-linked-etag", reply->linked_etag, sizeof reply->linked_etag },
		{ "x-error-code", reply->error_code, sizeof reply->error_code },
		{ "x-error-message", reply->error_message, sizeof reply->error_message },
		{ "location", reply->location, sizeof reply->location },
	};

	/* What does not fit is none that can be used; half of it would be another one. */
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (!strcasecmp(name, texts[i].name) && strlen(value) < texts[i].room)
			snprintf(texts[i].to, texts[i].room, "%s", value);
	if (!strcasecmp(name, "content-length"))
		reply->size = number(value);
	else if (!strcasecmp(name, "x-linked-size"))
		reply->linked_size = number(value);
	else if (!strcasecmp(name, "content-range"))
		take_range(reply, value);
	else if (!strcasecmp(name, "content-encoding"))
		reply->encoded = strcasecmp(value, "identity") != 0;
	else if (!strcasecmp(name, "retry-after") && number(value) > 0)
		reply->retry_after = number(value) < 86400 ? (long)number(value) : 86400;
}

void reply_line(struct reply *reply, const char *line, size_t n)
{
	char copy[4500], *colon, *value;

	while (n && strchr("\r\n \t", line[n - 1]))
		n--;
	if (n >= sizeof copy || memchr(line, 0, n))
		return;
	memcpy(copy, line, n);
	copy[n] = 0;
	if (!strncmp(copy, "HTTP/", 5)) {
		const char *space = strchr(copy, ' ');

		reply_clear(reply);
		reply->status = space ? strtol(space, NULL, 10) : 0;
		return;
	}
	colon = strchr(copy, ':');
	if (!colon)
		return;
	*colon = 0;
	value = colon + 1 + strspn(colon + 1, " \t");
	take(reply, copy, value);
}

bool reply_content(char out[65], const struct reply *reply)
{
	const char *text = reply->linked_etag[0] ? reply->linked_etag : reply->etag;
	size_t n;

	if (!strncmp(text, "W/", 2))
		text += 2;
	text += strspn(text, "\"");
	n = strspn(text, "0123456789abcdef");
	if ((n != 40 && n != 64) || text[n + strspn(text + n, "\"")])
		return false;
	memcpy(out, text, n);
	out[n] = 0;
	return true;
}

void reply_problem(char *out, size_t n_out, const struct reply *reply, const char *name, const char *what, const char *endpoint, bool token)
{
	const char *right = token ? "the token that was sent does not open it" : "a private one needs a token in HF_TOKEN";
	const char *code = reply->error_code;

	if (!strcmp(code, "GatedRepo"))
		snprintf(out, n_out, "%s is given only to those who accept its terms: do so at %s/%s, then %s", name, endpoint, name,
			token ? "try again" : "put a token of yours into HF_TOKEN");
	else if (!strcmp(code, "RevisionNotFound"))
		snprintf(out, n_out, "%s has no such revision: name one that %s/%s shows, or none", name, endpoint, name);
	else if (!strcmp(code, "EntryNotFound"))
		snprintf(out, n_out, "%s has no file '%s'", name, what);
	else if (!strcmp(code, "RepoNotFound") || reply->status == 401 || reply->status == 404)
		snprintf(out, n_out, "%s has no model '%s' to show: check the name; %s", endpoint, name, right);
	else if (reply->status == 403)
		snprintf(out, n_out, "%s does not give %s of %s (403): %s", endpoint, what, name, right);
	else if (reply->status == 429)
		snprintf(out, n_out, "%s has had too many requests from here: wait%s", endpoint, token ? " a while and try again" : ", or put a token into HF_TOKEN");
	else if (reply->status >= 500)
		snprintf(out, n_out, "%s is in trouble (status %ld) with %s of %s: try again later", endpoint, reply->status, what, name);
	else
		snprintf(out, n_out, "%s answers %s of %s with status %ld%s%.120s", endpoint, what, name, reply->status,
			reply->error_message[0] ? ": " : ", which is none of a hub's: check HF_ENDPOINT", reply->error_message);
}

bool reply_passing(long status)
{
	return status == 408 || status == 429 || status >= 500;
}

double reply_pause(const struct reply *reply, int attempt)
{
	double seconds = FIRST_PAUSE;

	if (reply->retry_after > LONGEST_PAUSE)
		return -1;
	if (reply->retry_after > 0)
		return (double)reply->retry_after;
	while (attempt-- > 0)
		seconds *= 2;
	return seconds;
}
