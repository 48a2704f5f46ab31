/* SPDX-License-Identifier: Apache-2.0 */
/* test_philox.c - Philox 4x32-10 against the known answers that its authors publish with Random123. */
#include "session/philox.h"
#include "support.h"

#include <string.h>

static const struct known {
	uint32_t counter[4], key[2], out[4];
} known[] = {
	{ { 0, 0, 0, 0 }, { 0, 0 }, { 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 } },
	{ { 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff }, { 0xffffffff, 0xffffffff },
	  { 0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd } },
	{ { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344 }, { 0xa4093822, 0x299f31d0 },
	  { 0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1 } },
};

START_TEST(test_known_answers)
{
	uint32_t out[4];

	krait__philox(out, known[_i].counter, known[_i].key);
	for (int i = 0; i < 4; i++)
		ck_assert_uint_eq(out[i], known[_i].out[i]);
}
END_TEST

START_TEST(test_uniform_is_the_first_two_words)
{
	ck_assert_double_eq(krait__philox_uniform(0, 0), (double)(0x6627e8d5e169c58dull >> 11) * 0x1p-53);
}
END_TEST

START_TEST(test_uniform_fills_the_interval)
{
	size_t buckets[16] = { 0 };

	for (uint64_t i = 0; i < 16000; i++) {
		double u = krait__philox_uniform(7, i);

		ck_assert(u >= 0 && u < 1);
		buckets[(size_t)(u * 16)]++;
	}
	for (int i = 0; i < 16; i++)
		ck_assert_msg(buckets[i] > 850 && buckets[i] < 1150, "bucket %d holds %zu of 16000", i, buckets[i]);
}
END_TEST

START_TEST(test_high_words_count)
{
	double plain = krait__philox_uniform(1, 1);

	ck_assert_double_ne(plain, krait__philox_uniform(1 | (uint64_t)1 << 32, 1));
	ck_assert_double_ne(plain, krait__philox_uniform(1, 1 | (uint64_t)1 << 32));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("philox");
	TCase *tcase = tcase_create("philox");

	tcase_add_loop_test(tcase, test_known_answers, 0, (int)(sizeof(known) / sizeof(*known)));
	tcase_add_test(tcase, test_uniform_is_the_first_two_words);
	tcase_add_test(tcase, test_uniform_fills_the_interval);
	tcase_add_test(tcase, test_high_words_count);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
