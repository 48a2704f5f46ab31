/* SPDX-License-Identifier: Apache-2.0 */
/* test_ceiling.c - the kernel that measures the device's memory reads all of it, once. */
#include "kernels/cuda/ceiling.h"
#include "support.h"

#include <stdlib.h>

#define CALL(call) ck_assert_int_eq((call), cudaSuccess)

static void
reads(size_t n_words, unsigned n_blocks)
{
	unsigned *host = malloc(n_words * sizeof *host), *sums = malloc(n_blocks * sizeof *sums);
	unsigned *data, *sum, expected = 0, got = 0;

	for (size_t i = 0; i < n_words; i++)
		expected ^= host[i] = (unsigned)(i * 2654435761u);
	CALL(cudaMalloc((void **)&data, n_words * sizeof *data));
	CALL(cudaMalloc((void **)&sum, n_blocks * sizeof *sum));
	CALL(cudaMemcpy(data, host, n_words * sizeof *data, cudaMemcpyHostToDevice));
	CALL(krait__cuda_ceiling_read(data, n_words * sizeof *data, sum, n_blocks, NULL));
	CALL(cudaMemcpy(sums, sum, n_blocks * sizeof *sums, cudaMemcpyDeviceToHost));
	for (unsigned i = 0; i < n_blocks; i++)
		got ^= sums[i];
	ck_assert_uint_eq(got, expected);
	CALL(cudaFree(data));
	CALL(cudaFree(sum));
	free(host);
	free(sums);
}

START_TEST(reads_all)
{
	reads(4, 1);
	reads(4096, 3);
	reads(100000, 2);
	reads(20000, 7);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ceiling");
	TCase *test = tcase_create("ceiling");

	tcase_add_test(test, reads_all);
	suite_add_tcase(suite, test);
	return support_run(suite);
}
