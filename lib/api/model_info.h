/* SPDX-License-Identifier: Apache-2.0 */
/* model_info.h - what a model needs, and it described as JSON. */
#ifndef KRAIT_API_MODEL_INFO_H
#define KRAIT_API_MODEL_INFO_H

#include "model/model.h"

/* Bytes of the model and so many sessions of it. */
uint64_t krait__model_memory(const struct krait_model *model, size_t n_sessions);

/* Fills model->info, once the model is open. */
krait_status krait__model_describe(struct krait_model *model);

#endif
