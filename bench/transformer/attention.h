/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attention.h - the kernels of the Transformer that Mamba is compared with. Everything is bfloat16 with
 * float32 sums; pointers are to device memory; each function queues its kernels on a stream.
 *
 * All sequences of a call have the same length, held in one word on the device, so that a step can
 * be captured in a graph once and replayed for every token.
 */
#ifndef KRAIT_BENCH_ATTENTION_H
#define KRAIT_BENCH_ATTENTION_H

#include <cuda_runtime_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct attention {
	void *qkv;                      /* [n_sequences n_rows, 3 D]: queries, keys, values */
	void *keys, *values;            /* of one layer: [n_sequences, n_heads, capacity, head_dim] */
	void *out;                      /* [n_sequences n_rows, D] */
	const float *turns;             /* [capacity, head_dim / 2, 2]: cosines and sines of the rotation */
	const uint32_t *length;         /* positions that the caches hold before this call */
	float *partial;                 /* attend_partial() floats, where n_splits is above 1 */
	uint32_t n_sequences, n_rows;   /* rows of each sequence */
	uint32_t n_heads, head_dim, capacity, n_splits;
};

/* The head sizes that there are kernels for: 64, 80 and 128. */
bool attend_head_dim(uint32_t head_dim);
size_t attend_partial(const struct attention *a);

/* Rotates queries (and scales them by log2 e / sqrt(head_dim)) in place, and keys into the cache; copies values. */
cudaError_t attend_rotate(const struct attention *a, cudaStream_t stream);
/* Many rows a sequence, each seeing what is before it. */
cudaError_t attend_prompt(const struct attention *a, cudaStream_t stream);
/* One row a sequence. */
cudaError_t attend_step(const struct attention *a, cudaStream_t stream);

/* ---- the rest of a layer, and around layers ---- */

cudaError_t dense_fill(void *out, size_t n, float scale, uint32_t seed, cudaStream_t stream);
cudaError_t dense_embed(float *x, const void *table, const int32_t *token, uint32_t n_rows, uint32_t width, cudaStream_t stream);
/* out [n_rows, F] = silu(in[:, :F]) in[:, F:] */
cudaError_t dense_gate(void *out, const void *in, uint32_t n_rows, uint32_t width, cudaStream_t stream);
/* token[i] = the likeliest of logits [n, vocab]; and *length moves on by n_rows. */
cudaError_t dense_pick(int32_t *token, const float *logits, uint32_t n, uint32_t vocab, uint32_t *length, uint32_t n_rows, cudaStream_t stream);

#ifdef __cplusplus
}
#endif

#endif
