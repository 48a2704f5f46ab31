/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c - bench/headline: text generation by a Mamba and by a Transformer of the same size on the same CPU, by the
 * same engine from weights of the same type, as section 4.5 of Gu and Dao 2023 has it on a GPU: prompts of 2048 tokens,
 * 128 new ones, by batch; the article says 5 times. A batch whose states are larger than --memory is left out.
 *
 *	headline [--mamba mamba-130m] [--transformer transformerpp-130m] [--batch 1,4,16] [--prompt 2048] [--new 128]
 *	         [--memory GIB] [--weights bf16]
 */
#include "krait_experimental.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ARTICLE 5.0
#define GIB (1024.0 * 1024 * 1024)

struct asked {
	const char *mamba, *transformer, *weights, *batches;
	size_t n_prompt, n_new;
	double memory;                  /* GiB for all states of a batch */
};

struct result {
	double prompt_seconds, step_seconds, state_bytes;
	bool done;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "headline: %s: %s\n", what, why);
	return EXIT_FAILURE;
}

/* All sessions read a token, or their prompt; false: the batch's own text says why. */
static bool advance(krait_batch *batch, krait_session **sessions, size_t n, const krait_token *tokens, size_t n_tokens)
{
	for (size_t i = 0; i < n; i++)
		if (krait_batch_add(batch, sessions[i], tokens, n_tokens) != KRAIT_OK)
			return false;
	return krait_batch_run(batch) == KRAIT_OK;
}

static bool time_batch(struct result *out, krait_batch *batch, krait_session **sessions, size_t n,
	const krait_token *tokens, const struct asked *asked)
{
	double start = now(), middle;

	if (!advance(batch, sessions, n, tokens, asked->n_prompt))
		return false;
	middle = now();
	for (size_t i = 0; i < asked->n_new; i++)
		if (!advance(batch, sessions, n, NULL, 0))
			return false;
	out->prompt_seconds = middle - start;
	out->step_seconds = now() - middle;
	out->done = true;
	return true;
}

static int run_sessions(struct result *out, krait_model *model, krait_session **sessions, size_t n,
	const krait_token *tokens, const struct asked *asked)
{
	krait_batch *batch = NULL;
	int status = EXIT_SUCCESS;

	for (size_t i = 0; i < n; i++) {
		if (krait_session_new(&sessions[i], model) != KRAIT_OK)
			return fail("no session", krait_session_error(sessions[i]));
		krait_session_set_float(sessions[i], KRAIT_SAMPLE_TEMPERATURE, 0);
		krait_session_set_int(sessions[i], KRAIT_REWIND_TOKENS, 0);
		krait_session_clear_stops(sessions[i]);
	}
	if (krait_batch_new(&batch, model) != KRAIT_OK || !time_batch(out, batch, sessions, n, tokens, asked))
		status = fail("the batch", krait_batch_error(batch));
	krait_batch_free(batch);
	return status;
}

/* One model at one batch. */
static int run(struct result *out, krait_model *model, size_t n, const struct asked *asked)
{
	size_t vocab = krait_model_vocab_size(model);
	krait_token *tokens = malloc(asked->n_prompt * sizeof *tokens);
	krait_session **sessions = calloc(n, sizeof(krait_session *));
	int status = tokens && sessions ? EXIT_SUCCESS : fail("out of memory", "tokens");

	memset(out, 0, sizeof *out);
	out->state_bytes = (double)n * (double)krait_model_state_size_at(model, asked->n_prompt + asked->n_new);
	for (size_t i = 0; tokens && i < asked->n_prompt; i++)
		tokens[i] = (krait_token)((i * 2654435761u + 12345) % vocab);
	if (status == EXIT_SUCCESS && out->state_bytes <= asked->memory * GIB)
		status = run_sessions(out, model, sessions, n, tokens, asked);
	for (size_t i = 0; sessions && i < n; i++)
		krait_session_free(sessions[i]);
	free(sessions);
	free(tokens);
	return status;
}

