/* SPDX-License-Identifier: Apache-2.0 */
/* configuration.h - what a config.json says that tensor shapes do not. */
#ifndef KRAIT_MODEL_CONFIGURATION_H
#define KRAIT_MODEL_CONFIGURATION_H

#include "model/family.h"

struct model_config {
	const struct family *family;
	bool original;                  /* mamba_ssm's layout, not that of transformers */
	uint32_t n_layers;              /* 0: not said */
	uint32_t n_groups, d_state;     /* 0: not said */
	int tied;                       /* 1, 0; -1: not said */
	double eps;                     /* of every norm */
	double limit_low, limit_high;   /* of dt */
	bool norm_before_gate;
	enum want want[N_NEEDS];
};

/* From the text of a config.json. UNSUPPORTED names an architecture or feature that this
 * build does not run. *json (when not NULL) is the parsed file, the caller's to free. */
krait_status krait__config_read(struct model_config *out, struct json_value **json, const char *text, size_t n_text, struct why *why);

/* All that a configuration of this family means when it says nothing. */
void krait__config_defaults(struct model_config *out, const struct family *family, bool original);

/* A flag of a configuration as a want: absent stays as it is. */
krait_status krait__config_want(enum want *out, const struct json_value *object, const char *key, struct why *why);

/* [low, high], either end Infinity in any of its spellings. */
krait_status krait__config_limits(struct model_config *config, const struct json_value *object, const char *key, struct why *why);

#define CONFIG_FILE "config.json"

#endif
