/* SPDX-License-Identifier: Apache-2.0 */
/* vectors.h - the reference vectors of tests/data/tokenizer, line by line. */
#ifndef KRAIT_TESTS_TEXT_VECTORS_H
#define KRAIT_TESTS_TEXT_VECTORS_H

#include "krait.h"

#include <jansson.h>

#define VECTOR_NAMES { "neox", "tiny", "demo", "llama3", "gpt4", "falcon", "options" }

/* Opens the tokenizer of that name; fails the test when it cannot. */
krait_tokenizer *vectors_open(const char *name);

/* All lines of a file, a JSON array. */
json_t *vectors_lines(const char *relative);

/* The ids of a text, a block of its own. */
krait_token *vectors_encode(const krait_tokenizer *tokenizer, const char *text, size_t n_text, int flags, size_t *n);

/* Whether the ids equal a JSON array of numbers. */
int vectors_equal(const json_t *wanted, const krait_token *ids, size_t n);

/* The text of ids, a block of its own with a zero behind. */
char *vectors_decode(const krait_tokenizer *tokenizer, const krait_token *ids, size_t n, int flags, size_t *n_text);

#endif
