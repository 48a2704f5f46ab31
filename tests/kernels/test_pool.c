/* SPDX-License-Identifier: Apache-2.0 */
/* test_pool.c - the thread pool: all threads run, barriers hold, threads that sleep wake. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "support.h"
#include "kernels/cpu/pool.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 5
#define STEPS 20

struct relay {
	struct pool *pool;
	unsigned value[MOST];
};

/* At each step a thread reads what its neighbour wrote in the step before. */
static void relay_job(void *argument, unsigned thread)
{
	struct relay *relay = argument;
	unsigned n = krait__pool_threads(relay->pool);

	for (unsigned step = 1; step <= STEPS; step++) {
		unsigned seen = relay->value[(thread + 1) % n];

		krait__pool_barrier(relay->pool);
		relay->value[thread] = seen + 1;
		krait__pool_barrier(relay->pool);
	}
}

static void run_relays(unsigned n_threads, unsigned n_jobs, unsigned pause_every)
{
	struct relay relay = { 0 };

	ck_assert_int_eq(krait__pool_new(&relay.pool, n_threads, NULL), KRAIT_OK);
	ck_assert_uint_eq(krait__pool_threads(relay.pool), n_threads);
	for (unsigned i = 1; i <= n_jobs; i++) {
		krait__pool_run(relay.pool, relay_job, &relay);
		for (unsigned t = 0; t < n_threads; t++)
			ck_assert_uint_eq(relay.value[t], i * STEPS);
		if (pause_every && i % pause_every == 0)
			usleep(2000);
	}
	krait__pool_free(relay.pool);
}

START_TEST(barriers_hold)
{
	run_relays((unsigned)_i, 200, 0);
}
END_TEST

START_TEST(sleepers_wake)
{
	run_relays((unsigned)_i, 40, 4);
}
END_TEST

START_TEST(pools_come_and_go)
{
	for (unsigned i = 0; i < 60; i++)
		run_relays(1 + i % MOST, i % 3, 0);
}
END_TEST

static void *own_pool(void *argument)
{
	(void)argument;
	run_relays(3, 50, 10);
	return NULL;
}

START_TEST(pools_side_by_side)
{
	pthread_t threads[3];

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, own_pool, NULL), 0);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}
END_TEST

static void mask_job(void *argument, unsigned thread)
{
	sigset_t *masks = argument;

	pthread_sigmask(SIG_BLOCK, NULL, &masks[thread]);
}

/* A host's signals are never handled on our threads, and the host's own mask stays. */
START_TEST(signals_are_blocked)
{
	struct pool *pool;
	sigset_t masks[2];

	ck_assert_int_eq(krait__pool_new(&pool, 2, NULL), KRAIT_OK);
	krait__pool_run(pool, mask_job, masks);
	ck_assert(!sigismember(&masks[0], SIGINT) && !sigismember(&masks[0], SIGTERM));
	ck_assert(sigismember(&masks[1], SIGINT) && sigismember(&masks[1], SIGTERM));
	krait__pool_free(pool);
}
END_TEST

START_TEST(child_can_free)
{
	struct pool *pool;
	int status = -1;
	pid_t child;

	ck_assert_int_eq(krait__pool_new(&pool, 3, NULL), KRAIT_OK);
	child = fork();
	if (child == 0) {
		alarm(20);
		krait__pool_free(pool);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	krait__pool_free(pool);
}
END_TEST

/* Shares meet each other, cover everything and are cut at whole units. */
START_TEST(shares_cover)
{
	for (unsigned threads = 1; threads <= MOST; threads++) {
		struct pool *pool;

		ck_assert_int_eq(krait__pool_new(&pool, threads, NULL), KRAIT_OK);
		for (size_t n = 0; n < 90; n++)
			for (size_t unit = 1; unit <= 16; unit *= 4) {
				size_t at = 0;

				for (unsigned t = 0; t < threads; t++) {
					struct share share = krait__pool_share(pool, t, n, unit);

					ck_assert_uint_eq(share.first, at);
					ck_assert(share.first % unit == 0);
					ck_assert_uint_ge(share.last, share.first);
					at = share.last;
				}
				ck_assert_uint_eq(at, n);
			}
		krait__pool_free(pool);
	}
}
END_TEST

int main(void)
{
	Suite *s = suite_create("pool");
	TCase *c = tcase_create("pool");

	tcase_add_loop_test(c, barriers_hold, 1, MOST + 1);
	tcase_add_loop_test(c, sleepers_wake, 2, 4);
	tcase_add_test(c, pools_come_and_go);
	tcase_add_test(c, pools_side_by_side);
	tcase_add_test(c, signals_are_blocked);
	tcase_add_test(c, child_can_free);
	tcase_add_test(c, shares_cover);
	suite_add_tcase(s, c);
	return support_run(s);
}
