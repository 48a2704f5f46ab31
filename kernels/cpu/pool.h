/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pool.h - threads that belong to one model.
 *
 * A job is one function run by all threads at once, the caller's among them, with
 * barriers inside. The threads spin for a moment between jobs and at barriers, then sleep.
 * All signals are blocked in them.
 */
#ifndef KRAIT_CPU_POOL_H
#define KRAIT_CPU_POOL_H

#include "base/why.h"

#include <stddef.h>

struct pool;

typedef void (*pool_job)(void *argument, unsigned thread);

/* processors.c: how many this process may use, by its affinity and by its control groups' quota; at least 1. The second
 * looks at the groups alone, with /proc and /sys under `root`; UINT_MAX where they set no limit. */
unsigned krait__pool_processors(void);
unsigned krait__group_processors(const char *root);

krait_status krait__pool_new(struct pool **out, unsigned n_threads, struct why *why);
void krait__pool_free(struct pool *pool);               /* in a child after fork: only gives memory back */
unsigned krait__pool_threads(const struct pool *pool);

/* Runs the job on every thread; the caller is thread 0. One caller at a time. */
void krait__pool_run(struct pool *pool, pool_job job, void *argument);
void krait__pool_barrier(struct pool *pool);            /* inside a job, by all threads */

/* A thread's share of n items, cut at multiples of `unit`; only the last share can end elsewhere. */
struct share { size_t first, last; };
struct share krait__pool_share(const struct pool *pool, unsigned thread, size_t n, size_t unit);

#endif
