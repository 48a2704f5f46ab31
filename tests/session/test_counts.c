/* SPDX-License-Identifier: Apache-2.0 */
/* test_counts.c - how often each token was seen: any number of distinct ones, and more times than can be counted. */
#include "session/counts.h"
#include "support.h"

#define N 3000

/* Tokens that fall on the same places of small tables. */
static krait_token nth(size_t i)
{
	return (krait_token)(i * 4096);
}

START_TEST(many_tokens)
{
	struct token_counts counts = { 0 }, copy = { 0 };

	ck_assert_uint_eq(krait__counts_get(&counts, 5), 0);
	for (size_t i = 0; i < N; i++) {
		ck_assert(krait__counts_reserve(&counts, 1));
		krait__counts_add(&counts, nth(i), (uint32_t)i % 3 + 1);
		krait__counts_add(&counts, nth(i / 2), 1);
	}
	ck_assert_uint_eq(counts.n, N);
	ck_assert(krait__counts_copy(&copy, &counts));
	for (size_t i = 0; i < N; i++) {
		/* those of the first half were seen twice more */
		uint32_t n = (uint32_t)i % 3 + 1 + (i < N / 2 ? 2 : 0);

		ck_assert_uint_eq(krait__counts_get(&counts, nth(i)), n);
		ck_assert_uint_eq(krait__counts_get(&counts, nth(i) + 1), 0);
		for (uint32_t k = 0; k < n; k++)
			krait__counts_remove(&copy, nth(i));
		ck_assert_uint_eq(krait__counts_get(&copy, nth(i)), 0);
	}
	for (size_t i = 0; i < N; i++)
		ck_assert_uint_gt(krait__counts_get(&counts, nth(i)), 0);
	krait__counts_free(&counts);
	krait__counts_free(&copy);
}
END_TEST

/* What was seen more often than can be counted stays as often seen as can be said: it never becomes unseen. */
START_TEST(more_times_than_can_be_counted)
{
	struct token_counts counts = { 0 };

	ck_assert(krait__counts_reserve(&counts, 2));
	krait__counts_add(&counts, 7, UINT32_MAX - 1);
	krait__counts_add(&counts, 8, 1);
	for (int i = 0; i < 3; i++)
		krait__counts_add(&counts, 7, 1);
	ck_assert_uint_eq(krait__counts_get(&counts, 7), UINT32_MAX);
	krait__counts_add(&counts, 7, UINT32_MAX);
	ck_assert_uint_eq(krait__counts_get(&counts, 7), UINT32_MAX);
	ck_assert_uint_eq(krait__counts_get(&counts, 8), 1);
	krait__counts_free(&counts);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("counts");
	TCase *tcase = tcase_create("counts");

	tcase_add_test(tcase, many_tokens);
	tcase_add_test(tcase, more_times_than_can_be_counted);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
