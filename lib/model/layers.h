/* SPDX-License-Identifier: Apache-2.0 */
/* layers.h - the tensors of a checkpoint found by name, and the sizes that their shapes agree on. */
#ifndef KRAIT_MODEL_LAYERS_H
#define KRAIT_MODEL_LAYERS_H

#include "model/checkpoint.h"
#include "model/configuration.h"

struct layers {
	const struct model_config *config;
	const struct family *family;
	uint32_t n_layers;
	const struct weight **weights;  /* [n_layers][family->n_tensors], NULL where there is none */
	const struct weight *embedding, *norm, *norm_bias, *head;
	uint64_t size[N_DIMS];
	struct part part;               /* what the sizes say of every layer */
};

/* On failure there is nothing to free. */
krait_status krait__layers_find(struct layers *out, const struct model_config *config, const struct checkpoint *checkpoint, struct why *why);
void krait__layers_free(struct layers *layers);

#define LAYER_NAME_MAX 96
/* "backbone.layers.3.mixer.D" */
void krait__layer_name(char out[LAYER_NAME_MAX], uint32_t layer, const char *name);

#endif
