/* SPDX-License-Identifier: Apache-2.0 */
/* test_published.c - the configurations of published models, made anew from facts (tests/data/published). Those of
 * families that krait runs, with tensors of the sizes that they have and no numbers in them, become models of as many
 * parameters and with such states as are known; others are known by their family, and the rest is refused for the right
 * reason. */
#include "krait.h"
#include "base/memory.h"
#include "model/companions.h"
#include "model/configuration.h"
#include "model/open.h"
#include "model/plan.h"
#include "model/special_tokens.h"
#include "model/weights.h"
#include "support.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_TENSORS 1024

static json_t *models;

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

/* ---- a checkpoint without numbers ---------------------------------------------------------- */

static void add(struct checkpoint *checkpoint, const char *name, uint64_t rows, uint64_t middle, uint64_t columns)
{
	struct weight *weight = &checkpoint->weights[checkpoint->n_weights++];

	ck_assert_uint_le(checkpoint->n_weights, MOST_TENSORS);
	*weight = (struct weight){ .name = krait__copy_text(name), .type = DTYPE_BF16, .shape = { rows }, .rank = 1 };
	if (strstr(name, "A_log") || strstr(name, ".D"))
		weight->type = DTYPE_F32;
	if (middle)
		weight->shape[weight->rank++] = middle;
	if (columns)
		weight->shape[weight->rank++] = columns;
	weight->stride[weight->rank - 1] = 1;
	for (uint32_t axis = weight->rank - 1; axis > 0; axis--)
		weight->stride[axis - 1] = weight->stride[axis] * (int64_t)weight->shape[axis];
}

static void in_layer(struct checkpoint *checkpoint, uint64_t layer, const char *name, uint64_t rows, uint64_t middle,
	uint64_t columns)
{
	char full[100];

	snprintf(full, sizeof(full), "backbone.layers.%llu.%s", (unsigned long long)layer, name);
	add(checkpoint, full, rows, middle, columns);
}

static void add_mamba(struct checkpoint *to, uint64_t layer, uint64_t width)
{
	uint64_t inner = 2 * width, rank = (width + 15) / 16;

	in_layer(to, layer, "mixer.in_proj.weight", 2 * inner, 0, width);
	in_layer(to, layer, "mixer.conv1d.weight", inner, 1, 4);
	in_layer(to, layer, "mixer.conv1d.bias", inner, 0, 0);
	in_layer(to, layer, "mixer.x_proj.weight", rank + 32, 0, inner);
	in_layer(to, layer, "mixer.dt_proj.weight", inner, 0, rank);
	in_layer(to, layer, "mixer.dt_proj.bias", inner, 0, 0);
	in_layer(to, layer, "mixer.A_log", inner, 0, 16);
	in_layer(to, layer, "mixer.D", inner, 0, 0);
	in_layer(to, layer, "mixer.out_proj.weight", width, 0, inner);
}

static void add_mamba2(struct checkpoint *to, uint64_t layer, uint64_t width, uint64_t groups)
{
	uint64_t inner = 2 * width, heads = inner / 64, rows = inner + 2 * groups * 128;

	in_layer(to, layer, "mixer.in_proj.weight", inner + rows + heads, 0, width);
	in_layer(to, layer, "mixer.conv1d.weight", rows, 1, 4);
	in_layer(to, layer, "mixer.conv1d.bias", rows, 0, 0);
	in_layer(to, layer, "mixer.dt_bias", heads, 0, 0);
	in_layer(to, layer, "mixer.A_log", heads, 0, 0);
	in_layer(to, layer, "mixer.D", heads, 0, 0);
	in_layer(to, layer, "mixer.norm.weight", inner, 0, 0);
	in_layer(to, layer, "mixer.out_proj.weight", width, 0, inner);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct weight *)a)->name, ((const struct weight *)b)->name);
}

