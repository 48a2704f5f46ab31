/* SPDX-License-Identifier: Apache-2.0 */
/* open.h - from a path to a model that runs. */
#ifndef KRAIT_MODEL_OPEN_H
#define KRAIT_MODEL_OPEN_H

#include "model/model.h"

/* `model` is zeroed. On failure model->why says why and krait__model_clear is due. */
krait_status krait__model_open(struct krait_model *model, const char *path, const struct krait_options *options);

/* Frees everything inside but the error. */
void krait__model_clear(struct krait_model *model);

/* The two halves that a random model shares. */
krait_status krait__model_begin(struct krait_model *model, const struct krait_options *options, struct why *why);
krait_status krait__model_finish(struct krait_model *model, const struct krait_options *options, const char *path, struct why *why);

/* model->info; last of all. `path` may be NULL. */
krait_status krait__model_describe(struct krait_model *model, const char *path, struct why *why);

/* Options that nobody set. */
extern const struct krait_options krait__options_default;

#endif
