/* SPDX-License-Identifier: Apache-2.0 */
/* fetch.c - the loop around libcurl. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "pull/fetch.h"

#include "interrupt.h"
#include "say.h"
#include "verbs.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TURN 50                 /* milliseconds that a turn of the loop waits at most */

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Starts what may start, and moves on what waits. Returns how many are not done. */
static size_t step_all(struct fetch *fetch, int parallel, struct report *report)
{
	size_t n_active = 0, n_left = 0;

	for (size_t i = 0; i < fetch->n; i++)
		n_active += transfer_active(&fetch->transfers[i]);
	for (size_t i = 0; i < fetch->n; i++) {
		struct transfer *transfer = &fetch->transfers[i];
		enum transfer_state before = transfer->state;

		if (before == TRANSFER_DONE)
			continue;
		if (before == TRANSFER_NEW && n_active >= (size_t)parallel) {
			n_left++;
			continue;
		}
		transfer_step(transfer, seconds());
		n_active += before == TRANSFER_NEW && transfer_active(transfer);
		if (transfer->state == TRANSFER_DONE)
			report_file(report, transfer);
		else
			n_left++;
	}
	return n_left;
}

static void take_ended(struct fetch *fetch, struct report *report)
{
	const CURLMsg *message;
	int n_more;

	while ((message = curl_multi_info_read(fetch->multi, &n_more)) != NULL) {
		struct transfer *transfer = NULL;
		CURLcode code = message->data.result;

		if (message->msg != CURLMSG_DONE || curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer) != CURLE_OK || !transfer)
			continue;
		transfer_ended(transfer, code, seconds());
		if (transfer->state == TRANSFER_DONE)
			report_file(report, transfer);
	}
}

static bool any_failed(const struct fetch *fetch)
{
	for (size_t i = 0; i < fetch->n; i++)
		if (fetch->transfers[i].state == TRANSFER_FAILED)
			return true;
	return false;
}

static int loop(struct fetch *fetch, int parallel, struct report *report)
{
	int running;

	for (;;) {
		size_t n_left = step_all(fetch, parallel, report);

		if (interrupt_seen())
			return STATUS_INTERRUPTED;
		if (any_failed(fetch))
			return STATUS_FAILED;
		if (!n_left)
			return -1;
		if (curl_multi_perform(fetch->multi, &running) != CURLM_OK)
			return say_failure("out of memory");
		take_ended(fetch, report);
		report_progress(report, fetch, seconds());
		if (curl_multi_poll(fetch->multi, NULL, 0, TURN, NULL) != CURLM_OK)
			return say_failure("out of memory");
	}
}

int fetch_files(struct fetch *fetch, const struct chosen *chosen, int parallel, struct report *report)
{
	int status;

	fetch->transfers = calloc(chosen->n + 1, sizeof *fetch->transfers);
	fetch->multi = curl_multi_init();
	if (!fetch->transfers || !fetch->multi) {
		free(fetch->transfers);
		curl_multi_cleanup(fetch->multi);
		return say_failure("out of memory");
	}
	fetch->n = chosen->n;
	for (size_t i = 0; i < fetch->n; i++)
		transfer_init(&fetch->transfers[i], fetch, chosen->files[i]);
	status = loop(fetch, parallel, report);
	report_pause(report);
	for (size_t i = 0; i < fetch->n; i++)
		transfer_stop(&fetch->transfers[i]);
	curl_multi_cleanup(fetch->multi);
	free(fetch->transfers);
	fetch->transfers = NULL;
	fetch->n = 0;
	return status;
}