/* As the published one: a tied head is in the files of the original package, and not in those of transformers. */
static void make_checkpoint(struct checkpoint *to, const json_t *runs)
{
	bool original = !strcmp(json_string_value(json_object_get(runs, "layout")), "original");
	uint64_t width = (uint64_t)number(runs, "d_model"), vocab = (uint64_t)number(runs, "vocab_size");
	uint64_t groups = json_object_get(runs, "n_groups") ? (uint64_t)number(runs, "n_groups") : 1;

	*to = (struct checkpoint){ .weights = krait__alloc_zero(MOST_TENSORS, sizeof(*to->weights)) };
	add(to, original ? "backbone.embedding.weight" : "backbone.embeddings.weight", vocab, 0, width);
	for (uint64_t layer = 0; layer < (uint64_t)number(runs, "n_layers"); layer++) {
		in_layer(to, layer, "norm.weight", width, 0, 0);
		if (!strcmp(json_string_value(json_object_get(runs, "family")), "mamba"))
			add_mamba(to, layer, width);
		else
			add_mamba2(to, layer, width, groups);
	}
	add(to, "backbone.norm_f.weight", width, 0, 0);
	if (original || json_is_true(json_object_get(runs, "untied")))
		add(to, "lm_head.weight", vocab, 0, width);
	qsort(to->weights, to->n_weights, sizeof(*to->weights), by_name);
}

/* ---- opening --------------------------------------------------------------------------------- */

static const char *folder_of(const json_t *entry)
{
	const char *folder = support_folder(), *name;
	json_t *text;

	json_object_foreach(json_object_get(entry, "files"), name, text)
		support_write(support_join(folder, name), json_string_value(text), json_string_length(text));
	return folder;
}

/* All of opening but the reading of weights. */
static krait_model *assemble(const json_t *entry)
{
	const json_t *runs = json_object_get(entry, "runs");
	const json_t *text = json_object_get(json_object_get(entry, "files"), "config.json");
	krait_model *model = krait__model_new(NULL);
	struct why *why = &model->why;
	struct model_config config;
	struct json_value *json;
	struct binding *bindings;
	krait_status status;

	status = krait__config_read(&config, &json, json_string_value(text), json_string_length(text), why);
	ck_assert_msg(status == KRAIT_OK, "%s", why->text);
	ck_assert_str_eq(config.family->name, json_string_value(json_object_get(runs, "family")));
	make_checkpoint(&model->checkpoint, runs);
	status = krait__plan_build(&model->plan, &bindings, &config, &model->checkpoint, why);
	ck_assert_msg(status == KRAIT_OK, "%s", why->text);
	ck_assert_int_eq(config.tied == 0, json_is_true(json_object_get(runs, "untied")));
	if (config.tied != 0)
		krait__plan_tie(&model->plan);          /* its numbers would be the embedding's */
	krait__weights_measure(model);
	status = krait__companions_load(model, folder_of(entry), NULL, config.original ? NULL : json, why);
	ck_assert_msg(status == KRAIT_OK, "%s", why->text);
	krait__json_free(json);
	krait__free(bindings);
	return model;
}

/* ---- what is known ------------------------------------------------------------------------ */

/* A number as it was published, "12.0", against one that was found: equal to the last digit that stands there. */
static void as_published(const char *name, const char *what, const json_t *published, double found)
{
	const char *text = json_string_value(published), *point = strchr(text, '.');
	int digits = point ? (int)strlen(point + 1) : 0;

	ck_assert_msg(fabs(found - atof(text)) <= 0.5 * pow(10, -digits) + 1e-9,
		"%s: %s: %f, published is %s", name, what, found, text);
}

static double mebibytes_of(const krait_model *model, const char *ending)
{
	size_t n = 0;

	for (uint32_t i = 0; i < model->plan.n_components; i++)
		if (strstr(model->plan.components[i].name, ending))
			n += krait__extent(&model->plan.components[i], 0);
	return (double)n * sizeof(float) / 0x1p20;
}

static void check_tokens(const char *name, const krait_model *model, const json_t *entry)
{
	const json_t *runs = json_object_get(entry, "runs"), *wanted = json_object_get(runs, "stops");
	const char *eos = json_string_value(json_object_get(runs, "eos_token"));
	const struct special_token *found = krait__special_find(model, "eos_token");
	krait_token stops[4];
	size_t n = krait_model_stops(model, stops, 4);

	ck_assert_msg(n == json_array_size(wanted), "%s: %zu tokens end a text", name, n);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(stops[i], (krait_token)json_integer_value(json_array_get(wanted, i)));
	ck_assert_msg(!eos == !found && (!eos || !strcmp(found->text, eos)), "%s: eos_token", name);
}

