/* SPDX-License-Identifier: Apache-2.0 */
/* added.h - added tokens: texts that become one id before anything else looks at them. */
#ifndef KRAIT_TEXT_ADDED_H
#define KRAIT_TEXT_ADDED_H

#include "text/automaton.h"
#include "text/bpe.h"
#include "text/normalize.h"

struct added_token {
	char *content, *pattern;        /* as in the file; what it is looked for by */
	size_t n_content, n_pattern;
	uint32_t id, place;             /* place in the file's list */
	bool special, single_word, lstrip, rstrip, normalized;
};

struct added {
	struct added_token *tokens;     /* in the order of ids */
	size_t n;
	struct automaton raw, normal;   /* those looked for before and after normalizing */
	bool special_normal;            /* one of the latter is special */
};

/* From the array "added_tokens". An id in the file that is not the one that the rules give is
 * replaced by that, as the original does: the vocabulary's own, else they count on from the number of
 * pieces, whatever the ids of the pieces are. `note` says so. */
krait_status krait__added_load(struct added *out, const struct json_value *rows, const struct bpe *bpe, const struct normalizer *normalizer,
	uint64_t seed, char note[256], const char *what, struct why *why);
void krait__added_free(struct added *added);

/* NULL: no added token has this id or text. */
const struct added_token *krait__added_by_id(const struct added *added, uint32_t id);
const struct added_token *krait__added_by_text(const struct added *added, const char *text, size_t n_text);

/* Where special tokens count: everywhere, or within ranges in ascending order, none touching another. */
struct range { size_t start, end; };
struct allowed {
	bool everywhere;
	const struct range *ranges;
	size_t n_ranges, shift;         /* shift is added to places before they are looked up */
};

struct found { size_t start, end; uint32_t id; };
struct founds { struct found *items; size_t size, room; };

/* The tokens in a text, in order. False: out of memory. */
bool krait__added_find(const struct added *added, bool normalized, const char *text, size_t n_text, const struct allowed *allowed,
	struct occurrences *room, struct founds *out, uint64_t *steps);

#endif
