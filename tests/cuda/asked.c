/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asked.c - prints what each kernel of a token and of a prompt asks of a GPU with 132 multiprocessors: the table that
 * counts.txt keeps. A row is one kind of launch, as tests/emu/look.cpp counts it from some of its blocks, over
 * memory that holds zeros. What depends on numbers has rows of its own: draws from logits that are there.
 * "# model" says what the rows of a model have to be held against.
 *
 *	asked [SHAPE]
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "tests/cuda/asked.h"
#include "tests/cuda/counting.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LOOKED_BLOCKS 8u
#define MULTIPROCESSORS 132

extern const char emu_seen_by[];        /* of tests/emu/seen.cpp: the compiler */

static const struct { const char *shape, *form; enum weight_form weights; } models[] = {
	{ "mamba-130m", "bf16", WEIGHTS_AS_THEY_ARE }, { "mamba-2.8b", "bf16", WEIGHTS_AS_THEY_ARE },
	{ "mamba-2.8b", "int8", WEIGHTS_INT8 }, { "mamba-2.8b", "int4", WEIGHTS_INT4 },
};
static const uint32_t batches[] = { 1, 8, 64, 256 };
static const uint32_t prompts[] = { 512, 2048 };

void asked_print_row(void *user, const struct emu_asked *asked)
{
	struct asked_row *row = user;
	char name[64];

	snprintf(name, sizeof(name), "%s/%s/%s/%" PRIu32 "/%" PRIu32, row->shape, row->form, row->work, row->n, row->nth++);
	printf("%-32s %4" PRIu64 " %6u %5u", name, asked->launches, asked->blocks, asked->threads);
	printf(" %7" PRIu64 " %11" PRIu64 " %11" PRIu64, asked->shared, asked->stated, asked->asked);
	printf(" %11" PRIu64 " %5d %10" PRIu64, asked->cold, asked->early, asked->ahead);
	printf(" %6u %6u %6u %7" PRIu64, asked->rounds, asked->misses, asked->loads, asked->atomics);
	printf("  %s\n", asked->kernel);
}

static bool count(struct counting *counting, struct asked_row row, bool prompt, struct why *why)
{
	struct emu_counts counts;
	bool good = prompt ? counting_prompt(counting, row.n, &counts, why) : counting_token(counting, row.n, &counts, why);

	if (good)
		emu_each_asked(asked_print_row, &row);
	return good;
}

/* Of the recurrences of Mamba-1, one for each state. */
static uint64_t exponentials(const struct plan *plan)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < plan->n_parts; i++)
		n += plan->parts[i].kind == PART_MAMBA1 ? (uint64_t)plan->parts[i].d_inner * plan->parts[i].d_state : 0;
	return n;
}

static bool count_model(size_t i)
{
	struct counting counting;
	struct why why;
	struct asked_row row = { .shape = models[i].shape, .form = models[i].form };
	bool good = counting_open(&counting, row.shape, models[i].weights, &why);

	if (good) {
		printf("# model %s/%s: %zu bytes of weights, %zu of a state, ", row.shape, row.form,
			(size_t)counting.memory.weights, (size_t)counting.memory.slot);
		printf("%" PRIu64 " products and %" PRIu64 " exponentials a position\n", counting_products(&counting),
			exponentials(counting.plan));
		emu_look(LOOKED_BLOCKS);
		emu_look_warm(counting.emodel->arena.base);
	}
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
	printf("# %-30s %4s %6s %5s %7s", "row", "runs", "blocks", "width", "shared");
	printf(" %11s %11s %11s %5s %10s", "stated", "asked", "cold", "early", "ahead");
	printf(" %6s %6s %6s %7s  %s\n", "rounds", "misses", "loads", "atomics", "kernel");
	for (size_t i = 0; i < sizeof(models) / sizeof(*models) && good; i++)
		if (argc < 2 || !strcmp(argv[1], models[i].shape))
			good = count_model(i);
	if (good && argc < 2)
		good = asked_draws();
	return good ? 0 : 1;
}
