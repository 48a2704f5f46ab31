/* SPDX-License-Identifier: Apache-2.0 */
/*
 * family.h - a model family as data: how it is recognised, which tensors it has, how
 * its sizes follow from their shapes, and what a sequence remembers. To add one: a
 * file with a `struct family`, its line in configuration.c, a part kind in engine.h.
 */
#ifndef KRAIT_MODEL_FAMILY_H
#define KRAIT_MODEL_FAMILY_H

#include "base/json_tree.h"
#include "engine.h"

/* Sizes that shapes are made of. Those from DIM_OWN on are each family's own. */
enum { DIM_ONE, DIM_WIDTH, DIM_VOCAB, DIM_OWN, N_DIMS = 24 };

/* Whether a tensor is there can depend on one of these; see struct model_config. */
enum need { NEED_ALWAYS, NEED_NORM_BIAS, NEED_BIAS, NEED_CONV_BIAS, NEED_GATE_NORM, N_NEEDS };

/* What the configuration says of a need. */
enum want {
	WANT_MAYBE,             /* nothing: whatever the first layer has, all layers have */
	WANT_YES,
	WANT_NO                 /* one that is there all the same is one too many */
};

/* How random weights are drawn for a tensor (random.c). */
enum fill { FILL_MATRIX, FILL_EMBEDDING, FILL_NORM, FILL_ONE, FILL_SMALL, FILL_CONV, FILL_A_ROWS, FILL_A_HEADS, FILL_DT_BIAS };

#define RULE_AXES 3

struct tensor_rule {
	const char *name;               /* behind "backbone.layers.N." */
	enum role role;
	enum need need;
	unsigned char rank;
	unsigned char size[RULE_AXES];  /* each axis; axes that are DIM_ONE are left out of the plan's shape */
	bool matrix;                    /* large: KRAIT_OPTION_WEIGHTS converts it */
	enum fill fill;
};

struct component_rule {
	const char *name;
	unsigned char rank;
	unsigned char size[RULE_AXES];
};

struct model_config;

struct family {
	const char *name;               /* what krait_model_family says */
	const char *model_type, *architecture;  /* in a configuration of transformers */
	const char *layer;              /* ssm_cfg.layer in one of mamba_ssm */
	enum part_kind kind;
	const struct tensor_rule *tensors;
	size_t n_tensors;
	const struct component_rule *components;
	size_t n_components;
	const char *const *size_names;  /* of the sizes from DIM_OWN on; for errors and `krait info` */
	size_t n_sizes;
	/* Reads what only this family has. `fields` is ssm_cfg (NULL: none), or the whole
	 * configuration of transformers. */
	krait_status (*configure)(struct model_config *config, const struct json_value *fields, struct why *why);
	/* size[]: what most tensors say, 0 where none says anything. Computes the sizes that
	 * follow from others and the part's numbers. */
	krait_status (*measure)(uint64_t *size, struct part *part, const struct model_config *config, struct why *why);
	/* The sizes of a published shape (random.c). */
	void (*shape)(uint64_t *size, uint32_t width);
};

extern const struct family krait__family_mamba1;
extern const struct family krait__family_mamba2;

#endif
