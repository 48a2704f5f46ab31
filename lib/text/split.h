/* SPDX-License-Identifier: Apache-2.0 */
/* split.h - cutting text into pre-tokens: the patterns that are known by heart, and
 * what a Split does with what its pattern finds. */
#ifndef KRAIT_TEXT_SPLIT_H
#define KRAIT_TEXT_SPLIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text_piece { size_t start, end; };
struct pieces { struct text_piece *items; size_t size, room; };

enum behaviour { SPLIT_ISOLATED, SPLIT_REMOVED, SPLIT_CONTIGUOUS, SPLIT_WITH_PREVIOUS, SPLIT_WITH_NEXT };

/* Takes the stretches of a text in order, each found by the pattern or between two that were. */
struct cutter {
	struct pieces *out;
	enum behaviour behaviour;
	bool invert;
	bool previous;                  /* the last stretch was a match */
	bool pending;                   /* a piece waits for what follows */
	struct text_piece waiting;
};

/* False: out of memory. */
bool krait__cut(struct cutter *cutter, size_t start, size_t end, bool match);
bool krait__cut_end(struct cutter *cutter);

/* The scanners of known patterns: the piece that begins at `at` ends where is returned.
 * GPT-2's (GPT-NeoX), and Llama 3's with numbers of up to `digits` characters. */
enum scanner { SCAN_NONE, SCAN_GPT2, SCAN_LLAMA3, SCAN_LLAMA3_DIGIT };
enum scanner krait__scanner_of(const char *pattern);
size_t krait__scan_gpt2(const char *text, size_t n_text, size_t at);
size_t krait__scan_llama3(const char *text, size_t n_text, size_t at, unsigned digits);

/* Cuts all of a text with a scanner. Counts the bytes in *steps. False: out of memory. */
bool krait__scan_all(enum scanner scanner, const char *text, size_t start, size_t end, struct cutter *cutter, uint64_t *steps);

#endif
