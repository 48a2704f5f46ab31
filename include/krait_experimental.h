/* SPDX-License-Identifier: Apache-2.0 */
/*
 * krait_experimental.h - what may still change or go. Its symbols stand outside
 * the ABI's promise (map node KRAIT_EXPERIMENTAL).
 */
#ifndef KRAIT_EXPERIMENTAL_H
#define KRAIT_EXPERIMENTAL_H

#include "krait.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A model of a published shape ("mamba-130m", "mamba2-2.7b", ...) with random
 * weights of the given type ("f32", "f16", "bf16"), for benchmarks. It has no
 * tokenizer. Errors: NOT_FOUND for a shape that is not known (the text lists
 * them), MEMORY. */
KRAIT_API krait_status krait_model_random(krait_model **out, const char *shape, const char *weights, uint64_t seed, const krait_options *options);

/* The shape's name by index, NULL past the end. */
KRAIT_API const char *krait_model_shape(size_t index);

/* Steps that encoding has taken on this tokenizer so far: every byte classified,
 * merge tried and heap entry moved is one. Lets a test show that work is linear. */
KRAIT_API uint64_t krait_tokenizer_steps(const krait_tokenizer *tokenizer);

#ifdef __cplusplus
}
#endif
#endif
