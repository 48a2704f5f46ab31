/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - bench/transformer: text generation by a Mamba and by a Transformer of the same size on the same GPU, as in
 * section 4.5 of Gu and Dao 2023: prompts of 2048 tokens, 128 new ones, by batch; the article says 5 times.
 *
 *	transformer [--shape mamba-2.8b] [--batch 1,8,32,128,max] [--prompt 2048] [--new 128] [--json FILE]
 *
 * Ends with 77 where there is no GPU.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "bench/transformer/decoder.h"
#include "bench/transformer/mamba.h"

#include <cuda_runtime_api.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SKIPPED 77
#define ROUNDS 3
#define MOST_BATCHES 16
#define ARTICLE 5.0
#define MOST_SESSIONS 1024u     /* of the batches of a Mamba that are tried */

struct asked {
	const struct decoder_shape *shape;
	const char *batches, *json;
	uint32_t n_prompt, n_new;
};

/* The fastest round of one model at one batch: tokens a second in all, as the article counts, and of the steps alone. */
struct result {
	uint32_t batch;
	double prompt_seconds, step_seconds;
	char error[MAMBA_ERROR];
};

struct row {
	struct result transformer, mamba;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double rate(const struct asked *asked, const struct result *r)
{
	return r->error[0] ? 0 : (double)r->batch * asked->n_new / (r->prompt_seconds + r->step_seconds);
}

static double step_rate(const struct asked *asked, const struct result *r)
{
	return r->error[0] || asked->n_new < 2 ? 0 : (double)r->batch * (asked->n_new - 1) / r->step_seconds;
}

static void keep_fastest(struct result *r, int round, double start, double middle, double end)
{
	if (round && end - start >= r->prompt_seconds + r->step_seconds)
		return;
	r->prompt_seconds = middle - start;
	r->step_seconds = end - middle;
}

/* ---- the two sides ------------------------------------------------------------------------------ */

static void run_transformer(struct result *r, const struct asked *asked)
{
	struct decoder *decoder = NULL;
	const char *error = decoder_open(&decoder, asked->shape, r->batch, asked->n_prompt, asked->n_new);

	for (int round = 0; round < ROUNDS && !error; round++) {
		double start = now(), middle;

		error = decoder_prompt(decoder);
		middle = now();
		if (!error)
			error = decoder_steps(decoder, asked->n_new - 1);
		keep_fastest(r, round, start, middle, now());
	}
	snprintf(r->error, sizeof r->error, "%s", error ? error : "");
	decoder_close(decoder);
}

/* The weights are drawn once for each batch, and are gone before the Transformer takes what memory there is. */
static void run_mamba(struct result *r, const struct asked *asked)
{
	struct mamba *mamba = NULL;
	int failed = mamba_open(&mamba, asked->shape->mamba, r->batch, r->error);

	for (int round = 0; round < ROUNDS && !failed; round++) {
		double start, middle;

		failed = mamba_reset(mamba, r->error);
		start = now();
		if (!failed)
			failed = mamba_prompt(mamba, asked->n_prompt, r->error);
		middle = now();
		if (!failed)
			failed = mamba_steps(mamba, asked->n_new - 1, r->error);
		if (!failed)
			keep_fastest(r, round, start, middle, now());
	}
	mamba_close(mamba);
}

/* ---- the largest batches --------------------------------------------------------------------------- */

/* The fastest of the batches that were asked for is the one that counts, so the largest need not be exact. */
static uint32_t most_sessions(const struct asked *asked)
{
	size_t free_bytes = 0, all;
	struct mamba *mamba = NULL;
	char error[MAMBA_ERROR];
	double most = 0;

	if (mamba_open(&mamba, asked->shape->mamba, 1, error) == 0 && cudaMemGetInfo(&free_bytes, &all) == cudaSuccess)
		most = 0.8 * (double)free_bytes / (double)mamba_state_bytes(mamba);
	mamba_close(mamba);
	return most > MOST_SESSIONS ? MOST_SESSIONS : (uint32_t)most;
}

static size_t read_batches(struct row *rows, const struct asked *asked)
{
	const char *at = asked->batches;
	size_t n = 0;

	while (*at && n < MOST_BATCHES) {
		size_t length = strcspn(at, ",");
		uint32_t batch = (uint32_t)strtoul(at, NULL, 10);

		rows[n].transformer.batch = rows[n].mamba.batch = batch;
		if (length == 3 && !strncmp(at, "max", 3)) {
			const char *error = decoder_most(&rows[n].transformer.batch, asked->shape, asked->n_prompt, asked->n_new);

			if (error)
				snprintf(rows[n].transformer.error, MAMBA_ERROR, "%s", error);
			rows[n].mamba.batch = most_sessions(asked);
		}
		if (rows[n].transformer.batch || rows[n].mamba.batch)
			n++;
		at += length + (at[length] == ',');
	}
	return n;
}

/* ---- what is said ---------------------------------------------------------------------------------- */

static void print_side(const struct asked *asked, const struct result *r, const char *name)
{
	if (r->error[0])
		printf("  %-12s batch %5u  failed: %s\n", name, r->batch, r->error);
	else
		printf("  %-12s batch %5u  %10.1f tokens/s with the prompt  %10.1f without\n", name, r->batch, rate(asked, r), step_rate(asked, r));
}

static void print_ratio(const char *what, double mamba, double transformer)
{
	if (mamba > 0 && transformer > 0)
		printf("%s: Mamba has %.2f times the throughput (the article: up to %.0f)\n", what, mamba / transformer, ARTICLE);
}

static void put_text(FILE *file, const char *text)
{
	for (; *text; text++)
		if (*text == '"' || *text == '\\')
			fprintf(file, "\\%c", *text);
		else if ((unsigned char)*text >= ' ')
			fputc(*text, file);
}

static void write_side(FILE *file, const struct asked *asked, const struct result *r, const char *name, const char *gpu)
{
	fprintf(file, "{\"work\":\"transformer\",\"model\":\"%s\",\"shape\":\"%s\",\"gpu\":\"", name, asked->shape->mamba);
	put_text(file, gpu);
	fprintf(file, "\",\"batch\":%u,\"prompt\":%u,\"new\":%u,", r->batch, asked->n_prompt, asked->n_new);
	if (r->error[0]) {
		fprintf(file, "\"error\":\"");
		put_text(file, r->error);
		fprintf(file, "\"}\n");
	} else
		fprintf(file, "\"prompt_seconds\":%.6f,\"step_seconds\":%.6f,\"tokens_per_second\":%.3f,\"step_tokens_per_second\":%.3f}\n", r->prompt_seconds,
			r->step_seconds, rate(asked, r), step_rate(asked, r));
}

static int write_json(const struct asked *asked, const struct row *rows, size_t n, const char *gpu)
{
	FILE *file = asked->json ? fopen(asked->json, "we") : NULL;
	bool good = file != NULL;

	if (!asked->json)
		return EXIT_SUCCESS;
	for (size_t i = 0; file && i < n; i++) {
		write_side(file, asked, &rows[i].transformer, "transformer", gpu);
		write_side(file, asked, &rows[i].mamba, "mamba", gpu);
	}
	if (file && (ferror(file) | fclose(file)))
		good = false;
	if (!good)
		fprintf(stderr, "transformer: %s cannot be written\n", asked->json);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int compare(const struct asked *asked, const char *gpu)
{
	struct row rows[MOST_BATCHES] = { 0 };
	size_t n = read_batches(rows, asked);
	double best_mamba = 0, best_transformer = 0;
	char what[64];

	printf("%s and a Transformer of %.2f billion parameters, bfloat16, on %s\n%u tokens of prompt, %u new ones; the fastest of %d rounds\n", asked->shape->mamba,
		decoder_parameters(asked->shape) / 1e9, gpu, asked->n_prompt, asked->n_new, ROUNDS);
	for (size_t i = 0; i < n; i++) {
		double mamba, transformer;

		if (rows[i].transformer.batch && !rows[i].transformer.error[0])
			run_transformer(&rows[i].transformer, asked);
		if (rows[i].mamba.batch)
			run_mamba(&rows[i].mamba, asked);
		print_side(asked, &rows[i].transformer, "Transformer");
		print_side(asked, &rows[i].mamba, "Mamba");
		mamba = rate(asked, &rows[i].mamba);
		transformer = rate(asked, &rows[i].transformer);
		snprintf(what, sizeof what, "batch %u", rows[i].mamba.batch);
		if (rows[i].mamba.batch == rows[i].transformer.batch)
			print_ratio(what, mamba, transformer);
		best_mamba = mamba > best_mamba ? mamba : best_mamba;
		best_transformer = transformer > best_transformer ? transformer : best_transformer;
		fflush(stdout);
	}
	print_ratio("each at its best batch", best_mamba, best_transformer);
	return best_mamba > 0 && best_transformer > 0 ? write_json(asked, rows, n, gpu) : EXIT_FAILURE;
}

/* ---- the command line -------------------------------------------------------------------------------- */

static bool whole(uint32_t *out, const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	*out = (uint32_t)value;
	return *text >= '0' && *text <= '9' && !*end && value > 0 && value <= 1u << 20;
}

static bool read_option(struct asked *asked, const char *name, const char *value)
{
	if (!strcmp(name, "--shape"))
		return (asked->shape = decoder_shape(value)) != NULL;
	if (!strcmp(name, "--batch"))
		return (asked->batches = value)[0] != 0;
	if (!strcmp(name, "--prompt"))
		return whole(&asked->n_prompt, value);
	if (!strcmp(name, "--new"))
		return whole(&asked->n_new, value);
	return !strcmp(name, "--json") && (asked->json = value)[0];
}

int main(int argc, char **argv)
{
	struct asked asked = { decoder_shape("mamba-2.8b"), "1,8,32,128,max", NULL, 2048, 128 };
	struct cudaDeviceProp properties;
	int n_devices = 0;
	cudaError_t error;

	for (int i = 1; i < argc; i += 2)
		if (i + 1 == argc || !read_option(&asked, argv[i], argv[i + 1])) {
			fprintf(stderr, "usage: transformer [--shape mamba-130m|mamba-1.4b|mamba-2.8b] [--batch 1,8,...,max] [--prompt N] [--new N] [--json FILE]\n");
			return 2;
		}
	error = cudaGetDeviceCount(&n_devices);
	if (error == cudaSuccess)
		error = cudaGetDeviceProperties(&properties, 0);
	if (error != cudaSuccess) {
		printf("transformer: skipped, for there is no GPU to compare on: %s\n", cudaGetErrorString(error));
		return SKIPPED;
	}
	return compare(&asked, properties.name);
}
