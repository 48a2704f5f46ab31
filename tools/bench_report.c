/* SPDX-License-Identifier: Apache-2.0 */
/* bench_report.c - what `krait bench` found, beside its limits. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "bench.h"

#include "opening.h"
#include "say.h"
#include "sizes.h"
#include "verbs.h"

#include <math.h>
#include <string.h>

static double larger(double a, double b)
{
	return a > b ? a : b;
}

static double number(const json_t *row, const char *name)
{
	return json_number_value(json_object_get(row, name));
}

static bool is(const json_t *row, const char *work)
{
	return !strcmp(json_string_value(json_object_get(row, "work")), work);
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

/* ---- limits ------------------------------------------------------------------------------ */

/* What a token of a prompt of n costs; the head only for the last one. */
/* What a step of a batch has to read and write, in the middle of a text of n tokens: of experts those that some of the batch
 * chose, where each chooses on its own. */
static double bytes_of_step(const struct bench *bench, double batch, double n)
{
	double missed = bench->expert_bytes * pow(1 - bench->chosen_share, batch);

	return bench->weight_bytes - missed + batch * (2 * bench->state_bytes + n / 2 * bench->token_bytes);
}

static double flops_of_token(const struct bench *bench, double n)
{
	return bench->flops + bench->head_flops / n;
}

static void add_rate_limit(json_t *row, double limit)
{
	json_object_set_new(row, "limit_tokens_per_second", json_real(limit));
	json_object_set_new(row, "share_of_limit", json_real(number(row, "tokens_per_second") / limit));
}

void bench_add_limits(const struct bench *bench, const struct ceilings *ceilings)
{
	double read = larger(ceilings->read_before, ceilings->read_after);
	double flops = larger(ceilings->flops_before, ceilings->flops_after);
	size_t i;
	json_t *row;

	json_array_foreach(bench->rows, i, row) {
		double batch = number(row, "batch");

		if (json_object_get(row, "error"))
			continue;
		if (is(row, "decode") && bench->weight_bytes > 0)
			add_rate_limit(row, batch * read / bytes_of_step(bench, batch, number(row, "n_tokens")));
		else if (is(row, "prefill") && flops > 0)
			add_rate_limit(row, flops / flops_of_token(bench, number(row, "n_tokens")));
		else if (is(row, "profile") && read > 0 && number(row, "seconds") > 0)
			json_object_set_new(row, "share_of_read", json_real(number(row, "bytes") / number(row, "seconds") / read));
	}
}

json_t *bench_ceilings_row(const struct ceilings *ceilings)
{
	double flops = larger(ceilings->flops_before, ceilings->flops_after);
	json_t *row = json_pack("{s:s, s:f, s:f, s:f}", "work", "ceilings",
		"read_bytes_per_second", larger(ceilings->read_before, ceilings->read_after),
		"read_before", ceilings->read_before, "read_after", ceilings->read_after);
	const char *kind = ceilings->on_device ? "product_flops" : "f32_flops";

	json_object_set_new(row, kind, json_real(flops));
	json_object_set_new(row, ceilings->on_device ? "product_flops_before" : "f32_flops_before", json_real(ceilings->flops_before));
	json_object_set_new(row, ceilings->on_device ? "product_flops_after" : "f32_flops_after", json_real(ceilings->flops_after));
	json_object_set_new(row, "buffer_bytes", json_integer((json_int_t)ceilings->buffer_bytes));
	if (ceilings->on_device) {
		json_object_set_new(row, "device", json_string(ceilings->device));
		json_object_set_new(row, "to_host_bytes_per_second", json_real(ceilings->to_host));
		return row;
	}
	json_object_set_new(row, "threads", json_integer(ceilings->n_threads));
	json_object_set_new(row, "vectors", json_string(ceilings->vectors));
	json_object_set_new(row, "cache_bytes", json_integer((json_int_t)ceilings->cache_bytes));
	return row;
}

/* ---- printing ------------------------------------------------------------------------------ */

