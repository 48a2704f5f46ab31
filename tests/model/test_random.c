/* SPDX-License-Identifier: Apache-2.0 */
/* test_random.c - models of published shapes with random weights. */
#include "base/memory.h"
#include "krait_experimental.h"
#include "model/layers.h"
#include "model/random.h"
#include "model/weights.h"
#include "support.h"

#include <fcntl.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static krait_model *model;

/* Parameters of models.md, sections 1.1 and 1.2; the state's too. */
START_TEST(published_shapes)
{
	static const struct { const char *name; double millions; } shapes[] = {
		{ "mamba-130m", 129.1 }, { "mamba-370m", 371.5 }, { "mamba-790m", 793.2 }, { "mamba-1.4b", 1372 }, { "mamba-2.8b", 2768 },
		{ "mamba2-130m", 128.989632 }, { "mamba2-370m", 368 }, { "mamba2-780m", 780 }, { "mamba2-1.3b", 1344 }, { "mamba2-2.7b", 2703 },
		{ "mamba3-siso-187m", 186.8496 }, { "mamba3-mimo-187m", 187.3 }, { "mamba3-siso-1.5b", 1494.7 },
		{ "falcon-mamba-7b", 7273 },
		{ "codestral-7b", 7285 }, { "granite-4.0-h-350m", 340.332224 }, { "granite-4.0-h-1b", 1461.538368 },
		{ "granite-4.0-h-micro", 3191.396096 }, { "granite-4.0-h-tiny", 6939.037248 }, { "falcon-h1-0.5b",
		521.411104 },
		{ "falcon-h1-1.5b", 1554.789760 }, { "nemotron-3-nano-4b", 3970 }, { "nemotron-nano-9b-v2",
		8888.227328 },
		{ "nemotron-3-nano-30b-a3b", 31577.937344 }, { "bamba-9b", 9780.235392 },
	};
	krait_options *options;

	ck_assert_int_eq(krait_options_new(&options), KRAIT_OK);
	krait_options_set_int(options, KRAIT_OPTION_INSPECT, 1);
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++) {
		/* as far as the published number goes, or half a million where it has more digits */
		double digits = shapes[i].millions == 3970 ? 5 : 0.5;

		ck_assert_msg(krait_model_random(&model, shapes[i].name, NULL, 0, options) == KRAIT_OK, "%s", krait_model_error(model));
		ck_assert_msg(fabs((double)krait_model_n_parameters(model) / 1e6 - shapes[i].millions) <= digits,
			"%s: %f million", shapes[i].name, (double)krait_model_n_parameters(model) / 1e6);
		ck_assert_uint_ge(krait_model_memory(model, 0), 2 * krait_model_n_parameters(model));
		krait_model_free(model);
	}
	for (size_t i = 0; krait_model_shape(i); i++) {
		ck_assert_msg(krait_model_random(&model, krait_model_shape(i), NULL, 0, options) == KRAIT_OK, "%s",
			krait_model_error(model));
		krait_model_free(model);
	}
	ck_assert_int_eq(krait_model_random(&model, "mamba-130m:2", NULL, 0, options), KRAIT_OK);
	ck_assert_uint_lt(krait_model_n_parameters(model), 50000000);
	krait_model_free(model);
	ck_assert_int_eq(krait_model_random(&model, "mamba-130m:0", NULL, 0, options), KRAIT_ERROR_NOT_FOUND);
	krait_model_free(model);
	ck_assert_int_eq(krait_model_random(&model, "mamba-130m:2x", NULL, 0, options), KRAIT_ERROR_NOT_FOUND);
	krait_model_free(model);
	krait_options_free(options);
}
END_TEST

/* The same seed, the same weights; each type's values have the spread that was asked for. */
START_TEST(random_fill)
{
	static const enum dtype types[] = { DTYPE_F32, DTYPE_F16, DTYPE_BF16 };
	struct tensor tensor = { "w", NULL, types[_i], 2, { 37, 1537 } };
	const struct tensor_rule *rule = &krait__rule_head;
	size_t n = 37 * 1537, size = n * krait__dtype_size(types[_i]);
	unsigned char *first = malloc(size + 1), *second = malloc(size + 1);
	float *values = malloc(n * sizeof(float));
	double sum = 0, squares = 0;

	first[size] = second[size] = 0x5a;
	krait__random_fill(first, &tensor, rule, 3);
	krait__random_fill(second, &tensor, rule, 3);
	ck_assert_mem_eq(first, second, size + 1);
	krait__random_fill(second, &tensor, rule, 4);
	ck_assert_int_ne(memcmp(first, second, size), 0);
	ck_assert_uint_eq(second[size], 0x5a);
	krait__widen(values, first, types[_i], n);
	for (size_t i = 0; i < n; i++) {
		sum += (double)values[i];
		squares += (double)values[i] * (double)values[i];
	}
	/* About 1 / sqrt(1537), within a factor of two; no bias to one side. */
	ck_assert_double_gt(sqrt(squares / (double)n), 0.5 / sqrt(1537));
	ck_assert_double_lt(sqrt(squares / (double)n), 2 / sqrt(1537));
	ck_assert_double_lt(fabs(sum / (double)n), 0.02 / sqrt(1537));
	free(first);
	free(second);
	free(values);
}
END_TEST

START_TEST(random_weights)
{
	const struct tensor *matrix, *a;

	ck_assert_int_eq(krait_model_random(&model, "mamba-130m", NULL, 3, NULL), KRAIT_OK);
	ck_assert_uint_eq(strlen(krait_model_fingerprint(model)), 32);
	ck_assert_uint_eq(model->n_owned, model->plan.n_tensors);
	matrix = krait__part_tensor(&model->plan, &model->plan.parts[5], ROLE_OUT_PROJ);
	ck_assert_int_eq(matrix->type, DTYPE_BF16);
	a = krait__part_tensor(&model->plan, &model->plan.parts[5], ROLE_A_LOG);
	ck_assert_int_eq(a->type, DTYPE_F32);
	ck_assert_double_eq_tol((double)((const float *)a->data)[17], log(2), 1e-6);
	krait_model_free(model);
}
END_TEST

START_TEST(random_refusals)
{
	ck_assert_int_eq(krait_model_random(&model, "mamba-7b", NULL, 0, NULL), KRAIT_ERROR_NOT_FOUND);
	ck_assert_ptr_nonnull(strstr(krait_model_error(model), "mamba2-2.7b"));
	krait_model_free(model);
	ck_assert_int_eq(krait_model_random(&model, "mamba-130m", "int8", 0, NULL), KRAIT_ERROR_ARGUMENT);
	krait_model_free(model);
	ck_assert_int_eq(krait_model_random(&model, NULL, NULL, 0, NULL), KRAIT_ERROR_NOT_FOUND);
	krait_model_free(model);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("random");
	TCase *tests = tcase_create("random");

	tcase_add_test(tests, published_shapes);
	tcase_add_loop_test(tests, random_fill, 0, 3);
	tcase_add_test(tests, random_weights);
	tcase_add_test(tests, random_refusals);
	suite_add_tcase(suite, tests);
	return support_run(suite);
}
