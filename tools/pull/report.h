/* SPDX-License-Identifier: Apache-2.0 */
/* report.h - what a pull tells: bars on a terminal, lines of JSON, or a line for each file. */
#ifndef TOOLS_PULL_REPORT_H
#define TOOLS_PULL_REPORT_H

#include "pull/choose.h"
#include "pull/transfer.h"

#define REPORT_RATES 64

struct report {
	bool json, bars;
	int shown;                      /* lines of bars that are on the screen */
	double told;                    /* when the progress was last told */
	/* The last seconds, for the rate. */
	struct { double when; uint64_t done; } seen[REPORT_RATES];
	size_t n_seen;
};

/* The report stays where it is until its end: lines on stderr take its bars off the screen. */
void report_begin(struct report *report, bool json);
void report_end(struct report *report);

/* What will be fetched: `needed` bytes have yet to come, `memory` the model will need (0: not known). */
void report_plan(struct report *report, const struct wanted *wanted, const struct listing *listing, const struct chosen *chosen,
	uint64_t needed, uint64_t memory, const char *why_no_memory);
void report_progress(struct report *report, const struct fetch *fetch, double now);
void report_file(struct report *report, const struct transfer *transfer);
void report_done(struct report *report, const char *name, const char *commit, const char *path);

/* Takes the bars off the screen. */
void report_pause(struct report *report);

#endif
