/* SPDX-License-Identifier: Apache-2.0 */
/* decoder.h - a Transformer decoder with random weights on a GPU: as fast as we can make one, and no more than a benchmark needs. */
#ifndef KRAIT_BENCH_DECODER_H
#define KRAIT_BENCH_DECODER_H

#include <stddef.h>
#include <stdint.h>

/* Of the size of a Mamba: attention with rotation and no sharing of keys between heads, RMSNorm, a gated feed-forward part,
 * tied embeddings. */
struct decoder_shape {
	const char *mamba;              /* the shape it stands against */
	uint32_t n_layers, width, n_heads, head_dim, hidden, vocab;
};
const struct decoder_shape *decoder_shape(const char *mamba);
double decoder_parameters(const struct decoder_shape *shape);
/* Bytes of keys and values for one sequence of so many positions. */
double decoder_cache_bytes(const struct decoder_shape *shape, uint32_t capacity);

/* Calls return NULL, or why they failed. */
struct decoder;
const char *decoder_open(struct decoder **out, const struct decoder_shape *shape, uint32_t n_sequences, uint32_t n_prompt, uint32_t n_new);
/* Sequences that would fit, beside the weights, into the device's free memory. */
const char *decoder_most(uint32_t *out, const struct decoder_shape *shape, uint32_t n_prompt, uint32_t n_new);
/* Reads a prompt of each sequence, and takes the first token; then n more tokens of each. Both wait until it is done. */
const char *decoder_prompt(struct decoder *decoder);
const char *decoder_steps(struct decoder *decoder, uint32_t n);
/* Other prompts [n_sequences, n_prompt] than the ones that it begins with; the last logits [n_sequences, vocab] and tokens [n_sequences]. */
const char *decoder_set_prompt(struct decoder *decoder, const int32_t *tokens);
const char *decoder_read(const struct decoder *decoder, float *logits, int32_t *tokens);
void decoder_close(struct decoder *decoder);

#endif
