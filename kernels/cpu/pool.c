/* SPDX-License-Identifier: Apache-2.0 */
/* pool.c - the thread pool of one model. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/cpu/pool.h"
#include "base/memory.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#define SPINS 400               /* looks before sleeping: some tens of microseconds */
#define STACK_SIZE (1u << 20)
#define LINE 64

/* A count that threads wait for. Waiting spins first; whoever changes the count wakes
 * those who went to sleep. */
struct gate {
	_Alignas(LINE) atomic_uint count;
	atomic_uint sleepers;
	pthread_mutex_t lock;
	pthread_cond_t changed;
};

struct worker {
	struct pool *pool;
	unsigned index;
	pthread_t thread;
};

struct pool {
	struct gate start;              /* jobs begun */
	struct gate barrier;            /* barriers passed */
	_Alignas(LINE) atomic_uint arrived;
	unsigned n_threads, spins;
	pool_job job;                   /* NULL: the threads are to end */
	void *argument;
	pid_t pid;
	struct worker *workers;         /* [n_threads - 1] */
};

static void pause_briefly(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

static bool gate_init(struct gate *gate)
{
	atomic_init(&gate->count, 0);
	atomic_init(&gate->sleepers, 0);
	if (pthread_mutex_init(&gate->lock, NULL))
		return false;
	if (pthread_cond_init(&gate->changed, NULL)) {
		pthread_mutex_destroy(&gate->lock);
		return false;
	}
	return true;
}

static void gate_destroy(struct gate *gate)
{
	pthread_cond_destroy(&gate->changed);
	pthread_mutex_destroy(&gate->lock);
}

/* Sequentially consistent on both sides: either the one who advances sees the sleeper,
 * or the sleeper sees the new count before it sleeps. */
static void gate_advance(struct gate *gate)
{
	atomic_fetch_add(&gate->count, 1);
	if (atomic_load(&gate->sleepers) == 0)
		return;
	pthread_mutex_lock(&gate->lock);
	pthread_cond_broadcast(&gate->changed);
	pthread_mutex_unlock(&gate->lock);
}

static void gate_wait(struct gate *gate, unsigned old, unsigned spins)
{
	for (unsigned i = 0; i < spins; i++) {
		if (atomic_load_explicit(&gate->count, memory_order_acquire) != old)
			return;
		pause_briefly();
	}
	pthread_mutex_lock(&gate->lock);
	atomic_fetch_add(&gate->sleepers, 1);
	while (atomic_load(&gate->count) == old)
		pthread_cond_wait(&gate->changed, &gate->lock);
	atomic_fetch_sub(&gate->sleepers, 1);
	pthread_mutex_unlock(&gate->lock);
}

void krait__pool_barrier(struct pool *pool)
{
	unsigned old;

	if (pool->n_threads == 1)
		return;
	old = atomic_load(&pool->barrier.count);
	if (atomic_fetch_add(&pool->arrived, 1) + 1 == pool->n_threads) {
		atomic_store(&pool->arrived, 0);
		gate_advance(&pool->barrier);
	} else {
		gate_wait(&pool->barrier, old, pool->spins);
	}
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	struct pool *pool = worker->pool;

	for (unsigned jobs = 0;; jobs++) {
		gate_wait(&pool->start, jobs, pool->spins);
		if (!pool->job)
			return NULL;
		pool->job(pool->argument, worker->index);
		krait__pool_barrier(pool);
	}
}

void krait__pool_run(struct pool *pool, pool_job job, void *argument)
{
	pool->job = job;
	pool->argument = argument;
	if (pool->n_threads > 1)
		gate_advance(&pool->start);
	job(argument, 0);
	krait__pool_barrier(pool);
}

static void stop(struct pool *pool, unsigned n_started)
{
	pool->job = NULL;
	gate_advance(&pool->start);
	for (unsigned i = 0; i < n_started; i++)
		pthread_join(pool->workers[i].thread, NULL);
}

static void release(struct pool *pool)
{
	krait__free(pool->workers);
	krait__free(pool);
}

void krait__pool_free(struct pool *pool)
{
	if (!pool)
		return;
	/* In a child the threads do not exist, and a lock may be held by one of them for ever. */
	if (pool->pid == getpid()) {
		stop(pool, pool->n_threads - 1);
		gate_destroy(&pool->start);
		gate_destroy(&pool->barrier);
	}
	release(pool);
}

/* How many workers could be started, with the reason when that is not all. */
static unsigned start_workers(struct pool *pool, int *reason)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	unsigned n = 0;

	*reason = pthread_attr_init(&attributes);
	if (*reason)
		return 0;
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	for (; n < pool->n_threads - 1; n++) {
		pool->workers[n] = (struct worker){ .pool = pool, .index = n + 1 };
		*reason = pthread_create(&pool->workers[n].thread, &attributes, work, &pool->workers[n]);
		if (*reason)
			break;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return n;
}

static struct pool *pool_blank(unsigned n_threads)
{
	struct pool *pool = krait__alloc_vectors(1, sizeof(*pool));

	if (!pool)
		return NULL;
	memset(pool, 0, sizeof(*pool));
	pool->n_threads = n_threads;
	pool->spins = n_threads <= krait__pool_processors() ? SPINS : 0;
	pool->pid = getpid();
	pool->workers = krait__alloc_zero(n_threads, sizeof(*pool->workers));
	if (!pool->workers || !gate_init(&pool->start)) {
		release(pool);
		return NULL;
	}
	if (!gate_init(&pool->barrier)) {
		gate_destroy(&pool->start);
		release(pool);
		return NULL;
	}
	return pool;
}

krait_status krait__pool_new(struct pool **out, unsigned n_threads, struct why *why)
{
	struct pool *pool = pool_blank(n_threads);
	unsigned n_started;
	int reason;

	*out = NULL;
	if (!pool)
		return krait__why_memory(why);
	n_started = start_workers(pool, &reason);
	if (n_started + 1 < n_threads) {
		stop(pool, n_started);
		gate_destroy(&pool->start);
		gate_destroy(&pool->barrier);
		release(pool);
		return krait__why(why, KRAIT_ERROR_MEMORY, "thread %u of %u could not be started: %s; ask for fewer threads",
			n_started + 2, n_threads, krait__errno_text(reason));
	}
	*out = pool;
	return KRAIT_OK;
}

unsigned krait__pool_threads(const struct pool *pool)
{
	return pool->n_threads;
}

struct share krait__pool_share(const struct pool *pool, unsigned thread, size_t n, size_t unit)
{
	size_t units = (n + unit - 1) / unit;
	size_t first = units * thread / pool->n_threads * unit, last = units * (thread + 1) / pool->n_threads * unit;

	return (struct share){ first < n ? first : n, last < n ? last : n };
}
