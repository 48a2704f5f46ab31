/* SPDX-License-Identifier: Apache-2.0 */
/* transfer.c - the states of one file on its way. What receives its bytes is in receive.c. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "pull/transfer.h"

#include "pull/choose.h"
#include "pull/receive.h"
#include "say.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A try that brought less than this was none. */
#define WORTH (64u << 10)
#define LOCK_PAUSE 0.1
#define AGAIN_MOST 3

void transfer_init(struct transfer *transfer, struct fetch *fetch, const struct listed *file)
{
	memset(transfer, 0, sizeof *transfer);
	transfer->fetch = fetch;
	transfer->file = file;
	transfer->total = file->size > 0 ? (uint64_t)file->size : 0;
	transfer->fd = transfer->lock = -1;
}

bool transfer_active(const struct transfer *transfer)
{
	return transfer->state != TRANSFER_NEW && transfer->state != TRANSFER_DONE && transfer->state != TRANSFER_FAILED;
}

static void let_go(struct transfer *transfer)
{
	if (transfer->connection.curl)
		curl_multi_remove_handle(transfer->fetch->multi, transfer->connection.curl);
	connection_close(&transfer->connection);
}

void transfer_stop(struct transfer *transfer)
{
	let_go(transfer);
	receive_close(transfer);
	cache_unlock(&transfer->lock);
}

static void fail(struct transfer *transfer)
{
	transfer_stop(transfer);
	transfer->state = TRANSFER_FAILED;
}

static void fail_for(struct transfer *transfer, const char *why)
{
	say_failure("%s of %s: %s", transfer->file->path, transfer->fetch->name, why);
	fail(transfer);
}

static void finish(struct transfer *transfer)
{
	bool good = cache_link(&transfer->fetch->cache, transfer->file->path, transfer->content);

	if (!good) {
		fail(transfer);
		return;
	}
	transfer_stop(transfer);
	transfer->done = transfer->total;
	transfer->state = TRANSFER_DONE;
}

/* Another try, later; or the end, when the last ones brought nothing. */
static void retry(struct transfer *transfer, const char *why, double now)
{
	double pause;
	char text[600];

	if (transfer->done >= transfer->at_failure + WORTH)
		transfer->attempt = 0;
	transfer->at_failure = transfer->done;
	pause = reply_pause(&transfer->connection.reply, transfer->attempt++);
	if (pause < 0 || transfer->attempt >= CONNECTION_ATTEMPTS || transfer->n_again > AGAIN_MOST) {
		snprintf(text, sizeof text, "%.400s, %d times in a row; what has come stays, and pulling again goes on from there", why, transfer->attempt);
		fail_for(transfer, text);
		return;
	}
	let_go(transfer);
	transfer->until = now + pause;
	transfer->state = TRANSFER_PAUSED;
}

/* ---- requests ----------------------------------------------------------------------- */

static void begin(struct transfer *transfer, bool head)
{
	if (!connection_open(&transfer->connection, transfer->fetch->hub, transfer->url, head)
	    || (!head && !receive_set_up(transfer))
	    || curl_easy_setopt(transfer->connection.curl, CURLOPT_PRIVATE, transfer) != CURLE_OK
	    || curl_multi_add_handle(transfer->fetch->multi, transfer->connection.curl) != CURLM_OK)
		fail_for(transfer, "out of memory");
}

static void ask(struct transfer *transfer)
{
	transfer->hops = 0;
	transfer->elsewhere = false;
	if (!choose_url(transfer->url, transfer->fetch->hub, transfer->fetch->name, transfer->fetch->commit, transfer->file->path)) {
		fail_for(transfer, "its address is too long");
		return;
	}
	transfer->state = TRANSFER_ASKING;
	begin(transfer, true);
}

/* Takes the address of the answer's redirect. False: said why not. */
static bool follow(struct transfer *transfer)
{
	const char *location = transfer->connection.reply.location;
	char next[HUB_URL_ROOM];

	if (transfer->hops++ >= CONNECTION_HOPS)
		fail_for(transfer, "the hub leads from one address to the next without an end; try again later");
	else if (!hub_redirect(next, transfer->url, location))
		fail_for(transfer, "the hub leads to an address that cannot be used");
	else {
		transfer->elsewhere = !hub_same_origin(next, transfer->fetch->hub->endpoint);
		memcpy(transfer->url, next, sizeof next);
		return true;
	}
	return false;
}

static void refused(struct transfer *transfer)
{
	const struct hub *hub = transfer->fetch->hub;
	char why[1200];

	reply_problem(why, sizeof why, &transfer->connection.reply, transfer->fetch->name, transfer->file->path, hub->endpoint, hub->token[0] != 0);
	say_failure("%s", why);
	fail(transfer);
}

/* ---- what a HEAD told --------------------------------------------------------------- */

/* Whether the answer is a hub's, and about what was listed; what it is called and how large. */
static bool take_head(struct transfer *transfer)
{
	const struct reply *reply = &transfer->connection.reply;
	const struct listed *file = transfer->file;
	int64_t size = reply->linked_size;

	if (size < 0 && reply->status == 200)
		size = reply->size;
	if (size < 0)
		size = file->size;
	if (strcmp(reply->commit, transfer->fetch->commit) != 0 || !reply_content(transfer->content, reply))
		fail_for(transfer, "the answer does not name its content, as a hub's does: check HF_ENDPOINT");
	else if (size < 0)
		fail_for(transfer, "the hub does not say how large it is");
	else if ((file->size >= 0 && size != file->size) || (file->content[0] && strcmp(file->content, transfer->content) != 0))
		fail_for(transfer, "the hub's list says another size or content than the hub's answer: try again later");
	else {
		transfer->total = (uint64_t)size;
		return true;
	}
	return false;
}

