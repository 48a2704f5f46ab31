/* SPDX-License-Identifier: Apache-2.0 */
/* layers.h - the tensors of a checkpoint found by name, and the sizes that their shapes agree on. */
#ifndef KRAIT_MODEL_LAYERS_H
#define KRAIT_MODEL_LAYERS_H

#include "source/checkpoint.h"
#include "model/configuration.h"

/* One part of one layer. Its weights stand in the order of its rules (krait__part_rule_at), NULL where there is none;
 * a rule of which there are many has one for each expert. */
struct layer_part {
	uint32_t layer;
	uint32_t rule;                  /* index into family->parts */
	size_t first;                   /* of its weights */
};

struct layers {
	const struct model_config *config;
	const struct family *family;
	uint32_t n_layers;
	struct layer_part *parts;
	size_t n_parts;
	const struct weight **weights;
	size_t n_weights;
	const struct weight *embedding, *norm, *norm_bias, *head;
	uint64_t size[FAMILY_PARTS][N_DIMS];
	struct part part[FAMILY_PARTS]; /* what sizes and configuration say of each of the family's parts */
};

/* On failure there is nothing to free. */
krait_status krait__layers_find(struct layers *out, const struct model_config *config, const struct checkpoint *checkpoint, struct why *why);
void krait__layers_free(struct layers *layers);

/* Rule `index` of a part: those of its norm first. NULL past the end. */
const struct tensor_rule *krait__part_rule_at(const struct part_rule *part, size_t index);
/* How many tensors of a rule a part has. */
size_t krait__part_rule_count(const struct tensor_rule *rule, const struct part *part);

#define LAYER_NAME_MAX 128
/* "backbone.layers.3.mixer.D": tensor `expert` of rule `index` of a part. */
void krait__layer_name(char out[LAYER_NAME_MAX], const struct family *family, size_t part, uint32_t layer, size_t index,
	uint32_t expert);

/* layer_sizes.c: the sizes that most shapes have, and whether all others fit them. */
krait_status krait__layers_measure(struct layers *layers, struct why *why);

/* The tensors outside the layers, under the family's names. */
extern const struct tensor_rule krait__rule_embedding, krait__rule_norm, krait__rule_norm_bias, krait__rule_head;

#endif
