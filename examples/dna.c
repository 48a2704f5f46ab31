/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dna.c - which sequences of DNA are like each other: one vector a sequence, and the cosine of every two.
 *
 *     dna SEQUENCE SEQUENCE ...            with random weights, to see that it runs
 *     dna --model MODEL SEQUENCE ...       with a checkpoint, with a head or without one
 *
 * A character is a token. The ids are those of the character tokenizers that genomic models are published with:
 * A 7, C 8, G 9, T 10, N 11, and 6 for whatever else, below them [CLS], [SEP] and their like.
 */
#include <krait.h>
#include <krait_experimental.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNKNOWN = 6, FIRST = 7, VOCABULARY = 12 };

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "dna: %s: %s\n", what, why);
	return 1;
}

static krait_token letter(char c)
{
	static const char letters[] = "ACGTN";
	const char *at = c ? strchr(letters, c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c) : NULL;

	return at ? (krait_token)(FIRST + (at - letters)) : UNKNOWN;
}

static void compare(const float *vectors, size_t width, char **sequences, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = i + 1; k < n; k++) {
			double cosine = 0;

			for (size_t d = 0; d < width; d++)
				cosine += (double)vectors[i * width + d] * vectors[k * width + d];
			printf("%.4f %.20s %.20s\n", cosine, sequences[i], sequences[k]);
		}
}

/* All of them in one call, each as if it were read alone. */
static int embed(krait_model *model, char **sequences, size_t n)
{
	size_t width = krait_model_width(model), n_tokens = 0, at = 0;
	size_t *lengths = calloc(n, sizeof(*lengths));
	float *vectors = calloc(n * width, sizeof(*vectors));
	krait_token *tokens;
	krait_batch *batch = NULL;
	int failed = 1;

	for (size_t i = 0; lengths && i < n; i++)
		n_tokens += lengths[i] = strlen(sequences[i]);
	tokens = calloc(n_tokens ? n_tokens : 1, sizeof(*tokens));
	for (size_t i = 0; lengths && tokens && i < n; i++)
		for (size_t k = 0; k < lengths[i]; k++)
			tokens[at++] = letter(sequences[i][k]);
	if (!lengths || !vectors || !tokens)
		fail("vectors", "out of memory");
	else if (krait_model_vocab_size(model) < VOCABULARY)
		fail("the model", "its vocabulary has no letters");
	else if (krait_batch_new(&batch, model) != KRAIT_OK ||
			krait_batch_embed(batch, tokens, n_tokens, lengths, n, KRAIT_POOL_MEAN | KRAIT_POOL_NORMALISE,
			vectors,
				n * width) != KRAIT_OK)
		fail("vectors", krait_batch_error(batch));
	else
		failed = 0;
	if (!failed)
		compare(vectors, width, sequences, n);
	krait_batch_free(batch);
	free(tokens);
	free(vectors);
	free(lengths);
	return failed;
}

int main(int argc, char **argv)
{
	int named = argc > 2 && !strcmp(argv[1], "--model"), first = named ? 3 : 1, failed;
	krait_model *model;
	krait_status status;

	if (argc - first < 2)
		return fail("usage", "dna [--model MODEL] SEQUENCE SEQUENCE ...");
	if (named)
		status = krait_model_open(&model, argv[2], NULL);
	else
		status = krait_model_random(&model, "mamba-130m:2", "bf16", 1, NULL);
	failed = status == KRAIT_OK ? embed(model, argv + first, (size_t)(argc - first))
					: fail("the model", krait_model_error(model));
	krait_model_free(model);
	return failed;
}
