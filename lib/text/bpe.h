/* SPDX-License-Identifier: Apache-2.0 */
/* bpe.h - byte pair encoding of one pre-token. */
#ifndef KRAIT_TEXT_BPE_H
#define KRAIT_TEXT_BPE_H

#include "text/merges.h"
#include "text/tokenizer.h"

struct bpe {
	struct vocab vocab;
	struct merges merges;
	struct byte_pieces {
		uint32_t ids[256];      /* NO_ID: the vocabulary lacks this byte */
		uint32_t unknown;       /* stands for a lacking byte; NO_ID: it is dropped */
	} any, plain;                   /* plain has none that is special */
	unsigned char *special;         /* by id of the vocabulary; NULL: none is */
	bool fuse_unknown, ignore_merges;
};

/* Room for one pre-token at a time; zero-initialise. */
struct bpe_work {
	struct symbol *symbols;
	uint64_t *heap;                 /* rank << 32 | symbol */
	size_t n_heap, heap_room, symbol_room;
	uint64_t steps;
	bool no_special;                /* make no special token of text */
};

/* From the object "model" of a tokenizer.json. */
krait_status krait__bpe_load(struct bpe *out, const struct json_value *model, uint64_t seed, const char *what, struct why *why);
void krait__bpe_free(struct bpe *bpe);

/* Says which ids are special: is_special[n_ids], for all of the vocabulary at least. *lost is how many bytes
 * have no piece but a special one. False: out of memory. */
bool krait__bpe_mark_special(struct bpe *bpe, const unsigned char *is_special, uint32_t n_ids, unsigned *lost);

/* Appends the tokens of one pre-token. False: out of memory. n_bytes is below 2^31. */
bool krait__bpe_append(const struct bpe *bpe, struct bpe_work *work, const char *bytes, size_t n_bytes, struct token_list *out);
void krait__bpe_work_free(struct bpe_work *work);

#endif
