/* SPDX-License-Identifier: Apache-2.0 */
/* hub.c - the hub's variables of the environment, and addresses. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "pull/hub.h"

#include "say.h"
#include "verbs.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ENDPOINT "https://huggingface.co"
#define TIMEOUT 10
#define TIMEOUT_MOST 3600

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

static bool is_set(const char *name)
{
	const char *value = variable(name);

	return value && (!strcasecmp(value, "1") || !strcasecmp(value, "on") || !strcasecmp(value, "yes") || !strcasecmp(value, "true"));
}

/* ---- the token ---------------------------------------------------------------------- */

/* Without the blanks around it. False: there are characters inside that no header may have. */
static bool take_token(struct hub *hub, const char *text)
{
	size_t n;

	text += strspn(text, " \t\r\n");
	n = strlen(text);
	while (n && strchr(" \t\r\n", text[n - 1]))
		n--;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] <= 0x20 || (unsigned char)text[i] >= 0x7f)
			return false;
	if (n >= sizeof hub->token)
		return false;
	memcpy(hub->token, text, n);
	hub->token[n] = 0;
	return true;
}

/* $HF_TOKEN_PATH, else `token` in the hub's home. */
static bool token_path(char out[HUB_PATH_ROOM])
{
	static const struct { const char *name, *below; } places[] = {
		{ "HF_TOKEN_PATH", "" }, { "HF_HOME", "/token" }, { "XDG_CACHE_HOME", "/huggingface/token" }, { "HOME", "/.cache/huggingface/token" },
	};

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		const char *value = variable(places[i].name), *home = getenv("HOME");
		bool tilde = value && value[0] == '~' && value[1] == '/' && home;
		int n;

		if (!value)
			continue;
		n = snprintf(out, HUB_PATH_ROOM, "%s%s%s", tilde ? home : "", tilde ? value + 1 : value, places[i].below);
		return n > 0 && n < HUB_PATH_ROOM;
	}
	return false;
}

static int find_token(struct hub *hub)
{
	const char *value = variable("HF_TOKEN");
	const char *from = "HF_TOKEN";
	char path[HUB_PATH_ROOM], line[2048] = "";
	FILE *file;

	if (is_set("HF_HUB_DISABLE_IMPLICIT_TOKEN"))
		return -1;
	if (!value) {
		value = variable("HUGGING_FACE_HUB_TOKEN");
		from = "HUGGING_FACE_HUB_TOKEN";
	}
	if (!value && token_path(path) && (file = fopen(path, "re"))) {
		line[fread(line, 1, sizeof line - 1, file)] = 0;
		fclose(file);
		value = line;
		from = path;
	}
	if (value && !take_token(hub, value))
		return say_failure("what %s holds is no token of a hub (one word of letters and digits): correct or remove it", from);
	return -1;
}

/* ---- the rest of the environment ---------------------------------------------------- */

static int find_endpoint(struct hub *hub)
{
	const char *value = variable("HF_ENDPOINT");
	size_t n = strlen(value ? value : ENDPOINT);

	value = value ? value : ENDPOINT;
	while (n && value[n - 1] == '/')
		n--;
	if (n >= sizeof hub->endpoint || (strncmp(value, "https://", 8) && strncmp(value, "http://", 7)))
		return say_failure("HF_ENDPOINT is '%s', which is no address of a hub: it begins with https://", value);
	memcpy(hub->endpoint, value, n);
	hub->endpoint[n] = 0;
	return -1;
}

int hub_open(struct hub *out)
{
	const char *seconds = variable("HF_HUB_DOWNLOAD_TIMEOUT");
	int status;

	memset(out, 0, sizeof *out);
	out->offline = is_set("HF_HUB_OFFLINE") || is_set("TRANSFORMERS_OFFLINE");
	out->timeout = seconds ? strtol(seconds, NULL, 10) : TIMEOUT;
	if (out->timeout < 1 || out->timeout > TIMEOUT_MOST)
		out->timeout = TIMEOUT;
	status = find_endpoint(out);
	if (status < 0)
		status = find_token(out);
	if (status >= 0)
		return status;
	if (krait_installed_open(&out->installed) != KRAIT_OK)
		return say_failure("out of memory");
	out->cache = krait_installed_cache(out->installed);
	if (!out->cache) {
		hub_close(out);
		return say_failure("no folder for models is known: set HF_HUB_CACHE or HOME");
	}
	if (out->token[0] && !hub_trusts(out, out->endpoint))
		say_note("krait: %s is not encrypted: the token stays here", out->endpoint);
	return -1;
}

void hub_close(struct hub *hub)
{
	krait_installed_free(hub->installed);
	memset(hub, 0, sizeof *hub);
}

/* ---- addresses ---------------------------------------------------------------------- */

bool hub_escape(char *out, size_t n_out, const char *path, bool slashes)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
	size_t n = 0;

	for (; *path; path++) {
		if (n + 4 > n_out)
			return false;
		if (strchr(plain, *path) || (slashes && *path == '/'))
			out[n++] = *path;
		else
			n += (size_t)snprintf(out + n, n_out - n, "%%%02X", (unsigned char)*path);
	}
	out[n] = 0;
	return true;
}

/* A part of an address, "" when it has none. */
static void part(char *out, size_t n_out, CURLU *url, CURLUPart which)
{
	char *text = NULL;

	out[0] = 0;
	if (curl_url_get(url, which, &text, which == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0) == CURLUE_OK)
		snprintf(out, n_out, "%s", text);
	curl_free(text);
}

static bool origin(char *out, size_t n_out, char *host, size_t n_host, const char *text)
{
	CURLU *url = curl_url();
	char scheme[16], port[16];
	bool good = url && curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK;

	if (good) {
		part(scheme, sizeof scheme, url, CURLUPART_SCHEME);
		part(host, n_host, url, CURLUPART_HOST);
		part(port, sizeof port, url, CURLUPART_PORT);
		good = snprintf(out, n_out, "%s://%s:%s", scheme, host, port) < (int)n_out;
	}
	curl_url_cleanup(url);
	return good;
}

bool hub_same_origin(const char *one, const char *other)
{
	char host[512], first[600], second[600];

	return origin(first, sizeof first, host, sizeof host, one) && origin(second, sizeof second, host, sizeof host, other)
		&& !strcasecmp(first, second);
}

bool hub_trusts(const struct hub *hub, const char *url)
{
	char host[512], text[600];

	if (!hub_same_origin(hub->endpoint, url) || !origin(text, sizeof text, host, sizeof host, url))
		return false;
	return !strncmp(text, "https://", 8) || !strcmp(host, "localhost") || !strcmp(host, "[::1]") || !strncmp(host, "127.", 4);
}

bool hub_redirect(char out[HUB_URL_ROOM], const char *base, const char *location)
{
	CURLU *url = curl_url();
	char *text = NULL;
	bool good = url && curl_url_set(url, CURLUPART_URL, base, 0) == CURLUE_OK
		&& curl_url_set(url, CURLUPART_URL, location, 0) == CURLUE_OK
		&& curl_url_get(url, CURLUPART_URL, &text, 0) == CURLUE_OK;

	good = good && (!strncmp(text, "https://", 8) || (!strncmp(text, "http://", 7) && !strncmp(base, "http://", 7)));
	good = good && snprintf(out, HUB_URL_ROOM, "%s", text) < HUB_URL_ROOM;
	curl_free(text);
	curl_url_cleanup(url);
	return good;
}
