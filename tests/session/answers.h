/* SPDX-License-Identifier: Apache-2.0 */
/* answers.h - a model against the answers that lie beside it, each within 1e-5 of a float64 computation. */
#ifndef KRAIT_TESTS_SESSION_ANSWERS_H
#define KRAIT_TESTS_SESSION_ANSWERS_H

#include "kit.h"

/* Numbers of `model` against those that were expected; what they are and how the text was divided goes into a failure. */
void answers_check(const float *got, const double *expected, size_t n, const char *model, const char *what,
	size_t chunk);

/* Logits and, where they are there, hidden vectors of every position of one feed. */
void answers_positions(krait_model *model, struct kit_golden *golden, const char *path);

/* The greedy text, without what the model's own files say about ends. */
void answers_greedy(krait_model *model, struct kit_golden *golden, const char *path);

#endif