static double rate(const struct result *r, size_t n, const struct asked *asked)
{
	return r->done ? (double)(n * asked->n_new) / (r->prompt_seconds + r->step_seconds) : 0;
}

static void print_side(const char *name, const struct result *r, size_t n, const struct asked *asked)
{
	if (r->done)
		printf("  %-20s %9.1f tokens/s in all, %9.1f of the steps alone, states %8.1f MiB\n", name, rate(r, n,
			asked), (double)(n * asked->n_new) / r->step_seconds, r->state_bytes / 1048576);
	else
		printf("  %-20s states of %.1f GiB: more than --memory\n", name, r->state_bytes / GIB);
}

static int compare(krait_model *mamba, krait_model *transformer, size_t n, const struct asked *asked)
{
	struct result a, b;

	if (run(&a, mamba, n, asked) != EXIT_SUCCESS || run(&b, transformer, n, asked) != EXIT_SUCCESS)
		return EXIT_FAILURE;
	printf("batch %zu\n", n);
	print_side(asked->mamba, &a, n, asked);
	print_side(asked->transformer, &b, n, asked);
	if (a.done && b.done)
		printf("  ratio %.2f (of the steps alone %.2f); the article's, on a GPU: %.0f\n", rate(&a, n,
			asked) / rate(&b, n, asked), b.step_seconds / a.step_seconds, ARTICLE);
	fflush(stdout);
	return EXIT_SUCCESS;
}

static bool read_options(struct asked *asked, int argc, char **argv)
{
	for (int i = 1; i < argc; i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (!value)
			return false;
		else if (!strcmp(argv[i], "--mamba"))
			asked->mamba = value;
		else if (!strcmp(argv[i], "--transformer"))
			asked->transformer = value;
		else if (!strcmp(argv[i], "--weights"))
			asked->weights = value;
		else if (!strcmp(argv[i], "--batch"))
			asked->batches = value;
		else if (!strcmp(argv[i], "--prompt"))
			asked->n_prompt = strtoul(value, NULL, 10);
		else if (!strcmp(argv[i], "--new"))
			asked->n_new = strtoul(value, NULL, 10);
		else if (!strcmp(argv[i], "--memory"))
			asked->memory = strtod(value, NULL);
		else
			return false;
	}
	return asked->n_prompt > 0 && asked->n_new > 0 && asked->memory > 0;
}

int main(int argc, char **argv)
{
	struct asked asked = { "mamba-130m", "transformerpp-130m", "bf16", "1,4,16", 2048, 128, 8 };
	krait_model *mamba = NULL, *transformer = NULL;
	int status = EXIT_SUCCESS;
	char *at;

	if (!read_options(&asked, argc, argv)) {
		fprintf(stderr, "usage: headline [--mamba SHAPE] [--transformer SHAPE] [--batch N,...] [--prompt N] "
			"[--new N] [--memory GIB] "
			"[--weights TYPE]\n");
		return 2;
	}
	if (krait_model_random(&mamba, asked.mamba, asked.weights, 1, NULL) != KRAIT_OK)
		status = fail(asked.mamba, krait_model_error(mamba));
	else if (krait_model_random(&transformer, asked.transformer, asked.weights, 1, NULL) != KRAIT_OK)
		status = fail(asked.transformer, krait_model_error(transformer));
	if (status == EXIT_SUCCESS)
		printf("%s (%.0f million parameters) beside %s (%.0f), %s weights, prompts of %zu tokens, %zu new "
			"ones\n", asked.mamba,
			(double)krait_model_n_parameters(mamba) / 1e6, asked.transformer,
			(double)krait_model_n_parameters(transformer) / 1e6,
			asked.weights, asked.n_prompt, asked.n_new);
	for (const char *text = asked.batches; status == EXIT_SUCCESS && *text; text = *at == ',' ? at + 1 : at) {
		size_t n = strtoul(text, &at, 10);

		if (n == 0 || (*at && *at != ','))
			status = fail("--batch", "whole numbers with commas between them are needed");
		else
			status = compare(mamba, transformer, n, &asked);
	}
	krait_model_free(mamba);
	krait_model_free(transformer);
	return status;
}
