/* SPDX-License-Identifier: Apache-2.0 */
/* connection.c - how each request is set up. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "pull/connection.h"

#include <stdio.h>
#include <string.h>

/* Bytes a second below which a connection counts as silent. */
#define SLOWEST 64

static size_t head_line(char *data, size_t size, size_t n, void *user)
{
	reply_line(user, data, size * n);
	return size * n;
}

bool connection_header(struct connection *connection, const char *line)
{
	struct curl_slist *more = curl_slist_append(connection->headers, line);

	if (!more)
		return false;
	connection->headers = more;
	return true;
}

static bool set_up(struct connection *connection, const struct hub *hub, const char *url, bool head)
{
	CURL *curl = connection->curl;
	char agent[64], line[1100];
	bool good;

	snprintf(agent, sizeof agent, "krait/%s", krait_version());
	good = curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK
		&& curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK
		&& curl_easy_setopt(curl, CURLOPT_USERAGENT, agent) == CURLE_OK
		&& connection_header(connection, "Accept-Encoding: identity");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_NOBODY, head ? 1L : 0L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, hub->timeout);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)SLOWEST);
	curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, hub->timeout);
	curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, connection->error);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, head_line);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &connection->reply);
	if (good && hub->token[0] && hub_trusts(hub, url)) {
		snprintf(line, sizeof line, "Authorization: Bearer %s", hub->token);
		good = connection_header(connection, line);
		memset(line, 0, sizeof line);
	}
	return good && curl_easy_setopt(curl, CURLOPT_HTTPHEADER, connection->headers) == CURLE_OK;
}

bool connection_open(struct connection *out, const struct hub *hub, const char *url, bool head)
{
	memset(out, 0, sizeof *out);
	reply_clear(&out->reply);
	out->curl = curl_easy_init();
	if (out->curl && set_up(out, hub, url, head))
		return true;
	connection_close(out);
	return false;
}

void connection_close(struct connection *connection)
{
	curl_easy_cleanup(connection->curl);
	curl_slist_free_all(connection->headers);
	connection->curl = NULL;
	connection->headers = NULL;
}

bool connection_passing(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_CONNECT:
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_PARTIAL_FILE:
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_WEIRD_SERVER_REPLY:
		return true;
	default:
		return false;
	}
}

const char *connection_error(const struct connection *connection, CURLcode code)
{
	return connection->error[0] ? connection->error : curl_easy_strerror(code);
}
