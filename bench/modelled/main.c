/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - bench/modelled: the time that a GPU should take, from what the engine asks of one. Nothing here is
 * measured: the emulated device of tests/emu counts kernels and the bytes that each states, and
 *
 *	time of a token   = bytes / (0.92 bandwidth) + kernels x gap
 *	time of a prompt  = products / (0.75 peak) + recurrence + kernels x gap
 *
 * The recurrence is its exponentials at 0.6 of what the special function units make (Mamba-1), or its products at 0.6
 * of the peak (Mamba-2, in chunks). 0.92 and 0.75 are what good kernels reach of a GPU's own copies and products; the
 * gap between two kernels of a graph that overlap their beginnings is 1.5 us. All of these are to be replaced by what
 * `krait bench --device cuda` measures where there is a GPU.
 *
 *	modelled [--bandwidth BYTES/S] [--peak FLOP/S] [--gap SECONDS] [--shape NAME] [--json]
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "tests/cuda/counting.h"

#include "krait_experimental.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OF_BANDWIDTH 0.92
#define OF_PEAK 0.75
#define OF_RECURRENCE 0.6
#define EXPONENTIALS 3.7e12     /* a second: 16 a clock on each of 132 multiprocessors */
#define SSD_SLICE 32u           /* channels that a block of ssd.cuh owns, and the rows of a chunk */
#define SSD_CHUNK 64u
#define PROMPT 2048u

/* H200: what copies and products of bfloat16 reach there. */
struct asked {
	double bandwidth, peak, gap;
	const char *shape;
	bool json;
};

static const struct { const char *name; enum weight_form form; } weights[] = {
	{ "bf16", WEIGHTS_AS_THEY_ARE }, { "int8", WEIGHTS_INT8 }, { "int4", WEIGHTS_INT4 },
};
static const uint32_t batches[] = { 1, 8, 64, 256 };

/* Seconds of the recurrences of one position. */
static double recurrence(const struct asked *asked, const struct plan *plan)
{
	double seconds = 0;

	for (uint32_t i = 0; i < plan->n_parts; i++) {
		const struct part *part = &plan->parts[i];
		double n = part->d_state;

		if (part->kind == PART_MAMBA1)
			seconds += part->d_inner * n / EXPONENTIALS;
		else
			seconds += 2.0 * part->d_ssm / SSD_SLICE * (SSD_CHUNK * n + 2 * SSD_SLICE * n + SSD_CHUNK * SSD_SLICE) / asked->peak;
	}
	return seconds / OF_RECURRENCE;
}

static void print_token(const struct asked *asked, const struct counting *counting, const char *form, uint32_t batch, const struct emu_counts *counts)
{
	const char *shape = asked->shape;
	double seconds = (double)counts->stated_bytes / (OF_BANDWIDTH * asked->bandwidth) + (double)counts->kernels * asked->gap;
	double needed = (double)counting->memory.weights + 2.0 * batch * (double)counting->memory.slot;
	double limit = needed / asked->bandwidth;

	if (asked->json)
		printf("{\"shape\": \"%s\", \"weights\": \"%s\", \"work\": \"decode\", \"batch\": %u, \"kernels\": %llu, \"graph_launches\": %llu, "
			"\"bytes\": %llu, \"bytes_to_host\": %llu, \"microseconds\": %.1f, \"tokens_per_second\": %.0f, \"share\": %.3f}\n",
			shape, form, batch, (unsigned long long)counts->kernels, (unsigned long long)counts->graph_launches,
			(unsigned long long)counts->stated_bytes, (unsigned long long)counts->to_host_bytes, 1e6 * seconds, batch / seconds, limit / seconds);
	else
		printf("%-12s %-5s decode, batch %-4u %6llu kernels %10.1f MB %10.1f us %9.0f tokens/s %4.0f %%\n", shape, form, batch,
			(unsigned long long)counts->kernels, 1e-6 * (double)counts->stated_bytes, 1e6 * seconds, batch / seconds, 100 * limit / seconds);
}

static void print_prompt(const struct asked *asked, const struct counting *counting, const char *form, const struct emu_counts *counts)
{
	double products = 2.0 * PROMPT * (double)counting_products(counting);
	double seconds = products / (OF_PEAK * asked->peak) + PROMPT * recurrence(asked, counting->plan) + (double)counts->kernels * asked->gap;
	double limit = products / asked->peak;

	if (asked->json)
		printf("{\"shape\": \"%s\", \"weights\": \"%s\", \"work\": \"prefill\", \"tokens\": %u, \"kernels\": %llu, \"flops\": %.0f, "
			"\"microseconds\": %.1f, \"tokens_per_second\": %.0f, \"share\": %.3f}\n", asked->shape, form, PROMPT,
			(unsigned long long)counts->kernels, products, 1e6 * seconds, PROMPT / seconds, limit / seconds);
	else
		printf("%-12s %-5s prompt of %-6u %6llu kernels %9.2f TFLOP %10.1f us %9.0f tokens/s %4.0f %%\n", asked->shape, form, PROMPT,
			(unsigned long long)counts->kernels, 1e-12 * products, 1e6 * seconds, PROMPT / seconds, 100 * limit / seconds);
}

static bool model_form(const struct asked *asked, size_t form)
{
	struct counting counting;
	struct emu_counts counts;
	struct why why;
	bool good = counting_open(&counting, asked->shape, weights[form].form, &why);

	for (size_t i = 0; i < sizeof(batches) / sizeof(*batches) && good; i++) {
		good = counting_token(&counting, batches[i], &counts, &why);
		if (good)
			print_token(asked, &counting, weights[form].name, batches[i], &counts);
	}
	if (good && weights[form].form == WEIGHTS_AS_THEY_ARE) {
		good = counting_prompt(&counting, PROMPT, &counts, &why);
		if (good)
			print_prompt(asked, &counting, weights[form].name, &counts);
	}
	if (!good)
		fprintf(stderr, "modelled: %s: %s\n", asked->shape, why.text);
	counting_close(&counting);
	return good;
}

static bool model_shape(struct asked *asked, const char *shape)
{
	bool good = true;

	asked->shape = shape;
	for (size_t i = 0; i < sizeof(weights) / sizeof(*weights) && good; i++)
		good = model_form(asked, i);
	return good;
}

static bool read_options(struct asked *asked, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--json"))
			asked->json = true;
		else if (i + 1 == argc)
			return false;
		else if (!strcmp(argv[i], "--shape"))
			asked->shape = argv[++i];
		else if (!strcmp(argv[i], "--bandwidth"))
			asked->bandwidth = strtod(argv[++i], NULL);
		else if (!strcmp(argv[i], "--peak"))
			asked->peak = strtod(argv[++i], NULL);
		else if (!strcmp(argv[i], "--gap"))
			asked->gap = strtod(argv[++i], NULL);
		else
			return false;
	}
	return asked->bandwidth > 0 && asked->peak > 0 && asked->gap >= 0;
}

int main(int argc, char **argv)
{
	struct asked asked = { .bandwidth = 4.3e12, .peak = 790e12, .gap = 1.5e-6 };
	const char *name;
	bool good = true;

	if (!read_options(&asked, argc, argv)) {
		fputs("usage: modelled [--bandwidth BYTES/S] [--peak FLOP/S] [--gap SECONDS] [--shape NAME] [--json]\n", stderr);
		return 2;
	}
	if (asked.shape)
		return model_shape(&asked, asked.shape) ? 0 : 1;
	for (size_t i = 0; (name = krait_model_shape(i)) && good; i++)
		good = model_shape(&asked, name);
	return good ? 0 : 1;
}
