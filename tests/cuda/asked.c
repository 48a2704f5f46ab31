/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asked.c - prints what each kernel of a token and of a prompt asks of a GPU with 132 multiprocessors: the table that
 * counts.txt keeps. A row is one kind of launch, as tests/emu/look.cpp counts it from some of its blocks, over
 * memory that holds zeros: what depends on numbers, a draw with top-p above all, is not in it.
 *
 *	asked [SHAPE]
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "tests/cuda/counting.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LOOKED_BLOCKS 8u
#define MULTIPROCESSORS 132

extern const char emu_seen_by[];        /* of tests/emu/seen.cpp: the compiler */

struct row {
	const char *shape, *form, *work;
	uint32_t n, nth;
};

static const struct { const char *shape, *form; enum weight_form weights; } models[] = {
	{ "mamba-130m", "bf16", WEIGHTS_AS_THEY_ARE }, { "mamba-2.8b", "bf16", WEIGHTS_AS_THEY_ARE },
	{ "mamba-2.8b", "int8", WEIGHTS_INT8 }, { "mamba-2.8b", "int4", WEIGHTS_INT4 },
};
static const uint32_t batches[] = { 1, 8, 64, 256 };
static const uint32_t prompts[] = { 512, 2048 };

static void print_row(void *user, const struct emu_asked *asked)
{
	struct row *row = user;
	char name[64];

	snprintf(name, sizeof(name), "%s/%s/%s/%" PRIu32 "/%" PRIu32, row->shape, row->form, row->work, row->n, row->nth++);
	printf("%-32s %4" PRIu64 " %6u %5u %7" PRIu64 " %11" PRIu64 " %11" PRIu64 " %11" PRIu64 " %6u %7" PRIu64 "  %s\n", name, asked->launches,
		asked->blocks, asked->threads, asked->shared, asked->stated, asked->asked, asked->ahead, asked->rounds, asked->atomics, asked->kernel);
}

static bool count(struct counting *counting, struct row row, bool prompt, struct why *why)
{
	struct emu_counts counts;
	bool good = prompt ? counting_prompt(counting, row.n, &counts, why) : counting_token(counting, row.n, &counts, why);

	if (good)
		emu_each_asked(print_row, &row);
	return good;
}

static bool count_model(size_t i)
{
	struct counting counting;
	struct why why;
	struct row row = { .shape = models[i].shape, .form = models[i].form };
	bool good = counting_open(&counting, row.shape, models[i].weights, &why);

	emu_look(LOOKED_BLOCKS);
	row.work = "batch";
	for (size_t b = 0; b < sizeof(batches) / sizeof(*batches) && good; b++) {
		row.n = batches[b];
		good = count(&counting, row, false, &why);
	}
	row.work = "prompt";
	for (size_t p = 0; p < sizeof(prompts) / sizeof(*prompts) && good && models[i].weights == WEIGHTS_AS_THEY_ARE; p++) {
		row.n = prompts[p];
		good = count(&counting, row, true, &why);
	}
	emu_look(0);
	if (!good)
		fprintf(stderr, "asked: %s: %s\n", row.shape, why.text);
	counting_close(&counting);
	return good;
}

int main(int argc, char **argv)
{
	bool good = true;

	emu_device(90, MULTIPROCESSORS, UINT64_C(141) << 30);
	printf("# SPDX-License-Identifier: Apache-2.0\n# What each kernel asks of a GPU: tests/cuda/asked.c prints it, asked.sh compares.\n");
	printf("# Kernels compiled by %s.\n", emu_seen_by);
	printf("# %-30s %4s %6s %5s %7s %11s %11s %11s %6s %7s  %s\n", "row", "runs", "blocks", "width", "shared", "stated", "asked", "ahead", "rounds",
		"atomics", "kernel");
	for (size_t i = 0; i < sizeof(models) / sizeof(*models) && good; i++)
		if (argc < 2 || !strcmp(argv[1], models[i].shape))
			good = count_model(i);
	return good ? 0 : 1;
}
