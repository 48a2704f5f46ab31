/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transfer.h - one file on its way into the cache: asked for (HEAD), locked, fetched from where the last
 * try broke off, checked, put in its place.
 */
#ifndef TOOLS_PULL_TRANSFER_H
#define TOOLS_PULL_TRANSFER_H

#include "pull/cache.h"
#include "pull/connection.h"
#include "pull/digest.h"
#include "pull/listing.h"

enum transfer_state {
	TRANSFER_NEW,
	TRANSFER_ASKING,                /* a HEAD is under way */
	TRANSFER_LOCKING,               /* another program may be fetching the same */
	TRANSFER_COMING,
	TRANSFER_PAUSED,                /* until it is tried again */
	TRANSFER_DONE,
	TRANSFER_FAILED                 /* said why */
};

struct fetch {
	const struct hub *hub;
	const char *name;               /* of the model */
	const char *commit;
	struct cache cache;
	CURLM *multi;
	struct transfer *transfers;
	size_t n;
};

struct transfer {
	struct fetch *fetch;
	const struct listed *file;
	enum transfer_state state;
	bool was_here;                  /* nothing of it had to come */
	uint64_t done, total;
	uint64_t from_before;           /* what an earlier try left */
	char content[65];

	struct connection connection;
	char url[HUB_URL_ROOM];
	char etag[96];                  /* of the answer that the bytes so far came with, "" when unknown */
	bool elsewhere;                 /* the address is not the hub's own */
	bool begun;                     /* the head of this answer has been judged */
	int fd, lock;
	struct digest *digest;
	int attempt, hops;
	int n_again, n_wrong;           /* begun anew because it changed; because its check sum was wrong */
	uint64_t at_failure;
	double until;
	bool final;                     /* the trouble does not pass */
	char trouble[400];              /* why the bytes were not taken; "" when they were */
};

void transfer_init(struct transfer *transfer, struct fetch *fetch, const struct listed *file);

/* Does what can be done without waiting; `now` in seconds. */
void transfer_step(struct transfer *transfer, double now);

/* The request that is under way has ended. */
void transfer_ended(struct transfer *transfer, CURLcode code, double now);

/* Gives up for now: what has come stays for another time. */
void transfer_stop(struct transfer *transfer);

bool transfer_active(const struct transfer *transfer);

#endif
