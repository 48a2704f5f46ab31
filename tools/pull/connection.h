/* SPDX-License-Identifier: Apache-2.0 */
/* connection.h - one request to a hub, by libcurl. */
#ifndef TOOLS_PULL_CONNECTION_H
#define TOOLS_PULL_CONNECTION_H

#include "pull/hub.h"
#include "pull/reply.h"

#include <curl/curl.h>

#define CONNECTION_HOPS 5               /* redirects that are followed */
#define CONNECTION_ATTEMPTS 5           /* in a row, none of which brought anything */

struct connection {
	CURL *curl;                     /* NULL: none */
	struct curl_slist *headers;
	struct reply reply;
	char error[CURL_ERROR_SIZE];
};

/* Ready to be performed. It follows no redirect by itself, and has the token with it only on the way to
 * the hub. False: out of memory. */
bool connection_open(struct connection *out, const struct hub *hub, const char *url, bool head);
bool connection_header(struct connection *connection, const char *line);        /* one more that is sent */
void connection_close(struct connection *connection);

/* Whether trying again may help. */
bool connection_passing(CURLcode code);

/* Why it failed, in one line. */
const char *connection_error(const struct connection *connection, CURLcode code);

#endif
