/* SPDX-License-Identifier: Apache-2.0 */
/* weight_values.h - what the tests of the readers share. */
#ifndef KRAIT_TESTS_MODEL_WEIGHT_VALUES_H
#define KRAIT_TESTS_MODEL_WEIGHT_VALUES_H

#include "source/checkpoint.h"

/* How many elements a weight has, and one of them by its row-major index. */
uint64_t weight_count(const struct weight *weight);
double weight_value(const struct weight *weight, uint64_t index);

/* Reads every element, so that a sanitizer sees a wrong span; the sum of squares. */
double weight_squares(const struct weight *weight);

/* Runs a reader over bytes that lie in a block of exactly their size, and reads all weights. */
typedef krait_status weight_reader(struct checkpoint *out, const struct file_view *view, const char *name, struct why *why);
krait_status weight_try(weight_reader *reader, const char *data, size_t size, struct why *why);

/* Every file of a MANIFEST.json: loads, with the values that stand there, or is refused with a text. */
void weight_check_manifest(const char *folder);

/* The most memory that was held at once through the library's allocator. */
void weight_watch_memory(void);
size_t weight_peak_memory(void);

#endif
