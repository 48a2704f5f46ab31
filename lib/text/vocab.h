/* SPDX-License-Identifier: Apache-2.0 */
/* vocab.h - the pieces of the vocabulary: id to bytes and bytes to id. */
#ifndef KRAIT_TEXT_VOCAB_H
#define KRAIT_TEXT_VOCAB_H

#include "base/json_tree.h"

#include <stdbool.h>
#include <stdint.h>

#define VOCAB_MOST (1u << 20)           /* ids of a tokenizer, added tokens included */
#define NO_ID UINT32_MAX

struct vocab {
	char *bytes;                    /* all pieces, one after another in the order of ids */
	uint32_t *starts;               /* n_ids + 1 */
	unsigned char *verbatim;        /* by id: the piece has a character outside the byte alphabet */
	uint32_t n_ids, n_pieces;       /* the largest id + 1; ids that have a piece */
	uint32_t *slots;                /* hash table: ids, NO_ID where empty */
	uint32_t *hashes;               /* of the slots */
	uint32_t mask;
	uint64_t seed;
};

/* From the object "vocab" of a tokenizer.json. `seed` keeps a hostile file from
 * choosing names that collide. */
krait_status krait__vocab_load(struct vocab *out, const struct json_value *vocab, uint64_t seed, const char *what, struct why *why);
void krait__vocab_free(struct vocab *vocab);

/* The id of a piece by its bytes; one that is verbatim is found only if asked for. NO_ID: none. */
uint32_t krait__vocab_find(const struct vocab *vocab, const char *bytes, size_t n_bytes, bool verbatim);

/* The id of a piece as the file spells it. `room` has n_text bytes and gets what it spells. */
uint32_t krait__vocab_find_spelled(const struct vocab *vocab, const char *text, size_t n_text, char *room);

static inline const char *krait__vocab_bytes(const struct vocab *vocab, uint32_t id, size_t *n_bytes)
{
	*n_bytes = vocab->starts[id + 1] - vocab->starts[id];
	return vocab->bytes + vocab->starts[id];
}

#endif