static void check_running(const char *name, const json_t *entry)
{
	const json_t *runs = json_object_get(entry, "runs");
	krait_model *model = assemble(entry);
	const struct plan *plan = &model->plan;
	uint32_t groups = json_object_get(runs, "n_groups") ? (uint32_t)number(runs, "n_groups") : 1;

	ck_assert_uint_eq(plan->width, (uint32_t)number(runs, "d_model"));
	ck_assert_uint_eq(plan->n_layers, (uint32_t)number(runs, "n_layers"));
	ck_assert_uint_eq(plan->vocab, (uint32_t)number(runs, "vocab_size"));
	as_published(name, "parameters", json_object_get(runs, "parameters"), (double)model->n_parameters / 1e6);
	as_published(name, "the ssm state", json_object_get(runs, "ssm"), mebibytes_of(model, ".ssm"));
	as_published(name, "the convolution's state", json_object_get(runs, "conv"), mebibytes_of(model, ".conv"));
	ck_assert_uint_eq(plan->parts[0].n_groups, groups);
	ck_assert(plan->eps == 1e-5f && isinf(plan->parts[0].limit_high) && plan->parts[0].flags == 0);
	check_tokens(name, model, entry);
	/* they have no tokenizer here; nothing else is to be said of them */
	ck_assert_msg(strncmp(model->note, "there is no tokenizer.json", 26) == 0 && !strstr(model->note, "; "),
		"%s: %s", name, model->note);
	krait__model_free(model);
}

/* Only its weights are missing. */
static void check_family(const char *name, const json_t *entry)
{
	const json_t *text = json_object_get(json_object_get(entry, "files"), "config.json");
	struct model_config config;
	struct why why = { 0 };
	krait_model *model;
	krait_status status = krait__config_read(&config, NULL, json_string_value(text), json_string_length(text),
		&why);

	ck_assert_msg(status == KRAIT_OK, "%s: %s", name, why.text);
	ck_assert_str_eq(config.name, json_string_value(json_object_get(entry, "family")));
	ck_assert_uint_eq(config.n_layers, (uint32_t)number(entry, "n_layers"));
	ck_assert_int_eq(krait_model_open(&model, folder_of(entry), NULL), KRAIT_ERROR_NOT_FOUND);
	ck_assert_msg(strstr(krait_model_error(model), "no weights"), "%s: %s", name, krait_model_error(model));
	krait_model_free(model);
}

static void check_refused(const char *name, const json_t *entry)
{
	const json_t *words = json_object_get(entry, "refused");
	krait_model *model;

	ck_assert_int_eq(krait_model_open(&model, folder_of(entry), NULL), KRAIT_ERROR_UNSUPPORTED);
	ck_assert_uint_ge(json_array_size(words), 1);
	for (size_t i = 0; i < json_array_size(words); i++) {
		const char *word = json_string_value(json_array_get(words, i));

		ck_assert_msg(strstr(krait_model_error(model), word), "%s: %s", name, krait_model_error(model));
	}
	krait_model_free(model);
}

START_TEST(published)
{
	const json_t *entry = json_array_get(models, (size_t)_i);
	const char *name = json_string_value(json_object_get(entry, "name"));

	if (json_object_get(entry, "runs"))
		check_running(name, entry);
	else if (json_object_get(entry, "family"))
		check_family(name, entry);
	else
		check_refused(name, entry);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("published");
	TCase *tcase = tcase_create("published");
	int result;

	/* a file that cannot be read is one test, which fails */
	models = json_load_file(support_path("published/published.json"), 0, NULL);
	tcase_add_loop_test(tcase, published, 0, models ? (int)json_array_size(models) : 1);
	suite_add_tcase(suite, tcase);
	result = support_run(suite);
	json_decref(models);
	return result;
}
