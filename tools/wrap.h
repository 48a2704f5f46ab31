/* SPDX-License-Identifier: Apache-2.0 */
/* wrap.h - lines that break between words at the edge of a terminal, though text comes in pieces. */
#ifndef TOOLS_WRAP_H
#define TOOLS_WRAP_H

#include <stdbool.h>
#include <stddef.h>

/* A word that meets the edge was partly written already: it is taken back and written on the next line. */
struct wrap {
	bool (*write)(const void *data, size_t n);
	size_t width;                   /* columns; 0: no edge is known, and nothing is broken */
	size_t column;
	char word[128];                 /* what there is of the word at the end of the line */
	size_t n_word, word_width;
	bool long_word;                 /* more than fits in `word`: it is cut where the edge is */
};

/* Writes well-formed UTF-8 without controls but newline and tab. False when `write` answered so. */
bool wrap_write(struct wrap *wrap, const char *text, size_t n);

/* Something that is no word was written, so many columns wide. */
void wrap_skip(struct wrap *wrap, size_t columns);

#endif
