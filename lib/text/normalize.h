/* SPDX-License-Identifier: Apache-2.0 */
/* normalize.h - Unicode normal forms and lower case, as a chain of steps. */
#ifndef KRAIT_TEXT_NORMALIZE_H
#define KRAIT_TEXT_NORMALIZE_H

#include "base/json_tree.h"

#include <stdint.h>

#define NORMALIZER_STEPS 16

enum normal_step { NORMAL_NFC, NORMAL_NFD, NORMAL_NFKC, NORMAL_NFKD, NORMAL_LOWER };

struct normalizer {
	enum normal_step steps[NORMALIZER_STEPS];
	size_t n_steps;
};

/* From "normalizer"; NULL or null is none. */
krait_status krait__normalizer_load(struct normalizer *out, const struct json_value *node, const char *what, struct why *why);

/* Room for one text at a time; zero-initialise. */
struct normal_work {
	struct buffer texts[2];
	struct { int32_t *items; size_t size, room; } points;
	struct { int32_t *items; size_t size, room; } sorted;
	uint64_t steps;
};
void krait__normal_work_free(struct normal_work *work);

/* *out is `text` itself where nothing changes, otherwise a text in `work`, good until the
 * next call with it. False: out of memory. `text` is well-formed. */
bool krait__normalize(const struct normalizer *normalizer, struct normal_work *work, const char *text, size_t n_text,
	const char **out, size_t *n_out);

#endif
