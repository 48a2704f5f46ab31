/* SPDX-License-Identifier: Apache-2.0 */
/* regex.h - the patterns of Split that no scanner of ours knows, through PCRE2 with limits. */
#ifndef KRAIT_TEXT_REGEX_H
#define KRAIT_TEXT_REGEX_H

#include "base/why.h"

#include <stdbool.h>
#include <stdint.h>

struct regex;                           /* immutable, for any thread */

/* UNSUPPORTED for what does not compile, or would mean something else than it does to Oniguruma. */
krait_status krait__regex_compile(struct regex **out, const char *pattern, size_t n_pattern, const char *what, struct why *why);
void krait__regex_free(struct regex *regex);

/* What one search needs; zero-initialise. `budget` bounds the work of all searches together. */
struct regex_work {
	void *data, *context;
	uint64_t budget, steps;
	size_t at, unseen;              /* of the search that runs */
};
void krait__regex_work_free(struct regex_work *work);

/* Searches well-formed text from a place on. KRAIT_OK with *found or not; MEMORY;
 * UNSUPPORTED where the pattern needs more work than the budget allows. */
krait_status krait__regex_find(const struct regex *regex, struct regex_work *work, const char *text, size_t n_text, size_t from,
	bool *found, size_t *start, size_t *end);

#endif
