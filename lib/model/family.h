/* SPDX-License-Identifier: Apache-2.0 */
/*
 * family.h - a model family as data: how it is recognised, which parts its layers have and under which names they
 * are stored. What a part's tensors are is its kind's to say (lib/block). To add one: a file with a `struct family`
 * and its line in families.c; blocks that there are not yet are files of lib/block and of each engine.
 */
#ifndef KRAIT_MODEL_FAMILY_H
#define KRAIT_MODEL_FAMILY_H

#include "base/json_tree.h"
#include "block/block.h"

/* What the configuration says of a need. */
enum want {
	WANT_MAYBE,             /* nothing: whatever the first layer has, all layers have */
	WANT_YES,
	WANT_NO                 /* one that is there all the same is one too many */
};

#define FAMILY_PARTS 6

/* One residual branch of a layer. */
struct part_rule {
	enum part_kind kind;
	enum part_input input;
	/* the letters of layers that have it (see model_config.pattern); NULL: all have */
	const char *where;
	/* its norm's tensors are called this behind the layer's name; NULL with INPUT_SAME */
	const char *norm;
	const char *prefix;             /* and its block's this */
	const struct tensor_list *tensors;
};

/* What is called what outside the blocks. */
struct family_names {
	const char *embedding, *other;  /* `other`: how else it is called, or NULL */
	const char *norm;               /* the final one: "backbone.norm_f.weight", */
	const char *norm_bias;          /* of LayerNorm; NULL: never */
	const char *head;
	const char *layers;             /* "backbone.layers." */
	const char *base, *sign;        /* where there is a tensor `sign`, `base` is missing before all names */
};

/* mamba_ssm's names, which transformers took over for Mamba. */
extern const struct family_names krait__names_backbone;
extern const struct family_names krait__names_final_layernorm; /* those of several hybrids */

struct model_config;

struct family {
	const char *name;               /* what krait_model_family says */
	const char *model_type, *architecture;  /* in a configuration of transformers; NULL: there are none */
	/* ssm_cfg.layer in one of mamba_ssm; NULL: there are none. Those have ORIGINAL_PARTS */
	const char *layer;
	const struct family_names *names;
	const struct part_rule *parts;
	size_t n_parts;
	/* tensors whose names begin so are not used and are no fault; ends with NULL; or NULL */
	const char *const *left_aside;
	/* Reads what only this family has, into config->part and the rest. `fields` is ssm_cfg (NULL: none), or the
	 * whole configuration of transformers. */
	krait_status (*configure)(struct model_config *config, const struct json_value *fields, struct why *why);
};

/* The parts of all that mamba_ssm builds, in this order. */
enum { ORIGINAL_MIXER, ORIGINAL_ATTENTION, ORIGINAL_MLP, ORIGINAL_PARTS };
#define ORIGINAL_REST \
	{ PART_ATTENTION, INPUT_NORM, "*", "norm.", "mixer.", &krait__attention_fused }, \
	{ PART_MLP, INPUT_NORM, NULL, "norm2.", "mlp.", &krait__mlp_fc }

extern const struct family krait__family_mamba1, krait__family_mamba2, krait__family_mamba3, krait__family_falcon_mamba,
	krait__family_granite, krait__family_nemotron, krait__family_falcon_h1, krait__family_bamba,
	krait__family_jamba;

/* families.c: NULL past the end. */
const struct family *krait__family_at(size_t index);

#endif
