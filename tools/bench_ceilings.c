/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_ceilings.c - what memory and arithmetic units can do at most: sums over a
 * buffer much larger than the last cache, and multiply-add chains in registers.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "bench.h"

#include "interrupt.h"
#include "say.h"
#include "stream.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef __x86_64__
#include <immintrin.h>
#endif

#define ROUNDS 5
#define MIB ((size_t)1 << 20)
#define LEAST_BUFFER (256 * MIB)
#define MOST_BUFFER (2048 * MIB)
#define CHAINS 12               /* enough to hide the latency of a multiply-add on two units */
#define CHAIN_STEPS 20000000L

/* Ways to add up a piece of memory of a multiple of 512 bytes, and to run chains. */
struct kernels {
	const char *name;
	uint64_t (*sum)(const void *data, size_t n_bytes);
	float (*chains)(long n_steps);
	double flops_per_step;
};

static uint64_t sum_generic(const void *data, size_t n_bytes)
{
	const uint64_t *words = data;
	uint64_t sums[8] = { 0 };

	for (size_t i = 0; i < n_bytes / 8; i += 8)
		for (size_t j = 0; j < 8; j++)
			sums[j] += words[i + j];
	for (size_t j = 1; j < 8; j++)
		sums[0] += sums[j];
	return sums[0];
}

static float chains_generic(long n_steps)
{
	float c[CHAINS] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
	volatile float seed = 0.5f;
	float a = seed, b = seed;

	for (long i = 0; i < n_steps; i++)
		for (size_t j = 0; j < CHAINS; j++)
			c[j] = c[j] * a + b;
	for (size_t j = 1; j < CHAINS; j++)
		c[0] += c[j];
	return c[0];
}

#ifdef __x86_64__

#define EACH_CHAIN(X) X(0) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11)

__attribute__((target("avx2")))
static uint64_t sum_avx2(const void *data, size_t n_bytes)
{
	const __m256i *at = data, *end = at + n_bytes / sizeof *at;
	__m256i s0 = _mm256_setzero_si256(), s1 = s0, s2 = s0, s3 = s0;
	uint64_t lanes[4];

	for (; at < end; at += 4) {
		s0 = _mm256_add_epi64(s0, _mm256_load_si256(at));
		s1 = _mm256_add_epi64(s1, _mm256_load_si256(at + 1));
		s2 = _mm256_add_epi64(s2, _mm256_load_si256(at + 2));
		s3 = _mm256_add_epi64(s3, _mm256_load_si256(at + 3));
	}
	s0 = _mm256_add_epi64(_mm256_add_epi64(s0, s1), _mm256_add_epi64(s2, s3));
	_mm256_storeu_si256((__m256i *)lanes, s0);
	return lanes[0] + lanes[1] + lanes[2] + lanes[3];
}

__attribute__((target("avx512f")))
static uint64_t sum_avx512(const void *data, size_t n_bytes)
{
	const __m512i *at = data, *end = at + n_bytes / sizeof *at;
	__m512i s0 = _mm512_setzero_si512(), s1 = s0, s2 = s0, s3 = s0;

	for (; at < end; at += 4) {
		s0 = _mm512_add_epi64(s0, _mm512_load_si512(at));
		s1 = _mm512_add_epi64(s1, _mm512_load_si512(at + 1));
		s2 = _mm512_add_epi64(s2, _mm512_load_si512(at + 2));
		s3 = _mm512_add_epi64(s3, _mm512_load_si512(at + 3));
	}
	s0 = _mm512_add_epi64(_mm512_add_epi64(s0, s1), _mm512_add_epi64(s2, s3));
	return (uint64_t)_mm512_reduce_add_epi64(s0);
}

__attribute__((target("avx2,fma")))
static float chains_avx2(long n_steps)
{
	volatile float seed = 0.5f;
	__m256 a = _mm256_set1_ps(seed), b = a;
	float lanes[8];
#define START(n) __m256 c##n = _mm256_set1_ps(seed + n);
#define STEP(n) c##n = _mm256_fmadd_ps(c##n, a, b);
#define ADD(n) b = _mm256_add_ps(b, c##n);

	EACH_CHAIN(START)
	for (long i = 0; i < n_steps; i++) {
		EACH_CHAIN(STEP)
	}
	EACH_CHAIN(ADD)
	_mm256_storeu_ps(lanes, b);
	return lanes[0] + lanes[7];
#undef START
#undef STEP
#undef ADD
}

__attribute__((target("avx512f")))
static float chains_avx512(long n_steps)
{
	volatile float seed = 0.5f;
	__m512 a = _mm512_set1_ps(seed), b = a;
#define START(n) __m512 c##n = _mm512_set1_ps(seed + n);
#define STEP(n) c##n = _mm512_fmadd_ps(c##n, a, b);
#define ADD(n) b = _mm512_add_ps(b, c##n);

	EACH_CHAIN(START)
	for (long i = 0; i < n_steps; i++) {
		EACH_CHAIN(STEP)
	}
	EACH_CHAIN(ADD)
	return _mm512_reduce_add_ps(b);
#undef START
#undef STEP
#undef ADD
}

