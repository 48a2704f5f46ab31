/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer_parts.h - what a tokenizer is inside; immutable once loaded, but for its counts. */
#ifndef KRAIT_TEXT_TOKENIZER_PARTS_H
#define KRAIT_TEXT_TOKENIZER_PARTS_H

#include "text/added.h"
#include "text/bpe.h"
#include "text/normalize.h"
#include "text/post.h"
#include "text/pretokenize.h"
#include "text/tokenizer.h"

#include <stdatomic.h>
#include <sys/types.h>

struct krait_tokenizer {
	atomic_size_t references;
	pid_t pid;                      /* of the process that opened it */
	struct why why;                 /* why _open failed */
	char note[256];                 /* what of the file is not taken as it says; "" */
	struct bpe bpe;
	struct added added;
	struct normalizer normalizer;
	struct pretokenizer pretokenizer;
	struct post post;
	uint32_t n_ids;
	_Atomic uint64_t steps;
};

/* An empty one with one reference; NULL: out of memory. */
krait_tokenizer *krait__tokenizer_new(void);

/* Fills an empty one. On failure *why (which may be its own) says why, and it only is to be freed. */
krait_status krait__tokenizer_fill(krait_tokenizer *tokenizer, const char *json, size_t n_json, const char *what, struct why *why);

/* A text of which parts allow special tokens, well-formed, with *out in `room` where it had to be mended. */
struct marked {
	const char *text;
	size_t n_text;
	struct range *ranges;           /* NULL: flags decide */
	size_t n_ranges;
};

/* Replaces each maximal ill-formed part by U+FFFD. marked->text is `text`, or in `room`; ranges
 * move along, and shrink where they cut a character. False: out of memory. */
bool krait__mend(struct marked *marked, struct buffer *room);

#endif
