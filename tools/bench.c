/* SPDX-License-Identifier: Apache-2.0 */
/* bench.c - `krait bench`: speed beside what the machine could do. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "bench.h"

#include "krait_experimental.h"
#include "opening.h"
#include "progress.h"
#include "say.h"
#include "stream.h"
#include "verbs.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned count_threads(const struct common *common)
{
	cpu_set_t set;

	if (common->threads.given && common->threads.whole > 0)
		return (unsigned)common->threads.whole;
	CPU_ZERO(&set);
	return sched_getaffinity(0, sizeof set, &set) ? 1 : (unsigned)CPU_COUNT(&set);
}

/* -1, or an exit status. */
static int read_list(struct bench_list *list, const char *name, const char *otherwise, double most)
{
	const char *at = list->text ? list->text : otherwise;

	for (;;) {
		char *end;
		double value = strtod(at, &end);

		if (end == at || (*end && *end != ',') || value < 1 || value > most || value != (double)(size_t)value || list->n == BENCH_MOST)
			return say_usage("bench: --%s is '%s': up to %d whole numbers from 1 to %.0f are needed, with commas between them", name,
				list->text, BENCH_MOST, most);
		list->values[list->n++] = (size_t)value;
		if (!*end)
			return -1;
		at = end + 1;
	}
}

static int read_options(struct bench *bench, const struct verb *verb, int argc, char **argv)
{
	const struct option_row rows[] = {
		{ "shape", 0, OPTION_TEXT, &bench->shape, "NAME", "random weights of a published shape; 'list' lists them", 0, 0 },
		{ "layers", 0, OPTION_WHOLE, &bench->n_layers, "N", "the first N layers of the shape only", 1, 1024 },
		{ "tokens", 'n', OPTION_WHOLE, &bench->n_decode, "N", "tokens of a decode round (default: 64)", 1, 1e9 },
		{ "prompt", 0, OPTION_TEXT, &bench->prompts.text, "NUMBERS", "tokens of each prompt (default: 512)", 0, 0 },
		{ "batch", 0, OPTION_TEXT, &bench->batches.text, "NUMBERS", "sessions of each batch (default: 1,8)", 0, 0 },
		{ "profile", 0, OPTION_FLAG, &bench->profile, NULL, "what each kernel takes, too (cuda)", 0, 0 },
		{ "lasting", 0, OPTION_FLAG, &bench->lasting, NULL, "instead: time per token and memory, early and late in a text", 0, 0 },
		{ "late", 0, OPTION_WHOLE, &bench->n_long, "N", "where late is (default: 1000000)", 2000, 1e12 },
		{ "memory", 0, OPTION_FLAG, &bench->memory, NULL, "instead: the most memory in use, beside weights and state", 0, 0 },
		{ "instructions", 0, OPTION_TEXT, &bench->instructions, "SET",
		"auto, generic, avx2[-1|-4], avx512[-1|-4]", 0, 0 },
	};
	const struct option_group group = { NULL, rows, sizeof rows / sizeof *rows };
	int first, status = options_parse(verb, &group, 1, &bench->common, argc, argv, &first);

	if (status < 0 && argc > first)
		return say_usage("bench: no arguments are expected, but there is '%s'", argv[first]);
	bench->n_decode.whole = bench->n_decode.given ? bench->n_decode.whole : 64;
	bench->n_long.whole = bench->n_long.given ? bench->n_long.whole : 1000000;
	bench->n_threads = count_threads(&bench->common);
	if (status < 0)
		status = read_list(&bench->prompts, "prompt", "512", 1e8);
	if (status < 0)
		status = read_list(&bench->batches, "batch", "1,8", 4096);
	return status;
}

static int list_shapes(void)
{
	const char *name;

	for (size_t i = 0; (name = krait_model_shape(i)); i++)
		output_format("%s\n", name);
	return STATUS_DONE;
}

/* The model from a file, or of a shape; timing the former. */
static int open_model(struct bench *bench)
{
	int status = STATUS_FAILED;
	krait_options *options = opening_options(&bench->common, &status);
	double start = stream_now();
	krait_status opened;

	if (!options)
		return status;
	if (bench->instructions && krait_options_set_text(options, KRAIT_OPTION_INSTRUCTIONS, bench->instructions) != KRAIT_OK) {
		say_usage("%s", krait_options_error(options));
		krait_options_free(options);
		return STATUS_USAGE;
	}
	if (bench->shape && bench->n_layers.given) {
		snprintf(bench->cut_shape, sizeof bench->cut_shape, "%s:%lld", bench->shape,
			(long long)bench->n_layers.whole);
		bench->shape = bench->cut_shape;
	}
	bench->name = bench->shape ? bench->shape : bench->common.model ? bench->common.model : OPENING_DEFAULT_MODEL;
	progress_begin(bench->shape ? "drawing random weights" : "opening the model");
	if (bench->shape)
		opened = krait_model_random(&bench->model, bench->shape, bench->common.weights ? bench->common.weights : "bf16", 1, options);
	else
		opened = krait_model_open(&bench->model, bench->name, options);
	progress_end();
	krait_options_free(options);
	if (opened == KRAIT_CANCELLED)
		return STATUS_INTERRUPTED;
	if (opened != KRAIT_OK)
		return say_failure("%s", krait_model_error(bench->model));
	opening_note(bench->model);
	if (bench->profile && !strcmp(krait_model_device(bench->model), "cpu"))
		return say_usage("bench: --profile times the kernels of a GPU: add --device cuda");
	if (!bench->shape)
		json_object_set_new(bench_row(bench, "open"), "seconds", json_real(stream_now() - start));
	return -1;
}

