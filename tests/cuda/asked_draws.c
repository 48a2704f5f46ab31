/* SPDX-License-Identifier: Apache-2.0 */
/*
 * asked_draws.c - what draws ask of a GPU, for counts.txt: from logits as they come, by the settings of krait run and
 * krait chat. All blocks run, and what they draw is left to test_sample_kernels; most atomics on one address are what
 * decides here, for in shared memory those of double precision go one after another.
 */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif
#include "tests/cuda/asked.h"
#include "kernels/cuda/kernels.h"

#include <stdio.h>
#include <stdlib.h>

#define VOCAB 50280u

struct logits {
	const char *name;
	float mean, deviation;
};
struct settings {
	const char *name;
	double temperature, top_p;
	int64_t top_k;
};

static float even(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (float)(*state >> 40) / (1 << 24) - 0.5f;
}

/* The sum of twelve even ones is near enough to normal, and the same with every C library. */
static void fill(float *out, const struct logits *of)
{
	uint64_t state = 1;

	for (uint32_t i = 0; i < VOCAB; i++) {
		float sum = 0;

		for (int n = 0; n < 12; n++)
			sum += even(&state);
		out[i] = of->mean + of->deviation * sum;
	}
}

/* What a draw needs on the device. */
struct inputs {
	float logits[VOCAB];
	struct kc_sampling sampling;
	int32_t token;
};

static cudaError_t draw(struct inputs *host, struct inputs *device)
{
	cudaError_t error = cudaMemcpy(device, host, sizeof(*host), cudaMemcpyHostToDevice);

	if (error == cudaSuccess)
		error = kc_sample(device->logits, VOCAB, &device->sampling, NULL, &device->token, 1, VOCAB, NULL);
	return error == cudaSuccess ? cudaMemcpy(host, device, sizeof(*host), cudaMemcpyDeviceToHost) : error;
}

static bool look_at(const struct logits *from, const struct settings *settings, struct inputs *host)
{
	struct asked_row row = { .shape = "draw", .form = from->name, .work = settings->name, .n = 1 };
	struct inputs *device;
	cudaError_t error = cudaMalloc((void **)&device, sizeof(*device));

	fill(host->logits, from);
	host->token = -1;
	host->sampling = (struct kc_sampling){ .temperature = settings->temperature, .top_p = settings->top_p,
		.top_k = settings->top_k, .repetition = 1, .seed = 1, .n_valid = VOCAB };
	emu_counts_reset();
	emu_look(1);
	emu_look_warm(device);
	if (error == cudaSuccess)
		error = draw(host, device);
	emu_each_asked(asked_print_row, &row);
	emu_look(0);
	cudaFree(device);
	if (error != cudaSuccess || host->token < 0)
		fprintf(stderr, "asked: %s from %s: %s, token %d\n", settings->name, from->name,
			cudaGetErrorName(error), host->token);
	return error == cudaSuccess && host->token >= 0;
}

bool asked_draws(void)
{
	static const struct logits logits[] = { { "N(0,3)", 0, 3 }, { "N(-4,3)", -4, 3 }, { "N(5,2)", 5, 2 } };
	static const struct settings settings[] = {
		{ "likeliest", 0, 1, 0 }, { "temperature", 1, 1, 0 }, { "top-p-0.95", 1, 0.95, 0 },
		{ "top-p-0.7", 0.7, 0.7, 0 }, { "top-k-40", 1, 1, 40 },
	};
	struct inputs *host = calloc(1, sizeof(*host));
	bool good = host != NULL;

	for (size_t i = 0; i < sizeof(logits) / sizeof(*logits); i++)
		for (size_t s = 0; s < sizeof(settings) / sizeof(*settings) && good; s++)
			good = look_at(&logits[i], &settings[s], host);
	free(host);
	return good;
}