static void head_ended(struct transfer *transfer)
{
	const struct reply *reply = &transfer->connection.reply;
	bool redirect = reply->status >= 300 && reply->status < 400 && reply->location[0];

	/* A model that was renamed: the hub leads on within itself. */
	if (redirect && (!reply->commit[0] || !reply_content(transfer->content, reply))) {
		if (follow(transfer)) {
			let_go(transfer);
			if (transfer->elsewhere)
				fail_for(transfer, "the hub leads to another place that does not name the content: check HF_ENDPOINT");
			else
				begin(transfer, true);
		}
		return;
	}
	if (reply->status != 200 && !redirect) {
		refused(transfer);
		return;
	}
	if (!take_head(transfer) || (redirect && !follow(transfer)))
		return;
	let_go(transfer);
	transfer->until = 0;
	transfer->state = TRANSFER_LOCKING;
}

/* All bytes are here. */
static void check(struct transfer *transfer, double now)
{
	char found[65], why[400];

	if (!receive_end(transfer, found)) {
		fail_for(transfer, "its check sum cannot be made");
		return;
	}
	if (!strcmp(found, transfer->content)) {
		if (cache_keep(&transfer->fetch->cache, transfer->content, transfer->fd))
			finish(transfer);
		else
			fail(transfer);
		return;
	}
	snprintf(why, sizeof why, "what came is not what the hub says it is (%s %s, not %s)", strlen(found) == 64 ? "SHA-256" : "SHA-1", found, transfer->content);
	receive_close(transfer);
	cache_drop(&transfer->fetch->cache, transfer->content);
	transfer->done = transfer->at_failure = 0;
	transfer->etag[0] = 0;
	if (transfer->n_wrong++)
		fail_for(transfer, why);
	else
		retry(transfer, why, now);
}

/* ---- the lock, and what is there already -------------------------------------------- */

static void locked(struct transfer *transfer, double now)
{
	const struct cache *cache = &transfer->fetch->cache;

	if (cache_has_blob(cache, transfer->content, transfer->total)) {
		transfer->was_here = !transfer->done;
		finish(transfer);
		return;
	}
	if (transfer->fd < 0 && !receive_open(transfer)) {
		fail(transfer);
		return;
	}
	transfer->state = TRANSFER_COMING;
	if (transfer->done == transfer->total)
		check(transfer, now);
	else
		begin(transfer, false);
}

static void try_lock(struct transfer *transfer, double now)
{
	int got = transfer->lock >= 0 ? 1 : cache_lock(&transfer->fetch->cache, transfer->content, &transfer->lock);

	transfer->until = now + LOCK_PAUSE;
	if (got > 0)
		locked(transfer, now);
	else if (got < 0)
		fail(transfer);
}

void transfer_step(struct transfer *transfer, double now)
{
	switch (transfer->state) {
	case TRANSFER_NEW:
		if (cache_has(&transfer->fetch->cache, transfer->file->path, transfer->file->size)) {
			transfer->was_here = true;
			transfer->done = transfer->total;
			transfer->state = TRANSFER_DONE;
			return;
		}
		ask(transfer);
		return;
	case TRANSFER_LOCKING:
		if (now >= transfer->until)
			try_lock(transfer, now);
		return;
	case TRANSFER_PAUSED:
		if (now >= transfer->until)
			ask(transfer);
		return;
	default:
		return;
	}
}

/* ---- what a GET brought ------------------------------------------------------------- */

static void get_ended(struct transfer *transfer, double now)
{
	const struct reply *reply = &transfer->connection.reply;

	if (reply->status >= 300 && reply->status < 400 && reply->location[0]) {
		if (follow(transfer)) {
			let_go(transfer);
			transfer->state = TRANSFER_LOCKING;
			transfer->until = 0;
		}
	} else if (reply->status == 416 && transfer->done == transfer->total) {
		check(transfer, now);
	} else if (reply->status == 416) {
		receive_again(transfer);
		retry(transfer, "the server has not as much of it as there is here", now);
	} else if (transfer->elsewhere && reply->status >= 400) {
		/* Such an address is good for an hour or so; the hub gives another. */
		retry(transfer, "the place that the hub leads to does not give it", now);
	} else if (reply->status != 200 && reply->status != 206) {
		refused(transfer);
	} else if (transfer->done < transfer->total) {
		retry(transfer, "the connection broke off", now);
	} else {
		check(transfer, now);
	}
}

void transfer_ended(struct transfer *transfer, CURLcode code, double now)
{
	const struct reply *reply = &transfer->connection.reply;
	char why[400];

	if (transfer->trouble[0]) {
		memcpy(why, transfer->trouble, sizeof why);
		transfer->trouble[0] = 0;
		if (transfer->final)
			fail_for(transfer, why);
		else
			retry(transfer, why, now);
	} else if (code != CURLE_OK && connection_passing(code)) {
		snprintf(why, sizeof why, "%s", connection_error(&transfer->connection, code));
		retry(transfer, why, now);
	} else if (code != CURLE_OK) {
		snprintf(why, sizeof why, "%s", connection_error(&transfer->connection, code));
		fail_for(transfer, why);
	} else if (reply_passing(reply->status)) {
		snprintf(why, sizeof why, "the server answers with status %ld", reply->status);
		retry(transfer, why, now);
	} else if (transfer->state == TRANSFER_ASKING) {
		head_ended(transfer);
	} else {
		get_ended(transfer, now);
	}
}
