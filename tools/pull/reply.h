/* SPDX-License-Identifier: Apache-2.0 */
/* reply.h - what the head of a hub's answer says. */
#ifndef TOOLS_PULL_REPLY_H
#define TOOLS_PULL_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reply {
	long status;
	char commit[64];
	char etag[96], linked_etag[96];         /* as they came */
	char error_code[64], error_message[256];
	char location[4096];
	int64_t size, linked_size;              /* -1: not said */
	bool ranged, encoded;
	uint64_t range_first, range_total;      /* of Content-Range; a total of 0 is not said */
	long retry_after;                       /* seconds; 0: not said */
};

void reply_clear(struct reply *reply);

/* One line of the head, with or without its line end. A status line begins anew. */
void reply_line(struct reply *reply, const char *line, size_t n);

/* The name of the content: 40 hex digits (git's SHA-1) or 64 (SHA-256). False: the answer has no such thing. */
bool reply_content(char out[65], const struct reply *reply);

/* Why the hub does not give `what` of the model `name`, as one sentence with the remedy. */
void reply_problem(char *out, size_t n_out, const struct reply *reply, const char *name, const char *what, const char *endpoint, bool token);

/* Whether to ask again after an answer with this status, and after how many seconds the `attempt`th time
 * (from 0); negative: the hub asks for more patience than one has. */
bool reply_passing(long status);
double reply_pause(const struct reply *reply, int attempt);

#endif
