/* SPDX-License-Identifier: Apache-2.0 */
/* report.c - bars, JSON and lines. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "pull/report.h"

#include "progress.h"
#include "pull/bars.h"
#include "say.h"
#include "sizes.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BETWEEN_BARS 0.1
#define BETWEEN_LINES 0.5
#define RATE_SECONDS 5

static void clear(void *user)
{
	report_pause(user);
}

void report_begin(struct report *report, bool json)
{
	memset(report, 0, sizeof *report);
	report->json = json;
	report->bars = !json && isatty(STDERR_FILENO) && !getenv("HF_HUB_DISABLE_PROGRESS_BARS");
	progress_beside(clear, report);
}

void report_end(struct report *report)
{
	report_pause(report);
	progress_beside(NULL, NULL);
}

void report_pause(struct report *report)
{
	bars_clear(report->shown);
	report->shown = 0;
}

/* One line of JSON, flushed: somebody may be waiting for it. */
static void print_json(json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;

	if (text) {
		output_format("%s\n", text);
		output_flush();
	}
	free(text);
	json_decref(object);
}

static json_t *list_files(const struct chosen *chosen)
{
	json_t *files = json_array();

	for (size_t i = 0; files && i < chosen->n; i++)
		json_array_append_new(files, json_pack("{s:s, s:I}", "file", chosen->files[i]->path, "bytes", (json_int_t)chosen->files[i]->size));
	return files;
}

void report_plan(struct report *report, const struct wanted *wanted, const struct listing *listing, const struct chosen *chosen,
	uint64_t needed, uint64_t memory, const char *why_no_memory)
{
	char bytes[SIZES_ROOM], rest[SIZES_ROOM], room[SIZES_ROOM];

	if (report->json) {
		print_json(json_pack("{s:s, s:s, s:s, s:s, s:s?, s:I, s:I, s:o, s:o}", "event", "plan", "name", wanted->name, "revision", wanted->revision,
			"commit", listing->commit, "weights", chosen->weights, "bytes", (json_int_t)chosen->bytes, "bytes_to_fetch", (json_int_t)needed,
			"memory_bytes", memory ? json_integer((json_int_t)memory) : json_null(), "files", list_files(chosen)));
		return;
	}
	sizes_bytes(bytes, (double)chosen->bytes);
	say_note("%s at %.12s: %zu of %zu files, %s, of which %s have yet to come", wanted->name, listing->commit, chosen->n, listing->n,
		bytes, sizes_bytes(rest, (double)needed));
	if (chosen->weights)
		say_note("  weights: %s", chosen->weights);
	if (memory)
		say_note("  memory that the model will need: %s", sizes_bytes(room, (double)memory));
	else if (why_no_memory[0])
		say_note("  memory that the model will need: %s", why_no_memory);
}

/* ---- progress ----------------------------------------------------------------------- */

static void sum(const struct fetch *fetch, uint64_t *done, uint64_t *total)
{
	*done = *total = 0;
	for (size_t i = 0; i < fetch->n; i++) {
		*done += fetch->transfers[i].done;
		*total += fetch->transfers[i].total;
	}
}

/* Bytes a second over the last seconds; 0: not known yet. */
static double rate(struct report *report, uint64_t done, double now)
{
	size_t n_old = 0;
	double span;

	while (n_old < report->n_seen && (now - report->seen[n_old].when > RATE_SECONDS || report->n_seen - n_old == REPORT_RATES))
		n_old++;
	memmove(report->seen, report->seen + n_old, (report->n_seen - n_old) * sizeof *report->seen);
	report->n_seen -= n_old;
	report->seen[report->n_seen].when = now;
	report->seen[report->n_seen++].done = done;
	span = now - report->seen[0].when;
	return span > 0.2 && done > report->seen[0].done ? (double)(done - report->seen[0].done) / span : 0;
}

static void progress_json(const struct fetch *fetch, uint64_t done, uint64_t total, double per_second)
{
	json_t *files = json_array();

	for (size_t i = 0; files && i < fetch->n; i++)
		if (transfer_active(&fetch->transfers[i]))
			json_array_append_new(files, json_pack("{s:s, s:I, s:I}", "file", fetch->transfers[i].file->path,
				"done", (json_int_t)fetch->transfers[i].done, "total", (json_int_t)fetch->transfers[i].total));
	print_json(json_pack("{s:s, s:I, s:I, s:f, s:o}", "event", "progress", "done", (json_int_t)done, "total", (json_int_t)total,
		"bytes_per_second", per_second, "files", files));
}

static void progress_bars(struct report *report, const struct fetch *fetch, uint64_t done, uint64_t total, double per_second)
{
	bars_clear(report->shown);
	report->shown = 0;
	for (size_t i = 0; i < fetch->n; i++)
		if (transfer_active(&fetch->transfers[i]) && report->shown < BARS_MOST)
			report->shown += bars_draw(fetch->transfers[i].file->path, fetch->transfers[i].done, fetch->transfers[i].total, 0);
	report->shown += bars_draw("in all", done, total, per_second);
	fflush(stderr);
}

void report_progress(struct report *report, const struct fetch *fetch, double now)
{
	uint64_t done, total;
	double per_second;

	if ((!report->json && !report->bars) || now - report->told < (report->json ? BETWEEN_LINES : BETWEEN_BARS))
		return;
	report->told = now;
	sum(fetch, &done, &total);
	per_second = rate(report, done, now);
	if (report->json)
		progress_json(fetch, done, total, per_second);
	else
		progress_bars(report, fetch, done, total, per_second);
}

void report_file(struct report *report, const struct transfer *transfer)
{
	char bytes[SIZES_ROOM], before[SIZES_ROOM];

	sizes_bytes(bytes, (double)transfer->total);
	if (report->json)
		print_json(json_pack("{s:s, s:s, s:I, s:I, s:b}", "event", "file", "file", transfer->file->path, "bytes", (json_int_t)transfer->total,
			"resumed_at", (json_int_t)transfer->from_before, "was_here", transfer->was_here));
	else if (transfer->was_here)
		say_note("  %s: %s, was here", transfer->file->path, bytes);
	else if (transfer->from_before)
		say_note("  %s: %s, of which %s were here", transfer->file->path, bytes, sizes_bytes(before, (double)transfer->from_before));
	else
		say_note("  %s: %s", transfer->file->path, bytes);
}

void report_done(struct report *report, const char *name, const char *commit, const char *path)
{
	report_pause(report);
	if (report->json)
		print_json(json_pack("{s:s, s:s, s:s, s:s}", "event", "done", "name", name, "commit", commit, "path", path));
	else
		output_format("%s\n", path);
}
