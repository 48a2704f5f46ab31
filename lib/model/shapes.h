/* SPDX-License-Identifier: Apache-2.0 */
/* shapes.h - the shapes of published models, for random weights. */
#ifndef KRAIT_MODEL_SHAPES_H
#define KRAIT_MODEL_SHAPES_H

#include "model/configuration.h"

/* Sizes that only shapes of tensors say; 0: the model has no part with such a size. */
struct shape {
	const char *name;
	uint32_t width, vocab;
	uint32_t d_inner, d_state;      /* of the Mamba mixer */
	uint32_t n_heads;               /* 0: each channel is its own */
	uint32_t rank, n_angles;
	uint32_t d_ff, expert_ff;
	uint32_t shared_ff;             /* of the MLP beside experts */
	uint32_t attention_conv;
	const char *pattern;            /* the layers' letters, where the configuration's own way to say them is long */
	const char *config;
};

/* NULL past the end. */
const struct shape *krait__shape_at(size_t index);

/* Its configuration, the parts' numbers complete; n_layers: 0, or the first layers only. */
krait_status krait__shape_config(struct model_config *out, const struct shape *shape, uint32_t n_layers,
	struct why *why);

#endif
