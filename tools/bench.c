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
#include "sizes.h"
#include "stream.h"
#include "verbs.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

double bench_status(const char *field)
{
	FILE *file = fopen("/proc/self/status", "re");
	char line[256];
	double kib = 0;
	size_t n = strlen(field);

	while (file && fgets(line, sizeof line, file))
		if (!strncmp(line, field, n) && line[n] == ':')
			kib = strtod(line + n + 1, NULL);
	if (file)
		fclose(file);
	return kib * 1024;
}

json_t *bench_row(struct bench *bench, const char *work)
{
	json_t *info = opening_info(bench->model);
	json_t *row = json_object();
	const char *weights = json_string_value(json_object_get(info, "weights"));

	json_object_set_new(row, "work", json_string(work));
	json_object_set_new(row, "shape", json_string(bench->name));
	json_object_set_new(row, "weights", json_string(weights ? weights : "unknown"));
	json_object_set_new(row, "device", json_string(krait_model_device(bench->model)));
	json_object_set_new(row, "threads", json_integer(bench->n_threads));
	json_array_append_new(bench->rows, row);
	json_decref(info);
	return row;
}

static unsigned count_threads(const struct common *common)
{
	cpu_set_t set;

	if (common->threads.given && common->threads.whole > 0)
		return (unsigned)common->threads.whole;
	CPU_ZERO(&set);
	return sched_getaffinity(0, sizeof set, &set) ? 1 : (unsigned)CPU_COUNT(&set);
}

static int read_options(struct bench *bench, const struct verb *verb, int argc, char **argv)
{
	const struct option_row rows[] = {
		{ "shape", 0, OPTION_TEXT, &bench->shape, "NAME", "random weights of a published shape; 'list' lists them", 0, 0 },
		{ "tokens", 'n', OPTION_WHOLE, &bench->n_decode, "N", "tokens of a decode round (default: 64)", 1, 1e9 },
		{ "prompt", 0, OPTION_WHOLE, &bench->n_prefill, "N", "tokens of a prompt (default: 512)", 1, 1e9 },
		{ "batch", 0, OPTION_WHOLE, &bench->n_batch, "N", "sessions of the batch (default: 8)", 1, 4096 },
		{ "lasting", 0, OPTION_FLAG, &bench->lasting, NULL, "instead: time per token and memory, early and late in a text", 0, 0 },
		{ "late", 0, OPTION_WHOLE, &bench->n_long, "N", "where late is (default: 1000000)", 2000, 1e12 },
		{ "memory", 0, OPTION_FLAG, &bench->memory, NULL, "instead: the most memory in use, beside weights and state", 0, 0 },
		{ "instructions", 0, OPTION_TEXT, &bench->instructions, "SET", "auto, generic, avx2, avx512", 0, 0 },
	};
	const struct option_group group = { NULL, rows, sizeof rows / sizeof *rows };
	int first, status = options_parse(verb, &group, 1, &bench->common, argc, argv, &first);

	if (status < 0 && argc > first)
		return say_usage("bench: no arguments are expected, but there is '%s'", argv[first]);
	bench->n_decode.whole = bench->n_decode.given ? bench->n_decode.whole : 64;
	bench->n_prefill.whole = bench->n_prefill.given ? bench->n_prefill.whole : 512;
	bench->n_batch.whole = bench->n_batch.given ? bench->n_batch.whole : 8;
	bench->n_long.whole = bench->n_long.given ? bench->n_long.whole : 1000000;
	bench->n_threads = count_threads(&bench->common);
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
	if (!bench->shape)
		json_object_set_new(bench_row(bench, "open"), "seconds", json_real(stream_now() - start));
	return -1;
}

/* What a token costs. A prompt's tokens need no head but the last one's. */
static void count_costs(struct bench *bench)
{
	json_t *info = opening_info(bench->model);
	double n_parameters = (double)krait_model_n_parameters(bench->model);
	double table = (double)krait_model_vocab_size(bench->model) * (double)krait_model_width(bench->model);
	double stored = json_number_value(json_object_get(info, "weight_bytes"));
	json_t *tied = json_object_get(info, "tied_head");

	bench->state_bytes = (double)krait_model_state_size(bench->model);
	bench->weight_bytes = stored;
	/* One multiply-add for each weight of a product; for each element of the state a decay, an input and an output. */
	bench->flops = 2 * (n_parameters - (json_is_false(tied) ? 2 : 1) * table) + 2 * table / (double)bench->n_prefill.whole
		+ 6 * bench->state_bytes / 4;
	json_decref(info);
}

static double larger(double a, double b)
{
	return a > b ? a : b;
}

