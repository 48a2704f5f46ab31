/* SPDX-License-Identifier: Apache-2.0 */
/* open.h - from a path to a model that runs. */
#ifndef KRAIT_MODEL_OPEN_H
#define KRAIT_MODEL_OPEN_H

#include "model/model.h"

/* An empty handle with one reference, set up as `options` (NULL: the defaults) say. NULL: no memory. */
struct krait_model *krait__model_new(const struct krait_options *options);

/* On failure model->why says why, and the handle is good for that and for krait__model_free only. */
krait_status krait__model_load(struct krait_model *model, const char *path, const struct krait_options *options);

/* Frees everything inside but the error. */
void krait__model_clear(struct krait_model *model);

/* Parts that a random model shares: the engine's choice before its weights, all else after them. */
krait_status krait__model_choose_engine(struct krait_model *model, const struct krait_options *options, struct why *why);
krait_status krait__model_finish(struct krait_model *model, const struct krait_options *options, const char *path, struct why *why);

/* Options that nobody set. */
extern const struct krait_options krait__options_default;

#endif
