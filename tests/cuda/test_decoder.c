/* SPDX-License-Identifier: Apache-2.0 */
/* test_decoder.c - the Transformer that Mamba is compared with, whole, with tiny sizes: what its steps compute from the
 * cache is what reading all tokens at once computes. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "bench/transformer/decoder.h"
#include "cuda/prefill_kit.h"
#include "support.h"

#include <stdlib.h>
#include <string.h>

enum { N_SEQUENCES = 3, N_PROMPT = 70, N_STEPS = 3, VOCAB = 101 };
static const struct decoder_shape tiny[] = {
	{ "tiny", 2, 128, 2, 64, 192, VOCAB },
	{ "tiny", 1, 160, 2, 80, 64, VOCAB },
};

#define GOOD(call) do { const char *error_ = (call); ck_assert_msg(!error_, "%s", error_); } while (0)

/* Any tokens, then what came out after each. */
static void continued(int32_t *longer, const int32_t *prompt, int32_t came[N_STEPS + 1][N_SEQUENCES], uint32_t n_came)
{
	for (uint32_t i = 0; i < N_SEQUENCES; i++) {
		memcpy(longer + i * (N_PROMPT + n_came), prompt + i * N_PROMPT, N_PROMPT * sizeof *prompt);
		for (uint32_t t = 0; t < n_came; t++)
			longer[i * (N_PROMPT + n_came) + N_PROMPT + t] = came[t][i];
	}
}

START_TEST(steps_are_as_prompts)
{
	const struct decoder_shape *shape = &tiny[_i];
	int32_t prompt[N_SEQUENCES * N_PROMPT], longer[N_SEQUENCES * (N_PROMPT + N_STEPS)], came[N_STEPS + 1][N_SEQUENCES], last[N_SEQUENCES];
	float logits[N_SEQUENCES * VOCAB], want[N_SEQUENCES * VOCAB];
	struct decoder *decoder;

	for (int i = 0; i < N_SEQUENCES * N_PROMPT; i++)
		prompt[i] = (i * 37 + 11) % VOCAB;
	GOOD(decoder_open(&decoder, shape, N_SEQUENCES, N_PROMPT, N_STEPS + 1));
	GOOD(decoder_set_prompt(decoder, prompt));
	GOOD(decoder_prompt(decoder));
	for (int i = 0; i <= N_STEPS; i++) {
		GOOD(decoder_read(decoder, logits, came[i]));
		if (i < N_STEPS)
			GOOD(decoder_steps(decoder, 1));
	}
	decoder_close(decoder);
	continued(longer, prompt, came, N_STEPS);
	GOOD(decoder_open(&decoder, shape, N_SEQUENCES, N_PROMPT + N_STEPS, 1));
	GOOD(decoder_set_prompt(decoder, longer));
	GOOD(decoder_prompt(decoder));
	GOOD(decoder_read(decoder, want, last));
	decoder_close(decoder);
	ck_assert_msg(support_rel_l2f(logits, want, N_SEQUENCES * VOCAB) < 2e-2, "steps and prompt differ by %g", support_rel_l2f(logits, want, N_SEQUENCES * VOCAB));
	kit_end();
}
END_TEST

/* Another prompt, another answer: the cache of a round before is not seen. */
START_TEST(rounds_are_alike)
{
	float first[N_SEQUENCES * VOCAB], again[N_SEQUENCES * VOCAB];
	int32_t tokens[N_SEQUENCES], other[N_SEQUENCES * N_PROMPT] = { 0 };
	struct decoder *decoder;

	GOOD(decoder_open(&decoder, &tiny[0], N_SEQUENCES, N_PROMPT, 3));
	GOOD(decoder_prompt(decoder));
	GOOD(decoder_steps(decoder, 2));
	GOOD(decoder_read(decoder, first, tokens));
	GOOD(decoder_prompt(decoder));
	GOOD(decoder_steps(decoder, 2));
	GOOD(decoder_read(decoder, again, tokens));
	ck_assert_mem_eq(first, again, sizeof first);
	GOOD(decoder_set_prompt(decoder, other));
	GOOD(decoder_prompt(decoder));
	GOOD(decoder_steps(decoder, 2));
	GOOD(decoder_read(decoder, again, tokens));
	ck_assert_mem_ne(first, again, sizeof first);
	decoder_close(decoder);
	kit_end();
}
END_TEST

START_TEST(sizes_are_those_of_the_mambas)
{
	static const struct { const char *mamba; double parameters; } published[] = { { "mamba-130m", 129135360 }, { "mamba-1.4b", 1372178432 }, { "mamba-2.8b", 2768345600 } };
	uint32_t most;

	for (size_t i = 0; i < 3; i++) {
		const struct decoder_shape *shape = decoder_shape(published[i].mamba);

		ck_assert_ptr_nonnull(shape);
		ck_assert(decoder_parameters(shape) > 0.93 * published[i].parameters && decoder_parameters(shape) < 1.02 * published[i].parameters);
		ck_assert_uint_eq(shape->n_heads * shape->head_dim, shape->width);
	}
	ck_assert_ptr_null(decoder_shape("mamba-3b"));
	ck_assert(decoder_cache_bytes(decoder_shape("mamba-2.8b"), 2176) == 2176.0 * 327680);
	GOOD(decoder_most(&most, &tiny[0], N_PROMPT, 1));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("decoder");
	TCase *test = tcase_create("decoder");

	tcase_add_loop_test(test, steps_are_as_prompts, 0, 2);
	tcase_add_test(test, rounds_are_alike);
	tcase_add_test(test, sizes_are_those_of_the_mambas);
	suite_add_tcase(suite, test);
	return support_run(suite);
}