/* Of each byte of weights, how much a step of a batch reads: a row of the table where the head has one of its own, and
 * of experts those that are chosen. */
static void count_weights(struct bench *bench, const json_t *info, double table, bool untied)
{
	const json_t *moe = json_object_get(json_object_get(info, "parts"), "moe");
	double n = (double)krait_model_n_parameters(bench->model);
	double each = json_number_value(json_object_get(info, "weight_bytes")) / n;
	double idle = n - json_number_value(json_object_get(info, "n_active_parameters"));
	double all = json_number_value(json_object_get(moe, "n_experts"));

	bench->chosen_share = all > 0 ? json_number_value(json_object_get(moe, "n_used")) / all : 1;
	bench->expert_bytes = bench->chosen_share < 1 ? each * idle / (1 - bench->chosen_share) : 0;
	bench->stored_bytes = each * n;
	bench->weight_bytes = each * (n - (untied ? table : 0));
	bench->active_parameters = n - idle - (untied ? table : 0);
}

/* What a token costs. A prompt's tokens need no head but the last one's. */
static void count_costs(struct bench *bench)
{
	json_t *info = opening_info(bench->model);
	double table = (double)krait_model_vocab_size(bench->model) * (double)krait_model_width(bench->model);

	count_weights(bench, info, table, json_is_false(json_object_get(info, "tied_head")));
	bench->state_bytes = (double)krait_model_state_size(bench->model);
	bench->token_bytes = json_number_value(json_object_get(info, "state_bytes_per_token"));
	/* One multiply-add for each weight of a product; for each element of the state a decay, an input and an output. */
	bench->flops = 2 * (bench->active_parameters - table) + 6 * bench->state_bytes / 4;
	bench->head_flops = 2 * table;
	json_decref(info);
}

/* Before anything is measured for nothing. */
static int can_profile(struct bench *bench)
{
	int status = bench_profile_begin(bench);

	return status < 0 ? bench_profile_end(bench, "nothing", 0) : status;
}

/* What failed is a row, too, and the next batch or prompt may do better. The command fails in the end. */
static int or_next(struct bench *bench, int status, const char *work, const char *of, size_t n, bool *failed)
{
	if (status != STATUS_FAILED)
		return status;
	bench_add_failure(bench, work, of, n);
	*failed = true;
	return -1;
}

static int measure(struct bench *bench, struct ceilings *ceilings)
{
	bool failed = false;
	int status = -1;

	if (bench->lasting)
		return bench_lasting(bench);
	if (bench->memory)
		return bench_memory(bench);
	if (bench->profile)
		status = can_profile(bench);
	if (status < 0)
		status = bench_ceilings(bench, ceilings, false);
	for (size_t i = 0; i < bench->batches.n && status < 0; i++)
		status = or_next(bench, bench_decode(bench, bench->batches.values[i]), "decode", "batch", bench->batches.values[i], &failed);
	for (size_t i = 0; i < bench->prompts.n && status < 0; i++)
		status = or_next(bench, bench_prefill(bench, bench->prompts.values[i]), "prefill", "n_tokens", bench->prompts.values[i], &failed);
	if (status < 0)
		status = bench_states(bench);
	if (status < 0)
		status = bench_diverge(bench);
	if (status < 0)
		status = bench_ceilings(bench, ceilings, true);
	if (ceilings->read_before > 0) {
		bench_add_limits(bench, ceilings);
		json_array_insert_new(bench->rows, 0, bench_ceilings_row(ceilings));
	}
	return status < 0 && failed ? STATUS_FAILED : status;
}

int verb_bench(const struct verb *verb, int argc, char **argv)
{
	struct bench bench = { .rows = json_array() };
	struct ceilings ceilings = { 0 };
	int status = read_options(&bench, verb, argc, argv);

	if (status < 0 && bench.shape && !strcmp(bench.shape, "list"))
		status = list_shapes();
	if (status < 0)
		status = open_model(&bench);
	if (status < 0) {
		count_costs(&bench);
		status = measure(&bench, &ceilings);
	}
	/* what was measured before something went wrong is worth its while, too */
	bench_report(&bench);
	json_decref(bench.rows);
	krait_model_free(bench.model);
	return status < 0 ? STATUS_DONE : status;
}
