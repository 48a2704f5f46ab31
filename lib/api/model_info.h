/* SPDX-License-Identifier: Apache-2.0 */
/* model_info.h - a model described as JSON. */
#ifndef KRAIT_API_MODEL_INFO_H
#define KRAIT_API_MODEL_INFO_H

#include "model/model.h"

/* Fills model->info, once the model is open. */
krait_status krait__model_describe(struct krait_model *model);

#endif
