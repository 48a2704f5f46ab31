/* SPDX-License-Identifier: Apache-2.0 */
/* random.h - random weights. */
#ifndef KRAIT_MODEL_RANDOM_H
#define KRAIT_MODEL_RANDOM_H

#include "model/model.h"
#include "model/plan.h"

/* Fills a tensor the way its kind starts out in training. The same seed, the same values. */
void krait__random_fill(void *out, const struct tensor *tensor, const struct tensor_rule *rule, uint64_t seed);

/* The name of a shape; NULL past the end. */
const char *krait__random_shape(size_t index);

/* What krait_model_random does with a new handle. */
krait_status krait__model_random(struct krait_model *model, const char *name, const char *weights, uint64_t seed, const struct krait_options *options);

#endif
