/* SPDX-License-Identifier: Apache-2.0 */
/*
 * krait_experimental.h - what may still change or go. Its symbols stand outside
 * the ABI's promise (map node KRAIT_EXPERIMENTAL); docs/abi.md says how they leave it.
 */
#ifndef KRAIT_EXPERIMENTAL_H
#define KRAIT_EXPERIMENTAL_H

#include "krait.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------
 * Experimental: what may still change or go
 *
 * Declared in krait_experimental.h. A program that uses it must be built for the
 * very version that it runs with.
 *
 * Threads: as for the handle that the call is about.
 */

/* A model of a published `shape` ("mamba-130m", "nemotron-3-nano-4b", ...; "mamba-130m:4" are its first
 * 4 layers) with random `weights` of a type ("f32", "f16", "bf16") that `seed` decides, for benchmarks, into
 * `out`; free it with krait_model_free. It has no tokenizer. `options` may be NULL.
 * Errors: NOT_FOUND for a shape that is not known (the text lists them); ARGUMENT for another type;
 * MEMORY; DEVICE. */
KRAIT_API krait_status krait_model_random(krait_model **out, const char *shape, const char *weights, uint64_t seed, const krait_options *options);

/* The name of a shape by its `index`, from 0; NULL past the end. Borrowed, forever. Any thread. */
KRAIT_API const char *krait_model_shape(size_t index);

/* A measured `value` of a `name`, of `n` events, with the `bytes` that were moved; `user` as it was given. */
typedef void (*krait_measure_fn)(void *user, const char *name, uint64_t n, double value, double bytes);

/* Measures what the device of `model` does at best, for a second or so, and calls `each` with `user`:
 * "read_bytes_per_second" from its memory (bytes: of the buffer), "product_flops", operations a second in a
 * large product of 16-bit matrices (0 in exact precision), "to_host_bytes_per_second". Takes memory of the device
 * for it and gives it back. On an error `text` of `n_text` bytes, which may be NULL, gets what went wrong.
 * Any thread; calls on the model wait.
 * Errors: UNSUPPORTED where the engine has no such measure (the CPU's); MEMORY; DEVICE; LOST; FORKED. */
KRAIT_API krait_status krait_model_ceilings(const krait_model *model, krait_measure_fn each, void *user, char *text, size_t n_text);

/* From now on the engine of `model` times each kernel, in all sessions, until krait_model_profile_end. All
 * work is slower meanwhile, and its results are the same. On an error `text`, of `n_text` bytes, as above.
 * Errors: UNSUPPORTED where kernels are not timed (the CPU's); DEVICE; LOST; FORKED. */
KRAIT_API krait_status krait_model_profile_begin(const krait_model *model, char *text, size_t n_text);

/* Ends that, and calls `each` with `user` for each kind of kernel of `model`, in the order in which they were
 * first used: `n` launches, their seconds together, and the bytes that they had to move. "events" is not
 * a kernel but the time that a measurement takes itself. On an error `text`, of `n_text` bytes, as above.
 * Errors: as krait_model_profile_begin; MEMORY. */
KRAIT_API krait_status krait_model_profile_end(const krait_model *model, krait_measure_fn each, void *user, char *text, size_t n_text);

/* Waits until the device of `model` has done all that calls on the model have asked for, copies to the host
 * included: a snapshot, say, is only queued when its call returns. On an error `text`, of `n_text` bytes, as above.
 * Errors: ARGUMENT; LOST; FORKED. */
KRAIT_API krait_status krait_model_wait(const krait_model *model, char *text, size_t n_text);

/* Steps that encoding has taken on this tokenizer so far: every byte classified, merge tried and
 * heap entry moved is one. Lets a test show that work is linear. */
KRAIT_API uint64_t krait_tokenizer_steps(const krait_tokenizer *tokenizer);

#ifdef __cplusplus
}
#endif
#endif
