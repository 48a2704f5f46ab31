/* SPDX-License-Identifier: Apache-2.0 */
/* test_counts.c - what a decoded token of the published shapes asks of the device: one graph of few
 * kernels, one wait, a few bytes back, and hardly more memory traffic than weights and state. The
 * emulator counts and computes nothing, so that the largest model takes no memory. */
#include "support.h"

#include "tests/cuda/counting.h"

static struct counting counting;
static struct why why;

static void open_shape(const char *shape, enum weight_form form)
{
	ck_assert_msg(counting_open(&counting, shape, form, &why), "%s", why.text);
}

static void close_shape(void)
{
	counting_close(&counting);
	ck_assert_uint_eq(emu_alive(), 0);
}

static struct emu_counts count_token(size_t n)
{
	struct emu_counts counts;

	ck_assert_msg(counting_token(&counting, n, &counts, &why), "%s", why.text);
	return counts;
}

static void check_token(const struct emu_counts *counts, size_t n)
{
	ck_assert_uint_eq(counts->graph_launches, 1);
	ck_assert_uint_eq(counts->launches, 0);
	ck_assert_uint_le(counts->kernels, 4 * counting.plan->n_layers + 4);
	ck_assert_uint_eq(counts->allocations + counts->host_allocations, 0);
	ck_assert_uint_eq(counts->waits, 1);
	ck_assert_uint_le(counts->to_host_bytes, 64 * n);
}

static const struct { const char *shape; enum weight_form form; } shapes[] = {
	{ "mamba-130m", WEIGHTS_AS_THEY_ARE }, { "mamba-2.8b", WEIGHTS_AS_THEY_ARE }, { "mamba2-2.7b", WEIGHTS_AS_THEY_ARE },
	{ "mamba-2.8b", WEIGHTS_INT8 }, { "mamba-2.8b", WEIGHTS_INT4 },
};
/* AddressSanitizer looks at every byte of the large ones, for minutes. */
#ifdef __SANITIZE_ADDRESS__
#define N_SHAPES 1
#else
#define N_SHAPES ((int)(sizeof(shapes) / sizeof(*shapes)))
#endif

START_TEST(one_token)
{
	struct emu_counts counts;
	uint64_t needed;

	open_shape(shapes[_i].shape, shapes[_i].form);
	needed = counting.memory.weights + 2 * counting.memory.slot;      /* a state is read and written */
	counts = count_token(1);
	check_token(&counts, 1);
	ck_assert_msg((double)counts.stated_bytes <= 1.02 * (double)needed, "%s: %llu bytes moved, %llu needed", shapes[_i].shape,
		(unsigned long long)counts.stated_bytes, (unsigned long long)needed);
	ck_assert_msg((double)counts.stated_bytes >= 0.95 * (double)needed, "%s: only %llu bytes stated of %llu", shapes[_i].shape,
		(unsigned long long)counts.stated_bytes, (unsigned long long)needed);
	close_shape();
}
END_TEST

START_TEST(many_sequences_cost_the_same_launches)
{
	struct emu_counts one, many;

	open_shape(shapes[_i].shape, shapes[_i].form);
	one = count_token(1);
	many = count_token(MOST_COUNTED);
	check_token(&many, MOST_COUNTED);
	ck_assert_uint_eq(many.kernels, one.kernels);
	close_shape();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("counts");
	TCase *tcase = tcase_create("counts");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, one_token, 0, N_SHAPES);
	tcase_add_loop_test(tcase, many_sequences_cost_the_same_launches, 0, N_SHAPES);
	suite_add_tcase(suite, tcase);
	return support_run(suite);
}