#endif

static struct kernels choose(void)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("avx512f"))
		return (struct kernels){ "avx512", sum_avx512, chains_avx512, 2.0 * 16 * CHAINS };
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
		return (struct kernels){ "avx2", sum_avx2, chains_avx2, 2.0 * 8 * CHAINS };
#endif
	return (struct kernels){ "generic", sum_generic, chains_generic, 2.0 * CHAINS };
}

struct crew {
	const struct kernels *kernels;
	unsigned char *buffer;          /* NULL: chains */
	size_t n_bytes;                 /* of each thread's piece */
	pthread_barrier_t barrier;
	double best;                    /* seconds of the fastest round */
};

struct member {
	struct crew *crew;
	pthread_t thread;
	size_t index;
	volatile double result;         /* keeps the work from being left out */
};

/* The first member keeps the time from the moment all begin until all are done. */
static void *work(void *user)
{
	struct member *member = user;
	struct crew *crew = member->crew;
	unsigned char *piece = crew->buffer ? crew->buffer + member->index * crew->n_bytes : NULL;

	if (piece)
		memset(piece, 1, crew->n_bytes);
	for (int round = 0; round < ROUNDS; round++) {
		double start, seconds;

		pthread_barrier_wait(&crew->barrier);
		start = stream_now();
		if (piece)
			member->result = (double)crew->kernels->sum(piece, crew->n_bytes);
		else
			member->result = (double)crew->kernels->chains(CHAIN_STEPS);
		pthread_barrier_wait(&crew->barrier);
		seconds = stream_now() - start;
		if (member->index == 0 && (round == 0 || seconds < crew->best))
			crew->best = seconds;
	}
	return NULL;
}

static bool run_crew(struct crew *crew, unsigned n_threads)
{
	struct member *members = calloc(n_threads, sizeof *members);
	unsigned n = 0;

	if (!members || pthread_barrier_init(&crew->barrier, NULL, n_threads)) {
		free(members);
		say_failure("out of memory");
		return false;
	}
	for (; n < n_threads; n++) {
		members[n].crew = crew;
		members[n].index = n;
		/* With a thread missing the others would wait for ever: nothing to go on with. */
		if (pthread_create(&members[n].thread, NULL, work, &members[n])) {
			say_failure("a thread cannot be started");
			_exit(STATUS_FAILED);
		}
	}
	while (n)
		pthread_join(members[--n].thread, NULL);
	pthread_barrier_destroy(&crew->barrier);
	free(members);
	return true;
}

static size_t cache_size(void)
{
	long size = sysconf(_SC_LEVEL3_CACHE_SIZE);

	if (size <= 0)
		size = sysconf(_SC_LEVEL2_CACHE_SIZE);
	return size > 0 ? (size_t)size : 32 * MIB;
}

static size_t buffer_size(size_t cache)
{
	size_t size = cache * 4 < LEAST_BUFFER ? LEAST_BUFFER : cache * 4;
	size_t memory = (size_t)sysconf(_SC_PHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE);

	if (size > MOST_BUFFER)
		size = MOST_BUFFER;
	return size < memory / 4 ? size : memory / 4;
}

static bool measure_read(struct ceilings *ceilings, const struct kernels *kernels, double *out)
{
	struct crew crew = { .kernels = kernels };
	size_t piece = ceilings->buffer_bytes / ceilings->n_threads / 4096 * 4096;
	bool good;

	crew.n_bytes = piece;
	crew.buffer = mmap(NULL, piece * ceilings->n_threads, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (crew.buffer == MAP_FAILED) {
		say_failure("no memory for measuring how fast memory is read");
		return false;
	}
	madvise(crew.buffer, piece * ceilings->n_threads, MADV_HUGEPAGE);
	good = run_crew(&crew, ceilings->n_threads);
	*out = (double)(piece * ceilings->n_threads) / crew.best;
	munmap(crew.buffer, piece * ceilings->n_threads);
	return good;
}

bool ceilings_measure(struct ceilings *ceilings, unsigned n_threads, bool after)
{
	struct kernels kernels = choose();
	struct crew crew = { .kernels = &kernels };
	double *flops = after ? &ceilings->flops_after : &ceilings->flops_before;

	ceilings->n_threads = n_threads;
	ceilings->vectors = kernels.name;
	ceilings->cache_bytes = cache_size();
	ceilings->buffer_bytes = buffer_size(ceilings->cache_bytes);
	if (!measure_read(ceilings, &kernels, after ? &ceilings->read_after : &ceilings->read_before) || !run_crew(&crew, n_threads))
		return false;
	*flops = kernels.flops_per_step * (double)CHAIN_STEPS * n_threads / crew.best;
	return !interrupt_seen();
}