static void print_ceilings(const json_t *row)
{
	if (json_object_get(row, "device"))
		output_format("%s: reads %.1f GB/s, products %.1f TFLOP/s, %.1f GB/s to the host\n\n", json_string_value(json_object_get(row, "device")),
			number(row, "read_bytes_per_second") / 1e9, number(row, "product_flops") / 1e12, number(row, "to_host_bytes_per_second") / 1e9);
	else
		output_format("this machine, %d threads, %s: reads %.1f GB/s, %.1f float32 GFLOP/s\n\n", (int)number(row, "threads"),
			json_string_value(json_object_get(row, "vectors")), number(row, "read_bytes_per_second") / 1e9, number(row, "f32_flops") / 1e9);
}

static void print_rate(const json_t *row)
{
	const char *what = is(row, "prefill") ? "tokens" : "batch";
	double n = number(row, is(row, "prefill") ? "n_tokens" : "batch");

	output_format("%-6s %-8.0f %10.1f tokens/s", what, n, number(row, "tokens_per_second"));
	if (json_object_get(row, "share_of_limit"))
		output_format(", limit %10.1f: %5.1f %%", number(row, "limit_tokens_per_second"), 100 * number(row, "share_of_limit"));
	output_format("\n");
}

/* What the limits in the rows above are. */
static void explain_limits(const json_t *rows)
{
	size_t i;
	json_t *row;
	bool any = false;

	json_array_foreach(rows, i, row)
		any = any || json_object_get(row, "share_of_limit");
	if (any)
		output_format("\nlimit: what the speeds in the first line allow, if decoding read every weight and its state once a "
			"token,\n"
			"and a prompt took its multiplications alone\n");
}

static void print_profile(const json_t *row)
{
	double n = number(row, "launches");

	output_format("%-8s %-10s %6.0f launches, %8.2f us each, %8.3f MB each, %5.1f %% of the bandwidth\n",
		json_string_value(json_object_get(row, "of")), json_string_value(json_object_get(row, "kernel")), n,
		1e6 * number(row, "seconds") / n, 1e-6 * number(row, "bytes") / n, 100 * number(row, "share_of_read"));
}

static void print_row(const json_t *row)
{
	char one[SIZES_ROOM], other[SIZES_ROOM];

	if (is(row, "ceilings")) {
		print_ceilings(row);
		return;
	}
	output_format("%-9s %-16s %-6s ", json_string_value(json_object_get(row, "work")), json_string_value(json_object_get(row, "shape")),
		json_string_value(json_object_get(row, "weights")));
	if (is(row, "lasting") && json_object_get(row, "device_bytes"))
		output_format("token %-9.0f %9.1f us a token, %s resident, %s of the device in use\n", number(row, "position"),
			number(row, "seconds_per_token") * 1e6, sizes_bytes(one, number(row, "resident_bytes")), sizes_bytes(other, number(row, "device_bytes")));
	else if (json_object_get(row, "error"))
		output_format("%-6s %-8.0f left out: %s\n", is(row, "prefill") ? "tokens" : "batch", number(row, is(row, "prefill") ? "n_tokens" : "batch"),
			json_string_value(json_object_get(row, "error")));
	else if (is(row, "lasting"))
		output_format("token %-9.0f %9.1f us a token, %s resident\n", number(row, "position"), number(row, "seconds_per_token") * 1e6,
			sizes_bytes(one, number(row, "resident_bytes")));
	else if (is(row, "memory"))
		output_format("peak %s, weights and state %s: %.3f times\n", sizes_bytes(one, number(row, "peak_bytes")),
			sizes_bytes(other, number(row, "weight_bytes") + number(row, "state_bytes")), number(row, "peak_over_needed"));
	else if (is(row, "diverge"))
		output_format("%10.0f tokens read for a talk of %.0f\n", number(row, "tokens_read"), number(row, "tokens_in_all"));
	else if (is(row, "profile"))
		print_profile(row);
	else if (json_object_get(row, "tokens_per_second"))
		print_rate(row);
	else
		output_format("%26.1f us\n", number(row, "seconds") * 1e6);
}

static void print_json(const json_t *rows)
{
	size_t i;
	json_t *row;

	json_array_foreach(rows, i, row)
		output_json(json_incref(row));
}

void bench_report(const struct bench *bench)
{
	size_t i;
	json_t *row;

	if (bench->common.json) {
		print_json(bench->rows);
		return;
	}
	json_array_foreach(bench->rows, i, row)
		print_row(row);
	explain_limits(bench->rows);
}
