/* SPDX-License-Identifier: Apache-2.0 */
/* configuration.h - what a config.json says that tensor shapes do not. */
#ifndef KRAIT_MODEL_CONFIGURATION_H
#define KRAIT_MODEL_CONFIGURATION_H

#include "model/family.h"

#define PATTERN_MOST 1024       /* layers of a model whose layers differ */

struct model_config {
	const struct family *family;
	char name[32];                  /* the family's, or what such a mixture is called */
	bool original;                  /* mamba_ssm's layout, not that of transformers */
	uint32_t n_layers;              /* 0: not said */
	int tied;                       /* 1, 0; -1: not said */
	bool headless;                  /* the file says that it is no language model: it may lack a head */
	double eps;                     /* of the final norm */
	double embed_scale, logit_scale;
	/* For each of the family's parts, what shapes cannot tell: flags, scales, epsilons, numbers of heads, groups
	 * (0: not said) and experts. Tensors and sizes are filled in from the checkpoint. */
	struct part part[FAMILY_PARTS];
	bool without[FAMILY_PARTS];     /* no layer has it */
	char pattern[PATTERN_MOST + 1]; /* a letter for each layer; "": all layers are alike */
	const char *groups;             /* what the file calls the number of groups */
	enum want want[N_NEEDS];
};

/* From the text of a config.json. UNSUPPORTED names an architecture or feature that this
 * build does not run. *json (when not NULL) is the parsed file, the caller's to free. */
krait_status krait__config_read(struct model_config *out, struct json_value **json, const char *text, size_t n_text, struct why *why);

/* All that a configuration of this family means when it says nothing. */
void krait__config_defaults(struct model_config *out, const struct family *family, bool original);

/* Whether a layer has a part of the family. */
bool krait__config_has(const struct model_config *config, uint32_t layer, size_t part);

/* A file of mamba_ssm, or Mistral's. */
bool krait__config_is_original(const struct json_value *file);
krait_status krait__config_original(struct model_config *out, const struct json_value *file, struct why *why);

/* What transformers' Mamba families have in common. */
krait_status krait__config_mamba(struct model_config *out, const struct json_value *file, struct why *why);

/* The hybrids' Mamba-2 mixer: groups, d_state, biases. */
krait_status krait__config_mixer(struct model_config *config, struct part *part, const struct json_value *file,
	struct why *why);

/* Their attention; `rotary`: which share of each head is rotated, 0: there are no positions. */
krait_status krait__config_attention(struct model_config *config, struct part *part, const struct json_value *file,
	double rotary, struct why *why);

/* A list of the layers that are attention; all others are 'M'. */
krait_status krait__config_marked(struct model_config *config, const struct json_value *file, const char *key,
	struct why *why);

krait_status krait__config_check_scales(const struct model_config *config, struct why *why);

/* "... is 'x': this build runs ..." */
krait_status krait__config_unknown(const char *field, const char *value, struct why *why);

/* ---- fields ---------------------------------------------------------------------------- */

bool krait__config_given(const struct json_value *file, const char *key);      /* there, and not null */

krait_status krait__config_layers(uint32_t *out, const struct json_value *file, const char *key, struct why *why);
krait_status krait__config_tied(int *out, const struct json_value *file, const char *key, struct why *why);

/* A flag of a configuration as a want: absent stays as it is. */
krait_status krait__config_want(enum want *out, const struct json_value *object, const char *key, struct why *why);

/* [low, high], either end Infinity in any of its spellings. */
krait_status krait__config_limits(struct part *part, const struct json_value *object, const char *key, struct why *why);

/* An epsilon, a scale: a finite number, for an epsilon not below 0. */
krait_status krait__config_eps(double *out, const struct json_value *object, const char *key, struct why *why);
krait_status krait__config_scale(float *out, const struct json_value *object, const char *key, struct why *why);

/* A list of exactly n numbers. */
krait_status krait__config_scales(float *out, size_t n, const struct json_value *object, const char *key,
	struct why *why);

/* hidden_act and the like: one of these, or UNSUPPORTED. */
krait_status krait__config_one_of(const struct json_value *object, const char *key, const char *const *known,
	struct why *why);

/* A value that changes what a model computes and that this build does not: UNSUPPORTED where it is true. */
krait_status krait__config_refuse(const struct json_value *object, const char *key, const char *what, struct why *why);

/* The same epsilon before every block and at the end. */
void krait__config_every_eps(struct model_config *config, double eps);

/* Kinds of layers by words: config->pattern gets letters[i] where the word is words[i]. Of the keys, the first that is
 * there counts; none is FORMAT. */
struct layer_word { const char *word; char letter; };
krait_status krait__config_pattern(struct model_config *config, const struct json_value *file, const char *const *keys,
	const struct layer_word *words, struct why *why);

/* rope_theta, or rope_parameters.rope_theta. Kinds of scaling that are not the default are UNSUPPORTED. */
krait_status krait__config_theta(double *out, const struct json_value *file, struct why *why);

#define CONFIG_FILE "config.json"
#define NATIVE_CONFIG_FILE "params.json"       /* Mistral's */

#endif
