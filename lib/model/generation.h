/* SPDX-License-Identifier: Apache-2.0 */
/* generation.h - what a model's own files say about generating, as settings that a session applies. */
#ifndef KRAIT_MODEL_GENERATION_H
#define KRAIT_MODEL_GENERATION_H

#include "model/companion_file.h"

/* Reads generation_config.json, and eos_token_id of `config` (a config.json, or NULL) where that says nothing. */
krait_status krait__generation_load(struct krait_model *model, const char *folder, const struct json_value *config, struct why *why);

/* One more token that ends a text; `what` names the file that says so. One that the model lacks is a remark. */
krait_status krait__generation_stop(struct krait_model *model, krait_token id, const char *what, struct why *why);

void krait__generation_free(struct generation *generation);

#endif
