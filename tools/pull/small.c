/* SPDX-License-Identifier: Apache-2.0 */
/* small.c - one answer at a time, into memory. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "pull/small.h"

#include "interrupt.h"
#include "pull/connection.h"
#include "say.h"
#include "verbs.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* However slowly it drips, a small answer is there by then. */
#define WHOLE_MOST 120L
#define SLICE 0.05

struct body {
	struct text *text;
	const struct reply *reply;
	uint64_t skip;                          /* of a range that was answered with the whole */
	size_t limit;
	bool full, no_memory;
};

bool small_wait(double seconds)
{
	struct timespec slice = { .tv_nsec = (long)(SLICE * 1e9) };

	for (; seconds > 0 && !interrupt_seen(); seconds -= SLICE)
		nanosleep(&slice, NULL);
	return !interrupt_seen();
}

static size_t receive(char *data, size_t size, size_t n, void *user)
{
	struct body *body = user;
	size_t all = size * n, skipped = 0;

	if (body->reply->status >= 300)
		return all;
	if (body->skip && body->reply->status == 200) {
		skipped = body->skip < all ? (size_t)body->skip : all;
		body->skip -= skipped;
	}
	n = all - skipped;
	if (n > body->limit - body->text->n) {
		body->full = true;
		n = body->limit - body->text->n;
	}
	if (!text_add(body->text, data + skipped, n)) {
		body->no_memory = true;
		return 0;
	}
	return body->full ? 0 : all;
}

static int look_around(void *user, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	(void)user, (void)a, (void)b, (void)c, (void)d;
	return interrupt_seen();
}

static CURLcode ask_once(struct connection *connection, struct text *out, const struct hub *hub, const char *url,
	const struct small_request *request, bool *full)
{
	struct body body = { out, &connection->reply, request->n ? request->first : 0, request->limit, false, false };
	char range[64];
	CURLcode code;

	*full = false;
	text_free(out);
	*out = (struct text){ 0 };
	if (!connection_open(connection, hub, url, false))
		return CURLE_OUT_OF_MEMORY;
	if (request->n) {
		snprintf(range, sizeof range, "%llu-%llu", (unsigned long long)request->first, (unsigned long long)(request->first + request->n - 1));
		curl_easy_setopt(connection->curl, CURLOPT_RANGE, range);
		body.limit = request->n < request->limit ? (size_t)request->n : request->limit;
	}
	curl_easy_setopt(connection->curl, CURLOPT_TIMEOUT, WHOLE_MOST);
	curl_easy_setopt(connection->curl, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(connection->curl, CURLOPT_WRITEDATA, &body);
	curl_easy_setopt(connection->curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(connection->curl, CURLOPT_XFERINFOFUNCTION, look_around);
	code = curl_easy_perform(connection->curl);
	if (code == CURLE_WRITE_ERROR && body.full) {
		*full = !request->n;            /* of a range that was answered with more, enough has come */
		return CURLE_OK;
	}
	return body.no_memory ? CURLE_OUT_OF_MEMORY : code;
}

static int refused(const struct hub *hub, const struct small_request *request, const struct reply *reply)
{
	char why[1200];

	reply_problem(why, sizeof why, reply, request->name, request->what, hub->endpoint, hub->token[0] != 0);
	return say_failure("%s", why);
}

static int broken(const struct hub *hub, const struct small_request *request, const struct connection *connection, CURLcode code)
{
	if (interrupt_seen())
		return STATUS_INTERRUPTED;
	return say_failure("%s cannot be asked for %s of %s: %s", hub->endpoint, request->what, request->name, connection_error(connection, code));
}

/* Follows one redirect. -1: `url` is the next address. */
static int follow(char url[HUB_URL_ROOM], const struct hub *hub, const struct small_request *request, const struct reply *reply, int hops)
{
	char next[HUB_URL_ROOM];

	if (hops >= CONNECTION_HOPS)
		return say_failure("%s leads from one address to the next without an end for %s of %s: try again later", hub->endpoint, request->what, request->name);
	if (!hub_redirect(next, url, reply->location))
		return say_failure("%s leads to an address that cannot be used for %s of %s ('%.200s')", hub->endpoint, request->what, request->name, reply->location);
	memcpy(url, next, sizeof next);
	return -1;
}

int small_get(struct text *out, const struct hub *hub, const struct small_request *request)
{
	char url[HUB_URL_ROOM];
	int hops = 0, attempt = 0, status = -2;

	if (snprintf(url, sizeof url, "%s", request->url) >= (int)sizeof url)
		return say_failure("the address of %s of %s is too long", request->what, request->name);
	while (status == -2) {
		struct connection connection;
		bool full;
		CURLcode code = ask_once(&connection, out, hub, url, request, &full);
		const struct reply *reply = &connection.reply;
		bool again = (code == CURLE_OK ? reply_passing(reply->status) : connection_passing(code)) && !interrupt_seen();
		double pause = again ? reply_pause(reply, attempt) : -1;

		if (again && ++attempt < CONNECTION_ATTEMPTS && pause >= 0)
			status = small_wait(pause) ? -2 : STATUS_INTERRUPTED;
		else if (code != CURLE_OK)
			status = broken(hub, request, &connection, code);
		else if (reply->status >= 300 && reply->status < 400 && reply->location[0])
			status = follow(url, hub, request, reply, hops++) < 0 ? -2 : STATUS_FAILED;
		else if (reply->status != 200 && !(reply->status == 206 && request->n))
			status = refused(hub, request, reply);
		else if (full)
			status = say_failure("%s sends more than %zu bytes as %s of %s, which is none", hub->endpoint, request->limit, request->what, request->name);
		else
			status = -1;
		connection_close(&connection);
	}
	return status;
}
