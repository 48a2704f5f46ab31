/* SPDX-License-Identifier: Apache-2.0 */
/* bpe.h - byte pair encoding of one pre-token. */
#ifndef KRAIT_TEXT_BPE_H
#define KRAIT_TEXT_BPE_H

#include "text/merges.h"
#include "text/tokenizer.h"

struct bpe {
	struct vocab vocab;
	struct merges merges;
	uint32_t byte_ids[256];         /* NO_ID: the vocabulary lacks this byte */
	uint32_t unknown;               /* stands for a lacking byte; NO_ID: it is dropped */
	bool fuse_unknown, ignore_merges;
};

/* Room for one pre-token at a time; zero-initialise. */
struct bpe_work {
	struct symbol *symbols;
	uint64_t *heap;                 /* rank << 32 | symbol */
	size_t n_heap, heap_room, symbol_room;
	uint64_t steps;
	bool no_special;                /* do not make special tokens by merging */
};

/* From the object "model" of a tokenizer.json. */
krait_status krait__bpe_load(struct bpe *out, const json_t *model, uint64_t seed, const char *what, struct why *why);
void krait__bpe_free(struct bpe *bpe);

/* Appends the tokens of one pre-token. False: out of memory. n_bytes is below 2^31. */
bool krait__bpe_append(const struct bpe *bpe, struct bpe_work *work, const char *bytes, size_t n_bytes, struct token_list *out);
void krait__bpe_work_free(struct bpe_work *work);

#endif
