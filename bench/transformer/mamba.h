/* SPDX-License-Identifier: Apache-2.0 */
/* mamba.h - the other side of the comparison: the same work through krait's public interface. */
#ifndef KRAIT_BENCH_MAMBA_H
#define KRAIT_BENCH_MAMBA_H

#include <stddef.h>
#include <stdint.h>

/* Calls return 0, or -1 with the reason in `error`, which has room for MAMBA_ERROR bytes. */
#define MAMBA_ERROR 512
struct mamba;
int mamba_open(struct mamba **out, const char *shape, uint32_t n_sequences, char *error);
int mamba_reset(struct mamba *mamba, char *error);      /* sequences as new */
/* Reads a prompt of each sequence, and takes the first token; then n more tokens of each. */
int mamba_prompt(struct mamba *mamba, uint32_t n_prompt, char *error);
int mamba_steps(struct mamba *mamba, uint32_t n, char *error);
uint64_t mamba_state_bytes(const struct mamba *mamba);
void mamba_close(struct mamba *mamba);

#endif
