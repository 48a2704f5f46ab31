/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bytes.c - a model over the bytes of a file, whatever they mean: audio, a table, a program.
 *
 *     bytes FILE [MODEL]
 *
 * Token ids are the bytes themselves, so no tokenizer is needed. For each 4096 bytes one line tells how far the
 * hidden vector moved, relative to its length: a number for how much the file changed there. MODEL is a checkpoint
 * with a vocabulary of 256 ids or more, with a head or without one; none: random weights, to see that it runs.
 */
#include <krait.h>
#include <krait_experimental.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 4096

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "bytes: %s: %s\n", what, why);
	return 1;
}

/* |a - b| / |b| */
static double moved(const float *a, const float *b, size_t n)
{
	double difference = 0, length = 0;

	for (size_t i = 0; i < n; i++) {
		difference += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
		length += (double)b[i] * b[i];
	}
	return length > 0 ? sqrt(difference / length) : 0;
}

static int read_on(krait_session *session, FILE *file, float *now, float *before, size_t width)
{
	unsigned char bytes[BLOCK];
	krait_token tokens[BLOCK];
	size_t n;

	while ((n = fread(bytes, 1, BLOCK, file)) > 0) {
		for (size_t i = 0; i < n; i++)
			tokens[i] = bytes[i];
		if (krait_session_feed(session, tokens, n) != KRAIT_OK ||
			krait_session_hidden(session, now, width) != KRAIT_OK)
			return fail("reading", krait_session_error(session));
		printf("%10llu %.3f\n", (unsigned long long)krait_session_position(session), moved(now, before, width));
		memcpy(before, now, width * sizeof(*now));
	}
	return ferror(file) ? fail("the file", "it cannot be read") : 0;
}

static int run(krait_model *model, FILE *file)
{
	size_t width = krait_model_width(model);
	float *vectors = calloc(2 * width, sizeof(*vectors));
	krait_session *session = NULL;
	int failed = 1;

	if (!vectors)
		fail("vectors", "out of memory");
	else if (krait_model_vocab_size(model) < 256)
		fail("the model", "its vocabulary is smaller than a byte");
	else if (krait_session_new(&session, model) != KRAIT_OK)
		fail("a session", krait_session_error(session));
	else
		failed = read_on(session, file, vectors, vectors + width, width);
	krait_session_free(session);
	free(vectors);
	return failed;
}

int main(int argc, char **argv)
{
	FILE *file = argc > 1 ? fopen(argv[1], "rb") : NULL;
	krait_model *model;
	krait_status status;
	int failed;

	if (!file)
		return fail(argc > 1 ? argv[1] : "usage", argc > 1 ? "it cannot be opened" : "bytes FILE [MODEL]");
	if (argc > 2)
		status = krait_model_open(&model, argv[2], NULL);
	else
		status = krait_model_random(&model, "mamba-130m:2", "bf16", 1, NULL);
	failed = status == KRAIT_OK ? run(model, file) : fail("the model", krait_model_error(model));
	krait_model_free(model);
	fclose(file);
	return failed;
}
