/* SPDX-License-Identifier: Apache-2.0 */
/* receive.c - bytes into the file and through the check sum. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "pull/receive.h"

#include "interrupt.h"
#include "say.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCK (1u << 18)

static bool anew(struct transfer *transfer)
{
	digest_free(transfer->digest);
	transfer->digest = digest_new(transfer->content, transfer->total);
	return transfer->digest != NULL;
}

void receive_again(struct transfer *transfer)
{
	if (transfer->fd >= 0 && (ftruncate(transfer->fd, 0) != 0 || lseek(transfer->fd, 0, SEEK_SET) != 0 || !anew(transfer)))
		receive_close(transfer);
	transfer->done = transfer->at_failure = transfer->from_before = 0;
	transfer->etag[0] = 0;
	transfer->n_again++;
}

/* What an earlier try left goes through the check sum as if it came now. */
static bool read_back(struct transfer *transfer, uint64_t size)
{
	static unsigned char block[BLOCK];

	while (transfer->done < size && !interrupt_seen()) {
		size_t n = size - transfer->done < BLOCK ? (size_t)(size - transfer->done) : BLOCK;
		ssize_t got = pread(transfer->fd, block, n, (off_t)transfer->done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return say_failure("%s of %s: what is there of it cannot be read: %s", transfer->file->path, transfer->fetch->name,
				got ? strerror(errno) : "it was cut off meanwhile") < 0;
		if (!digest_add(transfer->digest, block, (size_t)got))
			return false;
		transfer->done += (uint64_t)got;
	}
	return lseek(transfer->fd, (off_t)transfer->done, SEEK_SET) >= 0;
}

bool receive_open(struct transfer *transfer)
{
	struct stat about;

	receive_close(transfer);
	transfer->fd = cache_partial(&transfer->fetch->cache, transfer->content);
	if (transfer->fd < 0)
		return false;
	if (fstat(transfer->fd, &about) != 0 || !anew(transfer)) {
		say_failure("%s of %s: the file that it grows in cannot be looked at", transfer->file->path, transfer->fetch->name);
		return false;
	}
	transfer->done = 0;
	/* An earlier try of something else, or damage. */
	if ((uint64_t)about.st_size > transfer->total) {
		receive_again(transfer);
		about.st_size = 0;
	}
	if (transfer->fd < 0) {
		say_failure("%s of %s: the file that it grows in cannot be emptied", transfer->file->path, transfer->fetch->name);
		return false;
	}
	if (!read_back(transfer, (uint64_t)about.st_size))
		return false;
	transfer->from_before = transfer->done;
	return true;
}

void receive_close(struct transfer *transfer)
{
	digest_free(transfer->digest);
	transfer->digest = NULL;
	if (transfer->fd >= 0)
		close(transfer->fd);
	transfer->fd = -1;
}

bool receive_end(struct transfer *transfer, char found[65])
{
	return transfer->digest && digest_end(transfer->digest, found);
}

/* ---- a request's bytes -------------------------------------------------------------- */

static size_t refuse(struct transfer *transfer, bool final, const char *why)
{
	snprintf(transfer->trouble, sizeof transfer->trouble, "%s", why);
	transfer->final = final;
	return 0;
}

/* Whether the answer goes on where the file ends. 0: no, the trouble has been noted. */
static size_t judge(struct transfer *transfer)
{
	const struct reply *reply = &transfer->connection.reply;
	bool other = transfer->etag[0] && reply->etag[0] && strcmp(transfer->etag, reply->etag) != 0;

	transfer->begun = true;
	if (reply->status != 200 && reply->status != 206)
		return 1;
	if (reply->encoded)
		return refuse(transfer, true, "the server packs it, though it was asked not to");
	if (reply->status == 206 && (!reply->ranged || reply->range_first != transfer->done))
		return refuse(transfer, false, "the server sends another part of it than it was asked for");
	if ((reply->status == 206 && reply->range_total != transfer->total) || (reply->status == 206 && other)) {
		receive_again(transfer);
		return refuse(transfer, false, "it has changed between two parts");
	}
	if (reply->status == 200 && reply->size >= 0 && (uint64_t)reply->size != transfer->total)
		return refuse(transfer, false, "the server sends it with another size than the hub says");
	if (reply->status == 200 && transfer->done)
		receive_again(transfer);
	if (transfer->fd < 0)
		return refuse(transfer, false, "the file that it grows in could not be emptied");
	memcpy(transfer->etag, reply->etag, sizeof transfer->etag);
	return 1;
}

static bool write_all(int fd, const char *data, size_t n)
{
	while (n) {
		ssize_t written = write(fd, data, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written <= 0)
			return false;
		data += written;
		n -= (size_t)written;
	}
	return true;
}

static size_t take(char *data, size_t size, size_t n, void *user)
{
	struct transfer *transfer = user;
	size_t all = size * n;

	if (!transfer->begun && !judge(transfer))
		return 0;
	if (transfer->connection.reply.status >= 300)
		return all;
	if (all > transfer->total - transfer->done) {
		receive_again(transfer);
		return refuse(transfer, false, "the server sends more of it than the hub says there is");
	}
	if (!write_all(transfer->fd, data, all)) {
		char why[400];

		snprintf(why, sizeof why, "cannot be written in %.200s: %s; make room there or set HF_HUB_CACHE to another folder, and pull again: "
			"what has come stays", transfer->fetch->hub->cache, strerror(errno));
		return refuse(transfer, true, why);
	}
	if (!digest_add(transfer->digest, data, all))
		return refuse(transfer, true, "its check sum cannot be made");
	transfer->done += all;
	return all;
}

bool receive_set_up(struct transfer *transfer)
{
	CURL *curl = transfer->connection.curl;
	char line[128];

	transfer->begun = false;
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	if (!transfer->done)
		return true;
	if (transfer->etag[0] == '"') {
		snprintf(line, sizeof line, "If-Range: %s", transfer->etag);
		if (!connection_header(&transfer->connection, line))
			return false;
	}
	snprintf(line, sizeof line, "%llu-", (unsigned long long)transfer->done);
	return curl_easy_setopt(curl, CURLOPT_RANGE, line) == CURLE_OK;
}