static void add_limits(const struct bench *bench, const struct ceilings *ceilings)
{
	double read = larger(ceilings->read_before, ceilings->read_after);
	double flops = larger(ceilings->flops_before, ceilings->flops_after);
	size_t i;
	json_t *row;

	json_array_foreach(bench->rows, i, row) {
		const char *work = json_string_value(json_object_get(row, "work"));
		double batch = json_number_value(json_object_get(row, "batch"));
		double limit;

		if (!strcmp(work, "decode") && bench->weight_bytes > 0)
			limit = batch * read / (bench->weight_bytes + 2 * batch * bench->state_bytes);
		else if (!strcmp(work, "prefill"))
			limit = flops / bench->flops;
		else
			continue;
		json_object_set_new(row, "limit_tokens_per_second", json_real(limit));
		json_object_set_new(row, "share_of_limit", json_real(json_number_value(json_object_get(row, "tokens_per_second")) / limit));
	}
}

static json_t *ceilings_row(const struct ceilings *ceilings)
{
	return json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:i, s:s, s:I, s:I}", "work", "ceilings",
		"read_bytes_per_second", larger(ceilings->read_before, ceilings->read_after),
		"f32_flops", larger(ceilings->flops_before, ceilings->flops_after),
		"read_before", ceilings->read_before, "read_after", ceilings->read_after,
		"f32_flops_before", ceilings->flops_before, "f32_flops_after", ceilings->flops_after,
		"threads", (int)ceilings->n_threads, "vectors", ceilings->vectors,
		"cache_bytes", (json_int_t)ceilings->cache_bytes, "buffer_bytes", (json_int_t)ceilings->buffer_bytes);
}

static void print_json(const json_t *rows)
{
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row) {
		char *text = json_dumps(row, JSON_REAL_PRECISION(9));

		if (text)
			output_format("%s\n", text);
		free(text);
	}
}

static double number(const json_t *row, const char *name)
{
	return json_number_value(json_object_get(row, name));
}

static void print_row(const json_t *row)
{
	const char *work = json_string_value(json_object_get(row, "work"));
	char one[SIZES_ROOM], other[SIZES_ROOM];

	if (!strcmp(work, "ceilings")) {
		output_format("this machine, %d threads, %s: reads %.1f GB/s, %.1f float32 GFLOP/s\n\n", (int)number(row, "threads"),
			json_string_value(json_object_get(row, "vectors")), number(row, "read_bytes_per_second") / 1e9, number(row, "f32_flops") / 1e9);
		return;
	}
	output_format("%-9s %-16s %-6s ", work, json_string_value(json_object_get(row, "shape")), json_string_value(json_object_get(row, "weights")));
	if (!strcmp(work, "lasting"))
		output_format("token %-9.0f %9.1f us a token, %s resident\n", number(row, "position"), number(row, "seconds_per_token") * 1e6,
			sizes_bytes(one, number(row, "resident_bytes")));
	else if (!strcmp(work, "memory"))
		output_format("peak %s, weights and state %s: %.3f times\n", sizes_bytes(one, number(row, "peak_bytes")),
			sizes_bytes(other, number(row, "weight_bytes") + number(row, "state_bytes")), number(row, "peak_over_needed"));
	else if (json_object_get(row, "share_of_limit"))
		output_format("batch %-3.0f %10.1f tokens/s, limit %10.1f: %5.1f %%\n", number(row, "batch"), number(row, "tokens_per_second"),
			number(row, "limit_tokens_per_second"), 100 * number(row, "share_of_limit"));
	else if (json_object_get(row, "tokens_per_second"))
		output_format("batch %-3.0f %10.1f tokens/s\n", number(row, "batch"), number(row, "tokens_per_second"));
	else
		output_format("%23.1f us\n", number(row, "seconds") * 1e6);
}

static int measure(struct bench *bench, struct ceilings *ceilings)
{
	int status = -1;

	if (bench->lasting)
		return bench_lasting(bench);
	if (bench->memory)
		return bench_memory(bench);
	if (!ceilings_measure(ceilings, bench->n_threads, false))
		return STATUS_FAILED;
	status = bench_decode(bench, 1);
	if (status < 0 && bench->n_batch.whole > 1)
		status = bench_decode(bench, (size_t)bench->n_batch.whole);
	if (status < 0)
		status = bench_prefill(bench);
	if (status < 0)
		status = bench_states(bench);
	if (status < 0 && !ceilings_measure(ceilings, bench->n_threads, true))
		status = STATUS_FAILED;
	if (status >= 0)
		return status;
	add_limits(bench, ceilings);
	json_array_insert_new(bench->rows, 0, ceilings_row(ceilings));
	return -1;
}

static void report(const struct bench *bench)
{
	size_t i;
	json_t *row;

	if (bench->common.json) {
		print_json(bench->rows);
		return;
	}
	json_array_foreach(bench->rows, i, row)
		print_row(row);
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
	if (status < 0)
		report(&bench);
	json_decref(bench.rows);
	krait_model_free(bench.model);
	return status < 0 ? STATUS_DONE : status;
}
