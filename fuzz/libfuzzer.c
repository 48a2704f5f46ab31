/* SPDX-License-Identifier: Apache-2.0 */
/* libfuzzer.c - what libFuzzer calls. KRAIT_FUZZ names the harness: one program has them all. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t most, unsigned seed);

static const struct fuzz_harness *harness;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = getenv("KRAIT_FUZZ");

	(void)argc;
	(void)argv;
	harness = name ? fuzz_find(name) : NULL;
	if (!harness)
		fuzz_broken("KRAIT_FUZZ names no harness");
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	harness->run(data, n);
	return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t most, unsigned seed)
{
	return harness->mutate(data, n, most, seed);
}
