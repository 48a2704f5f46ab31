/* SPDX-License-Identifier: Apache-2.0 */
/* pretokenize.h - the chain of steps that cuts normalized text into pre-tokens. */
#ifndef KRAIT_TEXT_PRETOKENIZE_H
#define KRAIT_TEXT_PRETOKENIZE_H

#include "base/json_tree.h"
#include "text/regex.h"
#include "text/split.h"


#define PRE_STEPS 16

enum pre_kind { PRE_BYTES, PRE_SPLIT, PRE_DIGITS, PRE_PUNCTUATION };

struct pre_step {
	enum pre_kind kind;
	enum behaviour behaviour;
	bool invert;
	bool prefix_space;              /* PRE_BYTES: each piece begins with a space */
	enum scanner scanner;           /* PRE_BYTES, PRE_SPLIT: or SCAN_NONE */
	struct regex *regex;            /* PRE_SPLIT without scanner: this or the literal */
	char *literal;
	size_t n_literal;
};

struct pretokenizer {
	struct pre_step steps[PRE_STEPS];
	size_t n_steps;
};

krait_status krait__pretokenizer_load(struct pretokenizer *out, const struct json_value *node, const char *what, struct why *why);
void krait__pretokenizer_free(struct pretokenizer *pretokenizer);

/* Room for one text at a time; zero-initialise. */
struct pre_work {
	struct buffer texts[2];
	struct pieces pieces[2];
	struct regex_work regex;
	uint64_t steps;
};
void krait__pre_work_free(struct pre_work *work);

/* Cuts well-formed text. *bytes and *pieces are good until the next call with `work`.
 * MEMORY, or UNSUPPORTED where a pattern needs too much work. */
krait_status krait__pretokenize(const struct pretokenizer *pretokenizer, struct pre_work *work, const char *text, size_t n_text,
	const char **bytes, const struct pieces **pieces);

#endif
