/* SPDX-License-Identifier: Apache-2.0 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "kernels/buffers.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_BLOCKS 4096

static struct { void *at; size_t size; } blocks[MAX_BLOCKS];
static size_t n_blocks;
static unsigned long long state = 1;

void *guarded(size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = (size + page - 1) / page * page;
	char *at = mmap(NULL, whole + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert(at != MAP_FAILED && n_blocks < MAX_BLOCKS);
	ck_assert_int_eq(mprotect(at + whole, page, PROT_NONE), 0);
	blocks[n_blocks].at = at;
	blocks[n_blocks++].size = whole + page;
	return at + whole - size;
}

float *guarded_floats(size_t n)
{
	return guarded(n * sizeof(float));
}

void guarded_free_all(void)
{
	while (n_blocks) {
		n_blocks--;
		munmap(blocks[n_blocks].at, blocks[n_blocks].size);
	}
}

void random_seed(unsigned long long seed)
{
	state = seed * 2 + 1;
}

float random_float(void)
{
	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (float)((int)(state >> 40) - 8388608) / 8388608.0f;
}

void random_fill(float *out, size_t n, float scale, float offset)
{
	for (size_t i = 0; i < n; i++)
		out[i] = random_float() * scale + offset;
}

float *random_floats(size_t n, float scale)
{
	float *out = guarded_floats(n);

	random_fill(out, n, scale, 0);
	return out;
}

void *random_weights(enum dtype type, size_t n, float scale)
{
	float *wide = malloc((n ? n : 1) * sizeof(float));
	void *out = guarded(n * krait__dtype_size(type));

	ck_assert_ptr_nonnull(wide);
	random_fill(wide, n, scale, 0);
	krait__narrow(out, type, wide, n);
	free(wide);
	return out;
}

double difference(const float *a, const float *b, size_t n)
{
	double sum = 0, norm = 0;

	for (size_t i = 0; i < n; i++) {
		sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
		norm += (double)b[i] * b[i];
	}
	return norm > 0 ? sqrt(sum / norm) : sqrt(sum);
}
