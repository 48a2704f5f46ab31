/* SPDX-License-Identifier: Apache-2.0 */
/* progress.c - the bar: "reading the prompt [#####-----]  52 %". */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "progress.h"

#include "interrupt.h"
#include "terminal.h"

#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define FIRST_AFTER 0.4         /* seconds: shorter work shows no bar */
#define BETWEEN 0.1
#define WIDTH 30

static struct {
	const char *what;       /* NULL: nothing under way */
	bool own, shown;
	double begun, drawn;
} bar;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void begin(const char *what, bool own)
{
	progress_clear();
	/* A bar takes a line of its own, never that on which text stands. */
	bar.what = isatty(STDERR_FILENO) && terminal_ends_line() ? what : NULL;
	bar.own = own;
	bar.begun = now();
	bar.drawn = bar.begun + FIRST_AFTER - BETWEEN;
}

void progress_begin(const char *what)
{
	begin(what, false);
}

void progress_begin_own(const char *what)
{
	begin(what, true);
}

static void draw(double share)
{
	char marks[WIDTH + 1];

	for (int i = 0; i < WIDTH; i++)
		marks[i] = i < (int)(share * WIDTH + 0.5) ? '#' : '-';
	marks[WIDTH] = 0;
	fprintf(stderr, "\r\033[K%s [%s] %3d %%", bar.what, marks, (int)(share * 100));
	fflush(stderr);
	bar.shown = true;
}

void progress_step(uint64_t done, uint64_t total)
{
	double t;

	if (!bar.what || !total)
		return;
	t = now();
	if (t - bar.drawn < BETWEEN)
		return;
	bar.drawn = t;
	draw(done < total ? (double)done / (double)total : 1);
}

static struct {
	void (*clear)(void *user);
	void *user;
} beside;

void progress_beside(void (*clear)(void *user), void *user)
{
	beside.clear = clear;
	beside.user = user;
}

void progress_clear(void)
{
	if (beside.clear)
		beside.clear(beside.user);
	if (!bar.shown)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	bar.shown = false;
}

void progress_end(void)
{
	progress_clear();
	bar.what = NULL;
}

int progress_callback(void *user, uint64_t done, uint64_t total)
{
	(void)user;
	if (!bar.own)
		progress_step(done, total);
	return interrupt_seen();
}
