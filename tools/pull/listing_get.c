/* SPDX-License-Identifier: Apache-2.0 */
/* listing_get.c - GET /api/models/NAME/revision/REVISION?blobs=true. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "pull/listing.h"

#include "pull/small.h"
#include "say.h"

#include <stdio.h>
#include <string.h>

#define LARGEST (64u << 20)

int listing_get(struct listing *out, const struct hub *hub, const struct wanted *wanted)
{
	char revision[700], url[HUB_URL_ROOM];
	struct small_request request = { .url = url, .name = wanted->name, .what = "the list of files", .limit = LARGEST };
	struct text text = { 0 };
	int status;

	memset(out, 0, sizeof *out);
	if (!hub_escape(revision, sizeof revision, wanted->revision, false)
	    || snprintf(url, sizeof url, "%s/api/models/%s/revision/%s?blobs=true", hub->endpoint, wanted->name, revision) >= (int)sizeof url)
		return say_failure("the name of %s is too long", wanted->name);
	status = small_get(&text, hub, &request);
	if (status < 0)
		status = listing_read(out, text.data, text.n, wanted->name);
	text_free(&text);
	return status;
}
