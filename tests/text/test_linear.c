/* SPDX-License-Identifier: Apache-2.0 */
/* test_linear.c - work grows with the text, not with its square, whatever the text is. Counted
 * in steps of the tokenizer, not in seconds. */
#include "krait_experimental.h"
#include "support.h"
#include "vectors.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = VECTOR_NAMES;
#define N_NAMES ((int)(sizeof(names) / sizeof(names[0])))

#define LITTLE 4000             /* bytes of each text on a little stack */

/* Repeated to the length that is wanted. */
static const struct { const char *unit; size_t n_unit; } units[] = {
#define UNIT(text) { text, sizeof(text) - 1 }
	UNIT("a"), UNIT(" "), UNIT("'"), UNIT("7"), UNIT("\n"), UNIT("\0"), UNIT("!"), UNIT("-="), UNIT("\r\n"), UNIT("'s"), UNIT("a "), UNIT("ab"),
	UNIT("\xff"), UNIT("\xe2\x82"), UNIT("\xcc\x81"), UNIT("\xcc\x81\xcc\x96"), UNIT("e\xcc\x81"), UNIT("\xe6\x97\xa5"), UNIT("\xf0\x9f\x98\x80"),
	UNIT("\xef\xb7\xba"), UNIT("<|endoftext|>"), UNIT("<|endoftext|"), UNIT("<|a"), UNIT("<left> <right> "), UNIT(" \n"), UNIT("                        x"),
	UNIT("\xc2\xa0"), UNIT("1,2 \xc2\xbd<mask>\xe3\x80\x80'LL word"),
#undef UNIT
};
#define N_UNITS (sizeof(units) / sizeof(units[0]))

static uint64_t steps_for(const krait_tokenizer *tokenizer, const char *text, size_t n_text)
{
	uint64_t before = krait_tokenizer_steps(tokenizer);
	size_t n;

	ck_assert_int_eq(krait_tokenizer_encode(tokenizer, text, n_text, KRAIT_PARSE_SPECIAL, NULL, 0, &n), KRAIT_OK);
	ck_assert_uint_gt(n, 0);
	return krait_tokenizer_steps(tokenizer) - before;
}

static char *fill(size_t unit, size_t n)
{
	char *text = malloc(n);

	for (size_t i = 0; i < n; i++)
		text[i] = units[unit].unit[i % units[unit].n_unit];
	return text;
}

START_TEST(test_doubling)
{
	krait_tokenizer *tokenizer = vectors_open(names[_i]);
	const size_t n = 10000;

	for (size_t unit = 0; unit < N_UNITS; unit++) {
		char *text = fill(unit, 2 * n);
		uint64_t once = steps_for(tokenizer, text, n), twice = steps_for(tokenizer, text, 2 * n);

		ck_assert_msg((double)twice <= 2.3 * (double)once, "%s: unit %zu: %llu steps for %zu bytes, %llu for twice as many",
			names[_i], unit, (unsigned long long)once, n, (unsigned long long)twice);
		ck_assert_msg(once >= n, "%s: unit %zu: only %llu steps were counted", names[_i], unit, (unsigned long long)once);
		free(text);
	}
	krait_tokenizer_free(tokenizer);
}
END_TEST

/* The million of everything, on the tokenizer that Mamba uses. */
START_TEST(test_million)
{
	krait_tokenizer *tokenizer = vectors_open("neox");
	const size_t n = 500000;       /* and twice that */

	for (size_t unit = 0; unit < 5; unit++) {
		char *text = fill(unit, 2 * n);
		uint64_t once = steps_for(tokenizer, text, n), twice = steps_for(tokenizer, text, 2 * n);

		ck_assert_msg((double)twice <= 2.3 * (double)once, "unit %zu", unit);
		free(text);
	}
	krait_tokenizer_free(tokenizer);
}
END_TEST

/* First all marks of a high class, then all of a low one: each must move before all of the others. */
START_TEST(test_marks)
{
	krait_tokenizer *tokenizer = vectors_open("neox");
	const size_t n = 50000;
	char *text = malloc(4 * n);
	uint64_t steps[2];

	for (int k = 0; k < 2; k++) {
		size_t half = k ? n : n / 2;

		for (size_t i = 0; i < 2 * half; i++)
			memcpy(text + 2 * i, i < half ? "\xcc\x81" : "\xcc\x96", 2);
		steps[k] = steps_for(tokenizer, text, 4 * half);
	}
	ck_assert((double)steps[1] <= 2.3 * (double)steps[0]);
	free(text);
	krait_tokenizer_free(tokenizer);
}
END_TEST

struct job {
	const char *path;
	size_t done;
};

static void *work_on_little_stack(void *user)
{
	struct job *job = user;
	krait_tokenizer *tokenizer;

	if (krait_tokenizer_open(&tokenizer, job->path) == KRAIT_OK)
		for (size_t unit = 0; unit < N_UNITS; unit++) {
			char *text = fill(unit, LITTLE);
			size_t n;

			job->done += krait_tokenizer_encode(tokenizer, text, LITTLE, KRAIT_PARSE_SPECIAL, NULL, 0, &n) == KRAIT_OK;
			free(text);
		}
	krait_tokenizer_free(tokenizer);
	return NULL;
}

START_TEST(test_little_stack)
{
	struct job job = { NULL, 0 };
	char relative[64];
	pthread_attr_t attributes;
	pthread_t thread;

	snprintf(relative, sizeof(relative), "tokenizer/%s", names[_i]);
	job.path = strcmp(names[_i], "demo") == 0 ? support_demo(NULL) : support_path(relative);
	ck_assert_int_eq(pthread_attr_init(&attributes), 0);
	/* 64 KiB for the library, and what a thread and a sanitizer take for themselves. */
	ck_assert_int_eq(pthread_attr_setstacksize(&attributes, 96 * 1024), 0);
	ck_assert_int_eq(pthread_create(&thread, &attributes, work_on_little_stack, &job), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_eq(job.done, N_UNITS);
	pthread_attr_destroy(&attributes);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tokenizer work");
	TCase *tcase = tcase_create("linear");

	tcase_set_timeout(tcase, 600);
	tcase_add_loop_test(tcase, test_doubling, 0, N_NAMES);
	tcase_add_test(tcase, test_million);
	tcase_add_test(tcase, test_marks);
	tcase_add_loop_test(tcase, test_little_stack, 0, N_NAMES);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
