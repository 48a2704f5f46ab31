/* SPDX-License-Identifier: Apache-2.0 */
/* sampling.h - from logits to the tokens that may come next, and to one of them. All in double
 * precision, in the order of transformers' generate(): bias, repetition penalty, presence and
 * frequency penalty, temperature, top-k, top-p, min-p, typical-p. Ties: top-k keeps all that tie
 * with the k-th; top-p, where it must split a tie, keeps the lower ids; typical-p splits none.
 * Temperature 0 takes the highest score after the penalties, the lowest id among equals. */
#ifndef KRAIT_SESSION_SAMPLING_H
#define KRAIT_SESSION_SAMPLING_H

#include "session/settings.h"

struct candidate {
	double weight;                  /* above 0, not normalised */
	krait_token token;
};

/* Zero-initialise. Grows to what a call needs and is kept for the next. */
struct candidates {
	struct candidate *list;         /* ascending by token */
	size_t n, room;
	double total;                   /* of the weights */
	double *scores;
	size_t n_scores;
};

/* counts[i]: how often id i stands in the history; NULL: there is none. n >= 1.
 * FORMAT: a logit is NaN or infinite, or no token is left; MEMORY. */
krait_status krait__candidates_find(struct candidates *out, const struct sampling *sampling, const float *logits, size_t n,
	const uint32_t *counts, struct why *why);
/* Whether a penalty needs to know how often a token was seen. */
bool krait__sampling_counts(const struct sampling *sampling);
/* The probability of a candidate; 0 for a token that is none. */
double krait__candidates_share(const struct candidates *candidates, krait_token token);
krait_token krait__candidates_pick(const struct candidates *candidates, int64_t seed, uint64_t draw);
void krait__candidates_free(struct candidates *candidates);

/* ln p(token) under the softmax of the logits, nothing changed or left out. NaN where a logit is. */
double krait__log_probability(const float *logits, size_t n, krait_token token);

#endif
