/* SPDX-License-Identifier: Apache-2.0 */
/* families.c - the list of families, and the names that several of them share. */
#ifdef HAVE_CONFIG_H
#include "config.h"
#endif

#include "model/family.h"

static const struct family *const families[] = {
	&krait__family_mamba1,
	&krait__family_mamba2,
	&krait__family_mamba3,
	&krait__family_falcon_mamba,
	&krait__family_granite,
	&krait__family_nemotron,
	&krait__family_falcon_h1,
	&krait__family_bamba,
	&krait__family_jamba,
};

const struct family *krait__family_at(size_t index)
{
	return index < sizeof(families) / sizeof(*families) ? families[index] : NULL;
}

const struct family_names krait__names_backbone = {
	.embedding = "backbone.embedding.weight", .other = "backbone.embeddings.weight",
		.norm = "backbone.norm_f.weight",
	.norm_bias = "backbone.norm_f.bias", .head = "lm_head.weight", .layers = "backbone.layers.",
	.base = "backbone.", .sign = "embeddings.weight",
};

const struct family_names krait__names_final_layernorm = {
	.embedding = "model.embed_tokens.weight", .norm = "model.final_layernorm.weight", .head = "lm_head.weight",
	.layers = "model.layers.", .base = "model.", .sign = "embed_tokens.weight",
};
